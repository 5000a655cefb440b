package store

import (
	"cmp"
	"context"
	"crypto/rand"
	"crypto/sha256"
	"database/sql"
	"errors"
	"fmt"
	"slices"
	"time"

	"cardbowl/generator/internal/funnel"
)

// MessageState is what became of a message.
type MessageState string

// The states of a message.
const (
	Waiting MessageState = "waiting" // to be sent, or tried again
	Sent    MessageState = "sent"
	Dropped MessageState = "dropped" // there was no reason to send it any more
	Dead    MessageState = "dead"    // given up; Retry makes it Waiting
)

// Message is something to be sent. What it says is made when it is sent, from
// what the store knows then.
type Message struct {
	ID         string // UUID, version 7; the same at every attempt
	Kind       string
	To         string // a mail address, or the address of a receiver
	Lead       string // id of the person it is about; may be empty
	Submission string // id of the card it is about; may be empty
	Form       string
	Subject    string // the word for what happened, where the kind does not say it
	CreatedAt  time.Time
	DueAt      time.Time // not before
	Attempts   int       // so far
	State      MessageState
	Said       string // why it could not be sent, the last time
	SettledAt  time.Time
}

// Order is a Message to be written together with its reason.
type Order struct {
	Kind    string
	To      string // empty: to the lead
	After   time.Duration
	When    Condition
	Subject string
	Limit   Limit
}

// Queue is what of one kind is to be sent, or was given up.
type Queue struct {
	Kind  string
	State MessageState // Waiting or Dead
	Tried bool         // and could not be sent yet, where it is Waiting
	Size  int
	DueAt time.Time // of the message that is due first
}

// Condition says for which leads an Order holds.
type Condition string

// The conditions.
const (
	Always      Condition = ""
	Unconfirmed Condition = "unconfirmed" // has not confirmed the address, or has unsubscribed since
	Confirmed   Condition = "confirmed"
	First       Condition = "first" // this card made the lead
)

// Limit bounds the messages of one kind. Zero is no bound. An Order beyond it is
// not carried out, and nobody is told but those whom Alarm names.
type Limit struct {
	PerHour int // to one lead
	PerDay  int // to one lead
	AllDay  int // to everybody, in 24 hours
	Alarm   []Order
}

// Refusal is a recipient that said it wants nothing any more.
type Refusal struct {
	To   string
	At   time.Time
	Said string
}

// Person is what is known of a lead beside its cards.
type Person struct {
	ID             string
	Email          string // as first written; may be empty
	ConfirmedAt    time.Time
	UnsubscribedAt time.Time // zero: never, or confirmed again since
}

// Token is what a link in a mail permits.
type Token struct {
	Purpose string
	Lead    string
	Form    string
}

// ErrNoToken is returned for a token that is not known, or no longer.
var ErrNoToken = errors.New("the link is not valid any more")

