package content

import (
	"bytes"
	"slices"

	"github.com/yuin/goldmark/ast"
	"github.com/yuin/goldmark/text"
)

// fileLink is a link whose address may count from the content folder as well.
const fileLink = "file-link"

// fileLinks makes links of [words]({{< ref "post.md" >}}), which is how Hugo's
// writers have a link checked: of one to the file itself. A call that stands
// anywhere else is complained of like any shortcode there is not.
func (s places) fileLinks(root ast.Node) {
	if !bytes.Contains(s.body, []byte("ref ")) {
		return
	}
	var calls []*shortcodeInlineNode
	_ = ast.Walk(root, func(n ast.Node, entering bool) (ast.WalkStatus, error) {
		if c, is := n.(*shortcodeInlineNode); entering && is && (c.name == "ref" || c.name == "relref") && len(c.args) == 1 && len(c.params) == 0 && c.broken == "" && !c.closes {
			calls = append(calls, c)
		}
		return ast.WalkContinue, nil
	})
	for _, c := range calls {
		before, follows := c.PreviousSibling().(*ast.Text)
		after, ends := c.NextSibling().(*ast.Text)
		if !follows || !ends || !bytes.HasSuffix(before.Value(s.body), []byte("](")) || !bytes.HasPrefix(after.Value(s.body), []byte(")")) {
			continue
		}
		first, at := s.openingBracket(before)
		if first == nil {
			continue
		}
		link := ast.NewLink()
		link.Destination = []byte(c.args[0])
		link.SetAttributeString(fileLink, true)
		link.SetPos(c.Pos())
		parent := c.Parent()
		before.Segment.Stop -= len("](")
		after.Segment.Start += len(")")
		rest := ast.NewTextSegment(text.NewSegment(at+1, first.Segment.Stop))
		rest.SetSoftLineBreak(first.SoftLineBreak())
		rest.SetHardLineBreak(first.HardLineBreak())
		first.Segment.Stop = at
		first.SetSoftLineBreak(false)
		first.SetHardLineBreak(false)
		parent.InsertAfter(parent, first, link)
		link.AppendChild(link, rest)
		for n := link.NextSibling(); n != ast.Node(c); n = link.NextSibling() {
			link.AppendChild(link, n) // which takes it away from there
		}
		parent.RemoveChild(parent, c)
	}
}

// openingBracket is where the words of a link begin that end with a text: the
// text with the bracket, and its offset.
func (s places) openingBracket(last *ast.Text) (*ast.Text, int) {
	depth := 0
	for n := ast.Node(last); n != nil; n = n.PreviousSibling() {
		words, is := n.(*ast.Text)
		if !is {
			continue
		}
		value := words.Value(s.body)
		if words == last {
			value = bytes.TrimSuffix(value, []byte("]("))
		}
		for i, b := range slices.Backward(value) {
			escaped := i > 0 && value[i-1] == '\\'
			switch {
			case b == ']' && !escaped:
				depth++
			case b == '[' && !escaped && depth > 0:
				depth--
			case b == '[' && !escaped:
				return words, words.Segment.Start + i
			}
		}
	}
	return nil, 0
}
