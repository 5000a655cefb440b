//go:build unix

package source

import (
	"context"
	"path/filepath"
	"slices"
	"syscall"
	"testing"
	"testing/fstest"
	"time"
)

// TestFIFO: a pipe nobody writes to must not stop a build for ever.
func TestFIFO(t *testing.T) {
	dir := t.TempDir()
	put(t, dir, "site.yaml", "")
	put(t, dir, "content/a.md", "A")
	if err := syscall.Mkfifo(filepath.Join(dir, "content", "pipe.md"), 0o644); err != nil {
		t.Skip("no pipes here:", err)
	}
	ctx, cancel := context.WithTimeout(context.Background(), 20*time.Second)
	defer cancel()
	tree, problems, err := NewReader(dir, fstest.MapFS{}, time.Now).Read(ctx)
	if err != nil || len(problems) != 1 || problems.HasErrors() || problems[0].File != "content/pipe.md" {
		t.Fatalf("want one warning: %v %v", err, problems)
	}
	if got := paths(tree.Under("content/")); !slices.Equal(got, []string{"content/a.md"}) {
		t.Errorf("%v", got)
	}
}

// TestPipeAsSettings: site.yaml may be anything but must not be waited for.
func TestPipeAsSettings(t *testing.T) {
	dir := t.TempDir()
	if err := syscall.Mkfifo(filepath.Join(dir, ConfigFile), 0o644); err != nil {
		t.Skip("no pipes here:", err)
	}
	_, problems, err := NewReader(dir, fstest.MapFS{}, time.Now).Read(context.Background())
	if err != nil || !problems.HasErrors() {
		t.Errorf("%v %v", err, problems)
	}
}
