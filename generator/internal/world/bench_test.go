package world_test

import (
	"context"
	"os"
	"path/filepath"
	"testing"

	"cardbowl/generator/internal/funnel"
	"cardbowl/generator/internal/report"
	"cardbowl/generator/internal/store"
	"cardbowl/generator/internal/world"
)

// BenchmarkCounts reads the counts of a blog of a thousand posts and two years
// out of a store, as the report asks for them: of the last 30 days and of all
// time. By default it has 200,000 views; CARDBOWL_VIEWS says how many,
// CARDBOWL_BENCH_STORE names a file that is made once and used again.
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
	w := world.Make(world.Some{Seed: 1, Posts: 1000, Days: 730, Views: views, Rate: 0.025, Strength: 100, Form: "newsletter", Start: start, Stages: funnel.DefaultSales()})
	_, err := os.Stat(path)
	isNew := err != nil
	s, err := store.OpenSQLite(context.Background(), path, store.SQLiteOptions{})
	if err != nil {
		b.Fatal(err)
	}
	defer func() { _ = s.Close() }()
	if isNew {
		if err := w.Tell(context.Background(), s); err != nil {
			b.Fatal(err)
		}
		if err := s.Close(); err != nil { // all of it in one file
			b.Fatal(err)
		}
		if s, err = store.OpenSQLite(context.Background(), path, store.SQLiteOptions{}); err != nil {
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
		bytes := int64(0)
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
	b.Run("report of 30 days", func(b *testing.B) {
		c := counts(b, month)
		for b.Loop() {
			if _, err := report.Build(report.Input{Manifest: described(w), Counts: c, Before: &c}); err != nil {
				b.Fatal(err)
			}
		}
	})
	for _, d := range []funnel.Dimension{funnel.BySource, funnel.ByForm, funnel.ByFirstPost, funnel.ByRevision} {
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
