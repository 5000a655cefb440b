package page

import (
	"fmt"
	"net/url"
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
