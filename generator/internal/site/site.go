package site

import (
	"maps"
	"slices"
	"time"

	"cardbowl/generator/internal/config"
	"cardbowl/generator/internal/content"
	"cardbowl/generator/internal/memo"
	"cardbowl/generator/internal/source"
)

// The kinds of page, as the manifest and the report name them.
const (
	Home     = "home"
	Post     = "post"
	Plain    = "page"
	List     = "list"
	NotFound = "error"
)

// The files that every site has, unless it brings its own.
const (
	Sitemap = "sitemap.xml"
	Robots  = "robots.txt"
)

// Redirects is the list of former addresses as Netlify and Cloudflare Pages read
// it, made where a page has any.
const Redirects = "_redirects"

// feedNames are the feeds of a list with dated pages: RSS, Atom and JSON Feed.
func feedNames() []string { return []string{"index.xml", "atom.xml", "feed.json"} }

// Options choose what is shown.
type Options struct {
	Drafts  bool
	Future  bool
	Expired bool
	Now     time.Time
}

// Window is the time for which documents are shown as they are at a moment: from
// the last before it at which one appears or goes, to before the next. Zero
// where there is no such moment.
func Window(heads []*content.Head, now time.Time) (from, until time.Time) {
	turn := func(t time.Time) {
		switch {
		case t.IsZero():
		case t.After(now):
			if until.IsZero() || t.Before(until) {
				until = t
			}
		case t.After(from):
			from = t
		}
	}
	for _, head := range heads {
		front := &head.Front
		turn(front.Date)
		turn(front.PublishDate)
		turn(front.ExpiryDate)
	}
	return from, until
}

// Recipe is the digest of everything that Assemble makes a Site of. The clock is
// in it by the Window alone, from and until.
func Recipe(cfg config.Config, shelf content.Shelf, tree source.Tree, reserved map[string]string, options Options, from, until time.Time) memo.Digest {
	var static []memo.Digest
	for _, f := range tree.Under("static/") {
		static = append(static, memo.Of(f.Path, f.Digest))
	}
	return memo.Of(cfg.Seen, shelf.Seen, shelf.Others, static, reserved, options.Drafts, options.Future, options.Expired, from, until)
}

// Site is everything there is, with addresses.
type Site struct {
	Config config.Config
	Pages  []*Page     // by path: documents, lists and term pages
	Files  []File      // published as they are, by path
	Seen   memo.Digest // Recipe, of everything the site was assembled from; zero where nobody asks for it
	Extras []string    // of Sitemap, Robots and Redirects, those that no file of the site stands for

	Missing *Page // what the answer to addresses that lead nowhere says; nil for the theme's own words

	byFile  map[string]*Page // document → page
	byPath  map[string]*Page
	files   map[string]bool   // site paths of Files
	hidden  map[string]string // document, or file of its folder → why it is not shown
	aliases map[string]*Page
}

// File is published byte for byte.
type File struct {
	Path   string // below the published folder, "posts/funnel.svg"
	Source source.File
}

// Page is one address that answers with HTML.
type Page struct {
	Kind    string
	Path    string // site path, with slashes at both ends unless it names a file: "/posts/a/"
	Output  string // below the published folder: "posts/a/index.html"
	Title   string
	Section string
	Doc     *content.Head     // nil for a list that no document describes
	Number  int               // of that document among all, from 0
	Place   int               // of the page among all
	Form    string            // name of the form at its end; empty: none
	Aliases []string          // former site paths
	Terms   map[string][]Term // by taxonomy
	Older   *Page             // the neighbours of a post within its section; of a page of a manual, the ones after and before it
	Newer   *Page
	Related []*Page // posts on the same subjects, the nearest first
	Parent  *Page   // the list it belongs to; nil for the home page

	Children []*Page // of the page of a section: pages and sections right below it, in order

	Members  []*Page  // of a home page or list, in order
	Feeds    []string // names of the feeds below its path
	Taxonomy string   // of a term page or a list of terms
	Term     bool     // it is the page of one term
	AllTerms []Term   // of a list of terms, by name
}

// Authors are a page's own authors; a post without any is the site's.
func (s Site) Authors(p *Page) []string {
	if p.Doc == nil {
		return nil
	}
	if names := p.Doc.Front.Authors; len(names) > 0 || p.Kind != Post || s.Config.Author == "" {
		return names
	}
	return []string{s.Config.Author}
}

// Authors is the taxonomy of who wrote what. It has pages where site.yaml lists
// it, a document under content/authors describes an author, or the site has more
// authors than one.
const Authors = "authors"

// Series is the taxonomy of pages that are read one after the other.
const Series = "series"

// Term is one term of a taxonomy.
type Term struct {
	Title string
	Path  string
	Count int
}

// Date is the day a page is shown under; zero when it has none.
func (p *Page) Date() time.Time {
	switch {
	case p.Doc == nil:
		return time.Time{}
	case p.Doc.Front.Date.IsZero():
		return p.Doc.Front.PublishDate
	}
	return p.Doc.Front.Date
}

// ByFile finds the page of a document.
func (s Site) ByFile(file string) (*Page, bool) {
	p, found := s.byFile[file]
	return p, found
}

// Documents are the files of all documents that have a page, sorted.
func (s Site) Documents() []string { return slices.Sorted(maps.Keys(s.byFile)) }

// ByPath finds the page at a site path, former addresses included.
func (s Site) ByPath(at string) (*Page, bool) {
	if p, found := s.byPath[at]; found {
		return p, true
	}
	p, found := s.aliases[at]
	return p, found
}

// HasFile tells whether a file is published at a site path.
func (s Site) HasFile(at string) bool { return s.files[at] }

// Hidden says why a document has no page, or why a file beside it is not
// published: a draft, scheduled, or expired.
func (s Site) Hidden(file string) (string, bool) {
	why, found := s.hidden[file]
	return why, found
}

// ChunkPath is the site path of the nth page, from 1, of a paginated list.
func (p *Page) ChunkPath(n int) string {
	if n <= 1 {
		return p.Path
	}
	return p.Path + "page/" + itoa(n) + "/"
}

// Chunks is how many pages a list takes; at least 1.
func (p *Page) Chunks(perPage int) int {
	return max(1, (len(p.Members)+perPage-1)/perPage)
}
