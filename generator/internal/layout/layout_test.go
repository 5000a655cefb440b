package layout_test

import (
	"context"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/fstest"
	"time"

	"cardbowl/generator/internal/diag"
	"cardbowl/generator/internal/layout"
	"cardbowl/generator/internal/memo"
	"cardbowl/generator/internal/source"
)

func settings() layout.Settings {
	return layout.Settings{BaseURL: "https://example.com/blog/", BasePath: "/blog/",
		Assets: map[string]string{"site.css": "assets/site.1.css", "bowl.js": "assets/bowl.1.js", "icon.svg": "assets/icon.svg"}}
}

// theme is a small one: two layouts, a partial each uses, one only a post does,
// and one nobody uses.
func theme() map[string]string {
	return map[string]string{
		"base.html":               `<title>{{upper .Title}}</title>{{asset "site.css"}}{{template "partials/all.html" .}}{{block "main" .}}nothing{{end}}`,
		"post.html":               `{{define "main"}}post {{template "partials/signature.html" .}}{{end}}`,
		"list.html":               `{{define "main"}}list {{.Title | lower}}{{if .Title}}{{asset "icon.svg"}}{{end}}{{end}}`,
		"partials/all.html":       `all`,
		"partials/signature.html": `yours {{template "partials/deep.html" .}}`,
		"partials/deep.html":      `deep`,
		"partials/nobody.html":    `unused`,
		"assets/site.css":         `{{ not a template`,
		"emails/own.html":         `{{`,
		"notes.txt":               `{{`,
	}
}

