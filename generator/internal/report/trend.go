package report

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"time"

	"cardbowl/generator/internal/funnel"
	"cardbowl/generator/internal/manifest"
)

// Trends are posts day by day.
type Trends struct {
	Since, Until string           // YYYY-MM-DD, both included
	Days         map[string][]Day // by the path of a page of the site: every day, zeros included; Views are visitors
}

// How many days are looked at: of each post in the table, and of a post on its page.
const (
	TrendOfTable = 120
	TrendOfPost  = 1100
)

// Lately is the first day of the last so many days of a period.
func Lately(since, until string, days int) string {
	end, err := time.Parse(time.DateOnly, until)
	if err != nil {
		return since
	}
	return max(since, end.AddDate(0, 0, 1-days).Format(time.DateOnly))
}

// Shown are the paths of the posts that a page of the table shows; none in a report
// by something else.
func Shown(r Report, q TableQuery) (paths []string) {
	if r.By != "" {
		return nil
	}
	all, _ := listed(lines(r))
	shown, _ := q.pick(all, measures(r))
	for _, p := range shown {
		paths = append(paths, p.Path)
	}
	return paths
}

// Addresses are some pages with their former addresses, under which they may have
// been counted.
func Addresses(m manifest.Manifest, paths []string) []string {
	out := slices.Clone(paths)
	for _, p := range m.Pages {
		if slices.Contains(paths, p.Path) {
			out = append(out, p.Aliases...)
		}
	}
	return out
}

// TrendsOf are the days of posts, as the store counted them, each credited to the
// page that answers at the address today.
func TrendsOf(m manifest.Manifest, counted []funnel.PostDay, since, until string) Trends {
	index := manifest.NewIndex(m)
	t := Trends{Since: since, Until: until, Days: map[string][]Day{}}
	days := daysBetween(since, until)
	at := map[string]int{}
	for i, d := range days {
		at[d] = i
	}
	for _, c := range counted {
		path := c.Post
		if p, known := index.Page(path); known {
			path = p.Path
		}
		i, known := at[c.Day]
		if !known {
			continue
		}
		if t.Days[path] == nil {
			t.Days[path] = make([]Day, len(days))
			for i, d := range days {
				t.Days[path][i].Day = d
			}
		}
		t.Days[path][i].Views += c.Visitors
		t.Days[path][i].Submissions += c.Submissions
	}
	return t
}

// EditDays are the days on which a page began to say something else, the first time
// it was seen left out.
func EditDays(b funnel.Breakdown, path string) (days []string) {
	first := true
	for _, r := range b.Revisions {
		if r.Path != path {
			continue
		}
		if !first {
			days = append(days, r.Since)
		}
		first = false
	}
	return slices.Compact(days)
}

// mostPoints keeps the line beside a title small.
const mostPoints = 60

// spark is the visitors of a post in a line of 100 by 20.
type spark struct{ Line, Words string }

// together adds up neighbouring days until there are no more than so many.
func together(days []Day, most int) (out []Day, each int) {
	each = max(1, (len(days)+most-1)/most)
	for i, d := range days {
		if i%each == 0 {
			out = append(out, Day{Day: d.Day})
		}
		out[len(out)-1].Views += d.Views
		out[len(out)-1].Submissions += d.Submissions
	}
	return out, each
}

// sparkOf draws a post's days; nil where there is nothing to see.
func sparkOf(days []Day) *spark {
	if len(days) < 2 {
		return nil
	}
	best := slices.MaxFunc(days, func(a, b Day) int { return cmp.Compare(a.Views, b.Views) })
	if best.Views == 0 {
		return nil
	}
	points, _ := together(days, mostPoints)
	most := 0
	for _, p := range points {
		most = max(most, p.Views)
	}
	var line strings.Builder
	for i, p := range points {
		if i > 0 {
			line.WriteByte(' ')
		}
		fmt.Fprintf(&line, "%.0f,%.0f", float64(i)*100/float64(max(len(points)-1, 1)), 19-float64(p.Views)*18/float64(most))
	}
	return &spark{line.String(), fmt.Sprintf("Visitors a day: at most %s, on %s; %s on %s", grouped(best.Views), best.Day, grouped(days[len(days)-1].Views), days[len(days)-1].Day)}
}

// trend is the chart of a post's page and the same in rows.
type trend struct {
	Bars                        []htmlBar
	Marks                       []mark
	Width                       int
	Words, Most, MostSent, Each string
	Rows                        []trendRow
}

// mark is where a page was edited.
type mark struct {
	X     string
	Words string
}

type trendRow struct{ Days, Visitors, Sent, Edited string }

// trendOf draws the days of a post with its edits; nil where nothing can be seen.
func trendOf(days []Day, edited []string) *trend {
	if len(days) < 2 || !slices.ContainsFunc(days, func(d Day) bool { return d.Views+d.Submissions > 0 }) {
		return nil
	}
	points, each := together(days, maxBars)
	t := &trend{Width: len(points)*10 - 2, Each: perBar(each)}
	var mostViews, mostSent int
	t.Bars, mostViews, mostSent = drawn(points, each, "visitor")
	t.Most, t.MostSent = grouped(mostViews), grouped(mostSent)
	for i, p := range points {
		from, to := p.Day, p.Day
		if each > 1 {
			to = days[min((i+1)*each, len(days))-1].Day
		}
		row := trendRow{Days: from, Visitors: grouped(p.Views), Sent: grouped(p.Submissions)}
		if to != from {
			row.Days += " to " + to
		}
		var here []string
		for _, day := range edited {
			if from <= day && day <= to {
				here = append(here, day)
			}
		}
		if len(here) > 0 {
			row.Edited = "edited"
			if each > 1 {
				row.Edited += " " + strings.Join(here, ", ")
			}
			t.Marks = append(t.Marks, mark{fmt.Sprint(i*10 - 1), "Edited on " + strings.Join(here, ", ")})
		}
		t.Rows = append(t.Rows, row)
	}
	t.Words = "Visitors and submissions from " + days[0].Day + " to " + days[len(days)-1].Day
	if n := len(t.Marks); n > 0 {
		t.Words += ", with the days of " + counted(n, "edit")
	}
	return t
}
