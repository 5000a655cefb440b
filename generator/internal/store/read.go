package store

import (
	"context"
	"database/sql"
	"encoding/json"
	"fmt"
	"time"

	"cardbowl/generator/internal/funnel"
)

const (
	firstDay   = `select coalesce(min(day), '') from tallies`
	sumTallies = `select post, form, placement, step, sum(n) from tallies where day >= $1 and day <= $2 group by post, form, placement, step`
	sumReach   = `select post, step, sum(visitors) from reach where day >= $1 and day <= $2 group by post, step`
	// The whole site's part of a dimension that every event has is a small table
	// of days; the tallies have a row for each post.
	sumDays = `select day, step, sum(n) from breakdowns
		where dimension = 'source' and post = '*' and day >= $1 and day <= $2 and n <> 0 group by day, step order by day, step`
	countLeads = `select post, count(distinct lead) from submissions where status = 'accepted' and day >= $1 and day <= $2 group by post`
	pastPosts  = `select path, title, kind, date from revisions r
		where first_seen = (select max(first_seen) from revisions l where l.path = r.path) order by path, digest`
	submissionColumns = `select id, received_at, day, post, claim, form, placement, revision, email, fields, consent, consent_text, status, coalesce(lead, ''),
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
	err = each(ctx, tx, sumTallies, []any{since, until}, func(rows *sql.Rows) error {
		var t funnel.Tally
		err := rows.Scan(&t.Post, &t.Form, &t.Placement, &t.Step, &t.Count)
		c.Tallies = append(c.Tallies, t)
		return err
	})
	if err != nil {
		return c, err
	}
	err = each(ctx, tx, sumReach, []any{since, until}, func(rows *sql.Rows) error {
		var r funnel.Reach
		err := rows.Scan(&r.Post, &r.Step, &r.Visitors)
		c.Reach = append(c.Reach, r)
		return err
	})
	if err != nil {
		return c, err
	}
	err = each(ctx, tx, countLeads, []any{since, until}, func(rows *sql.Rows) error {
		var l funnel.LeadCount
		err := rows.Scan(&l.Post, &l.Leads)
		c.Leads = append(c.Leads, l)
		return err
	})
	if err != nil {
		return c, err
	}
	err = each(ctx, tx, sumDays, []any{since, until}, func(rows *sql.Rows) error {
		var d funnel.DayCount
		err := rows.Scan(&d.Day, &d.Step, &d.Count)
		c.Days = append(c.Days, d)
		return err
	})
	if err != nil {
		return c, err
	}
	err = each(ctx, tx, sumWorth, []any{since, until}, func(rows *sql.Rows) error {
		var v funnel.Value
		err := rows.Scan(&v.Post, &v.Amount)
		c.Values = append(c.Values, v)
		return err
	})
	if err != nil {
		return c, err
	}
	err = each(ctx, tx, pastPosts, nil, func(rows *sql.Rows) error {
		var p funnel.PastPost
		err := rows.Scan(&p.Path, &p.Title, &p.Kind, &p.Date)
		c.Past = append(c.Past, p)
		return err
	})
	return c, err
}

func (q queries) submissions(ctx context.Context, since, until string) ([]Stored, error) {
	return q.submissionsBy(ctx, submissionsOf, since, until)
}

func (q queries) submissionsBy(ctx context.Context, text string, args ...any) ([]Stored, error) {
	var all []Stored
	err := each(ctx, q.db, text, args, func(rows *sql.Rows) error {
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
	if err != nil {
		return nil, fmt.Errorf("read submissions: %w", err)
	}
	return all, nil
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
