package cli_test

import (
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"
)

// likeClean waits until the preview holds, byte for byte, what a build into an
// empty folder makes of the site as it now is.
func (f folder) likeClean() {
	f.t.Helper()
	clean := f.t.TempDir()
	f.cardbowl("build", "-D", "-d", clean)
	want := built(clean)
	if len(want) == 0 {
		f.t.Fatal("the clean build made nothing")
	}
	difference := func() []string {
		got := built(f.path + "/.cardbowl/preview")
		var out []string
		for name, text := range want {
			if got[name] != text {
				out = append(out, name)
			}
		}
		for name := range got {
			if _, is := want[name]; !is {
				out = append(out, name+" should be gone")
			}
		}
		slices.Sort(out)
		return out
	}
	var last []string
	for end := time.Now().Add(4 * longEnough); ; time.Sleep(200 * time.Millisecond) {
		if last = difference(); len(last) == 0 {
			return
		}
		if time.Now().After(end) {
			f.t.Fatalf("%d files of the preview are not those of a clean build, such as %q", len(last), last[:min(5, len(last))])
		}
	}
}

// built are the files of an output folder, which may be at work: what vanishes
// meanwhile is left out, and so is what begins with a dot.
func built(dir string) map[string]string {
	all := map[string]string{}
	top := os.DirFS(dir)
	_ = fs.WalkDir(top, ".", func(name string, entry fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return nil
		case name != "." && strings.HasPrefix(entry.Name(), "."):
			if entry.IsDir() {
				return fs.SkipDir
			}
		case !entry.IsDir():
			if text, err := fs.ReadFile(top, name); err == nil {
				all[name] = string(text)
			}
		}
		return nil
	})
	return all
}

// nothingOfThePreview is the preview's promise to the published site: no file of it
// knows of the preview.
func (f folder) nothingOfThePreview() {
	f.t.Helper()
	for name, text := range built(f.path + "/.cardbowl/preview") {
		if strings.Contains(text, "/_/live") || strings.Contains(text, "cardbowl-desk") || strings.Contains(text, "data-build") {
			f.t.Errorf("%s has something of the preview in it", name)
		}
	}
}

// many writes posts as a version control system does when it changes branches:
// some are new, some others, some gone, all at once and in folders of their own.
func (f folder) many(branch string, from, to int) {
	f.t.Helper()
	for i := from; i < to; i++ {
		at := filepath.Join(f.path, fmt.Sprintf("content/posts/y%d/p%d.md", i%20, i))
		if err := os.MkdirAll(filepath.Dir(at), 0o755); err != nil {
			f.t.Fatal(err)
		}
		text := fmt.Sprintf("---\ntitle: Post %d of %s\ndate: 2026-01-%02d\ntags: [t%d]\n---\nOn %s.\n", i, branch, i%28+1, i%7, branch)
		if err := os.WriteFile(at, []byte(text), 0o644); err != nil {
			f.t.Fatal(err)
		}
	}
}

func (f folder) remove(name string) {
	f.t.Helper()
	if err := os.RemoveAll(filepath.Join(f.path, filepath.FromSlash(name))); err != nil {
		f.t.Fatal(err)
	}
}

// Ten thousand files at once, then another ten thousand in place of half of them.
func TestServeSurvivesACheckout(t *testing.T) {
	t.Parallel()
	n := 1000
	switch {
	case testing.Short():
		n = 200
	case os.Getenv("CARDBOWL_STORM") != "":
		n = 10_000 // takes minutes, most of them to build clean what is compared
	}
	f := starter(t)
	f.start("serve", "-D")
	f.many("main", 0, n)
	f.likeClean()
	for y := range 10 {
		f.remove(fmt.Sprintf("content/posts/y%d", y))
	}
	f.many("draft", n/2, n/2+n/5)
	f.likeClean()
	f.nothingOfThePreview()
}

// Files that come and go while the site is being built, folders that appear with
// files in them, and links that are not followed.
func TestServeSurvivesAMovingSite(t *testing.T) {
	t.Parallel()
	f := starter(t)
	f.start("serve", "-D")
	for round := range 40 {
		f.many("round", round*5, round*5+5)
		f.remove(fmt.Sprintf("content/posts/y%d/p%d.md", (round*5+2)%20, round*5+2))
		f.save("content/moving.md", fmt.Sprintf("Round %d.\n", round))
		if round%3 == 0 {
			f.remove("content/moving.md")
		}
		time.Sleep(15 * time.Millisecond)
	}
	f.likeClean()

	f.save("static/deep/down/here/a.txt", "a\n") // there was no such folder
	f.save("data/one/two/x.yaml", "x: 1\n")
	f.likeClean()
	f.save("static/deep/down/here/a.txt", "another\n")
	f.likeClean()

	elsewhere := t.TempDir()
	if err := os.WriteFile(filepath.Join(elsewhere, "secret.md"), []byte("Not of this site.\n"), 0o644); err != nil {
		t.Fatal(err)
	}
	for _, link := range []string{"content/linked", "content/posts/link.md", "static/link.txt"} {
		if err := os.Symlink(filepath.Join(elsewhere, "secret.md"), filepath.Join(f.path, link)); err != nil {
			t.Skip("no links here: ", err)
		}
	}
	f.save("content/posts/beside.md", "Beside a link.\n")
	f.likeClean()
	for name, text := range built(f.path + "/.cardbowl/preview") {
		if strings.Contains(text, "Not of this site") {
			t.Errorf("%s shows what a link leads to", name)
		}
	}
	f.remove("content/posts/link.md")
	f.save("content/posts/link.md", "A file in place of the link.\n")
	f.likeClean()

	f.remove("content/posts") // and back: a whole folder is another one
	f.likeClean()
	f.save("content/posts/again.md", "Again.\n")
	f.likeClean()
	f.save("content/posts/again.md", "And again.\n")
	f.likeClean()
}
