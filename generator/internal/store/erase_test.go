package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"cardbowl/generator/internal/form"
	"cardbowl/generator/internal/funnel"
	"cardbowl/generator/internal/store/postgrestest"

	gocmp "github.com/google/go-cmp/cmp"
)

// traces are words that are of nobody but the person whom the test erases.
func traces() []string {
	return []string{"zerlinde", "rumpelfeld", "whisperquick", "quincunxes", "+4930901820", "hollerwood", "blotterworth", "klabautermann", "snickersnee", "tumtumtree"}
}

// crowd fills a store with people among whom one is to be erased: who left words
// wherever a person can, one of them many times over.
func crowd(t *testing.T, s Store) (lead string) {
	t.Helper()
	text := ConsentText{HashText("Yes."), "Yes."}
	if err := s.Remember(t.Context(), start, []Page{{Path: "/a/", Digest: "r1", Title: "A", Kind: "post"}}, []ConsentText{text}); err != nil {
		t.Fatal(err)
	}
	send := func(n int, email, name, message, claim string) Receipt {
		t.Helper()
		at := start.Add(time.Duration(n) * time.Minute)
		visitor := keyed([]byte("salt"), email)[:16]
		for _, post := range []string{"/b/", "/a/"} {
			e := Event{At: at, Post: post, Step: funnel.PageView, Visitor: visitor, IsPost: true, Revision: "r1",
				Origin: funnel.Origin{Source: "news.example", Campaign: "autumn", Term: "term of " + name, Content: "content for " + name, Referrer: "ref.example"}}
			if err := s.Count(t.Context(), e); err != nil {
				t.Fatal(err)
			}
		}
		r, err := s.Submit(t.Context(), Submission{At: at, Post: "/a/", Claim: claim, Form: "f", Placement: "end", Revision: "r1", Email: email, Consent: true, ConsentText: text.Hash,
			Fields: []form.Answer{{Name: "email", Value: email}, {Name: "name", Value: name}, {Name: "message", Value: message}}, Visitor: visitor,
			Key: fmt.Appendf(nil, "k%d", n), Fold: fmt.Appendf(nil, "f%d", n), Orders: []Order{{Kind: "mail.card", To: "owner@example.com"}, {Kind: "mail.confirm"}}})
		if err != nil {
			t.Fatal(err)
		}
		return r
	}
	for n := range 200 {
		send(n, fmt.Sprintf("reader%d@example.com", n), "Reader", strings.Repeat("Some words of another person. ", n%9*20), "")
		if n%40 == 7 {
			r := send(1000+n, "Zerlinde@Rumpelfeld.example", "whisperquick", strings.Repeat("quincunxes and +4930901820 ", 1+n*5), "/claims/hollerwood/")
			if lead == "" {
				lead = r.ID
			}
		}
	}
	if _, err := s.Submit(t.Context(), Submission{At: start, Post: "/a/", Form: "f", Email: "zerlinde@rumpelfeld.example", Quarantined: true, Key: []byte("k"),
		Fields: []form.Answer{{Name: "message", Value: "snickersnee"}}}); err != nil {
		t.Fatal(err)
	}
	due, err := s.Claim(t.Context(), "mail.confirm", "", start.Add(48*time.Hour), time.Minute, 400)
	if err != nil {
		t.Fatal(err)
	}
	for i, m := range due {
		if m.Lead == lead {
			state := []MessageState{Sent, Dead, Waiting}[i%3]
			if err := s.Settle(t.Context(), m.ID, state, start, "550 <zerlinde@rumpelfeld.example> tumtumtree", start); err != nil {
				t.Fatal(err)
			}
		}
	}
	value := 4000.0
	for _, e := range []Entry{{At: start, Stage: "client", Value: &value, Note: "blotterworth", Next: "klabautermann", NextDay: "2026-12-01"}, {At: start, Note: "zerlinde again"}} {
		if err := s.Enter(t.Context(), lead, e, []string{"call", "client"}); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := s.Permit(t.Context(), Token{Purpose: "confirm", Lead: lead, Form: "f"}, start, 400*time.Hour); err != nil {
		t.Fatal(err)
	}
	if err := s.Confirm(t.Context(), lead, "f", start, nil); err != nil {
		t.Fatal(err)
	}
	return lead
}

// figures are everything that a report could be made of.
func figures(t *testing.T, s Store) (all []any) {
	t.Helper()
	c, err := s.Counts(t.Context(), "", "2026-12-31")
	if err != nil {
		t.Fatal(err)
	}
	inOrder(&c)
	all = append(all, c)
	for _, stage := range []string{"call", "client"} {
		waits, err := s.Waits(t.Context(), stage, "", "2026-12-31")
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, waits)
	}
	for _, d := range []funnel.Dimension{funnel.BySource, funnel.ByCampaign, funnel.ByForm, funnel.ByPlacement, funnel.ByRevision, funnel.ByFirstPost, funnel.ByAssist} {
		for _, post := range []string{funnel.SiteWide, "/a/"} {
			b, err := s.Breakdown(t.Context(), d, post, "2026-01-01", "2026-12-31")
			if err != nil {
				t.Fatal(err)
			}
			parts := map[string]funnel.Part{}
			for _, p := range b.Parts {
				parts[p.Post+" "+p.Key+" "+string(p.Step)] = p
			}
			leads := map[string]int{}
			for _, l := range b.Leads {
				leads[l.Post+" "+l.Key] = l.Leads
			}
			all = append(all, parts, leads)
		}
	}
	return all
}

