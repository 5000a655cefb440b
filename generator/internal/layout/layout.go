package layout

import (
	"errors"
	"fmt"
	"html"
	"html/template"
	"io"
	"maps"
	"path"
	"slices"
	"strconv"
	"strings"
	"text/template/parse"

	"cardbowl/generator/internal/diag"
	"cardbowl/generator/internal/language"
	"cardbowl/generator/internal/memo"
	"cardbowl/generator/internal/source"
)

const (
	folder     = "templates/"
	base       = "base.html"
	partials   = "partials/"
	shortcodes = "shortcodes/"
)

// Settings are what template functions may see besides their arguments.
type Settings struct {
	BaseURL   string            // absolute, with a final slash
	BasePath  string            // the path of BaseURL, with slashes at both ends
	Assets    map[string]string // asset name → path below the site, which changes with its bytes where it is a stylesheet or script
	Integrity map[string]string // stylesheet or script → what a browser checks its bytes against
	Language  string            // of the site
}

// Set is every layout of a site by name: "post", "list", and so on.
type Set struct {
	Seen       memo.Digest // of everything the set was loaded from
	layouts    map[string]Layout
	shortcodes map[string]Layout
}

// Layout is one ready template.
type Layout struct {
	Name    string
	Closure memo.Digest     // of everything that executing it can see besides the data
	Names   map[string]bool // every field name that its closure holds: it can reach no other
	Files   []string        // of its closure, relative to the site folder, sorted
	Assets  []string        // that its closure names, sorted
	start   string          // the template that executing it begins with
	ready   *template.Template
	texts   map[string][]byte // by template name, for diagnostics
}

// Get finds a layout.
func (s Set) Get(name string) (Layout, bool) {
	l, found := s.layouts[name]
	return l, found
}

// Shortcode finds a shortcode's template, templates/shortcodes/NAME.html.
func (s Set) Shortcode(name string) (Layout, bool) {
	l, found := s.shortcodes[name]
	return l, found
}

// Shortcodes are the names of those there are, sorted.
func (s Set) Shortcodes() []string { return slices.Sorted(maps.Keys(s.shortcodes)) }

// Names are the layouts there are, sorted.
func (s Set) Names() []string { return slices.Sorted(maps.Keys(s.layouts)) }

// Recipe is the digest of everything that Load makes a Set of.
func Recipe(tree source.Tree, settings Settings) memo.Digest {
	files := map[string]memo.Digest{}
	for _, f := range tree.Under(folder) {
		if path.Ext(f.Path) == ".html" {
			files[f.Path] = f.Digest
		}
	}
	return memo.Of(files, settings)
}

// Load parses every layout. Templates that do not parse, and calls to assets
// that do not exist, are in the list.
func Load(tree source.Tree, settings Settings) (Set, diag.List, error) {
	texts := map[string][]byte{}
	var shared, own, calls []string
	for _, f := range tree.Under(folder) {
		name := strings.TrimPrefix(f.Path, folder)
		isPartial := strings.HasPrefix(name, partials)
		isShortcode := path.Dir(name)+"/" == shortcodes
		if path.Ext(name) != ".html" || !isPartial && !isShortcode && strings.Contains(name, "/") {
			continue
		}
		text, err := f.Read()
		if err != nil {
			return Set{}, nil, err
		}
		texts[name] = text
		switch {
		case isPartial:
			shared = append(shared, name)
		case isShortcode:
			calls = append(calls, name)
		case name != base:
			own = append(own, name)
		}
	}
	l := loader{settings: settings, words: language.Of(settings.Language), texts: texts, set: Set{Seen: Recipe(tree, settings), layouts: map[string]Layout{}, shortcodes: map[string]Layout{}}}
	l.load(shared, own, calls)
	return l.set, l.problems.Sorted(), nil
}

type loader struct {
	settings Settings
	words    language.Words
	texts    map[string][]byte
	set      Set
	problems diag.List
}

func (l *loader) load(shared, own, calls []string) {
	frame := template.New("").Funcs(functions(l.settings)).Option("missingkey=zero")
	definedIn := map[string]string{}
	for _, name := range append([]string{base}, shared...) {
		if !l.parse(frame, name, definedIn) {
			return // every layout would repeat the same complaint
		}
	}
	for _, name := range own {
		if layout, ok := l.one(frame, definedIn, name, base); ok {
			l.set.layouts[layout.Name] = layout
		}
	}
	for _, name := range calls {
		layout, ok := l.one(frame, definedIn, name, name)
		if !ok {
			layout = Layout{} // it has been complained of; its calls need not be
		}
		l.set.shortcodes[strings.TrimSuffix(strings.TrimPrefix(name, shortcodes), ".html")] = layout
	}
}

