package language

import "strings"

// Text is what a writer's text gets from us.
type Text struct {
	Open, Close           string // quotation marks
	OpenInner, CloseInner string // and those within them
	Done, Todo            string // of a task list
	Callouts              map[string]string
}

// CalloutKinds are those that GitHub knows.
func CalloutKinds() []string { return []string{"note", "tip", "important", "warning", "caution"} }

// TextOf is what a text gets in a language, or else in English.
func TextOf(tag string) Text {
	callouts := func(titles ...string) map[string]string {
		out := map[string]string{}
		for i, kind := range CalloutKinds() {
			out[kind] = titles[i]
		}
		return out
	}
	switch base, _, _ := strings.Cut(strings.ToLower(tag), "-"); base {
	case "de":
		return Text{"„", "“", "‚", "‘", "erledigt", "offen", callouts("Hinweis", "Tipp", "Wichtig", "Warnung", "Vorsicht")}
	case "fr":
		return Text{"«\u202f", "\u202f»", "“", "”", "fait", "à faire", callouts("Remarque", "Astuce", "Important", "Attention", "Danger")}
	case "es":
		return Text{"«", "»", "“", "”", "hecho", "pendiente", callouts("Nota", "Consejo", "Importante", "Advertencia", "Precaución")}
	case "it":
		return Text{"«", "»", "“", "”", "fatto", "da fare", callouts("Nota", "Consiglio", "Importante", "Attenzione", "Cautela")}
	case "pt":
		return Text{"“", "”", "‘", "’", "feito", "por fazer", callouts("Nota", "Dica", "Importante", "Aviso", "Cuidado")}
	case "nl":
		return Text{"“", "”", "‘", "’", "gedaan", "te doen", callouts("Opmerking", "Tip", "Belangrijk", "Waarschuwing", "Voorzichtig")}
	case "pl":
		return Text{"„", "”", "«", "»", "zrobione", "do zrobienia", callouts("Uwaga", "Wskazówka", "Ważne", "Ostrzeżenie", "Ostrożnie")}
	}
	return Text{"“", "”", "‘", "’", "done", "to do", callouts("Note", "Tip", "Important", "Warning", "Caution")}
}
