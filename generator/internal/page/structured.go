package page

import (
	"encoding/json"
	"html/template"
	"slices"
	"time"

	"cardbowl/generator/internal/content"
	"cardbowl/generator/internal/layout"
	"cardbowl/generator/internal/site"
)

// The words of schema.org that describe a page to search engines, as JSON-LD. A
// key that says nothing is left out.
type (
	graph struct {
		Context string `json:"@context"`
		Graph   []any  `json:"@graph"`
	}
	reference struct {
		ID string `json:"@id"`
	}
	organization struct {
		Type   string   `json:"@type"`
		ID     string   `json:"@id"`
		Name   string   `json:"name"`
		URL    string   `json:"url"`
		Logo   string   `json:"logo,omitempty"`
		SameAs []string `json:"sameAs,omitempty"`
	}
	webSite struct {
		Type        string    `json:"@type"`
		ID          string    `json:"@id"`
		URL         string    `json:"url"`
		Name        string    `json:"name"`
		Description string    `json:"description,omitempty"`
		Language    string    `json:"inLanguage"`
		Publisher   reference `json:"publisher"`
	}
	person struct {
		Type        string   `json:"@type"`
		ID          string   `json:"@id,omitempty"`
		Name        string   `json:"name"`
		URL         string   `json:"url,omitempty"`
		Description string   `json:"description,omitempty"`
		Images      []string `json:"image,omitempty"`
	}
	webPage struct { // BlogPosting, CollectionPage, ProfilePage or WebPage
		Type        string     `json:"@type"`
		ID          string     `json:"@id"`
		URL         string     `json:"url"`
		Headline    string     `json:"headline,omitempty"`
		Name        string     `json:"name,omitempty"`
		Description string     `json:"description,omitempty"`
		Images      []string   `json:"image,omitempty"`
		Published   string     `json:"datePublished,omitempty"`
		Modified    string     `json:"dateModified,omitempty"`
		Authors     []person   `json:"author,omitempty"`
		Publisher   *reference `json:"publisher,omitempty"`
		About       *person    `json:"mainEntity,omitempty"`
		MainEntity  *reference `json:"mainEntityOfPage,omitempty"`
		Section     string     `json:"articleSection,omitempty"`
		Keywords    []string   `json:"keywords,omitempty"`
		Words       int        `json:"wordCount,omitempty"`
		Language    string     `json:"inLanguage"`
		PartOf      reference  `json:"isPartOf"`
	}
	breadcrumbList struct {
		Type  string     `json:"@type"`
		ID    string     `json:"@id"`
		Items []listItem `json:"itemListElement"`
	}
	listItem struct {
		Type     string `json:"@type"`
		Position int    `json:"position"`
		Name     string `json:"name"`
		Item     string `json:"item"`
	}
)

// headlineLength is what search engines take of a headline.
const headlineLength = 110

// structured is what a page says of itself. encoding/json escapes what would end
// a script element.
func structured(d Data) template.JS {
	page, base := d.Page, d.Site.BaseURL
	if page.Permalink == "" || page.Kind == site.NotFound {
		return ""
	}
	publisher := reference{base + "#organization"}
	out := graph{Context: "https://schema.org", Graph: []any{
		organization{Type: "Organization", ID: publisher.ID, Name: d.Site.Organization.Name, URL: base, Logo: d.Site.Organization.Logo, SameAs: d.Site.Organization.SameAs},
		webSite{Type: "WebSite", ID: base + "#website", URL: base, Name: d.Site.Title, Description: d.Site.Description, Language: d.Site.Language, Publisher: publisher},
	}}
	about := webPage{Type: "WebPage", ID: page.Permalink + "#page", URL: page.Permalink, Name: page.Title, Description: page.Description, Images: page.Images,
		Published: schemaTime(page.Date), Modified: schemaTime(page.Lastmod), Language: d.Site.Language, PartOf: reference{base + "#website"}}
	if at := page.SocialImage.URL; at != "" && !slices.Contains(about.Images, at) {
		about.Images = append([]string{at}, about.Images...)
	}
	switch page.Kind {
	case site.List:
		about.Type = "CollectionPage"
		if page.Taxonomy == site.Authors && d.Pager.Number <= 1 {
			about.Type = "ProfilePage"
			about.About = &person{Type: "Person", ID: page.Permalink + "#person", Name: page.Title, URL: page.Permalink, Description: page.Deck, Images: about.Images}
		}
	case site.Post:
		about.Type, about.Headline, about.Name = "BlogPosting", content.Shorten(page.Title, headlineLength), ""
		about.Publisher, about.MainEntity = &publisher, &reference{page.Permalink}
		about.Section, about.Words = page.Section, page.Words
		for _, t := range page.Tags {
			about.Keywords = append(about.Keywords, t.Title)
		}
		if about.Modified == "" {
			about.Modified = about.Published
		}
		for _, a := range page.Authors {
			author := person{Type: "Person", Name: a.Title}
			if a.URL != "" {
				author.URL = origin(base) + a.URL
			}
			about.Authors = append(about.Authors, author)
		}
	}
	if page.Kind != site.Home {
		out.Graph = append(out.Graph, about)
	}
	if len(page.Breadcrumbs) > 1 {
		trail := breadcrumbList{Type: "BreadcrumbList", ID: page.Permalink + "#breadcrumbs"}
		for i, link := range page.Breadcrumbs {
			trail.Items = append(trail.Items, listItem{Type: "ListItem", Position: i + 1, Name: link.Title, Item: origin(base) + link.URL})
		}
		out.Graph = append(out.Graph, trail)
	}
	text, err := json.Marshal(out)
	if err != nil {
		return "" // plain structs of text and numbers cannot fail
	}
	return template.JS(text)
}

// origin is the part of baseURL that a root-relative address is put behind.
func origin(base string) string {
	const scheme = len("https://")
	for i := scheme; i < len(base); i++ {
		if base[i] == '/' {
			return base[:i]
		}
	}
	return base
}

// schemaTime is a day where no more than a day is known: nobody wrote at midnight.
func schemaTime(t time.Time) string {
	if t.IsZero() {
		return ""
	}
	return layout.ISODate(t)
}
