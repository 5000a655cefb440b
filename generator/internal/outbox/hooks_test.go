package outbox

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	standardwebhooks "github.com/standard-webhooks/standard-webhooks/libraries/go"

	"cardbowl/generator/internal/form"
	"cardbowl/generator/internal/letter"
	"cardbowl/generator/internal/manifest"
	"cardbowl/generator/internal/store"
	"cardbowl/generator/internal/webhook"
)

// crm is a program that is told of leads: a real server, which answers by the path
// it is asked at.
type crm struct {
	*httptest.Server
	mutex sync.Mutex
	came  []arrival
	hang  chan struct{} // /hang answers when it closes
}

type arrival struct {
	path string
	head http.Header
	body string
}

func openCRM(t *testing.T) *crm {
	t.Helper()
	c := &crm{hang: make(chan struct{})}
	c.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		c.mutex.Lock()
		c.came = append(c.came, arrival{r.URL.Path, r.Header, string(body)})
		c.mutex.Unlock()
		switch r.URL.Path {
		case "/hang":
			select {
			case <-c.hang:
			case <-r.Context().Done():
			}
		case "/fault":
			w.WriteHeader(http.StatusInternalServerError)
		case "/gone":
			w.WriteHeader(http.StatusGone)
		case "/moved":
			http.Redirect(w, r, "/ok", http.StatusFound)
		case "/busy":
			w.Header().Set("Retry-After", "7200")
			w.WriteHeader(http.StatusServiceUnavailable)
		}
	}))
	t.Cleanup(c.Close)
	t.Cleanup(func() { close(c.hang) }) // first
	return c
}

func (c *crm) at(path string) (out []arrival) {
	c.mutex.Lock()
	defer c.mutex.Unlock()
	for _, a := range c.came {
		if a.path == path {
			out = append(out, a)
		}
	}
	return out
}

// house is a store, a site, and an outbox over both whose clock can be moved.
type house struct {
	t      *testing.T
	store  store.Store
	box    *Outbox
	site   manifest.Manifest
	secret string
	mutex  sync.Mutex
	clock  time.Time
	cards  int
}

func openHouse(t *testing.T, mailer Mailer, receivers ...webhook.Receiver) *house {
	t.Helper()
	kept, err := store.OpenSQLite(t.Context(), filepath.Join(t.TempDir(), "store.db"), store.SQLiteOptions{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := kept.Close(); err != nil {
			t.Error(err)
		}
	})
	h := &house{t: t, store: kept, secret: webhook.NewSecret(), clock: time.Date(2026, 11, 22, 12, 0, 0, 0, time.UTC)}
	h.site = manifest.Manifest{BaseURL: "https://blog.example/", Title: "Small Fish", Currency: "EUR", Webhooks: receivers,
		Pages: []manifest.Page{{Path: "/posts/a/", Title: "The question", Kind: "post"}},
		Forms: []form.Definition{{Name: "contact", Notify: []string{"ann@example.com"}}},
		Mail: manifest.Mail{Sender: letter.Sender{Name: "Ann", Email: "ann@example.com"}, Frame: "{{.Body}}", Letters: map[string]string{letter.Card: "A card\n\nIt came.\n",
			letter.Receiver: "{{if .Gone}}Gone{{else}}Untaken{{end}}\n\n{{.Receiver}}\n"}}}
	h.box = New(Options{Store: kept, Mailer: mailer, Manifest: func() manifest.Manifest { return h.site }, Origin: func() string { return "https://blog.example" },
		Poster: webhook.Client{Secret: func(string) string { return h.secret }}, Now: h.now, Logger: slog.New(slog.DiscardHandler)})
	return h
}

func (h *house) now() time.Time {
	h.mutex.Lock()
	defer h.mutex.Unlock()
	return h.clock
}

func (h *house) pass(d time.Duration) {
	h.mutex.Lock()
	defer h.mutex.Unlock()
	h.clock = h.clock.Add(d)
}

// card drops one and returns the id of the lead.
func (h *house) card(message string) string {
	h.t.Helper()
	h.cards++
	email := fmt.Sprintf("ana%d@example.com", h.cards)
	r, err := h.store.Submit(h.t.Context(), store.Submission{At: h.now(), Post: "/posts/a/", Form: "contact", Placement: "end", Email: email, Consent: true, ConsentText: "c0",
		Fields: []form.Answer{{Name: "email", Value: email}, {Name: "message", Value: message}}, Orders: OnCard(h.site, h.site.Forms[0])})
	if err != nil {
		h.t.Fatal(err)
	}
	h.box.Wake()
	return r.ID
}

