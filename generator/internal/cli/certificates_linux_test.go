package cli_test

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/pem"
	"io"
	"log"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/letsencrypt/pebble/v2/ca"
	"github.com/letsencrypt/pebble/v2/db"
	"github.com/letsencrypt/pebble/v2/va"
	"github.com/letsencrypt/pebble/v2/wfe"
	"github.com/miekg/dns"
)

// authority makes certificates as Let's Encrypt does: it asks under the name, at
// the ports it is given, and believes nothing else.
type authority struct {
	url    string
	asPEM  string // file with the certificate of its own server
	trust  *x509.CertPool
	issuer *ca.CAImpl
}

func newAuthority(t *testing.T, plain, encrypted int) authority {
	t.Helper()
	t.Setenv("PEBBLE_VA_NOSLEEP", "1")
	names := nameServer(t)
	quiet := log.New(io.Discard, "", 0)
	memory := db.NewMemoryStore()
	issuer := ca.New(quiet, memory, "", "ecdsa", 0, 1, map[string]ca.Profile{"default": {Description: "as long as usual"}})
	asking := va.New(quiet, plain, encrypted, false, names, memory)
	front := wfe.New(quiet, memory, asking, issuer, []string{"authority.example"}, false, false, 1, 1)
	server := httptest.NewTLSServer(front.Handler())
	t.Cleanup(server.Close)
	a := authority{url: server.URL + wfe.DirectoryPath, asPEM: filepath.Join(t.TempDir(), "authority.pem"), trust: x509.NewCertPool(), issuer: issuer}
	own := pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: server.Certificate().Raw})
	if err := os.WriteFile(a.asPEM, own, 0o600); err != nil {
		t.Fatal(err)
	}
	root, err := x509.ParseCertificate(issuer.GetRootCert(0).DER)
	if err != nil {
		t.Fatal(err)
	}
	a.trust.AddCert(root)
	return a
}

// nameServer knows every name, and says that it is this machine.
func nameServer(t *testing.T) string {
	t.Helper()
	at, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	server := &dns.Server{Listener: at, Handler: dns.HandlerFunc(func(w dns.ResponseWriter, question *dns.Msg) {
		answer := new(dns.Msg).SetReply(question)
		for _, q := range question.Question {
			if q.Qtype == dns.TypeA {
				answer.Answer = append(answer.Answer, &dns.A{Hdr: dns.RR_Header{Name: q.Name, Rrtype: q.Qtype, Class: q.Qclass, Ttl: 1}, A: net.IPv4(127, 0, 0, 1)})
			}
		}
		_ = w.WriteMsg(answer)
	})}
	go func() { _ = server.ActivateAndServe() }()
	t.Cleanup(func() { _ = server.Shutdown() })
	return at.Addr().String()
}

// freePort is one that nobody listens at.
func freePort(t *testing.T) int {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	return l.Addr().(*net.TCPAddr).Port
}

