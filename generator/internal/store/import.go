package store

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"cardbowl/generator/internal/form"
	"cardbowl/generator/internal/funnel"
)

// Imported is the status of what was known of a person elsewhere. It counts for
// nothing.
const Imported Status = "imported"

// ImportedLead is a person who is brought over from elsewhere.
type ImportedLead struct {
	Email          string        // normalised; never empty
	Fields         []form.Answer // what is known of the person: name, phone, company, …
	Since          time.Time     // when the person became known, in the site's zone; zero: now
	Stage          string        // of sales, or lost; empty: in none
	Value          *float64      // in the site's currency; nil: nobody said
	Note           string
	UnsubscribedAt time.Time // zero: mail is welcome, as far as anybody knows
}

const adoptLead = `update leads set post = $2, form = $3, placement = $4, credit = $5 where id = $1 and form = '' and post = ''`

// Import implements Store.
func (d *database) Import(ctx context.Context, now time.Time, leads []ImportedLead, stages []string) (added int, err error) {
	if d.writer == nil {
		return 0, ErrReadOnly
	}
	const together = 500 // so that cards need not wait for all of them
	for batch := range slices.Chunk(leads, together) {
		n := 0
		err := d.writer.do(ctx, func(t *transaction) error {
			n = 0
			for _, l := range batch {
				isNew, err := t.bring(l, now, stages)
				if err != nil {
					return err
				}
				if isNew {
					n++
				}
			}
			return nil
		})
		if err != nil {
			return added, fmt.Errorf("store leads from elsewhere: %w", err)
		}
		added += n
	}
	return added, nil
}

// bring stores a person from elsewhere; false for one who is known already, of
// whom nothing is changed.
func (t *transaction) bring(l ImportedLead, now time.Time, stages []string) (isNew bool, err error) {
	if l.Email == "" {
		return false, errors.New("a lead from elsewhere has no address")
	}
	since := l.Since
	if since.IsZero() {
		since = now
	}
	id, address := newID(since), strings.ToLower(l.Email)
	var known string
	if ok, err := t.row(findLead+t.hold, []any{&known}, address); err != nil || ok {
		return false, err
	}
	made, err := t.row(addLead, []any{&known}, id, address, l.Email, since.UnixMilli(), dayOf(since), funnel.Other, "", "", "{}", random())
	if err != nil || !made {
		return false, err
	}
	fields, err := encodeFields(l.Fields)
	if err != nil {
		return false, err
	}
	err = t.exec(addSubmission, id, since.UnixMilli(), dayOf(since), funnel.Other, "", "", "", "", l.Email, fields, 0, "", string(Imported), id, "", "[]", "", "", "{}")
	if err != nil {
		return false, err
	}
	if l.Stage != "" || l.Value != nil || l.Note != "" {
		if err := t.bringStage(id, l, now, stages); err != nil {
			return false, err
		}
	}
	if !l.UnsubscribedAt.IsZero() {
		if err := t.exec(leaveLead, id, l.UnsubscribedAt.UnixMilli()); err != nil {
			return false, err
		}
		t.prove(Proof{At: l.UnsubscribedAt, Deed: HasLeft, Lead: id})
	}
	return true, nil
}

// bringStage writes how far a person had come elsewhere. The steps up to there are
// noted as taken, so that later ones count and these do not.
func (t *transaction) bringStage(id string, l ImportedLead, now time.Time, stages []string) error {
	taken := []funnel.Step{}
	if l.Stage != "" {
		taken = reachedBy(l.Stage, nil, stages)
	}
	worth := 0.0
	if l.Value != nil && len(stages) > 0 && slices.Contains(taken, funnel.Step(stages[len(stages)-1])) {
		worth = *l.Value
	}
	list, err := json.Marshal(taken)
	if err != nil {
		return err
	}
	var value any
	if l.Value != nil {
		value = *l.Value
	}
	if l.Stage != "" {
		if err := t.exec(moveLead, id, l.Stage); err != nil {
			return err
		}
	}
	return t.exec(addSale, id, 1, now.UnixMilli(), dayOf(now), l.Stage, value, l.Note, "", "", string(list), worth, nil)
}

// adopt credits a person from elsewhere to the first counted card. Of anybody else
// it changes nothing.
func (t *transaction) adopt(lead string, s Submission, j Journey) error {
	credited, err := json.Marshal(credit{j.FirstPost, j.Assists, j.Origin.Source, j.Origin.Campaign, s.Revision})
	if err != nil {
		return err
	}
	return t.exec(adoptLead, lead, s.Post, s.Form, s.Placement, string(credited))
}
