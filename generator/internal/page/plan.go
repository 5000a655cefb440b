package page

import (
	"cmp"
	"fmt"
	"html/template"
	"maps"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"

	"cardbowl/generator/internal/asset/picture"
	"cardbowl/generator/internal/cache"
	"cardbowl/generator/internal/config"
	"cardbowl/generator/internal/content"
	"cardbowl/generator/internal/diag"
	"cardbowl/generator/internal/language"
	"cardbowl/generator/internal/layout"
	"cardbowl/generator/internal/manifest"
	"cardbowl/generator/internal/memo"
	"cardbowl/generator/internal/search"
	"cardbowl/generator/internal/site"
)

// Planned is one page to render. It does not change.
type Planned struct {
	Output string // below the published folder
	Layout string
	Data   Data
	Recipe memo.Digest // of everything the page's bytes depend on, its layout included

	body  resolved
	form  placedForm
	tells bool // its layout prints StructuredData
}

// Filled is the data with the text and the form of the page joined, as a layout
// gets it. The error is for a text that is kept no more.
func (p *Planned) Filled() (Data, error) {
	d := p.Data
	var err error
	if d.Page.Content, err = p.body.html(); err != nil {
		return Data{}, err
	}
	d.Page.Form = p.form.html()
	if p.tells {
		d.Page.StructuredData = structured(d)
	}
	return d, nil
}

// Size is about how many bytes the page will have, to make room for them once.
func (p *Planned) Size() int {
	const frame, item = 8 << 10, 1 << 10
	return frame + p.body.size() + len(p.form.markup) + item*len(p.Data.Items)
}

// seal takes the recipe, once the rest is filled in.
func (p *Planned) seal(layouts layout.Set) {
	l, _ := layouts.Get(p.Layout)
	p.Recipe = memo.Of(&p.Data, l.Name, l.Closure)
}

// Written is a file that no layout makes: a feed, the sitemap, a redirect.
type Written struct {
	Output string
	Recipe memo.Digest // of everything the bytes depend on
	Bytes  func() ([]byte, error)
}

// written is a file whose bytes are known at once.
func written(output string, text []byte) Written {
	return Written{Output: output, Recipe: memo.OfBytes(text), Bytes: func() ([]byte, error) { return text, nil }}
}

// Plan is everything to be made from layouts and data. It does not change.
type Plan struct {
	Pages    []*Planned
	Written  []Written
	Frame    *Planned       // the page whose rendering becomes manifest.Frame
	Pictures []string       // site paths of the pictures whose variants some page shows, sorted
	Cards    []picture.Card // pictures to share that are drawn, by path
	Problems diag.List

	config    config.Config
	entries   []manifest.Page // of the manifest, by path
	seen      memo.Digest     // of everything but the texts
	settled   *settled
	documents []*content.Document
	parts     []*part // by the place of their page, and then the one for missing addresses
	feeds     []feeds // of each list that has any
	words     []words // of each group of pages that the search finds
	shards    []Written
}

// settled is what of a plan no single text decides.
type settled struct {
	shared       Site
	sharedDigest memo.Digest
	homeFeeds    []Feed   // what every page points to
	layouts      []string // by the place of the page
	places       []int    // of the pages of documents, by number; -1 without one
	offsets      []int    // of the first planned page of each place, in Plan.Pages
	search       searching
	written      []Written
	pages        []*Planned // that stand for no page of the site
	frame        *Planned
	problems     diag.List
	texts        *cache.Cache
	made         map[string]bool // see madeBeside
}

// part is what one page of the site brings to a plan.
type part struct {
	pages    []*Planned  // several for a list that takes several
	said     memo.Digest // what its text says, its references resolved
	problems diag.List
	pictures []string // as Plan.Pictures, in any order
	cards    []picture.Card
}

// Inputs are what pages are made of besides the site itself.
type Inputs struct {
	Layouts   layout.Set
	Documents []*content.Document // those whose heads the site was assembled from, in the same order
	Data      content.Data
	Pictures  map[string]Picture // by site path
	Texts     *cache.Cache       // where the texts of documents are kept
	Line      func(file string, line int) (string, error)
	Memo      *memo.Memo // keeps what is dear and depends on few documents
	Failed    bool       // something is wrong already, so that nothing will be written: words are not counted, and the Plan is none to go on from
	Workers   int
}

