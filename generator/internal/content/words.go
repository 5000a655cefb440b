package content

import (
	"github.com/yuin/goldmark/extension"

	"cardbowl/generator/internal/language"
)

// quotes tells the typographer. Apostrophes are the same everywhere.
func quotes(w language.Text) extension.TypographerOption {
	return extension.WithTypographicSubstitutions(extension.TypographicSubstitutions{
		extension.LeftDoubleQuote: []byte(w.Open), extension.RightDoubleQuote: []byte(w.Close),
		extension.LeftSingleQuote: []byte(w.OpenInner), extension.RightSingleQuote: []byte(w.CloseInner),
	})
}
