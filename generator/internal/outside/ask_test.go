package outside_test

import (
	"context"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"cardbowl/generator/internal/outside"
)

// options are for hosts on this machine, which need no politeness.
func options() outside.Options {
	return outside.Options{Agent: "Cardbowl test", Private: true, Pause: time.Millisecond, Timeout: 5 * time.Second, Patience: 2 * time.Second, Now: time.Now}
}

// serve is a host of its own.
func serve(t *testing.T, answer http.HandlerFunc) string {
	t.Helper()
	s := httptest.NewUnstartedServer(answer)
	s.Config.ErrorLog = log.New(io.Discard, "", 0)
	s.Start()
	t.Cleanup(s.Close)
	return s.URL
}

// said is the whole outcome for one address, in one line.
func said(a outside.Answer) string {
	return strings.TrimSpace(fmt.Sprintf("%s: %s %s", map[outside.Verdict]string{outside.Fine: "fine", outside.Broken: "broken", outside.Unknown: "unknown"}[a.Verdict()], a, a.Moved))
}

// TestAsk asks a host that does everything a host may do.
func TestAsk(t *testing.T) {
	t.Parallel()
	var tries, later atomic.Int32
	methods := sync.Map{}
	at := serve(t, func(w http.ResponseWriter, r *http.Request) {
		seen, _ := methods.LoadOrStore(r.URL.Path, new(strings.Builder))
		seen.(*strings.Builder).WriteString(r.Method + " ") // one request at a time to a host
		if r.UserAgent() != "Cardbowl test" {
			t.Errorf("the host is asked by %q", r.UserAgent())
		}
		to := func(where string, status int) { http.Redirect(w, r, where, status) }
		switch r.URL.Path {
		case "/fine":
		case "/get":
			if r.Method == http.MethodHead {
				w.WriteHeader(http.StatusMethodNotAllowed)
			}
		case "/gone":
			w.WriteHeader(http.StatusGone)
		case "/down":
			w.WriteHeader(http.StatusBadGateway)
		case "/closed":
			w.WriteHeader(http.StatusForbidden)
		case "/odd":
			w.WriteHeader(999)
		case "/moved":
			to("/fine#part", http.StatusMovedPermanently)
		case "/lent":
			to("/fine", http.StatusFound)
		case "/twice":
			to("/lent", http.StatusPermanentRedirect)
		case "/lost":
			to("/nowhere", http.StatusMovedPermanently)
		case "/circle":
			to("/circle", http.StatusFound)
		case "/nowhere-to":
			w.WriteHeader(http.StatusFound)
		case "/busy":
			if tries.Add(1) < 3 {
				w.Header().Set("Retry-After", "0")
				w.WriteHeader(http.StatusTooManyRequests)
			}
		case "/later":
			later.Add(1)
			w.Header().Set("Retry-After", "3600")
			w.WriteHeader(http.StatusTooManyRequests)
		case "/breaks":
			panic(http.ErrAbortHandler)
		case "/endless":
			for r.Method == http.MethodGet {
				if _, err := w.Write(make([]byte, 1<<16)); err != nil {
					return
				}
			}
			w.WriteHeader(http.StatusNotImplemented)
		default:
			w.WriteHeader(http.StatusNotFound)
		}
	})
	want := map[string]string{
		"/fine": "fine: answers 200 OK", "/get": "fine: answers 200 OK", "/nowhere": "broken: answers 404 Not Found", "/gone": "broken: answers 410 Gone",
		"/down": "broken: answers 502 Bad Gateway", "/closed": "unknown: answers 403 Forbidden", "/odd": "unknown: answers 999",
		"/moved": "fine: answers 200 OK " + at + "/fine", "/lent": "fine: answers 200 OK", "/twice": "fine: answers 200 OK",
		"/lost": "broken: answers 404 Not Found", "/circle": "broken: leads on more than 5 times", "/nowhere-to": "fine: answers 302 Found",
		"/busy": "fine: answers 200 OK", "/later": "unknown: answers 429 Too Many Requests", "/breaks": "broken: does not answer: EOF",
		"/endless": "fine: answers 200 OK",
	}
	var addresses []string
	for path := range want {
		addresses = append(addresses, at+path, at+path) // twice is once
	}
	answers := outside.Ask(t.Context(), addresses, nil, options())
	for path, outcome := range want {
		if got := said(answers[at+path]); got != outcome {
			t.Errorf("%s is %q, want %q", path, got, outcome)
		}
	}
	for path, asked := range map[string]string{"/get": "HEAD GET ", "/gone": "HEAD GET ", "/closed": "HEAD GET ", "/busy": "HEAD HEAD HEAD ", "/later": "HEAD "} {
		if seen, _ := methods.Load(path); seen.(*strings.Builder).String() != asked {
			t.Errorf("%s was asked by %s", path, seen)
		}
	}

	// What is known is not asked again, through a file too.
	before := tries.Load() + later.Load()
	file := filepath.Join(t.TempDir(), "new", "links.json")
	if err := answers.Save(file); err != nil {
		t.Fatal(err)
	}
	again := outside.Ask(t.Context(), addresses, outside.Load(file), options())
	if fmt.Sprint(again) != fmt.Sprint(answers) || tries.Load()+later.Load() != before {
		t.Errorf("the second check asked: %v", again)
	}
	if err := os.WriteFile(file, []byte(`{"http`), 0o644); err != nil {
		t.Fatal(err)
	}
	if got := outside.Load(file); len(got) != 0 {
		t.Errorf("a broken file says %v", got)
	}
}

