package page

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"sync"

	"cardbowl/generator/internal/diag"
	"cardbowl/generator/internal/language"
	"cardbowl/generator/internal/memo"
	"cardbowl/generator/internal/search"
	"cardbowl/generator/internal/site"
)

const (
	searchPath   = "/search/"
	searchLayout = "search"
	indexFolder  = "search/"
)

// searching is the search but for the texts.
type searching struct {
	found []*site.Page
	pages []search.Page
	said  []memo.Digest // of pages, each
	index *SearchIndex  // nil where there is no search
}

// searched are the pages that the search finds, in an order in which a new post
// comes last, so that the numbers of the others stay.
func (p *planner) searched() []*site.Page {
	var out []*site.Page
	for _, pg := range p.site.Pages {
		if pg.Doc != nil && !pg.Doc.Front.NoSearch && !pg.Doc.Front.NoIndex && pg.Path != searchPath && p.settled.layouts[pg.Place] != "thanks" {
			out = append(out, pg)
		}
	}
	slices.SortStableFunc(out, func(a, b *site.Page) int {
		return cmp.Or(a.Date().Compare(b.Date()), strings.Compare(a.Path, b.Path))
	})
	return out
}

// search plans what the search lists, and the page that reads it unless a
// document stands at its address.
func (p *planner) search() {
	if !p.config.Search {
		return
	}
	s := &p.settled.search
	s.found = p.searched()
	s.pages, s.said = make([]search.Page, len(s.found)), make([]memo.Digest, len(s.found))
	for i, pg := range s.found {
		s.pages[i] = search.Page{Title: pg.Title, URL: p.relative(pg.Path), Description: describe(pg.Doc)}
		if date := pg.Date(); !date.IsZero() {
			s.pages[i].Date = date.Format("2006-01-02")
		}
		for _, h := range pg.Doc.Headings {
			s.pages[i].Headings = append(s.pages[i].Headings, h.Title)
		}
		for _, terms := range pg.Terms {
			for _, t := range terms {
				s.pages[i].Tags = append(s.pages[i].Tags, t.Title)
			}
		}
		slices.Sort(s.pages[i].Tags)
		s.said[i] = memo.Of(&s.pages[i])
	}
	s.index = &SearchIndex{Folder: p.relative("/" + indexFolder), Shards: search.Shards(len(s.pages)), Pages: len(s.pages), PerFile: search.PerChunk}
	for n, chunk := range slices.Collect(slices.Chunk(s.pages, search.PerChunk)) {
		if name := search.ChunkName(n); p.indexMay(name) {
			p.settled.written = append(p.settled.written, Written{indexFolder + name, memo.Of(chunk), func() ([]byte, error) { return search.Chunk(chunk) }})
		}
	}
	for n := range s.index.Shards {
		p.indexMay(search.ShardName(n))
	}
	title, planned := searchPage(p.site)
	if !planned {
		return
	}
	page := &Planned{Output: indexFolder + "index.html", Layout: searchLayout, Data: Data{Site: p.settled.shared, SiteDigest: p.settled.sharedDigest, Search: s.index,
		Page: Page{Kind: site.Plain, Title: title, HeadTitle: title + " | " + p.config.Title, URL: p.relative(searchPath), Permalink: p.absolute(searchPath), Description: p.config.Description, NoIndex: true}}}
	page.seal(p.layouts)
	p.settled.pages = append(p.settled.pages, page)
}

// searchFiles are those of the words.
func (p *planner) searchFiles() []Written {
	s := &p.settled.search
	if s.index == nil {
		return nil
	}
	all := memo.Of(s.said)
	terms := make([]byte, 0, len(s.found)*len(all))
	for _, pg := range s.found {
		terms = append(terms, p.document(pg).Terms.Digest[:]...)
	}
	whole := memo.Of(all, memo.OfBytes(terms))
	index := sync.OnceValues(func() ([][]byte, error) {
		return search.Index(s.pages, func(n int, use func([]byte) error) error { return p.document(s.found[n]).Terms.In(p.texts, use) })
	})
	var out []Written
	for n := range s.index.Shards {
		if name := search.ShardName(n); !p.site.HasFile("/" + indexFolder + name) {
			out = append(out, Written{indexFolder + name, memo.Of(n, whole), func() ([]byte, error) {
				all, err := index()
				if err != nil {
					return nil, fmt.Errorf("the words for the search: %w", err)
				}
				return all[n], nil
			}})
		}
	}
	return out
}

// searchPage tells whether the site gets a page of the search that no document
// describes, and its title.
func searchPage(s *site.Site) (title string, planned bool) {
	_, taken := s.ByPath(searchPath)
	return language.Of(s.Config.Language).Say("Search"), s.Config.Search && !taken && !s.HasFile(searchPath+"index.html")
}

// indexMay tells whether the index may have a file of this name, and complains
// where the site has one itself.
func (p *planner) indexMay(name string) bool {
	own := p.site.HasFile("/" + indexFolder + name)
	if own {
		p.problems = append(p.problems, diag.Diagnostic{File: "static/" + indexFolder + name, Message: "the search has a file of this name",
			Hint: "rename yours, or do without the search: `search: false` in site.yaml"})
	}
	return !own
}

// isSearch tells whether a document describes the page of the search.
func (p *planner) isSearch(pg *site.Page) bool {
	return p.config.Search && pg.Path == searchPath && p.has(searchLayout)
}
