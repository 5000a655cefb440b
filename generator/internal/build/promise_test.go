package build_test

import (
	"context"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"cardbowl/generator/internal/build"
	"cardbowl/templates"
)

// folder is every file of a folder but those whose name begins with a dot.
func folder(t testing.TB, dir string) map[string]string {
	t.Helper()
	out := map[string]string{}
	err := filepath.WalkDir(dir, func(at string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() || strings.HasPrefix(entry.Name(), ".") {
			return err
		}
		text, err := os.ReadFile(at)
		name, _ := filepath.Rel(dir, at)
		out[filepath.ToSlash(name)] = string(text)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return out
}

func options(site, out string, now func() time.Time) build.Options {
	return build.Options{Site: site, Out: out, Theme: templates.Theme, Now: now, Clock: time.Now, Workers: 2}
}

func difference(want, got map[string]string) string {
	names := maps.Clone(want)
	maps.Copy(names, got)
	var out []string
	for _, name := range slices.Sorted(maps.Keys(names)) {
		w, wanted := want[name]
		g, there := got[name]
		switch {
		case !wanted:
			out = append(out, name+" should be gone")
		case !there:
			out = append(out, name+" is missing")
		case w != g:
			out = append(out, fmt.Sprintf("%s differs:\n--- clean\n%s\n--- incremental\n%s", name, w, g))
		}
	}
	return strings.Join(out, "\n")
}

// play edits a site and holds each incremental build, remembered and not,
// against a clean one.
func play(t *testing.T, seed uint64, edits int) {
	w := newWorld(seed)
	dir := t.TempDir()
	site, lasting, again := filepath.Join(dir, "site"), filepath.Join(dir, "lasting"), filepath.Join(dir, "again")
	for _, made := range []string{site, lasting, again} {
		if err := os.MkdirAll(made, 0o755); err != nil {
			t.Fatal(err)
		}
	}
	now := func() time.Time { return w.now }
	private := options(site, lasting, now)
	private.Private = true // as the preview's folder is
	private.Kept = filepath.Join(dir, "served")
	remembering := build.New(private)
	good, failures, broken := 0, 0, 0
	for n := range edits {
		what := "start"
		switch {
		case broken > w.random.IntN(3): // some mistakes are followed by others before they are noticed
			what = w.mend()
		case n > 0:
			what = w.edit()
		}
		touched := w.write(t, site)

		clean := filepath.Join(dir, fmt.Sprintf("clean-%d", n))
		apart := options(site, clean, now)
		apart.Cache = filepath.Join(dir, "cache") // made by itself, not by the builds it is held against
		fresh, err := build.New(apart).Build(context.Background())
		if err != nil {
			t.Fatalf("seed %d, edit %d (%s): clean build: %v", seed, n, what, err)
		}
		if w.random.IntN(8) == 0 { // the preview is started again; meanwhile its folder may have been touched
			remembering.Leave()
			remembering.Close()
			what += spoil(t, w, private.Kept)
			if w.random.IntN(3) == 0 && n > 0 {
				put(t, lasting, "index.html", "<p>Somebody else was here.</p>")
				put(t, lasting, "stranger.txt", "x")
			}
			remembering = build.New(private)
		}
		// A failed build changes nothing; a good one makes what a clean one makes.
		want := map[string]map[string]string{lasting: folder(t, lasting), again: folder(t, again)}
		var incremental build.Result
		if w.random.IntN(4) == 0 {
			incremental, err = remembering.Build(context.Background())
		} else { // as the preview does, which is told of what was touched
			incremental, err = remembering.Rebuild(context.Background(), touched)
		}
		if err != nil {
			t.Fatalf("seed %d, edit %d (%s): incremental build: %v", seed, n, what, err)
		}
		anew := options(site, again, now)
		anew.Kept = filepath.Join(dir, "kept")
		what += spoil(t, w, anew.Kept) + spoilPicture(t, w, filepath.Join(site, ".cardbowl", "pictures"))
		process := build.New(anew)
		renewed, err := process.Build(context.Background())
		if err == nil {
			process.Keep(context.Background(), filepath.Join(dir, "note.json"), renewed)
		}
		process.Close()
		if err != nil {
			t.Fatalf("seed %d, edit %d (%s): new process: %v", seed, n, what, err)
		}
		if got, want := incremental.Problems.String(), fresh.Problems.String(); got != want || renewed.Problems.String() != want {
			t.Fatalf("seed %d, edit %d (%s): problems differ\nclean:\n%s\nincremental:\n%s", seed, n, what, want, got)
		}
		if fresh.Failed() {
			failures++
			broken++
		} else {
			good++
			broken = 0
			w.built()
			want[lasting] = folder(t, clean)
			want[again] = want[lasting]
		}
		for kind, out := range map[string]string{"remembered": lasting, "new process": again} {
			if d := difference(want[out], folder(t, out)); d != "" {
				t.Fatalf("seed %d, edit %d (%s), %s build:\n%s", seed, n, what, kind, d)
			}
		}
		if err := os.RemoveAll(clean); err != nil {
			t.Fatal(err)
		}
	}
	if edits > 20 && good < edits*2/3 || edits > 100 && failures == 0 {
		t.Errorf("seed %d: %d good builds and %d failed ones: the edits do not try enough", seed, good, failures)
	}
}

// TestIncrementalEqualsClean is the promise.
func TestIncrementalEqualsClean(t *testing.T) {
	edits := 150
	if testing.Short() {
		edits = 30
	}
	for seed := range uint64(2) {
		t.Run(fmt.Sprint(seed), func(t *testing.T) {
			t.Parallel()
			play(t, seed, edits)
		})
	}
}

// FuzzEdits lets the machine look for the sequence of edits nobody thought of.
func FuzzEdits(f *testing.F) {
	f.Add(uint64(42))
	f.Fuzz(func(t *testing.T, seed uint64) { play(t, seed, 5) })
}

// TestOutputIsDeterministic builds one site with other worker counts, zones of
// the machine, and orders of writing.
func TestOutputIsDeterministic(t *testing.T) {
	w := newWorld(5)
	w.built()
	trial := t.TempDir()
	judge := build.New(options(trial, filepath.Join(t.TempDir(), "out"), func() time.Time { return w.now }))
	for range 40 { // the site must build for this to mean anything
		what := w.edit()
		w.write(t, trial)
		result, err := judge.Check(context.Background())
		switch {
		case err != nil:
			t.Fatalf("%s: %v", what, err)
		case result.Failed():
			w.mend()
		default:
			w.built()
		}
	}
	var first map[string]string
	for i, workers := range []int{1, 2, 7} {
		dir := t.TempDir()
		site, out := filepath.Join(dir, "site"), filepath.Join(dir, "out")
		if err := os.MkdirAll(site, 0o755); err != nil {
			t.Fatal(err)
		}
		w.write(t, site)
		o := options(site, out, func() time.Time { return w.now.In(time.FixedZone("elsewhere", i*3600*5)) })
		o.Workers = workers
		result, err := build.New(o).Build(context.Background())
		if err != nil || result.Failed() {
			t.Fatalf("%v\n%s", err, result.Problems)
		}
		got := folder(t, out)
		if first == nil {
			first = got
		} else if d := difference(first, got); d != "" {
			t.Errorf("%d workers:\n%s", workers, d)
		}
	}
	if len(first) < 10 {
		t.Errorf("only %d files", len(first))
	}
}

// TestVerifyHolds computes everything twice over a remembered build.
func TestVerifyHolds(t *testing.T) {
	w := newWorld(9)
	dir := t.TempDir()
	w.write(t, dir)
	b := build.New(options(dir, filepath.Join(t.TempDir(), "out"), func() time.Time { return w.now }))
	for range 2 {
		if r, err := b.Build(context.Background()); err != nil || r.Failed() {
			t.Fatalf("%v\n%s", err, r.Problems)
		}
	}
	r, err := b.Verify(context.Background())
	if err != nil || r.Failed() {
		t.Fatalf("%v\n%s", err, r.Problems)
	}
	if r.Rendered != r.Pages {
		t.Errorf("verification rendered %d of %d pages", r.Rendered, r.Pages)
	}
}
