package tracker

import (
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"html"
	"math"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"time"
)

const (
	sessionCookie = "cardbowl"
	sessionFor    = 30 * 24 * time.Hour  // from the login on, whatever is done meanwhile
	rememberFor   = 180 * 24 * time.Hour // how long a browser is known to have been let in before
	loginPath     = "/_/login"
	startPage     = "/_/report/"
	loginLimit    = 16 << 10 // bytes of a login form
	hashesAtOnce  = 2        // passwords that are looked at at the same time: each takes 19 MiB
)

// door is who may come in: whoever knows the password. Sessions are signed and
// stored nowhere; the key comes from the password, so they end with it.
type door struct {
	secret   func() secret // made once, when first needed: it takes a while
	attempts attempts
	hashing  chan struct{}
	trusted  []netip.Prefix
	now      func() time.Time

	salt  []byte                 // of right, for this process alone
	right atomic.Pointer[[]byte] // the password that was right last, hashed: a program that sends it with every request costs no Argon2 each time
}

func newDoor(o Options, now func() time.Time) *door {
	salt := make([]byte, 32)
	_, _ = rand.Read(salt) // never fails
	return &door{
		secret: sync.OnceValue(func() secret { return secretOf(o.Password) }), hashing: make(chan struct{}, hashesAtOnce),
		trusted: o.TrustedProxies, now: now, salt: salt,
	}
}

// session is what a cookie proves.
type session int

const (
	noSession session = iota
	oldSession
	openSession
)

// newCookie is a new session.
func (d *door) newCookie(r *http.Request) *http.Cookie {
	ticket := make([]byte, 24)
	binary.BigEndian.PutUint64(ticket, uint64(d.now().Add(sessionFor).Unix()))
	_, _ = rand.Read(ticket[8:])
	c := d.cookie(r)
	c.Value = base64.RawURLEncoding.EncodeToString(append(ticket, d.sign(ticket)...))
	c.MaxAge = int(rememberFor.Seconds())
	return c
}

// cookie is the session cookie without a session. It goes to the pages under
// /_/ alone, is no business of scripts, and no other site can make a browser send it.
func (d *door) cookie(r *http.Request) *http.Cookie {
	return &http.Cookie{Name: sessionCookie, Path: "/_/", HttpOnly: true, Secure: isEncrypted(r, d.trusted), SameSite: http.SameSiteStrictMode}
}

func (d *door) sign(ticket []byte) []byte {
	h := hmac.New(sha256.New, d.secret().key())
	h.Write(ticket)
	return h.Sum(nil)
}

// session reads the cookie of a request.
func (d *door) session(r *http.Request) session {
	for _, c := range r.CookiesNamed(sessionCookie) {
		text, err := base64.RawURLEncoding.DecodeString(c.Value)
		if err != nil || len(text) != 24+sha256.Size || !hmac.Equal(text[24:], d.sign(text[:24])) {
			continue
		}
		if until := binary.BigEndian.Uint64(text); until > math.MaxInt64 || d.now().Unix() >= int64(until) {
			return oldSession
		}
		return openSession
	}
	return noSession
}

// try looks at a password, and takes its time over it. Without a try left it
// says how long to wait.
func (d *door) try(r *http.Request, password string) (right bool, wait time.Duration) {
	h := hmac.New(sha256.New, d.salt)
	h.Write([]byte(password))
	sum := h.Sum(nil)
	if last := d.right.Load(); last != nil && hmac.Equal(*last, sum) {
		return true, 0
	}
	from := clientAddress(r, d.trusted)
	if wait := d.attempts.take(from, d.session(r) != noSession, d.now()); wait > 0 {
		return false, wait
	}
	select {
	case d.hashing <- struct{}{}:
		defer func() { <-d.hashing }()
	case <-r.Context().Done():
		return false, time.Second
	}
	if !d.secret().matches(password) {
		return false, 0
	}
	d.attempts.succeeded(from)
	d.right.Store(&sum)
	return true, 0
}

