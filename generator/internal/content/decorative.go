package content

import (
	"bytes"

	"github.com/yuin/goldmark/ast"
	"github.com/yuin/goldmark/parser"
	"github.com/yuin/goldmark/text"
	"github.com/yuin/goldmark/util"
)

// decorativeNode is the mark {alt=""} right behind a picture: it has no words
// because it needs none. Nothing is shown of it.
type decorativeNode struct{ ast.BaseInline }

var kindDecorative = ast.NewNodeKind("Decorative")

// Kind implements ast.Node.
func (*decorativeNode) Kind() ast.NodeKind { return kindDecorative }

// Dump implements ast.Node.
func (n *decorativeNode) Dump(source []byte, level int) { ast.DumpHelper(n, source, level, nil, nil) }

func renderDecorative(util.BufWriter, []byte, ast.Node, bool) (ast.WalkStatus, error) {
	return ast.WalkContinue, nil
}

// decorative implements parser.InlineParser.
type decorative struct{}

// Trigger implements parser.InlineParser.
func (decorative) Trigger() []byte { return []byte{'{'} }

// Parse implements parser.InlineParser.
func (decorative) Parse(parent ast.Node, block text.Reader, _ parser.Context) ast.Node {
	_, follows := parent.LastChild().(*ast.Image)
	if before := block.PrecendingCharacter(); !follows || before != ')' && before != ']' {
		return nil
	}
	line, _ := block.PeekLine()
	for _, mark := range []string{`{alt=""}`, `{alt=''}`} {
		if bytes.HasPrefix(line, []byte(mark)) {
			block.Advance(len(mark))
			return &decorativeNode{}
		}
	}
	return nil
}

// isDecorative tells whether a picture carries the mark.
func isDecorative(image *ast.Image) bool {
	_, marked := image.NextSibling().(*decorativeNode)
	return marked
}
