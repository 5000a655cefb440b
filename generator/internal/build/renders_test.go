package build_test

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"cardbowl/generator/internal/build"
)

// htmlOf are the pages among output files.
func htmlOf(outputs []string) []string {
	var out []string
	for _, name := range outputs {
		if strings.HasSuffix(name, ".html") {
			out = append(out, name)
		}
	}
	return out
}

func put(t testing.TB, dir, name, text string) {
	t.Helper()
	at := filepath.Join(dir, name)
	if err := os.MkdirAll(filepath.Dir(at), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(at, []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
}

func mustBuild(t testing.TB, b *build.Builder) build.Result {
	t.Helper()
	r, err := b.Build(context.Background())
	if err != nil || r.Failed() {
		t.Fatalf("%v\n%s", err, r.Problems)
	}
	return r
}

// blogText is post n of a blog: one tag of ten, an excerpt, and a body below it.
func blogText(n int, title, extra, body string) string {
	day := time.Date(2025, 1, 1, 0, 0, 0, 0, time.UTC).AddDate(0, 0, n)
	return fmt.Sprintf("---\ntitle: %s\ndate: %s\ntags: [tag%d]\n%s---\nThe opening.\n\n<!--more-->\n\n%s\n", title, day.Format(time.DateOnly), n%10, extra, body)
}

// writeBlog writes n posts, the newest with the highest number, and one layout
// of its own so that a partial is used by posts alone.
func writeBlog(t testing.TB, dir string, n int) {
	put(t, dir, "site.yaml", "title: Blog\nbaseURL: https://example.com/\n")
	for i := range n {
		put(t, dir, postFile(i), blogText(i, fmt.Sprintf("Post %d", i), "", "The body."))
	}
	put(t, dir, "templates/partials/signature.html", "<p>Yours</p>")
	put(t, dir, "templates/partials/nobody.html", "<p>Unused</p>")
	put(t, dir, "templates/post.html", `{{define "main"}}<h1>{{.Page.Title}}</h1>{{.Page.Content}}{{template "partials/signature.html" .}}{{template "partials/neighbours.html" .Page}}{{.Page.Form}}{{end}}`)
	put(t, dir, "content/picture.svg", "<svg/>")
}

func postFile(n int) string { return fmt.Sprintf("content/posts/p%03d.md", n) }

// TestRenders states what named edits cost in a blog of 100 posts: home and
// section list of 10 pages each, 10 tag pages of 10 posts each, the list of
// tags, the page of the search, and the one for missing addresses.
func TestRenders(t *testing.T) {
	const posts = 100
	const pages = posts + 10 + 10 + 10 + 1 + 1 + 1
	edits := []struct {
		name             string
		edit             func(dir string)
		parsed, rendered int
	}{
		{"nothing", func(string) {}, 0, 0},
		{"touched, not changed", func(dir string) { put(t, dir, postFile(50), blogText(50, "Post 50", "", "The body.")) }, 0, 0},
		{"one body", func(dir string) { put(t, dir, postFile(50), blogText(50, "Post 50", "", "Another body.")) }, 1, 1},
		// itself, two neighbours, one page each of home, section and tag
		{"one title", func(dir string) { put(t, dir, postFile(50), blogText(50, "Renamed", "", "Another body.")) }, 1, 6},
		// its page, its old and new tag pages, the list of tags with its counts, home and section
		{"one tag", func(dir string) {
			put(t, dir, postFile(50), strings.Replace(blogText(50, "Renamed", "", "Another body."), "tag0", "tag1", 1))
		}, 1, 1 + 3 + 1 + 1 + 1}, // tag1 now has 11 posts: a second page
		{"back again", func(dir string) { put(t, dir, postFile(50), blogText(50, "Renamed", "", "Another body.")) }, 1, 1 + 2 + 1 + 1 + 1},
		// the oldest: one neighbour, the last pages of home and section, its tag, the list of tags, the number of pages to search
		{"oldest deleted", func(dir string) { os.Remove(filepath.Join(dir, postFile(0))) }, 0, 1 + 1 + 1 + 1 + 1 + 1},
		{"oldest back as a draft", func(dir string) { put(t, dir, postFile(0), blogText(0, "Post 0", "draft: true\n", "The body.")) }, 1, 0},
		{"published", func(dir string) { put(t, dir, postFile(0), blogText(0, "Post 0", "", "The body.")) }, 1, 1 + 1 + 1 + 1 + 1 + 1 + 1},
		{"another address", func(dir string) { put(t, dir, postFile(0), blogText(0, "Post 0", "slug: first\n", "The body.")) }, 1, 1 + 1 + 1 + 1 + 1},
		{"partial of posts", func(dir string) { put(t, dir, "templates/partials/signature.html", "<p>Sincerely</p>") }, 0, posts},
		{"partial of nobody", func(dir string) { put(t, dir, "templates/partials/nobody.html", "<p>Still unused</p>") }, 0, 0},
		{"picture", func(dir string) { put(t, dir, "content/picture.svg", "<svg id='x'/>") }, 0, 0},
		{"stylesheet", func(dir string) { put(t, dir, "templates/assets/site.css", "body{}") }, 0, pages},
		{"title of the site", func(dir string) { put(t, dir, "site.yaml", "title: Journal\nbaseURL: https://example.com/\n") }, 0, pages},
		{"sales stages", func(dir string) {
			put(t, dir, "site.yaml", "title: Journal\nbaseURL: https://example.com/\nfunnel: {sales: [demo, client]}\n")
		}, 0, 0},
	}
	dir := t.TempDir()
	writeBlog(t, dir, posts)
	b := build.New(options(dir, filepath.Join(t.TempDir(), "out"), time.Now))
	if r := mustBuild(t, b); r.Parsed != posts || r.Rendered != pages || r.Pages != pages {
		t.Fatalf("clean: parsed %d, rendered %d of %d pages; want %d, %d", r.Parsed, r.Rendered, r.Pages, posts, pages)
	}
	for _, e := range edits {
		e.edit(dir)
		r := mustBuild(t, b)
		if r.Parsed != e.parsed || r.Rendered != e.rendered {
			t.Errorf("%s: parsed %d, rendered %d; want %d, %d\nwritten: %v", e.name, r.Parsed, r.Rendered, e.parsed, e.rendered, r.Output.Written)
		}
		if pages := htmlOf(r.Output.Written); len(pages) > e.rendered {
			t.Errorf("%s: rendered %d but wrote %v", e.name, r.Rendered, pages)
		}
		if others := len(r.Output.Written) - len(htmlOf(r.Output.Written)); e.rendered == 0 && others > 1 {
			t.Errorf("%s: no page changed, but %v was written", e.name, r.Output.Written)
		}
	}
}

// TestOneBodyOfAThousand rewrites the files whose bytes changed and no other,
// in the same process and in a new one; a build without change writes none. What
// changes is the post, what the search says of it, and where it finds its words.
func TestOneBodyOfAThousand(t *testing.T) {
	dir, out := t.TempDir(), filepath.Join(t.TempDir(), "out")
	writeBlog(t, dir, 1000)
	b := build.New(options(dir, out, time.Now))
	mustBuild(t, b)
	modified := func() map[string]time.Time {
		times := map[string]time.Time{}
		for name := range folder(t, out) {
			info, err := os.Stat(filepath.Join(out, name))
			if err != nil {
				t.Fatal(err)
			}
			times[name] = info.ModTime()
		}
		return times
	}
	before := modified()
	if r := mustBuild(t, b); len(r.Output.Written)+len(r.Output.Removed) != 0 {
		t.Errorf("nothing changed, but %v was written and %v removed", r.Output.Written, r.Output.Removed)
	}
	// Old enough to be in no feed, which would show the whole text.
	put(t, dir, postFile(100), blogText(100, "Post 100", "", "Another body."))
	if r := mustBuild(t, b); fmt.Sprint(r.Output.Written) != "[posts/p100/index.html search/pages-5.json search/words-1c.json search/words-2b.json]" {
		t.Errorf("written: %v", r.Output.Written)
	}
	put(t, dir, postFile(101), blogText(101, "Post 101", "", "Another body."))
	if r := mustBuild(t, build.New(options(dir, out, time.Now))); fmt.Sprint(r.Output.Written) != "[posts/p101/index.html search/pages-5.json search/words-1c.json search/words-2b.json]" {
		t.Errorf("new process, written: %v", r.Output.Written)
	}
	touched := 0
	for name, when := range modified() {
		if !before[name].Equal(when) {
			touched++
		}
	}
	if touched != 2+3 {
		t.Errorf("%d files were touched, want the two posts and three of the search", touched)
	}
}

func BenchmarkBuild(b *testing.B) {
	for _, n := range []int{1000} {
		dir := b.TempDir()
		writeBlog(b, dir, n)
		b.Run(fmt.Sprintf("clean/%d", n), func(b *testing.B) {
			for b.Loop() {
				mustBuild(b, build.New(options(dir, filepath.Join(b.TempDir(), "out"), time.Now)))
			}
		})
		out := filepath.Join(b.TempDir(), "out")
		remembered := build.New(options(dir, out, time.Now))
		mustBuild(b, remembered)
		b.Run(fmt.Sprintf("nothing/%d", n), func(b *testing.B) {
			for b.Loop() {
				mustBuild(b, remembered)
			}
		})
		turn := 0
		b.Run(fmt.Sprintf("body/%d", n), func(b *testing.B) {
			for b.Loop() {
				turn++
				put(b, dir, postFile(n/2), blogText(n/2, "Post", "", fmt.Sprint("Body ", turn)))
				mustBuild(b, remembered)
			}
		})
	}
}
