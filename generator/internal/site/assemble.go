package site

import (
	"cmp"
	"fmt"
	"maps"
	"path"
	"slices"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"

	"cardbowl/generator/internal/config"
	"cardbowl/generator/internal/content"
	"cardbowl/generator/internal/diag"
	"cardbowl/generator/internal/source"
)

// missingOutput is what servers answer with for addresses that lead nowhere.
const missingOutput = "404.html"

// postSections are the folders whose documents are posts.
func postSections() []string { return []string{"posts", "post", "blog"} }

// Assemble makes the Site. reserved are paths below the published folder that
// somebody else produces, with the name of that producer.
func Assemble(cfg config.Config, heads []*content.Head, tree source.Tree, reserved map[string]string, options Options) (Site, diag.List) {
	a := assembly{config: cfg, options: options, producers: map[string]producer{}, sections: map[string]*content.Head{},
		site: Site{Config: cfg, byFile: map[string]*Page{}, byPath: map[string]*Page{}, files: map[string]bool{}, hidden: map[string]string{}, aliases: map[string]*Page{}}}
	for _, at := range slices.Sorted(maps.Keys(reserved)) {
		a.claim(at, producer{what: reserved[at]})
	}
	a.claim(missingOutput, producer{what: "the page for missing addresses"})
	a.files(tree, a.hiddenBundles(heads))
	for _, head := range heads {
		if folder, base := folderOf(head.File); base == "_index" {
			a.sections[folder] = head
		}
	}
	for number, head := range heads {
		a.document(number, head)
	}
	a.lists()
	a.terms()
	a.order()
	a.family()
	a.related()
	a.aliases()
	for _, p := range a.site.Pages {
		for n := 2; n <= p.Chunks(cfg.Paginate); n++ {
			a.claim(outputOf(p.ChunkPath(n)), a.producerOf(p))
		}
	}
	a.extras()
	a.folders()
	for place, p := range a.site.Pages {
		p.Place = place
	}
	return a.site, a.problems
}

type assembly struct {
	config    config.Config
	options   Options
	site      Site
	problems  diag.List
	producers map[string]producer
	sections  map[string]*content.Head // _index documents by their folder below content/, slash at the end
}

// producer is who makes an output, for naming both sides of a clash.
type producer struct {
	what string
	doc  *content.Head // nil when no document is to blame
	key  string        // the front-matter key to blame
}

// claim notes who makes an output and complains when somebody else already
// does. Case and composition of letters do not make two addresses different,
// since on some machines they do not make two files.
func (a *assembly) claim(output string, by producer) bool {
	key := claimKey(output)
	other, taken := a.producers[key]
	if !taken {
		a.producers[key] = by
		return true
	}
	a.clash(output, by, other)
	return false
}

func claimKey(output string) string { return norm.NFC.String(strings.ToLower(output)) }

// clash complains of two producers of one address, at the document that can
// give way.
func (a *assembly) clash(output string, by, other producer) {
	address := "/" + strings.TrimSuffix(output, "index.html")
	hint := "give one of the two another `slug` or `url`"
	if by.key == "aliases" {
		hint = "an address can lead to one page only: take the alias out of one of them"
	}
	if other.doc != nil && (by.doc == nil || by.key == "" && other.key != "") {
		by, other = other, by // where an address was asked for by name, it can be changed
	}
	message := fmt.Sprintf("the address %s is taken by %s", address, other.what)
	if by.doc == nil {
		a.problems = append(a.problems, diag.Diagnostic{File: by.what, Message: message, Hint: "rename one of the two"})
		return
	}
	a.problems = append(a.problems, by.doc.At(by.key, diag.Error, message, hint))
}

// extras takes the addresses of feeds, sitemap and robots.txt, where the site
// has nothing of its own there.
func (a *assembly) extras() {
	free := func(output string) bool {
		_, taken := a.producers[claimKey(output)]
		return !taken && a.claim(output, producer{what: "/" + output})
	}
	for _, p := range a.site.Pages {
		if len(p.AllTerms) > 0 || !slices.ContainsFunc(p.Members, func(m *Page) bool { return !m.Date().IsZero() }) {
			continue
		}
		for _, name := range feedNames() {
			if free(strings.TrimPrefix(p.Path, "/") + name) {
				p.Feeds = append(p.Feeds, name)
			}
		}
	}
	names := []string{Sitemap, Robots}
	if len(a.site.aliases) > 0 {
		names = append(names, Redirects)
	}
	for _, name := range names {
		if free(name) {
			a.site.Extras = append(a.site.Extras, name)
		}
	}
}

