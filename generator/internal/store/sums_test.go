package store

import (
	"cmp"
	"context"
	"database/sql"
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
	"io"
	"math/rand/v2"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"cardbowl/generator/internal/funnel"
	"cardbowl/generator/internal/store/postgrestest"

	gocmp "github.com/google/go-cmp/cmp"
)

// Counts as they come of the rows of days, and people of their cards, without any
// sheet: what is asked of the database itself.
const (
	plainTallies = `select post, form, placement, step, sum(n) from tallies where day >= $1 and day <= $2 group by post, form, placement, step having sum(n) <> 0`
	plainReach   = `select post, step, sum(visitors) from reach where day >= $1 and day <= $2 group by post, step`
	plainDays    = `select day, step, sum(n) from breakdowns
		where dimension = 'source' and post = '*' and day >= $1 and day <= $2 group by day, step having sum(n) <> 0 order by day, step`
	plainPeople = `select post, count(distinct lead) from submissions where status = 'accepted' and day >= $1 and day <= $2 group by post`
	plainWorth  = `select post, sum(amount) from worth where day >= $1 and day <= $2 group by post having sum(amount) <> 0`
	plainParts  = `select post, key, step, sum(n), sum(visitors), sum(amount) from breakdowns
		where dimension = $3 and day >= $1 and day <= $2 and (post = $4 or $4 = '' and post <> '*') group by post, key, step
		having sum(n) <> 0 or sum(visitors) <> 0 or sum(amount) <> 0`
)

// plainly counts without sheets.
func (d *database) plain(t *testing.T, since, until string) (c funnel.Counts) {
	t.Helper()
	c.Since, c.Until = since, until
	rows := func(text string, row func(*sql.Rows) error) {
		if err := each(t.Context(), d.reading, text, []any{since, until}, row); err != nil {
			t.Fatal(err)
		}
	}
	rows(plainTallies, func(rows *sql.Rows) error {
		var x funnel.Tally
		err := rows.Scan(&x.Post, &x.Form, &x.Placement, &x.Step, &x.Count)
		c.Tallies = append(c.Tallies, x)
		return err
	})
	rows(plainReach, func(rows *sql.Rows) error {
		var x funnel.Reach
		err := rows.Scan(&x.Post, &x.Step, &x.Visitors)
		c.Reach = append(c.Reach, x)
		return err
	})
	rows(plainDays, func(rows *sql.Rows) error {
		var x funnel.DayCount
		err := rows.Scan(&x.Day, &x.Step, &x.Count)
		c.Days = append(c.Days, x)
		return err
	})
	rows(plainPeople, func(rows *sql.Rows) error {
		var x funnel.LeadCount
		err := rows.Scan(&x.Post, &x.Leads)
		c.Leads = append(c.Leads, x)
		return err
	})
	rows(plainWorth, func(rows *sql.Rows) error {
		var x funnel.Value
		err := rows.Scan(&x.Post, &x.Amount)
		c.Values = append(c.Values, x)
		return err
	})
	return c
}

