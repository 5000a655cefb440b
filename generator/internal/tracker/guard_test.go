package tracker

import (
	"context"
	"fmt"
	"html"
	"net/netip"
	"net/url"
	"regexp"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"cardbowl/generator/internal/outbox"
	"cardbowl/generator/internal/store"
)

func TestLimit(t *testing.T) {
	now := time.Date(2026, 11, 22, 12, 0, 0, 0, time.UTC)
	l := limit{3, time.Minute}
	var state int64
	for i := range 3 {
		var wait time.Duration
		if state, wait = l.take(state, now); wait != 0 {
			t.Fatal(i, wait)
		}
	}
	before := state
	state, wait := l.take(state, now.Add(20*time.Second))
	if wait != 40*time.Second || state != before {
		t.Errorf("wait %v, state changed: %v", wait, state != before)
	}
	if state, wait = l.take(state, now.Add(time.Minute)); wait != 0 {
		t.Error("one more after the wait:", wait)
	}
	if _, wait = l.take(state, now.Add(time.Minute)); wait != time.Minute {
		t.Error("but only one:", wait)
	}
	// After an hour all is as new.
	for range 3 {
		if state, wait = l.take(state, now.Add(time.Hour)); wait != 0 {
			t.Error(wait)
		}
	}
	// A clock that was set back makes nobody wait for ever.
	if _, wait = l.take(0, now.Add(-10*365*24*time.Hour)); wait != 0 {
		t.Error(wait)
	}
}

// A million strangers change neither the size of the table nor what is known of
// the one who sends most.
func TestGuardIsBounded(t *testing.T) {
	g, now := newGuard(), time.Date(2026, 11, 22, 12, 0, 0, 0, time.UTC)
	for range 30 {
		g.take(byAddress, false, "203.0.113.7/32", now)
	}
	if g.take(byAddress, false, "203.0.113.7/32", now) == 0 {
		t.Fatal("no limit")
	}
	for i := range 200_000 {
		g.take(byAddress, false, fmt.Sprint("stranger ", i), now)
	}
	if g.take(byAddress, false, "203.0.113.7/32", now) == 0 {
		t.Error("strangers washed the limit away")
	}
	if sizeMax != 1<<20 {
		t.Error("the comment says 1 MiB")
	}
}

func TestNetworks(t *testing.T) {
	for text, want := range map[string]string{
		"203.0.113.7": "203.0.113.7/32 203.0.113.0/24", "2001:db8:1:2:3::4": "2001:db8:1:2::/64 2001:db8:1::/48",
	} {
		near, far := networks(netip.MustParseAddr(text))
		if got := near.String() + " " + far.String(); got != want {
			t.Errorf("%s: %s, not %s", text, got, want)
		}
	}
}

// moving is a bench whose clock can be set forward.
func moving(t *testing.T, change func(*setup)) (*bench, func(time.Duration)) {
	var ahead atomic.Int64
	b := begin(t, func(s *setup) {
		begun := s.options.Now()
		s.options.Now = func() time.Time { return begun.Add(time.Duration(ahead.Load())) }
		if change != nil {
			change(s)
		}
	})
	return b, func(d time.Duration) { ahead.Add(int64(d)) }
}

func from(address string) []string { return []string{"X-Forwarded-For", address} }

func behindProxy(s *setup) {
	s.options.TrustedProxies = []netip.Prefix{netip.MustParsePrefix("127.0.0.0/8")}
}

var hiddenInput = regexp.MustCompile(`<input type="hidden" name="([^"]*)" value="([^"]*)">`)

// carried is what the page with one more button sends when it is pressed.
func carried(page string) url.Values {
	v := url.Values{}
	for _, m := range hiddenInput.FindAllStringSubmatch(page, -1) {
		v.Add(html.UnescapeString(m[1]), html.UnescapeString(m[2]))
	}
	return v
}

