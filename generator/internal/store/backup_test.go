package store_test

import (
	"bytes"
	"context"
	"database/sql"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"cardbowl/generator/internal/form"
	"cardbowl/generator/internal/funnel"
	"cardbowl/generator/internal/store"
)

// TestBackupUnderLoad takes copies while cards and views arrive. Each copy is a
// whole store of one moment: what was acknowledged before it began is in it, and
// what is counted agrees with what is stored.
func TestBackupUnderLoad(t *testing.T) {
	ctx := t.Context()
	dir := t.TempDir()
	path := filepath.Join(dir, "store.db")
	s, err := store.OpenSQLite(ctx, path, store.SQLiteOptions{})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	noon := time.Date(2026, 11, 22, 12, 0, 0, 0, time.UTC)
	salt, err := s.Salt(ctx, noon)
	if err != nil {
		t.Fatal(err)
	}
	visitor := []byte("a visitor's hash")
	var mu sync.Mutex
	acknowledged := 0
	loading, stop := context.WithCancel(ctx)
	var group sync.WaitGroup
	for w := range 4 {
		group.Go(func() {
			for n := 0; loading.Err() == nil; n++ {
				email := fmt.Sprintf("w%d-%d@example.com", w, n)
				_, err := s.Submit(ctx, store.Submission{At: noon, Post: "/posts/a/", Form: "f", Placement: "end", Email: email, Visitor: visitor, Fields: []form.Answer{{Name: "email", Value: email}}})
				if err != nil {
					t.Error(err)
					return
				}
				mu.Lock()
				acknowledged++
				mu.Unlock()
				s.CountSoon(store.Event{At: noon, Post: "/posts/a/", Step: funnel.PageView, Visitor: visitor})
			}
		})
	}
	for n := range 5 {
		time.Sleep(50 * time.Millisecond)
		mu.Lock()
		before := acknowledged
		mu.Unlock()
		to := filepath.Join(dir, fmt.Sprintf("backup-%d.db", n))
		held, err := store.Backup(ctx, path, to, nil)
		if err != nil {
			t.Fatal(err)
		}
		if held.Submissions < before || held.Leads != held.Submissions || held.Last != "2026-11-22" {
			t.Errorf("a copy holds %+v, and %d were acknowledged before it", held, before)
		}
		text, err := os.ReadFile(to)
		if err != nil {
			t.Fatal(err)
		}
		if bytes.Contains(text, salt) || bytes.Contains(text, visitor) {
			t.Error("the copy holds a salt or a visitor")
		}
		if info, err := os.Stat(to); err != nil || info.Mode().Perm() != 0o600 {
			t.Errorf("the copy is %v (%v)", info.Mode(), err)
		}
		if _, err := store.Backup(ctx, path, to, nil); !errors.Is(err, store.ErrExists) {
			t.Errorf("a copy was written over another: %v", err)
		}
	}
	stop()
	group.Wait()

	restored := filepath.Join(dir, "new", "store.db")
	held, err := store.Restore(ctx, filepath.Join(dir, "backup-4.db"), restored, nil)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := store.Restore(ctx, filepath.Join(dir, "backup-4.db"), path, nil); !errors.Is(err, store.ErrExists) {
		t.Errorf("a store was written over: %v", err)
	}
	again, err := store.OpenSQLite(ctx, restored, store.SQLiteOptions{})
	if err != nil {
		t.Fatal(err)
	}
	defer again.Close()
	stored, err := again.Submissions(ctx, "", "9999-12-31")
	if err != nil || len(stored) != held.Submissions {
		t.Errorf("%d cards, not %d (%v)", len(stored), held.Submissions, err)
	}
	left, err := filepath.Glob(filepath.Join(dir, ".*"))
	if err != nil || len(left) > 0 {
		t.Errorf("left behind: %v (%v)", left, err)
	}
}

// TestCheckFindsDamage spoils a store in three ways.
func TestCheckFindsDamage(t *testing.T) {
	ctx := t.Context()
	path := filepath.Join(t.TempDir(), "store.db")
	s, err := store.OpenSQLite(ctx, path, store.SQLiteOptions{})
	if err != nil {
		t.Fatal(err)
	}
	for n := range 200 {
		email := fmt.Sprintf("%d@example.com", n)
		if _, err := s.Submit(ctx, store.Submission{At: time.Now(), Post: "/posts/a/", Form: "f", Email: email, Fields: []form.Answer{{Name: "message", Value: strings.Repeat("words ", 50)}}}); err != nil {
			t.Fatal(err)
		}
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	if held, wrong, err := store.Check(ctx, path); err != nil || len(wrong) > 0 || held.Submissions != 200 {
		t.Fatalf("%+v, %q, %v", held, wrong, err)
	}
	edit := func(statement string) {
		t.Helper()
		db, err := sql.Open("sqlite", path)
		if err != nil {
			t.Fatal(err)
		}
		defer db.Close()
		if _, err := db.ExecContext(ctx, statement); err != nil {
			t.Fatal(err)
		}
	}
	edit(`update tallies set n = n - 1`)
	if _, wrong, err := store.Check(ctx, path); err != nil || len(wrong) != 2 || !strings.Contains(wrong[0], "200 accepted cards, and 199 are counted") {
		t.Errorf("a lost count: %q, %v", wrong, err)
	}
	edit(`update tallies set n = n + 1`)
	edit(`delete from leads where id = (select min(id) from leads)`)
	if _, wrong, err := store.Check(ctx, path); err != nil || len(wrong) != 1 || !strings.Contains(wrong[0], "belongs to a person who is not there") {
		t.Errorf("a lost person: %q, %v", wrong, err)
	}
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	for i := len(text) / 2; i < len(text)/2+3*4096; i++ {
		text[i] ^= 0x5a
	}
	if err := os.WriteFile(path, text, 0o600); err != nil {
		t.Fatal(err)
	}
	if _, wrong, err := store.Check(ctx, path); err == nil && len(wrong) == 0 {
		t.Error("a damaged file was found sound")
	}
}
