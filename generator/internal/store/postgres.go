package store

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"errors"
	"fmt"
	"io"
	"net"
	"net/url"
	"slices"
	"strings"
	"sync/atomic"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/stdlib"
	"github.com/pressly/goose/v3"
)

// Postgres is a Store in a PostgreSQL database, which several trackers may share.
type Postgres struct {
	database
	writing *sql.DB     // one connection of the writer, and one to tidy up with
	untidy  atomic.Bool // files of the server still hold what was destroyed
	traces  atomic.Bool // and people who were erased
}

var _ Store = (*Postgres)(nil)

const (
	postgresPatience = 10 * time.Second
	oldestPostgres   = 13
)

// IsPostgres tells whether a store's address names a PostgreSQL database; any
// other is a file of SQLite.
func IsPostgres(address string) bool {
	return strings.HasPrefix(address, "postgres://") || strings.HasPrefix(address, "postgresql://")
}

// Shown is a store's address as it may be printed: without a password.
func Shown(address string) string {
	if !IsPostgres(address) {
		return address
	}
	u, err := url.Parse(address)
	if err != nil {
		return "postgres://…" // what a password is in it, nobody can tell
	}
	if u.User != nil {
		u.User = url.User(u.User.Username())
	}
	// Among the parameters, too, there may be secrets.
	u.RawQuery, u.Fragment = "", ""
	return u.String()
}

// Open opens the store at an address: OpenPostgres where IsPostgres, OpenSQLite
// of a file otherwise.
func Open(ctx context.Context, address string, o Options) (Store, error) {
	if IsPostgres(address) {
		return asStore(OpenPostgres(ctx, address, o))
	}
	return asStore(OpenSQLite(ctx, address, o))
}

// asStore keeps a nil pointer from becoming a Store that is not nil.
func asStore[S Store](s S, err error) (Store, error) {
	if err != nil {
		return nil, err
	}
	return s, nil
}

// OpenPostgres opens the store in a PostgreSQL database, an address such as
// postgres://cards@db.example/cards. What it leaves out comes from where every
// PostgreSQL program looks: PGPASSWORD, PGSSLMODE, ~/.pgpass. The tables are made
// in the first schema of the search path. It refuses servers whose word that
// something is stored cannot be taken, and a schema newer than the program.
// Errors name no password.
//
// A read-only store of a database without tables is ErrNoStore.
func OpenPostgres(ctx context.Context, address string, o Options) (*Postgres, error) {
	config, err := pgx.ParseConfig(address)
	if err != nil || oddHost(config) {
		// The error itself may hold a piece of the password.
		return nil, errors.New("open store: the address cannot be read; it is like postgres://user:password@host:5432/database, with %40 for @, %3A for :, %2F for / and %23 for # in a password")
	}
	s := &Postgres{}
	s.dialect, s.logger = postgresDialect(), o.log()
	if err := s.open(ctx, *config, o.ReadOnly); err != nil {
		_ = closed(s.writing, s.reading)
		return nil, fmt.Errorf("open store %s: %w", Shown(address), plainly(err))
	}
	if !o.ReadOnly {
		s.writer = newWriter(s.writing, s.dialect, s.logger)
		guarded(s.logger, "store writer", s.writer.run)
	}
	return s, nil
}

// oddHost tells of a host that must be the end of a password with an @ in it.
func oddHost(config *pgx.ConnConfig) bool {
	return strings.Contains(config.Host, "@") ||
		slices.ContainsFunc(config.Fallbacks, func(f *pgconn.FallbackConfig) bool { return strings.Contains(f.Host, "@") })
}

// refusal is why a server could not be connected to, in one line.
type refusal struct {
	line  string
	cause error
}

func (e *refusal) Error() string { return e.line }
func (e *refusal) Unwrap() error { return e.cause }

// plainly makes one line of the driver's several: it tells of each host and of
// each way it tried. What a server answered says more than that another way was
// closed.
func plainly(err error) error {
	var connecting *pgconn.ConnectError
	var answered *pgconn.PgError
	switch {
	case !errors.As(err, &connecting):
		return err
	case errors.As(err, &answered):
		return &refusal{"PostgreSQL says: " + answered.Message, err}
	}
	said := strings.TrimSpace(connecting.Unwrap().Error())
	return &refusal{"PostgreSQL cannot be reached: " + said[strings.LastIndexByte(said, '\n')+1:], err}
}