func load(t *testing.T, files map[string]string, s layout.Settings) (layout.Set, diag.List) {
	t.Helper()
	dir := t.TempDir()
	for name, text := range files {
		at := filepath.Join(dir, "templates", name)
		if err := os.MkdirAll(filepath.Dir(at), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(at, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.WriteFile(filepath.Join(dir, source.ConfigFile), nil, 0o644); err != nil {
		t.Fatal(err)
	}
	tree, problems, err := source.NewReader(dir, fstest.MapFS{}, time.Now).Read(context.Background())
	if err != nil || len(problems) > 0 {
		t.Fatal(err, problems)
	}
	set, problems, err := layout.Load(tree, s)
	if err != nil {
		t.Fatal(err)
	}
	return set, problems
}

func render(t *testing.T, set layout.Set, name string, data any) string {
	t.Helper()
	l, found := set.Get(name)
	if !found {
		t.Fatalf("no layout %s among %v", name, set.Names())
	}
	var b strings.Builder
	if d := l.Render(&b, data); d != nil {
		t.Fatal(d)
	}
	return b.String()
}

func TestRender(t *testing.T) {
	set, problems := load(t, theme(), settings())
	if len(problems) > 0 {
		t.Fatal(problems)
	}
	if got := fmt.Sprint(set.Names()); got != "[list post]" {
		t.Errorf("layouts %s", got)
	}
	data := map[string]any{"Title": "T & x"}
	// base.html calls functions of ours: parsing it under its own name must not
	// lose them.
	if got, want := render(t, set, "post", data), "<title>T &amp; X</title>/blog/assets/site.1.cssallpost yours deep"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
	if got, want := render(t, set, "list", data), "<title>T &amp; X</title>/blog/assets/site.1.cssalllist t &amp; x/blog/assets/icon.svg"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
}

// TestClosure: which edits a layout's digest sees.
func TestClosure(t *testing.T) {
	closures := func(files map[string]string, s layout.Settings) map[string]memo.Digest {
		set, problems := load(t, files, s)
		if len(problems) > 0 {
			t.Fatal(problems)
		}
		out := map[string]memo.Digest{}
		for _, name := range set.Names() {
			l, _ := set.Get(name)
			out[name] = l.Closure
		}
		return out
	}
	before := closures(theme(), settings())
	if before["post"] == before["list"] {
		t.Error("two layouts, one digest")
	}
	for _, c := range []struct {
		name, file, text string
		assets           string
		want             string
	}{
		{"nothing", "", "", "", ""},
		{"base", "base.html", `{{block "main" .}}{{end}}{{asset "site.css"}}`, "", "list post"},
		{"partial of all", "partials/all.html", "other", "", "list post"},
		{"partial of posts", "partials/signature.html", "other", "", "post"},
		{"partial of a partial", "partials/deep.html", "other", "", "post"},
		{"partial of nobody", "partials/nobody.html", "other", "", ""},
		{"another layout", "list.html", `{{define "main"}}other{{end}}`, "", "list"},
		{"asset of all", "", "", "site.css", "list post"},
		{"asset of lists, in a branch", "", "", "icon.svg", "list"},
		{"asset nobody names", "", "", "bowl.js", ""},
		{"a template no layout is", "notes.txt", "other", "", ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			files, s := theme(), settings()
			if c.file != "" {
				files[c.file] = c.text
			}
			if c.assets != "" {
				s.Assets = maps.Clone(s.Assets)
				s.Assets[c.assets] = "assets/other"
			}
			after := closures(files, s)
			var changed []string
			for _, name := range []string{"list", "post"} {
				if before[name] != after[name] {
					changed = append(changed, name)
				}
			}
			if got := strings.Join(changed, " "); got != c.want {
				t.Errorf("changed: %q, want %q", got, c.want)
			}
		})
	}
	s := settings()
	s.BaseURL, s.BasePath = "https://example.com/", "/"
	for name, digest := range closures(theme(), s) {
		if digest == before[name] {
			t.Errorf("%s does not see another base URL", name)
		}
	}
}

func TestProblems(t *testing.T) {
	for _, c := range []struct{ name, file, text, want, hint string }{
		{"unclosed action", "post.html", "{{define \"main\"}}\n{{.Title}\n{{end}}", "templates/post.html:2:1 bad character U+007D '}'", "what begins with {{ ends with }}"},
		{"no end", "post.html", "{{define \"main\"}}\n{{if .Title}}\n", "templates/post.html:3:1 unexpected EOF", "no {{end}}"},
		{"unknown function", "post.html", "{{define \"main\"}}\n\t{{uper .Title}}{{end}}", "templates/post.html:2:4 function \"uper\" not defined", "did you mean `upper`?"},
		{"missing partial", "post.html", "{{define \"main\"}}{{template \"partials/al.html\"}}{{end}}", "templates/post.html:1:29 no template is called \"partials/al.html\"", "did you mean `partials/all.html`?"},
		{"missing asset", "post.html", "{{define \"main\"}}{{with .Title}}{{asset \"sit.css\"}}{{end}}{{end}}", "templates/post.html:1:35 no asset is called \"sit.css\"", "did you mean `site.css`?"},
		{"computed asset", "post.html", "{{define \"main\"}}{{asset .Title}}{{end}}", "templates/post.html:1:20 asset takes one name in quotes", "write `{{asset \"site.css\"}}`"},
		{"broken partial, said once", "partials/all.html", "x\n{{range}}", "templates/partials/all.html:2:1 missing value for range", ""},
		{"computed template", "post.html", "{{define \"main\"}}{{template .Title}}{{end}}", "templates/post.html:1:1 unexpected \".Title\" in template clause", ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			files := theme()
			files[c.file] = c.text
			_, problems := load(t, files, settings())
			if len(problems) != 1 {
				t.Fatalf("want one problem, got %s", problems)
			}
			p := problems[0]
			if got := fmt.Sprintf("%s %s", p.Position(), p.Message); got != c.want || !strings.Contains(p.Hint, c.hint) {
				t.Errorf("got  %s (%s)\nwant %s (%s)", got, p.Hint, c.want, c.hint)
			}
		})
	}
	files := theme()
	delete(files, "base.html")
	if _, problems := load(t, files, settings()); len(problems) != 1 || problems[0].File != "templates/base.html" {
		t.Errorf("a missing base.html: %v", problems)
	}
}

func TestFailuresWhileRendering(t *testing.T) {
	type page struct{ Title string }
	for text, want := range map[string]string{
		"{{define \"main\"}}\nä {{.Titel}}{{end}}":          "templates/post.html:2:6 there is no field `Titel` in `.`, which is of the type page here",
		"{{define \"main\"}}{{index .Title 99}}{{end}}":     "templates/post.html:1:20 `index .Title 99`: index out of range: 99",
		"{{define \"main\"}}{{dict \"a\"}}{{end}}":          "templates/post.html:1:20 `dict \"a\"`: dict takes pairs of a key and a value",
		"{{define \"main\"}}{{template \"main\" .}}{{end}}": "templates/post.html:1:29 ",
	} {
		files := theme()
		files["post.html"] = text
		set, problems := load(t, files, settings())
		if len(problems) > 0 {
			t.Fatal(problems)
		}
		l, _ := set.Get("post")
		var b strings.Builder
		d := l.Render(&b, page{"T"})
		if d == nil {
			t.Errorf("%s renders", text)
			continue
		}
		if got := d.Position() + " " + d.Message; !strings.HasPrefix(got, want) {
			t.Errorf("got %q, want %q", got, want)
		}
	}
}

func TestFunctions(t *testing.T) {
	toronto := time.FixedZone("EST", -5*3600)
	data := map[string]any{"Empty": "", "List": []string{"a", "b"}, "Day": time.Date(2026, 1, 2, 0, 0, 0, 0, toronto), "Hour": time.Date(2026, 1, 2, 9, 30, 0, 0, toronto), "HTML": "<b>x</b>"}
	for call, want := range map[string]string{
		`{{asset "icon.svg"}}`:                 "/blog/assets/icon.svg",
		`{{absURL "/posts/a/"}}`:               "https://example.com/blog/posts/a/",
		`{{absURL "/blog/posts/a/"}}`:          "https://example.com/blog/posts/a/",
		`{{relURL "/posts/a/"}}`:               "/blog/posts/a/",
		`{{date "2 January 2006" .Day}}`:       "2 January 2026",
		`{{isoDate .Day}}`:                     "2026-01-02",
		`{{isoDate .Hour}}`:                    "2026-01-02T09:30:00-05:00",
		`{{.Empty | default "x"}}`:             "x",
		`{{.Missing | default "x"}}`:           "x",
		`{{default "x" "y"}}`:                  "y",
		`{{join .List ", "}}`:                  "a, b",
		`{{(dict "a" 1 "b" 2).b}}`:             "2",
		`{{.HTML}}`:                            "&lt;b&gt;x&lt;/b&gt;",
		`{{safeHTML .HTML}}`:                   "<b>x</b>",
		`{{upper "ä"}}{{lower "Ä"}}`:           "Ää",
		`<a href="{{"javascript:alert(1)"}}">`: `<a href="#ZgotmplZ">`,
	} {
		set, problems := load(t, map[string]string{"base.html": call, "post.html": ""}, settings())
		if len(problems) > 0 {
			t.Errorf("%s: %s", call, problems)
			continue
		}
		if got := render(t, set, "post", data); got != want {
			t.Errorf("%s: %q, want %q", call, got, want)
		}
	}
}

// A phrase is said in the language of the site wherever it stands; what stands
// around it stays what it was, escaping and all.
func TestSay(t *testing.T) {
	data := map[string]any{"Yes": true, "List": []int{1, 2}, "Word": "Next", "None": "", "Day": time.Date(2026, 5, 24, 0, 0, 0, 0, time.UTC)}
	for call, want := range map[string]string{
		`{{say "Next"}}`:                           "Suivant",
		`{{- say "Next" -}}`:                       "Suivant",
		`a {{say "Next"}} b`:                       "a Suivant b",
		`{{if .Yes}}{{say "Next"}}{{end}}`:         "Suivant",
		`{{if .No}}x{{else}}{{say "Next"}}{{end}}`: "Suivant",
		`{{with .None}}x{{else}}{{range .Missing}}y{{end}}{{say "Next"}}{{end}}`:     "Suivant",
		`{{range .List}}{{if .}}{{with .}}{{say "Next"}}{{.}} {{end}}{{end}}{{end}}`: "Suivant1 Suivant2 ",
		`{{say .Word}}`:                                       "Suivant",
		`{{.Word | say}}`:                                     "Suivant",
		`{{say "What I <say> & mean"}}`:                       "What I &lt;say&gt; &amp; mean",
		`<a title="{{say "A \"quote\""}}">`:                   `<a title="A &#34;quote&#34;">`,
		`{{printf "%s!" (say "Next")}}`:                       "Suivant!",
		`{{default (say "Next") .None}}`:                      "Suivant",
		`{{default (default (say "Next") .None) .None}}`:      "Suivant",
		`{{date (say "2 January 2006") .Day}}`:                "24 mai 2026",
		`{{$x := say "Next"}}{{$x}}`:                          "Suivant",
		`{{define "a"}}{{say "Next"}}{{end}}{{template "a"}}`: "Suivant",
		`{{template "partials/p.html" (say "Older")}}`:        "Suivant: Plus anciens",
	} {
		s := settings()
		s.Language = "fr-CA"
		set, problems := load(t, map[string]string{"base.html": call, "post.html": "", "partials/p.html": `{{say "Next"}}: {{.}}`}, s)
		if len(problems) > 0 {
			t.Errorf("%s: %s", call, problems)
			continue
		}
		if got := render(t, set, "post", data); got != want {
			t.Errorf("%s: %q, want %q", call, got, want)
		}
	}
	english, _ := load(t, theme(), settings())
	s := settings()
	s.Language = "fr"
	french, _ := load(t, theme(), s)
	a, _ := english.Get("post")
	b, _ := french.Get("post")
	if a.Closure == b.Closure {
		t.Error("a layout in another language is taken for the same")
	}
}
