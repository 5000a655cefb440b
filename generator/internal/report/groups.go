package report

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"cardbowl/generator/internal/funnel"
	"cardbowl/generator/internal/manifest"
)

// Group is the line of one key of a breakdown other than by post.
//
// By form and placement, visitors are those who saw the form, and converters
// those of them who sent it. By tag, author and section, visitors and leads are
// sums over posts: who read two posts of a tag stands there twice.
type Group struct {
	Key   string `json:"key"`             // empty: not known, or none
	Path  string `json:"path,omitempty"`  // of a revision: its page
	Title string `json:"title,omitempty"` // of a revision: its page's then
	Since string `json:"from,omitempty"`  // of a revision: the day it was first seen, YYYY-MM-DD in UTC
	Posts int    `json:"posts,omitempty"` // by tag, author and section: how many posts
	Edit  *Edit  `json:"edit,omitempty"`  // of a revision that was read, and so was one before it
	Figures
}

// Edit holds a revision of a page against the one that was read before it, in the
// days of the report. Nobody chose by lot who reads which: what else differed
// between the days of the two is in the difference, too.
type Edit struct {
	Before     string `json:"before"`     // key of the group it is held against
	Randomised bool   `json:"randomised"` // always false: see above
	Change
}

// Need is a breakdown that a report is made of.
type Need struct {
	Dimension funnel.Dimension
	Post      string // as the store takes it
}

// breakdowns are what a report can be made by, besides post, with the dimension
// each is counted by; those without one are sums over posts.
func breakdowns() []struct {
	By        string
	Dimension funnel.Dimension
	Post      string
} {
	return []struct {
		By        string
		Dimension funnel.Dimension
		Post      string
	}{
		{"form", funnel.ByForm, funnel.SiteWide}, {"placement", funnel.ByPlacement, funnel.SiteWide},
		{"source", funnel.BySource, funnel.SiteWide}, {"campaign", funnel.ByCampaign, funnel.SiteWide},
		{"tag", "", ""}, {"author", "", ""}, {"section", "", ""},
		{"revision", funnel.ByRevision, ""},
	}
}

// Breakdowns are the words for what a report can be made by.
func Breakdowns() []string {
	out := []string{"post"}
	for _, b := range breakdowns() {
		out = append(out, b.By)
	}
	return out
}

// Attributions are the ways of crediting a submission to a post.
func Attributions() []string {
	return []string{string(funnel.ConvertedOn), string(funnel.FirstPost), string(funnel.Assist)}
}

// Needs says which breakdowns Build wants for a question, or ErrUnknown.
func Needs(by string, attribution funnel.Attribution) ([]Need, error) {
	var needs []Need
	switch attribution {
	case "", funnel.ConvertedOn:
	case funnel.FirstPost, funnel.Assist:
		needs = append(needs, Need{creditOf(attribution), funnel.SiteWide})
	default:
		return nil, fmt.Errorf("%w attribution %q: one of %s", ErrUnknown, attribution, strings.Join(Attributions(), ", "))
	}
	if by == "" || by == "post" {
		return needs, nil
	}
	for _, b := range breakdowns() {
		if b.By != by {
			continue
		}
		if b.Dimension != "" {
			needs = append(needs, Need{b.Dimension, b.Post})
		}
		if b.Dimension == funnel.ByCampaign { // what came by none is the rest
			needs = append(needs, Need{funnel.BySource, funnel.SiteWide})
		}
		return needs, nil
	}
	return nil, fmt.Errorf("%w breakdown %q: one of %s", ErrUnknown, by, strings.Join(Breakdowns(), ", "))
}

func creditOf(a funnel.Attribution) funnel.Dimension {
	if a == funnel.Assist {
		return funnel.ByAssist
	}
	return funnel.ByFirstPost
}

func breakdownOf(in Input, d funnel.Dimension) funnel.Breakdown {
	for _, b := range in.Breakdowns {
		if b.Dimension == d {
			return b
		}
	}
	return funnel.Breakdown{}
}

