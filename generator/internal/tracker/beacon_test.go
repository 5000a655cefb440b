package tracker

import (
	"fmt"
	"net/http/httptest"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"cardbowl/generator/internal/funnel"
	"cardbowl/generator/internal/store"
)

func TestEvents(t *testing.T) {
	b := begin(t, nil)
	event := func(body string, headers ...string) int {
		return b.send("POST", "/_/e", "text/plain;charset=UTF-8", body, headers...).status
	}
	for _, body := range []string{
		`{"t":"page_view","p":"/posts/a/?utm_source=x","r":"https://search.example/","q":"?utm_source=x"}`,
		`{"t":"page_view","p":"/posts/a"}`,
		`{"t":"form_view","p":"/posts/a/","f":"newsletter","l":"end"}`,
		`{"t":"form_start","p":"/posts/a/","f":"newsletter","l":"end"}`,
		`{"t":"form_start","p":"/posts/a/","f":"newsletter","l":"<script>"}`,
		// well formed, and not to be counted
		`{"t":"form_submit","p":"/posts/a/","f":"newsletter"}`, `{"t":"client","p":"/posts/a/"}`, `{"t":"page_view","p":"/nowhere/"}`, `{"t":"form_view","p":"/posts/a/","f":"nothing"}`,
		`{"t":"form_view","p":"/posts/a/"}`, `{}`, `{"p":"/posts/a/"}`, `null`,
	} {
		b.want(body, event(body), 204)
	}
	b.want("views", b.tally("/posts/a/", funnel.PageView), 2)
	b.want("form views", b.tally("/posts/a/", funnel.FormView), 1)
	b.want("form starts", b.tally("/posts/a/", funnel.FormStart), 2)
	b.want("no submissions", b.tally("/posts/a/", funnel.FormSubmit), 0)
	b.want("tallies", len(b.counts().Tallies), 4)
	for _, body := range []string{``, `[]`, `x`, `{"t":1}`, `{"t":"page_view","p":"/"`, `{"t":"page_view"}{}`} {
		b.want(body, event(body), 400)
	}
	b.want("5 KB", event(`{"t":"page_view","p":"`+strings.Repeat("x", 5000)+`"}`), 413)
	b.want("prefetch", event(`{"t":"page_view","p":"/posts/b/"}`, "Sec-Purpose", "prefetch;prerender"), 204)
	b.want("robot", event(`{"t":"page_view","p":"/posts/b/"}`, "User-Agent", "Mozilla/5.0 (compatible; Examplebot/2.1)"), 204)
	b.want("neither is counted", b.tally("/posts/b/", funnel.PageView), 0)
	// A tracker that does not serve the site counts what its own origin says.
	b.want("same origin", event(`{"t":"page_view","p":"/posts/b/"}`, "Sec-Fetch-Site", "same-origin"), 204)
	b.want("counted", b.tally("/posts/b/", funnel.PageView), 1)
}

func TestPlacementsAreBounded(t *testing.T) {
	b := begin(t, nil)
	for i := range 3 * maxPlaces {
		b.send("POST", "/_/e", "", fmt.Sprintf(`{"t":"form_view","p":"/posts/a/","f":"newsletter","l":"p%d"}`, i))
	}
	b.want("rows", len(b.counts().Tallies), maxPlaces+1)
}

