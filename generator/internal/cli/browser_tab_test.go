package cli_test

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/chromedp/cdproto/log"
	"github.com/chromedp/cdproto/network"
	"github.com/chromedp/cdproto/runtime"
	"github.com/chromedp/chromedp"
)

// longEnough is how long a test waits for anything. Two browsers on two busy
// cores are slow; whatever has not come after this long does not come.
const longEnough = 30 * time.Second

// waitFor returns as soon as the condition holds. what says what was awaited,
// and is asked only when it has not come.
func waitFor(t *testing.T, condition func() bool, what func() string) {
	t.Helper()
	for end := time.Now().Add(longEnough); !condition(); {
		if time.Now().After(end) {
			t.Fatalf("in vain waited for %s", what())
		}
		time.Sleep(25 * time.Millisecond)
	}
}

// folder is a site folder that the real program works on, as a process of its own.
type folder struct {
	t    testing.TB
	path string
}

// starter is what `cardbowl new site` makes.
func starter(t *testing.T) folder {
	t.Helper()
	f := folder{t, filepath.Join(t.TempDir(), "site")}
	f.cardbowl("new", "site", f.path)
	return f
}

// command is the program with the site folder as its working folder. Settings
// for Cardbowl in the tester's environment shall not reach it.
func (f folder) command(args ...string) *exec.Cmd {
	f.t.Helper()
	// TestMain has put the test binary on PATH under this name.
	program, err := exec.LookPath("cardbowl")
	if err != nil {
		f.t.Fatal(err)
	}
	c := exec.Command(program, args...)
	if _, err := os.Stat(f.path); err == nil {
		c.Dir = f.path
	}
	for _, variable := range os.Environ() {
		if !strings.HasPrefix(variable, "CARDBOWL_") {
			c.Env = append(c.Env, variable)
		}
	}
	return c
}

// cardbowl runs the program to its end and returns what it printed.
func (f folder) cardbowl(args ...string) string {
	f.t.Helper()
	c := f.command(args...)
	var out, complaints bytes.Buffer
	c.Stdout, c.Stderr = &out, &complaints
	if err := c.Run(); err != nil {
		f.t.Fatalf("cardbowl %s: %v\n%s", strings.Join(args, " "), err, complaints.String())
	}
	return out.String()
}

func (f folder) read(name string) string {
	f.t.Helper()
	data, err := os.ReadFile(filepath.Join(f.path, filepath.FromSlash(name)))
	if err != nil {
		f.t.Fatal(err)
	}
	return string(data)
}

// save writes a file as many editors do: beside it, then in its place.
func (f folder) save(name, text string) {
	f.t.Helper()
	at := filepath.Join(f.path, filepath.FromSlash(name))
	beside := filepath.Join(filepath.Dir(at), ".~"+filepath.Base(at))
	err := errors.Join(
		os.MkdirAll(filepath.Dir(at), 0o755),
		os.WriteFile(beside, []byte(text), 0o644),
		os.Rename(beside, at),
	)
	if err != nil {
		f.t.Fatal(err)
	}
}

// counts is what the report says of every page, without zeros, so that what is
// not expected shows as much as what is missing.
type counts map[string]map[string]int

func (f folder) report(args ...string) counts {
	f.t.Helper()
	var said struct {
		Posts []struct {
			Path        string
			Steps       map[string]int
			Visitors    int
			Converters  int
			Submissions int
			Leads       int
		}
		Other struct{ Submissions int }
	}
	if err := json.Unmarshal([]byte(f.cardbowl(append([]string{"report", "--format", "json"}, args...)...)), &said); err != nil {
		f.t.Fatal(err)
	}
	all := counts{}
	note := func(path, what string, n int) {
		if n == 0 {
			return
		}
		if all[path] == nil {
			all[path] = map[string]int{}
		}
		all[path][what] = n
	}
	for _, p := range said.Posts {
		for step, n := range p.Steps {
			note(p.Path, step, n)
		}
		note(p.Path, "visitors", p.Visitors)
		note(p.Path, "converters", p.Converters)
		note(p.Path, "submissions", p.Submissions)
		note(p.Path, "leads", p.Leads)
	}
	note("other", "submissions", said.Other.Submissions)
	return all
}

