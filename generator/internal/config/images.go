package config

import (
	"slices"
	"strings"

	"cardbowl/generator/internal/diag"
)

const (
	defaultQuality = 80
	// The theme's text is 37 rem wide, and on a telephone as wide as the screen
	// without its edges.
	defaultSizes = "(min-width: 42rem) 37rem, 94vw"
	narrowest    = 16
	widest       = 8000
)

func defaultWidths() []int { return []int{400, 800, 1200, 1600} }

func (l *loader) images(f file) Images {
	i := Images{Widths: f.Images.Widths, Quality: f.Images.Quality, WebP: or(f.Images.WebP, NoWebP), Sizes: or(f.Images.Sizes, defaultSizes), Share: f.Images.Share == nil || *f.Images.Share}
	if len(i.Widths) == 0 {
		i.Widths = defaultWidths()
	}
	slices.Sort(i.Widths)
	i.Widths = slices.Compact(i.Widths)
	if i.Widths[0] < narrowest || i.Widths[len(i.Widths)-1] > widest {
		l.complain(l.value("images", "widths"), diag.Error, "widths are pixels, from 16 to 8000", "write `widths: [400, 800, 1200, 1600]`")
	}
	if i.Quality == 0 {
		i.Quality = defaultQuality
	}
	if i.Quality < 1 || i.Quality > 100 {
		l.complain(l.value("images", "quality"), diag.Error, "quality is a number from 1 to 100", "80 is what most sites use")
	}
	if !slices.Contains([]string{NoWebP, WantWebP, NeedWebP}, i.WebP) {
		l.complain(l.value("images", "webp"), diag.Error, "webp is true, false or required", "with required, the site is not built without cwebp")
	}
	if strings.ContainsAny(i.Sizes, "<>\"") {
		l.complain(l.value("images", "sizes"), diag.Error, "sizes is a list of widths, as the attribute of HTML has it", "write `sizes: \"(min-width: 42rem) 37rem, 94vw\"`")
	}
	return i
}
