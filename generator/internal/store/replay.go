package store

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"
)

// Happened is one thing that happened some time ago. Exactly one of the four is
// there.
type Happened struct {
	Event        *Event
	Card         *Submission
	Confirmation *Confirmation
	Sale         *Sale
}

// Confirmation is the person with an address, who has sent a card before, pressing
// the button behind the link in a mail, for the form that asked.
type Confirmation struct {
	Email, Form string
	At          time.Time // in the site's zone
}

// Sale is an Entry for the person with an address, who has sent a card before.
type Sale struct {
	Email  string
	Stages []string // of the site, in their order
	Entry
}

// Replay stores what happened some time ago, in the order given, all of it or
// nothing, with all it counts for: as Submit, Count, Confirm and Enter would have done at
// the time. Visitors are told apart within one call, and nothing of them is
// stored, as if their days' salts were destroyed already: so one call takes all
// that the visitors it speaks of did on a day, and a day of which the store
// counts visitors itself is not for it. A million events take some seconds.
//
// It is ErrNoLead for a sale to, or a confirmation by, somebody who never sent a card.
func (d *database) Replay(ctx context.Context, happened []Happened) error {
	if d.writer == nil {
		return ErrReadOnly
	}
	unknown := false
	err := d.writer.do(ctx, func(t *transaction) error {
		err := t.replay(happened)
		unknown = errors.Is(err, ErrNoLead)
		return err
	})
	switch {
	case unknown: // nothing is wrong with the store
		return ErrNoLead
	case err != nil:
		return fmt.Errorf("store what happened before: %w", err)
	}
	return nil
}

func (t *transaction) replay(happened []Happened) error {
	t.past = newPast()
	defer func() { t.past = nil }()
	for _, h := range happened {
		var err error
		switch {
		case h.Event != nil:
			err = t.count(*h.Event)
		case h.Card != nil:
			_, err = t.submit(*h.Card, newID(h.Card.At))
		case h.Confirmation != nil:
			var lead string
			if lead, err = t.known(h.Confirmation.Email); err == nil {
				err = t.confirm(lead, h.Confirmation.Form, h.Confirmation.At, nil)
			}
		case h.Sale != nil:
			var lead string
			if lead, err = t.known(h.Sale.Email); err == nil {
				err = t.enter(lead, h.Sale.Entry, h.Sale.Stages)
			}
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// known is the lead with an address, or ErrNoLead.
func (t *transaction) known(email string) (lead string, err error) {
	there, err := t.row(findLead, []any{&lead}, strings.ToLower(email))
	if err == nil && !there {
		err = ErrNoLead
	}
	return lead, err
}

// past is the table of visits as it would have been, in memory.
type past struct {
	visits  map[pastKey]pastVisit
	reading map[pastVisitor][]pastKey // the posts each visitor read
}

type pastVisitor struct{ day, visitor string }

type pastKey struct {
	pastVisitor
	place string
}

type pastVisit struct {
	steps, readAt int64
	origin        string
}

func newPast() *past {
	return &past{visits: map[pastKey]pastVisit{}, reading: map[pastVisitor][]pastKey{}}
}

// visit does what addVisit does.
func (p *past) visit(day string, visitor []byte, place string, bit, readAt int64, origin string) (steps int64, isNew bool) {
	key := pastKey{pastVisitor{day, string(visitor)}, place}
	v := p.visits[key]
	if v.steps&bit != 0 {
		return 0, false
	}
	v.steps |= bit
	if v.readAt == 0 && readAt > 0 {
		v.readAt = readAt
		p.reading[key.pastVisitor] = append(p.reading[key.pastVisitor], key)
	}
	if v.origin == "" {
		v.origin = origin
	}
	p.visits[key] = v
	return v.steps, true
}

// origin does what findOrigin does; empty when it is not known.
func (p *past) origin(day string, visitor []byte, place string) string {
	return p.visits[pastKey{pastVisitor{day, string(visitor)}, place}].origin
}

// postsRead does what the statement of that name does.
func (p *past) postsRead(day string, visitor []byte) []string {
	read := slices.Clone(p.reading[pastVisitor{day, string(visitor)}])
	slices.SortFunc(read, func(a, b pastKey) int {
		return cmp.Or(cmp.Compare(p.visits[a].readAt, p.visits[b].readAt), cmp.Compare(a.place, b.place))
	})
	var posts []string
	for _, k := range read[:min(len(read), maxRead)] {
		posts = append(posts, k.place)
	}
	return posts
}
