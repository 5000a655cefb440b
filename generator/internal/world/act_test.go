package world_test

import (
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"os"
	"path/filepath"
	"sync/atomic"
	"testing"
	"time"

	"cardbowl/generator/internal/form"
	"cardbowl/generator/internal/funnel"
	"cardbowl/generator/internal/manifest"
	"cardbowl/generator/internal/report"
	"cardbowl/generator/internal/store"
	"cardbowl/generator/internal/tracker"
	"cardbowl/generator/internal/world"

	gocmp "github.com/google/go-cmp/cmp"
)

// small is some weeks of a small blog where many send forms.
func small() world.World {
	w := world.Make(world.Some{Seed: 12, Posts: 8, Days: 8, Views: 1800, Rate: 0.08, Strength: 30, Form: "newsletter", Start: start, Blocked: 0.25, AllFromTheDay: true})
	w.Home = "/"
	return w
}

func site(w world.World) manifest.Manifest {
	m := described(w)
	m.Version = manifest.Current
	m.Forms = []form.Definition{{Name: "newsletter", Fields: []form.Field{{Name: "email", Type: "email", Required: true}, {Name: "first_name"}, {Name: "last_name"}}}}
	m.Pages = append(m.Pages, manifest.Page{Path: "/", Kind: "home", Title: "Home"})
	return m
}

// acted is a store after a world was acted out before a real tracker, over HTTP.
func acted(t *testing.T, w world.World, script bool) *store.SQLite {
	t.Helper()
	s, err := store.OpenSQLite(context.Background(), filepath.Join(t.TempDir(), "acted.db"), store.SQLiteOptions{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = s.Close() })
	var clock atomic.Pointer[time.Time]
	clock.Store(&start)
	loopback := []netip.Prefix{netip.MustParsePrefix("127.0.0.0/8"), netip.MustParsePrefix("::1/128")}
	tr := tracker.New(tracker.Options{Store: s, TrustedProxies: loopback, GuardOff: true, Now: func() time.Time { return *clock.Load() }})
	if err := tr.SetManifest(site(w)); err != nil {
		t.Fatal(err)
	}
	var pages http.Handler
	if !script {
		folder := t.TempDir()
		for _, p := range site(w).Pages {
			at := filepath.Join(folder, filepath.FromSlash(p.Path), "index.html")
			if err := os.MkdirAll(filepath.Dir(at), 0o755); err != nil {
				t.Fatal(err)
			}
			if err := os.WriteFile(at, []byte("<!doctype html><title>"+p.Title+"</title>"), 0o644); err != nil {
				t.Fatal(err)
			}
		}
		if pages, err = tr.Files(folder); err != nil {
			t.Fatal(err)
		}
	}
	server := httptest.NewUnstartedServer(nil)
	server.Config = tracker.Server(tr.Handler(pages))
	server.Start()
	t.Cleanup(server.Close)
	client := server.Client()
	client.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	pause := time.Duration(0)
	if !script {
		pause = 30 * time.Millisecond
	}
	err = w.Act(t.Context(), world.Stage{Client: client, Base: server.URL, Script: script, Pause: pause, Clock: func(at time.Time) { clock.Store(&at) }})
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// What browsers send through the tracker's endpoints is counted like what a
// store is told at once.
func TestActedIsTold(t *testing.T) {
	w := small()
	byBrowsers := acted(t, w, true)
	atOnce, err := store.OpenSQLite(t.Context(), filepath.Join(t.TempDir(), "told.db"), store.SQLiteOptions{})
	if err != nil {
		t.Fatal(err)
	}
	defer atOnce.Close()
	if err := w.Tell(t.Context(), atOnce); err != nil {
		t.Fatal(err)
	}
	made := func(s *store.SQLite, by string, how funnel.Attribution) report.Report {
		t.Helper()
		in := report.Input{Manifest: site(w), By: by, Attribution: how}
		if in.Counts, err = s.Counts(t.Context(), "", "9999-12-31"); err != nil {
			t.Fatal(err)
		}
		needs, err := report.Needs(by, how)
		if err != nil {
			t.Fatal(err)
		}
		for _, n := range needs {
			b, err := s.Breakdown(t.Context(), n.Dimension, n.Post, "", "9999-12-31")
			if err != nil {
				t.Fatal(err)
			}
			in.Breakdowns = append(in.Breakdowns, b)
		}
		r, err := report.Build(in)
		if err != nil {
			t.Fatal(err)
		}
		return r
	}
	for _, c := range []struct {
		by  string
		how funnel.Attribution
	}{{"post", ""}, {"source", ""}, {"campaign", ""}, {"form", ""}, {"post", funnel.FirstPost}} {
		if diff := gocmp.Diff(made(atOnce, c.by, c.how), made(byBrowsers, c.by, c.how)); diff != "" {
			t.Errorf("by %s %s: %s", c.by, c.how, diff)
		}
	}
	if r := made(byBrowsers, "post", ""); r.Total.Submissions < 100 || !r.Blocked.Enough {
		t.Errorf("only %d submissions", r.Total.Submissions)
	}
}

// Without JavaScript nobody is hidden from a tracker that serves the pages, and
// the first post of the day is right for at least 95 % of cards.
func TestFirstPostWithoutJavaScript(t *testing.T) {
	w := small()
	s := acted(t, w, false)
	stored, err := s.Submissions(t.Context(), "", "9999-12-31")
	if err != nil {
		t.Fatal(err)
	}
	type sent struct{ day, email, post string }
	truth := map[sent]string{}
	for d := range w.All() {
		for _, r := range d.Readers {
			for _, x := range r.Reads {
				if x.Sends != nil {
					truth[sent{x.At.Format(time.DateOnly), x.Sends.Email, x.Post.Path}] = r.Reads[0].Post.Path
				}
			}
		}
	}
	right, elsewhere := 0, 0
	for _, c := range stored {
		want, known := truth[sent{c.At.Format(time.DateOnly), c.Email, c.Post}]
		if !known {
			t.Fatalf("nobody sent %+v", c)
		}
		if want == c.FirstPost {
			right++
		}
		if want != c.Post {
			elsewhere++
		}
	}
	share := float64(right) / float64(len(stored))
	said := fmt.Sprintf("%d of %d first posts are right; %d were not the post of the form", right, len(stored), elsewhere)
	t.Log(said)
	if share < 0.95 || len(stored) < 100 || elsewhere < 15 {
		t.Error(said)
	}
}
