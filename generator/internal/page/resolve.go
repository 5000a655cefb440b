package page

import (
	"cmp"
	"fmt"
	"html"
	"html/template"
	"net/url"
	"path"
	"path/filepath"
	"slices"
	"strings"

	"cardbowl/generator/internal/cache"
	"cardbowl/generator/internal/config"
	"cardbowl/generator/internal/content"
	"cardbowl/generator/internal/diag"
	"cardbowl/generator/internal/form"
	"cardbowl/generator/internal/memo"
	"cardbowl/generator/internal/site"
)

// resolved is a body whose references have become text. Its own text is fetched
// when it is needed: of ten thousand pages, one at a time.
type resolved struct {
	texts  *cache.Cache // where the text of body is
	body   content.Body
	pieces []piece
	digest memo.Digest
}

// piece is what a reference became, or a part of the body's text.
type piece struct {
	said     string
	from, to int
}

// html is the whole. The error is for a text that is kept no more.
func (r resolved) html() (template.HTML, error) {
	var whole string
	err := r.body.In(r.texts, func(text []byte) error {
		whole = join(r.pieces, text)
		return nil
	})
	if err != nil {
		return "", fmt.Errorf("the text of a page: %w", err)
	}
	return template.HTML(whole), nil
}

func join(pieces []piece, text []byte) string {
	size := 0
	for _, p := range pieces {
		size += len(p.said) + p.to - p.from
	}
	var b strings.Builder
	b.Grow(size)
	for _, p := range pieces {
		b.WriteString(p.said)
		b.Write(text[p.from:p.to])
	}
	return b.String()
}

func (r resolved) size() int {
	n := 0
	for _, p := range r.pieces {
		n += len(p.said) + p.to - p.from
	}
	return n
}

// reading is how a body is resolved.
type reading struct {
	tell   bool   // note what is wrong: once for the body, not again for its excerpt or a feed
	nth    *int   // how many pictures have been met
	early  bool   // little text stands before; the first picture is not lazy then
	origin string // put before addresses of the site, for reading elsewhere; forms are left out then
}

// firstScreen is how much of a body's HTML may stand before a picture that a
// reader sees at once.
const firstScreen = 1500 // bytes

// resolve turns each reference of a body into text. Only a shortcode that holds
// text of the page needs that text itself.
func (p *planner) resolve(pg *site.Page, body content.Body, r reading) (resolved, error) {
	out := resolved{texts: p.texts, body: body, pieces: make([]piece, 0, len(body.Segments))}
	said := make([]string, 0, 8)
	r.nth = new(int)
	uses := map[string]int{} // of each shortcode and form
	type open struct {
		ref   content.Ref
		start int // of its inner text, among the pieces
	}
	var within []open
	at := 0 // in the text
	for _, s := range body.Segments {
		text := ""
		r.early = at < firstScreen
		if s.Ref == nil {
			out.pieces = append(out.pieces, piece{from: at, to: at + s.Length})
			at += s.Length
			continue
		}
		switch ref := *s.Ref; ref.Kind {
		case content.LinkRef:
			if address := p.linkAddress(pg, ref, r.tell); address != "" {
				text = ` href="` + html.EscapeString(r.from(address)) + `"`
			}
		case content.ImageRef:
			text = p.image(pg, ref, r)
		case content.ShortcodeRef:
			if ref.Paired {
				within = append(within, open{ref, len(out.pieces)})
				continue
			}
			text = p.shortcode(pg, ref, "", r, uses)
		case content.EndRef:
			last := within[len(within)-1]
			within = within[:len(within)-1]
			inner := ""
			err := body.In(p.texts, func(whole []byte) error {
				inner = join(out.pieces[last.start:], whole)
				return nil
			})
			if err != nil {
				return out, fmt.Errorf("the text of %s: %w", pg.Doc.File, err)
			}
			text = p.shortcode(pg, last.ref, inner, r, uses)
			out.pieces = out.pieces[:last.start]
		}
		out.pieces = append(out.pieces, piece{said: text})
		said = append(said, text)
	}
	out.digest = memo.Of(body.Digest, said)
	return out, nil
}

