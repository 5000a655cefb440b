package report

import (
	"cmp"
	_ "embed"
	"fmt"
	"html/template"
	"io"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"cardbowl/generator/internal/funnel"
	"cardbowl/generator/internal/manifest"
	"cardbowl/generator/internal/store"
)

//go:embed leads.html
var leadsSource string

//go:embed board.js
var boardScript []byte

// BoardScript lets a lead be dragged into another column of the board. Without it
// a lead is moved by the form beside it, as it is by whoever uses the keyboard.
func BoardScript() []byte { return boardScript }

var leadsTemplate = template.Must(template.Must(template.New("leads").Parse(funnelSource)).Parse(leadsSource))

// Desk is what the pages about people are made of.
type Desk struct {
	Manifest manifest.Manifest
	Leads    []Lead // of the page of a post: whom it brought
	Now      time.Time
	Zone     *time.Location
}

// Entered is what somebody typed about a lead, as it was typed.
type Entered struct {
	Stage, Value, Note, Next, On string
}

// stages are the sales stages of the site, in order, without lost.
func (d Desk) stages() []string {
	var out []string
	for _, s := range funnel.Steps(d.Manifest.Sales) {
		if funnel.SideOf(s) == funnel.SalesSide {
			out = append(out, string(s))
		}
	}
	return out
}

// Open are the stages from which something is still expected.
func (d Desk) Open() []string {
	stages := d.stages()
	return append([]string{""}, stages[:max(len(stages)-1, 0)]...)
}

// How long a lead may be left alone.
const (
	firstAnswer = 3 * 24 * time.Hour  // after its first card, while it is in no stage
	anyAnswer   = 14 * 24 * time.Hour // after what happened last, in a stage before the last one
)

// Waits says why a lead should be looked at now; nothing where it need not.
func (l Lead) Waits(stages []string, now time.Time, zone *time.Location) string {
	closed := l.Stage == string(funnel.Lost) || len(stages) > 0 && l.Stage == stages[len(stages)-1]
	if l.NextDay != "" && l.NextDay < now.In(zone).Format(time.DateOnly) {
		return "Was to be done " + onDay(l.NextDay)
	}
	if closed || l.NextDay != "" {
		return ""
	}
	last, limit := l.Cards[0].At, firstAnswer
	if l.Stage != "" {
		limit = anyAnswer
	}
	if n := len(l.History); n > 0 {
		last, limit = l.History[n-1].At, anyAnswer
	}
	if waited := now.Sub(last); waited >= limit {
		return "Has waited for " + counted(int(waited.Hours()/24), "day")
	}
	return ""
}

// frame is what every page about people has.
type frame struct {
	Style         template.CSS
	Site, Heading string
	Problem       string
	IsBoard       bool
	Stages        []string
}

func (d Desk) frame(heading string) frame {
	return frame{Style: template.CSS(pageStyle), Site: d.Manifest.Title, Heading: heading, Stages: append(d.stages(), string(funnel.Lost))}
}

func (d Desk) value(v *float64) string {
	if v == nil {
		return ""
	}
	whole, part, _ := strings.Cut(amount(v), ".")
	if n, err := strconv.Atoi(whole); err == nil {
		whole = grouped(n)
	}
	if part != "" {
		whole += "." + (part + "0")[:max(2, len(part))]
	}
	return strings.TrimSpace(whole + " " + d.Manifest.Currency)
}

type person struct{ ID, Name, Stage, Post, Value, Next, Waits string }

func (d Desk) person(l Lead, titles map[string]string) person {
	post := l.Cards[0].Post
	return person{
		ID: l.ID, Name: printable(cmp.Or(l.Name, l.Email, l.ID)), Stage: cmp.Or(l.Stage, "new"), Post: printable(cmp.Or(titles[post], post)),
		Value: d.value(l.Value), Next: strings.TrimSpace(printable(l.NextStep) + " " + onDay(l.NextDay)), Waits: l.Waits(d.stages(), d.Now, d.Zone),
	}
}

func (d Desk) titles() map[string]string {
	out := map[string]string{}
	for _, p := range d.Manifest.Pages {
		out[p.Path] = p.Title
	}
	return out
}

// Column is who is in one stage: some of them, with as many as there are.
type Column struct {
	Stage string // empty: in none yet
	Total int
	Leads []Lead
	After string // the lead that those who are not here follow; empty: nobody does
}

