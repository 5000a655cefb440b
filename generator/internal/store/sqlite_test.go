package store_test

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"cardbowl/generator/internal/form"
	"cardbowl/generator/internal/funnel"
	"cardbowl/generator/internal/store"
	"cardbowl/generator/internal/store/storetest"
)

func TestSQLite(t *testing.T) {
	folder := t.TempDir()
	storetest.Run(t, func(t *testing.T, name string) store.Store {
		file := strings.ReplaceAll(t.Name(), "/", "-") + " " + name + "#100%.db" // signs that mean something in an address
		return open(t, filepath.Join(folder, file))
	})
}

func open(t testing.TB, path string) *store.SQLite {
	t.Helper()
	s, err := store.OpenSQLite(context.Background(), path, store.SQLiteOptions{})
	if err != nil {
		t.Fatal(err)
	}
	return s
}

var noon = time.Date(2026, 11, 22, 12, 0, 0, 0, time.UTC)

func card(n int) store.Submission {
	email := fmt.Sprintf("a%d@example.com", n)
	return store.Submission{
		At: noon, Post: "/posts/a/", Form: "newsletter", Placement: "end", Email: email, Fields: []form.Answer{{Name: "email", Value: email}},
		Key: fmt.Appendf(nil, "key %d", n), Fold: fmt.Appendf(nil, "fold %d", n), Visitor: fmt.Appendf(nil, "visitor %d", n%1000),
	}
}

// The driver works with exactly the C library it was translated with; a newer
// one breaks it in ways no compiler sees.
func TestLibraryVersion(t *testing.T) {
	list := func(format, module string) string {
		out, err := exec.CommandContext(t.Context(), "go", "list", "-m", "-f", format, module).Output()
		if err != nil {
			t.Skip("SKIPPED: the modules cannot be listed here, so the version of libc is not checked:", err)
		}
		return strings.TrimSpace(string(out))
	}
	text, err := os.ReadFile(list("{{.GoMod}}", "modernc.org/sqlite"))
	if err != nil {
		t.Fatal(err)
	}
	_, rest, found := strings.Cut(string(text), "modernc.org/libc ")
	if !found {
		t.Fatal("the driver no longer names its library")
	}
	want, _, _ := strings.Cut(rest, "\n")
	if got := list("{{.Version}}", "modernc.org/libc"); got != strings.TrimSpace(want) {
		t.Errorf("modernc.org/libc is %s; the driver needs exactly %s", got, want)
	}
}

