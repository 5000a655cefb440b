package build_test

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"path/filepath"
	"sync/atomic"
	"testing"
	"time"

	"cardbowl/generator/internal/build"
)

// ending is a context that ends when it has been asked often enough whether it
// has.
type ending struct {
	context.Context
	cancel context.CancelFunc
	left   atomic.Int64
}

func (e *ending) Err() error {
	if e.left.Add(-1) < 0 {
		e.cancel()
	}
	return e.Context.Err()
}

// TestInterruptedBuild ends a build at every moment at which it looks whether it
// should end: an error, and the old site stands, whole. A build that is not told
// to end in time is a good one.
func TestInterruptedBuild(t *testing.T) {
	dir, out := t.TempDir(), filepath.Join(t.TempDir(), "out")
	writeBlog(t, dir, 12)
	mustBuild(t, build.New(options(dir, out, time.Now)))
	old := folder(t, out)
	for n := range 12 {
		put(t, dir, postFile(n), blogText(n, fmt.Sprintf("Renamed %d", n), fmt.Sprintf("slug: moved-%d\n", n), "Another body."))
	}
	interrupted := 0
	for moment := int64(0); ; moment++ {
		inner, cancel := context.WithCancel(context.Background())
		ctx := &ending{Context: inner, cancel: cancel}
		ctx.left.Store(moment)
		r, err := build.New(options(dir, out, time.Now)).Build(ctx)
		ended := inner.Err() != nil
		cancel()
		if err == nil {
			if r.Failed() {
				t.Fatal(r.Problems)
			}
			if !ended {
				break // it was never told to end
			}
			fresh := filepath.Join(t.TempDir(), "clean")
			mustBuild(t, build.New(options(dir, fresh, time.Now)))
			if d := difference(folder(t, fresh), folder(t, out)); d != "" {
				t.Fatalf("moment %d: called a success, but\n%s", moment, d)
			}
			break
		}
		interrupted++
		if !errors.Is(err, context.Canceled) {
			t.Fatalf("moment %d: %v", moment, err)
		}
		if now := folder(t, out); !maps.Equal(old, now) {
			t.Fatalf("moment %d: the old site is damaged:\n%s", moment, difference(old, now))
		}
	}
	if interrupted < 10 {
		t.Errorf("only %d moments were tried", interrupted)
	}
	t.Logf("interrupted at %d moments", interrupted)
}