// folders complains of files that stand where others need a folder: /a.html
// and /a.html/b/ cannot both be.
func (a *assembly) folders() {
	for _, output := range slices.Sorted(maps.Keys(a.producers)) {
		for folder := path.Dir(output); folder != "."; folder = path.Dir(folder) {
			if other, taken := a.producers[folder]; taken {
				a.clash(folder, a.producers[output], other)
			}
		}
	}
}

func (a *assembly) producerOf(p *Page) producer {
	if p.Doc == nil {
		return producer{what: fmt.Sprintf("the list %s", p.Path)}
	}
	by := producer{what: p.Doc.File, doc: p.Doc}
	for _, key := range []string{"url", "slug"} {
		if _, given := p.Doc.Front.Places[key]; given {
			by.key = key
			break
		}
	}
	return by
}

// add gives a page its place, unless that is taken.
func (a *assembly) add(p *Page) {
	p.Output = outputOf(p.Path)
	if p.Doc != nil {
		a.site.byFile[p.Doc.File] = p // in a clash too: links to it are not what is wrong
	}
	if !a.claim(p.Output, a.producerOf(p)) {
		return
	}
	a.site.Pages = append(a.site.Pages, p)
	a.site.byPath[p.Path] = p
}

// hiddenBundles are the folders of documents that are not shown, and why: the
// pictures of a draft are as private as its text.
func (a *assembly) hiddenBundles(heads []*content.Head) map[string]string {
	out := map[string]string{}
	for _, head := range heads {
		folder, base := folderOf(head.File)
		if why := a.whyHidden(head); why != "" && base == "index" && folder != "" {
			out[folder] = why
		}
	}
	return out
}

// files are published at their path: those under content/ that are no documents
// and lie in no hidden bundle, and those under static/.
func (a *assembly) files(tree source.Tree, hidden map[string]string) {
	shown := func(file string) bool {
		for folder, _ := folderOf(file); folder != ""; folder, _ = path.Split(strings.TrimSuffix(folder, "/")) {
			if why := hidden[folder]; why != "" {
				a.site.hidden[file] = why
				return false
			}
		}
		return true
	}
	take := func(folder string, keep func(string) bool) {
		for _, f := range tree.Under(folder) {
			if !keep(f.Path) {
				continue
			}
			at := strings.TrimPrefix(f.Path, folder)
			if strings.HasPrefix(at, "_/") {
				a.problems = append(a.problems, diag.Diagnostic{File: f.Path, Message: "addresses that begin with /_/ belong to the tracker", Hint: "rename the folder"})
				continue
			}
			if a.claim(at, producer{what: f.Path}) {
				a.site.Files = append(a.site.Files, File{Path: at, Source: f})
				a.site.files["/"+at] = true
			}
		}
	}
	take("content/", func(p string) bool { return !content.IsDocument(p) && !content.Private(p) && shown(p) })
	take("static/", func(string) bool { return true })
	slices.SortFunc(a.site.Files, func(x, y File) int { return strings.Compare(x.Path, y.Path) })
}

// document gives one document its page, or notes why it has none.
func (a *assembly) document(number int, doc *content.Head) {
	if why := a.whyHidden(doc); why != "" {
		a.site.hidden[doc.File] = why
		return
	}
	at, err := a.pathOf(doc)
	if err != nil {
		key := "slug"
		if doc.Front.URL != "" {
			key = "url"
		}
		a.problems = append(a.problems, doc.At(key, diag.Error, err.Error(), ""))
		return
	}
	folder, base := folderOf(doc.File)
	section, _, _ := strings.Cut(folder, "/")
	p := &Page{Kind: Plain, Path: at, Title: TitleOf(doc), Section: section, Doc: doc, Number: number}
	// Jekyll's sites give theirs this address themselves.
	if at == "/"+missingOutput || folder == "" && base == "404" || folder == "404/" && base == "index" {
		p.Kind, p.Path, p.Output, p.Section = NotFound, "/"+missingOutput, missingOutput, ""
		a.site.Missing, a.site.byFile[doc.File] = p, p
		return
	}
	switch {
	case folder == "" && (base == "index" || base == "_index"):
		p.Kind = Home
	case base == "_index":
		p.Kind = List
	case slices.Contains(postSections(), section) && folder+base != section+"/index":
		p.Kind = Post
	}
	p.Form = a.formOf(doc, p.Kind)
	a.add(p)
}

func (a *assembly) whyHidden(doc *content.Head) string {
	const minute = "2 January 2006 15:04 MST"
	for _, r := range Reasons(doc, a.options.Now) {
		switch {
		case r.Is == Draft && !a.options.Drafts:
			return "it is a draft"
		case r.Is == Scheduled && !a.options.Future:
			return "it is scheduled for " + r.On.Format(minute)
		case r.Is == Expired && !a.options.Expired:
			return "it expired on " + r.On.Format(minute)
		}
	}
	return ""
}

