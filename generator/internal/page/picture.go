package page

import (
	"fmt"
	"html"
	"image/color"
	"path"
	"slices"
	"strings"

	"cardbowl/generator/internal/asset/picture"
	"cardbowl/generator/internal/content"
	"cardbowl/generator/internal/site"
)

// elsewhereWidth is the most a reader of feeds is sent of a picture.
const elsewhereWidth = 1200 // pixels

// element is the markup of a picture whose measures are known: a browser can
// keep its place free, and choose among the variants.
func (p *planner) element(known Picture, at string, ref content.Ref, r reading) string {
	*r.nth++
	escape := html.EscapeString
	title := ""
	if ref.Title != "" {
		title = fmt.Sprintf(` title="%s"`, escape(ref.Title))
	}
	loading := ` loading="lazy" decoding="async"`
	if r.tell && r.early && *r.nth == 1 {
		loading = ` fetchpriority="high"` // it is probably what the reader sees first
	}
	img := func(address, more string, width, height int) string {
		return fmt.Sprintf(`<img src="%s"%s width="%d" height="%d" alt="%s"%s%s>`, escape(r.from(address)), more, width, height, escape(ref.Alt), title, loading)
	}
	if len(known.Variants) == 0 {
		return img(p.relative(at), "", known.Width, known.Height)
	}
	if r.tell && !slices.Contains(p.shown, at) {
		p.shown = append(p.shown, at) // planning alone; feeds are read by several workers at a time
	}
	sets := map[string][]string{}
	var types []string
	var usual, elsewhere picture.Variant // usual: what a browser without srcset gets
	for _, v := range known.Variants {
		if len(sets[v.Type]) == 0 {
			types = append(types, v.Type)
		}
		sets[v.Type] = append(sets[v.Type], fmt.Sprintf("%s %dw", p.relative("/"+v.Path), v.Width))
		if v.Type != "image/webp" {
			usual = v
			if elsewhere.Path == "" || v.Width <= elsewhereWidth {
				elsewhere = v
			}
		}
	}
	if r.origin != "" {
		return img(p.relative("/"+elsewhere.Path), "", elsewhere.Width, elsewhere.Height)
	}
	var b strings.Builder
	b.WriteString("<picture>")
	sizes := escape(p.config.Images.Sizes)
	for _, kind := range types[:len(types)-1] {
		fmt.Fprintf(&b, `<source type="%s" srcset="%s" sizes="%s">`, kind, escape(strings.Join(sets[kind], ", ")), sizes)
	}
	last := types[len(types)-1]
	b.WriteString(img(p.relative("/"+usual.Path), fmt.Sprintf(` srcset="%s" sizes="%s"`, escape(strings.Join(sets[last], ", ")), sizes), usual.Width, usual.Height))
	b.WriteString("</picture>")
	return b.String()
}

// frontPicture is the element of a picture named in front matter. It has no words
// of its own: it stands beside the title.
func (p *planner) frontPicture(pg *site.Page, written string) string {
	if found, ok := p.sitePath(pg, written); ok {
		if known, measured := p.pictures[found]; measured {
			return p.element(known, found, content.Ref{}, reading{tell: true, nth: new(int), early: true})
		}
		return fmt.Sprintf(`<img src="%s" alt="">`, html.EscapeString(p.relative(found)))
	}
	return fmt.Sprintf(`<img src="%s" alt="">`, html.EscapeString(p.imageAddress(pg, written)))
}

// social is what networks show beside a link to a page: its own first picture that is no drawing,
// or for a post one that is drawn from its title.
func (p *planner) social(pg *site.Page, d *Page) Image {
	for i, written := range pg.Doc.Front.Images {
		found, own := p.sitePath(pg, written)
		if at, _ := cutTail(written); strings.EqualFold(path.Ext(at), ".svg") {
			continue // no network shows a drawing
		}
		out := Image{URL: d.Images[i], Alt: pg.Title}
		if own {
			out.Width, out.Height = p.pictures[found].Width, p.pictures[found].Height
		}
		return out
	}
	if pg.Kind != site.Post || !p.config.Images.Share {
		return Image{}
	}
	card := picture.Card{Title: pg.Title, Site: p.config.Title, Accent: accent(p.config.Theme.Light["accent"])}
	if len(d.Authors) > 0 {
		card.Byline = d.Authors[0].Title
	}
	p.cards = append(p.cards, card)
	return Image{URL: p.absolute("/" + card.Path()), Width: picture.CardWidth, Height: picture.CardHeight, Alt: pg.Title}
}

// accent is a colour as #rrggbb or #rgb; for any other the theme's own.
func accent(written string) color.RGBA {
	c := color.RGBA{0x0E, 0x5C, 0x49, 0xFF}
	switch len(written) {
	case 7:
		_, _ = fmt.Sscanf(written, "#%02x%02x%02x", &c.R, &c.G, &c.B)
	case 4:
		var r, g, b uint8
		if n, _ := fmt.Sscanf(written, "#%1x%1x%1x", &r, &g, &b); n == 3 {
			c = color.RGBA{r * 17, g * 17, b * 17, 0xFF}
		}
	}
	return c
}
