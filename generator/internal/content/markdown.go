package content

import (
	"bytes"
	"fmt"
	"html"
	"regexp"
	"strings"
	"sync"
	"unicode"
	"unicode/utf8"

	"github.com/yuin/goldmark"
	"github.com/yuin/goldmark/ast"
	"github.com/yuin/goldmark/extension"
	extensionast "github.com/yuin/goldmark/extension/ast"
	"github.com/yuin/goldmark/parser"
	"github.com/yuin/goldmark/renderer"
	gmhtml "github.com/yuin/goldmark/renderer/html"
	"github.com/yuin/goldmark/text"
	"github.com/yuin/goldmark/util"

	"cardbowl/generator/internal/diag"
	"cardbowl/generator/internal/language"
	"cardbowl/generator/internal/memo"
	"cardbowl/generator/internal/search"
)

// mark stands around a reference's number in rendered HTML. A text with a NUL
// is refused beforehand, so nothing in it can look like one.
const mark = "\x00"

// converter is goldmark with our settings; it is safe for concurrent use.
type converter struct {
	goldmark.Markdown
	linkless parser.Parser // does the same for a text in which nothing looks like an address
	rooms    *sync.Pool    // of *bytes.Buffer, for what is rendered and read out
}

func newConverter(s Settings) converter {
	all := newGoldmark(s, extension.Linkify)
	return converter{all, newGoldmark(s).Parser(), &sync.Pool{New: func() any { return new(bytes.Buffer) }}}
}

func newGoldmark(s Settings, more ...goldmark.Extender) goldmark.Markdown {
	words := language.TextOf(s.Language)
	return goldmark.New(
		goldmark.WithExtensions(more...),
		goldmark.WithExtensions(
			// GFM, but for a table's alignment: a style attribute would break a strict
			// CSP, and the align attribute is no more. Cells get a class instead.
			extension.Strikethrough, extension.TaskList,
			extension.NewTable(extension.WithTableCellAlignMethod(extension.TableCellAlignNone)),
			extension.Footnote, extension.NewTypographer(quotes(words)), extension.DefinitionList),
		goldmark.WithParserOptions(
			parser.WithAutoHeadingID(), parser.WithAttribute(),
			parser.WithBlockParsers(util.Prioritized(shortcodeBlock{}, 50), util.Prioritized(attributeLine{}, 60)),
			parser.WithInlineParsers(util.Prioritized(decorative{}, 40), util.Prioritized(shortcodeInline{}, 50)),
		),
		goldmark.WithRendererOptions(renderer.WithNodeRenderers(util.Prioritized(nodes{s.HTML, newHighlighter(s.Plain), words}, 50))),
	)
}

// parse leaves out looking for bare addresses where there is none: that is done
// at every blank, and takes a seventh of the time.
func (c converter) parse(body []byte) ast.Node {
	p := c.linkless
	for _, sign := range []string{"http:", "https:", "ftp:", "www.", "@"} {
		if bytes.Contains(body, []byte(sign)) {
			p = c.Parser()
			break
		}
	}
	return p.Parse(text.NewReader(body), parser.WithContext(parser.NewContext(parser.WithIDs(headingIDs{}))))
}

// room is an empty buffer, to be given back with leave.
func (c converter) room() *bytes.Buffer {
	room := c.rooms.Get().(*bytes.Buffer)
	room.Reset()
	return room
}

// leave gives a buffer back; nothing may refer to its bytes any more.
func (c converter) leave(room *bytes.Buffer) { c.rooms.Put(room) }

// render appends the HTML of a node to what is in room.
func (c converter) render(room *bytes.Buffer, n ast.Node, body []byte) error {
	if err := c.Renderer().Render(flushed{room}, body, n); err != nil {
		return fmt.Errorf("render markdown: %w", err)
	}
	return nil
}

// flushed is a buffer that goldmark need not put another before.
type flushed struct{ *bytes.Buffer }

// Buffered implements util.BufWriter.
func (flushed) Buffered() int { return 0 }

// Flush implements util.BufWriter.
func (flushed) Flush() error { return nil }