const (
	addMessage = `insert into outbox (id, kind, recipient, lead, submission, form, subject, created_at, due_at, attempts, leased_until, state, said, settled_at)
		select $1, $2, $3, $4, $5, $6, $7, $8, $9, 0, 0, 'waiting', '', 0 where not exists (select 1 from refusals where recipient = $3)`
	countToLead = `select count(*) from outbox where lead = $1 and kind = $2 and created_at > $3`
	countOfKind = `select count(*) from outbox where kind = $1 and created_at > $2`
	// A message is held for a while by who claims it, so that of two who send
	// only one does, and another one may when the first has died.
	claimMessages = `update outbox set leased_until = $1, attempts = attempts + 1 where id in
		(select id from outbox where state = 'waiting' and due_at <= $2 and leased_until <= $2 and kind like $3
			and ($4 = '' or recipient = $4) order by due_at limit $5`
	claimed       = `) returning id, kind, recipient, lead, submission, form, subject, created_at, due_at, attempts, state, said, settled_at`
	dueTo         = `select 1 from outbox where recipient = $1 and state = 'waiting' and due_at <= $2 and leased_until <= $2 limit 1`
	dueRecipients = `select distinct recipient from outbox where state = 'waiting' and due_at <= $1 and leased_until <= $1 and kind like $2 order by recipient`
	addRefusal    = `insert into refusals (recipient, refused_at, said) values ($1, $2, $3) on conflict (recipient) do nothing`
	giveUpOn      = `update outbox set state = 'dead', said = $2, settled_at = $3, leased_until = 0 where recipient = $1 and state = 'waiting'`
	dropRefusal   = `delete from refusals where recipient = $1`
	listRefusals  = `select recipient, refused_at, said from refusals order by recipient`
	letGo         = `update outbox set leased_until = 0 where leased_until > 0`
	settleMessage = `update outbox set state = $2, due_at = case when $2 = 'waiting' then $3 else due_at end, said = $4, settled_at = $5, leased_until = 0 where id = $1 and state = 'waiting'
		returning kind, recipient, lead, submission, form`
	retryMessage = `update outbox set state = 'waiting', due_at = $2, attempts = 0, leased_until = 0, settled_at = 0 where id = $1 and state in ('dead', 'waiting')`
	listMessages = `select id, kind, recipient, lead, submission, form, subject, created_at, due_at, attempts, state, said, settled_at from outbox
		where created_at >= $1 order by created_at, kind, id`
	// Each half reads one index, which holds no message that was sent.
	listQueues = `select kind, state, case when attempts > 0 then 1 else 0 end as tried, count(*), min(due_at) from outbox where state = 'waiting' group by kind, state, tried
		union all select kind, state, 1, count(*), min(due_at) from outbox where state = 'dead' group by kind, state order by 1, 2, 3`
	dropMessages = `delete from outbox where state <> 'waiting' and settled_at < $1`
	addToken     = `insert into tokens (hash, purpose, lead, form, made_at, expires_at) values ($1, $2, $3, $4, $5, $6)`
	findToken    = `select purpose, lead, form from tokens where hash = $1 and purpose = $2 and expires_at > $3`
	dropTokens   = `delete from tokens where expires_at < $1`
	findStanding = `select email, confirmed_at, unsubscribed_at from leads where id = $1 and erased_at = 0`
	allPeople    = `select id, email, confirmed_at, unsubscribed_at from leads where erased_at = 0 order by id`
	confirmLead  = `update leads set confirmed_at = case when confirmed_at = 0 then $2 else confirmed_at end, unsubscribed_at = 0
		where id = $1 and (confirmed_at = 0 or unsubscribed_at > 0)`
	leaveLead = `update leads set unsubscribed_at = $2 where id = $1 and unsubscribed_at = 0`
)

// messageFor is how long settled messages are remembered: as proof, and to count.
const messageFor = 400 * 24 * time.Hour

// enqueue writes what a submission, or what became of a lead, is a reason for.
func (t *transaction) enqueue(orders []Order, lead, submission, form string, at time.Time) error {
	for _, o := range orders {
		if err := t.order(o, lead, submission, form, at); err != nil {
			return err
		}
	}
	return nil
}

func (t *transaction) order(o Order, lead, submission, form string, at time.Time) error {
	if o.When == First && lead != submission {
		return nil // a lead has the id of the card that made it
	}
	who, err := t.standing(lead)
	if err != nil {
		return err
	}
	confirmed := !who.ConfirmedAt.IsZero() && who.UnsubscribedAt.IsZero()
	if o.When == Confirmed && !confirmed || o.When == Unconfirmed && confirmed {
		return nil
	}
	to := o.To
	if to == "" {
		to = who.Email
	}
	if to == "" {
		return nil
	}
	if o.To == "" {
		if never, err := t.suppressed(to); err != nil || never {
			return err // whoever it is asked to be forgotten, and a stranger may type any address
		}
	}
	within, alarm, err := t.within(o, lead, at)
	if err != nil {
		return err
	}
	for _, a := range alarm {
		if err := t.order(a, "", "", form, at); err != nil {
			return err
		}
	}
	if !within {
		return nil
	}
	return t.exec(addMessage, newID(at), o.Kind, to, lead, submission, form, o.Subject, at.UnixMilli(), at.Add(o.After).UnixMilli())
}

