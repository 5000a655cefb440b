package cli_test

import (
	"net/http"
	"net/url"
	"os"
	"strings"
	"testing"

	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/chromedp"
)

// inMargin is an expression about the margin of the page: its button, its panel.
func inMargin(expression string) string {
	return `((shadow) => shadow && ((button, panel) => ` + expression + `)(shadow.querySelector("button"), shadow.querySelector("section")))(document.querySelector("cardbowl-margin")?.shadowRoot)`
}

func must[T any](value T, err error) T {
	if err != nil {
		panic(err)
	}
	return value
}

// A writer sees beside the page how long it is, what is wrong with it, what waits,
// and what it brought; it follows what she does, and nothing of it is published.
func TestBrowserShowsTheMargin(t *testing.T) {
	t.Parallel()
	f, r := starter(t), newReader(t)
	f.save("content/posts/half.md", "---\ntitle: Half a thought\ndraft: true\n---\nNot yet.\n")

	// The published site has had one reader, who sent a card.
	f.cardbowl("build")
	public := f.start("track", "--public", "public")
	for _, r := range []*http.Request{
		must(http.NewRequest(http.MethodGet, public.url+"posts/what-to-count/", nil)),
		must(http.NewRequest(http.MethodPost, public.url+"_/f/newsletter", strings.NewReader(url.Values{"email": {"ana@example.com"}, "consent": {"yes"}, "_post": {"/posts/what-to-count/"}}.Encode()))),
	} {
		r.Header.Set("User-Agent", "Mozilla/5.0 (X11; Linux x86_64) Firefox/140.0") // what names itself otherwise is no reader
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		answer, err := http.DefaultClient.Do(r)
		if err != nil {
			t.Fatal(err)
		}
		answer.Body.Close()
	}
	public.stop()
	for name, text := range f.files("public") {
		if strings.Contains(text, "margin.js") || strings.Contains(text, "/_/live") {
			t.Errorf("public/%s holds something of the preview", name)
		}
	}

	s := f.start("serve")
	r.open(s.url + "posts/what-to-count/")
	r.until(inMargin(`button.textContent.includes(" words") && button.getAttribute("aria-expanded") == "false" && panel.hidden`))
	_ = see[bool](r, inMargin(`(button.click(), true)`))
	r.until(inMargin(`!panel.hidden && panel.innerText.includes("content/posts/what-to-count.md") && panel.innerText.includes("Half a thought") && panel.innerText.includes("start serve with -D")`))
	r.until(inMargin(`panel.innerText.replace(/\s+/g, " ").includes("readers, each day 1") && panel.innerText.replace(/\s+/g, " ").includes("sent it 1")`))

	// A finding comes and goes with the text, while the page stays where it is.
	r.until(learned)
	_ = see[bool](r, `window.sitting = true`)
	text := f.read(countFile)
	f.save(countFile, text+"\n#### Too deep\n\nSee [the other](hello.md).\n")
	r.until(inMargin(`panel.innerText.includes("the heading skips from level") && panel.innerText.includes("#### Too deep") && button.textContent.includes("1 finding")`))
	f.save(countFile, text)
	r.until(inMargin(`!panel.innerText.includes("the heading skips") && !button.textContent.includes("finding")`))
	// So does one that changes no byte of the page.
	f.save(countFile, strings.Replace(text, "\n---\n", "\nmood: sunny\n---\n", 1))
	r.until(inMargin(`panel.innerText.includes("unknown front-matter key")`))
	f.save(countFile, text)
	r.until(inMargin(`!panel.innerText.includes("unknown front-matter key")`))
	if !see[bool](r, `window.sitting === true`) {
		t.Error("the page was loaded again")
	}

	rules, err := os.ReadFile(judge(t, "axe-core/axe.min.js"))
	if err != nil {
		t.Fatal(err)
	}
	for _, width := range []int64{390, 1280} {
		for _, scheme := range []string{"light", "dark"} {
			r.do(chromedp.EmulateViewport(width, 800))
			look := []*emulation.MediaFeature{{Name: "prefers-color-scheme", Value: scheme}}
			if _, err := chromedp.Call(r.ctx, emulation.SetEmulatedMedia, emulation.SetEmulatedMediaParams{Features: look}); err != nil {
				t.Fatal(err)
			}
			r.open(s.url + "posts/what-to-count/")
			r.until(inMargin(`!panel.hidden && panel.innerText.includes("Half a thought")`)) // it is as it was left
			if see[bool](r, `document.documentElement.scrollWidth > innerWidth`) {
				t.Errorf("at %d the page scrolls sideways", width)
			}
			_ = see[bool](r, string(rules)+"; true")
			found, err := chromedp.Run(r.ctx, chromedp.Evaluate[[]string](
				`axe.run(document, {resultTypes: ["violations"]}).then((r) => r.violations.map((v) => v.id + ": " + v.nodes.map((n) => n.html).join(" ")))`, chromedp.EvalAwaitPromise))
			if err != nil {
				t.Fatal(err)
			}
			for _, v := range found {
				t.Errorf("at %d, %s: %s", width, scheme, v)
			}
		}
	}
	_ = see[bool](r, inMargin(`(button.focus(), true)`))
	r.do(chromedp.KeyEvent("\x1b"))
	r.until(inMargin(`panel.hidden && button.getRootNode().activeElement == button`))
	r.unmoved()
}