// Picture is a picture of the site and what it is published as.
type Picture struct {
	picture.Measure
	Variants []picture.Variant // none where it is shown as it is
}

// Make plans every page of a site. A page gets only those of the dearer data
// that its layout names. What last holds of a page is taken from there where the
// site, the layouts and all else that a page can see are the same but for the
// texts, and its own text is, too: of another document a page sees its head
// alone. The error is for a text that is kept no more, or a file that changed.
func Make(s *site.Site, in Inputs, last Plan) (Plan, error) {
	p := &planner{site: s, documents: in.Documents, texts: in.Texts, line: in.Line, memo: in.Memo, failed: in.Failed, workers: max(in.Workers, 1), config: s.Config, words: language.Of(s.Config.Language), base: s.Config.BasePath(),
		layouts: in.Layouts, data: in.Data, pictures: in.Pictures, items: make([]atomic.Pointer[Item], len(in.Documents)), sidebars: new(sync.Map), markup: new(sync.Map)}
	p.nearPages, p.nearFiles = sync.OnceValues(p.addressesOfPages), sync.OnceValues(p.namesOfDocuments)
	seen := memo.Of(s.Seen, in.Layouts.Seen, in.Data.Digest, in.Pictures)
	if last.settled != nil && last.seen == seen && p.texts == last.settled.texts {
		return p.again(last)
	}
	return p.all(seen)
}

type planner struct {
	texts     *cache.Cache
	memo      *memo.Memo
	failed    bool
	workers   int
	line      func(file string, line int) (string, error) // of a document
	site      *site.Site
	documents []*content.Document
	config    config.Config
	words     language.Words
	base      string // the path of baseURL
	layouts   layout.Set
	data      content.Data
	pictures  map[string]Picture
	settled   *settled

	items    []atomic.Pointer[Item] // by number of the document
	sidebars *sync.Map              // *site.Page of a section → sidebar
	markup   *sync.Map              // form and place → string

	// Made when the first link leads nowhere.
	nearPages func() (diag.Words, map[string]string)
	nearFiles func() (diag.Words, map[string]string)

	// Of the page being planned; each worker has its own.
	problems diag.List
	shown    []string // pictures in variants
	cards    []picture.Card
	lost     error // a line that could not be read
}

// all plans the whole site.
func (p *planner) all(seen memo.Digest) (Plan, error) {
	p.settle()
	plan := Plan{Frame: p.settled.frame, config: p.config, entries: p.entries(), seen: seen, settled: p.settled, documents: p.documents, parts: make([]*part, len(p.site.Pages)+1)}
	todo := make([]int, len(plan.parts))
	for i := range todo {
		todo[i] = i
	}
	if err := p.planParts(plan.parts, todo); err != nil {
		return Plan{}, err
	}
	for _, part := range plan.parts {
		p.settled.offsets = append(p.settled.offsets, len(plan.Pages))
		plan.Pages = append(plan.Pages, part.pages...)
	}
	plan.Pages = append(plan.Pages, p.settled.pages...)
	for _, list := range p.site.Pages {
		if len(list.Feeds) > 0 {
			plan.feeds = append(plan.feeds, p.feeds(list, plan.parts))
		}
	}
	if p.settled.search.index != nil && !p.failed {
		plan.words = make([]words, (len(p.settled.search.found)+search.PerGroup-1)/search.PerGroup)
		err := p.share(len(plan.words), func(own *planner, n int) (err error) {
			plan.words[n], err = own.groupWords(n)
			return err
		})
		if err != nil {
			return Plan{}, err
		}
		plan.shards = p.shards(plan.words, nil, nil)
	}
	plan.gather()
	plan.finish(p)
	return plan, nil
}

