package tracker

import (
	"compress/gzip"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/andybalholm/brotli"
)

// ask sends a request whose answer is not unpacked behind our back.
func (b *bench) ask(path string, header ...string) (*http.Response, []byte) {
	b.Helper()
	r, err := http.NewRequestWithContext(b.Context(), "GET", b.server.URL+path, nil)
	if err != nil {
		b.Fatal(err)
	}
	r.Header.Set("User-Agent", b.agent)
	r.Header.Set("Accept-Encoding", "identity")
	for i := 0; i < len(header); i += 2 {
		r.Header.Set(header[i], header[i+1])
	}
	answer, err := http.DefaultTransport.RoundTrip(r)
	if err != nil {
		b.Fatal(err)
	}
	defer answer.Body.Close()
	text, err := io.ReadAll(answer.Body)
	if err != nil {
		b.Fatal(err)
	}
	return answer, text
}

func unpacked(t *testing.T, encoding string, packed []byte) string {
	t.Helper()
	var r io.Reader = strings.NewReader(string(packed))
	switch encoding {
	case "br":
		r = brotli.NewReader(r)
	case "gzip":
		var err error
		if r, err = gzip.NewReader(r); err != nil {
			t.Fatal(err)
		}
	}
	text, err := io.ReadAll(r)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// TestEncodings: who reads brotli gets the twin, who reads gzip that one or one
// made now, who reads neither the file itself; each with a tag of its own.
func TestEncodings(t *testing.T) {
	page := "<!doctype html>" + strings.Repeat("<p>A paragraph that shrinks well.</p>\n", 100)
	var small strings.Builder
	w := brotli.NewWriter(&small)
	if _, err := io.WriteString(w, page); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	folder := t.TempDir()
	write := func(name, text string) string {
		at := filepath.Join(folder, name)
		if err := os.MkdirAll(filepath.Dir(at), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(at, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
		return at
	}
	write("index.html", page)
	write("index.html.br", small.String())
	write("posts/a/index.html", page)
	write("photo.jpg", page)
	b := begin(t, nil)
	pages, err := b.tracker.Files(folder)
	if err != nil {
		t.Fatal(err)
	}
	b.server.Config.Handler = b.tracker.Handler(pages)
	tags := map[string]string{}
	for _, c := range []struct{ path, accept, want string }{
		{"/", "gzip, deflate, br, zstd", "br"},
		{"/", "br;q=0, gzip", "gzip"},
		{"/", "identity", ""},
		{"/", "br;q=0.5", "br"},
		{"/", "*", "br"},
		{"/", "", ""},
		{"/posts/a/", "br, gzip", "gzip"},
		{"/posts/a/", "br", ""},
		{"/photo.jpg", "br, gzip", ""},
	} {
		answer, text := b.ask(c.path, "Accept-Encoding", c.accept)
		got := answer.Header.Get("Content-Encoding")
		if got != c.want || unpacked(t, got, text) != page {
			t.Errorf("%s for %q: encoded as %q, not %q (%d bytes)", c.path, c.accept, got, c.want, len(text))
		}
		if !strings.Contains(strings.Join(answer.Header.Values("Vary"), ","), "Accept-Encoding") {
			t.Errorf("%s for %q does not vary", c.path, c.accept)
		}
		tag := answer.Header.Get("ETag")
		if other, seen := tags[tag]; seen && other != got && !strings.HasPrefix(tag, "W/") {
			t.Errorf("%s has the tag %s for %q and for %q", c.path, tag, got, other)
		}
		tags[tag] = got
		if again, _ := b.ask(c.path, "Accept-Encoding", c.accept, "If-None-Match", tag); again.StatusCode != http.StatusNotModified {
			t.Errorf("%s for %q, asked again with its tag: %d", c.path, c.accept, again.StatusCode)
		}
	}
	answer, text := b.ask("/", "Accept-Encoding", "br", "Range", "bytes=0-14")
	if answer.StatusCode != http.StatusPartialContent || string(text) != "<!doctype html>" {
		t.Errorf("a range of a page with a twin: %d %q", answer.StatusCode, text)
	}
	// A twin that is older than its file was made of another one.
	later := time.Now().Add(time.Hour)
	if err := os.Chtimes(write("index.html", page+"new"), later, later); err != nil {
		t.Fatal(err)
	}
	if answer, text := b.ask("/", "Accept-Encoding", "br"); answer.Header.Get("Content-Encoding") != "" || string(text) != page+"new" {
		t.Error("an old twin was served for a new page")
	}
}

func TestSiteHeaders(t *testing.T) {
	site := map[string]string{"index.html": "home", "404.html": "no such page"}
	b := begin(t, func(s *setup) { s.public, s.options.Elsewhere = site, "https://cards.example" })
	for _, path := range []string{"/", "/nowhere"} {
		answer, _ := b.ask(path)
		policy := answer.Header.Get("Content-Security-Policy")
		b.contains(policy, "script-src 'self';", "form-action 'self' https://cards.example;", "object-src 'none'")
		if strings.Contains(policy, "unsafe") {
			t.Errorf("%s: %s", path, policy)
		}
		b.want("sniffing", answer.Header.Get("X-Content-Type-Options"), "nosniff")
	}
	own := begin(t, func(s *setup) { s.public, s.options.Policy = site, "default-src https:" })
	answer, _ := own.ask("/")
	own.want("a policy of the site's own", answer.Header.Get("Content-Security-Policy"), "default-src https:")
}

func TestMetrics(t *testing.T) {
	b := begin(t, func(s *setup) {
		s.manifest.Forms[0].Notify = []string{"owner@example.com"}
		s.options.Token, s.public = "token", map[string]string{"index.html": "home"}
	})
	b.want("without a token", b.send("GET", "/_/metrics", "", "").status, 401)
	b.post("newsletter", card("ana@example.com"))
	b.post("newsletter", card("no address"))
	b.send("GET", "/", "", "")
	for range 3 {
		b.send("GET", "/ana@example.com", "", "")
	}
	answer := b.send("GET", "/_/metrics", "", "", "Authorization", "Bearer token")
	b.contains(answer.body, `cardbowl_requests_total{route="POST /_/f/{form}",status="303"} 1`, `cardbowl_requests_total{route="POST /_/f/{form}",status="422"} 1`,
		`cardbowl_requests_total{route="/",status="200"} 1`, `cardbowl_requests_total{route="/",status="404"} 3`, "cardbowl_ready 1\n",
		`cardbowl_request_duration_seconds_count{route="POST /_/f/{form}"} 2`)
	b.contains(answer.body, `cardbowl_outbox_messages{kind="mail.card",state="waiting"} 1`, "cardbowl_outbox_late_seconds 0.000\n")
	if strings.Contains(answer.body, "ana@") {
		t.Error("the metrics say who was there")
	}
	line := regexp.MustCompile(`^(# (HELP|TYPE) .+|[a-z_]+(\{[a-z]+="([^"\\]|\\.)*"(,[a-z]+="([^"\\]|\\.)*")*\})? [0-9.e+-]+|[a-z_]+\{.*le="\+Inf".*\} [0-9]+)$`)
	for text := range strings.Lines(strings.TrimSpace(answer.body)) {
		if !line.MatchString(strings.TrimSuffix(text, "\n")) {
			t.Errorf("not Prometheus's format: %s", text)
		}
	}
}
