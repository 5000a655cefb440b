package store

import (
	"context"
	"database/sql"
	"fmt"
	"strings"
	"time"
)

// Retention is for how long people are kept. Zero is until somebody erases them.
type Retention struct {
	// Who was asked to confirm the address and did not, after the last card. Nobody
	// of whom the owner has noted anything, and only who sent no other form than
	// those of Asking.
	Unconfirmed time.Duration
	// Cards that fell into the trap.
	Quarantined time.Duration
	// Everybody, after the last that was heard of, sent to or noted of the person.
	Silent time.Duration
	Asking []string // names of the forms that ask for a confirmation
}

// Lapsed is whom and what Lapse took out.
type Lapsed struct{ Unconfirmed, Quarantined, Silent int }

// Sum is how many there were.
func (l Lapsed) Sum() int { return l.Unconfirmed + l.Quarantined + l.Silent }

const (
	// $3 are the names of forms, each between two bars. A card without a form was
	// brought from elsewhere, and nobody asked its sender to confirm.
	lapsedUnconfirmed = `select id, unsubscribed_at from leads l where erased_at = 0 and address is not null and confirmed_at = 0 and created_at < $1
			and not exists (select 1 from sales e where e.lead = l.id)
			and not exists (select 1 from submissions s where s.lead = l.id and (s.received_at >= $1 or s.form = '' or replace($3, '|' || s.form || '|', '') = $3))
		order by created_at, id limit $2`
	lapsedSilent = `select id, unsubscribed_at from leads l where erased_at = 0 and created_at < $1
			and not exists (select 1 from sales e where e.lead = l.id and e.at >= $1)
			and not exists (select 1 from submissions s where s.lead = l.id and s.received_at >= $1)
			and not exists (select 1 from evidence p where p.lead = l.id and p.at >= $1)
		order by created_at, id limit $2`
	dropTrapped = `delete from submissions where id in
		(select id from submissions where status = 'quarantined' and received_at < $1 order by received_at limit $2)`
)

// lapse erases those whose time is over. Of who had unsubscribed the hash stays:
// a stranger who types the address later shall bring no mail there.
func (d *database) lapse(ctx context.Context, now time.Time, r Retention, limit int) (out Lapsed, err error) {
	forms := "|" + strings.Join(r.Asking, "||") + "|"
	err = d.write(ctx, "erase whose time is over", func(t *transaction) (err error) {
		out = Lapsed{}
		if r.Unconfirmed > 0 && len(r.Asking) > 0 {
			if out.Unconfirmed, err = t.lapse(lapsedUnconfirmed, now, now.Add(-r.Unconfirmed).UnixMilli(), limit, forms); err != nil {
				return err
			}
		}
		if r.Silent > 0 {
			if out.Silent, err = t.lapse(lapsedSilent, now, now.Add(-r.Silent).UnixMilli(), limit); err != nil {
				return err
			}
		}
		if r.Quarantined > 0 {
			n, err := t.changed(dropTrapped, now.Add(-r.Quarantined).UnixMilli(), limit)
			out.Quarantined = int(n)
			return err
		}
		return nil
	})
	return out, err
}

func (t *transaction) lapse(whose string, now time.Time, args ...any) (n int, err error) {
	type lapsing struct {
		lead string
		left int64
	}
	var all []lapsing
	err = each(t.ctx, t.conn, whose, args, func(rows *sql.Rows) error {
		var l lapsing
		err := rows.Scan(&l.lead, &l.left)
		all = append(all, l)
		return err
	})
	for _, l := range all {
		if err == nil {
			_, err = t.erase(l.lead, now, l.left > 0, nil)
		}
	}
	if err != nil {
		return 0, fmt.Errorf("erase whose time is over: %w", err)
	}
	return len(all), nil
}

// Lapse implements Store.
func (s *SQLite) Lapse(ctx context.Context, now time.Time, r Retention, limit int) (Lapsed, error) {
	l, err := s.lapse(ctx, now, r, limit)
	if l.Sum() > 0 {
		s.scrub.Store(true)
	}
	return l, err
}

// Lapse implements Store.
func (s *Postgres) Lapse(ctx context.Context, now time.Time, r Retention, limit int) (Lapsed, error) {
	l, err := s.lapse(ctx, now, r, limit)
	if l.Sum() > 0 {
		s.traces.Store(true)
	}
	return l, err
}
