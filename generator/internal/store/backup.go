package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"

	"cardbowl/generator/internal/funnel"
)

// Holding is what a store holds, in a few numbers.
type Holding struct {
	Submissions int // of every status
	Leads       int
	Days        int    // with a count
	Last        string // the last of them, YYYY-MM-DD; empty when nothing was counted
	Evidence    int    // entries of the evidence of consent
	Seal        string // of the last of them, see Record; empty when there is none
}

// ErrExists is returned rather than writing over a file.
var ErrExists = errors.New("the file is there already")

// Backup writes a copy of the store in one file, at one moment, while a tracker
// may be writing it. What is to be destroyed within two days, salts and the
// visits they belong to, is not in the copy: it would outlive them there. The
// file is for the owner's eyes only, is whole or not there, and is on disk when
// Backup returns.
//
// A backup of a store in PostgreSQL is such a file, too: Restore, or a tracker,
// takes it as it is.
func Backup(ctx context.Context, from, to string, tell Reached) (Holding, error) {
	to, err := filepath.Abs(to)
	if err != nil {
		return Holding{}, fmt.Errorf("back up: %w", err)
	}
	if _, err := os.Lstat(to); !errors.Is(err, fs.ErrNotExist) {
		return Holding{}, fmt.Errorf("back up to %s: %w", to, ErrExists)
	}
	made, err := os.CreateTemp(filepath.Dir(to), "."+filepath.Base(to)+"-*") // 0600
	if err != nil {
		return Holding{}, fmt.Errorf("back up: %w", err)
	}
	temp := made.Name()
	defer os.Remove(temp)
	if err := made.Close(); err != nil {
		return Holding{}, fmt.Errorf("back up: %w", err)
	}
	defer func() {
		for _, rest := range []string{"-wal", "-shm"} {
			_ = os.Remove(temp + rest) // of writing it, and of looking through it
		}
	}()
	if err := copyOut(ctx, from, temp, tell); err != nil {
		return Holding{}, fmt.Errorf("back up: %w", err)
	}
	held, found, err := Check(ctx, temp)
	if err == nil && len(found) > 0 {
		err = errors.New("the copy is not sound: " + found[0])
	}
	if err == nil {
		err = flushed(temp)
	}
	if err == nil {
		err = place(temp, to)
	}
	if err != nil {
		return Holding{}, fmt.Errorf("back up to %s: %w", to, err)
	}
	return held, nil
}

// copyOut writes a store of either kind into an empty file.
func copyOut(ctx context.Context, from, temp string, tell Reached) error {
	if !IsPostgres(from) {
		s, err := OpenSQLite(ctx, from, Options{ReadOnly: true})
		if err != nil {
			return err
		}
		defer s.Close()
		return s.copyInto(ctx, temp)
	}
	source, err := openAny(ctx, from, Options{ReadOnly: true})
	if err != nil {
		return err
	}
	defer source.Close()
	target, err := openAny(ctx, temp, Options{})
	if err != nil {
		return err
	}
	kept := slices.DeleteFunc(tables(), func(t table) bool { return t.passing })
	return errors.Join(duplicate(ctx, source, target, kept, tell), target.Close())
}

// copyInto writes the database into an empty file, without what is soon to be
// destroyed.
func (s *SQLite) copyInto(ctx context.Context, temp string) error {
	// A connection that may write nothing may not copy either; this one writes
	// nothing but the copy.
	from, err := sql.Open("sqlite", address(s.path))
	if err != nil {
		return err
	}
	defer from.Close()
	if _, err := from.ExecContext(ctx, `vacuum into $1`, temp); err != nil {
		return err
	}
	copied, err := sql.Open("sqlite", address(temp, "secure_delete(on)", "journal_mode(delete)"))
	if err != nil {
		return err
	}
	defer copied.Close()
	for _, statement := range []string{`delete from salts`, `delete from visits`, `vacuum`} {
		if _, err := copied.ExecContext(ctx, statement); err != nil {
			return err
		}
	}
	return copied.Close()
}

// place gives a finished file its name, on the disk too, and writes over nothing.
func place(temp, to string) error {
	err := os.Link(temp, to)
	if err != nil && !errors.Is(err, fs.ErrExist) { // a file system without links, as on a stick
		if _, there := os.Lstat(to); !errors.Is(there, fs.ErrNotExist) {
			return ErrExists
		}
		err = os.Rename(temp, to)
	}
	if err != nil {
		return err
	}
	return flushed(filepath.Dir(to))
}

// flushed brings a file or a folder to the disk.
func flushed(name string) error {
	f, err := os.Open(name)
	if err != nil {
		return err
	}
	defer f.Close()
	if err := f.Sync(); err != nil && !errors.Is(err, errors.ErrUnsupported) {
		return err
	}
	return nil
}

