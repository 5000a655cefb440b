package store

import (
	"context"
	"database/sql"
	"embed"
	"errors"
	"fmt"
	"io/fs"

	"github.com/pressly/goose/v3"
)

//go:embed migrations
var migrations embed.FS

// ErrNewer is returned for a store that a newer program has changed.
var ErrNewer = errors.New("the store was made by a newer cardbowl: update this one")

// ErrOlder is returned when an older store is opened for reading only.
var ErrOlder = errors.New("the store is from an older cardbowl: start the tracker once to bring it up to date")

// upgrade compares the schema with the program's and migrates where it may.
func (d dialect) upgrade(ctx context.Context, db *sql.DB, readOnly bool) error {
	want, err := newest(d.name)
	if err != nil {
		return err
	}
	have, err := d.version(ctx, db)
	switch {
	case err != nil:
		return err
	case have > want:
		return ErrNewer
	case have == want:
		return nil
	case readOnly && have == 0:
		return ErrNoStore // made, and never written to
	case readOnly:
		return ErrOlder
	}
	err = d.alone(ctx, db, func() error { return d.migrate(ctx, db) })
	if err != nil {
		// Another process may have been first with the same steps.
		if have, again := d.version(ctx, db); again == nil && have == want {
			return nil
		}
	}
	return err
}

// version is the last migration of a store; 0 where there was none.
func (d dialect) version(ctx context.Context, db *sql.DB) (int64, error) {
	var tables int
	if err := db.QueryRowContext(ctx, d.migrated).Scan(&tables); err != nil || tables == 0 {
		return 0, err
	}
	var have int64
	err := db.QueryRowContext(ctx, schemaVersion).Scan(&have)
	return have, err
}

// migrate brings the schema up to date, all or nothing for each step.
func (d dialect) migrate(ctx context.Context, db *sql.DB) error {
	steps, err := fs.Sub(migrations, "migrations/"+d.name)
	if err != nil {
		return err
	}
	provider, err := goose.NewProvider(d.goose, db, steps, goose.WithDisableGlobalRegistry(true))
	if err != nil {
		return fmt.Errorf("migrate store: %w", err)
	}
	if _, err := provider.Up(ctx); err != nil {
		return fmt.Errorf("migrate store: %w", err)
	}
	return nil
}

const schemaVersion = `select coalesce(max(version_id), 0) from goose_db_version where is_applied`

// newest is the version of the last migration this program carries.
func newest(folder string) (int64, error) {
	names, err := fs.Glob(migrations, "migrations/"+folder+"/*.sql")
	if err != nil || len(names) == 0 {
		return 0, fmt.Errorf("no migrations for %s: %w", folder, err)
	}
	last := names[len(names)-1]
	return goose.NumericComponent(last)
}
