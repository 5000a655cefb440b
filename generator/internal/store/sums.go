package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"math"
	"slices"
	"strings"
	"time"

	"cardbowl/generator/internal/funnel"
)

// The counts of a day that is over hardly ever change, and a report wants them as
// one sum. So they are kept packed, in sheets: one of each day and one of each
// month that is over, for each question. A sheet holds nothing that the rows of
// its days do not. Whoever writes into a day removes its sheets in the same
// transaction, and they are made again by the next Purge; until then the rows
// themselves are read. So a sheet that is there is exact, and one that is missing
// costs time only.
//
// In PostgreSQL a sheet is made while nobody else can be between writing into a
// day and removing its sheets: the table is locked against other writers first,
// and what is read afterwards is what they have committed.

// question is what a sheet answers. Its name stands in the table; a sheet in
// another form would have another name.
type question struct {
	name      string
	dimension funnel.Dimension // of a breakdown; empty: everything else
	posts     bool             // the breakdown of each post; otherwise that of the whole site
}

func everything() question { return question{name: "counts 1"} }

// questions are those that sheets are kept for.
func questions() []question {
	out := []question{everything()}
	for _, d := range []funnel.Dimension{funnel.BySource, funnel.ByCampaign, funnel.ByForm, funnel.ByPlacement, funnel.ByFirstPost, funnel.ByAssist} {
		out = append(out, question{string(d) + " 1", d, false})
	}
	return append(out, question{string(funnel.ByRevision) + " 1", funnel.ByRevision, true})
}

// questionOf is the question that a breakdown of the whole site, or of every post
// (an empty one), is the answer to; false where no sheets are kept for it.
func questionOf(d funnel.Dimension, post string) (question, bool) {
	for _, q := range questions() {
		if q.dimension == d && d != "" && (q.posts && post == "" || !q.posts && post == funnel.SiteWide) {
			return q, true
		}
	}
	return question{}, false
}

// Spans of sheets, as the table has them.
const (
	daySpan   = "day"
	monthSpan = "month"
)

const (
	readTallies = `select post, form, placement, step, n from tallies where day >= $1 and day <= $2`
	readReach   = `select post, step, visitors from reach where day >= $1 and day <= $2`
	readRepeats = `select post, previous, n from repeats where day >= $1 and day <= $2`
	readWorth   = `select post, amount from worth where day >= $1 and day <= $2`
	// The whole site's part of a dimension that every event has is a small table
	// of days; the tallies have a row for each post.
	readDays = `select day, step, n from breakdowns where dimension = 'source' and post = '*' and day >= $1 and day <= $2 and n <> 0`
	readSite = `select post, key, step, n, visitors, amount from breakdowns where dimension = $3 and post = '*' and day >= $1 and day <= $2`
	// The key begins with the post, so each post that something happened on is
	// looked up: what counts for one is in its tallies or in what it brought. The
	// cross join keeps SQLite from doing it the other way round.
	readPosts = `select b.post, b.key, b.step, b.n, b.visitors, b.amount
		from (select post from tallies where day >= $1 and day <= $2 union select post from worth where day >= $1 and day <= $2) p
		cross join breakdowns b where b.dimension = $3 and b.post = p.post and b.day >= $1 and b.day <= $2`
	readSheets = `select period, body from sheets where span = $1 and period >= $2 and period <= $3 and question = $4 order by period`
	addSheet   = `insert into sheets (span, period, question, body) values ($1, $2, $3, $4)`
	dropSheet  = `delete from sheets where span = $1 and period = $2`
	haveSheets = `select span, period, count(*) from sheets group by span, period order by span, period`
	nextDay    = `select coalesce(min(day), '') from tallies where day > $1`
)

// read adds the rows of some days to a ledger.
func (l *ledger) read(ctx context.Context, from querier, q question, since, until string) error {
	var failed []error
	rows := func(text string, line func(*sql.Rows) error, more ...any) {
		failed = append(failed, each(ctx, from, text, append([]any{since, until}, more...), line))
	}
	if q.dimension != "" {
		text := readSite
		if q.posts {
			text = readPosts
		}
		rows(text, func(rows *sql.Rows) error {
			var post, key, step string
			var sum lineSum
			err := rows.Scan(&post, &key, &step, &sum.n, &sum.visitors, &sum.amount)
			l.add(ofPart, sum, post, key, step)
			return err
		}, string(q.dimension))
		return errors.Join(failed...)
	}
	rows(readTallies, func(rows *sql.Rows) error {
		var post, form, placement, step string
		var sum lineSum
		err := rows.Scan(&post, &form, &placement, &step, &sum.n)
		l.add(ofTally, sum, post, form, placement, step)
		return err
	})
	rows(readReach, func(rows *sql.Rows) error {
		var post, step string
		var sum lineSum
		err := rows.Scan(&post, &step, &sum.visitors)
		l.add(ofReach, sum, post, step)
		return err
	})
	rows(readRepeats, func(rows *sql.Rows) error {
		var post, previous string
		var sum lineSum
		err := rows.Scan(&post, &previous, &sum.n)
		l.add(ofRepeat, sum, post, previous)
		return err
	})
	rows(readDays, func(rows *sql.Rows) error {
		var day, step string
		var sum lineSum
		err := rows.Scan(&day, &step, &sum.n)
		l.add(ofDay, sum, day, step)
		return err
	})
	rows(readWorth, func(rows *sql.Rows) error {
		var post string
		var sum lineSum
		err := rows.Scan(&post, &sum.amount)
		l.add(ofWorth, sum, post)
		return err
	})
	return errors.Join(failed...)
}

