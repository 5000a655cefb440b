package report

import (
	"bytes"
	"strings"
	"testing"
	"time"

	"cardbowl/generator/internal/form"
	"cardbowl/generator/internal/funnel"
	"cardbowl/generator/internal/manifest"
)

func TestWaitsOnTheBoard(t *testing.T) {
	stages := []string{"call", "client"}
	now := time.Date(2026, 11, 22, 12, 0, 0, 0, time.UTC)
	ago := func(days int) time.Time { return now.AddDate(0, 0, -days) }
	card := func(days int) []Card { return []Card{{At: ago(days)}} }
	for name, c := range map[string]struct {
		lead Lead
		want string
	}{
		"fresh":                {Lead{Cards: card(2)}, ""},
		"left alone":           {Lead{Cards: card(3)}, "Has waited for 3 days"},
		"called":               {Lead{Cards: card(90), Stage: "call", History: []Event{{At: ago(13)}}}, ""},
		"called long ago":      {Lead{Cards: card(90), Stage: "call", History: []Event{{At: ago(14)}}}, "Has waited for 14 days"},
		"a day to come":        {Lead{Cards: card(90), Stage: "call", NextDay: "2026-11-22"}, ""},
		"a day that has gone":  {Lead{Cards: card(1), NextDay: "2026-11-21"}, "Was to be done on 2026-11-21"},
		"a client":             {Lead{Cards: card(90), Stage: "client"}, ""},
		"lost":                 {Lead{Cards: card(90), Stage: "lost"}, ""},
		"a note is an answer":  {Lead{Cards: card(9), History: []Event{{At: ago(5), Note: "x"}}}, ""},
		"a note of a year ago": {Lead{Cards: card(400), History: []Event{{At: ago(365), Note: "x"}}}, "Has waited for 365 days"},
	} {
		if got := c.lead.Waits(stages, now, time.UTC); got != c.want {
			t.Errorf("%s: %q, want %q", name, got, c.want)
		}
	}
}

func TestWorth(t *testing.T) {
	for value, want := range map[float64]string{4000: "4,000 EUR", 0: "0 EUR", 99.5: "99.50 EUR", 1234567.891: "1,234,567.891 EUR", 1e15: "1,000,000,000,000,000 EUR"} {
		if got := (Desk{Manifest: manifest.Manifest{Currency: "EUR"}}).value(&value); got != want {
			t.Errorf("%v is written as %q, want %q", value, got, want)
		}
	}
}

// What a visitor wrote is text, wherever it stands.
func TestPagesOfPeopleEscape(t *testing.T) {
	const bad = `</script><img src=x onerror=alert(1)>"'` + "\u202e"
	d := Desk{Manifest: manifest.Manifest{Title: bad, Pages: []manifest.Page{{Path: "/a/", Title: bad}}}, Now: time.Unix(1_800_000_000, 0), Zone: time.UTC}
	l := Lead{ID: "1", Name: bad, Email: bad, Phone: bad, Company: bad, NextStep: bad, Stage: bad,
		Cards:   []Card{{Post: "/a/", Form: bad, FirstPost: bad, Assists: []string{bad}, Consent: bad, Origin: funnel.Origin{Source: bad, Campaign: bad}, Answers: []form.Answer{{Name: bad, Value: bad}}}},
		History: []Event{{Note: bad, NextStep: bad, Stage: bad}}}
	d.Leads = []Lead{l}
	p := Post{Path: "/a/", Title: bad}
	var b bytes.Buffer
	for _, err := range []error{WriteBoardHTML(&b, d, []Column{{Stage: bad, Total: 900, Leads: []Lead{l}, After: bad}, {}}), WriteLeadHTML(&b, d, l, []Sent{{What: bad, To: bad, State: bad, Said: bad}}, Entered{bad, bad, bad, bad, bad}, bad), WritePostHTML(&b, d, Report{}, p, OfPost{
		Counts:    funnel.Counts{Tallies: []funnel.Tally{{Post: "/a/", Form: bad, Placement: bad}}},
		Sources:   []Group{{Key: bad, Figures: Figures{Visitors: 1}}},
		Revisions: []Group{{Key: bad, Title: bad, Since: bad}, {Key: bad}},
	})} {
		if err != nil {
			t.Fatal(err)
		}
	}
	if n := strings.Count(b.String(), "&lt;img"); n < 24 {
		t.Errorf("only %d of the texts are there", n)
	}
	if strings.Contains(b.String(), "<img") {
		t.Error("a text became markup")
	}
}

// What the page of a post says of its sources and its edits is what was counted.
func TestPageOfAPost(t *testing.T) {
	parts := func(key string, views, readers, sent int) []funnel.Part {
		return []funnel.Part{{Post: "/a/", Key: key, Step: funnel.PageView, Count: views, Visitors: readers},
			{Post: "/a/", Key: key, Step: funnel.FormSubmit, Count: sent}, {Post: "/a/", Key: key, Step: funnel.Conversion, Visitors: sent}}
	}
	of := OfPost{
		Sources: GroupsOf(funnel.Breakdown{Dimension: funnel.BySource, Parts: append(parts("search.example", 900, 800, 40), parts("letter", 30, 20, 1)...)}, nil),
		Revisions: GroupsOf(funnel.Breakdown{Dimension: funnel.ByRevision, Parts: append(parts("old", 700, 600, 6), parts("new", 700, 600, 36)...),
			Revisions: []funnel.Revision{{Path: "/a/", Digest: "old", Since: "2026-01-01"}, {Path: "/a/", Digest: "new", Since: "2026-02-01"}}}, nil),
	}
	var b bytes.Buffer
	if err := WritePostHTML(&b, Desk{Zone: time.UTC}, Report{Since: "2026-01-01", Until: "2026-02-28"}, Post{Path: "/a/", Title: "A"}, of); err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{
		`<th scope="row">search.example</th><td>800</td><td>40</td><td>5.0 % (3.7–6.7)</td>`,
		`<th scope="row">letter</th><td>20</td><td>1</td><td>too few</td>`,
		`<th scope="row">2026-02-01</th><td>600</td><td>36</td><td>6.0 % (4.4–8.2)</td><td class="said">up by &#43;5.0 points (95 %: &#43;3.0 to &#43;7.3)</td>`,
		`<th scope="row">2026-01-01</th><td>600</td><td>6</td>`, "Not randomised",
	} {
		if !strings.Contains(b.String(), want) {
			t.Errorf("the page does not hold %s\n%s", want, b.String())
		}
	}
}
