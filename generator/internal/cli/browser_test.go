package cli_test

// What a reader and a writer see, in a real browser, of the real program. The
// program is the test binary under another name; see TestMain.

import (
	"bytes"
	"compress/gzip"
	"fmt"
	"io/fs"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/cdproto/network"
	"github.com/chromedp/cdproto/storage"
	"github.com/chromedp/chromedp"
	"github.com/google/go-cmp/cmp"

	"cardbowl/generator/internal/funnel"
	"cardbowl/generator/internal/store"
)

// The starter's post and the form at its end.
const (
	helloPost  = "/posts/hello/"
	helloFile  = "content/posts/hello.md"
	bowlForm   = "#newsletter-end-form"
	emailField = "#newsletter-end-email"
	nameField  = "#newsletter-end-first_name"
	consentBox = "#newsletter-end-consent"
	sendButton = bowlForm + " [type=submit]"
	thankYou   = "Thank you! The next letter goes to you too."
	// halfAddress passes the browser's own check, and not the server's.
	halfAddress = "ana@example"
	oneAddress  = "Please enter one e-mail address, like name@example.com."
)

// The client script tells the three steps, the server the fourth, and a card
// sent without leaving the page becomes a thank-you in its place.
func TestBrowserSendsACard(t *testing.T) {
	t.Parallel()
	f, r := starter(t), newReader(t)
	s := f.start("serve")
	r.do(chromedp.EmulateViewport(390, 700)) // a telephone, where the form is far below
	r.open(s.url + "posts/hello/")
	if see[bool](r, `document.querySelector("`+bowlForm+`").getBoundingClientRect().top < innerHeight`) {
		t.Error("the form is on the first screen: this test would not see form_view wait for it")
	}
	r.untilTold(`"t":"page_view"`)
	// Half of it for a second would do. That nothing comes can only be waited out.
	r.do(chromedp.Sleep(1500 * time.Millisecond))
	r.untilQuiet()
	if got := f.report("--preview")[helloPost]; got["form_view"] != 0 {
		t.Errorf("a form nobody has seen counts as seen: %v", got)
	}
	r.do(chromedp.ScrollIntoView(chromedp.CSS(sendButton)))
	r.untilTold(`"t":"form_view"`)
	r.do(chromedp.SendKeys(chromedp.CSS(emailField), "ana@example.com"), chromedp.SendKeys(chromedp.CSS(nameField), "Ana"))
	r.untilTold(`"t":"form_start"`)
	r.do(chromedp.Click(chromedp.CSS(consentBox)), chromedp.Click(chromedp.CSS(sendButton)))
	r.untilThanked()
	if at := see[string](r, "location.pathname"); at != helloPost {
		t.Errorf("the reader was taken to %s", at)
	}
	if left := see[[]string](r, `[...document.querySelectorAll("`+bowlForm+` > *")].filter((e) => e.checkVisibility()).map((e) => e.className)`); !slices.Equal(left, []string{"bowl-title", "bowl-done"}) {
		t.Errorf("of the form there remains %q", left)
	}
	r.untilQuiet()
	r.unmoved()

	r.open(s.url + "_/report/")
	// Views, readers, form seen, started, sent, leads.
	r.until(`[...document.querySelectorAll("tbody tr")].some((row) => row.querySelector("small")?.textContent == "` + helloPost + `" &&
		[...row.cells].slice(1, 7).map((cell) => cell.textContent.trim()).join() == "1,1,1,1,1,1")`)
	r.unmoved()
	r.untilQuiet()

	s.stop()
	want := counts{helloPost: {"page_view": 1, "form_view": 1, "form_start": 1, "form_submit": 1, "submissions": 1, "visitors": 1, "converters": 1, "leads": 1}}
	if diff := cmp.Diff(want, f.report("--preview")); diff != "" {
		t.Errorf("the report (-want +got):\n%s", diff)
	}
}

// untilThanked waits for the thank-you in the form's place, where a screen
// reader finds it.
func (r *reader) untilThanked() {
	r.t.Helper()
	r.until(`(() => { const done = document.querySelector("` + bowlForm + ` [data-done=accepted]");
		return done?.checkVisibility() && done.textContent == "` + thankYou + `" && document.activeElement == done; })()`)
}

