package tracker

import (
	"encoding/base64"
	"fmt"
	"net/http"
	"net/netip"
	"net/url"
	"strings"
	"testing"
	"time"

	"golang.org/x/crypto/argon2"
)

const page = "text/html,application/xhtml+xml,*/*;q=0.8"

// logIn sends a password as the login page does, and returns the answer and the
// cookie it sets.
func (b *bench) logIn(password string, headers ...string) (answer, string) {
	b.Helper()
	headers = append([]string{"Accept", page, "Sec-Fetch-Site", "same-origin"}, headers...)
	a := b.send("POST", "/_/login", urlencoded, url.Values{"password": {password}, "next": {"/_/report/?since=7d"}}.Encode(), headers...)
	cookie, _, _ := strings.Cut(a.header.Get("Set-Cookie"), ";")
	return a, cookie
}

func (b *bench) reportWith(cookie string) int {
	b.Helper()
	return b.send("GET", "/_/report/", "", "", "Accept", page, "Cookie", cookie).status
}

func TestLogin(t *testing.T) {
	now := time.Date(2026, 11, 22, 12, 0, 0, 0, time.UTC)
	clock := func() time.Time { return now }
	hash := HashPassword("correct horse")
	b := begin(t, func(s *setup) {
		s.options.Password, s.options.Now = hash, clock
		s.options.TrustedProxies = []netip.Prefix{netip.MustParsePrefix("127.0.0.0/8")}
	})
	asked := b.send("GET", "/_/report/?since=7d", "", "", "Accept", page)
	b.want("a person is led to the login", asked.status, 303)
	b.want("and back afterwards", asked.header.Get("Location"), "/_/login?next=%2F_%2Freport%2F%3Fsince%3D7d")
	form := b.send("GET", asked.header.Get("Location"), "", "", "Accept", page)
	b.want("login page", form.status, 200)
	b.contains(form.body, `autocomplete="current-password"`, `value="/_/report/?since=7d"`, "/assets/site.css")

	wrong, cookie := b.logIn("wrong horse")
	b.want("wrong", wrong.status, 401)
	b.want("wrong opens nothing", cookie, "")
	b.contains(wrong.body, "That is not the password", `aria-invalid="true"`)

	right, cookie := b.logIn("correct horse", "X-Forwarded-Proto", "https")
	b.want("right", right.status, 303)
	b.want("where to", right.header.Get("Location"), "/_/report/?since=7d")
	set := right.header.Get("Set-Cookie")
	for _, flag := range []string{"Path=/_/", "HttpOnly", "SameSite=Strict", "Secure"} {
		b.contains(set, flag)
	}
	b.want("in", b.reportWith(cookie), 200)
	b.want("the login page leads on", b.send("GET", "/_/login", "", "", "Accept", page, "Cookie", cookie).status, 303)
	_, plain := b.logIn("correct horse")
	b.want("without encryption the cookie does not ask for it", strings.Contains(plain, "Secure"), false)

	// A cookie is whole or nothing.
	ticket, _ := base64.RawURLEncoding.DecodeString(strings.TrimPrefix(cookie, "cardbowl="))
	for bit := range len(ticket) * 8 {
		changed := append([]byte{}, ticket...)
		changed[bit/8] ^= 1 << (bit % 8)
		r, _ := http.NewRequest("GET", "/", nil)
		r.AddCookie(&http.Cookie{Name: "cardbowl", Value: base64.RawURLEncoding.EncodeToString(changed)})
		if got := b.tracker.door.session(r); got != noSession {
			t.Fatalf("with bit %d changed the cookie is worth %d", bit, got)
		}
	}

	// It ends with the password, and by the clock; another start changes nothing.
	other := func(password string) int {
		o := begin(t, func(s *setup) { s.options.Password, s.options.Now = password, clock })
		return o.reportWith(cookie)
	}
	b.want("started again", other(hash), 200)
	b.want("another password", other(HashPassword("battery")), 303)
	b.want("the same password hashed anew", other(HashPassword("correct horse")), 303)
	now = now.Add(sessionFor - time.Second)
	b.want("just before its end", b.reportWith(cookie), 200)
	now = now.Add(time.Second)
	b.want("at its end", b.reportWith(cookie), 303)
	ended := b.send("POST", "/_/report/lead/x/note", urlencoded, "note=long", "Accept", page, "Cookie", cookie, "Sec-Fetch-Site", "same-origin")
	if ended.status == 200 || ended.status == 303 {
		t.Errorf("a POST after the end of the session: %d", ended.status)
	}

	out := b.send("POST", "/_/logout", urlencoded, "", "Accept", page, "Cookie", cookie, "Sec-Fetch-Site", "same-origin")
	b.want("logout", out.status, 303)
	b.contains(out.header.Get("Set-Cookie"), "Max-Age=0")
}