func TestOpenRefuses(t *testing.T) {
	folder := t.TempDir()
	path := filepath.Join(folder, "store.db")
	_, err := store.OpenSQLite(t.Context(), path, store.SQLiteOptions{ReadOnly: true})
	if !errors.Is(err, store.ErrNoStore) {
		t.Error("reading what is not there:", err)
	}
	if _, err := os.Stat(path); err == nil {
		t.Error("reading made a file")
	}
	if _, err := store.OpenSQLite(t.Context(), folder, store.SQLiteOptions{}); err == nil {
		t.Error("a folder was taken for a store")
	}
	if err := os.WriteFile(path, []byte(strings.Repeat("not a database ", 1000)), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := store.OpenSQLite(t.Context(), path, store.SQLiteOptions{}); err == nil {
		t.Error("a text was taken for a store")
	}
}

func TestOpenRefusesDamage(t *testing.T) {
	path := filepath.Join(t.TempDir(), "store.db")
	s := open(t, path)
	for n := range 500 {
		if _, err := s.Submit(t.Context(), card(n)); err != nil {
			t.Fatal(err)
		}
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	copy(text[3*4096:], strings.Repeat("damage! ", 4*512))
	if err := os.WriteFile(path, text, 0o600); err != nil {
		t.Fatal(err)
	}
	if s, err := store.OpenSQLite(t.Context(), path, store.SQLiteOptions{}); err == nil {
		_ = s.Close()
		t.Error("a damaged store was opened")
	} else {
		t.Log(err)
	}
}

func TestOpenRefusesNewer(t *testing.T) {
	path := filepath.Join(t.TempDir(), "store.db")
	if err := open(t, path).Close(); err != nil {
		t.Fatal(err)
	}
	db, err := sql.Open("sqlite", path)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := db.Exec(`insert into goose_db_version (version_id, is_applied) values (9999, 1)`); err != nil {
		t.Fatal(err)
	}
	if err := db.Close(); err != nil {
		t.Fatal(err)
	}
	for _, readOnly := range []bool{false, true} {
		if _, err := store.OpenSQLite(t.Context(), path, store.SQLiteOptions{ReadOnly: readOnly}); !errors.Is(err, store.ErrNewer) {
			t.Error(err)
		}
	}
}

func TestReadOnlyBesideATracker(t *testing.T) {
	path := filepath.Join(t.TempDir(), "store.db")
	s := open(t, path)
	defer s.Close()
	reader, err := store.OpenSQLite(t.Context(), path, store.SQLiteOptions{ReadOnly: true})
	if err != nil {
		t.Fatal(err)
	}
	defer reader.Close()
	for n := range 3 {
		if _, err := s.Submit(t.Context(), card(n)); err != nil {
			t.Fatal(err)
		}
		all, err := reader.Submissions(t.Context(), "2026-11-22", "2026-11-22")
		if err != nil || len(all) != n+1 {
			t.Error(len(all), err)
		}
	}
	_, err1 := reader.Submit(t.Context(), card(9))
	_, err2 := reader.Salt(t.Context(), noon)
	for _, err := range []error{err1, err2, reader.Count(t.Context(), store.Event{At: noon}), reader.Remember(t.Context(), noon, nil, nil), reader.Purge(t.Context(), noon)} {
		if !errors.Is(err, store.ErrReadOnly) {
			t.Error(err)
		}
	}
	if err := reader.Ready(t.Context()); err != nil {
		t.Error(err)
	}
}

// Files with people's addresses are for their owner's eyes.
func TestFileMode(t *testing.T) {
	path := filepath.Join(t.TempDir(), "new", "store.db")
	s := open(t, path)
	defer s.Close()
	if _, err := s.Submit(t.Context(), card(1)); err != nil {
		t.Fatal(err)
	}
	for _, suffix := range []string{"", "-wal", "-shm"} {
		info, err := os.Stat(path + suffix)
		if err != nil {
			t.Fatal(err)
		}
		if mode := info.Mode().Perm(); mode&0o077 != 0 {
			t.Errorf("store%s has mode %o", suffix, mode)
		}
	}
}

// A salt that is destroyed is nowhere on disk any more.
func TestSaltLeavesNoTrace(t *testing.T) {
	folder := t.TempDir()
	s := open(t, filepath.Join(folder, "store.db"))
	defer s.Close()
	salt, err := s.Salt(t.Context(), noon)
	if err != nil {
		t.Fatal(err)
	}
	found := func() bool {
		for _, suffix := range []string{"", "-wal"} {
			// A copy by another process: this one may not open the file.
			text, err := exec.CommandContext(t.Context(), "cat", filepath.Join(folder, "store.db"+suffix)).Output()
			if err != nil {
				t.Skip("SKIPPED: no cat to look at the file with:", err)
			}
			if strings.Contains(string(text), string(salt)) {
				return true
			}
		}
		return false
	}
	if !found() {
		t.Error("the salt is not on disk to begin with")
	}
	time.Sleep(1500 * time.Millisecond) // until a checkpoint carried it into the file
	if err := s.Purge(t.Context(), noon.AddDate(0, 0, 2)); err != nil {
		t.Fatal(err)
	}
	for end := time.Now().Add(5 * time.Second); found(); time.Sleep(50 * time.Millisecond) {
		if time.Now().After(end) {
			t.Fatal("the salt is still on disk")
		}
	}
}

// While another program holds the file, requests wait, fail when it takes too
// long, and go on afterwards.
func TestLockedByAnother(t *testing.T) {
	path := filepath.Join(t.TempDir(), "store.db")
	s := open(t, path)
	defer s.Close()
	other, err := sql.Open("sqlite", path+"?_txlock=immediate")
	if err != nil {
		t.Fatal(err)
	}
	defer other.Close()
	tx, err := other.Begin()
	if err != nil {
		t.Fatal(err)
	}
	waited := make(chan error, 1)
	go func() {
		_, err := s.Submit(context.Background(), card(1))
		waited <- err
	}()
	impatient, cancel := context.WithTimeout(t.Context(), 100*time.Millisecond)
	defer cancel()
	if _, err := s.Submit(impatient, card(2)); !errors.Is(err, store.ErrUnavailable) {
		t.Error("impatient:", err)
	}
	if _, err := s.Submissions(t.Context(), "2026-11-22", "2026-11-22"); err != nil {
		t.Error("reading goes on:", err)
	}
	if err := tx.Rollback(); err != nil {
		t.Fatal(err)
	}
	if err := <-waited; err != nil {
		t.Error("waiting:", err)
	}
	if r, err := s.Submit(t.Context(), card(2)); err != nil || r.Status != store.Accepted {
		t.Error("afterwards:", r, err)
	}
}

func TestConcurrentReportsAndSubmissions(t *testing.T) {
	s := open(t, filepath.Join(t.TempDir(), "store.db"))
	defer s.Close()
	var group sync.WaitGroup
	stop := make(chan struct{})
	for c := range 4 {
		group.Go(func() {
			for n := range 100 {
				if _, err := s.Submit(context.Background(), card(1000*c+n)); err != nil {
					t.Error(err)
				}
			}
		})
	}
	reports := make(chan struct{})
	go func() {
		defer close(reports)
		for {
			select {
			case <-stop:
				return
			default:
			}
			c, err := s.Counts(context.Background(), "", "2026-11-22")
			if err != nil {
				t.Error(err)
				return
			}
			sent, leads, days := 0, 0, 0
			for _, x := range c.Tallies {
				sent += x.Count
			}
			for _, x := range c.Leads {
				leads += x.Leads
			}
			for _, x := range c.Days {
				days += x.Count
			}
			if sent != leads || sent != days {
				t.Errorf("a report disagrees with itself: %d submissions, %d leads, %d by day", sent, leads, days)
				return
			}
		}
	}()
	group.Wait()
	close(stop)
	<-reports
}

func BenchmarkSubmit(b *testing.B) {
	for _, clients := range []int{1, 16, 64, 256} {
		b.Run(fmt.Sprint(clients), func(b *testing.B) {
			s := open(b, filepath.Join(b.TempDir(), "store.db"))
			defer s.Close()
			benchmarkSubmit(b, s, clients)
		})
	}
}

func benchmarkSubmit(b *testing.B, s store.Store, clients int) {
	var group sync.WaitGroup
	numbers := make(chan int, 1024)
	b.ResetTimer()
	for range clients {
		group.Go(func() {
			for n := range numbers {
				sub := card(n)
				sub.Post = fmt.Sprintf("/posts/%d/", n%100)
				if _, err := s.Submit(context.Background(), sub); err != nil {
					b.Error(err)
				}
			}
		})
	}
	for n := range b.N {
		numbers <- n
	}
	close(numbers)
	group.Wait()
	b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "submissions/s")
}

func BenchmarkView(b *testing.B) {
	s := open(b, filepath.Join(b.TempDir(), "store.db"))
	defer s.Close()
	var group sync.WaitGroup
	numbers := make(chan int, 1024)
	b.ResetTimer()
	for range 64 {
		group.Go(func() {
			for n := range numbers {
				e := store.Event{At: noon, Post: fmt.Sprintf("/posts/%d/", n%100), Step: funnel.PageView, Visitor: fmt.Appendf(nil, "%016d", n%5000)}
				if err := s.Count(context.Background(), e); err != nil {
					b.Error(err)
				}
			}
		})
	}
	for n := range b.N {
		numbers <- n
	}
	close(numbers)
	group.Wait()
	b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "views/s")
}

func BenchmarkOpen(b *testing.B) {
	path := filepath.Join(b.TempDir(), "store.db")
	if err := open(b, path).Close(); err != nil {
		b.Fatal(err)
	}
	for b.Loop() {
		if err := open(b, path).Close(); err != nil {
			b.Fatal(err)
		}
	}
}
