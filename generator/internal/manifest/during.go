package manifest

import (
	"slices"
	"strings"

	"cardbowl/generator/internal/form"
)

// During is what is known of a site while m takes the place of another: the pages
// of both, so that nobody is met by a page that the tracker does not know. more
// tells whether m has a page that the other has not.
func (m Manifest) During(other Manifest) (both Manifest, more bool) {
	both = m
	both.Pages = nil
	byPath := func(a, b Page) int { return strings.Compare(a.Path, b.Path) }
	i := 0
	for _, p := range m.Pages {
		for i < len(other.Pages) && other.Pages[i].Path < p.Path {
			both.Pages = append(both.Pages, other.Pages[i])
			i++
		}
		if i < len(other.Pages) && other.Pages[i].Path == p.Path {
			i++
		} else {
			more = true
		}
		both.Pages = append(both.Pages, p)
	}
	both.Pages = append(both.Pages, other.Pages[i:]...)
	slices.SortStableFunc(both.Pages, byPath)
	both.Forms = slices.Clone(m.Forms)
	for _, f := range other.Forms {
		if !slices.ContainsFunc(both.Forms, func(d form.Definition) bool { return d.Name == f.Name }) {
			both.Forms = append(both.Forms, f)
		}
	}
	return both, more
}
