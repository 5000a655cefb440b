package store

import (
	"context"
	"database/sql"
	"fmt"
	"io/fs"
	"path"
	"path/filepath"
	"slices"
	"testing"
	"time"

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

// How long it took to a stage is known of what was written before, too: of the
// entry that reached it and was not taken back.
func TestMigrateWaits(t *testing.T) {
	path := filepath.Join(t.TempDir(), "store.db")
	sale := func(lead string, n int, at int, stage, counted string) string {
		return fmt.Sprintf(`insert into sales values ('%s', %d, %d, '2026-01-02', '%s', null, '', '', '', '%s', 0)`, lead, n, 1767268800000+at*1000, stage, counted)
	}
	lead := func(id, status string) []string {
		return []string{
			fmt.Sprintf(`insert into leads (id, created_at, day, post, form, placement, email) values ('%s', 1767268800000, '2026-01-01', '/posts/a/', '', '', '')`, id),
			fmt.Sprintf(`insert into submissions (id, received_at, day, post, claim, form, placement, revision, email, fields, consent, consent_text, status, lead)
				values ('%s', 1767268800000, '2026-01-01', '/posts/a/', '', '', '', '', '', '{}', 0, '', '%s', '%s')`, id, status, id),
		}
	}
	olderStore(t, path, 10, slices.Concat(lead("won", "accepted"), lead("back", "accepted"), lead("brought", "imported"), []string{
		sale("won", 1, 10, "", "[]"), sale("won", 2, 20, "client", `["call","client"]`), sale("won", 3, 30, "client", `["call","client"]`), sale("won", 4, 40, "lost", `["call","client","lost"]`),
		sale("back", 1, 50, "client", `["call","client"]`), sale("back", 2, 60, "call", `["call"]`),
		sale("brought", 1, 70, "call", `["call"]`), sale("brought", 2, 80, "client", `["call","client"]`),
	})...)
	s, err := OpenSQLite(t.Context(), path, SQLiteOptions{})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	for stage, want := range map[string][]funnel.Wait{"client": {{Took: 20 * time.Second, Count: 1}, {Took: 80 * time.Second, Count: 1}}, "call": nil, "lost": nil} {
		if got, err := s.Waits(t.Context(), stage, "", "2026-12-31"); err != nil || !slices.Equal(got, want) {
			t.Errorf("to %s: %v, want %v (%v)", stage, got, want, err)
		}
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
