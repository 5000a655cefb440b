package site

import (
	"fmt"
	"path"
	"strconv"
	"strings"
	"unicode"

	"golang.org/x/text/unicode/norm"

	"cardbowl/generator/internal/content"
)

func itoa(n int) string { return strconv.Itoa(n) }

// Slug makes one part of an address from a title, term or file name: lower
// case, blanks as hyphens, letters and digits of any script, and . _ ~ - kept.
func Slug(name string) string {
	var b strings.Builder
	hyphen := false
	for _, r := range norm.NFC.String(strings.ToLower(strings.TrimSpace(name))) {
		switch {
		case unicode.IsLetter(r), unicode.IsDigit(r), unicode.IsMark(r), strings.ContainsRune("._~", r):
			if hyphen && b.Len() > 0 {
				b.WriteByte('-')
			}
			hyphen = false
			b.WriteRune(r)
		case unicode.IsSpace(r), r == '-', r == '/', r == '&', r == '+', unicode.IsPunct(r) && r != '\'' && r != '’':
			hyphen = true
		}
	}
	return strings.Trim(b.String(), ".-")
}

// folderOf is the folder of a document below content/, slash at the end, "" for
// the top; and its base name without extension.
func folderOf(file string) (folder, base string) {
	inside := strings.TrimPrefix(file, "content/")
	folder, base = path.Split(inside)
	return folder, strings.TrimSuffix(base, path.Ext(base))
}

// slugged is a folder path with each part made fit for an address.
func slugged(folder string) string {
	var out strings.Builder
	for part := range strings.SplitSeq(strings.Trim(folder, "/"), "/") {
		if s := Slug(part); s != "" {
			out.WriteString(s + "/")
		}
	}
	return out.String()
}

// outputOf is the file that answers for a site path.
func outputOf(sitePath string) string {
	if strings.HasSuffix(sitePath, "/") {
		return strings.TrimPrefix(sitePath, "/") + "index.html"
	}
	return strings.TrimPrefix(sitePath, "/")
}

// cleanPath checks an address that somebody wrote: it begins with a slash, and
// no part of it is empty, a dot, or hidden.
func cleanPath(written string) (string, error) {
	p := norm.NFC.String(written)
	if !strings.HasPrefix(p, "/") {
		p = "/" + p
	}
	for part := range strings.SplitSeq(strings.TrimSuffix(strings.TrimPrefix(p, "/"), "/"), "/") {
		if p != "/" && (part == "" || strings.HasPrefix(part, ".") || strings.ContainsAny(part, "\\:?#%*\"<>|\x00") || strings.ContainsFunc(part, unicode.IsControl)) {
			return "", fmt.Errorf("`%s` is not an address within the site", written)
		}
	}
	if strings.HasPrefix(p, "/_/") {
		return "", fmt.Errorf("`%s` begins with /_/, which belongs to the tracker", written)
	}
	if path.Ext(p) == "" && !strings.HasSuffix(p, "/") {
		p += "/"
	}
	return p, nil
}

// pathOf is the site path of a document, by front matter, permalink pattern or
// file name, in that order.
func (a *assembly) pathOf(doc *content.Document) (string, error) {
	front := doc.Front
	if front.URL != "" {
		return cleanPath(front.URL)
	}
	folder, base := folderOf(doc.File)
	if base == "_index" || base == "index" && folder == "" {
		return "/" + slugged(folder), nil
	}
	name := base
	if base == "index" { // a bundle: the folder is the name
		parent, last := path.Split(strings.TrimSuffix(folder, "/"))
		folder, name = parent, last
	}
	slug := Slug(name)
	if front.Slug != "" {
		if slug = Slug(front.Slug); slug == "" {
			return "", fmt.Errorf("the slug `%s` holds nothing that an address may hold", front.Slug)
		}
	}
	section, _, _ := strings.Cut(folder, "/")
	if pattern, found := a.config.Permalinks[section]; found && section != "" {
		return a.expand(pattern, doc, section, folder, name, slug)
	}
	if slug == "" {
		return "", fmt.Errorf("the file name `%s` holds nothing that an address may hold", name)
	}
	return "/" + slugged(folder) + slug + "/", nil
}

// expand fills in a permalink pattern; the tokens are Hugo's.
func (a *assembly) expand(pattern string, doc *content.Document, section, folder, name, slug string) (string, error) {
	date := doc.Front.Date
	var failed error
	dated := func(layout string) func() string {
		return func() string {
			if date.IsZero() {
				failed = fmt.Errorf("the permalink pattern `%s` needs a `date`", pattern)
			}
			return date.Format(layout)
		}
	}
	tokens := map[string]func() string{
		"year": dated("2006"), "month": dated("01"), "day": dated("02"), "monthname": dated("January"), "weekdayname": dated("Monday"),
		"yearday": dated("002"),
		"section": func() string { return Slug(section) }, "sections": func() string { return strings.Trim(slugged(folder), "/") },
		"title": func() string { return Slug(titleOf(doc)) }, "slug": func() string { return or(Slug(doc.Front.Slug), Slug(titleOf(doc))) },
		"slugorcontentbasename": func() string { return slug }, "slugorfilename": func() string { return slug },
		"contentbasename": func() string { return Slug(name) }, "filename": func() string { return Slug(name) },
	}
	var parts []string
	for part := range strings.SplitSeq(strings.Trim(pattern, "/"), "/") {
		var b strings.Builder
		for part != "" {
			before, after, found := strings.Cut(part, ":")
			b.WriteString(before)
			if !found {
				break
			}
			end := strings.IndexFunc(after, func(r rune) bool { return r < 'a' || r > 'z' })
			if end < 0 {
				end = len(after)
			}
			value, known := tokens[after[:end]]
			if !known {
				return "", fmt.Errorf("the permalink pattern `%s` has an unknown token `:%s`", pattern, after[:end])
			}
			b.WriteString(value())
			part = after[end:]
		}
		parts = append(parts, b.String())
	}
	if failed != nil {
		return "", failed
	}
	return cleanPath("/" + strings.ToLower(strings.Join(parts, "/")) + "/")
}

func or(value, otherwise string) string {
	if value == "" {
		return otherwise
	}
	return value
}
