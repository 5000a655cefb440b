package store

import (
	"cmp"
	"context"
	"database/sql"
	"errors"
	"slices"
	"strings"
	"unicode/utf8"

	"cardbowl/generator/internal/funnel"
)

// transaction is one group's work. Counts are gathered in memory and written
// once at its end, in the order of their keys: a hundred submissions on one post
// cost one row, and two trackers on one PostgreSQL take their locks in one order.
type transaction struct {
	ctx        context.Context
	conn       *sql.Conn
	statements map[string]*sql.Stmt // prepared on conn, kept between groups
	tallies    map[tallyKey]int
	reach      map[reachKey]int
	parts      map[partKey]partSum
	proofs     []Proof // to be written at the end of the evidence
	repeats    map[repeatKey]int
	touched    map[string]bool // days that something is written into
	past       *past           // visits of days gone by, in place of the table; nil: of now
	hold       string          // what a query ends with whose row nobody else may take meanwhile
}

type tallyKey struct {
	day, post, form, placement string
	step                       funnel.Step
}

type reachKey struct {
	day, post string
	step      funnel.Step
}

// repeatKey is a row of repeats.
type repeatKey struct{ day, post, previous string }

// partKey is a row of breakdowns.
type partKey struct {
	dimension      funnel.Dimension
	post, day, key string
	step           funnel.Step
}

type partSum struct {
	n, visitors int
	amount      float64
}

func (t *transaction) prepared(text string) (*sql.Stmt, error) {
	if s, ok := t.statements[text]; ok {
		return s, nil
	}
	s, err := t.conn.PrepareContext(t.ctx, text)
	if err != nil {
		return nil, err
	}
	t.statements[text] = s
	return s, nil
}

func (t *transaction) exec(text string, args ...any) error {
	s, err := t.prepared(text)
	if err == nil {
		_, err = s.ExecContext(t.ctx, storable(args)...)
	}
	return err
}

// changed is exec that tells how many rows were touched.
func (t *transaction) changed(text string, args ...any) (int64, error) {
	s, err := t.prepared(text)
	if err != nil {
		return 0, err
	}
	result, err := s.ExecContext(t.ctx, storable(args)...)
	if err != nil {
		return 0, err
	}
	return result.RowsAffected()
}

// row reads one row into the targets; false when there is none.
func (t *transaction) row(text string, targets []any, args ...any) (bool, error) {
	s, err := t.prepared(text)
	if err != nil {
		return false, err
	}
	switch err := s.QueryRowContext(t.ctx, storable(args)...).Scan(targets...); {
	case errors.Is(err, sql.ErrNoRows):
		return false, nil
	case err != nil:
		return false, err
	}
	return true, nil
}

// storable replaces, in texts, what PostgreSQL keeps in none: bytes that are no
// UTF-8, and NUL. Both stores keep the same.
func storable(args []any) []any {
	for i, arg := range args {
		if text, ok := arg.(string); ok && (!utf8.ValidString(text) || strings.IndexByte(text, 0) >= 0) {
			args[i] = strings.ReplaceAll(strings.ToValidUTF8(text, "\uFFFD"), "\x00", "\uFFFD")
		}
	}
	return args
}

func (t *transaction) tally(k tallyKey) { t.tallyBy(k, 1) }

func (t *transaction) tallyBy(k tallyKey, n int) {
	if t.tallies == nil {
		t.tallies = map[tallyKey]int{}
	}
	t.tallies[k] += n
	t.touch(k.day)
}

func (t *transaction) reached(k reachKey) {
	if t.reach == nil {
		t.reach = map[reachKey]int{}
	}
	t.reach[k]++
	t.touch(k.day)
}

func (t *transaction) part(k partKey, add partSum) {
	if t.parts == nil {
		t.parts = map[partKey]partSum{}
	}
	t.touch(k.day)
	sum := t.parts[k]
	t.parts[k] = partSum{sum.n + add.n, sum.visitors + add.visitors, sum.amount + add.amount}
}

