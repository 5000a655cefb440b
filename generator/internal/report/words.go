package report

import (
	"cmp"
	"fmt"
	"math"
	"strconv"
	"strings"
	"time"

	"cardbowl/generator/internal/diag"
	"cardbowl/generator/internal/funnel"
)

// tooFew stands where a rate would say more than is known.
const tooFew = "too few"

// share is a rate in words: "3.5 % (2.3–5.4)", tooFew, or a dash without visitors.
func share(rate, low, high *float64, enough bool) string {
	switch {
	case rate == nil:
		return "–"
	case !enough:
		return tooFew
	}
	return percent(*rate) + " % (" + percent(*low) + "–" + percent(*high) + ")"
}

// percent keeps one decimal below ten, where it means something.
func percent(x float64) string {
	x *= 100
	if x < 9.95 {
		return strconv.FormatFloat(x, 'f', 1, 64)
	}
	return strconv.FormatFloat(math.Round(x), 'f', 0, 64)
}

// grouped writes 12345 as 12,345.
func grouped(n int) string {
	s := strconv.Itoa(n)
	for at := len(s) - 3; at > 0 && s[at-1] != '-'; at -= 3 {
		s = s[:at] + "," + s[at:]
	}
	return s
}

// counted is "1 submission", "2 submissions".
func counted(n int, one string) string {
	if n == 1 {
		return "1 " + one
	}
	return grouped(n) + " " + one + "s"
}

// periodOf is the days of a report in words: "24 Oct – 22 Nov 2026 (30 days)".
func periodOf(r Report) string {
	days := len(daysBetween(r.Since, r.Until))
	if days < 2 {
		return spanWords(r.Since, r.Until)
	}
	return spanWords(r.Since, r.Until) + " (" + counted(days, "day") + ")"
}

// spanWords is two days and what lies between: "24 Oct – 22 Nov 2026".
func spanWords(from, to string) string {
	since, err1 := time.Parse(time.DateOnly, from)
	until, err2 := time.Parse(time.DateOnly, to)
	switch {
	case err1 != nil || err2 != nil:
		return from + " – " + to
	case since.Equal(until):
		return until.Format("2 Jan 2006")
	case since.Year() == until.Year():
		return since.Format("2 Jan") + " – " + until.Format("2 Jan 2006")
	}
	return since.Format("2 Jan 2006") + " – " + until.Format("2 Jan 2006")
}

// stepNote is what a step's count means beside the one it is measured by.
func stepNote(r Report, i int) string {
	s := r.Funnel[i]
	visitors := 0
	if r.Funnel[0].Visitors != nil {
		visitors = *r.Funnel[0].Visitors
	}
	switch s.Step {
	case funnel.PageView:
		return "by " + counted(visitors, "visitor")
	case funnel.FormView, funnel.FormStart:
		if s.Visitors == nil || visitors < funnel.EnoughTrials || *s.Visitors > visitors {
			return ""
		}
		return percent(float64(*s.Visitors)/float64(visitors)) + " % of visitors"
	case funnel.FormSubmit:
		words := share(r.Total.Rate, r.Total.RateLow, r.Total.RateHigh, r.Total.Enough)
		if words == tooFew {
			return "too few to give a rate"
		}
		if words == "–" {
			return ""
		}
		return words + " of visitors"
	case funnel.LeadConfirmed:
		rate := funnel.RateOf(s.Count, r.Funnel[i-1].Count)
		if !rate.Known || s.Count == 0 {
			return ""
		}
		if !rate.Enough {
			return "too few to give a rate"
		}
		return fmt.Sprintf("%s %% (%s–%s) of submissions", percent(rate.Share), percent(rate.Low), percent(rate.High))
	}
	return ""
}

// The sentence of what the numbers mean, printed beside them.
const definitions = "A visitor is one browser on one day. The rate is the share of visitors who sent a form on the post they read, with its 95 % interval; a lead is a different address."

// meaning is what the numbers of this report mean.
func meaning(r Report) string {
	words := definitions
	switch r.By {
	case "form", "placement":
		words = "A visitor here is one browser on one day that saw the form, and the rate is the share of those who sent it, with its 95 % interval; a lead is a different address. Readers without JavaScript send forms unseen."
	case "tag", "author", "section":
		words += " Who read two posts of one " + r.By + " counts there twice."
	case "source", "campaign":
		words += " Where visitors came from is what their first page of the day said."
	}
	switch r.Attribution {
	case funnel.FirstPost:
		words += " Cards and what came of them are credited to the first post their sender read that day."
	case funnel.Assist:
		words += " Cards and what came of them are credited to every post their sender read that day besides the one they were sent on; such credits do not add up."
	}
	return words
}

// lines are what the table of a report shows: its posts, or its groups as if
// they were posts, named by their keys.
func lines(r Report) []Post {
	if r.Groups == nil {
		return r.Posts
	}
	out := make([]Post, len(r.Groups))
	for i, g := range r.Groups {
		out[i] = Post{Path: g.Key, Kind: "post", Title: g.name(r.By), Figures: g.Figures}
		if g.Edit != nil {
			out[i].Change = &g.Edit.Change
		}
	}
	return out
}

// name is what a group is called.
func (g Group) name(by string) string {
	switch {
	case g.Path != "":
		return cmp.Or(g.Since, "before") + "  " + cmp.Or(g.Title, g.Path)
	case g.Key != "":
		return g.Key
	case by == "source":
		return "not known"
	}
	return "no " + by
}

// lineName is the head of the column that names the lines.
func lineName(r Report) string {
	if r.By == "" {
		return "Post"
	}
	return strings.ToUpper(r.By[:1]) + r.By[1:]
}

// printable takes out what would steer a terminal.
func printable(s string) string { return diag.Printable(s) }

// listed splits the posts into those that have a line of their own and the
// number of those without: lists and pages that nobody read and that took no form.
func listed(posts []Post) (shown []Post, silent int) {
	for _, p := range posts {
		quiet := p.Visitors == 0 && p.Submissions == 0
		for _, s := range p.Steps {
			quiet = quiet && s.Count == 0
		}
		if quiet && (p.Kind != "post" || p.Gone) {
			silent++
			continue
		}
		shown = append(shown, p)
	}
	return shown, silent
}
