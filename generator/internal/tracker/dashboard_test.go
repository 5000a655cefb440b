package tracker

import (
	"encoding/json"
	"fmt"
	"regexp"
	"strings"
	"testing"
	"time"

	"cardbowl/generator/internal/funnel"
	"cardbowl/generator/internal/report"
	"cardbowl/generator/internal/store"
	"cardbowl/generator/internal/webhook"
)

func (b *bench) leads() []report.Lead {
	b.Helper()
	all, _, err := b.tracker.page(b.Context(), store.LeadQuery{Limit: 1000})
	if err != nil {
		b.Fatal(err)
	}
	return all
}

// A card becomes a client on the pages alone, and the report counts each stage.
func TestBoard(t *testing.T) {
	b := begin(t, func(s *setup) { s.options.OpenReport, s.manifest.Currency = true, "EUR" })
	b.contains(b.send("GET", "/_/report/leads/", "", "").body, "No card so far")
	b.post("newsletter", card("ana@example.com", "message", "<b>hi</b>"))
	id := b.leads()[0].ID
	at := "/_/report/lead/" + id
	board := b.send("GET", "/_/report/leads/", "", "")
	b.want("board", board.status, 200)
	b.contains(board.body, `href="`+at+`"`, "ana@example.com", "Post &lt;A&gt;")
	b.contains(board.header.Get("Content-Security-Policy"), report.StyleSource(), "default-src 'none'", "script-src 'self'; style-src")
	b.contains(board.body, `src="/_/report/board.js"`, `data-stage="call"`)
	b.want("the script of the board", b.send("GET", "/_/report/board.js", "", "").body, string(report.BoardScript()))

	moved := b.send("POST", at, urlencoded, "stage=call&back=board", "Sec-Fetch-Site", "same-origin")
	b.want("moved", fmt.Sprint(moved.status, " ", moved.header.Get("Location")), "303 /_/report/leads/")
	b.want("call", b.tally("/posts/a/", "call"), 1)
	b.send("POST", at, urlencoded, "stage=client&value=4000&note=Signed&next=Send+invoice&on=2026-12-01")
	for _, step := range []funnel.Step{"call", "meeting", "proposal", "client"} {
		b.want(string(step), b.tally("/posts/a/", step), 1)
	}
	page := b.send("GET", at, "", "")
	b.contains(page.body, "&lt;b&gt;hi&lt;/b&gt;", "client, worth 4,000 EUR", "Signed", "<b>Next:</b> Send invoice on 2026-12-01", "Nothing was sent about this lead")
	post := b.send("GET", "/_/report/post/?path=/old/", "", "")
	b.contains(post.body, "Post &lt;A&gt;", "newsletter, end", at, "client")

	if report := b.send("GET", "/_/report/", "", "").body; strings.Contains(report, "What next") {
		t.Error("there is advice without anything that speaks for it")
	}
	b.post("newsletter", card("ben@example.com"))
	waiting := begin(t, func(s *setup) {
		s.options.OpenReport, s.options.Store = true, b.store
		s.options.Now = func() time.Time { return b.now().AddDate(0, 0, 4) }
	})
	b.contains(waiting.send("GET", "/_/report/", "", "").body, "What next", "Answer 1 lead")

	for form, words := range map[string]string{"stage=dancing": "no such stage", "value=much": "no amount", "on=soon": "no day", "": "nothing to write", "value=-1": "no amount", "value=NaN": "no amount"} {
		a := b.send("POST", at, urlencoded, form+"&note=", "Accept", page0)
		b.want(form, a.status, 422)
		b.contains(a.body, words)
	}
	kept := b.send("POST", at, urlencoded, "note=A+long+one&on=soon")
	b.contains(kept.body, "A long one</textarea>")
	b.want("nobody", b.send("GET", "/_/report/lead/nobody", "", "").status, 404)
	b.want("moving nobody", b.send("POST", "/_/report/lead/nobody", urlencoded, "stage=call").status, 404)
	b.want("no such page", b.send("GET", "/_/report/post/?path=/nowhere/", "", "").status, 404)
	b.want("from another site", b.send("POST", at, urlencoded, "stage=lost", "Sec-Fetch-Site", "cross-site").status, 403)
	b.want("through a proxy", b.send("POST", at, urlencoded, "stage=lost", "X-Forwarded-For", "203.0.113.1").status, 403)
	ana, _, err := b.tracker.lead(t.Context(), id)
	if err != nil {
		t.Fatal(err)
	}
	if got := len(ana.History); got != 2 {
		t.Errorf("%d entries were written", got)
	}
}

