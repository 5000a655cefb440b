package tracker

import (
	"encoding/json"
	"fmt"
	"html"
	"mime"
	"net/http"
	"runtime/debug"
	"strings"

	"cardbowl/generator/internal/form"
)

// headers are set on every answer under /_/. None may be kept by a cache.
func headers(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		h := w.Header()
		h.Set("Cache-Control", "no-store")
		h.Set("X-Content-Type-Options", "nosniff")
		h.Set("Referrer-Policy", "same-origin")
		h.Set("X-Robots-Tag", "noindex")
		next.ServeHTTP(w, r)
	})
}

// survive answers a panic with an error page and keeps the connection's
// goroutine from taking anything with it.
func (t *Tracker) survive(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		defer func() {
			p := recover()
			if p == nil {
				return
			}
			if p == http.ErrAbortHandler {
				panic(p) // how a handler asks net/http to cut the connection
			}
			t.logger.Error("panic in a request", "route", r.Pattern, "panic", p, "stack", string(debug.Stack()))
			http.Error(w, t.site.Load().words.Say("Something went wrong here. Please try again."), http.StatusInternalServerError)
		}()
		next.ServeHTTP(w, r)
	})
}

func (t *Tracker) recovered(what string) {
	if p := recover(); p != nil {
		t.logger.Error("panic", "in", what, "panic", p, "stack", string(debug.Stack()))
	}
}

// wantsJSON tells a program from a browser: it says so, or it speaks JSON itself
// and does not ask for a page.
func wantsJSON(r *http.Request) bool {
	accept := strings.ToLower(r.Header.Get("Accept"))
	if strings.Contains(accept, "text/html") {
		return false
	}
	if strings.Contains(accept, "application/json") || strings.Contains(accept, "application/problem+json") {
		return true
	}
	media, _, _ := mime.ParseMediaType(r.Header.Get("Content-Type"))
	return media == "application/json"
}

// problem is RFC 9457's problem details, with the mistakes of each field.
type problem struct {
	Type   string      `json:"type"`
	Title  string      `json:"title"`
	Status int         `json:"status"`
	Detail string      `json:"detail,omitempty"`
	Errors form.Errors `json:"errors,omitempty"`
}

func sendProblem(w http.ResponseWriter, status int, detail string, wrong form.Errors) {
	w.Header().Set("Content-Type", "application/problem+json")
	w.WriteHeader(status)
	// An error here means the visitor has gone.
	_ = json.NewEncoder(w).Encode(problem{"about:blank", http.StatusText(status), status, detail, wrong})
}

func sendJSON(w http.ResponseWriter, status int, value any) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(value)
}

// sendPage answers with a page in the site's frame, which shows the title.
// content is HTML.
func (t *Tracker) sendPage(w http.ResponseWriter, r *http.Request, s *site, status int, title, content string) {
	h := w.Header()
	h.Set("Content-Type", "text/html; charset=utf-8")
	h.Set("Content-Security-Policy", t.policy(s, r))
	w.WriteHeader(status)
	_, _ = w.Write([]byte(t.framed(s, r, title, content)))
}

// policy allows the theme's own files and nothing else: no script in the page
// itself, whatever text a visitor had put there.
func (t *Tracker) policy(s *site, r *http.Request) string {
	from := "'self'"
	if t.isAbroad(s, r) && !strings.ContainsAny(s.origin, " ;,'\"") {
		from += " " + s.origin
	}
	return fmt.Sprintf("default-src 'none'; img-src %[1]s data:; style-src %[1]s; script-src %[1]s; font-src %[1]s; connect-src 'self'; "+
		"form-action %[1]s; base-uri 'none'; frame-ancestors 'none'", from)
}

// refuse tells what is wrong, to a program as problem details, to a person as a page.
func (t *Tracker) refuse(w http.ResponseWriter, r *http.Request, s *site, status int, title, text string) {
	if wantsJSON(r) {
		sendProblem(w, status, text, nil)
		return
	}
	t.sendPage(w, r, s, status, title, "<p>"+html.EscapeString(text)+"</p>")
}

func (t *Tracker) nothingHere(w http.ResponseWriter, r *http.Request) {
	s := t.site.Load()
	t.refuse(w, r, s, http.StatusNotFound, s.words.Say("Nothing here"), s.words.Say("There is no page at this address."))
}

func (t *Tracker) onlyPost(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("Allow", "POST, OPTIONS")
	s := t.site.Load()
	t.refuse(w, r, s, http.StatusMethodNotAllowed, s.words.Say("Nothing to read here"), s.words.Say("This address takes what a form or a page sends. To see a form, go to the page it stands on."))
}

// admitSite lets the pages of the site, and of no other, read the answer when
// they stand on another origin. False means another origin asked.
func admitSite(w http.ResponseWriter, r *http.Request, s *site) bool {
	w.Header().Add("Vary", "Origin")
	origin := r.Header.Get("Origin")
	if origin == "" || s.origin == "" || !strings.EqualFold(origin, s.origin) {
		return false
	}
	w.Header().Set("Access-Control-Allow-Origin", origin)
	return true
}

func (t *Tracker) preflight(w http.ResponseWriter, r *http.Request) {
	if admitSite(w, r, t.site.Load()) {
		h := w.Header()
		h.Set("Access-Control-Allow-Methods", "POST")
		h.Set("Access-Control-Allow-Headers", "Content-Type, Accept, Idempotency-Key")
		h.Set("Access-Control-Max-Age", "600")
	}
	w.WriteHeader(http.StatusNoContent)
}

func (t *Tracker) healthy(w http.ResponseWriter, _ *http.Request) {
	w.Header().Set("Content-Type", "text/plain; charset=utf-8")
	_, _ = w.Write([]byte("ok\n"))
}

// ready tells whether a submission sent now would be acknowledged.
func (t *Tracker) ready(w http.ResponseWriter, r *http.Request) {
	if !t.site.Load().known {
		http.Error(w, "no manifest yet: build the site", http.StatusServiceUnavailable)
		return
	}
	if err := t.store.Ready(r.Context()); err != nil {
		t.logger.Error("not ready", "error", err)
		http.Error(w, "the store is not ready", http.StatusServiceUnavailable)
		return
	}
	t.healthy(w, r)
}