// connection is how to connect. A server that is gone is noticed, a tracker that
// is gone holds nobody up, and a commit is one.
func connection(config pgx.ConnConfig, readOnly bool) pgx.ConnConfig {
	c := *config.Copy()
	if c.ConnectTimeout == 0 || c.ConnectTimeout > 5*time.Second {
		c.ConnectTimeout = 5 * time.Second
	}
	setting := c.RuntimeParams
	if setting["application_name"] == "" {
		setting["application_name"] = "cardbowl"
	}
	setting["synchronous_commit"] = "on"
	setting["default_transaction_isolation"] = "read committed"
	setting["lock_timeout"] = "5s"
	setting["idle_in_transaction_session_timeout"] = "5s"
	setting["bytea_output"] = "hex"
	if readOnly {
		setting["default_transaction_read_only"] = "on"
	} else if c.ValidateConnect == nil {
		// Of several hosts, the one that may be written to.
		c.ValidateConnect = pgconn.ValidateConnectTargetSessionAttrsReadWrite
	}
	return c
}

func (s *Postgres) open(ctx context.Context, config pgx.ConnConfig, readOnly bool) error {
	s.reading = stdlib.OpenDB(connection(config, true))
	s.reading.SetMaxOpenConns(readers)
	s.reading.SetMaxIdleConns(readers)
	s.queries = queries{s.reading}
	first := s.reading
	if !readOnly {
		s.writing = stdlib.OpenDB(connection(config, false))
		s.writing.SetMaxOpenConns(2)
		first = s.writing
	}
	patient, cancel := context.WithTimeout(ctx, postgresPatience)
	defer cancel()
	if err := soundPostgres(patient, first, readOnly); err != nil {
		return err
	}
	return s.dialect.upgrade(ctx, first, readOnly)
}

// soundPostgres refuses servers that are too old, that could not keep every
// text, or that say "committed" of what is not on the disk.
func soundPostgres(ctx context.Context, db *sql.DB, readOnly bool) error {
	var version int
	var sync, retry, encoding string
	err := db.QueryRowContext(ctx, `select current_setting('server_version_num')::int, current_setting('fsync'),
		coalesce(current_setting('data_sync_retry', true), 'off'), current_setting('server_encoding')`).Scan(&version, &sync, &retry, &encoding)
	switch {
	case err != nil:
		return err
	case version < oldestPostgres*10_000:
		return fmt.Errorf("PostgreSQL %d is too old; %d or newer is needed", version/10_000, oldestPostgres)
	case encoding != "UTF8":
		return fmt.Errorf("the database has the encoding %s and cannot keep every name; make one with `createdb --encoding=UTF8 --template=template0`", encoding)
	case readOnly:
		return nil
	case sync != "on":
		return errors.New("PostgreSQL runs with fsync = off, so that nothing it confirms is on the disk; turn it on in postgresql.conf")
	case retry != "off":
		return errors.New("PostgreSQL runs with data_sync_retry = on, so that it may confirm what the disk has lost; turn it off in postgresql.conf")
	}
	return nil
}

func postgresDialect() dialect {
	return dialect{
		name:     "postgres",
		goose:    goose.DialectPostgres,
		begin:    "begin isolation level read committed read write",
		commit:   postgresCommit,
		patience: postgresPatience,
		fatal:    postgresFatal,
		again:    postgresAgain,
		migrated: `select count(*) from pg_class where oid = to_regclass('goose_db_version')`,
		alone:    postgresAlone,
		read:     `select 1`,

		unhurried:  `set idle_in_transaction_session_timeout = 0`,
		lock:       `lock table ? in exclusive mode`,
		load:       loadPostgres,
		sound:      readAll,
		skipLocked: " for update skip locked",
		hold:       " for update",
	}
}

// postgresCommit commits. The answer to COMMIT of a transaction in which
// something failed is no error but the word ROLLBACK.
func postgresCommit(ctx context.Context, conn *sql.Conn) error {
	return conn.Raw(func(raw any) error {
		tag, err := raw.(*stdlib.Conn).Conn().Exec(ctx, "commit")
		var answered *pgconn.PgError
		switch {
		case err == nil && tag.String() == "COMMIT":
			return nil
		case err == nil:
			return fmt.Errorf("the database answered COMMIT with %s", tag)
		case errors.As(err, &answered) && answered.SeverityUnlocalized == "ERROR", errors.Is(err, pgconn.ErrConnClosed), pgconn.SafeToRetry(err):
			return err // refused, or never sent
		}
		return &unsettled{err}
	})
}