// beginning is before anything was counted.
const beginning = "0001-01-01"

// span is days, both included.
type span struct{ since, until string }

// whole are the months that lie whole in a span of days, and what of it lies
// before and after them. Of a span without a whole month, all is before.
func (s span) whole() (before, months, after span) {
	since, err1 := time.Parse(time.DateOnly, s.since)
	until, err2 := time.Parse(time.DateOnly, s.until)
	if err1 != nil || err2 != nil {
		return s, span{}, span{}
	}
	first := since.AddDate(0, 0, 1-since.Day())
	if since.Day() > 1 {
		first = first.AddDate(0, 1, 0)
	}
	end := until.AddDate(0, 0, 1) // the first day that is not in it any more
	last := end.AddDate(0, 0, 1-end.Day())
	if !first.Before(last) {
		return s, span{}, span{}
	}
	text := func(t time.Time) string { return t.Format(time.DateOnly) }
	before = span{s.since, text(first.AddDate(0, 0, -1))}
	months = span{text(first), text(last.AddDate(0, 0, -1))}
	if last.Before(end) {
		after = span{text(last), s.until}
	}
	return before, months, after
}

func (s span) empty() bool { return s.since == "" || s.since > s.until }

// monthOf is the month of a day.
func monthOf(day string) string { return day[:min(len(day), len("2006-01"))] }

// lastOf is the last day that a month may have; days are compared as texts.
func lastOf(month string) string { return month + "-31" }

// follows is the day after a day.
func follows(day string, by int) string {
	at, err := time.Parse(time.DateOnly, day)
	if err != nil {
		return day
	}
	return at.AddDate(0, 0, by).Format(time.DateOnly)
}

// sums adds up what was counted in some days, from the sheets there are and the
// rows of the other days.
func sums(ctx context.Context, from querier, q question, days span) (*ledger, error) {
	if days.since == "" {
		days.since = beginning
	}
	l := newLedger()
	before, months, after := days.whole()
	err := errors.Join(
		l.gather(ctx, from, q, before, daySpan),
		l.gather(ctx, from, q, months, monthSpan),
		l.gather(ctx, from, q, after, daySpan),
	)
	return l, err
}

// gather adds days from the sheets of one span, and those without by smaller ones.
func (l *ledger) gather(ctx context.Context, from querier, q question, days span, kind string) error {
	if days.empty() {
		return nil
	}
	type sheet struct {
		period string
		body   []byte
	}
	var there []sheet
	first, last := days.since, days.until
	if kind == monthSpan {
		first, last = monthOf(first), monthOf(last)
	}
	err := each(ctx, from, readSheets, []any{kind, first, last, q.name}, func(rows *sql.Rows) error {
		var s sheet
		err := rows.Scan(&s.period, &s.body)
		there = append(there, s)
		return err
	})
	if err != nil {
		return err
	}
	rest := func(gap span) error {
		switch {
		case gap.empty():
			return nil
		case kind == monthSpan:
			return l.gather(ctx, from, q, gap, daySpan)
		}
		return l.read(ctx, from, q, gap.since, gap.until)
	}
	next := days.since // the first day that is not in the ledger yet
	for _, s := range there {
		begin, end := s.period, s.period
		if kind == monthSpan {
			begin, end = s.period+"-01", follows(s.period+"-01", 31)
			end = follows(monthOf(end)+"-01", -1)
		}
		if err := rest(span{next, follows(begin, -1)}); err != nil {
			return err
		}
		err := l.take(s.body)
		if errors.Is(err, errDamaged) { // what it was made of is still there
			err = rest(span{begin, end})
		}
		if err != nil {
			return err
		}
		next = follows(end, 1)
	}
	return rest(span{next, days.until})
}

// touch notes that something is written into a day.
func (t *transaction) touch(day string) {
	if t.touched == nil {
		t.touched = map[string]bool{}
	}
	t.touched[day] = true
}

// flushTouched removes the sheets of the days that were written into.
func (t *transaction) flushTouched() error {
	var gone []string
	for day := range t.touched {
		gone = append(gone, daySpan+" "+day, monthSpan+" "+monthOf(day))
	}
	slices.Sort(gone)
	for _, name := range slices.Compact(gone) {
		kind, period, _ := strings.Cut(name, " ")
		if err := t.exec(dropSheet, kind, period); err != nil {
			return err
		}
	}
	return nil
}

