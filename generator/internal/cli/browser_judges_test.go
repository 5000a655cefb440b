package cli_test

// What those who judge pages for a living say of ours: axe-core of their
// accessibility, the Nu HTML checker of their markup, Lighthouse of all of it
// on a telephone. .ci/package.json names their versions.

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io/fs"
	"net"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/chromedp"
)

// judge is the path of a file that npm installs below .ci. Without it the test
// is skipped, but not where a change is decided over.
func judge(t *testing.T, file string) string {
	t.Helper()
	at, err := filepath.Abs(filepath.Join("../../../.ci/node_modules", filepath.FromSlash(file)))
	if err == nil {
		_, err = os.Stat(at)
	}
	if err != nil {
		unjudged(t, "npm ci --prefix .ci installs "+file)
	}
	return at
}

// judgesProgram is the path of a program that a judge runs on.
func judgesProgram(t *testing.T, name string) string {
	t.Helper()
	at, err := exec.LookPath(name)
	if err != nil {
		unjudged(t, "there is no "+name+" on PATH")
	}
	return at
}

func unjudged(t *testing.T, why string) {
	t.Helper()
	why = fmt.Sprintf("SKIPPED %s: %s", t.Name(), why)
	if os.Getenv("CI") != "" {
		t.Fatal(why)
	}
	onScreen(why)
	t.Skip(why)
}

// published is this repository's site, built for an address and served there by
// the tracker, as its readers get it.
func published(t *testing.T) (f folder, at string) {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	address := listener.Addr().String()
	listener.Close()
	f, at = own(t), "http://"+address+"/"
	f.cardbowl("build", "--baseURL", at)
	f.start("track", "--public", "public", "--addr", address)
	return f, at
}

// onePageOfEach is a page of every kind, by layout.
func onePageOfEach() []string {
	return []string{"", "posts/", "posts/small-numbers/", "tags/", "tags/funnel/", "docs/", "docs/writing/", "about/", "thanks/", "404.html"}
}

// Nobody is kept out: by a screen that is small, by a dark one, by not seeing
// it at all.
func TestBrowserAccessibility(t *testing.T) {
	t.Parallel()
	rules, err := os.ReadFile(judge(t, "axe-core/axe.min.js"))
	if err != nil {
		t.Fatal(err)
	}
	_, site := published(t)
	r := newReader(t)
	type violation struct {
		ID, Help string
		Nodes    []struct{ HTML, FailureSummary string }
	}
	for _, width := range []int64{390, 1280} {
		r.do(chromedp.EmulateViewport(width, 900))
		for _, light := range []string{"light", "dark"} {
			scheme := []*emulation.MediaFeature{{Name: "prefers-color-scheme", Value: light}}
			if _, err := chromedp.Call(r.ctx, emulation.SetEmulatedMedia, emulation.SetEmulatedMediaParams{Features: scheme}); err != nil {
				t.Fatal(err)
			}
			for _, page := range onePageOfEach() {
				r.open(site + page)
				see[bool](r, string(rules)+"; true")
				ctx, cancel := context.WithTimeout(r.ctx, longEnough)
				found, err := chromedp.Run(ctx, chromedp.Evaluate[[]violation](
					`axe.run(document, {resultTypes: ["violations"]}).then((r) => r.violations.map((v) => ({ID: v.id, Help: v.help, Nodes: v.nodes.map((n) => ({HTML: n.html, FailureSummary: n.failureSummary}))})))`, chromedp.EvalAwaitPromise))
				cancel()
				if err != nil {
					t.Fatalf("/%s: %v", page, err)
				}
				for _, v := range found {
					t.Errorf("/%s at %d px, %s: %s (%s)", page, width, light, v.Help, v.ID)
					for _, n := range v.Nodes {
						t.Logf("%s\n%s", n.HTML, n.FailureSummary)
					}
				}
				if wide := see[int](r, `document.documentElement.scrollWidth - innerWidth`); wide > 0 {
					t.Errorf("/%s at %d px is %d px too wide", page, width, wide)
				}
			}
		}
	}
}

// Every page of the site and of the starter is HTML as the standard has it.
func TestMarkupIsValid(t *testing.T) {
	t.Parallel()
	checker, java := judge(t, "vnu-jar/build/dist/vnu.jar"), judgesProgram(t, "java")
	for _, f := range []folder{own(t), starter(t)} {
		f.cardbowl("build")
		c := exec.Command(java, "-jar", checker, "--errors-only", "--skip-non-html", "--format", "gnu", filepath.Join(f.path, "public"))
		if said, err := c.CombinedOutput(); err != nil {
			t.Errorf("%v\n%s", err, bytes.ReplaceAll(said, []byte(f.path), nil))
		}
	}
}

