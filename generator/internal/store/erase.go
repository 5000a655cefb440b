package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"strings"
	"time"

	"cardbowl/generator/internal/webhook"
)

// Erasure is what became of a person's traces.
type Erasure struct {
	Cards    int // emptied
	Trapped  int // cards in quarantine with the same address, gone
	Entries  int // of what happened to the lead, without their words
	Messages int // of the outbox, emptied
	Links    int // of mails, good for nothing any more
}

const (
	findErasable = `select email from leads where id = $1 and erased_at = 0`
	eraseLead    = `update leads set address = null, email = '', salt = $2, erased_at = $3 where id = $1`
	// What the reports count by stays: post, form, placement, revision, source,
	// campaign, and the posts read. Nobody belongs to it any more.
	eraseCards    = `update submissions set email = '', fields = '{}', claim = '', origin = '{}' where lead = $1`
	eraseEntries  = `update sales set note = '', next_step = '', next_day = '' where lead = $1`
	eraseMessages = `update outbox set recipient = case when recipient = $2 then '' else recipient end, subject = '', said = '', leased_until = 0,
			settled_at = case when state = 'waiting' then $3 else settled_at end, state = case when state in ('waiting', 'dead') then 'dropped' else state end
		where lead = $1`
	toldOfLead    = `select distinct recipient from outbox where lead = $1 and kind like '` + webhook.Kind + `%' and attempts > 0 order by recipient`
	eraseTokens   = `delete from tokens where lead = $1`
	eraseRetries  = `delete from retries where submission in (select id from submissions where lead = $1)`
	eraseFolds    = `delete from folds where submission in (select id from submissions where lead = $1)`
	trappedCards  = `select id, email from submissions where status = 'quarantined'`
	dropCard      = `delete from submissions where id = $1`
	dropRetriesOf = `delete from retries where submission = $1`
	addSuppressed = `insert into suppressed (hash, reason, at) values ($1, $2, $3) on conflict (hash) do nothing`
	isSuppressed  = `select at from suppressed where hash = $1`
	dropSuppress  = `delete from suppressed where hash = $1`
)

// suppressionSecret names the key that hashes of addresses are made with.
const suppressionSecret = "suppression"

// tracesIn are the tables that an erasure empties rows of.
func tracesIn() []string {
	return []string{"leads", "submissions", "sales", "outbox", "tokens", "retries", "folds"}
}

// erase takes a person out of the store, and no count. remember leaves a hash of
// the address, so that no mail is sent to it again.
func (t *transaction) erase(lead string, at time.Time, remember bool, orders []Order) (e Erasure, err error) {
	var email string
	// Held, so that a card that comes at the same time goes to a new lead and does
	// not stay behind with this one.
	known, err := t.row(findErasable+t.hold, []any{&email}, lead)
	if err != nil {
		return e, err
	}
	if !known {
		return e, ErrNoLead
	}
	ms := at.UnixMilli()
	told, err := t.told(lead)
	if err != nil {
		return e, err
	}
	if remember && email != "" {
		key, err := t.secret(suppressionSecret, at)
		if err != nil {
			return e, err
		}
		if err := t.exec(addSuppressed, keyed(key, strings.ToLower(email)), "erased", ms); err != nil {
			return e, err
		}
	}
	if e.Trapped, err = t.eraseTrapped(email); err != nil {
		return e, err
	}
	for _, s := range []struct {
		text string
		args []any
		into *int
	}{
		{eraseRetries, []any{lead}, nil}, {eraseFolds, []any{lead}, nil},
		{eraseCards, []any{lead}, &e.Cards},
		{eraseEntries, []any{lead}, &e.Entries},
		{eraseMessages, []any{lead, email, ms}, &e.Messages},
		{eraseTokens, []any{lead}, &e.Links},
		{eraseLead, []any{lead, unknown(), ms}, nil},
	} {
		n, err := t.changed(s.text, s.args...)
		if err != nil {
			return e, err
		}
		if s.into != nil {
			*s.into = int(n)
		}
	}
	// Whoever was told of the person is told of this, too (Article 19 of the GDPR).
	for _, to := range told {
		if err := t.order(Order{Kind: webhook.Kind + webhook.LeadErased, To: to}, lead, "", "", at); err != nil {
			return e, err
		}
	}
	for _, o := range orders {
		if err := t.order(o, lead, "", "", at); err != nil {
			return e, err
		}
	}
	t.prove(Proof{At: at, Deed: WasErased, Lead: lead})
	return e, nil
}

// told are the programs that may know of a lead: something about it was sent there,
// or was about to be.
func (t *transaction) told(lead string) (all []string, err error) {
	err = each(t.ctx, t.conn, toldOfLead, []any{lead}, func(rows *sql.Rows) error {
		var to string
		err := rows.Scan(&to)
		all = append(all, to)
		return err
	})
	return all, err
}

