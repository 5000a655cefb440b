package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"io/fs"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync/atomic"
	"time"

	"github.com/pressly/goose/v3"
	"modernc.org/sqlite"
)

// SQLiteOptions are the Options of OpenSQLite.
type SQLiteOptions = Options

// SQLite is a Store in one file (and the two beside it that SQLite itself keeps,
// with -wal and -shm at the end of their names).
type SQLite struct {
	database
	path    string
	writing *sql.DB      // one connection
	tending *sql.DB      // one connection, for checkpoints
	scrub   atomic.Bool  // the write-ahead log still holds what was destroyed
	release func() error // of the lock on the file beside it
	closing chan struct{}
	tended  chan struct{}
}

// lockSuffix ends the name of the file beside a store that its tracker locks.
const lockSuffix = ".lock"

var _ Store = (*SQLite)(nil)

const (
	busyTimeout = 5 * time.Second
	readers     = 4
	// quickPages bounds the check at opening to files of about 100 MB; beyond,
	// it would hold up a restart for seconds.
	quickPages = 25_000
)

// OpenSQLite opens the store in a file, which is made when it is not there (and
// its folder, and both are for the owner's eyes only). It refuses a SQLite that
// may corrupt such a file, a damaged file, and a schema newer than the program.
//
// A read-only store of a file that is not there is ErrNoStore.
func OpenSQLite(ctx context.Context, path string, o SQLiteOptions) (*SQLite, error) {
	path, err := filepath.Abs(path)
	if err != nil {
		return nil, fmt.Errorf("open store: %w", err)
	}
	if err := prepareFile(path, o.ReadOnly); err != nil {
		return nil, fmt.Errorf("open store %s: %w", path, err)
	}
	s := &SQLite{path: path, release: func() error { return nil }, closing: make(chan struct{}), tended: make(chan struct{})}
	s.dialect, s.logger = sqliteDialect(), o.log()
	if o.Sole {
		if s.release, err = claim(path); err != nil {
			return nil, fmt.Errorf("open store %s: %w", path, err)
		}
	}
	err = s.open(ctx, path, o.ReadOnly)
	if err == nil && o.Sole && !o.ReadOnly {
		// Whoever held messages is no more: they are due again at once.
		_, err = s.writing.ExecContext(ctx, letGo)
	}
	if err != nil {
		_ = s.closeConnections()
		return nil, fmt.Errorf("open store %s: %w", path, err)
	}
	if o.ReadOnly {
		close(s.tended)
		return s, nil
	}
	s.writer = newWriter(s.writing, s.dialect, s.logger)
	guarded(s.logger, "store writer", s.writer.run)
	guarded(s.logger, "store checkpoints", s.tend)
	return s, nil
}

// prepareFile makes the file before any connection to it exists. Later nobody
// but SQLite may open it: closing any other handle drops SQLite's locks.
func prepareFile(path string, readOnly bool) error {
	info, err := os.Stat(path)
	switch {
	case err == nil && info.IsDir():
		return errors.New("it is a folder, not a file")
	case err == nil:
		return nil
	case !errors.Is(err, fs.ErrNotExist):
		return err
	case readOnly:
		return ErrNoStore
	}
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		return err
	}
	f, err := os.OpenFile(path, os.O_CREATE|os.O_EXCL|os.O_RDWR, 0o600)
	if errors.Is(err, fs.ErrExist) {
		return nil // another process was first
	}
	if err != nil {
		return err
	}
	return f.Close()
}

// address is the data source name of the file. Every connection waits for a
// lock, syncs each commit and refuses to be tricked into writing past the schema.
func address(path string, extra ...string) string {
	slashed := filepath.ToSlash(path)
	if !strings.HasPrefix(slashed, "/") {
		slashed = "/" + slashed // C:/…
	}
	q := url.Values{"_defensive": {"1"}, "_dqs": {"0"}}
	q["_pragma"] = append([]string{
		"busy_timeout(" + strconv.FormatInt(busyTimeout.Milliseconds(), 10) + ")",
		"journal_mode(wal)",
		"synchronous(full)",
		"foreign_keys(on)",
		"wal_autocheckpoint(0)", // checkpoints have a connection of their own
	}, extra...)
	return (&url.URL{Scheme: "file", Path: slashed, RawQuery: q.Encode()}).String()
}