// The page of a lead tells what was sent about it and what became of each, and keeps
// the address of a receiver, which may be a secret, to itself.
func TestLeadTellsWhatWasSent(t *testing.T) {
	b := begin(t, func(s *setup) {
		s.options.OpenReport = true
		s.manifest.Forms[1].Notify = []string{"owner@example.com"}
		s.manifest.Webhooks = []webhook.Receiver{webhook.Receiver{URL: "https://hooks.example/secret/path"}.Complete()}
	})
	b.post("offer", card("ana@example.com", "consent", "yes"))
	at := "/_/report/lead/" + b.leads()[0].ID
	b.contains(b.send("GET", at, "", "").body, "<b>Mail to you about the form</b><small>to: owner@example.com</small><small>state: waits until 22 Nov 2026 12:00</small>",
		"<b>Mail that asks to confirm the address</b><small>to: ana@example.com</small>", "<b>Mail that asks once more</b><small>to: ana@example.com</small><small>state: waits until 23 Nov 2026 12:00</small>",
		"<b>Webhook lead.created</b><small>to: hooks.example</small>")
	due, err := b.store.Claim(t.Context(), "%", "", b.now(), time.Minute, 10)
	if err != nil || len(due) != 3 {
		t.Fatal(len(due), err)
	}
	became := map[string]store.MessageState{"mail.card": store.Dead, "mail.confirm": store.Sent, "hook.lead.created": store.Waiting}
	for _, m := range due {
		if err := b.store.Settle(t.Context(), m.ID, became[m.Kind], b.now().Add(time.Hour), "550 <no>", b.now()); err != nil {
			t.Fatal(err)
		}
	}
	if err := b.store.Confirm(t.Context(), b.leads()[0].ID, "offer", b.now(), nil); err != nil {
		t.Fatal(err)
	}
	page := b.send("GET", at, "", "").body
	b.contains(page, "<small>to: owner@example.com</small><small>state: given up on 22 Nov 2026 12:00, after attempt 1; cardbowl outbox retry ", "<small>it was answered: 550 &lt;no&gt;</small>",
		"<small>to: ana@example.com</small><small>state: sent on 22 Nov 2026 12:00</small></li>", "<small>to: hooks.example</small><small>state: waits for attempt 2, from 22 Nov 2026 13:00 on</small>",
		"<b>Confirmed the address</b>")
	if strings.Contains(page, "secret") {
		t.Error("the address of a receiver is shown")
	}
}

// A board shows some of those in a stage and how many there are, and everybody can
// be come by from there, once.
func TestBoardOfMany(t *testing.T) {
	b := begin(t, func(s *setup) { s.options.OpenReport = true })
	const many = 250
	for n := range many {
		at := b.now().Add(time.Duration(n) * time.Second)
		if _, err := b.store.Submit(t.Context(), store.Submission{At: at, Post: "/posts/a/", Form: "newsletter", Placement: "end", Email: fmt.Sprintf("n%d@example.com", n)}); err != nil {
			t.Fatal(err)
		}
	}
	people := func(page string) []string {
		return regexp.MustCompile(`<a href="(/_/report/lead/[^"]+)"`).FindAllString(page, -1)
	}
	b.send("POST", "/_/report/lead/"+b.leads()[0].ID, urlencoded, "stage=call")
	board := b.send("GET", "/_/report/leads/", "", "").body
	b.contains(board, "250 leads", `new <span class="soft">249</span>`, `<a href="?stage=">209 others<span class="unseen"> who are new</span></a>`, `call <span class="soft">1</span>`, `<section class="empty"`)
	b.want("on the board", len(people(board)), report.MostCards+1)
	seen, pages := map[string]int{}, 0
	for next := "?stage="; next != ""; pages++ {
		page := b.send("GET", "/_/report/leads/"+next, "", "").body
		for _, link := range people(page) {
			seen[link]++
		}
		found := regexp.MustCompile(`<a href="([^"]+)">Those before them`).FindStringSubmatch(page)
		next = ""
		if found != nil {
			next = strings.ReplaceAll(found[1], "&amp;", "&")
		}
	}
	b.want("found", fmt.Sprint(len(seen), " on ", pages), "249 on 7")
	for link, n := range seen {
		if n > 1 {
			t.Errorf("%s comes %d times", link, n)
		}
	}
	for _, nowhere := range []string{"?stage=dancing", "?stage=&after=nobody"} {
		b.want(nowhere, b.send("GET", "/_/report/leads/"+nowhere, "", "").status, 404)
	}
	b.contains(b.send("GET", "/_/report/leads/?stage=client", "", "").body, "The whole board", "Nobody.")
	post := b.send("GET", "/_/report/post/?path=/old/", "", "").body
	b.want("of the post", len(people(post)), 50)
	b.contains(post, `<p class="note">200 others</p>`)
}

