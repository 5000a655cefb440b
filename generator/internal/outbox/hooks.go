package outbox

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"sync"
	"time"

	"cardbowl/generator/internal/form"
	"cardbowl/generator/internal/manifest"
	"cardbowl/generator/internal/store"
	"cardbowl/generator/internal/webhook"
)

// Poster hands messages to the receivers of webhooks. Its methods may be called by
// many goroutines.
type Poster interface {
	// Post sends a message once. An error means that there was no answer.
	Post(ctx context.Context, to webhook.Receiver, m webhook.Message) (webhook.Answer, error)
}

const hookKinds = webhook.Kind + "%"

// told are the orders to tell all receivers of an event that want to know.
func told(all []webhook.Receiver, event string, when store.Condition) []store.Order {
	var orders []store.Order
	for _, r := range all {
		if r.Wants(event) {
			orders = append(orders, store.Order{Kind: webhook.Kind + event, To: r.URL, When: when})
		}
	}
	return orders
}

// OnUnsubscribe is what is to be sent when a lead wants no more mail.
func OnUnsubscribe(all []webhook.Receiver) []store.Order {
	return told(all, webhook.LeadUnsubscribed, store.Always)
}

// OnStage is what is to be sent when a lead is moved to another stage.
func OnStage(all []webhook.Receiver) []store.Order {
	return told(all, webhook.LeadStageChanged, store.Always)
}

// lanes are the receivers that somebody is talking to. One that hangs holds up
// itself.
type lanes struct {
	mutex sync.Mutex
	busy  map[string]bool
}

func (l *lanes) talks(to string) bool {
	l.mutex.Lock()
	defer l.mutex.Unlock()
	return l.busy[to]
}

func (l *lanes) begin(to string) bool {
	l.mutex.Lock()
	defer l.mutex.Unlock()
	if l.busy[to] {
		return false
	}
	if l.busy == nil {
		l.busy = map[string]bool{}
	}
	l.busy[to] = true
	return true
}

func (l *lanes) end(to string) {
	l.mutex.Lock()
	defer l.mutex.Unlock()
	delete(l.busy, to)
}

// dispatch opens a lane for each receiver that something is due to. Woken, it asks
// for those of the site that nobody talks to; by the clock for all, since site.yaml
// may have lost one.
func (o *Outbox) dispatch(ctx context.Context, woken bool, group *sync.WaitGroup) {
	defer o.survive()
	var due []string
	var err error
	if !woken {
		due, err = o.Store.Recipients(ctx, hookKinds, o.Now())
	}
	for _, r := range o.Manifest().Webhooks {
		if !woken || err != nil || o.lanes.talks(r.URL) {
			continue
		}
		var some bool
		if some, err = o.Store.Due(ctx, r.URL, o.Now()); some {
			due = append(due, r.URL)
		}
	}
	if err != nil && ctx.Err() == nil {
		o.Logger.Error("the outbox cannot be read", "error", err)
	}
	for _, to := range due {
		if !o.lanes.begin(to) {
			continue
		}
		group.Go(func() {
			sent := 0
			for n := atATime; n == atATime; sent += n {
				n = o.round(ctx, hookKinds, to, o.tell)
			}
			o.lanes.end(to)
			if sent > 0 {
				wake(o.hooks) // something may have come meanwhile, and found us busy
			}
		})
	}
}

// tell sends one message to its receiver and notes what became of it.
func (o *Outbox) tell(ctx context.Context, m store.Message) {
	answer, drop, err := o.post(ctx, m)
	switch {
	case err != nil && ctx.Err() != nil:
		return // we are ending: the lease runs out, and it is tried again
	case err == nil && !drop && answer.Gone():
		o.turnAway(ctx, m, answer)
		return
	case err == nil && !drop && !answer.Taken():
		err = errors.New(answer.Said)
	}
	o.settle(ctx, m, drop, err, answer.Wait)
}

func (o *Outbox) turnAway(ctx context.Context, m store.Message, answer webhook.Answer) {
	o.Logger.Warn("a receiver of webhooks is gone and gets nothing any more; `cardbowl webhook enable` undoes that", "receiver", m.To, "said", answer.Said)
	ctx, cancel := lastWord(ctx)
	defer cancel()
	if err := o.Store.TurnAway(ctx, m.To, answer.Said, o.Now(), aboutReceiver(o.Manifest(), Gone, m.To, goneADay)); err != nil {
		o.Logger.Error("that a receiver is gone is not noted: it will be asked again", "receiver", m.To, "error", err)
	}
	wake(o.mails)
}

// hookSteps is how long to wait after each attempt, as Standard Webhooks has it:
// ten attempts in about 75 hours.
func hookSteps() []time.Duration {
	return []time.Duration{5 * time.Second, 5 * time.Minute, 30 * time.Minute, 2 * time.Hour, 5 * time.Hour, 10 * time.Hour, 14 * time.Hour, 20 * time.Hour, 24 * time.Hour}
}

// post makes a message and sends it; drop when what it is about was erased.
func (o *Outbox) post(ctx context.Context, m store.Message) (a webhook.Answer, drop bool, err error) {
	site := o.Manifest()
	to, known := webhook.Find(site.Webhooks, m.To)
	if !known {
		return a, false, errors.New("site.yaml has no webhook with this address any more")
	}
	body, err := o.event(ctx, m, site)
	if errors.Is(err, store.ErrNoLead) {
		return a, true, nil
	}
	if err != nil {
		return a, false, err
	}
	a, err = o.Poster.Post(ctx, to, webhook.Message{ID: m.ID, Body: body, At: o.Now()})
	return a, false, err
}

