package webhook

import (
	"bufio"
	"context"
	"crypto/x509"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	standardwebhooks "github.com/standard-webhooks/standard-webhooks/libraries/go"
	"golang.org/x/net/dns/dnsmessage"

	"cardbowl/generator/internal/network"
)

const secret = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"

func client() Client {
	return Client{Secret: func(string) string { return secret }, Timeout: 2 * time.Second}
}

func message() Message {
	return Message{ID: "msg_p5jXN8AQM9LWM0D4loKWxJek", Body: []byte(`{"test": 2432232314}`), At: time.Unix(1614265330, 0)}
}

// TestVector is the one that the standard's own libraries are tested with.
func TestVector(t *testing.T) {
	s, err := ReadSecrets(secret)
	if err != nil {
		t.Fatal(err)
	}
	m := message()
	h, err := s.header(m.ID, m.Body, m.At)
	if err != nil {
		t.Fatal(err)
	}
	for name, want := range map[string]string{"webhook-id": m.ID, "webhook-timestamp": "1614265330", "webhook-signature": "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="} {
		if got := h.Get(name); got != want {
			t.Errorf("%s: %s", name, got)
		}
	}
}

// TestVerified posts a message, and the standard's own library judges what
// arrives, with the new secret, the old one, and one that was never ours.
func TestVerified(t *testing.T) {
	older, newer := NewSecret(), NewSecret()
	var head http.Header
	var body []byte
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		head = r.Header
		body, _ = io.ReadAll(r.Body)
		w.WriteHeader(http.StatusNoContent)
	}))
	defer server.Close()
	c := client()
	c.Secret = func(name string) string {
		if name != "CRM" {
			t.Errorf("asked for %s", name)
		}
		return newer + " " + older + "\n"
	}
	m := message()
	m.At = time.Now()
	a, err := c.Post(t.Context(), Receiver{URL: server.URL, Secret: "CRM", AllowPrivate: true}, m)
	if err != nil || !a.Taken() {
		t.Fatalf("%+v, %v", a, err)
	}
	for _, known := range []string{older, newer} {
		judge, err := standardwebhooks.NewWebhook(known)
		if err != nil {
			t.Fatal(err)
		}
		if err := judge.Verify(body, head); err != nil {
			t.Error(err)
		}
		if err := judge.Verify([]byte(`{"test": 2432232315}`), head); err == nil {
			t.Error("another body passes")
		}
	}
	stranger, err := standardwebhooks.NewWebhook(NewSecret())
	if err != nil {
		t.Fatal(err)
	}
	if err := stranger.Verify(body, head); err == nil {
		t.Error("another secret passes")
	}
	if head.Get("User-Agent") != "Cardbowl" || head.Get("Content-Type") != "application/json" {
		t.Error(head)
	}
}

func TestReadSecrets(t *testing.T) {
	long := func(n int) string { return base64.StdEncoding.EncodeToString(make([]byte, n)) }
	for text, want := range map[string]int{
		secret: 1, strings.TrimPrefix(secret, "whsec_"): 1, secret + "\t" + NewSecret(): 2, long(24): 1, long(64): 1,
		"": 0, " \n": 0, "hunter2": 0, "whsec_": 0, long(23): 0, long(65): 0, secret + " x": 0, "whsk_" + long(32): 0, "whsec_" + strings.TrimSuffix(long(32), "="): 0,
	} {
		s, err := ReadSecrets(text)
		if len(s) != want || (err == nil) != (want > 0) {
			t.Errorf("%q: %d secrets, %v", text, len(s), err)
		}
		if err != nil && strings.Contains(err.Error(), "hunter2") {
			t.Error("an error tells a secret:", err)
		}
	}
	if _, err := ReadSecrets(" "); !errors.Is(err, ErrNoSecret) {
		t.Error(err)
	}
}

// door is a listener that counts who knocks.
type door struct {
	net.Listener
	knocks atomic.Int32
}

