package picture

import (
	"fmt"
	"path"
	"slices"
	"strings"

	"cardbowl/generator/internal/memo"
	"cardbowl/generator/internal/source"
)

// Settings say what is made of each picture.
type Settings struct {
	Widths  []int // pixels, ascending
	Quality int   // of JPEG and WebP, 1 to 100
	WebP    Encoder
}

// Encoder is an outside program. The zero value is none.
type Encoder struct {
	Program string `digest:"-"` // its path; Version stands for it
	Version string
}

// Variant is one published form of a picture.
type Variant struct {
	Path          string // below the published folder
	Type          string // media type
	Width, Height int
	Recipe        memo.Digest
}

// revision changes when the same input shall give other bytes.
const revision = 2

// Variants are the published forms of a picture, by type and then by width, and
// never wider than the picture. Those of WebP come first where there is an
// encoder.
func Variants(f source.File, m Measure, s Settings) []Variant {
	if !m.Resizable() {
		return nil
	}
	var widths []int
	for _, w := range s.Widths {
		if w < m.Width {
			widths = append(widths, w)
		}
	}
	if len(s.Widths) == 0 || m.Width <= slices.Max(s.Widths) {
		widths = append(widths, m.Width)
	}
	base := strings.TrimSuffix(path.Base(f.Path), path.Ext(f.Path))
	var out []Variant
	add := func(kind, ending string, recipe func(width int) memo.Digest) {
		for _, w := range widths {
			v := Variant{Type: kind, Width: w, Height: max(1, (w*m.Height+m.Width/2)/m.Width), Recipe: recipe(w)}
			v.Path = fmt.Sprintf("assets/pictures/%s.%s.%d.%s", plainName(base), v.Recipe.Short(), w, ending)
			out = append(out, v)
		}
	}
	if s.WebP.Version != "" {
		add("image/webp", "webp", func(w int) memo.Digest { return memo.Of("webp", revision, f.Digest, w, s.Quality, s.WebP) })
	}
	if m.Kind == "png" {
		add("image/png", "png", func(w int) memo.Digest { return memo.Of("png", revision, f.Digest, w) })
	} else {
		add("image/jpeg", "jpg", func(w int) memo.Digest { return memo.Of("jpeg", revision, f.Digest, w, s.Quality) })
	}
	return out
}

// plainName is a file's name as an address needs no escapes for.
func plainName(name string) string {
	return strings.Map(func(r rune) rune {
		if r == '-' || r == '_' || r >= '0' && r <= '9' || r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' {
			return r
		}
		return '-'
	}, name)
}