// within tells whether an order keeps to its limit, and whom to tell when all
// of a day's are used up.
func (t *transaction) within(o Order, lead string, at time.Time) (ok bool, alarm []Order, err error) {
	for _, l := range []struct {
		most  int
		text  string
		args  []any
		alarm []Order
	}{
		{o.Limit.PerHour, countToLead, []any{lead, o.Kind, at.Add(-time.Hour).UnixMilli()}, nil},
		{o.Limit.PerDay, countToLead, []any{lead, o.Kind, at.Add(-24 * time.Hour).UnixMilli()}, nil},
		{o.Limit.AllDay, countOfKind, []any{o.Kind, at.Add(-24 * time.Hour).UnixMilli()}, o.Limit.Alarm},
	} {
		if l.most == 0 {
			continue
		}
		n := 0
		if _, err := t.row(l.text, []any{&n}, l.args...); err != nil {
			return false, nil, err
		}
		if n >= l.most {
			return false, l.alarm, nil
		}
	}
	return true, nil, nil
}

// standing is what is known of a lead; nothing of one that is not there.
func (t *transaction) standing(lead string) (Person, error) {
	p := Person{ID: lead}
	if lead == "" {
		return p, nil
	}
	var confirmed, left int64
	_, err := t.row(findStanding, []any{&p.Email, &confirmed, &left}, lead)
	p.ConfirmedAt, p.UnsubscribedAt = momentOf(confirmed), momentOf(left)
	return p, err
}

// momentOf is a time as it is kept: 0 is never.
func momentOf(ms int64) time.Time {
	if ms == 0 {
		return time.Time{}
	}
	return time.UnixMilli(ms).UTC()
}

func scanMessage(rows *sql.Rows) (m Message, err error) {
	var created, due, settled int64
	err = rows.Scan(&m.ID, &m.Kind, &m.To, &m.Lead, &m.Submission, &m.Form, &m.Subject, &created, &due, &m.Attempts, &m.State, &m.Said, &settled)
	m.CreatedAt, m.DueAt, m.SettledAt = momentOf(created), momentOf(due), momentOf(settled)
	return m, err
}

// claim takes messages that are due, for one who will send them.
func (t *transaction) claim(skip, kinds, to string, now time.Time, lease time.Duration, limit int) ([]Message, error) {
	s, err := t.prepared(claimMessages + skip + claimed)
	if err != nil {
		return nil, err
	}
	rows, err := s.QueryContext(t.ctx, now.Add(lease).UnixMilli(), now.UnixMilli(), kinds, to, limit)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	var all []Message
	for rows.Next() {
		m, err := scanMessage(rows)
		if err != nil {
			return nil, err
		}
		all = append(all, m)
	}
	slices.SortFunc(all, func(a, b Message) int {
		return cmp.Or(a.CreatedAt.Compare(b.CreatedAt), cmp.Compare(a.Kind, b.Kind), cmp.Compare(a.ID, b.ID))
	})
	return all, rows.Err()
}

// write runs something in a transaction and names what failed.
func (d *database) write(ctx context.Context, what string, apply func(*transaction) error) error {
	if d.writer == nil {
		return ErrReadOnly
	}
	if err := d.writer.do(ctx, apply); err != nil {
		return fmt.Errorf("%s: %w", what, err)
	}
	return nil
}

// Claim implements Store.
func (d *database) Claim(ctx context.Context, kinds, to string, now time.Time, lease time.Duration, limit int) (all []Message, err error) {
	err = d.write(ctx, "take messages to send", func(t *transaction) (err error) {
		all, err = t.claim(d.dialect.skipLocked, kinds, to, now, lease, limit)
		return err
	})
	return all, err
}

// Due implements Store.
func (d *database) Due(ctx context.Context, to string, now time.Time) (bool, error) {
	var one int
	switch err := d.reading.QueryRowContext(ctx, dueTo, to, now.UnixMilli()).Scan(&one); {
	case errors.Is(err, sql.ErrNoRows):
		return false, nil
	case err != nil:
		return false, fmt.Errorf("read whether something is due: %w", err)
	}
	return true, nil
}

