package content

import (
	"bytes"
	"cmp"
	"fmt"
	"html"
	"slices"
	"strings"
	"time"
	"unicode"

	"github.com/yuin/goldmark/ast"

	"cardbowl/generator/internal/diag"
)

// find complains of a node in a way that a writer may judge otherwise.
func (s places) find(code string, n ast.Node, message, hint string) {
	line, column, text := s.of(n)
	s.fail(diag.Diagnostic{File: s.doc.File, Line: line, Column: column, Severity: diag.Warning, Code: code, Message: message, Hint: hint, Source: text})
}

// findings looks at what a text can be wrong in by itself: the order of its
// headings, pictures without words, links to parts that it does not have.
// rendered is its HTML.
func (s places) findings(root ast.Node, rendered []byte) {
	s.doc.Anchors = s.otherAnchors(rendered)
	s.conflicts(root)
	level, unknown := 1, unknownParts(root) // 1: of the title
	_ = ast.Walk(root, func(n ast.Node, entering bool) (ast.WalkStatus, error) {
		if !entering {
			return ast.WalkContinue, nil
		}
		switch n := n.(type) {
		case *ast.HTMLBlock, *ast.RawHTML:
			s.silence(n)
		case *ast.Heading:
			switch {
			case n.Level == 1 && s.showsTitle():
				s.find("second-title", n, "the text has a heading of the first level, which the title is already", "write it with two `#`")
			case n.Level > level+1:
				s.find("heading-order", n, fmt.Sprintf("the heading skips from level %d to level %d", level, n.Level), fmt.Sprintf("write it with %d `#`", level+1))
			}
			level = n.Level
		case *ast.Image:
			if len(n.Destination) > 0 && strings.TrimSpace(plain(n, s.body)) == "" && !isDecorative(n) {
				s.find("alt", n, fmt.Sprintf("the picture `%s` has no words for who cannot see it", unescaped(n.Destination)),
					"say between the brackets what it shows: `![a funnel with a line across it](…)`; of one that only decorates, say so: `![](…){alt=\"\"}`")
			}
		case *ast.Link:
			part, inPage := bytes.CutPrefix(n.Destination, []byte{'#'})
			if name := string(unescaped(part)); inPage && !unknown && !s.hasAnchor(name) {
				s.find("anchor", n, fmt.Sprintf("this page has no part `#%s`", name), diag.DidYouMean(name, s.doc.AllAnchors()))
			}
		}
		return ast.WalkContinue, nil
	})
}

// showsTitle tells whether the page has its title above the text: the front page
// and those with a layout of their own need not.
func (s places) showsTitle() bool {
	return s.doc.Front.Layout == "" && s.doc.File != "content/index.md" && s.doc.File != "content/_index.md"
}

// unknownParts tells whether a text holds shortcodes that may bring parts of
// their own; the one for forms is known.
func unknownParts(root ast.Node) bool {
	found := false
	_ = ast.Walk(root, func(n ast.Node, _ bool) (ast.WalkStatus, error) {
		switch n := n.(type) {
		case *shortcodeBlockNode:
			found = found || n.name != "form"
		case *shortcodeInlineNode:
			found = found || n.name != "form"
		}
		return ast.WalkContinue, nil
	})
	return found
}

// hasAnchor tells whether the page has a part of this name, as far as is known
// here: the theme brings some, and forms do, below their place on the page.
func (s places) hasAnchor(name string) bool {
	return name == "" || name == "top" || name == "main" || slices.Contains(s.doc.AllAnchors(), name) || strings.Contains(name, "-end-") || strings.Contains(name, "-inline")
}

// AllAnchors are the ids of the text.
func (d *Head) AllAnchors() []string {
	out := slices.Clone(d.Anchors)
	for _, h := range d.Headings {
		out = append(out, h.ID)
	}
	return out
}

