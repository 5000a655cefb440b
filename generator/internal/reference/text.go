package reference

import (
	"fmt"
	"io"
	"regexp"
	"strings"
	"unicode/utf8"
)

// TextOptions say what a terminal can do.
type TextOptions struct {
	Width int  // columns
	Bold  bool // headings and names stand out
}

const nameColumn = 24

// WriteText writes a topic for a terminal.
func WriteText(w io.Writer, t Topic, o TextOptions) error {
	var b strings.Builder
	fmt.Fprintf(&b, "%s\n", o.bold(t.Short))
	wrap(&b, plain(t.Intro), 0, 0, o.Width)
	for _, s := range t.Sections {
		fmt.Fprintf(&b, "\n%s\n", o.bold(s.Title))
		if s.About != "" {
			wrap(&b, plain(s.About), 2, 0, o.Width)
		}
		if s.About != "" && len(s.Rows) > 0 {
			b.WriteString("\n")
		}
		for _, r := range s.Rows {
			o.row(&b, r, s.Noun == "function")
		}
		if s.Example != "" {
			fmt.Fprintf(&b, "\n  %s\n", strings.ReplaceAll(s.Example, "\n", "\n  "))
		}
	}
	_, err := io.WriteString(w, b.String())
	return err
}

// row is a name and what it means beside it; below it where the name is long.
// Functions are named by their example.
func (o TextOptions) row(b *strings.Builder, r Row, byExample bool) {
	name := r.Name
	if byExample {
		name = r.Example
	}
	about := plain(r.About)
	var notes []string
	if r.Kind != "" && r.Kind != "text" {
		notes = append(notes, r.Kind)
	}
	if r.Default != "" && len(r.Default) < nameColumn {
		notes = append(notes, "default "+strings.Trim(r.Default, `"`))
	}
	if len(notes) > 0 {
		about += " (" + strings.Join(notes, ", ") + ")"
	}
	const edge = 2
	b.WriteString(strings.Repeat(" ", edge) + o.bold(name))
	used := edge + utf8.RuneCountInString(name)
	if used+2 > edge+nameColumn {
		b.WriteString("\n")
		used = 0
	}
	wrap(b, about, edge+nameColumn, used, o.Width)
}

func (o TextOptions) bold(text string) string {
	if !o.Bold {
		return text
	}
	return "\x1b[1m" + text + "\x1b[0m"
}

var link = regexp.MustCompile(`\[([^\]]*)\]\([^)]*\)`)

// plain is a line of markdown as text.
func plain(markdown string) string {
	return strings.ReplaceAll(link.ReplaceAllString(markdown, "$1"), "`", "")
}

// wrap writes words with an indent, the first line of which holds used columns
// already.
func wrap(b *strings.Builder, text string, indent, used, width int) {
	b.WriteString(strings.Repeat(" ", max(indent-used, 0)))
	at := max(indent, used)
	first := true
	for word := range strings.FieldsSeq(text) {
		length := utf8.RuneCountInString(word)
		switch {
		case first:
		case at+1+length > width:
			b.WriteString("\n" + strings.Repeat(" ", indent))
			at = indent
		default:
			b.WriteString(" ")
			at++
		}
		b.WriteString(word)
		at += length
		first = false
	}
	b.WriteString("\n")
}
