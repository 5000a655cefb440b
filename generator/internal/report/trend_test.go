package report

import (
	"bytes"
	"strings"
	"testing"
	"time"

	"cardbowl/generator/internal/funnel"
	"cardbowl/generator/internal/manifest"
)

// What was counted at a former address is in the line of the page, a day on which
// nobody came is there, and what lies outside of the days is not.
func TestTrends(t *testing.T) {
	m := manifest.Manifest{Pages: []manifest.Page{{Path: "/a/", Aliases: []string{"/old/"}}, {Path: "/b/"}}}
	if got := strings.Join(Addresses(m, []string{"/a/"}), " "); got != "/a/ /old/" {
		t.Errorf("asked for %s", got)
	}
	trends := TrendsOf(m, []funnel.PostDay{{Post: "/a/", Day: "2026-11-01", Visitors: 3, Submissions: 1}, {Post: "/old/", Day: "2026-11-01", Visitors: 2},
		{Post: "/a/", Day: "2026-11-03", Visitors: 9}, {Post: "/a/", Day: "2026-11-09", Visitors: 100}}, "2026-11-01", "2026-11-03")
	want := []Day{{"2026-11-01", 5, 1}, {"2026-11-02", 0, 0}, {"2026-11-03", 9, 0}}
	if got := trends.Days["/a/"]; len(got) != 3 || got[0] != want[0] || got[1] != want[1] || got[2] != want[2] {
		t.Errorf("%v, want %v", got, want)
	}
	spark := sparkOf(trends.Days["/a/"])
	if spark == nil || spark.Line != "0,9 50,19 100,1" || spark.Words != "Visitors a day: at most 9, on 2026-11-03; 9 on 2026-11-03" {
		t.Errorf("%+v", spark)
	}
	if sparkOf(trends.Days["/b/"]) != nil || sparkOf(make([]Day, 9)) != nil {
		t.Error("nothing is drawn as something")
	}
	if got := Lately("2026-01-01", "2026-11-22", 120); got != "2026-07-26" {
		t.Errorf("120 days begin on %s", got)
	}
	if got := Lately("2026-11-01", "2026-11-22", 120); got != "2026-11-01" {
		t.Errorf("a short period begins on %s", got)
	}
}

// The chart of a post marks its edits, and the table below says the same in words.
func TestTrendOfAPost(t *testing.T) {
	edited := EditDays(funnel.Breakdown{Revisions: []funnel.Revision{{Path: "/a/", Since: "2026-01-01"}, {Path: "/b/", Since: "2026-01-02"},
		{Path: "/a/", Since: "2026-01-31"}, {Path: "/a/", Since: "2026-01-31"}, {Path: "/a/", Since: "2025-01-01"}}}, "/a/")
	year := func(n int) (days []Day) {
		for i := range n {
			days = append(days, Day{Day: time.Date(2026, 1, 1+i, 0, 0, 0, 0, time.UTC).Format(time.DateOnly), Views: i, Submissions: i % 2})
		}
		return days
	}
	for _, c := range []struct {
		days int
		want []string
	}{
		{60, []string{`<tr><th scope="row">2026-01-31</th><td>30</td><td>0</td><td>edited</td></tr>`, `<title>Edited on 2026-01-31</title><line class="edit" x1="299" x2="299"`, "with the days of 1 edit", "at most 59 a day"}},
		{365, []string{`<tr><th scope="row">2026-01-29 to 2026-02-01</th><td>118</td><td>2</td><td>edited 2026-01-31</td></tr>`, `<th scope="row">2026-12-31</th><td>364</td>`, "in 4 days"}},
	} {
		var b bytes.Buffer
		if err := WritePostHTML(&b, Desk{Zone: time.UTC}, Report{Since: "2026-01-01", Until: "2026-12-31"}, Post{Path: "/a/", Title: "A"}, OfPost{Days: year(c.days), Edited: edited}); err != nil {
			t.Fatal(err)
		}
		for _, want := range c.want {
			if !strings.Contains(b.String(), want) {
				t.Errorf("of %d days the page does not hold %s\n%s", c.days, want, b.String()[strings.Index(b.String(), "Day by day"):])
			}
		}
	}
}
