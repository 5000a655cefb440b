package report

import (
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"

	"cardbowl/generator/internal/funnel"
)

// few is how many posts a sentence names.
const few = 3

// bestOf names the posts that convert best, with few readers weighed for what
// they are; nothing while there is nothing to rank.
func bestOf(r Report) string {
	best := slices.DeleteFunc(slices.Clone(r.Posts), func(p Post) bool { return p.Rank == nil || *p.Rank > few || p.Converters == 0 })
	if len(best) < 2 {
		return ""
	}
	slices.SortFunc(best, func(a, b Post) int { return *a.Rank - *b.Rank })
	var named []string
	for _, p := range best {
		named = append(named, fmt.Sprintf("%s (%s %%)", printable(p.Title), percent(*p.Shrunk)))
	}
	return "Best at converting, small numbers drawn to the site's: " + strings.Join(named, ", ")
}

// neededOf names the posts of which a rate can be told soonest.
func neededOf(r Report) string {
	soon := slices.DeleteFunc(slices.Clone(r.Posts), func(p Post) bool {
		return p.Gone || p.Rank == nil || p.Needed == nil || *p.Needed == 0 || p.Visitors == 0
	})
	if len(soon) == 0 {
		return ""
	}
	slices.SortStableFunc(soon, func(a, b Post) int { return *a.Needed - *b.Needed })
	var named []string
	for _, p := range soon[:min(few, len(soon))] {
		named = append(named, fmt.Sprintf("%s (%s more)", printable(p.Title), about(*p.Needed)))
	}
	return "Visitors until a rate can be told: " + strings.Join(named, ", ")
}

// comparison is what can be said of the period beside the one before, and of
// what is not counted, in sentences.
func comparison(r Report) []string {
	var out []string
	if isCompared(r) {
		out = append(out, grown(r), changed(r))
	}
	if b := r.Blocked; b != nil && b.Enough && b.Seen < b.Submitters {
		h := funnel.HiddenOf(b.Seen, b.Submitters)
		likely, low, high := h.Real(r.Total.Visitors)
		came := fmt.Sprintf("about %s came, likely %s–%s", about(int(likely)), about(int(low)), aboutAtMost(high))
		out = append(out, fmt.Sprintf("Of %s who sent a form, %s had not been seen on the page. If readers hide as often, %s %% of visitors (%s–%s) are not counted: %s.",
			counted(b.Submitters, "visitor"), grouped(b.Submitters-b.Seen), percent(*b.Share), percent(*b.Low), percent(*b.High), came))
	}
	return slices.DeleteFunc(out, func(s string) bool { return s == "" })
}

// isCompared tells whether there was anything in the period before.
func isCompared(r Report) bool {
	return r.Before != nil && r.Total.Change != nil && r.Total.Change.Visitors+r.Total.Change.Submissions > 0
}

// grown is how the number of submissions compares.
func grown(r Report) string {
	g := r.Total.Growth
	if g == nil || g.Low == nil {
		return ""
	}
	before := "Against " + spanWords(r.Before.Since, r.Before.Until) + ": " + counted(r.Total.Submissions, "submission") + ", before " + grouped(g.Before)
	if g.Times == nil || g.High == nil {
		return before + "."
	}
	return fmt.Sprintf("%s: %s times as many, likely %s–%s.", before, times(*g.Times), times(*g.Low), times(*g.High))
}

// changed is how the rate of the site compares.
func changed(r Report) string {
	c := r.Total.Change
	if c.Difference == nil || r.Total.Rate == nil || c.Rate == nil {
		return ""
	}
	begins := ""
	switch c.Verdict {
	case TooFew:
		return "Too few to say whether the rate has changed."
	case Up:
		begins = "The rate went up"
	case Down:
		begins = "The rate went down"
	case Unclear:
		begins = "The rate may be what it was"
	}
	return fmt.Sprintf("%s: %s %%, before %s %%, by %s points, likely %s to %s.", begins, percent(*r.Total.Rate), percent(*c.Rate), points(*c.Difference), points(*c.Low), points(*c.High))
}

// definitionsOf is what the numbers mean, as far as they are there.
func definitionsOf(r Report) string {
	edited := slices.ContainsFunc(r.Groups, func(g Group) bool { return g.Edit != nil })
	switch {
	case edited:
		return meaning(r) + " Change is against the revision before, in points of the rate. It is not randomised: readers came to each revision on other days, and what else changed between them is in it, too."
	case !isCompared(r):
		return meaning(r)
	}
	return meaning(r) + " Two periods are no experiment: readers and seasons differ, too."
}

// points is a difference of shares in percentage points, with its sign.
func points(x float64) string {
	text := strconv.FormatFloat(math.Abs(x)*100, 'f', 1, 64)
	switch {
	case text == "0.0":
		return "0.0"
	case x < 0:
		return "−" + text
	}
	return "+" + text
}

// times is a ratio with two digits that mean something.
func times(x float64) string {
	if x < 9.95 {
		return strconv.FormatFloat(x, 'f', 1, 64)
	}
	return grouped(int(math.Round(x)))
}

// about is a number with its two first digits, which is all an estimate deserves.
func about(n int) string {
	unit := 1
	for n/unit >= 100 {
		unit *= 10
	}
	return grouped((n + unit/2) / unit * unit)
}

func aboutAtMost(x float64) string {
	if math.IsInf(x, 1) || x > math.MaxInt32 {
		return "many more"
	}
	return about(int(math.Round(x)))
}

// money is an amount in the site's currency, without cents where there are none.
func money(x float64) string {
	if x == math.Trunc(x) || math.Abs(x) >= 100 {
		return grouped(int(math.Round(x)))
	}
	return strconv.FormatFloat(x, 'f', 2, 64)
}