// Reason is why a build that is not told otherwise leaves a document out.
type Reason struct {
	Is string    // Draft, Scheduled or Expired
	On time.Time // when it appears, or went; zero of a draft
}

// What a Reason is.
const (
	Draft     = "draft"
	Scheduled = "scheduled"
	Expired   = "expired"
)

// Reasons are all of them that hold for a document at a moment.
func Reasons(doc *content.Head, now time.Time) []Reason {
	published, expiry := doc.Front.PublishDate, doc.Front.ExpiryDate
	if published.IsZero() {
		published = doc.Front.Date
	}
	var out []Reason
	if doc.Front.Draft {
		out = append(out, Reason{Is: Draft})
	}
	if published.After(now) {
		out = append(out, Reason{Scheduled, published})
	}
	if !expiry.IsZero() && !expiry.After(now) {
		out = append(out, Reason{Expired, expiry})
	}
	return out
}

// formOf is the form at the end of a page: the one it names, else the site's
// default on posts.
func (a *assembly) formOf(doc *content.Head, kind string) string {
	choice := doc.Front.Form
	names := a.config.FormNames()
	_, given := doc.Front.Places["form"]
	switch {
	case choice.None, len(names) == 0 && choice.Name == "":
		return ""
	case choice.Name != "":
		if !slices.Contains(names, choice.Name) {
			hint := diag.DidYouMean(choice.Name, names)
			if hint == "" {
				hint = "site.yaml has " + or(strings.Join(names, ", "), "no forms")
			}
			a.problems = append(a.problems, doc.At("form", diag.Error, fmt.Sprintf("there is no form `%s`", choice.Name), hint))
			return ""
		}
		return choice.Name
	case kind == Post, given:
		return names[0]
	}
	return ""
}

// titleOf is the title a document gives itself, or its first heading, or its
// file name.
// TitleOf is what a document is called: its title, else its first heading of the
// first level, else its name.
func TitleOf(doc *content.Head) string {
	if doc.Front.Title != "" {
		return doc.Front.Title
	}
	if len(doc.Headings) > 0 && doc.Headings[0].Level == 1 {
		return doc.Headings[0].Title
	}
	folder, base := folderOf(doc.File)
	if base == "index" || base == "_index" {
		base = path.Base(folder)
	}
	return humanised(base)
}

// humanised turns a file name into something to read.
func humanised(name string) string {
	words := strings.Join(strings.FieldsFunc(name, func(r rune) bool { return r == '-' || r == '_' || unicode.IsSpace(r) }), " ")
	first, size := utf8.DecodeRuneInString(words)
	if size == 0 || words == "." {
		return "Home"
	}
	return string(unicode.ToUpper(first)) + words[size:]
}

// lists adds the home page and the page of each section where no document
// describes them, and fills in what they list.
func (a *assembly) lists() {
	if _, found := a.site.byPath["/"]; !found {
		a.add(&Page{Kind: Home, Path: "/", Title: a.config.Title})
	}
	sections := map[string]bool{}
	for _, p := range a.site.Pages {
		if p.Section != "" && p.Kind != List {
			sections[p.Section] = true
		}
	}
	for _, section := range slices.Sorted(maps.Keys(sections)) {
		at := "/" + Slug(section) + "/"
		if _, found := a.site.byPath[at]; !found {
			a.add(&Page{Kind: List, Path: at, Title: humanised(section), Section: section})
		}
	}
	a.members()
}

// members puts every page into the list of its folder and of each folder above,
// and every post on the home page.
func (a *assembly) members() {
	var home *Page
	ofFolder := map[string]*Page{}
	for _, p := range a.site.Pages {
		switch {
		case p.Kind == Home:
			home = p
		case p.Kind == List && p.Doc != nil:
			folder, _ := folderOf(p.Doc.File)
			ofFolder[folder] = p
		case p.Kind == List:
			ofFolder[p.Section+"/"] = p
		}
	}
	for _, p := range a.site.Pages {
		if p.Doc == nil || p.Kind != Post && p.Kind != Plain {
			continue
		}
		if p.Kind == Post && home != nil {
			home.Members = append(home.Members, p)
		}
		folder, _ := folderOf(p.Doc.File)
		for folder != "" {
			if list, found := ofFolder[folder]; found {
				list.Members = append(list.Members, p)
			}
			folder, _ = path.Split(strings.TrimSuffix(folder, "/"))
		}
	}
}

