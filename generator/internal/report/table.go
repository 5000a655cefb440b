package report

import (
	"cmp"
	"fmt"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"cardbowl/generator/internal/funnel"
)

// TableQuery is which lines of the table a page shows, and in what order. The zero
// value is all of them, most submissions first.
type TableQuery struct {
	Sort string // a column's name, see measures; anything else is the order of the report
	Find string // part of a title or path, whatever its case
	Page int    // from 1
	Size int    // lines on a page; 0: all
}

// TableQueryOf reads the address of a page of the dashboard: sort, q and page.
func TableQueryOf(v url.Values) TableQuery {
	page, _ := strconv.Atoi(v.Get("page"))
	return TableQuery{Sort: v.Get("sort"), Find: strings.TrimSpace(v.Get("q")), Page: max(page, 1), Size: tableSize}
}

// tableSize keeps the page of a site with thousands of posts small.
const tableSize = 50

// measure is a column of the table's that can be sorted by.
type measure struct {
	Name, Words string
	More        bool   // left out on a telephone
	Link        string // that sorts by it; empty in a file
	Sorted      bool
	of          func(p Post) float64
}

// last is the last stage of a sale: what a client is called.
func last(r Report) funnel.Step { return r.Funnel[len(r.Funnel)-1].Step }

func measures(r Report) []measure {
	step := func(s funnel.Step) func(Post) float64 {
		return func(p Post) float64 { return float64(p.Steps.Of(s)) }
	}
	end := last(r)
	return []measure{
		{Name: "views", Words: "Views", More: true, of: step(funnel.PageView)},
		{Name: "visitors", Words: "Visitors", of: func(p Post) float64 { return float64(p.Visitors) }},
		{Name: "seen", Words: "Form seen", More: true, of: step(funnel.FormView)},
		{Name: "started", Words: "Started", More: true, of: step(funnel.FormStart)},
		{Name: "sent", Words: "Sent", of: func(p Post) float64 { return float64(p.Submissions) }},
		{Name: "leads", Words: "Leads", of: func(p Post) float64 { return float64(p.Leads) }},
		{Name: "last", Words: strings.ToUpper(string(end)[:1]) + string(end)[1:], of: step(end)},
		{Name: "rate", Words: "Rate (95 %)", of: func(p Post) float64 {
			switch {
			case p.Shrunk != nil: // few readers cannot make it great
				return *p.Shrunk
			case p.Rate != nil && p.Enough:
				return *p.Rate
			}
			return -1
		}},
	}
}

// pick is the lines that were asked for, and how many there are in all.
func (q TableQuery) pick(all []Post, by []measure) (shown []Post, found int) {
	lines := slices.Clone(all)
	if q.Find != "" {
		part := strings.ToLower(q.Find)
		lines = slices.DeleteFunc(lines, func(p Post) bool {
			return !strings.Contains(strings.ToLower(p.Title), part) && !strings.Contains(strings.ToLower(p.Path), part)
		})
	}
	if at := slices.IndexFunc(by, func(c measure) bool { return c.Name == q.Sort }); at >= 0 {
		slices.SortStableFunc(lines, func(a, b Post) int { return cmp.Compare(by[at].of(b), by[at].of(a)) })
	} else if q.Sort == "title" {
		slices.SortStableFunc(lines, func(a, b Post) int {
			return strings.Compare(strings.ToLower(a.Title), strings.ToLower(b.Title))
		})
	}
	found = len(lines)
	if q.Size > 0 {
		from := min((max(q.Page, 1)-1)*q.Size, found)
		lines = lines[from:min(from+q.Size, found)]
	}
	return lines, found
}

// pages are links to the other parts of the table.
func (q TableQuery) pages(found int, address url.Values) []choice {
	if q.Size == 0 || found <= q.Size {
		return nil
	}
	var out []choice
	count := (found + q.Size - 1) / q.Size
	for n := 1; n <= count; n++ {
		if n != 1 && n != count && (n < q.Page-3 || n > q.Page+3) {
			continue
		}
		out = append(out, choice{Words: strconv.Itoa(n), Link: with(address, "page", strconv.Itoa(n)), Current: n == q.Page})
	}
	return out
}

// with is an address with one word of it changed; empty takes it away. Whoever
// sorts or looks for another thing begins at the first page.
func with(address url.Values, name, value string) string {
	out := url.Values{}
	for key, all := range address {
		if len(all) > 0 && all[0] != "" && key != "page" && key != name {
			out.Set(key, all[0])
		}
	}
	if value != "" {
		out.Set(name, value)
	}
	return "?" + out.Encode()
}

// Best says which line of a report brought the most of its last step, or where
// nobody came so far the most submissions, and whether that is more than chance
// does; empty where there is nothing to compare.
//
// Of two posts with a and b of them, and nothing between the two but chance, each
// of the a+b was as likely to come of the one as of the other. The first is better
// where the 95 % Wilson interval of its share a/(a+b) lies above one half.
func Best(r Report) string {
	all := lines(r)
	if r.By != "" && r.By != "tag" && r.By != "section" && r.By != "author" && r.By != "form" && r.By != "source" && r.By != "campaign" {
		return ""
	}
	for _, of := range []struct {
		step        funnel.Step
		one, plural string
	}{{last(r), string(last(r)), string(last(r)) + "s"}, {funnel.FormSubmit, "submission", "submissions"}} {
		amount := func(p Post) int {
			if of.step == funnel.FormSubmit {
				return p.Submissions
			}
			return p.Steps.Of(of.step)
		}
		order := slices.Clone(all)
		slices.SortStableFunc(order, func(a, b Post) int { return cmp.Compare(amount(b), amount(a)) })
		if len(order) == 0 || amount(order[0]) == 0 {
			continue
		}
		words := func(n int) string {
			if n == 1 {
				return "1 " + of.one
			}
			return grouped(n) + " " + of.plural
		}
		first := order[0]
		if len(order) == 1 || amount(order[1]) == 0 {
			return fmt.Sprintf("“%s” brought %s; nothing else brought any.", first.Title, words(amount(first)))
		}
		second := order[1]
		a, b := amount(first), amount(second)
		said := fmt.Sprintf("“%s” brought the most: %s. “%s” comes next with %s.", first.Title, words(a), second.Title, grouped(b))
		low, high := funnel.Wilson(a, a+b)
		evidence := fmt.Sprintf("of the %d of both, %s %% are the first one's, with a 95 %% interval from %s to %s", a+b, percent(float64(a)/float64(a+b)), percent(low), percent(high))
		switch {
		case a == b:
			return fmt.Sprintf("“%s” and “%s” brought the most: %s each.", first.Title, second.Title, words(a))
		case low > 0.5:
			return said + " That is more than chance does: " + evidence + "."
		}
		return said + " Chance alone could do that, so nobody can say yet which is better: " + evidence + "."
	}
	return ""
}