// run lets the outbox work until the returned function is called.
func (h *house) run() (end func()) {
	ctx, stop := context.WithCancel(h.t.Context())
	done := make(chan struct{})
	go func() { defer close(done); h.box.Run(ctx) }()
	return func() { stop(); <-done }
}

func (h *house) messages() map[string]store.Message {
	h.t.Helper()
	all, err := h.store.Messages(h.t.Context(), time.Time{})
	if err != nil {
		h.t.Fatal(err)
	}
	out := map[string]store.Message{}
	for _, m := range all {
		out[m.To[strings.LastIndexByte(m.To, '/')+1:]] = m
	}
	return out
}

func await(t *testing.T, what string, until func() bool) {
	t.Helper()
	for end := time.Now().Add(30 * time.Second); !until(); time.Sleep(5 * time.Millisecond) {
		if time.Now().After(end) {
			t.Fatal("waited in vain for " + what)
		}
	}
}

func to(c *crm, path string) webhook.Receiver {
	return webhook.Receiver{URL: c.URL + path, AllowPrivate: true}.Complete()
}

// TestReceivers: one hangs, one fails, one is gone, one has moved. The mail and the
// others notice nothing.
func TestReceivers(t *testing.T) {
	office, other := openPostOffice(t), openCRM(t)
	server, err := NewSMTP(office.address, "blog.example")
	if err != nil {
		t.Fatal(err)
	}
	h := openHouse(t, server, to(other, "/hang"), to(other, "/fault"), to(other, "/gone"), to(other, "/moved"), to(other, "/ok"))
	end := h.run()
	h.card("Call me.")
	await(t, "the one that hangs", func() bool { return len(other.at("/hang")) == 1 })
	h.card("Me too.")
	// Two of cards, and one that says who is gone.
	await(t, "mails and the others while one hangs", func() bool { return len(office.all()) == 3 && len(other.at("/ok")) == 2 })
	if !slices.ContainsFunc(office.all(), func(m received) bool {
		return m.to == "ann@example.com" && strings.Contains(m.text, "Subject: Gone") && strings.Contains(m.text, other.URL+"/gone")
	}) {
		t.Errorf("the owner is not told who is gone: %+v", office.all())
	}
	await(t, "the end of those that answer", func() bool {
		m := h.messages()
		return m["ok"].State == store.Sent && m["fault"].Attempts > 0 && m["fault"].Said != "" && m["moved"].Said != "" && m["gone"].State == store.Dead
	})
	m := h.messages()
	if m["fault"].State != store.Waiting || m["fault"].Said != "500 Internal Server Error" {
		t.Errorf("%+v", m["fault"])
	}
	if m["moved"].State != store.Waiting || !strings.HasPrefix(m["moved"].Said, "302 Found: nobody is followed") {
		t.Errorf("%+v", m["moved"])
	}
	refused, err := h.store.TurnedAway(t.Context())
	if err != nil || len(refused) != 1 || refused[0].To != other.URL+"/gone" || refused[0].Said != "410 Gone" {
		t.Errorf("%+v, %v", refused, err)
	}
	h.card("And me.")
	await(t, "the third", func() bool { return len(other.at("/ok")) == 3 })
	end()
	if n := len(other.at("/gone")); n > 2 {
		t.Errorf("the one that is gone was asked %d times", n)
	}
	if n := len(other.at("/hang")); n != 1 {
		t.Errorf("the one that hangs was asked %d times at once", n)
	}
	for _, a := range other.at("/ok") {
		if a.head.Get("webhook-id") == "" || !strings.Contains(a.body, `"type":"lead.created"`) {
			t.Errorf("%+v", a)
		}
	}
}

