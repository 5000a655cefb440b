package reference

import (
	"html/template"
	"io/fs"
	"path"
	"reflect"
	"regexp"
	"slices"
	"strings"
	"time"

	"cardbowl/generator/internal/comments"
	"cardbowl/generator/internal/config"
	"cardbowl/generator/internal/content"
	"cardbowl/generator/internal/diag"
	"cardbowl/generator/internal/layout"
	"cardbowl/generator/internal/memo"
	"cardbowl/generator/internal/page"
)

// Topic is one subject of the reference.
type Topic struct {
	Name     string // as in `cardbowl help NAME`
	Short    string // in a list of topics
	Intro    string // markdown
	Sections []Section
}

// Section is one table.
type Section struct {
	Title   string
	About   string // markdown; may be empty
	Noun    string // what each row is: key, field, function, argument, variable
	Rows    []Row
	Example string // may be empty
}

// Row is one thing that can be written.
type Row struct {
	Name    string
	Kind    string // of its value; may be empty
	Default string // may be empty
	Example string // may be empty
	About   string // markdown
}

// Topics are all there are. theme is the built-in one.
func Topics(theme fs.FS) []Topic {
	return []Topic{Settings(theme), FrontMatter(), Templates(), Shortcodes(theme), Checks()}
}

// Settings are the keys of site.yaml.
func Settings(theme fs.FS) Topic {
	keys := config.Keys()
	t := Topic{Name: "site.yaml", Short: "Every key of site.yaml, with its default",
		Intro:    "All keys have defaults; an empty file will do. Upper and lower case matter: it is `baseURL`. A key that is not here is an error, with the nearest one beside it.",
		Sections: []Section{{Title: "The top of the file", Noun: "key", Rows: keyRows(keys)}}}
	t.Sections = append(t.Sections, groups(keys, "", keys)...)
	for i, s := range t.Sections {
		if s.Title == "images" { // after which the theme's variables stand in the file
			rest := append([]Section{variables(theme)}, t.Sections[i+1:]...)
			t.Sections = append(t.Sections[:i+1], rest...)
			break
		}
	}
	return t
}

func keyRows(keys []config.Key) []Row {
	var out []Row
	for _, k := range keys {
		about := k.About
		if len(k.Value.OneOf) > 0 {
			about += " One of `" + strings.Join(k.Value.OneOf, "`, `") + "`."
		}
		out = append(out, Row{Name: k.Name, Kind: k.Value.String(), Default: k.Default, About: about})
	}
	return out
}

// groups are the keys one level down and further, each group a section named by
// the way to it as it stands in the file. One that is the same at the top of the
// file is shown there alone.
func groups(keys []config.Key, inside string, top []config.Key) []Section {
	var out []Section
	for _, k := range keys {
		title := inside + k.Name
		v := k.Value
		for v.Of != nil {
			if v.Kind == config.Names {
				title += ": NAME"
			}
			v = *v.Of
		}
		asAtTheTop := inside != "" && slices.ContainsFunc(top, func(o config.Key) bool { return o.Name == k.Name && reflect.DeepEqual(o.Value, k.Value) })
		if v.Kind != config.Group || asAtTheTop {
			continue
		}
		out = append(out, Section{Title: title, Noun: "key", Rows: keyRows(v.Keys)})
		out = append(out, groups(v.Keys, title+": ", top)...)
	}
	return out
}

var (
	firstRoot = regexp.MustCompile(`(?s):root\s*\{(.*?)\n\}`)
	variable  = regexp.MustCompile(`(?m)^\s*--([\w-]+):\s*(.*?);\s*/\*\s*(.*?)\s*\*/`)
)

// variables are those that the theme's stylesheet declares at its top.
func variables(theme fs.FS) Section {
	s := Section{Title: "theme", Noun: "variable"}
	sheet, err := fs.ReadFile(theme, "assets/site.css")
	if err != nil {
		return s
	}
	if root := firstRoot.FindSubmatch(sheet); root != nil {
		for _, m := range variable.FindAllSubmatch(root[1], -1) {
			s.Rows = append(s.Rows, Row{Name: string(m[1]), Default: string(m[2]), About: string(m[3])})
		}
	}
	return s
}

// FrontMatter is the keys above a text.
func FrontMatter() Topic {
	ours := Section{Title: "Keys", Noun: "key"}
	theirs := Section{Title: "Other programs' words", Noun: "key"}
	for _, k := range content.Keys() {
		if k.Foreign {
			theirs.Rows = append(theirs.Rows, Row{Name: k.Name, Kind: k.Kind, About: k.About})
			continue
		}
		ours.Rows = append(ours.Rows, Row{Name: k.Name, Kind: k.Kind, Example: k.Example, About: k.About})
		if len(k.Also) > 0 {
			theirs.Rows = append(theirs.Rows, Row{Name: strings.Join(k.Also, ", "), Kind: k.Kind, About: "`" + k.Name + "`"})
		}
	}
	return Topic{Name: "front-matter", Short: "Every key that may stand above a text",
		Intro:    "Front matter stands at the top of a text: YAML between lines of `---`, TOML between lines of `+++`, or JSON. No key is needed, and case makes no difference.",
		Sections: []Section{ours, theirs}}
}

