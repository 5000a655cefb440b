package store

import (
	"context"
	"crypto/sha256"
	"database/sql"
	"encoding/binary"
	"errors"
	"fmt"
	"hash"
	"math"
	"strings"
)

// table is one table as it moves from a store to another. The order of its key
// is the same in both: it is what tells rows apart.
type table struct {
	name    string
	key     []string
	rest    []string
	passing bool // destroyed within two days; no backup keeps it
}

// tables are all there are but goose's own, which says what the others look
// like.
func tables() []table {
	return []table{
		{name: "salts", key: []string{"day"}, rest: []string{"salt", "made_at"}, passing: true},
		{name: "visits", key: []string{"day", "visitor", "post"}, rest: []string{"steps", "read_at", "origin"}, passing: true},
		{name: "reach", key: []string{"day", "post", "step"}, rest: []string{"visitors"}},
		{name: "tallies", key: []string{"day", "post", "form", "placement", "step"}, rest: []string{"n"}},
		{name: "breakdowns", key: []string{"dimension", "post", "day", "key", "step"}, rest: []string{"n", "visitors", "amount"}},
		{name: "submissions", key: []string{"id"}, rest: []string{"received_at", "day", "post", "claim", "form", "placement", "revision", "email",
			"fields", "consent", "consent_text", "status", "lead", "first_post", "assists", "source", "campaign", "origin"}},
		{name: "retries", key: []string{"key"}, rest: []string{"submission", "received_at"}},
		{name: "folds", key: []string{"fold"}, rest: []string{"submission", "received_at"}},
		{name: "leads", key: []string{"id"}, rest: []string{"address", "email", "created_at", "day", "post", "form", "placement", "credit",
			"confirmed_at", "unsubscribed_at", "stage", "salt", "erased_at"}},
		{name: "outbox", key: []string{"id"}, rest: []string{"kind", "recipient", "lead", "submission", "form", "subject", "created_at", "due_at",
			"attempts", "leased_until", "state", "said", "settled_at"}},
		{name: "refusals", key: []string{"recipient"}, rest: []string{"refused_at", "said"}},
		{name: "tokens", key: []string{"hash"}, rest: []string{"purpose", "lead", "form", "made_at", "expires_at"}},
		{name: "revisions", key: []string{"path", "digest"}, rest: []string{"title", "kind", "date", "first_seen"}},
		{name: "consent_texts", key: []string{"hash"}, rest: []string{"text", "first_seen"}},
		{name: "secrets", key: []string{"name"}, rest: []string{"secret", "made_at"}},
		{name: "evidence", key: []string{"n"}, rest: []string{"at", "deed", "lead", "form", "post", "placement", "revision", "consent_text", "submission",
			"message", "kind", "person", "link"}},
		{name: "suppressed", key: []string{"hash"}, rest: []string{"reason", "at"}},
		{name: "chain", key: []string{"id"}, rest: []string{"n", "link"}},
		{name: "sales", key: []string{"lead", "n"}, rest: []string{"at", "day", "stage", "value", "note", "next_step", "next_day", "counted", "worth", "waited"}},
		{name: "worth", key: []string{"day", "post"}, rest: []string{"amount"}},
		{name: "repeats", key: []string{"day", "post", "previous"}, rest: []string{"n"}},
		{name: "sheets", key: []string{"span", "period", "question"}, rest: []string{"body"}},
	}
}

func (t table) columns() []string { return append(append([]string{}, t.key...), t.rest...) }

// The texts below are made of the names above and of nothing else.

func (t table) selectAll() string {
	return "select " + strings.Join(t.columns(), ", ") + " from " + t.name + " order by " + strings.Join(t.key, ", ")
}

func (t table) insertOne() string {
	places := make([]string, len(t.columns()))
	for i := range places {
		places[i] = fmt.Sprintf("$%d", i+1)
	}
	return "insert into " + t.name + " (" + strings.Join(t.columns(), ", ") + ") values (" + strings.Join(places, ", ") + ")"
}

func (t table) selectAny() string {
	return "select count(*) from (select 1 from " + t.name + " limit 1) as held"
}

