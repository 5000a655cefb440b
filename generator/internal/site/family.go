package site

import (
	"cmp"
	"fmt"
	"math/bits"
	"path"
	"runtime"
	"slices"
	"strings"
	"sync"

	"cardbowl/generator/internal/content"
	"cardbowl/generator/internal/diag"
)

// taxonomies are those of the settings, and the authors where they have pages.
func (a *assembly) taxonomies() []string {
	names := a.config.Taxonomies
	if slices.Contains(names, Authors) {
		return names
	}
	if own, found := a.site.byPath["/"+Authors+"/"]; found && own.Kind != List {
		return names // the writer has a page of her own there
	}
	authors := map[string]bool{}
	for _, p := range a.site.Pages {
		for _, name := range a.site.Authors(p) {
			authors[Slug(name)] = true
		}
		if p.Section == Authors && p.Kind == List && p.Path != "/"+Authors+"/" || len(authors) > 1 {
			return append(slices.Clone(names), Authors)
		}
	}
	return names
}

func (a *assembly) termsOf(p *Page, taxonomy string) []string {
	if taxonomy == Authors {
		return a.site.Authors(p)
	}
	return p.Doc.Front.Terms[taxonomy]
}

// toBeRead is the order of a series: weight, then the oldest first.
func toBeRead(a, b *Page) int {
	return cmp.Or(cmp.Compare(weightOf(a), weightOf(b)), a.Date().Compare(b.Date()),
		strings.Compare(a.Title, b.Title), strings.Compare(a.Path, b.Path))
}

// family finds the list each page belongs to, and the pages right below each.
func (a *assembly) family() {
	lists := map[string]*Page{} // by folder, or by the path of a list of terms
	var home *Page
	for _, p := range a.site.Pages {
		switch {
		case p.Kind == Home:
			home = p
		case p.Kind == List && p.Doc != nil:
			folder, _ := folderOf(p.Doc.File)
			lists[folder] = p
		case p.Kind == List && p.Section != "":
			lists[p.Section+"/"] = p
		}
		if p.Taxonomy != "" && !p.Term {
			lists[p.Taxonomy] = p
		}
	}
	for _, p := range a.site.Pages {
		switch {
		case p.Kind == Home:
			continue
		case p.Term:
			p.Parent = lists[p.Taxonomy]
		case p.Doc != nil:
			folder, base := folderOf(p.Doc.File)
			if base == "_index" || base == "index" { // the folder is the page itself
				folder, _ = path.Split(strings.TrimSuffix(folder, "/"))
			}
			for p.Parent == nil && folder != "" {
				p.Parent = lists[folder]
				folder, _ = path.Split(strings.TrimSuffix(folder, "/"))
			}
		}
		if p.Parent == nil || p.Parent == p {
			p.Parent = home
		}
		if p.Parent != home && p.Doc != nil && p.Kind != Post && !p.Term {
			p.Parent.Children = append(p.Parent.Children, p)
		}
	}
	for _, p := range a.site.Pages {
		slices.SortFunc(p.Children, inOrder)
	}
	for _, p := range a.site.Pages {
		if p.Kind == List && p.Parent == home && len(p.Children) > 0 {
			neighbours(p)
		}
	}
}

// neighbours links the pages below a section in the order they are read: each
// before what stands below it.
func neighbours(top *Page) {
	var line []*Page
	var walk func(*Page)
	walk = func(p *Page) {
		line = append(line, p)
		for _, child := range p.Children {
			walk(child)
		}
	}
	walk(top)
	for i, p := range line {
		if i > 0 {
			p.Older = line[i-1]
		}
		if i+1 < len(line) {
			p.Newer = line[i+1]
		}
	}
}

// related finds for each post those that share terms with it. A term counts by
// its rarity: the number of times the posts can be halved until as many remain
// as carry it, so that one more post seldom changes an order. Of equals the
// newer is the nearer. Of a term that very many carry only those are looked at
// that stand near in time, or a large site would be compared with itself.
func (a *assembly) related() {
	var posts []*Page
	for _, p := range a.site.Pages {
		if p.Kind == Post {
			posts = append(posts, p)
		}
	}
	slices.SortFunc(posts, func(x, y *Page) int {
		return cmp.Or(y.Date().Compare(x.Date()), strings.Compare(x.Title, y.Title), strings.Compare(x.Path, y.Path))
	})
	carriers := map[string][]int{} // path of a term's page → posts
	for i, p := range posts {
		for taxonomy, terms := range p.Terms {
			if taxonomy == Authors {
				continue // who writes says little about what
			}
			for _, t := range terms {
				carriers[t.Path] = append(carriers[t.Path], i)
			}
		}
	}
	for _, p := range posts {
		if files := p.Doc.Front.Related.Files; len(files) > 0 {
			p.Related = a.chosen(p, "related", files)
		}
	}
	if a.config.Related == 0 {
		return
	}
	var group sync.WaitGroup
	workers := runtime.GOMAXPROCS(0)
	for w := range workers {
		group.Go(func() {
			n := neighbourhood{posts: posts, carriers: carriers, score: make([]int, len(posts)), most: a.config.Related}
			for i := w; i < len(posts); i += workers {
				if choice := posts[i].Doc.Front.Related; !choice.None && len(choice.Files) == 0 {
					posts[i].Related = n.of(i)
				}
			}
		})
	}
	group.Wait()
}