// again plans what other texts of single documents change.
func (p *planner) again(last Plan) (Plan, error) {
	p.settled = last.settled
	plan := last
	var todo []int
	for number, d := range p.documents {
		if d != last.documents[number] && p.settled.places[number] >= 0 {
			todo = append(todo, p.settled.places[number])
		}
	}
	plan.documents = p.documents
	if !p.failed {
		var err error
		if plan.words, err = p.wordsAgain(last.words, todo); err != nil {
			return Plan{}, err
		}
	}
	if len(todo) == 0 {
		return plan, nil
	}
	plan.shards = p.shards(plan.words, last.words, last.shards)
	plan.parts, plan.Pages, plan.feeds = slices.Clone(last.parts), slices.Clone(last.Pages), slices.Clone(last.feeds)
	if err := p.planParts(plan.parts, todo); err != nil {
		return Plan{}, err
	}
	plan.entries = slices.Clone(last.entries)
	for _, place := range todo {
		if place == len(p.site.Pages) {
			continue // it stands at no address
		}
		for _, entry := range p.entriesOf(p.site.Pages[place]) {
			at, _ := slices.BinarySearchFunc(plan.entries, entry.Path, func(e manifest.Page, path string) int { return strings.Compare(e.Path, path) })
			plan.entries[at] = entry
		}
	}
	for _, place := range todo {
		copy(plan.Pages[p.settled.offsets[place]:], plan.parts[place].pages)
	}
	for i, f := range plan.feeds {
		if slices.ContainsFunc(f.members, func(m *site.Page) bool { return plan.parts[m.Place].said != last.parts[m.Place].said }) {
			plan.feeds[i] = p.feeds(f.list, plan.parts)
		}
	}
	if slices.ContainsFunc(todo, func(place int) bool {
		old, now := last.parts[place], plan.parts[place]
		return len(old.problems)+len(now.problems) > 0 || !slices.Equal(old.pictures, now.pictures) || !slices.Equal(old.cards, now.cards)
	}) {
		plan.gather()
	}
	plan.finish(p)
	return plan, nil
}

// planParts plans those pages of the site that stand at todo.
func (p *planner) planParts(parts []*part, todo []int) error {
	return p.share(len(todo), func(own *planner, n int) (err error) {
		parts[todo[n]], err = own.part(todo[n])
		return cmp.Or(err, own.lost)
	})
}

// share calls do for 0 to n-1, each worker with a planner of its own.
func (p *planner) share(n int, do func(own *planner, n int) error) error {
	errs, faults := make([]error, p.workers), make([]any, p.workers)
	var next atomic.Int64
	var group sync.WaitGroup
	for w := range min(p.workers, n) {
		own := *p
		group.Go(func() {
			defer func() { faults[w] = recover() }()
			for i := int(next.Add(1)) - 1; i < n && errs[w] == nil; i = int(next.Add(1)) - 1 {
				errs[w] = do(&own, i)
			}
		})
	}
	group.Wait()
	for _, fault := range faults {
		if fault != nil {
			panic(fault) // where somebody waits for it
		}
	}
	return cmp.Or(errs...)
}

// part plans the page at a place, or after the last the one for missing
// addresses.
func (p *planner) part(place int) (*part, error) {
	p.problems, p.shown, p.cards = nil, nil, nil
	out := new(part)
	var err error
	if place < len(p.site.Pages) {
		*out, err = p.page(p.site.Pages[place], p.settled.layouts[place])
	} else {
		*out, err = p.missing()
	}
	for _, planned := range out.pages {
		planned.seal(p.layouts)
	}
	out.problems, out.pictures, out.cards = p.problems, p.shown, p.cards
	return out, err
}

// gather fills in the pictures that the parts show, and what they complain of.
func (plan *Plan) gather() {
	plan.Problems = slices.Clone(plan.settled.problems)
	for _, part := range plan.parts {
		plan.Problems = append(plan.Problems, part.problems...)
	}
	pictures, cards := map[string]bool{}, map[string]picture.Card{}
	for i := range plan.parts {
		for _, at := range plan.parts[i].pictures {
			pictures[at] = true
		}
		for _, card := range plan.parts[i].cards {
			cards[card.Path()] = card
		}
	}
	plan.Pictures, plan.Cards = slices.Sorted(maps.Keys(pictures)), nil
	for _, at := range slices.Sorted(maps.Keys(cards)) {
		plan.Cards = append(plan.Cards, cards[at])
	}
}

// finish fills in the other files.
func (plan *Plan) finish(p *planner) {
	plan.Written = slices.Clone(p.settled.written)
	for _, f := range plan.feeds {
		plan.Written = append(plan.Written, f.written...)
	}
	plan.Written = append(plan.Written, plan.shards...)
}