// A plain password keeps its sessions over a restart, too.
func TestLoginPlainPassword(t *testing.T) {
	begun := func(password string) *bench { return begin(t, func(s *setup) { s.options.Password = password }) }
	_, cookie := begun("right").logIn("right")
	if got := begun("right").reportWith(cookie); got != 200 {
		t.Errorf("after a restart: %d", got)
	}
	if got := begun("left").reportWith(cookie); got != 303 {
		t.Errorf("with another password: %d", got)
	}
}

// Another site cannot make a browser log in, log out, or change anything.
func TestLoginFromElsewhere(t *testing.T) {
	b := begin(t, func(s *setup) { s.options.Password, s.options.Token = "right", "token" })
	for _, from := range []string{"cross-site", "same-site"} {
		a := b.send("POST", "/_/login", urlencoded, "password=right", "Accept", page, "Sec-Fetch-Site", from)
		b.want(from+" login", a.status, 403)
		b.want(from+" logout", b.send("POST", "/_/logout", urlencoded, "", "Sec-Fetch-Site", from).status, 403)
	}
	b.want("an old browser", b.send("POST", "/_/login", urlencoded, "password=right", "Origin", "https://evil.example").status, 403)
	for _, next := range []string{"https://evil.example/", "//evil.example/", `/\evil.example`, "/_/report/../../x", "/_/report/\r\nSet-Cookie: a=b", "javascript:alert(1)", "/posts/a/", "/_/report/..%2f..%2fx", ""} {
		a := b.send("POST", "/_/login", urlencoded, url.Values{"password": {"right"}, "next": {next}}.Encode())
		b.want(next, a.header.Get("Location"), "/_/report/")
	}
	// A site's own forms are sent from anywhere, as before.
	b.want("a card", b.post("newsletter", card("ana@example.com"), "Sec-Fetch-Site", "cross-site").status, 303)
}

// cheapHash is of "right", and costs next to nothing.
func cheapHash() string {
	salt := []byte("saltsaltsalt")
	encode := base64.RawStdEncoding.EncodeToString
	return "$argon2id$v=19$m=8,t=1,p=1$" + encode(salt) + "$" + encode(argon2.IDKey([]byte("right"), salt, 1, 8, 1, 32))
}

// Whoever guesses has few tries; who has been in before is not kept out by them.
func TestLoginTries(t *testing.T) {
	now := time.Date(2026, 11, 22, 12, 0, 0, 0, time.UTC)
	b := begin(t, func(s *setup) {
		s.options.Password, s.options.Now = cheapHash(), func() time.Time { return now }
		s.options.TrustedProxies = []netip.Prefix{netip.MustParsePrefix("127.0.0.0/8")}
	})
	from := func(network, host int) []string {
		return []string{"X-Forwarded-For", fmt.Sprintf("198.%d.%d.%d", network/256, network%256, host)}
	}
	_, owner := b.logIn("right", from(255, 1)...)
	for i := range triesPerNetwork {
		a, _ := b.logIn("wrong", from(0, i)...)
		b.want("a try", a.status, 401)
	}
	a, _ := b.logIn("right", from(0, 99)...)
	b.want("the same network, even with the right one once known", a.status, 303)
	b.tracker.door.right.Store(nil)
	a, _ = b.logIn("right", from(0, 99)...)
	b.want("the same network", a.status, 429)
	b.want("when to come back", a.header.Get("Retry-After"), "60")
	a = b.send("GET", "/_/report/", "", "", append([]string{"Authorization", "Basic YW5uOndyb25n"}, from(0, 7)...)...)
	b.want("by Basic", a.status, 429)
	now = now.Add(time.Minute)
	a, _ = b.logIn("wrong", from(0, 1)...)
	b.want("a minute later", a.status, 401)

	// From many networks, all share what there is.
	tried := 0
	for network := 1; network < 400; network++ {
		if a, _ := b.logIn("wrong", from(network, 1)...); a.status == 401 {
			tried++
		}
	}
	if tried < triesTogether-10 || tried > triesTogether {
		t.Errorf("%d tries from 399 networks", tried)
	}
	b.tracker.door.right.Store(nil)
	a, _ = b.logIn("right", from(500, 1)...)
	b.want("a stranger", a.status, 429)
	a, _ = b.logIn("right", append(from(500, 2), "Cookie", owner)...)
	b.want("whose browser was in before", a.status, 303)
	b.want("whoever is in", b.reportWith(owner), 200)
	if strings.Contains(b.log.String(), "198.") {
		t.Error("an address stands in the log")
	}
}

