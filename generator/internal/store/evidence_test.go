package store

import (
	"database/sql"
	"errors"
	"fmt"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"cardbowl/generator/internal/form"
	"cardbowl/generator/internal/store/postgrestest"
)

// proven is a store of two people: one agreed, got a mail, confirmed and left; the
// other one agreed.
func proven(t *testing.T, s Store) (ana string) {
	t.Helper()
	text := ConsentText{HashText("Yes, write to me."), "Yes, write to me."}
	if err := s.Remember(t.Context(), start, []Page{{Path: "/a/", Digest: "r1", Title: "A", Kind: "post"}}, []ConsentText{text}); err != nil {
		t.Fatal(err)
	}
	for _, email := range []string{"Ana@example.com", "bo@example.com"} {
		r, err := s.Submit(t.Context(), Submission{At: start, Post: "/a/", Form: "f", Placement: "end", Revision: "r1", Email: email, Consent: true, ConsentText: text.Hash,
			Fields: []form.Answer{{Name: "email", Value: email}}, Orders: []Order{{Kind: "mail.card", To: "owner@example.com"}, {Kind: "mail.confirm"}}})
		if err != nil {
			t.Fatal(err)
		}
		if ana == "" {
			ana = r.ID
		}
	}
	due, err := s.Claim(t.Context(), "%", "", start, time.Minute, 10)
	if err != nil || len(due) != 4 {
		t.Fatal(due, err)
	}
	for _, m := range due {
		if err := s.Settle(t.Context(), m.ID, Sent, time.Time{}, "", start.Add(time.Second)); err != nil {
			t.Fatal(err)
		}
	}
	if err := s.Confirm(t.Context(), ana, "f", start.Add(time.Minute), nil); err != nil {
		t.Fatal(err)
	}
	if err := s.Unsubscribe(t.Context(), ana, start.Add(time.Hour), nil); err != nil {
		t.Fatal(err)
	}
	return ana
}

// tampering is each change of the evidence, or of what it is about, that somebody
// could make in the database, and what is said of it. %s is the lead.
func tampering() []struct{ change, undo, said string } {
	return []struct{ change, undo, said string }{
		{`update evidence set post = '/b/' where n = 2`, `update evidence set post = '/a/' where n = 2`, "entry 2 of the evidence of consent (agreed, 2026-11-22T12:00:00Z) is not as it was written"},
		{`update evidence set at = at - 1 where n = 1`, `update evidence set at = at + 1 where n = 1`, "entry 1 of"},
		{`update evidence set deed = 'confirmed' where n = 6`, `update evidence set deed = 'unsubscribed' where n = 6`, "entry 6 of"},
		{`update evidence set lead = 'x' where n = 1`, `update evidence set lead = (select id from leads where email = 'Ana@example.com') where n = 1`, "entry 1 of"},
		{`update evidence set link = person where n = 6`, ``, "entry 6 of"},
		{`update chain set n = 7`, `update chain set n = 6`, "entry 7 of the evidence of consent is missing"},
		{`update consent_texts set text = 'No'`, `update consent_texts set text = 'Yes, write to me.'`, "that was changed"},
		{`delete from consent_texts`, `insert into consent_texts (hash, text, first_seen) values ('` + HashText("Yes, write to me.") + `', 'Yes, write to me.', 0)`, "that is not there any more"},
		{`update leads set email = 'eva@example.com' where email = 'bo@example.com'`, `update leads set email = 'bo@example.com' where email = 'eva@example.com'`, "is of another address than lead"},
		{`update submissions set post = '/b/' where email = 'bo@example.com'`, `update submissions set post = '/a/' where email = 'bo@example.com'`, "entry 2 of the evidence of consent tells of card"},
		{`update leads set unsubscribed_at = 0`, `update leads set unsubscribed_at = (select at from evidence where n = 6) where email = 'Ana@example.com'`, "has unsubscribed by the evidence of consent, and is not stored"},
		{`update leads set confirmed_at = 1 where email = 'bo@example.com'`, `update leads set confirmed_at = 0 where email = 'bo@example.com'`, "has confirmed, and the evidence of consent knows nothing of it"},
		{`update secrets set secret = salt from leads`, ``, "entry 1 of"},
	}
}

