package store

import (
	"database/sql"
	"path/filepath"
	"strings"
	"testing"

	"cardbowl/generator/internal/store/postgrestest"
)

// TestFindByIndex asks both databases how they look somebody up: never by going
// through all people.
func TestFindByIndex(t *testing.T) {
	plan := func(t *testing.T, d *database, ask string) (all string) {
		t.Helper()
		tx, err := d.reading.BeginTx(t.Context(), moment())
		if err != nil {
			t.Fatal(err)
		}
		defer tx.Rollback()
		if d.dialect.skipLocked != "" { // with a table of no rows anything is as good
			if _, err := tx.ExecContext(t.Context(), "set local enable_seqscan = off"); err != nil {
				t.Fatal(err)
			}
		}
		err = each(t.Context(), tx, ask+findWho, []any{"ana@example.com", "ana@example.com"}, func(rows *sql.Rows) error {
			columns, err := rows.Columns()
			if err != nil {
				return err
			}
			line := make([]any, len(columns))
			for i := range line {
				line[i] = new(sql.NullString)
			}
			err = rows.Scan(line...)
			all += line[len(line)-1].(*sql.NullString).String + "\n"
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
		return all
	}
	t.Run("sqlite", func(t *testing.T) {
		s, err := OpenSQLite(t.Context(), filepath.Join(t.TempDir(), "s.db"), SQLiteOptions{})
		if err != nil {
			t.Fatal(err)
		}
		defer s.Close()
		if said := plan(t, &s.database, "explain query plan "); strings.Count(said, "SEARCH leads") != 2 || strings.Contains(said, "SCAN") {
			t.Error(said)
		}
	})
	t.Run("postgres", func(t *testing.T) {
		s, err := OpenPostgres(t.Context(), postgrestest.Start(t).Database(t, ""), Options{})
		if err != nil {
			t.Fatal(err)
		}
		defer s.Close()
		if said := plan(t, &s.database, "explain "); strings.Count(said, "Index Scan") != 2 || strings.Contains(said, "Seq Scan") {
			t.Error(said)
		}
	})
}
