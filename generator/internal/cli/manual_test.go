package cli

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"image"
	"image/jpeg"
	"io/fs"
	"maps"
	"os"
	"path"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"
)

const manual = "../../../content/docs"

// snippet is a piece of code that the manual shows.
type snippet struct {
	place    string // file and line of its fence
	language string
	marker   string // what a comment on the line before the fence says it is: <!-- example: MARKER -->
	text     string
}

// snippets finds the fenced pieces of a page of the manual.
func snippets(name, text string) []snippet {
	fence := regexp.MustCompile("^(`{3,})([a-z-]+)")
	marker := regexp.MustCompile(`^<!-- example: (.+) -->$`)
	var out []snippet
	said, end := "", ""
	for i, line := range strings.Split(text, "\n") {
		switch m := fence.FindStringSubmatch(line); {
		case end != "" && line == end:
			end, said = "", ""
		case end != "":
			out[len(out)-1].text += line + "\n"
		case m != nil:
			end = m[1]
			out = append(out, snippet{place: fmt.Sprintf("%s:%d", name, i+1), language: m[2], marker: said})
		case marker.MatchString(line):
			said = marker.FindStringSubmatch(line)[1]
		case line != "":
			said = ""
		}
	}
	return out
}

// files is a site in which the snippet stands where a reader would put it; none
// when a snippet is not for a site.
func (s snippet) files() (map[string]string, error) {
	const post = "content/posts/example.md"
	front := "---\ntitle: An example\ndate: 2026-10-01\n---\n"
	template := func(name string) map[string]string {
		text := s.text
		if !strings.HasPrefix(text, "{{define") && !strings.HasPrefix(name, "templates/shortcodes/") {
			text = "{{define \"main\"}}\n" + text + "{{end}}\n"
		}
		return map[string]string{name: text, post: front + "Text.\n"}
	}
	switch {
	case s.marker == "an archetype":
		text, err := fillText("archetype", s.text, newPost{Title: "An example", Name: "example", Date: "2026-10-01", Section: "posts"})
		return map[string]string{post: strings.Replace(text, "draft: true\n", "", 1)}, err
	case s.marker == "front matter":
		return map[string]string{post: "---\ntitle: An example\ndate: 2026-10-01\n" + s.text + "---\nText.\n"}, nil
	case strings.HasPrefix(s.marker, "templates/shortcodes/"):
		return map[string]string{s.marker: s.text, post: front + "{{< " + strings.TrimSuffix(filepath.Base(s.marker), ".html") + " 12 >}}\n"}, nil
	case strings.HasPrefix(s.marker, "templates/"):
		return template(s.marker), nil
	case strings.HasPrefix(s.marker, "content/"):
		return map[string]string{s.marker: s.text}, nil
	case s.marker != "":
		return nil, fmt.Errorf("`%s` says nothing of where the snippet belongs", s.marker)
	}
	switch s.language {
	case "yaml":
		return map[string]string{"site.yaml": s.text, post: front + "Text.\n"}, nil
	case "md", "markdown":
		if strings.HasPrefix(s.text, "---") {
			return map[string]string{post: s.text}, nil
		}
		return map[string]string{post: front + s.text}, nil
	case "html", "go-html-template":
		return template("templates/post.html"), nil
	case "toml":
		return map[string]string{post: s.text + "Text.\n"}, nil
	case "json":
		if strings.HasPrefix(s.text, `{"title"`) {
			return map[string]string{post: s.text + "Text.\n"}, nil
		}
		if !json.Valid([]byte(s.text)) {
			return nil, fmt.Errorf("this is not JSON")
		}
		return nil, nil
	case "go": // see TestReceiverOfTheManual
		return nil, nil
	case "sh", "caddy", "nginx", "ini", "text", "console":
		return nil, nil
	}
	return nil, fmt.Errorf("no test knows the language %s", s.language)
}

// around is the site that the manual speaks of, where a snippet leaves it out.
func around(files map[string]string) {
	for name, text := range map[string]string{
		"content/index.md":             "---\ntitle: Home\nform: true\n---\nWelcome.\n",
		"content/about.md":             "---\ntitle: About\n---\nText.\n",
		"content/thanks.md":            "---\ntitle: Thanks\n---\nText.\n",
		"content/docs/_index.md":       "---\ntitle: Manual\n---\nText.\n",
		"content/docs/forms.md":        "---\ntitle: Forms\n---\n## Fields\n",
		"content/posts/first-call.md":  "---\ntitle: The first call\ndate: 2026-09-01\ntags: [sales]\n---\nText.\n",
		"content/posts/the-bowl.md":    "---\ntitle: The bowl\ndate: 2026-09-02\n---\nText.\n",
		"content/images/funnel.svg":    `<svg xmlns="http://www.w3.org/2000/svg" width="4" height="3"/>`,
		"templates/assets/own.css":     "p { margin: 0 }\n",
		"content/_files/checklist.pdf": "%PDF-1.4",
	} {
		if _, given := files[name]; !given {
			files[name] = text
		}
	}
	for _, name := range slices.Sorted(maps.Keys(files)) {
		for _, picture := range []string{"booth.jpg", "portrait.jpg"} {
			if strings.HasSuffix(name, ".md") && strings.Contains(files[name], picture) {
				files[filepath.ToSlash(filepath.Join(filepath.Dir(name), picture))] = photograph()
			}
		}
	}
	yaml := files["site.yaml"]
	for _, needed := range []string{"title: The small letter", "baseURL: https://example.com/", "timeZone: UTC",
		"forms: {newsletter: {fields: [{name: email, type: email}]}, call: {fields: [{name: email, type: email}]}}"} {
		if key, _, _ := strings.Cut(needed, ":"); !regexp.MustCompile(`(?m)^` + key + `:`).MatchString(yaml) {
			yaml += needed + "\n"
		}
	}
	files["site.yaml"] = yaml
}

