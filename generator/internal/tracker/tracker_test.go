package tracker

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net/http/httptest"
	"net/netip"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"cardbowl/generator/internal/funnel"
	"cardbowl/generator/internal/store"
)

func TestSiteBelowAPath(t *testing.T) {
	b := begin(t, func(s *setup) {
		s.manifest.BaseURL = "https://example.com/blog/"
		for i := range s.manifest.Pages {
			s.manifest.Pages[i].Path = "/blog" + s.manifest.Pages[i].Path
		}
		s.public = map[string]string{"index.html": "home", "posts/a/index.html": "A", "404.html": "gone"}
	})
	b.want("page", b.send("GET", "/blog/posts/a/", "", "").body, "A")
	b.want("home", b.send("GET", "/blog/", "", "").body, "home")
	b.want("root", b.send("GET", "/", "", "").header.Get("Location"), "/blog/")
	b.want("without slash", b.send("GET", "/blog", "", "").header.Get("Location"), "/blog/")
	b.want("outside", b.send("GET", "/posts/a/", "", "").status, 404)
	b.want("thanks", b.post("offer", card("ana@example.com", "consent", "yes", "_post", "/blog/posts/a/")).header.Get("Location"), "/blog/thanks/")
	b.want("counted", b.tally("/blog/posts/a/", funnel.FormSubmit), 1)
}

func TestCORS(t *testing.T) {
	b := begin(t, nil)
	for _, path := range []string{"/_/f/newsletter", "/_/e"} {
		a := b.send("OPTIONS", path, "", "", "Origin", "https://blog.example", "Access-Control-Request-Method", "POST")
		b.want("preflight", a.status, 204)
		b.want("origin", a.header.Get("Access-Control-Allow-Origin"), "https://blog.example")
		b.contains(strings.Join(a.header.Values("Vary"), ","), "Origin")
		for _, other := range []string{"https://evil.example", "null", "https://blog.example.evil.example", "http://blog.example"} {
			a = b.send("OPTIONS", path, "", "", "Origin", other)
			b.want("origin for "+other, a.header.Get("Access-Control-Allow-Origin"), "")
		}
	}
	a := b.post("newsletter", card("ana@example.com"), "Origin", "https://blog.example")
	b.want("answer", a.header.Get("Access-Control-Allow-Origin"), "https://blog.example")
	for _, closed := range []string{"/_/report/", "/_/api/v1/report", "/_/healthz"} {
		b.want(closed, b.send("GET", closed, "", "", "Origin", "https://blog.example").header.Get("Access-Control-Allow-Origin"), "")
	}
}

// broken is a store that cannot commit.
type broken struct{ store.Store }

func (broken) Submit(context.Context, store.Submission) (store.Receipt, error) {
	return store.Receipt{}, store.ErrUnavailable
}
func (broken) Count(context.Context, store.Event) error { return store.ErrUnavailable }
func (broken) CountSoon(store.Event) bool               { return false }
func (broken) Salt(context.Context, time.Time) ([]byte, error) {
	return nil, store.ErrUnavailable
}
func (broken) Remember(context.Context, time.Time, []store.Page, []store.ConsentText) error {
	return nil
}
func (broken) Ready(context.Context) error { return store.ErrStopped }

func TestStoreCannotCommit(t *testing.T) {
	b := begin(t, func(s *setup) {
		s.options.Store = broken{}
		s.public = map[string]string{"posts/a/index.html": "A"}
	})
	a := b.post("newsletter", card("ana@example.com", "message", "long thoughts"))
	b.want("status", a.status, 503)
	b.want("retry", a.header.Get("Retry-After"), "5")
	b.contains(a.body, "long thoughts", "ana@example.com", `name="_key" value="`)
	a = b.send("POST", "/_/f/newsletter", urlencoded, card("ana@example.com").Encode(), "Accept", "application/json")
	b.want("JSON", a.status, 503)
	b.want("JSON type", a.header.Get("Content-Type"), "application/problem+json")
	b.want("event", b.send("POST", "/_/e", "", `{"t":"page_view","p":"/posts/a/"}`).status, 503)
	b.want("pages are served all the same", b.send("GET", "/posts/a/", "", "").body, "A")
	b.want("ready", b.send("GET", "/_/readyz", "", "").status, 503)
	b.want("alive", b.send("GET", "/_/healthz", "", "").status, 200)
	if strings.Contains(b.log.String(), "ana@") || strings.Contains(b.log.String(), "127.0.0.1") {
		t.Error("personal data in the log:", b.log)
	}
}