// from is an address as it is written for this reading.
func (r reading) from(address string) string {
	if r.origin != "" && strings.HasPrefix(address, "/") && !strings.HasPrefix(address, "//") {
		return r.origin + address
	}
	return address
}

func (p *planner) complain(pg *site.Page, ref content.Ref, tell bool, severity diag.Severity, message, hint string) {
	p.find("", pg, ref, tell, severity, message, hint)
}

// find complains of what a writer may judge otherwise.
func (p *planner) find(code string, pg *site.Page, ref content.Ref, tell bool, severity diag.Severity, message, hint string) {
	if !tell {
		return
	}
	line, err := p.line(pg.Doc.File, ref.Line)
	if err != nil {
		p.lost = err
	}
	p.problems = append(p.problems, diag.Diagnostic{File: pg.Doc.File, Line: ref.Line, Column: ref.Column, Severity: severity,
		Code: code, Message: message, Hint: hint, Source: line})
}

// linkAddress is where a link within the site leads, root-relative; empty for
// one that must not lead anywhere yet.
func (p *planner) linkAddress(pg *site.Page, ref content.Ref, tell bool) string {
	at, tail := cutTail(ref.Target)
	if ref.Anywhere && at != "" && !strings.HasPrefix(at, "/") {
		if _, beside := p.sitePath(pg, at); !beside && !p.isDocument(pg, at) {
			if _, found := p.sitePath(pg, "/"+at); found || p.isDocument(pg, "/"+at) {
				at = "/" + at
			}
		}
	}
	if content.IsDocument(at) {
		return p.documentAddress(pg, ref, at, tail, tell)
	}
	if found, ok := p.sitePath(pg, at); ok {
		if target, isPage := p.site.ByPath(found); isPage {
			p.checkAnchor(pg, ref, target, tail, tell)
		}
		return p.relative(found) + tail
	}
	hint := "link to the markdown file itself, such as [text](other-post.md), and the address will follow"
	if tell {
		if near := p.nearestPath(at); near != "" {
			hint = "did you mean `" + near + "`?"
		}
	}
	p.find("link", pg, ref, tell, diag.Warning, fmt.Sprintf("the link `%s` leads nowhere in this site", ref.Target), hint)
	if strings.HasPrefix(at, "/") {
		return p.relative(at) + tail
	}
	return ref.Target
}

// checkAnchor looks whether a page has the part that a link names. Of a page with
// shortcodes of the site's own nobody knows all its parts.
func (p *planner) checkAnchor(pg *site.Page, ref content.Ref, target *site.Page, tail string, tell bool) {
	_, anchor, found := strings.Cut(tail, "#")
	if !found || !tell || target.Doc == nil {
		return
	}
	anchor, err := url.PathUnescape(anchor)
	if err != nil || anchor == "" || anchor == "top" || anchor == "main" || slices.Contains(target.Doc.AllAnchors(), anchor) || p.ofForm(anchor) {
		return
	}
	for _, name := range target.Doc.Shortcodes {
		if name != content.FormShortcode {
			return
		}
	}
	p.find("anchor", pg, ref, tell, diag.Warning, fmt.Sprintf("the page `%s` has no part `#%s`", target.Title, anchor),
		cmp.Or(diag.DidYouMean(anchor, target.Doc.AllAnchors()), "the parts of a page are its headings"))
}

// ofForm tells the ids that the markup of forms brings.
func (p *planner) ofForm(anchor string) bool {
	return slices.ContainsFunc(p.config.FormNames(), func(name string) bool { return strings.HasPrefix(anchor, name+"-") })
}

// nearestPath is the address of a page most like one that leads nowhere.
func (p *planner) nearestPath(at string) string {
	if !strings.HasPrefix(at, "/") {
		return ""
	}
	words, byName := p.nearPages()
	if same, found := byName[addressName(at)]; found {
		return same
	}
	return words.Nearest(at)
}

// addressesOfPages are those of the site's pages, for links that lead nowhere: to be
// compared, and by what is left of them when case and slashes do not count.
func (p *planner) addressesOfPages() (diag.Words, map[string]string) {
	paths, byName := make([]string, len(p.site.Pages)), make(map[string]string, len(p.site.Pages))
	for i, pg := range p.site.Pages {
		paths[i] = pg.Path
		if name := addressName(pg.Path); byName[name] == "" {
			byName[name] = pg.Path
		}
	}
	return diag.NewWords(paths), byName
}

