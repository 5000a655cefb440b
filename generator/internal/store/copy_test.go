package store

import (
	"cmp"
	"context"
	"database/sql"
	"errors"
	"fmt"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"cardbowl/generator/internal/form"
	"cardbowl/generator/internal/funnel"
	"cardbowl/generator/internal/store/postgrestest"

	gocmp "github.com/google/go-cmp/cmp"
)

// column is one column of a table, in words that fit both databases.
type column struct {
	Table, Name, Type string
	Null              bool
	Key               int // its place in the primary key; 0: none
}

const (
	sqliteColumns = `select m.name, c.name, c.type, c."notnull" = 0 and c.pk = 0, c.pk from sqlite_master m, pragma_table_info(m.name) c
		where m.type = 'table' and m.name not like 'sqlite_%' and m.name <> 'goose_db_version'`
	postgresColumns = `select c.relname, a.attname, format_type(a.atttypid, a.atttypmod), not a.attnotnull,
			coalesce(array_position(i.indkey::int2[], a.attnum), -1) + 1
		from pg_class c join pg_attribute a on a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped
		left join pg_index i on i.indrelid = c.oid and i.indisprimary
		where c.relkind = 'r' and c.relnamespace = 'public'::regnamespace and c.relname <> 'goose_db_version'`
	otherCollations = `select count(*) from pg_attribute a join pg_class c on c.oid = a.attrelid join pg_collation l on l.oid = a.attcollation
		where c.relkind = 'r' and c.relnamespace = 'public'::regnamespace and c.relname <> 'goose_db_version' and l.collname <> 'C'`
)

