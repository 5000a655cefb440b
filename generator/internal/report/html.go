package report

import (
	"cmp"
	"crypto/sha256"
	_ "embed"
	"encoding/base64"
	"fmt"
	"html/template"
	"io"
	"math"
	"net/url"
	"slices"
	"strings"

	"cardbowl/generator/internal/funnel"
)

//go:embed funnel.html
var funnelSource string // the drawing that report.html and leads.html share

//go:embed report.html
var pageSource string

//go:embed report.css
var pageStyle string

//go:embed live.js
var liveScript []byte

// LiveScript is what brings an open report up to date. Without it the page is
// complete, and shows what was so when it was asked for.
func LiveScript() []byte { return liveScript }

var pageTemplate = template.Must(template.Must(template.New("report").Parse(funnelSource)).Parse(pageSource))

// HTMLOptions are the choices of WriteHTML. The zero value is for a file.
type HTMLOptions struct {
	Refresh int      // seconds until a browser asks again; 0: never, the page is a file
	Trends  Trends   // of the posts that are shown, to be drawn beside their titles
	Next    []Advice // what is worth doing; only where there is a table of posts
	Since   string   // the period as it was asked for, to mark it among the choices; only with Refresh

	Table   TableQuery // which lines of the table are shown
	Address url.Values // how the page was asked for: what its links and its form keep; only with Refresh
}

// StyleSource allows the page's one style sheet in a Content-Security-Policy.
func StyleSource() string {
	sum := sha256.Sum256([]byte(pageStyle))
	return "'sha256-" + base64.StdEncoding.EncodeToString(sum[:]) + "'"
}

type htmlView struct {
	Report
	HTMLOptions
	Style                                    template.CSS
	Period, Definitions                      string
	Visitors, Submissions, Share, ShareWords string
	Choices                                  []choice
	Steps                                    []htmlStep
	Bars                                     []htmlBar
	ChartWidth                               int
	ChartWords, MostViews, MostSent, Each    string
	Rows                                     []htmlRow
	Silent, Other, Head, Best                string
	Columns                                  []measure
	TitleLink, Found                         string
	TitleSorted                              bool
	Pages                                    []choice
	Bys, Credits                             []choice
	BeforeWords                              string
	TrendWords                               string // what the lines beside the titles are; empty: there are none
	SiteAt                                   string // where the site's own rate stands among the intervals, of 100; empty: nowhere
	Most                                     string // what the right end of the intervals is
	Said                                     []string
	Long                                     [][2]string // what took how long
}

type choice struct {
	Value, Words string
	Link         string // an address that chooses it
	Current      bool
}

type htmlStep struct {
	Name, Count, Note, Side string
	Slice                   string // corners of it, in a box of 100 by 10
	Ghost                   string // likewise of the period before; empty where there is none
	Before                  string // its count
	Border                  bool
}

type htmlBar struct {
	X                            int
	ViewsY, ViewsH, SentY, SentH string
	Words                        string
}

type htmlRow struct {
	Title, Path, Views, Visitors, Seen, Started, Sent, Leads, Last, Rate string
	Page                                                                 string // where more of it is told; empty in a file
	Gone, Quiet                                                          bool
	Range                                                                *htmlRange // nil: nothing is drawn
	Spark                                                                *spark     // likewise
}

// htmlRange is an interval and the rate in it, drawn on a line of 100.
type htmlRange struct {
	From, Wide, At string
	Few            bool
}

// ranges is how much of a rate a line of 100 stands for: as much as the interval
// of a line with enough visitors reaches, so that those with few do not press the
// others into a corner. 0 where there is no such line.
func ranges(shown []Post) float64 {
	most := 0.0
	for _, p := range shown {
		if p.Enough && p.RateHigh != nil {
			most = max(most, *p.RateHigh)
		}
	}
	return most
}

func rangeOf(p Post, most float64) *htmlRange {
	if most == 0 || p.Rate == nil {
		return nil
	}
	at := func(x float64) float64 { return min(x/most, 1) * 100 }
	return &htmlRange{
		From: fmt.Sprintf("%.1f", at(*p.RateLow)), Wide: fmt.Sprintf("%.1f", max(at(*p.RateHigh)-at(*p.RateLow), 1)),
		At: fmt.Sprintf("%.1f", max(at(*p.Rate)-1, 0)), Few: !p.Enough,
	}
}

