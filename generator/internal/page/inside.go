package page

import (
	"slices"
	"strings"

	"cardbowl/generator/internal/config"
	"cardbowl/generator/internal/content"
	"cardbowl/generator/internal/site"
)

// InsideLinks are the pages of the site that the text of one page leads to, each
// once, in the order of the text, without the page itself. doc is the page's own
// document.
func InsideLinks(s *site.Site, pg *site.Page, doc *content.Document) []*site.Page {
	p := planner{site: s, config: s.Config, base: s.Config.BasePath(), settled: &settled{}}
	var out []*site.Page
	add := func(address string) {
		at, _ := cutTail(address)
		if target, found := s.ByPath(at); found && target != pg && !slices.Contains(out, target) {
			out = append(out, target)
		}
	}
	for _, segment := range doc.Body.Segments {
		if ref := segment.Ref; ref != nil && ref.Kind == content.LinkRef {
			add("/" + strings.TrimPrefix(p.linkAddress(pg, *ref, false), p.base))
		}
	}
	for _, o := range doc.Outside {
		if path, own := ownPath(s.Config, o.Address); own {
			at, _ := cutTail(path)
			if found, ok := p.sitePath(pg, at); ok {
				add(found)
			}
		}
	}
	return out
}

// Address is where a site path is found, root-relative and with the path of
// baseURL before it.
func Address(c config.Config, sitePath string) string {
	return (&planner{base: c.BasePath()}).relative(sitePath)
}

// Own tells whether a whole address leads to the site itself.
func Own(c config.Config, address string) bool {
	_, own := ownPath(c, address)
	return own
}