func columnsOf(t *testing.T, db *sql.DB, query string) (all []column) {
	t.Helper()
	types := map[string]string{"bigint": "integer", "bytea": "blob", "double precision": "real"}
	err := each(t.Context(), db, query, nil, func(rows *sql.Rows) error {
		var c column
		err := rows.Scan(&c.Table, &c.Name, &c.Type, &c.Null, &c.Key)
		c.Type = cmp.Or(types[strings.ToLower(c.Type)], strings.ToLower(c.Type))
		all = append(all, c)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	slices.SortFunc(all, func(a, b column) int { return cmp.Or(cmp.Compare(a.Table, b.Table), cmp.Compare(a.Name, b.Name)) })
	return all
}

// TestCopy compares the schemas of both databases with one another and with the
// list of what is copied, and moves a store there and back.
func TestCopy(t *testing.T) {
	server := postgrestest.Start(t)
	file, address := filepath.Join(t.TempDir(), "store.db"), server.Database(t, "")
	lite, err := OpenSQLite(t.Context(), file, Options{})
	if err != nil {
		t.Fatal(err)
	}
	postgres, err := OpenPostgres(t.Context(), address, Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer postgres.Close()

	wanted := columnsOf(t, lite.reading, sqliteColumns)
	if diff := gocmp.Diff(wanted, columnsOf(t, postgres.reading, postgresColumns)); diff != "" {
		t.Errorf("the schemas differ (- SQLite, + PostgreSQL): %s", diff)
	}
	var odd int
	if err := postgres.reading.QueryRow(otherCollations).Scan(&odd); err != nil || odd > 0 {
		t.Errorf("%d columns are not compared by their bytes: they lack collate \"C\" (%v)", odd, err)
	}
	var listed []string
	for _, c := range tables() {
		for i, name := range c.columns() {
			place := 0
			if i < len(c.key) {
				place = i + 1
			}
			listed = append(listed, fmt.Sprint(c.name, ".", name, " ", place))
		}
	}
	var there []string
	for _, c := range wanted {
		there = append(there, fmt.Sprint(c.Table, ".", c.Name, " ", c.Key))
	}
	slices.Sort(listed)
	slices.Sort(there)
	if diff := gocmp.Diff(there, listed); diff != "" {
		t.Fatalf("tables in copy.go is not what there is (- is there, + is listed, with its place in the key): %s", diff)
	}

	fill(t, lite)
	if _, err := Copy(t.Context(), file, address, nil); err != nil { // beside a store that no tracker has
		t.Fatal(err)
	}
	original, err := lite.Counts(t.Context(), "", "2026-12-31")
	if err != nil {
		t.Fatal(err)
	}
	copied, err := postgres.Counts(t.Context(), "", "2026-12-31")
	if err != nil {
		t.Fatal(err)
	}
	inOrder(&original)
	inOrder(&copied)
	if diff := gocmp.Diff(original, copied); diff != "" {
		t.Error(diff)
	}
	salt, err := lite.Salt(t.Context(), start)
	if again, failed := postgres.Salt(t.Context(), start); err != nil || failed != nil || string(again) != string(salt) {
		t.Error("visitors are not told apart any more as they were", err, failed)
	}
	if err := lite.Close(); err != nil {
		t.Fatal(err)
	}
	back := filepath.Join(t.TempDir(), "back.db")
	told := map[string]int{}
	held, err := Copy(t.Context(), address, back, func(doing, table string, rows int) { told[doing+" "+table] = rows })
	if err != nil || held.Submissions != 301 {
		t.Fatal(held, err)
	}
	if told["copying submissions"] != 301 || told["reading again submissions"] != 301 {
		t.Error("told", told)
	}
	if _, err := Copy(t.Context(), file, back, nil); !errors.Is(err, ErrNotEmpty) {
		t.Error("copied over a store:", err)
	}
	if one, other := sumsOf(t, file), sumsOf(t, back); one != other {
		t.Error("there and back is not the same:\n", one, "\n", other)
	}

	t.Run("what spoils a copy leaves nothing", func(t *testing.T) {
		empty := server.Database(t, "")
		target, err := OpenPostgres(t.Context(), empty, Options{})
		if err != nil {
			t.Fatal(err)
		}
		defer target.Close()
		// The database changes what it is given, as no database should.
		for _, statement := range []string{
			`create function spoil() returns trigger language plpgsql as $$ begin new.note = 'x'; return new; end $$`,
			`create trigger spoil before insert on sales for each row execute function spoil()`,
		} {
			server.Do(t, empty, statement)
		}
		if _, err := Copy(t.Context(), file, empty, nil); err == nil || !strings.Contains(err.Error(), "the copy of the table sales differs") {
			t.Error(err)
		}
		if c, err := target.Counts(t.Context(), "", "2026-12-31"); err != nil || len(c.Tallies) > 0 {
			t.Error("half a copy is there:", len(c.Tallies), err)
		}
		server.Do(t, empty, `drop trigger spoil on sales`)
		if _, err := Copy(t.Context(), file, empty, nil); err != nil {
			t.Error("the next try:", err)
		}
	})

	t.Run("a count that is lost in PostgreSQL is found", func(t *testing.T) {
		if held, wrong, err := Check(t.Context(), address); err != nil || len(wrong) > 0 || held.Submissions != 301 {
			t.Fatal(held, wrong, err)
		}
		server.Do(t, address, `update tallies set n = n - 1 where step = 'form_submit'`)
		if _, wrong, err := Check(t.Context(), address); err != nil || len(wrong) == 0 || !strings.Contains(wrong[0], "are counted") {
			t.Error(wrong, err)
		}
	})
}

var start = time.Date(2026, 11, 22, 12, 0, 0, 0, time.UTC)

// fill writes something into every table, a text of every kind among it.
func fill(t *testing.T, s Store) {
	t.Helper()
	if _, err := s.Salt(t.Context(), start); err != nil {
		t.Fatal(err)
	}
	if err := s.Remember(t.Context(), start, []Page{{Path: "/posts/a/", Digest: "1", Title: "Café ☕", Kind: "post"}}, []ConsentText{{Hash: HashText("Yes."), Text: "Yes."}}); err != nil {
		t.Fatal(err)
	}
	lead := ""
	for n := range 300 {
		email := fmt.Sprintf("Zoë%d@example.com", n)
		if n%10 == 0 {
			email = ""
		}
		if n == 2 { // the same person again
			email = "Zoë1@example.com"
		}
		r, err := s.Submit(t.Context(), Submission{At: start.Add(time.Duration(n) * time.Minute), Post: "/posts/a/", Form: "f", Placement: "end", Email: email,
			Fields: []form.Answer{{Name: "message", Value: "line\nline \U0001F4EC \\ \" ' \x00"}}, Key: fmt.Appendf(nil, "\x00\xff%d", n), Fold: fmt.Appendf(nil, "f%d", n),
			Visitor: fmt.Appendf(nil, "\xfe%d", n), Quarantined: n%50 == 7, Consent: n%2 == 0, ConsentText: HashText("Yes."),
			Orders: []Order{{Kind: "mail.card", To: "owner@example.com"}}})
		if err != nil {
			t.Fatal(err)
		}
		lead = r.ID
		if err := s.Count(t.Context(), Event{At: start, Post: "/posts/a/", Step: funnel.PageView, Visitor: fmt.Appendf(nil, "\xfe%d", n), IsPost: true}); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := s.Permit(t.Context(), Token{Purpose: "confirm", Lead: lead, Form: "f"}, start, 48*time.Hour); err != nil {
		t.Fatal(err)
	}
	if r, err := s.Submit(t.Context(), Submission{At: start, Post: "/posts/a/", Form: "f", Placement: "end", Email: "eva@example.com"}); err != nil {
		t.Fatal(err)
	} else if _, err := s.Erase(t.Context(), r.ID, start, true); err != nil {
		t.Fatal(err)
	}
	if err := s.TurnAway(t.Context(), "https://gone.example/", "410 Gone", start, nil); err != nil {
		t.Fatal(err)
	}
	value := 99.95
	for _, e := range []Entry{{At: start, Note: "x", Stage: "client", Value: &value}, {At: start, Note: "no value"}} {
		if err := s.Enter(t.Context(), lead, e, []string{"call", "client"}); err != nil {
			t.Fatal(err)
		}
	}
	// The day is over.
	if err := s.Purge(t.Context(), start.Add(13*time.Hour)); err != nil {
		t.Fatal(err)
	}
}

func inOrder(c *funnel.Counts) {
	slices.SortFunc(c.Tallies, func(a, b funnel.Tally) int { return cmp.Compare(fmt.Sprint(a), fmt.Sprint(b)) })
	slices.SortFunc(c.Reach, func(a, b funnel.Reach) int { return cmp.Compare(fmt.Sprint(a), fmt.Sprint(b)) })
	slices.SortFunc(c.Leads, func(a, b funnel.LeadCount) int { return cmp.Compare(a.Post, b.Post) })
	slices.SortFunc(c.Values, func(a, b funnel.Value) int { return cmp.Compare(a.Post, b.Post) })
}

// sumsOf is what a file holds, by table.
func sumsOf(t *testing.T, path string) string {
	t.Helper()
	s, err := OpenSQLite(t.Context(), path, Options{ReadOnly: true})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	var text strings.Builder
	for _, table := range tables() {
		sum := summing(table, func(int) {})
		if err := sum.through(context.Background(), s.reading, exhaust); err != nil {
			t.Fatal(err)
		}
		if sum.rows == 0 {
			t.Errorf("the table %s is empty: nothing is tried with it", table.name)
		}
		fmt.Fprintf(&text, "%s %d %x\n", table.name, sum.rows, sum.digest.Sum(nil))
	}
	return text.String()
}

// What a tracker held when it was killed, the next one has at once; who only comes
// beside it frees nothing.
func TestHeldMessages(t *testing.T) {
	path := filepath.Join(t.TempDir(), "store.db")
	claimed := func(o Options) int {
		t.Helper()
		s, err := OpenSQLite(t.Context(), path, o)
		if err != nil {
			t.Fatal(err)
		}
		defer s.Close()
		due, err := s.Claim(t.Context(), "%", "", start, time.Hour, 10)
		if err != nil {
			t.Fatal(err)
		}
		return len(due)
	}
	s, err := OpenSQLite(t.Context(), path, Options{Sole: true})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := s.Submit(t.Context(), Submission{At: start, Post: "/posts/a/", Form: "f", Placement: "end", Orders: []Order{{Kind: "mail.card", To: "owner@example.com"}}}); err != nil {
		t.Fatal(err)
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		o    Options
		want int
	}{{Options{Sole: true}, 1}, {Options{}, 0}, {Options{Sole: true}, 1}} {
		if got := claimed(c.o); got != c.want {
			t.Errorf("%+v: %d are due, not %d", c.o, got, c.want)
		}
	}
}

// One file has one tracker; whoever reads or writes an entry beside it is none.
func TestSole(t *testing.T) {
	path := filepath.Join(t.TempDir(), "store.db")
	first, err := OpenSQLite(t.Context(), path, Options{Sole: true})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := OpenSQLite(t.Context(), path, Options{Sole: true}); !errors.Is(err, ErrTracked) || !strings.Contains(err.Error(), "process ") {
		t.Error("two trackers have one file:", err)
	}
	for _, o := range []Options{{}, {ReadOnly: true}} {
		beside, err := OpenSQLite(t.Context(), path, o)
		if err != nil {
			t.Fatal("beside a tracker:", err)
		}
		if err := beside.Close(); err != nil {
			t.Error(err)
		}
	}
	if err := first.Close(); err != nil {
		t.Fatal(err)
	}
	again, err := OpenSQLite(t.Context(), path, Options{Sole: true})
	if err != nil {
		t.Fatal("after the first has ended:", err)
	}
	if err := again.Close(); err != nil {
		t.Error(err)
	}
}
