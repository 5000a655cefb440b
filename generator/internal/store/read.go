package store

import (
	"cmp"
	"context"
	"database/sql"
	"encoding/json"
	"fmt"
	"slices"
	"time"

	"cardbowl/generator/internal/funnel"
)

const (
	firstDay  = `select coalesce(min(day), '') from tallies`
	pastPosts = `select path, title, kind, date from revisions r
		where first_seen = (select max(first_seen) from revisions l where l.path = r.path) order by path, digest`
	submissionColumns = `select id, received_at, day, post, claim, form, placement, revision, email, fields, consent, consent_text, status,
			case when lead in (select id from leads where erased_at > 0) then '' else coalesce(lead, '') end,
			first_post, assists, origin from submissions `
	submissionsOf  = submissionColumns + `where day >= $1 and day <= $2 order by received_at, id`
	submissionByID = submissionColumns + `where id = $1`
)

// queries reads from a database, whatever its dialect.
type queries struct {
	db *sql.DB
}

// moment is how to read many things as they were at one moment. SQLite does so
// in any transaction.
func moment() *sql.TxOptions {
	return &sql.TxOptions{Isolation: sql.LevelRepeatableRead, ReadOnly: true}
}

// counts reads everything in one transaction, so that the parts agree with one
// another while submissions arrive.
func (q queries) counts(ctx context.Context, since, until string) (c funnel.Counts, err error) {
	tx, err := q.db.BeginTx(ctx, moment())
	if err != nil {
		return c, fmt.Errorf("read counts: %w", err)
	}
	defer func() {
		_ = tx.Rollback() // it only read
		if err != nil {
			err = fmt.Errorf("read counts: %w", err)
		}
	}()
	if since == "" {
		if err := tx.QueryRowContext(ctx, firstDay).Scan(&since); err != nil {
			return c, err
		}
		if since == "" || since > until {
			since = until
		}
	}
	c.Since, c.Until = since, until
	l, err := sums(ctx, tx, everything(), span{since, until})
	if err != nil {
		return c, err
	}
	l.counts(&c)
	err = each(ctx, tx, pastPosts, nil, func(rows *sql.Rows) error {
		var p funnel.PastPost
		err := rows.Scan(&p.Path, &p.Title, &p.Kind, &p.Date)
		c.Past = append(c.Past, p)
		return err
	})
	return c, err
}

// counts are the parts of a ledger, with the people behind the cards: as many as
// there were cards, but for those of somebody whose card before, on the same post,
// is among them.
func (l *ledger) counts(c *funnel.Counts) {
	people := map[string]int{}
	l.each(ofTally, func(post string, texts [3]string, sum lineSum) {
		t := funnel.Tally{Post: post, Form: texts[0], Placement: texts[1], Step: funnel.Step(texts[2]), Count: sum.n}
		c.Tallies = append(c.Tallies, t)
		if t.Step == funnel.FormSubmit {
			people[post] += sum.n
		}
	})
	l.each(ofRepeat, func(post string, texts [3]string, sum lineSum) {
		if texts[0] >= c.Since {
			people[post] -= sum.n
		}
	})
	for post, n := range people {
		if n > 0 {
			c.Leads = append(c.Leads, funnel.LeadCount{Post: post, Leads: n})
		}
	}
	l.each(ofReach, func(post string, texts [3]string, sum lineSum) {
		c.Reach = append(c.Reach, funnel.Reach{Post: post, Step: funnel.Step(texts[0]), Visitors: sum.visitors})
	})
	l.each(ofDay, func(day string, texts [3]string, sum lineSum) {
		c.Days = append(c.Days, funnel.DayCount{Day: day, Step: funnel.Step(texts[0]), Count: sum.n})
	})
	slices.SortFunc(c.Days, func(a, b funnel.DayCount) int { return cmp.Or(cmp.Compare(a.Day, b.Day), cmp.Compare(a.Step, b.Step)) })
	l.each(ofWorth, func(post string, _ [3]string, sum lineSum) {
		c.Values = append(c.Values, funnel.Value{Post: post, Amount: sum.amount})
	})
}

func (q queries) submissions(ctx context.Context, since, until string) ([]Stored, error) {
	return q.submissionsBy(ctx, submissionsOf, since, until)
}

func (q queries) submissionsBy(ctx context.Context, text string, args ...any) ([]Stored, error) {
	all, err := cardsBy(ctx, q.db, text, args...)
	if err != nil {
		return nil, fmt.Errorf("read submissions: %w", err)
	}
	return all, nil
}

func cardsBy(ctx context.Context, from querier, text string, args ...any) ([]Stored, error) {
	var all []Stored
	err := each(ctx, from, text, args, func(rows *sql.Rows) error {
		var (
			s       Stored
			at      int64
			day     string
			fields  string
			consent int
			assists string
			origin  string
		)
		err := rows.Scan(&s.ID, &at, &day, &s.Post, &s.Claim, &s.Form, &s.Placement, &s.Revision, &s.Email, &fields, &consent, &s.ConsentText, &s.Status, &s.Lead,
			&s.FirstPost, &assists, &origin)
		if err != nil {
			return err
		}
		s.At, s.Consent, s.Quarantined = time.UnixMilli(at).UTC(), consent != 0, s.Status == Quarantined
		if s.Fields, err = decodeFields(fields); err != nil {
			return err
		}
		if err := json.Unmarshal([]byte(assists), &s.Assists); err != nil {
			return err
		}
		if len(s.Assists) == 0 {
			s.Assists = nil
		}
		err = json.Unmarshal([]byte(origin), &s.Origin)
		all = append(all, s)
		return err
	})
	return all, err
}

type querier interface {
	QueryContext(ctx context.Context, query string, args ...any) (*sql.Rows, error)
}

// each runs a query and hands over its rows one by one.
func each(ctx context.Context, q querier, text string, args []any, row func(*sql.Rows) error) error {
	rows, err := q.QueryContext(ctx, text, storable(args)...)
	if err != nil {
		return err
	}
	defer rows.Close()
	for rows.Next() {
		if err := row(rows); err != nil {
			return err
		}
	}
	return rows.Err()
}
