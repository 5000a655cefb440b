package layout

import (
	"cmp"
	"errors"
	"fmt"
	"html/template"
	"reflect"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"

	"cardbowl/generator/internal/diag"
	"cardbowl/generator/internal/memo"
)

// Errors of both template packages begin with the template's name and line:
// "template: post.html:12:5: executing …", "html/template:post.html:12: …".
var located = regexp.MustCompile(`(?s)^(?:html/)?template: ?(.+?):(\d+)(?::(\d+))?: (.*)$`)

// problem turns an error of the template packages into a diagnostic. data is
// what was being shown; nil while parsing.
func problem(err error, texts map[string][]byte, data any) diag.Diagnostic {
	m := located.FindStringSubmatch(err.Error())
	if m == nil {
		return diag.Diagnostic{File: strings.TrimSuffix(folder, "/"), Message: err.Error()}
	}
	d := place(m[1]+":"+m[2]+":"+m[3], texts)
	d.Message = m[4]
	var escaping *template.Error
	if errors.As(err, &escaping) {
		d.Message = escaping.Description
	}
	if at := executing.FindStringSubmatch(m[4]); at != nil {
		d.Message = fmt.Sprintf("`%s`: %s", at[1], at[2])
		failed(&d, at[1], at[2], data)
	} else if strings.Contains(d.Message, differentEnds) {
		keyword, _, _ := strings.Cut(d.Message, " ")
		d.Message = fmt.Sprintf("the branches of %s end in different places of the HTML", keyword)
		d.Hint = "each branch must close the same tags and quotes as the others"
	}
	d.Hint = cmp.Or(d.Hint, hint(d.Message))
	if d.Column == 0 {
		// Parsing tells no column, but it names what it stumbled over.
		if named := stumbled.FindStringSubmatch(d.Message); named != nil {
			if before, _, found := strings.Cut(d.Source, cmp.Or(named[1], named[2])); found {
				d.Column = 1 + utf8.RuneCountInString(before)
			}
		}
	}
	return d
}

const differentEnds = "branches end in different contexts"

var (
	executing    = regexp.MustCompile(`(?s)^executing ".*?" at <(.*?)>: (?:error calling \S+: )?(.*)$`)
	missingField = regexp.MustCompile(`can't evaluate field (\S+) in type (.+)$`)
	fieldOfNil   = regexp.MustCompile(`nil pointer evaluating \S+(?: \{\})?\.(\S+)$`)
	wrongNumber  = regexp.MustCompile(`wrong number of args for (\w+): want (at least )?(\d+) got (\d+)`)
	wrongType    = regexp.MustCompile(`wrong type for value; expected (\S+); got (\S+)`)
	noList       = regexp.MustCompile(`^range can't iterate over `)
	incomparable = regexp.MustCompile(`incompatible types for comparison: (\S+) and (\S+)$`)
	stumbled     = regexp.MustCompile(`(\{\{\w+\}\})|"(\$?\w+)"`)
)

// failed says in a reader's words what executing a template met at a piece of it,
// and points at the very name that is wrong.
func failed(d *diag.Diagnostic, piece, message string, data any) {
	if m := missingField.FindStringSubmatch(message); m != nil {
		field, owner := m[1], strings.TrimPrefix(m[2], "*")
		types := typesOf(reflect.TypeOf(data))
		of, _, _ := strings.Cut(piece, "."+field)
		switch {
		case plainKind(owner):
			d.Message = fmt.Sprintf("`%s` is %s, it has no field `%s`", cmp.Or(of, "."), kind(owner), field)
		case of == "" && owner != "interface {}":
			d.Message = fmt.Sprintf("there is no field `%s` in `.`, which is %s here", field, kind(owner))
		default:
			d.Message = fmt.Sprintf("there is no field `%s` in `%s`", field, cmp.Or(of, "."))
		}
		d.Hint = nearestField(field, owner, types)
		pointAt(d, piece, field)
		return
	}
	if m := fieldOfNil.FindStringSubmatch(message); m != nil {
		of, _, _ := strings.Cut(piece, "."+m[1])
		d.Message = fmt.Sprintf("`%s` is empty on some page, so it has no `%s`", of, m[1])
		d.Hint = fmt.Sprintf("ask first: {{with %s}}{{.%s}}{{end}}", of, m[1])
		pointAt(d, piece, m[1])
		return
	}
	if m := wrongNumber.FindStringSubmatch(message); m != nil {
		values := "values"
		if m[3] == "1" {
			values = "value"
		}
		d.Message = fmt.Sprintf("`%s` takes %s%s %s, not %s", m[1], m[2], m[3], values, m[4])
		d.Hint = example(m[1])
		return
	}
	if m := wrongType.FindStringSubmatch(message); m != nil {
		d.Message = fmt.Sprintf("`%s` is %s, but %s belongs here", piece, kind(m[2]), kind(m[1]))
		return
	}
	if m := incomparable.FindStringSubmatch(message); m != nil {
		d.Message = fmt.Sprintf("`%s` compares %s and %s", piece, kind(m[1]), kind(m[2]))
		return
	}
	if noList.MatchString(message) {
		d.Message = fmt.Sprintf("`%s` is no list", piece)
		d.Hint = "{{with}} shows a single value where it is not empty, {{range}} each entry of a list"
	}
}

