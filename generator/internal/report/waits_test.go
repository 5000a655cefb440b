package report

import (
	"testing"
	"time"
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
	if s := Waits([]Lead{called, lead()}, "client"); s.N != 0 || WaitsSentence(s, "client") != "" {
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
		if got := WaitsSentence(Waits(c.leads, "client"), "client"); got != c.want {
			t.Errorf("%s\nwant %s", got, c.want)
		}
	}
}
