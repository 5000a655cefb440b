package public

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"cardbowl/generator/internal/memo"
)

type inMemory struct{ *bytes.Reader }

func (inMemory) Close() error { return nil }

// site is files by path, as Sync wants them.
func site(files map[string]string) []File {
	var out []File
	for _, name := range slices.Sorted(maps.Keys(files)) {
		text := []byte(files[name])
		out = append(out, File{Path: name, Recipe: memo.OfBytes(text), Bytes: func() (io.ReadSeekCloser, error) { return inMemory{bytes.NewReader(text)}, nil }})
	}
	return out
}

func mustSync(t testing.TB, f *Folder, files map[string]string) Result {
	t.Helper()
	r, err := f.Sync(context.Background(), site(files), 2, false)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// held is everything in a folder; folders end with a slash.
func held(t testing.TB, dir string) map[string]string {
	t.Helper()
	out := map[string]string{}
	err := filepath.WalkDir(dir, func(at string, entry fs.DirEntry, err error) error {
		if err != nil || at == dir {
			return err
		}
		name, _ := filepath.Rel(dir, at)
		name = filepath.ToSlash(name)
		if entry.IsDir() {
			out[name+"/"] = ""
			return nil
		}
		text, err := os.ReadFile(at)
		out[name] = string(text)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return out
}

// wantHeld compares a folder with the files it should have, the mark and their
// folders besides.
func wantHeld(t testing.TB, dir string, files map[string]string) {
	t.Helper()
	want := map[string]string{Mark: markText}
	for name, text := range files {
		want[name] = text
		for folder := filepath.Dir(name); folder != "."; folder = filepath.Dir(folder) {
			want[folder+"/"] = ""
		}
	}
	got := held(t, dir)
	for _, name := range slices.Sorted(maps.Keys(want)) {
		if text, there := got[name]; !there || text != want[name] {
			t.Errorf("%s: there %v, %.40q, want %.40q", name, there, text, want[name])
		}
	}
	for _, name := range slices.Sorted(maps.Keys(got)) {
		if _, wanted := want[name]; !wanted {
			t.Errorf("%s should not be there", name)
		}
	}
}

func TestSync(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "deep", "public")
	f := Open(dir, Options{Durable: true})
	steps := []struct {
		name             string
		files            map[string]string
		written, removed string
	}{
		{"first", map[string]string{"index.html": "1", "a/index.html": "a", "a/b/c/index.html": "c", "x": "x"}, "a/b/c/index.html a/index.html index.html x", ""},
		{"the same", map[string]string{"index.html": "1", "a/index.html": "a", "a/b/c/index.html": "c", "x": "x"}, "", ""},
		{"one changed", map[string]string{"index.html": "2", "a/index.html": "a", "a/b/c/index.html": "c", "x": "x"}, "index.html", ""},
		{"empty folders go", map[string]string{"index.html": "2", "a/index.html": "a", "x": "x"}, "", "a/b/c/index.html"},
		{"a file becomes a folder", map[string]string{"index.html": "2", "a/index.html": "a", "x/y/z": "z"}, "x/y/z", "x"},
		{"a folder becomes a file", map[string]string{"index.html": "2", "a": "a", "x": "x"}, "a x", "a/index.html x/y/z"},
		{"both at once", map[string]string{"index.html": "2", "a/1": "1", "a/2": "2", "x/y": "y", "x/z/w": "w"}, "a/1 a/2 x/y x/z/w", "a x"},
		{"below one another", map[string]string{"index.html": "2", "a/1/2/3": "3", "x/z": "z"}, "a/1/2/3 x/z", "a/1 a/2 x/y x/z/w"},
		{"nothing left", map[string]string{}, "", "a/1/2/3 index.html x/z"},
	}
	for _, s := range steps {
		t.Run(s.name, func(t *testing.T) {
			r := mustSync(t, f, s.files)
			if got := strings.Join(r.Written, " "); got != s.written {
				t.Errorf("written %q, want %q", got, s.written)
			}
			if got := strings.Join(r.Removed, " "); got != s.removed {
				t.Errorf("removed %q, want %q", got, s.removed)
			}
			if r.Kept != len(s.files)-len(r.Written) {
				t.Errorf("%d kept of %d, %d written", r.Kept, len(s.files), len(r.Written))
			}
			wantHeld(t, dir, s.files)
			// One who knows nothing of the folder finds nothing to do.
			if r := mustSync(t, Open(dir, Options{}), s.files); len(r.Written)+len(r.Removed) != 0 {
				t.Errorf("a second program wrote %v, removed %v", r.Written, r.Removed)
			}
		})
	}
}

// TestStrangersHands: what somebody else did to our files is undone, known or
// not, and what begins with a dot is nobody's business.
func TestStrangersHands(t *testing.T) {
	dir := t.TempDir()
	files := map[string]string{"a": "one", "b/c": "two", "d": "three"}
	f := Open(dir, Options{})
	mustSync(t, f, files)
	for name, text := range map[string]string{"a": "ONE", "stranger": "?", ".htaccess": "rules", "b/.keep": "", ".git/config": "[core]"} {
		at := filepath.Join(dir, name)
		if err := errors.Join(os.MkdirAll(filepath.Dir(at), 0o755), os.WriteFile(at, []byte(text), 0o644)); err != nil {
			t.Fatal(err)
		}
	}
	if err := errors.Join(os.Remove(filepath.Join(dir, "d")), os.Mkdir(filepath.Join(dir, "d"), 0o755)); err != nil {
		t.Fatal(err)
	}
	r := mustSync(t, f, files)
	if fmt.Sprint(r.Written, r.Removed) != "[a d] [stranger]" {
		t.Errorf("written %v, removed %v", r.Written, r.Removed)
	}
	delete(files, "b/c")
	mustSync(t, f, files)
	got := held(t, dir)
	for name, want := range map[string]string{"a": "one", "d": "three", ".htaccess": "rules", "b/.keep": "", ".git/config": "[core]"} {
		if text, there := got[name]; !there || text != want {
			t.Errorf("%s: there %v, %q", name, there, text)
		}
	}
}

func TestForeignFolder(t *testing.T) {
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "thesis.txt"), []byte("years"), 0o644); err != nil {
		t.Fatal(err)
	}
	before := held(t, dir)
	if _, err := Open(dir, Options{Durable: true}).Sync(context.Background(), site(map[string]string{"a": "a"}), 1, false); !errors.Is(err, ErrForeign) {
		t.Errorf("%v, want ErrForeign", err)
	}
	if !maps.Equal(before, held(t, dir)) {
		t.Error("a foreign folder was changed")
	}
	if _, err := Open(filepath.Join(dir, "thesis.txt"), Options{Durable: true}).Sync(context.Background(), nil, 1, false); err == nil {
		t.Error("a file was taken for a folder")
	}
}