// Check looks through a whole store: whether all of it can be read and is sound, and whether what
// was counted agrees with what was stored. It returns what is wrong, in a
// reader's words.
func Check(ctx context.Context, address string) (held Holding, wrong []string, err error) {
	s, err := openAny(ctx, address, Options{ReadOnly: true})
	if err != nil {
		return held, nil, err
	}
	defer s.Close()
	tx, err := s.reading.BeginTx(ctx, moment())
	if err != nil {
		return held, nil, fmt.Errorf("check store: %w", err)
	}
	defer func() { _ = tx.Rollback() }() // it only read
	one := func(row func(*sql.Rows) error, query string, args ...any) {
		if err == nil {
			err = each(ctx, tx, query, args, row)
		}
	}
	if wrong, err = s.dialect.sound(ctx, tx); err != nil || len(wrong) > 0 && IsPostgres(address) {
		if err != nil {
			err = fmt.Errorf("check store: %w", err)
		}
		return held, wrong, err
	}
	one(func(rows *sql.Rows) error { return rows.Scan(&held.Submissions) }, `select count(*) from submissions`)
	one(func(rows *sql.Rows) error { return rows.Scan(&held.Leads) }, `select count(*) from leads`)
	one(func(rows *sql.Rows) error { return rows.Scan(&held.Days, &held.Last) }, `select count(distinct day), coalesce(max(day), '') from tallies`)
	one(func(rows *sql.Rows) error {
		var day, post string
		var stored, counted int
		err := rows.Scan(&day, &post, &stored, &counted)
		wrong = append(wrong, fmt.Sprintf("on %s the post %q has %d accepted cards, and %d are counted", day, post, stored, counted))
		return err
	}, `select day, post, sum(stored), sum(counted) from (
			select day, post, 1 as stored, 0 as counted from submissions where status = $1
			union all select day, post, 0, n from tallies where step = $2) as cards
		group by day, post having sum(stored) <> sum(counted) order by day, post`, string(Accepted), string(funnel.FormSubmit))
	one(func(rows *sql.Rows) error {
		var day string
		var counted, credited int
		err := rows.Scan(&day, &counted, &credited)
		wrong = append(wrong, fmt.Sprintf("on %s there are %d counted cards, and %d are credited to a first post", day, counted, credited))
		return err
	}, `select day, sum(counted), sum(credited) from (
			select day, n as counted, 0 as credited from tallies where step = $1
			union all select day, 0, n from breakdowns where dimension = $2 and step = $1) as cards
		group by day having sum(counted) <> sum(credited) order by day`, string(funnel.FormSubmit), string(funnel.ByFirstPost))
	if err == nil {
		var found []string
		found, err = wrongSheets(ctx, tx)
		wrong = append(wrong, found...)
	}
	one(func(rows *sql.Rows) error {
		var id string
		err := rows.Scan(&id)
		wrong = append(wrong, fmt.Sprintf("the card %s belongs to a person who is not there", id))
		return err
	}, `select id from submissions where lead is not null and lead not in (select id from leads) order by id`)
	if err != nil {
		return held, nil, fmt.Errorf("check store: %w", err)
	}
	proved, err := record(ctx, tx, "")
	if err == nil {
		held.Evidence, held.Seal = proved.Entries, proved.Seal
		var more []Fault
		more, err = unproved(ctx, tx)
		for _, f := range append(proved.Faults, more...) {
			wrong = append(wrong, f.Said)
		}
	}
	if err != nil {
		return held, nil, fmt.Errorf("check store: %w", err)
	}
	return held, wrong, nil
}

// Restore puts a backup in the place of a store, which must not be there: a
// tracker that runs would go on writing into the old one. The copy is looked
// through first.
//
// In PostgreSQL the place of a store is a database without one, or with an empty
// one.
func Restore(ctx context.Context, from, to string, tell Reached) (Holding, error) {
	if IsPostgres(to) {
		return restorePostgres(ctx, from, to, tell)
	}
	for _, name := range []string{to, to + "-wal", to + "-shm"} {
		if _, err := os.Lstat(name); !errors.Is(err, fs.ErrNotExist) {
			return Holding{}, fmt.Errorf("restore to %s: %w", name, ErrExists)
		}
	}
	if err := os.MkdirAll(filepath.Dir(to), 0o700); err != nil {
		return Holding{}, fmt.Errorf("restore: %w", err)
	}
	made, err := os.CreateTemp(filepath.Dir(to), "."+filepath.Base(to)+"-*")
	if err != nil {
		return Holding{}, fmt.Errorf("restore: %w", err)
	}
	defer os.Remove(made.Name())
	source, err := os.Open(from)
	if err == nil {
		_, err = io.Copy(made, source)
		err = errors.Join(err, source.Close())
	}
	if err = errors.Join(err, made.Close()); err != nil {
		return Holding{}, fmt.Errorf("restore: %w", err)
	}
	held, wrong, err := Check(ctx, made.Name())
	if err == nil && len(wrong) > 0 {
		err = errors.New("the backup is not sound: " + wrong[0])
	}
	for _, rest := range []string{"-wal", "-shm"} {
		_ = os.Remove(made.Name() + rest) // of looking through it
	}
	if err == nil {
		err = flushed(made.Name())
	}
	if err == nil {
		err = place(made.Name(), to)
	}
	if err != nil {
		return Holding{}, fmt.Errorf("restore %s: %w", from, err)
	}
	return held, nil
}

// restorePostgres fills a database from a copy of the backup: opening it brings
// an older one up to date, and a backup stays as it is.
func restorePostgres(ctx context.Context, from, to string, tell Reached) (held Holding, err error) {
	defer func() {
		if err != nil {
			err = fmt.Errorf("restore %s: %w", from, err)
		}
	}()
	folder, err := os.MkdirTemp("", "cardbowl-restore-") // 0700
	if err != nil {
		return held, err
	}
	defer os.RemoveAll(folder)
	temp := filepath.Join(folder, "backup.db")
	if held, err = Restore(ctx, from, temp, tell); err != nil {
		return held, errors.Unwrap(err)
	}
	s, err := OpenSQLite(ctx, temp, Options{})
	if err == nil {
		err = s.Close()
	}
	if err != nil {
		return held, err
	}
	held, err = Copy(ctx, temp, to, tell)
	if errors.Is(err, ErrNotEmpty) {
		err = fmt.Errorf("%s: %w", Shown(to), ErrNotEmpty)
	}
	return held, err
}