// one makes a layout of a file and what all files share.
func (l *loader) one(frame *template.Template, definedIn map[string]string, name, start string) (Layout, bool) {
	set := template.Must(frame.Clone())
	defined := maps.Clone(definedIn)
	if !l.parse(set, name, defined) {
		return Layout{}, false
	}
	layout := Layout{Name: strings.TrimSuffix(name, ".html"), Names: map[string]bool{}, start: start, ready: set, texts: l.texts}
	sound := l.closure(set, start, defined, &layout)
	return layout, sound
}

// parse adds one file to a set and notes which file defines which template.
func (l *loader) parse(set *template.Template, name string, definedIn map[string]string) bool {
	text, found := l.texts[name]
	if !found {
		l.problems = append(l.problems, diag.Diagnostic{File: folder + name, Message: "template is missing", Hint: "every site needs " + name})
		return false
	}
	// Parsing apart first tells which names this file defines.
	trees := map[string]*parse.Tree{}
	parser := parse.New(name)
	parser.Mode = parse.SkipFuncCheck
	if _, err := parser.Parse(string(text), "", "", trees); err == nil {
		for defined := range trees {
			definedIn[defined] = name
		}
	}
	definedIn[name] = name
	if _, err := set.New(name).Parse(string(text)); err != nil {
		l.problems = append(l.problems, problem(err, l.texts, nil))
		return false
	}
	for defined := range trees {
		if t := set.Lookup(defined); t != nil && t.Tree != nil {
			l.translate(t.Tree.Root)
		}
	}
	return true
}

// translate says the phrases of a template once and for all, so that pages need
// not: {{say "Next"}} becomes text, and (say "2 January 2006") within an action
// the phrase alone.
func (l *loader) translate(list *parse.ListNode) {
	if list == nil {
		return
	}
	for i, n := range list.Nodes {
		if action, is := n.(*parse.ActionNode); is {
			if phrase, said := sayOf(action.Pipe); said {
				list.Nodes[i] = &parse.TextNode{NodeType: parse.NodeText, Pos: action.Pos, Text: []byte(html.EscapeString(l.words.Say(phrase)))}
				continue
			}
		}
		inspect(n, func(n parse.Node) {
			switch n := n.(type) {
			case *parse.CommandNode:
				for i, arg := range n.Args {
					if pipe, is := arg.(*parse.PipeNode); is {
						if phrase, said := sayOf(pipe); said {
							phrase = l.words.Say(phrase)
							n.Args[i] = &parse.StringNode{NodeType: parse.NodeString, Pos: pipe.Pos, Quoted: strconv.Quote(phrase), Text: phrase}
						}
					}
				}
			case *parse.IfNode:
				l.translate(n.List)
				l.translate(n.ElseList)
			case *parse.RangeNode:
				l.translate(n.List)
				l.translate(n.ElseList)
			case *parse.WithNode:
				l.translate(n.List)
				l.translate(n.ElseList)
			}
		})
	}
}

// sayOf is the phrase in quotes that a pipeline says, and nothing else.
func sayOf(pipe *parse.PipeNode) (string, bool) {
	if pipe == nil || len(pipe.Decl) > 0 || len(pipe.Cmds) != 1 || len(pipe.Cmds[0].Args) != 2 {
		return "", false
	}
	name, is := pipe.Cmds[0].Args[0].(*parse.IdentifierNode)
	phrase, quoted := pipe.Cmds[0].Args[1].(*parse.StringNode)
	if !is || !quoted || name.Ident != "say" {
		return "", false
	}
	return phrase.Text, true
}

// closure walks the templates that can be reached from the first and digests
// the files that define them and the assets they name. It notes the names of
// all of these, and of all fields, and tells whether it found no mistake.
func (l *loader) closure(set *template.Template, start string, definedIn map[string]string, layout *Layout) bool {
	fields := layout.Names
	files := map[string]memo.Digest{}
	assets := map[string]string{}
	sound := true
	seen := map[string]bool{}
	var reach func(name string)
	reach = func(name string) {
		if seen[name] {
			return
		}
		seen[name] = true
		t := set.Lookup(name)
		if t == nil || t.Tree == nil {
			return // executing it says so, with its place
		}
		file := definedIn[name]
		files[name] = memo.OfBytes(l.texts[file])
		layout.Files = append(layout.Files, folder+file)
		inspect(t.Tree.Root, func(n parse.Node) {
			switch n := n.(type) {
			case *parse.TemplateNode:
				if set.Lookup(n.Name) == nil {
					l.complain(file, t.Tree, n, fmt.Sprintf("no template is called %q", n.Name), diag.DidYouMean(n.Name, names(set)))
					sound = false
				}
				reach(n.Name)
			case *parse.FieldNode:
				note(fields, n.Ident)
			case *parse.VariableNode:
				note(fields, n.Ident)
			case *parse.ChainNode:
				note(fields, n.Field)
			case *parse.CommandNode:
				if f, ok := n.Args[0].(*parse.IdentifierNode); ok && (f.Ident == "asset" || f.Ident == "integrity") {
					sound = l.asset(f.Ident, file, t.Tree, n, assets) && sound
				}
			}
		})
	}
	reach(start)
	slices.Sort(layout.Files)
	layout.Files, layout.Assets = slices.Compact(layout.Files), slices.Sorted(maps.Keys(assets))
	layout.Closure = memo.Of(files, assets, l.settings.BaseURL, l.settings.BasePath, l.settings.Language)
	return sound
}

