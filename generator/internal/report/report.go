package report

import (
	"bytes"
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"slices"

	"cardbowl/generator/internal/funnel"
	"cardbowl/generator/internal/manifest"
)

// ErrUnknown is returned for a breakdown or attribution that does not exist.
var ErrUnknown = errors.New("unknown")

// Input is what a report is made of.
type Input struct {
	Manifest    manifest.Manifest
	Counts      funnel.Counts
	Before      *funnel.Counts     // of as many days before those of Counts; nil: nothing is compared
	By          string             // empty means post
	Attribution funnel.Attribution // empty means converted_on
	Breakdowns  []funnel.Breakdown // what Needs asks for
	Waits       []Waited
}

// Report is the per-post lead report of a period. Its JSON is a public contract.
type Report struct {
	Since       string             `json:"since"` // YYYY-MM-DD in the site's zone, included
	Until       string             `json:"until"` // likewise
	Attribution funnel.Attribution `json:"attribution"`
	Funnel      []FunnelStep       `json:"funnel"`
	Posts       []Post             `json:"posts,omitzero"`  // most submissions first; nil when there are Groups
	By          string             `json:"by,omitempty"`    // what Groups are; empty for posts
	Groups      []Group            `json:"groups,omitzero"` // most submissions first; nil when there are Posts
	Other       Other              `json:"other"`
	Total       Total              `json:"total"`
	Site        Site               `json:"site"`
	Days        []Day              `json:"days"`   // every day of the period, zeros included
	Before      *Span              `json:"before"` // the days it is compared with; null when it reaches back to the first
	Prior       *Prior             `json:"prior"`  // what the ranks draw toward; null while no post was read
	Blocked     *Blocked           `json:"blocked"`
	Waits       []Wait             `json:"waits"`
}

// FunnelStep is one step over the whole site.
type FunnelStep struct {
	Step     funnel.Step `json:"step"`
	Side     funnel.Side `json:"side"`
	Count    int         `json:"count"`
	Visitors *int        `json:"visitors,omitempty"` // visitor-days; nil where visitors are not told apart
	Before   *int        `json:"before,omitempty"`   // Count in the period before; nil when nothing is compared
}

// Post is one page of the site.
type Post struct {
	Path  string   `json:"path"`
	Kind  string   `json:"kind"`
	Title string   `json:"title"`
	Date  string   `json:"date"` // YYYY-MM-DD or empty
	Tags  []string `json:"tags"`
	Gone  bool     `json:"gone"` // counted once, and no longer in the site
	Figures
	Standing
}

// Figures is what was counted of a post, or of a Group.
type Figures struct {
	Steps       Steps    `json:"steps"`
	Visitors    int      `json:"visitors"`   // visitor-days with a page_view
	Converters  int      `json:"converters"` // of those, the ones with a submission
	Submissions int      `json:"submissions"`
	Leads       int      `json:"leads"` // different people; does not add up over posts
	Value       float64  `json:"value"` // in the site's currency
	Rate        *float64 `json:"rate"`  // Converters over Visitors; null without visitors
	RateLow     *float64 `json:"rate_low"`
	RateHigh    *float64 `json:"rate_high"`
	Enough      bool     `json:"enough"` // see funnel.RateOf
}

// Other is what belongs to no page.
type Other struct {
	Submissions int `json:"submissions"` // made on a post the site does not know
}

// Total is the whole site, where each reader counts once a day.
type Total struct {
	Visitors    int      `json:"visitors"`
	Converters  int      `json:"converters"`
	Submissions int      `json:"submissions"` // other.submissions included
	Rate        *float64 `json:"rate"`
	RateLow     *float64 `json:"rate_low"`
	RateHigh    *float64 `json:"rate_high"`
	Enough      bool     `json:"enough"`
	Value       float64  `json:"value"`
	Needed      *int     `json:"readers_needed"`
	PerHundred  *float64 `json:"value_per_hundred"`
	Change      *Change  `json:"change"`
	Growth      *Growth  `json:"growth"` // of submissions; null when nothing is compared
}

// Site is whose report it is.
type Site struct {
	Title    string `json:"title"`
	URL      string `json:"url"`
	TimeZone string `json:"time_zone"`
	Currency string `json:"currency"`
}

// Day is one day of the whole site.
type Day struct {
	Day         string `json:"day"`
	Views       int    `json:"page_view"`
	Submissions int    `json:"form_submit"`
}