// boardColumn is a Column as it is drawn.
type boardColumn struct {
	Number         int
	Name, Stage    string
	Count          string
	More, MoreLink string
	Cards          []person
}

// MostCards is how many people a column shows, so that the page stays small.
const MostCards = 40

// Columns are the stages that a board has: those of the site, and those that it
// once had and somebody is still in.
func (d Desk) Columns(in map[string]int) []string {
	names := append(append([]string{""}, d.stages()...), string(funnel.Lost))
	var former []string
	for stage := range in {
		if !slices.Contains(names, stage) {
			former = append(former, stage)
		}
	}
	slices.Sort(former)
	return append(names, former...)
}

// WriteBoardHTML writes the page on which every lead stands in the column of its
// stage, or that of one stage alone. Of those in a column, those who wait come
// first, then those whose turn is next.
func WriteBoardHTML(w io.Writer, d Desk, columns []Column) error {
	v := struct {
		frame
		Total   string
		Alone   bool
		Columns []boardColumn
	}{frame: d.frame("Leads"), Alone: len(columns) == 1}
	v.IsBoard = true
	total := 0
	titles := d.titles()
	for i, of := range columns {
		total += of.Total
		c := boardColumn{Number: i, Stage: of.Stage, Name: printable(cmp.Or(of.Stage, "new")), Count: grouped(of.Total)}
		for _, l := range of.Leads {
			c.Cards = append(c.Cards, d.person(l, titles))
		}
		slices.SortStableFunc(c.Cards, func(a, b person) int {
			return cmp.Compare(order(a), order(b))
		})
		c.Cards = c.Cards[:min(len(c.Cards), MostCards)]
		switch rest := of.Total - len(c.Cards); {
		case v.Alone && of.After != "":
			c.More, c.MoreLink = "Those before them", "?"+url.Values{"stage": {of.Stage}, "after": {of.After}}.Encode()
		case !v.Alone && rest > 0:
			c.More, c.MoreLink = counted(rest, "other"), "?"+url.Values{"stage": {of.Stage}}.Encode()
		}
		v.Columns = append(v.Columns, c)
	}
	if total > 0 || v.Alone {
		v.Total = counted(total, "lead")
	}
	return writeLeads(w, "board", v)
}

// order puts those who wait before those with something to do before the rest.
func order(p person) int {
	switch {
	case p.Waits != "":
		return 0
	case p.Next != "":
		return 1
	}
	return 2
}

type fact struct{ Name, Text string }

type moment struct {
	At, What, Note string
	Facts          []fact
}

// Sent is a message about a lead that was sent, or is to be.
type Sent struct {
	At    time.Time // when there was a reason for it
	What  string    // "Mail that asks to confirm the address"
	To    string
	State string // "sent on 2 Jan 2006 15:04"
	Said  string // why it was not taken, the last time
}

// WriteLeadHTML writes the page of one lead: how it came, what it wrote, what
// happened since, what was sent, and a form for what happens next. problem says what
// was wrong with what was entered; it then stands in the form again.
func WriteLeadHTML(w io.Writer, d Desk, l Lead, sent []Sent, entered Entered, problem string) error {
	v := struct {
		frame
		ID, Standing, Next, Waits, Currency string
		Contact                             []fact
		Journey, Sent                       []moment
		Entered                             Entered
	}{frame: d.frame(printable(cmp.Or(l.Name, l.Email, l.ID))), ID: l.ID, Currency: d.Manifest.Currency, Entered: entered,
		Waits: l.Waits(d.stages(), d.Now, d.Zone)}
	v.Problem = problem
	v.Standing = strings.Join(Event{Stage: cmp.Or(printable(l.Stage), "new"), Value: l.Value}.said(d.value), ", ")
	v.Next = strings.TrimSpace(printable(l.NextStep) + " " + onDay(l.NextDay))
	for _, f := range []fact{{"E-mail", l.Email}, {"Telephone", l.Phone}, {"Company", l.Company}} {
		if f.Text != "" {
			v.Contact = append(v.Contact, fact{f.Name, printable(f.Text)})
		}
	}
	v.Journey = d.journey(l)
	for _, s := range sent {
		m := moment{At: d.minute(s.At), What: s.What, Facts: []fact{{"to", printable(s.To)}, {"state", s.State}}}
		if s.Said != "" {
			m.Facts = append(m.Facts, fact{"it was answered", printable(s.Said)})
		}
		v.Sent = append(v.Sent, m)
	}
	return writeLeads(w, "lead", v)
}