// Over the limit of an address a program is told to wait and a browser to press
// a button. The text goes with it, is stored once, and others are not disturbed.
func TestOverTheLimit(t *testing.T) {
	b, forward := moving(t, behindProxy)
	many := allowances()[byAddress].plain.burst
	for i := range many {
		b.want("below", b.post("newsletter", card(fmt.Sprintf("a%d@example%d.com", i, i)), from("203.0.113.7")...).status, 303)
	}
	text := "My \"text\"\r\n& <b>more</b>"
	program := b.send("POST", "/_/f/newsletter", urlencoded, card("p@example.com").Encode(), append(from("203.0.113.7"), "Accept", "application/json")...)
	b.want("a program", program.status, 429)
	b.want("when", program.header.Get("Retry-After"), "60")
	b.want("how", program.header.Get("Content-Type"), "application/problem+json")
	page := b.post("newsletter", card("late@example.com", "message", text, "stranger", "kept"), from("203.0.113.7")...)
	b.want("a browser", page.status, 429)
	b.want("when", page.header.Get("Retry-After"), "60")
	if strings.Contains(page.body, "<b>") {
		t.Error("the text is not escaped")
	}
	b.want("nothing is stored before", len(b.stored()), many)
	again := carried(page.body)
	b.want("text", again.Get("message"), text)
	b.want("stranger", again.Get("stranger"), "kept")

	b.want("pressed in no time", b.post("newsletter", again, from("203.0.113.7")...).status, 429)
	soon := carried(b.post("newsletter", again, from("203.0.113.7")...).body)
	b.want("who is quick keeps the token", soon.Get("_token"), again.Get("_token"))
	forward(3 * time.Second)
	b.want("pressed", b.post("newsletter", again, from("203.0.113.7")...).status, 303)
	b.want("pressed twice", b.post("newsletter", again, from("203.0.113.7")...).status, 303)
	b.want("stored once", len(b.stored()), many+1)
	last := b.stored()[many]
	b.want("whole", last.Fields[1].Value, "My \"text\"\n& <b>more</b>")

	b.want("a neighbour", b.post("newsletter", card("n@example.com"), from("203.0.113.8")...).status, 303)
	forward(time.Minute)
	b.want("later", b.post("newsletter", card("later@example.com"), from("203.0.113.7")...).status, 303)
	b.want("an address that nobody vouches for is not believed", len(b.log.String()), 0)
}

// Whoever holds a token still has a limit, and one token is not for ever.
func TestTokenIsWorn(t *testing.T) {
	b, forward := moving(t, behindProxy)
	for i := range allowances()[byAddress].plain.burst {
		b.post("newsletter", card(fmt.Sprintf("a%d@example%d.com", i, i)), from("203.0.113.7")...)
	}
	token := b.send("GET", "/_/t?f=newsletter", "", "").body
	forward(5 * time.Second)
	send := func(form, token string) int {
		return b.post(form, card("t@example.com", "_token", token), from("203.0.113.7")...).status
	}
	b.want("of another form", send("offer", token), 422) // consent is missing: nothing is counted
	for range allowances()[byToken].plain.burst {
		b.want("holds", send("newsletter", token), 303)
	}
	b.want("worn", send("newsletter", token), 429)
	other := b.send("GET", "/_/t?f=poll", "", "").body
	forward(5 * time.Second)
	b.want("of another form", send("newsletter", other), 429)
	for _, bad := range []string{"", "x", strings.Repeat("A", 43), token[:42] + "!", token + token} {
		b.want("no token", send("newsletter", bad), 429)
	}
	b.want("no form", b.send("GET", "/_/t?f=nothing", "", "").status, 204)
	b.want("another site may not read it", b.send("GET", "/_/t?f=poll", "", "", "Origin", "https://evil.example").header.Get("Access-Control-Allow-Origin"), "")
	b.want("the site may", b.send("GET", "/_/t?f=poll", "", "", "Origin", "https://blog.example").header.Get("Access-Control-Allow-Origin"), "https://blog.example")
}

// A token of the evening holds in the night, and not on the next day.
func TestTokenLives(t *testing.T) {
	b, forward := moving(t, nil)
	now := func() time.Time { return b.now() }
	holds := func(text string) bool {
		token, _ := b.tracker.tokenOf(b.tracker.salts(t.Context(), now()), "poll", text, now())
		return token != nil
	}
	forward(11 * time.Hour) // 23:00
	token := b.send("GET", "/_/t?f=poll", "", "").body
	b.want("unripe", holds(token), false)
	forward(2 * time.Second)
	b.want("ripe", holds(token), true)
	forward(2 * time.Hour)
	b.want("after midnight", holds(token), true)
	forward(5 * time.Hour)
	b.want("too old", holds(token), false)
}

// Limits of a network and of a form hold where each address alone is below its own.
func TestManyAddresses(t *testing.T) {
	g := allowances()
	b, _ := moving(t, behindProxy)
	status := 0
	for i := range g[byNetwork].plain.burst + 1 {
		status = b.post("poll", url.Values{"_post": {"/posts/a/"}, "colour": {"red"}}, from(fmt.Sprintf("198.51.100.%d", i))...).status
	}
	b.want("beyond the limit of the network", status, 429)
	for i := range g[byForm].plain.burst - g[byNetwork].plain.burst + 1 {
		status = b.post("poll", url.Values{"_post": {"/posts/a/"}, "colour": {"red"}}, from(fmt.Sprintf("2001:db8:%x::1", i))...).status
	}
	b.want("beyond the limit of the form", status, 429)
	b.want("another form", b.post("newsletter", card("a@example.com"), from("192.0.2.1")...).status, 303)
}