// TestAge lets answers grow old: what was fine is believed for a week, the rest
// for an hour.
func TestAge(t *testing.T) {
	t.Parallel()
	var asked atomic.Int32
	at := serve(t, func(w http.ResponseWriter, r *http.Request) {
		asked.Add(1)
		if r.URL.Path != "/fine" {
			w.WriteHeader(http.StatusForbidden)
		}
	})
	o := options()
	begin := time.Now()
	known := outside.Ask(t.Context(), []string{at + "/fine", at + "/closed"}, nil, o)
	for _, c := range []struct {
		age  time.Duration
		want int32 // requests
	}{{59 * time.Minute, 0}, {61 * time.Minute, 2}, {6 * 24 * time.Hour, 2}, {8 * 24 * time.Hour, 3}, {-time.Hour, 3}} {
		o.Now = func() time.Time { return begin.Add(c.age) }
		before := asked.Load()
		outside.Ask(t.Context(), []string{at + "/fine", at + "/closed"}, known, o)
		if got := asked.Load() - before; got != c.want {
			t.Errorf("after %s there are %d requests, want %d", c.age, got, c.want)
		}
	}
}

// TestOneAtATime: a host never sees two requests at once, while two hosts are
// asked at the same time: each waits for the other's visitor.
func TestOneAtATime(t *testing.T) {
	t.Parallel()
	var here [2]chan struct{}
	var at [2]string
	var within [2]atomic.Int32
	for n := range 2 {
		here[n] = make(chan struct{}, 100)
		at[n] = serve(t, func(w http.ResponseWriter, r *http.Request) {
			if within[n].Add(1) > 1 {
				t.Error("a host is asked twice at once")
			}
			defer within[n].Add(-1)
			here[n] <- struct{}{}
			select {
			case <-here[1-n]:
			case <-r.Context().Done():
			}
		})
	}
	var addresses []string
	for n := range 10 {
		addresses = append(addresses, fmt.Sprint(at[0], "/", n), fmt.Sprint(at[1], "/", n))
	}
	o := options()
	var told []int
	o.Doing = func(done, all int) { told = append(told, done, all) }
	for address, a := range outside.Ask(t.Context(), addresses, nil, o) {
		if a.Verdict() != outside.Fine {
			t.Errorf("%s %s", address, a)
		}
	}
	if len(told) != 42 || told[0] != 0 || told[40] != 20 || told[41] != 20 {
		t.Errorf("progress is %v", told)
	}
}

// TestNoAnswer asks where nobody is, or nobody may be seen.
func TestNoAnswer(t *testing.T) {
	t.Parallel()
	hanging := serve(t, func(_ http.ResponseWriter, r *http.Request) { <-r.Context().Done() })
	secret := httptest.NewUnstartedServer(http.NotFoundHandler())
	secret.Config.ErrorLog = log.New(io.Discard, "", 0)
	secret.StartTLS()
	t.Cleanup(secret.Close)
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	free := "http://" + listener.Addr().String() + "/"
	listener.Close()
	o := options()
	o.Timeout = time.Second
	answers := outside.Ask(t.Context(), []string{hanging, secret.URL, free, "http://[::1", "http://nobody.invalid/"}, nil, o)
	for address, want := range map[string]string{hanging: "does not answer in time", secret.URL: "has a certificate that browsers refuse: x509: ", free: "is refused by its host", "http://[::1": "does not answer: "} {
		if got := answers[address]; got.Verdict() != outside.Broken || !strings.HasPrefix(got.String(), want) {
			t.Errorf("%s %s", address, got)
		}
	}
	if got := answers["http://nobody.invalid/"]; got.Verdict() != outside.Broken {
		t.Errorf("a host that cannot be %s", got)
	}
}

// TestPrivate refuses to knock at doors in the neighbourhood, under whatever name
// and however a host leads there.
func TestPrivate(t *testing.T) {
	t.Parallel()
	var asked atomic.Int32
	at := serve(t, func(http.ResponseWriter, *http.Request) { asked.Add(1) })
	_, port, _ := net.SplitHostPort(strings.TrimPrefix(at, "http://"))
	o := options()
	o.Private = false
	var addresses []string
	for _, host := range []string{"127.0.0.1", "localhost", "2130706433", "0x7f.1", "[::1]", "[::ffff:127.0.0.1]", "0.0.0.0", "10.0.0.1", "192.168.1.1", "169.254.169.254", "100.64.0.1", "[fd00::1]", "[fe80::1]"} {
		addresses = append(addresses, "http://"+host+":"+port+"/")
	}
	for address, a := range outside.Ask(t.Context(), addresses, nil, o) {
		if a.Verdict() != outside.Broken {
			t.Errorf("%s %s", address, a)
		}
		if _, err := net.ResolveTCPAddr("tcp", strings.TrimSuffix(strings.TrimPrefix(address, "http://"), "/")); err == nil && a.String() != "leads to this machine or into a private network, where readers cannot follow" {
			t.Errorf("%s %s", address, a)
		}
	}
	if asked.Load() > 0 {
		t.Error("somebody knocked")
	}
}

// TestInterrupted returns what is known when the context ends.
func TestInterrupted(t *testing.T) {
	t.Parallel()
	ctx, stop := context.WithCancel(t.Context())
	at := serve(t, func(_ http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/b" {
			stop()
			<-r.Context().Done()
		}
	})
	answers := outside.Ask(ctx, []string{at + "/a", at + "/b", at + "/c"}, nil, options())
	if _, known := answers[at+"/a"]; !known || len(answers) != 1 {
		t.Errorf("known are %v", answers)
	}
}

// TestNormal leaves out what only a reader needs.
func TestNormal(t *testing.T) {
	for written, want := range map[string]string{"https://a.example/x#y": "https://a.example/x", "//a.example/": "https://a.example/", "http://a.example/?q=1#": "http://a.example/?q=1"} {
		if got := outside.Normal(written); got != want {
			t.Errorf("%s becomes %s", written, got)
		}
	}
}