// Without JavaScript the browser sends the form itself, and gets it back with
// everything typed when something is to be mended.
func TestBrowserWithoutScript(t *testing.T) {
	t.Parallel()
	f, r := starter(t), newReader(t)
	s := f.start("serve")
	if _, err := chromedp.Call(r.ctx, emulation.SetScriptExecutionDisabled, emulation.SetScriptExecutionDisabledParams{Value: true}); err != nil {
		t.Fatal(err)
	}
	r.open(s.url + "posts/hello/")
	r.do(
		chromedp.SendKeys(chromedp.CSS(emailField), halfAddress),
		chromedp.SendKeys(chromedp.CSS(nameField), "Ana María"),
		chromedp.Click(chromedp.CSS(consentBox)),
		chromedp.Click(chromedp.CSS(sendButton)),
	)
	r.until(`location.pathname == "/_/f/newsletter"`)
	const invalid = bowlForm + " [aria-invalid=true]"
	r.do(chromedp.WaitVisible(chromedp.CSS(invalid)))
	type form struct {
		Email, Name, Post, Placement, Invalid, Message string
		Consent                                        bool
	}
	got := see[form](r, `(() => {
		const form = document.querySelector("`+bowlForm+`"), wrong = document.querySelector("`+invalid+`"), at = form.elements;
		return { Email: at.email.value, Name: at.first_name.value, Consent: at.consent.checked, Post: at._post.value, Placement: at._placement.value,
			Invalid: wrong.name, Message: document.getElementById(wrong.getAttribute("aria-describedby")).textContent };
	})()`)
	want := form{halfAddress, "Ana María", helloPost, "end", "email", oneAddress, true}
	if got != want {
		t.Errorf("the form came back as %+v, want %+v", got, want)
	}
	r.do(
		chromedp.Clear(chromedp.CSS(emailField)),
		chromedp.SendKeys(chromedp.CSS(emailField), "ana@example.com"),
		chromedp.Click(chromedp.CSS(sendButton)),
	)
	r.until(`location.pathname == "/_/thanks/newsletter" && document.querySelector("main").innerText.includes("` + thankYou + `")`)
	// The way back is a link, since there is no script to do anything else.
	r.do(chromedp.WaitVisible(chromedp.CSS(`main a[href="` + helloPost + `"]`)))
	if r.any(func(q *request) bool { return strings.HasSuffix(q.url, "/_/e") || strings.HasSuffix(q.url, "/_/live") }) {
		t.Error("a script ran; this test shows nothing")
	}

	s.stop()
	counted := counts{helloPost: {"page_view": 1, "form_submit": 1, "submissions": 1, "visitors": 1, "converters": 1, "leads": 1}}
	if diff := cmp.Diff(counted, f.report("--preview")); diff != "" {
		t.Errorf("the report (-want +got):\n%s", diff)
	}
	f.placed(funnel.Tally{Post: helloPost, Form: "newsletter", Placement: "end", Step: funnel.FormSubmit, Count: 1})
}

// placed says how the one submission is tallied. No report shows placements yet,
// so this asks the store itself.
func (f folder) placed(want funnel.Tally) {
	f.t.Helper()
	kept, err := store.OpenSQLite(f.t.Context(), filepath.Join(f.path, ".cardbowl", "preview.db"), store.SQLiteOptions{ReadOnly: true})
	if err != nil {
		f.t.Fatal(err)
	}
	defer kept.Close()
	all, err := kept.Counts(f.t.Context(), "", "9999-12-31")
	if err != nil {
		f.t.Fatal(err)
	}
	got := slices.DeleteFunc(all.Tallies, func(tally funnel.Tally) bool { return tally.Step != funnel.FormSubmit })
	if diff := cmp.Diff([]funnel.Tally{want}, got); diff != "" {
		f.t.Errorf("submissions are tallied (-want +got):\n%s", diff)
	}
}

