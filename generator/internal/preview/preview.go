package preview

import (
	"bytes"
	"crypto/rand"
	"embed"
	"encoding/json"
	"fmt"
	"html/template"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"cardbowl/generator/internal/diag"
)

//go:embed live
var scripts embed.FS

//go:embed failed.html
var failedSource string

var failedPage = template.Must(template.New("failed").Parse(failedSource))

const (
	livePath   = "/_/live"
	scriptPath = "/_/live.js"
	partsPath  = "/_/live/"       // what that script is made of, besides
	besidePath = "/_/live/beside" // ?page=URL-path: what stands in the margin of a page, JSON
)

// Preview serves one site while it is being written.
type Preview struct {
	site  http.Handler
	hosts []string
	run   string // tells this preview from the one before it, which counted builds too

	beside func(path string) any // what stands in the margin of a page, to become JSON; nil: nothing

	mu        sync.Mutex
	build     int // counts good builds: which one a page is of
	turn      int // counts all builds
	goTo      string
	problems  diag.List
	listeners map[chan message]bool
	closed    bool
}

// message is one server-sent event.
type message struct {
	name string
	data []byte
}

// state is what the script learns when it connects and after each build.
type state struct {
	Run      string    `json:"run"`
	Build    int       `json:"build"`
	Turn     int       `json:"turn"`
	Changed  []string  `json:"changed"`  // URL paths of pages and files that were written
	Gone     []string  `json:"gone"`     // and of those that were removed
	GoTo     string    `json:"goTo"`     // where the last good build sends open pages; empty: nowhere
	Problems []problem `json:"problems"` // errors; empty after a good build
}

// Change is what a good build did to the site, as URL paths.
type Change struct {
	Written []string
	Removed []string
	GoTo    string // where open pages go; empty: they stay
}

type problem struct {
	Position string `json:"position"`
	Message  string `json:"message"`
	Hint     string `json:"hint"`
	Source   string `json:"source"`
	Column   int    `json:"column"`
}

// New wraps the handler that serves the site. hosts are names, besides this
// machine's own, under which it may be asked for. beside is what a writer sees in
// the margin of the page at a URL path, plain values of the fields that
// live/margin.js names; nil where there is no margin.
func New(site http.Handler, beside func(path string) any, hosts ...string) *Preview {
	return &Preview{site: site, beside: beside, hosts: hosts, run: rand.Text(), listeners: map[chan message]bool{}}
}

// Noted tells every open page that what stands in its margin may be another,
// while the site is the same.
func (p *Preview) Noted() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.broadcast("noted", p.state())
}

// Built tells every open page of a good build and what it changed.
func (p *Preview) Built(c Change) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.build++
	p.turn++
	p.problems, p.goTo = nil, c.GoTo
	s := p.state()
	s.Changed, s.Gone = c.Written, c.Removed
	p.broadcast("built", s)
}

// Failed tells every open page that the last good site stands, and why.
func (p *Preview) Failed(problems diag.List) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.turn++
	p.problems = problems.Only(diag.Error)
	p.broadcast("failed", p.state())
}

// state is called with the lock held.
func (p *Preview) state() state {
	return state{Run: p.run, Build: p.build, Turn: p.turn, GoTo: p.goTo, Problems: shown(p.problems)}
}

// Close ends all waiting connections, so that the server can stop.
func (p *Preview) Close() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.closed = true
	for listener := range p.listeners {
		close(listener)
		delete(p.listeners, listener)
	}
}

// broadcast is called with the lock held. A page too slow to take a message
// loses its connection, and learns the state when it connects again.
func (p *Preview) broadcast(name string, s state) {
	data, err := json.Marshal(s)
	if err != nil {
		panic(err) // plain values
	}
	for listener := range p.listeners {
		select {
		case listener <- message{name, data}:
		default:
			close(listener)
			delete(p.listeners, listener)
		}
	}
}

func shown(list diag.List) []problem {
	var out []problem
	for _, d := range list {
		position := ""
		if d.File != "" {
			position = d.Position()
		}
		out = append(out, problem{position, d.Message, d.Hint, d.Source, max(d.Column, 1)})
	}
	return out
}

