package storetest

import (
	"errors"
	"fmt"
	"slices"
	"testing"
	"time"

	"cardbowl/generator/internal/store"
)

// testPages goes through all leads page by page: whoever goes on where the last
// page ended sees everybody once, in the order of the first cards.
func testPages(t *testing.T, open Open) {
	s := opened(t, open)
	stages := []string{"call", "client"}
	var want []string // the newest first
	stage := map[string]string{}
	for n := range 23 {
		sub := submission(fmt.Sprintf("p%d@example.com", n))
		sub.At, sub.Post = noon.Add(time.Duration(n/3)*time.Hour), []string{"/posts/a/", "/posts/b/"}[n%2]
		id := submit(t, s, sub).ID
		again := sub
		again.At, again.Post, again.Fold, again.Key = sub.At.Add(48*time.Hour), "/posts/c/", nil, nil
		submit(t, s, again)
		if at := []string{"", "call", "client", "lost"}[n%4]; at != "" {
			for _, e := range []store.Entry{{At: noon.Add(72 * time.Hour), Stage: "call"}, {At: noon.Add(73 * time.Hour), Stage: at, Value: new(100.0)}, {At: noon.Add(74 * time.Hour), Note: "wrote"}} {
				if err := s.Enter(t.Context(), id, e, stages); err != nil {
					t.Fatal(err)
				}
			}
			stage[id] = at
		}
		want = append(want, id)
	}
	age := func(id string) int { return slices.Index(want, id) / 3 }
	order := slices.Clone(want)
	slices.SortFunc(order, func(a, b string) int {
		if age(a) != age(b) {
			return age(b) - age(a)
		}
		if a < b {
			return -1
		}
		return 1
	})
	through := func(q store.LeadQuery, chosen func(id string) bool) {
		t.Helper()
		var got []string
		for pages := 0; ; pages++ {
			p, err := s.Leads(t.Context(), q)
			if err != nil || pages > len(want) || len(p.IDs) > q.Limit {
				t.Fatal(len(p.IDs), pages, err)
			}
			if len(p.Cards) != 2*len(p.IDs) || len(p.People) != len(p.IDs) {
				t.Errorf("%d leads, %d cards, %d people", len(p.IDs), len(p.Cards), len(p.People))
			}
			entries := 0
			for _, of := range p.Progress {
				entries += len(of.Entries)
			}
			for _, id := range p.IDs {
				if stage[id] != "" {
					entries -= 3
				}
			}
			if entries != 0 {
				t.Errorf("%d entries too many", entries)
			}
			got = append(got, p.IDs...)
			if !p.More {
				break
			}
			q.After = p.IDs[len(p.IDs)-1]
		}
		if expected := slices.DeleteFunc(slices.Clone(order), func(id string) bool { return !chosen(id) }); !slices.Equal(got, expected) {
			t.Errorf("%+v: %d of %d, or in another order\n%v\n%v", q, len(got), len(expected), got, expected)
		}
	}
	for _, limit := range []int{1, 5, 23, 50} {
		through(store.LeadQuery{Limit: limit}, func(string) bool { return true })
		for _, at := range []string{"", "call", "client", "lost"} {
			through(store.LeadQuery{Limit: limit, Stage: &at}, func(id string) bool { return stage[id] == at })
		}
		post := "/posts/b/"
		through(store.LeadQuery{Limit: limit, Post: &post}, func(id string) bool { return slices.Index(want, id)%2 == 1 })
	}
	through(store.LeadQuery{Limit: 2, IDs: want[3:8]}, func(id string) bool { return slices.Contains(want[3:8], id) })
	if p, err := s.Leads(t.Context(), store.LeadQuery{}); err != nil || len(p.IDs) != 23 {
		t.Error(len(p.IDs), err)
	}
	if p, err := s.Leads(t.Context(), store.LeadQuery{IDs: []string{}}); err != nil || len(p.IDs) != 0 {
		t.Error("nobody was asked for, and there came", len(p.IDs), err)
	}
	if _, err := s.Leads(t.Context(), store.LeadQuery{After: "nobody"}); !errors.Is(err, store.ErrNoLead) {
		t.Error(err)
	}
	in, err := s.Stages(t.Context())
	if err != nil || in[""] != 6 || in["call"] != 6 || in["client"] != 6 || in["lost"] != 5 || len(in) != 4 {
		t.Error(in, err)
	}
	for id, at := range stage { // who was erased is in none
		if at == "call" {
			if _, err := s.Erase(t.Context(), id, noon, false); err != nil {
				t.Fatal(err)
			}
		}
	}
	in, err = s.Stages(t.Context())
	if err != nil || in["client"] != 6 || in[""] != 6 || in["lost"] != 5 || len(in) != 3 {
		t.Error(in, err)
	}
}

// testFind looks people up by address, in whatever letters, and by id.
func testFind(t *testing.T, open Open) {
	s := opened(t, open)
	finds := func(who, want string) {
		t.Helper()
		got, err := s.Find(t.Context(), who)
		if got != want || (want == "") != errors.Is(err, store.ErrNoLead) || want != "" && err != nil {
			t.Errorf("%q: %q (%v), want %q", who, got, err, want)
		}
	}
	finds("ana@example.com", "")
	ana, ben, nameless := submit(t, s, submission("Ana@Example.com")).ID, submit(t, s, submission("ben@example.com")).ID, submit(t, s, submission("")).ID
	trapped := submission("trap@example.com")
	trapped.Quarantined = true
	submit(t, s, trapped)
	if _, err := s.Import(t.Context(), noon, []store.ImportedLead{{Email: "Cyd@example.com"}}, nil); err != nil {
		t.Fatal(err)
	}
	for _, who := range []string{"Ana@Example.com", "ana@example.com", "ANA@EXAMPLE.COM", ana} {
		finds(who, ana)
	}
	finds("ben@example.com", ben)
	finds(nameless, nameless)
	if p, err := s.Leads(t.Context(), store.LeadQuery{}); err != nil || len(p.IDs) != 4 {
		t.Fatal(p.IDs, err)
	} else {
		cyd := slices.DeleteFunc(p.IDs, func(id string) bool { return id == ana || id == ben || id == nameless })
		finds("cyd@EXAMPLE.com", cyd[0])
	}
	for _, who := range []string{"", "trap@example.com", "a%@example.com", "ana", "ana@example.com' or '1'='1", "\x00", "\xff"} {
		finds(who, "")
	}
	if _, err := s.Erase(t.Context(), ana, noon, true); err != nil {
		t.Fatal(err)
	}
	finds("ana@example.com", "")
	finds(ana, "")
	again := submission("ana@example.com")
	again.At, again.Fold, again.Key = noon.Add(time.Hour), nil, nil
	finds("ana@example.com", "")
	id := submit(t, s, again).ID
	finds("ana@example.com", id)
}