// With JavaScript a mistake is told beside its field, on the same page.
func TestBrowserMendsAMistake(t *testing.T) {
	t.Parallel()
	f, r := starter(t), newReader(t)
	s := f.start("serve")
	r.open(s.url + "posts/hello/")
	r.do(
		chromedp.SendKeys(chromedp.CSS(emailField), halfAddress),
		chromedp.SendKeys(chromedp.CSS(nameField), "Ana"),
		chromedp.Click(chromedp.CSS(consentBox)),
		chromedp.Click(chromedp.CSS(sendButton)),
	)
	r.until(`document.querySelector("` + emailField + `").getAttribute("aria-invalid") == "true"`)
	type field struct {
		Message, Name, At string
		Beside, Focused   bool
		Consent           bool
	}
	got := see[field](r, `(() => {
		const field = document.querySelector("`+emailField+`"), note = document.getElementById(field.getAttribute("aria-describedby"));
		return { Message: note.textContent, Beside: note.checkVisibility() && note.closest("p") == field.closest("p"), Focused: document.activeElement == field,
			Name: document.querySelector("`+nameField+`").value, Consent: document.querySelector("`+consentBox+`").checked, At: location.pathname };
	})()`)
	want := field{Message: oneAddress, Name: "Ana", At: helloPost, Beside: true, Focused: true, Consent: true}
	if got != want {
		t.Errorf("the mistake shows as %+v, want %+v", got, want)
	}
	if typed := see[string](r, `document.querySelector("`+emailField+`").value`); typed != halfAddress {
		t.Errorf("of the address there remains %q", typed)
	}
	// She goes on typing where she is; the address only lacks its end.
	r.do(chromedp.SendKeys(chromedp.CSS(emailField), ".com"), chromedp.Click(chromedp.CSS(sendButton)))
	r.untilThanked()
	if left := see[int](r, `document.querySelectorAll("`+bowlForm+` :is([aria-invalid], .bowl-error, .bowl-wrong)").length`); left != 0 {
		t.Errorf("%d marks of the mistake remain", left)
	}
	r.untilQuiet()

	s.stop()
	if got := f.report("--preview")[helloPost]; got["submissions"] != 1 || got["form_submit"] != 1 || got["leads"] != 1 || got["form_start"] != 1 {
		t.Errorf("the report has %v", got)
	}
	f.placed(funnel.Tally{Post: helloPost, Form: "newsletter", Placement: "end", Step: funnel.FormSubmit, Count: 1})
}

// What the writer saves appears in the open page, mistakes included. The test
// only looks at the page.
func TestBrowserFollowsTheWriter(t *testing.T) {
	t.Parallel()
	f, r := starter(t), newReader(t)
	s := f.start("serve")
	r.open(s.url + "posts/hello/")
	good := strings.Replace(f.read(helloFile), "This is the first post.", "Seen as soon as it is saved.", 1)
	f.save(helloFile, good)
	r.until(`document.querySelector(".prose").innerText.includes("Seen as soon as it is saved.")`)

	// A folder that was not there when watching began, too.
	f.save("templates/partials/footer.html", "<footer>A footer of my own</footer>\n")
	r.until(`document.querySelector("footer")?.innerText == "A footer of my own"`)
	f.save("templates/partials/footer.html", "<footer>A better one</footer>\n")
	r.until(`document.querySelector("footer")?.innerText == "A better one"`)

	const wrong = "tags: [writing"
	f.save(helloFile, strings.Replace(good, "tags: [writing]", wrong, 1))
	const panel = `document.querySelector("cardbowl-problems")?.shadowRoot`
	r.until(panel + `?.querySelector("article")`)
	type problem struct{ Position, Message, Source string }
	problems := see[[]problem](r, `[...`+panel+`.querySelectorAll("article")].map((a) => ({
		Position: a.querySelector("h2").innerText, Message: a.querySelector("b").innerText, Source: a.querySelector("pre").innerText }))`)
	line := slices.Index(strings.Split(f.read(helloFile), "\n"), wrong) + 1
	if len(problems) != 1 || !strings.HasPrefix(problems[0].Position, fmt.Sprintf("%s:%d:", helloFile, line)) || problems[0].Message == "" ||
		!strings.HasPrefix(problems[0].Source, wrong+"\n") || !strings.HasSuffix(problems[0].Source, "^") {
		t.Errorf("the panel says %q, and the mistake is in line %d", problems, line)
	}
	if see[bool](r, `!document.querySelector(".prose").innerText.includes("Seen as soon as it is saved.")`) {
		t.Error("behind the panel is not the last good page")
	}
	// A page opened now says the same.
	r.open(s.url)
	r.until(panel + `?.querySelector("article")`)
	f.save(helloFile, good)
	r.until(`!document.querySelector("cardbowl-problems") && document.querySelector("main").innerText.includes("Hello")`)
	r.unmoved()

	for name, text := range f.files(".cardbowl/preview") {
		if strings.Contains(text, "/_/live") || strings.Contains(text, "EventSource") {
			t.Errorf("%s has the preview's own script in it", name)
		}
	}
}