// Steps is the count of every step, in the order of the funnel. In JSON it is
// an object.
type Steps []StepCount

// StepCount is one entry of Steps.
type StepCount struct {
	Step  funnel.Step
	Count int
}

// Of is the count of a step, 0 when it is not there.
func (s Steps) Of(step funnel.Step) int {
	for _, c := range s {
		if c.Step == step {
			return c.Count
		}
	}
	return 0
}

func (s Steps) add(step funnel.Step, n int) {
	for i := range s {
		if s[i].Step == step {
			s[i].Count += n
		}
	}
}

// MarshalJSON writes an object in the order of the steps.
func (s Steps) MarshalJSON() ([]byte, error) {
	var b bytes.Buffer
	b.WriteByte('{')
	for i, c := range s {
		if i > 0 {
			b.WriteByte(',')
		}
		name, err := json.Marshal(string(c.Step))
		if err != nil {
			return nil, err
		}
		fmt.Fprintf(&b, "%s:%d", name, c.Count)
	}
	b.WriteByte('}')
	return b.Bytes(), nil
}

// UnmarshalJSON reads what MarshalJSON wrote and keeps its order.
func (s *Steps) UnmarshalJSON(text []byte) error {
	d := json.NewDecoder(bytes.NewReader(text))
	if t, err := d.Token(); err != nil || t != json.Delim('{') {
		return errors.New("steps: not an object")
	}
	*s = Steps{}
	for d.More() {
		name, err := d.Token()
		if err != nil {
			return err
		}
		var n int
		if err := d.Decode(&n); err != nil {
			return fmt.Errorf("steps: %w", err)
		}
		*s = append(*s, StepCount{funnel.Step(fmt.Sprint(name)), n})
	}
	return nil
}

// Build makes the report. Every page of the manifest has a line, and so has
// every page that was counted and is gone. What was counted at a former address
// belongs to the page that answers there today; a reader or a lead of both
// addresses then counts twice in that one line, since only sums are kept.
//
// It returns ErrUnknown for a breakdown or attribution that does not exist.
func Build(in Input) (Report, error) {
	if _, err := Needs(in.By, in.Attribution); err != nil {
		return Report{}, err
	}
	steps := funnel.Steps(in.Manifest.Sales)
	r := Report{
		Since: in.Counts.Since, Until: in.Counts.Until,
		Attribution: cmp.Or(in.Attribution, funnel.ConvertedOn),
		Site:        Site{in.Manifest.Title, in.Manifest.BaseURL, in.Manifest.TimeZone, in.Manifest.Currency},
		Funnel:      funnelOf(in.Counts, steps),
		Days:        daysOf(in.Counts),
		Waits:       waitsOf(in.Waits),
	}
	if in.Before != nil {
		for i, s := range funnelOf(*in.Before, steps) {
			r.Funnel[i].Before = new(s.Count)
		}
	}
	b := builder{
		index: manifest.NewIndex(in.Manifest), past: map[string]funnel.PastPost{}, at: map[string]int{}, steps: steps,
	}
	for _, p := range in.Counts.Past {
		b.past[p.Path] = p
	}
	for _, p := range in.Manifest.Pages {
		b.at[p.Path] = len(b.posts)
		b.posts = append(b.posts, Post{Path: p.Path, Kind: p.Kind, Title: p.Title, Date: p.Date, Tags: append([]string{}, p.Tags...), Figures: Figures{Steps: b.zeros()}})
	}
	for _, t := range in.Counts.Tallies {
		if t.Step == funnel.FormSubmit {
			r.Total.Submissions += t.Count
		}
		if t.Post == funnel.Other {
			if t.Step == funnel.FormSubmit {
				r.Other.Submissions += t.Count
			}
			continue
		}
		p := b.post(t.Post)
		p.Steps.add(t.Step, t.Count)
		if t.Step == funnel.FormSubmit {
			p.Submissions += t.Count
		}
	}
	for _, x := range in.Counts.Reach {
		if x.Post == funnel.SiteWide {
			switch x.Step {
			case funnel.PageView:
				r.Total.Visitors += x.Visitors
			case funnel.Conversion:
				r.Total.Converters += x.Visitors
			}
			continue
		}
		switch p := b.post(x.Post); x.Step {
		case funnel.PageView:
			p.Visitors += x.Visitors
		case funnel.Conversion:
			p.Converters += x.Visitors
		}
	}
	for _, l := range in.Counts.Leads {
		if l.Post != funnel.Other {
			b.post(l.Post).Leads += l.Leads
		}
	}
	for _, v := range in.Counts.Values {
		if v.Post != funnel.Other {
			b.post(v.Post).Value += v.Amount
		}
	}
	if r.Attribution != funnel.ConvertedOn {
		r.Other.Submissions = b.credit(breakdownOf(in, creditOf(r.Attribution)))
	}
	r.Posts = b.finished()
	t := &r.Total
	t.Rate, t.RateLow, t.RateHigh, t.Enough = rateOf(t.Converters, t.Visitors)
	r.compare(in)
	if in.By != "" && in.By != "post" {
		r.By, r.Groups, r.Posts = in.By, groupsOf(in, r.Posts, b), nil
	}
	return r, nil
}