// event is the body of a message, made of what never changes: it is the same at
// every attempt, unless the page was given another title or address meanwhile.
type event struct {
	Type      string    `json:"type"`
	Timestamp time.Time `json:"timestamp"` // UTC
	Data      eventData `json:"data"`
}

// eventData is whom it is about, and the card: the one that came, or else the
// first one.
type eventData struct {
	ID          string    `json:"id"` // of the person
	Email       string    `json:"email"`
	Card        string    `json:"card"` // its id
	Form        string    `json:"form"`
	Placement   string    `json:"placement"`
	ConvertedOn string    `json:"converted_on"` // path of the post; empty for a page the site does not know
	URL         string    `json:"url,omitempty"`
	Title       string    `json:"title,omitempty"`
	FirstPost   string    `json:"first_post"`
	Source      string    `json:"source"`
	Campaign    string    `json:"campaign"`
	Consent     string    `json:"consent_version"` // of the sentence agreed to; empty without one
	SubmittedAt time.Time `json:"submitted_at"`    // UTC
	Fields      fields    `json:"fields"`
	Shortened   bool      `json:"shortened,omitempty"` // long answers were cut: the store has them whole

	Stage    string   `json:"stage,omitempty"`
	Before   string   `json:"previous_stage,omitempty"`
	Value    *float64 `json:"value,omitempty"`
	Currency string   `json:"currency,omitempty"`
}

// fields are the answers as one object whose keys keep the order of the form.
type fields []form.Answer

// MarshalJSON implements json.Marshaler.
func (f fields) MarshalJSON() ([]byte, error) {
	var b strings.Builder
	for _, a := range f {
		name, err := json.Marshal(a.Name)
		if err != nil {
			return nil, err
		}
		value, err := json.Marshal(a.Value)
		if err != nil {
			return nil, err
		}
		if b.Len() > 0 {
			b.WriteByte(',')
		}
		b.Write(name)
		b.WriteByte(':')
		b.Write(value)
	}
	return []byte("{" + b.String() + "}"), nil
}

// maxBody is how many bytes Standard Webhooks asks senders to keep to.
const maxBody = 20_000

// event writes the body of a message. The error is store.ErrNoLead for somebody
// who was erased.
func (o *Outbox) event(ctx context.Context, m store.Message, site manifest.Manifest) ([]byte, error) {
	if m.Kind == webhook.Kind+webhook.LeadErased { // of whom nothing is known any more
		return json.Marshal(struct {
			Type      string            `json:"type"`
			Timestamp time.Time         `json:"timestamp"`
			Data      map[string]string `json:"data"`
		}{webhook.LeadErased, m.CreatedAt.UTC(), map[string]string{"id": m.Lead}})
	}
	id := m.Submission
	if id == "" {
		id = m.Lead // a lead has the id of its first card
	}
	card, err := o.Store.Card(ctx, id)
	if err != nil {
		return nil, err
	}
	d := eventData{ID: m.Lead, Email: card.Email, Card: card.ID, Form: card.Form, Placement: card.Placement, FirstPost: card.FirstPost,
		Source: card.Origin.Source, Campaign: card.Origin.Campaign, SubmittedAt: card.At.UTC(), Fields: card.Fields}
	if card.Consent {
		d.Consent = card.ConsentText
	}
	if page, known := manifest.NewIndex(site).Page(card.Post); known && card.Post != "" {
		d.ConvertedOn, d.Title, d.URL = page.Path, page.Title, absolute(site, page.Path)
	}
	if m.Kind == webhook.Kind+webhook.LeadStageChanged {
		n, err := strconv.Atoi(m.Subject)
		if err != nil {
			return nil, fmt.Errorf("read which entry a message is about: %w", err)
		}
		s, err := o.Store.Step(ctx, m.Lead, n)
		if err != nil {
			return nil, err
		}
		d.Stage, d.Before, d.Value, d.Currency = s.Stage, s.Before, s.Worth, site.Currency
	}
	e := event{Type: strings.TrimPrefix(m.Kind, webhook.Kind), Timestamp: m.CreatedAt.UTC(), Data: d}
	body, err := json.Marshal(e)
	for most := maxBody / 4; err == nil && len(body) > maxBody && most > 0; most /= 2 {
		e.Data.Fields, e.Data.Shortened = cut(card.Fields, most), true
		body, err = json.Marshal(e)
	}
	return body, err
}

// TestEvent is the body of a message that says that messages arrive.
func TestEvent(at time.Time) ([]byte, error) {
	return json.Marshal(struct {
		Type      string            `json:"type"`
		Timestamp time.Time         `json:"timestamp"`
		Data      map[string]string `json:"data"`
	}{webhook.Test, at.UTC(), map[string]string{"message": "It arrives, and it is signed."}})
}

// cut is the answers with no more than so many bytes in each.
func cut(all []form.Answer, most int) fields {
	out := fields{}
	for _, a := range all {
		if len(a.Value) > most {
			a.Value = strings.ToValidUTF8(a.Value[:most], "")
		}
		out = append(out, a)
	}
	return out
}