// What search engines are told is JSON-LD with what each kind of thing must have.
func TestStructuredData(t *testing.T) {
	t.Parallel()
	f := own(t)
	f.cardbowl("build")
	kinds := map[string]int{}
	err := filepath.WalkDir(filepath.Join(f.path, "public"), func(at string, entry fs.DirEntry, err error) error {
		if err != nil || filepath.Ext(at) != ".html" {
			return err
		}
		text, err := os.ReadFile(at)
		if err != nil {
			return err
		}
		name := filepath.ToSlash(strings.TrimPrefix(at, filepath.Join(f.path, "public")))
		_, rest, found := bytes.Cut(text, []byte(`<script type="application/ld+json">`))
		if !found {
			if name != "/404.html" && bytes.Contains(text, []byte(`rel="canonical"`)) && !bytes.Contains(text, []byte(`http-equiv="refresh"`)) {
				t.Errorf("%s has no structured data", name)
			}
			return nil
		}
		data, _, _ := bytes.Cut(rest, []byte("</script>"))
		var said struct {
			Context string           `json:"@context"`
			Graph   []map[string]any `json:"@graph"`
		}
		if err := json.Unmarshal(data, &said); err != nil {
			t.Errorf("%s: %v", name, err)
			return nil
		}
		if said.Context != "https://schema.org" {
			t.Errorf("%s: context %q", name, said.Context)
		}
		for _, thing := range said.Graph {
			kind, _ := thing["@type"].(string)
			kinds[kind]++
			for _, what := range thingMistakes(kind, thing) {
				t.Errorf("%s: %s %s", name, kind, what)
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	for _, kind := range []string{"Organization", "WebSite", "BlogPosting", "CollectionPage", "WebPage", "BreadcrumbList"} {
		if kinds[kind] == 0 {
			t.Errorf("no page is about a %s", kind)
		}
	}
}

// thingMistakes are what a thing of schema.org lacks or has in another form.
func thingMistakes(kind string, thing map[string]any) []string {
	var out []string
	text := func(key string) string {
		s, _ := thing[key].(string)
		return s
	}
	want := map[string][]string{
		"Organization": {"@id", "name", "url"}, "WebSite": {"@id", "name", "url", "inLanguage"}, "WebPage": {"@id", "name", "url", "inLanguage"},
		"CollectionPage": {"@id", "name", "url", "inLanguage"}, "BlogPosting": {"@id", "headline", "url", "datePublished", "dateModified", "inLanguage", "description"}, "BreadcrumbList": {"@id"},
	}
	keys, known := want[kind]
	if !known {
		return []string{"is a kind of thing nobody asked for"}
	}
	for _, key := range keys {
		if text(key) == "" {
			out = append(out, "has no "+key)
		}
	}
	for _, key := range []string{"@id", "url", "logo"} {
		if at := text(key); at != "" && !strings.HasPrefix(at, "https://") {
			out = append(out, fmt.Sprintf("has a %s that is no whole address: %s", key, at))
		}
	}
	for _, key := range []string{"datePublished", "dateModified"} {
		if _, err := time.Parse(time.RFC3339, text(key)); text(key) != "" && err != nil {
			out = append(out, err.Error())
		}
	}
	if len([]rune(text("headline"))) > 110 {
		out = append(out, "has too long a headline")
	}
	if kind == "BlogPosting" {
		authors, _ := thing["author"].([]any)
		for _, a := range authors {
			if author, _ := a.(map[string]any); author["@type"] != "Person" || author["name"] == "" {
				out = append(out, fmt.Sprintf("has the author %v", a))
			}
		}
		if publisher, _ := thing["publisher"].(map[string]any); len(authors) == 0 || publisher["@id"] == "" {
			out = append(out, "has no author or no publisher")
		}
	}
	items, _ := thing["itemListElement"].([]any)
	if kind == "BreadcrumbList" && len(items) < 2 {
		out = append(out, "leads nowhere")
	}
	for i, item := range items {
		entry, _ := item.(map[string]any)
		if at, _ := entry["item"].(string); entry["position"] != float64(i+1) || entry["name"] == "" || !strings.HasPrefix(at, "https://") {
			out = append(out, fmt.Sprintf("has the entry %v", item))
		}
	}
	return out
}

// A site works under a policy that lets nothing run but files of its own: no
// style or script within a page, nothing from elsewhere.
func TestBrowserStrictPolicy(t *testing.T) {
	t.Parallel()
	f := own(t)
	f.cardbowl("build")
	s := f.start("track", "--public", "public")
	behind, err := url.Parse(s.url)
	if err != nil {
		t.Fatal(err)
	}
	proxy := &httputil.ReverseProxy{
		Rewrite: func(r *httputil.ProxyRequest) { r.SetURL(behind); r.Out.Host = r.In.Host },
		ModifyResponse: func(answer *http.Response) error {
			if !strings.HasPrefix(answer.Request.URL.Path, "/_/") {
				answer.Header.Set("Content-Security-Policy", "default-src 'none'; style-src 'self'; script-src 'self'; img-src 'self'; font-src 'self'; connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'")
			}
			return nil
		},
	}
	front := httptest.NewServer(proxy)
	t.Cleanup(front.Close)
	r := newReader(t)
	for _, page := range onePageOfEach() {
		r.open(front.URL + "/" + page)
		if applied := see[int](r, `[...document.styleSheets].filter((s) => s.cssRules.length > 10).length`); applied == 0 {
			t.Errorf("/%s: the stylesheet is not applied", page)
		}
		r.unmoved()
	}
	r.open(front.URL + "/posts/small-numbers/")
	// By keyboard: a long page scrolls smoothly, and a click would land where the button was a moment ago.
	r.do(chromedp.SendKeys(chromedp.CSS(emailField), "ana@example.com"),
		chromedp.Focus(chromedp.CSS(consentBox)), chromedp.KeyEvent(" "), chromedp.Focus(chromedp.CSS(sendButton)), chromedp.KeyEvent("\r"))
	r.until(`document.activeElement.matches(".bowl-done")`)
	r.unmoved()
}

// A video is asked for by whoever wants to see it, and by nobody before.
func TestBrowserVideo(t *testing.T) {
	t.Parallel()
	f, r := starter(t), newReader(t)
	f.save("content/posts/film.md", "---\ntitle: Film\ndate: 2026-01-01\n---\n{{< youtube dQw4w9WgXcQ title=\"A talk\" >}}\n\n{{< vimeo 76979871 >}}\n")
	f.cardbowl("build", "--strict")
	s := f.start("track", "--public", "public")
	r.open(s.url + "posts/film/")
	r.untilQuiet()
	if far := r.abroad(s.url); len(far) > 0 {
		t.Errorf("before anybody asked, the page went to %q", far)
	}
	if n := see[int](r, `document.querySelectorAll("iframe").length`); n != 0 {
		t.Errorf("%d frames before anybody asked", n)
	}
	r.do(chromedp.Focus(chromedp.CSS(".video-play")), chromedp.KeyEvent("\r"))
	r.until(`document.activeElement.tagName == "IFRAME"`)
	if got := see[string](r, `document.querySelector("iframe").src`); !strings.HasPrefix(got, "https://www.youtube-nocookie.com/embed/dQw4w9WgXcQ?") {
		t.Errorf("the frame shows %s", got)
	}
	if got := see[string](r, `document.querySelector("iframe").title`); got != "A talk" {
		t.Errorf("the frame is called %q", got)
	}
}

// Lighthouse on a telephone: nothing to be said against accessibility, practices
// and being found. Speed depends on the machine, so it is asked for only by
// CARDBOWL_LIGHTHOUSE_RUNS: that many runs, of which the median counts.
func TestBrowserLighthouse(t *testing.T) {
	lighthouse, node, chromium := judge(t, "lighthouse/cli/index.js"), judgesProgram(t, "node"), findBrowser(t)
	runs, err := strconv.Atoi(os.Getenv("CARDBOWL_LIGHTHOUSE_RUNS"))
	if err != nil {
		runs = 0
	}
	_, site := published(t)
	for _, page := range []string{"", "posts/", "posts/small-numbers/", "docs/writing/"} {
		asked := []string{"accessibility", "best-practices", "seo"}
		if runs > 0 {
			asked = append(asked, "performance")
		}
		scores := map[string][]float64{}
		for range max(runs, 1) {
			ctx, cancel := context.WithTimeout(t.Context(), 2*time.Minute)
			c := exec.CommandContext(ctx, node, lighthouse, site+page, "--output=json", "--quiet", "--only-categories="+strings.Join(asked, ","),
				"--chrome-flags=--headless=new --no-sandbox --disable-gpu --disable-quic --disable-component-update --disable-background-networking --no-first-run")
			c.Env = append(os.Environ(), "CHROME_PATH="+chromium, "NO_UPDATE_NOTIFIER=1")
			var complaints bytes.Buffer
			c.Stderr = &complaints
			said, err := c.Output()
			cancel()
			if err != nil {
				t.Fatalf("lighthouse: %v\n%s", err, complaints.String())
			}
			var report struct {
				Categories map[string]struct {
					Score     *float64
					AuditRefs []struct {
						ID     string
						Weight float64
					}
				}
				Audits map[string]struct {
					Title, DisplayValue string
					Score               *float64
				}
			}
			if err := json.Unmarshal(said, &report); err != nil {
				t.Fatal(err)
			}
			for _, category := range asked {
				c := report.Categories[category]
				if c.Score == nil {
					t.Fatalf("/%s: lighthouse has no score for %s", page, category)
				}
				scores[category] = append(scores[category], *c.Score)
				for _, ref := range c.AuditRefs {
					if a := report.Audits[ref.ID]; ref.Weight > 0 && a.Score != nil && *a.Score < 1 {
						t.Logf("/%s, %s: %s %s (%.2f)", page, category, a.Title, a.DisplayValue, *a.Score)
					}
				}
			}
		}
		for category, got := range scores {
			slices.Sort(got)
			wanted := 1.0
			if category == "performance" {
				wanted = 0.98
			}
			if median := got[len(got)/2]; median < wanted {
				t.Errorf("/%s: %s is %.2f, not %.2f (all: %v)", page, category, median, wanted, got)
			}
		}
	}
}