// settle finds out what no single text decides.
func (p *planner) settle() {
	p.settled = &settled{texts: p.texts, places: make([]int, len(p.documents)), layouts: make([]string, len(p.site.Pages))}
	t := p.settled
	t.made = madeBeside(p.site)
	t.shared = p.siteData()
	t.sharedDigest = memo.Of(t.shared)
	if home, found := p.site.ByPath("/"); found {
		t.homeFeeds = p.feedLinks(home)
	}
	for number := range t.places {
		t.places[number] = -1
	}
	for place, pg := range p.site.Pages {
		if pg.Doc != nil {
			t.places[pg.Number] = place
		}
		t.layouts[place] = p.layoutOf(pg)
	}
	if own := p.site.Missing; own != nil {
		t.places[own.Number] = len(p.site.Pages)
	}
	p.addresses()
	p.compare()
	for _, pg := range p.site.Pages {
		for _, alias := range pg.Aliases {
			t.written = append(t.written, p.redirect(alias, pg))
		}
	}
	p.search()
	if slices.Contains(p.site.Extras, site.Sitemap) {
		p.sitemap()
	}
	if slices.Contains(p.site.Extras, site.Robots) {
		p.robots()
	}
	if slices.Contains(p.site.Extras, site.Redirects) {
		p.redirects()
	}
	t.frame = &Planned{Layout: "page", Data: Data{Site: t.shared, SiteDigest: t.sharedDigest, Page: Page{Kind: site.NotFound, Title: manifest.FrameTitle,
		HeadTitle: manifest.FrameTitle + " | " + p.config.Title, ContentDigest: memo.Of(manifest.FrameContent)}},
		body: resolved{pieces: []piece{{said: manifest.FrameContent}}}}
	t.problems, p.problems = p.problems, nil
}

func (p *planner) siteData() Site {
	c := p.config
	s := Site{Title: c.Title, Description: c.Description, Language: c.Language, Locale: locale(c.Language), Author: c.Author, BaseURL: c.BaseURL,
		Home: p.base, Tracker: c.Tracker.URL, Params: c.Params}
	if c.Search {
		s.Search = p.relative(searchPath)
	}
	for _, name := range []string{"/favicon.svg", "/favicon.png", "/favicon.ico"} {
		if s.Icon == "" && p.site.HasFile(name) {
			s.Icon = p.relative(name)
		}
	}
	if touch := "/apple-touch-icon.png"; p.site.HasFile(touch) {
		s.TouchIcon = p.relative(touch)
	}
	s.Menus = p.menus()
	s.Organization = Organization{Name: firstOf(c.Organization.Name, c.Title), SameAs: c.Organization.SameAs}
	if logo := c.Organization.Logo; strings.Contains(logo, "://") {
		s.Organization.Logo = logo
	} else if logo != "" {
		s.Organization.Logo = p.absolute("/" + strings.TrimPrefix(logo, "/"))
	}
	return s
}

// relative is the address of a site path within its origin.
func (p *planner) relative(sitePath string) string {
	below := strings.TrimPrefix(sitePath, "/")
	switch {
	case !plainPath(below) || !plainPath(p.base):
		return (&url.URL{Path: p.base + below}).EscapedPath()
	case p.base == "/" && len(below) < len(sitePath):
		return sitePath
	}
	return p.base + below
}

// plainPath tells whether nothing in a path needs to be escaped, as in most: a
// site asks a hundred times for each page.
func plainPath(path string) bool {
	for i := range len(path) {
		c := path[i]
		if !('a' <= c && c <= 'z' || 'A' <= c && c <= 'Z' || '0' <= c && c <= '9' || c == '/' || c == '-' || c == '.' || c == '_') {
			return false
		}
	}
	return true
}

// absolute is the whole address of a site path.
func (p *planner) absolute(sitePath string) string {
	if plainPath(sitePath) && strings.HasPrefix(sitePath, "/") {
		return p.config.BaseURL + sitePath[1:]
	}
	return p.config.BaseURL + strings.TrimPrefix((&url.URL{Path: sitePath}).EscapedPath(), "/")
}

// written is an address from site.yaml: a path of the site, or any other.
func (p *planner) written(address string) string {
	if strings.HasPrefix(address, "/") && !strings.HasPrefix(address, "//") {
		return p.relative(address)
	}
	return address
}

