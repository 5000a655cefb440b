package margin_test

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"cardbowl/generator/internal/build"
	"cardbowl/generator/internal/margin"
	"cardbowl/templates"
)

// desk is a site that is built as `serve` builds it, and its margin.
type desk struct {
	t       testing.TB
	dir     string
	builder *build.Builder
	margin  margin.Margin
	now     time.Time
}

func newDesk(t testing.TB, drafts bool, files map[string]string) *desk {
	t.Helper()
	d := &desk{t: t, dir: t.TempDir(), now: time.Date(2026, 6, 1, 12, 0, 0, 0, time.UTC)}
	for name, text := range files {
		d.save(name, text)
	}
	d.builder = build.New(build.Options{Site: d.dir, Out: filepath.Join(t.TempDir(), "out"), Theme: templates.Theme, Now: func() time.Time { return d.now }, Drafts: drafts, Private: true, Local: true})
	t.Cleanup(d.builder.Close)
	d.build()
	return d
}

func (d *desk) save(name, text string) {
	d.t.Helper()
	at := filepath.Join(d.dir, filepath.FromSlash(name))
	if err := os.MkdirAll(filepath.Dir(at), 0o755); err != nil {
		d.t.Fatal(err)
	}
	if err := os.WriteFile(at, []byte(text), 0o644); err != nil {
		d.t.Fatal(err)
	}
}

func (d *desk) build() {
	d.t.Helper()
	result, err := d.builder.Build(context.Background())
	if err != nil || result.Failed() {
		d.t.Fatal(err, result.Problems)
	}
	d.margin.Set(margin.Build{Site: result.Site, Documents: result.Documents, Problems: result.Problems, Now: d.now})
}

func post(title, more, text string) string {
	return fmt.Sprintf("---\ntitle: %s\ndate: 2026-01-01\ndescription: About %s.\n%s---\n%s\n", title, title, more, text)
}

func TestBesideAPage(t *testing.T) {
	d := newDesk(t, false, map[string]string{
		"site.yaml":          "title: Small Fish\nbaseURL: https://example.com/blog/\ntimeZone: America/Toronto\nimages: {share: false}\n",
		"content/posts/a.md": post("A", "titel: x\n", "One two [three](b.md#part) [four](b.md), [home](/), [itself](a.md), [same](https://example.com/blog/posts/c/) and [out](https://go.dev/) [again](https://go.dev/doc)."),
		"content/posts/b.md": post("B", "", "## Part\n\n[A](a.md)"),
		"content/posts/c.md": post("C", "draft: false\n", "Words. [gone](nowhere/)"),
		"content/posts/d.md": post("Draft", "draft: true\npublishDate: 2027-01-01\n", "Words."),
		"content/posts/e.md": post("Soon", "publishDate: 2026-06-02T09:00:00-04:00\n", "[A](a.md)"),
		"content/posts/f.md": post("Later", "publishDate: 2026-07-02\n", "Words."),
		"content/posts/g.md": post("Over", "expiryDate: 2026-05-02\n", "Words."),
	})
	got := d.margin.Beside("/posts/a/")
	want := margin.Notes{
		File: "content/posts/a.md", Words: 10, Minutes: 1, Outside: 2,
		To:       []margin.Link{{Title: "B", URL: "/blog/posts/b/"}, {Title: "Small Fish", URL: "/blog/"}, {Title: "C", URL: "/blog/posts/c/"}},
		From:     []margin.Link{{Title: "B", URL: "/blog/posts/b/"}},
		Findings: []margin.Finding{{Line: 5, Column: 1, Code: "unknown-key", Message: "unknown front-matter key `titel`", Hint: "did you mean `title`?", Source: "titel: x"}},
		Others:   []margin.Others{{File: "content/posts/c.md", URL: "/blog/posts/c/", Count: 1}},
		Numbers:  []margin.Numbers{},
		Waiting: []margin.Waiting{
			{Title: "Draft", File: "content/posts/d.md", State: "draft", Flags: "-D -F"},
			{Title: "Soon", File: "content/posts/e.md", State: "scheduled", On: "2026-06-02T09:00:00-04:00", Flags: "-F"},
			{Title: "Later", File: "content/posts/f.md", State: "scheduled", On: "2026-07-02T00:00:00-04:00", Flags: "-F"},
			{Title: "Over", File: "content/posts/g.md", State: "expired", On: "2026-05-02T00:00:00-04:00", Flags: "-E"},
		},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
	// An address that is no page has what the whole site has.
	nowhere := d.margin.Beside("/nowhere/")
	if nowhere.File != "" || len(nowhere.Waiting) != 4 || len(nowhere.Others) != 2 || len(nowhere.To)+len(nowhere.From) != 0 {
		t.Errorf("beside no page: %+v", nowhere)
	}
	// An edit shows in the margins of both ends.
	d.save("content/posts/b.md", post("B", "", "## Part\n\nNothing any more."))
	d.save("content/posts/c.md", post("C", "", "[A](a.md)"))
	d.build()
	if got := d.margin.Beside("/posts/a/"); len(got.From) != 1 || got.From[0].Title != "C" || len(got.Others) != 0 {
		t.Errorf("after the edit: %+v", got)
	}
	// So does a day that has come.
	d.now = d.now.AddDate(0, 0, 2)
	d.build()
	if got := d.margin.Beside("/posts/a/"); len(got.From) != 2 || len(got.Waiting) != 3 {
		t.Errorf("two days later: %+v", got)
	}
}

// A draft that is shown says what it is.
func TestBesideADraft(t *testing.T) {
	d := newDesk(t, true, map[string]string{
		"site.yaml":          "title: Small Fish\nbaseURL: https://example.com/\nimages: {share: false}\n",
		"content/posts/d.md": post("Draft", "draft: true\n", "Words."),
	})
	got := d.margin.Beside("/posts/d/")
	if got.State != "draft" || len(got.Waiting) != 1 || got.Waiting[0].URL != "/posts/d/" || got.Waiting[0].Flags != "" {
		t.Errorf("%+v", got)
	}
}

// Before there is a good build there are empty lists, not none.
func TestBesideNothing(t *testing.T) {
	var m margin.Margin
	if got := m.Beside("/"); got.Waiting == nil || got.Findings == nil || got.Numbers == nil {
		t.Errorf("%+v", got)
	}
}

// BenchmarkBeside asks for the notes of one page after an edit of its text, as an
// open page does.
func BenchmarkBeside(b *testing.B) {
	for _, n := range []int{1000} {
		b.Run(fmt.Sprint(n), func(b *testing.B) {
			files := map[string]string{"site.yaml": "title: Small Fish\nbaseURL: https://example.com/\nimages: {share: false}\n"}
			for i := range n {
				files[fmt.Sprintf("content/posts/p%d.md", i)] = post(fmt.Sprint("P", i), "", fmt.Sprintf("[next](p%d.md) %s", (i+1)%n, strings.Repeat("word ", 400)))
			}
			d := newDesk(b, false, files)
			for i := 0; b.Loop(); i++ {
				b.StopTimer()
				d.save("content/posts/p7.md", post("P7", "", fmt.Sprintf("[next](p8.md) edit %d", i)))
				d.build()
				b.StartTimer()
				d.margin.Beside("/posts/p7/")
			}
		})
	}
}
