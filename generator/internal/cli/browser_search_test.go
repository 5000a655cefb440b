package cli_test

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"
)

// TestBrowserSearches asks the published site, under its strict policy, by
// keyboard.
func TestBrowserSearches(t *testing.T) {
	t.Parallel()
	f, r := starter(t), newReader(t)
	for n := range 45 {
		f.save(fmt.Sprintf("content/posts/many-%d.md", n), fmt.Sprintf("---\ntitle: Number %d\ndate: 2026-01-%02d\n---\nOne of a great many, number%dnumber.\n", n, 1+n%28, n))
	}
	f.save("content/posts/cafe.md", "---\ntitle: \"Über <b>Cafés</b> & Co\"\ndate: 2026-03-01\ndescription: \"<img src=x onerror=alert(1)> told plainly\"\n---\nA place for a first conversation.\n")
	f.cardbowl("build", "--strict")
	s := f.start("track", "--public")
	titles := func() []string {
		return see[[]string](r, `[...document.querySelectorAll(".search-results h2")].map((e) => e.textContent)`)
	}

	r.open(s.url)
	r.do(chromedp.Click(chromedp.CSS(`a[href="/search/"]`)))
	r.until(`location.pathname == "/search/" && document.activeElement.name == "q"`)
	r.do(chromedp.KeyEvent("uber caf")) // without accents, and unfinished
	r.until(`document.querySelector(".search-status").textContent == "One page was found."`)
	if got := titles(); !slices.Equal(got, []string{"Über <b>Cafés</b> & Co"}) {
		t.Errorf("found %q", got)
	}
	if got := see[string](r, `document.querySelector(".search-results p").textContent`); got != "<img src=x onerror=alert(1)> told plainly" {
		t.Errorf("described as %q", got)
	}
	r.do(chromedp.KeyEvent(kb.Enter))
	r.until(`location.search == "?q=uber%20caf"`)

	// A question has an address, and the way back leads to it.
	r.open(s.url + "search/?q=great+many")
	r.until(`document.querySelector(".search-status").textContent == "45 pages were found, the best 20 of them here."`)
	r.open(s.url + "search/?q=number17number")
	r.until(`document.querySelectorAll(".search-results li").length == 1`)
	see[bool](r, `document.querySelector("[name=q]").focus(), true`)
	r.do(chromedp.KeyEvent(kb.Tab), chromedp.KeyEvent(kb.Tab)) // past the button
	r.until(`document.activeElement.textContent == "Number 17"`)
	r.do(chromedp.KeyEvent(kb.Enter))
	r.until(`location.pathname == "/posts/many-17/"`)
	see[bool](r, `history.back(), true`)
	r.until(`location.pathname == "/search/" && document.querySelectorAll(".search-results li").length == 1`)

	for question, want := range map[string]string{
		"uber+ca":  "One page was found.", // the second word may become one
		"uber+ca+": "Nothing was found. Fewer words, or the beginning of one, find more.",
		"zzzz":     "Nothing was found. Fewer words, or the beginning of one, find more.",
		"x":        "Write at least two letters.",
		"' <b>":    "Write at least two letters.",
	} {
		r.open(s.url + "search/?q=" + question)
		r.until(`document.querySelector(".search-status").textContent == ` + quoted(want))
	}
	r.unmoved()
}

// TestBrowserSearchesNotWithoutScript: a page that cannot do what it is for says
// so, and where to go instead.
func TestBrowserSearchesNotWithoutScript(t *testing.T) {
	t.Parallel()
	f, r := starter(t), newReader(t)
	f.cardbowl("build", "--strict")
	s := f.start("track", "--public")
	if _, err := chromedp.Call(r.ctx, emulation.SetScriptExecutionDisabled, emulation.SetScriptExecutionDisabledParams{Value: true}); err != nil {
		t.Fatal(err)
	}
	r.open(s.url + "search/")
	r.until(`document.querySelector("main").innerText.includes("The search runs in your browser, and needs JavaScript for it.")`)
	r.do(chromedp.Click(chromedp.CSS("main noscript a")))
	r.until(`location.pathname == "/"`)
}

func quoted(s string) string {
	text, err := json.Marshal(s)
	if err != nil {
		panic(err) // a string cannot fail
	}
	return string(text)
}

// TestBrowserSplitsWords tries the vectors of the generator's words on the ones
// of the script.
func TestBrowserSplitsWords(t *testing.T) {
	t.Parallel()
	script, err := os.ReadFile(filepath.FromSlash("../../../templates/assets/search.js"))
	if err != nil {
		t.Fatal(err)
	}
	_, rest, begins := strings.Cut(string(script), "'use strict';")
	part, _, ends := strings.Cut(rest, "const form =")
	if !begins || !ends {
		t.Fatal("the script has no such part any more")
	}
	vectors, err := os.ReadFile(filepath.FromSlash("../search/testdata/words.json"))
	if err != nil {
		t.Fatal(err)
	}
	r := newReader(t)
	r.open("about:blank")
	wrong := see[[]string](r, `(() => {`+part+`
		return `+string(vectors)+`.filter((c) => JSON.stringify(wordsOf(c.text)) != JSON.stringify(c.words)).map((c) => c.text + ": " + wordsOf(c.text).join(" "));
	})()`)
	if len(wrong) > 0 {
		t.Errorf("other words than the generator's: %q", wrong)
	}
}