// minute is a time as the pages about people write it.
func (d Desk) minute(at time.Time) string { return at.In(d.Zone).Format("2 Jan 2006 15:04") }

// journey is all that happened between a lead and the site, the oldest first.
func (d Desk) journey(l Lead) []moment {
	titles := d.titles()
	named := func(path string) string {
		if title := titles[path]; title != "" {
			return title + ", " + path
		}
		return cmp.Or(printable(path), "a page the site does not know")
	}
	type dated struct {
		at time.Time
		moment
	}
	var all []dated
	for _, c := range l.Cards {
		m := moment{What: "Sent the form " + c.Form}
		switch {
		case c.Imported:
			m.What = "Brought over from elsewhere"
		case c.Duplicate:
			m.What += " again; not counted"
		}
		if !c.Imported {
			m.Facts = append(m.Facts, fact{"on", named(c.Post)})
		}
		for _, line := range c.journey() {
			m.Facts = append(m.Facts, fact{line[0], printable(line[1])})
		}
		for _, a := range c.Answers {
			if a.Value != "" {
				m.Facts = append(m.Facts, fact{a.Name, printable(a.Value)})
			}
		}
		if c.Consent != "" {
			m.Facts = append(m.Facts, fact{"agreed to", printable(d.sentence(c))})
		}
		all = append(all, dated{c.At, m})
	}
	for _, mark := range []struct {
		at   *time.Time
		what string
	}{{l.ConfirmedAt, "Confirmed the address"}, {l.UnsubscribedAt, "Unsubscribed: no more mail"}} {
		if mark.at != nil {
			all = append(all, dated{*mark.at, moment{What: mark.what}})
		}
	}
	for _, e := range l.History {
		all = append(all, dated{e.At, moment{What: strings.Join(e.said(d.value), ", "), Note: e.Note}})
	}
	slices.SortStableFunc(all, func(a, b dated) int { return a.at.Compare(b.at) })
	out := make([]moment, len(all))
	for i, m := range all {
		out[i] = m.moment
		out[i].At = d.minute(m.at)
	}
	return out
}

// sentence is what stood beside the box that was ticked, where the site still
// says so, else the version of it.
func (d Desk) sentence(c Card) string {
	for _, f := range d.Manifest.Forms {
		if f.Name == c.Form && f.Consent != "" && store.HashText(f.Consent) == c.Consent {
			return f.Consent
		}
	}
	return "the sentence of version " + c.Consent
}

// formFigures are the counts of one form in one place.
type formFigures struct {
	Name, Place         string
	Seen, Started, Sent string
}

// mostBrought is how many people the page of a post shows.
const mostBrought = 50

// OfPost is what the page of a post tells besides its line in a report.
type OfPost struct {
	Counts    funnel.Counts // that the report was made of
	Sources   []Group       // where its readers came from
	Revisions []Group       // its texts, the newest first; see Edit
	Days      []Day         // each of the period, as in Trends
	Edited    []string      // the days of its edits
}

// line is one row of a small table.
type line struct {
	Name, Visitors, Sent, Rate string
	Said                       string // what came of the edit
}

// mostSources is how many sources the page of a post shows.
const mostSources = 12

// came are sources as rows.
func came(groups []Group) (out []line, more string) {
	for _, g := range groups {
		if g.Visitors == 0 && g.Submissions == 0 {
			continue
		}
		out = append(out, line{Name: g.name("source"), Visitors: grouped(g.Visitors), Sent: grouped(g.Submissions), Rate: share(g.Rate, g.RateLow, g.RateHigh, g.Enough)})
	}
	if n := len(out); n > mostSources {
		return out[:mostSources], counted(n-mostSources, "other source")
	}
	return out, ""
}

// edits are revisions as rows, with what came of each.
func edits(groups []Group) (out []line) {
	if len(groups) < 2 {
		return nil // nothing was edited while somebody read it
	}
	for _, g := range groups {
		l := line{Name: cmp.Or(g.Since, "before"), Visitors: grouped(g.Visitors), Sent: grouped(g.Submissions), Rate: share(g.Rate, g.RateLow, g.RateHigh, g.Enough)}
		if e := g.Edit; e != nil {
			switch e.Verdict {
			case Up, Down:
				l.Said = fmt.Sprintf("%s by %s points (95 %%: %s to %s)", e.Verdict, signed(*e.Difference), signed(*e.Low), signed(*e.High))
			case Unclear:
				l.Said = "no difference that chance could not make"
			default:
				l.Said = "too few readers to compare"
			}
		}
		out = append(out, l)
	}
	return out
}