// headingIDs makes ids of headings in any script; goldmark's own keep only
// ASCII. It holds every id taken, and the number its next namesake starts from.
type headingIDs map[string]int

// destination is where a link within a heading leads, which its words do not say.
var destination = regexp.MustCompile(`\]\([^()]*(?:\([^()]*\)[^()]*)*\)`)

// Generate implements parser.IDs.
func (h headingIDs) Generate(value []byte, _ ast.NodeKind) []byte {
	if bytes.Contains(value, []byte("](")) {
		value = destination.ReplaceAll(value, []byte("]"))
	}
	id := strings.TrimRight(Anchor(string(value)), "-")
	if id == "" {
		id = "section"
	}
	unique := id
	for h[unique] > 0 {
		unique = fmt.Sprintf("%s-%d", id, h[id])
		h[id]++
	}
	h[unique] = 1
	return []byte(unique)
}

// Put implements parser.IDs.
func (h headingIDs) Put(value []byte) { h[string(value)] = max(1, h[string(value)]) }

// Anchor is the id a heading with this text gets: letters and digits of any
// script in lower case, blanks as hyphens, the rest left out.
func Anchor(title string) string {
	var b strings.Builder
	for _, r := range strings.TrimSpace(strings.ToLower(title)) {
		switch {
		case unicode.IsLetter(r), unicode.IsDigit(r), unicode.IsMark(r), r == '_':
			b.WriteRune(r)
		case unicode.IsSpace(r), r == '-':
			b.WriteByte('-')
		}
	}
	return b.String()
}

// nodes renders what differs from goldmark's own renderer.
type nodes struct {
	rawHTML bool
	code    highlighter
	words   language.Text
}

// RegisterFuncs implements renderer.NodeRenderer.
func (r nodes) RegisterFuncs(register renderer.NodeRendererFuncRegisterer) {
	register.Register(ast.KindLink, renderLink)
	register.Register(ast.KindImage, renderImage)
	register.Register(ast.KindHTMLBlock, r.renderHTMLBlock)
	register.Register(ast.KindRawHTML, r.renderRawHTML)
	register.Register(ast.KindHeading, renderHeading)
	register.Register(ast.KindFencedCodeBlock, r.renderCode)
	register.Register(ast.KindCodeBlock, r.renderCode)
	register.Register(extensionast.KindTable, renderTable)
	register.Register(extensionast.KindTaskCheckBox, r.renderTask)
	register.Register(kindCallout, renderCallout)
	register.Register(kindDecorative, renderDecorative)
	register.Register(kindShortcodeBlock, renderShortcode)
	register.Register(kindShortcodeInline, renderShortcode)
}

// refAttribute holds the number of a node's reference.
const refAttribute = "cardbowl-ref"

func markOf(n ast.Node) (string, bool) {
	number, found := n.AttributeString(refAttribute)
	if !found {
		return "", false
	}
	return fmt.Sprintf("%s%d%s", mark, number, mark), true
}

func renderLink(w util.BufWriter, _ []byte, n ast.Node, entering bool) (ast.WalkStatus, error) {
	link := n.(*ast.Link)
	if !entering {
		_, _ = w.WriteString("</a>")
		return ast.WalkContinue, nil
	}
	_, _ = w.WriteString(`<a`)
	if m, found := markOf(n); found {
		_, _ = w.WriteString(m) // the whole attribute, since a link may turn out to lead nowhere
	} else if address := util.URLEscape(link.Destination, true); !dangerous(address) {
		_, _ = fmt.Fprintf(w, ` href="%s"`, util.EscapeHTML(address))
	}
	if link.Title != nil {
		_, _ = fmt.Fprintf(w, ` title="%s"`, html.EscapeString(string(unescaped(link.Title))))
	}
	_, _ = w.WriteString(">")
	return ast.WalkContinue, nil
}

