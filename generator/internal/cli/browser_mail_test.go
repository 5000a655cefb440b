package cli_test

import (
	"fmt"
	"net"
	"net/mail"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/chromedp/cdproto/browser"
	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/chromedp"

	"cardbowl/generator/internal/webhook"
)

// mailSite is a site that asks for a confirmation and delivers a file, with a
// tracker that can be started again, days later, and everybody it writes to.
type mailSite struct {
	folder
	t       *testing.T
	address string // of the site, without a slash
	office  *postOffice
	relay   string // its address
	env     []string
}

func openMailSite(t *testing.T) *mailSite {
	t.Helper()
	free, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	at := free.Addr().String()
	if err := free.Close(); err != nil {
		t.Fatal(err)
	}
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	m := &mailSite{folder: folder{t, t.TempDir()}, t: t, address: "http://" + at, office: newPostOffice(listener), relay: listener.Addr().String()}
	t.Cleanup(func() { _ = m.office.server.Close() })
	m.env = []string{"CARDBOWL_SMTP_URL=smtp://" + listener.Addr().String() + "?starttls=off", "CARDBOWL_WEBHOOK_SECRET=" + webhook.NewSecret()}
	m.save("site.yaml", `title: Small Fish
baseURL: `+m.address+`/
sender: {name: Ann Writer, email: ann@example.com, address: "1 Main Street, Toronto"}
forms:
  checklist:
    fields: [{name: email, type: email, required: true}]
    consent: Yes, write to me. I can unsubscribe at any time.
    confirm: true
    deliver: checklist.txt
    notify: [ann@example.com]
`)
	for name, text := range map[string]string{
		"content/_files/checklist.txt": "Ask before you write.\n",
		"content/posts/a.md":           "---\ntitle: The question\ndate: 2026-01-01\n---\nWho is in the room?\n",
	} {
		if err := os.MkdirAll(filepath.Join(m.path, filepath.Dir(name)), 0o755); err != nil {
			t.Fatal(err)
		}
		m.save(name, text)
	}
	m.cardbowl("build")
	return m
}

// track starts the tracker, with its clock so far ahead.
func (m *mailSite) track(ahead string) server {
	m.t.Helper()
	c := m.command("track", "--public", "public", "--addr", strings.TrimPrefix(m.address, "http://"))
	c.Env = append(append(c.Env, m.env...), clockAhead+"="+ahead)
	return m.startAs(c)
}

// letter is the HTML of the nth mail to somebody, as a file that a browser opens.
func (m *mailSite) letter(to string, n int) string {
	m.t.Helper()
	waitFor(m.t, func() bool { return len(m.office.to(to)) >= n }, func() string { return fmt.Sprintf("mail %d to %s", n, to) })
	read, err := mail.ReadMessage(strings.NewReader(m.office.to(to)[n-1]))
	if err != nil {
		m.t.Fatal(err)
	}
	parts, err := partsOf(read)
	if err != nil || len(parts) != 2 {
		m.t.Fatal(err, parts)
	}
	at := filepath.Join(m.t.TempDir(), "mail.html")
	if err := os.WriteFile(at, []byte(parts[1]), 0o644); err != nil {
		m.t.Fatal(err)
	}
	return "file://" + filepath.ToSlash(at)
}

// follow opens a mail and clicks on the link with these words.
func (r *reader) follow(letter, words string) {
	r.t.Helper()
	r.open(letter)
	r.click(words)
}

// click clicks on the link with these words.
func (r *reader) click(words string) {
	r.t.Helper()
	r.until(fmt.Sprintf(`[...document.links].some((a) => a.id = a.textContent.trim() == %q ? "wanted" : "")`, words))
	r.do(chromedp.Click(chromedp.CSS("#wanted")))
}

// press presses the one button of a page.
func (r *reader) press(words string) {
	r.t.Helper()
	r.until(fmt.Sprintf(`document.querySelector("main form.bowl button, form.bowl button")?.textContent == %q`, words))
	r.do(chromedp.Click(chromedp.CSS("form.bowl button")))
}

func (r *reader) untilSays(words string) {
	r.t.Helper()
	r.until(fmt.Sprintf(`document.body?.innerText.includes(%q)`, words))
}

