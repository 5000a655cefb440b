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

// searched are the pages that the search finds, in an order in which a new post
// comes last, so that the numbers of the others stay.
func (p *planner) searched() []*site.Page {
	var out []*site.Page
	for _, pg := range p.site.Pages {
		if pg.Doc != nil && !pg.Doc.Front.NoSearch && !pg.Doc.Front.NoIndex && pg.Path != searchPath && p.layoutName[pg] != "thanks" {
			out = append(out, pg)
		}
	}
	slices.SortStableFunc(out, func(a, b *site.Page) int {
		return cmp.Or(a.Date().Compare(b.Date()), strings.Compare(a.Path, b.Path))
	})
	return out
}

// search plans the search: the index, and the page that reads it unless a
// document stands at its address.
func (p *planner) search() {
	if !p.config.Search {
		return
	}
	found := p.searched()
	pages := make([]search.Page, len(found))
	said := make([]memo.Digest, len(found))
	for i, pg := range found {
		doc := p.document(pg)
		pages[i] = search.Page{Title: pg.Title, URL: p.relative(pg.Path), Description: describe(pg.Doc)}
		if date := pg.Date(); !date.IsZero() {
			pages[i].Date = date.Format("2006-01-02")
		}
		for _, h := range doc.Headings {
			pages[i].Headings = append(pages[i].Headings, h.Title)
		}
		for _, terms := range pg.Terms {
			for _, t := range terms {
				pages[i].Tags = append(pages[i].Tags, t.Title)
			}
		}
		slices.Sort(pages[i].Tags)
		said[i] = memo.Of(&pages[i], doc.Terms.Digest)
	}
	whole := memo.Of(said)
	data := &SearchIndex{Folder: p.relative("/" + indexFolder), Shards: search.Shards(len(pages)), Pages: len(pages), PerFile: search.PerChunk}

	index := sync.OnceValues(func() ([][]byte, error) {
		return search.Index(pages, func(n int, use func([]byte) error) error { return p.document(found[n]).Terms.In(p.texts, use) })
	})
	for n := range data.Shards {
		p.indexFile(search.ShardName(n), memo.Of(n, whole), func() ([]byte, error) {
			all, err := index()
			if err != nil {
				return nil, fmt.Errorf("the words for the search: %w", err)
			}
			return all[n], nil
		})
	}
	for n, chunk := range slices.Collect(slices.Chunk(pages, search.PerChunk)) {
		p.indexFile(search.ChunkName(n), memo.Of(chunk), func() ([]byte, error) { return search.Chunk(chunk) })
	}

	for i := range p.plan.Pages {
		if planned := &p.plan.Pages[i]; planned.Layout == searchLayout {
			planned.Data.Search = data
		}
	}
	title, planned := searchPage(p.site)
	if !planned {
		return
	}
	p.plan.Pages = append(p.plan.Pages, Planned{Output: indexFolder + "index.html", Layout: searchLayout, Data: Data{Site: p.shared, SiteDigest: p.sharedDigest, Search: data,
		Page: Page{Kind: site.Plain, Title: title, HeadTitle: title + " | " + p.config.Title, URL: p.relative(searchPath), Permalink: p.absolute(searchPath), Description: p.config.Description, NoIndex: true}}})
}

// searchPage tells whether the site gets a page of the search that no document
// describes, and its title.
func searchPage(s site.Site) (title string, planned bool) {
	_, taken := s.ByPath(searchPath)
	return language.Of(s.Config.Language).Say("Search"), s.Config.Search && !taken && !s.HasFile(searchPath+"index.html")
}

func (p *planner) indexFile(name string, recipe memo.Digest, bytes func() ([]byte, error)) {
	output := indexFolder + name
	if p.site.HasFile("/" + output) {
		p.problems = append(p.problems, diag.Diagnostic{File: "static/" + output, Message: "the search has a file of this name",
			Hint: "rename yours, or do without the search: `search: false` in site.yaml"})
		return
	}
	p.plan.Written = append(p.plan.Written, Written{Output: output, Recipe: recipe, Bytes: bytes})
}

// isSearch tells whether a document describes the page of the search.
func (p *planner) isSearch(pg *site.Page) bool {
	return p.config.Search && pg.Path == searchPath && p.has(searchLayout)
}
