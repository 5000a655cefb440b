package site

import (
	"cmp"
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
func (a *assembly) pathOf(doc *content.Head) (string, error) {
	front := doc.Front
	folder, base := folderOf(doc.File)
	list := base == "_index" || base == "index" && folder == ""
	if list && front.URL == "" {
		return "/" + slugged(folder), nil
	}
	name := base
	if list || base == "index" { // a section or a bundle: the folder is the name
		parent, last := path.Split(strings.TrimSuffix(folder, "/"))
		folder, name = parent, last
	}
	slug := Slug(name)
	if front.Slug != "" {
		if slug = Slug(front.Slug); slug == "" {
			return "", fmt.Errorf("the slug `%s` holds nothing that an address may hold", front.Slug)
		}
	}
	named := naming{doc: doc, sections: sectionsOf(folder), name: Slug(name), slug: slug}
	if front.URL != "" {
		filled, err := a.expand(front.URL, named)
		if err != nil {
			return "", err
		}
		return cleanPath(filled)
	}
	if pattern, found := a.config.Permalinks[cmp.Or(named.section(), "/")]; found {
		filled, err := a.expand(pattern, named)
		if err != nil {
			return "", err
		}
		if !strings.HasSuffix(strings.ToLower(pattern), ".html") {
			filled = strings.TrimSuffix(filled, "/") + "/"
		}
		return cleanPath(strings.ToLower(filled))
	}
	if slug == "" {
		return "", fmt.Errorf("the file name `%s` holds nothing that an address may hold", name)
	}
	return "/" + slugged(folder) + slug + "/", nil
}

func or(value, otherwise string) string {
	if value == "" {
		return otherwise
	}
	return value
}
