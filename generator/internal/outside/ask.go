package outside

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"maps"
	"net"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"time"

	"cardbowl/generator/internal/network"
)

// Options say how other sites are asked. Zero means the usual.
type Options struct {
	Agent    string              // says who asks
	Private  bool                // addresses in private networks are asked too
	Parallel int                 // hosts at a time; 0: 16
	Pause    time.Duration       // between two requests to one host; 0: half a second
	Timeout  time.Duration       // of one request; 0: 15 seconds
	Patience time.Duration       // how long a host may make us wait when it asks for it; 0: 30 seconds
	Now      func() time.Time    // stands beside answers
	Doing    func(done, all int) // is told how far it is; nil: nobody wants to know
	Trust    *x509.CertPool      // nil: the machine's
}

const (
	maxRedirects = 5
	maxTries     = 3        // of one request, when a host asks us to come back
	maxBody      = 64 << 10 // bytes of an answer that are read, so that its connection can be used again
)

// Normal is the address that is asked for one that is written: without the part
// of the page, which is the reader's own affair.
func Normal(written string) string {
	if strings.HasPrefix(written, "//") {
		written = "https:" + written
	}
	address, _, _ := strings.Cut(written, "#")
	return address
}

// Ask returns what is known of each address, asking for what known does not say.
// When the context ends, it returns what it has by then.
func Ask(ctx context.Context, addresses []string, known Answers, o Options) Answers {
	a := newAsker(o)
	defer a.client.CloseIdleConnections()
	out := Answers{}
	hosts := map[string][]string{}
	for _, address := range addresses {
		if old, found := known[address]; found && old.holds(o.Now()) {
			out[address] = old
		} else if host := hostOf(address); !slices.Contains(hosts[host], address) {
			hosts[host] = append(hosts[host], address)
		}
	}
	all := 0
	for _, list := range hosts {
		all += len(list)
	}
	if all == 0 {
		return out
	}
	var mu sync.Mutex
	done := 0
	tell := func(address string, answer Answer) {
		mu.Lock()
		defer mu.Unlock()
		out[address] = answer
		done++
		a.Doing(done, all)
	}
	a.Doing(0, all)
	queue := make(chan []string)
	var group sync.WaitGroup
	for range min(a.Parallel, len(hosts)) {
		group.Go(func() {
			for list := range queue {
				for _, address := range list {
					if answer := a.guarded(ctx, address); ctx.Err() == nil {
						tell(address, answer)
					}
				}
			}
		})
	}
	for _, host := range slices.Sorted(maps.Keys(hosts)) {
		queue <- hosts[host]
	}
	close(queue)
	group.Wait()
	return out
}

func hostOf(address string) string {
	parsed, err := url.Parse(address)
	if err != nil {
		return ""
	}
	return strings.ToLower(parsed.Host)
}

type asker struct {
	Options
	client *http.Client
	mu     sync.Mutex
	gates  map[string]*gate
}

// gate lets one request at a time to a host.
type gate struct {
	sync.Mutex
	next time.Time // not before
}

func newAsker(o Options) *asker {
	set := func(d *time.Duration, usual time.Duration) {
		if *d == 0 {
			*d = usual
		}
	}
	set(&o.Pause, 500*time.Millisecond)
	set(&o.Timeout, 15*time.Second)
	set(&o.Patience, 30*time.Second)
	if o.Parallel == 0 {
		o.Parallel = 16
	}
	if o.Doing == nil {
		o.Doing = func(int, int) {}
	}
	a := &asker{Options: o, gates: map[string]*gate{}}
	dialer := &net.Dialer{Timeout: o.Timeout}
	if !o.Private {
		dialer.Control = network.OnlyPublic
	}
	a.client = &http.Client{
		Timeout: o.Timeout,
		Transport: &http.Transport{DialContext: dialer.DialContext, TLSClientConfig: &tls.Config{RootCAs: o.Trust}, TLSHandshakeTimeout: o.Timeout,
			ForceAttemptHTTP2: true, MaxIdleConnsPerHost: 1, MaxResponseHeaderBytes: 256 << 10},
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }, // see follow
	}
	return a
}

// InPrivate is the reason of an address that was not asked because of where it
// is.
const InPrivate = "leads to this machine or into a private network, where readers cannot follow"

// guarded survives a fault of our own or of a library.
func (a *asker) guarded(ctx context.Context, address string) (answer Answer) {
	defer func() {
		if cause := recover(); cause != nil {
			answer = Answer{Reason: fmt.Sprintf("cannot be asked: %v", cause)}
		}
		answer.Asked = a.Now().UTC().Truncate(time.Second)
	}()
	return a.follow(ctx, address)
}

