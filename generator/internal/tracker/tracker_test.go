package tracker

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"cardbowl/generator/internal/form"
	"cardbowl/generator/internal/funnel"
	"cardbowl/generator/internal/manifest"
	"cardbowl/generator/internal/store"
)

const browser = "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0"

func exampleManifest() manifest.Manifest {
	email := form.Field{Name: "email", Type: "email", Required: true}
	return manifest.Manifest{
		Version: 1, Title: "Small Fish", BaseURL: "https://blog.example/", TimeZone: "UTC",
		Pages: []manifest.Page{
			{Path: "/", Kind: "home", Title: "Home", Revision: "0"},
			{Path: "/posts/a/", Kind: "post", Title: "Post <A>", Date: "2026-11-01", Aliases: []string{"/old/"}, Forms: []string{"newsletter"}, Revision: "1"},
			{Path: "/posts/b/", Kind: "post", Title: "Post B", Date: "2026-11-02", Forms: []string{"newsletter"}, Revision: "2"},
			{Path: "/thanks/", Kind: "page", Title: "Thanks", Revision: "3"},
		},
		Forms: []form.Definition{
			{Name: "newsletter", Title: "One letter", Fields: []form.Field{email, {Name: "message", Type: "textarea"}}},
			{Name: "offer", Fields: []form.Field{email}, Consent: "Yes, write to me.", Confirm: true, Thanks: "/thanks/"},
			{Name: "poll", Fields: []form.Field{{Name: "colour", Type: "radio", Options: []string{"red", "blue"}, Required: true}}},
		},
		Frame: manifest.Frame{HTML: `<!doctype html><html><head><title>` + manifest.FrameTitle + `</title><link rel="stylesheet" href="/assets/site.css"></head><body><a href="/">Home</a>` + manifest.FrameContent + `</body></html>`},
	}
}

// bench is a running tracker with everything real: file, server, network.
type bench struct {
	*testing.T
	store   store.Store
	tracker *Tracker
	server  *httptest.Server
	log     *bytes.Buffer
	now     func() time.Time
	agent   string
}

type setup struct {
	options  Options
	manifest manifest.Manifest
	public   map[string]string // a site to serve; nil: none
}

func begin(t *testing.T, change func(*setup)) *bench {
	t.Helper()
	b := &bench{T: t, log: new(bytes.Buffer), agent: browser}
	path := filepath.Join(t.TempDir(), "cardbowl.db")
	s := setup{manifest: exampleManifest()}
	var mutex sync.Mutex
	s.options.Logger = slog.New(slog.NewTextHandler(writerFunc(func(p []byte) (int, error) {
		mutex.Lock()
		defer mutex.Unlock()
		return b.log.Write(p)
	}), nil))
	s.options.Now = func() time.Time { return time.Date(2026, 11, 22, 12, 0, 0, 0, time.UTC) }
	if change != nil {
		change(&s)
	}
	if s.options.Store == nil {
		opened, err := store.OpenSQLite(t.Context(), path, store.SQLiteOptions{Logger: s.options.Logger})
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() {
			if err := opened.Close(); err != nil {
				t.Error(err)
			}
		})
		s.options.Store = opened
	}
	b.store, b.now = s.options.Store, s.options.Now
	b.tracker = New(s.options)
	if err := b.tracker.SetManifest(s.manifest); err != nil {
		t.Fatal(err)
	}
	var pages http.Handler
	if s.public != nil {
		folder := t.TempDir()
		for name, text := range s.public {
			name = filepath.Join(folder, filepath.FromSlash(name))
			if err := os.MkdirAll(filepath.Dir(name), 0o755); err != nil {
				t.Fatal(err)
			}
			if err := os.WriteFile(name, []byte(text), 0o644); err != nil {
				t.Fatal(err)
			}
		}
		var err error
		if pages, err = b.tracker.Files(folder); err != nil {
			t.Fatal(err)
		}
	}
	b.server = httptest.NewUnstartedServer(nil)
	b.server.Config = Server(b.tracker.Handler(pages))
	b.server.Start()
	t.Cleanup(b.server.Close)
	return b
}

type writerFunc func([]byte) (int, error)

func (f writerFunc) Write(p []byte) (int, error) { return f(p) }

type answer struct {
	status int
	header http.Header
	body   string
}

