package tracker

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"fmt"
	"io/fs"
	"log/slog"
	"net/http"
	"net/netip"
	"sync"
	"sync/atomic"
	"time"

	"cardbowl/generator/internal/manifest"
	"cardbowl/generator/internal/store"
)

// Options are everything a tracker depends on.
type Options struct {
	Store          store.Store
	TrustedProxies []netip.Prefix   // whose X-Forwarded-For is believed
	GuardOff       bool             // no limits, no folding, robots counted: for a preview, load tests and closed networks
	Password       string           // of the report page, plain or as HashPassword gives it; empty: see OpenReport
	Token          string           // of the API; empty: nothing can be changed through it
	ReadToken      string           // of the API, and opens what changes nothing; without either token there is no API
	OpenReport     bool             // the report page needs no password from this machine itself; for a preview alone, since behind a proxy everyone comes from this machine
	Policy         string           // Content-Security-Policy of the site's pages; empty: the built-in one
	Elsewhere      string           // origin that the pages' forms post to when it is not this one
	Now            func() time.Time // nil: the clock
	Logger         *slog.Logger     // nil: nothing is said
	Downloads      fs.FS            // the files that forms deliver, by form.Definition.File; nil: there are none
	Wake           func()           // there may be something in the outbox; nil: nobody wants to know
}

// Tracker answers requests. Its methods may be called by many goroutines.
type Tracker struct {
	store   store.Store
	options Options
	logger  *slog.Logger
	now     func() time.Time
	site    atomic.Pointer[site]
	serving atomic.Bool // the site's pages come from us, so we count them ourselves
	routes  http.Handler
	metrics *metrics
	door    *door

	token, readToken [sha256.Size]byte

	saltMutex sync.Mutex
	salt      []byte
	saltDay   string
	saltLast  []byte // of the day before, if we were there; tokens of late evening are made with it

	knownMutex sync.Mutex
	known      map[string]bool // pages and sentences the store has been told of
	noted      []manifest.Page // those of the last manifest that it was told of

	placesMutex sync.Mutex
	places      map[string]bool

	origins origins

	guard   *guard
	blinded sync.Once // said that a proxy is not trusted
}

// New makes a tracker that knows no site yet: until SetManifest every form is
// unknown and it is not ready.
func New(o Options) *Tracker {
	t := &Tracker{store: o.Store, options: o, logger: o.Logger, now: o.Now, known: map[string]bool{}, places: map[string]bool{}}
	if t.logger == nil {
		t.logger = slog.New(slog.DiscardHandler)
	}
	if t.now == nil {
		t.now = time.Now
	}
	t.guard = newGuard()
	if t.options.Wake == nil {
		t.options.Wake = func() {}
	}
	t.metrics = newMetrics(time.Now())
	t.door = newDoor(o, t.now)
	t.token, t.readToken = sha256.Sum256([]byte(o.Token)), sha256.Sum256([]byte(o.ReadToken))
	t.site.Store(unknownSite())
	t.routes = t.newRoutes()
	return t
}

// ServeHTTP answers everything under /_/.
func (t *Tracker) ServeHTTP(w http.ResponseWriter, r *http.Request) { t.routes.ServeHTTP(w, r) }

// Handler answers everything: /_/ itself, the rest by what serves the site,
// whose pages it counts. Nil means that the site is served elsewhere.
func (t *Tracker) Handler(pages http.Handler) http.Handler {
	mux := http.NewServeMux()
	mux.Handle("/_/", t)
	if pages != nil {
		mux.Handle("/", t.Site(pages))
	}
	return t.measure(t.survive(mux))
}

// Manifest is the site as the tracker knows it now.
func (t *Tracker) Manifest() manifest.Manifest { return t.site.Load().manifest }

// SetManifest makes the tracker know the site as it now is. Requests under way
// finish with the manifest they began with. An error to note the pages in the
// store is returned, but the new manifest is in force all the same; with a
// manifest that cannot be used (an unknown time zone) the old one stays.
func (t *Tracker) SetManifest(m manifest.Manifest) error {
	s, err := newSite(m, t.site.Load())
	if err != nil {
		return err
	}
	t.site.Store(s)
	return t.remember(m, t.now().In(s.zone))
}