// server is a running `cardbowl serve` or `cardbowl track`.
type server struct {
	url  string // of the site, with a slash at the end
	stop func() // ends it as Ctrl-C does; what was counted is on disk then

	process *os.Process
	said    *safeBuffer // what it complained of until now
}

// start runs a command that serves, on a port of the system's choice unless
// args say on which.
func (f folder) start(args ...string) server {
	f.t.Helper()
	return f.startAs(f.command(slices.Insert(slices.Clone(args), 1, "--addr", "127.0.0.1:0")...))
}

// startAs starts a prepared command that serves.
func (f folder) startAs(c *exec.Cmd) server {
	f.t.Helper()
	args := c.Args[1:]
	out, err := c.StdoutPipe()
	if err != nil {
		f.t.Fatal(err)
	}
	complaints := &safeBuffer{}
	c.Stderr = complaints
	if err := c.Start(); err != nil {
		f.t.Fatal(err)
	}
	found, ended := make(chan string, 1), make(chan error, 1)
	go func() {
		address := regexp.MustCompile(`https?://(?:127\.0\.0\.1|cards\.example\.test):\d+/`)
		for lines := bufio.NewScanner(out); lines.Scan(); {
			if at := address.FindString(lines.Text()); at != "" {
				found <- at
				break
			}
		}
		_, _ = io.Copy(io.Discard, out) // what it prints later must not stop it
		ended <- c.Wait()
	}()
	stop := sync.OnceFunc(func() {
		if err := c.Process.Signal(os.Interrupt); err != nil {
			_ = c.Process.Kill() // a system without signals
		}
		select {
		case err := <-ended:
			if err != nil {
				f.t.Errorf("cardbowl %s: %v\n%s", args[0], err, complaints)
			}
		case <-time.After(longEnough):
			_ = c.Process.Kill()
			f.t.Errorf("cardbowl %s does not end\n%s", args[0], complaints)
		}
	})
	f.t.Cleanup(stop)
	select {
	case at := <-found:
		return server{at, stop, c.Process, complaints}
	case err := <-ended:
		ended <- nil // for stop
		f.t.Fatalf("cardbowl %s ended: %v\n%s", args[0], err, complaints)
	case <-time.After(longEnough):
		f.t.Fatalf("cardbowl %s printed no address\n%s", args[0], complaints)
	}
	panic("unreachable")
}

// safeBuffer may be read while a process still writes to it.
type safeBuffer struct {
	mu   sync.Mutex
	text bytes.Buffer
}

func (b *safeBuffer) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.text.Write(p)
}

func (b *safeBuffer) String() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.text.String()
}

// reader is a person at a browser of her own, with one tab open and nothing
// remembered from before.
type reader struct {
	t   *testing.T
	ctx context.Context

	mu         sync.Mutex
	requests   []*request
	complaints []string // of the console: errors and what nobody caught
}

// request is one that the browser made.
type request struct {
	id       network.RequestID
	method   string
	url      string
	sent     string // the body
	answered bool   // wholly, or failed
}

// findBrowser says where Chromium is. A machine without one skips the tests that
// need it; the machine that decides over a change may not.
func findBrowser(t *testing.T) string {
	t.Helper()
	for _, name := range []string{"chromium", "chromium-browser", "google-chrome"} {
		if path, err := exec.LookPath(name); err == nil {
			return path
		}
	}
	missing := fmt.Sprintf("SKIPPED %s: there is no chromium, chromium-browser or google-chrome on PATH, so nobody has seen "+
		"the pages in a browser. To get one: apt-get install chromium (Debian, Ubuntu), dnf install chromium (Fedora), "+
		"brew install --cask google-chrome (macOS).", t.Name())
	if os.Getenv("CI") != "" {
		t.Fatal(missing)
	}
	onScreen(missing)
	t.Skip(missing)
	return ""
}