func openDoor(t *testing.T) (d *door, port string) {
	t.Helper()
	l, err := net.Listen("tcp", ":0") // of every address of this machine, IPv6 too
	if err != nil {
		t.Fatal(err)
	}
	d = &door{Listener: l}
	done := make(chan struct{})
	go func() {
		defer close(done)
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			d.knocks.Add(1)
			_ = c.SetDeadline(time.Now().Add(5 * time.Second))
			if r, err := http.ReadRequest(bufio.NewReader(c)); err == nil {
				_, _ = io.Copy(io.Discard, r.Body)
			}
			_, _ = io.WriteString(c, "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")
			_ = c.Close()
		}
	}()
	t.Cleanup(func() { _ = l.Close(); <-done })
	_, port, err = net.SplitHostPort(l.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	return d, port
}

// TestInside: whatever way this machine and its neighbours are written, nobody
// knocks at their door.
func TestInside(t *testing.T) {
	d, port := openDoor(t)
	for _, host := range []string{
		"127.0.0.1", "127.1", "2130706433", "0x7f000001", "0x7f.1", "0177.0.0.1", "017700000001", "0", "0.0.0.0", "localhost", "localhost.", "LOCALHOST",
		"[::1]", "[::]", "[::ffff:127.0.0.1]", "[::ffff:7f00:1]", "[::127.0.0.1]", "[64:ff9b::7f00:1]", "[2002:7f00:1::]", "[fe80::1%25lo]",
		"169.254.169.254", "[fd00:ec2::254]", "10.0.0.1", "192.168.0.1", "172.16.0.1", "100.100.100.200", "224.0.0.1", "[ff02::1]", "user@127.0.0.1",
	} {
		for _, scheme := range []string{"http", "https"} {
			a, err := client().Post(t.Context(), Receiver{URL: scheme + "://" + host + ":" + port + "/"}, message())
			if err == nil {
				t.Errorf("%s://%s: %+v", scheme, host, a)
			}
			if host == "127.0.0.1" && !errors.Is(err, network.ErrPrivate) {
				t.Error(err)
			}
		}
	}
	if n := d.knocks.Load(); n != 0 {
		t.Errorf("%d connections were made", n)
	}
	if a, err := client().Post(t.Context(), Receiver{URL: "http://127.0.0.1:" + port + "/", AllowPrivate: true}, message()); err != nil || !a.Taken() || d.knocks.Load() != 1 {
		t.Errorf("what is allowed: %+v, %v", a, err)
	}
	for _, address := range []string{"file:///etc/passwd", "gopher://127.0.0.1:" + port + "/", "unix:///run/docker.sock"} {
		if _, err := client().Post(t.Context(), Receiver{URL: address, AllowPrivate: true}, message()); err == nil {
			t.Error("posted to", address)
		}
	}
}

// TestNoProxy: a proxy of the environment would look the name up itself.
func TestNoProxy(t *testing.T) {
	d, port := openDoor(t)
	for _, name := range []string{"HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "http_proxy", "https_proxy"} {
		t.Setenv(name, "http://127.0.0.1:"+port)
	}
	if os.Getenv("HTTP_PROXY") == "" {
		t.Fatal("not set")
	}
	_, err := client().Post(t.Context(), Receiver{URL: "http://receiver.invalid/", AllowPrivate: true}, message())
	if err == nil || d.knocks.Load() != 0 {
		t.Errorf("a proxy was asked: %v", err)
	}
}

// names is a name server on loopback whose answers change from one lookup to the
// next.
type names struct {
	*net.Resolver
	mutex   sync.Mutex
	answers []string // of one lookup each, several addresses with blanks between; the last one stays
	asked   int
}

