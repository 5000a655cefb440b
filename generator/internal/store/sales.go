package store

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"time"

	"cardbowl/generator/internal/funnel"
)

// Entry is one line of what happened to a lead after its card. At carries the
// site's time zone: its calendar date there is the day the entry counts for.
type Entry struct {
	At      time.Time
	Stage   string   // the lead is in it from here on; empty: as before
	Value   *float64 // what the lead is worth from here on, in the site's currency; nil: as before
	Note    string
	Next    string  // what is to be done next; empty: as before
	NextDay string  // YYYY-MM-DD; empty: no day
	Orders  []Order // what is to be sent when it moves the lead to another stage; not kept with it
}

// Step is an Entry among those of its lead. None of it ever changes. Its own Value
// is not read.
type Step struct {
	Entry
	Before string   // the stage before it; empty: none
	Worth  *float64 // what the lead was worth then; nil: nobody had said
}

// Progress is all that happened to one lead.
type Progress struct {
	Lead    string
	Entries []Entry // as they were written; times in UTC
}

// ErrNoLead is returned for a lead that does not exist.
var ErrNoLead = errors.New("there is no such lead")

const (
	findPerson = `select post, form, placement, credit, created_at from leads where id = $1 and erased_at = 0`
	lastSale   = `select n, counted, worth from sales where lead = $1 order by n desc limit 1`
	addSale    = `insert into sales (lead, n, at, day, stage, value, note, next_step, next_day, counted, worth, waited) values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12)`
	dropWait   = `update sales set waited = null where lead = $1 and stage = $2 and waited is not null`
	findWaits  = `select waited, count(*) from sales where stage = $1 and day >= $2 and day <= $3 and waited is not null group by waited order by waited`
	addWorth   = `insert into worth (day, post, amount) values ($1, $2, $3) on conflict (day, post) do update set amount = worth.amount + excluded.amount`
	findValue  = `select value from sales where lead = $1 and value is not null order by n desc limit 1`
	stageNow   = `select stage from sales where lead = $1 and stage <> '' order by n desc limit 1`
	findEntry  = `select at, stage, note, next_step, next_day,
		coalesce((select b.stage from sales b where b.lead = s.lead and b.n < s.n and b.stage <> '' order by b.n desc limit 1), ''),
		(select v.value from sales v where v.lead = s.lead and v.n <= s.n and v.value is not null order by v.n desc limit 1)
		from sales s where lead = $1 and n = $2`
	salesColumns = `select lead, at, stage, value, note, next_step, next_day from sales `
)

// enter writes an entry and what it counts for. Reaching a stage counts those
// before it, too; stepping back takes back what lay between. A lead that is lost
// keeps what it had reached. What a lead is worth counts when it has reached the
// last stage.
func (t *transaction) enter(lead string, e Entry, stages []string) error {
	who, err := t.person(lead)
	if err != nil {
		return err
	}
	n, text, worth := 0, "[]", 0.0
	if _, err := t.row(lastSale, []any{&n, &text, &worth}, lead); err != nil {
		return err
	}
	var counted []funnel.Step
	if err := json.Unmarshal([]byte(text), &counted); err != nil {
		return fmt.Errorf("read what counts for a lead: %w", err)
	}
	value, err := t.valueOf(lead)
	if err != nil {
		return err
	}
	if e.Value != nil {
		value = *e.Value
	}
	target := counted
	if e.Stage != "" {
		target = reachedBy(e.Stage, counted, stages)
	}
	day := dayOf(e.At)
	for _, step := range target {
		if !slices.Contains(counted, step) {
			t.credit(who, day, step, 1)
		}
	}
	for _, step := range counted {
		if !slices.Contains(target, step) {
			t.credit(who, day, step, -1)
			if err := t.exec(dropWait, lead, string(step)); err != nil {
				return err
			}
		}
	}
	brought := 0.0
	if len(stages) > 0 && slices.Contains(target, funnel.Step(stages[len(stages)-1])) && !slices.Contains(target, funnel.Lost) {
		brought = value
	}
	if brought != worth {
		t.touch(day)
		if err := t.exec(addWorth, day, who.post, brought-worth); err != nil {
			return err
		}
		t.creditParts(who, day, funnel.Brought, partSum{amount: brought - worth})
	}
	list, err := json.Marshal(target)
	if err != nil {
		return err
	}
	var written any
	if e.Value != nil {
		written = *e.Value
	}
	before := ""
	if _, err := t.row(stageNow, []any{&before}, lead); err != nil {
		return err
	}
	if e.Stage != "" && e.Stage != before {
		for _, o := range e.Orders {
			o.Subject = strconv.Itoa(n + 1)
			if err := t.order(o, lead, "", who.form, e.At); err != nil {
				return err
			}
		}
	}
	if e.Stage != "" {
		if err := t.exec(moveLead, lead, e.Stage); err != nil {
			return err
		}
	}
	var waited any // null where it is not with this entry that the stage is reached
	if step := funnel.Step(e.Stage); step != funnel.Lost && slices.Contains(target, step) && !slices.Contains(counted, step) {
		waited = max(e.At.UnixMilli()-who.since, 0) / 1000
	}
	return t.exec(addSale, lead, n+1, e.At.UnixMilli(), day, e.Stage, written, e.Note, e.Next, e.NextDay, string(list), brought, waited)
}

