package source

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"testing/fstest"
	"time"

	"cardbowl/generator/internal/memo"
)

func put(t testing.TB, dir, name, text string) string {
	t.Helper()
	at := filepath.Join(dir, filepath.FromSlash(name))
	if err := os.MkdirAll(filepath.Dir(at), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(at, []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
	return at
}

func mustRead(t testing.TB, r *Reader) Tree {
	t.Helper()
	tree, problems, err := r.Read(context.Background())
	if err != nil || len(problems) > 0 {
		t.Fatal(err, problems)
	}
	return tree
}

func paths(files []File) []string {
	var out []string
	for _, f := range files {
		out = append(out, f.Path)
	}
	return out
}

func TestRead(t *testing.T) {
	dir := t.TempDir()
	for _, name := range []string{"site.yaml", "content/a.md", "content/a/b.md", "content/a-b.md", "content/_data/x.csv", "static/robots.txt", "templates/post.html", "data/x.yaml",
		"content/.git/config", "content/.hidden.md", "content/a.md~", "content/#a.md#", "content/Thumbs.db", "content/a/.DS_Store", "other/x.md", "public/index.html", "README.md"} {
		put(t, dir, name, name)
	}
	theme := fstest.MapFS{"post.html": {Data: []byte("built in")}, "list.html": {Data: []byte("built in")}, "assets/site.css": {Data: []byte("css")}, "theme.go": {Data: []byte("package x")}}
	tree := mustRead(t, NewReader(dir, theme, time.Now))
	want := []string{"content/_data/x.csv", "content/a-b.md", "content/a.md", "content/a/b.md", "data/x.yaml", "site.yaml", "static/robots.txt", "templates/assets/site.css", "templates/list.html", "templates/post.html"}
	if got := paths(tree.Under("")); !slices.Equal(got, want) {
		t.Errorf("got  %v\nwant %v", got, want)
	}
	if got := paths(tree.Under("content/a/")); !slices.Equal(got, []string{"content/a/b.md"}) {
		t.Errorf("under content/a/: %v", got)
	}
	own, _ := tree.File("templates/post.html")
	builtIn, _ := tree.File("templates/list.html")
	if text, err := own.Read(); err != nil || string(text) != "templates/post.html" || own.BuiltIn {
		t.Errorf("own template: %q %v", text, err)
	}
	if text, err := builtIn.Read(); err != nil || string(text) != "built in" || !builtIn.BuiltIn || builtIn.Digest != memo.OfBytes(text) {
		t.Errorf("built-in template: %q %v", text, err)
	}
	if _, found := tree.File("README.md"); found {
		t.Error("README.md is part of the site")
	}
}

func TestStrangers(t *testing.T) {
	dir := t.TempDir()
	put(t, dir, "site.yaml", "")
	put(t, dir, "content/a.md", "A")
	secret := put(t, t.TempDir(), "secret.md", "secret")
	links := map[string]string{"content/link.md": secret, "content/loop": ".", "content/folder": filepath.Dir(secret), "content/dangling.md": "nowhere"}
	for name, to := range links {
		if err := os.Symlink(to, filepath.Join(dir, name)); err != nil {
			t.Skip("no symbolic links here:", err)
		}
	}
	tree, problems, err := NewReader(dir, fstest.MapFS{}, time.Now).Read(context.Background())
	if err != nil || problems.HasErrors() || len(problems) != len(links) {
		t.Fatalf("want a warning for each of %d links: %v\n%s", len(links), err, problems)
	}
	for _, p := range problems {
		if _, given := links[p.File]; !given || p.Message != "symbolic link is not followed" {
			t.Errorf("%s", p)
		}
	}
	if got := paths(tree.Under("")); !slices.Equal(got, []string{"content/a.md", "site.yaml"}) {
		t.Errorf("a link was followed: %v", got)
	}
}

func TestSiteFolders(t *testing.T) {
	dir := t.TempDir()
	for name, want := range map[string]string{dir: "no site.yaml", filepath.Join(dir, "nowhere"): "there is no folder"} {
		_, problems, err := NewReader(name, fstest.MapFS{}, time.Now).Read(context.Background())
		if err != nil || len(problems) != 1 || !strings.Contains(problems[0].Message, want) {
			t.Errorf("%s: want %q, got %v %v", name, want, problems, err)
		}
	}
	ended, cancel := context.WithCancel(context.Background())
	cancel()
	put(t, dir, "site.yaml", "")
	if _, _, err := NewReader(dir, fstest.MapFS{}, time.Now).Read(ended); !errors.Is(err, context.Canceled) {
		t.Errorf("an ended context reads on: %v", err)
	}
}

// TestErrChanged: a file is given out as the tree saw it, or not at all.
func TestErrChanged(t *testing.T) {
	dir := t.TempDir()
	put(t, dir, "site.yaml", "")
	at := put(t, dir, "content/a.md", "one")
	gone := put(t, dir, "content/b.md", "one")
	tree := mustRead(t, NewReader(dir, fstest.MapFS{}, time.Now))
	put(t, dir, "content/a.md", "two")
	if err := os.Remove(gone); err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"content/a.md", "content/b.md"} {
		f, _ := tree.File(name)
		if text, err := f.Read(); !errors.Is(err, ErrChanged) {
			t.Errorf("%s: %q, %v", name, text, err)
		}
	}
	if err := os.WriteFile(at, []byte("one"), 0o644); err != nil {
		t.Fatal(err)
	}
	f, _ := tree.File("content/a.md")
	if text, err := f.Read(); err != nil || string(text) != "one" {
		t.Errorf("back as it was: %q, %v", text, err)
	}
}

// TestStampsAreNeverStale changes a file again and again without a change of its
// size, with its time of modification put back, as rsync, git and a quick editor
// can leave it. A remembered digest must never survive the change.
func TestStampsAreNeverStale(t *testing.T) {
	dir := t.TempDir()
	put(t, dir, "site.yaml", "")
	for name, change := range map[string]func(at, text string, old fs.FileInfo){
		"rewritten in place": func(at, text string, _ fs.FileInfo) {
			if err := os.WriteFile(at, []byte(text), 0o644); err != nil {
				t.Fatal(err)
			}
		},
		"renamed over, old time": func(at, text string, old fs.FileInfo) {
			if err := os.WriteFile(at+".new~", []byte(text), 0o644); err != nil {
				t.Fatal(err)
			}
			if err := errors.Join(os.Chtimes(at+".new~", old.ModTime(), old.ModTime()), os.Rename(at+".new~", at)); err != nil {
				t.Fatal(err)
			}
		},
		"rewritten, old time": func(at, text string, old fs.FileInfo) {
			if err := errors.Join(os.WriteFile(at, []byte(text), 0o644), os.Chtimes(at, old.ModTime(), old.ModTime())); err != nil {
				t.Fatal(err)
			}
		},
	} {
		t.Run(name, func(t *testing.T) {
			at := put(t, dir, "content/a.md", "0000")
			r := NewReader(dir, fstest.MapFS{}, time.Now)
			for n := range 200 {
				old, err := os.Stat(at)
				if err != nil {
					t.Fatal(err)
				}
				text := fmt.Sprintf("%04d", n)
				change(at, text, old)
				f, _ := mustRead(t, r).File("content/a.md")
				if f.Digest != memo.OfBytes([]byte(text)) {
					t.Fatalf("change %d is not seen", n)
				}
			}
		})
	}
}

// TestStampsInOneTick lets the file be read in the same tick of a coarse
// clock in which it changes: with size and time equal, only the age of the
// reading can tell that it must be read again.
func TestStampsInOneTick(t *testing.T) {
	dir := t.TempDir()
	put(t, dir, "site.yaml", "")
	at := put(t, dir, "content/a.md", "one")
	clock := time.Now()
	if err := os.Chtimes(at, clock, clock); err != nil {
		t.Fatal(err)
	}
	r := NewReader(dir, fstest.MapFS{}, func() time.Time { return clock })
	mustRead(t, r)
	// A system that tells no inode leaves the identity empty.
	for name, s := range r.stamps {
		s.identity = nil
		r.stamps[name] = s
	}
	if err := errors.Join(os.WriteFile(at, []byte("two"), 0o644), os.Chtimes(at, clock, clock)); err != nil {
		t.Fatal(err)
	}
	f, _ := mustRead(t, r).File("content/a.md")
	if f.Digest != memo.OfBytes([]byte("two")) {
		t.Error("a change within one tick of the clock is not seen")
	}
}

// TestStampsAreUsed: otherwise a site of thousands of pictures is read whole for
// every letter typed.
func TestStampsAreUsed(t *testing.T) {
	dir := t.TempDir()
	put(t, dir, "site.yaml", "")
	at := put(t, dir, "content/a.md", "one")
	old := time.Now().Add(-time.Hour)
	if err := os.Chtimes(at, old, old); err != nil {
		t.Fatal(err)
	}
	r := NewReader(dir, fstest.MapFS{}, time.Now)
	mustRead(t, r)
	s := r.stamps["content/a.md"]
	s.digest = memo.Of("a mark")
	r.stamps["content/a.md"] = s
	if f, _ := mustRead(t, r).File("content/a.md"); f.Digest != memo.Of("a mark") {
		t.Error("an old file was read again")
	}
}
