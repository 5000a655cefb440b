package page

import (
	"cmp"
	"fmt"
	"html/template"
	"maps"
	"slices"
	"strconv"
	"strings"

	"cardbowl/generator/internal/diag"
	"cardbowl/generator/internal/memo"
	"cardbowl/generator/internal/site"
)

// sidebar is the tree of one section's pages, shared by all of them.
type sidebar struct {
	items  []NavItem
	digest memo.Digest
}

// named fills in what only some layouts show, and what would otherwise have
// every page rendered again for an edit it does not show.
func (p *planner) named(pg *site.Page, names map[string]bool, d *Data) error {
	if names["Related"] {
		for _, other := range pg.Related {
			d.Page.Related = append(d.Page.Related, p.teaser(other))
		}
	}
	if names["Series"] {
		d.Page.Series = p.series(pg)
	}
	if names["Breadcrumbs"] || names["StructuredData"] {
		d.Page.Breadcrumbs = p.breadcrumbs(pg)
	}
	if names["Sidebar"] {
		bar := p.sidebarOf(pg)
		d.Sidebar, d.SidebarDigest = bar.items, bar.digest
	}
	if names["Data"] {
		d.Data, d.DataDigest = p.data.Values, p.data.Digest
	}
	if pg.Doc == nil {
		return nil
	}
	if names["Picture"] && len(pg.Doc.Front.Images) > 0 {
		d.Page.Picture = template.HTML(p.frontPicture(pg, pg.Doc.Front.Images[0]))
	}
	if names["SocialImage"] || names["StructuredData"] {
		d.Page.SocialImage = p.social(pg, &d.Page)
	}
	for _, list := range pg.Doc.Front.Lists {
		members, problems := p.site.Select(pg, list)
		p.problems = append(p.problems, problems...)
		if d.Lists == nil {
			d.Lists = map[string][]*Item{}
		}
		items, err := p.itemsOf(members)
		if err != nil {
			return err
		}
		d.Lists[list.Name] = items // an empty list is still one
		d.ListNames = append(d.ListNames, list.Name)
	}
	return nil
}

func (p *planner) teaser(pg *site.Page) Teaser {
	return Teaser{Title: pg.Title, URL: p.relative(pg.Path), Date: pg.Date(), Description: describe(pg.Doc), ReadingTime: pg.Doc.Minutes}
}

// series is the place of a page in the first series it names.
func (p *planner) series(pg *site.Page) Series {
	for _, t := range pg.Terms[site.Series] {
		list, _ := p.site.ByPath(t.Path)
		at := slices.Index(list.Members, pg)
		if at < 0 {
			continue
		}
		s := Series{Title: t.Title, URL: p.relative(t.Path), Part: at + 1, Total: len(list.Members)}
		for _, m := range list.Members {
			s.Posts = append(s.Posts, p.link(m))
		}
		return s
	}
	return Series{}
}

// breadcrumbs lead from the home page to this one.
func (p *planner) breadcrumbs(pg *site.Page) []Link {
	var out []Link
	for at := pg; at != nil; at = at.Parent {
		out = append(out, p.link(at))
	}
	if len(out) < 2 {
		return nil
	}
	slices.Reverse(out)
	out[0].Title = p.config.Title
	return out
}

// sidebarOf is the tree below the section of a page that is no post.
func (p *planner) sidebarOf(pg *site.Page) sidebar {
	top := pg
	for top.Parent != nil && top.Parent.Kind != site.Home {
		top = top.Parent
	}
	if pg.Kind == site.Post || len(top.Children) == 0 {
		return sidebar{}
	}
	if made, known := p.sidebars.Load(top); known {
		return made.(sidebar)
	}
	bar := sidebar{items: p.navItems([]*site.Page{top})}
	bar.digest = memo.Of(bar.items)
	p.sidebars.Store(top, bar)
	return bar
}

func (p *planner) navItems(pages []*site.Page) []NavItem {
	var out []NavItem
	for _, pg := range pages {
		item := NavItem{Title: pg.Title, URL: p.relative(pg.Path), Items: p.navItems(pg.Children)}
		if pg.Doc != nil {
			item.Description = pg.Doc.Front.Description
		}
		out = append(out, item)
	}
	return out
}

// menuEntry is a line of a menu before it has found its place.
type menuEntry struct {
	item   MenuItem
	parent string
	weight int
	told   func(severity diag.Severity, message, hint string)
}

// menus are those of site.yaml, with the entries that pages make for themselves
// after them. Entries with a weight come first, the lightest on top.
func (p *planner) menus() map[string][]MenuItem {
	entries := map[string][]menuEntry{}
	for name, items := range p.config.Menus {
		for i, item := range items {
			entries[name] = append(entries[name], menuEntry{item: MenuItem{Title: item.Title, URL: p.written(item.URL)}, parent: item.Parent, weight: item.Weight,
				told: func(severity diag.Severity, message, hint string) {
					p.problems = append(p.problems, p.config.At(severity, message, hint, "menus", name, strconv.Itoa(i)))
				}})
		}
	}
	for _, pg := range p.site.Pages {
		if pg.Doc == nil {
			continue
		}
		for _, m := range pg.Doc.Front.Menus {
			entries[m.Menu] = append(entries[m.Menu], menuEntry{item: MenuItem{Title: firstOf(m.Title, pg.Title), URL: p.relative(pg.Path)}, parent: m.Parent, weight: cmp.Or(m.Weight, pg.Doc.Front.Weight),
				told: func(severity diag.Severity, message, hint string) {
					p.problems = append(p.problems, pg.Doc.At("menus", severity, message, hint))
				}})
		}
	}
	out := map[string][]MenuItem{}
	for _, name := range slices.Sorted(maps.Keys(entries)) {
		out[name] = menuTree(name, entries[name])
	}
	return out
}

// menuTree sorts the entries of one menu and puts each below its parent.
func menuTree(name string, entries []menuEntry) []MenuItem {
	slices.SortStableFunc(entries, func(a, b menuEntry) int {
		return cmp.Or(cmp.Compare(unweighted(a), unweighted(b)), cmp.Compare(a.weight, b.weight))
	})
	var out []MenuItem
	for _, e := range entries {
		if e.parent == "" {
			out = append(out, e.item)
		}
	}
	for _, e := range entries {
		if e.parent == "" {
			continue
		}
		at := slices.IndexFunc(out, func(item MenuItem) bool { return strings.EqualFold(item.Title, e.parent) })
		if at < 0 {
			e.told(diag.Warning, fmt.Sprintf("the menu `%s` has no entry `%s` for `%s` to stand below", name, e.parent, e.item.Title), "parent is the title of an entry at the top of the menu")
			continue
		}
		out[at].Items = append(out[at].Items, e.item)
	}
	for _, e := range entries {
		group := e.parent == "" && slices.ContainsFunc(out, func(item MenuItem) bool { return item.Title == e.item.Title && len(item.Items) > 0 })
		if e.item.URL == "" && !group {
			e.told(diag.Error, fmt.Sprintf("the entry `%s` of the menu `%s` has no url", e.item.Title, name), "write `- {title: About, url: /about/}`; only an entry that others stand below can do without")
		}
	}
	return out
}

func unweighted(e menuEntry) int {
	if e.weight == 0 {
		return 1
	}
	return 0
}