// WriteHTML writes the report as one page that needs nothing else: no script,
// no picture, no network. It may be kept, printed and mailed.
func WriteHTML(w io.Writer, r Report, o HTMLOptions) error {
	v := htmlView{
		Report: r, HTMLOptions: o, Style: template.CSS(pageStyle), Period: periodOf(r), Definitions: definitionsOf(r), Head: lineName(r),
		Visitors: grouped(r.Total.Visitors), Submissions: grouped(r.Total.Submissions),
		Share: share(r.Total.Rate, r.Total.RateLow, r.Total.RateHigh, r.Total.Enough),
		Steps: htmlSteps(r),
	}
	switch v.Share {
	case tooFew:
		v.ShareWords = "to give a rate"
	case "–":
		v.ShareWords = "no rate without visitors"
	default:
		v.ShareWords = "of visitors sent a form"
	}
	if o.Refresh > 0 {
		v.Choices = choices(o.Since, o.Address)
	}
	v.chart(r)
	for _, w := range r.Waits {
		if words := w.said(); words != "" {
			v.Long = append(v.Long, [2]string{w.name(), words})
		}
	}
	all, silent := listed(lines(r))
	v.Columns = measures(r)
	shown, found := o.Table.pick(all, v.Columns)
	if o.Refresh > 0 {
		for i := range v.Columns {
			c := &v.Columns[i]
			c.Link, c.Sorted = with(o.Address, "sort", c.Name), c.Name == o.Table.Sort
		}
		v.TitleLink, v.TitleSorted = with(o.Address, "sort", "title"), o.Table.Sort == "title"
		v.Pages = o.Table.pages(found, o.Address)
		v.Bys, v.Credits = options(Breakdowns(), cmp.Or(r.By, "post")), options(Attributions(), string(r.Attribution))
		if o.Table.Find != "" {
			v.Found = counted(found, "line") + " with “" + o.Table.Find + "”"
		}
	}
	v.Best = Best(r)
	if r.Before != nil {
		v.BeforeWords = spanWords(r.Before.Since, r.Before.Until)
	}
	most := ranges(shown)
	if most > 0 && r.Total.Rate != nil && *r.Total.Rate <= most {
		v.SiteAt = fmt.Sprintf("%.1f", *r.Total.Rate/most*100)
	}
	v.Most = percent(most)
	if o.Refresh == 0 { // in a file, what the dashboard says elsewhere
		v.Said = slices.DeleteFunc(append(comparison(r), neededOf(r)), func(s string) bool { return s == "" })
	}
	for _, p := range shown {
		page := ""
		if o.Refresh > 0 && r.By == "" {
			page = "/_/report/post/?" + url.Values{"path": {p.Path}, "since": {r.Since}, "until": {r.Until}}.Encode()
		}
		v.Rows = append(v.Rows, htmlRow{
			Page: page, Title: p.Title, Path: p.Path, Views: grouped(p.Steps.Of(funnel.PageView)), Visitors: grouped(p.Visitors),
			Seen: grouped(p.Steps.Of(funnel.FormView)), Started: grouped(p.Steps.Of(funnel.FormStart)),
			Sent: grouped(p.Submissions), Leads: grouped(p.Leads), Last: grouped(p.Steps.Of(last(r))), Rate: share(p.Rate, p.RateLow, p.RateHigh, p.Enough),
			Gone: p.Gone, Quiet: p.Visitors == 0 && p.Submissions == 0, Range: rangeOf(p, most), Spark: sparkOf(o.Trends.Days[p.Path]),
		})
	}
	if slices.ContainsFunc(v.Rows, func(r htmlRow) bool { return r.Spark != nil }) {
		v.TrendWords = "its visitors day by day"
		if o.Trends.Since > r.Since {
			v.TrendWords += " since " + o.Trends.Since
		}
	}
	if silent > 0 {
		v.Silent = counted(silent, "other page") + " without visitors"
	}
	if n := r.Other.Submissions; n > 0 {
		v.Other = counted(n, "submission") + " on a post that this site does not know"
	}
	var b strings.Builder
	if err := pageTemplate.Execute(&b, v); err != nil {
		return fmt.Errorf("write report: %w", err)
	}
	if _, err := io.WriteString(w, b.String()); err != nil {
		return fmt.Errorf("write report: %w", err)
	}
	return nil
}

// options are the words that one can choose among.
func options(words []string, now string) []choice {
	out := make([]choice, len(words))
	for i, w := range words {
		out[i] = choice{Value: w, Words: strings.ReplaceAll(w, "_", " "), Current: w == now}
	}
	return out
}