// signed is a difference of rates in points of a hundred, "+1.2".
func signed(x float64) string { return fmt.Sprintf("%+.1f", 100*x) }

// WritePostHTML writes the page of one page of the site: its funnel, its rate, its
// forms, where its readers came from, what came of its edits, and whom it brought.
// r has all posts.
func WritePostHTML(w io.Writer, d Desk, r Report, p Post, of OfPost) error {
	c := of.Counts
	v := struct {
		frame
		Period, Address, More string
		Steps                 []htmlStep
		Facts                 []fact
		Forms                 []formFigures
		Brought               []person
		Sources, Revisions    []line
		MoreSources           string
		Trend                 *trend
	}{frame: d.frame(printable(p.Title)), Period: periodOf(r), Address: (&url.URL{Path: p.Path}).String()}
	v.Steps = htmlSteps(p.alone())
	v.Facts = []fact{{"Visitors", grouped(p.Visitors)}, {"Rate (95 %)", share(p.Rate, p.RateLow, p.RateHigh, p.Enough)}, {"Leads", grouped(p.Leads)}}
	if p.Value != 0 {
		v.Facts = append(v.Facts, fact{"Brought", d.value(&p.Value)})
	}
	if p.Rank != nil {
		v.Facts = append(v.Facts, fact{"Rank among posts", grouped(*p.Rank)})
	}
	if p.Needed != nil && *p.Needed > 0 {
		v.Facts = append(v.Facts, fact{"Needs, until its rate is known", counted(*p.Needed, "more visitor")})
	}
	index := manifest.NewIndex(d.Manifest)
	here := func(path string) bool {
		page, known := index.Page(path)
		return path == p.Path || known && path != funnel.Other && page.Path == p.Path
	}
	v.Forms = formsAt(c, here)
	v.Sources, v.MoreSources = came(of.Sources)
	v.Revisions = edits(of.Revisions)
	v.Trend = trendOf(of.Days, of.Edited)
	titles := d.titles()
	for _, l := range d.Leads {
		if !here(l.Cards[0].Post) {
			continue
		}
		v.Brought = append(v.Brought, d.person(l, titles))
	}
	stages := d.stages()
	far := func(p person) int { return slices.Index(stages, p.Stage) } // -1: lost
	slices.SortStableFunc(v.Brought, func(a, b person) int { return cmp.Compare(far(b), far(a)) })
	if rest := max(len(v.Brought), p.Leads) - mostBrought; rest > 0 {
		v.Brought, v.More = v.Brought[:min(len(v.Brought), mostBrought)], counted(rest, "other")
	}
	return writeLeads(w, "post", v)
}

// formsAt are the forms that were counted on a page, by name and place.
func formsAt(c funnel.Counts, here func(string) bool) []formFigures {
	type key struct{ form, place string }
	sums := map[key]map[funnel.Step]int{}
	for _, t := range c.Tallies {
		if t.Form == "" || !here(t.Post) {
			continue
		}
		k := key{t.Form, t.Placement}
		if sums[k] == nil {
			sums[k] = map[funnel.Step]int{}
		}
		sums[k][t.Step] += t.Count
	}
	var out []formFigures
	for k, n := range sums {
		out = append(out, formFigures{k.form, k.place, grouped(n[funnel.FormView]), grouped(n[funnel.FormStart]), grouped(n[funnel.FormSubmit])})
	}
	slices.SortFunc(out, func(a, b formFigures) int {
		return cmp.Or(cmp.Compare(a.Name, b.Name), cmp.Compare(a.Place, b.Place))
	})
	return out
}

func writeLeads(w io.Writer, name string, view any) error {
	var b strings.Builder
	if err := leadsTemplate.ExecuteTemplate(&b, name, view); err != nil {
		return fmt.Errorf("write the page: %w", err)
	}
	if _, err := io.WriteString(w, b.String()); err != nil {
		return fmt.Errorf("write the page: %w", err)
	}
	return nil
}