// TestBrowserMail goes the whole way of a mail address: a card, the mail, its
// button, the page behind it and its button, the file, and the way out. Somebody
// who does nothing is reminded once. With JavaScript and without.
func TestBrowserMail(t *testing.T) {
	t.Parallel()
	for _, off := range []bool{false, true} {
		m, r := openMailSite(t), newReader(t)
		if _, err := chromedp.Call(r.ctx, emulation.SetScriptExecutionDisabled, emulation.SetScriptExecutionDisabledParams{Value: off}); err != nil {
			t.Fatal(err)
		}
		s := m.track("")
		send := func(email string) {
			r.open(m.address + "/posts/a/")
			r.do(chromedp.SendKeys(chromedp.CSS("#checklist-end-email"), email), chromedp.Click(chromedp.CSS("#checklist-end-consent")),
				chromedp.Click(chromedp.CSS("#checklist-end-form [type=submit]")))
			if off {
				r.until(`location.pathname == "/_/thanks/checklist"`)
			} else {
				r.until(`document.querySelector("#checklist-end-form [data-done=pending_confirmation]")?.checkVisibility()`)
			}
		}
		send("ana@example.com")
		r.open(m.letter("ann@example.com", 1))
		r.untilSays("ana@example.com")

		// The mail's button leads to a page whose button confirms.
		r.follow(m.letter("ana@example.com", 1), "Confirm my address")
		r.until(`location.pathname.startsWith("/_/confirm/")`)
		if shown := m.cardbowl("leads", "show", "ana@example.com"); strings.Contains(shown, "confirmed") {
			t.Errorf("looking confirms:\n%s", shown)
		}
		r.press("Confirm my address")
		r.untilSays("Your address is confirmed.")
		if shown := m.cardbowl("leads", "show", "ana@example.com"); !strings.Contains(shown, "the address was confirmed") {
			t.Errorf("pressing does not confirm:\n%s", shown)
		}

		// What was promised.
		files := t.TempDir()
		if _, err := chromedp.Call(r.ctx, browser.SetDownloadBehavior, browser.SetDownloadBehaviorParams{Behavior: browser.SetDownloadBehaviorBehaviorAllow, DownloadPath: files}); err != nil {
			t.Fatal(err)
		}
		welcome := m.letter("ana@example.com", 2)
		r.follow(welcome, "Download")
		waitFor(t, func() bool {
			text, err := os.ReadFile(filepath.Join(files, "checklist.txt"))
			return err == nil && string(text) == "Ask before you write.\n"
		}, func() string { return "the file\n" + r.scene() })

		// Out again, by the link in the mail.
		r.follow(welcome, "Unsubscribe")
		r.until(`location.pathname.startsWith("/_/unsubscribe/")`)
		r.press("Unsubscribe")
		r.untilSays("You get no more mail from this site.")
		if shown := m.cardbowl("leads", "show", "ana@example.com"); !strings.Contains(shown, "unsubscribed") {
			t.Errorf("pressing does not unsubscribe:\n%s", shown)
		}

		// What is kept of her is behind another link, to be read, taken along, and
		// erased after being asked once more.
		r.follow(welcome, "What this site keeps of you")
		r.until(`location.pathname.startsWith("/_/data/")`)
		r.untilSays("ana@example.com")
		r.untilSays("Yes, write to me. I can unsubscribe at any time.")
		before, err := os.ReadDir(files)
		if err != nil {
			t.Fatal(err)
		}
		r.click("Download all of it")
		waitFor(t, func() bool {
			now, err := os.ReadDir(files)
			if err != nil || len(now) != len(before)+1 {
				return false
			}
			for _, file := range now {
				if text, err := os.ReadFile(filepath.Join(files, file.Name())); err == nil && strings.Contains(string(text), `"ana@example.com"`) {
					return true
				}
			}
			return false
		}, func() string { return "all of it as a file\n" + r.scene() })
		r.click("Erase all of it")
		r.untilSays("are erased for good")
		if shown := m.cardbowl("leads", "list"); !strings.Contains(shown, "ana@example.com") {
			t.Errorf("being asked erases:\n%s", shown)
		}
		r.press("Yes, erase all of it")
		r.untilSays("Nothing is kept of you any more")
		if shown := m.cardbowl("leads", "list"); strings.Contains(shown, "ana@example.com") {
			t.Errorf("pressing does not erase:\n%s", shown)
		}
		waitFor(t, func() bool { return len(m.office.to("ann@example.com")) == 2 }, func() string { return "the mail that tells the owner" })
		if told := m.office.to("ann@example.com")[1]; strings.Contains(told, "ana@") || !strings.Contains(told, "has erased what Small Fish kept") {
			t.Errorf("the owner is told:\n%s", told)
		}

		// Somebody else does nothing, and a day later neither.
		send("ben@example.com")
		m.letter("ben@example.com", 1)
		s.stop()
		s = m.track("25h")
		reminder := m.letter("ben@example.com", 2)
		r.open(reminder)
		r.untilSays("This is the only reminder.")
		r.follow(reminder, "Confirm my address")
		r.press("Confirm my address")
		r.untilSays("Your address is confirmed.")
		m.letter("ben@example.com", 3)
		s.stop()

		// After a week nothing more has come, and old links are no longer good.
		s = m.track("193h")
		r.open(m.letter("ana@example.com", 1))
		r.follow(m.letter("ana@example.com", 1), "Confirm my address")
		r.untilSays("This link is not valid any more")
		s.stop()
		if a, b := len(m.office.to("ana@example.com")), len(m.office.to("ben@example.com")); a != 2 || b != 3 {
			t.Errorf("%d mails to Ana, %d to Ben", a, b)
		}
	}
}

