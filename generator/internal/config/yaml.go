package config

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"reflect"
	"regexp"
	"strconv"
	"strings"

	"gopkg.in/yaml.v3"

	"cardbowl/generator/internal/diag"
)

// Text is a piece of YAML and where it stands.
type Text struct {
	File  string // for diagnostics
	Whole []byte // the whole file, whose lines diagnostics quote
	YAML  []byte // the part that is YAML
	Skip  int    // lines of Whole before YAML
}

// At is a diagnostic at a node of the text.
func (t Text) At(node *yaml.Node, severity diag.Severity, message, hint string) diag.Diagnostic {
	line := max(node.Line, 1) + t.Skip
	return diag.Diagnostic{File: t.File, Line: line, Column: max(node.Column, 1), Severity: severity,
		Message: message, Hint: hint, Source: diag.SourceLine(t.Whole, line)}
}

// Parse returns the mapping that the text holds, with positions; nil where the
// text is empty or says nothing but comments. Duplicate keys are an error.
func Parse(t Text) (mapping *yaml.Node, problems diag.List) {
	root, problems := ParseValue(t)
	if root != nil && root.Kind != yaml.MappingNode {
		return nil, diag.List{t.At(root, diag.Error, "expected `key: value` lines", "write one setting per line, such as `title: My site`")}
	}
	return root, problems
}

// ParseValue is Parse for a text that may hold a list or a single value as well.
func ParseValue(t Text) (root *yaml.Node, problems diag.List) {
	var document yaml.Node
	if err := decode(t.YAML, &document); err != nil {
		line, message := syntaxError(err)
		line = likelierLine(t.YAML, max(line, 1), message)
		source := diag.SourceLine(t.YAML, line)
		return nil, diag.List{{File: t.File, Line: line + t.Skip, Column: likelyColumn(source, message), Message: "broken YAML: " + message,
			Hint: hintFor(message), Source: source}}
	}
	if len(document.Content) == 0 {
		return nil, nil
	}
	root = document.Content[0]
	if root.Kind == yaml.ScalarNode && root.Tag == "!!null" {
		return nil, nil
	}
	return root, duplicates(t, root)
}

// decode and Decode are the only calls of the YAML library. It can panic on
// hostile input (a sequence as a key beside a merge), which becomes an error here.
func decode(text []byte, into any) (err error) {
	defer func() {
		if r := recover(); r != nil {
			err = fmt.Errorf("yaml: %v", r)
		}
	}()
	if err := yaml.NewDecoder(bytes.NewReader(text)).Decode(into); err != nil && !errors.Is(err, io.EOF) {
		return err
	}
	return nil
}

// Decode turns a node of a parsed text into a value.
func Decode(node *yaml.Node, into any) (err error) {
	defer func() {
		if r := recover(); r != nil {
			err = fmt.Errorf("yaml: %v", r)
		}
	}()
	return node.Decode(into)
}

var yamlLine = regexp.MustCompile(`^(?:yaml: )?(?:line (\d+): )?(.*)$`)

// syntaxError splits the library's text into line and sentence.
func syntaxError(err error) (line int, message string) {
	m := yamlLine.FindStringSubmatch(strings.TrimPrefix(err.Error(), "yaml: "))
	if m == nil {
		return 0, err.Error()
	}
	line, _ = strconv.Atoi(m[1])
	return line, m[2]
}

// likelierLine mends the library's habit of blaming the line before an unclosed
// bracket, or the end of the text for an unclosed quote: if the blamed line looks
// sound and the next does not, it is the next; where the text ends within a
// quote, it is the line where the quote begins.
func likelierLine(text []byte, line int, message string) int {
	if strings.Contains(message, unended) {
		for n := 1; n <= line; n++ {
			if openQuote(diag.SourceLine(text, n)) >= 0 {
				return n
			}
		}
		return line
	}
	unsound := func(n int) bool {
		s := diag.SourceLine(text, n)
		return openBracket(s) >= 0 || openQuote(s) >= 0 || strings.Contains(s, "\t")
	}
	if !unsound(line) && unsound(line+1) {
		return line + 1
	}
	return line
}

