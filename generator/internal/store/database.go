package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"time"

	"cardbowl/generator/internal/funnel"

	"github.com/pressly/goose/v3"
)

// Options are the choices of opening a store. The zero value is a store to be
// written, without a log.
type Options struct {
	ReadOnly bool // for reports beside a running tracker; the store must exist
	// Sole is what a tracker asks for: a file has one tracker at a time, and
	// another one's is ErrTracked. In PostgreSQL it means nothing.
	Sole   bool
	Logger *slog.Logger // what goes wrong in the background; nil: nothing is said
}

func (o Options) log() *slog.Logger {
	if o.Logger == nil {
		return slog.New(slog.DiscardHandler)
	}
	return o.Logger
}

// dialect is where two kinds of database differ in how they are written to and
// migrated. Queries and statements are the same text for all.
type dialect struct {
	name  string // of the folder of its migrations
	goose goose.Dialect
	begin string // opens a transaction for writing
	// commit fails with unsettled when the transaction may be committed all the same.
	commit func(context.Context, *sql.Conn) error
	// patience bounds what one group may take; 0: the database bounds it itself.
	patience time.Duration
	// fatal tells of an error after which nothing may be acknowledged any more.
	fatal func(error) bool
	// again tells of an error that left no trace of the transaction and may be
	// gone the next time: another one was in the way, or the connection was lost
	// before COMMIT was sent.
	again func(error) bool
	// migrated tells whether there is a table of migrations: one row, one number.
	migrated string
	// alone does the work while no other process migrates the same store.
	alone func(context.Context, *sql.DB, func() error) error
	read  string // one row, one number, when the store can be read
	// unhurried lets a connection rest in the middle of a transaction.
	unhurried string
	// lock keeps others from writing into a table, ?, until the transaction ends;
	// empty where begin does so.
	lock string
	// load writes rows into a table.
	load func(ctx context.Context, conn *sql.Conn, t table, next func() ([]any, error)) error
	// sound reads the whole store and says what is wrong with it.
	sound func(context.Context, *sql.Tx) ([]string, error)
	// skipLocked is what a query ends with that takes rows nobody else is taking.
	skipLocked string
	// hold is what a query ends with whose row nobody else may take until the
	// transaction ends; empty where begin sees to that.
	hold string
}

// database is what stores of every dialect have in common: all of Store but
// Purge and Close.
type database struct {
	dialect    dialect
	writer     *writer // nil when read-only
	queries    queries
	reading    *sql.DB
	logger     *slog.Logger
	once       sync.Once // of closing
	closeError error
}

// Submit implements Store.
func (d *database) Submit(ctx context.Context, sub Submission) (Receipt, error) {
	if d.writer == nil {
		return Receipt{}, ErrReadOnly
	}
	id := newID(sub.At)
	var receipt Receipt
	err := d.writer.do(ctx, func(t *transaction) (err error) {
		receipt, err = t.submit(sub, id)
		return err
	})
	if err != nil {
		return Receipt{}, fmt.Errorf("store submission: %w", err)
	}
	return receipt, nil
}

// Count implements Store.
func (d *database) Count(ctx context.Context, e Event) error {
	if d.writer == nil {
		return ErrReadOnly
	}
	if err := d.writer.do(ctx, func(t *transaction) error { return t.count(e) }); err != nil {
		return fmt.Errorf("store event: %w", err)
	}
	return nil
}

// CountSoon implements Store.
func (d *database) CountSoon(e Event) bool {
	return d.writer != nil && d.writer.soon(func(t *transaction) error { return t.count(e) })
}

// Salt implements Store.
func (d *database) Salt(ctx context.Context, now time.Time) ([]byte, error) {
	if d.writer == nil {
		return nil, ErrReadOnly
	}
	var salt []byte
	err := d.writer.do(ctx, func(t *transaction) (err error) {
		salt, err = t.salt(now)
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("store salt: %w", err)
	}
	return salt, nil
}

// Remember implements Store.
func (d *database) Remember(ctx context.Context, now time.Time, pages []Page, texts []ConsentText) error {
	if d.writer == nil {
		return ErrReadOnly
	}
	if len(pages)+len(texts) == 0 {
		return nil
	}
	if err := d.writer.do(ctx, func(t *transaction) error { return t.remember(now, pages, texts) }); err != nil {
		return fmt.Errorf("store pages: %w", err)
	}
	return nil
}

// purge destroys what Purge destroys, and tells whether a salt was among it.
func (d *database) purge(ctx context.Context, now time.Time) (salts bool, err error) {
	if d.writer == nil {
		return false, ErrReadOnly
	}
	err = d.writer.do(ctx, func(t *transaction) (err error) {
		salts, err = t.purge(now)
		return err
	})
	if err != nil {
		return false, fmt.Errorf("purge store: %w", err)
	}
	return salts, nil
}

// summed makes the sums that are missing; where that fails, reports are slower.
func (d *database) summed(ctx context.Context, now time.Time) {
	if err := d.summarise(ctx, dayOf(now)); err != nil && ctx.Err() == nil {
		d.logger.Warn("sums of past days are missing; they will be made again", "error", err)
	}
}

// Counts implements Store.
func (d *database) Counts(ctx context.Context, since, until string) (funnel.Counts, error) {
	return d.queries.counts(ctx, since, until)
}

// Submissions implements Store.
func (d *database) Submissions(ctx context.Context, since, until string) ([]Stored, error) {
	return d.queries.submissions(ctx, since, until)
}

// Ready implements Store.
func (d *database) Ready(ctx context.Context) error {
	if d.writer != nil {
		if err := d.writer.stop(); err != nil {
			return err
		}
	}
	var one int
	if err := d.reading.QueryRowContext(ctx, d.dialect.read).Scan(&one); err != nil {
		return fmt.Errorf("read store: %w", err)
	}
	return nil
}

// closed closes connections, those that were never opened aside.
func closed(connections ...*sql.DB) error {
	var failed []error
	for _, db := range connections {
		if db != nil {
			failed = append(failed, db.Close())
		}
	}
	if err := errors.Join(failed...); err != nil {
		return fmt.Errorf("close store: %w", err)
	}
	return nil
}
