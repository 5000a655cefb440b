package watch_test

import (
	"fmt"
	"os"
	"path/filepath"
	"testing"
	"time"

	"cardbowl/generator/internal/watch"
)

const patience = 10 * time.Second

type desk struct {
	t       *testing.T
	dir     string
	watcher *watch.Watcher
}

func start(t *testing.T) desk {
	t.Helper()
	dir := t.TempDir()
	d := desk{t: t, dir: dir}
	d.write("site.yaml", "title: x\n")
	d.write("content/posts/a.md", "one")
	w, err := watch.Start(t.Context(), dir, []string{filepath.Join(dir, "content"), filepath.Join(dir, "templates")})
	if err != nil {
		t.Fatal(err)
	}
	d.watcher = w
	return d
}

func (d desk) path(name string) string { return filepath.Join(d.dir, filepath.FromSlash(name)) }

func (d desk) write(name, text string) {
	d.t.Helper()
	if err := os.MkdirAll(filepath.Dir(d.path(name)), 0o755); err != nil {
		d.t.Fatal(err)
	}
	if err := os.WriteFile(d.path(name), []byte(text), 0o644); err != nil {
		d.t.Fatal(err)
	}
}

func (d desk) wakes(what string) {
	d.t.Helper()
	select {
	case <-d.watcher.Wake:
	case <-time.After(patience):
		d.t.Fatalf("%s went unnoticed", what)
	}
}

// sleeps waits three times as long as a wake-up takes.
func (d desk) sleeps(what string) {
	d.t.Helper()
	select {
	case <-d.watcher.Wake:
		d.t.Errorf("%s woke the builder", what)
	case <-time.After(300 * time.Millisecond):
	}
}

func TestEveryWayOfSavingWakes(t *testing.T) {
	d := start(t)
	rename := func(from, to string) {
		if err := os.Rename(d.path(from), d.path(to)); err != nil {
			t.Fatal(err)
		}
	}

	d.write("content/posts/a.md", "two")
	d.wakes("writing over a file")

	d.write("content/posts/.a.md.tmp", "three")
	d.sleeps("an editor's own file")
	rename("content/posts/.a.md.tmp", "content/posts/a.md")
	d.wakes("saving by rename")

	rename("content/posts/a.md", "content/posts/a.md~")
	d.write("content/posts/a.md", "four")
	d.wakes("saving with a backup")
	d.write("content/posts/a.md", "five")
	d.wakes("the file after that")

	d.write("content/new/deep/b.md", "b")
	d.wakes("a folder with a file already in it")
	d.write("content/new/deep/b.md", "bb")
	d.wakes("a file in a folder that is new")

	rename("content/new", "content/other")
	d.wakes("a renamed folder")
	d.write("content/other/deep/b.md", "bbb")
	d.wakes("a file in a renamed folder")

	if err := os.RemoveAll(d.path("content/other")); err != nil {
		t.Fatal(err)
	}
	d.wakes("a removed folder")

	d.write("templates/post.html", "x")
	d.wakes("a templates folder that was not there")
	d.write("templates/post.html", "y")
	d.wakes("a template in it")

	d.write("site.yaml", "title: y\n")
	d.wakes("the settings")
}

func TestWhatIsNotTheSiteDoesNotWake(t *testing.T) {
	d := start(t)
	d.write("public/index.html", "x")
	d.write(".cardbowl/preview/index.html", "x")
	d.write("notes.txt", "x")
	d.sleeps("what is not part of the site")
	if err := os.Chmod(d.path("content/posts/a.md"), 0o600); err != nil {
		t.Fatal(err)
	}
	d.sleeps("a change of permissions")
}

func TestABurstIsOneWake(t *testing.T) {
	d := start(t)
	for range 500 {
		d.write("content/posts/a.md", "again")
	}
	d.wakes("a burst")
	more := 0 // a busy machine may pause in the middle of it
	for more < 100 {
		select {
		case <-d.watcher.Wake:
			more++
			continue
		case <-time.After(300 * time.Millisecond):
		}
		break
	}
	if more > 20 {
		t.Errorf("500 changes woke the builder %d times", more+1)
	}
}

func TestWakesSayWhere(t *testing.T) {
	d := start(t)
	d.write("content/posts/a.md", "two")
	d.write("site.yaml", "title: y\n")
	told := map[string]bool{}
	for len(told) < 2 {
		select {
		case change := <-d.watcher.Wake:
			if change.All {
				t.Fatal("two files are told apart no more")
			}
			for _, name := range change.Files {
				told[name] = true
			}
		case <-time.After(patience):
			t.Fatalf("told of %v", told)
		}
	}
	if !told[d.path("content/posts/a.md")] || !told[d.path("site.yaml")] {
		t.Errorf("told of %v", told)
	}
	// Nobody comes for the wake-ups: nothing of them may be lost.
	for n := range 1000 {
		d.write(fmt.Sprintf("content/posts/%d.md", n), "x")
		if n%100 == 0 {
			time.Sleep(60 * time.Millisecond)
		}
	}
	time.Sleep(300 * time.Millisecond)
	if change := <-d.watcher.Wake; !change.All {
		t.Errorf("1000 changes are told as %d", len(change.Files))
	}
}