// summarise makes the sheets that are missing of days and months that are over.
// Each is a transaction of its own, so that cards do not wait for all of them.
func (d *database) summarise(ctx context.Context, today string) error {
	have := map[string]bool{}
	err := each(ctx, d.reading, haveSheets, nil, func(rows *sql.Rows) error {
		var kind, period string
		var n int
		err := rows.Scan(&kind, &period, &n)
		have[kind+" "+period] = n == len(questions())
		return err
	})
	if err != nil {
		return err
	}
	months := map[string]bool{}
	for day := ""; ; {
		if err := d.reading.QueryRowContext(ctx, nextDay, day).Scan(&day); err != nil {
			return err
		}
		if day == "" || day >= today {
			break
		}
		if month := monthOf(day); month < monthOf(today) && !have[monthSpan+" "+month] {
			months[month] = true
		}
		if !have[daySpan+" "+day] {
			if err := d.sheets(ctx, daySpan, day, span{day, day}); err != nil {
				return err
			}
		}
	}
	var missing []string
	for month := range months {
		missing = append(missing, month)
	}
	slices.Sort(missing)
	for _, month := range missing {
		if err := d.sheets(ctx, monthSpan, month, span{month + "-01", lastOf(month)}); err != nil {
			return err
		}
	}
	return nil
}

// sheets makes the sheets of one period, in place of those it has.
func (d *database) sheets(ctx context.Context, kind, period string, days span) error {
	return d.writer.do(ctx, func(t *transaction) error {
		if d.dialect.lock != "" {
			if _, err := t.conn.ExecContext(t.ctx, strings.ReplaceAll(d.dialect.lock, "?", "sheets")); err != nil {
				return err
			}
		}
		if err := t.exec(dropSheet, kind, period); err != nil {
			return err
		}
		for _, q := range questions() {
			l := newLedger()
			var err error
			if kind == daySpan {
				err = l.read(t.ctx, t.conn, q, days.since, days.until)
			} else {
				err = l.gather(t.ctx, t.conn, q, days, daySpan)
			}
			if err != nil {
				return err
			}
			if err := t.exec(addSheet, kind, period, q.name, l.packed()); err != nil {
				return err
			}
		}
		return nil
	})
}

// Resum drops every sheet of sums and makes those of days before today, which is
// in the site's zone, again. Reports are right all the while, and slower.
func (d *database) Resum(ctx context.Context, today time.Time) error {
	if d.writer == nil {
		return ErrReadOnly
	}
	err := d.writer.do(ctx, func(t *transaction) error { return t.exec(`delete from sheets`) })
	if err == nil {
		err = d.summarise(ctx, dayOf(today))
	}
	if err != nil {
		return fmt.Errorf("make sums: %w", err)
	}
	return nil
}

// wrongSheets holds every sheet against the rows of its days, in a reader's words.
func wrongSheets(ctx context.Context, from querier) (wrong []string, err error) {
	type name struct{ kind, period string }
	var names []name
	err = each(ctx, from, haveSheets, nil, func(rows *sql.Rows) error {
		var n name
		var count int
		err := rows.Scan(&n.kind, &n.period, &count)
		names = append(names, n)
		return err
	})
	if err != nil {
		return nil, err
	}
	for _, n := range names {
		days := span{n.period, n.period}
		if n.kind == monthSpan {
			days = span{n.period + "-01", lastOf(n.period)}
		}
		for _, q := range questions() {
			var body []byte
			err := each(ctx, from, readSheets, []any{n.kind, n.period, n.period, q.name}, func(rows *sql.Rows) error {
				var period string
				return rows.Scan(&period, &body)
			})
			if err != nil {
				return nil, err
			}
			if body == nil {
				continue
			}
			l := newLedger()
			if err := l.read(ctx, from, q, days.since, days.until); err != nil {
				return nil, err
			}
			if !l.holds(body) {
				wrong = append(wrong, fmt.Sprintf("the sums of %s (%s) are not those of what was counted; `cardbowl store sum` makes them again", n.period, strings.TrimSuffix(q.name, " 1")))
			}
		}
	}
	return wrong, nil
}

// holds tells whether a sheet says what a ledger says, but for the last digits of
// amounts, which depend on the order they were added in. The ledger is used up.
func (l *ledger) holds(sheet []byte) bool {
	other := newLedger()
	if other.take(sheet) != nil {
		return false
	}
	for key, sum := range other.lines {
		line := l.place(other.places[key>>32])<<32 | l.account(other.accounts[uint32(key)])
		l.sum(line, lineSum{-sum.n, -sum.visitors, -sum.amount})
	}
	for _, sum := range l.lines {
		if sum.n != 0 || sum.visitors != 0 || math.Abs(sum.amount) > 1e-6 {
			return false
		}
	}
	return true
}

// Sum drops the sums of a store and makes them again, of days before that of now,
// which is in the site's zone. A tracker may run meanwhile.
func Sum(ctx context.Context, address string, now time.Time) error {
	s, err := openAny(ctx, address, Options{})
	if err != nil {
		return err
	}
	return errors.Join(s.Resum(ctx, now), s.Close())
}
