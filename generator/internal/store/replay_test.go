package store_test

import (
	"cmp"
	"context"
	"database/sql"
	"errors"
	"fmt"
	"math/rand/v2"
	"path/filepath"
	"testing"
	"time"

	"cardbowl/generator/internal/form"
	"cardbowl/generator/internal/funnel"
	"cardbowl/generator/internal/store"
	"cardbowl/generator/internal/store/postgrestest"

	gocmp "github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
)

// What is replayed counts as it would have counted at the time: two stores, one
// told as it happens and one afterwards, say the same.
func TestReplay(t *testing.T) {
	later := open(t, filepath.Join(t.TempDir(), "later.db"))
	defer later.Close()
	replayAgainstLife(t, later)
}

func testPostgresReplay(t *testing.T, server *postgrestest.Server) {
	later := openPostgres(t, server.Database(t, ""))
	defer later.Close()
	replayAgainstLife(t, later)
}

// replayable is a store that can be told what happened.
type replayable interface {
	store.Store
	Replay(context.Context, []store.Happened) error
}

func replayAgainstLife(t *testing.T, later replayable) {
	random := rand.New(rand.NewPCG(31, 8))
	live := open(t, filepath.Join(t.TempDir(), "live.db"))
	defer live.Close()
	stages := []string{"call", "client"}
	origins := []funnel.Origin{{Source: "direct"}, {Source: "search.example", Referrer: "search.example"}, {Source: "letter", Campaign: "autumn"}}
	ids := map[string]string{} // of people in the live store, by address
	for day := range 4 {
		at := time.Date(2025, 3, 1+day, 8, 0, 0, 0, time.UTC)
		var happened []store.Happened
		for range 300 {
			at = at.Add(time.Second)
			post := fmt.Sprintf("/posts/%d/", random.IntN(4))
			visitor := fmt.Appendf(nil, "v%d", random.IntN(40))
			if random.IntN(10) == 0 {
				visitor = nil
			}
			email := fmt.Sprintf("P%d@example.com", random.IntN(15))
			e := store.Event{At: at, Post: post, Step: funnel.PageView, Visitor: visitor, Revision: "r1", IsPost: random.IntN(4) > 0, Origin: origins[random.IntN(3)]}
			switch random.IntN(8) {
			case 0:
				c := store.Submission{At: at, Post: post, Form: "newsletter", Placement: "end", Revision: "r1", Email: email, Visitor: visitor,
					Fields: []form.Answer{{Name: "email", Value: email}}, Key: fmt.Append(nil, day, random.IntN(200)), Fold: []byte(email + post)}
				happened = append(happened, store.Happened{Card: &c})
				continue
			case 1:
				e.Step, e.Form, e.Placement, e.Origin = funnel.FormView, "newsletter", "end", funnel.Origin{}
			case 2:
				e.Step, e.Form, e.Placement, e.Origin = funnel.FormStart, "newsletter", "end", funnel.Origin{}
			case 3:
				if day > 0 && random.IntN(3) == 0 {
					happened = append(happened, store.Happened{Confirmation: &store.Confirmation{Email: email, Form: "newsletter", At: at}})
					continue
				}
				if day > 0 {
					happened = append(happened, store.Happened{Sale: &store.Sale{Email: email, Stages: stages,
						Entry: store.Entry{At: at, Stage: append(stages, "lost")[random.IntN(3)], Value: new(float64(random.IntN(5) * 100))}}})
					continue
				}
			}
			happened = append(happened, store.Happened{Event: &e})
		}
		kept := happened[:0]
		for _, h := range happened {
			switch {
			case h.Event != nil:
				if err := live.Count(t.Context(), *h.Event); err != nil {
					t.Fatal(err)
				}
			case h.Card != nil:
				if _, err := live.Submit(t.Context(), *h.Card); err != nil {
					t.Fatal(err)
				}
				stored, err := live.Submissions(t.Context(), "", "9999-12-31")
				if err != nil {
					t.Fatal(err)
				}
				for _, s := range stored {
					ids[s.Email] = s.Lead
				}
			case h.Confirmation != nil:
				if ids[h.Confirmation.Email] == "" {
					continue
				}
				if err := live.Confirm(t.Context(), ids[h.Confirmation.Email], h.Confirmation.Form, h.Confirmation.At, nil); err != nil {
					t.Fatal(err)
				}
			case ids[h.Sale.Email] == "":
				continue // nobody yet
			default:
				if err := live.Enter(t.Context(), ids[h.Sale.Email], h.Sale.Entry, stages); err != nil {
					t.Fatal(err)
				}
			}
			kept = append(kept, h)
		}
		if err := later.Replay(t.Context(), kept); err != nil {
			t.Fatal(err)
		}
	}
	same := func(what string, ask func(store.Store) (any, error)) {
		t.Helper()
		want, err1 := ask(live)
		got, err2 := ask(later)
		if err := cmp.Or(err1, err2); err != nil {
			t.Fatal(err)
		}
		unordered := cmpopts.SortSlices(func(a, b any) bool { return fmt.Sprint(a) < fmt.Sprint(b) })
		if diff := gocmp.Diff(want, got, unordered, cmpopts.IgnoreFields(store.Stored{}, "ID", "Lead"), cmpopts.IgnoreFields(store.Progress{}, "Lead")); diff != "" {
			t.Errorf("%s: %s", what, diff)
		}
	}
	same("counts", func(s store.Store) (any, error) { return s.Counts(t.Context(), "", "9999-12-31") })
	same("cards", func(s store.Store) (any, error) { return s.Submissions(t.Context(), "", "9999-12-31") })
	same("sales", func(s store.Store) (any, error) { return s.Progress(t.Context()) })
	for _, d := range []funnel.Dimension{funnel.BySource, funnel.ByCampaign, funnel.ByForm, funnel.ByPlacement, funnel.ByRevision, funnel.ByFirstPost, funnel.ByAssist} {
		for _, post := range []string{funnel.SiteWide, ""} {
			same(string(d)+post, func(s store.Store) (any, error) { return s.Breakdown(t.Context(), d, post, "", "9999-12-31") })
		}
	}
	c, err := later.Counts(t.Context(), "", "9999-12-31")
	confirmed := 0
	for _, x := range c.Tallies {
		if x.Step == funnel.LeadConfirmed {
			confirmed += x.Count
		}
	}
	if confirmed == 0 {
		t.Error("nobody confirmed")
	}
	if err != nil || len(c.Tallies) < 20 || len(c.Values) == 0 {
		t.Errorf("%d tallies, %d values, %v: too little happened", len(c.Tallies), len(c.Values), err)
	}
}

