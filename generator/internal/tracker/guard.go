package tracker

import (
	"hash/maphash"
	"net/http"
	"net/netip"
	"slices"
	"strings"
	"sync"
	"time"

	"cardbowl/generator/internal/form"
	"cardbowl/generator/internal/store"
)

// limit is how many cards may come at once, and how often one more after that.
type limit struct {
	burst int
	every time.Duration
}

// measure names what is limited.
type measure byte

const (
	byAddress measure = iota // one IPv4 address, or an IPv6 /64, which is what one household gets
	byNetwork                // an IPv4 /24, or an IPv6 /48, which is what one organisation gets
	byForm
	byToken    // one token of a form
	byDomain   // the part after the @ of an e-mail address
	byProvider // the same where everybody has an address
)

// allowance is one line of the table: what a sender may do who has shown nothing,
// and one whose card carries a token (see token.go).
type allowance struct {
	plain, shown limit
}

// allowances are all the limits there are, and why.
func allowances() map[measure]allowance {
	always := func(burst int, every time.Duration) allowance {
		return allowance{limit{burst, every}, limit{burst, every}}
	}
	return map[measure]allowance{
		// An office, a school or a village behind one address sends a few cards in
		// a minute; a hall that was just shown the address a hundred. Without a
		// token it is a hall of browsers without JavaScript, which is rare.
		byAddress: {limit{30, time.Minute}, limit{120, 6 * time.Second}},
		// Neighbours in one network are mostly strangers to each other: three times as much.
		byNetwork: {limit{100, 20 * time.Second}, limit{400, 2 * time.Second}},
		// A network of robots has many addresses and one aim. The best day of a post
		// brings ten cards a minute; a form that gets more asks for the token.
		byForm: {limit{300, time.Second}, limit{3000, time.Second / 10}},
		// A card that was sent twice, or came back with a mistake, keeps its token.
		byToken: always(5, tokenLife),
		// Mail is what a list bomber wants from a form. (How much one address gets is
		// bounded where mail is written down, see outbox.OnCard: there it outlives us.)
		// Colleagues may all want the same letter; that is still not a hundred an hour.
		byDomain:   always(100, time.Minute),
		byProvider: always(3000, time.Second),
	}
}

// take is one more card at now: the state after it and zero, or the state
// unchanged and how long to wait. The state is the moment (in nanoseconds since
// 1970) at which all would be as if nothing had ever come; zero is nothing yet.
// This is the generic cell rate algorithm of ITU-T I.371.
func (l limit) take(state int64, now time.Time) (int64, time.Duration) {
	at := now.UnixNano()
	state = max(state, at)
	if wait := state - at - int64(l.burst-1)*int64(l.every); wait > 0 {
		return state, time.Duration(wait)
	}
	return state + int64(l.every), 0
}

// back is the state without the card that came last.
func (l limit) back(state int64) int64 { return state - int64(l.every) }

// The table of limits: 64 shards of 128 sets of 8 places of 16 bytes are 1 MiB,
// however many addresses ask. A full set forgets the place that is nearest to
// being as good as new, so that strangers cannot wash away who sends most.
const (
	shards  = 64
	sets    = 128
	perSet  = 8
	sizeMax = shards * sets * perSet * 16 // bytes
)

type place struct {
	key   uint64 // 0: empty
	state int64
}

type shard struct {
	mu     sync.Mutex
	places [sets][perSet]place
}

// guard counts how much comes from whom. It holds hashes under a seed of this
// process, in memory alone.
type guard struct {
	seed   maphash.Seed
	limits map[measure]allowance
	shards [shards]shard
}

func newGuard() *guard { return &guard{seed: maphash.MakeSeed(), limits: allowances()} }

// take counts one more of something, or tells how long to wait.
func (g *guard) take(m measure, shown bool, what string, now time.Time) (wait time.Duration) {
	g.change(m, shown, what, func(l limit, state int64) int64 {
		state, wait = l.take(state, now)
		return state
	})
	return wait
}

// giveBack counts one less.
func (g *guard) giveBack(m measure, what string) {
	g.change(m, false, what, limit.back)
}

