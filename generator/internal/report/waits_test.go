package report

import (
	"slices"
	"testing"
	"time"

	"cardbowl/generator/internal/funnel"

	"github.com/google/go-cmp/cmp"
)

func TestWaits(t *testing.T) {
	at := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
	lead := func(days ...int) Lead {
		l := Lead{Cards: []Card{{At: at}}}
		for _, d := range days {
			l.History = append(l.History, Event{At: at.AddDate(0, 0, d), Stage: "client"})
		}
		return l
	}
	called := Lead{Cards: []Card{{At: at}}, History: []Event{{At: at.AddDate(0, 0, 1), Stage: "call"}}}
	if s := Waits([]Lead{called, lead()}, "client"); s.Count != 0 || WaitsSentence(s) != "" {
		t.Errorf("%+v", s)
	}
	for _, c := range []struct {
		leads []Lead
		want  string
	}{
		{[]Lead{lead(10), called, lead(20, 90)}, "From the first card to client: 15 days in the middle, of 2; too few to say what is likely"},
		// Of nine the second and the eighth bound the median.
		{[]Lead{lead(1), lead(2), lead(3), lead(4), lead(5), lead(6), lead(7), lead(8), lead(40)},
			"From the first card to client: half within 5 days (likely 2–8 days), a quarter within 3 days, three quarters within 7 days, of 9"},
	} {
		if got := WaitsSentence(Waits(c.leads, "client")); got != c.want {
			t.Errorf("%s\nwant %s", got, c.want)
		}
	}
}

// In a report the median has its interval, and from fewer than six there is none:
// of nine waits the second and the eighth bound it.
func TestWaitsOfReport(t *testing.T) {
	in := world()
	var nine []funnel.Wait
	for _, days := range []int{40, 1, 2, 3, 8, 4, 5, 7, 6} {
		nine = append(nine, funnel.Wait{Took: time.Duration(days) * 24 * time.Hour, Count: 1})
	}
	client := func(times []funnel.Wait) Waited { return Waited{From: funnel.FormSubmit, To: "client", Times: times} }
	in.Waits = []Waited{client(nine), client(nine[:5]), client(nil)}
	r := built(t, in)
	day := func(n int64) *int64 { return new(n * 86400) }
	want := []Wait{
		{From: "form_submit", To: "client", Count: 9, Median: day(5), Low: day(2), High: day(8), Quarter: day(3), ThreeQuarters: day(7), Enough: true},
		{From: "form_submit", To: "client", Count: 5, Median: day(3), Quarter: day(2), ThreeQuarters: day(8)},
		{From: "form_submit", To: "client"},
	}
	if diff := cmp.Diff(want, r.Waits); diff != "" {
		t.Error(diff)
	}
	said := []string{
		"From the first card to client: half within 5 days (likely 2–8 days), a quarter within 3 days, three quarters within 7 days, of 9.",
		"From the first card to client: 3 days in the middle, of 5; too few to say what is likely.",
	}
	if got := waited(r); !slices.Equal(got, said) {
		t.Errorf("%q", got)
	}
}

func TestDurationsInWords(t *testing.T) {
	for _, c := range []struct {
		low, high time.Duration
		want      string
	}{
		{0, 40 * time.Second, "0–40 seconds"}, {40 * time.Second, 3 * time.Minute, "40 seconds – 3 minutes"}, {2 * time.Minute, 8*time.Minute + 29*time.Second, "2–8 minutes"},
		{3 * time.Hour, 8 * 24 * time.Hour, "3 hours – 8 days"}, {50 * time.Hour, 1200 * 24 * time.Hour, "2–1,200 days"}, {time.Second, time.Second, "1–1 second"},
	} {
		if got := between(c.low, c.high); got != c.want {
			t.Errorf("%v to %v: %q, want %q", c.low, c.high, got, c.want)
		}
	}
	if got := lasting(time.Hour + 31*time.Minute); got != "2 hours" {
		t.Error(got)
	}
}