// remember tells the store of pages and sentences it has not heard of from us.
func (t *Tracker) remember(m manifest.Manifest, now time.Time) error {
	t.knownMutex.Lock()
	defer t.knownMutex.Unlock()
	var pages []store.Page
	var texts []store.ConsentText
	var names []string
	for i, p := range m.Pages {
		if i < len(t.noted) && t.noted[i].Path == p.Path && t.noted[i].Revision == p.Revision {
			continue // as most are
		}
		if name := "page " + p.Path + " " + p.Revision; !t.known[name] {
			names = append(names, name)
			pages = append(pages, store.Page{Path: p.Path, Digest: p.Revision, Title: p.Title, Kind: p.Kind, Date: p.Date})
		}
	}
	for _, f := range m.Forms {
		if f.Consent == "" {
			continue
		}
		hash := store.HashText(f.Consent)
		if name := "text " + hash; !t.known[name] {
			names = append(names, name)
			texts = append(texts, store.ConsentText{Hash: hash, Text: f.Consent})
		}
	}
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
	defer cancel()
	if err := t.store.Remember(ctx, now, pages, texts); err != nil {
		return fmt.Errorf("note the pages of the site: %w", err)
	}
	for _, name := range names {
		t.known[name] = true
	}
	t.noted = m.Pages
	return nil
}

// Run does what has to be done by the clock, until the context ends: every hour
// it destroys what has outlived its purpose, and every day it erases the people
// whose time is over.
func (t *Tracker) Run(ctx context.Context) {
	lapsed := "" // the day it was done last
	tick := time.NewTicker(time.Hour)
	defer tick.Stop()
	for {
		t.purge(ctx)
		if day := t.now().In(t.site.Load().zone).Format(time.DateOnly); day != lapsed && t.lapse(ctx) {
			lapsed = day
		}
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
	}
}

func (t *Tracker) purge(ctx context.Context) {
	defer t.recovered("purge")
	ctx, cancel := context.WithTimeout(ctx, time.Minute)
	defer cancel()
	if err := t.store.Purge(ctx, t.now().In(t.site.Load().zone)); err != nil && ctx.Err() == nil {
		t.logger.Error("purge failed; it will be tried again in an hour", "error", err)
	}
}

// LapseAtOnce is how many people are erased in one transaction: requests that
// wait come between two.
const LapseAtOnce = 50

// lapse erases the people whose time is over; false when that has to be tried
// again.
func (t *Tracker) lapse(ctx context.Context) (done bool) {
	defer t.recovered("retention")
	s := t.site.Load()
	if !s.known {
		return false
	}
	now, rules := t.now().In(s.zone), RetentionOf(s.manifest)
	for sum := 0; ; {
		n, err := t.store.Lapse(ctx, now, rules, LapseAtOnce)
		if err != nil {
			if ctx.Err() == nil {
				t.logger.Error("whose time is over is not erased; it will be tried again in an hour", "error", err)
			}
			return false
		}
		if n.Sum() == 0 {
			if sum > 0 {
				t.logger.Info("erased whose time was over", "count", sum)
			}
			return true
		}
		sum += n.Sum()
	}
}

// RetentionOf is for how long a site keeps people.
func RetentionOf(m manifest.Manifest) store.Retention {
	const day = 24 * time.Hour
	r := store.Retention{Unconfirmed: time.Duration(m.Retention.Unconfirmed) * day, Quarantined: time.Duration(m.Retention.Quarantined) * day,
		Silent: time.Duration(m.Retention.Leads) * day}
	for _, f := range m.Forms {
		if f.Confirm {
			r.Asking = append(r.Asking, f.Name)
		}
	}
	return r
}

// visitor is the hash of who asks, under the salt of the day of now: HMAC-SHA256
// over address and user agent, cut to 16 bytes. Nil when there is no salt to be had.
func (t *Tracker) visitor(r *http.Request, now time.Time) []byte {
	salt := t.saltOf(r.Context(), now)
	if salt == nil {
		return nil
	}
	h := hmac.New(sha256.New, salt)
	h.Write(clientAddress(r, t.options.TrustedProxies).AsSlice())
	h.Write([]byte{0})
	h.Write([]byte(r.UserAgent()))
	return h.Sum(nil)[:16]
}

func (t *Tracker) saltOf(ctx context.Context, now time.Time) []byte {
	day := now.Format(time.DateOnly)
	t.saltMutex.Lock()
	defer t.saltMutex.Unlock()
	if t.saltDay == day {
		return t.salt
	}
	// Once a day somebody waits for this; nobody may wait for long.
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), time.Second)
	defer cancel()
	salt, err := t.store.Salt(ctx, now)
	if err != nil {
		t.logger.Error("no salt: visitors are not told apart", "error", err)
		return nil
	}
	t.salt, t.saltLast, t.saltDay = salt, t.salt, day
	return salt
}

// maxPlaces bounds how many different placements are told apart, since a
// placement is only what a form says of itself.
const maxPlaces = 64

// placement is the name of a placement as it is counted: "other" for what is no
// such name, or one too many.
func (t *Tracker) placement(name string) string {
	if !placementName.MatchString(name) {
		return "other"
	}
	t.placesMutex.Lock()
	defer t.placesMutex.Unlock()
	if !t.places[name] {
		if len(t.places) >= maxPlaces {
			return "other"
		}
		t.places[name] = true
	}
	return name
}