// Recipients implements Store.
func (d *database) Recipients(ctx context.Context, kinds string, now time.Time) ([]string, error) {
	var all []string
	err := each(ctx, d.reading, dueRecipients, []any{now.UnixMilli(), kinds}, func(rows *sql.Rows) error {
		var to string
		err := rows.Scan(&to)
		all = append(all, to)
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("read to whom something is due: %w", err)
	}
	return all, nil
}

// Enqueue implements Store.
func (d *database) Enqueue(ctx context.Context, orders []Order, at time.Time) error {
	if len(orders) == 0 {
		return nil
	}
	return d.write(ctx, "write down what is to be sent", func(t *transaction) error { return t.enqueue(orders, "", "", "", at) })
}

// TurnAway implements Store.
func (d *database) TurnAway(ctx context.Context, to, said string, now time.Time, orders []Order) error {
	return d.write(ctx, "note that a recipient wants nothing any more", func(t *transaction) error {
		n, err := t.changed(addRefusal, to, now.UnixMilli(), said)
		if err != nil {
			return err
		}
		if n == 0 {
			orders = nil
		}
		return errors.Join(t.exec(giveUpOn, to, said, now.UnixMilli()), t.enqueue(orders, "", "", "", now))
	})
}

// Readmit implements Store.
func (d *database) Readmit(ctx context.Context, to string) (known bool, err error) {
	err = d.write(ctx, "send to a recipient again", func(t *transaction) error {
		n, err := t.changed(dropRefusal, to)
		known = n > 0
		return err
	})
	return known, err
}

// TurnedAway implements Store.
func (d *database) TurnedAway(ctx context.Context) ([]Refusal, error) {
	var all []Refusal
	err := each(ctx, d.reading, listRefusals, nil, func(rows *sql.Rows) error {
		var r Refusal
		var at int64
		err := rows.Scan(&r.To, &at, &r.Said)
		r.At = momentOf(at)
		all = append(all, r)
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("read who wants nothing any more: %w", err)
	}
	return all, nil
}

// Settle implements Store.
func (d *database) Settle(ctx context.Context, id string, state MessageState, again time.Time, said string, now time.Time) error {
	settled := now.UnixMilli()
	if state == Waiting {
		settled = 0
	}
	return d.write(ctx, "note what became of a message", func(t *transaction) error {
		var m Message
		waited, err := t.row(settleMessage, []any{&m.Kind, &m.To, &m.Lead, &m.Submission, &m.Form}, id, string(state), again.UnixMilli(), said, settled)
		if err != nil || !waited || state != Sent || m.Lead == "" {
			return err
		}
		who, err := t.standing(m.Lead)
		if err == nil && who.Email == m.To { // to the person, and not about the person
			t.prove(Proof{At: now, Deed: WasMailed, Lead: m.Lead, Form: m.Form, Submission: m.Submission, Message: id, Kind: m.Kind})
		}
		return err
	})
}

// RetryMessage implements Store.
func (d *database) RetryMessage(ctx context.Context, id string, now time.Time) (known bool, err error) {
	err = d.write(ctx, "send a message again", func(t *transaction) error {
		n, err := t.changed(retryMessage, id, now.UnixMilli())
		known = n > 0
		return err
	})
	return known, err
}

// Messages implements Store.
func (d *database) Messages(ctx context.Context, since time.Time) ([]Message, error) {
	var all []Message
	err := each(ctx, d.reading, listMessages, []any{since.UnixMilli()}, func(rows *sql.Rows) error {
		m, err := scanMessage(rows)
		all = append(all, m)
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("read the outbox: %w", err)
	}
	return all, nil
}

// Queues implements Store.
func (d *database) Queues(ctx context.Context) ([]Queue, error) {
	var all []Queue
	err := each(ctx, d.reading, listQueues, nil, func(rows *sql.Rows) error {
		var q Queue
		var tried, due int64
		err := rows.Scan(&q.Kind, &q.State, &tried, &q.Size, &due)
		q.Tried, q.DueAt = tried > 0, time.UnixMilli(due)
		all = append(all, q)
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("count the outbox: %w", err)
	}
	return all, nil
}

// Permit implements Store.
func (d *database) Permit(ctx context.Context, k Token, now time.Time, valid time.Duration) (token string, err error) {
	token = rand.Text() // 26 letters and digits, 128 random bits
	err = d.write(ctx, "make a link", func(t *transaction) error {
		return t.exec(addToken, hashOf(token), k.Purpose, k.Lead, k.Form, now.UnixMilli(), now.Add(valid).UnixMilli())
	})
	return token, err
}

func hashOf(token string) []byte {
	sum := sha256.Sum256([]byte(token))
	return sum[:]
}

// Permitted implements Store.
func (d *database) Permitted(ctx context.Context, token, purpose string, now time.Time) (Token, error) {
	var k Token
	switch err := d.reading.QueryRowContext(ctx, findToken, hashOf(token), purpose, now.UnixMilli()).Scan(&k.Purpose, &k.Lead, &k.Form); {
	case errors.Is(err, sql.ErrNoRows):
		return Token{}, ErrNoToken
	case err != nil:
		return Token{}, fmt.Errorf("look up a link: %w", err)
	}
	return k, nil
}

// Person implements Store.
func (d *database) Person(ctx context.Context, lead string) (Person, error) {
	p := Person{ID: lead}
	var confirmed, left int64
	switch err := d.reading.QueryRowContext(ctx, findStanding, lead).Scan(&p.Email, &confirmed, &left); {
	case errors.Is(err, sql.ErrNoRows):
		return p, ErrNoLead
	case err != nil:
		return p, fmt.Errorf("read a lead: %w", err)
	}
	p.ConfirmedAt, p.UnsubscribedAt = momentOf(confirmed), momentOf(left)
	return p, nil
}

// People implements Store.
func (d *database) People(ctx context.Context) ([]Person, error) {
	all, err := peopleBy(ctx, d.reading, allPeople)
	if err != nil {
		return nil, fmt.Errorf("read people: %w", err)
	}
	return all, nil
}

// Confirm implements Store.
func (d *database) Confirm(ctx context.Context, lead, form string, at time.Time, orders []Order) error {
	return d.write(ctx, "confirm an address", func(t *transaction) error { return t.confirm(lead, form, at, orders) })
}

func (t *transaction) confirm(lead, form string, at time.Time, orders []Order) error {
	who, err := t.person(lead)
	if errors.Is(err, ErrNoLead) {
		return nil // erased in the meantime: there is nobody to confirm
	}
	if err != nil {
		return err
	}
	before, err := t.standing(lead)
	if err != nil {
		return err
	}
	n, err := t.changed(confirmLead, lead, at.UnixMilli())
	if err != nil || n == 0 {
		return err // confirmed before: the same page again, and no second mail
	}
	t.prove(Proof{At: at, Deed: HasConfirmed, Lead: lead, Form: form})
	if before.ConfirmedAt.IsZero() {
		t.credit(who, dayOf(at), funnel.LeadConfirmed, 1)
	}
	return t.enqueue(orders, lead, "", form, at)
}

// Unsubscribe implements Store.
func (d *database) Unsubscribe(ctx context.Context, lead string, at time.Time, orders []Order) error {
	return d.write(ctx, "unsubscribe", func(t *transaction) error {
		n, err := t.changed(leaveLead, lead, at.UnixMilli())
		if err != nil || n == 0 {
			return err
		}
		t.prove(Proof{At: at, Deed: HasLeft, Lead: lead})
		return t.enqueue(orders, lead, "", "", at)
	})
}

// Card implements Store.
func (d *database) Card(ctx context.Context, id string) (Stored, error) {
	all, err := d.queries.submissionsBy(ctx, submissionByID, id)
	if err == nil && len(all) == 0 {
		err = ErrNoLead
	}
	if err != nil {
		return Stored{}, err
	}
	return all[0], nil
}