func openNames(t *testing.T, answers ...string) *names {
	t.Helper()
	at, err := net.ListenPacket("udp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	n := &names{answers: answers}
	n.Resolver = &net.Resolver{PreferGo: true, Dial: func(ctx context.Context, _, _ string) (net.Conn, error) {
		return (&net.Dialer{}).DialContext(ctx, "udp", at.LocalAddr().String())
	}}
	done := make(chan struct{})
	go func() {
		defer close(done)
		packet := make([]byte, 1500)
		for {
			size, from, err := at.ReadFrom(packet)
			if err != nil {
				return
			}
			if answer, err := n.answer(packet[:size]); err == nil {
				_, _ = at.WriteTo(answer, from)
			}
		}
	}()
	t.Cleanup(func() { _ = at.Close(); <-done })
	return n
}

func (n *names) answer(question []byte) ([]byte, error) {
	var m dnsmessage.Message
	if err := m.Unpack(question); err != nil || len(m.Questions) != 1 {
		return nil, fmt.Errorf("no question: %w", err)
	}
	q := m.Questions[0]
	n.mutex.Lock()
	now := n.answers[min(n.asked, len(n.answers)-1)]
	if q.Type == dnsmessage.TypeA {
		n.asked++ // each lookup asks for A and for AAAA; A counts
	}
	n.mutex.Unlock()
	m.Response, m.RecursionAvailable, m.Additionals = true, true, nil
	for address := range strings.FieldsSeq(now) {
		head := dnsmessage.ResourceHeader{Name: q.Name, Type: q.Type, Class: q.Class, TTL: 0}
		ip := net.ParseIP(address)
		if v4 := ip.To4(); v4 != nil && q.Type == dnsmessage.TypeA {
			m.Answers = append(m.Answers, dnsmessage.Resource{Header: head, Body: &dnsmessage.AResource{A: [4]byte(v4)}})
		}
		if v4 := ip.To4(); (v4 == nil || strings.Contains(address, ":")) && q.Type == dnsmessage.TypeAAAA {
			m.Answers = append(m.Answers, dnsmessage.Resource{Header: head, Body: &dnsmessage.AAAAResource{AAAA: [16]byte(ip.To16())}})
		}
	}
	return m.Pack()
}

// TestNames: a name that leads inside, or that leads elsewhere at one lookup and
// inside at the next.
func TestNames(t *testing.T) {
	d, port := openDoor(t)
	address := "http://receiver.example:" + port + "/"
	for _, inside := range []string{"127.0.0.1", "::1", "::ffff:127.0.0.1", "0.0.0.0", "169.254.169.254", "10.0.0.1 192.168.0.1 127.0.0.1", "64:ff9b::7f00:1"} {
		n := openNames(t, inside)
		c := client()
		c.Resolver = n.Resolver
		if _, err := c.Post(t.Context(), Receiver{URL: address}, message()); !errors.Is(err, network.ErrPrivate) {
			t.Errorf("%s: %v", inside, err)
		}
		if n.asked == 0 {
			t.Errorf("%s: nobody asked for the name", inside)
		}
	}
	// Allowed once, and not again: no connection and no lookup is remembered.
	n := openNames(t, "127.0.0.1", "127.0.0.1", "::1")
	c := client()
	c.Resolver = n.Resolver
	if a, err := c.Post(t.Context(), Receiver{URL: address, AllowPrivate: true}, message()); err != nil || !a.Taken() {
		t.Fatalf("%+v, %v", a, err)
	}
	before := d.knocks.Load()
	for range 3 {
		if _, err := c.Post(t.Context(), Receiver{URL: address}, message()); !errors.Is(err, network.ErrPrivate) {
			t.Error(err)
		}
	}
	if d.knocks.Load() != before || before != 1 {
		t.Errorf("%d connections, then %d", before, d.knocks.Load())
	}
}

// TestAnswers: what receivers say, and how much of it is read.
func TestAnswers(t *testing.T) {
	d, port := openDoor(t)
	hang := make(chan struct{})
	mux := http.NewServeMux()
	for path, status := range map[string]int{"/ok": 200, "/accepted": 202, "/gone": 410, "/teapot": 418, "/fault": 500} {
		mux.HandleFunc(path, func(w http.ResponseWriter, _ *http.Request) {
			w.WriteHeader(status)
			_, _ = io.WriteString(w, "because\n\x1b[31mof "+strings.Repeat("x", 1000))
		})
	}
	for _, status := range []int{301, 302, 303, 307, 308} {
		mux.HandleFunc(fmt.Sprint("/", status), func(w http.ResponseWriter, r *http.Request) {
			http.Redirect(w, r, "http://127.0.0.1:"+port+"/inside", status)
		})
	}
	mux.HandleFunc("/later", func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Retry-After", "120")
		w.WriteHeader(http.StatusTooManyRequests)
	})
	mux.HandleFunc("/hang", func(_ http.ResponseWriter, r *http.Request) {
		select {
		case <-hang:
		case <-r.Context().Done():
		}
	})
	forever := func(w http.ResponseWriter, status int, pause time.Duration) {
		w.WriteHeader(status)
		for {
			if _, err := w.Write(make([]byte, 1<<10)); err != nil {
				return
			}
			w.(http.Flusher).Flush()
			select {
			case <-hang:
				return
			case <-time.After(pause):
			}
		}
	}
	mux.HandleFunc("/flood", func(w http.ResponseWriter, _ *http.Request) { forever(w, 500, 0) })
	mux.HandleFunc("/drip", func(w http.ResponseWriter, _ *http.Request) {
		w.WriteHeader(500)
		for {
			if _, err := w.Write([]byte("y")); err != nil {
				return
			}
			w.(http.Flusher).Flush()
			select {
			case <-hang:
				return
			case <-time.After(50 * time.Millisecond):
			}
		}
	})
	mux.HandleFunc("/okforever", func(w http.ResponseWriter, _ *http.Request) { forever(w, 200, time.Millisecond) })
	mux.HandleFunc("/header", func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("X", strings.Repeat("x", 1<<20))
	})
	server := httptest.NewServer(mux)
	defer server.Close()
	defer close(hang)
	post := func(path string) (Answer, error) {
		c := client()
		c.Timeout = 500 * time.Millisecond
		return c.Post(t.Context(), Receiver{URL: server.URL + path, AllowPrivate: true}, message())
	}
	for path, status := range map[string]int{"/ok": 200, "/accepted": 202, "/okforever": 200} {
		if a, err := post(path); err != nil || !a.Taken() || a.Status != status || a.Gone() {
			t.Errorf("%s: %+v, %v", path, a, err)
		}
	}
	for path, said := range map[string]string{"/fault": "500 Internal Server Error: because [31mof xxx", "/teapot": "418 I'm a teapot: because", "/gone": "410 Gone: because",
		"/later": "429 Too Many Requests", "/flood": "500 Internal", "/drip": "500 Internal Server Error: yyy"} {
		a, err := post(path)
		if err != nil || a.Taken() || !strings.HasPrefix(a.Said, said) || len([]rune(a.Said)) > 300 {
			t.Errorf("%s: %+v, %v", path, a, err)
		}
		if a.Gone() != (path == "/gone") || (a.Wait == 2*time.Minute) != (path == "/later") {
			t.Errorf("%s: %+v", path, a)
		}
	}
	for _, status := range []int{301, 302, 303, 307, 308} {
		a, err := post(fmt.Sprint("/", status))
		if err != nil || a.Taken() || a.Status != status || !strings.Contains(a.Said, "http://127.0.0.1:"+port+"/inside") {
			t.Errorf("%d: %+v, %v", status, a, err)
		}
	}
	if d.knocks.Load() != 0 {
		t.Error("a redirect was followed")
	}
	if a, err := post("/hang"); err == nil || err.Error() != "no answer within 500ms" {
		t.Errorf("%+v, %v", a, err)
	}
	if a, err := post("/header"); err == nil {
		t.Errorf("%+v", a)
	}
}

