package outbox

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"net/mail"
	"net/url"
	"runtime/debug"
	"strings"
	"sync"
	"time"

	"cardbowl/generator/internal/letter"
	"cardbowl/generator/internal/manifest"
	"cardbowl/generator/internal/store"
	"cardbowl/generator/internal/webhook"
)

// Options are everything an Outbox depends on.
type Options struct {
	Store    store.Store
	Mailer   Mailer                   // nil: mail waits
	Poster   Poster                   // nil: what receivers are to be told waits
	Manifest func() manifest.Manifest // the site as it is now
	Origin   func() string            // of the tracker, for links: https://example.com, without a slash
	Now      func() time.Time
	Logger   *slog.Logger
}

// Outbox sends messages.
type Outbox struct {
	Options
	mails, hooks chan struct{} // something may be due
	lanes        lanes
}

// New makes an outbox that does nothing until Run.
func New(o Options) *Outbox {
	return &Outbox{Options: o, mails: make(chan struct{}, 1), hooks: make(chan struct{}, 1)}
}

// Wake says that there may be something to send. It never waits.
func (o *Outbox) Wake() {
	wake(o.mails)
	wake(o.hooks)
}

func wake(sleeper chan struct{}) {
	select {
	case sleeper <- struct{}{}:
	default:
	}
}

const (
	lookEvery = 5 * time.Second
	lease     = 5 * time.Minute
	atATime   = 8
)

// Run sends until the context ends: mails one after another, and beside them what
// each receiver is told.
func (o *Outbox) Run(ctx context.Context) {
	var group sync.WaitGroup
	if o.Mailer != nil {
		group.Go(func() {
			o.watch(ctx, o.mails, func(bool) {
				for o.round(ctx, mailKinds, "", o.deliver) == atATime {
				}
			})
		})
	}
	if o.Poster != nil {
		group.Go(func() { o.watch(ctx, o.hooks, func(woken bool) { o.dispatch(ctx, woken, &group) }) })
	}
	group.Wait()
}

// watch looks at once, whenever it is woken, and every few seconds, since what is
// tried again wakes nobody.
func (o *Outbox) watch(ctx context.Context, calls <-chan struct{}, look func(woken bool)) {
	tick := time.NewTicker(lookEvery)
	defer tick.Stop()
	for woken := false; ; {
		look(woken)
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
			woken = false
		case <-calls:
			woken = true
		}
	}
}

// survive keeps a panic from ending the program.
func (o *Outbox) survive() {
	if p := recover(); p != nil {
		o.Logger.Error("panic while sending", "panic", p, "stack", string(debug.Stack()))
	}
}

// round sends some of what is due, and tells how many that were. It survives a
// panic.
func (o *Outbox) round(ctx context.Context, kinds, to string, send func(context.Context, store.Message)) (n int) {
	defer o.survive()
	if ctx.Err() != nil {
		return 0
	}
	due, err := o.Store.Claim(ctx, kinds, to, o.Now(), lease, atATime)
	if err != nil {
		if ctx.Err() == nil {
			o.Logger.Error("the outbox cannot be read", "error", err)
		}
		return 0
	}
	for _, m := range due {
		o.attempt(ctx, m, send)
	}
	return len(due)
}

// attempt sends one message. One that makes us panic fails like any other, and
// holds up none.
func (o *Outbox) attempt(ctx context.Context, m store.Message, send func(context.Context, store.Message)) {
	defer func() {
		if p := recover(); p != nil {
			o.Logger.Error("panic while sending", "id", m.ID, "kind", m.Kind, "panic", p, "stack", string(debug.Stack()))
			o.settle(ctx, m, false, errors.New("a fault of the program; its log says more"), 0)
		}
	}()
	send(ctx, m)
}

// deliver sends one message and notes what became of it.
func (o *Outbox) deliver(ctx context.Context, m store.Message) {
	written, drop, err := o.write(ctx, m)
	if err == nil && !drop {
		err = o.Mailer.Send(ctx, written)
	}
	if err != nil && ctx.Err() != nil {
		return // we are ending: the lease runs out, and it is tried again
	}
	o.settle(ctx, m, drop, err, 0)
}

