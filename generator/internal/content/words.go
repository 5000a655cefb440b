package content

import (
	"strings"

	"github.com/yuin/goldmark/extension"
)

// words are what a text gets from us in the language of the site.
type words struct {
	open, close           string // quotation marks
	openInner, closeInner string // and those within them
	done, todo            string // of a task list
	callouts              map[string]string
}

// calloutKinds are those that GitHub knows.
func calloutKinds() []string { return []string{"note", "tip", "important", "warning", "caution"} }

// wordsFor falls back to English.
func wordsFor(language string) words {
	callouts := func(titles ...string) map[string]string {
		out := map[string]string{}
		for i, kind := range calloutKinds() {
			out[kind] = titles[i]
		}
		return out
	}
	switch base, _, _ := strings.Cut(strings.ToLower(language), "-"); base {
	case "de":
		return words{"„", "“", "‚", "‘", "erledigt", "offen", callouts("Hinweis", "Tipp", "Wichtig", "Warnung", "Vorsicht")}
	case "fr":
		return words{"«\u202f", "\u202f»", "“", "”", "fait", "à faire", callouts("Remarque", "Astuce", "Important", "Attention", "Danger")}
	case "es":
		return words{"«", "»", "“", "”", "hecho", "pendiente", callouts("Nota", "Consejo", "Importante", "Advertencia", "Precaución")}
	case "it":
		return words{"«", "»", "“", "”", "fatto", "da fare", callouts("Nota", "Consiglio", "Importante", "Attenzione", "Cautela")}
	case "pt":
		return words{"“", "”", "‘", "’", "feito", "por fazer", callouts("Nota", "Dica", "Importante", "Aviso", "Cuidado")}
	case "nl":
		return words{"“", "”", "‘", "’", "gedaan", "te doen", callouts("Opmerking", "Tip", "Belangrijk", "Waarschuwing", "Voorzichtig")}
	case "pl":
		return words{"„", "”", "«", "»", "zrobione", "do zrobienia", callouts("Uwaga", "Wskazówka", "Ważne", "Ostrzeżenie", "Ostrożnie")}
	}
	return words{"“", "”", "‘", "’", "done", "to do", callouts("Note", "Tip", "Important", "Warning", "Caution")}
}

// quotes tells the typographer. Apostrophes are the same everywhere.
func (w words) quotes() extension.TypographerOption {
	return extension.WithTypographicSubstitutions(extension.TypographicSubstitutions{
		extension.LeftDoubleQuote: []byte(w.open), extension.RightDoubleQuote: []byte(w.close),
		extension.LeftSingleQuote: []byte(w.openInner), extension.RightSingleQuote: []byte(w.closeInner),
	})
}