func renderImage(w util.BufWriter, body []byte, n ast.Node, entering bool) (ast.WalkStatus, error) {
	if !entering {
		return ast.WalkContinue, nil
	}
	if m, found := markOf(n); found {
		_, _ = w.WriteString(m)
		return ast.WalkSkipChildren, nil
	}
	image := n.(*ast.Image)
	address := util.URLEscape(image.Destination, true)
	if dangerous(address) {
		address = nil
	}
	_, _ = fmt.Fprintf(w, `<img src="%s" alt="%s"`, util.EscapeHTML(address), html.EscapeString(plain(n, body)))
	if image.Title != nil {
		_, _ = fmt.Fprintf(w, ` title="%s"`, html.EscapeString(string(unescaped(image.Title))))
	}
	_, _ = w.WriteString(` loading="lazy">`)
	return ast.WalkSkipChildren, nil
}

// dangerous addresses run code when followed. goldmark's own test is switched
// off where raw HTML is let through; this one never is.
func dangerous(address []byte) bool {
	plain := strings.Map(func(r rune) rune {
		if r <= ' ' {
			return -1
		}
		return r
	}, html.UnescapeString(string(address)))
	return gmhtml.IsDangerousURL([]byte(strings.ToLower(plain)))
}

func unescaped(value []byte) []byte {
	if bytes.IndexByte(value, '\\') < 0 && bytes.IndexByte(value, '&') < 0 {
		return value
	}
	return util.ResolveEntityNames(util.ResolveNumericReferences(util.UnescapePunctuations(value)))
}

func (r nodes) renderHTMLBlock(w util.BufWriter, body []byte, n ast.Node, entering bool) (ast.WalkStatus, error) {
	block := n.(*ast.HTMLBlock)
	if !r.rawHTML || isComment(htmlOf(n, body)) {
		return ast.WalkSkipChildren, nil
	}
	if entering {
		for i := range block.Lines().Len() {
			line := block.Lines().At(i)
			_, _ = w.Write(line.Value(body))
		}
	} else if block.HasClosure() {
		_, _ = w.Write(block.ClosureLine.Value(body))
	}
	return ast.WalkContinue, nil
}

func (r nodes) renderRawHTML(w util.BufWriter, body []byte, n ast.Node, entering bool) (ast.WalkStatus, error) {
	if entering && r.rawHTML {
		if raw := htmlOf(n, body); !isComment(raw) {
			_, _ = w.WriteString(raw)
		}
	}
	return ast.WalkSkipChildren, nil
}

// htmlOf is the source of a raw HTML node.
func htmlOf(n ast.Node, body []byte) string {
	var b strings.Builder
	switch n := n.(type) {
	case *ast.HTMLBlock:
		for i := range n.Lines().Len() {
			line := n.Lines().At(i)
			b.Write(line.Value(body))
		}
		if n.HasClosure() {
			b.Write(n.ClosureLine.Value(body))
		}
	case *ast.RawHTML:
		for i := range n.Segments.Len() {
			part := n.Segments.At(i)
			b.Write(part.Value(body))
		}
	}
	return b.String()
}

func isComment(raw string) bool {
	raw = strings.TrimSpace(raw)
	return strings.HasPrefix(raw, "<!--") && strings.HasSuffix(raw, "-->") && strings.Count(raw, "-->") == 1
}

// markReferences numbers the links, images and shortcodes that need the site,
// and returns them in that order.
func (s places) markReferences(root ast.Node) []Ref {
	var refs []Ref
	_ = ast.Walk(root, func(n ast.Node, entering bool) (ast.WalkStatus, error) {
		if !entering {
			return ast.WalkContinue, nil
		}
		var ref Ref
		switch n := n.(type) {
		case *ast.AutoLink:
			if n.AutoLinkType == ast.AutoLinkURL {
				s.outside(n, n.URL(s.body))
			}
			return ast.WalkContinue, nil
		case *ast.Link:
			if !internal(n.Destination) {
				s.outside(n, n.Destination)
				return ast.WalkContinue, nil
			}
			_, file := n.AttributeString(fileLink)
			ref = Ref{Kind: LinkRef, Target: string(unescaped(n.Destination)), Anywhere: file}
		case *ast.Image:
			if !internal(n.Destination) {
				s.outside(n, n.Destination)
				return ast.WalkContinue, nil
			}
			ref = Ref{Kind: ImageRef, Target: string(unescaped(n.Destination)), Alt: plain(n, s.body), Title: string(unescaped(n.Title))}
		case *shortcodeBlockNode:
			if !s.wellFormed(n, n.call) {
				return ast.WalkContinue, nil
			}
			ref = Ref{Kind: ShortcodeRef, Target: n.name, Args: n.args, Params: s.titled(n.call), Paired: n.paired}
		case *shortcodeInlineNode:
			if !s.wellFormed(n, n.call) {
				return ast.WalkContinue, nil
			}
			ref = Ref{Kind: ShortcodeRef, Target: n.name, Args: n.args, Params: n.params, Inline: true}
		default:
			return ast.WalkContinue, nil
		}
		ref.Line, ref.Column, _ = s.of(n)
		n.SetAttributeString(refAttribute, len(refs))
		refs = append(refs, ref)
		return ast.WalkContinue, nil
	})
	return refs
}