// otherAnchors are the ids in rendered HTML that no heading has.
func (s places) otherAnchors(rendered []byte) []string {
	var out []string
	for {
		_, after, found := bytes.Cut(rendered, []byte(` id="`))
		if !found {
			return out
		}
		id, rest, _ := bytes.Cut(after, []byte{'"'})
		name := html.UnescapeString(string(id))
		if !slices.ContainsFunc(s.doc.Headings, func(h Heading) bool { return h.ID == name }) {
			out = append(out, name)
		}
		rendered = rest
	}
}

// conflicts finds where Git left two versions of a text, one above the other. In
// a piece of code they may be meant.
func (s places) conflicts(root ast.Node) {
	sign := []byte("<<<<<<< ")
	if !bytes.Contains(s.body, sign) {
		return
	}
	code := map[int]bool{} // offsets of its lines
	_ = ast.Walk(root, func(n ast.Node, entering bool) (ast.WalkStatus, error) {
		if k := n.Kind(); entering && (k == ast.KindFencedCodeBlock || k == ast.KindCodeBlock) {
			for i := range n.Lines().Len() {
				code[n.Lines().At(i).Start] = true
			}
		}
		return ast.WalkContinue, nil
	})
	for i, start := range s.lines {
		if bytes.HasPrefix(s.body[start:], sign) && !code[start] {
			line, _, _ := bytes.Cut(s.body[start:], []byte{'\n'})
			s.fail(diag.Diagnostic{File: s.doc.File, Line: s.skip + i + 1, Column: 1, Code: "conflict", Source: string(line),
				Message: "two versions of the text stand here, one above the other, as Git left them",
				Hint:    "keep one of them, and take the lines away that begin with `<<<<<<<`, `=======` and `>>>>>>>`"})
		}
	}
}

// silence takes up a comment such as <!-- cardbowl-ignore alt link -->.
func (s places) silence(n ast.Node) {
	inner, is := strings.CutPrefix(strings.TrimSpace(htmlOf(n, s.body)), "<!--")
	written, meant := strings.CutPrefix(strings.TrimSpace(strings.TrimSuffix(inner, "-->")), "cardbowl-ignore")
	if !is || !meant {
		return
	}
	for _, code := range strings.FieldsFunc(written, func(r rune) bool { return r == ',' || unicode.IsSpace(r) }) {
		if !slices.Contains(diag.Codes(), code) {
			line, column, text := s.of(n)
			s.fail(diag.Diagnostic{File: s.doc.File, Line: line, Column: column, Severity: diag.Warning, Message: fmt.Sprintf("there is no check `%s` to silence", code),
				Hint: cmp.Or(diag.DidYouMean(code, diag.Codes()), "`cardbowl help checks` lists them"), Source: text})
		}
		s.doc.Silenced = append(s.doc.Silenced, code)
	}
}

// firstYear is the first that somebody may mean. A year far ahead keeps a post
// back, and is meant.
const firstYear = 1900

// dates looks whether those of the front matter can be meant.
func (p *parse) dates() {
	front := &p.doc.Front
	tell := func(key, message, hint string) {
		d := p.doc.At(key, diag.Warning, message, hint)
		d.Code = "date"
		p.fail(d)
	}
	for _, one := range []struct {
		key  string
		date time.Time
	}{{"date", front.Date}, {"lastmod", front.Lastmod}, {"publishdate", front.PublishDate}} {
		if year := one.date.Year(); !one.date.IsZero() && year < firstYear {
			tell(one.key, fmt.Sprintf("the year of this date is %04d", year), "is a digit wrong?")
		}
	}
	if !front.Lastmod.IsZero() && dayOf(front.Lastmod) < dayOf(front.Date) {
		tell("lastmod", fmt.Sprintf("the last change, %s, is before the publication, %s", dayOf(front.Lastmod), dayOf(front.Date)), "")
	}
	begin := front.Date
	if front.PublishDate.After(begin) {
		begin = front.PublishDate
	}
	if !front.ExpiryDate.IsZero() && !begin.IsZero() && !front.ExpiryDate.After(begin) {
		tell("expirydate", fmt.Sprintf("the end, %s, is not after the beginning, %s: the page is never shown", dayOf(front.ExpiryDate), dayOf(begin)), "")
	}
}

func dayOf(t time.Time) string { return t.Format(time.DateOnly) }
