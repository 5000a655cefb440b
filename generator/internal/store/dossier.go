package store

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"time"
)

// Dossier is all that is kept of one person.
type Dossier struct {
	Person
	CreatedAt time.Time
	// What later steps of the person are counted for: the first card.
	Post, Form, Placement string
	FirstPost             string
	Assists               []string
	Source, Campaign      string
	Cards                 []Stored
	Entries               []Entry // what happened after the cards, with the owner's notes
	Messages              []Message
	Links                 []Link
	Proofs                []Proof
}

// Link is a link in a mail that is good for something.
type Link struct {
	Token
	MadeAt, ExpiresAt time.Time
}

const (
	findDossier   = `select email, confirmed_at, unsubscribed_at, created_at, post, form, placement, credit from leads where id = $1 and erased_at = 0`
	cardsOfLead   = submissionColumns + `where lead = $1 order by received_at, id`
	entriesOfLead = salesColumns + `where lead = $1 order by n`
	messagesOf    = `select id, kind, recipient, lead, submission, form, subject, created_at, due_at, attempts, state, said, settled_at from outbox
		where lead = $1 order by created_at, kind, id`
	tokensOfLead   = `select purpose, lead, form, made_at, expires_at from tokens where lead = $1 order by made_at, purpose`
	evidenceOfLead = evidence + `where e.lead = $1 order by e.n`
)

// Dossier implements Store. Everything is of one moment.
func (d *database) Dossier(ctx context.Context, lead string) (out Dossier, err error) {
	tx, err := d.reading.BeginTx(ctx, moment())
	if err != nil {
		return out, fmt.Errorf("read what is kept of a person: %w", err)
	}
	defer func() {
		_ = tx.Rollback() // it only read
		if err != nil && !errors.Is(err, ErrNoLead) {
			err = fmt.Errorf("read what is kept of a person: %w", err)
		}
	}()
	out.ID = lead
	var confirmed, left, created int64
	var text string
	switch err := tx.QueryRowContext(ctx, findDossier, lead).Scan(&out.Email, &confirmed, &left, &created, &out.Post, &out.Form, &out.Placement, &text); {
	case errors.Is(err, sql.ErrNoRows):
		return out, ErrNoLead
	case err != nil:
		return out, err
	}
	out.ConfirmedAt, out.UnsubscribedAt, out.CreatedAt = momentOf(confirmed), momentOf(left), momentOf(created)
	var c credit
	if err := json.Unmarshal([]byte(text), &c); err != nil {
		return out, err
	}
	out.FirstPost, out.Assists, out.Source, out.Campaign = c.FirstPost, c.Assists, c.Source, c.Campaign
	if out.Cards, err = cardsBy(ctx, tx, cardsOfLead, lead); err != nil {
		return out, err
	}
	progress, err := progressBy(ctx, tx, entriesOfLead, lead)
	if err != nil {
		return out, err
	}
	for _, p := range progress {
		out.Entries = append(out.Entries, p.Entries...)
	}
	err = each(ctx, tx, messagesOf, []any{lead}, func(rows *sql.Rows) error {
		m, err := scanMessage(rows)
		out.Messages = append(out.Messages, m)
		return err
	})
	if err != nil {
		return out, err
	}
	err = each(ctx, tx, tokensOfLead, []any{lead}, func(rows *sql.Rows) error {
		var l Link
		var made, expires int64
		err := rows.Scan(&l.Purpose, &l.Lead, &l.Form, &made, &expires)
		l.MadeAt, l.ExpiresAt = momentOf(made), momentOf(expires)
		out.Links = append(out.Links, l)
		return err
	})
	if err != nil {
		return out, err
	}
	err = each(ctx, tx, evidenceOfLead, []any{lead}, func(rows *sql.Rows) error {
		k, err := scanProof(rows)
		out.Proofs = append(out.Proofs, k.Proof)
		return err
	})
	return out, err
}
