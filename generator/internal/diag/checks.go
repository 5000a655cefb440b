package diag

import "slices"

// Check is a finding that a writer may judge otherwise: each has a name, by which
// site.yaml and a text itself can silence it.
type Check struct {
	Code  string
	About string // what is found, in one sentence of markdown
	Asked bool   // it is told only when somebody asks: by `cardbowl check`, or in site.yaml
}

// Checks are all of them, in the order of a reference.
func Checks() []Check {
	return []Check{
		{Code: "link", About: "A link within the site that leads nowhere."},
		{Code: "hidden-link", About: "A link to a page that is not published: a draft, scheduled or expired."},
		{Code: "anchor", About: "A link to a part of a page, `#like-this`, that the page does not have."},
		{Code: "picture", About: "A picture that is not in the site."},
		{Code: "alt", About: "A picture without words for who cannot see it."},
		{Code: "heading-order", About: "A heading that skips a level, such as `####` after `##`."},
		{Code: "second-title", About: "A heading of the first level in the text, where the title is that already."},
		{Code: "same-id", About: "Two headings with the same id."},
		{Code: "raw-html", About: "HTML in the text, which is left out."},
		{Code: "attribute", About: "An attribute in braces that is left out."},
		{Code: "conflict", About: "Two versions of a text that Git could not merge, left one above the other. They stop a build."},
		{Code: "unknown-key", About: "A key of the front matter that nothing reads."},
		{Code: "date", About: "A date that can hardly be meant: a year long past, a change before the publication, an end before the beginning."},
		{Code: "same-title", About: "A post with the title of another."},
		{Code: "same-description", About: "A page with the description of another."},
		{Code: "outside-link", About: "A link to another site that does not answer, or has no such page. Told by `cardbowl check --external`, as the next."},
		{Code: "moved-link", About: "A link to a page on another site that has moved for good."},
		{Code: "no-form", About: "A post without any form on a site that has forms. It is told by `cardbowl check`, and by `build` where site.yaml asks for it.", Asked: true},
	}
}

// Codes are the names of all checks.
func Codes() []string {
	var out []string
	for _, c := range Checks() {
		out = append(out, c.Code)
	}
	return out
}

// Judged is the list without the findings that are silenced for their file, and
// with the severities that are chosen for others. asked brings those that are
// told only then.
func (l List) Judged(chosen map[string]Judgement, silenced func(file string) []string, asked bool) List {
	var out List
	var onAsking []string
	for _, c := range Checks() {
		if c.Asked && !asked {
			onAsking = append(onAsking, c.Code)
		}
	}
	for _, d := range l {
		if d.Code != "" {
			j := chosen[d.Code]
			if j == Off || j == AsIs && slices.Contains(onAsking, d.Code) || slices.Contains(silenced(d.File), d.Code) {
				continue
			}
			switch j {
			case AsWarning:
				d.Severity = Warning
			case AsError:
				d.Severity = Error
			}
		}
		out = append(out, d)
	}
	return out
}

// Judgement is what a site makes of a finding.
type Judgement int

// The judgements; the zero value leaves a finding as it is.
const (
	AsIs Judgement = iota
	Off
	AsWarning
	AsError
)