// follow asks an address and those it leads to.
func (a *asker) follow(ctx context.Context, address string) Answer {
	at, forGood := address, true
	for range maxRedirects + 1 {
		answered, err := a.request(ctx, at)
		if err != nil {
			return Answer{Reason: reason(err)}
		}
		to, leads := leadsTo(at, answered)
		if !leads {
			out := Answer{Status: answered.StatusCode}
			if at != address && forGood && out.Verdict() == Fine {
				out.Moved = at
			}
			return out
		}
		forGood = forGood && (answered.StatusCode == http.StatusMovedPermanently || answered.StatusCode == http.StatusPermanentRedirect)
		at = to
	}
	return Answer{Reason: fmt.Sprintf("leads on more than %d times", maxRedirects)}
}

// leadsTo is where a redirect sends us.
func leadsTo(at string, answered *http.Response) (string, bool) {
	switch answered.StatusCode {
	case http.StatusMovedPermanently, http.StatusFound, http.StatusSeeOther, http.StatusTemporaryRedirect, http.StatusPermanentRedirect:
	default:
		return "", false
	}
	base, err := url.Parse(at)
	if err != nil {
		return "", false
	}
	to, err := base.Parse(answered.Header.Get("Location"))
	if err != nil || answered.Header.Get("Location") == "" {
		return "", false
	}
	return Normal(to.String()), true
}

// request asks once, by HEAD, and by GET where the host does not care for that.
func (a *asker) request(ctx context.Context, address string) (*http.Response, error) {
	answered, err := a.patient(ctx, http.MethodHead, address)
	if err == nil && answered.StatusCode < 400 || errors.Is(err, network.ErrPrivate) || ctx.Err() != nil {
		return answered, err
	}
	if err == nil && answered.StatusCode == http.StatusTooManyRequests {
		return answered, nil
	}
	return a.patient(ctx, http.MethodGet, address)
}

// patient comes back when the host asks for that.
func (a *asker) patient(ctx context.Context, method, address string) (*http.Response, error) {
	for try := 1; ; try++ {
		answered, err := a.once(ctx, method, address)
		if err != nil || try == maxTries || answered.StatusCode != http.StatusTooManyRequests && answered.StatusCode != http.StatusServiceUnavailable {
			return answered, err
		}
		wait, asked := retryAfter(answered.Header.Get("Retry-After"), a.Now())
		if !asked || wait > a.Patience {
			return answered, nil
		}
		a.hold(address, wait)
	}
}

// retryAfter reads a number of seconds, or a date.
func retryAfter(written string, now time.Time) (time.Duration, bool) {
	if seconds, err := strconv.Atoi(written); err == nil && seconds >= 0 && seconds < 1<<20 {
		return time.Duration(seconds) * time.Second, true
	}
	if at, err := http.ParseTime(written); err == nil {
		return max(0, at.Sub(now)), true
	}
	return 0, false
}

func (a *asker) gateOf(address string) *gate {
	a.mu.Lock()
	defer a.mu.Unlock()
	host := hostOf(address)
	if a.gates[host] == nil {
		a.gates[host] = &gate{}
	}
	return a.gates[host]
}

// hold keeps everybody away from a host for a while.
func (a *asker) hold(address string, wait time.Duration) {
	g := a.gateOf(address)
	g.Lock()
	defer g.Unlock()
	if until := time.Now().Add(wait); until.After(g.next) {
		g.next = until
	}
}

// once sends one request when the host's turn comes.
func (a *asker) once(ctx context.Context, method, address string) (*http.Response, error) {
	g := a.gateOf(address)
	g.Lock()
	defer g.Unlock()
	if wait := time.Until(g.next); wait > 0 {
		turn := time.NewTimer(wait)
		defer turn.Stop()
		select {
		case <-turn.C:
		case <-ctx.Done():
			return nil, ctx.Err()
		}
	}
	defer func() { g.next = later(g.next, time.Now().Add(a.Pause)) }()
	request, err := http.NewRequestWithContext(ctx, method, address, nil)
	if err != nil {
		return nil, err
	}
	request.Header.Set("User-Agent", a.Agent)
	request.Header.Set("Accept", "text/html,application/xhtml+xml,*/*;q=0.8")
	answered, err := a.client.Do(request)
	if err != nil {
		return nil, err
	}
	_, _ = io.CopyN(io.Discard, answered.Body, maxBody)
	answered.Body.Close()
	return answered, nil
}

func later(a, b time.Time) time.Time {
	if a.After(b) {
		return a
	}
	return b
}

// reason says why there was no answer, in words that follow "the link …".
func reason(err error) string {
	var name *net.DNSError
	var certificate *tls.CertificateVerificationError
	var timeout net.Error
	var whole *url.Error
	switch {
	case errors.Is(err, network.ErrPrivate):
		return InPrivate
	case errors.As(err, &name) && name.IsNotFound:
		return "has no such host"
	case errors.As(err, &certificate):
		return "has a certificate that browsers refuse: " + certificate.Unwrap().Error()
	case errors.Is(err, syscall.ECONNREFUSED):
		return "is refused by its host"
	case errors.As(err, &timeout) && timeout.Timeout():
		return "does not answer in time"
	case errors.As(err, &whole):
		return "does not answer: " + whole.Err.Error()
	}
	return "does not answer: " + err.Error()
}