// From a visitor to a client by pages that a person uses: the form, the mail, its
// page, the door of the dashboard, the board and the page of the lead. After each the
// funnel shows the step. With JavaScript and without.
func TestBrowserWholeWay(t *testing.T) {
	t.Parallel()
	for _, off := range []bool{false, true} {
		m, r := openMailSite(t), newReader(t)
		m.env = append(m.env, "CARDBOWL_PASSWORD=right and long enough")
		if _, err := chromedp.Call(r.ctx, emulation.SetScriptExecutionDisabled, emulation.SetScriptExecutionDisabledParams{Value: off}); err != nil {
			t.Fatal(err)
		}
		m.track("")
		counts := func(steps ...string) { // each was reached once
			r.t.Helper()
			r.open(m.address + "/_/report/")
			r.until(fmt.Sprintf(`%q.split(" ").every((step) => [...document.querySelectorAll(".funnel dt")].some((dt) => dt.textContent == step && dt.nextElementSibling.textContent == "1"))`, strings.Join(steps, " ")))
		}
		r.open(m.address + "/_/report/")
		r.until(`location.pathname == "/_/login"`)
		r.do(chromedp.SendKeys(chromedp.CSS("input[type=password]"), "right and long enough"), chromedp.KeyEvent("\r"))
		r.until(`document.querySelector(".funnel") != null`)

		r.open(m.address + "/posts/a/")
		r.do(chromedp.SendKeys(chromedp.CSS("#checklist-end-email"), "ana@example.com"), chromedp.Click(chromedp.CSS("#checklist-end-consent")))
		steps := []string{"page_view", "form_submit"}
		if !off {
			// A form is seen when it was on the screen for a second.
			seen := regexp.MustCompile(`"step":\s*"form_view",\s*"side":\s*"marketing",\s*"count":\s*1\b`)
			waitFor(t, func() bool { return seen.MatchString(m.cardbowl("report", "--format", "json")) }, func() string { return "the form that was seen\n" + r.scene() })
			steps = append(steps, "form_view", "form_start")
		}
		r.do(chromedp.Click(chromedp.CSS("#checklist-end-form [type=submit]")))
		r.untilSays("Thank")
		counts(steps...)
		r.follow(m.letter("ana@example.com", 1), "Confirm my address")
		r.press("Confirm my address")
		r.untilSays("Your address is confirmed.")
		steps = append(steps, "lead_confirmed")
		counts(steps...)
		for _, stage := range []string{"call", "meeting", "proposal", "client"} {
			r.open(m.address + "/_/report/leads/")
			r.do(chromedp.Click(chromedp.CSS(".board li a")))
			r.until(`location.pathname.startsWith("/_/report/lead/") && document.querySelector("#stage") != null`)
			r.do(chromedp.Focus(chromedp.CSS("#stage")), chromedp.KeyEvent(stage), chromedp.Focus(chromedp.CSS(".entry button")), chromedp.KeyEvent("\r"))
			r.until(`document.querySelector("main > .soft")?.textContent == "` + stage + `"`)
			steps = append(steps, stage)
			counts(steps...)
		}
	}
}