func addressName(at string) string { return strings.ToLower(strings.Trim(at, "/")) }

// isDocument tells whether an address is the file of a page, shown or hidden.
func (p *planner) isDocument(pg *site.Page, at string) bool {
	file := p.inContent(pg, at)
	_, found := p.site.ByFile(file)
	_, hidden := p.site.Hidden(file)
	return found || hidden
}

// documentAddress follows a link to a markdown file, relative to the file it
// stands in or, with a leading slash, to the content folder.
func (p *planner) documentAddress(pg *site.Page, ref content.Ref, at, tail string, tell bool) string {
	file := p.inContent(pg, at)
	if target, found := p.site.ByFile(file); found {
		p.checkAnchor(pg, ref, target, tail, tell)
		return p.relative(target.Path) + tail
	}
	if why, hidden := p.site.Hidden(file); hidden {
		p.find("hidden-link", pg, ref, tell, diag.Warning, fmt.Sprintf("the link `%s` leads to a page that is not published: %s", ref.Target, why),
			"until it is, the words stand without a link")
		return ""
	}
	hint := "the path counts from the file the link stands in, or from content/ with a leading slash"
	if tell {
		if near := p.nearestDocument(pg, at); near != "" {
			hint = "did you mean `" + near + "`?"
		}
	}
	p.find("link", pg, ref, tell, diag.Error, fmt.Sprintf("the link `%s` leads to a file that does not exist (%s)", ref.Target, file), hint)
	return ref.Target
}

// nearestDocument is the way to the document whose name is most like the one
// asked for, or "".
func (p *planner) nearestDocument(pg *site.Page, at string) string {
	names, files := p.nearFiles()
	file, found := files[names.Nearest(documentName(at))]
	if !found {
		return ""
	}
	way, err := filepath.Rel(path.Dir(pg.Doc.File), file)
	if err != nil {
		return ""
	}
	return filepath.ToSlash(way)
}

// namesOfDocuments are what a link to a file may have meant, and the first file
// of each name.
func (p *planner) namesOfDocuments() (diag.Words, map[string]string) {
	var names []string
	files := map[string]string{}
	for _, file := range p.site.Documents() {
		name := documentName(file)
		if files[name] == "" {
			files[name] = file
			names = append(names, name)
		}
	}
	return diag.NewWords(names), files
}

// documentName is what a writer calls a document: its file's name without the
// ending, or its folder's.
func documentName(file string) string {
	name := strings.TrimSuffix(path.Base(file), path.Ext(file))
	if name == "index" || name == "_index" {
		return path.Base(path.Dir(file))
	}
	return name
}

// inContent is the path, in the site folder, of something a page refers to.
func (p *planner) inContent(pg *site.Page, at string) string {
	if strings.HasPrefix(at, "/") {
		return path.Join("content", strings.TrimPrefix(strings.TrimPrefix(at, "/content/"), "/"))
	}
	return path.Join(path.Dir(pg.Doc.File), at)
}

// sitePath finds what an address in a text means: a file beside the text, a
// document without its ending, or a path of the site, absolute or as a browser
// would read it from the page.
func (p *planner) sitePath(pg *site.Page, at string) (string, bool) {
	file := p.inContent(pg, at)
	published := strings.TrimPrefix(file, "content")
	if p.site.HasFile(published) {
		return published, true
	}
	for _, name := range []string{file + ".md", path.Join(file, "index.md"), path.Join(file, "_index.md")} {
		if target, found := p.site.ByFile(name); found {
			return target.Path, true
		}
	}
	absolute := at
	if !strings.HasPrefix(at, "/") {
		absolute = path.Join(pg.Path, at)
		if strings.HasSuffix(at, "/") && absolute != "/" {
			absolute += "/"
		}
	}
	for _, candidate := range []string{absolute, strings.TrimSuffix(absolute, "/") + "/", strings.TrimSuffix(absolute, "index.html")} {
		if target, found := p.site.ByPath(candidate); found {
			return target.Path, true
		}
		if p.site.HasFile(candidate) || p.settled.made[candidate] {
			return candidate, true
		}
	}
	return "", false
}

