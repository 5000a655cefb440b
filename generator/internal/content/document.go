package content

import (
	"slices"
	"time"

	"cardbowl/generator/internal/cache"
	"cardbowl/generator/internal/diag"
	"cardbowl/generator/internal/memo"
)

// Document is one markdown file, parsed. It sees nothing but its own bytes and
// the Settings.
type Document struct {
	Head
	Body     Body
	Words    int
	Outside  []Outside   // where the text leads out of the site, in its order
	Silenced []string    // codes of findings that the text itself asks to be left out
	Terms    Body        // the words of the text as search.Count packs them, in one segment; nothing where there is no search
	Titled   bool        // the first heading is the title, and no part of the body
	Digest   memo.Digest // of the file's bytes
	Problems diag.List
}

// Head is what other pages can see of a document: the site is assembled from
// heads alone, and lists, neighbours and links to a page know no more of it. As
// long as it is the same, an edit changes the document's own page, and what
// shows its whole text.
type Head struct {
	File       string // relative to the site folder, "content/posts/a.md"
	Front      FrontMatter
	Excerpt    Body   // what lists show: up to <!--more-->, or the opening paragraphs
	More       bool   // the body says more than the excerpt
	Opening    string // the opening words as plain text, at most openingLength characters
	Minutes    int    // how long it takes to read
	Headings   []Heading
	Anchors    []string    // the ids in the text besides those of the headings
	Shortcodes []string    // the names of those in the body, sorted
	Forms      []string    // what its shortcodes for forms name, in order; empty for the site's first form
	Seen       memo.Digest `digest:"-"` // of all the other fields
}

// wordsPerMinute is how fast people read.
const wordsPerMinute = 220

// close fills in what follows from the rest of a document.
func (d *Document) close() {
	d.Minutes = (d.Words + wordsPerMinute - 1) / wordsPerMinute
	for _, s := range d.Body.Segments {
		if s.Ref == nil || s.Ref.Kind != ShortcodeRef {
			continue
		}
		if !slices.Contains(d.Shortcodes, s.Ref.Target) {
			d.Shortcodes = append(d.Shortcodes, s.Ref.Target)
		}
		if s.Ref.Target == FormShortcode {
			d.Forms = append(d.Forms, s.Ref.form())
		}
	}
	slices.Sort(d.Shortcodes)
	d.Seen = memo.Of(&d.Head)
}

// FormShortcode is the one that no template makes: both wings share its markup.
const FormShortcode = "form"

// form is the form that a shortcode names.
func (r Ref) form() string {
	if len(r.Args) > 0 {
		return r.Args[0]
	}
	return ""
}

// FrontMatter is what stands above the text, in this program's words whatever
// spelling the file uses.
type FrontMatter struct {
	Title       string
	Date        time.Time // in the site's zone; zero when absent, as all four
	Lastmod     time.Time
	PublishDate time.Time
	ExpiryDate  time.Time
	Draft       bool
	Slug        string
	URL         string
	Aliases     []string
	Description string
	Summary     string
	Terms       map[string][]string // by taxonomy
	Authors     []string
	Images      []string
	Layout      string
	Weight      int
	Form        FormChoice
	Related     RelatedChoice
	Lists       []List      // as they stand there; of TOML and JSON by name
	Menus       []MenuEntry // in order of the menus' names
	NoIndex     bool        // search engines are asked to leave the page out
	NoSearch    bool        // and the site's own search does
	ID          string
	Params      map[string]any   // unknown keys, and the keys of params:
	Places      map[string]Place // where each key stands, by its name here in lower case
}

// Place is where a key of the front matter stands.
type Place struct {
	Line, Column int
	Source       string // the text of the line
}

// At is a diagnostic at a key of the front matter, or at the top of the file
// where the key is not given.
func (d *Head) At(key string, severity diag.Severity, message, hint string) diag.Diagnostic {
	place := d.Front.Places[key]
	return diag.Diagnostic{File: d.File, Line: max(place.Line, 1), Column: max(place.Column, 1), Severity: severity,
		Message: message, Hint: hint, Source: place.Source}
}

// FormChoice is the form: key. Zero leaves the choice to the site.
type FormChoice struct {
	Name string
	None bool
}

// RelatedChoice is the related: key. Zero leaves the choice to the site.
type RelatedChoice struct {
	Files []string // as written: relative to the document, or from content/ with a slash
	None  bool
}

// List is one entry of lists: what of the site a page shows besides its text.
type List struct {
	Name    string
	Section string // first folder under content; empty: any
	Terms   []ListTerm
	Pages   []string // chosen by hand, in this order; as written
	Order   string   // one of ListOrders; empty: newest first
	Limit   int      // 0: all
}

// ListTerm is a term that the pages of a list carry.
type ListTerm struct{ Taxonomy, Name string }

// ListOrders are the orders a list may have, the first by default.
func ListOrders() []string { return []string{"newest", "oldest", "title", "weight"} }

// MenuEntry is a page's own entry in a menu.
type MenuEntry struct {
	Menu   string
	Title  string // empty: the page's title
	Parent string // title of the entry it stands below; empty: none
	Weight int    // 0: after those that have one
}

// Heading is one heading of the text.
type Heading struct {
	Level     int
	ID, Title string
}

// Body is rendered text with holes.
type Body struct {
	Segments []Segment
	Text     string      // the finished HTML of all segments; empty where it is kept elsewhere
	Kept     cache.Place // where the text is kept then
	Digest   memo.Digest // of the segments and the text
}

// Segment is a piece of the text, or one reference where there is a Ref.
type Segment struct {
	Length int // of the piece, in bytes: each begins where the one before ends
	Ref    *Ref
}

// In hands the whole text, which is in a cache or held, to use; it must not hold
// on to it.
func (b Body) In(c *cache.Cache, use func(text []byte) error) error {
	if b.Kept.Length == 0 {
		return use([]byte(b.Text))
	}
	return c.Text(b.Kept, use)
}

// kept is the same body with its text put into a cache.
func (b Body) kept(c *cache.Cache) Body {
	if b.Text != "" {
		b.Kept, b.Text = c.Keep([]byte(b.Text)), ""
	}
	return b
}

// The kinds of reference.
const (
	LinkRef      = "link"      // resolves to an href attribute with a blank before it, or to nothing
	ImageRef     = "image"     // resolves to a whole element
	ShortcodeRef = "shortcode" // resolves to whatever the shortcode makes
	EndRef       = "end"       // ends the last shortcode that is paired; what stands between is its inner text
)

// Ref is something in the text that only the whole site can resolve.
type Ref struct {
	Kind     string
	Target   string            // address as written; the shortcode's name
	Alt      string            // of an image
	Title    string            // of an image
	Args     []string          // of a shortcode, those without a name
	Params   map[string]string // of a shortcode, those with one
	Paired   bool              // a shortcode whose end follows
	Inline   bool              // a shortcode within a line of text
	Anywhere bool              // a link whose target may count from the content folder as well as from its file
	Line     int               // in the file, from 1
	Column   int
}