// TestAttempts: ten within about three days, of one message that stays the same,
// each with a signature of its own moment.
func TestAttempts(t *testing.T) {
	other := openCRM(t)
	h := openHouse(t, nil, to(other, "/fault"))
	lead := h.card("Call me.")
	begun := h.now()
	for m := h.messages()["fault"]; m.State == store.Waiting; m = h.messages()["fault"] {
		if wait := m.DueAt.Sub(h.now()); wait > 0 {
			h.round() // too early: nobody is asked
			h.pass(wait)
		}
		h.round()
	}
	came := other.at("/fault")
	if len(came) != 10 || h.messages()["fault"].State != store.Dead {
		t.Fatalf("%d attempts, %+v", len(came), h.messages())
	}
	if took := h.now().Sub(begun); took < 60*time.Hour || took > 95*time.Hour {
		t.Errorf("ten attempts in %v", took)
	}
	judge, err := standardwebhooks.NewWebhook(h.secret)
	if err != nil {
		t.Fatal(err)
	}
	if m := h.messages()["ann@example.com"]; m.Kind != Untaken || m.Subject != other.URL+"/fault" {
		t.Errorf("the owner is not told what was given up: %+v", m)
	}
	times := map[string]bool{}
	for _, a := range came {
		if a.head.Get("webhook-id") != came[0].head.Get("webhook-id") || a.body != came[0].body {
			t.Errorf("not the same message: %+v", a)
		}
		times[a.head.Get("webhook-timestamp")] = true
		if err := judge.VerifyIgnoringTimestamp([]byte(a.body), a.head); err != nil {
			t.Error(err)
		}
	}
	if len(times) != 10 {
		t.Errorf("%d different times", len(times))
	}
	var e struct {
		Type      string
		Timestamp time.Time
		Data      map[string]any
	}
	if err := json.Unmarshal([]byte(came[0].body), &e); err != nil {
		t.Fatal(err)
	}
	fields, _ := e.Data["fields"].(map[string]any)
	if e.Type != webhook.LeadCreated || !e.Timestamp.Equal(begun) || e.Data["id"] != lead || e.Data["email"] != "ana1@example.com" || e.Data["converted_on"] != "/posts/a/" ||
		e.Data["url"] != "https://blog.example/posts/a/" || e.Data["title"] != "The question" || e.Data["consent_version"] != "c0" || fields["message"] != "Call me." {
		t.Errorf("%s", came[0].body)
	}
	// By hand, once more.
	if known, err := h.store.RetryMessage(t.Context(), h.messages()["fault"].ID, h.now()); err != nil || !known {
		t.Fatal(known, err)
	}
	h.round()
	if n := len(other.at("/fault")); n != 11 {
		t.Errorf("%d", n)
	}
}

// round sends once what is due now to receivers.
func (h *house) round() {
	var group sync.WaitGroup
	h.box.dispatch(h.t.Context(), false, &group)
	group.Wait()
}

// TestEvents: each kind of event tells what it says, and the stage as it was then.
func TestEvents(t *testing.T) {
	other := openCRM(t)
	all := to(other, "/ok")
	all.Events = webhook.Events()
	h := openHouse(t, nil, all)
	lead := h.card(strings.Repeat("long ", 6000))
	stages := []string{"call", "client"}
	for i, e := range []store.Entry{{Stage: "call"}, {Stage: "client", Value: new(400.0)}, {Value: new(500.0)}, {Stage: "call"}} {
		e.At, e.Orders = h.now().Add(time.Duration(i)*time.Second), OnStage(h.site.Webhooks)
		if err := h.store.Enter(t.Context(), lead, e, stages); err != nil {
			t.Fatal(err)
		}
	}
	h.pass(time.Minute)
	if err := h.store.Confirm(t.Context(), lead, "contact", h.now(), OnConfirm(h.site, h.site.Forms[0])); err != nil {
		t.Fatal(err)
	}
	h.pass(time.Minute)
	for range 2 {
		if err := h.store.Unsubscribe(t.Context(), lead, h.now(), OnUnsubscribe(h.site.Webhooks)); err != nil {
			t.Fatal(err)
		}
	}
	h.round()
	var got []string
	for _, a := range other.at("/ok") {
		var e struct {
			Type string
			Data struct {
				ID, Email, Form, Stage, Currency string
				Before                           string `json:"previous_stage"`
				Value                            *float64
				Shortened                        bool
			}
		}
		if err := json.Unmarshal([]byte(a.body), &e); err != nil {
			t.Fatal(err)
		}
		if e.Data.ID != lead || e.Data.Email != "ana1@example.com" || e.Data.Form != "contact" || !e.Data.Shortened || len(a.body) > maxBody {
			t.Errorf("%d bytes: %.300s", len(a.body), a.body)
		}
		line := e.Type
		if e.Data.Stage != "" {
			line += fmt.Sprint(" ", e.Data.Before, "→", e.Data.Stage, " ", e.Data.Currency)
			if e.Data.Value != nil {
				line += fmt.Sprint(*e.Data.Value)
			}
		}
		got = append(got, line)
	}
	want := []string{"card.received", "lead.created", "lead.stage_changed →call EUR", "lead.stage_changed call→client EUR400", "lead.stage_changed client→call EUR500",
		"lead.confirmed", "lead.unsubscribed"}
	if !slices.Equal(got, want) {
		t.Errorf("told\n%q, want\n%q", got, want)
	}
}

