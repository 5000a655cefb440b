package source

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"testing"
	"time"
)

// TestStampEndsWhenEverythingFails: many folders at a time that cannot be looked
// through end in an error, and leave nobody waiting for another.
func TestStampEndsWhenEverythingFails(t *testing.T) {
	dir := t.TempDir()
	for n := range 60 {
		if err := os.MkdirAll(filepath.Join(dir, fmt.Sprint(n), "deep", "deeper"), 0o755); err != nil {
			t.Fatal(err)
		}
	}
	ended, stop := context.WithCancel(t.Context())
	stop()
	done := make(chan error, 1)
	go func() {
		var err error
		for range 50 {
			_, err = StampFiles(ended, time.Now(), func(string) bool { return false }, dir)
		}
		done <- err
	}()
	select {
	case err := <-done:
		if !errors.Is(err, context.Canceled) {
			t.Errorf("it ended with %v", err)
		}
	case <-time.After(30 * time.Second):
		t.Fatal("it hangs")
	}
}
