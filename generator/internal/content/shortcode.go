package content

import (
	"bytes"
	"fmt"
	"strings"

	"github.com/yuin/goldmark/ast"
	"github.com/yuin/goldmark/parser"
	"github.com/yuin/goldmark/text"
	"github.com/yuin/goldmark/util"
)

// call is {{< name arg "second arg" key="value" >}} as written. Hugo's other
// notation, with per cent signs, means the same: what stands between a call and
// its end is markdown in both.
type call struct {
	name    string
	args    []string
	params  map[string]string
	closes  bool   // {{< /name >}}
	literal string // {{</* name */>}} shows itself, without the stars
	broken  string // what is wrong with it
}

// shortcodeBlockNode is a call alone on its line, with what stands before its
// end as children; shortcodeInlineNode one within a line.
type shortcodeBlockNode struct {
	ast.BaseBlock
	call
	paired bool
	depth  int    // calls of the same name that are open within it
	fence  string // of a block of code that is open within it
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

// read reads one call at the start of a line; length is 0 when there is none.
func read(line []byte) (c call, length int) {
	s := string(line)
	if !strings.HasPrefix(s, "{{<") && !strings.HasPrefix(s, "{{%") {
		return call{}, 0
	}
	closing := ">}}"
	if s[2] == '%' {
		closing = "%}}"
	}
	if rest, escaped := strings.CutPrefix(s[3:], "/*"); escaped {
		if inner, _, found := strings.Cut(rest, "*/"+closing); found {
			return call{literal: s[:3] + inner + closing}, 3 + 2 + len(inner) + 2 + len(closing)
		}
	}
	scan := scanner{s: s, at: 3}
	scan.blanks()
	if scan.take('/') {
		c.closes = true
		scan.blanks()
	}
	if c.name = scan.name(); c.name == "" {
		return call{}, 0 // two braces and a sign may be anything
	}
	for {
		scan.blanks()
		scan.take('/') // {{< name />}} says that there is no end
		if strings.HasPrefix(s[scan.at:], closing) {
			return c, scan.at + len(closing)
		}
		if c.broken = scan.argument(&c); c.broken != "" {
			return c, len(bytes.TrimRight(line, "\n"))
		}
	}
}

// scanner walks over a call.
type scanner struct {
	s  string
	at int
}

func (s *scanner) blanks() {
	for s.at < len(s.s) && (s.s[s.at] == ' ' || s.s[s.at] == '\t') {
		s.at++
	}
}

func (s *scanner) take(b byte) bool {
	if s.at < len(s.s) && s.s[s.at] == b {
		s.at++
		return true
	}
	return false
}

func (s *scanner) name() string {
	start := s.at
	for s.at < len(s.s) {
		b := s.s[s.at]
		if b != '_' && b != '-' && (b < '0' || b > '9') && (b < 'a' || b > 'z') && (b < 'A' || b > 'Z') {
			break
		}
		s.at++
	}
	return s.s[start:s.at]
}

// argument reads one argument into a call, and says what is wrong with it.
func (s *scanner) argument(c *call) (wrong string) {
	start := s.at
	key := s.name()
	if key != "" && s.take('=') {
		value, wrong := s.value()
		if wrong != "" {
			return wrong
		}
		if _, twice := c.params[key]; twice {
			return fmt.Sprintf("`%s` is given twice", key)
		}
		if c.params == nil {
			c.params = map[string]string{}
		}
		c.params[key] = value
		return ""
	}
	s.at = start
	value, wrong := s.value()
	if wrong == "" {
		c.args = append(c.args, value)
	}
	return wrong
}

// value reads a word, or a text in quotes, in which a backslash stands before a
// quote, or between backticks, in which nothing is special.
func (s *scanner) value() (value, wrong string) {
	if s.at >= len(s.s) || s.s[s.at] == '\n' {
		return "", "the call has no end"
	}
	switch quote := s.s[s.at]; quote {
	case '"', '`':
		var b strings.Builder
		for s.at++; s.at < len(s.s) && s.s[s.at] != '\n'; s.at++ {
			switch {
			case s.s[s.at] == quote:
				s.at++
				return b.String(), ""
			case s.s[s.at] == '\\' && quote == '"' && s.at+1 < len(s.s) && (s.s[s.at+1] == '"' || s.s[s.at+1] == '\\'):
				s.at++
			}
			b.WriteByte(s.s[s.at])
		}
		return "", "a quote is not closed"
	}
	start := s.at
	for s.at < len(s.s) && !strings.ContainsRune(" \t\n\"`", rune(s.s[s.at])) && !strings.HasPrefix(s.s[s.at:], ">}}") && !strings.HasPrefix(s.s[s.at:], "%}}") && !strings.HasPrefix(s.s[s.at:], "/>}}") {
		s.at++
	}
	if s.at == start {
		return "", "the call has no end"
	}
	return s.s[start:s.at], ""
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
	if length == 0 || c.literal != "" {
		return nil, parser.NoChildren
	}
	node := &shortcodeBlockNode{call: c}
	node.SetPos(segment.Start + at)
	rest := line[at+length:]
	if len(bytes.TrimSpace(rest)) > 0 {
		// The only other thing the line may hold is a text and the end of the call.
		end := bytes.LastIndex(rest, []byte("{{"))
		if end < 0 {
			return nil, parser.NoChildren
		}
		last, closing := read(rest[end:])
		if !last.closes || last.name != c.name || len(bytes.TrimSpace(rest[end+closing:])) > 0 {
			return nil, parser.NoChildren
		}
		node.paired = true
		inner := ast.NewTextBlock()
		start := segment.Start + at + length
		inner.Lines().Append(text.NewSegment(start, start+end))
		node.AppendChild(node, inner)
		reader.AdvanceToEOL()
		return node, parser.NoChildren
	}
	if c.closes || c.broken != "" || !closedBelow(reader.Source()[segment.Stop:], c.name) {
		if words, found := captionOf(c, line[at:at+length]); found {
			start := segment.Start + at + words
			inner := ast.NewTextBlock()
			inner.Lines().Append(text.NewSegment(start, start+len(c.params["caption"])))
			delete(node.params, "caption")
			node.paired = true
			node.AppendChild(node, inner)
		}
		reader.AdvanceToEOL()
		return node, parser.NoChildren
	}
	node.paired = true
	reader.AdvanceToEOL()
	return node, parser.HasChildren
}

// captionOf is where in a call of figure the words of its caption begin, which
// are markdown as they would be before its end.
func captionOf(c call, source []byte) (start int, found bool) {
	const figure, caption = "figure", ` caption="`
	words := c.params["caption"]
	if c.name != figure || c.closes || c.broken != "" || words == "" {
		return 0, false
	}
	at := bytes.Index(source, []byte(caption+words+`"`)) // not found where a quote within is escaped
	return at + len(caption), at >= 0
}

// closedBelow tells whether a call ends further down, at its own depth and not
// in a block of code.
func closedBelow(source []byte, name string) bool {
	within := shortcodeBlockNode{call: call{name: name}}
	for line := range bytes.Lines(source) {
		if within.endsAt(bytes.TrimLeft(line, " \t>")) {
			return true
		}
	}
	return false
}

// endsAt tells whether a line is the end of the call, and keeps count of calls
// and code within.
func (s *shortcodeBlockNode) endsAt(line []byte) bool {
	line = bytes.TrimSpace(line)
	if s.fence != "" {
		if bytes.HasPrefix(line, []byte(s.fence)) && len(bytes.Trim(line, s.fence[:1])) == 0 {
			s.fence = ""
		}
		return false
	}
	for _, mark := range []string{"```", "~~~"} {
		if bytes.HasPrefix(line, []byte(mark)) {
			s.fence = string(line[:len(line)-len(bytes.TrimLeft(line, mark[:1]))])
			return false
		}
	}
	c, length := read(line)
	if length == 0 || c.name != s.name || len(bytes.TrimSpace(line[length:])) > 0 {
		return false
	}
	if !c.closes {
		s.depth++
		return false
	}
	s.depth--
	return s.depth < 0
}

func (shortcodeBlock) Continue(node ast.Node, reader text.Reader, _ parser.Context) parser.State {
	s := node.(*shortcodeBlockNode)
	if !s.paired || s.ChildCount() > 0 && s.FirstChild().Kind() == ast.KindTextBlock {
		return parser.Close
	}
	line, _ := reader.PeekLine()
	if s.endsAt(line) {
		reader.AdvanceToEOL()
		return parser.Close
	}
	return parser.Continue | parser.HasChildren
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
	block.Advance(length)
	if c.literal != "" {
		return ast.NewString([]byte(c.literal))
	}
	node := &shortcodeInlineNode{call: c}
	node.SetPos(segment.Start)
	return node
}

// renderShortcode writes the mark of a call, and of its end where it has one.
func renderShortcode(w util.BufWriter, _ []byte, n ast.Node, entering bool) (ast.WalkStatus, error) {
	m, found := markOf(n)
	if !found {
		return ast.WalkSkipChildren, nil
	}
	block, isBlock := n.(*shortcodeBlockNode)
	if entering || isBlock && block.paired {
		if !entering {
			m = mark + endSign + m[len(mark):]
		}
		_, _ = w.WriteString(m)
	}
	return ast.WalkContinue, nil
}

// endSign tells the mark of a call's end from that of its beginning.
const endSign = "/"
