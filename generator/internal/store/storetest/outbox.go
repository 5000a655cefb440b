package storetest

import (
	"errors"
	"fmt"
	"slices"
	"sync"
	"testing"
	"time"

	"cardbowl/generator/internal/funnel"
	"cardbowl/generator/internal/store"

	"github.com/google/go-cmp/cmp"
)

const forever = "%"

// kinds are what the messages of a store are, in the order they were made.
func kinds(t *testing.T, s store.Store) (out []string) {
	t.Helper()
	all, err := s.Messages(t.Context(), time.Time{})
	if err != nil {
		t.Fatal(err)
	}
	for _, m := range all {
		out = append(out, fmt.Sprint(m.Kind, " ", m.To, " ", m.State))
	}
	return out
}

// queues looks at what is not sent.
func queues(t *testing.T, s store.Store, wanted ...string) {
	t.Helper()
	all, err := s.Queues(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	var out []string
	for _, q := range all {
		line := fmt.Sprint(q.Kind, " ", q.State, " ", q.Size)
		if q.Tried {
			line += " tried"
		}
		out = append(out, line)
	}
	if diff := cmp.Diff(wanted, out); diff != "" {
		t.Errorf("the queues: %s", diff)
	}
}

// testOutbox takes messages from their reason to their end.
func testOutbox(t *testing.T, open Open) {
	s := opened(t, open)
	orders := []store.Order{
		{Kind: "mail.card", To: "owner@example.com"},
		{Kind: "mail.confirm", When: store.Unconfirmed, Limit: store.Limit{PerHour: 1, PerDay: 2}},
		{Kind: "mail.reminder", After: 24 * time.Hour, When: store.Unconfirmed},
		{Kind: "mail.welcome", When: store.Confirmed},
	}
	send := func(after time.Duration, email, fold string) store.Receipt {
		sub := submission(email)
		sub.At, sub.Orders, sub.Fold = noon.Add(after), orders, []byte(fold)
		return submit(t, s, sub)
	}
	first := send(0, "ana@example.com", "a")
	want(t, "repeated", send(time.Second, "ana@example.com", "a").Status, store.Duplicate)
	trapped := submission("bot@example.com")
	trapped.Quarantined, trapped.Orders = true, orders
	submit(t, s, trapped)
	wanted := []string{"mail.card owner@example.com waiting", "mail.confirm ana@example.com waiting", "mail.reminder ana@example.com waiting"}
	if diff := cmp.Diff(wanted, kinds(t, s)); diff != "" {
		t.Errorf("after one card: %s", diff)
	}

	queues(t, s, "mail.card waiting 1", "mail.confirm waiting 1", "mail.reminder waiting 1")

	// Who claims a message holds it until the lease is over.
	claim := func(at time.Duration, wanted ...string) []store.Message {
		t.Helper()
		got, err := s.Claim(t.Context(), forever, "", noon.Add(at), time.Minute, 10)
		if err != nil {
			t.Fatal(err)
		}
		var names []string
		for _, m := range got {
			names = append(names, m.Kind)
		}
		if diff := cmp.Diff(wanted, names); diff != "" {
			t.Errorf("claimed after %v: %s", at, diff)
		}
		return got
	}
	due := claim(0, "mail.card", "mail.confirm")
	claim(30 * time.Second)
	again := claim(2*time.Minute, "mail.card", "mail.confirm")
	want(t, "attempts", again[0].Attempts, 2)
	want(t, "the same message", again[0].ID, due[0].ID)
	if m := again[1]; m.Lead != first.ID || m.Submission != first.ID || m.Form != "newsletter" || m.To != "ana@example.com" || !m.CreatedAt.Equal(noon) {
		t.Errorf("%+v", m)
	}
	settle := func(m store.Message, state store.MessageState, later time.Duration) {
		t.Helper()
		if err := s.Settle(t.Context(), m.ID, state, noon.Add(later), "said", noon.Add(2*time.Minute)); err != nil {
			t.Fatal(err)
		}
	}
	settle(again[0], store.Sent, 0)
	settle(again[1], store.Waiting, 5*time.Minute)
	queues(t, s, "mail.confirm waiting 1 tried", "mail.reminder waiting 1")
	claim(3 * time.Minute)
	third := claim(5*time.Minute, "mail.confirm")
	settle(third[0], store.Dead, 0)
	queues(t, s, "mail.confirm dead 1 tried", "mail.reminder waiting 1")
	claim(20 * time.Hour)
	if known, err := s.RetryMessage(t.Context(), third[0].ID, noon.Add(time.Hour)); err != nil || !known {
		t.Errorf("retry: %v, %v", known, err)
	}
	if known, err := s.RetryMessage(t.Context(), again[0].ID, noon); err != nil || known {
		t.Errorf("what was sent is sent again: %v, %v", known, err)
	}
	claim(2*time.Hour, "mail.confirm")
	claim(25*time.Hour, "mail.confirm", "mail.reminder")
}

// testReceivers tells two programs of what becomes of leads, until one of them
// wants no more.
func testReceivers(t *testing.T, open Open) {
	s := opened(t, open)
	const one, two = "https://one.example/", "https://two.example/"
	made := []store.Order{{Kind: "hook.lead.created", To: one, When: store.First}, {Kind: "hook.card.received", To: two}, {Kind: "mail.card", To: "owner@example.com"}}
	send := func(email string) string {
		sub := submission(email)
		sub.Orders, sub.Silent = made, true
		return submit(t, s, sub).ID
	}
	ana := send("ana@example.com")
	send("ana@example.com")
	wanted := []string{"hook.card.received " + two + " waiting", "hook.card.received " + two + " waiting", "hook.lead.created " + one + " waiting",
		"mail.card owner@example.com waiting", "mail.card owner@example.com waiting"}
	if diff := cmp.Diff(wanted, kinds(t, s)); diff != "" {
		t.Errorf("after two cards of one person: %s", diff)
	}
	recipients := func(at time.Duration, wanted ...string) {
		t.Helper()
		for _, to := range []string{one, two, "https://three.example/"} {
			if due, err := s.Due(t.Context(), to, noon.Add(at)); err != nil || due != slices.Contains(wanted, to) {
				t.Errorf("due to %s after %v: %v, %v", to, at, due, err)
			}
		}
		got, err := s.Recipients(t.Context(), "hook.%", noon.Add(at))
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(wanted, got); diff != "" {
			t.Errorf("recipients after %v: %s", at, diff)
		}
	}
	recipients(0, one, two)
	claimed, err := s.Claim(t.Context(), "hook.%", two, noon, time.Minute, 10)
	if err != nil || len(claimed) != 2 || claimed[0].To != two || claimed[1].To != two {
		t.Errorf("claimed %+v, %v", claimed, err)
	}
	recipients(0, one)
	recipients(time.Minute, one, two)

	// Stages: each change tells what it was, and nothing that came later.
	seconds := 0
	enter := func(e store.Entry) {
		t.Helper()
		seconds++
		e.At, e.Orders = noon.Add(time.Duration(seconds)*time.Second), []store.Order{{Kind: "hook.lead.stage_changed", To: one}}
		if err := s.Enter(t.Context(), ana, e, []string{"call", "client"}); err != nil {
			t.Fatal(err)
		}
	}
	enter(store.Entry{Stage: "call"})
	enter(store.Entry{Note: "a note"})
	enter(store.Entry{Stage: "call", Value: new(10.0)})
	enter(store.Entry{Stage: "client"})
	enter(store.Entry{Value: new(20.0)})
	changes, err := s.Claim(t.Context(), "hook.lead.stage_changed", one, noon.Add(time.Minute), time.Minute, 10)
	if err != nil || len(changes) != 2 || changes[0].Subject != "1" || changes[1].Subject != "4" || changes[0].Lead != ana || changes[0].Form != "newsletter" {
		t.Fatalf("%+v, %v", changes, err)
	}
	first, err := s.Step(t.Context(), ana, 1)
	if err != nil || first.Stage != "call" || first.Before != "" || first.Worth != nil || !first.At.Equal(noon.Add(time.Second)) {
		t.Errorf("%+v, %v", first, err)
	}
	fourth, err := s.Step(t.Context(), ana, 4)
	if err != nil || fourth.Stage != "client" || fourth.Before != "call" || fourth.Worth == nil || *fourth.Worth != 10 {
		t.Errorf("%+v, %v", fourth, err)
	}
	if _, err := s.Step(t.Context(), ana, 6); !errors.Is(err, store.ErrNoLead) {
		t.Error(err)
	}

	// Who wants no more gets no more.
	for range 2 {
		if err := s.TurnAway(t.Context(), two, "410 Gone", noon, []store.Order{{Kind: "mail.gone", To: "owner@example.com", Subject: two}}); err != nil {
			t.Fatal(err)
		}
	}
	send("ben@example.com")
	refused, err := s.TurnedAway(t.Context())
	if err != nil || len(refused) != 1 || refused[0].To != two || !refused[0].At.Equal(noon) || refused[0].Said != "410 Gone" {
		t.Errorf("%+v, %v", refused, err)
	}
	all, err := s.Messages(t.Context(), time.Time{})
	if err != nil {
		t.Fatal(err)
	}
	dead := 0
	for _, m := range all {
		if m.To == two {
			want(t, "state", m.State, store.Dead)
			want(t, "said", m.Said, "410 Gone")
			dead++
		}
	}
	want(t, "given up", dead, 2)
	told := 0
	for _, k := range kinds(t, s) {
		if k == "mail.gone owner@example.com waiting" {
			told++
		}
	}
	want(t, "the owner is told", told, 1)
	if err := s.Enqueue(t.Context(), []store.Order{{Kind: "mail.untaken", To: "owner@example.com", Subject: one}}, noon); err != nil {
		t.Fatal(err)
	}
	want(t, "enqueued", slices.Contains(kinds(t, s), "mail.untaken owner@example.com waiting"), true)
	if known, err := s.Readmit(t.Context(), two); err != nil || !known {
		t.Error(known, err)
	}
	if known, err := s.Readmit(t.Context(), two); err != nil || known {
		t.Error(known, err)
	}
	send("cyd@example.com")
	recipients(2*time.Minute, one, two)

	// Whoever was told of somebody hears of the erasure.
	if _, err := s.Erase(t.Context(), ana, noon.Add(time.Minute), true); err != nil {
		t.Fatal(err)
	}
	erasures, err := s.Claim(t.Context(), "hook.lead.erased", "", noon.Add(time.Minute), time.Minute, 10)
	if err != nil || len(erasures) != 2 || erasures[0].Lead != ana || erasures[0].To == erasures[1].To {
		t.Errorf("%+v, %v", erasures, err)
	}
}

// testLimits sends many cards of one address and of many.
func testLimits(t *testing.T, open Open) {
	s := opened(t, open)
	alarm := []store.Order{{Kind: "mail.alarm", To: "owner@example.com", Limit: store.Limit{AllDay: 1}}}
	order := []store.Order{{Kind: "mail.confirm", Limit: store.Limit{PerHour: 1, PerDay: 3, AllDay: 8, Alarm: alarm}}}
	send := func(after time.Duration, email string) {
		sub := submission(email)
		sub.At, sub.Orders = noon.Add(after), order
		want(t, "status", submit(t, s, sub).Status, store.Accepted)
	}
	count := func() (confirm, alarms int) {
		for _, k := range kinds(t, s) {
			switch k[:9] {
			case "mail.conf":
				confirm++
			case "mail.alar":
				alarms++
			}
		}
		return confirm, alarms
	}
	for i := range 50 {
		send(time.Duration(i)*time.Second, "Ana@example.com")
	}
	got, _ := count()
	want(t, "within an hour", got, 1)
	for i := range 12 {
		send(time.Duration(i)*time.Hour+time.Minute, "ana@example.com")
	}
	got, _ = count()
	want(t, "within a day", got, 3)
	for i := range 30 {
		send(13*time.Hour, fmt.Sprint(i, "@example.com"))
	}
	got, alarms := count()
	want(t, "to everybody", got, 8)
	want(t, "alarms", alarms, 1)
	send(48*time.Hour, "ana@example.com")
	got, _ = count()
	want(t, "two days later", got, 9)
}

// testConfirm counts a confirmation once, on its day, for the post of the first
// card.
func testConfirm(t *testing.T, open Open) {
	s := opened(t, open)
	lead := submit(t, s, submission("ana@example.com")).ID
	elsewhere := submission("ana@example.com")
	elsewhere.Post = "/posts/b/"
	submit(t, s, elsewhere)
	tomorrow := noon.AddDate(0, 0, 1)
	token, err := s.Permit(t.Context(), store.Token{Purpose: "confirm", Lead: lead, Form: "newsletter"}, noon, time.Hour)
	if err != nil {
		t.Fatal(err)
	}
	for what, c := range map[string]struct {
		token, purpose string
		at             time.Time
		err            error
	}{
		"right": {token, "confirm", noon, nil}, "again": {token, "confirm", noon.Add(59 * time.Minute), nil}, "late": {token, "confirm", noon.Add(time.Hour), store.ErrNoToken},
		"for something else": {token, "unsubscribe", noon, store.ErrNoToken}, "guessed": {"ABC", "confirm", noon, store.ErrNoToken}, "empty": {"", "confirm", noon, store.ErrNoToken},
	} {
		k, err := s.Permitted(t.Context(), c.token, c.purpose, c.at)
		if !errors.Is(err, c.err) || err == nil && k != (store.Token{Purpose: "confirm", Lead: lead, Form: "newsletter"}) {
			t.Errorf("%s: %+v, %v", what, k, err)
		}
	}
	orders := []store.Order{{Kind: "mail.welcome"}}
	var group sync.WaitGroup
	for range 20 {
		group.Go(func() {
			if err := s.Confirm(t.Context(), lead, "newsletter", tomorrow, orders); err != nil {
				t.Error(err)
			}
		})
	}
	group.Wait()
	want(t, "welcomes", len(kinds(t, s)), 1)
	c := counts(t, s, "2026-11-23", "2026-11-23")
	want(t, "confirmed", tally(c, "/posts/a/", funnel.LeadConfirmed), 1)
	want(t, "confirmed elsewhere", tally(c, "/posts/b/", funnel.LeadConfirmed), 0)
	want(t, "by first post", part(breakdown(t, s, funnel.ByFirstPost, funnel.SiteWide), "/posts/a/", funnel.LeadConfirmed), funnel.Part{Count: 1})
	who, err := s.Person(t.Context(), lead)
	if err != nil || who.Email != "ana@example.com" || !who.ConfirmedAt.Equal(tomorrow) || !who.UnsubscribedAt.IsZero() {
		t.Errorf("%+v, %v", who, err)
	}
	if err := s.Unsubscribe(t.Context(), lead, tomorrow.Add(time.Hour), nil); err != nil {
		t.Fatal(err)
	}
	who, _ = s.Person(t.Context(), lead)
	want(t, "unsubscribed", who.UnsubscribedAt.Equal(tomorrow.Add(time.Hour)), true)
	if err := s.Confirm(t.Context(), lead, "newsletter", tomorrow.Add(2*time.Hour), orders); err != nil {
		t.Fatal(err)
	}
	who, _ = s.Person(t.Context(), lead)
	want(t, "back again", who.UnsubscribedAt.IsZero(), true)
	want(t, "confirmed twice", tally(counts(t, s, "", "2026-12-31"), "/posts/a/", funnel.LeadConfirmed), 1)
	if err := s.Confirm(t.Context(), "nobody", "newsletter", tomorrow, orders); err != nil {
		t.Errorf("somebody who was erased: %v", err)
	}
	if _, err := s.Person(t.Context(), "nobody"); !errors.Is(err, store.ErrNoLead) {
		t.Error(err)
	}
	people, err := s.People(t.Context())
	if err != nil || len(people) != 1 {
		t.Errorf("%+v, %v", people, err)
	}
}
