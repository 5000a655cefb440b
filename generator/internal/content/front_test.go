package content

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"cardbowl/generator/internal/diag"
	"cardbowl/generator/internal/memo"
)

// TestSpellings: the same front matter in the words and forms of others.
func TestSpellings(t *testing.T) {
	zone := settings().Zone
	want := FrontMatter{
		Title: "A title", Date: time.Date(2026, 1, 2, 0, 0, 0, 0, zone), Lastmod: time.Date(2026, 1, 3, 9, 30, 0, 0, zone), Slug: "s", Aliases: []string{"/old/"},
		Description: "D", Summary: "S", Terms: map[string][]string{"tags": {"a", "b"}, "categories": {"c"}}, Authors: []string{"Ann"}, Images: []string{"i.svg"},
		Layout: "wide", Weight: 3, Form: FormChoice{Name: "call"}, Params: map[string]any{"colour": "blue"},
	}
	for name, text := range map[string]string{
		"Hugo":                    "---\ntitle: A title\ndate: 2026-01-02\nlastmod: 2026-01-03T09:30:00-05:00\nslug: s\naliases: [/old/]\ndescription: D\nsummary: S\ntags: [a, b, a]\ncategories: [c]\nauthor: Ann\nimages: [i.svg]\nlayout: wide\nweight: 3\nform: call\nparams: {colour: blue}\n---\n",
		"any case, others' words": "---\nTITLE: A title\nDate: 2026-01-02\nlast_modified_at: 2026-01-03 14:30:00 Z\nSlug: s\nredirect_from: /old/\nDescription: D\nexcerpt: S\nTags: a, b\ncategory: c\nauthors: [Ann]\nimage: i.svg\ntemplate: wide.html\nweight: 3\nform: call\nextra: {colour: blue}\n---\n",
		"TOML":                    "+++\ntitle = \"A title\"\ndate = 2026-01-02\nupdated = 2026-01-03T09:30:00\nslug = \"s\"\naliases = [\"/old/\"]\ndescription = \"D\"\nsummary = \"S\"\ntags = [\"a\", \"b\"]\ncategories = [\"c\"]\nauthor = \"Ann\"\nimages = [\"i.svg\"]\nlayout = \"wide\"\nweight = 3\nform = \"call\"\n[params]\ncolour = \"blue\"\n+++\n",
		"JSON":                    "{\"title\": \"A title\", \"date\": \"2026-01-02\", \"lastmod\": \"2026-01-03 09:30\", \"slug\": \"s\",\n\t\"aliases\": [\"\\/old\\/\"], \"description\": \"D\", \"summary\": \"S\", \"tags\": [\"a\", \"b\"], \"categories\": \"c\", \"author\": \"Ann\",\n\"images\": \"i.svg\", \"layout\": \"wide\", \"weight\": 3, \"form\": \"call\", \"params\": {\"colour\": \"blue\"}}\n",
	} {
		t.Run(name, func(t *testing.T) {
			d := parsed(text + "Body")
			if len(d.Problems) > 0 {
				t.Fatal(d.Problems)
			}
			d.Front.Places = nil
			if diff := cmp.Diff(want, d.Front, cmp.Comparer(func(a, b time.Time) bool { return a.Equal(b) && a.Location().String() == b.Location().String() })); diff != "" {
				t.Error(diff)
			}
			if shown(d.Body) != "<p>Body</p>\n" {
				t.Errorf("body %q", shown(d.Body))
			}
		})
	}
}

func TestFrontMatterForms(t *testing.T) {
	for _, c := range []struct{ text, title, body string }{
		{"Only text", "", "Only text"},
		{"---\n---\nText", "", "Text"},
		{"---\n# a comment\n---\nText", "", "Text"},
		{"\n\n---\ntitle: T\n---\nText", "T", "Text"},
		{"---\ntitle: T\n---", "T", ""},
		{"--- \ntitle: T\n---  \nText", "T", "Text"},
		{"{\"title\": \"T\"}", "T", ""},
		{"{\n\"title\": \"{T}\"\n}\n\nText", "{T}", "Text"},
		{"{}\nText", "", "Text"},
		{"{a} is no front matter", "", "{a} is no front matter"},
	} {
		d := parsed(c.text)
		body := ""
		if c.body != "" {
			body = "<p>" + c.body + "</p>\n"
		}
		if d.Problems.HasErrors() || d.Front.Title != c.title || shown(d.Body) != body {
			t.Errorf("%q: title %q, body %q\n%s", c.text, d.Front.Title, shown(d.Body), d.Problems)
		}
	}
}