// Why a store is not copied.
var (
	ErrNotEmpty = errors.New("the store that is copied to is not empty")
	ErrTracked  = errors.New("another tracker has the file: stop it first")
)

// Reached is told how many rows of a table are copied, or read again, so far.
type Reached func(doing, table string, rows int)

// Copy copies a store into an empty one, of the same kind or the other: all of it
// in one transaction, as it was at one moment. Before that is committed, every
// table is read again from the copy and held against what was read from the
// original, by the number of rows and a digest of them; where they differ nothing
// is copied.
//
// A file that a tracker has is ErrTracked: what it takes meanwhile would be
// missing. Trackers on a PostgreSQL cannot be seen; who calls this has to have
// stopped them.
func Copy(ctx context.Context, from, to string, tell Reached) (held Holding, err error) {
	defer func() {
		if err != nil {
			err = fmt.Errorf("copy %s to %s: %w", Shown(from), Shown(to), err)
		}
	}()
	source, err := openAny(ctx, from, Options{ReadOnly: true})
	if err != nil {
		return held, err
	}
	defer source.Close()
	if !IsPostgres(from) {
		release, err := claim(from)
		if err != nil {
			return held, err
		}
		defer func() { _ = release() }() // the end of the process does so, too
	}
	target, err := openAny(ctx, to, Options{Sole: true})
	if err != nil {
		return held, err
	}
	if err := errors.Join(duplicate(ctx, source, target, tables(), tell), target.Close()); err != nil {
		return held, err
	}
	held, wrong, err := Check(ctx, to)
	if err == nil && len(wrong) > 0 {
		err = errors.New("what was copied has a fault: " + wrong[0])
	}
	return held, err
}

// duplicate copies tables into a store where all of them are empty.
func duplicate(ctx context.Context, source, target connected, list []table, tell Reached) (err error) {
	if tell == nil {
		tell = func(string, string, int) {}
	}
	reading, err := source.reading.Conn(ctx)
	if err != nil {
		return err
	}
	defer reading.Close()
	if _, err := reading.ExecContext(ctx, source.dialect.unhurried); err != nil {
		return err
	}
	original, err := reading.BeginTx(ctx, moment())
	if err != nil {
		return err
	}
	defer func() { _ = original.Rollback() }() // it only read
	writing, err := target.writing.Conn(ctx)
	if err != nil {
		return err
	}
	defer writing.Close()
	done := false
	defer func() {
		if !done {
			_, failed := writing.ExecContext(context.WithoutCancel(ctx), "rollback")
			err = errors.Join(err, failed)
		}
	}()
	for _, statement := range []string{target.dialect.unhurried, target.dialect.begin} {
		if _, err := writing.ExecContext(ctx, statement); err != nil {
			done = true // there is nothing to take back
			return err
		}
	}
	for _, t := range tables() {
		if err := target.empty(ctx, writing, t); err != nil {
			return err
		}
	}
	var sums []sum
	for _, t := range list {
		s := summing(t, func(n int) { tell("copying", t.name, n) })
		if err := s.through(ctx, original, func(next func() ([]any, error)) error {
			return target.dialect.load(ctx, writing, t, next)
		}); err != nil {
			return fmt.Errorf("table %s: %w", t.name, err)
		}
		sums = append(sums, s.sum())
	}
	for _, want := range sums {
		s := summing(want.table, func(n int) { tell("reading again", want.name, n) })
		if err := s.through(ctx, writing, exhaust); err != nil {
			return fmt.Errorf("table %s: %w", want.name, err)
		}
		if got := s.sum(); got.rows != want.rows || got.digest != want.digest {
			return fmt.Errorf("the copy of the table %s differs from the original: %d rows, not %d, or others", want.name, got.rows, want.rows)
		}
	}
	if err := target.dialect.commit(ctx, writing); err != nil {
		return err
	}
	done = true
	return nil
}