// settle notes what became of a message: sent, dropped, or with an error to be
// tried again, after least at the earliest, or given up.
func (o *Outbox) settle(ctx context.Context, m store.Message, drop bool, err error, least time.Duration) {
	state, again, said := store.Sent, time.Time{}, ""
	switch {
	case err != nil:
		state, said = store.Waiting, err.Error()
		steps := mailSteps()
		if strings.HasPrefix(m.Kind, webhook.Kind) {
			steps = hookSteps()
		}
		wait, patience := backoff(steps, m.Attempts)
		again = o.Now().Add(max(wait, least))
		if !patience || errors.Is(err, ErrRefused) {
			state = store.Dead
		}
		// What a server said may hold the address: it stands in the store, and not here.
		o.Logger.Warn("a message was not sent", "id", m.ID, "kind", m.Kind, "attempts", m.Attempts, "state", state)
	case drop:
		state = store.Dropped
	}
	if len(said) > 500 {
		said = strings.ToValidUTF8(said[:500], "")
	}
	ctx, cancel := lastWord(ctx)
	defer cancel()
	if state == store.Dead && strings.HasPrefix(m.Kind, webhook.Kind) {
		if err := o.Store.Enqueue(ctx, aboutReceiver(o.Manifest(), Untaken, m.To, alarmsADay), o.Now()); err != nil {
			o.Logger.Error("the owner is not told of what was given up", "error", err)
		}
		wake(o.mails)
	}
	if err := o.Store.Settle(ctx, m.ID, state, again, said, o.Now()); err != nil {
		o.Logger.Error("what became of a message is not noted: it may be sent twice", "id", m.ID, "error", err)
	}
}

// lastWord is time to write down what has happened, even while we are ending.
func lastWord(ctx context.Context) (context.Context, context.CancelFunc) {
	return context.WithTimeout(context.WithoutCancel(ctx), 10*time.Second)
}

// backoff is how long to wait after so many attempts, give or take a fifth, so
// that not everybody comes back at once; false when it is time to give up.
func backoff(steps []time.Duration, attempts int) (wait time.Duration, again bool) {
	if attempts > len(steps) {
		return 0, false
	}
	step := steps[max(attempts, 1)-1]
	return time.Duration(float64(step) * (0.8 + 0.4*rand.Float64())), true
}

// mailSteps is how long to wait after each attempt to send a mail: about three
// days in all.
func mailSteps() []time.Duration {
	return []time.Duration{10 * time.Second, time.Minute, 5 * time.Minute, 30 * time.Minute, 2 * time.Hour, 5 * time.Hour, 10 * time.Hour, 14 * time.Hour, 20 * time.Hour, 24 * time.Hour}
}

// write makes the mail of a message; drop when there is no reason for it any more.
func (o *Outbox) write(ctx context.Context, m store.Message) (out Mail, drop bool, err error) {
	site := o.Manifest()
	d := letter.Data{Sender: site.Mail.Sender, Language: site.Language}
	d.Site.Title, d.Site.URL = site.Title, site.BaseURL
	out = Mail{ID: m.ID, At: o.Now(), From: site.Mail.Sender.Email, FromName: site.Mail.Sender.Name, To: m.To, Domain: HostOf(site.BaseURL)}
	if out.From == "" {
		return out, false, errors.New("site.yaml names no sender; mail waits until it does")
	}
	name := ""
	switch m.Kind {
	case Card:
		name = letter.Card
		drop, err = o.aboutCard(ctx, m, site, &d, &out)
	case Alarm:
		name, d.Budget = letter.Alarm, site.Mail.PerDay
	case Erased:
		name, d.Lead = letter.Erased, m.Lead
	case Gone, Untaken:
		name, d.Receiver, d.Gone = letter.Receiver, m.Subject, m.Kind == Gone
	case Confirm, Reminder:
		if name = letter.Confirm; m.Kind == Reminder {
			name = letter.Reminder
		}
		drop, err = o.toVisitor(ctx, m, "confirm", &d, &out)
	case Welcome:
		name = letter.Welcome
		for _, f := range site.Forms {
			if f.Name == m.Form {
				d.Form, d.File = f.Title, lastPart(f.File())
			}
		}
		drop, err = o.toVisitor(ctx, m, "file", &d, &out)
	default:
		return out, false, fmt.Errorf("%w: there is no kind %q", ErrRefused, m.Kind)
	}
	if err != nil || drop {
		return out, drop, err
	}
	written, err := letter.Write(name, site.Mail.Letters[name], site.Mail.Frame, d)
	if err != nil {
		return out, false, fmt.Errorf("letter %s: %w", name, err)
	}
	out.Subject, out.Text, out.HTML, out.Unsubscribe = written.Subject, written.Text, written.HTML, d.Unsubscribe
	return out, false, nil
}