// wellFormed complains of a call that cannot be read, and of an end without a
// beginning.
func (s places) wellFormed(n ast.Node, c call) bool {
	message, hint := "", ""
	switch {
	case c.broken != "":
		message, hint = fmt.Sprintf("the shortcode `%s` cannot be read: %s", c.name, c.broken), "write {{< "+c.name+" word \"two words\" key=\"value\" >}} on one line"
	case c.closes:
		message, hint = fmt.Sprintf("the shortcode `%s` ends here and begins nowhere", c.name), "a call and its end stand alone on their lines, or both on one line with the text between them"
	default:
		return true
	}
	line, column, text := s.of(n)
	s.fail(diag.Diagnostic{File: s.doc.File, Line: line, Column: column, Message: message, Hint: hint, Source: text})
	return false
}

// Internal tells an address within the site from one elsewhere.
func Internal(address string) bool { return internal([]byte(address)) }

// internal tells addresses inside the site from those with a scheme or host of
// their own, and from places on the same page.
//
// It judges the address as it will be written, escapes and entities resolved, so
// that neither javascript&colon; nor &#106;avascript: passes for a path.
func internal(address []byte) bool {
	a := string(unescaped(address))
	// Addresses below /_/ are the tracker's.
	if a == "" || strings.HasPrefix(a, "/_/") || strings.HasPrefix(a, "#") || strings.HasPrefix(a, "//") || strings.HasPrefix(a, `\`) || strings.HasPrefix(a, `/\`) {
		return false
	}
	scheme := strings.IndexByte(a, ':')
	return scheme < 0 || strings.ContainsAny(a[:scheme], "/?#")
}

// warnOfHTML tells where raw HTML is dropped.
func (s places) warnOfHTML(root ast.Node) {
	if s.settings.HTML || bytes.IndexByte(s.body, '<') < 0 {
		return
	}
	reported := 0
	_ = ast.Walk(root, func(n ast.Node, entering bool) (ast.WalkStatus, error) {
		if !entering || n.Kind() != ast.KindHTMLBlock && n.Kind() != ast.KindRawHTML {
			return ast.WalkContinue, nil
		}
		raw := strings.TrimSpace(htmlOf(n, s.body))
		if isComment(raw) || strings.HasPrefix(raw, "</") {
			return ast.WalkContinue, nil
		}
		line, column, text := s.of(n)
		if reported == line {
			return ast.WalkContinue, nil // one tag of several in the line is enough
		}
		reported = line
		s.fail(diag.Diagnostic{File: s.doc.File, Line: line, Column: column, Severity: diag.Warning, Code: "raw-html", Message: "raw HTML is left out",
			Hint: "write it as markdown, or let HTML through with `markdown: {html: true}` in site.yaml", Source: text})
		return ast.WalkContinue, nil
	})
}

// moreMarker finds the top-level block that holds <!--more-->, or nil.
func moreMarker(root ast.Node, body []byte) ast.Node {
	if !bytes.Contains(body, []byte("<!--")) {
		return nil
	}
	var found ast.Node
	_ = ast.Walk(root, func(n ast.Node, entering bool) (ast.WalkStatus, error) {
		if entering && (n.Kind() == ast.KindHTMLBlock || n.Kind() == ast.KindRawHTML) && isMore(htmlOf(n, body)) {
			for n.Parent() != root {
				n = n.Parent()
			}
			found = n
			return ast.WalkStop, nil
		}
		return ast.WalkContinue, nil
	})
	return found
}

func isMore(raw string) bool {
	inner, comment := strings.CutPrefix(strings.TrimSpace(raw), "<!--")
	inner, closed := strings.CutSuffix(inner, "-->")
	return comment && closed && strings.TrimSpace(inner) == "more"
}

// autoExcerptWords is where an excerpt without a marker stops: after the
// paragraph that passes it. Whole blocks only, so no tag is ever cut.
const autoExcerptWords = 40

// excerptNodes are the top-level blocks of the excerpt, and whether text
// follows them.
func excerptNodes(root ast.Node, body []byte, cut ast.Node) (out []ast.Node, more bool) {
	words := 0
	for n := root.FirstChild(); n != nil; n = n.NextSibling() {
		if n == cut {
			if n.Kind() != ast.KindHTMLBlock {
				out = append(out, n) // the marker stands inside a paragraph, which is kept whole
			}
			return out, n.NextSibling() != nil
		}
		if cut == nil {
			if n.Kind() != ast.KindParagraph {
				if len(out) > 0 {
					return out, true
				}
				more = true
				continue // a picture or heading at the very top
			}
			words += countWords(plain(n, body))
			out = append(out, n)
			if words >= autoExcerptWords {
				return out, more || n.NextSibling() != nil
			}
			continue
		}
		out = append(out, n)
	}
	return out, more
}

// withoutAnchors takes away what only the whole page can offer: heading ids,
// which would stand twice in a list, and references to its footnotes.
func withoutAnchors(root ast.Node) {
	var notes []ast.Node
	_ = ast.Walk(root, func(n ast.Node, entering bool) (ast.WalkStatus, error) {
		if !entering {
			return ast.WalkContinue, nil
		}
		if n.Kind() == extensionast.KindFootnoteLink {
			notes = append(notes, n)
		}
		if _, named := n.AttributeString("id"); named {
			withoutID(n)
		}
		return ast.WalkContinue, nil
	})
	for _, n := range notes {
		n.Parent().RemoveChild(n.Parent(), n)
	}
}

func withoutID(n ast.Node) {
	attributes := n.Attributes()
	n.RemoveAttributes()
	for _, a := range attributes {
		if string(a.Name) != "id" {
			n.SetAttribute(a.Name, a.Value)
		}
	}
}

func headings(root ast.Node, body []byte) []Heading {
	var out []Heading
	_ = ast.Walk(root, func(n ast.Node, entering bool) (ast.WalkStatus, error) {
		if h, ok := n.(*ast.Heading); ok && entering {
			id, _ := h.AttributeString("id")
			raw, _ := id.([]byte)
			out = append(out, Heading{Level: h.Level, ID: string(raw), Title: plain(h, body)})
		}
		if first := n.FirstChild(); first == nil || first.Type() == ast.TypeInline {
			return ast.WalkSkipChildren, nil
		}
		return ast.WalkContinue, nil
	})
	return out
}

// plain is the text of a node without markup.
func plain(root ast.Node, body []byte) string {
	var b bytes.Buffer
	writePlain(&b, root, body)
	return string(bytes.TrimSpace(b.Bytes()))
}

func writePlain(b *bytes.Buffer, root ast.Node, body []byte) {
	_ = ast.Walk(root, func(n ast.Node, entering bool) (ast.WalkStatus, error) {
		switch n := n.(type) {
		case *ast.Text:
			if entering {
				b.Write(unescaped(n.Segment.Value(body)))
				if n.SoftLineBreak() || n.HardLineBreak() {
					b.WriteByte(' ')
				}
			}
		case *ast.String:
			if entering {
				if bytes.IndexByte(n.Value, '&') < 0 {
					b.Write(n.Value)
				} else {
					b.WriteString(html.UnescapeString(string(n.Value)))
				}
			}
		case *ast.AutoLink:
			if entering {
				b.Write(n.Label(body))
			}
		case *ast.FencedCodeBlock, *ast.CodeBlock:
			return ast.WalkSkipChildren, nil
		default:
			if !entering && n.Type() == ast.TypeBlock {
				b.WriteByte(' ')
			}
		}
		return ast.WalkContinue, nil
	})
}

// countWords counts what stands between blanks. In scripts without blanks two
// characters count as a word.
func countWords[T string | []byte](s T) int {
	words, within, unspaced := 0, false, 0
	end := func() {
		if within {
			words += max(1, (unspaced+1)/2)
		}
		within, unspaced = false, 0
	}
	for i := 0; i < len(s); {
		r, size := rune(s[i]), 1
		if r >= utf8.RuneSelf {
			r, size = utf8.DecodeRuneInString(string(s[i:min(len(s), i+utf8.UTFMax)]))
		}
		i += size
		switch {
		case r <= ' ' || r == 0x85 || r == 0xA0 || r > 0xFF:
			if unicode.IsSpace(r) {
				end()
				continue
			}
			if r >= '\u0E00' && unicode.In(r, unicode.Han, unicode.Hiragana, unicode.Katakana, unicode.Thai, unicode.Lao, unicode.Khmer, unicode.Myanmar) {
				unspaced++
			}
		}
		within = true
	}
	end()
	return words
}

// opening fills in the first paragraphs as one plain line, cut between words, the
// number of words of the whole text, and what it is searched for by.
func (p *parse) opening(root ast.Node, body []byte, converter converter) {
	var parts []string
	b := converter.room()
	defer converter.leave(b)
	length := 0
	for n := root.FirstChild(); n != nil; n = n.NextSibling() {
		start := b.Len()
		writePlain(b, n, body)
		line := bytes.TrimSpace(b.Bytes()[start:])
		p.doc.Words += countWords(line)
		if n.Kind() == ast.KindParagraph && length < openingLength {
			parts = append(parts, strings.Fields(string(line))...)
			length += len(line)
		}
		b.WriteByte('\n')
	}
	p.doc.Opening = Shorten(strings.Join(parts, " "), openingLength)
	if p.settings.Search && !p.doc.Front.NoSearch {
		writeBeside(b, root, body)
		packed := search.Count(b.Bytes())
		p.doc.Terms = Body{Text: string(packed), Digest: memo.OfBytes(packed)}
	}
}

// writeBeside adds what a reader sees and plain leaves out: code, the titles of
// callouts, and of the arguments of shortcodes those that are meant to be read.
func writeBeside(b *bytes.Buffer, root ast.Node, body []byte) {
	said := func(texts ...string) {
		for _, t := range texts {
			b.WriteString(t)
			b.WriteByte('\n')
		}
	}
	call := func(c call) {
		said(c.literal, c.params["title"], c.params["caption"], c.params["summary"], c.params["text"])
		for _, a := range c.args {
			if strings.ContainsRune(a, ' ') { // or else it is a name, a number or an address
				said(a)
			}
		}
	}
	_ = ast.Walk(root, func(n ast.Node, entering bool) (ast.WalkStatus, error) {
		if !entering {
			return ast.WalkContinue, nil
		}
		switch n := n.(type) {
		case *ast.FencedCodeBlock, *ast.CodeBlock:
			for i := range n.Lines().Len() {
				line := n.Lines().At(i)
				b.Write(line.Value(body))
			}
		case *calloutNode:
			said(n.title)
		case *shortcodeBlockNode:
			call(n.call)
		case *shortcodeInlineNode:
			call(n.call)
		}
		return ast.WalkContinue, nil
	})
}

// Shorten cuts between words, with an ellipsis, to at most limit characters.
func Shorten(s string, limit int) string {
	if utf8.RuneCountInString(s) <= limit {
		return s
	}
	cut := string([]rune(s)[:limit-1])
	if i := strings.LastIndexByte(cut, ' '); i > limit/2 {
		cut = cut[:i]
	}
	return strings.TrimRight(cut, " ,.;:") + "…"
}
