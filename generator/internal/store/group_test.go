package store

import (
	"bytes"
	"context"
	"errors"
	"io"
	"log/slog"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"modernc.org/sqlite"
)

func TestSoundSQLite(t *testing.T) {
	for version, want := range map[string]bool{
		"3.51.3": true, "3.51.4": true, "3.54.1": true, "4.0.0": true, "3.51.10": true,
		"3.51.2": false, "3.40.1": false, "3.52.0": false, "2.99.99": false, "3.7.17": false, "": false, "new": false,
	} {
		if got := soundSQLite(version) == nil; got != want {
			t.Errorf("%q: %v", version, got)
		}
	}
}

func opened(t *testing.T, log io.Writer) *SQLite {
	t.Helper()
	s, err := OpenSQLite(t.Context(), filepath.Join(t.TempDir(), "store.db"), SQLiteOptions{Logger: slog.New(slog.NewTextHandler(log, nil))})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = s.Close() })
	return s
}

// blocked holds the writer until the function returned is called, so that
// whatever is sent meanwhile makes one group.
func blocked(s *SQLite) (release func()) {
	hold, held := make(chan struct{}), make(chan struct{})
	go func() {
		_ = s.writer.do(context.Background(), func(*transaction) error {
			close(held)
			<-hold
			return nil
		})
	}()
	<-held
	return func() { close(hold) }
}

// One request that fails, or panics, fails alone.
func TestNeighboursAreServed(t *testing.T) {
	var log bytes.Buffer
	s := opened(t, &log)
	release := blocked(s)
	var group sync.WaitGroup
	good, bad := make(chan error, 10), make(chan error, 10)
	at := time.Date(2026, 11, 22, 12, 0, 0, 0, time.UTC)
	for i := range 10 {
		group.Go(func() {
			_, err := s.Submit(context.Background(), Submission{At: at, Post: "/a/", Form: "f", Email: string(rune('a'+i)) + "@example.com"})
			good <- err
		})
	}
	group.Go(func() {
		bad <- s.writer.do(context.Background(), func(t *transaction) error {
			if err := t.exec(addConsent, "half", "done", 1); err != nil {
				return err
			}
			return errors.New("this one fails")
		})
	})
	group.Go(func() {
		bad <- s.writer.do(context.Background(), func(*transaction) error { panic("this one panics") })
	})
	group.Go(func() {
		bad <- s.writer.do(context.Background(), func(t *transaction) error { return t.exec("insert into nowhere values (1)") })
	})
	for len(s.writer.urgent) < 13 {
		time.Sleep(time.Millisecond)
	}
	release()
	group.Wait()
	close(good)
	close(bad)
	for err := range good {
		if err != nil {
			t.Error("a neighbour failed:", err)
		}
	}
	for err := range bad {
		if err == nil {
			t.Error("a bad request was acknowledged")
		}
	}
	c, err := s.Counts(t.Context(), "", "2026-11-22")
	if err != nil {
		t.Fatal(err)
	}
	if len(c.Tallies) != 1 || c.Tallies[0].Count != 10 {
		t.Errorf("tallies %+v", c.Tallies)
	}
	var rows int
	if err := s.reading.QueryRow(`select count(*) from consent_texts`).Scan(&rows); err != nil || rows != 0 {
		t.Error("half of a failed request is stored:", rows, err)
	}
	if !strings.Contains(log.String(), "this one panics") {
		t.Error("the panic was not told:", log.String())
	}
}

func TestOneCommitServesAll(t *testing.T) {
	s := opened(t, new(bytes.Buffer))
	release := blocked(s)
	before := s.writer.commits.Load()
	var group sync.WaitGroup
	for i := range 50 {
		group.Go(func() {
			if _, err := s.Submit(context.Background(), Submission{At: time.Now(), Post: "/a/", Form: "f", Key: []byte{byte(i)}}); err != nil {
				t.Error(err)
			}
		})
	}
	for len(s.writer.urgent) < 50 {
		time.Sleep(time.Millisecond)
	}
	release()
	group.Wait()
	if n := s.writer.commits.Load() - before; n != 2 { // the one that was held, and the group
		t.Errorf("%d commits for a group of 50", n)
	}
}

// After an fsync that failed nothing is acknowledged any more, ever.
func TestStopsAfterFailedSync(t *testing.T) {
	var log bytes.Buffer
	s := opened(t, &log)
	if _, err := s.Submit(t.Context(), Submission{At: time.Now(), Post: "/a/", Form: "f"}); err != nil {
		t.Fatal(err)
	}
	disk := errors.New("disk I/O error (1034)")
	s.writer.fatal = func(err error) bool { return errors.Is(err, disk) }
	if err := s.writer.do(t.Context(), func(*transaction) error { return disk }); !errors.Is(err, ErrStopped) {
		t.Error(err)
	}
	for range 3 {
		if _, err := s.Submit(t.Context(), Submission{At: time.Now(), Post: "/a/", Form: "f"}); !errors.Is(err, ErrStopped) {
			t.Error("acknowledged after a failed sync:", err)
		}
	}
	if s.CountSoon(Event{At: time.Now(), Post: "/a/", Step: "page_view"}) {
		t.Error("counted after a failed sync")
	}
	if err := s.Ready(t.Context()); !errors.Is(err, ErrStopped) {
		t.Error("ready after a failed sync:", err)
	}
	if all, err := s.Submissions(t.Context(), "2000-01-01", "2099-12-31"); err != nil || len(all) != 1 {
		t.Error("reading goes on:", len(all), err)
	}
	if n := strings.Count(log.String(), "stops acknowledging"); n != 1 {
		t.Errorf("said %d times: %s", n, log.String())
	}
}

