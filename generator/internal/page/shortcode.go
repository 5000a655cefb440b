package page

import (
	"cmp"
	"fmt"
	"html/template"
	"slices"
	"strings"

	"cardbowl/generator/internal/content"
	"cardbowl/generator/internal/diag"
	"cardbowl/generator/internal/site"
)

// shortcode makes what a call in the text stands for.
func (p *planner) shortcode(pg *site.Page, ref content.Ref, inner string, r reading, uses map[string]int) string {
	uses[ref.Target]++
	if ref.Target == content.FormShortcode {
		if r.origin != "" {
			return "" // it could not be sent from there
		}
		return p.formCall(pg, ref, r, uses)
	}
	layout, found := p.layouts.Shortcode(ref.Target)
	if !found {
		names := append(p.layouts.Shortcodes(), content.FormShortcode)
		p.complain(pg, ref, r.tell, diag.Error, fmt.Sprintf("there is no shortcode `%s`", ref.Target),
			cmp.Or(insteadOf(ref.Target), diag.DidYouMean(ref.Target, names), "your own are templates such as templates/shortcodes/"+ref.Target+".html"))
		return ""
	}
	data := Shortcode{Name: ref.Target, Args: ref.Args, Params: ref.Params, Inner: template.HTML(inner), Number: uses[ref.Target], Inline: ref.Inline,
		Feed: r.origin != "", Page: p.link(pg), Site: p.settled.shared, URLs: map[string]string{}, Pictures: map[string]template.HTML{}}
	if len(ref.Args) > 0 {
		data.First = ref.Args[0]
	}
	for key, value := range ref.Params {
		switch key {
		case "src", "image", "photo", "poster":
			pointer := ref
			pointer.Target, pointer.Alt, pointer.Title = value, ref.Params["alt"], ""
			if _, said := ref.Params["alt"]; !said && key == "src" { // the others stand beside words that say it
				p.find("alt", pg, ref, r.tell, diag.Warning, fmt.Sprintf("the picture `%s` has no words for who cannot see it", value),
					"say what it shows: `alt=\"a funnel with a line across it\"`; of one that only decorates, say so: `alt=\"\"`")
			}
			data.Pictures[key] = template.HTML(p.picture(pg, pointer, r))
			data.URLs[key] = p.pictureAddress(pg, pointer, r)
		case "href", "link", "url", "to":
			pointer := ref
			pointer.Target = value
			data.URLs[key] = p.address(pg, pointer, r)
		}
	}
	text, refused, failed := layout.Expand(data)
	switch {
	case refused != nil:
		p.complain(pg, ref, r.tell, diag.Error, refused.Message, refused.Hint)
	case failed != nil && r.tell:
		failed.Message += fmt.Sprintf(" (for the call in %s, line %d)", pg.Doc.File, ref.Line)
		if !slices.Contains(p.problems, *failed) {
			p.problems = append(p.problems, *failed)
		}
	}
	text = strings.TrimRight(text, "\n")
	if !ref.Inline {
		text += "\n"
	}
	return text
}

// insteadOf says what to write in place of a shortcode that Hugo has and we do
// not need; empty for all others.
func insteadOf(name string) string {
	switch name {
	case "ref", "relref":
		return "a link to the file is followed and checked: [text](other-post.md)"
	case "highlight":
		return "write the code between fences, with its language: ```go {linenos=true hl_lines=\"2\"}"
	case "param":
		return "write the value itself, or a shortcode of your own that shows {{.Site.Params.…}}"
	case "gist", "x", "twitter", "twitter_simple", "tweet", "instagram", "instagram_simple":
		return "nothing is loaded from other sites before a reader asks: write a link to it, or templates/shortcodes/" + name + ".html"
	}
	return ""
}

// address is where an argument of a shortcode leads; one that leads elsewhere
// stays as it is, and the template's escaping judges it.
func (p *planner) address(pg *site.Page, ref content.Ref, r reading) string {
	if !content.Internal(ref.Target) {
		p.checkOwn(pg, ref, r.tell)
		return ref.Target
	}
	return r.from(p.linkAddress(pg, ref, r.tell))
}

func (p *planner) pictureAddress(pg *site.Page, ref content.Ref, r reading) string {
	if !content.Internal(ref.Target) {
		return ref.Target
	}
	at, tail := cutTail(ref.Target)
	if found, ok := p.sitePath(pg, at); ok {
		return r.from(p.relative(found) + tail)
	}
	return ref.Target // the picture itself has been complained of
}

// picture is the whole element, for a picture of the site or one elsewhere.
func (p *planner) picture(pg *site.Page, ref content.Ref, r reading) string {
	if content.Internal(ref.Target) {
		return p.image(pg, ref, r)
	}
	if !strings.HasPrefix(ref.Target, "https://") && !strings.HasPrefix(ref.Target, "http://") {
		p.complain(pg, ref, r.tell, diag.Error, fmt.Sprintf("`%s` is no address of a picture", ref.Target), "")
		return ""
	}
	return fmt.Sprintf(`<img src="%s" alt="%s" loading="lazy">`, template.HTMLEscapeString(ref.Target), template.HTMLEscapeString(ref.Alt))
}

// formCall places a form in the text.
func (p *planner) formCall(pg *site.Page, ref content.Ref, r reading, uses map[string]int) string {
	if len(ref.Args) > 1 || len(ref.Params) > 0 {
		p.complain(pg, ref, r.tell, diag.Error, "the shortcode form takes one name", "write {{< form newsletter >}}")
		return ""
	}
	name := formArg(ref, p.config)
	if _, found := p.config.Form(name); !found {
		p.complain(pg, ref, r.tell, diag.Error, fmt.Sprintf("there is no form `%s`", name), diag.DidYouMean(name, p.config.FormNames()))
		return ""
	}
	if ref.Inline {
		p.complain(pg, ref, r.tell, diag.Warning, "a form cannot stand within a paragraph", "put {{< form "+name+" >}} alone on its line, with a blank line before and after")
	}
	key := "form " + name
	place := "inline"
	if uses[key]++; uses[key] > 1 {
		place = fmt.Sprintf("inline-%d", uses[key])
	}
	return string(p.placeForm(pg, name, place).html())
}