// TestTrackWithItsOwnCertificate: a tracker gets a certificate for its name from
// an authority that asks under that name, serves the site and takes a card with
// it over HTTP/2, sends plain HTTP on, and keeps the certificate.
func TestTrackWithItsOwnCertificate(t *testing.T) {
	const name = "cards.example.test"
	plain, encrypted := freePort(t), freePort(t)
	from := newAuthority(t, plain, encrypted)
	f := starter(t)
	f.cardbowl("build")
	start := func(more ...string) server {
		c := f.command(append([]string{"track", "--public", "public", "--tls", name, "--addr", "127.0.0.1:" + strconv.Itoa(encrypted),
			"--tls-plain", "127.0.0.1:" + strconv.Itoa(plain)}, more...)...)
		c.Env = append(c.Env, "SSL_CERT_FILE="+from.asPEM, "CARDBOWL_PASSWORD=a long enough one")
		return f.startAs(c)
	}
	s := start("--tls-authority", from.url)
	if want := "https://" + net.JoinHostPort(name, strconv.Itoa(encrypted)) + "/"; s.url != want {
		t.Fatalf("it says it answers at %s, not %s", s.url, want)
	}
	here := func(ctx context.Context, network, address string) (net.Conn, error) {
		_, port, _ := net.SplitHostPort(address)
		return new(net.Dialer).DialContext(ctx, network, net.JoinHostPort("127.0.0.1", port))
	}
	visitor := &http.Client{Timeout: time.Minute,
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
		Transport:     &http.Transport{DialContext: here, ForceAttemptHTTP2: true, TLSClientConfig: &tls.Config{RootCAs: from.trust}}}
	page := func() *http.Response {
		t.Helper()
		answer, err := visitor.Get(s.url)
		if err != nil {
			t.Fatalf("%v\n%s", err, s.said)
		}
		defer answer.Body.Close()
		if text, _ := io.ReadAll(answer.Body); answer.StatusCode != http.StatusOK || !strings.Contains(string(text), "</html>") {
			t.Fatalf("the front page answers %s", answer.Status)
		}
		return answer
	}
	first := page()
	if first.ProtoMajor != 2 || first.TLS.PeerCertificates[0].DNSNames[0] != name {
		t.Errorf("answered over %s with a certificate of %v", first.Proto, first.TLS.PeerCertificates[0].DNSNames)
	}
	waitFor(t, func() bool { return strings.Contains(s.said.String(), name+" has a certificate until ") }, func() string { return s.said.String() })

	request, _ := http.NewRequest(http.MethodPost, s.url+"_/f/newsletter", strings.NewReader(url.Values{"email": {"ana@example.com"}, "consent": {"yes"}, "_post": {"/"}}.Encode()))
	request.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	request.Header.Set("Accept", "application/json")
	if answer, err := visitor.Do(request); err != nil || answer.StatusCode != http.StatusAccepted {
		t.Errorf("a card: %v, %v", answer, err)
	}
	login, err := visitor.PostForm(s.url+"_/login", url.Values{"password": {"a long enough one"}})
	if err != nil || !strings.Contains(login.Header.Get("Set-Cookie"), "Secure") {
		t.Errorf("the session may travel in the open: %v, %v", login.Header["Set-Cookie"], err)
	}

	// Plain HTTP.
	in := "http://" + net.JoinHostPort(name, strconv.Itoa(plain))
	answer, err := visitor.Get(in + "/about/?x=1")
	if err != nil || answer.StatusCode != http.StatusMovedPermanently || answer.Header.Get("Location") != "https://"+name+"/about/?x=1" {
		t.Errorf("plain HTTP: %v, %v", answer, err)
	}
	if answer, err := visitor.PostForm(in+"/_/f/newsletter", url.Values{"email": {"a@example.com"}}); err != nil || answer.StatusCode != http.StatusBadRequest {
		t.Errorf("a card in plain HTTP: %v, %v", answer, err)
	}
	other, _ := http.NewRequest(http.MethodGet, in+"/", nil)
	other.Host = "elsewhere.example"
	if answer, err := visitor.Do(other); err != nil || answer.StatusCode != http.StatusMisdirectedRequest {
		t.Errorf("another host in plain HTTP: %v, %v", answer, err)
	}
	stranger := visitor.Transport.(*http.Transport).Clone()
	stranger.TLSClientConfig.ServerName = "elsewhere.example"
	if _, err := stranger.RoundTrip(httptest.NewRequest(http.MethodGet, s.url, nil)); err == nil {
		t.Error("another host gets a certificate")
	}
	s.stop()
	if said := s.said.String(); strings.Contains(said, "127.0.0.1:") && strings.Contains(said, "handshake") {
		t.Errorf("the log names visitors:\n%s", said)
	}

	// The same certificate again, though nobody makes one now.
	visitor.CloseIdleConnections()
	s = start("--tls-authority", "https://127.0.0.1:1/directory")
	if again := page(); !again.TLS.PeerCertificates[0].Equal(first.TLS.PeerCertificates[0]) {
		t.Error("a certificate is not kept")
	}
	info, err := os.Stat(filepath.Join(f.path, ".cardbowl", "certificates"))
	if err != nil || info.Mode().Perm()&0o077 != 0 {
		t.Errorf("others may read the keys: %v, %v", info.Mode(), err)
	}
}
