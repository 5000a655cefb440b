package content

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"path"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/BurntSushi/toml"
	"github.com/adrg/frontmatter"
	"gopkg.in/yaml.v3"

	"cardbowl/generator/internal/config"
	"cardbowl/generator/internal/diag"
)

// split parts a file into front matter and body. The library finds the
// delimiters; decoding is ours, since only so do positions survive. It copies
// what it is given, and so is given the text only as far as front matter can
// reach.
func split(text []byte) (format string, front, body []byte) {
	if head := text[:reach(text)]; len(head) < len(text) {
		if format, front, rest := splitWhole(head); format != "" {
			return format, front, text[len(head)-len(rest):]
		}
	}
	return splitWhole(text)
}

// reach is where the second line ends that may be a delimiter; the whole text
// where there is none.
func reach(text []byte) int {
	seen, end := 0, 0
	for line := range bytes.Lines(text) {
		end += len(line)
		switch string(bytes.TrimSpace(line)) {
		case "---", "+++":
			if seen++; seen == 2 {
				return end
			}
		}
	}
	return end
}

func splitWhole(text []byte) (format string, front, body []byte) {
	capture := func(name string) frontmatter.UnmarshalFunc {
		return func(data []byte, _ any) error {
			format, front = name, bytes.Clone(data)
			return nil
		}
	}
	body, err := frontmatter.Parse(bytes.NewReader(text), new(any),
		frontmatter.NewFormat("---", "---", capture("yaml")),
		frontmatter.NewFormat("+++", "+++", capture("toml")))
	if err != nil {
		return "", nil, text // reading from memory and capturing cannot fail
	}
	return format, front, body
}

// braces tell a file that begins with JSON from one that begins with a
// shortcode.
var braces = regexp.MustCompile(`^\s*\{(?:\s*["}]|[ \t]*\n)`)

// splitJSON parts a file that begins with a brace. Only a JSON reader knows
// which closing brace is the last; it need not stand on a line of its own.
func splitJSON(text []byte) (front, body []byte, err error) {
	reader := json.NewDecoder(bytes.NewReader(text))
	var raw json.RawMessage
	if err := reader.Decode(&raw); err != nil {
		return nil, nil, err
	}
	body = text[reader.InputOffset():]
	if line, rest, more := bytes.Cut(body, []byte{'\n'}); more && len(bytes.TrimSpace(line)) == 0 {
		body = rest
	}
	return raw, body, nil
}

// opener is the delimiter a file seems to start its front matter with.
func opener(text []byte) string {
	first, _, _ := strings.Cut(strings.TrimLeft(string(text[:min(len(text), 512)]), " \t\r\n"), "\n")
	switch first = strings.TrimSpace(first); first {
	case "---", "+++":
		return first
	}
	return ""
}

// frontMatter reads the front matter of a whole file. The body comes back with
// the number of lines before it.
func (p *parse) frontMatter() (body []byte, bodyLine int) {
	var format string
	var raw []byte
	if braces.Match(p.text) {
		var err error
		if raw, body, err = splitJSON(p.text); err != nil {
			p.brokenJSON(err)
			return nil, 0
		}
		format = "json"
	} else if format, raw, body = split(p.text); format == "" {
		if open := opener(p.text); open != "" {
			p.fail(*at(p.doc.File, p.text, bytes.Index(p.text, []byte(open)), "the front matter is not closed",
				fmt.Sprintf("put a line with only `%s` after the last key; a rule at the top of a text is written `***`", open)))
			return nil, 0
		}
		p.headless()
		return body, 0
	}
	start := bytes.Index(p.text, raw)
	if len(raw) == 0 {
		start = len(p.text) - len(body)
	}
	skip := bytes.Count(p.text[:start], []byte{'\n'})
	bodyLine = bytes.Count(p.text[:len(p.text)-len(body)], []byte{'\n'})
	if len(raw) > maxFrontMatter {
		p.fail(diag.Diagnostic{File: p.doc.File, Line: 1, Column: 1, Message: fmt.Sprintf("the front matter has %d bytes, more than %d", len(raw), maxFrontMatter),
			Hint: "is its closing line where you mean it to be?"})
		return body, bodyLine
	}
	text := config.Text{File: p.doc.File, Whole: p.text, YAML: raw, Skip: skip}
	var root *yaml.Node
	switch format {
	case "toml":
		root = p.toml(raw, skip)
	case "json":
		root = p.json(raw, skip)
	default:
		var problems diag.List
		root, problems = config.Parse(text)
		p.doc.Problems = append(p.doc.Problems, problems...)
	}
	if root != nil {
		f := fields{text: text, settings: p.settings, front: &p.doc.Front}
		f.read(root)
		p.doc.Problems = append(p.doc.Problems, f.problems...)
	}
	return body, bodyLine
}

