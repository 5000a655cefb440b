package public

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
)

// TestFullDisk builds into a small file system that is filled to every twentieth
// part: either the new site stands there or the old one does, byte for byte.
func TestFullDisk(t *testing.T) {
	const size = 4 << 20
	disk := t.TempDir()
	if err := syscall.Mount("cardbowl", disk, "tmpfs", 0, "size=4m"); err != nil {
		t.Skip("SKIPPED: a full disk cannot be tried, since this user may not mount one:", err)
	}
	defer func() {
		if err := syscall.Unmount(disk, 0); err != nil {
			t.Error(err)
		}
	}()
	dir := filepath.Join(disk, "public")
	old, fresh := version(2), version(3)
	failures := 0
	for n := range 20 {
		mustSync(t, Open(dir, Options{}), old)
		filler := filepath.Join(disk, "filler")
		room := int64(n) * size / 20
		if err := fill(filler, room); err != nil {
			t.Fatal(err)
		}
		_, err := Open(dir, Options{Durable: true}).Sync(context.Background(), site(fresh), 2, false)
		switch {
		case errors.Is(err, syscall.ENOSPC):
			failures++
			if err := os.Remove(filler); err != nil {
				t.Fatal(err)
			}
			wantHeld(t, dir, old)
		case err != nil:
			t.Fatalf("%d of 20 parts free: %v", n, err)
		default:
			if err := os.Remove(filler); err != nil {
				t.Fatal(err)
			}
			wantHeld(t, dir, fresh)
		}
		if t.Failed() {
			t.Fatalf("with %d of 20 parts free", n)
		}
	}
	if failures == 0 || failures == 20 {
		t.Errorf("%d of 20 builds failed: the points are badly chosen", failures)
	}
}

// fill leaves room bytes free, or nearly so.
func fill(at string, room int64) error {
	f, err := os.Create(at)
	if err != nil {
		return err
	}
	piece := []byte(strings.Repeat("x", 4096))
	for err == nil {
		_, err = f.Write(piece)
	}
	info, statErr := f.Stat()
	if statErr != nil {
		return errors.Join(statErr, f.Close())
	}
	return errors.Join(f.Truncate(max(0, info.Size()-room)), f.Close())
}