// However many networks there are, what is kept of them is bounded.
func TestAttemptsAreBounded(t *testing.T) {
	var a attempts
	now := time.Unix(1_800_000_000, 0)
	for i := range 3 * mostNetworks {
		a.take(netip.AddrFrom4([4]byte{byte(i >> 16), byte(i >> 8), byte(i), 1}), true, now)
	}
	if len(a.networks) > mostNetworks {
		t.Errorf("%d networks are kept", len(a.networks))
	}
	a.take(netip.AddrFrom4([4]byte{9, 9, 9, 9}), true, now.Add(time.Hour))
	if len(a.networks) > 2 {
		t.Errorf("an hour later %d networks are kept", len(a.networks))
	}
}

func TestHashes(t *testing.T) {
	// From the tests of the reference implementation, argon2/src/test.c, and the same with a shorter sum.
	const known = "$argon2id$v=19$m=65536,t=2,p=1$c29tZXNhbHQ$CTFhFdXPJO1aFaMaO6Mm5c8y7cJHAph8ArZWb2GRPPc"
	s, err := parseSecret(known)
	if err != nil || !s.matches("password") || s.matches("Password") {
		t.Errorf("the published hash: %v", err)
	}
	for _, bad := range []string{
		"$argon2id$", "$argon2i$v=19$m=65536,t=2,p=1$c29tZXNhbHQ$CTFhFdXPJO1aFaMaO6Mm5c8y7cJHAph8ArZWb2GRPPc",
		"$argon2id$v=16$m=65536,t=2,p=1$c29tZXNhbHQ$CTFhFdXPJO1aFaMaO6Mm5c8y7cJHAph8ArZWb2GRPPc",
		"$argon2id$v=19$m=4194304,t=2,p=1$c29tZXNhbHQ$CTFhFdXPJO1aFaMaO6Mm5c8y7cJHAph8ArZWb2GRPPc",
		"$argon2id$v=19$m=65536,t=0,p=1$c29tZXNhbHQ$CTFhFdXPJO1aFaMaO6Mm5c8y7cJHAph8ArZWb2GRPPc",
		"$argon2id$v=19$m=65536,t=2,p=1$c29t$CTFhFdXPJO1aFaMaO6Mm5c8y7cJHAph8ArZWb2GRPPc",
		"$argon2id$v=19$m=65536,t=2,p=1$c29tZXNhbHQ$!!",
	} {
		if CheckPassword(bad) == nil {
			t.Errorf("%s is taken for a hash", bad)
		}
		if secretOf(bad).matches("password") || secretOf(bad).matches(bad) {
			t.Errorf("%s admits somebody", bad)
		}
	}
	if err := CheckPassword("plain $argon2id"); err != nil {
		t.Error(err)
	}
}

func TestScopes(t *testing.T) {
	b := begin(t, func(s *setup) { s.options.Token, s.options.ReadToken = "whole", "part" })
	for _, token := range []string{"whole", "part"} {
		for _, path := range []string{"/_/api/v1/report", "/_/metrics"} {
			b.want(token+path, b.send("GET", path, "", "", "Authorization", "Bearer "+token).status, 200)
		}
	}
	b.want("none", b.send("GET", "/_/api/v1/report", "", "", "Authorization", "Bearer ").status, 401)
	only := begin(t, func(s *setup) { s.options.ReadToken = "part" })
	only.want("without the whole", only.send("GET", "/_/api/v1/report", "", "", "Authorization", "Bearer ").status, 401)
	only.want("with the part", only.send("GET", "/_/api/v1/report", "", "", "Authorization", "Bearer part").status, 200)
}