func (s *SQLite) open(ctx context.Context, path string, readOnly bool) (err error) {
	// Reading opens for writing too, and promises not to: a file in WAL mode
	// cannot be read without the files beside it, which may have to be made.
	if s.reading, err = sql.Open("sqlite", address(path, "query_only(on)")); err != nil {
		return err
	}
	s.reading.SetMaxOpenConns(readers)
	s.reading.SetMaxIdleConns(readers)
	s.queries = queries{s.reading}
	first := s.reading
	if !readOnly {
		// Deleted salts and people are overwritten with zeros.
		if s.writing, err = sql.Open("sqlite", address(path, "secure_delete(on)")+"&_txlock=immediate"); err != nil {
			return err
		}
		s.writing.SetMaxOpenConns(1)
		// A checkpoint that waits for a reader makes writers wait: it gives up soon.
		if s.tending, err = sql.Open("sqlite", address(path, "busy_timeout(500)")); err != nil {
			return err
		}
		s.tending.SetMaxOpenConns(1)
		first = s.writing
	}
	var version string
	if err := first.QueryRowContext(ctx, `select sqlite_version()`).Scan(&version); err != nil {
		return err
	}
	if err := soundSQLite(version); err != nil {
		return err
	}
	if err := sound(ctx, first); err != nil {
		return err
	}
	return s.dialect.upgrade(ctx, first, readOnly)
}

// soundSQLite refuses versions that are not safe for this store: before 3.51.3
// a race could corrupt a file in WAL mode when two connections wrote or
// checkpointed at once, and 3.52.0 was withdrawn.
func soundSQLite(version string) error {
	var v [3]int
	for i, part := range strings.SplitN(version, ".", 3) {
		n, err := strconv.Atoi(part)
		if err != nil {
			return fmt.Errorf("unknown SQLite version %q", version)
		}
		v[i] = n
	}
	if slices.Compare(v[:], []int{3, 51, 3}) < 0 {
		return fmt.Errorf("SQLite %s may corrupt the store; 3.51.3 or newer is needed", version)
	}
	if v == [3]int{3, 52, 0} {
		return errors.New("SQLite 3.52.0 was withdrawn; another version is needed")
	}
	return nil
}

// sound looks for damage, where the file is small enough to be looked through.
func sound(ctx context.Context, db *sql.DB) error {
	var pages int
	if err := db.QueryRowContext(ctx, `pragma page_count`).Scan(&pages); err != nil {
		return err
	}
	if pages > quickPages {
		return nil
	}
	var verdict string
	if err := db.QueryRowContext(ctx, `pragma quick_check(1)`).Scan(&verdict); err != nil {
		return fmt.Errorf("the file is damaged: %w", err)
	}
	if verdict != "ok" {
		return fmt.Errorf("the file is damaged: %s", verdict)
	}
	return nil
}

// integrity has SQLite look through the whole file.
func integrity(ctx context.Context, tx *sql.Tx) (wrong []string, err error) {
	err = each(ctx, tx, `pragma integrity_check`, nil, func(rows *sql.Rows) error {
		var said string
		err := rows.Scan(&said)
		if said != "ok" {
			wrong = append(wrong, said)
		}
		return err
	})
	return wrong, err
}

// Result codes of SQLite after which no later success can be believed:
// SQLITE_CORRUPT, SQLITE_IOERR_FSYNC and SQLITE_IOERR_DIR_FSYNC.
const (
	codeCorrupt  = 11
	codeFsync    = 10 | 4<<8
	codeDirFsync = 10 | 5<<8
)

func sqliteDialect() dialect {
	return dialect{
		name:  "sqlite",
		goose: goose.DialectSQLite3,
		begin: "begin immediate",
		commit: func(ctx context.Context, conn *sql.Conn) error {
			if _, err := conn.ExecContext(ctx, "commit"); err != nil {
				return &unsettled{err}
			}
			return nil
		},
		fatal:    sqliteFatal,
		again:    func(error) bool { return false }, // whoever has begun has the file for itself
		migrated: `select count(*) from sqlite_master where type = 'table' and name = 'goose_db_version'`,
		// Each step is one transaction; whoever comes second finds it done.
		alone: func(_ context.Context, _ *sql.DB, work func() error) error { return work() },
		read:  `select count(*) from (select 1 from sqlite_master limit 1)`,
		// Nothing hurries it.
		unhurried: `select 1`,
		load:      insertEach,
		sound:     integrity,
	}
}

func sqliteFatal(err error) bool {
	var e *sqlite.Error
	if !errors.As(err, &e) {
		return false
	}
	return e.Code() == codeFsync || e.Code() == codeDirFsync || e.Code()&0xff == codeCorrupt
}

// Purge implements Store.
func (s *SQLite) Purge(ctx context.Context, now time.Time) error {
	destroyed, err := s.purge(ctx, now)
	if destroyed {
		s.scrub.Store(true)
	}
	if err == nil {
		s.summed(ctx, now)
	}
	return err
}

// Close implements Store.
func (s *SQLite) Close() error {
	s.once.Do(func() {
		close(s.closing)
		if s.writer != nil {
			s.writer.close()
		}
		<-s.tended
		s.closeError = s.closeConnections()
	})
	return s.closeError
}

func (s *SQLite) closeConnections() error {
	return errors.Join(closed(s.writing, s.tending, s.reading), s.release())
}