// credit gives what followed the forms to the posts that a breakdown credits,
// instead of those the forms were sent on. It returns the submissions that are
// credited to no page of the site.
func (b *builder) credit(by funnel.Breakdown) (other int) {
	for i := range b.posts {
		f := &b.posts[i].Figures
		for j, s := range f.Steps {
			switch s.Step {
			case funnel.PageView, funnel.FormView, funnel.FormStart:
			default:
				f.Steps[j].Count = 0
			}
		}
		f.Converters, f.Submissions, f.Leads, f.Value = 0, 0, 0, 0
	}
	for _, p := range by.Parts {
		if p.Key != funnel.Other {
			b.post(p.Key).take(p)
		} else if p.Step == funnel.FormSubmit {
			other += p.Count
		}
	}
	for _, l := range by.Leads {
		if l.Key != funnel.Other {
			b.post(l.Key).Leads += l.Leads
		}
	}
	return other
}

// take adds a part to figures.
func (f *Figures) take(p funnel.Part) {
	switch p.Step {
	case funnel.Brought:
		f.Value += p.Amount
	case funnel.Conversion:
		f.Converters += p.Visitors
	case funnel.FormSubmit:
		f.Submissions += p.Count
	}
	f.Steps.add(p.Step, p.Count)
}

// groupsOf are the lines of a breakdown other than by post.
func groupsOf(in Input, posts []Post, b builder) []Group {
	g := grouping{at: map[string]int{}, zeros: b.zeros}
	switch in.By {
	case "tag", "author", "section":
		for _, p := range posts {
			for _, key := range keysOf(p, in.By, b.index) {
				g.group(key).sum(p)
			}
		}
	case "revision":
		g.revisions(breakdownOf(in, funnel.ByRevision))
	case "form", "placement":
		g.parts(breakdownOf(in, dimensionOf(in.By)), funnel.FormView)
	case "campaign":
		g.parts(breakdownOf(in, funnel.ByCampaign), funnel.PageView)
		g.rest(breakdownOf(in, funnel.BySource))
	default:
		g.parts(breakdownOf(in, dimensionOf(in.By)), funnel.PageView)
	}
	return g.finished()
}

func dimensionOf(by string) funnel.Dimension {
	for _, b := range breakdowns() {
		if b.By == by {
			return b.Dimension
		}
	}
	return ""
}

// keysOf are the tags, authors or the section of a post; one empty key where it has none.
func keysOf(p Post, by string, index *manifest.Index) []string {
	page, _ := index.Page(p.Path) // what is gone has tags no more
	var keys []string
	switch by {
	case "tag":
		keys = page.Tags
	case "author":
		keys = page.Authors
	case "section":
		keys = []string{page.Section}
	}
	if p.Gone || len(keys) == 0 {
		return []string{""}
	}
	return keys
}

// grouping gathers groups by key.
type grouping struct {
	groups []Group
	at     map[string]int
	zeros  func() Steps
}

func (g *grouping) group(key string) *Group {
	i, known := g.at[key]
	if !known {
		i = len(g.groups)
		g.at[key] = i
		g.groups = append(g.groups, Group{Key: key, Figures: Figures{Steps: g.zeros()}})
	}
	return &g.groups[i]
}

func (x *Group) sum(p Post) {
	x.Posts++
	for _, s := range p.Steps {
		x.Steps.add(s.Step, s.Count)
	}
	x.Visitors += p.Visitors
	x.Converters += p.Converters
	x.Submissions += p.Submissions
	x.Leads += p.Leads
	x.Value += p.Value
}

// parts takes a breakdown of the whole site. trial is the step whose visitors
// could have converted.
func (g *grouping) parts(b funnel.Breakdown, trial funnel.Step) {
	for _, p := range b.Parts {
		x := g.group(p.Key)
		x.take(p)
		if p.Step == trial {
			x.Visitors += p.Visitors
		}
	}
	for _, l := range b.Leads {
		g.group(l.Key).Leads += l.Leads
	}
}