func TestRetryAfter(t *testing.T) {
	now := time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)
	for text, want := range map[string]time.Duration{"": 0, "soon": 0, "-5": 0, "30": 30 * time.Second, "99999999999": 24 * time.Hour,
		"Fri, 02 Jan 2026 03:05:05 GMT": time.Minute, "Fri, 02 Jan 2026 03:00:00 GMT": 0, "Fri, 02 Jan 2099 03:00:00 GMT": 24 * time.Hour} {
		if got := retryAfter(text, now); got != want {
			t.Errorf("%q: %v", text, got)
		}
	}
}

// TestReadable: what is allowed over plain HTTP is allowed inside only. The address
// is nobody's, and no connection is tried.
func TestReadable(t *testing.T) {
	n := openNames(t, "8.8.8.8")
	c := client()
	c.Resolver = n.Resolver
	if _, err := c.Post(t.Context(), Receiver{URL: "http://receiver.example/", AllowPrivate: true}, message()); !errors.Is(err, errReadable) {
		t.Error(err)
	}
}

func TestCheck(t *testing.T) {
	for _, c := range []struct {
		r    Receiver
		want string
	}{
		{Receiver{URL: "https://crm.example.com/leads?key=x"}, ""},
		{Receiver{URL: "http://n8n:5678/", AllowPrivate: true, Events: Events(), Secret: "N8N"}, ""},
		{Receiver{}, "url: a webhook has no url"},
		{Receiver{URL: "crm.example.com"}, "url: `crm.example.com` is not the address of a receiver"},
		{Receiver{URL: "ftp://crm.example.com"}, "url: `ftp://crm.example.com` is not the address of a receiver"},
		{Receiver{URL: "https://a:b@crm.example.com/"}, "url: a user and a password do not belong into the address of a webhook"},
		{Receiver{URL: "https://[::ffff:10.0.0.1]/"}, "url: `::ffff:10.0.0.1` is this machine or in a private network"},
		{Receiver{URL: "https://Localhost./"}, "url: `Localhost.` is this machine or in a private network"},
		{Receiver{URL: "https://a.example/#x"}, "url: `https://a.example/#x` has a part after a #, which is never sent"},
		{Receiver{URL: "https://a.example/", Events: []string{LeadCreated, LeadCreated}}, "events: the event `lead.created` stands twice"},
		{Receiver{URL: "https://a.example/", Events: []string{Test}}, "events: there is no event `webhook.test`"},
		{Receiver{URL: "https://a.example/", Secret: secret}, "secret: secret is the name of a variable in the environment, not the secret"},
	} {
		var got string
		for _, p := range Check(c.r) {
			got += p.Key + ": " + p.Message
		}
		if got != c.want {
			t.Errorf("%+v: %s", c.r, got)
		}
	}
}