func choices(since string, address url.Values) []choice {
	if since == "" {
		since = "30d"
	}
	list := []choice{{Value: "1d", Words: "today"}, {Value: "7d", Words: "7 days"}, {Value: "30d", Words: "30 days"}, {Value: "365d", Words: "a year"}, {Value: "all", Words: "all"}}
	for i := range list {
		list[i].Current = list[i].Value == since && address.Get("until") == ""
		kept := url.Values{}
		for key, value := range address {
			if key != "until" {
				kept[key] = value
			}
		}
		list[i].Link = with(kept, "since", list[i].Value)
	}
	return list
}

// alone is the funnel of a post, as of a site that has no other.
func (p Post) alone() Report {
	var one Report
	one.Total.Rate, one.Total.RateLow, one.Total.RateHigh, one.Total.Enough = p.Rate, p.RateLow, p.RateHigh, p.Enough
	for _, s := range p.Steps {
		step := FunnelStep{Step: s.Step, Side: funnel.SideOf(s.Step), Count: s.Count}
		if s.Step == funnel.PageView {
			step.Visitors = &p.Visitors
		}
		one.Funnel = append(one.Funnel, step)
	}
	return one
}

// htmlSteps draws the funnel: each step a slice as wide as its count, which
// narrows to the next one. Widths are square roots of counts, so that one client
// can be seen below a thousand readers.
func htmlSteps(r Report) []htmlStep {
	most := 1
	for _, s := range r.Funnel {
		most = max(most, s.Count)
		if s.Before != nil {
			most = max(most, *s.Before)
		}
	}
	slice := func(count func(FunnelStep) int, i int) string {
		width := func(i int) float64 {
			if i >= len(r.Funnel) || count(r.Funnel[i]) <= 0 {
				return 0
			}
			return math.Sqrt(float64(count(r.Funnel[i]))/float64(most)) * 100
		}
		upper := width(i)
		lower := min(upper, width(i+1))
		if lower == 0 {
			lower = upper / 2
		}
		return fmt.Sprintf("%.1f,0 %.1f,0 %.1f,10 %.1f,10", 50-upper/2, 50+upper/2, 50+lower/2, 50-lower/2)
	}
	var steps []htmlStep
	side := funnel.MarketingSide
	for i, s := range r.Funnel {
		step := htmlStep{Name: string(s.Step), Count: grouped(s.Count), Note: stepNote(r, i), Border: s.Side != side, Side: "market",
			Slice: slice(func(s FunnelStep) int { return s.Count }, i)}
		if s.Before != nil && s.Count+*s.Before > 0 {
			step.Before = grouped(*s.Before)
			step.Ghost = slice(func(s FunnelStep) int { return *s.Before }, i)
		}
		if s.Side == funnel.SalesSide {
			step.Side = "sales"
		}
		side = s.Side
		steps = append(steps, step)
	}
	return steps
}

// maxBars keeps the bars of the chart wide enough to be seen.
const maxBars = 120

// chart draws the days, several to a bar when there are many.
func (v *htmlView) chart(r Report) {
	if len(r.Days) < 2 {
		return
	}
	bars, each := together(r.Days, maxBars)
	var mostViews, mostSent int
	v.Bars, mostViews, mostSent = drawn(bars, each, "view")
	v.ChartWidth = len(bars)*10 - 2
	v.MostViews, v.MostSent = grouped(mostViews), grouped(mostSent)
	v.ChartWords = "Page views and submissions for each of " + counted(len(r.Days), "day")
	v.Each = perBar(each)
	if each > 1 {
		v.ChartWords += fmt.Sprintf(", %d days to a bar", each)
	}
}

// perBar is what a bar of so many days counts.
func perBar(each int) string {
	if each > 1 {
		return fmt.Sprintf("in %d days", each)
	}
	return "a day"
}

// drawn are bars of each so many days, and how many readers and submissions the
// highest have: readers stand on the middle line, submissions hang from it.
func drawn(points []Day, each int, reader string) (bars []htmlBar, mostViews, mostSent int) {
	for _, b := range points {
		mostViews, mostSent = max(mostViews, b.Views), max(mostSent, b.Submissions)
	}
	height := func(n, most, room int) float64 { return float64(n) * float64(room) / float64(max(most, 1)) }
	for i, b := range points {
		views, sent := height(b.Views, mostViews, 68), height(b.Submissions, mostSent, 28)
		words := b.Day
		if each > 1 {
			words = "from " + b.Day
		}
		bars = append(bars, htmlBar{
			X: i * 10, ViewsY: fmt.Sprintf("%.1f", 70-views), ViewsH: fmt.Sprintf("%.1f", views), SentY: "72.0", SentH: fmt.Sprintf("%.1f", sent),
			Words: words + ": " + counted(b.Views, reader) + ", " + counted(b.Submissions, "submission"),
		})
	}
	return bars, mostViews, mostSent
}
