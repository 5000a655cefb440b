package cli_test

import (
	"context"
	"net/http"
	"net/url"
	"os"
	"strings"
	"testing"

	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/cdproto/input"
	"github.com/chromedp/chromedp"
)

// From a card to a client by nothing but the pages a person uses, with JavaScript
// and without; and nobody is kept out of any of them.
func TestBrowserDashboard(t *testing.T) {
	t.Parallel()
	rules, err := os.ReadFile(judge(t, "axe-core/axe.min.js"))
	if err != nil {
		t.Fatal(err)
	}
	for _, off := range []bool{true, false} {
		f, r := starter(t), newReader(t)
		s := f.start("serve")
		if _, err := chromedp.Call(r.ctx, emulation.SetScriptExecutionDisabled, emulation.SetScriptExecutionDisabledParams{Value: off}); err != nil {
			t.Fatal(err)
		}
		r.open(s.url + "posts/hello/")
		r.do(chromedp.SendKeys(chromedp.CSS(emailField), "ana@example.com"), chromedp.SendKeys(chromedp.CSS(nameField), "<b>Ana</b>"),
			chromedp.Focus(chromedp.CSS(consentBox)), chromedp.KeyEvent(" "), chromedp.Focus(chromedp.CSS(sendButton)), chromedp.KeyEvent("\r"))
		if off {
			r.until(`location.pathname == "/_/thanks/newsletter"`)
		} else {
			r.untilThanked()
		}
		r.open(s.url + "_/report/leads/")
		stages := []string{"call", "meeting"}
		if !off {
			r.drag(`.board li a`, `.board section[data-stage="call"]`)
			r.until(`document.querySelector('.board section[data-stage="call"] li') != null`)
			r.open(s.url + "_/report/leads/")
			stages = stages[1:]
		}
		for _, stage := range stages { // on the board, by keyboard alone
			r.do(chromedp.Focus(chromedp.CSS(".board select")), chromedp.KeyEvent(stage), chromedp.Focus(chromedp.CSS(".board li button")), chromedp.KeyEvent("\r"))
			r.until(`document.querySelector(".board li")?.closest("section").querySelector("h2").innerText.startsWith("` + stage + `")`)
		}
		r.do(chromedp.Focus(chromedp.CSS(".board li a")), chromedp.KeyEvent("\r"))
		r.until(`location.pathname.startsWith("/_/report/lead/") && document.querySelector(".journey")?.innerText.includes("<b>Ana</b>")`)
		r.do(chromedp.Focus(chromedp.CSS("#stage")), chromedp.KeyEvent("cl"), chromedp.SendKeys(chromedp.CSS("#value"), "4000"),
			chromedp.SendKeys(chromedp.CSS("#note"), "Signed today"), chromedp.Focus(chromedp.CSS(".entry button")), chromedp.KeyEvent("\r"))
		r.until(`document.querySelector(".journey")?.innerText.includes("client, worth 4,000") && document.querySelector(".journey").innerText.includes("Signed today")`)
		lead := see[string](r, "location.href")
		r.open(s.url + "_/report/")
		r.until(`[...document.querySelectorAll(".funnel dt")].filter((d) => ["call", "meeting", "proposal", "client", "form_submit"].includes(d.textContent) && d.nextElementSibling.textContent == "1").length == 5`)
		if off {
			continue
		}
		r.fit(string(rules), s.url, "_/report/", "_/report/leads/", "_/report/leads/?stage=client", strings.TrimPrefix(lead, s.url), "_/report/post/?path=/posts/hello/")
	}
}

// Nobody is kept out at the door, either.
func TestBrowserLogin(t *testing.T) {
	t.Parallel()
	rules, err := os.ReadFile(judge(t, "axe-core/axe.min.js"))
	if err != nil {
		t.Fatal(err)
	}
	f, r := starter(t), newReader(t)
	f.cardbowl("build")
	c := f.command("track", "--addr", "127.0.0.1:0", "--public", "public")
	c.Env = append(c.Environ(), "CARDBOWL_PASSWORD=right and long enough")
	s := f.startAs(c)
	r.open(s.url + "_/report/")
	r.until(`location.pathname == "/_/login"`)
	r.fit(string(rules), s.url, "_/login")
	r.do(chromedp.SendKeys(chromedp.CSS("input[type=password]"), "right and long enough"), chromedp.KeyEvent("\r"))
	r.until(`document.querySelector(".funnel") != null`)
}