// brokenJSON says where JSON stops being JSON.
func (p *parse) brokenJSON(err error) {
	var syntax *json.SyntaxError
	switch {
	case errors.Is(err, io.ErrUnexpectedEOF):
		p.fail(*at(p.doc.File, p.text, bytes.IndexByte(p.text, '{'), "the front matter is not closed", "put a `}` after the last key"))
	case errors.As(err, &syntax):
		p.fail(*at(p.doc.File, p.text, int(syntax.Offset)-1, "broken JSON: "+syntax.Error(), "names and texts stand in double quotes, and no comma follows the last key"))
	default:
		p.fail(*at(p.doc.File, p.text, 0, "broken JSON: "+err.Error(), ""))
	}
}

// json decodes into the nodes that YAML would have given; read as YAML, JSON's
// tabs and some of its escapes would be mistakes.
func (p *parse) json(raw []byte, skip int) *yaml.Node {
	values := map[string]any{}
	reader := json.NewDecoder(bytes.NewReader(raw))
	reader.UseNumber()
	if err := reader.Decode(&values); err != nil {
		p.brokenJSON(err)
		return nil
	}
	numbered(values)
	return p.nodes(values, raw, skip)
}

// numbered keeps whole numbers whole: 2026 is not 2.026e+03.
func numbered(value any) any {
	switch v := value.(type) {
	case map[string]any:
		for key := range v {
			v[key] = numbered(v[key])
		}
	case []any:
		for i := range v {
			v[i] = numbered(v[i])
		}
	case json.Number:
		if n, err := v.Int64(); err == nil {
			return n
		}
		n, _ := v.Float64() // beyond its range, the nearest there is
		return n
	}
	return value
}

var keyLine = regexp.MustCompile(`^([A-Za-z_]+):(\s|$)`)

// headless refuses a text that begins with a key of front matter and has a
// closing line further down: without its opening line all of it would be
// published as text.
func (p *parse) headless() {
	trimmed := bytes.TrimLeft(p.text, " \t\n")
	m := keyLine.FindSubmatch(trimmed)
	if m == nil || !slices.ContainsFunc(known(), func(key string) bool { return strings.EqualFold(key, string(m[1])) }) {
		return
	}
	for n, line := range strings.Split(string(trimmed[:min(len(trimmed), maxFrontMatter)]), "\n") {
		if strings.TrimSpace(line) == "---" && n > 0 {
			p.fail(*at(p.doc.File, p.text, len(p.text)-len(trimmed), "the front matter has no opening line", "put a line with only `---` before it"))
			return
		}
	}
}

// toml does the same, with the site's zone for local dates.
func (p *parse) toml(raw []byte, skip int) *yaml.Node {
	values := map[string]any{}
	if _, err := toml.Decode(string(raw), &values); err != nil {
		line, message := 1, err.Error()
		var broken toml.ParseError
		if errors.As(err, &broken) {
			line, message = broken.Position.Line, broken.Message
		}
		p.fail(diag.Diagnostic{File: p.doc.File, Line: line + skip, Column: 1, Message: "broken TOML: " + message, Source: diag.SourceLine(p.text, line+skip)})
		return nil
	}
	zoneless(values)
	return p.nodes(values, raw, skip)
}

