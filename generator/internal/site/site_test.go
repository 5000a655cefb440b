package site_test

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
	"testing/fstest"
	"time"

	"cardbowl/generator/internal/cache"
	"cardbowl/generator/internal/config"
	"cardbowl/generator/internal/content"
	"cardbowl/generator/internal/diag"
	"cardbowl/generator/internal/memo"
	"cardbowl/generator/internal/site"
	"cardbowl/generator/internal/source"
)

// assemble is the site of these files. A file whose text has no front matter
// gets a title from its name.
func assemble(t *testing.T, files map[string]string, o site.Options) (site.Site, diag.List) {
	t.Helper()
	dir := t.TempDir()
	if _, given := files["site.yaml"]; !given {
		files = maps.Clone(files)
		files["site.yaml"] = "title: Small Fish\nbaseURL: https://example.com/\n"
	}
	for name, text := range files {
		at := filepath.Join(dir, filepath.FromSlash(name))
		if err := os.MkdirAll(filepath.Dir(at), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(at, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	ctx := context.Background()
	tree, problems, err := source.NewReader(dir, fstest.MapFS{}, time.Now).Read(ctx)
	if err != nil || len(problems) > 0 {
		t.Fatal(err, problems)
	}
	cfg, problems, err := config.Load(tree, "")
	if err != nil || problems.HasErrors() {
		t.Fatal(err, problems)
	}
	shelf, err := content.ParseAll(ctx, tree, content.Settings{Zone: cfg.Zone(), Taxonomies: cfg.Taxonomies}, content.Shelf{}, memo.New(), cache.InMemory(), 1)
	if err != nil || shelf.Problems.HasErrors() {
		t.Fatal(err, shelf.Problems)
	}
	if o.Now.IsZero() {
		o.Now = time.Date(2026, 6, 1, 12, 0, 0, 0, time.UTC)
	}
	return site.Assemble(cfg, shelf.Heads, tree, map[string]string{"assets/site.css": "templates/assets/site.css"}, o)
}

func front(lines ...string) string { return "---\n" + strings.Join(lines, "\n") + "\n---\nText\n" }

// TestClashes: two producers of one address are an error that names both,
// whoever they are.
func TestClashes(t *testing.T) {
	for _, c := range []struct {
		name   string
		files  map[string]string
		naming []string
	}{
		{"slug", map[string]string{"content/posts/a.md": "A", "content/posts/b.md": front("slug: a")}, []string{"content/posts/a.md", "content/posts/b.md"}},
		{"case", map[string]string{"content/posts/a.md": "A", "content/posts/b.md": front("url: /POSTS/A/")}, []string{"content/posts/a.md", "content/posts/b.md"}},
		{"composition", map[string]string{"content/posts/é.md": "A", "content/posts/e\u0301.md": "B"}, []string{"content/posts/é.md", "content/posts/e\u0301.md"}},
		{"file and bundle", map[string]string{"content/posts/a.md": "A", "content/posts/a/index.md": "B"}, []string{"content/posts/a.md", "content/posts/a/index.md"}},
		{"page and term", map[string]string{"content/tags/x.md": "A", "content/posts/a.md": front("tags: [X]")}, []string{"content/tags/x.md", "/tags/x/"}},
		{"alias and page", map[string]string{"content/posts/a.md": "A", "content/posts/b.md": front("aliases: [/posts/a/]")}, []string{"content/posts/a.md", "content/posts/b.md"}},
		{"alias and alias", map[string]string{"content/posts/a.md": front("aliases: [/x/]"), "content/posts/b.md": front("aliases: [/X]")}, []string{"content/posts/a.md", "content/posts/b.md"}},
		{"static and page", map[string]string{"static/posts/a/index.html": "A", "content/posts/a.md": "A"}, []string{"static/posts/a/index.html", "content/posts/a.md"}},
		{"static and content", map[string]string{"static/x.txt": "A", "content/x.txt": "A"}, []string{"static/x.txt", "content/x.txt"}},
		{"static and asset", map[string]string{"static/assets/site.css": "A"}, []string{"static/assets/site.css", "templates/assets/site.css"}},
		{"file and the page for missing addresses", map[string]string{"static/404.html": "A"}, []string{"static/404.html", "missing addresses"}},
		{"page and a list's second page", map[string]string{"site.yaml": "paginate: 1\n", "content/posts/a.md": "A", "content/posts/b.md": "B", "content/page/2.md": "C"}, []string{"content/page/2.md", "/"}},
		{"tracker", map[string]string{"static/_/f": "A"}, []string{"static/_/f", "the tracker"}},
		{"tracker's page", map[string]string{"content/posts/a.md": front("url: /_/x/")}, []string{"content/posts/a.md", "the tracker"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			_, problems := assemble(t, c.files, site.Options{})
			if !problems.HasErrors() {
				t.Fatal("no error")
			}
			for _, name := range c.naming {
				if !strings.Contains(problems.String(), name) {
					t.Errorf("%s is not named:\n%s", name, problems)
				}
			}
		})
	}
}

// TestEscapes: no address leaves the site or hides in it.
func TestEscapes(t *testing.T) {
	for _, key := range []string{"url", "aliases"} {
		for _, written := range []string{"/../x/", "/a/../../x/", "..", "/./x", "//x.example/", "/a//b", "/.git/config", "/a\\\\b", "/a?b", "/a#b", "/a%2e%2e/", "/a\\u0000b", "/c:/x"} {
			_, problems := assemble(t, map[string]string{"content/posts/a.md": front(fmt.Sprintf(`%s: "%s"`, key, written))}, site.Options{})
			if !problems.HasErrors() {
				t.Errorf("%s: %s is accepted", key, written)
			}
		}
	}
	// A slug is one part of an address, made fit for it.
	s, problems := assemble(t, map[string]string{"content/posts/a.md": front("slug: ../../x"), "content/posts/b.md": front("slug: /etc/passwd")}, site.Options{})
	if len(problems) > 0 {
		t.Fatal(problems)
	}
	for _, p := range s.Pages {
		if !fs.ValidPath(p.Output) {
			t.Errorf("%s leaves the folder", p.Output)
		}
	}
}

func TestSlug(t *testing.T) {
	for name, want := range map[string]string{
		"My First Post!": "my-first-post", "Größe & Maß": "größe-maß", "日本語": "日本語", "it's": "its", "a/b": "a-b", "a--b": "a-b", "  x  ": "x", "v1.2_x": "v1.2_x",
		"...": "", "!!!": "", "C++ & C#": "c-c", "e\u0301": "é", "-a-": "a", "a\x00b": "ab", "...a": "a",
	} {
		if got := site.Slug(name); got != want {
			t.Errorf("%q becomes %q, want %q", name, got, want)
		}
	}
}

func TestAddresses(t *testing.T) {
	s, problems := assemble(t, map[string]string{
		"site.yaml":                       "permalinks: {posts: \"/:year/:month/:day/:slug/\", notes: \"/n/:sections/:contentbasename/\", talks: \"/:section/:yearday/:title/\"}\n",
		"content/index.md":                "Home",
		"content/about.md":                "About",
		"content/docs/_index.md":          "Docs",
		"content/docs/Getting Started.md": "Start",
		"content/docs/deep/er/x.md":       "X",
		"content/posts/a.md":              front("title: The Title", "date: 2026-03-04"),
		"content/posts/b.md":              front("title: B", "slug: Chosen One", "date: 2026-03-04"),
		"content/posts/c/index.md":        front("title: C", "date: 2026-03-04"),
		"content/posts/d.md":              front("title: D", "date: 2026-03-04", "url: /x/y"),
		"content/notes/deep/N.md":         front("title: N"),
		"content/talks/t.md":              front("title: On Sales", "date: 2026-02-01"),
	}, site.Options{})
	if len(problems) > 0 {
		t.Fatal(problems)
	}
	want := map[string]string{
		"content/index.md": "home /", "content/about.md": "page /about/", "content/docs/_index.md": "list /docs/", "content/docs/Getting Started.md": "page /docs/getting-started/",
		"content/docs/deep/er/x.md": "page /docs/deep/er/x/", "content/posts/a.md": "post /2026/03/04/the-title/", "content/posts/b.md": "post /2026/03/04/chosen-one/",
		"content/posts/c/index.md": "post /2026/03/04/c/", "content/posts/d.md": "post /x/y/", "content/notes/deep/N.md": "page /n/notes/deep/n/", "content/talks/t.md": "page /talks/032/on-sales/",
	}
	for file, expected := range want {
		p, found := s.ByFile(file)
		if !found {
			t.Errorf("%s has no page", file)
			continue
		}
		if got := p.Kind + " " + p.Path; got != expected {
			t.Errorf("%s: %s, want %s", file, got, expected)
		}
	}
}

func titles(pages []*site.Page) string {
	var out []string
	for _, p := range pages {
		out = append(out, p.Title)
	}
	return strings.Join(out, " ")
}

// TestOrder: weight, then newest, then title, then path; neighbours in time,
// within a section.
func TestOrder(t *testing.T) {
	files := map[string]string{
		"content/posts/1.md": front("title: Old", "date: 2026-01-01", "tags: [x]"),
		"content/posts/2.md": front("title: New", "date: 2026-03-01"),
		"content/posts/3.md": front("title: Beta", "date: 2026-02-01", "tags: [X, x]"),
		"content/posts/4.md": front("title: Alpha", "date: 2026-02-01"),
		"content/posts/5.md": front("title: First", "date: 2020-01-01", "weight: 1"),
		"content/posts/6.md": front("title: Undated"),
		"content/posts/7.md": front("title: Draft", "draft: true", "date: 2026-02-15"),
		"content/posts/8.md": front("title: Later", "date: 2026-07-01"),
		"content/posts/9.md": front("title: Past", "date: 2026-02-15", "expiryDate: 2026-06-01T12:00:00Z"),
		"content/blog/1.md":  front("title: Elsewhere", "date: 2026-02-20"),
		"content/about.md":   front("title: About", "date: 2026-02-21"),
	}
	s, problems := assemble(t, files, site.Options{})
	if len(problems) > 0 {
		t.Fatal(problems)
	}
	home, _ := s.ByPath("/")
	if got := titles(home.Members); got != "First New Elsewhere Alpha Beta Old Undated" {
		t.Errorf("home lists %s", got)
	}
	list, _ := s.ByPath("/posts/")
	if got := titles(list.Members); got != "First New Alpha Beta Old Undated" {
		t.Errorf("/posts/ lists %s", got)
	}
	tag, _ := s.ByPath("/tags/x/")
	if got := titles(tag.Members); got != "Beta Old" || tag.Title != "x" {
		t.Errorf("tag %s lists %s", tag.Title, got)
	}
	var way []string
	for p, _ := s.ByFile("content/posts/2.md"); p != nil; p = p.Older {
		way = append(way, p.Title)
		if p.Older != nil && p.Older.Newer != p {
			t.Errorf("%s and %s are not each other's neighbours", p.Title, p.Older.Title)
		}
	}
	if got := strings.Join(way, " "); got != "New Alpha Beta Old First Undated" {
		t.Errorf("from newest to oldest: %s", got)
	}
	for file, why := range map[string]string{"content/posts/7.md": "a draft", "content/posts/8.md": "scheduled for 1 July 2026", "content/posts/9.md": "expired on 1 June 2026"} {
		if got, hidden := s.Hidden(file); !hidden || !strings.Contains(got, why) {
			t.Errorf("%s: %q, want %q", file, got, why)
		}
	}
	// Each switch shows its own, and the clock does too.
	for name, o := range map[string]site.Options{"Draft": {Drafts: true}, "Later": {Future: true}, "Past": {Expired: true}} {
		s, _ := assemble(t, files, o)
		home, _ := s.ByPath("/")
		if got := strings.Fields(titles(home.Members)); !slices.Contains(got, name) || len(got) != 8 {
			t.Errorf("with %+v home lists %v", o, got)
		}
	}
	s, _ = assemble(t, files, site.Options{Now: time.Date(2026, 7, 1, 0, 0, 0, 0, time.UTC)})
	if _, shown := s.ByFile("content/posts/8.md"); !shown {
		t.Error("a post is not shown at the very second of its date")
	}
}

// TestBundles: the pictures of a draft are as private as its text.
func TestBundles(t *testing.T) {
	files := map[string]string{
		"content/posts/d/index.md": front("draft: true"), "content/posts/d/p.svg": "P", "content/posts/d/deep/q.svg": "Q",
		"content/posts/a/index.md": "A", "content/posts/a/p.svg": "P", "content/posts/loose.svg": "L", "content/_files/paid.pdf": "PDF", "static/s.txt": "S",
	}
	shown := func(o site.Options) string {
		s, problems := assemble(t, files, o)
		if len(problems) > 0 {
			t.Fatal(problems)
		}
		var out []string
		for _, f := range s.Files {
			out = append(out, f.Path)
		}
		return strings.Join(out, " ")
	}
	if got := shown(site.Options{}); got != "posts/a/p.svg posts/loose.svg s.txt" {
		t.Errorf("published: %s", got)
	}
	if got := shown(site.Options{Drafts: true}); got != "posts/a/p.svg posts/d/deep/q.svg posts/d/p.svg posts/loose.svg s.txt" {
		t.Errorf("with drafts: %s", got)
	}
}
