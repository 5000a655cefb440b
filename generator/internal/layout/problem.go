package layout

import (
	"errors"
	"html/template"
	"regexp"
	"strconv"
	"strings"

	"cardbowl/generator/internal/diag"
)

// Errors of both template packages begin with the template's name and line:
// "template: post.html:12:5: executing …", "html/template:post.html:12: …".
var located = regexp.MustCompile(`(?s)^(?:html/)?template: ?(.+?):(\d+)(?::(\d+))?: (.*)$`)

// problem turns an error of the template packages into a diagnostic.
func problem(err error, texts map[string][]byte) diag.Diagnostic {
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
	d.Hint = hint(d.Message)
	return d
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
	case strings.Contains(message, "can't evaluate field"):
		return "the fields of each layout are listed in the manual under templates"
	}
	return ""
}