// isEncrypted tells whether the browser's own connection is: to us, or to a
// proxy that we trust and that says so.
func isEncrypted(r *http.Request, trusted []netip.Prefix) bool {
	if r.TLS != nil {
		return true
	}
	peer := parseHop(r.RemoteAddr)
	return strings.EqualFold(r.Header.Get("X-Forwarded-Proto"), "https") &&
		slices.ContainsFunc(trusted, func(p netip.Prefix) bool { return p.Contains(peer) })
}

// ownSite lets nothing through that another site makes a browser send.
func ownSite(next http.HandlerFunc) http.Handler {
	return http.NewCrossOriginProtection().Handler(next)
}

// withPassword admits whoever knows the password: a person by a session, a
// program by HTTP Basic. Without a password it admits nobody, but for a preview's
// own machine. Nothing that another site makes a browser send gets through.
func (t *Tracker) withPassword(next http.HandlerFunc) http.Handler {
	return ownSite(func(w http.ResponseWriter, r *http.Request) {
		if t.options.Password == "" {
			if t.options.OpenReport && isLocal(r) {
				next(w, r)
				return
			}
			t.closed(w, r)
			return
		}
		if t.door.session(r) == openSession {
			next(w, r)
			return
		}
		_, given, tried := r.BasicAuth() // any user name will do
		switch {
		case tried:
			right, wait := t.door.try(r, given)
			if wait > 0 {
				t.tooManyTries(w, r, wait)
				return
			}
			if right {
				next(w, r)
				return
			}
		case wantsPage(r) && (r.Method == http.MethodGet || r.Method == http.MethodHead):
			http.Redirect(w, r, loginPath+"?"+url.Values{"next": {r.URL.RequestURI()}}.Encode(), http.StatusSeeOther)
			return
		case wantsPage(r):
			t.sendPage(w, r, t.site.Load(), http.StatusUnauthorized, "Your session has ended",
				`<p>Nothing was changed. <a href="`+loginPath+`" target="_blank">Log in in another tab</a>, come back to this one, go back a page, and send it again: what you typed is still there.</p>`)
			return
		}
		w.Header().Set("WWW-Authenticate", `Basic realm="Cardbowl report", charset="UTF-8"`)
		t.refuse(w, r, t.site.Load(), http.StatusUnauthorized, "Password, please", "The report is behind the password that the tracker was started with.")
	})
}

func (t *Tracker) closed(w http.ResponseWriter, r *http.Request) {
	t.refuse(w, r, t.site.Load(), http.StatusForbidden, "The report is closed",
		"Set CARDBOWL_PASSWORD for the tracker and start it again; then this page asks for it. On the machine itself `cardbowl report` needs no password.")
}

// wantsPage tells a browser from a program: it asks for HTML by name.
func wantsPage(r *http.Request) bool { return strings.Contains(r.Header.Get("Accept"), "text/html") }

func (t *Tracker) tooManyTries(w http.ResponseWriter, r *http.Request, wait time.Duration) {
	seconds := max(int(math.Ceil(wait.Seconds())), 1)
	w.Header().Set("Retry-After", strconv.Itoa(seconds))
	t.refuse(w, r, t.site.Load(), http.StatusTooManyRequests, "Too many tries",
		"Too many wrong passwords were tried. Please wait "+strconv.Itoa(seconds)+" seconds, and try again.")
}

// askPassword is the page to log in on.
func (t *Tracker) askPassword(w http.ResponseWriter, r *http.Request) {
	if t.options.Password == "" {
		t.closed(w, r)
		return
	}
	next := ownAddress(r.URL.Query().Get("next"))
	if t.door.session(r) == openSession {
		http.Redirect(w, r, next, http.StatusSeeOther)
		return
	}
	t.loginPage(w, r, next, http.StatusOK, "")
}

func (t *Tracker) loginPage(w http.ResponseWriter, r *http.Request, next string, status int, wrong string) {
	described, note := "", ""
	if wrong != "" {
		described = ` aria-invalid="true" aria-describedby="login-wrong"`
		note = `<p class="bowl-error" id="login-wrong">` + html.EscapeString(wrong) + "</p>\n"
	}
	t.sendPage(w, r, t.site.Load(), status, "Log in", `<form class="bowl" method="post" action="`+loginPath+`">
<input type="hidden" name="next" value="`+html.EscapeString(next)+`">
<input type="text" name="username" value="owner" autocomplete="username" hidden>
<p><label for="login-password">The password of this site</label>
<input type="password" id="login-password" name="password" autocomplete="current-password" required autofocus`+described+`></p>
`+note+`<p><button type="submit">Log in</button></p>
</form>`)
}

