package tracker

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
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
		Frame: manifest.Frame{HTML: `<!doctype html><html><head><title>` + manifest.FrameTitle + `</title><link rel="stylesheet" href="/assets/site.css"></head><body><a href="/">Home</a><h1>` + manifest.FrameTitle + `</h1>` + manifest.FrameContent + `</body></html>`},
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
