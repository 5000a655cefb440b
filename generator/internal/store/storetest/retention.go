package storetest

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"cardbowl/generator/internal/funnel"
	"cardbowl/generator/internal/store"

	"github.com/google/go-cmp/cmp"
)

// testRetention takes out exactly those whose time is over, on the day it is, in
// batches, and changes no count.
func testRetention(t *testing.T, open Open) {
	s := opened(t, open)
	const day = 24 * time.Hour
	send := func(after time.Duration, email, form string) string {
		sub := submission(email)
		sub.At, sub.Form, sub.Fold = noon.Add(after), form, fmt.Appendf(nil, "%v %s", after, email)
		return submit(t, s, sub).ID
	}
	for n := range 5 {
		send(0, fmt.Sprintf("lapsed%d@example.com", n), "letter")
	}
	confirmed := send(0, "confirmed@example.com", "letter")
	if err := s.Confirm(t.Context(), confirmed, "letter", noon, nil); err != nil {
		t.Fatal(err)
	}
	noted := send(0, "noted@example.com", "letter")
	if err := s.Enter(t.Context(), noted, store.Entry{At: noon, Note: "Called"}, nil); err != nil {
		t.Fatal(err)
	}
	send(0, "wrote@example.com", "letter")
	send(day, "wrote@example.com", "contact") // asked for something else as well
	send(0, "again@example.com", "letter")
	send(10*day, "again@example.com", "letter")
	send(0, "like@example.com", "lettex") // a form that asks for nothing
	send(0, "", "letter")                 // without an address nobody can be asked
	trapped := submission("robot@example.com")
	trapped.Quarantined = true
	submit(t, s, trapped)

	if _, err := s.Import(t.Context(), noon, []store.ImportedLead{{Email: "brought@example.com", Since: noon}}, nil); err != nil {
		t.Fatal(err) // from elsewhere, where nobody asked for a confirmation of ours
	}

	before := counts(t, s, "", "9999-12-31")
	rules := store.Retention{Unconfirmed: 30 * day, Quarantined: 90 * day, Asking: []string{"other", "letter"}}
	people := func() (all []string) {
		t.Helper()
		known, err := s.People(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		for _, p := range known {
			all = append(all, p.Email)
		}
		slices.Sort(all)
		return all
	}
	lapse := func(after time.Duration, limit int, wanted store.Lapsed) {
		t.Helper()
		got, err := s.Lapse(t.Context(), noon.Add(after), rules, limit)
		if err != nil {
			t.Fatal(err)
		}
		if got != wanted {
			t.Errorf("after %v: %+v, not %+v", after, got, wanted)
		}
	}
	lapse(30*day, 100, store.Lapsed{})
	lapse(30*day+time.Second, 3, store.Lapsed{Unconfirmed: 3})
	lapse(30*day+time.Second, 3, store.Lapsed{Unconfirmed: 2})
	lapse(30*day+time.Second, 3, store.Lapsed{})
	if diff := cmp.Diff([]string{"", "again@example.com", "brought@example.com", "confirmed@example.com", "like@example.com", "noted@example.com", "wrote@example.com"}, people()); diff != "" {
		t.Error(diff)
	}
	lapse(40*day+time.Second, 3, store.Lapsed{Unconfirmed: 1})
	lapse(90*day+time.Second, 3, store.Lapsed{Quarantined: 1})
	if at, err := s.Suppressed(t.Context(), "lapsed1@example.com"); err != nil || !at.IsZero() {
		t.Error("who never answered cannot come back:", at, err)
	}

	// Those of whom nothing was heard for a year; who had left stays out of reach.
	if err := s.Unsubscribe(t.Context(), confirmed, noon.Add(5*day), nil); err != nil {
		t.Fatal(err)
	}
	rules.Silent = 365 * day
	lapse(366*day, 10, store.Lapsed{Silent: 4}) // one with a note, one without an address, one with another form, one from elsewhere
	lapse(366*day+time.Second, 10, store.Lapsed{Silent: 1})
	lapse(371*day, 10, store.Lapsed{Silent: 1})
	if at, err := s.Suppressed(t.Context(), "confirmed@example.com"); err != nil || at.IsZero() {
		t.Error("who had unsubscribed may be written to again:", at, err)
	}
	if len(people()) != 0 {
		t.Error(people())
	}
	figures := func(c funnel.Counts) (all []string) {
		for _, x := range c.Tallies {
			all = append(all, fmt.Sprint(x))
		}
		for _, x := range c.Leads {
			all = append(all, fmt.Sprint(x))
		}
		slices.Sort(all)
		return all
	}
	if diff := cmp.Diff(figures(before), figures(counts(t, s, "", "9999-12-31"))); diff != "" {
		t.Error("a count has changed:", diff)
	}
	if r, err := s.Evidence(t.Context(), ""); err != nil || len(r.Faults) > 0 {
		t.Error(r.Faults, err)
	}
}