func note(names map[string]bool, more []string) {
	for _, name := range more {
		names[name] = true
	}
}

func (l *loader) asset(function, file string, tree *parse.Tree, n *parse.CommandNode, assets map[string]string) bool {
	if len(n.Args) == 2 {
		if name, ok := n.Args[1].(*parse.StringNode); ok {
			url, found := l.settings.Assets[name.Text]
			if !found {
				l.complain(file, tree, n, fmt.Sprintf("no asset is called %q", name.Text),
					diag.DidYouMean(name.Text, slices.Sorted(maps.Keys(l.settings.Assets))))
				return false
			}
			if function == "integrity" && l.settings.Integrity[name.Text] == "" {
				l.complain(file, tree, n, fmt.Sprintf("%q is neither a stylesheet nor a script", name.Text), "only those have an integrity attribute")
				return false
			}
			assets[name.Text] = url
			return true
		}
	}
	l.complain(file, tree, n, function+" takes one name in quotes", "write `{{"+function+" \"site.css\"}}`")
	return false
}

func (l *loader) complain(file string, tree *parse.Tree, n parse.Node, message, hint string) {
	location, _ := tree.ErrorContext(n)
	d := place(location, l.texts)
	d.File, d.Message, d.Hint = folder+file, message, hint
	l.problems = append(l.problems, d)
}

func names(set *template.Template) []string {
	var out []string
	for _, t := range set.Templates() {
		out = append(out, t.Name())
	}
	slices.Sort(out)
	return out
}

// inspect visits every node below n, n first.
func inspect(n parse.Node, visit func(parse.Node)) {
	switch n := n.(type) {
	case nil:
		return
	case *parse.ListNode:
		if n == nil {
			return
		}
		for _, child := range n.Nodes {
			inspect(child, visit)
		}
		return
	}
	visit(n)
	switch n := n.(type) {
	case *parse.ActionNode:
		inspectPipe(n.Pipe, visit)
	case *parse.TemplateNode:
		inspectPipe(n.Pipe, visit)
	case *parse.IfNode:
		inspectBranch(n.BranchNode, visit)
	case *parse.RangeNode:
		inspectBranch(n.BranchNode, visit)
	case *parse.WithNode:
		inspectBranch(n.BranchNode, visit)
	case *parse.PipeNode:
		inspectPipe(n, visit)
	case *parse.CommandNode:
		for _, arg := range n.Args {
			inspect(arg, visit)
		}
	case *parse.ChainNode:
		inspect(n.Node, visit)
	}
}

func inspectPipe(p *parse.PipeNode, visit func(parse.Node)) {
	if p == nil {
		return
	}
	for _, c := range p.Cmds {
		inspect(c, visit)
	}
}

func inspectBranch(b parse.BranchNode, visit func(parse.Node)) {
	inspectPipe(b.Pipe, visit)
	inspect(b.List, visit)
	inspect(b.ElseList, visit)
}

// Render executes a layout. A failure is a diagnostic at the template's line.
func (l Layout) Render(w io.Writer, data any) *diag.Diagnostic {
	if err := l.ready.ExecuteTemplate(w, l.start, data); err != nil {
		d := problem(err, l.texts, data)
		return &d
	}
	return nil
}

// Refusal is what a shortcode's template says of a call by {{fail "…" "…"}}.
type Refusal struct{ Message, Hint string }

// Error implements error.
func (r Refusal) Error() string { return r.Message }

// Expand executes the template of a shortcode. The template may refuse the call,
// which is the writer's mistake and not the template's.
func (l Layout) Expand(data any) (text string, refused *Refusal, failed *diag.Diagnostic) {
	if l.ready == nil {
		return "", nil, nil
	}
	var b strings.Builder
	err := l.ready.ExecuteTemplate(&b, l.start, data)
	var r Refusal
	switch {
	case err == nil:
		return b.String(), nil, nil
	case errors.As(err, &r):
		return "", &r, nil
	}
	d := problem(err, l.texts, data)
	return "", nil, &d
}
