package page

import (
	"slices"
	"strings"

	"cardbowl/generator/internal/content"
	"cardbowl/generator/internal/layout"
	"cardbowl/generator/internal/memo"
)

// Explanation is what one page is made of, by name.
type Explanation struct {
	Output     string
	Layout     string
	Recipe     memo.Digest
	Document   string   // its file; empty for a list that no document describes
	Templates  []string // files of the layout's closure
	Shortcodes []string // files of the closures of those in the text
	Assets     []string // that these name
	Pictures   []string // site paths of those it shows in variants
	Pages      []string // addresses of other pages that it shows something of
	Data       bool     // it can see the data files
}

// Explain finds the page that is meant by its address, its output or its
// document, and says what it is made of.
func (plan Plan) Explain(asked string, layouts layout.Set) (Explanation, bool) {
	want := strings.Trim(strings.TrimSuffix(asked, "index.html"), "/")
	for place, part := range plan.parts {
		var doc *content.Document
		if n := slices.Index(plan.settled.places, place); n >= 0 {
			doc = plan.documents[n]
		}
		for _, p := range part.pages {
			at := strings.Trim(strings.TrimSuffix(p.Output, "index.html"), "/")
			if at == want || doc != nil && doc.File == asked {
				return plan.explained(p, doc, part.pictures, layouts), true
			}
		}
	}
	for _, p := range plan.settled.pages {
		if strings.Trim(strings.TrimSuffix(p.Output, "index.html"), "/") == want {
			return plan.explained(p, nil, nil, layouts), true
		}
	}
	return Explanation{}, false
}

// Outputs are what Explain can be asked for, as addresses within the site.
func (plan Plan) Outputs() []string {
	var out []string
	for _, p := range plan.Pages {
		out = append(out, "/"+strings.TrimSuffix(p.Output, "index.html"))
	}
	return out
}

func (plan Plan) explained(p *Planned, doc *content.Document, pictures []string, layouts layout.Set) Explanation {
	l, _ := layouts.Get(p.Layout)
	out := Explanation{Output: p.Output, Layout: p.Layout, Recipe: p.Recipe, Templates: l.Files, Assets: slices.Clone(l.Assets), Pictures: slices.Sorted(slices.Values(pictures)), Data: l.Names["Data"]}
	if doc != nil {
		out.Document = doc.File
		for _, name := range doc.Shortcodes {
			s, _ := layouts.Shortcode(name)
			out.Shortcodes = append(out.Shortcodes, s.Files...)
			out.Assets = append(out.Assets, s.Assets...)
		}
	}
	d := p.Data
	for _, item := range d.Items {
		out.Pages = append(out.Pages, item.URL)
	}
	for _, items := range d.Lists {
		for _, item := range items {
			out.Pages = append(out.Pages, item.URL)
		}
	}
	for _, t := range d.Page.Related {
		out.Pages = append(out.Pages, t.URL)
	}
	for _, link := range append([]Link{d.Page.Previous, d.Page.Next}, d.Page.Series.Posts...) {
		out.Pages = append(out.Pages, link.URL)
	}
	for _, t := range d.Terms {
		out.Pages = append(out.Pages, t.URL)
	}
	for _, list := range []*[]string{&out.Shortcodes, &out.Assets, &out.Pages} {
		slices.Sort(*list)
		*list = slices.DeleteFunc(slices.Compact(*list), func(s string) bool { return s == "" || s == d.Page.URL })
	}
	return out
}
