package content

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"fmt"
	"path"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/yuin/goldmark/ast"
	"golang.org/x/sync/errgroup"

	"cardbowl/generator/internal/cache"
	"cardbowl/generator/internal/diag"
	"cardbowl/generator/internal/memo"
	"cardbowl/generator/internal/source"
)

// Stage is the name under which the memo keeps parsed documents.
const Stage = "parse"

// Settings are what a document may depend on besides its own bytes.
type Settings struct {
	Zone       *time.Location
	Taxonomies []string
	HTML       bool   // raw HTML is let through
	Plain      bool   // code is not highlighted
	Search     bool   // the words of the text are counted
	Language   string // BCP 47: decides quotation marks and the few words a text gets from us
}

func (s Settings) digest() memo.Digest {
	return memo.Of(s.Zone.String(), s.Taxonomies, s.HTML, s.Plain, s.Search, s.Language)
}

// Shelf is every document of a site, and what follows from all of them. It does
// not change.
type Shelf struct {
	Settings  memo.Digest         // they were parsed with
	Documents []*Document         // by file
	Heads     []*Head             // of each
	Seen      memo.Digest         // of all heads
	Others    memo.Digest         // of the other files under content/
	Problems  diag.List           // of all documents
	Silenced  map[string][]string // by file: codes of findings that its text asks to be left out

	files  []source.File // all under content/
	number []int         // of the document that each is; -1: none
}

// Stored is a Shelf whose documents another process parsed.
func Stored(settings memo.Digest, documents []*Document) Shelf {
	return Shelf{Settings: settings, Documents: documents}
}

// ParseAll parses every markdown file under content/, by path. A document that
// last holds of the same file, the same bytes and the same settings is taken from
// there, and the file is not read; remembered counts the others, and where it
// verifies, all are parsed. The texts are put into texts: they are most of a
// site, and nobody needs two of them at a time. The error is for a file that
// changed meanwhile, and for the context's end.
func ParseAll(ctx context.Context, tree source.Tree, settings Settings, last Shelf, remembered *memo.Memo, texts *cache.Cache, workers int) (Shelf, error) {
	shelf := Shelf{Settings: settings.digest(), files: tree.Under("content/")}
	// Most often the files are the same, with other bytes in one: then all that
	// has to be looked at stands in two lists, one beside the other.
	same := last.files != nil && last.Settings == shelf.Settings && !remembered.Verifies() &&
		slices.EqualFunc(shelf.files, last.files, func(a, b source.File) bool { return a.Path == b.Path })
	if !same {
		before := shelf.place(last, remembered.Verifies())
		if err := shelf.parse(ctx, before, settings, remembered, texts, workers); err != nil {
			return Shelf{}, err
		}
		shelf.describe()
		return shelf, nil
	}
	shelf.number, shelf.Documents = last.number, slices.Clone(last.Documents)
	shelf.Heads, shelf.Seen, shelf.Others, shelf.Problems, shelf.Silenced = last.Heads, last.Seen, last.Others, last.Problems, last.Silenced
	others := false
	for i := range shelf.files {
		switch n := shelf.number[i]; {
		case shelf.files[i].Digest == last.files[i].Digest:
		case n >= 0:
			shelf.Documents[n] = nil
		default:
			others = true
		}
	}
	if err := shelf.parse(ctx, nil, settings, remembered, texts, workers); err != nil {
		return Shelf{}, err
	}
	for n, d := range shelf.Documents {
		if old := last.Documents[n]; d != old && (d.Seen != old.Seen || len(d.Problems)+len(old.Problems)+len(d.Silenced)+len(old.Silenced) > 0) {
			others = true
		}
	}
	if others {
		shelf.describe()
	}
	return shelf, nil
}

// place finds out which files are documents, and takes those from last that it
// has. In verification all are parsed, and before are those it has.
func (s *Shelf) place(last Shelf, verify bool) (before []*Document) {
	known := last.Documents
	for _, f := range s.files {
		for len(known) > 0 && known[0].File < f.Path {
			known = known[1:]
		}
		var old *Document
		if len(known) > 0 && known[0].File == f.Path {
			old, known = known[0], known[1:]
		} else if !IsDocument(f.Path) {
			s.number = append(s.number, -1)
			continue
		}
		if old != nil && (old.Digest != f.Digest || last.Settings != s.Settings) {
			old = nil
		}
		before = append(before, old)
		if verify {
			old = nil
		}
		s.number = append(s.number, len(s.Documents))
		s.Documents = append(s.Documents, old)
	}
	return before
}