// madeBeside are the site paths of what is neither a page of the site nor a file
// in it: feeds, the further pages of lists, the search.
func madeBeside(s *site.Site) map[string]bool {
	out := map[string]bool{"/404.html": true}
	for _, pg := range s.Pages {
		for _, name := range pg.Feeds {
			out[pg.Path+name] = true
		}
		for n := 2; n <= pg.Chunks(s.Config.Paginate); n++ {
			out[pg.ChunkPath(n)] = true
		}
	}
	for _, name := range s.Extras {
		out["/"+name] = true
	}
	if _, planned := searchPage(s); planned {
		out[searchPath] = true
	}
	return out
}

// cutTail parts an address into its path, decoded, and its query and fragment.
func cutTail(address string) (at, tail string) {
	if i := strings.IndexAny(address, "?#"); i >= 0 {
		address, tail = address[:i], address[i:]
	}
	if decoded, err := url.PathUnescape(address); err == nil {
		address = decoded
	}
	return address, tail
}

func (p *planner) image(pg *site.Page, ref content.Ref, r reading) string {
	at, tail := cutTail(ref.Target)
	address := ref.Target
	if found, ok := p.sitePath(pg, at); ok {
		if known, measured := p.pictures[found]; measured {
			return p.element(known, found, ref, r)
		}
		address = p.relative(found) + tail
	} else if why, hidden := p.site.Hidden(p.inContent(pg, at)); hidden {
		p.find("hidden-link", pg, ref, r.tell, diag.Warning, fmt.Sprintf("the picture `%s` belongs to a page that is not published: %s", ref.Target, why), "")
	} else {
		p.find("picture", pg, ref, r.tell, diag.Warning, fmt.Sprintf("the picture `%s` is not in this site", ref.Target),
			"put it beside the text, or under content/ and write its path with a leading slash")
		if strings.HasPrefix(at, "/") {
			address = p.relative(at) + tail
		}
	}
	title := ""
	if ref.Title != "" {
		title = fmt.Sprintf(` title="%s"`, html.EscapeString(ref.Title))
	}
	return fmt.Sprintf(`<img src="%s" alt="%s"%s loading="lazy">`, html.EscapeString(r.from(address)), html.EscapeString(ref.Alt), title)
}

// imageAddress is the whole address of a picture named in front matter.
func (p *planner) imageAddress(pg *site.Page, written string) string {
	if strings.Contains(written, "://") {
		return written
	}
	if found, ok := p.sitePath(pg, written); ok {
		return p.absolute(found)
	}
	return p.absolute("/" + strings.TrimPrefix(written, "/"))
}

// formArg is the form a shortcode names, or the site's default.
func formArg(ref content.Ref, c config.Config) string {
	if len(ref.Args) > 0 {
		return orFirst(ref.Args[0], c)
	}
	return orFirst("", c)
}

// orFirst is a form's name, or where there is none the site's default.
func orFirst(name string, c config.Config) string {
	if name != "" {
		return name
	}
	if names := c.FormNames(); len(names) > 0 {
		return names[0]
	}
	return ""
}

// placedForm is a form's markup with the page it stands on still to be named,
// so that the markup is made once for all pages.
type placedForm struct{ markup, post string }

const formPost = "cardbowl-form-post"

func (f placedForm) html() template.HTML {
	return template.HTML(strings.ReplaceAll(f.markup, formPost, html.EscapeString(f.post)))
}

func (p *planner) placeForm(pg *site.Page, name, place string) placedForm {
	d, found := p.config.Form(name)
	if !found {
		return placedForm{}
	}
	key := name + " " + place
	markup, made := p.markup.Load(key)
	if !made {
		markup = string(form.Markup(d, form.Placement{Post: formPost, Place: place, Action: p.config.Tracker.URL + "/_/f/" + url.PathEscape(name)}))
		p.markup.Store(key, markup)
	}
	return placedForm{markup.(string), strings.TrimSuffix(p.base, "/") + pg.Path}
}