// empty makes sure that a table has no rows, and gets none from elsewhere until
// the transaction ends.
func (c connected) empty(ctx context.Context, conn *sql.Conn, t table) error {
	if c.dialect.lock != "" {
		if _, err := conn.ExecContext(ctx, strings.ReplaceAll(c.dialect.lock, "?", t.name)); err != nil {
			return err
		}
	}
	var rows int
	if err := conn.QueryRowContext(ctx, t.selectAny()).Scan(&rows); err != nil {
		return err
	}
	if rows > 0 {
		return ErrNotEmpty
	}
	return nil
}

// sum is what is known of a table's rows.
type sum struct {
	table
	rows   int
	digest [sha256.Size]byte
}

// summary makes a sum of rows that pass through it.
type summary struct {
	table  table
	rows   int
	digest hash.Hash
	buffer []byte
	tell   func(rows int)
}

func summing(t table, tell func(int)) *summary {
	return &summary{table: t, digest: sha256.New(), tell: tell}
}

func (s *summary) sum() sum {
	out := sum{table: s.table, rows: s.rows}
	s.digest.Sum(out.digest[:0])
	return out
}

// tellEvery is after how many rows somebody who waits is told.
const tellEvery = 1000

// through reads a table and hands its rows on, one with each call and nil at the
// end. Each is only valid until the next.
func (s *summary) through(ctx context.Context, from querier, use func(next func() ([]any, error)) error) error {
	rows, err := from.QueryContext(ctx, s.table.selectAll())
	if err != nil {
		return err
	}
	defer rows.Close()
	values := make([]any, len(s.table.columns()))
	targets := make([]any, len(values))
	for i := range values {
		targets[i] = &values[i]
	}
	s.tell(0)
	return use(func() ([]any, error) {
		if !rows.Next() {
			s.tell(s.rows)
			return nil, rows.Err()
		}
		if err := rows.Scan(targets...); err != nil {
			return nil, err
		}
		storable(values) // before there was a PostgreSQL, a file kept what that cannot
		if s.rows++; s.rows%tellEvery == 0 {
			s.tell(s.rows)
		}
		return values, s.add(values)
	})
}

// exhaust reads rows that nobody wants.
func exhaust(next func() ([]any, error)) error {
	for {
		if row, err := next(); err != nil || row == nil {
			return err
		}
	}
}

// add digests a row: for each value its kind and, where that does not say it, its
// length, so that no two rows are alike by where one value ends.
func (s *summary) add(row []any) error {
	b := s.buffer[:0]
	for i, value := range row {
		switch v := value.(type) {
		case nil:
			b = append(b, 0)
		case int64:
			b = binary.BigEndian.AppendUint64(append(b, 1), uint64(v))
		case float64:
			b = binary.BigEndian.AppendUint64(append(b, 2), math.Float64bits(v))
		case string:
			b = append(binary.BigEndian.AppendUint64(append(b, 3), uint64(len(v))), v...)
		case []byte:
			b = append(binary.BigEndian.AppendUint64(append(b, 4), uint64(len(v))), v...)
		default:
			return fmt.Errorf("column %s holds a %T", s.table.columns()[i], value)
		}
	}
	s.buffer = b
	_, _ = s.digest.Write(b) // never fails
	return nil
}

// insertEach loads rows one by one, with a statement that both databases take.
func insertEach(ctx context.Context, conn *sql.Conn, t table, next func() ([]any, error)) error {
	statement, err := conn.PrepareContext(ctx, t.insertOne())
	if err != nil {
		return err
	}
	defer statement.Close()
	for {
		row, err := next()
		if err != nil || row == nil {
			return err
		}
		if _, err := statement.ExecContext(ctx, row...); err != nil {
			return err
		}
	}
}

// connected is a database of either kind with the pool that may write to it.
type connected struct {
	*database
	writing *sql.DB // nil when read-only
	store   Store
}

func (c connected) Close() error { return c.store.Close() }

func openAny(ctx context.Context, address string, o Options) (connected, error) {
	if IsPostgres(address) {
		s, err := OpenPostgres(ctx, address, o)
		if err != nil {
			return connected{}, err
		}
		return connected{&s.database, s.writing, s}, nil
	}
	s, err := OpenSQLite(ctx, address, o)
	if err != nil {
		return connected{}, err
	}
	return connected{&s.database, s.writing, s}, nil
}