// parse fills in the documents that are missing.
func (s *Shelf) parse(ctx context.Context, before []*Document, settings Settings, remembered *memo.Memo, texts *cache.Cache, workers int) error {
	converter := newConverter(settings)
	group, working := errgroup.WithContext(ctx)
	group.SetLimit(max(workers, 1))
	for i, f := range s.files {
		n := s.number[i]
		if n < 0 || s.Documents[n] != nil {
			continue
		}
		if working.Err() != nil {
			break
		}
		group.Go(func() error {
			d, err := parseFile(f, settings, converter, texts)
			if err != nil {
				return err
			}
			again := before != nil && before[n] != nil
			remembered.Ran(Stage, f.Path, !again, func() bool { return memo.Of(before[n]) == memo.Of(d) })
			s.Documents[n] = d
			return nil
		})
	}
	return cmp.Or(group.Wait(), ctx.Err()) // else the rest of the documents would pass for deleted
}

// describe fills in what follows from the documents.
func (s *Shelf) describe() {
	s.Problems, s.Silenced, s.Heads = nil, map[string][]string{}, make([]*Head, len(s.Documents))
	seen := make([]byte, 0, len(s.Documents)*len(memo.Digest{}))
	for n, d := range s.Documents {
		s.Heads[n] = &d.Head
		seen = append(seen, d.Seen[:]...)
		s.Problems = append(s.Problems, d.Problems...)
		if d.Silenced != nil {
			s.Silenced[d.File] = d.Silenced
		}
	}
	s.Seen = memo.OfBytes(seen)
	seen = seen[:0]
	for i, f := range s.files {
		if s.number[i] < 0 {
			d := memo.Of(f.Path, f.Digest)
			seen = append(seen, d[:]...)
		}
	}
	s.Others = memo.OfBytes(seen)
}

func parseFile(f source.File, settings Settings, converter converter, texts *cache.Cache) (*Document, error) {
	if f.Size > maxMarkdown {
		return failed(f, tooLarge(f.Path, f.Size)), nil // not even read: it may be a film
	}
	text, err := f.Read()
	if err != nil {
		return nil, err
	}
	d := parseWatched(f, text, settings, converter)
	d.Body, d.Terms = d.Body.kept(texts), d.Terms.kept(texts)
	return d, nil
}

// IsDocument tells whether a path under content/ is a markdown file that becomes
// a page.
func IsDocument(file string) bool {
	ext := strings.ToLower(path.Ext(file))
	return (ext == ".md" || ext == ".markdown") && !Private(file)
}

// Private tells whether a path under content/ has a part that keeps it from
// being published: a name that begins with _, but for _index.md.
func Private(file string) bool {
	for part := range strings.SplitSeq(file, "/") {
		if strings.HasPrefix(part, "_") && part != "_index.md" && part != "_index.markdown" {
			return true
		}
	}
	return false
}

// patience is how long one file may take. The libraries cannot be interrupted,
// so a hopeless one keeps a goroutine until the process ends.
const patience = 5 * time.Second

func parseWatched(f source.File, text []byte, settings Settings, converter converter) *Document {
	trouble := func(message, hint string) *Document {
		return failed(f, diag.Diagnostic{File: f.Path, Line: 1, Column: 1, Message: message, Hint: hint})
	}
	done := make(chan *Document, 1)
	go func() {
		defer func() {
			if r := recover(); r != nil {
				done <- trouble(fmt.Sprintf("the text cannot be parsed: %v", r), "take parts of it away until it can; the part that mattered is worth a report")
			}
		}()
		d := Parse(f.Path, f.Digest, text, settings, converter)
		done <- &d
	}()
	tooLong := time.NewTimer(patience)
	defer tooLong.Stop()
	select {
	case d := <-done:
		return d
	case <-tooLong.C:
		return trouble(fmt.Sprintf("the text takes more than %s to parse", patience), "look for very long runs of brackets, quotes or nested lists")
	}
}