func testTampering(t *testing.T, address string, do func(statement string)) {
	t.Helper()
	check := func() []string {
		t.Helper()
		held, wrong, err := Check(t.Context(), address)
		if err != nil {
			t.Fatal(err)
		}
		if held.Evidence == 0 || len(held.Seal) != 64 {
			t.Errorf("%+v", held)
		}
		return wrong
	}
	if wrong := check(); len(wrong) > 0 {
		t.Fatal("at first:", wrong)
	}
	do(`create table evidence_as_it_was as select * from evidence`)
	do(`create table secrets_as_they_were as select * from secrets`)
	back := func() {
		do(`delete from evidence`)
		do(`insert into evidence select * from evidence_as_it_was`)
		do(`delete from secrets`)
		do(`insert into secrets select * from secrets_as_they_were`)
	}
	for _, c := range tampering() {
		do(c.change)
		wrong := check()
		if !strings.Contains(strings.Join(wrong, "\n"), c.said) || len(wrong) == 0 {
			t.Errorf("%s: %q", c.change, wrong)
		}
		if c.undo != "" {
			do(c.undo)
		}
		back()
		if wrong := check(); len(wrong) > 0 {
			t.Fatalf("%s, put right: %q", c.change, wrong)
		}
	}
	for n := range 6 {
		statement := strings.ReplaceAll(`delete from evidence where n = ?`, "?", string(rune('1'+n)))
		do(statement)
		if wrong := check(); len(wrong) == 0 || !strings.Contains(wrong[0], strings.ReplaceAll("entry ? of the evidence of consent is missing", "?", string(rune('1'+n)))) {
			t.Errorf("%s: %q", statement, wrong)
		}
		back()
	}
	// Even with its end, an entry is missed as long as what it proves is there.
	do(`delete from evidence where n > 4`)
	do(`update chain set n = 4, link = (select link from evidence where n = 4)`)
	if wrong := check(); len(wrong) == 0 || !strings.Contains(wrong[0], "knows nothing of it") {
		t.Errorf("%q", wrong)
	}
}