// onScreen writes to the terminal itself. `go test ./...` shows nothing of a
// package that passes, and whoever watches should know what was not tried.
func onScreen(words string) {
	if screen, err := os.OpenFile("/dev/tty", os.O_WRONLY, 0); err == nil {
		defer screen.Close()
		fmt.Fprintln(screen, words)
	}
}

// newReader opens the browser.
func newReader(t *testing.T) *reader {
	t.Helper()
	options := append(chromedp.DefaultExecAllocatorOptions[:],
		chromedp.ExecPath(findBrowser(t)),
		chromedp.DisableGPU,
		chromedp.WindowSize(1280, 900),
		chromedp.Flag("disable-quic", true),
		chromedp.Flag("disable-component-update", true),
		// A page that still glides to a box when the click comes is clicked beside it.
		chromedp.Flag("force-prefers-reduced-motion", true),
		// Its own name says "headless", and the tracker counts no robots.
		chromedp.UserAgent("Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/150.0.0.0 Safari/537.36"),
	)
	if os.Geteuid() == 0 {
		options = append(options, chromedp.NoSandbox) // which refuses to run for root
	}
	allocated, end := chromedp.NewExecAllocator(context.Background(), options...)
	t.Cleanup(end)
	r := &reader{t: t}
	ctx, cancel := chromedp.NewContext(allocated, chromedp.WithListener(r.listen))
	t.Cleanup(func() {
		closing, done := context.WithTimeout(ctx, 10*time.Second)
		defer done()
		_ = chromedp.Cancel(closing)
		cancel()
	})
	r.ctx = ctx
	if err := chromedp.Do(ctx); err != nil { // without a deadline: it would be the browser's
		t.Fatalf("the browser does not start: %v", err)
	}
	return r
}

// listen notes what the browser tells. It runs between its messages, so it only
// takes notes.
func (r *reader) listen(event any) {
	r.mu.Lock()
	defer r.mu.Unlock()
	switch e := event.(type) {
	case *network.EventRequestWillBeSent:
		if e.RedirectResponse != nil {
			r.answer(e.RequestID)
		}
		sent := ""
		for _, part := range e.Request.PostDataEntries {
			sent += string(part.Bytes)
		}
		r.requests = append(r.requests, &request{id: e.RequestID, method: e.Request.Method, url: e.Request.URL, sent: sent})
	case *network.EventResponseReceivedExtraInfo:
		for name := range e.Headers {
			if strings.EqualFold(name, "Set-Cookie") {
				r.complaints = append(r.complaints, "a cookie was set")
			}
		}
	case *network.EventLoadingFinished:
		r.answer(e.RequestID)
	case *network.EventLoadingFailed:
		r.answer(e.RequestID)
	case *runtime.EventExceptionThrown:
		what := e.ExceptionDetails.Text
		if e.ExceptionDetails.Exception != nil {
			what += " " + e.ExceptionDetails.Exception.Description
		}
		r.complaints = append(r.complaints, "not caught: "+what)
	case *runtime.EventConsoleAPICalled:
		if e.Type == runtime.ConsoleAPICalledTypeError || e.Type == runtime.ConsoleAPICalledTypeAssert {
			for _, part := range e.Args {
				r.complaints = append(r.complaints, fmt.Sprintf("console: %s%s", part.Value, part.Description))
			}
		}
	case *log.EventEntryAdded:
		if e.Entry.Level == log.EntryLevelError {
			r.complaints = append(r.complaints, fmt.Sprintf("%s: %s %s", e.Entry.Source, e.Entry.Text, e.Entry.URL))
		}
	}
}

func (r *reader) answer(id network.RequestID) {
	for _, q := range r.requests {
		if q.id == id {
			q.answered = true
		}
	}
}

