package manifest

import (
	"net/url"
	"path"
	"slices"
	"strings"
	"unicode/utf8"

	"cardbowl/generator/internal/form"
)

// Index answers whether an address is one of the site's. It does not change and
// may be used by many goroutines.
type Index struct {
	list    []Page
	pages   map[string]int // key of an address → place in list
	aliases map[string]int
	forms   map[string]form.Definition
}

// NewIndex builds the index of one manifest. An alias never hides a page.
func NewIndex(m Manifest) *Index { return new(Index).Next(m) }

// Next is the index of the manifest that comes after. Where the addresses are the
// same, they are not read again.
func (x *Index) Next(m Manifest) *Index {
	next := &Index{list: m.Pages, forms: make(map[string]form.Definition, len(m.Forms))}
	if x.pages != nil && slices.EqualFunc(x.list, m.Pages, func(a, b Page) bool { return a.Path == b.Path && slices.Equal(a.Aliases, b.Aliases) }) {
		next.pages, next.aliases = x.pages, x.aliases
	} else {
		next.pages, next.aliases = make(map[string]int, len(m.Pages)), map[string]int{}
		for i, p := range m.Pages {
			next.pages[key(p.Path)] = i
			for _, a := range p.Aliases {
				if _, taken := next.aliases[key(a)]; !taken {
					next.aliases[key(a)] = i
				}
			}
		}
	}
	for _, d := range m.Forms {
		next.forms[d.Name] = d
	}
	return next
}

func (x *Index) at(places map[string]int, key string) (Page, bool) {
	if i, found := places[key]; found {
		return x.list[i], true
	}
	return Page{}, false
}

// Page is the page at an address: a path as a browser shows it, escaped or not,
// with or without index.html, query, fragment and final slash. A former address
// finds the page that answers to it today.
func (x *Index) Page(address string) (Page, bool) {
	k := key(address)
	p, ok := x.at(x.pages, k)
	if !ok {
		p, ok = x.at(x.aliases, k)
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
	return x.at(x.aliases, k)
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