// FuzzReceiver: what passes can be posted to, and no error tells a secret.
func FuzzReceiver(f *testing.F) {
	f.Add("https://crm.example.com/leads", LeadCreated, "CRM", false, secret)
	f.Add("http://[::1]:1/", "", "", true, "whsec_ x")
	f.Add("https://%zz/", "lead", "whsec_", false, secret+" hunter2hunter2")
	f.Fuzz(func(t *testing.T, address, event, name string, private bool, text string) {
		r := Receiver{URL: address, Secret: name, AllowPrivate: private}
		if event != "" {
			r.Events = []string{event}
		}
		if len(Check(r)) == 0 {
			if request, err := http.NewRequest(http.MethodPost, r.URL, nil); err != nil || request.URL.Host == "" {
				t.Errorf("%+v passes, and cannot be posted to: %v", r, err)
			}
			if r = r.Complete(); len(r.Events) == 0 || !variableName.MatchString(r.Secret) {
				t.Errorf("%+v", r)
			}
		}
		s, err := ReadSecrets(text)
		if (err == nil) != (len(s) > 0) {
			t.Errorf("%d secrets, %v", len(s), err)
		}
		for word := range strings.FieldsSeq(text) {
			if err != nil && len(word) > 12 && strings.Contains(err.Error(), word) {
				t.Errorf("an error tells a secret: %v", err)
			}
		}
	})
}

// TestTLS: a receiver whose certificate nobody vouches for gets nothing, and neither
// does one of another name.
func TestTLS(t *testing.T) {
	var came atomic.Int32
	server := httptest.NewUnstartedServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { came.Add(1) }))
	server.Config.ErrorLog = log.New(io.Discard, "", 0)
	server.StartTLS()
	defer server.Close()
	trusted := x509.NewCertPool()
	trusted.AddCert(server.Certificate())
	_, port, err := net.SplitHostPort(server.Listener.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	n := openNames(t, "127.0.0.1")
	for _, c := range []struct {
		host  string
		trust *x509.CertPool
		taken bool
	}{{"127.0.0.1", trusted, true}, {"example.com", trusted, true}, {"127.0.0.1", nil, false}, {"other.example", trusted, false}} {
		k := client()
		k.Trust, k.Resolver = c.trust, n.Resolver
		before := came.Load()
		a, err := k.Post(t.Context(), Receiver{URL: "https://" + c.host + ":" + port + "/", AllowPrivate: true}, message())
		if (err == nil && a.Taken()) != c.taken || (came.Load() > before) != c.taken {
			t.Errorf("%s: %+v, %v", c.host, a, err)
		}
		if !c.taken && (err == nil || !strings.Contains(err.Error(), "certificate")) {
			t.Errorf("%s: %v", c.host, err)
		}
	}
}
