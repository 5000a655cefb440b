package tracker

import (
	"bytes"
	"compress/gzip"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"cardbowl/generator/internal/funnel"
	"cardbowl/generator/internal/manifest"
	"cardbowl/generator/internal/store"
)

// No page of the dashboard takes more than 60 KB on its way, over a site of ten
// thousand posts, each read on its own days, and hundreds of leads.
func TestPagesAreSmall(t *testing.T) {
	b := begin(t, func(s *setup) {
		s.options.OpenReport = true
		for n := range 10_000 {
			s.manifest.Pages = append(s.manifest.Pages, manifest.Page{Path: fmt.Sprintf("/posts/%x/", n*7919), Kind: "post", Title: fmt.Sprintf("The %d things of %x that nobody tells you before", n, n*104729), Forms: []string{"newsletter"}})
		}
	})
	var group sync.WaitGroup
	for n := range 120 {
		group.Go(func() {
			path := fmt.Sprintf("/posts/%x/", n*7919)
			for day := range 30 {
				for reader := range 1 + n*(day+3)%4 {
					at := b.now().AddDate(0, 0, -(day*7+n)%120)
					if err := b.store.Count(t.Context(), store.Event{At: at, Post: path, Step: funnel.PageView, IsPost: true, Visitor: fmt.Appendf(nil, "%d %d", n, reader), Origin: funnel.Origin{Source: fmt.Sprintf("s%d.example", (n+day)%40)}}); err != nil {
						t.Error(err)
					}
				}
			}
			for k := range 5 {
				if _, err := b.store.Submit(t.Context(), store.Submission{At: b.now().AddDate(0, 0, -k), Post: path, Form: "newsletter", Placement: "end", Email: fmt.Sprintf("reader.%d.%x@example.com", k, n*15485863)}); err != nil {
					t.Error(err)
				}
			}
		})
	}
	group.Wait()
	leads := b.leads()
	for i, l := range leads { // every column is full
		if stage := []string{"", "call", "meeting", "proposal", "client", "lost"}[i%6]; stage != "" {
			if err := b.store.Enter(t.Context(), l.ID, store.Entry{At: b.now().Add(time.Duration(i)), Stage: stage, Value: new(1000.0 + float64(i)), Next: "Write once more", NextDay: "2026-12-01"}, funnel.DefaultSales()); err != nil {
				t.Fatal(err)
			}
		}
	}
	for _, page := range []string{"", "?since=120d", "?since=all&sort=rate&page=2", "?by=source", "?by=revision", "leads/", "leads/?stage=call", "lead/" + leads[0].ID, "post/?path=/posts/0/&since=365d", "post/?path=/posts/1eef/&since=all"} {
		a := b.send("GET", "/_/report/"+page, "", "")
		if a.status != 200 {
			t.Errorf("/_/report/%s answers %d", page, a.status)
		}
		var packed bytes.Buffer
		z := gzip.NewWriter(&packed)
		if _, err := strings.NewReader(a.body).WriteTo(z); err != nil {
			t.Fatal(err)
		}
		if err := z.Close(); err != nil {
			t.Fatal(err)
		}
		t.Logf("/_/report/%s: %d bytes", page, packed.Len())
		if packed.Len() > 60_000 {
			t.Errorf("/_/report/%s takes %d bytes", page, packed.Len())
		}
	}
}
