package content

import (
	"regexp"
	"strings"

	"github.com/yuin/goldmark/ast"
	"github.com/yuin/goldmark/parser"
	"github.com/yuin/goldmark/text"
)

// call is {{< name arg "second arg" >}} as written.
type call struct {
	name string
	args []string
}

// shortcodeBlockNode is a call alone on its line; shortcodeInlineNode one within
// a line.
type shortcodeBlockNode struct {
	ast.BaseBlock
	call
}

type shortcodeInlineNode struct {
	ast.BaseInline
	call
}

var (
	kindShortcodeBlock  = ast.NewNodeKind("ShortcodeBlock")
	kindShortcodeInline = ast.NewNodeKind("ShortcodeInline")
)

// Kind implements ast.Node.
func (*shortcodeBlockNode) Kind() ast.NodeKind { return kindShortcodeBlock }

// Kind implements ast.Node.
func (*shortcodeInlineNode) Kind() ast.NodeKind { return kindShortcodeInline }

// Dump implements ast.Node.
func (s *shortcodeBlockNode) Dump(source []byte, level int) {
	ast.DumpHelper(s, source, level, map[string]string{"name": s.name}, nil)
}

// Dump implements ast.Node.
func (s *shortcodeInlineNode) Dump(source []byte, level int) {
	ast.DumpHelper(s, source, level, map[string]string{"name": s.name}, nil)
}

var (
	shortcodeCall = regexp.MustCompile(`^\{\{<\s*([\w-]+)((?:\s+(?:"[^"\n]*"|[^\s">]+))*)\s*>\}\}`)
	shortcodeArg  = regexp.MustCompile(`"([^"\n]*)"|([^\s">]+)`)
)

// read reads one call at the start of a line; length is 0 when there is none.
func read(line []byte) (c call, length int) {
	m := shortcodeCall.FindSubmatch(line)
	if m == nil {
		return call{}, 0
	}
	c.name = string(m[1])
	for _, arg := range shortcodeArg.FindAllStringSubmatch(string(m[2]), -1) {
		c.args = append(c.args, arg[1]+arg[2])
	}
	return c, len(m[0])
}

// shortcodeBlock implements parser.BlockParser.
type shortcodeBlock struct{}

func (shortcodeBlock) Trigger() []byte { return []byte{'{'} }

func (shortcodeBlock) Open(_ ast.Node, reader text.Reader, pc parser.Context) (ast.Node, parser.State) {
	line, segment := reader.PeekLine()
	at := pc.BlockOffset()
	if at < 0 || pc.BlockIndent() > 3 {
		return nil, parser.NoChildren
	}
	c, length := read(line[at:])
	if length == 0 || strings.TrimSpace(string(line[at+length:])) != "" {
		return nil, parser.NoChildren
	}
	node := &shortcodeBlockNode{call: c}
	node.SetPos(segment.Start + at)
	reader.AdvanceToEOL()
	return node, parser.NoChildren
}

func (shortcodeBlock) Continue(ast.Node, text.Reader, parser.Context) parser.State {
	return parser.Close
}
func (shortcodeBlock) Close(ast.Node, text.Reader, parser.Context) {}
func (shortcodeBlock) CanInterruptParagraph() bool                 { return true }
func (shortcodeBlock) CanAcceptIndentedLine() bool                 { return false }

// shortcodeInline implements parser.InlineParser.
type shortcodeInline struct{}

func (shortcodeInline) Trigger() []byte { return []byte{'{'} }

func (shortcodeInline) Parse(_ ast.Node, block text.Reader, _ parser.Context) ast.Node {
	line, segment := block.PeekLine()
	c, length := read(line)
	if length == 0 {
		return nil
	}
	node := &shortcodeInlineNode{call: c}
	node.SetPos(segment.Start)
	block.Advance(length)
	return node
}