// TestSettings: what site.yaml and the environment lack holds messages up for a
// while, and loses none.
func TestSettings(t *testing.T) {
	other := openCRM(t)
	h := openHouse(t, nil, to(other, "/ok"), to(other, "/busy"))
	known, secret := h.site.Webhooks, h.secret
	h.card("Call me.")
	h.site.Webhooks, h.secret = nil, ""
	h.round()
	if m := h.messages()["ok"]; m.State != store.Waiting || m.Said != "site.yaml has no webhook with this address any more" {
		t.Errorf("%+v", m)
	}
	h.site.Webhooks = known
	h.pass(time.Minute)
	h.round()
	if m := h.messages()["ok"]; m.State != store.Waiting || !strings.HasPrefix(m.Said, "CARDBOWL_WEBHOOK_SECRET: it holds no secret") {
		t.Errorf("%+v", m)
	}
	h.secret = secret
	h.pass(time.Hour)
	h.round()
	if m := h.messages()["ok"]; m.State != store.Sent || len(other.at("/ok")) != 1 {
		t.Errorf("%+v", m)
	}
	// Who asks to be left alone is.
	if m := h.messages()["busy"]; m.State != store.Waiting || m.DueAt.Sub(h.now()) < 2*time.Hour {
		t.Errorf("%+v", m)
	}
}

// bomb is a Poster that has a fault.
type bomb struct{ Poster }

func (b bomb) Post(ctx context.Context, to webhook.Receiver, m webhook.Message) (webhook.Answer, error) {
	if strings.Contains(string(m.Body), "ana2@example.com") {
		panic("a fault")
	}
	return b.Poster.Post(ctx, to, m)
}

// TestPanic: a message that makes us panic is tried again like any other, and given
// up; those before and after it arrive.
func TestPanic(t *testing.T) {
	other := openCRM(t)
	h := openHouse(t, nil, to(other, "/ok"))
	h.box.Poster = bomb{h.box.Poster}
	for range 3 {
		h.card("Call me.")
	}
	h.round()
	if n := len(other.at("/ok")); n != 2 {
		t.Errorf("%d of the others have arrived", n)
	}
	waiting := func() (m store.Message, n int) {
		all, err := h.store.Messages(t.Context(), time.Time{})
		if err != nil {
			t.Fatal(err)
		}
		for _, one := range all {
			if one.Kind == webhook.Kind+webhook.LeadCreated && one.State != store.Sent {
				m, n = one, n+1
			}
		}
		return m, n
	}
	for range 20 {
		h.pass(30 * time.Hour)
		h.round()
	}
	if m, n := waiting(); n != 1 || m.State != store.Dead || m.Attempts != 10 || m.Said == "" {
		t.Errorf("%d, %+v", n, m)
	}
}

// TestErased: whoever was told of a person is told of the erasure, by the id alone;
// who was told nothing is told nothing.
func TestErased(t *testing.T) {
	other := openCRM(t)
	late := to(other, "/ok")
	late.URL += "?late"
	h := openHouse(t, nil, to(other, "/ok"))
	lead := h.card("Call me.")
	h.round()
	h.site.Webhooks = append(h.site.Webhooks, late)
	if err := h.store.Enter(t.Context(), lead, store.Entry{At: h.now(), Stage: "call", Orders: OnStage(h.site.Webhooks[1:])}, []string{"call"}); err != nil {
		t.Fatal(err)
	}
	if _, err := h.store.Erase(t.Context(), lead, h.now(), true); err != nil {
		t.Fatal(err)
	}
	h.round()
	came := other.at("/ok")
	want := fmt.Sprintf(`{"type":"lead.erased","timestamp":"2026-11-22T12:00:00Z","data":{"id":%q}}`, lead)
	if len(came) != 2 || came[1].body != want {
		t.Errorf("%+v", came)
	}
}