func TestBusy(t *testing.T) {
	dir := t.TempDir()
	mustSync(t, Open(dir, Options{}), map[string]string{"a": "a"})
	inside := File{Path: "a", Bytes: func() (io.ReadSeekCloser, error) {
		_, err := Open(dir, Options{}).Sync(context.Background(), nil, 1, false)
		if !errors.Is(err, ErrBusy) {
			t.Errorf("%v, want ErrBusy", err)
		}
		return inMemory{bytes.NewReader([]byte("b"))}, nil
	}}
	unlock, err := lock(dir)
	if err != nil {
		t.Fatal(err)
	}
	second, err := lock(dir)
	unlock()
	if err == nil {
		second()
		t.Skip("this system or file system has no advisory locks")
	}
	if _, err := Open(dir, Options{}).Sync(context.Background(), []File{inside}, 1, false); err != nil {
		t.Fatal(err)
	}
	wantHeld(t, dir, map[string]string{"a": "b"})
}

// TestFailureLeavesTheFolder: a file that cannot be made, and a context that
// ends, at every file of the site.
func TestFailureLeavesTheFolder(t *testing.T) {
	dir := t.TempDir()
	old := map[string]string{"a": "1", "b/c": "1", "d": "1", "gone": "1"}
	f := Open(dir, Options{Durable: true})
	mustSync(t, f, old)
	broken := errors.New("a template failed")
	for n := range 3 {
		for _, how := range []string{"error", "end"} {
			ctx, cancel := context.WithCancel(context.Background())
			files := site(map[string]string{"a": "2", "b/c": "2", "d": "2"})
			made := files[n].Bytes
			files[n].Bytes = func() (io.ReadSeekCloser, error) {
				if how == "error" {
					return nil, broken
				}
				cancel()
				return made()
			}
			_, err := f.Sync(ctx, files, 1, false)
			cancel()
			if want := map[string]error{"error": broken, "end": context.Canceled}[how]; !errors.Is(err, want) {
				t.Errorf("file %d, %s: %v", n, how, err)
			}
			wantHeld(t, dir, old)
		}
	}
	ended, cancel := context.WithCancel(context.Background())
	cancel()
	if _, err := f.Sync(ended, site(map[string]string{"a": "2"}), 2, false); !errors.Is(err, context.Canceled) {
		t.Errorf("ended before it began: %v", err)
	}
	wantHeld(t, dir, old)
}

func TestVerify(t *testing.T) {
	dir := t.TempDir()
	f := Open(dir, Options{})
	mustSync(t, f, map[string]string{"a": "1", "b": "1"})
	r, err := f.Sync(context.Background(), site(map[string]string{"a": "1", "b": "2", "c": "3"}), 2, true)
	if err != nil || !slices.Equal(r.Mismatches, []string{"b", "c"}) {
		t.Errorf("%v, %v", r.Mismatches, err)
	}
	wantHeld(t, dir, map[string]string{"a": "1", "b": "1"})
}