func TestServedPagesAreCountedOnce(t *testing.T) {
	b := begin(t, func(s *setup) {
		s.public = map[string]string{"index.html": "home", "posts/a/index.html": "A", "posts/b/index.html": "B", "extra.html": "not in the manifest", "404.html": "gone"}
	})
	first := b.send("GET", "/posts/a/", "", "", "Sec-Fetch-Dest", "document")
	b.want("status", first.status, 200)
	b.want("again", b.send("GET", "/posts/a/", "", "", "If-None-Match", first.header.Get("ETag")).status, 304)
	for _, headers := range [][]string{
		{"Sec-Fetch-Site", "same-origin"}, {"Origin", b.server.URL}, {"Referer", b.server.URL + "/posts/a/"},
	} {
		b.send("POST", "/_/e", "text/plain", `{"t":"page_view","p":"/posts/a/"}`, headers...)
	}
	// The same page elsewhere, on a CDN say, is counted by its event.
	b.send("POST", "/_/e", "text/plain", `{"t":"page_view","p":"/posts/b/"}`, "Sec-Fetch-Site", "cross-site", "Origin", "https://blog.example")
	for _, not := range [][]string{
		{"User-Agent", "Examplebot/1.0"}, {"User-Agent", ""}, {"Sec-Purpose", "prefetch"}, {"Purpose", "prefetch"}, {"X-Moz", "prefetch"}, {"Sec-Fetch-Dest", "empty"},
	} {
		b.send("GET", "/posts/a/", "", "", not...)
	}
	b.send("HEAD", "/posts/a/", "", "")
	b.send("GET", "/posts/a", "", "") // a redirect
	b.send("GET", "/old/", "", "")    // likewise
	b.send("GET", "/extra.html", "", "")
	b.send("GET", "/posts/c/", "", "")
	b.soon("counting", func() bool { return b.tally("/posts/a/", funnel.PageView) >= 2 })
	time.Sleep(20 * time.Millisecond)
	b.want("views of a", b.tally("/posts/a/", funnel.PageView), 2)
	b.want("views of b", b.tally("/posts/b/", funnel.PageView), 1)
	b.want("tallies", len(b.counts().Tallies), 2)
	made, err := b.tracker.Report(t.Context(), ReportQuery{})
	if err != nil {
		t.Fatal(err)
	}
	for _, p := range made.Posts {
		if p.Path == "/posts/a/" {
			b.want("readers", p.Visitors, 1)
		}
	}
}

func TestConversion(t *testing.T) {
	b := begin(t, func(s *setup) { s.public = map[string]string{"posts/a/index.html": "A"} })
	b.send("GET", "/posts/a/", "", "")
	b.post("newsletter", card("ana@example.com"))
	b.agent = "Mozilla/5.0 (another one) Firefox/1"
	b.post("newsletter", card("ben@example.com")) // never seen reading
	b.soon("counting", func() bool { return b.tally("/posts/a/", funnel.PageView) == 1 })
	made, err := b.tracker.Report(t.Context(), ReportQuery{Since: "all"})
	if err != nil {
		t.Fatal(err)
	}
	p := made.Posts[0]
	b.want("post", fmt.Sprint(p.Path, p.Visitors, p.Converters, p.Submissions, p.Leads, *p.Rate, p.Enough), "/posts/a/1 1 2 2 1 false")
}

func FuzzBeacon(f *testing.F) {
	f.Add([]byte(`{"t":"page_view","p":"/posts/a/","f":"newsletter","l":"end","r":"","q":""}`))
	f.Add([]byte(`{"t":"form_view","p":"%","f":"newsletter"}`))
	opened, err := store.OpenSQLite(f.Context(), filepath.Join(f.TempDir(), "s.db"), store.SQLiteOptions{})
	if err != nil {
		f.Fatal(err)
	}
	defer opened.Close()
	tr := New(Options{Store: opened})
	if err := tr.SetManifest(exampleManifest()); err != nil {
		f.Fatal(err)
	}
	f.Fuzz(func(t *testing.T, body []byte) {
		b, err := decodeBeacon(body)
		if err != nil {
			return
		}
		r := httptest.NewRequest("POST", "/_/e", nil)
		r.Header.Set("User-Agent", browser)
		e, ok := tr.event(tr.site.Load(), r, b)
		if !ok {
			return
		}
		if _, known := tr.site.Load().index.Page(e.Post); !known {
			t.Errorf("an unknown page is counted: %q", e.Post)
		}
		if !placementName.MatchString(e.Placement) && e.Placement != "" {
			t.Errorf("placement %q", e.Placement)
		}
	})
}