// builder gathers the lines of the report.
type builder struct {
	index *manifest.Index
	past  map[string]funnel.PastPost
	steps []funnel.Step
	posts []Post
	at    map[string]int // into posts, by path
}

// post is the line of a path, made when the site no longer has such a page.
func (b *builder) post(path string) *Post {
	if p, ok := b.index.Page(path); ok {
		path = p.Path
	}
	i, ok := b.at[path]
	if !ok {
		i = len(b.posts)
		b.at[path] = i
		was := b.past[path]
		b.posts = append(b.posts, Post{
			Path: path, Kind: cmp.Or(was.Kind, "post"), Title: cmp.Or(was.Title, path), Date: was.Date,
			Tags: []string{}, Gone: true, Figures: Figures{Steps: b.zeros()},
		})
	}
	return &b.posts[i]
}

func (b *builder) zeros() Steps {
	s := make(Steps, len(b.steps))
	for i, step := range b.steps {
		s[i].Step = step
	}
	return s
}

func (b *builder) finished() []Post {
	for i := range b.posts {
		b.posts[i].rated()
	}
	slices.SortFunc(b.posts, func(x, y Post) int {
		return cmp.Or(cmp.Compare(y.Submissions, x.Submissions), cmp.Compare(y.Steps.Of(funnel.PageView), x.Steps.Of(funnel.PageView)),
			cmp.Compare(y.Date, x.Date), cmp.Compare(x.Path, y.Path))
	})
	if b.posts == nil {
		return []Post{}
	}
	return b.posts
}

// rated gives figures their rate.
func (f *Figures) rated() {
	f.Rate, f.RateLow, f.RateHigh, f.Enough = rateOf(f.Converters, f.Visitors)
}

// rateOf is a rate as the report has it: nil without visitors.
func rateOf(converters, visitors int) (share, low, high *float64, enough bool) {
	rate := funnel.RateOf(converters, visitors)
	if !rate.Known {
		return nil, nil, nil, false
	}
	return rounded(rate.Share), rounded(rate.Low), rounded(rate.High), rate.Enough
}

// rounded keeps the four decimals a rate of some hundred readers deserves.
func rounded(x float64) *float64 {
	return new(math.Round(x*1e4) / 1e4)
}

// visited is the steps for which visitors are told apart.
func visited(s funnel.Step) bool {
	return s == funnel.PageView || s == funnel.FormView || s == funnel.FormStart || s == funnel.FormSubmit
}

func funnelOf(c funnel.Counts, steps []funnel.Step) []FunnelStep {
	total, visitors := map[funnel.Step]int{}, map[funnel.Step]int{}
	for _, t := range c.Tallies {
		total[t.Step] += t.Count
	}
	for _, r := range c.Reach {
		if r.Post == funnel.SiteWide {
			visitors[r.Step] += r.Visitors
		}
	}
	out := make([]FunnelStep, len(steps))
	for i, s := range steps {
		out[i] = FunnelStep{Step: s, Side: funnel.SideOf(s), Count: total[s]}
		if visited(s) {
			out[i].Visitors = new(visitors[s])
		}
	}
	return out
}

func daysOf(c funnel.Counts) []Day {
	days := []Day{}
	at := map[string]int{}
	for _, d := range daysBetween(c.Since, c.Until) {
		at[d] = len(days)
		days = append(days, Day{Day: d})
	}
	for _, d := range c.Days {
		i, ok := at[d.Day]
		if !ok {
			continue
		}
		switch d.Step {
		case funnel.PageView:
			days[i].Views += d.Count
		case funnel.FormSubmit:
			days[i].Submissions += d.Count
		}
	}
	return days
}
