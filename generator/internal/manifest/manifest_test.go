package manifest

import (
	"bytes"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"cardbowl/generator/internal/form"

	"github.com/google/go-cmp/cmp"
)

func example() Manifest {
	return Manifest{
		Version: Current, Title: "Small <Fish>", BaseURL: "https://example.com/", TimeZone: "UTC", Sales: []string{"call"},
		Pages: []Page{
			{Path: "/", Kind: "home", Title: "Home", Revision: "0"},
			{Path: "/file.html", Kind: "page", Title: "File", Revision: "1"},
			{Path: "/posts/a/", Kind: "post", Title: "A", Date: "2026-01-02", Tags: []string{"x"}, Aliases: []string{"/old/a/", "/posts/b/"}, Forms: []string{"newsletter"}, Revision: "2"},
			{Path: "/posts/b/", Kind: "post", Title: "B", Revision: "3"},
			{Path: "/posts/über/", Kind: "post", Title: "Ü", Revision: "4"},
		},
		Forms: []form.Definition{{Name: "newsletter", Fields: []form.Field{{Name: "email", Type: "email"}}}},
		Frame: Frame{HTML: "<title>" + FrameTitle + "</title>" + FrameContent},
	}
}

func TestSaveAndLoad(t *testing.T) {
	path := filepath.Join(t.TempDir(), "deep", ".cardbowl", "manifest.json")
	if _, err := Load(path); !errors.Is(err, fs.ErrNotExist) {
		t.Fatal(err)
	}
	m := example()
	shuffled := m
	shuffled.Pages = slices.Clone(m.Pages)
	slices.Reverse(shuffled.Pages)
	if err := Save(path, shuffled); err != nil {
		t.Fatal(err)
	}
	got, err := Load(path)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(m, got); diff != "" {
		t.Error(diff)
	}
	long := time.Now().Add(-time.Hour)
	if err := os.Chtimes(path, long, long); err != nil {
		t.Fatal(err)
	}
	if err := Save(path, m); err != nil {
		t.Fatal(err)
	}
	if info, _ := os.Stat(path); time.Since(info.ModTime()) < time.Minute {
		t.Error("the same manifest was written again")
	}
	m.Title = "Other"
	if err := Save(path, m); err != nil {
		t.Fatal(err)
	}
	entries, _ := os.ReadDir(filepath.Dir(path))
	if len(entries) != 1 {
		t.Error("something was left behind:", entries)
	}
}

func TestSaveFailure(t *testing.T) {
	path := filepath.Join(t.TempDir(), "manifest.json")
	if err := os.MkdirAll(filepath.Join(path, "in the way"), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := Save(path, example()); err == nil {
		t.Error("saved over a folder")
	}
	entries, _ := os.ReadDir(filepath.Dir(path))
	if len(entries) != 1 {
		t.Error("something was left behind:", entries)
	}
}

func TestDecodeRefuses(t *testing.T) {
	for text, words := range map[string]string{
		"": "not a manifest", "[]": "not a manifest", "{}": "no version", `{"version":-1}`: "no version", `{"version":999}`: "update cardbowl", `{"version":1,"pages":3}`: "not a manifest",
	} {
		if _, err := Decode([]byte(text)); err == nil || !strings.Contains(err.Error(), words) {
			t.Errorf("%s: %v", text, err)
		}
	}
	if _, err := Decode([]byte(`{"version":1,"something_new":true}`)); err != nil {
		t.Error("an unknown key is no error:", err)
	}
}

func TestIndex(t *testing.T) {
	x := NewIndex(example())
	for address, want := range map[string]string{
		"/": "/", "": "/", "/index.html": "/", "/?utm_source=x": "/", "/posts/a/": "/posts/a/", "/posts/a": "/posts/a/", "/posts/a/index.html": "/posts/a/",
		"/posts/a/?q=1#top": "/posts/a/", "https://example.com/posts/a/?q": "/posts/a/", "//posts//a//": "/posts/a/", "/posts/x/../a/": "/posts/a/", "posts/a": "/posts/a/",
		"/old/a": "/posts/a/", "/posts/b/": "/posts/b/", "/file.html": "/file.html", "/file.html/": "/file.html",
		"/posts/über/": "/posts/über/", "/posts/%C3%BCber/": "/posts/über/", "https://example.com": "/",
		"/posts/c/": "", "/posts/A/": "", "/posts/a/b": "", "/posts/\xff": "", strings.Repeat("/x", 5000): "", "/posts/a\x00/": "/posts/a/",
	} {
		p, ok := x.Page(address)
		if ok != (want != "") || p.Path != want {
			t.Errorf("%q: %q, %v; want %q", address, p.Path, ok, want)
		}
	}
	if p, ok := x.Moved("/old/a/"); !ok || p.Path != "/posts/a/" {
		t.Error(p, ok)
	}
	for _, stands := range []string{"/posts/a/", "/posts/b/", "/nowhere/"} {
		if p, ok := x.Moved(stands); ok {
			t.Errorf("%s moved to %s", stands, p.Path)
		}
	}
	if _, ok := x.Form("newsletter"); !ok {
		t.Error("form not found")
	}
	if _, ok := x.Form("other"); ok {
		t.Error("form found")
	}
}

func FuzzDecode(f *testing.F) {
	text, err := Encode(example())
	if err != nil {
		f.Fatal(err)
	}
	f.Add(text, "/posts/a/")
	f.Add([]byte(`{"version":1,"pages":[{"path":"a?b","aliases":["//","%"]}]}`), "https://x/y")
	f.Fuzz(func(t *testing.T, text []byte, address string) {
		if n := Normalise(address); !strings.HasPrefix(n, "/") || len(n) > maxPath {
			t.Errorf("Normalise(%q) = %q", address, n)
		}
		m, err := Decode(text)
		if err != nil {
			return
		}
		once, err := Encode(m)
		if err != nil {
			t.Fatal(err)
		}
		again, err := Decode(once)
		if err != nil {
			t.Fatal(err)
		}
		twice, err := Encode(again)
		if err != nil || !bytes.Equal(once, twice) {
			t.Error("not the same after a round trip", err)
		}
		NewIndex(m).Page(address)
	})
}

// TestDuring knows the pages and forms of both, those of the new one as it has
// them, and each once.
func TestDuring(t *testing.T) {
	before, after := example(), example()
	after.Pages = []Page{{Path: "/", Title: "New home"}, {Path: "/a/", Aliases: []string{"/file.html"}}, {Path: "/posts/b/", Title: "New B"}, {Path: "/z/"}}
	after.Forms = []form.Definition{{Name: "call"}}
	both, more := after.During(before)
	var paths []string
	for _, p := range both.Pages {
		paths = append(paths, p.Path)
	}
	if want := []string{"/", "/a/", "/file.html", "/posts/a/", "/posts/b/", "/posts/über/", "/z/"}; !slices.Equal(paths, want) || !more {
		t.Errorf("pages are %q", paths)
	}
	if both.Pages[0].Title != "New home" || both.Pages[4].Title != "New B" || len(both.Forms) != 2 || both.Forms[0].Name != "call" {
		t.Errorf("%+v", both)
	}
	if _, moved := NewIndex(both).Moved("/file.html"); moved {
		t.Error("a page that still stands is said to have moved")
	}
	if _, more := before.During(before); more {
		t.Error("nothing is more than the same")
	}
	if both, more := (Manifest{}).During(before); more || len(both.Pages) != len(before.Pages) {
		t.Error("a site without pages brings some")
	}
}