func (t *transaction) repeated(k repeatKey, n int) {
	if t.repeats == nil {
		t.repeats = map[repeatKey]int{}
	}
	t.repeats[k] += n
	t.touch(k.day)
}

const (
	addTally = `insert into tallies (day, post, form, placement, step, n) values ($1, $2, $3, $4, $5, $6)
		on conflict (day, post, form, placement, step) do update set n = tallies.n + excluded.n`
	addReach = `insert into reach (day, post, step, visitors) values ($1, $2, $3, $4)
		on conflict (day, post, step) do update set visitors = reach.visitors + excluded.visitors`
	addRepeat = `insert into repeats (day, post, previous, n) values ($1, $2, $3, $4)
		on conflict (day, post, previous) do update set n = repeats.n + excluded.n`
	addPart = `insert into breakdowns (dimension, post, day, key, step, n, visitors, amount) values ($1, $2, $3, $4, $5, $6, $7, $8)
		on conflict (dimension, post, day, key, step) do update
		set n = breakdowns.n + excluded.n, visitors = breakdowns.visitors + excluded.visitors, amount = breakdowns.amount + excluded.amount`
)

// flush writes the gathered counts, and what is to be proved.
func (t *transaction) flush() error {
	tallies := make([]tallyKey, 0, len(t.tallies))
	for k := range t.tallies {
		tallies = append(tallies, k)
	}
	slices.SortFunc(tallies, func(a, b tallyKey) int {
		return cmp.Or(cmp.Compare(a.day, b.day), cmp.Compare(a.post, b.post), cmp.Compare(a.form, b.form),
			cmp.Compare(a.placement, b.placement), cmp.Compare(a.step, b.step))
	})
	for _, k := range tallies {
		if err := t.exec(addTally, k.day, k.post, k.form, k.placement, string(k.step), t.tallies[k]); err != nil {
			return err
		}
	}
	reach := make([]reachKey, 0, len(t.reach))
	for k := range t.reach {
		reach = append(reach, k)
	}
	slices.SortFunc(reach, func(a, b reachKey) int {
		return cmp.Or(cmp.Compare(a.day, b.day), cmp.Compare(a.post, b.post), cmp.Compare(a.step, b.step))
	})
	for _, k := range reach {
		if err := t.exec(addReach, k.day, k.post, string(k.step), t.reach[k]); err != nil {
			return err
		}
	}
	if err := t.flushParts(); err != nil {
		return err
	}
	if err := t.flushRepeats(); err != nil {
		return err
	}
	if err := t.flushTouched(); err != nil {
		return err
	}
	// Last, so that whoever holds the end of the chain waits for nobody.
	return t.flushProofs()
}

func (t *transaction) flushRepeats() error {
	repeats := make([]repeatKey, 0, len(t.repeats))
	for k := range t.repeats {
		repeats = append(repeats, k)
	}
	slices.SortFunc(repeats, func(a, b repeatKey) int {
		return cmp.Or(cmp.Compare(a.day, b.day), cmp.Compare(a.post, b.post), cmp.Compare(a.previous, b.previous))
	})
	for _, k := range repeats {
		if err := t.exec(addRepeat, k.day, k.post, k.previous, t.repeats[k]); err != nil {
			return err
		}
	}
	return nil
}

func (t *transaction) flushParts() error {
	parts := make([]partKey, 0, len(t.parts))
	for k := range t.parts {
		parts = append(parts, k)
	}
	slices.SortFunc(parts, func(a, b partKey) int {
		return cmp.Or(cmp.Compare(a.dimension, b.dimension), cmp.Compare(a.post, b.post), cmp.Compare(a.day, b.day),
			cmp.Compare(a.key, b.key), cmp.Compare(a.step, b.step))
	})
	for _, k := range parts {
		sum := t.parts[k]
		if err := t.exec(addPart, string(k.dimension), k.post, k.day, k.key, string(k.step), sum.n, sum.visitors, sum.amount); err != nil {
			return err
		}
	}
	return nil
}