// eraseTrapped removes cards of an address that fell into the trap: they are
// nobody's, and count for nothing.
func (t *transaction) eraseTrapped(email string) (n int, err error) {
	if email == "" {
		return 0, nil
	}
	var ids []string
	err = each(t.ctx, t.conn, trappedCards, nil, func(rows *sql.Rows) error {
		var id, of string
		err := rows.Scan(&id, &of)
		if strings.EqualFold(of, email) {
			ids = append(ids, id)
		}
		return err
	})
	for _, id := range ids {
		err = errors.Join(err, t.exec(dropRetriesOf, id), t.exec(dropCard, id))
	}
	return len(ids), err
}

// suppressed tells whether an address is one that no mail is sent to.
func (t *transaction) suppressed(email string) (bool, error) {
	var key []byte
	there, err := t.row(findSecret, []any{&key}, suppressionSecret)
	if err != nil || !there {
		return false, err
	}
	var at int64
	return t.row(isSuppressed, []any{&at}, keyed(key, strings.ToLower(email)))
}

// erased runs erase, and tells nobody's absence apart from a fault of the store.
func (d *database) erase(ctx context.Context, lead string, at time.Time, remember bool, orders []Order) (e Erasure, err error) {
	unknown := false
	err = d.write(ctx, "erase a person", func(t *transaction) (err error) {
		e, err = t.erase(lead, at, remember, orders)
		if unknown = errors.Is(err, ErrNoLead); unknown {
			return nil // nothing was written, and nothing is wrong with the store
		}
		return err
	})
	if err == nil && unknown {
		err = ErrNoLead
	}
	return e, err
}

// Suppressed implements Store.
func (d *database) Suppressed(ctx context.Context, email string) (time.Time, error) {
	var key []byte
	var at int64
	err := each(ctx, d.reading, findSecret, []any{suppressionSecret}, func(rows *sql.Rows) error { return rows.Scan(&key) })
	if err == nil && key != nil {
		err = each(ctx, d.reading, isSuppressed, []any{keyed(key, strings.ToLower(email))}, func(rows *sql.Rows) error { return rows.Scan(&at) })
	}
	if err != nil {
		return time.Time{}, fmt.Errorf("look up whether an address was erased: %w", err)
	}
	return momentOf(at), nil
}

// Allow implements Store.
func (d *database) Allow(ctx context.Context, email string, now time.Time) (known bool, err error) {
	err = d.write(ctx, "let mail go to an address again", func(t *transaction) error {
		key, err := t.secret(suppressionSecret, now)
		if err != nil {
			return err
		}
		n, err := t.changed(dropSuppress, keyed(key, strings.ToLower(email)))
		known = n > 0
		return err
	})
	return known, err
}

// Erase implements Store.
func (s *SQLite) Erase(ctx context.Context, lead string, at time.Time, remember bool, orders ...Order) (Erasure, error) {
	e, err := s.erase(ctx, lead, at, remember, orders)
	if err == nil {
		s.scrub.Store(true)
	}
	return e, err
}

// ErrTraces is returned when files of the store still hold what was destroyed.
var ErrTraces = errors.New("the store's log still holds what was destroyed, since somebody is reading: it goes when they have ended")

// Scrub implements Store. Rows that were emptied are zeros in the file already;
// the write-ahead log is cut off.
func (s *SQLite) Scrub(ctx context.Context) error {
	if s.writer == nil {
		return ErrReadOnly
	}
	s.scrub.Store(true)
	for range 40 {
		if err := s.checkpoint(ctx, true); err != nil {
			return fmt.Errorf("scrub the store: %w", err)
		}
		if !s.scrub.Load() {
			return nil
		}
		select {
		case <-ctx.Done():
			return fmt.Errorf("scrub the store: %w", ctx.Err())
		case <-time.After(250 * time.Millisecond):
		}
	}
	return ErrTraces
}

// Erase implements Store.
func (s *Postgres) Erase(ctx context.Context, lead string, at time.Time, remember bool, orders ...Order) (Erasure, error) {
	e, err := s.erase(ctx, lead, at, remember, orders)
	if err == nil {
		s.traces.Store(true)
	}
	return e, err
}

// Scrub implements Store. The room of rows that were emptied is given free to be
// written over; in the server's write-ahead log, and in copies that are made of
// it, they stay for as long as these are kept.
func (s *Postgres) Scrub(ctx context.Context) error {
	if s.writer == nil {
		return ErrReadOnly
	}
	for _, table := range tracesIn() {
		if _, err := s.writing.ExecContext(ctx, "vacuum "+table); err != nil {
			return fmt.Errorf("scrub the store: %w", err)
		}
	}
	s.traces.Store(false)
	return nil
}