// change puts another state in the place of the one that is kept of something.
func (g *guard) change(m measure, shown bool, what string, to func(limit, int64) int64) {
	l := g.limits[m].plain
	kind := [2]byte{byte(m)}
	if shown {
		l, kind[1] = g.limits[m].shown, 1
	}
	var h maphash.Hash
	h.SetSeed(g.seed)
	_, _ = h.Write(kind[:])
	_, _ = h.WriteString(what)
	key := max(h.Sum64(), 1)
	s := &g.shards[key%shards]
	s.mu.Lock()
	defer s.mu.Unlock()
	set := &s.places[key/shards%sets]
	at := slices.IndexFunc(set[:], func(p place) bool { return p.key == key })
	if at < 0 {
		at = 0
		for i, p := range set {
			if p.state < set[at].state {
				at = i
			}
		}
		set[at] = place{key: key}
	}
	set[at].state = to(l, set[at].state)
}

// verdict is what the guard says of a card.
type verdict struct {
	wait   time.Duration // zero: it may be stored
	silent bool          // it is stored, but nothing is to be mailed to its address
	shown  bool          // it carries a token that holds
}

// judge counts a card with all limits. What is refused by one is not counted by
// the next.
func (t *Tracker) judge(r *http.Request, d form.Definition, email string, token []byte, now time.Time) verdict {
	if t.options.GuardOff {
		return verdict{}
	}
	var v verdict
	v.shown = token != nil && t.guard.take(byToken, false, string(token), now) == 0
	if from := clientAddress(r, t.options.TrustedProxies); from.IsValid() {
		t.warnOfProxy(r, from)
		near, far := networks(from)
		if v.wait = t.guard.take(byAddress, v.shown, near.String(), now); v.wait > 0 {
			return v
		}
		if v.wait = t.guard.take(byNetwork, v.shown, far.String(), now); v.wait > 0 {
			return v
		}
	}
	if v.wait = t.guard.take(byForm, v.shown, d.Name, now); v.wait > 0 {
		return v
	}
	v.silent = t.silences(email, now)
	return v
}

// warnOfProxy says once that everybody seems to come from one address, because a
// proxy beside us is not among those that are trusted.
func (t *Tracker) warnOfProxy(r *http.Request, from netip.Addr) {
	if r.Header.Get("X-Forwarded-For") != "" && (from.IsLoopback() || from.IsPrivate()) && from == parseHop(r.RemoteAddr) {
		t.blinded.Do(func() {
			t.logger.Warn("a proxy on this machine or network says whom it asks for, but is not trusted: all visitors count as one; name its network in tracker.trustedProxies")
		})
	}
}

// crowd is where an address belongs to, and how that is counted; false for what is
// no address.
func crowd(email string) (m measure, domain string, ok bool) {
	_, domain, ok = strings.Cut(strings.ToLower(email), "@")
	if slices.Contains(providers(), domain) {
		return byProvider, domain, ok
	}
	return byDomain, domain, ok
}

// silences tells whether the people of an address's domain have been written to
// enough. The answer to the sender is the same.
func (t *Tracker) silences(email string, now time.Time) bool {
	m, domain, ok := crowd(email)
	return ok && t.guard.take(m, false, domain, now) > 0
}

// unwritten takes back what was counted of an address, since its card could not
// be stored: when it comes again, its mail is due.
func (t *Tracker) unwritten(sub store.Submission) {
	if m, domain, ok := crowd(sub.Email); ok && !sub.Silent && !t.options.GuardOff {
		t.guard.giveBack(m, domain)
	}
}

// providers are domains under which the whole world has addresses.
func providers() []string {
	return []string{
		"gmail.com", "googlemail.com", "outlook.com", "hotmail.com", "live.com", "msn.com", "yahoo.com", "yahoo.co.uk", "yahoo.co.jp", "yahoo.fr", "icloud.com", "me.com", "mac.com",
		"aol.com", "proton.me", "protonmail.com", "gmx.de", "gmx.net", "gmx.at", "web.de", "t-online.de", "freenet.de", "orange.fr", "free.fr", "laposte.net", "wanadoo.fr",
		"libero.it", "virgilio.it", "wp.pl", "o2.pl", "onet.pl", "interia.pl", "ziggo.nl", "kpnmail.nl", "sapo.pt", "uol.com.br", "bol.com.br", "terra.com.br",
		"mail.ru", "yandex.ru", "qq.com", "163.com", "126.com", "naver.com", "comcast.net", "att.net", "verizon.net", "btinternet.com", "fastmail.com", "zoho.com",
	}
}

// networks are the two nets an address lies in: the one of a household, and the
// one of an organisation.
func networks(a netip.Addr) (near, far netip.Prefix) {
	narrow, wide := 32, 24
	if a.Is6() {
		narrow, wide = 64, 48
	}
	near, _ = a.Prefix(narrow) // an error is for impossible lengths alone
	far, _ = a.Prefix(wide)
	return near, far
}