// document is the whole of one that has a page.
func (p *planner) document(pg *site.Page) *content.Document { return p.documents[pg.Number] }

// page plans one page of the site; a list may take several.
func (p *planner) page(pg *site.Page, name string) (part, error) {
	data, body, err := p.pageData(pg)
	if err != nil {
		return part{}, err
	}
	out := part{said: body.digest}
	ending := p.placeForm(pg, pg.Form, "end")
	data.FormDigest = memo.Of(ending.markup, ending.post)
	shared := Data{Site: p.settled.shared, SiteDigest: p.settled.sharedDigest, Page: data}
	if name == searchLayout {
		shared.Search = p.settled.search.index
	}
	l, _ := p.layouts.Get(name)
	if err := p.named(pg, l.Names, &shared); err != nil {
		return part{}, err
	}
	chunks := pg.Chunks(p.config.Paginate)
	for n := range chunks {
		d := shared
		if pg.Kind == site.Home || pg.Kind == site.List {
			d.Pager = p.pager(pg, n+1, chunks)
			members := pg.Members[min(n*p.config.Paginate, len(pg.Members)):min((n+1)*p.config.Paginate, len(pg.Members))]
			if d.Items, err = p.itemsOf(members); err != nil {
				return part{}, err
			}
			for _, t := range pg.AllTerms {
				d.Terms = append(d.Terms, Term{t.Title, p.relative(t.Path), t.Count})
			}
		}
		planned := &Planned{Output: pg.Output, Layout: name, Data: d, body: body, form: ending, tells: l.Names["StructuredData"]}
		if n > 0 {
			at := pg.ChunkPath(n + 1)
			planned.Output = strings.TrimPrefix(at, "/") + "index.html"
			planned.Data.Page.URL, planned.Data.Page.Permalink = p.relative(at), p.absolute(at)
			planned.Data.Page.HeadTitle = fmt.Sprintf("%s (%s %d)", data.HeadTitle, p.words.Say("page"), n+1)
		}
		out.pages = append(out.pages, planned)
	}
	return out, nil
}

func (p *planner) pager(pg *site.Page, n, total int) Pager {
	out := Pager{Number: n, Total: total, First: p.relative(pg.Path)}
	if n > 1 {
		out.Newer = p.relative(pg.ChunkPath(n - 1))
	}
	if n < total {
		out.Older = p.relative(pg.ChunkPath(n + 1))
	}
	return out
}

// layoutOf is the layout a page names, or the one of its kind.
func (p *planner) layoutOf(pg *site.Page) string {
	if pg.Doc != nil && pg.Doc.Front.Layout != "" {
		named := pg.Doc.Front.Layout
		if p.has(named) {
			return named
		}
		hint := diag.DidYouMean(named, p.layouts.Names())
		if hint == "" {
			hint = "a layout is a file such as templates/" + named + ".html"
		}
		p.problems = append(p.problems, pg.Doc.At("layout", diag.Error, fmt.Sprintf("there is no layout `%s`", named), hint))
	}
	switch {
	case p.isSearch(pg):
		return searchLayout
	case len(pg.AllTerms) > 0:
		return "terms"
	case pg.Term && pg.Taxonomy == site.Authors && p.has("author"):
		return "author"
	case pg.Term && p.has("term"):
		return "term"
	case (pg.Kind == site.Plain || pg.Kind == site.List) && !slices.Contains(ownLayouts(), pg.Section) && p.has(pg.Section):
		return pg.Section
	case pg.Kind == site.Plain:
		return "page"
	}
	return pg.Kind
}

// ownLayouts are the names of layouts that stand for a kind of page, and for no
// section that happens to have the same name.
func ownLayouts() []string {
	return []string{"home", "post", "page", "list", "terms", "term", "author", "404", searchLayout}
}

func (p *planner) has(name string) bool {
	_, found := p.layouts.Get(name)
	return found
}

