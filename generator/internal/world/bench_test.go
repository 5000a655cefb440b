package world_test

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"cardbowl/generator/internal/funnel"
	"cardbowl/generator/internal/report"
	"cardbowl/generator/internal/store"
	"cardbowl/generator/internal/store/postgrestest"
	"cardbowl/generator/internal/world"
)

// BenchmarkCounts reads the counts of a blog of a thousand posts and two years
// out of a store, as the report asks for them: of the last 30 days and of all
// time, once while nothing else happens and once while 500 cards a second arrive.
// By default it has 200,000 views; CARDBOWL_VIEWS says how many.
// CARDBOWL_BENCH_STORE names a file, or an address of PostgreSQL, that is filled
// once and used again; postgres is a server of its own, into which what
// CARDBOWL_BENCH_FROM names is copied.
//
//	CARDBOWL_VIEWS=10000000 CARDBOWL_BENCH_STORE=/tmp/big.db go test ./generator/internal/world -run '^$' -bench Counts -benchtime 5x -timeout 1h
func BenchmarkCounts(b *testing.B) {
	views := 200_000
	if n := number(os.Getenv("CARDBOWL_VIEWS")); n > 0 {
		views = n
	}
	path := os.Getenv("CARDBOWL_BENCH_STORE")
	if path == "" {
		path = filepath.Join(b.TempDir(), "big.db")
	}
	if path == "postgres" {
		path = postgrestest.Start(b).Database(b, "")
		if from := os.Getenv("CARDBOWL_BENCH_FROM"); from != "" {
			if _, err := store.Copy(context.Background(), from, path, nil); err != nil {
				b.Fatal(err)
			}
		}
	}
	w := world.Make(world.Some{Seed: 1, Posts: 1000, Days: 730, Views: views, Rate: 0.025, Strength: 100, Form: "newsletter", Start: start, Stages: funnel.DefaultSales()})
	s, err := store.Open(context.Background(), path, store.Options{})
	if err != nil {
		b.Fatal(err)
	}
	defer func() { _ = s.Close() }()
	today := start.AddDate(0, 0, w.Days-1)
	if any, err := s.Counts(context.Background(), "", today.Format("2006-01-02")); err != nil {
		b.Fatal(err)
	} else if len(any.Tallies) == 0 {
		if err := w.Tell(context.Background(), s.(world.Past)); err != nil {
			b.Fatal(err)
		}
	}
	began := time.Now()
	if err := s.Purge(context.Background(), today); err != nil {
		b.Fatal(err)
	}
	b.Logf("sums were made in %v", time.Since(began).Round(time.Millisecond))
	if !store.IsPostgres(path) { // all of it in one file
		if err := s.Close(); err != nil {
			b.Fatal(err)
		}
		if s, err = store.Open(context.Background(), path, store.Options{}); err != nil {
			b.Fatal(err)
		}
	}
	last := start.AddDate(0, 0, w.Days-1).Format("2006-01-02")
	month := start.AddDate(0, 0, w.Days-30).Format("2006-01-02")
	counts := func(b *testing.B, since string) funnel.Counts {
		c, err := s.Counts(context.Background(), since, last)
		if err != nil {
			b.Fatal(err)
		}
		return c
	}
	b.Run("size", func(b *testing.B) {
		for b.Loop() {
		}
		seen, cards := 0, 0
		for _, t := range counts(b, "").Tallies {
			switch t.Step {
			case funnel.PageView:
				seen += t.Count
			case funnel.FormSubmit:
				cards += t.Count
			}
		}
		bytes := int64(0) // of a file; 0 of PostgreSQL
		for _, name := range []string{path, path + "-wal"} {
			if info, err := os.Stat(name); err == nil {
				bytes += info.Size()
			}
		}
		b.ReportMetric(0, "ns/op")
		b.ReportMetric(float64(seen), "views")
		b.ReportMetric(float64(cards), "cards")
		b.ReportMetric(float64(bytes)/float64(seen), "bytes/view")
	})
	reads := func(b *testing.B) {
		b.Run("30 days", func(b *testing.B) {
			for b.Loop() {
				counts(b, month)
			}
		})
		b.Run("all time", func(b *testing.B) {
			for b.Loop() {
				counts(b, "")
			}
		})
		for _, d := range []funnel.Dimension{funnel.BySource, funnel.ByCampaign, funnel.ByForm, funnel.ByPlacement, funnel.ByFirstPost, funnel.ByAssist, funnel.ByRevision} {
			b.Run("30 days by "+string(d), func(b *testing.B) {
				post := funnel.SiteWide
				if d == funnel.ByRevision {
					post = ""
				}
				for b.Loop() {
					if _, err := s.Breakdown(context.Background(), d, post, month, last); err != nil {
						b.Fatal(err)
					}
				}
			})
		}
	}
	b.Run("resting", reads)
	b.Run("while cards arrive", func(b *testing.B) {
		load := arriving(b, s, w, today.Add(12*time.Hour))
		reads(b)
		b.Logf("%d cards arrived, the slowest was on disk after %v", load.cards(), load.slowest())
	})
	b.Run("report of 30 days", func(b *testing.B) {
		c := counts(b, month)
		for b.Loop() {
			if _, err := report.Build(report.Input{Manifest: described(w), Counts: c, Before: &c}); err != nil {
				b.Fatal(err)
			}
		}
	})
}

// arrival is cards that keep arriving.
type arrival struct {
	stored atomic.Int64
	worst  atomic.Int64
}

// perSecond is how many cards a second arrive.
const perSecond = 500

// arriving has cards arrive, each with a view before it, until the benchmark ends.
func arriving(b *testing.B, s store.Store, w world.World, at time.Time) *arrival {
	ctx, cancel := context.WithCancel(context.Background())
	var group sync.WaitGroup
	b.Cleanup(func() { cancel(); group.Wait() })
	var a arrival
	group.Go(func() {
		tick := time.NewTicker(time.Second / perSecond)
		defer tick.Stop()
		for n := 0; ; n++ {
			select {
			case <-ctx.Done():
				return
			case <-tick.C:
			}
			group.Go(func() {
				post := w.Posts[n%len(w.Posts)]
				visitor := fmt.Appendf(nil, "load %d %d", time.Now().UnixNano(), n)
				s.CountSoon(store.Event{At: at, Post: post.Path, Step: funnel.PageView, Visitor: visitor, Revision: post.Revision, IsPost: true, Origin: funnel.Origin{Source: funnel.Direct}})
				began := time.Now()
				_, err := s.Submit(context.WithoutCancel(ctx), store.Submission{At: at, Post: post.Path, Form: post.Form, Placement: "end", Revision: post.Revision,
					Email: fmt.Sprintf("load%d.%d@example.com", began.UnixNano(), n), Visitor: visitor})
				if err != nil {
					b.Error(err)
				}
				a.stored.Add(1)
				for took := int64(time.Since(began)); ; {
					worst := a.worst.Load()
					if took <= worst || a.worst.CompareAndSwap(worst, took) {
						break
					}
				}
			})
		}
	})
	return &a
}

func (a *arrival) cards() int64 { return a.stored.Load() }

func (a *arrival) slowest() time.Duration {
	return time.Duration(a.worst.Load()).Round(time.Millisecond)
}