// erased erases the one of a crowd and looks at what every store has to do then.
func erased(t *testing.T, s Store, lead string) {
	t.Helper()
	// What somebody read is forgotten with the day's salt, and belongs to nobody.
	if err := s.Purge(t.Context(), start.Add(72*time.Hour)); err != nil {
		t.Fatal(err)
	}
	before := figures(t, s)
	e, err := s.Erase(t.Context(), lead, start.Add(72*time.Hour), true)
	if err != nil {
		t.Fatal(err)
	}
	if want := (Erasure{Cards: 5, Trapped: 1, Entries: 2, Messages: 10, Links: 1}); e != want {
		t.Errorf("%+v, not %+v", e, want)
	}
	if err := s.Scrub(t.Context()); err != nil {
		t.Fatal(err)
	}
	if diff := gocmp.Diff(before, figures(t, s)); diff != "" {
		t.Error("a count has changed:", diff)
	}
	if _, err := s.Erase(t.Context(), lead, start, true); !errors.Is(err, ErrNoLead) {
		t.Error("erased twice:", err)
	}
	if _, err := s.Dossier(t.Context(), lead); !errors.Is(err, ErrNoLead) {
		t.Error("something is kept of the person:", err)
	}
	if r, err := s.Evidence(t.Context(), lead); err != nil || len(r.Faults) > 0 || r.Proofs[len(r.Proofs)-1].Deed != WasErased {
		t.Error("the evidence:", r.Faults, err)
	}
	for _, email := range []string{"ZERLINDE@rumpelfeld.example", "zerlinde@rumpelfeld.example"} {
		if at, err := s.Suppressed(t.Context(), email); err != nil || at.IsZero() {
			t.Error(email, at, err)
		}
	}
	if at, err := s.Suppressed(t.Context(), "reader1@example.com"); err != nil || !at.IsZero() {
		t.Error("a stranger is suppressed:", at, err)
	}
}

// Who was erased is in no file of the store, in the log beside it, or in a backup
// taken after.
func TestEraseLeavesNoTrace(t *testing.T) {
	folder := t.TempDir()
	path := filepath.Join(folder, "store.db")
	s, err := OpenSQLite(t.Context(), path, Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	look := func(name string) string {
		t.Helper()
		// A copy by another process: this one may not open the file.
		text, err := exec.CommandContext(t.Context(), "cat", name).Output()
		if err != nil {
			t.Fatal(err)
		}
		return strings.ToLower(string(text))
	}
	lead := crowd(t, s)
	time.Sleep(1500 * time.Millisecond) // until a checkpoint carried some into the file
	there := look(path) + look(path+"-wal")
	for _, word := range traces() {
		if !strings.Contains(there, word) {
			t.Errorf("%q is not on disk to begin with", word)
		}
	}
	erased(t, s, lead)
	backup := filepath.Join(folder, "backup.db")
	if _, err := Backup(t.Context(), path, backup, nil); err != nil {
		t.Fatal(err)
	}
	if _, wrong, err := Check(t.Context(), backup); err != nil || len(wrong) > 0 {
		t.Error(wrong, err)
	}
	for _, name := range []string{path, path + "-wal", path + "-shm", backup} {
		text := look(name)
		for _, word := range traces() {
			if at := strings.Index(text, word); at >= 0 {
				t.Errorf("%s still has %q: %q", filepath.Base(name), word, text[max(0, at-60):min(len(text), at+60)])
			}
		}
	}

	// Her next card is a new one, and no mail goes out for it until the owner says so.
	mails := func() (n int) {
		t.Helper()
		r, err := s.Submit(t.Context(), Submission{At: start.Add(100 * time.Hour), Post: "/a/", Form: "f", Email: "zerlinde@rumpelfeld.example",
			Orders: []Order{{Kind: "mail.card", To: "owner@example.com"}, {Kind: "mail.confirm"}}})
		if err != nil || r.Status != Accepted {
			t.Fatal(r, err)
		}
		all, err := s.Messages(t.Context(), start.Add(99*time.Hour))
		if err != nil {
			t.Fatal(err)
		}
		for _, m := range all {
			if m.Kind == "mail.confirm" {
				n++
			}
		}
		return n
	}
	if n := mails(); n != 0 {
		t.Error("an address that was erased is written to")
	}
	if known, err := s.Allow(t.Context(), "Zerlinde@rumpelfeld.example", start); err != nil || !known {
		t.Error(known, err)
	}
	if n := mails(); n != 1 {
		t.Errorf("after it was allowed, %d mails", n)
	}
}

func TestEraseInPostgres(t *testing.T) {
	server := postgrestest.Start(t)
	address := server.Database(t, "")
	s, err := OpenPostgres(t.Context(), address, Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	found := func() map[string]bool {
		t.Helper()
		words := map[string]bool{}
		for _, table := range tables() {
			err := each(context.Background(), s.reading, `select lower(t::text) from `+table.name+` t`, nil, func(rows *sql.Rows) error {
				var row string
				err := rows.Scan(&row)
				for _, word := range traces() {
					if strings.Contains(row, word) || strings.Contains(row, fmt.Sprintf("%x", word)) {
						words[word] = true
					}
				}
				return err
			})
			if err != nil {
				t.Fatal(err)
			}
		}
		return words
	}
	lead := crowd(t, s)
	if words := found(); len(words) != len(traces()) {
		t.Errorf("not all is there to begin with: %v", words)
	}
	erased(t, s, lead)
	if words := found(); len(words) > 0 {
		t.Errorf("the store still has %v", words)
	}
	if _, wrong, err := Check(t.Context(), address); err != nil || len(wrong) > 0 {
		t.Error(wrong, err)
	}
}
