package tracker

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"cardbowl/generator/internal/funnel"
	"cardbowl/generator/internal/manifest"
	"cardbowl/generator/internal/store"
)

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
	b.contains(thanks.body, "<title>Sent</title>", "<h1>Sent</h1>", "Your message has arrived.", `<a href="/posts/a/">Back to Post &lt;A&gt;</a>`)
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
	b.want("headings", strings.Count(a.body, "<h1"), 1)
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

// The tracker's own pages speak the language of the site, and its owner's words.
func TestPagesSpeakTheLanguage(t *testing.T) {
	b := begin(t, func(s *setup) {
		s.manifest.Language, s.manifest.Messages.Nothing = "de", "Hier ist nur Luft."
		for i := range s.manifest.Forms {
			s.manifest.Forms[i].Language = "de"
		}
	})
	html := []string{"Accept", "text/html"}
	b.contains(b.send("GET", "/_/x", "", "", html...).body, "Hier ist nichts", "Hier ist nur Luft.")
	b.contains(b.send("GET", "/_/f/poll", "", "", html...).body, "Hier gibt es nichts zu lesen")
	b.contains(b.send("GET", "/_/thanks/newsletter?post=/posts/a/", "", "", html...).body, "Gesendet", "Zurück zu Post")
	b.contains(b.post("none", card("a@example.com")).body, "Unbekanntes Formular")
	b.contains(b.post("newsletter", card("a")).body, "Fast geschafft", "Bitte sehen Sie sich dies an", `href="#newsletter-end-email"`)
	b.contains(b.post("newsletter", card("a@example.com", "message", strings.Repeat("x", 70_000))).body, "Zu viel Text")
	for range 31 {
		b.post("newsletter", card("a@example.com"))
	}
	b.contains(b.post("newsletter", card("a@example.com")).body, "Noch ein Klick", "Ich bin kein Roboter: senden", "Aus Ihrem Netz kam")
}
