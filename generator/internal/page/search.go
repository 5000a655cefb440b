package page

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"cardbowl/generator/internal/cache"
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
	said  []memo.Digest      // of pages, each
	place map[*site.Page]int // in found
	index *SearchIndex       // nil where there is no search
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
	s.pages, s.said, s.place = make([]search.Page, len(s.found)), make([]memo.Digest, len(s.found)), make(map[*site.Page]int, len(s.found))
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
		s.said[i], s.place[pg] = memo.Of(&s.pages[i]), i
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

// words are those of a group of pages, as search.Group packs them, by bucket.
type words struct {
	recipe memo.Digest // of the pages and their texts
	kept   cache.Row
}

// WordsStage is the name under which the memo keeps the words of groups.
const WordsStage = "words"

// group is the nth of the pages that are counted together, by their numbers.
func (s *searching) group(n int) (from, to int) {
	return n * search.PerGroup, min((n+1)*search.PerGroup, len(s.found))
}

// groupWords counts the words of the nth group of pages.
func (p *planner) groupWords(n int) (words, error) {
	s := &p.settled.search
	from, to := s.group(n)
	seen := make([]byte, 0, 2*search.PerGroup*len(memo.Digest{}))
	for i := from; i < to; i++ {
		seen = append(append(seen, s.said[i][:]...), p.document(s.found[i]).Terms.Digest[:]...)
	}
	return p.keptWords(n, memo.OfBytes(seen))
}

// keptWords are those of a group under a recipe.
func (p *planner) keptWords(n int, recipe memo.Digest) (words, error) {
	s := &p.settled.search
	from, to := s.group(n)
	var failed error
	kept := memo.Do(p.memo, WordsStage, recipe, func() cache.Row {
		buckets, err := search.Group(s.pages[from:to], func(n int, use func([]byte) error) error {
			return p.document(s.found[from+n]).Terms.In(p.texts, use)
		})
		if err != nil {
			failed = fmt.Errorf("the words for the search: %w", err)
			return cache.Row{}
		}
		return p.texts.KeepRow(buckets[:])
	})
	return words{recipe, kept}, failed
}

// wordsAgain counts the groups again in which pages stand whose texts changed,
// and asks for all others, so that they are not forgotten.
func (p *planner) wordsAgain(last []words, todo []int) ([]words, error) {
	groups := slices.Clone(last)
	changed := map[int]bool{}
	for _, place := range todo {
		if place < len(p.site.Pages) {
			if i, found := p.settled.search.place[p.site.Pages[place]]; found {
				changed[i/search.PerGroup] = true
			}
		}
	}
	for n := range groups {
		var err error
		if changed[n] {
			groups[n], err = p.groupWords(n)
		} else {
			groups[n], err = p.keptWords(n, groups[n].recipe)
		}
		if err != nil {
			return nil, err
		}
	}
	return groups, nil
}

// shards are the files of the words. last are those of a plan whose groups were
// before, or nil.
func (p *planner) shards(groups, before []words, last []Written) []Written {
	s := &p.settled.search
	if s.index == nil {
		return nil
	}
	changed := [search.Buckets]bool{}
	for n := range before {
		for b := range search.Buckets {
			changed[b] = changed[b] || before[n].recipe != groups[n].recipe && before[n].kept.Digest(b) != groups[n].kept.Digest(b)
		}
	}
	var out []Written
	for n := range s.index.Shards {
		name := search.ShardName(n)
		if p.site.HasFile("/" + indexFolder + name) {
			continue
		}
		same := last != nil
		for b := n; b < search.Buckets; b += s.index.Shards {
			same = same && !changed[b]
		}
		recipe := memo.Digest{}
		if same {
			recipe = last[len(out)].Recipe
		} else {
			seen := make([]byte, 0, (len(groups)+1)*len(recipe)*(search.Buckets/s.index.Shards))
			for _, g := range groups {
				for b := n; b < search.Buckets; b += s.index.Shards {
					digest := g.kept.Digest(b)
					seen = append(seen, digest[:]...)
				}
			}
			recipe = memo.Of(n, s.index.Shards, memo.OfBytes(seen))
		}
		out = append(out, Written{indexFolder + name, recipe, func() ([]byte, error) {
			text, err := search.Shard(n, s.index.Shards, len(groups), func(group, n int, use func([]byte) error) error {
				return p.texts.TextOf(groups[group].kept, n, use)
			})
			if err != nil {
				return nil, fmt.Errorf("the words for the search: %w", err)
			}
			return text, nil
		}})
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
