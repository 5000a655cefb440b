package content

import (
	"bytes"
	"fmt"
	"strings"

	"github.com/yuin/goldmark/ast"
	extensionast "github.com/yuin/goldmark/extension/ast"
	"github.com/yuin/goldmark/parser"
	"github.com/yuin/goldmark/text"

	"cardbowl/generator/internal/diag"
)

// attributeLineNode is a line such as {.wide #costs}, which belongs to the block
// before it.
type attributeLineNode struct{ ast.BaseBlock }

var kindAttributeLine = ast.NewNodeKind("AttributeLine")

// Kind implements ast.Node.
func (*attributeLineNode) Kind() ast.NodeKind { return kindAttributeLine }

// Dump implements ast.Node.
func (n *attributeLineNode) Dump(source []byte, level int) {
	ast.DumpHelper(n, source, level, nil, nil)
}

// attributeLine implements parser.BlockParser.
type attributeLine struct{}

func (attributeLine) Trigger() []byte { return []byte{'{'} }

func (attributeLine) Open(_ ast.Node, reader text.Reader, pc parser.Context) (ast.Node, parser.State) {
	line, segment := reader.PeekLine()
	at := pc.BlockOffset()
	if at < 0 || pc.BlockIndent() > 3 {
		return nil, parser.NoChildren
	}
	written := bytes.TrimSpace(line[at:])
	if len(written) < 3 || !bytes.ContainsRune([]byte(".#abcdefghijklmnopqrstuvwxyz"), rune(written[1])) || written[len(written)-1] != '}' {
		return nil, parser.NoChildren
	}
	inside := text.NewReader(written)
	attributes, ok := parser.ParseAttributes(inside)
	if _, rest := inside.PeekLine(); !ok || rest.Len() > 0 {
		return nil, parser.NoChildren
	}
	node := &attributeLineNode{}
	node.SetPos(segment.Start + at)
	for _, a := range attributes {
		node.SetAttribute(a.Name, a.Value)
	}
	reader.AdvanceToEOL()
	return node, parser.NoChildren
}

func (attributeLine) Continue(ast.Node, text.Reader, parser.Context) parser.State {
	return parser.Close
}
func (attributeLine) Close(ast.Node, text.Reader, parser.Context) {}
func (attributeLine) CanInterruptParagraph() bool                 { return true }
func (attributeLine) CanAcceptIndentedLine() bool                 { return false }

// attributes gives each block what the line after it says, and takes away what
// a text may not say of its elements: styles and scripts.
func (s places) attributes(root ast.Node) {
	if bytes.IndexByte(s.body, '{') < 0 && bytes.IndexByte(s.body, '|') < 0 {
		return // no attributes but the ids we make, and no table
	}
	var lines []ast.Node
	_ = ast.Walk(root, func(n ast.Node, entering bool) (ast.WalkStatus, error) {
		if entering && n.Kind() == kindAttributeLine {
			lines = append(lines, n)
		}
		return ast.WalkContinue, nil
	})
	for _, line := range lines {
		if before := line.PreviousSibling(); before != nil {
			for _, a := range line.Attributes() {
				before.SetAttribute(a.Name, a.Value)
			}
			if before.Attributes() != nil && before.Kind() == ast.KindThematicBreak {
				before.RemoveAttributes() // nothing shows them
			}
		}
		line.Parent().RemoveChild(line.Parent(), line)
	}
	_ = ast.Walk(root, func(n ast.Node, entering bool) (ast.WalkStatus, error) {
		if !entering {
			return ast.WalkContinue, nil
		}
		if cell, is := n.(*extensionast.TableCell); is && cell.Alignment != extensionast.AlignNone {
			cell.SetAttributeString("class", []byte("align-"+cell.Alignment.String()))
		}
		if n.Attributes() != nil {
			s.harmless(n)
		}
		return ast.WalkContinue, nil
	})
}

func (s places) harmless(n ast.Node) {
	var kept []ast.Attribute
	for _, a := range n.Attributes() {
		name := strings.ToLower(string(a.Name))
		switch {
		case name == "id", name == "class", name == "title", name == "lang", name == "dir", strings.HasPrefix(name, "aria-"), strings.HasPrefix(name, "data-"):
			if value, text := a.Value.([]byte); text {
				a.Value = bytes.TrimSpace(value)
			}
			kept = append(kept, a)
		default:
			line, column, text := s.of(n)
			s.fail(diag.Diagnostic{File: s.doc.File, Line: line, Column: column, Severity: diag.Warning, Code: "attribute", Source: text,
				Message: fmt.Sprintf("the attribute `%s` is left out", a.Name), Hint: "a text may give its elements id, class, title, lang, dir, aria-… and data-…"})
		}
	}
	if len(kept) == len(n.Attributes()) {
		return
	}
	n.RemoveAttributes()
	for _, a := range kept {
		n.SetAttribute(a.Name, a.Value)
	}
}