// nodes are values as YAML would have given them, with the lines of the
// top-level keys.
func (p *parse) nodes(values map[string]any, raw []byte, skip int) *yaml.Node {
	var root yaml.Node
	if err := root.Encode(values); err != nil {
		p.fail(diag.Diagnostic{File: p.doc.File, Line: 1 + skip, Column: 1, Message: err.Error()})
		return nil
	}
	for i := 0; i+1 < len(root.Content); i += 2 {
		key := regexp.MustCompile(`(?m)^\s*[[{]*\s*["']?` + regexp.QuoteMeta(root.Content[i].Value) + `["']?\s*[]=.:]`)
		if at := key.FindIndex(raw); at != nil {
			line := 1 + bytes.Count(raw[:at[1]], []byte{'\n'})
			root.Content[i].Line, root.Content[i+1].Line = line, line
		}
	}
	return &root
}

// zoneless writes TOML's local dates as text without a zone: the library gives
// them the machine's, and the site's must rule.
func zoneless(value any) any {
	switch v := value.(type) {
	case map[string]any:
		for key := range v {
			v[key] = zoneless(v[key])
		}
	case []any:
		for i := range v {
			v[i] = zoneless(v[i])
		}
	case []map[string]any:
		for i := range v {
			zoneless(v[i])
		}
	case time.Time:
		switch v.Location().String() {
		case "datetime-local":
			return v.Format("2006-01-02T15:04:05")
		case "date-local":
			return v.Format(time.DateOnly)
		case "time-local":
			return v.Format(time.TimeOnly)
		}
	}
	return value
}

// fields fills FrontMatter key by key.
type fields struct {
	text     config.Text
	settings Settings
	front    *FrontMatter
	problems diag.List
}

// spellings maps what other programs call a key to our name, all lower case.
func spellings() map[string]string {
	return map[string]string{
		"pubdate": "publishdate", "modified": "lastmod", "updated": "lastmod", "last_modified_at": "lastmod",
		"unpublishdate": "expirydate", "redirect_from": "aliases", "template": "layout", "category": "categories", "tag": "tags",
		"excerpt": "summary", "image": "images", "authors": "author", "extra": "params", "permalink": "url", "path": "url", "menu": "menus",
	}
}

// foreign are keys of other programs, lower case, that nothing here answers to. A
// guess that they are misspelt would mislead.
func foreign() []string {
	return []string{"linktitle", "type", "cascade", "build", "headless", "outputs", "resources", "sitemap", "translationkey", "iscjklanguage", "markup", "toc", "keywords",
		"sort_by", "paginate_by", "paginate_path", "insert_anchor_links", "transparent", "render", "page_template", "generate_feeds", "in_search_index"}
}

func (f *fields) complain(node *yaml.Node, severity diag.Severity, message, hint string) {
	f.problems = append(f.problems, f.text.At(node, severity, message, hint))
}

func (f *fields) read(root *yaml.Node) {
	if keys := len(root.Content) / 2; keys > maxKeys {
		f.complain(root, diag.Error, fmt.Sprintf("the front matter has %d keys, more than %d", keys, maxKeys), "")
		return
	}
	f.front.Terms, f.front.Params, f.front.Places = map[string][]string{}, map[string]any{}, map[string]Place{}
	other := spellings()
	seen := map[string]string{}
	for i := 0; i+1 < len(root.Content); i += 2 {
		key, value := root.Content[i], root.Content[i+1]
		if key.Kind != yaml.ScalarNode || seen[strings.ToLower(key.Value)] == key.Value && key.Value != "" {
			continue // said already, where the text was parsed
		}
		name := strings.ToLower(key.Value)
		if ours, found := other[name]; found {
			name = ours
		}
		if earlier, twice := seen[name]; twice {
			f.complain(key, diag.Error, fmt.Sprintf("`%s` says the same as `%s` above", key.Value, earlier), "keep one of them")
			continue
		}
		seen[name] = key.Value
		line := max(value.Line, key.Line, 1) + f.text.Skip
		f.front.Places[name] = Place{line, max(value.Column, 1), diag.SourceLine(f.text.Whole, line)}
		if value.Kind == yaml.AliasNode {
			value = value.Alias
		}
		if value.Kind == yaml.ScalarNode && value.Tag == "!!null" {
			continue // a key left empty says nothing
		}
		f.key(name, key, value)
	}
}

