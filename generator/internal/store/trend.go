package store

import (
	"cmp"
	"context"
	"database/sql"
	"errors"
	"fmt"
	"slices"

	"cardbowl/generator/internal/funnel"
)

// The keys of both tables begin with the day and the post, so that each day of
// each post is looked up, and no other row is read, however many posts there are.
const (
	visitorsOfDays = `select day, post, visitors from reach where step = 'page_view' and day in (%s) and post in (%s)`
	sentOnDays     = `select day, post, sum(n) from tallies where step = 'form_submit' and day in (%s) and post in (%s) group by day, post`
)

// mostAtOnce keeps a statement below what databases take in parameters.
const mostAtOnce = 300

// days are the days of a span; none where it is no span of days.
func (s span) days() (all []string) {
	for day := s.since; !s.empty() && day <= s.until; {
		all = append(all, day)
		next := follows(day, 1)
		if next == day {
			return nil
		}
		day = next
	}
	return all
}

// Trend implements Store. Everything is of one moment.
func (d *database) Trend(ctx context.Context, posts []string, since, until string) (out []funnel.PostDay, err error) {
	tx, err := d.reading.BeginTx(ctx, moment())
	if err != nil {
		return nil, fmt.Errorf("read the days of posts: %w", err)
	}
	defer func() { _ = tx.Rollback() }() // it only read
	type key struct{ post, day string }
	at := map[key]int{}
	var failed []error
	for days := range slices.Chunk(span{since, until}.days(), mostAtOnce) {
		for some := range slices.Chunk(posts, mostAtOnce) {
			for _, q := range []struct {
				text string
				into func(*funnel.PostDay) *int
			}{
				{visitorsOfDays, func(p *funnel.PostDay) *int { return &p.Visitors }},
				{sentOnDays, func(p *funnel.PostDay) *int { return &p.Submissions }},
			} {
				var args []any
				for _, text := range slices.Concat(days, some) {
					args = append(args, text)
				}
				text := fmt.Sprintf(q.text, places(1, len(days)), places(1+len(days), len(some)))
				failed = append(failed, each(ctx, tx, text, args, func(rows *sql.Rows) error {
					var k key
					var n int
					if err := rows.Scan(&k.day, &k.post, &n); err != nil {
						return err
					}
					i, known := at[k]
					if !known {
						i, at[k] = len(out), len(out)
						out = append(out, funnel.PostDay{Post: k.post, Day: k.day})
					}
					*q.into(&out[i]) += n
					return nil
				}))
			}
		}
	}
	if err := errors.Join(failed...); err != nil {
		return nil, fmt.Errorf("read the days of posts: %w", err)
	}
	slices.SortFunc(out, func(a, b funnel.PostDay) int {
		return cmp.Or(cmp.Compare(a.Post, b.Post), cmp.Compare(a.Day, b.Day))
	})
	return out, nil
}