// aboutCard fills in what the owner is told of a card.
func (o *Outbox) aboutCard(ctx context.Context, m store.Message, site manifest.Manifest, d *letter.Data, out *Mail) (drop bool, err error) {
	card, err := o.Store.Card(ctx, m.Submission)
	if errors.Is(err, store.ErrNoLead) {
		return true, nil // erased since
	}
	if err != nil {
		return false, err
	}
	answers := map[string]string{}
	for _, a := range card.Fields {
		answers[a.Name] = a.Value
		if a.Value != "" {
			d.Answers = append(d.Answers, letter.Answer{Name: a.Name, Value: a.Value})
		}
	}
	d.Name = cmp.Or(answers["name"], strings.TrimSpace(answers["first_name"]+" "+answers["last_name"]), card.Email, "a visitor")
	index := manifest.NewIndex(site)
	if page, ok := index.Page(card.Post); ok && card.Post != "" {
		d.Post.Title, d.Post.URL = page.Title, absolute(site, page.Path)
	}
	if page, ok := index.Page(card.FirstPost); ok && card.FirstPost != "" && card.FirstPost != card.Post {
		d.ReadFirst = page.Title
	}
	d.From = card.Origin.Source
	if _, err := mail.ParseAddress(card.Email); err == nil {
		out.ReplyTo, d.CanReply = card.Email, true
	}
	out.FromName = cmp.Or(site.Title, out.FromName)
	return false, nil
}

// toVisitor fills in the links of a mail to a visitor, unless the visitor is not
// to be written to any more.
func (o *Outbox) toVisitor(ctx context.Context, m store.Message, purpose string, d *letter.Data, out *Mail) (drop bool, err error) {
	who, err := o.Store.Person(ctx, m.Lead)
	if errors.Is(err, store.ErrNoLead) {
		return true, nil
	}
	if err != nil {
		return false, err
	}
	now := o.Now()
	confirmed := !who.ConfirmedAt.IsZero() && who.UnsubscribedAt.IsZero()
	switch {
	case who.UnsubscribedAt.After(m.CreatedAt), now.Sub(m.CreatedAt) > validFor, confirmed && purpose == "confirm":
		return true, nil
	}
	if purpose == "confirm" || d.File != "" {
		token, err := o.Store.Permit(ctx, store.Token{Purpose: purpose, Lead: m.Lead, Form: m.Form}, now, validFor)
		if err != nil {
			return false, err
		}
		d.Link = o.Origin() + "/_/" + purpose + "/" + token
	}
	leave, err := o.Store.Permit(ctx, store.Token{Purpose: "unsubscribe", Lead: m.Lead, Form: m.Form}, now, leaveFor)
	if err != nil {
		return false, err
	}
	d.Unsubscribe = o.Origin() + "/_/unsubscribe/" + leave
	dossier, err := o.Store.Permit(ctx, store.Token{Purpose: "data", Lead: m.Lead, Form: m.Form}, now, dossierFor)
	d.Dossier = o.Origin() + "/_/data/" + dossier
	return false, err
}

// TestMail is a mail that says that mail arrives.
func TestMail(site manifest.Manifest, to string, at time.Time) (Mail, error) {
	d := letter.Data{Sender: site.Mail.Sender, Language: site.Language}
	d.Site.Title, d.Site.URL = site.Title, site.BaseURL
	written, err := letter.Write(letter.Test, site.Mail.Letters[letter.Test], site.Mail.Frame, d)
	return Mail{ID: fmt.Sprintf("test.%d", at.UnixMilli()), At: at, From: site.Mail.Sender.Email, FromName: site.Mail.Sender.Name, To: to, Domain: HostOf(site.BaseURL),
		Subject: written.Subject, Text: written.Text, HTML: written.HTML}, err
}

// HostOf is the host of a site's address, as far as it can stand in a mail and
// greet a mail server.
func HostOf(baseURL string) string {
	u, err := url.Parse(baseURL)
	if err != nil || u.Hostname() == "" {
		return "localhost"
	}
	return u.Hostname()
}

func absolute(site manifest.Manifest, path string) string {
	u, err := url.Parse(site.BaseURL)
	if err != nil {
		return path
	}
	return (&url.URL{Scheme: u.Scheme, Host: u.Host, Path: path}).String()
}

func lastPart(path string) string { return path[strings.LastIndexByte(path, '/')+1:] }
