package store

import (
	"context"
	"database/sql"
	"io/fs"
	"path"
	"path/filepath"
	"testing"

	"cardbowl/generator/internal/funnel"

	"github.com/google/go-cmp/cmp"
	"github.com/pressly/goose/v3"
)

// A store from before journeys were kept gives all it knew to the breakdowns, so
// that they add up from its first day.
func TestMigrateJourneys(t *testing.T) {
	path := filepath.Join(t.TempDir(), "store.db")
	olderStore(t, path, 2,
		`insert into tallies values ('2026-01-01', '/posts/a/', '', '', 'page_view', 40), ('2026-01-01', '/', '', '', 'page_view', 2),
			('2026-01-01', '/posts/a/', 'contact', 'end', 'form_submit', 3), ('2026-01-02', '/posts/a/', 'contact', 'end', 'client', 1)`,
		`insert into reach values ('2026-01-01', '/posts/a/', 'page_view', 30), ('2026-01-01', '*', 'page_view', 31),
			('2026-01-01', '/posts/a/', 'conversion', 2), ('2026-01-01', '*', 'conversion', 2)`,
		`insert into worth values ('2026-01-02', '/posts/a/', 700)`,
		`insert into submissions values ('s1', 1767268800000, '2026-01-01', '/posts/a/', '', 'contact', 'end', 'r7', 'ana@example.com', '{}', 0, '', 'accepted', 's1')`,
		`insert into leads values ('s1', 'ana@example.com', 'ana@example.com', 1767268800000, '2026-01-01', '/posts/a/', 'contact', 'end')`,
	)
	s, err := OpenSQLite(t.Context(), path, SQLiteOptions{})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	for _, c := range []struct {
		dimension funnel.Dimension
		key       string
		step      funnel.Step
		want      funnel.Part
	}{
		{funnel.BySource, "", funnel.PageView, funnel.Part{Count: 42, Visitors: 31}},
		{funnel.BySource, "", funnel.Conversion, funnel.Part{Visitors: 2}},
		{funnel.BySource, "", funnel.Brought, funnel.Part{Amount: 700}},
		{funnel.ByForm, "contact", funnel.FormSubmit, funnel.Part{Count: 3}},
		{funnel.ByPlacement, "end", "client", funnel.Part{Count: 1}},
		{funnel.ByFirstPost, "/posts/a/", funnel.FormSubmit, funnel.Part{Count: 3}},
		{funnel.ByFirstPost, "/posts/a/", funnel.Conversion, funnel.Part{Visitors: 2}},
		{funnel.ByFirstPost, "/posts/a/", funnel.Brought, funnel.Part{Amount: 700}},
		{funnel.ByFirstPost, "/posts/a/", funnel.PageView, funnel.Part{}},
	} {
		b, err := s.Breakdown(t.Context(), c.dimension, funnel.SiteWide, "2026-01-01", "2026-12-31")
		if err != nil {
			t.Fatal(err)
		}
		got := funnel.Part{}
		for _, p := range b.Parts {
			if p.Key == c.key && p.Step == c.step {
				got = funnel.Part{Count: p.Count, Visitors: p.Visitors, Amount: p.Amount}
			}
		}
		if got != c.want {
			t.Errorf("%s of %q by %s: %+v, want %+v", c.step, c.key, c.dimension, got, c.want)
		}
	}
	all, err := s.Submissions(t.Context(), "2026-01-01", "2026-01-01")
	if err != nil || len(all) != 1 || all[0].FirstPost != "/posts/a/" {
		t.Errorf("%+v (%v)", all, err)
	}
	err = s.writer.do(t.Context(), func(tx *transaction) error {
		who, err := tx.person("s1")
		if who.credit.FirstPost != "/posts/a/" || who.credit.Revision != "r7" {
			t.Errorf("credited to %+v", who.credit)
		}
		return err
	})
	if err != nil {
		t.Error(err)
	}
}

// olderStore makes a store as an earlier program left it, and fills it.
func olderStore(t *testing.T, path string, version int64, statements ...string) {
	t.Helper()
	db, err := sql.Open("sqlite", address(path))
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	steps, err := fs.Sub(migrations, "migrations/sqlite")
	if err != nil {
		t.Fatal(err)
	}
	provider, err := goose.NewProvider(goose.DialectSQLite3, db, steps, goose.WithDisableGlobalRegistry(true))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := provider.UpTo(context.Background(), version); err != nil {
		t.Fatal(err)
	}
	for _, statement := range statements {
		if _, err := db.Exec(statement); err != nil {
			t.Fatalf("%s: %v", statement, err)
		}
	}
}

// What is a step for one database is a step for the other.
func TestEveryStepHasATwin(t *testing.T) {
	steps := func(folder string) []string {
		names, err := fs.Glob(migrations, "migrations/"+folder+"/*.sql")
		if err != nil || len(names) == 0 {
			t.Fatal(names, err)
		}
		for i := range names {
			names[i] = path.Base(names[i])
		}
		return names
	}
	if diff := cmp.Diff(steps("sqlite"), steps("postgres")); diff != "" {
		t.Error("a step is missing for one of the databases; doc.go tells how to write its twin:\n", diff)
	}
}