// A line beside each title, and on the page of a post each day with its edits, are
// what was counted, at former addresses, too.
func TestTrends(t *testing.T) {
	now := time.Date(2026, 11, 20, 12, 0, 0, 0, time.UTC)
	b := begin(t, func(s *setup) {
		s.options.OpenReport, s.options.GuardOff = true, true
		s.options.Now = func() time.Time { return now }
	})
	view := func(path string) { b.send("POST", "/_/e", "application/json", `{"t":"page_view","p":"`+path+`"}`) }
	view("/posts/a/")
	now = now.AddDate(0, 0, 2)
	m := exampleManifest()
	m.Pages[1].Revision = "edited"
	if err := b.tracker.SetManifest(m); err != nil {
		t.Fatal(err)
	}
	view("/posts/a/")
	b.post("newsletter", card("ana@example.com"))
	b.contains(b.send("GET", "/_/report/?since=7d", "", "").body, `class="spark"`, `aria-label="Visitors a day: at most 1, on 2026-11-20; 1 on 2026-11-22"`, "its visitors day by day")
	b.contains(b.send("GET", "/_/report/post/?since=7d&path=/old/", "", "").body, `<th scope="row">2026-11-20</th><td>1</td><td>0</td><td></td>`,
		`<th scope="row">2026-11-22</th><td>1</td><td>1</td><td>edited</td>`, "Edited on 2026-11-22")
	b.contains(b.send("GET", "/_/report/?since=all&by=source", "", "").body, "Source by Source")
}

const page0 = "text/html,*/*;q=0.8"

func TestLeadsAPI(t *testing.T) {
	b := begin(t, func(s *setup) { s.options.Token, s.options.ReadToken = "whole", "part" })
	for i := range 7 {
		b.post("newsletter", card(fmt.Sprintf("n%d@example.com", i)))
	}
	get := func(path string) (list leadList) {
		a := b.send("GET", "/_/api/v1/leads"+path, "", "", "Authorization", "Bearer part")
		b.want(path, a.status, 200)
		if err := json.Unmarshal([]byte(a.body), &list); err != nil {
			t.Fatal(err)
		}
		return list
	}
	seen, pages := map[string]bool{}, 0
	for at := "?limit=3"; ; pages++ {
		list := get(at)
		for _, l := range list.Leads {
			if seen[l.ID] {
				t.Error(l.ID, "comes twice")
			}
			seen[l.ID] = true
		}
		if list.Next == nil {
			break
		}
		at = "?limit=3&after=" + *list.Next
	}
	b.want("seen", fmt.Sprint(len(seen), pages), "7 2")
	id := get("?limit=1").Leads[0].ID
	say := func(what, body, token string) answer {
		return b.send("POST", "/_/api/v1/leads/"+id+what, "application/json", body, "Authorization", "Bearer "+token)
	}
	for _, what := range []string{"/stage", "/notes"} {
		a := say(what, `{"stage":"call","note":"x"}`, "part")
		b.want("reading"+what, a.status, 403)
		b.want("type", a.header.Get("Content-Type"), "application/problem+json")
	}
	b.contains(say("/stage", `{"stage":"call","value":4000.5,"next_step":"Write","next_day":"2026-12-01"}`, "whole").body, `"stage":"call"`, `"value":4000.5`, `"next_day":"2026-12-01"`)
	b.contains(say("/notes", `{"note":"hello"}`, "whole").body, `"note":"hello"`, `"stage":"call"`)
	b.want("counted", b.tally("/posts/a/", "call"), 1)
	b.want("by stage", fmt.Sprint(len(get("?stage=call").Leads), len(get("?stage=").Leads), len(get("?post=/posts/b/").Leads), len(get("?post=/old").Leads)), "1 6 0 7")
	for body, status := range map[string]int{`{"stage":"dancing"}`: 422, `{}`: 422, `{"stage":"call","x":1}`: 400, `[]`: 400, `{"stage":"call"}{}`: 400, `{"stage":"call","value":-1}`: 422, strings.Repeat(" ", 1<<20): 400} {
		b.want("stage", say("/stage", body, "whole").status, status)
	}
	b.want("no lead", b.send("GET", "/_/api/v1/leads/x", "", "", "Authorization", "Bearer whole").status, 404)
	b.want("limit", b.send("GET", "/_/api/v1/leads?limit=0", "", "", "Authorization", "Bearer whole").status, 400)
	b.want("after", b.send("GET", "/_/api/v1/leads?after=x", "", "", "Authorization", "Bearer whole").status, 400)
	b.want("no token", b.send("GET", "/_/api/v1/leads", "", "").status, 401)
}