// pageData is what a layout learns of a page, and its text.
func (p *planner) pageData(pg *site.Page) (Page, resolved, error) {
	d := Page{Kind: pg.Kind, Title: pg.Title, HeadTitle: p.headTitle(pg), URL: p.relative(pg.Path), Permalink: p.absolute(pg.Path),
		Section: pg.Section, Date: pg.Date(), Description: p.config.Description,
		Previous: p.link(pg.Older), Next: p.link(pg.Newer), Taxonomies: map[string][]Link{}, Feeds: p.settled.homeFeeds}
	if pg.Term {
		d.Taxonomy = pg.Taxonomy
	}
	for taxonomy, terms := range pg.Terms {
		for _, t := range terms {
			d.Taxonomies[taxonomy] = append(d.Taxonomies[taxonomy], Link{t.Title, p.relative(t.Path)})
		}
	}
	d.Tags, d.Categories = d.Taxonomies["tags"], d.Taxonomies["categories"]
	if pg.Kind == site.List {
		d.Feeds = slices.Concat(p.feedLinks(pg), p.settled.homeFeeds)
	}
	if pg.Doc == nil {
		return d, resolved{}, nil
	}
	doc, front := p.document(pg), pg.Doc.Front
	d.Description, d.Deck = firstOf(describe(pg.Doc), d.Description), front.Description
	d.Lastmod, d.Draft, d.Words, d.Params = front.Lastmod, front.Draft, doc.Words, front.Params
	d.ReadingTime = doc.Minutes
	d.NoIndex = front.NoIndex
	d.Authors = p.bylines(pg)
	d.Shortcodes = doc.Shortcodes
	headings := doc.Headings
	if doc.Titled {
		headings = headings[1:]
	}
	for _, h := range headings {
		d.Headings = append(d.Headings, Heading(h))
	}
	for _, image := range front.Images {
		d.Images = append(d.Images, p.imageAddress(pg, image))
		at, _ := cutTail(image)
		if _, found := p.sitePath(pg, at); !found && content.Internal(image) {
			p.found("picture", pg, "images", fmt.Sprintf("the picture `%s` is not in this site", image),
				"put it beside the text, or under content/ and write its path with a leading slash")
		}
	}
	body, err := p.resolve(pg, doc.Body, reading{tell: true})
	if err != nil {
		return Page{}, resolved{}, err
	}
	for _, o := range doc.Outside {
		p.checkOwn(pg, content.Ref{Target: o.Address, Line: o.Line, Column: o.Column}, true)
	}
	d.ContentDigest = body.digest
	return d, body, nil
}

// found complains of a key of the front matter in a way that a writer may judge
// otherwise.
func (p *planner) found(code string, pg *site.Page, key, message, hint string) {
	d := pg.Doc.At(key, diag.Warning, message, hint)
	d.Code = code
	p.problems = append(p.problems, d)
}

// compare finds pages that say the same of themselves, and posts that nobody can
// answer to.
func (p *planner) compare() {
	titles, descriptions := map[string]*site.Page{}, map[string]*site.Page{}
	for _, pg := range p.site.Pages {
		if pg.Doc == nil {
			continue
		}
		if pg.Kind == site.Post {
			if other := titles[pg.Title]; other != nil {
				p.found("same-title", pg, "title", fmt.Sprintf("the title is that of %s, too", other.Doc.File), "readers and search engines cannot tell the two apart")
			} else {
				titles[pg.Title] = pg
			}
			if len(p.config.Forms) > 0 && len(formsOn(pg, p.config)) == 0 {
				p.found("no-form", pg, "form", "the post has no form, so that no reader can answer", "take `form: false` away, or place one in the text: `{{< form >}}`")
			}
		}
		if d := pg.Doc.Front.Description; d != "" {
			if other := descriptions[d]; other != nil {
				p.found("same-description", pg, "description", fmt.Sprintf("the description is that of %s, too", other.Doc.File), "one sentence that only this page can say helps it to be found")
			} else {
				descriptions[d] = pg
			}
		}
	}
}

// descriptionLength is what search engines show of a description.
const descriptionLength = 155

// describe is a page in one sentence: its own, or the opening words.
func describe(doc *content.Head) string {
	return firstOf(doc.Front.Description, doc.Front.Summary, content.Shorten(doc.Opening, descriptionLength))
}

// bylines are the authors with where each leads.
func (p *planner) bylines(pg *site.Page) []Link {
	var out []Link
	for _, name := range p.site.Authors(pg) {
		author := Link{Title: name}
		for _, t := range pg.Terms[site.Authors] {
			if site.Slug(t.Title) == site.Slug(name) {
				author = Link{t.Title, p.relative(t.Path)}
			}
		}
		out = append(out, author)
	}
	return out
}