// Checks are the findings that a writer may judge otherwise.
func Checks() Topic {
	s := Section{Title: "Checks", Noun: "check"}
	for _, c := range diag.Checks() {
		s.Rows = append(s.Rows, Row{Name: c.Code, About: c.About})
	}
	return Topic{Name: "checks", Short: "What is found in texts besides mistakes, and how to silence it",
		Intro:    "A finding ends with its name in brackets. `check: {NAME: off}` in site.yaml silences it everywhere, `warning` and `error` choose how grave it is; `<!-- cardbowl-ignore NAME -->` in a text silences it there.",
		Sections: []Section{s}}
}

// Templates is what layouts, partials and shortcodes get, and what they may call.
func Templates() Topic {
	t := Topic{Name: "templates", Short: "What templates get, and the functions they may call",
		Intro: "The language is that of Go's html/template. A partial sees what it is handed, most often the dot. Entries of a list show their fields within `range`: `{{range .Items}}{{.Title}}{{end}}`."}
	for _, described := range page.Contract() {
		t.Sections = append(t.Sections, fieldSection(described))
	}
	functions := Section{Title: "Functions", Noun: "function", About: "Besides these there are Go's own: `if`, `range`, `with`, `eq`, `and`, `or`, `not`, `len`, `index`, `slice`, `printf` and so on."}
	for _, f := range layout.Functions() {
		example, about, _ := strings.Cut(f.Comment, "}} ")
		functions.Rows = append(functions.Rows, Row{Name: f.Key, Example: example + "}}", About: strings.TrimPrefix(about, "is ")})
	}
	t.Sections = append(t.Sections, functions)
	return t
}

// within is where a type is found; the others are entries of lists.
func within(typeName string) string {
	return map[string]string{"Site": ".Site", "Page": ".Page", "Pager": ".Pager", "Organization": ".Site.Organization", "Series": ".Page.Series", "Image": ".Page.SocialImage"}[typeName]
}

func fieldSection(described comments.Type) Section {
	about := described.Comment
	if rest, found := strings.CutPrefix(about, described.Name+" is "); found {
		about = strings.ToUpper(rest[:1]) + rest[1:]
	}
	s := Section{Title: described.Name, About: about, Noun: "field"}
	for _, f := range described.Fields {
		if f.Type == reflect.TypeFor[memo.Digest]() {
			continue // the program's own
		}
		s.Rows = append(s.Rows, Row{Name: within(described.Name) + "." + f.Name, Kind: kind(f.Type), About: f.Comment})
	}
	return s
}

// kind is a type in a reader's words.
func kind(t reflect.Type) string {
	switch t {
	case reflect.TypeFor[template.HTML]():
		return "HTML"
	case reflect.TypeFor[template.JS]():
		return "script"
	case reflect.TypeFor[time.Time]():
		return "date"
	}
	switch t.Kind() {
	case reflect.String:
		return "text"
	case reflect.Int:
		return "number"
	case reflect.Bool:
		return "true or false"
	case reflect.Slice:
		return "list of " + kind(t.Elem())
	case reflect.Map:
		return kind(t.Elem()) + " by name"
	case reflect.Pointer:
		return kind(t.Elem())
	case reflect.Struct:
		return t.Name()
	}
	return "anything"
}

// Shortcodes are those of the theme, described at the top of their files.
func Shortcodes(theme fs.FS) Topic {
	t := Topic{Name: "shortcodes", Short: "The built-in shortcodes and their arguments",
		Intro: "A call stands alone on its line. Arguments are words, or texts in double quotes, with or without a name. Some have an end, `{{< /NAME >}}`, and markdown before it.",
		// The one that no file of the theme makes.
		Sections: []Section{{Title: "form", About: "A form in the middle of the text. Its argument is the name of the form; without one, it is the site's first.", Noun: "argument", Example: "{{< form >}}"}}}
	files, _ := fs.Glob(theme, "shortcodes/*.html")
	for _, name := range files {
		text, err := fs.ReadFile(theme, name)
		if err != nil {
			continue
		}
		t.Sections = append(t.Sections, shortcode(strings.TrimSuffix(path.Base(name), ".html"), string(text)))
	}
	return t
}

var (
	head     = regexp.MustCompile(`(?s)^\{\{-? ?/\*\s*(.*?)\s*\*/`)
	argument = regexp.MustCompile(`^(\w+): (.*)$`)
)

// shortcode reads the comment at the top of a template: what it makes, a blank
// line, its arguments, a blank line, an example to the end.
func shortcode(name, text string) Section {
	s := Section{Title: name, Noun: "argument"}
	m := head.FindStringSubmatch(text)
	if m == nil {
		return s
	}
	for line := range strings.SplitSeq(m[1], "\n") {
		switch a := argument.FindStringSubmatch(line); {
		case s.Example != "" && line != "":
			s.Example += "\n" + line
		case a != nil:
			s.Rows = append(s.Rows, Row{Name: a[1], About: a[2]})
		case strings.HasPrefix(line, "{{<"):
			s.Example = line
		case line != "":
			s.About = strings.TrimSpace(s.About + " " + line)
		}
	}
	return s
}

// Section finds a section by its title.
func (t Topic) Section(title string) (Section, bool) {
	for _, s := range t.Sections {
		if s.Title == title {
			return s, true
		}
	}
	return Section{}, false
}