// terms makes the page of each term and the list of all terms of a taxonomy.
// Spellings that share an address are one term; the first in order of the pages
// names it.
func (a *assembly) terms() {
	for _, taxonomy := range a.taxonomies() {
		at := "/" + Slug(taxonomy) + "/"
		terms := map[string]*Page{}
		for _, p := range a.site.Pages {
			if p.Doc == nil {
				continue
			}
			for _, name := range a.termsOf(p, taxonomy) {
				slug := Slug(name)
				if slug == "" {
					a.problems = append(a.problems, p.Doc.At(taxonomy, diag.Error, fmt.Sprintf("`%s` holds nothing that an address may hold", name), ""))
					continue
				}
				term, found := terms[slug]
				if !found {
					term = &Page{Kind: List, Path: at + slug + "/", Title: name, Taxonomy: taxonomy, Term: true}
					terms[slug] = term
				}
				if p.Terms == nil {
					p.Terms = map[string][]Term{}
				}
				if !slices.ContainsFunc(p.Terms[taxonomy], func(t Term) bool { return t.Path == term.Path }) {
					p.Terms[taxonomy] = append(p.Terms[taxonomy], Term{Title: term.Title, Path: term.Path})
					term.Members = append(term.Members, p)
				}
			}
		}
		if len(terms) == 0 {
			continue
		}
		all := a.described(&Page{Kind: List, Path: at, Title: humanised(taxonomy), Taxonomy: taxonomy})
		for _, slug := range slices.Sorted(maps.Keys(terms)) {
			term := a.described(terms[slug])
			all.AllTerms = append(all.AllTerms, Term{Title: term.Title, Path: term.Path, Count: len(term.Members)})
		}
		slices.SortStableFunc(all.AllTerms, func(x, y Term) int { return strings.Compare(strings.ToLower(x.Title), strings.ToLower(y.Title)) })
	}
}

// described adds a list of terms or of one term, or makes the section page that
// stands at its address (content/tags/_index.md) that list, with its own title
// and text.
func (a *assembly) described(p *Page) *Page {
	if own, found := a.site.byPath[p.Path]; found && own.Kind == List {
		own.Taxonomy, own.Term, own.Members = p.Taxonomy, p.Term, p.Members
		return own
	}
	a.add(p)
	return p
}

// inOrder is Hugo's order of a list: weight, then newest first, then title,
// then path.
func inOrder(a, b *Page) int {
	return cmp.Or(
		cmp.Compare(weightOf(a), weightOf(b)), b.Date().Compare(a.Date()),
		strings.Compare(a.Title, b.Title), strings.Compare(a.Path, b.Path))
}

func weightOf(p *Page) int {
	if w := p.Doc.Front.Weight; w != 0 {
		return w
	}
	return 1 << 30 // without a weight: after those with one
}

// order sorts pages and lists and finds the neighbours of each post: those next
// to it in time within its section.
func (a *assembly) order() {
	slices.SortFunc(a.site.Pages, func(x, y *Page) int { return strings.Compare(x.Path, y.Path) })
	posts := map[string][]*Page{}
	for _, p := range a.site.Pages {
		slices.SortFunc(p.Members, inOrder)
		if p.Term && p.Taxonomy == Series {
			slices.SortFunc(p.Members, toBeRead)
		}
		if p.Kind == Post {
			posts[p.Section] = append(posts[p.Section], p)
		}
	}
	for _, section := range posts {
		slices.SortFunc(section, func(x, y *Page) int {
			return cmp.Or(y.Date().Compare(x.Date()), strings.Compare(x.Title, y.Title), strings.Compare(x.Path, y.Path))
		})
		for i, p := range section {
			if i > 0 {
				p.Newer = section[i-1]
			}
			if i+1 < len(section) {
				p.Older = section[i+1]
			}
		}
	}
}

// aliases claims the former addresses of each page.
func (a *assembly) aliases() {
	for _, p := range a.site.Pages {
		if p.Doc == nil {
			continue
		}
		for _, written := range p.Doc.Front.Aliases {
			at, err := cleanPath(a.relative(p, written))
			if err != nil {
				a.problems = append(a.problems, p.Doc.At("aliases", diag.Error, err.Error(), "write it as /old-address/"))
				continue
			}
			if at == p.Path {
				continue
			}
			if a.claim(outputOf(at), producer{what: "an alias of " + p.Doc.File, doc: p.Doc, key: "aliases"}) {
				p.Aliases = append(p.Aliases, at)
				a.site.aliases[at] = p
			}
		}
		slices.Sort(p.Aliases)
	}
}

// relative reads an alias without a leading slash beside its page, as Hugo does.
func (a *assembly) relative(p *Page, written string) string {
	if strings.HasPrefix(written, "/") {
		return written
	}
	folder, _ := path.Split(strings.TrimSuffix(p.Path, "/"))
	return folder + written
}