// Every change of the evidence is noticed, and the entry named.
func TestEvidenceIsSealed(t *testing.T) {
	path := filepath.Join(t.TempDir(), "store.db")
	s, err := OpenSQLite(t.Context(), path, Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	proven(t, s)
	other, err := sql.Open("sqlite", address(path))
	if err != nil {
		t.Fatal(err)
	}
	defer other.Close()
	testTampering(t, path, func(statement string) {
		if _, err := other.Exec(statement); err != nil {
			t.Fatal(statement, err)
		}
	})
}

func TestEvidenceIsSealedInPostgres(t *testing.T) {
	server := postgrestest.Start(t)
	address := server.Database(t, "")
	s, err := OpenPostgres(t.Context(), address, Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	proven(t, s)
	testTampering(t, address, func(statement string) { server.Do(t, address, statement) })
}

// What was agreed to before there was evidence is taken into it, and sealed with
// the first entry after it.
func TestMigrateEvidence(t *testing.T) {
	path := filepath.Join(t.TempDir(), "store.db")
	hash := HashText("Yes.")
	olderStore(t, path, 5,
		`insert into consent_texts values ('`+hash+`', 'Yes.', 0)`,
		`insert into submissions (id, received_at, day, post, claim, form, placement, revision, email, fields, consent, consent_text, status, lead)
			values ('s1', 1767268800000, '2026-01-01', '/a/', '', 'f', 'end', 'r7', 'ana@example.com', '{}', 1, '`+hash+`', 'accepted', 's1'),
			('s2', 1767268800001, '2026-01-01', '/a/', '', 'f', 'end', 'r7', 'ana@example.com', '{}', 0, '', 'accepted', 's1')`,
		`insert into leads (id, address, email, created_at, day, post, form, placement, confirmed_at)
			values ('s1', 'ana@example.com', 'ana@example.com', 1767268800000, '2026-01-01', '/a/', 'f', 'end', 1767268900000)`,
		`insert into tallies values ('2026-01-01', '/a/', 'f', 'end', 'form_submit', 2)`,
		`insert into breakdowns values ('first_post', '*', '2026-01-01', '/a/', 'form_submit', 2, 0, 0)`,
	)
	s, err := OpenSQLite(t.Context(), path, Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	for _, after := range []string{"carried over", "sealed"} {
		if _, wrong, err := Check(t.Context(), path); err != nil || len(wrong) > 0 {
			t.Fatal(after, wrong, err)
		}
		r, err := s.Evidence(t.Context(), "s1")
		if err != nil || len(r.Proofs) < 2 || r.Proofs[0].Deed != HasAgreed || r.Proofs[0].Text != "Yes." || r.Proofs[1].Deed != HasConfirmed {
			t.Fatal(after, r, err)
		}
		if err := s.Unsubscribe(t.Context(), "s1", start, nil); err != nil {
			t.Fatal(err)
		}
	}
	if r, err := s.Evidence(t.Context(), ""); err != nil || r.Entries != 3 || r.Seal == "" || len(r.Faults) > 0 {
		t.Error(r, err)
	}
}

// Two trackers on one database write one chain, and a person who is erased by one
// while cards come to the other leaves nothing behind.
func TestEvidenceOfTwoTrackers(t *testing.T) {
	server := postgrestest.Start(t)
	address := server.Database(t, "")
	var stores []Store
	for range 2 {
		s, err := OpenPostgres(t.Context(), address, Options{})
		if err != nil {
			t.Fatal(err)
		}
		defer s.Close()
		stores = append(stores, s)
	}
	text := ConsentText{HashText("Yes."), "Yes."}
	if err := stores[0].Remember(t.Context(), start, nil, []ConsentText{text}); err != nil {
		t.Fatal(err)
	}
	const cards = 60
	var all sync.WaitGroup
	for n, s := range stores {
		all.Go(func() {
			for i := range cards {
				email := fmt.Sprintf("reader%d.%d@example.com", n, i)
				if i%3 == 0 {
					email = "ana@example.com"
				}
				if _, err := s.Submit(t.Context(), Submission{At: start, Post: "/a/", Form: "f", Email: email, Consent: true, ConsentText: text.Hash}); err != nil {
					t.Error(err)
				}
			}
		})
	}
	erased := 0
	all.Go(func() {
		for range 10 {
			people, err := stores[0].People(t.Context())
			if err != nil {
				t.Error(err)
			}
			for _, p := range people {
				if p.Email == "ana@example.com" {
					if _, err := stores[1].Erase(t.Context(), p.ID, start, true); err != nil && !errors.Is(err, ErrNoLead) {
						t.Error(err)
					}
					erased++
				}
			}
			time.Sleep(5 * time.Millisecond)
		}
	})
	all.Wait()
	held, wrong, err := Check(t.Context(), address)
	if err != nil || len(wrong) > 0 || held.Submissions != 2*cards || held.Evidence != 2*cards+erased {
		t.Error(held, wrong, erased, err)
	}
	left := 0
	err = each(t.Context(), stores[0].(*Postgres).reading, `select count(*) from submissions where email <> '' and lead in (select id from leads where erased_at > 0)`, nil,
		func(rows *sql.Rows) error { return rows.Scan(&left) })
	if err != nil || left > 0 {
		t.Errorf("%d cards stayed with somebody who was erased (%v)", left, err)
	}
}
