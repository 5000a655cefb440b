package page

import (
	_ "embed"
	"html/template"
	"reflect"
	"time"

	"cardbowl/generator/internal/comments"
	"cardbowl/generator/internal/memo"
)

// The types of this file are the template contract, and their comments are the
// reference that the manual and `cardbowl help templates` show. A field marked
// digest:"-" is not looked at when a page's digest is taken: the field named
// after it, with Digest at the end, stands for it.
//
//go:embed data.go
var contract string

// Contract is the types that templates see, as they are described here, first
// what a layout gets, then what a shortcode's template gets.
func Contract() []comments.Type {
	source := comments.Parse(contract)
	types := source.Types(reflect.TypeFor[Data]())
	for _, t := range source.Types(reflect.TypeFor[Shortcode]()) {
		if t.Name == reflect.TypeFor[Shortcode]().Name() {
			types = append(types, t)
		}
	}
	return types
}

// Data is what every layout gets. All of it is plain values; a layout can ask
// nothing further. Addresses that begin with a slash already hold the path of
// baseURL.
type Data struct {
	Site          Site               `digest:"-"` // the site, the same on every page
	SiteDigest    memo.Digest        // taken once for all pages
	Page          Page               // the page being made
	Items         []*Item            // what the front page or a list shows, in its order; in a long list, those of this page of it
	Terms         []Term             // on a list of terms (`terms.html`), every tag or category, by name
	Pager         Pager              // where in a long list this page stands
	Lists         map[string][]*Item // the lists that the page's front matter declares, by name
	ListNames     []string           // the names of those lists, in the order of the front matter
	Sidebar       []NavItem          `digest:"-"` // every page of a manual's section, in order
	SidebarDigest memo.Digest
	Data          map[string]any `digest:"-"` // the data files by name, without ending; folders are groups of their files
	DataDigest    memo.Digest
	Search        *SearchIndex // on the page of the search (`search.html`), what its script has to know
}

// SearchIndex is what the script of the search has to know.
type SearchIndex struct {
	Folder  string // where the files of the index are, from the root
	Shards  int    // over how many files the words are spread
	Pages   int    // how many pages are found
	PerFile int    // how many of them one file lists
}

// Site is the same on every page of one build.
type Site struct {
	Title        string                // the name of the site
	Description  string                // one sentence about the site
	Language     string                // such as `en` or `pt-BR`
	Locale       string                // the same as social networks write it, such as `pt_BR`; empty where the territory is not known
	Icon         string                // the site's own `favicon.svg`, `.png` or `.ico`; empty when it has none
	TouchIcon    string                // its `apple-touch-icon.png`, likewise
	Author       string                // the author of posts that name none
	BaseURL      string                // the whole address of the site, with a slash at the end
	Home         string                // `/`, or the path of `baseURL`
	Tracker      string                // where forms and counts go; empty when that is the site's own address
	Menus        map[string][]MenuItem // the menus by name: `.Site.Menus.main`
	Organization Organization          // who publishes the site
	Search       string                // the address of the search page; empty when there is none
	Params       map[string]any        // your own keys under `params` in site.yaml
}

// Organization is who publishes the site.
type Organization struct {
	Name   string   // its name, or the title of the site
	Logo   string   // a whole address; empty when there is none
	SameAs []string // its pages elsewhere
}

// MenuItem is one entry of a menu.
type MenuItem struct {
	Title string     // the words
	URL   string     // where it leads
	Items []MenuItem // the entries below it
}