// A browser opens six connections to a server, and keeps pages that were left as
// they were. Neither stops the writer from going around in the preview.
func TestBrowserGoesAroundInThePreview(t *testing.T) {
	t.Parallel()
	f, r := starter(t), newReader(t)
	s := f.start("serve")
	for _, path := range []string{"", "posts/", "about/", "tags/writing/", "no/such/page/", "tags/counting/", "posts/what-to-count/", "posts/hello/"} {
		r.open(s.url + path)
	}
	// A page that was left does not know of what is saved meanwhile.
	f.save("content/posts/what-to-count.md", strings.Replace(f.read("content/posts/what-to-count.md"), "A post does its work", "Saved while away: a post does its work", 1))
	waitFor(t, func() bool {
		return strings.Contains(f.read(".cardbowl/preview/posts/what-to-count/index.html"), "Saved while away")
	}, func() string { return "the build" })
	_ = see[chromedp.Void](r, "history.back()")
	r.until(`location.pathname == "/posts/what-to-count/" && document.body.innerText.includes("Saved while away")`)
	// The copy of a page that a browser has kept names an earlier build. Shown
	// again, it would load itself again, and for ever.
	ask, err := http.NewRequestWithContext(t.Context(), http.MethodGet, s.url+"about/", nil)
	if err != nil {
		t.Fatal(err)
	}
	for range 2 {
		answer, err := http.DefaultClient.Do(ask)
		if err != nil {
			t.Fatal(err)
		}
		answer.Body.Close()
		if answer.StatusCode != http.StatusOK {
			t.Errorf("about: %s", answer.Status)
		}
		ask.Header.Set("If-None-Match", answer.Header.Get("ETag"))
	}
}

// files are the texts below a folder of the site, by name.
func (f folder) files(below string) map[string]string {
	f.t.Helper()
	all := map[string]string{}
	top := os.DirFS(filepath.Join(f.path, filepath.FromSlash(below)))
	err := fs.WalkDir(top, ".", func(name string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() {
			return err
		}
		text, err := fs.ReadFile(top, name)
		all[name] = string(text)
		return err
	})
	if err != nil || len(all) == 0 {
		f.t.Fatalf("%s: %d files, %v", below, len(all), err)
	}
	return all
}

// A site that cannot be built when serve starts says why, and appears once it can.
func TestBrowserWaitsForTheFirstBuild(t *testing.T) {
	t.Parallel()
	f, r := starter(t), newReader(t)
	good := f.read(helloFile)
	f.save(helloFile, strings.Replace(good, "tags: [writing]", "tags: [writing", 1))
	s := f.start("serve")
	r.open(s.url + "posts/hello/")
	if text := see[string](r, "document.body.innerText"); !strings.Contains(text, helloFile+":") || !strings.Contains(text, "tags: [writing\n") {
		t.Errorf("the page does not say what is wrong:\n%s", text)
	}
	f.save(helloFile, strings.Replace(good, "date:", "date: soon #", 1))
	r.until(`document.body.innerText.includes("date: soon #")`)
	f.save(helloFile, good)
	r.until(`document.querySelector("h1")?.innerText == "Hello" && !document.querySelector("cardbowl-problems")`)
}

// The published site, with everything the tracker does in earnest: every page
// keeps to its own host, leaves nothing in the browser, and counts once.
func TestBrowserReadsThePublishedSite(t *testing.T) {
	t.Parallel()
	f, r := starter(t), newReader(t)
	f.cardbowl("build", "--strict")
	s := f.start("track", "--public")
	var built []string // lists nobody links to, too
	for name := range f.files("public") {
		if path, is := strings.CutSuffix("/"+name, "index.html"); is {
			built = append(built, path)
		}
	}
	slices.Sort(built)
	opened := counts{}
	r.crawl(s.url, built, opened)

	home, err := url.Parse(s.url)
	if err != nil {
		t.Fatal(err)
	}
	// As a server in front of the tracker would set it for the whole host.
	strict := httptest.NewServer(&httputil.ReverseProxy{
		Rewrite: func(p *httputil.ProxyRequest) {
			p.SetURL(home)
			p.Out.Host = p.In.Host
		},
		ModifyResponse: func(answer *http.Response) error {
			answer.Header.Add("Content-Security-Policy", "default-src 'self'")
			return nil
		},
	})
	defer strict.Close()
	r.crawl(strict.URL+"/", built, opened)
	r.open(strict.URL + helloPost)
	opened[helloPost]["page_view"]++
	r.do(
		chromedp.SendKeys(chromedp.CSS(emailField), "ana@example.com"),
		chromedp.Click(chromedp.CSS(consentBox)),
		chromedp.Click(chromedp.CSS(sendButton)),
	)
	r.untilThanked()
	r.untilQuiet()
	r.unmoved()

	r.open("about:blank") // so that the page has nothing to tell a server that is gone
	s.stop()
	got := f.report()
	if n := got[helloPost]["submissions"]; n != 1 {
		t.Errorf("%d submissions for %s", n, helloPost)
	}
	for _, of := range got {
		for what := range of {
			// How far she scrolled is not what this test is about.
			if what != "page_view" && what != "visitors" {
				delete(of, what)
			}
		}
	}
	if diff := cmp.Diff(opened, got); diff != "" {
		t.Errorf("views (-opened +counted):\n%s", diff)
	}
}

