package page

import (
	"fmt"
	"maps"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"cardbowl/generator/internal/config"
	"cardbowl/generator/internal/content"
	"cardbowl/generator/internal/diag"
	"cardbowl/generator/internal/site"
)

// ownPath is the site path of an address that names this site's own host, with
// its query and fragment.
func ownPath(c config.Config, address string) (string, bool) {
	if !content.HasHost(address) || !strings.EqualFold(hostIn(address), hostIn(c.BaseURL)) {
		return "", false
	}
	there, err := url.Parse(address)
	if err != nil {
		return "", false
	}
	written := there.EscapedPath()
	if written+"/" == c.BasePath() {
		written = c.BasePath()
	}
	rest, below := strings.CutPrefix(written, c.BasePath())
	if written == "" {
		rest, below = "", c.BasePath() == "/"
	}
	if !below || strings.HasPrefix(rest, "_/") {
		return "", false
	}
	path := "/" + rest
	if there.RawQuery != "" {
		path += "?" + there.RawQuery
	}
	if there.Fragment != "" {
		path += "#" + there.EscapedFragment()
	}
	return path, true
}

// hostIn is the host, and the port where there is one, in an address that has
// one: a site has many links, and few of them need more.
func hostIn(address string) string {
	_, rest, _ := strings.Cut(address, "//")
	if end := strings.IndexAny(rest, "/?#"); end >= 0 {
		rest = rest[:end]
	}
	return rest
}

// checkOwn looks whether an address with the site's own host leads somewhere. It
// stays as it is written.
func (p *planner) checkOwn(pg *site.Page, ref content.Ref, tell bool) {
	path, own := ownPath(p.config, ref.Target)
	if !own || !tell {
		return
	}
	at, tail := cutTail(path)
	if found, ok := p.sitePath(pg, at); ok {
		if target, isPage := p.site.ByPath(found); isPage {
			p.checkAnchor(pg, ref, target, tail, tell)
		}
		return
	}
	hint := "link to the markdown file itself, such as [text](other-post.md), and the address will follow"
	if near := p.nearestPath(at); near != "" {
		hint = "did you mean `" + p.absolute(near) + "`?"
	}
	p.find("link", pg, ref, tell, diag.Warning, fmt.Sprintf("the link `%s` leads nowhere in this site", ref.Target), hint)
}

// OutsideLink is an address on another site and where it is written.
type OutsideLink struct {
	Address string
	At      diag.Diagnostic // without a message; of a text, without the line
}

// OutsideLinks are those of the pages that are shown, and of site.yaml, in the
// order of the pages. documents are those whose heads the site was assembled
// from.
func OutsideLinks(s *site.Site, documents []*content.Document) []OutsideLink {
	var out []OutsideLink
	add := func(address string, at diag.Diagnostic) {
		if _, own := ownPath(s.Config, address); !own && content.HasHost(address) {
			out = append(out, OutsideLink{address, at})
		}
	}
	pages := s.Pages
	if s.Missing != nil {
		pages = append(slices.Clone(pages), s.Missing)
	}
	for _, pg := range pages {
		if pg.Doc == nil {
			continue
		}
		doc := documents[pg.Number]
		for _, image := range doc.Front.Images {
			add(image, doc.At("images", diag.Warning, "", ""))
		}
		for _, o := range doc.Outside {
			add(o.Address, diag.Diagnostic{File: doc.File, Line: o.Line, Column: o.Column})
		}
		for _, segment := range doc.Body.Segments {
			if ref := segment.Ref; ref != nil && ref.Kind == content.ShortcodeRef {
				for _, key := range slices.Sorted(maps.Keys(ref.Params)) {
					add(ref.Params[key], diag.Diagnostic{File: doc.File, Line: ref.Line, Column: ref.Column})
				}
			}
		}
	}
	c := s.Config
	for _, name := range slices.Sorted(maps.Keys(c.Menus)) {
		for i, item := range c.Menus[name] {
			add(item.URL, c.At(diag.Warning, "", "", "menus", name, strconv.Itoa(i), "url"))
		}
	}
	add(c.Organization.Logo, c.At(diag.Warning, "", "", "organization", "logo"))
	for i, address := range c.Organization.SameAs {
		add(address, c.At(diag.Warning, "", "", "organization", "sameAs", strconv.Itoa(i)))
	}
	return out
}
