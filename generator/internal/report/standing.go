package report

import (
	"cmp"
	"slices"

	"cardbowl/generator/internal/funnel"
	"cardbowl/generator/internal/manifest"
)

// Standing is how a post does among the others, and beside itself before. What
// is not known is null.
type Standing struct {
	Shrunk     *float64 `json:"rate_shrunk"`       // the rate drawn toward the site's as far as few readers demand (funnel.Prior); posts with visitors only
	Rank       *int     `json:"rank"`              // among posts by rate_shrunk; 1 is the best
	Needed     *int     `json:"readers_needed"`    // how many more visitors until the rate is enough; 0 when it is
	PerHundred *float64 `json:"value_per_hundred"` // what a hundred visitors brought
	Change     *Change  `json:"change"`            // since the period before
}

// Change is the period before, and how the rate differs from it.
type Change struct {
	Visitors    int      `json:"visitors_before"` // in the period before
	Converters  int      `json:"converters_before"`
	Submissions int      `json:"submissions_before"`
	Rate        *float64 `json:"rate_before"` // before; null without visitors
	Difference  *float64 `json:"difference"`  // of the rates, now less before; null unless both are known
	Low         *float64 `json:"low"`         // 95 % interval of the difference (funnel.Newcombe)
	High        *float64 `json:"high"`
	Verdict     Verdict  `json:"verdict"`
}

// Verdict is what may be said of a change.
type Verdict string

// The verdicts.
const (
	Up      Verdict = "up"
	Down    Verdict = "down"
	Unclear Verdict = "unclear" // chance alone would do as much
	TooFew  Verdict = "too_few" // one side has fewer than funnel.EnoughArm visitors or funnel.EnoughSuccesses converters
)

// Span is the first and the last day of a period, both included.
type Span struct {
	Since string `json:"since"` // YYYY-MM-DD in the site's zone
	Until string `json:"until"`
}

// Growth is how many times as many submissions there were as in the period before.
type Growth struct {
	Before int      `json:"before"` // submissions of that period
	Times  *float64 `json:"times"`  // null where there were none before
	Low    *float64 `json:"low"`    // 95 % interval (funnel.GrowthOf); null where nothing was sent in either
	High   *float64 `json:"high"`   // null where it has no end
}

// Prior is what the posts of the site have in common (funnel.FitPrior).
type Prior struct {
	Rate     float64 `json:"rate"`     // that a post tends to
	Strength float64 `json:"strength"` // how many visitors it weighs
	Posts    int     `json:"posts"`    // it was fitted from
}

// Blocked is what blockers are likely to hide (funnel.HiddenOf).
type Blocked struct {
	Submitters int      `json:"submitters"` // visitors who sent a form
	Seen       int      `json:"seen"`       // of those, the ones who had been seen to open the page
	Share      *float64 `json:"share"`      // of visitors who are not counted; null without submitters
	Low        *float64 `json:"low"`
	High       *float64 `json:"high"`
	Enough     bool     `json:"enough"` // at least funnel.EnoughSubmitters
}

// compare adds all that comes of looking at posts side by side and at the period
// before. The report's own figures are in place.
func (r *Report) compare(in Input) {
	var trials []funnel.Trials
	for _, p := range r.Posts {
		if p.ranked() {
			trials = append(trials, funnel.Trials{Successes: p.Converters, N: p.Visitors})
		}
	}
	prior := funnel.FitPrior(trials)
	if len(trials) > 0 {
		r.Prior = &Prior{Rate: *rounded(prior.Mean), Strength: float64(int(prior.Strength + 0.5)), Posts: len(trials)}
	}
	var before map[string]trial
	if in.Before != nil {
		r.Before = &Span{in.Before.Since, in.Before.Until}
		before = trialsOf(manifest.NewIndex(in.Manifest), *in.Before)
	}
	for i := range r.Posts {
		p := &r.Posts[i]
		expected := prior.Mean
		if p.ranked() {
			expected = prior.Shrunk(p.Converters, p.Visitors)
			p.Shrunk = rounded(expected)
		}
		if len(trials) > 0 && (p.ranked() || p.Converters > 0) {
			p.Needed = needed(p.Converters, p.Visitors, expected)
		}
		p.PerHundred = perHundred(p.Value, p.Visitors)
		if in.Before != nil {
			p.Change = changeOf(trial{p.Visitors, p.Converters, p.Submissions}, before[p.Path])
		}
	}
	rank(r.Posts, prior)
	t := &r.Total
	for _, v := range in.Counts.Values {
		t.Value += v.Amount
	}
	t.PerHundred = perHundred(t.Value, t.Visitors)
	if t.Visitors > 0 {
		t.Needed = needed(t.Converters, t.Visitors, float64(t.Converters)/float64(t.Visitors))
	}
	if in.Before != nil {
		was := before[funnel.SiteWide]
		t.Change = changeOf(trial{t.Visitors, t.Converters, t.Submissions}, was)
		t.Growth = growthOf(r, was.submissions)
	}
	r.Blocked = blockedOf(in.Counts, t.Converters)
}

