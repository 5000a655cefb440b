package store

import (
	"context"
	"errors"
	"fmt"
	"time"
)

const (
	trappedNewest = submissionColumns + `where status = 'quarantined' order by received_at desc, id desc limit $1`
	dropTrappedID = `delete from submissions where id = $1 and status = 'quarantined'`
)

// ErrNotTrapped is returned for a card that is not in quarantine, or not any more.
var ErrNotTrapped = errors.New("no such card is in quarantine")

// Trapped implements Store.
func (d *database) Trapped(ctx context.Context, most int) ([]Stored, error) {
	return d.queries.submissionsBy(ctx, trappedNewest, most)
}

// Release implements Store.
func (d *database) Release(ctx context.Context, id string, zone *time.Location, orders []Order) (r Receipt, err error) {
	missing := false
	err = d.write(ctx, "release a card", func(t *transaction) error {
		cards, err := cardsBy(t.ctx, t.conn, submissionByID, id)
		if err != nil {
			return err
		}
		// Whoever deletes the row is the one who counts the card.
		n, err := t.changed(dropTrappedID, id)
		if missing = err == nil && n == 0; err != nil || missing {
			return err
		}
		s := cards[0].Submission
		s.At, s.Quarantined, s.Orders = s.At.In(zone), false, orders
		r, err = t.submit(s, id)
		return err
	})
	switch {
	case err != nil:
		return Receipt{}, fmt.Errorf("release a card: %w", err)
	case missing:
		return Receipt{}, ErrNotTrapped
	}
	return r, nil
}
