package content

import (
	"bytes"
	"cmp"
	"fmt"
	"html"
	"maps"
	"regexp"
	"slices"
	"strings"

	"github.com/yuin/goldmark/ast"
	"github.com/yuin/goldmark/util"

	"cardbowl/generator/internal/diag"
	"cardbowl/generator/internal/language"
)

// calloutNode is a quotation that begins with [!NOTE]: GitHub's alert. A sign
// after the bracket, as Obsidian has it, makes it fold: - closed, + open.
type calloutNode struct {
	ast.BaseBlock
	kind, title  string
	folds, opens bool
}

var kindCallout = ast.NewNodeKind("Callout")

// Kind implements ast.Node.
func (*calloutNode) Kind() ast.NodeKind { return kindCallout }

// Dump implements ast.Node.
func (n *calloutNode) Dump(source []byte, level int) {
	ast.DumpHelper(n, source, level, map[string]string{"kind": n.kind, "title": n.title}, nil)
}

var calloutMarker = regexp.MustCompile(`^\[!([A-Za-z]+)\]([+-]?)[ \t]*(.*?)\s*$`)

// callouts turns the quotations that are marked so into callouts.
func (s places) callouts(root ast.Node) {
	if !bytes.Contains(s.body, []byte("[!")) {
		return
	}
	words := language.TextOf(s.settings.Language)
	var quotes []ast.Node
	_ = ast.Walk(root, func(n ast.Node, entering bool) (ast.WalkStatus, error) {
		if entering && n.Kind() == ast.KindBlockquote {
			quotes = append(quotes, n)
		}
		return ast.WalkContinue, nil
	})
	for _, quote := range quotes {
		first := quote.FirstChild()
		if first == nil || first.Kind() != ast.KindParagraph || first.Lines().Len() == 0 {
			continue
		}
		start := first.Lines().At(0)
		m := calloutMarker.FindStringSubmatch(string(start.Value(s.body)))
		if m == nil {
			continue
		}
		c := &calloutNode{kind: strings.ToLower(m[1]), folds: m[2] != "", opens: m[2] == "+"}
		if !slices.Contains(language.CalloutKinds(), c.kind) {
			line, column, text := s.of(quote)
			s.fail(diag.Diagnostic{File: s.doc.File, Line: line, Column: column, Severity: diag.Warning, Source: text,
				Message: fmt.Sprintf("there is no callout `%s`", m[1]), Hint: "the kinds are " + strings.Join(language.CalloutKinds(), ", ")})
			continue
		}
		if said := calloutMarker.FindStringSubmatch(s.cutFirstLine(first, start.Stop)); said != nil {
			c.title = said[3]
		}
		if c.title == "" {
			c.title = words.Callouts[c.kind]
		}
		c.SetPos(startOf(quote))
		for child := quote.FirstChild(); child != nil; child = quote.FirstChild() {
			if child == first && first.FirstChild() == nil {
				quote.RemoveChild(quote, first)
				continue
			}
			c.AppendChild(c, child)
		}
		quote.Parent().ReplaceChild(quote.Parent(), quote, c)
	}
}

// titled are the arguments of a call; a callout without a title has the word for
// its kind, as one with a mark has.
func (s places) titled(c call) map[string]string {
	if c.name != "callout" || c.params["title"] != "" {
		return c.params
	}
	kind := strings.ToLower(cmp.Or(c.params["kind"], strings.Join(c.args, " "), "note"))
	word := language.TextOf(s.settings.Language).Callouts[kind]
	if word == "" {
		return c.params // the shortcode says what kinds there are
	}
	params := maps.Clone(c.params)
	if params == nil {
		params = map[string]string{}
	}
	params["title"] = word
	return params
}

// cutFirstLine takes away what a paragraph holds before an offset, and returns
// it as plain text.
func (s places) cutFirstLine(paragraph ast.Node, end int) string {
	var cut strings.Builder
	for child := paragraph.FirstChild(); child != nil; {
		next := child.NextSibling()
		words, is := child.(*ast.Text)
		if is {
			cut.Write(unescaped(words.Segment.Value(s.body)))
		} else {
			cut.WriteString(plain(child, s.body))
		}
		paragraph.RemoveChild(paragraph, child)
		if is && (words.SoftLineBreak() || words.HardLineBreak()) && words.Segment.Stop <= end {
			break
		}
		child = next
	}
	return cut.String()
}

func renderCallout(w util.BufWriter, _ []byte, n ast.Node, entering bool) (ast.WalkStatus, error) {
	c := n.(*calloutNode)
	title := html.EscapeString(c.title)
	switch {
	case c.folds && entering:
		open := ""
		if c.opens {
			open = " open"
		}
		_, _ = fmt.Fprintf(w, "<details class=\"callout callout-%s\"%s>\n<summary class=\"callout-title\">%s</summary>\n", c.kind, open, title)
	case c.folds:
		_, _ = w.WriteString("</details>\n")
	case entering:
		_, _ = fmt.Fprintf(w, "<div class=\"callout callout-%s\" role=\"note\">\n<p class=\"callout-title\">%s</p>\n", c.kind, title)
	default:
		_, _ = w.WriteString("</div>\n")
	}
	return ast.WalkContinue, nil
}
