package site

import (
	"fmt"
	"regexp"
	"strconv"
	"strings"
	"time"

	"cardbowl/generator/internal/content"
)

// naming is what the tokens of a permalink stand for.
type naming struct {
	doc      *content.Head
	sections []string // the folders it lies in, as they are called on disk
	name     string   // of the file, or of a bundle's folder
	slug     string   // of the front matter, or else the name
}

func (n naming) section() string {
	if len(n.sections) == 0 {
		return ""
	}
	return n.sections[0]
}

func sectionsOf(folder string) []string {
	if folder = strings.Trim(folder, "/"); folder == "" {
		return nil
	}
	return strings.Split(folder, "/")
}

// token is a name of Hugo's permalinks, or a layout of Go's for the date, and
// perhaps which of several parts are meant.
var token = regexp.MustCompile(`:(\w+)(\[([^\]]*)\])?`)

// expand fills in a permalink pattern, or an address that holds tokens; they are
// Hugo's.
func (a *assembly) expand(pattern string, n naming) (string, error) {
	if !strings.Contains(pattern, ":") {
		return pattern, nil
	}
	var failed error
	fail := func(format string, args ...any) string {
		if failed == nil {
			failed = fmt.Errorf(format, args...)
		}
		return ""
	}
	filled := token.ReplaceAllStringFunc(pattern, func(written string) string {
		m := token.FindStringSubmatch(written)
		if parts, several := a.parts(m[1], n); several {
			if m[2] != "" {
				var ok bool
				if parts, ok = sliced(parts, m[3]); !ok {
					return fail("the permalink pattern `%s` has no parts `%s`; they are written as in `:sections[1:]` or `:sections[last]`", pattern, written)
				}
			}
			return strings.Join(parts, "/")
		}
		if value, known := a.part(m[1], n); known {
			return value + m[2]
		}
		layout, dated := dateLayout(m[1])
		switch {
		case !dated:
			return fail("the permalink pattern `%s` has an unknown token `%s`", pattern, written)
		case n.doc.Front.Date.IsZero():
			return fail("the permalink pattern `%s` needs a `date`", pattern)
		case m[1] == "weekday":
			return strconv.Itoa(int(n.doc.Front.Date.Weekday())) + m[2] // 0 is Sunday
		}
		return n.doc.Front.Date.Format(layout) + m[2]
	})
	for strings.Contains(filled, "//") { // a page at the top has no sections
		filled = strings.ReplaceAll(filled, "//", "/")
	}
	return filled, failed
}

// parts are those of a token that stands for several.
func (a *assembly) parts(name string, n naming) (parts []string, several bool) {
	for i, section := range n.sections {
		switch name {
		case "sections":
			parts = append(parts, Slug(section))
		case "sectionslugs":
			parts = append(parts, a.sectionSlug(n.sections[:i+1]))
		}
	}
	return parts, name == "sections" || name == "sectionslugs"
}

func (a *assembly) part(name string, n naming) (value string, known bool) {
	switch name {
	case "section":
		return Slug(n.section()), true
	case "sectionslug":
		if len(n.sections) == 0 {
			return "", true
		}
		return a.sectionSlug(n.sections[:1]), true
	case "title":
		return Slug(TitleOf(n.doc)), true
	case "slug":
		return or(Slug(n.doc.Front.Slug), Slug(TitleOf(n.doc))), true
	case "slugorcontentbasename", "slugorfilename":
		return n.slug, true
	case "contentbasename", "filename":
		return n.name, true
	}
	return "", false
}

// sectionSlug is what a section calls itself: by the slug or title of its own
// page, or else by its folder.
func (a *assembly) sectionSlug(folders []string) string {
	if doc := a.sections[strings.Join(folders, "/")+"/"]; doc != nil {
		if slug := or(Slug(doc.Front.Slug), Slug(doc.Front.Title)); slug != "" {
			return slug
		}
	}
	return Slug(folders[len(folders)-1])
}

// dateLayout is the layout of time.Format for a token, which may be one itself:
// :06 is the year in two digits.
func dateLayout(name string) (layout string, dated bool) {
	switch name {
	case "year":
		return "2006", true
	case "month":
		return "01", true
	case "monthname":
		return "January", true
	case "day":
		return "02", true
	case "weekday":
		return "", true
	case "weekdayname":
		return "Monday", true
	case "yearday":
		return "002", true
	}
	day := time.Date(2019, time.November, 9, 23, 1, 42, 1, time.UTC) // prints each of its parts otherwise than layouts write them
	return name, day.Format(name) != name
}

// sliced are the parts from one index to before another, written as in Hugo:
// [1:], [:2], [0], [last], [1:last]. What is not there is left out.
func sliced(parts []string, written string) (kept []string, ok bool) {
	index := func(s string, otherwise int) int {
		if s == "" {
			return otherwise
		}
		if s == "last" {
			return max(len(parts)-1, 0)
		}
		n, err := strconv.Atoi(s)
		ok = ok && err == nil && n >= 0
		return min(max(n, 0), len(parts))
	}
	ok = written != ""
	from, to, several := strings.Cut(strings.ReplaceAll(written, " ", ""), ":")
	first := index(from, 0)
	last := min(first+1, len(parts))
	if several {
		last = index(to, len(parts))
	}
	return parts[first:max(first, last)], ok
}
