package storetest

import (
	"fmt"
	"sync"
	"testing"
	"time"

	"cardbowl/generator/internal/store"

	"github.com/google/go-cmp/cmp"
)

// testEvidence writes down what people agreed to and what came of it: each deed
// once, in its order, with the sentence and the page, and without a gap when many
// write at once.
func testEvidence(t *testing.T, open Open) {
	s := opened(t, open)
	text := store.ConsentText{Hash: store.HashText("Yes."), Text: "Yes."}
	if err := s.Remember(t.Context(), noon, []store.Page{{Path: "/posts/a/", Digest: "r1", Title: "A", Kind: "post"}}, []store.ConsentText{text}); err != nil {
		t.Fatal(err)
	}
	agreeing := func(email string, after time.Duration) store.Submission {
		sub := submission(email)
		sub.At, sub.Consent, sub.ConsentText = noon.Add(after), true, text.Hash
		sub.Orders = []store.Order{{Kind: "mail.card", To: "owner@example.com"}, {Kind: "mail.confirm", When: store.Unconfirmed}}
		return sub
	}
	first := submit(t, s, agreeing("ana@example.com", 0))
	silent := submission("ana@example.com") // no box was ticked
	submit(t, s, silent)
	trapped := agreeing("ana@example.com", 0)
	trapped.Quarantined = true
	submit(t, s, trapped)
	due, err := s.Claim(t.Context(), forever, "", noon, time.Minute, 10)
	if err != nil {
		t.Fatal(err)
	}
	for i, m := range due {
		state := store.Sent
		if i == 0 { // to the owner
			want(t, "to the owner", m.Kind, "mail.card")
		}
		for range 2 { // noted twice is proved once
			if err := s.Settle(t.Context(), m.ID, state, time.Time{}, "", noon.Add(time.Second)); err != nil {
				t.Fatal(err)
			}
		}
	}
	for i := range 2 {
		if err := s.Confirm(t.Context(), first.ID, "newsletter", noon.Add(time.Minute+time.Duration(i)), nil); err != nil {
			t.Fatal(err)
		}
		if err := s.Unsubscribe(t.Context(), first.ID, noon.Add(time.Hour), nil); err != nil {
			t.Fatal(err)
		}
		if err := s.Unsubscribe(t.Context(), first.ID, noon.Add(time.Hour), nil); err != nil {
			t.Fatal(err)
		}
	}
	r, err := s.Evidence(t.Context(), first.ID)
	if err != nil {
		t.Fatal(err)
	}
	var deeds []string
	for _, p := range r.Proofs {
		deeds = append(deeds, fmt.Sprint(p.N, " ", p.Deed, " ", p.Kind))
	}
	wanted := []string{"1 agreed ", "2 mailed mail.confirm", "3 confirmed ", "4 unsubscribed ", "5 confirmed ", "6 unsubscribed "}
	if diff := cmp.Diff(wanted, deeds); diff != "" {
		t.Error(diff)
	}
	agreed := store.Proof{N: 1, At: noon.UTC(), Deed: store.HasAgreed, Lead: first.ID, Form: "newsletter", Post: "/posts/a/", Placement: "end", Revision: "r1",
		TextHash: text.Hash, Submission: first.ID, Text: "Yes.", Title: "A"}
	if diff := cmp.Diff(agreed, r.Proofs[0]); diff != "" {
		t.Error(diff)
	}

	var all sync.WaitGroup
	for n := range 40 {
		all.Go(func() {
			if _, err := s.Submit(t.Context(), agreeing(fmt.Sprintf("reader%d@example.com", n), time.Minute)); err != nil {
				t.Error(err)
			}
		})
	}
	all.Wait()
	if r, err = s.Evidence(t.Context(), ""); err != nil || r.Entries != 46 || len(r.Faults) > 0 || len(r.Seal) != 64 {
		t.Errorf("%d entries, %v (%v)", r.Entries, r.Faults, err)
	}
}
