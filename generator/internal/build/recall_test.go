package build_test

import (
	"context"
	"os"
	"path/filepath"
	"testing"
	"time"

	"cardbowl/generator/internal/build"
)

// spoil deletes, cuts, overwrites or lengthens a file of what is kept between
// processes, or leaves it alone, and says so.
func spoil(t *testing.T, w *world, kept string) string {
	t.Helper()
	name := filepath.Join(kept, []string{"index", "texts"}[w.random.IntN(2)])
	text, err := os.ReadFile(name)
	if err != nil || len(text) == 0 {
		return ""
	}
	at := w.random.IntN(len(text))
	switch w.random.IntN(8) {
	case 0:
		_ = os.Remove(name)
	case 1:
		text = text[:at]
	case 2:
		text[at] ^= 1 << w.random.IntN(7)
	case 3:
		clear(text[at:])
	case 4:
		_ = os.RemoveAll(kept)
		return ", and nothing kept"
	default:
		return ""
	}
	if _, err := os.Stat(name); err == nil {
		put(t, kept, filepath.Base(name), string(text))
	}
	return ", and " + filepath.Base(name) + " spoilt"
}

// spoilPicture damages one of the pictures that were made, or takes it away.
func spoilPicture(t *testing.T, w *world, kept string) string {
	t.Helper()
	names, err := filepath.Glob(filepath.Join(kept, "*"))
	if below, _ := filepath.Glob(filepath.Join(kept, "*", "*")); below != nil {
		names = append(names, below...)
	}
	if err != nil || len(names) == 0 || w.random.IntN(3) > 0 {
		return ""
	}
	name := names[w.random.IntN(len(names))]
	text, err := os.ReadFile(name)
	if err != nil || len(text) == 0 {
		return "" // a folder
	}
	text[w.random.IntN(len(text))] ^= 1 << w.random.IntN(7)
	if w.random.IntN(2) == 0 {
		text = text[:w.random.IntN(len(text))]
	}
	put(t, filepath.Dir(name), filepath.Base(name), string(text))
	return ", and a picture spoilt"
}

// TestRecallEqualsClean edits a site and builds it each time as a new process
// does, after the note of the last build was deleted, cut short, overwritten or
// left alone, the clock moved either way, or somebody wrote into the output: the
// folder is always that of a clean build.
func TestRecallEqualsClean(t *testing.T) {
	edits := 60
	if testing.Short() {
		edits = 15
	}
	w := newWorld(21)
	dir := t.TempDir()
	site, out, note, kept := filepath.Join(dir, "site"), filepath.Join(dir, "out"), filepath.Join(dir, "note.json"), filepath.Join(dir, "kept")
	if err := os.MkdirAll(site, 0o755); err != nil {
		t.Fatal(err)
	}
	ctx := context.Background()
	now := func() time.Time { return w.now }
	process := func() (build.Result, bool) {
		t.Helper()
		o := options(site, out, now)
		o.Clock = func() time.Time { return time.Now().Add(time.Hour) } // nothing is too fresh
		o.Kept = kept
		b := build.New(o)
		defer b.Close()
		r, recalled := b.Recall(ctx, note)
		if recalled {
			return r, true
		}
		r, err := b.Build(ctx)
		if err != nil {
			t.Fatal(err)
		}
		b.Keep(ctx, note, r)
		return r, false
	}
	recalls := 0
	for n := range edits {
		what := "start"
		if n > 0 {
			what = w.edit()
		}
		w.write(t, site)
		switch w.random.IntN(7) {
		case 0:
			_ = os.Remove(note)
		case 1:
			if text, err := os.ReadFile(note); err == nil {
				put(t, dir, "note.json", string(text[:w.random.IntN(len(text))]))
			}
		case 2:
			if text, err := os.ReadFile(note); err == nil {
				text[w.random.IntN(len(text))] ^= 1 << w.random.IntN(7)
				put(t, dir, "note.json", string(text))
			}
		case 3:
			if n > 0 {
				put(t, out, "index.html", "<p>Somebody else was here.</p>")
				what += ", and a page overwritten"
			}
		case 4:
			if n > 0 {
				_ = os.Remove(filepath.Join(out, "index.html"))
				put(t, out, "stranger.txt", "x")
				what += ", and a page removed"
			}
		case 5:
			w.now = w.now.Add(-time.Duration(w.random.IntN(30*24)) * time.Hour)
			what += ", and the clock put back"
		}
		what += spoil(t, w, kept)
		clean := filepath.Join(dir, "clean")
		fresh, err := build.New(options(site, clean, now)).Build(ctx)
		if err != nil {
			t.Fatal(err)
		}
		if fresh.Failed() {
			if r, recalled := process(); recalled || !r.Failed() {
				t.Fatalf("edit %d (%s): a site that cannot be built was", n, what)
			}
			w.mend()
			w.write(t, site)
			if fresh, err = build.New(options(site, clean, now)).Build(ctx); err != nil || fresh.Failed() {
				t.Fatal(err, fresh.Problems)
			}
		}
		w.built()
		for round := range 2 {
			r, recalled := process()
			if got, want := r.Problems.String(), fresh.Problems.String(); got != want {
				t.Fatalf("edit %d (%s): problems differ\nclean:\n%s\nrecalled:\n%s", n, what, want, got)
			}
			if d := difference(folder(t, clean), folder(t, out)); d != "" {
				t.Fatalf("edit %d (%s):\n%s", n, what, d)
			}
			if round == 1 && !recalled {
				t.Errorf("edit %d (%s): nothing changed, and all was built again", n, what)
			}
			if recalled {
				recalls++
			}
		}
		if err := os.RemoveAll(clean); err != nil {
			t.Fatal(err)
		}
	}
	if recalls < edits {
		t.Errorf("only %d of %d builds were recalled", recalls, edits)
	}
}
