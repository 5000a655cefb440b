package content

import (
	"fmt"
	"slices"
	"strings"

	"gopkg.in/yaml.v3"

	"cardbowl/generator/internal/diag"
)

// pairs calls do for each key of a group, which is complained of when it is
// none. Keys come in lower case.
func (f *fields) pairs(what string, node *yaml.Node, do func(key string, at, value *yaml.Node)) {
	if node.Kind != yaml.MappingNode {
		f.complain(node, diag.Error, fmt.Sprintf("`%s` is a group of keys", what), "")
		return
	}
	for i := 0; i+1 < len(node.Content); i += 2 {
		do(strings.ToLower(node.Content[i].Value), node.Content[i], node.Content[i+1])
	}
}

// authors are names, or groups that hold one.
func (f *fields) authors(name string, node *yaml.Node) []string {
	nodes := []*yaml.Node{node}
	if node.Kind == yaml.SequenceNode {
		nodes = node.Content
	}
	var out []string
	for _, n := range nodes {
		if n.Kind == yaml.MappingNode {
			f.pairs(name, n, func(key string, _, value *yaml.Node) {
				if key == "name" {
					n = value
				}
			})
		}
		if author := f.str(name, n); author != "" && !slices.Contains(out, author) {
			out = append(out, author)
		}
	}
	return out
}

// taxonomies reads Zola's group of terms.
func (f *fields) taxonomies(node *yaml.Node) {
	f.pairs("taxonomies", node, func(key string, at, value *yaml.Node) {
		if !slices.Contains(f.settings.Taxonomies, key) {
			f.complain(at, diag.Warning, fmt.Sprintf("the site has no taxonomy `%s`", key), diag.DidYouMean(key, f.settings.Taxonomies))
			return
		}
		f.front.Terms[key] = f.terms(key, value)
	})
}

// lists reads the lists a page declares.
func (f *fields) lists(node *yaml.Node) []List {
	var out []List
	singular := map[string]string{"tag": "tags", "category": "categories", "author": "authors"}
	f.pairs("lists", node, func(_ string, at, group *yaml.Node) {
		list := List{Name: at.Value}
		f.pairs("lists: "+at.Value, group, func(key string, at, value *yaml.Node) {
			switch key {
			case "section":
				list.Section = strings.Trim(f.str(key, value), "/")
			case "pages":
				list.Pages = f.list(key, value)
			case "limit":
				list.Limit = f.number(key, value)
			case "order":
				if list.Order = f.str(key, value); !slices.Contains(ListOrders(), list.Order) {
					f.complain(value, diag.Error, fmt.Sprintf("a list cannot be in the order `%s`", list.Order), "the orders are "+strings.Join(ListOrders(), ", "))
				}
			default:
				taxonomy := key
				if plural, found := singular[key]; found {
					taxonomy = plural
				}
				if taxonomy != "authors" && !slices.Contains(f.settings.Taxonomies, taxonomy) {
					f.complain(at, diag.Error, fmt.Sprintf("a list has no key `%s`", at.Value),
						diag.DidYouMean(key, append([]string{"section", "pages", "limit", "order", "tag", "category", "author"}, f.settings.Taxonomies...)))
					return
				}
				for _, term := range f.list(key, value) {
					list.Terms = append(list.Terms, ListTerm{taxonomy, term})
				}
			}
		})
		out = append(out, list)
	})
	return out
}

// menus reads the menus a page enters itself into: a name, a list of names, or
// a group of them with what each entry says, as in Hugo.
func (f *fields) menus(node *yaml.Node) []MenuEntry {
	var out []MenuEntry
	if node.Kind != yaml.MappingNode {
		for _, name := range f.list("menus", node) {
			out = append(out, MenuEntry{Menu: name})
		}
	} else {
		f.pairs("menus", node, func(_ string, at, group *yaml.Node) {
			entry := MenuEntry{Menu: at.Value}
			if group.Tag != "!!null" {
				f.pairs("menus: "+at.Value, group, func(key string, at, value *yaml.Node) {
					switch key {
					case "name", "title":
						entry.Title = f.str(key, value)
					case "parent":
						entry.Parent = f.str(key, value)
					case "weight":
						entry.Weight = f.number(key, value)
					case "identifier", "pre", "post", "params": // Hugo's; nothing is lost without them
					default:
						f.complain(at, diag.Warning, fmt.Sprintf("a menu entry has no key `%s`", at.Value), diag.DidYouMean(key, []string{"name", "parent", "weight"}))
					}
				})
			}
			out = append(out, entry)
		})
	}
	slices.SortStableFunc(out, func(a, b MenuEntry) int { return strings.Compare(a.Menu, b.Menu) })
	return out
}
