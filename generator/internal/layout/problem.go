package layout

import (
	"cmp"
	"errors"
	"fmt"
	"html/template"
	"reflect"
	"regexp"
	"strconv"
	"strings"
	"unicode/utf8"

	"cardbowl/generator/internal/diag"
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
	d.Message = plainer(m[4])
	var escaping *template.Error
	if errors.As(err, &escaping) {
		d.Message = escaping.Description
	}
	d.Hint = cmp.Or(nearestField(m[4], data), hint(d.Message))
	if m := undefinedFunction.FindStringSubmatch(d.Message); m != nil && d.Column == 0 {
		if before, _, found := strings.Cut(d.Source, m[1]); found {
			d.Column = 1 + utf8.RuneCountInString(before)
		}
	}
	return d
}

var (
	executing    = regexp.MustCompile(`(?s)^executing ".*?" at <(.*?)>: (?:error calling \S+: )?(.*)$`)
	missingField = regexp.MustCompile(`can't evaluate field (\S+) in type (\S+)$`)
)

// plainer says what failed in the template's own words, without the names of the
// packages that met it.
func plainer(message string) string {
	m := executing.FindStringSubmatch(message)
	if m == nil {
		return message
	}
	if field := missingField.FindStringSubmatch(m[2]); field != nil {
		return fmt.Sprintf("there is no field `%s` in `%s`", field[1], m[1])
	}
	return fmt.Sprintf("`%s`: %s", m[1], m[2])
}

// nearestField is a hint at the field that was probably meant, taken from the
// types of the data themselves.
func nearestField(message string, data any) string {
	m := missingField.FindStringSubmatch(message)
	if m == nil {
		return ""
	}
	return diag.DidYouMean(m[1], fieldsOf(reflect.TypeOf(data), m[2], map[reflect.Type]bool{}))
}

// fieldsOf lists the fields of the named type, wherever it occurs within t.
func fieldsOf(t reflect.Type, name string, seen map[reflect.Type]bool) []string {
	if t == nil || seen[t] {
		return nil
	}
	seen[t] = true
	switch t.Kind() {
	case reflect.Slice, reflect.Array, reflect.Map, reflect.Pointer:
		return fieldsOf(t.Elem(), name, seen)
	case reflect.Struct:
		var fields []string
		for f := range t.Fields() {
			if f.IsExported() {
				fields = append(fields, f.Name)
			}
		}
		if t.String() == name {
			return fields
		}
		for f := range t.Fields() {
			if found := fieldsOf(f.Type, name, seen); found != nil {
				return found
			}
		}
	}
	return nil
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
	case strings.HasPrefix(message, "there is no field"):
		return "the fields of each layout are listed in the manual under templates"
	}
	return ""
}