func counted(t *testing.T, path, query string) (n int) {
	t.Helper()
	db, err := sql.Open("sqlite", path)
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	if err := db.QueryRowContext(t.Context(), query).Scan(&n); err != nil {
		t.Fatal(err)
	}
	return n
}

// All of it or nothing, and nothing of a visitor on disk.
func TestReplayIsWhole(t *testing.T) {
	path := filepath.Join(t.TempDir(), "store.db")
	s := open(t, path)
	e := store.Event{At: noon, Post: "/posts/a/", Step: funnel.PageView, Visitor: []byte("somebody")}
	err := s.Replay(t.Context(), []store.Happened{{Event: &e}, {Sale: &store.Sale{Email: "nobody@example.com", Stages: []string{"call"}, Entry: store.Entry{At: noon, Stage: "call"}}}})
	if !errors.Is(err, store.ErrNoLead) {
		t.Fatal(err)
	}
	if c, err := s.Counts(t.Context(), "", "9999-12-31"); err != nil || len(c.Tallies) != 0 {
		t.Fatal(c.Tallies, err)
	}
	if err := s.Replay(t.Context(), []store.Happened{{Event: &e}, {Event: &e}}); err != nil {
		t.Fatal(err)
	}
	if n := counted(t, path, `select count(*) from visits`); n != 0 {
		t.Errorf("%d visits on disk", n)
	}
	if n := counted(t, path, `select visitors from reach where post = '/posts/a/'`); n != 1 {
		t.Errorf("%d visitors", n)
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
}
