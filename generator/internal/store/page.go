package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"strings"
	"time"
)

// LeadQuery asks for a page of people, the newest first.
type LeadQuery struct {
	IDs   []string // these, and no others; nil: anybody
	Stage *string  // who is in this stage of sales, empty: in none yet; nil: in any
	Post  *string  // who sent the first card on this URL path; nil: on any
	After string   // the lead that the page before ended with; empty: from the newest on
	Limit int      // how many at most; 0: 50
}

// LeadPage is a page of people with all that is known of them: what report.Leads
// takes.
type LeadPage struct {
	IDs      []string // of everybody on it, in order
	More     bool     // others follow
	Cards    []Stored // as of Submissions
	People   []Person
	Progress []Progress
}

const (
	leadsUsually = 50
	// Each half is a look into one index.
	findWho = `select id from leads where address = $1 and erased_at = 0
		union all select id from leads where id = $2 and erased_at = 0 limit 1`
	peopleOf  = `select id, email, confirmed_at, unsubscribed_at from leads `
	ageOfLead = `select created_at from leads where id = $1`
	// Everybody is counted in an index, and whoever was erased in another.
	stagesOf = `select stage, cast(sum(n) as bigint) from (select stage, count(*) n from leads group by stage
		union all select stage, -1 from leads where erased_at > 0) s group by stage having sum(n) > 0`
	moveLead = `update leads set stage = $2 where id = $1`
)

// places are the parameters of a list of n, from the first on.
func places(first, n int) string {
	var b strings.Builder
	for i := range n {
		if i > 0 {
			b.WriteByte(',')
		}
		fmt.Fprintf(&b, "$%d", first+i)
	}
	return b.String()
}

// Find implements Store.
func (d *database) Find(ctx context.Context, who string) (lead string, err error) {
	err = each(ctx, d.reading, findWho, []any{strings.ToLower(who), who}, func(rows *sql.Rows) error { return rows.Scan(&lead) })
	switch {
	case err != nil:
		return "", fmt.Errorf("look up a person: %w", err)
	case lead == "":
		return "", ErrNoLead
	}
	return lead, nil
}

// Leads implements Store.
func (d *database) Leads(ctx context.Context, q LeadQuery) (p LeadPage, err error) {
	defer func() {
		if err != nil && !errors.Is(err, ErrNoLead) {
			err = fmt.Errorf("read leads: %w", err)
		}
	}()
	tx, err := d.reading.BeginTx(ctx, moment())
	if err != nil {
		return p, err
	}
	defer func() { _ = tx.Rollback() }() // it only read
	if q.Limit == 0 {
		q.Limit = leadsUsually
	}
	if q.IDs != nil && len(q.IDs) == 0 {
		return p, nil
	}
	if p.IDs, err = leadsOf(ctx, tx, q); err != nil || len(p.IDs) == 0 {
		return p, err
	}
	if p.More = len(p.IDs) > q.Limit; p.More {
		p.IDs = p.IDs[:q.Limit]
	}
	ids := make([]any, len(p.IDs))
	for i, id := range p.IDs {
		ids[i] = id
	}
	these := "(" + places(1, len(ids)) + ")"
	if p.Cards, err = cardsBy(ctx, tx, submissionColumns+"where lead in "+these+" order by received_at, id", ids...); err != nil {
		return p, err
	}
	if p.People, err = peopleBy(ctx, tx, peopleOf+"where id in "+these+" order by id", ids...); err != nil {
		return p, err
	}
	p.Progress, err = progressBy(ctx, tx, salesColumns+"where lead in "+these+" order by lead, n", ids...)
	return p, err
}

// leadsOf are the ids of a page, and one more where others follow.
func leadsOf(ctx context.Context, from *sql.Tx, q LeadQuery) (ids []string, err error) {
	text, args := "select id from leads where erased_at = 0", []any{}
	and := func(condition string, values ...any) {
		for _, v := range values {
			args = append(args, v)
			condition = strings.Replace(condition, "?", fmt.Sprintf("$%d", len(args)), 1)
		}
		text += " and " + condition
	}
	if q.IDs != nil {
		values := make([]any, len(q.IDs))
		for i, id := range q.IDs {
			values[i] = id
		}
		and("id in ("+strings.TrimSuffix(strings.Repeat("?,", len(values)), ",")+")", values...)
	}
	if q.Stage != nil {
		and("stage = ?", *q.Stage)
	}
	if q.Post != nil {
		and("post = ?", *q.Post)
	}
	if q.After != "" {
		var at int64
		switch err := from.QueryRowContext(ctx, ageOfLead, q.After).Scan(&at); {
		case errors.Is(err, sql.ErrNoRows):
			return nil, ErrNoLead
		case err != nil:
			return nil, err
		}
		and("created_at <= ? and (created_at < ? or id > ?)", at, at, q.After)
	}
	err = each(ctx, from, text+fmt.Sprintf(" order by created_at desc, id limit %d", q.Limit+1), args, func(rows *sql.Rows) error {
		var id string
		err := rows.Scan(&id)
		ids = append(ids, id)
		return err
	})
	return ids, err
}

// Stages implements Store.
func (d *database) Stages(ctx context.Context) (map[string]int, error) {
	in := map[string]int{}
	err := each(ctx, d.reading, stagesOf, nil, func(rows *sql.Rows) error {
		var stage string
		var n int
		err := rows.Scan(&stage, &n)
		in[stage] = n
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("count leads by stage: %w", err)
	}
	return in, nil
}

// peopleBy reads what is known of people beside their cards.
func peopleBy(ctx context.Context, from querier, text string, args ...any) ([]Person, error) {
	var all []Person
	err := each(ctx, from, text, args, func(rows *sql.Rows) error {
		var p Person
		var confirmed, left int64
		err := rows.Scan(&p.ID, &p.Email, &confirmed, &left)
		p.ConfirmedAt, p.UnsubscribedAt = momentOf(confirmed), momentOf(left)
		all = append(all, p)
		return err
	})
	return all, err
}

// progressBy reads entries, of one lead after the other.
func progressBy(ctx context.Context, from querier, text string, args ...any) ([]Progress, error) {
	var all []Progress
	err := each(ctx, from, text, args, func(rows *sql.Rows) error {
		var lead string
		var at int64
		var value sql.NullFloat64
		var e Entry
		if err := rows.Scan(&lead, &at, &e.Stage, &value, &e.Note, &e.Next, &e.NextDay); err != nil {
			return err
		}
		e.At = time.UnixMilli(at).UTC()
		if value.Valid {
			e.Value = &value.Float64
		}
		if len(all) == 0 || all[len(all)-1].Lead != lead {
			all = append(all, Progress{Lead: lead})
		}
		p := &all[len(all)-1]
		p.Entries = append(p.Entries, e)
		return nil
	})
	return all, err
}