// ServeHTTP implements http.Handler.
func (p *Preview) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if !p.ours(r.Host) {
		http.Error(w, "This preview answers only under the name of the machine it runs on.", http.StatusForbidden)
		return
	}
	switch r.URL.Path {
	case livePath:
		p.live(w, r)
		return
	case scriptPath:
		script(w, r, "live.js")
		return
	case besidePath:
		p.margin(w, r)
		return
	}
	if name, ours := strings.CutPrefix(r.URL.Path, partsPath); ours {
		script(w, r, name)
		return
	}
	if strings.HasPrefix(r.URL.Path, "/_/") {
		// Not the writer's pages. The report allows no script, and a form that
		// was sent must not be sent again by a reload.
		p.site.ServeHTTP(w, r)
		return
	}
	p.mu.Lock()
	now, problems := p.state(), p.problems
	p.mu.Unlock()
	if now.Build == 0 {
		failed(w, problems, now)
		return
	}
	// A copy that the browser has kept says which build it was of, and would go
	// on loading again if it came back as still good.
	r.Header.Del("If-None-Match")
	r.Header.Del("If-Modified-Since")
	r.Header.Del("Accept-Encoding") // nothing can be added to what is packed
	added := &adding{ResponseWriter: w, code: http.StatusOK, script: func(always bool) string { return element(now, always) }}
	p.site.ServeHTTP(added, r)
	if r.Method == http.MethodHead {
		added.Header().Del("Content-Length") // of the page without the script
	}
	added.finish(r.Method != http.MethodHead)
}

// ours admits names that only this machine answers to. An address in digits
// cannot be pointed elsewhere by a name server.
func (p *Preview) ours(host string) bool {
	name := host
	if h, _, err := net.SplitHostPort(host); err == nil {
		name = h
	}
	name = strings.ToLower(strings.Trim(name, "[]"))
	if name == "localhost" || strings.HasSuffix(name, ".localhost") || slices.Contains(p.hosts, name) {
		return true
	}
	_, err := netip.ParseAddr(name)
	return err == nil
}

// failed is the page when there is no good site yet.
func failed(w http.ResponseWriter, problems diag.List, now state) {
	var page bytes.Buffer
	if err := failedPage.Execute(&page, problems); err != nil {
		http.Error(w, problems.String(), http.StatusInternalServerError)
		return
	}
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	w.Header().Set("Cache-Control", "no-store")
	w.WriteHeader(http.StatusInternalServerError)
	_, _ = w.Write(withScript(page.Bytes(), element(now, true)))
}

// heartbeat keeps proxies and sleeping laptops from taking a silent connection
// for a dead one.
const heartbeat = 20 * time.Second

// fromOurs tells whether a page of this preview asks, as far as the browser says
// who does. One at another port of this machine is none.
func fromOurs(r *http.Request) bool {
	if site := r.Header.Get("Sec-Fetch-Site"); site != "" && site != "same-origin" && site != "none" {
		return false
	}
	origin := r.Header.Get("Origin")
	if origin == "" {
		return true
	}
	u, err := url.Parse(origin)
	return err == nil && strings.EqualFold(u.Host, r.Host)
}

// live sends the state and then every build until the page goes.
func (p *Preview) live(w http.ResponseWriter, r *http.Request) {
	if !fromOurs(r) {
		http.Error(w, "Only pages of this preview may listen.", http.StatusForbidden)
		return
	}
	controller := http.NewResponseController(w)
	_ = controller.SetWriteDeadline(time.Time{}) // it stays open for as long as the page does
	listener := make(chan message, 16)
	p.mu.Lock()
	if p.closed {
		p.mu.Unlock()
		http.Error(w, "The preview is stopping.", http.StatusServiceUnavailable)
		return
	}
	p.listeners[listener] = true
	first, _ := json.Marshal(p.state())
	p.mu.Unlock()
	defer func() {
		p.mu.Lock()
		defer p.mu.Unlock()
		delete(p.listeners, listener)
	}()

	w.Header().Set("Content-Type", "text/event-stream")
	w.Header().Set("Cache-Control", "no-store")
	fmt.Fprintf(w, "retry: 500\nevent: state\ndata: %s\n\n", first)
	beat := time.NewTicker(heartbeat)
	defer beat.Stop()
	for {
		if controller.Flush() != nil {
			return
		}
		select {
		case <-r.Context().Done():
			return
		case m, open := <-listener:
			if !open {
				return
			}
			fmt.Fprintf(w, "event: %s\ndata: %s\n\n", m.name, m.data)
		case <-beat.C:
			fmt.Fprint(w, ": still here\n\n")
		}
	}
}