// Page is the page being made.
type Page struct {
	Kind           string            // `post`, `page`, `home`, `list` or `error`
	Title          string            // the title
	HeadTitle      string            // for `<title>`: the title, and the name of the site
	Description    string            // for search engines: the description, or else the summary, the opening words, or the site's description
	Deck           string            // the description in the front matter, to stand below the title; empty without one
	URL            string            // the address from the root, `/posts/my-post/`
	Permalink      string            // the whole address
	Section        string            // the first folder under `content`; empty for pages at the top
	Taxonomy       string            // on the page of one tag, author or the like, what it is one of: `tags`; empty elsewhere
	Date           time.Time         // when it was written; `.Date.IsZero` where there is no date
	Lastmod        time.Time         // when it was last changed; likewise
	Authors        []Link            // who wrote it, with an address where the author has a page; on posts, the author of the site when there is none
	Tags           []Link            // the tags of the page
	Categories     []Link            // its categories
	Taxonomies     map[string][]Link // all such lists by the name they have in site.yaml: `.Page.Taxonomies.series`
	Images         []string          // whole addresses of the pictures in the front matter
	Picture        template.HTML     // the first of them as a whole element, in the widths that matter; empty when there is none
	Draft          bool              // it is a draft
	NoIndex        bool              // search engines are asked to leave it out
	Words          int               // how many there are
	ReadingTime    int               // minutes at 220 words a minute, at least 1 where there is a text
	Headings       []Heading         // the headings of the text
	Shortcodes     []string          // the names of those in the text, sorted
	Content        template.HTML     `digest:"-"` // the text
	ContentDigest  memo.Digest
	Form           template.HTML `digest:"-"` // the form at the end; empty when the page has none
	FormDigest     memo.Digest
	Previous       Link           // the next older post, or in a manual the page before; empty when there is none
	Next           Link           // the next newer post, or in a manual the page after
	Related        []Teaser       // posts on the same subjects, the nearest first
	Series         Series         // its place in a series; empty when it belongs to none
	Breadcrumbs    []Link         // from the front page down to this one; empty on the front page
	SocialImage    Image          // the picture beside a link on social networks; empty when there is none
	StructuredData template.JS    `digest:"-"` // JSON-LD for a script element, made of the other fields; empty when there is nothing to say
	Feeds          []Feed         // the feeds of the page and of the site
	Params         map[string]any // your own keys of the front matter
}

// Image is a picture by its whole address.
type Image struct {
	URL    string // a whole address
	Width  int    // pixels; 0 when unknown
	Height int    // likewise
	Alt    string // what the picture shows, in words
}

// Series is the place of a page among those that belong together.
type Series struct {
	Title string // the name of the series
	URL   string // its page
	Part  int    // which part this is, from 1
	Total int    // how many there are
	Posts []Link // all of them, the oldest first
}

// Teaser is a page in two lines, to lead a reader there.
type Teaser struct {
	Title       string    // the title
	URL         string    // its address from the root
	Date        time.Time // when it was written
	Description string    // one sentence about it
	ReadingTime int       // minutes
}

// NavItem is one page of a section.
type NavItem struct {
	Title       string    // the title
	URL         string    // its address from the root
	Description string    // the description in its front matter
	Items       []NavItem // the pages below it
}

// Item is one entry of a list.
type Item struct {
	Title         string        // the title
	URL           string        // its address from the root
	Permalink     string        // its whole address
	Date          time.Time     // when it was written
	Authors       []Link        // who wrote it
	Excerpt       template.HTML `digest:"-"` // the summary, or the opening of the text
	ExcerptDigest memo.Digest
	More          bool   // the page says more than its excerpt
	Tags          []Link // its tags
	ReadingTime   int    // minutes
	Draft         bool   // it is a draft
}

// Shortcode is what the template of a shortcode gets.
type Shortcode struct {
	Name     string                   // the shortcode's own name
	First    string                   // the first argument without a name; empty when there is none
	Args     []string                 // all arguments without a name
	Params   map[string]string        // the arguments with a name: `.Params.title`
	Inner    template.HTML            // what stands between the call and its end; empty when there is nothing
	URLs     map[string]string        // where the arguments `src`, `image`, `photo`, `poster`, `href`, `link`, `url` and `to` lead; a markdown file becomes its address
	Pictures map[string]template.HTML // the whole element for `src`, `image`, `photo` and `poster`, with the argument `alt`
	Number   int                      // which use of the shortcode on this page it is, from 1
	Inline   bool                     // it stands within a paragraph
	Feed     bool                     // it is read in a feed, where only simple elements work
	Page     Link                     // the page it stands on
	Site     Site                     // what every page knows of the site
}

// Link is a title and where it leads.
type Link struct {
	Title string // the words
	URL   string // the address; empty where there is no page
}

// Feed is one feed and its format.
type Feed struct {
	Title string // its title
	Type  string // its media type, such as `application/rss+xml`
	URL   string // its address from the root
}

// Term is one tag, category or the like.
type Term struct {
	Title string // its name
	URL   string // its page
	Count int    // how many pages carry it
}

// Heading is one heading of a text, for a table of contents.
type Heading struct {
	Level int    // 1 to 6
	ID    string // what an address ends with to lead there, after `#`
	Title string // the words
}

// Pager is where in a long list this page stands.
type Pager struct {
	Number int    // which page of the list this is, from 1
	Total  int    // how many there are: 1 when the list fits on one page, 0 when the page is no list
	Newer  string // the address of the page with newer entries; empty at the beginning
	Older  string // the address of the page with older entries; empty at the end
	First  string // the address of the first page
}