func TestPublished(t *testing.T) {
	for value, draft := range map[string]bool{"true": false, "false": true} {
		if got := parsed("---\npublished: " + value + "\n---\n").Front.Draft; got != draft {
			t.Errorf("published: %s makes draft %v", value, got)
		}
	}
	if got := parsed("---\npublished: 2026-01-02\n---\n").Front.PublishDate; got.Year() != 2026 {
		t.Errorf("published as a date: %v", got)
	}
}

func TestNames(t *testing.T) {
	for file, want := range map[string]string{
		"content/posts/2026-01-02-a-post.md":       "2026-01-02 a-post",
		"content/posts/2026-01-02-a-post/index.md": "2026-01-02 a-post",
		"content/posts/2026-13-45-a-post.md":       "0001-01-01 ",
		"content/posts/a-post.md":                  "0001-01-01 ",
	} {
		d := Parse(file, memo.Digest{}, []byte("Text"), settings(), newConverter(Settings{}))
		if got := d.Front.Date.Format(time.DateOnly) + " " + d.Front.Slug; got != want {
			t.Errorf("%s: %q, want %q", file, got, want)
		}
	}
}

// TestFrontMatterProblems: each at its line and column in the file. The printed
// form of many is in the story build_broken_front_matter.
func TestFrontMatterProblems(t *testing.T) {
	for _, c := range []struct{ text, want string }{
		{"---\ntitle: a: b\n---\n", "2:9 broken YAML: mapping values are not allowed in this context"},
		{"\n\n---\nx: [\n---\n", "4:4 broken YAML: did not find expected node content"},
		{"---\ntitle: T\n", "1:1 the front matter is not closed"},
		{"{\"title\": \"T\"\n", "1:1 the front matter is not closed"},
		{"{\n\"a\": 1,\n\"b\": tru\n}\n", "3:9 broken JSON: invalid character '\\n' in literal true (expecting 'e')"},
		{"+++\na = 1\na = 2\n+++\n", "3:1 broken TOML: Key 'a' has already been defined."},
		{"+++\n\nweight = \"x\"\n+++\n", "3:1 `weight` must be a whole number"},
		{"{\n\n\"weight\": \"x\"\n}\n", "3:1 `weight` must be a whole number"},
		{"---\na: 1\n? [x]\n: 1\n<<: {a: 1}\n---\n", "3:3 a key must be a plain word"},
		{"---\nform: [a]\n---\n", "2:7 `form` must be text"},
		{"---\naliases: {a: b}\n---\n", "2:10 `aliases` must be a list"},
		{"---\ntags: [[a]]\n---\n", "2:8 `tags` must be text"},
		{"---\ndate: 2026-02-30\n---\n", "2:7 `date` is not a date: `2026-02-30`"},
	} {
		errors := parsed(c.text).Problems.Only(diag.Error)
		if len(errors) == 0 {
			t.Errorf("%q: no error", c.text)
			continue
		}
		if got := fmt.Sprintf("%d:%d %s", errors[0].Line, errors[0].Column, errors[0].Message); got != c.want {
			t.Errorf("%q:\ngot  %s\nwant %s", c.text, got, c.want)
		}
	}
}

// FuzzFrontMatter looks for front matter that crashes, whose values have no
// digest, or whose problems have no place.
func FuzzFrontMatter(f *testing.F) {
	for _, front := range []string{"title: T\ndate: 2026-01-02\ntags: [a]", "? [x]\n: 1\n<<: {a: 1}", "x: &x [*x]", "params: {? {a: b} : c}", "a: !!binary x\nb: !!float .nan\nc: !!timestamp 2026-01-01",
		"params:\n  <<: [{a: 1}, {b: 2}]\n", "title: 'a", "published: 2026", "draft: !!bool x", "x: !y {? 1.5 : 2}"} {
		f.Add("---", front, "---")
	}
	f.Add("+++", "a = 1979-05-27T07:32:00\nb = [[1], [\"x\"]]\n[c]\nd = inf", "+++")
	f.Add("{", "\"a\": [1e400, null, {\"b\": {}}]", "}")
	f.Fuzz(func(t *testing.T, begin, front, end string) {
		text := begin + "\n" + front + "\n" + end + "\nText\n"
		d := parsed(text)
		memo.Of(d.Front)
		for _, p := range d.Problems {
			if p.File == "" || p.Line < 1 || p.Column < 1 || p.Line > strings.Count(text, "\n")+strings.Count(text, "\r")+1 {
				t.Errorf("a problem without a place: %+v", p)
			}
		}
	})
}