func (f *fields) key(name string, key, value *yaml.Node) {
	front := f.front
	switch name {
	case "title":
		front.Title = f.str(name, value)
	case "date":
		front.Date = f.date(name, value)
	case "lastmod":
		front.Lastmod = f.date(name, value)
	case "publishdate":
		front.PublishDate = f.date(name, value)
	case "expirydate":
		front.ExpiryDate = f.date(name, value)
	case "draft":
		front.Draft = f.boolean(name, value)
	case "published":
		// Jekyll's boolean, Hugo's date.
		if saysBoolean(value) {
			front.Draft = !f.boolean(name, value)
		} else {
			front.PublishDate = f.date(name, value)
		}
	case "slug":
		front.Slug = f.str(name, value)
	case "url":
		front.URL = f.str(name, value)
	case "aliases":
		front.Aliases = f.list(name, value)
	case "description":
		front.Description = f.str(name, value)
	case "summary":
		front.Summary = f.str(name, value)
	case "author":
		front.Authors = f.authors(name, value)
	case "related":
		if saysBoolean(value) {
			front.Related.None = !f.boolean(name, value)
		} else {
			front.Related.Files = f.list(name, value)
		}
	case "lists":
		front.Lists = f.lists(value)
	case "menus":
		front.Menus = f.menus(value)
	case "noindex":
		front.NoIndex = f.boolean(name, value)
	case "search":
		front.NoSearch = !f.boolean(name, value)
	case "robots":
		front.NoIndex = strings.Contains(strings.ToLower(f.str(name, value)), "noindex")
	case "taxonomies": // Zola's group of them
		f.taxonomies(value)
	case "images":
		front.Images = f.list(name, value)
	case "layout":
		front.Layout = strings.TrimSuffix(f.str(name, value), ".html")
	case "weight":
		front.Weight = f.number(name, value)
	case "id":
		front.ID = f.str(name, value)
	case "form":
		if saysBoolean(value) {
			front.Form.None = !f.boolean(name, value)
		} else {
			front.Form.Name = f.str(name, value)
		}
	case "params":
		params := map[string]any{}
		if value.Kind != yaml.MappingNode || config.Decode(value, &params) != nil {
			f.complain(value, diag.Error, "params is a group of keys", "")
			return
		}
		maps.Copy(front.Params, params)
	default:
		if slices.Contains(f.settings.Taxonomies, name) {
			front.Terms[name] = f.terms(name, value)
			return
		}
		var any any
		if err := config.Decode(value, &any); err != nil {
			f.complain(value, diag.Error, fmt.Sprintf("`%s` cannot be read: %v", key.Value, err), "")
			return
		}
		front.Params[key.Value] = any
		hint := diag.DidYouMean(key.Value, append(known(), f.settings.Taxonomies...))
		if slices.Contains(foreign(), name) {
			hint = "it says something to Hugo or Zola, and nothing here"
		} else if hint == "" {
			hint = "templates find it under .Page.Params; to be rid of this warning put it under params:"
		}
		f.complain(key, diag.Warning, fmt.Sprintf("unknown front-matter key `%s`", key.Value), hint)
		f.problems[len(f.problems)-1].Code = "unknown-key"
	}
}

func (f *fields) str(name string, node *yaml.Node) string {
	if node.Kind != yaml.ScalarNode {
		f.complain(node, diag.Error, fmt.Sprintf("`%s` must be text", name), "")
		return ""
	}
	return strings.TrimSpace(node.Value)
}

// list accepts one text for a list of one.
func (f *fields) list(name string, node *yaml.Node) []string {
	if node.Kind == yaml.ScalarNode {
		return []string{strings.TrimSpace(node.Value)}
	}
	if node.Kind != yaml.SequenceNode {
		f.complain(node, diag.Error, fmt.Sprintf("`%s` must be a list", name), fmt.Sprintf("write `%s: [first, second]`", name))
		return nil
	}
	var out []string
	for _, child := range node.Content {
		if s := f.str(name, child); s != "" {
			out = append(out, s)
		}
	}
	return out
}