func TestPathsStayInside(t *testing.T) {
	parent := t.TempDir()
	dir := filepath.Join(parent, "public")
	for _, path := range []string{"../out", "/etc/out", "a/../../out"} {
		if _, err := Open(dir, Options{}).Sync(context.Background(), site(map[string]string{path: "x"}), 1, false); err == nil {
			t.Errorf("%s was written", path)
		}
	}
	if _, err := os.Lstat(filepath.Join(parent, "out")); err == nil {
		t.Error("a file stands beside the folder")
	}
}

// What a killed build may leave is made by this very test binary: with this
// variable set it writes one version of a site after the other.
const writerFolder = "CARDBOWL_TEST_WRITER"

func TestMain(m *testing.M) {
	if dir := os.Getenv(writerFolder); dir != "" {
		for n := 1; ; n++ {
			if _, err := Open(dir, Options{Durable: n%2 == 0}).Sync(context.Background(), site(version(n)), 2, false); err != nil {
				fmt.Fprintln(os.Stderr, err)
				os.Exit(1)
			}
		}
	}
	os.Exit(m.Run())
}

const sizeOfFile = 40_000

// version is a site every file of which says its version from the first byte to
// the last; some come, go, or are a folder in every second one.
func version(n int) map[string]string {
	text := strings.Repeat(strconv.Itoa(n%10), sizeOfFile)
	files := map[string]string{}
	for i := range 20 {
		files[fmt.Sprintf("posts/%d/index.html", i)] = text
	}
	if n%2 == 0 {
		files["swap/a/b"], files["even"] = text, text
	} else {
		files["swap"], files["odd/x"] = text, text
	}
	return files
}

// TestKill kills the writing program 20 times: every file there is is whole, and
// the next build brings everything in order.
func TestKill(t *testing.T) {
	if testing.Short() {
		t.Skip("starts and kills 20 programs")
	}
	dir := filepath.Join(t.TempDir(), "public")
	halves := 0
	for round := range 20 {
		writer := exec.Command(os.Args[0])
		writer.Env = append(os.Environ(), writerFolder+"="+dir)
		var said bytes.Buffer
		writer.Stderr = &said
		if err := writer.Start(); err != nil {
			t.Fatal(err)
		}
		time.Sleep(time.Duration(40+round*7) * time.Millisecond)
		_ = writer.Process.Kill()
		_ = writer.Wait()
		if said.Len() > 0 {
			t.Fatalf("the writer failed: %s", said.String())
		}
		versions := map[byte]bool{}
		for name, text := range held(t, dir) {
			if strings.HasPrefix(name, ".") || strings.HasSuffix(name, "/") {
				continue
			}
			if len(text) != sizeOfFile || strings.Trim(text, text[:1]) != "" {
				t.Errorf("round %d: %s is neither old nor new: %d bytes", round, name, len(text))
				continue
			}
			versions[text[0]] = true
		}
		if len(versions) > 1 {
			halves++
		}
		if round%4 == 3 {
			mustSync(t, Open(dir, Options{}), version(round))
			wantHeld(t, dir, version(round))
		}
	}
	t.Logf("%d of 20 kills came between two renames", halves)
}

// A private folder is not looked through again, and follows all the same.
func TestPrivateFolder(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "out")
	f := Open(dir, Options{Private: true})
	for _, want := range []map[string]string{
		{"a/index.html": "a", "b.txt": "b"},
		{"a/index.html": "a", "b.txt": "b"},
		{"a": "a file now", "b.txt/index.html": "a folder now"},
		{"a/deep/er/index.html": "a"},
		{},
		{"b.txt": "b"},
	} {
		mustSync(t, f, want)
		wantHeld(t, dir, want)
	}
	// What somebody else did to it is found by the next process.
	if err := os.WriteFile(filepath.Join(dir, "b.txt"), []byte("not ours"), 0o644); err != nil {
		t.Fatal(err)
	}
	again := map[string]string{"b.txt": "b"}
	if r := mustSync(t, f, again); r.Kept != 1 {
		t.Errorf("the folder was looked through: %+v", r)
	}
	if r := mustSync(t, Open(dir, Options{Private: true}), again); len(r.Written) != 1 {
		t.Errorf("a new process trusted a folder it has not seen: %+v", r)
	}
	wantHeld(t, dir, again)
}

// A fault in making one file is an error, and the folder stays as it was.
func TestPanicInAWorker(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "out")
	old := map[string]string{"a": "a", "b": "b"}
	mustSync(t, Open(dir, Options{}), old)
	files := site(map[string]string{"a": "new"})
	files = append(files, File{Path: "c", Bytes: func() (io.ReadSeekCloser, error) { panic("a fault of ours") }})
	if _, err := Open(dir, Options{}).Sync(context.Background(), files, 2, false); err == nil || !strings.Contains(err.Error(), "c cannot be made: a fault of ours") {
		t.Errorf("error %v", err)
	}
	wantHeld(t, dir, old)
}