// nearInTime is how many carriers of a term are looked at on either side of a
// post.
const nearInTime = 200

// neighbourhood finds related posts, one post at a time.
type neighbourhood struct {
	posts    []*Page // newest first
	carriers map[string][]int
	most     int
	score    []int // by post; all zero between two calls
	touched  []int // the posts with a score
}

func (n *neighbourhood) of(i int) []*Page {
	n.touched = n.touched[:0]
	for taxonomy, terms := range n.posts[i].Terms {
		if taxonomy == Authors {
			continue
		}
		for _, t := range terms {
			all := n.carriers[t.Path]
			rarity := bits.Len(uint(len(n.posts) / len(all)))
			at, _ := slices.BinarySearch(all, i)
			for _, other := range all[max(0, at-nearInTime):min(len(all), at+nearInTime+1)] {
				if n.score[other] == 0 {
					n.touched = append(n.touched, other)
				}
				n.score[other] += rarity
			}
		}
	}
	n.score[i] = 0
	best := make([]int, 0, n.most+1) // few, so that inserting is cheaper than sorting all
	for _, other := range n.touched {
		if other == i {
			continue
		}
		at := len(best)
		for at > 0 && (n.score[other] > n.score[best[at-1]] || n.score[other] == n.score[best[at-1]] && other < best[at-1]) {
			at--
		}
		if at < n.most {
			best = slices.Insert(best, at, other)
			best = best[:min(len(best), n.most)]
		}
	}
	for _, other := range n.touched {
		n.score[other] = 0
	}
	var out []*Page
	for _, other := range best {
		out = append(out, n.posts[other])
	}
	return out
}

// chosen are the pages that a document names by file under a key of its front
// matter.
func (a *assembly) chosen(p *Page, key string, files []string) []*Page {
	var out []*Page
	for _, written := range files {
		file := path.Join(path.Dir(p.Doc.File), written)
		if strings.HasPrefix(written, "/") {
			file = path.Join("content", written)
		}
		if found, ok := a.site.byFile[file]; ok {
			if found != p && !slices.Contains(out, found) {
				out = append(out, found)
			}
			continue
		}
		if why, hidden := a.site.hidden[file]; hidden {
			a.problems = append(a.problems, p.Doc.At(key, diag.Warning, fmt.Sprintf("`%s` is left out of `%s`: %s", written, key, why), ""))
			continue
		}
		a.problems = append(a.problems, p.Doc.At(key, diag.Error, fmt.Sprintf("`%s` names a file that does not exist (%s)", key, file),
			"the path counts from this file, or from content/ with a leading slash"))
	}
	return out
}

// Select is what a list declared by a page holds, in its order, and what is
// wrong with it.
func (s Site) Select(p *Page, list content.List) ([]*Page, diag.List) {
	a := assembly{config: s.Config, site: s}
	complain := func(message, hint string) {
		a.problems = append(a.problems, p.Doc.At("lists", diag.Warning, fmt.Sprintf("the list `%s`: %s", list.Name, message), hint))
	}
	out := a.chosen(p, "lists", list.Pages)
	if len(list.Pages) == 0 {
		out = s.matching(list, complain)
		switch list.Order {
		case "oldest":
			slices.SortFunc(out, toBeRead)
		case "title":
			slices.SortFunc(out, func(x, y *Page) int {
				return cmp.Or(strings.Compare(strings.ToLower(x.Title), strings.ToLower(y.Title)), strings.Compare(x.Path, y.Path))
			})
		case "weight":
			slices.SortFunc(out, inOrder)
		default:
			slices.SortFunc(out, func(x, y *Page) int {
				return cmp.Or(y.Date().Compare(x.Date()), strings.Compare(x.Title, y.Title), strings.Compare(x.Path, y.Path))
			})
		}
	}
	if list.Limit > 0 {
		out = out[:min(len(out), list.Limit)]
	}
	return out, a.problems
}

func (s Site) matching(list content.List, complain func(message, hint string)) []*Page {
	var from []*Page
	var sections []string
	for _, p := range s.Pages {
		if p.Doc == nil || p.Kind != Post && p.Kind != Plain {
			continue
		}
		if !slices.Contains(sections, p.Section) {
			sections = append(sections, p.Section)
		}
		if list.Section == p.Section || list.Section == "" && (p.Kind == Post || len(list.Terms) > 0) {
			from = append(from, p)
		}
	}
	if list.Section != "" && !slices.Contains(sections, list.Section) {
		complain(fmt.Sprintf("there is no section `%s`", list.Section), diag.DidYouMean(list.Section, sections))
	}
	for _, term := range list.Terms {
		at := "/" + Slug(term.Taxonomy) + "/" + Slug(term.Name) + "/"
		if _, found := s.byPath[at]; !found {
			complain(fmt.Sprintf("no page carries `%s` among its %s", term.Name, term.Taxonomy), "")
		}
		from = slices.DeleteFunc(from, func(p *Page) bool {
			return !slices.ContainsFunc(p.Terms[term.Taxonomy], func(t Term) bool { return t.Path == at })
		})
	}
	return from
}
