package webhook

import (
	"bytes"
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"strconv"
	"strings"
	"syscall"
	"time"

	"cardbowl/generator/internal/diag"
	"cardbowl/generator/internal/network"
)

// Message is one thing that happened, for one receiver.
type Message struct {
	ID   string // the same at every attempt
	Body []byte // JSON
	At   time.Time
}

// Answer is what a receiver said.
type Answer struct {
	Status int
	Said   string        // one line
	Wait   time.Duration // the receiver wants to be left alone for as long; 0: it did not say
}

// Taken tells whether the receiver has the message.
func (a Answer) Taken() bool { return a.Status >= 200 && a.Status < 300 }

// Gone tells whether the receiver wants no message any more.
func (a Answer) Gone() bool { return a.Status == http.StatusGone }

// Client signs and posts messages. It may be used by many goroutines.
type Client struct {
	Secret   func(name string) string // what a variable of the environment holds
	Timeout  time.Duration            // of one attempt, from the lookup to the end of the answer; 0: 15 seconds
	Trust    *x509.CertPool           // nil: the machine's
	Resolver *net.Resolver            // nil: the machine's
}

const (
	usualTimeout = 15 * time.Second
	maxSaid      = 200      // characters of an answer that are kept
	maxHeader    = 64 << 10 // bytes of an answer's header
	longestWait  = 24 * time.Hour
)

var errReadable = errors.New("http:// leads out of your own network, where everybody can read what is sent; write https://")

// Post sends a message once. An error means that there was no answer, or nothing to
// sign with.
func (c Client) Post(ctx context.Context, to Receiver, m Message) (Answer, error) {
	secrets, err := ReadSecrets(c.Secret(to.Secret))
	if err != nil {
		return Answer{}, fmt.Errorf("%s: %w", to.Secret, err)
	}
	timeout := c.Timeout
	if timeout == 0 {
		timeout = usualTimeout
	}
	ctx, cancel := context.WithTimeout(ctx, timeout)
	defer cancel()
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, to.URL, bytes.NewReader(m.Body))
	if err != nil {
		return Answer{}, err
	}
	if request.Header, err = secrets.header(m.ID, m.Body, m.At); err != nil {
		return Answer{}, err
	}
	request.Header.Set("Content-Type", "application/json")
	request.Header.Set("User-Agent", "Cardbowl")
	client := http.Client{
		Transport:     c.transport(to, request.URL.Scheme == "http"),
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
	answered, err := client.Do(request)
	if err != nil {
		return Answer{}, plainly(err, timeout)
	}
	defer answered.Body.Close()
	a := Answer{Status: answered.StatusCode, Said: answered.Status}
	if a.Taken() {
		return a, nil
	}
	if to := answered.Header.Get("Location"); a.Status >= 300 && a.Status < 400 && to != "" {
		a.Said += ": nobody is followed to another address; write the last one into site.yaml: " + line(to)
		return a, nil
	}
	a.Wait = retryAfter(answered.Header.Get("Retry-After"), m.At)
	text := make([]byte, 4*maxSaid)
	n, _ := io.ReadFull(answered.Body, text) // whatever comes until the time is over
	if words := line(string(text[:n])); words != "" {
		a.Said += ": " + words
	}
	return a, nil
}

// transport makes one connection and asks no proxy: one would look the name up
// itself, and dial where we would not.
func (c Client) transport(to Receiver, readable bool) *http.Transport {
	dialer := &net.Dialer{Resolver: c.Resolver, Control: network.OnlyPublic}
	if to.AllowPrivate {
		dialer.Control = func(_, address string, _ syscall.RawConn) error {
			at, err := netip.ParseAddrPort(address)
			if err == nil && readable && network.Public(at.Addr()) {
				err = errReadable
			}
			return err
		}
	}
	return &http.Transport{DialContext: dialer.DialContext, TLSClientConfig: &tls.Config{RootCAs: c.Trust, MinVersion: tls.VersionTLS12},
		DisableKeepAlives: true, DisableCompression: true, MaxResponseHeaderBytes: maxHeader}
}

// plainly is why there was no answer, without the address, which stands beside it.
func plainly(err error, timeout time.Duration) error {
	var waited net.Error
	var whole *url.Error
	switch {
	case errors.Is(err, network.ErrPrivate):
		return fmt.Errorf("%w; `allowPrivate: true` allows it", network.ErrPrivate)
	case errors.Is(err, errReadable):
		return errReadable
	case errors.As(err, &waited) && waited.Timeout():
		return fmt.Errorf("no answer within %v", timeout)
	case errors.As(err, &whole):
		return whole.Err
	}
	return err
}

// retryAfter reads a number of seconds, or a date.
func retryAfter(written string, now time.Time) time.Duration {
	wait := time.Duration(0)
	if seconds, err := strconv.Atoi(written); err == nil && seconds >= 0 {
		wait = time.Duration(min(seconds, int(longestWait/time.Second))) * time.Second
	} else if at, err := http.ParseTime(written); err == nil {
		wait = at.Sub(now)
	}
	return max(0, min(wait, longestWait))
}

// line is a stranger's text as one short line that steers nothing.
func line(text string) string {
	short := []rune(strings.Join(strings.Fields(diag.Printable(strings.ToValidUTF8(text, "\uFFFD"))), " "))
	if len(short) > maxSaid {
		short = append(short[:maxSaid], '…')
	}
	return string(short)
}