// rest is what a breakdown of everything has beyond the groups there are. How
// many people that were nobody has counted; it is the leads under the empty key.
func (g *grouping) rest(everything funnel.Breakdown) {
	whole := grouping{at: map[string]int{}, zeros: g.zeros}
	whole.parts(everything, funnel.PageView)
	leads := g.group("").Leads
	none := Group{Figures: Figures{Steps: g.zeros(), Leads: leads}}
	add := func(x Group, sign int) {
		for _, s := range x.Steps {
			none.Steps.add(s.Step, sign*s.Count)
		}
		none.Visitors += sign * x.Visitors
		none.Converters += sign * x.Converters
		none.Submissions += sign * x.Submissions
		none.Value += float64(sign) * x.Value
	}
	for _, x := range whole.groups {
		add(x, 1)
	}
	for _, x := range g.groups {
		if x.Key != "" {
			add(x, -1)
		}
	}
	*g.group("") = none
}

// revisions makes a group of every revision that was read, and of the one before
// it, so that each can be compared.
func (g *grouping) revisions(b funnel.Breakdown) {
	name := func(path, digest string) string { return path + "@" + digest }
	for _, p := range b.Parts {
		x := g.group(name(p.Post, p.Key))
		x.Path = p.Post
		x.take(p)
		if p.Step == funnel.PageView {
			x.Visitors += p.Visitors
		}
	}
	for _, l := range b.Leads {
		if i, known := g.at[name(l.Post, l.Key)]; known {
			g.groups[i].Leads += l.Leads
		}
	}
	for _, r := range b.Revisions {
		if i, known := g.at[name(r.Path, r.Digest)]; known {
			g.groups[i].Title, g.groups[i].Since = r.Title, r.Since
		}
	}
}

func (g *grouping) finished() []Group {
	out := make([]Group, 0, len(g.groups))
	for _, x := range g.groups {
		quiet := x.Visitors == 0 && x.Leads == 0
		for _, s := range x.Steps {
			quiet = quiet && s.Count == 0
		}
		if quiet && x.Key == "" {
			continue
		}
		x.rated()
		out = append(out, x)
	}
	slices.SortFunc(out, func(a, b Group) int {
		if a.Path != "" || b.Path != "" { // revisions: page by page, the newest first
			return cmp.Or(cmp.Compare(a.Path, b.Path), cmp.Compare(b.Since, a.Since), cmp.Compare(a.Key, b.Key))
		}
		return cmp.Or(cmp.Compare(b.Submissions, a.Submissions), cmp.Compare(b.Steps.Of(funnel.PageView), a.Steps.Of(funnel.PageView)),
			cmp.Compare(b.Steps.Of(funnel.FormView), a.Steps.Of(funnel.FormView)), cmp.Compare(a.Key, b.Key))
	})
	for i := range out[:max(len(out)-1, 0)] {
		out[i].Edit = editOf(out[i], out[i+1])
	}
	return out
}

// editOf holds a revision against an older one; nil where the two are not of one
// page, or nobody read one of them, or nobody knows which is the older.
func editOf(now, was Group) *Edit {
	if now.Path == "" || now.Path != was.Path || now.Visitors == 0 || was.Visitors == 0 || now.Since == "" || now.Since == was.Since {
		return nil
	}
	return &Edit{Before: was.Key, Change: *changeOf(trial{now.Visitors, now.Converters, now.Submissions}, trial{was.Visitors, was.Converters, was.Submissions})}
}

// GroupsOf are the lines of one page by a dimension that is kept for pages: the
// sources its readers came from, or its revisions, each held against the one
// before. sales are the stages of the site.
func GroupsOf(b funnel.Breakdown, sales []string) []Group {
	steps := funnel.Steps(sales)
	g := grouping{at: map[string]int{}, zeros: (&builder{steps: steps}).zeros}
	if b.Dimension == funnel.ByRevision {
		g.revisions(b)
	} else {
		g.parts(b, funnel.PageView)
	}
	return g.finished()
}
