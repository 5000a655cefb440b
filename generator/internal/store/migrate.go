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

// migrate brings the schema up to date, all or nothing for each step.
func migrate(ctx context.Context, db *sql.DB, dialect goose.Dialect, folder string) error {
	steps, err := fs.Sub(migrations, "migrations/"+folder)
	if err != nil {
		return err
	}
	provider, err := goose.NewProvider(dialect, db, steps, goose.WithDisableGlobalRegistry(true))
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
