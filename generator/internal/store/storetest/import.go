package storetest

import (
	"errors"
	"slices"
	"testing"
	"time"

	"cardbowl/generator/internal/form"
	"cardbowl/generator/internal/funnel"
	"cardbowl/generator/internal/store"
)

// testImport brings people over from elsewhere: they are there, they count for
// nothing, once is enough, and what they do from then on counts as anybody's.
func testImport(t *testing.T, open Open) {
	s := opened(t, open)
	stages := []string{"call", "meeting", "client"}
	submit(t, s, submission("ana@example.com"))
	before := counts(t, s, "", "9999-12-31")
	people := []store.ImportedLead{
		{Email: "Ana@example.com", Stage: "client", Value: new(1.0)},
		{Email: "ben@example.com", Fields: []form.Answer{{Name: "name", Value: "Ben"}}, Since: noon.AddDate(-1, 0, 0), Stage: "meeting", Value: new(500.0), Note: "from the fair"},
		{Email: "cleo@example.com", UnsubscribedAt: noon.AddDate(0, -1, 0)},
		{Email: "dora@example.com", Stage: "client", Value: new(900.0)},
	}
	for _, want := range []int{3, 0} {
		if n, err := s.Import(t.Context(), noon, people, stages); err != nil || n != want {
			t.Fatalf("%d were added, want %d (%v)", n, want, err)
		}
	}
	after := counts(t, s, "", "9999-12-31")
	if len(after.Tallies) != len(before.Tallies) || len(after.Values) != 0 || len(after.Leads) != len(before.Leads) {
		t.Errorf("people from elsewhere count: %+v", after)
	}
	all, err := s.Leads(t.Context(), store.LeadQuery{})
	if err != nil || len(all.IDs) != 4 || len(all.Cards) != 4 {
		t.Fatal(len(all.IDs), len(all.Cards), err)
	}
	ids := map[string]string{}
	for _, c := range all.Cards {
		ids[c.Email] = c.Lead
		if (c.Status == store.Imported) != (c.Email != "ana@example.com") {
			t.Errorf("the card of %s is %s", c.Email, c.Status)
		}
	}
	for _, p := range all.People {
		if p.UnsubscribedAt.IsZero() != (p.ID != ids["cleo@example.com"]) {
			t.Errorf("%s: unsubscribed at %v", p.Email, p.UnsubscribedAt)
		}
	}
	if in, err := s.Stages(t.Context()); err != nil || in["meeting"] != 1 || in["client"] != 1 || in[""] != 2 {
		t.Error(in, err)
	}
	count := func(post string, step funnel.Step) (n int) {
		for _, x := range counts(t, s, "", "9999-12-31").Tallies {
			if x.Post == post && x.Step == step {
				n += x.Count
			}
		}
		return n
	}
	enter := func(email, stage string) {
		t.Helper()
		if err := s.Enter(t.Context(), ids[email], store.Entry{At: noon.Add(time.Hour), Stage: stage}, stages); err != nil {
			t.Fatal(err)
		}
	}
	// Whoever has sent no card here yet counts for no post; what was reached
	// elsewhere is not reached again.
	enter("ben@example.com", "client")
	if got := [3]int{count("", "call"), count("", "meeting"), count("", "client")}; got != [3]int{0, 0, 1} {
		t.Errorf("call, meeting, client: %v", got)
	}
	for stage, want := range map[string][]funnel.Wait{"client": {{Took: noon.Add(time.Hour).Sub(noon.AddDate(-1, 0, 0)), Count: 1}}, "meeting": nil} {
		if got, err := s.Waits(t.Context(), stage, "", "9999-12-31"); err != nil || !slices.Equal(got, want) {
			t.Errorf("to %s it took %v, want %v since the person was known (%v)", stage, got, want, err)
		}
	}
	// From the first card on, its post has the credit.
	card := submission("cleo@example.com")
	card.At = noon.Add(2 * time.Hour)
	submit(t, s, card)
	enter("cleo@example.com", "call")
	if got := count(card.Post, "call"); got != 1 || count("", "call") != 0 {
		t.Errorf("%d calls of the post", got)
	}
	if _, err := s.Import(t.Context(), noon, []store.ImportedLead{{}}, stages); err == nil || errors.Is(err, store.ErrReadOnly) {
		t.Error("somebody without an address was brought over:", err)
	}
}
