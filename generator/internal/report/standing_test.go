package report

import (
	"testing"

	"cardbowl/generator/internal/funnel"
)

// worldBefore is the thirty days before world's.
func worldBefore() *funnel.Counts {
	const a, b = "/posts/is-sales-marketing/", "/posts/the-board/"
	submitted := func(path string, n int) funnel.Tally {
		return funnel.Tally{Post: path, Form: "newsletter", Placement: "end", Step: funnel.FormSubmit, Count: n}
	}
	reach := func(path string, s funnel.Step, n int) funnel.Reach {
		return funnel.Reach{Post: path, Step: s, Visitors: n}
	}
	return &funnel.Counts{
		Since: "2026-09-24", Until: "2026-10-23",
		Tallies: []funnel.Tally{submitted(a, 4), submitted("/old/", 2), submitted(b, 2), submitted(funnel.Other, 1)},
		Reach: []funnel.Reach{
			reach(a, funnel.PageView, 600), reach("/old/", funnel.PageView, 90), reach(b, funnel.PageView, 120),
			reach(a, funnel.Conversion, 4), reach("/old/", funnel.Conversion, 2), reach(b, funnel.Conversion, 2),
			reach(funnel.SiteWide, funnel.PageView, 1100), reach(funnel.SiteWide, funnel.Conversion, 8), reach(funnel.SiteWide, funnel.FormSubmit, 9),
		},
	}
}

func compared() Input {
	in := world()
	in.Before = worldBefore()
	in.Counts.Values = []funnel.Value{{Post: "/posts/is-sales-marketing/", Amount: 4000}}
	return in
}

func TestCompare(t *testing.T) {
	r := built(t, compared())
	at := func(path string) Post {
		for _, p := range r.Posts {
			if p.Path == path {
				return p
			}
		}
		t.Fatalf("no %s", path)
		return Post{}
	}
	a := at("/posts/is-sales-marketing/")
	// 19 of 540 against 6 of 690, the former address included; Newcombe by hand.
	if a.Change == nil || a.Change.Visitors != 690 || a.Change.Converters != 6 || a.Change.Submissions != 6 || a.Change.Verdict != Up {
		t.Fatalf("%+v", a.Change)
	}
	if *a.Change.Rate != 0.0087 || *a.Change.Difference != 0.0265 || *a.Change.Low != 0.0104 || *a.Change.High != 0.0462 {
		t.Errorf("%v %v %v %v", *a.Change.Rate, *a.Change.Difference, *a.Change.Low, *a.Change.High)
	}
	if *a.Rank != 1 || *a.Needed != 0 || *a.PerHundred != 740.7407 || a.Value != 4000 {
		t.Errorf("%d %d %v", *a.Rank, *a.Needed, *a.PerHundred)
	}
	// 1 of 33 stands between its own 3.03 % and the site's rate, and needs four successes more.
	b := at("/posts/the-board/")
	if b.Change.Verdict != TooFew || *b.Rank != 2 || !(0.0303 < *b.Shrunk && *b.Shrunk < r.Prior.Rate) {
		t.Errorf("%+v, rank %d, shrunk %v, prior %+v", b.Change, *b.Rank, *b.Shrunk, r.Prior)
	}
	if again := funnel.RateOf(1+int(float64(*b.Needed)**b.Shrunk+1e-9), 33+*b.Needed); *b.Needed < 40 || !again.Enough {
		t.Errorf("%d more readers: %+v", *b.Needed, again)
	}
	// A post that nobody read has no rank, and neither has a page that is no post.
	if q := at("/posts/quiet/"); q.Rank != nil || q.Shrunk != nil || q.PerHundred != nil {
		t.Errorf("%+v", q.Standing)
	}
	if h := at("/"); h.Rank != nil || h.Shrunk != nil || *h.PerHundred != 0 || h.Change.Visitors != 0 || h.Change.Rate != nil || h.Change.Verdict != TooFew {
		t.Errorf("%+v", h.Standing)
	}
	if r.Prior.Posts != 3 || r.Total.Value != 4000 || *r.Total.PerHundred != 330.5785 {
		t.Errorf("%+v %+v", r.Prior, r.Total)
	}
	// 23 submissions against 9, over as many days.
	if g := r.Total.Growth; g.Before != 9 || *g.Times != 2.5556 || !(*g.Low > 1 && *g.Low < 1.3 && *g.High > 5 && *g.High < 6) {
		t.Errorf("%+v", g)
	}
	// 20 of 22 submitters had been seen.
	if b := r.Blocked; b.Submitters != 22 || b.Seen != 20 || *b.Share != 0.0909 || *b.Low != 0.0253 || *b.High != 0.2781 || !b.Enough {
		t.Errorf("%+v", b)
	}
	if *r.Before != (Span{"2026-09-24", "2026-10-23"}) {
		t.Errorf("%+v", r.Before)
	}
	// Without the period before nothing is compared.
	alone := built(t, world())
	if alone.Before != nil || alone.Total.Change != nil || alone.Total.Growth != nil || alone.Posts[0].Change != nil || alone.Posts[0].Rank == nil {
		t.Errorf("%+v", alone.Posts[0].Standing)
	}
}

// What nobody did is not divided by.
func TestCompareNothing(t *testing.T) {
	none := &funnel.Counts{Since: "2026-11-21", Until: "2026-11-21"}
	r := built(t, Input{Counts: funnel.Counts{Since: "2026-11-22", Until: "2026-11-22"}, Before: none})
	if r.Prior != nil || r.Total.Change.Verdict != TooFew || r.Total.Growth.Low != nil || r.Blocked.Share != nil || r.Total.Needed != nil {
		t.Errorf("%+v", r)
	}
}

func TestPeriodBefore(t *testing.T) {
	for _, c := range []struct{ period, want Period }{
		{Period{"2026-10-24", "2026-11-22"}, Period{"2026-09-24", "2026-10-23"}}, {Period{"2026-03-01", "2026-03-01"}, Period{"2026-02-28", "2026-02-28"}},
		{Period{"2024-01-01", "2024-12-31"}, Period{"2022-12-31", "2023-12-31"}},
	} {
		if got, ok := c.period.Before(); !ok || got != c.want {
			t.Errorf("before %v: %v, want %v", c.period, got, c.want)
		}
	}
	if _, ok := (Period{"", "2026-11-22"}).Before(); ok {
		t.Error("something before the beginning")
	}
}