// fit holds pages of a site against axe-core, on a telephone and a desk, light and dark.
func (r *reader) fit(rules, base string, pages ...string) {
	t := r.t
	t.Helper()
	for _, width := range []int64{390, 1280} {
		r.do(chromedp.EmulateViewport(width, 900))
		for _, light := range []string{"light", "dark"} {
			scheme := []*emulation.MediaFeature{{Name: "prefers-color-scheme", Value: light}}
			if _, err := chromedp.Call(r.ctx, emulation.SetEmulatedMedia, emulation.SetEmulatedMediaParams{Features: scheme}); err != nil {
				t.Fatal(err)
			}
			for _, page := range pages {
				r.open(base + page)
				see[bool](r, rules+"; true")
				ctx, cancel := context.WithTimeout(r.ctx, longEnough)
				found, err := chromedp.Run(ctx, chromedp.Evaluate[[]string](
					// The report asks again by itself every few seconds; it says so to nobody who would mind.
					`axe.run(document, {resultTypes: ["violations"], rules: {"meta-refresh": {enabled: false}}}).then((r) => r.violations.map((v) => v.id + ": " + v.nodes.map((n) => n.html).join(" ")))`, chromedp.EvalAwaitPromise))
				cancel()
				if err != nil {
					t.Fatalf("%s: %v", page, err)
				}
				for _, v := range found {
					t.Errorf("/%s at %d px, %s: %s", page, width, light, v)
				}
				if wide := see[int](r, `document.documentElement.scrollWidth - innerWidth`); wide > 0 {
					t.Errorf("/%s at %d px is %d px too wide", page, width, wide)
				}
				if at := os.Getenv("CARDBOWL_SHOTS"); at != "" {
					shot, err := chromedp.Run(r.ctx, chromedp.FullScreenshot(100))
					if err != nil {
						t.Fatal(err)
					}
					name := at + "/" + strings.Map(func(c rune) rune {
						if c == '/' || c == '?' {
							return '-'
						}
						return c
					}, page[:min(len(page), 16)]) + light + map[int64]string{390: "-phone", 1280: "-desk"}[width] + ".png"
					if err := os.WriteFile(name, shot, 0o644); err != nil {
						t.Fatal(err)
					}
				}
			}
		}
	}
}

// drag takes what one selector finds, by the mouse, to the head of what another finds.
func (r *reader) drag(from, to string) {
	r.t.Helper()
	middle := `((b) => [b.x + b.width / 2, b.y + Math.min(b.height / 2, 20)])(document.querySelector("%s").getBoundingClientRect())`
	a := see[[]float64](r, strings.Replace(middle, "%s", strings.ReplaceAll(from, `"`, `\"`), 1))
	b := see[[]float64](r, strings.Replace(middle, "%s", strings.ReplaceAll(to, `"`, `\"`), 1))
	for _, p := range []input.DispatchMouseEventParams{
		{Type: input.DispatchMouseEventTypeMousePressed, X: a[0], Y: a[1], Button: input.MouseButtonLeft, Buttons: 1, ClickCount: 1},
		{Type: input.DispatchMouseEventTypeMouseMoved, X: a[0] + 8, Y: a[1] + 8, Button: input.MouseButtonLeft, Buttons: 1},
		{Type: input.DispatchMouseEventTypeMouseMoved, X: b[0], Y: b[1], Button: input.MouseButtonLeft, Buttons: 1},
		{Type: input.DispatchMouseEventTypeMouseMoved, X: b[0] + 1, Y: b[1], Button: input.MouseButtonLeft, Buttons: 1},
		{Type: input.DispatchMouseEventTypeMouseReleased, X: b[0] + 1, Y: b[1], Button: input.MouseButtonLeft, ClickCount: 1},
	} {
		if _, err := chromedp.Call(r.ctx, input.DispatchMouseEvent, p); err != nil {
			r.t.Fatal(err)
		}
	}
}

// The report follows what comes in, without touching what somebody types and
// opens in it, and can be asked for other days and another order by its forms.
func TestBrowserReportFollows(t *testing.T) {
	t.Parallel()
	f, r := starter(t), newReader(t)
	s := f.start("serve")
	r.open(s.url + "_/report/?since=7d")
	r.until(`document.querySelector(".figures").innerText.includes("0")`)
	r.do(chromedp.Click(chromedp.CSS(".ask summary")), chromedp.SendKeys(chromedp.CSS("input[name=q]"), "hel"))
	answer, err := http.PostForm(s.url+"_/f/newsletter", url.Values{"email": {"ana@example.com"}, "consent": {"yes"}, "_post": {helloPost}})
	if err != nil {
		t.Fatal(err)
	}
	answer.Body.Close()
	r.until(`[...document.querySelectorAll(".figures li")].some((li) => li.innerText.replace(/\s+/g, " ") == "1 submissions")`)
	r.until(`[...document.querySelectorAll("tbody tr")].some((row) => row.querySelector("small")?.textContent == "` + helloPost + `" && row.cells[5].textContent == "1")`)
	if got := see[string](r, `document.querySelector("input[name=q]").value + document.activeElement.name + document.querySelector(".ask").open`); got != "helqtrue" {
		t.Errorf("what was typed and opened became %q", got)
	}
	r.do(chromedp.KeyEvent("\r"))
	r.until(`location.search.includes("q=hel") && location.search.includes("since=7d") && document.querySelectorAll("tbody tr").length == 1`)
	r.do(chromedp.Click(chromedp.CSS(".ask summary")), chromedp.Focus(chromedp.CSS("select[name=by]")), chromedp.KeyEvent("source"), chromedp.Click(chromedp.CSS(".ask button")))
	r.until(`location.search.includes("by=source") && document.querySelector("#table").innerText.startsWith("Source")`)
	r.unmoved()
}