// margin answers with what stands beside one page. It names drafts, so nobody but
// a page of this preview gets it.
func (p *Preview) margin(w http.ResponseWriter, r *http.Request) {
	if !fromOurs(r) {
		http.Error(w, "Only pages of this preview may ask.", http.StatusForbidden)
		return
	}
	if p.beside == nil {
		http.NotFound(w, r)
		return
	}
	text, err := json.Marshal(p.beside(r.FormValue("page")))
	if err != nil {
		http.Error(w, err.Error(), http.StatusInternalServerError)
		return
	}
	h := w.Header()
	h.Set("Content-Type", "application/json")
	h.Set("Cache-Control", "no-store")
	h.Set("Cross-Origin-Resource-Policy", "same-origin")
	_, _ = w.Write(text)
}

// adding holds back an HTML response to add the script to it, and passes
// everything else on.
type adding struct {
	http.ResponseWriter
	script  func(always bool) string
	code    int
	started bool
	html    bool
	body    bytes.Buffer
}

func (a *adding) WriteHeader(code int) {
	if a.started {
		return
	}
	a.started, a.code = true, code
	kind := a.Header().Get("Content-Type")
	a.html = strings.HasPrefix(kind, "text/html") && code != http.StatusNotModified && code != http.StatusNoContent
	if !a.html {
		// Under the same name it may be another file after the next build.
		if h := a.Header(); !strings.Contains(h.Get("Cache-Control"), "immutable") {
			h.Set("Cache-Control", "no-cache")
		}
		a.ResponseWriter.WriteHeader(code)
	}
}

func (a *adding) Write(b []byte) (int, error) {
	if !a.started {
		if a.Header().Get("Content-Type") == "" {
			a.Header().Set("Content-Type", http.DetectContentType(b))
		}
		a.WriteHeader(http.StatusOK)
	}
	if a.html {
		return a.body.Write(b)
	}
	return a.ResponseWriter.Write(b)
}

// Unwrap lets http.ResponseController reach the connection.
func (a *adding) Unwrap() http.ResponseWriter { return a.ResponseWriter }

func (a *adding) finish(send bool) {
	if !a.started {
		a.WriteHeader(http.StatusOK)
	}
	if !a.html {
		return
	}
	if !send {
		a.ResponseWriter.WriteHeader(a.code)
		return
	}
	page := withScript(a.body.Bytes(), a.script(a.code == http.StatusNotFound))
	if a.Header().Get("Content-Length") != "" {
		a.Header().Set("Content-Length", strconv.Itoa(len(page)))
	}
	a.ResponseWriter.WriteHeader(a.code)
	_, _ = a.ResponseWriter.Write(page)
}

// element is the script's, for a page of a build. always makes the page load again
// after any build, since it is none of the site's.
func element(now state, always bool) string {
	more := ""
	if always {
		more = fmt.Sprintf(` data-turn="%d" data-always`, now.Turn)
	}
	return fmt.Sprintf(`<script type="module" src="%s" data-run="%s" data-build="%d"%s></script>`, scriptPath, now.Run, now.Build, more)
}

// script answers with one of our own.
func script(w http.ResponseWriter, r *http.Request, name string) {
	text, err := scripts.ReadFile("live/" + name)
	if err != nil {
		http.NotFound(w, r)
		return
	}
	h := w.Header()
	h.Set("Content-Type", "text/javascript; charset=utf-8")
	h.Set("Cache-Control", "no-cache")
	h.Set("Cross-Origin-Resource-Policy", "same-origin")
	_, _ = w.Write(text)
}

// withScript puts the element before the end of the body.
func withScript(page []byte, element string) []byte {
	if at := bytes.LastIndex(page, []byte("</body>")); at >= 0 {
		return slices.Concat(page[:at], []byte(element+"\n"), page[at:])
	}
	return slices.Concat(page, []byte(element))
}
