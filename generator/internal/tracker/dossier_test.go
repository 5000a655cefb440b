package tracker

import (
	"context"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"cardbowl/generator/internal/manifest"
	"cardbowl/generator/internal/outbox"
	"cardbowl/generator/internal/store"
)

// Every day the tracker erases whose time is over, and nobody else.
func TestRetention(t *testing.T) {
	var days atomic.Int64
	b := begin(t, func(s *setup) {
		s.options.Now = func() time.Time {
			return time.Date(2026, 11, 22, 12, 0, 0, 0, time.UTC).AddDate(0, 0, int(days.Load()))
		}
		s.options.GuardOff = true
		s.manifest.Retention = manifest.Retention{Unconfirmed: 30}
		for i := range s.manifest.Forms {
			s.manifest.Forms[i].Confirm = s.manifest.Forms[i].Name == "offer"
		}
	})
	for n := range LapseAtOnce + 3 {
		days.Store(int64(n % 2))
		if a := b.post("offer", card("reader"+strings.Repeat("x", n)+"@example.com", "consent", "yes")); a.status != 303 {
			t.Fatal(a.status, a.body)
		}
	}
	people := func() int {
		t.Helper()
		all, err := b.store.People(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		return len(all)
	}
	for _, c := range []struct{ day, left int }{{29, LapseAtOnce + 3}, {31, 26}, {32, 0}} {
		days.Store(int64(c.day))
		ctx, cancel := context.WithCancel(t.Context())
		ended := make(chan struct{})
		go func() { defer close(ended); b.tracker.Run(ctx) }()
		for end := time.Now().Add(20 * time.Second); people() != c.left; time.Sleep(10 * time.Millisecond) {
			if time.Now().After(end) {
				t.Fatalf("on day %d there are %d people, not %d", c.day, people(), c.left)
			}
		}
		cancel()
		<-ended
	}
}

// A link for one thing opens no other, and none opens what was erased.
func TestDataLinks(t *testing.T) {
	b := begin(t, func(s *setup) { s.manifest.Mail.Sender.Email = "owner@example.com" })
	if a := b.post("offer", card("ana@example.com", "consent", "yes")); a.status != 303 {
		t.Fatal(a.status)
	}
	people, err := b.store.People(t.Context())
	if err != nil || len(people) != 1 {
		t.Fatal(people, err)
	}
	link := func(purpose string) string {
		t.Helper()
		token, err := b.store.Permit(t.Context(), store.Token{Purpose: purpose, Lead: people[0].ID, Form: "offer"}, b.now(), time.Hour)
		if err != nil {
			t.Fatal(err)
		}
		return token
	}
	right := link("data")
	for _, purpose := range []string{"confirm", "unsubscribe", "file"} {
		for _, rest := range []string{"", "/export", "/erase"} {
			b.want(purpose+rest, b.send("GET", "/_/data/"+link(purpose)+rest, "", "").status, 404)
		}
		b.want(purpose, b.send("POST", "/_/data/"+link(purpose)+"/erase", "", "").status, 404)
	}
	for _, other := range []string{"/_/confirm/", "/_/unsubscribe/", "/_/file/"} {
		b.want(other, b.send("GET", other+right, "", "").status, 404)
	}
	for _, rest := range []string{"", "/export", "/erase"} {
		b.want("HEAD "+rest, b.send("HEAD", "/_/data/"+right+rest, "", "").status, 200)
		a := b.send("GET", "/_/data/"+right+rest, "", "")
		b.want(rest, a.status, 200)
		if !strings.Contains(a.body, "ana@example.com") || strings.Contains(b.log.String(), "ana@example.com") || strings.Contains(b.log.String(), right) {
			t.Error(rest, a.body, b.log)
		}
	}
	b.want("erased", b.send("POST", "/_/data/"+right+"/erase", "", "").status, 200)
	b.want("again", b.send("POST", "/_/data/"+right+"/erase", "", "").status, 404)
	queues, err := b.store.Queues(t.Context())
	if err != nil || !slices.ContainsFunc(queues, func(q store.Queue) bool { return q.Kind == outbox.Erased && q.Size == 1 }) {
		t.Error("the owner is not told:", queues, err)
	}
	if strings.Contains(b.log.String(), "ana@example.com") {
		t.Error(b.log)
	}
}