func TestSQLiteFatal(t *testing.T) {
	if sqliteFatal(errors.New("any")) || sqliteFatal(nil) {
		t.Error("any error is fatal")
	}
	var e *sqlite.Error
	s := opened(t, new(bytes.Buffer))
	_, err := s.reading.Exec("select nothing")
	if !errors.As(err, &e) || sqliteFatal(err) {
		t.Error("a mistake in a statement is fatal:", err)
	}
}

// A disk that is full refuses, and takes again when there is room.
func TestFullDisk(t *testing.T) {
	s := opened(t, new(bytes.Buffer))
	limit := func(pages int) {
		t.Helper()
		err := s.writer.do(t.Context(), func(t *transaction) error {
			var now int
			_, err := t.row("pragma max_page_count = "+map[bool]string{true: "1", false: "1000000"}[pages == 1], []any{&now})
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	limit(1) // as many as there are
	big := Submission{At: time.Now(), Post: "/a/", Form: "f", Claim: strings.Repeat("x", 100_000)}
	if _, err := s.Submit(t.Context(), big); !errors.Is(err, ErrUnavailable) {
		t.Fatal("acknowledged on a full disk:", err)
	}
	limit(1_000_000)
	if _, err := s.Submit(t.Context(), big); err != nil {
		t.Error("room again:", err)
	}
	all, err := s.Submissions(t.Context(), "2000-01-01", "2099-12-31")
	if err != nil || len(all) != 1 {
		t.Error(len(all), err)
	}
}

func TestCheckpoint(t *testing.T) {
	s := opened(t, new(bytes.Buffer))
	var busy, log, done int
	for i := range 20 {
		if _, err := s.Submit(t.Context(), Submission{At: time.Now(), Post: "/a/", Form: "f", Key: []byte{byte(i)}}); err != nil {
			t.Fatal(err)
		}
	}
	if err := s.checkpoint(t.Context(), true); err != nil {
		t.Fatal(err)
	}
	if err := s.tending.QueryRow(`pragma wal_checkpoint(noop)`).Scan(&busy, &log, &done); err != nil {
		t.Fatal(err)
	}
	if log == 0 || done != log {
		t.Errorf("%d of %d pages carried over", done, log)
	}
}

func TestSettings(t *testing.T) {
	s := opened(t, new(bytes.Buffer))
	err := s.writer.do(t.Context(), func(tx *transaction) error {
		for pragma, want := range map[string]string{"journal_mode": "wal", "synchronous": "2", "busy_timeout": "5000", "wal_autocheckpoint": "0", "secure_delete": "1", "foreign_keys": "1"} {
			var got string
			if _, err := tx.row("pragma "+pragma, []any{&got}); err != nil {
				return err
			}
			if got != want {
				t.Errorf("%s is %s, want %s", pragma, got, want)
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	var only string
	if err := s.reading.QueryRow("pragma query_only").Scan(&only); err != nil || only != "1" {
		t.Error("readers may write:", only, err)
	}
}

func TestGuardedSurvivesPanic(t *testing.T) {
	var log bytes.Buffer
	done := make(chan struct{})
	runs := 0
	guarded(slog.New(slog.NewTextHandler(&log, nil)), "test", func() {
		if runs++; runs == 1 {
			panic("once")
		}
		close(done)
	})
	select {
	case <-done:
	case <-time.After(5 * time.Second):
		t.Fatal("the worker did not start again")
	}
	if !strings.Contains(log.String(), "once") {
		t.Error(log.String())
	}
}

func TestNewID(t *testing.T) {
	at := time.UnixMilli(0x0190_1234_5678)
	id := newID(at)
	if len(id) != 36 || !strings.HasPrefix(id, "01901234-5678-7") || !strings.ContainsRune("89ab", rune(id[19])) {
		t.Error(id)
	}
	if newID(at) == id {
		t.Error("twice the same")
	}
	if newID(at.Add(time.Millisecond)) < id {
		t.Error("later ids must sort after")
	}
}

func TestFieldsRoundTrip(t *testing.T) {
	text, err := encodeFields(nil)
	if err != nil || text != "{}" {
		t.Error(text, err)
	}
	fields, err := decodeFields(text)
	if err != nil || len(fields) != 0 {
		t.Error(fields, err)
	}
	for _, bad := range []string{"", "[", `{"a":1}`, `{"a":`, `{"a"`} {
		if _, err := decodeFields(bad); err == nil {
			t.Errorf("%q was read", bad)
		}
	}
}
