package diag

import (
	"bytes"
	"cmp"
	"fmt"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"
)

// Severity says whether a problem stops a build.
type Severity int

const (
	// Error stops the build; nothing is published.
	Error Severity = iota
	// Warning is told and does not stop the build, unless it is strict.
	Warning
)

// String is "error" or "warning", as in the printed form.
func (s Severity) String() string {
	if s == Warning {
		return "warning"
	}
	return "error"
}

// Diagnostic is one problem at one place.
type Diagnostic struct {
	File     string // slash-separated, relative to the site folder; empty if no file is to blame
	Line     int    // from 1; 0 when the whole file is meant
	Column   int    // from 1, counted in characters; 0 when the whole line is meant
	Severity Severity
	Code     string // of one of Checks; empty for what nobody can judge otherwise
	Message  string // lower case, no final stop
	Hint     string // what to do about it; may be empty
	Source   string // the text of the line; may be empty
}

// Position is "FILE:LINE:COL". Unknown line and column read as 1, so that the
// form never varies and editors can always jump to it.
func (d Diagnostic) Position() string {
	return fmt.Sprintf("%s:%d:%d", d.File, max(d.Line, 1), max(d.Column, 1))
}

// String is the printed form: position, severity and message, then the source
// line with a caret under the column, then the hint.
func (d Diagnostic) String() string {
	var b strings.Builder
	if d.File != "" {
		b.WriteString(d.Position() + ": ")
	}
	fmt.Fprintf(&b, "%s: %s", d.Severity, harmless(d.Message))
	if d.Code != "" {
		b.WriteString(" [" + d.Code + "]")
	}
	if d.Source != "" {
		text, caret := excerpt(d.Source, max(d.Column, 1))
		fmt.Fprintf(&b, "\n  %s\n  %s^", text, caret)
	}
	if d.Hint != "" {
		b.WriteString("\nhint: " + harmless(d.Hint))
	}
	return b.String()
}

const excerptWidth = 160

// excerpt cuts a very long line around the column and returns it with the
// blanks that put a caret under the column. Tabs stay tabs on both lines.
func excerpt(line string, column int) (text, caret string) {
	runes := []rune(line)
	at := min(column-1, len(runes))
	from := 0
	if len(runes) > excerptWidth && at > excerptWidth/2 {
		from = at - excerptWidth/2
	}
	to := min(len(runes), from+excerptWidth)
	var blanks strings.Builder
	for _, r := range runes[from:at] {
		if r == '\t' {
			blanks.WriteRune('\t')
		} else {
			blanks.WriteRune(' ')
		}
	}
	return harmless(string(runes[from:to])), blanks.String()
}

// Printable is a stranger's text as one line without what would steer a terminal or
// turn the text around.
func Printable(text string) string {
	return strings.Map(func(r rune) rune {
		if unicode.IsControl(r) || unicode.Is(unicode.Bidi_Control, r) {
			return ' '
		}
		return r
	}, text)
}

// harmless keeps content from steering a terminal.
func harmless(text string) string {
	return strings.Map(func(r rune) rune {
		switch {
		case r == '\n':
			return ' '
		case r != '\t' && unicode.IsControl(r):
			return utf8.RuneError
		}
		return r
	}, text)
}

// Error lets a Diagnostic be passed where an error is expected.
func (d Diagnostic) Error() string { return d.String() }

// List is a collection of problems. Nil is an empty list.
type List []Diagnostic

// HasErrors tells whether the list holds anything worse than a warning.
func (l List) HasErrors() bool {
	return slices.ContainsFunc(l, func(d Diagnostic) bool { return d.Severity == Error })
}

// Only returns the problems of one severity.
func (l List) Only(s Severity) List {
	var out List
	for _, d := range l {
		if d.Severity == s {
			out = append(out, d)
		}
	}
	return out
}

// Sorted returns the list by file, line, column and message, each problem once,
// so that the order does not depend on which worker met it first.
func (l List) Sorted() List {
	out := slices.Clone(l)
	slices.SortStableFunc(out, func(a, b Diagnostic) int {
		return cmp.Or(
			cmp.Compare(a.File, b.File), cmp.Compare(a.Line, b.Line), cmp.Compare(a.Column, b.Column),
			cmp.Compare(a.Severity, b.Severity), cmp.Compare(a.Code, b.Code), cmp.Compare(a.Message, b.Message), cmp.Compare(a.Hint, b.Hint))
	})
	return slices.Compact(out)
}

// String prints the problems one after another, a blank line between them.
func (l List) String() string {
	parts := make([]string, len(l))
	for i, d := range l {
		parts[i] = d.String()
	}
	return strings.Join(parts, "\n\n")
}

// SourceLine is the text of the line with that number, from 1, without its end;
// empty when there is no such line.
func SourceLine(text []byte, line int) string {
	for n := 1; ; n++ {
		current, after, more := bytes.Cut(text, []byte{'\n'})
		if n == line {
			return strings.ToValidUTF8(string(bytes.TrimSuffix(current, []byte{'\r'})), "\uFFFD")
		}
		if !more || n > line {
			return ""
		}
		text = after
	}
}