func (p *planner) headTitle(pg *site.Page) string {
	if pg.Kind == site.Home || pg.Title == p.config.Title {
		return pg.Title
	}
	return pg.Title + " | " + p.config.Title
}

func (p *planner) link(pg *site.Page) Link {
	if pg == nil {
		return Link{}
	}
	return Link{pg.Title, p.relative(pg.Path)}
}

func (p *planner) itemsOf(pages []*site.Page) ([]*Item, error) {
	out := make([]*Item, 0, len(pages))
	for _, pg := range pages {
		item, err := p.item(pg)
		if err != nil {
			return nil, err
		}
		out = append(out, item)
	}
	return out, nil
}

// item is what lists show of a page; made once, however many lists show it, but
// where two workers meet it first, which then make the same.
func (p *planner) item(pg *site.Page) (*Item, error) {
	if made := p.items[pg.Number].Load(); made != nil {
		return made, nil
	}
	doc := pg.Doc
	item := &Item{Title: pg.Title, URL: p.relative(pg.Path), Permalink: p.absolute(pg.Path), Date: pg.Date(), More: doc.More,
		ReadingTime: doc.Minutes, Draft: doc.Front.Draft, Authors: p.bylines(pg)}
	for _, t := range pg.Terms["tags"] {
		item.Tags = append(item.Tags, Link{t.Title, p.relative(t.Path)})
	}
	excerpt, err := p.resolve(pg, doc.Excerpt, reading{tell: doc.Front.Summary != ""}) // what the text says has been told of
	if err != nil {
		return nil, err
	}
	if item.Excerpt, err = excerpt.html(); err != nil {
		return nil, err
	}
	item.ExcerptDigest = excerpt.digest
	p.items[pg.Number].Store(item)
	return item, nil
}

// missing plans the page for missing addresses.
func (p *planner) missing() (part, error) {
	title := p.words.Say("Page not found")
	missing, body := Page{Kind: site.NotFound, Title: title, HeadTitle: title + " | " + p.config.Title, Description: p.config.Description}, resolved{}
	if own := p.site.Missing; own != nil {
		var err error
		if missing, body, err = p.pageData(own); err != nil {
			return part{}, err
		}
		missing.URL, missing.Permalink = "", "" // it answers at any address
	}
	data := Data{Site: p.settled.shared, SiteDigest: p.settled.sharedDigest, Page: missing}
	return part{pages: []*Planned{{Output: "404.html", Layout: "404", Data: data, body: body}}, said: body.digest}, nil
}

// addresses checks those that site.yaml names.
func (p *planner) addresses() {
	for _, d := range p.config.Forms {
		if _, found := p.site.ByPath(d.Thanks); d.Thanks != "" && !found {
			p.problems = append(p.problems, p.config.At(diag.Warning, fmt.Sprintf("the thanks page `%s` of form `%s` is no page of this site", d.Thanks, d.Name),
				"visitors get the built-in thank-you until content/ has such a page", "forms", d.Name, "thanks"))
		}
	}
	for _, name := range slices.Sorted(maps.Keys(p.config.Menus)) {
		for i, item := range p.config.Menus[name] {
			address := item.URL
			if path, own := ownPath(p.config, address); own {
				address = path
			}
			at, _ := cutTail(address)
			if !strings.HasPrefix(at, "/") || strings.HasPrefix(at, "//") || strings.HasPrefix(at, "/_/") {
				continue
			}
			if _, found := p.site.ByPath(at); !found && !p.site.HasFile(at) && !p.settled.made[at] {
				hint := ""
				if near := p.nearestPath(at); near != "" {
					hint = "did you mean `" + near + "`?"
				}
				d := p.config.At(diag.Warning, fmt.Sprintf("the menu `%s` leads to `%s`, which is no page of this site", name, item.URL), hint, "menus", name, strconv.Itoa(i), "url")
				d.Code = "link"
				p.problems = append(p.problems, d)
			}
		}
	}
}

const redirectPage = `<!DOCTYPE html>
<html lang="%s">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>%s</title>
<link rel="canonical" href="%s">
<meta name="robots" content="noindex">
<meta http-equiv="refresh" content="0; url=%s">
</head>
<body><main><h1><a href="%s">%s</a></h1></main></body>
</html>
`