// failed is what a file is that cannot be a document.
func failed(f source.File, why diag.Diagnostic) *Document {
	d := &Document{Head: Head{File: f.Path}, Digest: f.Digest, Problems: diag.List{why}}
	d.close()
	return d
}

// parse is the work on one file.
type parse struct {
	text     []byte // the whole file, line ends mended
	settings Settings
	doc      Document
}

func (p *parse) fail(d diag.Diagnostic) { p.doc.Problems = append(p.doc.Problems, d) }

// Parse turns the bytes of one file into its Document. It is a pure function.
func Parse(file string, digest memo.Digest, text []byte, settings Settings, converter converter) Document {
	p := &parse{text: mended(text), settings: settings, doc: Document{Head: Head{File: file}, Digest: digest}}
	p.all(converter)
	p.doc.close()
	return p.doc
}

func (p *parse) all(converter converter) {
	if d := refuse(p.doc.File, p.text); d != nil {
		p.fail(*d)
		return
	}
	body, bodyLine := p.frontMatter()
	if p.doc.Problems.HasErrors() {
		return
	}
	p.fromName()
	p.dates()
	if err := p.markdown(body, bodyLine, converter); err != nil {
		p.fail(diag.Diagnostic{File: p.doc.File, Line: 1, Column: 1, Message: err.Error()})
	}
}

// mended is a text with the line ends that everything after it knows.
func mended(text []byte) []byte {
	text = bytes.TrimPrefix(text, []byte("\uFEFF"))
	if bytes.IndexByte(text, '\r') >= 0 {
		text = bytes.ReplaceAll(bytes.ReplaceAll(text, []byte("\r\n"), []byte{'\n'}), []byte{'\r'}, []byte{'\n'})
	}
	return text
}

// Line is a line of a markdown file, from 1, as it stands in diagnostics.
func Line(text []byte, line int) string { return diag.SourceLine(mended(text), line) }

var errTooMuch = errors.New("the page grows to more than 20 times its text")

// markdown fills in everything that comes from the text.
func (p *parse) markdown(body []byte, bodyLine int, converter converter) error {
	root := converter.parse(body)
	places := newPlaces(p, body, bodyLine)
	places.attributes(root)
	places.callouts(root)
	places.fileLinks(root)
	cut := moreMarker(root, body)
	p.doc.Headings = headings(root, body)
	p.takeTitle(root)
	p.opening(root, body, converter)
	refs := places.markReferences(root)
	places.warnOfHTML(root)
	places.warnOfDoubles(root)
	room := converter.room()
	defer converter.leave(room)
	if err := converter.render(room, root, body); err != nil {
		return err
	}
	html := room.Bytes()
	if len(html) > maxGrowth*len(body)+1<<20 {
		return errTooMuch
	}
	p.doc.Body = newBody(html, refs)
	places.findings(root, html)

	if p.doc.Front.Summary != "" {
		return p.summary(converter)
	}
	excerpt, more := excerptNodes(root, body, cut)
	p.doc.More = more
	room.Reset()
	for _, n := range excerpt {
		withoutAnchors(n)
		if err := converter.render(room, n, body); err != nil {
			return err
		}
	}
	p.doc.Excerpt = newBody(room.Bytes(), refs)
	return nil
}

// takeTitle takes a heading out of the text that is the title, and would stand
// there twice.
func (p *parse) takeTitle(root ast.Node) {
	first, is := root.FirstChild().(*ast.Heading)
	if !is || first.Level != 1 || p.doc.Front.Title != "" && p.doc.Front.Title != p.doc.Headings[0].Title {
		return
	}
	more := false
	_ = ast.Walk(first, func(n ast.Node, _ bool) (ast.WalkStatus, error) {
		switch n.(type) {
		case *ast.Image, *ast.Link, *ast.AutoLink, *ast.RawHTML, *shortcodeInlineNode:
			more = true
		}
		return ast.WalkContinue, nil
	})
	if !more {
		p.doc.Titled = true
		root.RemoveChild(root, first)
	}
}

