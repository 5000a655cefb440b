package page

import (
	"encoding/xml"
	"fmt"
	"slices"
	"strings"
	"time"

	"cardbowl/generator/internal/memo"
	"cardbowl/generator/internal/site"
)

// sitemapLimit is how many addresses one file may hold by the protocol.
const sitemapLimit = 50_000

type sitemapURL struct {
	Address string `xml:"loc"`
	Lastmod string `xml:"lastmod,omitempty"` // a day, from front matter; never a file's time
}

type urlSet struct {
	XMLName xml.Name     `xml:"http://www.sitemaps.org/schemas/sitemap/0.9 urlset"`
	URLs    []sitemapURL `xml:"url"`
}

type sitemapIndex struct {
	XMLName xml.Name     `xml:"http://www.sitemaps.org/schemas/sitemap/0.9 sitemapindex"`
	Maps    []sitemapURL `xml:"sitemap"`
}

// sitemap plans sitemap.xml, and where the site is too large for one, an index
// of several.
func (p *planner) sitemap() {
	var urls []sitemapURL
	for _, pg := range p.site.Pages {
		if pg.Doc != nil && (pg.Doc.Front.NoIndex || pg.Doc.Front.Draft) {
			continue
		}
		entry := sitemapURL{Address: p.absolute(pg.Path)}
		if last := lastmod(pg); !last.IsZero() {
			entry.Lastmod = last.Format(time.DateOnly)
		}
		urls = append(urls, entry)
	}
	parts := slices.Collect(slices.Chunk(urls, sitemapLimit))
	if len(parts) == 1 {
		p.writeXML(site.Sitemap, urlSet{URLs: urls}, memo.Of(urls))
		return
	}
	var index sitemapIndex
	for i, part := range parts {
		name := fmt.Sprintf("sitemap-%d.xml", i+1)
		p.writeXML(name, urlSet{URLs: part}, memo.Of(part))
		index.Maps = append(index.Maps, sitemapURL{Address: p.absolute("/" + name)})
	}
	p.writeXML(site.Sitemap, index, memo.Of(index.Maps))
}

func (p *planner) writeXML(output string, v any, recipe memo.Digest) {
	p.settled.written = append(p.settled.written, Written{Output: output, Recipe: recipe, Bytes: func() ([]byte, error) { return asXML(v) }})
}

// lastmod is when a page last changed by its own word; a list changed with the
// newest of what it lists.
func lastmod(pg *site.Page) time.Time {
	last := pg.Date()
	if pg.Doc != nil && pg.Doc.Front.Lastmod.After(last) {
		last = pg.Doc.Front.Lastmod
	}
	if pg.Kind == site.Home || pg.Kind == site.List {
		for _, m := range pg.Members {
			if member := lastmod(m); member.After(last) {
				last = member
			}
		}
	}
	return last
}

// robots plans robots.txt: all may read the site, and nobody the tracker.
func (p *planner) robots() {
	var b strings.Builder
	b.WriteString("User-agent: *\nDisallow: /_/\n")
	if slices.Contains(p.site.Extras, site.Sitemap) {
		fmt.Fprintf(&b, "\nSitemap: %s\n", p.absolute("/"+site.Sitemap))
	}
	p.settled.written = append(p.settled.written, written(site.Robots, []byte(b.String())))
}