// redirect is a page at a former address, for servers that know no better.
func (p *planner) redirect(alias string, pg *site.Page) Written {
	escape := template.HTMLEscapeString
	to := escape(p.relative(pg.Path))
	output := strings.TrimPrefix(alias, "/")
	if strings.HasSuffix(alias, "/") {
		output += "index.html"
	}
	return written(output, fmt.Appendf(nil, redirectPage, escape(p.config.Language), escape(pg.Title), escape(p.absolute(pg.Path)), to, to, escape(pg.Title)))
}

// redirects are the former addresses in one file, for hosts that answer them
// with a 301.
func (p *planner) redirects() {
	var text []byte
	for _, pg := range p.site.Pages {
		for _, alias := range pg.Aliases {
			text = fmt.Appendf(text, "%s %s 301\n", p.relative(alias), p.relative(pg.Path))
		}
	}
	p.settled.written = append(p.settled.written, written(site.Redirects, text))
}

// feedLinks are the feeds of one list.
func (p *planner) feedLinks(list *site.Page) []Feed {
	types := feedTypes()
	var out []Feed
	for _, name := range list.Feeds {
		out = append(out, Feed{Title: p.headTitle(list), Type: types[name], URL: p.relative(list.Path + name)})
	}
	return out
}

func firstOf(texts ...string) string {
	for _, t := range texts {
		if t != "" {
			return t
		}
	}
	return ""
}

// Manifest is what the tracker needs to know of the site. frame is the rendered
// Plan.Frame.
func (plan Plan) Manifest(frame string) manifest.Manifest {
	c := plan.config
	return manifest.Manifest{Version: manifest.Current, Title: c.Title, BaseURL: c.BaseURL, Language: c.Language, TimeZone: c.TimeZone,
		Sales: c.Sales, Currency: c.Currency, Forms: c.Forms, Pages: plan.entries, Frame: manifest.Frame{HTML: frame}, Messages: c.Messages}
}

// entries are the pages as the manifest has them, by path.
func (p *planner) entries() []manifest.Page {
	var out []manifest.Page
	for _, pg := range p.site.Pages {
		out = append(out, p.entriesOf(pg)...)
	}
	if title, planned := searchPage(p.site); planned {
		out = append(out, manifest.Page{Path: strings.TrimSuffix(p.base, "/") + searchPath, Kind: site.Plain, Title: title, Revision: memo.Of(title).String()[:16]})
	}
	slices.SortFunc(out, func(a, b manifest.Page) int { return strings.Compare(a.Path, b.Path) })
	return out
}

// entriesOf are those of one page of the site; a list that takes several has one
// for each.
func (p *planner) entriesOf(pg *site.Page) []manifest.Page {
	base := strings.TrimSuffix(p.base, "/")
	first := manifest.Page{Path: base + pg.Path, Kind: pg.Kind, Title: pg.Title, Section: pg.Section, Forms: formsOn(pg, p.config)}
	for _, alias := range pg.Aliases {
		first.Aliases = append(first.Aliases, base+alias)
	}
	for _, t := range pg.Terms["tags"] {
		first.Tags = append(first.Tags, t.Title)
	}
	var said memo.Digest
	if pg.Doc != nil {
		first.Authors = pg.Doc.Front.Authors
		said = p.document(pg).Body.Digest
	}
	if date := pg.Date(); !date.IsZero() {
		first.Date = date.Format("2006-01-02")
	}
	first.Revision = memo.Of(pg.Title, said).String()[:16]
	out := []manifest.Page{first}
	for n := 2; n <= pg.Chunks(p.config.Paginate); n++ {
		out = append(out, manifest.Page{Path: base + pg.ChunkPath(n), Kind: site.List, Title: fmt.Sprintf("%s (page %d)", pg.Title, n), Revision: first.Revision})
	}
	return out
}

// formsOn names the forms placed on a page, at its end or by a shortcode.
func formsOn(pg *site.Page, c config.Config) []string {
	names := map[string]bool{}
	if pg.Form != "" {
		names[pg.Form] = true
	}
	if pg.Doc != nil {
		for _, name := range pg.Doc.Forms {
			if name = orFirst(name, c); name != "" {
				names[name] = true
			}
		}
	}
	return slices.Sorted(maps.Keys(names))
}