func (b *bench) send(method, path, contentType, body string, headers ...string) answer {
	b.Helper()
	r, err := http.NewRequestWithContext(b.Context(), method, b.server.URL+path, strings.NewReader(body))
	if err != nil {
		b.Fatal(err)
	}
	if contentType != "" {
		r.Header.Set("Content-Type", contentType)
	}
	r.Header.Set("User-Agent", b.agent)
	for i := 0; i+1 < len(headers); i += 2 {
		if headers[i] == "Host" {
			r.Host = headers[i+1]
		}
		r.Header.Set(headers[i], headers[i+1])
	}
	client := &http.Client{CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	response, err := client.Do(r)
	if err != nil {
		b.Fatal(err)
	}
	defer response.Body.Close()
	text, err := io.ReadAll(response.Body)
	if err != nil {
		b.Fatal(err)
	}
	return answer{response.StatusCode, response.Header, string(text)}
}

const urlencoded = "application/x-www-form-urlencoded"

// post sends a form as a browser does.
func (b *bench) post(name string, values url.Values, headers ...string) answer {
	b.Helper()
	headers = append([]string{"Accept", "text/html,application/xhtml+xml,*/*;q=0.8"}, headers...)
	return b.send("POST", "/_/f/"+name, urlencoded, values.Encode(), headers...)
}

func card(email string, more ...string) url.Values {
	v := url.Values{"_post": {"/posts/a/"}, "_placement": {"end"}, "_gotcha": {""}, "email": {email}}
	for i := 0; i+1 < len(more); i += 2 {
		v.Set(more[i], more[i+1])
	}
	return v
}

func (b *bench) stored() []store.Stored {
	b.Helper()
	all, err := b.store.Submissions(context.Background(), "2000-01-01", "2099-12-31")
	if err != nil {
		b.Fatal(err)
	}
	return all
}

func (b *bench) counts() funnel.Counts {
	b.Helper()
	c, err := b.store.Counts(context.Background(), "", "2099-12-31")
	if err != nil {
		b.Fatal(err)
	}
	return c
}

func (b *bench) tally(post string, step funnel.Step) (n int) {
	b.Helper()
	for _, x := range b.counts().Tallies {
		if x.Post == post && x.Step == step {
			n += x.Count
		}
	}
	return n
}

func (b *bench) want(what string, got, want any) {
	b.Helper()
	if fmt.Sprint(got) != fmt.Sprint(want) {
		b.Errorf("%s: got %v, want %v", what, got, want)
	}
}

func (b *bench) contains(text string, parts ...string) {
	b.Helper()
	for _, part := range parts {
		if !strings.Contains(text, part) {
			b.Errorf("%q is not in %s", part, text)
		}
	}
}

// soon waits for what is promised within a second.
func (b *bench) soon(what string, ok func() bool) {
	b.Helper()
	for end := time.Now().Add(time.Second); !ok(); time.Sleep(5 * time.Millisecond) {
		if time.Now().After(end) {
			b.Fatal(what, "did not happen within a second")
		}
	}
}

func TestBrowserSubmits(t *testing.T) {
	b := begin(t, nil)
	a := b.post("newsletter", card("Ana@Example.COM", "message", "Hello\r\nthere", "stranger", "x"), "Host", "blog.example")
	b.want("status", a.status, 303)
	b.want("location", a.header.Get("Location"), "/_/thanks/newsletter?post=%2Fposts%2Fa%2F")
	b.want("cache", a.header.Get("Cache-Control"), "no-store")
	all := b.stored()
	if len(all) != 1 {
		t.Fatal(all)
	}
	s := all[0]
	b.want("stored", fmt.Sprint(s.Post, s.Form, s.Placement, s.Revision, s.Email, s.Status, s.Fields),
		"/posts/a/newsletterend1Ana@example.comaccepted[{email Ana@example.com false} {message Hello\nthere false}]")
	b.want("counted", b.tally("/posts/a/", funnel.FormSubmit), 1)
	thanks := b.send("GET", a.header.Get("Location"), "", "", "Host", "blog.example")
	b.want("thanks", thanks.status, 200)
	b.contains(thanks.body, "<title>Thank you</title>", "Your message has arrived.", `<a href="/posts/a/">Back to Post &lt;A&gt;</a>`)
}

func TestMultipartAndJSON(t *testing.T) {
	b := begin(t, nil)
	body := "--x\r\nContent-Disposition: form-data; name=\"email\"\r\n\r\nana@example.com\r\n--x\r\nContent-Disposition: form-data; name=\"_post\"\r\n\r\n/posts/b\r\n--x--\r\n"
	b.want("multipart", b.send("POST", "/_/f/newsletter", "multipart/form-data; boundary=x", body).status, 303)
	a := b.send("POST", "/_/f/newsletter", "application/json", `{"email":"ben@example.com","_post":"/posts/b/index.html?x"}`, "Accept", "application/json")
	b.want("JSON", a.status, 202)
	var got receipt
	if err := json.Unmarshal([]byte(a.body), &got); err != nil || got.Status != "accepted" || len(got.ID) != 36 {
		t.Error(a.body, err)
	}
	b.want("counted", b.tally("/posts/b/", funnel.FormSubmit), 2)
}

func TestPendingConfirmation(t *testing.T) {
	b := begin(t, nil)
	for range 2 { // new, then repeated: the answer is the same
		a := b.send("POST", "/_/f/offer", urlencoded, card("ana@example.com", "consent", "yes").Encode(), "Accept", "application/json")
		b.want("status", a.status, 202)
		b.contains(a.body, `"status":"pending_confirmation"`)
	}
	b.want("kept", len(b.stored()), 2)
	b.want("counted", b.tally("/posts/a/", funnel.FormSubmit), 1)
	s := b.stored()[0]
	b.want("consent", fmt.Sprint(s.Consent, s.ConsentText), fmt.Sprint(true, store.HashText("Yes, write to me.")))
	b.contains(b.send("GET", "/_/thanks/offer", "", "").body, "Almost done")
}

func TestMistakeKeepsTheText(t *testing.T) {
	b := begin(t, nil)
	long := `My "text" & <b>more</b>`
	a := b.post("newsletter", card("wrong", "message", long, "_next", "/thanks/"), "Host", "blog.example")
	b.want("status", a.status, 422)
	b.want("type", a.header.Get("Content-Type"), "text/html; charset=utf-8")
	b.contains(a.body, `value="wrong"`, "My &#34;text&#34; &amp; &lt;b&gt;more&lt;/b&gt;", "one e-mail address", `aria-invalid="true"`, `name="_post" value="/posts/a/"`,
		`name="_placement" value="end"`, `name="_next" value="/thanks/"`, `name="_key" value="`, `action="/_/f/newsletter"`, `href="/assets/site.css"`, `Back to Post &lt;A&gt;`)
	if strings.Contains(a.body, "<b>more") || strings.Contains(a.body, manifest.FrameContent) || strings.Contains(a.body, manifest.FrameTitle) {
		t.Error(a.body)
	}
	b.contains(a.header.Get("Content-Security-Policy"), "default-src 'none'", "script-src 'self';")
	b.want("stored", len(b.stored()), 0)

	a = b.send("POST", "/_/f/offer", urlencoded, card("wrong").Encode(), "Accept", "application/json")
	b.want("status", a.status, 422)
	b.want("type", a.header.Get("Content-Type"), "application/problem+json")
	var p problem
	if err := json.Unmarshal([]byte(a.body), &p); err != nil {
		t.Fatal(err)
	}
	b.want("errors", len(p.Errors["email"])+len(p.Errors["consent"]), 2)

	a = b.post("newsletter", card("ana@example.com", "message", "caf\xe9"))
	b.want("not UTF-8", a.status, 422)
	b.contains(a.body, "ana@example.com", "caf\uFFFD")
}

func TestBadRequests(t *testing.T) {
	b := begin(t, nil)
	b.want("unknown form", b.post("nothing", card("ana@example.com")).status, 404)
	b.want("unknown form, JSON", b.send("POST", "/_/f/nothing", urlencoded, "", "Accept", "application/json").header.Get("Content-Type"), "application/problem+json")
	b.want("no form", b.send("POST", "/_/f/", urlencoded, "").status, 404)
	b.want("GET of a form", b.send("GET", "/_/f/newsletter", "", "").status, 405)
	b.want("text", b.send("POST", "/_/f/newsletter", "text/plain", "email=ana@example.com").status, 415)
	b.want("malformed", b.send("POST", "/_/f/newsletter", urlencoded, "email=%zz").status, 400)
	b.want("malformed JSON", b.send("POST", "/_/f/newsletter", "application/json", `{"email":`).status, 400)
	b.want("too many", b.send("POST", "/_/f/newsletter", urlencoded, strings.Repeat("a=&", 300)).status, 413)
	for _, contentType := range []string{urlencoded, "application/json", "multipart/form-data; boundary=x"} {
		began := time.Now()
		r, _ := http.NewRequest("POST", b.server.URL+"/_/f/newsletter", &endless{left: 10 << 20})
		r.Header.Set("Content-Type", contentType)
		response, err := http.DefaultClient.Do(r)
		if err != nil {
			t.Error(contentType, err)
			continue
		}
		_ = response.Body.Close()
		b.want("10 MB of "+contentType, response.StatusCode, 413)
		if d := time.Since(began); d > 2*time.Second {
			t.Errorf("10 MB took %v", d)
		}
	}
	b.want("nothing there", b.send("GET", "/_/nowhere", "", "").status, 404)
	b.want("stored", len(b.stored()), 0)
}

// endless is a body of a length that is not announced.
type endless struct{ left int }

func (e *endless) Read(p []byte) (int, error) {
	if e.left <= 0 {
		return 0, io.EOF
	}
	n := min(len(p), e.left)
	for i := range p[:n] {
		p[i] = 'a'
	}
	e.left -= n
	return n, nil
}

func TestUnknownPost(t *testing.T) {
	b := begin(t, nil)
	for _, post := range []string{"/nowhere/", "", "/posts/c/?x=1", "javascript:alert(1)", strings.Repeat("/x", 3000)} {
		b.want(post, b.post("newsletter", card(fmt.Sprintf("a%d@example.com", len(post)), "_post", post)).status, 303)
	}
	b.want("other", b.tally(funnel.Other, funnel.FormSubmit), 5)
	made, err := b.tracker.Report(t.Context(), ReportQuery{})
	if err != nil {
		t.Fatal(err)
	}
	b.want("other in the report", made.Other.Submissions, 5)
	for _, s := range b.stored() {
		if len(s.Claim) > maxClaim {
			t.Error("a long address was kept")
		}
	}
}

func TestAliasAndReferer(t *testing.T) {
	b := begin(t, nil)
	b.post("newsletter", card("a@example.com", "_post", "/old/"))
	b.post("newsletter", card("b@example.com", "_post", ""), "Referer", "https://blog.example/posts/a/?utm_source=x")
	b.post("newsletter", card("c@example.com", "_post", ""), "Referer", "https://evil.example/posts/a/")
	b.want("of a", b.tally("/posts/a/", funnel.FormSubmit), 2)
	b.want("other", b.tally(funnel.Other, funnel.FormSubmit), 1)
}

func TestHoneypot(t *testing.T) {
	b := begin(t, nil)
	honest := b.post("newsletter", card("ana@example.com"))
	for _, trap := range []string{"_gotcha", "bot-field"} {
		a := b.post("newsletter", card(trap+"@example.com", trap, "http://spam.example"))
		b.want("status", a.status, honest.status)
		b.want("location", a.header.Get("Location"), honest.header.Get("Location"))
	}
	a := b.send("POST", "/_/f/newsletter", urlencoded, card("x@example.com", "_gotcha", "x").Encode(), "Accept", "application/json")
	b.want("JSON", a.status, 202)
	b.contains(a.body, `"status":"accepted"`)
	b.want("kept", len(b.stored()), 4)
	b.want("counted", b.tally("/posts/a/", funnel.FormSubmit), 1)
}

func TestRetriesAndDuplicates(t *testing.T) {
	b := begin(t, nil)
	send := func(v url.Values, headers ...string) receipt {
		a := b.send("POST", "/_/f/newsletter", urlencoded, v.Encode(), append([]string{"Accept", "application/json"}, headers...)...)
		b.want("status", a.status, 202)
		var got receipt
		if err := json.Unmarshal([]byte(a.body), &got); err != nil {
			t.Fatal(err)
		}
		return got
	}
	first := send(card("ana@example.com", "_key", "k1"))
	b.want("retry", send(card("ana@example.com", "_key", "k1")).ID, first.ID)
	b.want("by header", send(card("ben@example.com"), "Idempotency-Key", "k2").ID, send(card("ben@example.com"), "Idempotency-Key", "k2").ID)
	b.want("stored", len(b.stored()), 2)
	if changed := send(card("ana@example.com", "_key", "k1", "message", "What I forgot")); changed.ID == first.ID {
		t.Error("a changed text was taken for a retry and lost")
	}
	send(card("ANA@example.com", "_key", "k3")) // the same card again: folded
	send(card("ana@example.com", "_post", "/posts/b/"))
	b.want("of a", b.tally("/posts/a/", funnel.FormSubmit), 3)
	b.want("of b", b.tally("/posts/b/", funnel.FormSubmit), 1)
	b.want("stored", len(b.stored()), 5)
	poll := url.Values{"_post": {"/posts/a/"}, "colour": {"red"}}
	b.post("poll", poll)
	b.post("poll", poll)
	b.want("a form without address never folds", b.tally("/posts/a/", funnel.FormSubmit), 5)
}

func TestGuardOff(t *testing.T) {
	b := begin(t, func(s *setup) { s.options.GuardOff = true })
	b.agent = "curl/8.0"
	for range 3 {
		b.want("status", b.post("newsletter", card("ana@example.com")).status, 303)
	}
	b.want("nothing folds", b.tally("/posts/a/", funnel.FormSubmit), 3)
	b.want("event", b.send("POST", "/_/e", "text/plain", `{"t":"page_view","p":"/posts/a/"}`).status, 204)
	b.want("robots count", b.tally("/posts/a/", funnel.PageView), 1)
	b.want("validation stays", b.post("newsletter", card("wrong")).status, 422)
	b.want("size limit stays", b.post("newsletter", card("a@example.com", "message", strings.Repeat("x", 70_000))).status, 413)
	b.post("newsletter", card("bot@example.com", "_gotcha", "x"))
	b.want("honeypot stays", b.tally("/posts/a/", funnel.FormSubmit), 3)
}

func TestNext(t *testing.T) {
	b := begin(t, nil)
	const own = "/_/thanks/newsletter?post=%2Fposts%2Fa%2F"
	for next, want := range map[string]string{
		"/thanks/": "/thanks/", "/thanks": "/thanks/", "/old/": "/posts/a/", "https://blog.example/thanks/?x#y": "/thanks/", "http://BLOG.example/posts/b/": "/posts/b/",
		"": own, "/nowhere/": own, "//evil.example/thanks/": own, `/\evil.example/thanks/`: own, `\\evil.example`: own, "https://evil.example/thanks/": own,
		"https:evil.example/thanks/": own, "javascript:alert(1)": own, "https://blog.example@evil.example/thanks/": own, "https://blog.example.evil.example/thanks/": own,
		"/thanks/\r\nSet-Cookie: a=b": own, "/%2f/evil.example": own, "thanks/": own, "///thanks/": own, "ftp://blog.example/thanks/": own, "http://u:p@blog.example/thanks/": own,
	} {
		a := b.post("newsletter", card("ana@example.com", "_next", next), "Host", "blog.example")
		b.want(next, a.header.Get("Location"), want)
	}
	a := b.post("offer", card("ana@example.com", "consent", "yes"), "Host", "blog.example")
	b.want("thanks of the form", a.header.Get("Location"), "/thanks/")
	// A tracker on another origin leads back to the site.
	a = b.post("offer", card("ana@example.com", "consent", "yes"), "Host", "tracker.example")
	b.want("from abroad", a.header.Get("Location"), "https://blog.example/thanks/")
	page := b.post("newsletter", card("wrong"), "Host", "tracker.example")
	b.contains(page.body, `href="https://blog.example/assets/site.css"`, `href="https://blog.example/"`, `action="/_/f/newsletter"`)
	b.contains(page.header.Get("Content-Security-Policy"), "style-src 'self' https://blog.example;")
	a = b.send("GET", "/_/thanks/newsletter?post=https://evil.example/posts/a/", "", "")
	if a.status != 200 || strings.Contains(a.body, "evil") {
		t.Error(a)
	}
}

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
		b.want("vary", a.header.Get("Vary"), "Origin")
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