func TestNoAddressOnDisk(t *testing.T) {
	folder := t.TempDir()
	path := filepath.Join(folder, "store.db")
	opened, err := store.OpenSQLite(t.Context(), path, store.SQLiteOptions{})
	if err != nil {
		t.Fatal(err)
	}
	b := begin(t, func(s *setup) {
		s.options.Store = opened
		s.options.TrustedProxies = []netip.Prefix{netip.MustParsePrefix("127.0.0.0/8")}
		s.public = map[string]string{"posts/a/index.html": "A"}
	})
	b.agent = "VerySpecialBrowser/77"
	b.send("GET", "/posts/a/", "", "", "X-Forwarded-For", "203.0.113.77")
	b.send("POST", "/_/e", "", `{"t":"form_view","p":"/posts/a/","f":"newsletter"}`, "X-Forwarded-For", "203.0.113.77")
	b.post("newsletter", card("ana@example.com"), "X-Forwarded-For", "203.0.113.77")
	b.server.Close()
	if err := opened.Close(); err != nil {
		t.Fatal(err)
	}
	entries, err := os.ReadDir(folder)
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range entries {
		text, err := os.ReadFile(filepath.Join(folder, e.Name()))
		if err != nil {
			t.Fatal(err)
		}
		address := netip.MustParseAddr("203.0.113.77").AsSlice()
		if bytes.Contains(text, []byte("203.0.113.77")) || bytes.Contains(text, address) || bytes.Contains(text, []byte("VerySpecialBrowser")) {
			t.Errorf("%s holds an address or a user agent", e.Name())
		}
	}
	if strings.Contains(b.log.String(), "203.0.113") || strings.Contains(b.log.String(), "VerySpecial") {
		t.Error("the log holds an address or a user agent:", b.log)
	}
}

func TestManifestIsSwapped(t *testing.T) {
	b := begin(t, nil)
	m := exampleManifest()
	m.Pages = m.Pages[:2]
	m.Forms = m.Forms[:1]
	b.post("newsletter", card("ana@example.com", "_post", "/posts/b/"))
	if err := b.tracker.SetManifest(m); err != nil {
		t.Fatal(err)
	}
	b.want("a form that is gone", b.post("offer", card("ana@example.com")).status, 404)
	made, err := b.tracker.Report(t.Context(), ReportQuery{})
	if err != nil {
		t.Fatal(err)
	}
	found := false
	for _, p := range made.Posts {
		if p.Path == "/posts/b/" {
			found = true
			b.want("gone post", fmt.Sprint(p.Title, p.Gone, p.Submissions), "Post Btrue 1")
		}
	}
	b.want("listed", found, true)
	m.TimeZone = "Mars/Olympus"
	if err := b.tracker.SetManifest(m); err == nil {
		t.Error("an unknown time zone was taken")
	}
	b.want("the old one stays", b.post("newsletter", card("ben@example.com")).status, 303)
}

func TestDaysOfTheSite(t *testing.T) {
	if _, err := time.LoadLocation("Pacific/Auckland"); err != nil {
		t.Skip("no time zones on this machine:", err)
	}
	b := begin(t, func(s *setup) { s.manifest.TimeZone = "Pacific/Auckland" })
	b.post("newsletter", card("ana@example.com"))
	c, err := b.store.Counts(t.Context(), "2026-11-23", "2026-11-23") // noon in UTC is tomorrow there
	if err != nil || len(c.Tallies) != 1 {
		t.Error(c, err)
	}
	made, err := b.tracker.Report(t.Context(), ReportQuery{Since: "1d"})
	if err != nil {
		t.Fatal(err)
	}
	b.want("today there", made.Until, "2026-11-23")
	b.want("submissions", made.Total.Submissions, 1)
}

func TestUnknownSite(t *testing.T) {
	opened, err := store.OpenSQLite(t.Context(), filepath.Join(t.TempDir(), "s.db"), store.SQLiteOptions{})
	if err != nil {
		t.Fatal(err)
	}
	defer opened.Close()
	tr := New(Options{Store: opened})
	for path, status := range map[string]int{"/_/readyz": 503, "/_/healthz": 200, "/_/thanks/x": 404, "/_/f/x": 405, "/_/report/": 403} {
		w := httptest.NewRecorder()
		tr.ServeHTTP(w, httptest.NewRequest("GET", path, nil))
		if w.Code != status {
			t.Errorf("%s: %d, want %d", path, w.Code, status)
		}
	}
}

// panicky is a store that fails in the worst way.
type panicky struct{ broken }

func (panicky) Submit(context.Context, store.Submission) (store.Receipt, error) {
	panic(errors.New("boom"))
}

func TestPanicIsOneRequest(t *testing.T) {
	b := begin(t, func(s *setup) { s.options.Store = panicky{} })
	b.want("status", b.post("newsletter", card("ana@example.com")).status, 500)
	b.want("alive", b.send("GET", "/_/healthz", "", "").status, 200)
	b.contains(b.log.String(), "panic in a request", "boom")
}