// pointAt moves the column to a field's name within a piece of the line.
func pointAt(d *diag.Diagnostic, piece, field string) {
	at := strings.Index(piece, "."+field)
	before := len(string([]rune(d.Source)[:min(max(d.Column-1, 0), utf8.RuneCountInString(d.Source))]))
	for from := 0; at >= 0; {
		found := strings.Index(d.Source[from:], piece)
		if found < 0 {
			return
		}
		if begin := from + found; begin+len(piece) > before {
			d.Column = 1 + utf8.RuneCountInString(d.Source[:begin+at+1])
			return
		}
		from += found + 1
	}
}

// example is how a function of ours is written.
func example(function string) string {
	for _, f := range Functions() {
		if f.Key == function {
			call, _, _ := strings.Cut(f.Comment, "}} ")
			return "write `" + call + "}}`"
		}
	}
	return ""
}

// few is how many fields a hint may list.
const few = 6

// nearestField is a hint at the field that was probably meant, taken from the
// types of the data themselves. Where the type is not known, as within what dict
// has made, any field of the data may have been meant.
func nearestField(field, owner string, types []reflect.Type) string {
	var names []string
	for _, t := range types {
		if t.String() == strings.TrimPrefix(owner, "*") || owner == "interface {}" {
			names = append(names, members(t)...)
		}
	}
	if hint := diag.DidYouMean(field, names); hint != "" {
		return hint
	}
	if len(names) > 0 && len(names) <= few {
		return "it has `" + strings.Join(names, "`, `") + "`"
	}
	return "`cardbowl help templates` lists the fields"
}

// members are what may follow a dot: fields, and the methods of types that are
// not ours, such as dates. What stands for a field in a digest is no reader's.
func members(t reflect.Type) []string {
	var out []string
	for f := range t.Fields() {
		if f.IsExported() && f.Type != reflect.TypeFor[memo.Digest]() {
			out = append(out, f.Name)
		}
	}
	for m := range t.Methods() {
		out = append(out, m.Name)
	}
	return out
}

// typesOf are the structs within a type, itself first.
func typesOf(t reflect.Type) []reflect.Type {
	var out []reflect.Type
	var visit func(t reflect.Type)
	visit = func(t reflect.Type) {
		if t == nil || slices.Contains(out, t) {
			return
		}
		switch t.Kind() {
		case reflect.Slice, reflect.Array, reflect.Map, reflect.Pointer:
			visit(t.Elem())
		case reflect.Struct:
			out = append(out, t)
			for f := range t.Fields() {
				if f.IsExported() {
					visit(f.Type)
				}
			}
		}
	}
	visit(t)
	return out
}

func plainKind(name string) bool {
	switch kind(name) {
	case "text", "a number", "true or false", "HTML", "a list":
		return true
	}
	return false
}

// kind is the name of a Go type in a reader's words.
func kind(name string) string {
	switch {
	case name == "string":
		return "text"
	case name == "int", name == "float64":
		return "a number"
	case name == "bool":
		return "true or false"
	case name == "time.Time":
		return "a date"
	case name == "template.HTML":
		return "HTML"
	case strings.HasPrefix(name, "[]"):
		return "a list"
	case strings.HasPrefix(name, "map["):
		return "a group"
	}
	if _, local, found := strings.Cut(name, "."); found {
		return "of the type " + local
	}
	return name
}

// place reads "NAME:LINE:COLUMN", column as a byte offset from 0 or absent.
func place(location string, texts map[string][]byte) diag.Diagnostic {
	parts := strings.Split(location, ":")
	for len(parts) < 3 {
		parts = append(parts, "")
	}
	name := parts[0]
	line, _ := strconv.Atoi(parts[1])
	d := diag.Diagnostic{File: folder + name, Line: line, Source: diag.SourceLine(texts[name], line)}
	if offset, err := strconv.Atoi(parts[2]); err == nil {
		d.Column = 1 + len([]rune(d.Source[:min(offset, len(d.Source))]))
	}
	return d
}

var undefinedFunction = regexp.MustCompile(`function "(\w+)" not defined`)

func hint(message string) string {
	switch m := undefinedFunction.FindStringSubmatch(message); {
	case m != nil:
		return diag.DidYouMean(m[1], functionNames())
	case strings.Contains(message, "unexpected EOF"):
		return "an {{if}}, {{range}}, {{with}}, {{define}} or {{block}} has no {{end}}"
	case strings.Contains(message, "bad character"), strings.Contains(message, "unclosed action"), strings.Contains(message, "in operand"):
		return "what begins with {{ ends with }}"
	}
	return ""
}