// Limits of mail silence it, and nobody can tell: of a domain here, of one address
// where mail is written down.
func TestRecipientIsLeftAlone(t *testing.T) {
	b, forward := moving(t, nil)
	quiet := func(domain string, n int) (count int) {
		for i := range n {
			if b.tracker.silences(fmt.Sprintf("u%d@%s", i, domain), b.now()) {
				count++
			}
		}
		return count
	}
	b.want("of one domain", quiet("company.example", 150), 50)
	b.want("however it is written", quiet("COMPANY.example", 1), 1)
	b.want("of a provider", quiet("gmail.com", 150), 0)
	b.want("of nobody", b.tracker.silences("", b.now()), false)
	asked := func() (n int) {
		all, err := b.store.Messages(t.Context(), time.Time{})
		if err != nil {
			t.Fatal(err)
		}
		for _, m := range all {
			if m.Kind == outbox.Confirm {
				n++
			}
		}
		return n
	}
	first := b.post("offer", card("eva@example.com", "consent", "yes"))
	second := b.post("offer", card("EVA@example.com", "consent", "yes", "_post", "/posts/b/"))
	b.want("status", second.status, first.status)
	b.want("location", second.header.Get("Location"), first.header.Get("Location"))
	b.want("within the hour", asked(), 1)
	for i := range 5 {
		forward(61 * time.Minute)
		b.post("offer", card("eva@example.com", "consent", "yes", "_post", fmt.Sprintf("/posts/%d/", i)))
	}
	b.want("within the day", asked(), 3)
}

// A card that could not be stored has not been written to: when it comes again,
// its mail is due.
func TestUnstoredIsUnwritten(t *testing.T) {
	failing := &failingStore{}
	b := begin(t, nil)
	failing.Store, b.tracker.store = b.tracker.store, failing
	for i := range allowances()[byDomain].plain.burst - 1 {
		b.tracker.silences(fmt.Sprintf("u%d@example.com", i), b.now())
	}
	failing.fails.Store(true)
	b.want("not stored", b.post("newsletter", card("ana@example.com")).status, 503)
	failing.fails.Store(false)
	b.want("again", b.post("newsletter", card("ana@example.com")).status, 303)
	b.want("its mail is due", failing.silent.Load(), false)
	b.want("another post", b.post("newsletter", card("ana@example.com", "_post", "/posts/b/")).status, 303)
	b.want("no more mail to that domain just now", failing.silent.Load(), true)
}

// failingStore is a store whose disk is sometimes full, and which notes what it
// was told of the last card.
type failingStore struct {
	store.Store
	fails, silent atomic.Bool
}

func (s *failingStore) Submit(ctx context.Context, sub store.Submission) (store.Receipt, error) {
	s.silent.Store(sub.Silent)
	if s.fails.Load() {
		return store.Receipt{}, store.ErrUnavailable
	}
	return s.Store.Submit(ctx, sub)
}

// A proxy that is not trusted is not believed, and is spoken of once.
func TestUntrustedProxy(t *testing.T) {
	b := begin(t, nil)
	status := 0
	for i := range allowances()[byAddress].plain.burst + 1 {
		status = b.post("newsletter", card(fmt.Sprintf("a%d@example.com", i)), from(fmt.Sprintf("203.0.113.%d", i))...).status
	}
	b.want("all are one", status, 429)
	b.want("said once", strings.Count(b.log.String(), "trustedProxies"), 1)
}

func FuzzToken(f *testing.F) {
	salt, now := []byte("0123456789abcdef"), time.Date(2026, 11, 22, 12, 0, 0, 0, time.UTC)
	good := makeToken(salt, "poll", now)
	f.Add(good)
	f.Add("")
	f.Add(strings.Repeat("A", 43))
	f.Fuzz(func(t *testing.T, text string) {
		_, made, ok := readToken([][]byte{salt}, "poll", text)
		if ok && (text != good && len(text) != len(good) || made.IsZero()) {
			t.Errorf("%q is taken for a token", text)
		}
		if _, _, ok := readToken([][]byte{salt}, "newsletter", good); ok {
			t.Error("one form's token holds for another")
		}
	})
}