// summary makes the excerpt of what the front matter says in its place, which is
// markdown too, and keeps of that its plain text.
func (p *parse) summary(converter converter) error {
	body := []byte(p.doc.Front.Summary)
	root := converter.parse(body)
	places := newPlaces(p, body, max(0, p.doc.Front.Places["summary"].Line-1))
	places.attributes(root)
	refs := places.markReferences(root)
	places.warnOfHTML(root)
	p.doc.Front.Summary = strings.Join(strings.Fields(plain(root, body)), " ")
	withoutAnchors(root)
	room := converter.room()
	defer converter.leave(room)
	if err := converter.render(room, root, body); err != nil {
		return err
	}
	p.doc.Excerpt, p.doc.More = newBody(room.Bytes(), refs), true
	return nil
}

// newBody cuts rendered HTML at its reference marks.
func newBody(html []byte, refs []Ref) Body {
	var b Body
	var text strings.Builder
	text.Grow(len(html))
	for len(html) > 0 {
		before, rest, found := bytes.Cut(html, []byte(mark))
		if len(before) > 0 {
			text.Write(before)
			b.Segments = append(b.Segments, Segment{Length: len(before)})
		}
		if !found {
			break
		}
		number, after, _ := bytes.Cut(rest, []byte(mark))
		if bytes.HasPrefix(number, []byte(endSign)) {
			b.Segments = append(b.Segments, Segment{Ref: &Ref{Kind: EndRef}})
		} else {
			b.Segments = append(b.Segments, Segment{Ref: &refs[atoi(number)]})
		}
		html = after
	}
	b.Text = text.String()
	b.Digest = memo.Of(b.Segments, b.Text)
	return b
}

func atoi(digits []byte) int {
	n := 0
	for _, d := range digits {
		n = 10*n + int(d-'0')
	}
	return n
}

// places finds where in the file a node stands. A text may hold many thousands
// of references, so the lines are counted once.
type places struct {
	*parse
	body  []byte
	skip  int            // lines before the body
	lines []int          // where each line of the body begins
	texts map[int]string // lines that were asked for, so that references share them
}

func newPlaces(p *parse, body []byte, skip int) places {
	s := places{parse: p, body: body, skip: skip, lines: []int{0}, texts: map[int]string{}}
	for i, b := range body {
		if b == '\n' {
			s.lines = append(s.lines, i+1)
		}
	}
	return s
}

// of is the line and column of a node in the file, and the text of the line.
func (s places) of(n ast.Node) (line, column int, text string) {
	offset := min(max(startOf(n), 0), len(s.body))
	index, found := slices.BinarySearch(s.lines, offset)
	if !found {
		index-- // the line that began before
	}
	text, known := s.texts[index]
	if !known {
		end := len(s.body)
		if index+1 < len(s.lines) {
			end = s.lines[index+1] - 1
		}
		text = string(s.body[s.lines[index]:end])
		s.texts[index] = text
	}
	return s.skip + index + 1, 1 + utf8.RuneCount(s.body[s.lines[index]:offset]), text
}

// startOf is the byte offset of a node in the body, or of the nearest thing
// around it that has one.
func startOf(n ast.Node) int {
	for ; n != nil; n = n.Parent() {
		if pos := n.Pos(); pos >= 0 {
			return pos
		}
		if n.Type() == ast.TypeBlock && n.Lines() != nil && n.Lines().Len() > 0 {
			return n.Lines().At(0).Start
		}
	}
	return -1
}

// warnOfDoubles tells of headings that were given the same id by hand.
func (s places) warnOfDoubles(root ast.Node) {
	seen := map[string]bool{}
	for n := root.FirstChild(); n != nil; n = n.NextSibling() {
		if n.Kind() != ast.KindHeading {
			continue
		}
		id, _ := n.AttributeString("id")
		raw, _ := id.([]byte)
		if len(raw) > 0 && seen[string(raw)] {
			line, column, text := s.of(n)
			s.fail(diag.Diagnostic{File: s.doc.File, Line: line, Column: column, Severity: diag.Warning, Code: "same-id",
				Message: fmt.Sprintf("a second heading has the id `%s`", raw), Hint: "links lead to the first", Source: text})
		}
		seen[string(raw)] = true
	}
}