// loadPostgres loads rows with COPY.
func loadPostgres(ctx context.Context, conn *sql.Conn, t table, next func() ([]any, error)) error {
	return conn.Raw(func(raw any) error {
		_, err := raw.(*stdlib.Conn).Conn().CopyFrom(ctx, pgx.Identifier{t.name}, t.columns(), pgx.CopyFromFunc(next))
		return err
	})
}

// readAll reads every row there is: a page that is torn says so, where the
// cluster has checksums.
func readAll(ctx context.Context, tx *sql.Tx) (wrong []string, err error) {
	for _, t := range tables() {
		err := summing(t, func(int) {}).through(ctx, tx, exhaust)
		if postgresFatal(err) {
			wrong = append(wrong, fmt.Sprintf("the table %s is damaged: %v", t.name, err))
			return wrong, nil // nothing more can be read in this transaction
		}
		if err != nil {
			return wrong, err
		}
	}
	return wrong, nil
}

// codes of PostgreSQL (Appendix A of its manual) that mean something here.
const (
	codeDataCorrupted  = "XX001"
	codeIndexCorrupted = "XX002"
)

// postgresFatal tells of damage. A failed fsync is not among it: the server
// itself ends then, and tells from its log what was committed.
func postgresFatal(err error) bool {
	var e *pgconn.PgError
	return errors.As(err, &e) && (e.Code == codeDataCorrupted || e.Code == codeIndexCorrupted)
}

// postgresAgain tells of an error after which nothing of the transaction is left
// and which another try may not meet.
func postgresAgain(err error) bool {
	var e *pgconn.PgError
	if errors.As(err, &e) {
		return slices.Contains([]string{
			"40001", "40P01", // serialization failure, deadlock
			"23505",                            // another tracker was first with a row
			"57P01", "57P02", "57P03", "57P05", // the server stops, has crashed, is not up yet, has ended an idle session
			"25P03", // it ended a transaction that was idle
			"53300", // it has no connection left
		}, e.Code) || strings.HasPrefix(e.Code, "08")
	}
	if errors.Is(err, context.DeadlineExceeded) {
		return false // patience is used up
	}
	var connecting *pgconn.ConnectError
	var network net.Error
	return errors.As(err, &connecting) || errors.As(err, &network) || pgconn.SafeToRetry(err) ||
		errors.Is(err, pgconn.ErrConnClosed) ||
		errors.Is(err, driver.ErrBadConn) || errors.Is(err, sql.ErrConnDone) || errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF)
}

// migrationLock is the number of the advisory lock around migrations: "cardbowl".
const migrationLock int64 = 0x63617264626f776c

// postgresAlone lets one tracker after the other in. The lock is let go of with
// its connection, however that ends.
func postgresAlone(ctx context.Context, db *sql.DB, work func() error) error {
	conn, err := db.Conn(ctx)
	if err != nil {
		return err
	}
	defer conn.Close()
	// Whoever migrates may take long: here nobody gives up after lock_timeout.
	if _, err := conn.ExecContext(ctx, `set lock_timeout = 0`); err != nil {
		return err
	}
	if _, err := conn.ExecContext(ctx, `select pg_advisory_lock($1)`, migrationLock); err != nil {
		return err
	}
	defer func() {
		// The connection would keep both: it goes.
		_ = conn.Raw(func(any) error { return driver.ErrBadConn })
	}()
	return work()
}

// Purge implements Store. What is destroyed is overwritten in the tables' files;
// in the server's write-ahead log, and in copies that are made of it, it stays
// for as long as these are kept.
func (s *Postgres) Purge(ctx context.Context, now time.Time) error {
	destroyed, err := s.purge(ctx, now)
	if err != nil {
		return err
	}
	s.summed(ctx, now)
	if destroyed {
		s.untidy.Store(true)
	}
	if s.traces.Load() {
		if err := s.Scrub(ctx); err != nil {
			s.logger.Warn("what was erased is not overwritten yet; it will be tried again", "error", err)
		}
	}
	if s.untidy.Load() {
		// A deleted row stays in its page until it is written over. The salts
		// are few: their file is made anew.
		for _, statement := range []string{`vacuum full salts`, `vacuum visits`} {
			if _, err := s.writing.ExecContext(ctx, statement); err != nil {
				s.logger.Warn("what was destroyed is not overwritten yet; it will be tried again", "error", err)
				return nil
			}
		}
		s.untidy.Store(false)
	}
	return nil
}

// Close implements Store.
func (s *Postgres) Close() error {
	s.once.Do(func() {
		if s.writer != nil {
			s.writer.close()
		}
		s.closeError = closed(s.writing, s.reading)
	})
	return s.closeError
}