// unended is what the library says of a text that ends within quotes.
const unended = "unexpected end of stream"

// badAnchor is what it says of a * or & before a text, which begins an anchor.
const badAnchor = "did not find expected alphabetic or numeric character"

// openBracket is the byte offset of the first bracket that its line does not
// close, or -1.
func openBracket(line string) int {
	var open []int
	for i, r := range line {
		switch r {
		case '[', '{':
			open = append(open, i)
		case ']', '}':
			if len(open) > 0 {
				open = open[:len(open)-1]
			}
		}
	}
	if len(open) == 0 {
		return -1
	}
	return open[0]
}

var quotedValue = regexp.MustCompile(`(?:^|[:\[{,-]\s+|[\[{])(["'])`)

// openQuote is the byte offset of a quote that begins a value and is not closed
// on its line, or -1.
func openQuote(line string) int {
	for _, m := range quotedValue.FindAllStringSubmatchIndex(line, -1) {
		if quote := line[m[2]:m[3]]; strings.Count(line[m[2]:], quote)%2 == 1 {
			return m[2]
		}
	}
	return -1
}

var secondColon = regexp.MustCompile(`^[^:]*:\s.*?(:)(?:\s|$)`)

// likelyColumn is where in its line the mistake stands, as far as the library's
// words tell: it gives no columns.
func likelyColumn(line, message string) int {
	at := -1
	switch {
	case strings.Contains(message, "mapping values are not allowed"):
		if m := secondColon.FindStringSubmatchIndex(line); m != nil {
			at = m[2]
		}
	case strings.Contains(message, "cannot start any token"):
		at = strings.IndexAny(line, "\t@`%")
	case strings.Contains(message, "unknown anchor"), strings.Contains(message, badAnchor):
		at = strings.IndexAny(line, "*&")
	case strings.Contains(message, unended):
		at = openQuote(line)
	case strings.Contains(message, "did not find expected"):
		at = openBracket(line)
	}
	return 1 + len([]rune(line[:max(at, 0)]))
}

func hintFor(message string) string {
	switch {
	case strings.Contains(message, "mapping values are not allowed"):
		return "a value that contains a colon needs quotes: `title: \"Sales: a guide\"`"
	case strings.Contains(message, "tab"), strings.Contains(message, "cannot start any token"):
		return "indent with spaces, not tabs, and put values that begin with a special character in quotes"
	case strings.Contains(message, unended):
		return "look for a missing closing quote"
	case strings.Contains(message, badAnchor):
		return "a value that begins with * or & needs quotes"
	case strings.Contains(message, "did not find expected"):
		return "look for a missing closing bracket or quote, or a wrong indentation"
	case strings.Contains(message, "unknown anchor"):
		return "a value that begins with * needs quotes"
	}
	return ""
}

// duplicates finds keys given twice, at any depth.
func duplicates(t Text, node *yaml.Node) diag.List {
	var out diag.List
	if node.Kind == yaml.MappingNode {
		first := map[string]int{}
		for i := 0; i+1 < len(node.Content); i += 2 {
			key := node.Content[i]
			if key.Kind != yaml.ScalarNode {
				out = append(out, t.At(key, diag.Error, "a key must be a plain word", ""))
				continue
			}
			if line, again := first[key.Value]; again {
				out = append(out, t.At(key, diag.Error, fmt.Sprintf("`%s` is given twice, first in line %d", key.Value, line+t.Skip), "keep one of them"))
			}
			first[key.Value] = key.Line
		}
	}
	if node.Kind != yaml.AliasNode {
		for _, child := range node.Content {
			out = append(out, duplicates(t, child)...)
		}
	}
	return out
}