// valueOf is what a lead was said to be worth last.
func (t *transaction) valueOf(lead string) (float64, error) {
	var value float64
	_, err := t.row(findValue, []any{&value}, lead)
	return value, err
}

// reachedBy are the sales steps that count for a lead in a stage. before are
// those that counted so far.
func reachedBy(stage string, before []funnel.Step, stages []string) []funnel.Step {
	if funnel.Step(stage) == funnel.Lost {
		if slices.Contains(before, funnel.Lost) {
			return before
		}
		return append(slices.Clone(before), funnel.Lost)
	}
	out := []funnel.Step{}
	for _, s := range stages {
		out = append(out, funnel.Step(s))
		if s == stage {
			break
		}
	}
	return out
}

// progress reads the entries of all leads.
func (q queries) progress(ctx context.Context) ([]Progress, error) {
	all, err := progressBy(ctx, q.db, salesColumns+`order by lead, n`)
	if err != nil {
		return nil, fmt.Errorf("read what happened to leads: %w", err)
	}
	return all, nil
}

// Step implements Store.
func (d *database) Step(ctx context.Context, lead string, n int) (Step, error) {
	var s Step
	var at int64
	var value sql.NullFloat64
	err := d.reading.QueryRowContext(ctx, findEntry, lead, n).Scan(&at, &s.Stage, &s.Note, &s.Next, &s.NextDay, &s.Before, &value)
	switch {
	case errors.Is(err, sql.ErrNoRows):
		return s, ErrNoLead
	case err != nil:
		return s, fmt.Errorf("read an entry: %w", err)
	}
	s.At = momentOf(at)
	if value.Valid {
		s.Worth = &value.Float64
	}
	return s, nil
}

// Enter implements Store.
func (d *database) Enter(ctx context.Context, lead string, e Entry, stages []string) error {
	if d.writer == nil {
		return ErrReadOnly
	}
	unknown := false
	err := d.writer.do(ctx, func(t *transaction) error {
		err := t.enter(lead, e, stages)
		if unknown = errors.Is(err, ErrNoLead); unknown {
			return nil // nothing was written, and nothing is wrong with the store
		}
		return err
	})
	switch {
	case err != nil:
		return fmt.Errorf("store what happened to a lead: %w", err)
	case unknown:
		return ErrNoLead
	}
	return nil
}

// Waits implements Store.
func (d *database) Waits(ctx context.Context, stage, since, until string) (all []funnel.Wait, err error) {
	err = each(ctx, d.reading, findWaits, []any{stage, since, until}, func(rows *sql.Rows) error {
		var seconds int64
		var n int
		err := rows.Scan(&seconds, &n)
		all = append(all, funnel.Wait{Took: time.Duration(seconds) * time.Second, Count: n})
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("read how long it took to %s: %w", stage, err)
	}
	return all, nil
}

// Progress implements Store.
func (d *database) Progress(ctx context.Context) ([]Progress, error) { return d.queries.progress(ctx) }
