package report

import (
	"bytes"
	"net/url"
	"strconv"
	"strings"
	"testing"

	"cardbowl/generator/internal/funnel"
	"cardbowl/generator/internal/manifest"
)

func TestBest(t *testing.T) {
	in := func(clients, sent []int) Input {
		var i Input
		for n := range clients {
			path := "/posts/" + strconv.Itoa(n) + "/"
			i.Manifest.Pages = append(i.Manifest.Pages, manifest.Page{Path: path, Kind: "post", Title: "Post " + strconv.Itoa(n)})
			i.Counts.Tallies = append(i.Counts.Tallies, funnel.Tally{Post: path, Step: "client", Count: clients[n]}, funnel.Tally{Post: path, Step: funnel.FormSubmit, Count: sent[n]})
		}
		return i
	}
	for _, c := range []struct {
		clients, sent []int
		want          []string
	}{
		{[]int{0, 0}, []int{0, 0}, nil},
		{[]int{0, 3}, []int{9, 4}, []string{"“Post 1” brought 3 clients; nothing else brought any."}},
		{[]int{5, 7}, []int{9, 4}, []string{"“Post 1” brought the most: 7 clients. “Post 0” comes next with 5.", "Chance alone could do that", "of the 12 of both, 58 %"}},
		{[]int{2, 14}, []int{9, 4}, []string{"“Post 1” brought the most: 14 clients.", "more than chance does", "88 %", "interval from 64 to 97"}}, // Wilson for 14 of 16: 0.640, 0.965
		{[]int{4, 4}, []int{9, 4}, []string{"“Post 0” and “Post 1” brought the most: 4 clients each."}},
		{[]int{0, 0}, []int{9, 1}, []string{"“Post 0” brought the most: 9 submissions.", "more than chance"}}, // 9 of 10: 0.596, 0.982
		{[]int{1, 0}, []int{9, 1}, []string{"“Post 0” brought 1 client;"}},
	} {
		got := Best(built(t, in(c.clients, c.sent)))
		for _, want := range c.want {
			if !strings.Contains(got, want) {
				t.Errorf("clients %v, sent %v: %q does not hold %q", c.clients, c.sent, got, want)
			}
		}
		if len(c.want) == 0 && got != "" {
			t.Errorf("clients %v, sent %v: %q", c.clients, c.sent, got)
		}
	}
}

// The table of a site with many posts comes in parts, sorted and searched before
// it is cut; all of it is small, and a link of it keeps what was asked for.
func TestTableOfManyPosts(t *testing.T) {
	var in Input
	for n := range 1000 {
		path := "/posts/" + strconv.Itoa(n) + "/"
		in.Manifest.Pages = append(in.Manifest.Pages, manifest.Page{Path: path, Kind: "post", Title: "A rather long title of a post about selling, number " + strconv.Itoa(n)})
		in.Counts.Tallies = append(in.Counts.Tallies, funnel.Tally{Post: path, Step: funnel.PageView, Count: (n * 7919) % 1009})
		in.Counts.Reach = append(in.Counts.Reach, funnel.Reach{Post: path, Step: funnel.PageView, Visitors: (n * 104729) % 997})
	}
	page := func(query string) string {
		t.Helper()
		v, err := url.ParseQuery(query)
		if err != nil {
			t.Fatal(err)
		}
		var b bytes.Buffer
		if err := WriteHTML(&b, built(t, in), HTMLOptions{Refresh: 5, Since: v.Get("since"), Table: TableQueryOf(v), Address: v}); err != nil {
			t.Fatal(err)
		}
		return b.String()
	}
	numbers := func(text string, cell int) (out []int) {
		for _, row := range strings.Split(text, `<tr role="row"`)[2:] {
			cells := strings.Split(row, "</td>")
			n, err := strconv.Atoi(strings.ReplaceAll(cells[cell][strings.LastIndexByte(cells[cell], '>')+1:], ",", ""))
			if err != nil {
				t.Fatal(err)
			}
			out = append(out, n)
		}
		return out
	}
	for name, cell := range map[string]int{"views": 1, "visitors": 2} {
		first, second := numbers(page("sort="+name), cell), numbers(page("sort="+name+"&page=2"), cell)
		if len(first) != tableSize || len(second) != tableSize {
			t.Fatalf("%d and %d lines", len(first), len(second))
		}
		all := append(first, second...)
		for i := 1; i < len(all); i++ {
			if all[i] > all[i-1] {
				t.Errorf("by %s, %d comes after %d", name, all[i], all[i-1])
			}
		}
	}
	found := page("q=NUMBER+99&since=all&by=post")
	if rows := strings.Count(found, `<tr role="row"`) - 1; rows != 11 { // 99 and 990 to 999
		t.Errorf("%d lines with “number 99”", rows)
	}
	for _, want := range []string{`value="NUMBER 99"`, `11 lines with`, `href="?by=post&amp;q=NUMBER&#43;99&amp;since=all&amp;sort=leads#table"`} {
		if !strings.Contains(strings.ReplaceAll(found, "+", "&#43;"), want) {
			t.Errorf("the page does not hold %s", want)
		}
	}
	if rows := strings.Count(page("page=400"), `<tr role="row"`) - 1; rows != 0 {
		t.Errorf("%d lines beyond the end", rows)
	}
}