// fill decodes a mapping into the struct that into points to, after checking
// its keys against the struct's yaml tags at every depth.
func fill(t Text, node *yaml.Node, into any) diag.List {
	problems := unknownKeys(t, node, reflect.TypeOf(into).Elem(), "")
	if err := Decode(node, into); err != nil {
		var typeError *yaml.TypeError
		if !errors.As(err, &typeError) {
			return append(problems, t.At(node, diag.Error, err.Error(), ""))
		}
		for _, e := range typeError.Errors {
			line, message := syntaxError(errors.New(e))
			at := yaml.Node{Line: line, Column: 1}
			problems = append(problems, t.At(&at, diag.Error, kindMessage(message), ""))
		}
	}
	return problems
}

var cannotUnmarshal = regexp.MustCompile("^cannot unmarshal !!(\\w+)(?: `(.*)`)? into (.*)$")

// kindMessage says a type error in the writer's words.
func kindMessage(message string) string {
	m := cannotUnmarshal.FindStringSubmatch(message)
	if m == nil {
		return message
	}
	got := map[string]string{"str": "text", "int": "a number", "float": "a number", "bool": "yes or no", "seq": "a list", "map": "a group of keys", "null": "nothing"}[m[1]]
	want := "something else"
	switch kind := m[3]; {
	case strings.HasPrefix(kind, "[]"):
		want = "a list"
	case kind == "string":
		want = "text"
	case strings.HasPrefix(kind, "int"), strings.HasPrefix(kind, "float"):
		want = "a number"
	case kind == "bool":
		want = "true or false"
	case strings.HasPrefix(kind, "map"), strings.Contains(kind, "."):
		want = "a group of keys"
	}
	if m[2] != "" {
		return fmt.Sprintf("`%s` is %s, expected %s", m[2], got, want)
	}
	return fmt.Sprintf("this is %s, expected %s", got, want)
}

// unknownKeys walks a mapping beside the struct it is to fill.
func unknownKeys(t Text, node *yaml.Node, kind reflect.Type, inside string) diag.List {
	for node.Kind == yaml.AliasNode {
		node = node.Alias
	}
	var out diag.List
	switch {
	case kind == reflect.TypeFor[yaml.Node]():
		return nil // looked at by whoever asked for the node
	case kind.Kind() == reflect.Pointer:
		return unknownKeys(t, node, kind.Elem(), inside)
	case kind.Kind() == reflect.Slice && node.Kind == yaml.SequenceNode:
		for _, child := range node.Content {
			out = append(out, unknownKeys(t, child, kind.Elem(), inside)...)
		}
	case kind.Kind() == reflect.Map && node.Kind == yaml.MappingNode:
		for i := 1; i < len(node.Content); i += 2 {
			out = append(out, unknownKeys(t, node.Content[i], kind.Elem(), inside)...)
		}
	case kind.Kind() == reflect.Struct && node.Kind == yaml.MappingNode:
		known := map[string]reflect.Type{}
		var names []string
		for i := range kind.NumField() {
			if name, _, _ := strings.Cut(kind.Field(i).Tag.Get("yaml"), ","); name != "" && name != "-" {
				known[name] = kind.Field(i).Type
				names = append(names, name)
			}
		}
		for i := 0; i+1 < len(node.Content); i += 2 {
			key := node.Content[i]
			if field, ok := known[key.Value]; ok {
				out = append(out, unknownKeys(t, node.Content[i+1], field, key.Value)...)
				continue
			}
			message := fmt.Sprintf("unknown key `%s`", key.Value)
			if inside != "" {
				message += fmt.Sprintf(" in `%s`", inside)
			}
			hint := diag.DidYouMean(key.Value, names)
			if hint == "" {
				hint = "known keys: " + strings.Join(names, ", ")
			}
			out = append(out, t.At(key, diag.Error, message, hint))
		}
	}
	return out
}