// logIn takes the password of a person. The answer to a wrong one says nothing of
// how wrong it was.
func (t *Tracker) logIn(w http.ResponseWriter, r *http.Request) {
	if t.options.Password == "" {
		t.closed(w, r)
		return
	}
	r.Body = http.MaxBytesReader(w, r.Body, loginLimit)
	if err := r.ParseForm(); err != nil {
		t.refuse(w, r, t.site.Load(), http.StatusBadRequest, "Unreadable form", "The form did not arrive whole. Please go back and send it again.")
		return
	}
	next := ownAddress(r.PostForm.Get("next"))
	right, wait := t.door.try(r, r.PostForm.Get("password"))
	switch {
	case wait > 0:
		t.tooManyTries(w, r, wait)
	case !right:
		t.logger.Warn("a wrong password was tried")
		t.loginPage(w, r, next, http.StatusUnauthorized, "That is not the password of this site.")
	default:
		http.SetCookie(w, t.door.newCookie(r))
		http.Redirect(w, r, next, http.StatusSeeOther)
	}
}

// logOut makes the browser forget its session.
func (t *Tracker) logOut(w http.ResponseWriter, r *http.Request) {
	c := t.door.cookie(r)
	c.MaxAge = -1
	http.SetCookie(w, c)
	http.Redirect(w, r, loginPath, http.StatusSeeOther)
}

// ownAddress is where to go after the login: a page of the dashboard, and no
// other, whatever was asked for.
func ownAddress(asked string) string {
	u, err := url.Parse(asked)
	if err != nil || u.Scheme != "" || u.Host != "" || u.User != nil || u.Opaque != "" || !strings.HasPrefix(u.Path, startPage) ||
		strings.ContainsAny(u.Path, "\\\r\n") || strings.Contains(u.Path, "..") {
		return startPage
	}
	return (&url.URL{Path: u.Path, RawQuery: u.RawQuery}).String()
}

// scope is what a token opens.
type scope int

const (
	reading scope = iota // what changes nothing
	writing              // everything
)

// withToken admits whoever carries a token that opens this much.
func (t *Tracker) withToken(needed scope, next http.HandlerFunc) http.Handler {
	return ownSite(func(w http.ResponseWriter, r *http.Request) {
		if t.options.Token == "" && t.options.ReadToken == "" {
			sendProblem(w, http.StatusForbidden, "the API is closed: set CARDBOWL_TOKEN or CARDBOWL_READ_TOKEN for the tracker", nil)
			return
		}
		scheme, given, _ := strings.Cut(r.Header.Get("Authorization"), " ")
		given = strings.TrimSpace(given)
		whole := same(given, t.token) && t.options.Token != ""
		partly := same(given, t.readToken) && t.options.ReadToken != ""
		switch {
		case !strings.EqualFold(scheme, "Bearer") || !whole && !partly:
			w.Header().Set("WWW-Authenticate", `Bearer realm="Cardbowl"`)
			sendProblem(w, http.StatusUnauthorized, "send the header Authorization: Bearer TOKEN", nil)
		case needed == writing && !whole:
			w.Header().Set("WWW-Authenticate", `Bearer realm="Cardbowl", error="insufficient_scope"`)
			sendProblem(w, http.StatusForbidden, "this token may read and change nothing; the one in CARDBOWL_TOKEN may", nil)
		default:
			next(w, r)
		}
	})
}

// isLocal tells whether the request comes from this machine, through no proxy,
// and by a name that only this machine answers to: a page elsewhere could else
// lead a browser here under a name of its own.
func isLocal(r *http.Request) bool {
	if r.Header.Get("X-Forwarded-For") != "" || r.Header.Get("Forwarded") != "" || !parseHop(r.RemoteAddr).IsLoopback() {
		return false
	}
	host := r.Host
	if name, _, err := net.SplitHostPort(host); err == nil {
		host = name
	}
	return strings.EqualFold(host, "localhost") || parseHop(host).IsLoopback()
}
