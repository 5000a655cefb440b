package cli

import (
	"cmp"
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"time"

	"golang.org/x/crypto/acme"
	"golang.org/x/crypto/acme/autocert"

	"cardbowl/generator/internal/tracker"
)

// httpsFlags say whether a tracker speaks HTTPS itself, and how.
type httpsFlags struct {
	hosts     []string // it has certificates for; none: it speaks HTTP
	plain     string   // where plain HTTP is sent on to HTTPS; "" nowhere
	authority string   // directory of who makes the certificates
	kept      string   // folder of the certificates
}

func (f *httpsFlags) wanted() bool { return len(f.hosts) > 0 }

// check tells what is wrong with the hosts. Who makes certificates makes them for
// names alone, and looks at the name from outside.
func (f *httpsFlags) check() error {
	for i, host := range f.hosts {
		host = strings.ToLower(strings.TrimSuffix(strings.TrimSpace(host), "."))
		switch {
		case host == "" || strings.ContainsAny(host, "/: *"):
			return wrong("`--tls` wants the name of a host, such as example.com, not `%s`", f.hosts[i])
		case net.ParseIP(host) != nil || !strings.Contains(host, "."):
			return wrong("nobody makes a certificate for `%s`; `--tls` wants a name that leads to this machine, such as example.com", f.hosts[i])
		}
		f.hosts[i] = host
	}
	return nil
}

// certificates are a tracker's own, fetched by ACME (RFC 8555) when first needed
// and renewed a month before they end.
type certificates struct {
	manager autocert.Manager
	hosts   []string
	logger  *slog.Logger

	mu   sync.Mutex
	said map[string]time.Time // when a trouble was last told, by its text
	now  func() time.Time
}

func newCertificates(w World, f httpsFlags, site, contact string, logger *slog.Logger) *certificates {
	return &certificates{
		manager: autocert.Manager{
			Prompt:     autocert.AcceptTOS,
			Cache:      autocert.DirCache(cmp.Or(f.kept, filepath.Join(site, cardbowlFolder, "certificates"))),
			HostPolicy: autocert.HostWhitelist(f.hosts...),
			Email:      contact,
			Client:     &acme.Client{DirectoryURL: f.authority, UserAgent: "cardbowl"},
		},
		hosts: f.hosts, logger: logger, said: map[string]time.Time{}, now: w.Now,
	}
}

// publicHost is an address one can visit by HTTPS.
func publicHost(host string, at net.Addr) string {
	if _, port, err := net.SplitHostPort(at.String()); err == nil && port != "443" {
		return net.JoinHostPort(host, port)
	}
	return host
}

// settings are TLS 1.2 or newer, HTTP/2, and the answer to the authority's
// question (RFC 8737).
func (c *certificates) settings() *tls.Config {
	s := c.manager.TLSConfig()
	s.MinVersion = tls.VersionTLS12
	s.GetCertificate = c.get
	return s
}

// get is the certificate for a connection. A trouble with one of our own hosts is
// told, but not at each connection.
func (c *certificates) get(hello *tls.ClientHelloInfo) (*tls.Certificate, error) {
	found, err := c.manager.GetCertificate(hello)
	if err != nil && slices.Contains(c.hosts, strings.ToLower(hello.ServerName)) {
		c.complain(hello.ServerName, err)
	}
	return found, err
}

// troubleEvery is how long the same trouble is not told again.
const troubleEvery = 10 * time.Minute

func (c *certificates) complain(host string, err error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if last, before := c.said[host+err.Error()]; before && c.now().Sub(last) < troubleEvery {
		return
	}
	if len(c.said) > 100 { // each error may have words of its own
		clear(c.said)
	}
	c.said[host+err.Error()] = c.now()
	c.logger.Error("no certificate", "host", host, "error", err,
		"hint", "the name must lead to this machine, and port 443 or 80 of it be open to everybody")
}

// fetch asks for what is missing, so that the first visitor need not wait and a
// trouble shows at once. It says on the terminal what became of it.
func (c *certificates) fetch(ctx context.Context, say func(string, ...any)) {
	defer func() {
		if cause := recover(); cause != nil {
			c.logger.Error("asking for a certificate failed", "cause", cause)
		}
	}()
	for _, host := range c.hosts {
		hello := &tls.ClientHelloInfo{ServerName: host, SupportedVersions: []uint16{tls.VersionTLS13},
			SignatureSchemes: []tls.SignatureScheme{tls.ECDSAWithP256AndSHA256}, SupportedCurves: []tls.CurveID{tls.CurveP256},
			CipherSuites: []uint16{tls.TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256}}
		found, err := c.get(hello)
		if ctx.Err() != nil || err != nil {
			continue
		}
		leaf := found.Leaf
		if leaf == nil {
			leaf, err = x509.ParseCertificate(found.Certificate[0])
		}
		if err == nil {
			say("%s has a certificate until %s; it is renewed by itself.\n", host, leaf.NotAfter.UTC().Format(time.DateOnly))
		}
	}
}

// onward answers plain HTTP: it tells the authority what it asks (RFC 8555,
// section 8.3), and sends everybody else to HTTPS.
func (c *certificates) onward() *http.Server {
	return tracker.Server(c.manager.HTTPHandler(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		host := strings.ToLower(r.Host)
		if name, _, err := net.SplitHostPort(host); err == nil {
			host = name
		}
		if !slices.Contains(c.hosts, host) {
			http.Error(w, "this is another host", http.StatusMisdirectedRequest)
			return
		}
		if r.Method != http.MethodGet && r.Method != http.MethodHead {
			// What was sent was readable on its way; it must not look as if it had been safe.
			http.Error(w, "use https", http.StatusBadRequest)
			return
		}
		http.Redirect(w, r, "https://"+host+r.URL.RequestURI(), http.StatusMovedPermanently)
	})))
}

// serveOnward answers plain HTTP until ctx ends. Where the port cannot be had,
// HTTPS works all the same.
func (c *certificates) serveOnward(ctx context.Context, at string) error {
	listener, err := net.Listen("tcp", at)
	if err != nil {
		return fmt.Errorf("plain HTTP is not sent on to HTTPS: %w", err)
	}
	server := c.onward()
	server.ErrorLog = tracker.Complaints(c.logger)
	go func() {
		if err := server.Serve(listener); err != nil && !errors.Is(err, http.ErrServerClosed) {
			c.logger.Error("plain HTTP ended", "error", err)
		}
	}()
	context.AfterFunc(ctx, func() { _ = shutDown(server) })
	return nil
}