// photograph is a small picture as a file.
func photograph() string {
	var b strings.Builder
	if err := jpeg.Encode(&b, image.NewGray(image.Rect(0, 0, 8, 6)), nil); err != nil {
		panic(err) // nothing about it can fail
	}
	return b.String()
}

func pagesOfManual(t *testing.T) map[string]string {
	t.Helper()
	names, err := filepath.Glob(manual + "/*.md")
	if err != nil || len(names) < 8 {
		t.Fatal(err, names)
	}
	out := map[string]string{}
	for _, name := range append(names, "../../../README.md") {
		text, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		out[filepath.Base(name)] = string(text)
	}
	return out
}

// TestSnippetsOfTheManual builds a site with each piece of settings, text and
// template that the manual shows; a warning counts.
func TestSnippetsOfTheManual(t *testing.T) {
	pages, built := pagesOfManual(t), 0
	for _, name := range slices.Sorted(maps.Keys(pages)) {
		for _, s := range snippets(name, pages[name]) {
			files, err := s.files()
			if err != nil {
				t.Errorf("%s: %v", s.place, err)
			}
			if files == nil {
				continue
			}
			around(files)
			dir := t.TempDir()
			for at, text := range files {
				at = filepath.Join(dir, filepath.FromSlash(at))
				if err := os.MkdirAll(filepath.Dir(at), 0o755); err != nil {
					t.Fatal(err)
				}
				if err := os.WriteFile(at, []byte(text), 0o644); err != nil {
					t.Fatal(err)
				}
			}
			var said bytes.Buffer
			w := World{Getenv: func(string) string { return "" }, Stdout: &said, Stderr: &said, Now: func() time.Time { return time.Date(2026, 11, 1, 0, 0, 0, 0, time.UTC) }}
			if status := Run(context.Background(), []string{"check", "--strict", "-s", dir}, w); status != 0 {
				t.Errorf("%s: the snippet\n%s\ndoes not do:\n%s", s.place, s.text, &said)
			}
			built++
		}
	}
	if built < 30 {
		t.Errorf("only %d snippets found", built)
	}
}

// TestCommandsOfTheManual: each command line in the manual and the README is one
// that the program takes, flags included. Nothing is run.
func TestCommandsOfTheManual(t *testing.T) {
	pages, found := pagesOfManual(t), 0
	inText := regexp.MustCompile("`(?:[A-Z_]+=\\S+ )*(cardbowl [^`]+)`")
	for _, name := range slices.Sorted(maps.Keys(pages)) {
		for i, line := range strings.Split(pages[name], "\n") {
			lines := []string{}
			for _, m := range inText.FindAllStringSubmatch(line, -1) {
				lines = append(lines, m[1])
			}
			bare := regexp.MustCompile(`^(?:\S+=\S+ |go tool |ExecStart=\S*/)*(cardbowl .+)`)
			if m := bare.FindStringSubmatch(line); m != nil {
				lines = append(lines, m[1])
			}
			for _, l := range lines {
				found++
				if err := takes(l, len(lines) == 1 && strings.HasSuffix(line, l)); err != nil {
					t.Errorf("%s:%d: `%s`: %v", name, i+1, l, err)
				}
			}
		}
	}
	if found < 30 {
		t.Errorf("only %d command lines found", found)
	}
}

// takes tells whether the program knows a command and its flags; whole also asks
// for its arguments.
func takes(line string, whole bool) error {
	line, _, _ = strings.Cut(line, " #")
	line, _, _ = strings.Cut(line, " > ")
	var words []string
	for _, m := range regexp.MustCompile(`"([^"]*)"|(\S+)`).FindAllStringSubmatch(line, -1) {
		words = append(words, m[1]+m[2])
	}
	root, _ := commands(World{})
	root.InitDefaultCompletionCmd()
	root.InitDefaultHelpCmd()
	c, rest, err := root.Find(words[1:])
	if err == nil && c.Name() == "help" { // of a topic or a command
		c, rest, err = root.Find(rest)
	}
	if err != nil {
		return err
	}
	if c == root && (len(words) < 2 || words[1] != "COMMAND" && !strings.HasPrefix(words[1], "-")) {
		return fmt.Errorf("there is no such command")
	}
	if c.HasParent() && c.HasAvailableSubCommands() && len(rest) > 0 && !strings.HasPrefix(rest[0], "-") && strings.ToLower(rest[0]) == rest[0] {
		return fmt.Errorf("`%s` has no command `%s`", c.CommandPath(), rest[0])
	}
	c.InitDefaultHelpFlag()
	if err := c.ParseFlags(rest); err != nil {
		return err
	}
	if whole {
		return c.ValidateArgs(c.Flags().Args())
	}
	return nil
}

// TestManualNamesTheTheme: whoever changes the theme finds each of its files in
// the manual.
func TestManualNamesTheTheme(t *testing.T) {
	page := pagesOfManual(t)["templates.md"]
	for pattern, ending := range map[string]string{"*.html": "", "partials/*.html": ".html", "assets/*": ""} {
		names, err := fs.Glob(theme(), pattern)
		if err != nil || len(names) < 4 {
			t.Fatal(err, names)
		}
		for _, name := range names {
			if name = strings.TrimSuffix(path.Base(name), ending); !strings.Contains(page, "`"+name+"`") {
				t.Errorf("templates.md does not name `%s` of %s", name, pattern)
			}
		}
	}
}