func (d *database) plainParts(t *testing.T, by funnel.Dimension, post, since, until string) (parts []funnel.Part) {
	t.Helper()
	err := each(t.Context(), d.reading, plainParts, []any{since, until, string(by), post}, func(rows *sql.Rows) error {
		var x funnel.Part
		err := rows.Scan(&x.Post, &x.Key, &x.Step, &x.Count, &x.Visitors, &x.Amount)
		parts = append(parts, x)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return parts
}

// withoutZeros are parts in order; a step that was taken back is as one that never was.
func withoutZeros(parts []funnel.Part) []funnel.Part {
	parts = slices.DeleteFunc(parts, func(p funnel.Part) bool { return p.Count == 0 && p.Visitors == 0 && p.Amount == 0 })
	slices.SortFunc(parts, func(a, b funnel.Part) int { return cmp.Compare(fmt.Sprint(a), fmt.Sprint(b)) })
	return parts
}

// TestSumsAreTheRows lets things happen at random over four months, some of them
// late, while sheets are made in between, and holds what the store says of random
// periods against what its rows say.
func TestSumsAreTheRows(t *testing.T) {
	t.Run("sqlite", func(t *testing.T) {
		s := opened(t, io.Discard)
		historyAgainstRows(t, s, &s.database, 130)
	})
	t.Run("postgres", func(t *testing.T) {
		s, err := OpenPostgres(t.Context(), postgrestest.Start(t).Database(t, ""), Options{})
		if err != nil {
			t.Fatal(err)
		}
		defer s.Close()
		historyAgainstRows(t, s, &s.database, 75)
	})
}

func historyAgainstRows(t *testing.T, s Store, d *database, days int) {
	first := time.Date(2025, 11, 20, 0, 0, 0, 0, time.UTC)
	random := rand.New(rand.NewPCG(7, 7))
	stages := []string{"call", "client"}
	posts := []string{"/a/", "/b/", "/c/", funnel.Other}
	var leads []string
	dayAt := func(n int) time.Time {
		return first.AddDate(0, 0, n).Add(time.Duration(random.IntN(86_000)) * time.Second)
	}
	compared := 0
	compare := func(since, until string) {
		t.Helper()
		got, err := s.Counts(t.Context(), since, until)
		if err != nil {
			t.Fatal(err)
		}
		want := d.plain(t, got.Since, until)
		want.Past, got.Past = nil, nil
		got.Tallies = slices.DeleteFunc(got.Tallies, func(x funnel.Tally) bool { return x.Count == 0 })
		got.Values = slices.DeleteFunc(got.Values, func(x funnel.Value) bool { return x.Amount == 0 })
		got.Days = slices.DeleteFunc(got.Days, func(x funnel.DayCount) bool { return x.Count == 0 })
		inOrder(&got)
		inOrder(&want)
		if diff := gocmp.Diff(want, got); diff != "" {
			t.Fatalf("%s to %s (- rows, + sums): %s", since, until, diff)
		}
		for _, q := range questions() {
			if q.dimension == "" {
				continue
			}
			post := funnel.SiteWide
			if q.posts {
				post = ""
			}
			b, err := s.Breakdown(t.Context(), q.dimension, post, since, until)
			if err != nil {
				t.Fatal(err)
			}
			if diff := gocmp.Diff(withoutZeros(d.plainParts(t, q.dimension, post, since, until)), withoutZeros(b.Parts)); diff != "" {
				t.Fatalf("by %s, %s to %s (- rows, + sums): %s", q.name, since, until, diff)
			}
		}
		compared++
	}
	for n := range days {
		for range 6 {
			at := dayAt(n)
			if random.IntN(8) == 0 { // late
				at = dayAt(random.IntN(n + 1))
			}
			post := posts[random.IntN(len(posts))]
			visitor := fmt.Append(nil, random.IntN(5))
			var err error
			switch random.IntN(6) {
			case 0, 1:
				var r Receipt
				r, err = s.Submit(t.Context(), Submission{At: at, Post: post, Form: "f", Placement: "end", Revision: "r", Email: fmt.Sprintf("p%d@example.com", random.IntN(8)), Visitor: visitor})
				leads = append(leads, r.ID)
			case 2:
				if len(leads) > 0 {
					err = s.Enter(t.Context(), leads[random.IntN(len(leads))], Entry{At: at, Stage: stages[random.IntN(2)], Value: new(float64(random.IntN(900)))}, stages)
				}
				if err == ErrNoLead { // the card of somebody who was known
					err = nil
				}
			default:
				err = s.Count(t.Context(), Event{At: at, Post: post, Step: funnel.PageView, Visitor: visitor, Revision: "r", IsPost: true, Origin: funnel.Origin{Source: "direct"}})
			}
			if err != nil {
				t.Fatal(err)
			}
		}
		if random.IntN(3) == 0 {
			if err := s.Purge(t.Context(), dayAt(n)); err != nil {
				t.Fatal(err)
			}
		}
		if random.IntN(6) == 0 {
			from, to := random.IntN(n+1), random.IntN(n+1)
			compare(dayOf(dayAt(min(from, to))), dayOf(dayAt(max(from, to))))
		}
	}
	end := dayOf(dayAt(days))
	compare("0001-01-01", end)
	compare("2025-12-01", "2026-01-31")
	if err := s.Purge(t.Context(), dayAt(days)); err != nil {
		t.Fatal(err)
	}
	compare("2025-12-01", "2026-01-31")
	compare("2025-12-02", "2026-01-30")
	var missing int
	if err := d.reading.QueryRow(`select (select count(distinct day) + count(distinct substr(day, 1, 7)) - 1 from tallies) * 8 - (select count(*) from sheets)`).Scan(&missing); err != nil || missing != 0 {
		t.Errorf("%d sheets are missing (%v)", missing, err)
	}
	c, err := s.Counts(t.Context(), "", end)
	if err != nil || c.Since != "2025-11-20" {
		t.Error(c.Since, err)
	}
	// The sheets alone say the same as the rows, and damaged ones do no harm.
	damage := func(statement string) {
		t.Helper()
		err := d.writer.do(context.Background(), func(tx *transaction) error { return tx.exec(statement) })
		if err != nil {
			t.Fatal(err)
		}
	}
	damage(`update sheets set body = substr(body, 1, 9) where period = '2026-01' or period = '2025-11-25'`)
	compare("2025-11-20", end)
	if err := d.Resum(t.Context(), dayAt(days)); err != nil {
		t.Fatal(err)
	}
	wrong := func(want string) {
		t.Helper()
		tx, err := d.reading.BeginTx(t.Context(), moment())
		if err != nil {
			t.Fatal(err)
		}
		defer func() { _ = tx.Rollback() }()
		found, err := wrongSheets(t.Context(), tx)
		if err != nil || (len(found) > 0) != (want != "") || want != "" && !strings.Contains(found[0], want) {
			t.Error(found, err)
		}
	}
	wrong("")
	damage(`update reach set visitors = visitors + 1 where day = '2025-12-24'`)
	wrong("the sums of 2025-12-24 (counts) are not those")
	damage(`update reach set visitors = visitors - 1 where day = '2025-12-24'`)
	want := d.plain(t, "2025-11-20", "2026-01-31")
	damage(`delete from tallies where day < '2026-02-01'`)
	got, err := s.Counts(t.Context(), "2025-11-20", "2026-01-31")
	if err != nil {
		t.Fatal(err)
	}
	inOrder(&got)
	inOrder(&want)
	if diff := gocmp.Diff(want.Tallies, slices.DeleteFunc(got.Tallies, func(x funnel.Tally) bool { return x.Count == 0 })); diff != "" {
		t.Error("the sheets are not what is read:", diff)
	}
	if compared < 10 {
		t.Errorf("%d periods were compared", compared)
	}
}

// What nobody packed is no sheet.
func FuzzSheet(f *testing.F) {
	l := newLedger()
	l.add(ofTally, lineSum{n: 3}, "/a/", "f", "end", "form_submit")
	l.add(ofPart, lineSum{n: -1, visitors: 2, amount: 99.95}, "*", "letter", "value")
	l.add(ofRepeat, lineSum{n: 1}, "/a/", "2026-01-01")
	f.Add(l.packed())
	f.Add([]byte{})
	f.Fuzz(func(t *testing.T, sheet []byte) {
		l := newLedger()
		if err := l.take(sheet); err != nil {
			if errors.Is(err, errDamaged) && len(l.lines) > 0 {
				t.Error("half of a sheet was taken")
			}
			// With a checksum that is right, whatever it says is read without a panic.
			_ = newLedger().take(binary.BigEndian.AppendUint32(slices.Clone(sheet), crc32.ChecksumIEEE(sheet)))
			return
		}
		packed := l.packed()
		again := newLedger()
		if err := again.take(packed); err != nil {
			t.Fatal(err)
		}
		if string(again.packed()) != string(packed) {
			t.Error("what was packed is not what was taken")
		}
	})
}

func TestWhole(t *testing.T) {
	for _, c := range []struct{ days, before, months, after span }{
		{span{"2026-01-15", "2026-03-14"}, span{"2026-01-15", "2026-01-31"}, span{"2026-02-01", "2026-02-28"}, span{"2026-03-01", "2026-03-14"}},
		{span{"2026-01-01", "2026-03-31"}, span{"2026-01-01", "2025-12-31"}, span{"2026-01-01", "2026-03-31"}, span{}},
		{span{"2026-01-02", "2026-02-27"}, span{"2026-01-02", "2026-02-27"}, span{}, span{}},
		{span{"2028-02-01", "2028-02-29"}, span{"2028-02-01", "2028-01-31"}, span{"2028-02-01", "2028-02-29"}, span{}},
		{span{"2026-05-05", "9999-12-31"}, span{"2026-05-05", "2026-05-31"}, span{"2026-06-01", "9999-12-31"}, span{}},
		{span{"soon", "later"}, span{"soon", "later"}, span{}, span{}},
	} {
		before, months, after := c.days.whole()
		if before != c.before || months != c.months || after != c.after {
			t.Errorf("%v: %v %v %v", c.days, before, months, after)
		}
	}
}

// A store from before sums were kept counts its people as it did.
func TestMigrateSums(t *testing.T) {
	path := filepath.Join(t.TempDir(), "store.db")
	card := `insert into submissions (id, received_at, day, post, claim, form, placement, revision, email, fields, consent, consent_text, status, lead) values
		('%s', 1, '%s', '%s', '', 'f', 'end', '', '', '{}', 0, '', '%s', '%s')`
	olderStore(t, path, 4,
		`insert into tallies values ('2026-01-01', '/a/', 'f', 'end', 'form_submit', 2), ('2026-01-09', '/a/', 'f', 'end', 'form_submit', 2), ('2026-01-09', '/b/', 'f', 'end', 'form_submit', 1)`,
		fmt.Sprintf(card, "1", "2026-01-01", "/a/", "accepted", "ana"), fmt.Sprintf(card, "2", "2026-01-01", "/a/", "accepted", "ana"),
		fmt.Sprintf(card, "3", "2026-01-09", "/a/", "accepted", "ana"), fmt.Sprintf(card, "4", "2026-01-09", "/a/", "accepted", "ben"),
		fmt.Sprintf(card, "5", "2026-01-09", "/a/", "duplicate", "ben"), fmt.Sprintf(card, "6", "2026-01-09", "/b/", "accepted", "ana"),
	)
	s, err := OpenSQLite(t.Context(), path, SQLiteOptions{})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	for _, c := range []struct {
		since, until string
		a, b         int
	}{{"2026-01-01", "2026-01-09", 2, 1}, {"2026-01-02", "2026-01-09", 2, 1}, {"2026-01-01", "2026-01-01", 1, 0}} {
		counts, err := s.Counts(t.Context(), c.since, c.until)
		if err != nil {
			t.Fatal(err)
		}
		people := map[string]int{}
		for _, l := range counts.Leads {
			people[l.Post] = l.Leads
		}
		if people["/a/"] != c.a || people["/b/"] != c.b {
			t.Errorf("%s to %s: %v", c.since, c.until, people)
		}
	}
}