// terms are a list without doubles; a single text may hold several, by comma.
func (f *fields) terms(name string, node *yaml.Node) []string {
	list := f.list(name, node)
	if node.Kind == yaml.ScalarNode && strings.Contains(node.Value, ",") {
		list = strings.Split(node.Value, ",")
	}
	var out []string
	for _, term := range list {
		if term = strings.TrimSpace(term); term != "" && !slices.Contains(out, term) {
			out = append(out, term)
		}
	}
	return out
}

// boolean is true or false, or YAML's older yes and no. A word in quotes is a text,
// which other programs read now as this and now as that.
func (f *fields) boolean(name string, node *yaml.Node) bool {
	var b bool
	quoted := node.Style&(yaml.DoubleQuotedStyle|yaml.SingleQuotedStyle) != 0
	switch {
	case node.Kind != yaml.ScalarNode:
		f.complain(node, diag.Error, fmt.Sprintf("`%s` must be true or false", name), "")
	case quoted || node.Decode(&b) != nil:
		f.complain(node, diag.Error, fmt.Sprintf("`%s` must be true or false, not the text `%s`", name, node.Value), meantBoolean(node.Value))
	}
	return b
}

// meantBoolean is how a text that means true or false is written as such.
func meantBoolean(written string) string {
	switch strings.ToLower(strings.TrimSpace(written)) {
	case "true", "yes", "y", "on", "1":
		return "write true, without quotes"
	case "false", "no", "n", "off", "0":
		return "write false, without quotes"
	}
	return "write true or false, without quotes"
}

// saysBoolean tells a value that is true or false, rightly written or not, from
// the others that its key may have.
func saysBoolean(node *yaml.Node) bool {
	return node.Kind == yaml.ScalarNode && slices.Contains([]string{"true", "false", "yes", "no", "on", "off"}, strings.ToLower(strings.TrimSpace(node.Value)))
}

func (f *fields) number(name string, node *yaml.Node) int {
	n, err := strconv.Atoi(node.Value)
	if node.Kind != yaml.ScalarNode || err != nil {
		f.complain(node, diag.Error, fmt.Sprintf("`%s` must be a whole number", name), "")
	}
	return n
}

// dateForms are the ways a date may be written, the zone in the value or not.
func dateForms() []string {
	return []string{time.DateOnly, time.RFC3339, "2006-01-02 15:04:05 -0700", "2006-01-02 15:04:05 -07:00", "2006-01-02T15:04:05", "2006-01-02 15:04:05",
		"2006-01-02T15:04", "2006-01-02 15:04", "2006-01-02 15:04:05 Z07:00", "2006-01-02 15:04 -0700", time.RFC1123Z, "2 January 2006", "2 Jan 2006", "January 2, 2006", "Jan 2, 2006"}
}

func (f *fields) date(name string, node *yaml.Node) time.Time {
	value := strings.TrimSpace(node.Value)
	if node.Kind == yaml.ScalarNode {
		for _, form := range dateForms() {
			if t, err := time.ParseInLocation(form, value, f.settings.Zone); err == nil {
				return t.In(f.settings.Zone)
			}
		}
	}
	f.complain(node, diag.Error, fmt.Sprintf("`%s` is not a date: `%s`", name, value), "write 2026-10-01, or 2026-10-01T09:30:00-04:00")
	return time.Time{}
}

var datedName = regexp.MustCompile(`^(\d{4}-\d{2}-\d{2})-(.+)$`)

// fromName takes date and slug from a file named 2026-10-01-my-post.md, as
// Jekyll does, where the front matter has none.
func (p *parse) fromName() {
	base := strings.TrimSuffix(path.Base(p.doc.File), path.Ext(p.doc.File))
	if base == "index" {
		base = path.Base(path.Dir(p.doc.File))
	}
	m := datedName.FindStringSubmatch(base)
	if m == nil {
		return
	}
	day, err := time.ParseInLocation(time.DateOnly, m[1], p.settings.Zone)
	if err != nil {
		return
	}
	if p.doc.Front.Date.IsZero() {
		p.doc.Front.Date = day
	}
	if p.doc.Front.Slug == "" {
		p.doc.Front.Slug = m[2]
	}
}