// crawl opens the pages, and those of the same host that links in them lead to,
// and notes each in opened as it is to be counted.
func (r *reader) crawl(home string, pages []string, opened counts) {
	r.t.Helper()
	r.forget()
	queue, seen := slices.Clone(pages), map[string]bool{}
	for _, path := range pages {
		seen[path] = true
	}
	for len(queue) > 0 {
		path := queue[0]
		queue = queue[1:]
		r.open(strings.TrimSuffix(home, "/") + path)
		r.untilTold(`"t":"page_view","p":"` + path + `"`)
		r.untilQuiet()
		if opened[path] == nil {
			opened[path] = map[string]int{"visitors": 1}
		}
		opened[path]["page_view"]++
		r.untouched(home)
		for _, link := range see[[]string](r, `[...document.links].map((a) => a.href)`) {
			u, err := url.Parse(link)
			if err != nil {
				r.t.Errorf("%s links to %q", path, link)
				continue
			}
			if strings.HasPrefix(link, home) && strings.HasSuffix(u.Path, "/") && !seen[u.Path] {
				seen[u.Path] = true
				queue = append(queue, u.Path)
			}
		}
	}
	r.unmoved()
	r.open(home + "no/such/page/")
	r.untilQuiet()
	r.untouched(home)
	if strangers := r.abroad(home); len(strangers) > 0 {
		r.t.Errorf("pages ask other hosts: %q", strangers)
	}
	r.forget() // the console's complaint of the page that is not there
}

// untouched fails the test for anything that a page has left in the browser.
func (r *reader) untouched(home string) {
	r.t.Helper()
	if kept := see[string](r, `document.cookie + Object.keys(localStorage) + Object.keys(sessionStorage)`); kept != "" {
		r.t.Errorf("%s keeps %q in the browser", see[string](r, "location.href"), kept)
	}
	cookies, err := chromedp.Call(r.ctx, network.GetCookies, network.GetCookiesParams{})
	if err != nil {
		r.t.Fatal(err)
	}
	// Databases, caches and service workers.
	used, err := chromedp.Call(r.ctx, storage.GetUsageAndQuota, storage.GetUsageAndQuotaParams{Origin: strings.TrimSuffix(home, "/")})
	if err != nil {
		r.t.Fatal(err)
	}
	if len(cookies.Cookies) > 0 || used.Usage > 0 {
		r.t.Errorf("%d cookies and %v bytes are kept", len(cookies.Cookies), used.Usage)
	}
}

// A page must not wait for its script.
func TestBrowserScriptIsSmall(t *testing.T) {
	t.Parallel()
	const limit = 2048
	f := starter(t)
	f.cardbowl("build")
	found := false
	for name, text := range f.files("public") {
		if !strings.HasSuffix(name, ".js") {
			continue
		}
		found = true
		var packed bytes.Buffer
		w, err := gzip.NewWriterLevel(&packed, gzip.BestCompression)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := w.Write([]byte(text)); err != nil {
			t.Fatal(err)
		}
		if err := w.Close(); err != nil {
			t.Fatal(err)
		}
		t.Logf("%s: %d bytes, %d gzipped", name, len(text), packed.Len())
		if packed.Len() > limit {
			t.Errorf("%s is %d bytes gzipped, and %d are allowed", name, packed.Len(), limit)
		}
	}
	if !found {
		t.Error("the site has no script")
	}
}