// ranked tells whether a page is compared with the posts: one that was read.
func (p Post) ranked() bool { return p.Kind == "post" && p.Visitors > 0 }

// rank numbers the posts by their shrunk rates, as exact as they are; among
// equals the one with more visitors is better known, and comes first.
func rank(posts []Post, prior funnel.Prior) {
	var order []*Post
	for i := range posts {
		if posts[i].ranked() {
			order = append(order, &posts[i])
		}
	}
	slices.SortStableFunc(order, func(a, b *Post) int {
		return cmp.Or(cmp.Compare(prior.Shrunk(b.Converters, b.Visitors), prior.Shrunk(a.Converters, a.Visitors)),
			cmp.Compare(b.Visitors, a.Visitors), cmp.Compare(a.Path, b.Path))
	})
	for i, p := range order {
		p.Rank = new(i + 1)
	}
}

// trial is what the rate of a line is made of.
type trial struct{ visitors, converters, submissions int }

// trialsOf is the trials of every line of a period by path, and of the whole site.
func trialsOf(index *manifest.Index, c funnel.Counts) map[string]trial {
	out := map[string]trial{}
	add := func(path string, more trial) {
		if p, known := index.Page(path); known && path != funnel.SiteWide && path != funnel.Other {
			path = p.Path
		}
		was := out[path]
		out[path] = trial{was.visitors + more.visitors, was.converters + more.converters, was.submissions + more.submissions}
	}
	for _, x := range c.Reach {
		switch x.Step {
		case funnel.PageView:
			add(x.Post, trial{visitors: x.Visitors})
		case funnel.Conversion:
			add(x.Post, trial{converters: x.Visitors})
		}
	}
	for _, t := range c.Tallies {
		if t.Step == funnel.FormSubmit {
			add(funnel.SiteWide, trial{submissions: t.Count})
			if t.Post != funnel.Other {
				add(t.Post, trial{submissions: t.Count})
			}
		}
	}
	return out
}

func changeOf(now, was trial) *Change {
	c := &Change{Visitors: was.visitors, Converters: was.converters, Submissions: was.submissions, Verdict: TooFew}
	c.Rate, _, _, _ = rateOf(was.converters, was.visitors)
	d := funnel.ChangeOf(now.converters, now.visitors, was.converters, was.visitors)
	if !d.Known {
		return c
	}
	c.Difference, c.Low, c.High = rounded(d.Difference), rounded(d.Low), rounded(d.High)
	switch {
	case !d.Enough:
	case d.Direction() > 0:
		c.Verdict = Up
	case d.Direction() < 0:
		c.Verdict = Down
	default:
		c.Verdict = Unclear
	}
	return c
}

func growthOf(r *Report, before int) *Growth {
	g := &Growth{Before: before}
	now := funnel.GrowthOf(r.Total.Submissions, len(daysBetween(r.Since, r.Until)), before, len(daysBetween(r.Before.Since, r.Before.Until)))
	if !now.Known {
		return g
	}
	g.Low = rounded(now.Low)
	if before > 0 {
		g.Times, g.High = rounded(now.Times), rounded(now.High)
	}
	return g
}

func needed(k, n int, rate float64) *int {
	more, ok := funnel.ReadersNeeded(k, n, rate)
	if !ok {
		return nil
	}
	return &more
}

func perHundred(value float64, visitors int) *float64 {
	v, ok := funnel.ValuePerHundred(value, visitors)
	if !ok {
		return nil
	}
	return rounded(v)
}

// blockedOf compares the visitors who sent a form with those of them who had
// been seen on the page.
func blockedOf(c funnel.Counts, seen int) *Blocked {
	b := &Blocked{Seen: seen}
	for _, x := range c.Reach {
		if x.Post == funnel.SiteWide && x.Step == funnel.FormSubmit {
			b.Submitters += x.Visitors
		}
	}
	h := funnel.HiddenOf(b.Seen, b.Submitters)
	if h.Known {
		b.Share, b.Low, b.High, b.Enough = rounded(h.Share), rounded(h.Low), rounded(h.High), h.Enough
	}
	return b
}
