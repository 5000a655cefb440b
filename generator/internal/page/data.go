package page

import (
	"html/template"
	"time"

	"cardbowl/generator/internal/memo"
)

// Data is the dot of every layout: the template contract. All of it is plain
// values; a layout can ask nothing further. Addresses that start with a slash
// already hold the path of baseURL.
type Data struct {
	Site          Site `digest:"-"` // SiteDigest stands for it, taken once for all pages
	SiteDigest    memo.Digest
	Page          Page
	Items         []Item // what a home page or list shows, newest first; one page of it when paginated
	Terms         []Term // what a list of terms shows (every tag, say), by name
	Pager         Pager
	Lists         map[string][]Item // the lists that the page's front matter declares, by name
	Sidebar       []NavItem         `digest:"-"` // every page of a manual's section, in order; SidebarDigest stands for it
	SidebarDigest memo.Digest
	Data          map[string]any `digest:"-"` // the data files by name, without ending, folders as maps of their files; DataDigest stands for it
	DataDigest    memo.Digest
}

// Site is the same on every page of one build.
type Site struct {
	Title        string
	Description  string
	Language     string // BCP 47, "en" by default
	Author       string
	BaseURL      string // absolute, with a final slash
	Home         string // "/" or the path of baseURL
	Tracker      string // origin that forms and counts go to; empty: the same origin
	Menus        map[string][]MenuItem
	Organization Organization
	Search       string         // address of the search page; empty when there is none
	Params       map[string]any // params: of site.yaml
}

// Organization is who publishes the site.
type Organization struct {
	Name   string
	Logo   string // absolute; empty when there is none
	SameAs []string
}

// MenuItem is one entry of a menu, and those below it.
type MenuItem struct {
	Title, URL string
	Items      []MenuItem
}

// Page is the page being rendered.
type Page struct {
	Kind           string // post, page, home, list or error
	Title          string
	HeadTitle      string    // for <title>: the title and the site's name
	Description    string    // for the meta element; taken from the text when front matter has none
	Deck           string    // the description of the front matter, to stand below the title; empty without one
	URL            string    // root-relative
	Permalink      string    // absolute
	Section        string    // first folder under content; empty for pages at the top
	Date           time.Time // zero when there is none
	Lastmod        time.Time // zero when there is none
	Authors        []Link    // with an address where the author has a page
	Tags           []Link
	Categories     []Link
	Taxonomies     map[string][]Link // every taxonomy by its name in site.yaml, tags and categories too
	Images         []string          // absolute addresses
	Draft          bool
	NoIndex        bool // search engines are asked to leave it out
	Words          int
	ReadingTime    int // minutes at 220 words, at least 1 for a page with text
	Headings       []Heading
	Shortcodes     []string      // names of those in the text, sorted
	Content        template.HTML `digest:"-"` // ContentDigest stands for it
	ContentDigest  memo.Digest
	Form           template.HTML `digest:"-"` // the form at the end, empty when the page has none; FormDigest stands for it
	FormDigest     memo.Digest
	Previous       Link           // the next older post, or the page before this one in a manual; zero when there is none
	Next           Link           // the next newer post, or the page after this one in a manual
	Related        []Teaser       // posts on the same subjects, the nearest first
	Series         Series         // zero when the page belongs to none
	Breadcrumbs    []Link         // from the home page down to this one; empty on the home page
	SocialImage    Image          // what social networks show beside a link; zero when there is none
	StructuredData template.JS    `digest:"-"` // JSON-LD for a script element of the head, made of the other data; empty when there is nothing to say
	Feeds          []Feed         // for the head: the page's own and the site's
	Params         map[string]any // front-matter keys the program does not know, and params:
}

// Image is a picture by its whole address.
type Image struct {
	URL           string // absolute
	Width, Height int    // pixels; zero when unknown
	Alt           string
}

// Series is the place of a page among those that say they belong together, the
// oldest first.
type Series struct {
	Title, URL  string
	Part, Total int // Part counts from 1
	Posts       []Link
}

// Teaser is a page in two lines, to lead a reader there.
type Teaser struct {
	Title, URL  string
	Date        time.Time
	Description string
	ReadingTime int // minutes
}

// NavItem is one page of a section and the pages below it.
type NavItem struct {
	Title, URL string
	Items      []NavItem
}

// Item is one entry of a list.
type Item struct {
	Title         string
	URL           string
	Permalink     string
	Date          time.Time
	Authors       []Link
	Excerpt       template.HTML `digest:"-"` // ExcerptDigest stands for it
	ExcerptDigest memo.Digest
	More          bool // the page says more than its excerpt
	Tags          []Link
	ReadingTime   int
	Draft         bool
}

// Shortcode is the dot of a shortcode's template.
type Shortcode struct {
	Name     string
	First    string                   // the first argument without a name; empty when there is none
	Args     []string                 // all arguments without a name
	Params   map[string]string        // arguments with a name
	Inner    template.HTML            // what stands between the call and its end, as HTML; empty when there is nothing
	URLs     map[string]string        // of the arguments src, image, photo, poster, href, link, url and to: where they lead, like a link in the text
	Pictures map[string]template.HTML // of the arguments src, image, photo and poster: the whole element, with the alt argument
	Number   int                      // which use of this shortcode on the page it is, from 1
	Inline   bool                     // it stands within a paragraph
	Feed     bool                     // it is read elsewhere, in a feed, where only simple elements work
	Page     Link
	Site     Site
}

// Link is a title and where it leads.
type Link struct {
	Title, URL string
}

// Feed is one feed and its format.
type Feed struct {
	Title string
	Type  string // media type
	URL   string // root-relative
}

// Term is one term of a taxonomy and how many pages carry it.
type Term struct {
	Title, URL string
	Count      int
}

// Heading is one heading of the text, for a table of contents.
type Heading struct {
	Level     int // 1 to 6
	ID, Title string
}

// Pager is where in a paginated list this page stands. Total is 1 when the
// list fits on one page, 0 when the page is no list.
type Pager struct {
	Number, Total       int
	Newer, Older, First string // root-relative; empty at the ends
}
