package tracker

import "strings"

// sitePolicy is what the pages of the site may load and run when we serve them:
// their own files, pictures and sound from anywhere safe, and the frames of
// videos after a click. No script and no style within a page, so that what a
// guest author smuggles into a text does nothing. A site whose templates need
// more says so in site.yaml.
func (t *Tracker) sitePolicy() string {
	if t.options.Policy != "" {
		return t.options.Policy
	}
	from := "'self'"
	if origin := t.options.Elsewhere; origin != "" && !strings.ContainsAny(origin, " ;,'\"") {
		from += " " + origin // forms and counts go to a tracker of another name
	}
	return "default-src 'self'; img-src 'self' https: data:; media-src 'self' https:; style-src 'self'; script-src 'self'; font-src 'self'; " +
		"connect-src " + from + "; form-action " + from + "; frame-src https://www.youtube-nocookie.com https://player.vimeo.com; " +
		"object-src 'none'; base-uri 'none'; frame-ancestors 'self'"
}
