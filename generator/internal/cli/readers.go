package cli

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"slices"
	"strconv"
	"sync"
	"time"

	"cardbowl/generator/internal/funnel"
	"cardbowl/generator/internal/manifest"
	"cardbowl/generator/internal/margin"
	"cardbowl/generator/internal/report"
	"cardbowl/generator/internal/store"
	"cardbowl/generator/internal/tracker"
)

// readers are the numbers of the published site that stand beside a post while it
// is written: the last thirty days, from the real store or from a running tracker.
// They are asked for in the background, when a page wants them and they are old.
type readers struct {
	world World
	flags reportFlags
	news  func() // there are others now

	mu      sync.Mutex
	known   manifest.Manifest
	asking  bool
	asked   time.Time
	posts   []report.Post
	forms   []report.Group
	trouble string
}

const (
	readersSince = "30d"
	readersFresh = 20 * time.Second
)

// site says which pages and forms there are now.
func (r *readers) site(m manifest.Manifest) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.known = m
}

// of are the numbers of one page and of its forms; none where nothing is counted.
func (r *readers) of(ctx context.Context, path string) []margin.Numbers {
	r.mu.Lock()
	defer r.mu.Unlock()
	if now := r.world.Now(); !r.asking && now.Sub(r.asked) > readersFresh {
		r.asking, r.asked = true, now
		go r.ask(ctx, r.known)
	}
	if r.trouble != "" {
		return []margin.Numbers{{Heading: "Readers of the published site", Figures: []margin.Number{}, Trouble: r.trouble}}
	}
	out := []margin.Numbers{}
	at := slices.IndexFunc(r.posts, func(p report.Post) bool { return p.Path == path && !p.Gone })
	if at < 0 {
		return out
	}
	out = append(out, margin.Numbers{Heading: "Published, the last 30 days", Figures: r.figures(r.posts[at].Figures, true)})
	page := slices.IndexFunc(r.known.Pages, func(p manifest.Page) bool { return p.Path == path })
	for _, g := range r.forms {
		if page >= 0 && slices.Contains(r.known.Pages[page].Forms, g.Key) {
			out = append(out, margin.Numbers{Heading: fmt.Sprintf("The form %s, on all pages", g.Key), Figures: r.figures(g.Figures, false)})
		}
	}
	return out
}

// figures are those of the steps that happened, and the rate with its interval.
func (r *readers) figures(f report.Figures, page bool) []margin.Number {
	out := []margin.Number{}
	add := func(label string, n int) { out = append(out, margin.Number{Label: label, Value: strconv.Itoa(n)}) }
	if page {
		add("readers, each day", f.Visitors)
	}
	add("saw the form", f.Steps.Of(funnel.FormView))
	add("began it", f.Steps.Of(funnel.FormStart))
	add("sent it", f.Submissions)
	for _, step := range funnel.Steps(r.known.Sales) {
		if n := f.Steps.Of(step); n > 0 && funnel.SideOf(step) == funnel.SalesSide {
			add(string(step), n)
		}
	}
	switch {
	case page && f.Rate != nil && f.Enough:
		out = append(out, margin.Number{Label: "of a hundred readers sent it", Value: fmt.Sprintf("%.1f (%.1f to %.1f)", 100**f.Rate, 100**f.RateLow, 100**f.RateHigh)})
	case page && f.Visitors > 0:
		out = append(out, margin.Number{Label: "a rate", Value: "too few to say"})
	}
	return out
}

// readersPatience is how long one question may take.
const readersPatience = 30 * time.Second

// ask gets the numbers anew.
func (r *readers) ask(ctx context.Context, known manifest.Manifest) {
	ctx, cancel := context.WithTimeout(ctx, readersPatience)
	defer cancel()
	posts, forms, err := r.fetch(ctx, known)
	r.mu.Lock()
	r.asking = false
	before := r.trouble
	news := err == nil || ctx.Err() == nil
	r.trouble = ""
	switch {
	case err == nil:
		r.posts, r.forms = posts, forms
	case !errors.Is(err, errNothingCounted):
		r.trouble = err.Error()
		news = r.trouble != before
	}
	r.mu.Unlock()
	if news {
		r.news()
	}
}

// errNothingCounted is for a site that has no store yet: it is no trouble.
var errNothingCounted = errors.New("nothing counted yet")

func (r *readers) fetch(ctx context.Context, known manifest.Manifest) (posts []report.Post, forms []report.Group, err error) {
	defer func() {
		if cause := recover(); cause != nil {
			err = fmt.Errorf("the numbers cannot be read: %v; this is a fault of Cardbowl and worth a report", cause)
		}
	}()
	question := func(by string) tracker.ReportQuery {
		return tracker.ReportQuery{Since: readersSince, By: by, Attribution: "converted_on"}
	}
	asked := func(by string) (report.Report, error) {
		f := r.flags
		f.query = question(by)
		return askTracker(ctx, r.world, f)
	}
	if r.flags.from == "" {
		at, err := storeAddress(r.world, "", r.flags.site)
		if err != nil {
			return nil, nil, err
		}
		if _, err := os.Stat(at); !store.IsPostgres(at) && errors.Is(err, fs.ErrNotExist) {
			return nil, nil, errNothingCounted
		}
		kept, err := store.Open(ctx, at, store.Options{ReadOnly: true})
		if errors.Is(err, store.ErrNoStore) {
			return nil, nil, errNothingCounted
		}
		if err != nil {
			return nil, nil, err
		}
		defer kept.Close()
		t := tracker.New(tracker.Options{Store: kept, Now: r.world.Now})
		if err := t.SetManifest(known); err != nil && !errors.Is(err, store.ErrReadOnly) {
			return nil, nil, err
		}
		asked = func(by string) (report.Report, error) { return t.Report(ctx, question(by)) }
	}
	byPost, err := asked("post")
	if err != nil {
		return nil, nil, err
	}
	byForm, err := asked("form")
	return byPost.Posts, byForm.Groups, err
}