// do carries out steps in the tab, and may take as long as longEnough.
func (r *reader) do(steps ...chromedp.Action[chromedp.Void]) {
	r.t.Helper()
	ctx, cancel := context.WithTimeout(r.ctx, longEnough)
	defer cancel()
	if err := chromedp.Do(ctx, steps...); err != nil {
		r.t.Fatalf("%v\n%s", err, r.scene())
	}
}

func (r *reader) open(url string) {
	r.t.Helper()
	r.mu.Lock()
	before := slices.Clone(r.requests)
	r.mu.Unlock()
	r.do(chromedp.Navigate(url))
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, q := range before {
		q.answered = true // the browser tells no more of a page that was left
	}
}

// see is the value of an expression in the page.
func see[T any](r *reader, expression string) T {
	r.t.Helper()
	ctx, cancel := context.WithTimeout(r.ctx, longEnough)
	defer cancel()
	value, err := chromedp.Run(ctx, chromedp.Evaluate[T](expression))
	if err != nil {
		r.t.Fatalf("%s: %v\n%s", expression, err, r.scene())
	}
	return value
}

// until waits for an expression to become true, over reloads and new pages,
// and without touching the page.
func (r *reader) until(expression string) {
	r.t.Helper()
	var last error
	waitFor(r.t, func() bool {
		ctx, cancel := context.WithTimeout(r.ctx, 5*time.Second)
		defer cancel()
		var holds bool
		// A page that is just leaving answers with an error.
		holds, last = chromedp.Run(ctx, chromedp.Evaluate[bool]("Boolean("+expression+")"))
		return last == nil && holds
	}, func() string { return fmt.Sprintf("%s (last error: %v)\n%s", expression, last, r.scene()) })
}

// scene describes the page for a failure.
func (r *reader) scene() string {
	ctx, cancel := context.WithTimeout(r.ctx, 5*time.Second)
	defer cancel()
	text, err := chromedp.Run(ctx, chromedp.Evaluate[string]("location.href + '\\n' + document.body.innerText"))
	r.mu.Lock()
	defer r.mu.Unlock()
	return fmt.Sprintf("the page (%v): %s\nthe console: %q", err, text, r.complaints)
}

// untilTold waits for the answer to a message of the client script, told by a
// part of it.
func (r *reader) untilTold(part string) {
	r.t.Helper()
	waitFor(r.t, func() bool {
		return r.any(func(q *request) bool {
			return q.answered && strings.HasSuffix(q.url, "/_/e") && strings.Contains(q.sent, part)
		})
	}, func() string { return "the answer to " + part + "\n" + r.scene() })
}

// untilQuiet waits until every request has been answered, but for the one that
// stays open while the preview is looked at.
func (r *reader) untilQuiet() {
	r.t.Helper()
	waiting := func(q *request) bool { return !q.answered && !strings.HasSuffix(q.url, "/_/live") }
	waitFor(r.t, func() bool { return !r.any(waiting) }, func() string {
		var open []string
		r.any(func(q *request) bool {
			if waiting(q) {
				open = append(open, fmt.Sprintf("%s %s %s", q.method, q.url, q.sent))
			}
			return false
		})
		return fmt.Sprintf("the answers to %q\n%s", open, r.scene())
	})
}

// any tells whether there is such a request among those made.
func (r *reader) any(is func(*request) bool) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	return slices.ContainsFunc(r.requests, is)
}

// abroad are the requests that did not go to the host of an address.
func (r *reader) abroad(home string) []string {
	own, err := url.Parse(home)
	if err != nil {
		r.t.Fatal(err)
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	var out []string
	for _, q := range r.requests {
		if u, err := url.Parse(q.url); err != nil || u.Scheme != "data" && u.Host != own.Host {
			out = append(out, q.url)
		}
	}
	return out
}

// forget is for a new part of a test.
func (r *reader) forget() {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.requests, r.complaints = nil, nil
}

// unmoved fails the test for anything the console complained of.
func (r *reader) unmoved() {
	r.t.Helper()
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, c := range r.complaints {
		r.t.Errorf("the browser complains: %s", c)
	}
}
