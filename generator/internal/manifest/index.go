package manifest

import (
	"net/url"
	"path"
	"strings"
	"unicode/utf8"

	"cardbowl/generator/internal/form"
)

// Index answers whether an address is one of the site's. It does not change and
// may be used by many goroutines.
type Index struct {
	pages   map[string]Page
	aliases map[string]Page
	forms   map[string]form.Definition
}

// NewIndex builds the index of one manifest. An alias never hides a page.
func NewIndex(m Manifest) *Index {
	x := &Index{
		pages:   make(map[string]Page, len(m.Pages)),
		aliases: make(map[string]Page),
		forms:   make(map[string]form.Definition, len(m.Forms)),
	}
	for _, p := range m.Pages {
		x.pages[key(p.Path)] = p
		for _, a := range p.Aliases {
			if _, taken := x.aliases[key(a)]; !taken {
				x.aliases[key(a)] = p
			}
		}
	}
	for _, d := range m.Forms {
		x.forms[d.Name] = d
	}
	return x
}

// Page is the page at an address: a path as a browser shows it, escaped or not,
// with or without index.html, query, fragment and final slash. A former address
// finds the page that answers to it today.
func (x *Index) Page(address string) (Page, bool) {
	k := key(address)
	p, ok := x.pages[k]
	if !ok {
		p, ok = x.aliases[k]
	}
	return p, ok
}

// Moved is the page whose former address this is; false when a page stands at
// the address itself.
func (x *Index) Moved(address string) (Page, bool) {
	k := key(address)
	if _, stands := x.pages[k]; stands {
		return Page{}, false
	}
	p, ok := x.aliases[k]
	return p, ok
}

// Form is the definition of that name.
func (x *Index) Form(name string) (form.Definition, bool) {
	d, ok := x.forms[name]
	return d, ok
}

// maxPath is how long an address may be; longer ones are cut, and so found nowhere.
const maxPath = 2048

// Normalise is the path of an address without query, fragment, index.html and
// escapes, with a leading slash; the final slash stays as it came. A whole URL
// gives its path. It does not know the site: Index.Page does.
func Normalise(address string) string {
	address, _, _ = strings.Cut(address, "#")
	address, _, _ = strings.Cut(address, "?")
	if _, rest, ok := strings.Cut(address, "://"); ok && !strings.HasPrefix(address, "/") {
		_, rest, _ = strings.Cut(rest, "/")
		address = "/" + rest
	}
	if plain, err := url.PathUnescape(address); err == nil && utf8.ValidString(plain) {
		address = plain
	}
	address = strings.ToValidUTF8(strings.ReplaceAll(address, "\x00", ""), "")
	slash := strings.HasSuffix(address, "/")
	address = path.Clean("/" + address)
	if path.Base(address) == "index.html" {
		address, slash = path.Dir(address), true
	}
	if slash && address != "/" {
		address += "/"
	}
	if len(address) > maxPath {
		address = strings.ToValidUTF8(address[:maxPath], "")
	}
	return address
}

// key is what two spellings of one address have in common.
func key(address string) string {
	return strings.TrimSuffix(Normalise(address), "/")
}
