package highlight

import (
	"html"
	"slices"
	"strings"
	"sync"

	"github.com/alecthomas/chroma/v2"
)

// Highlighter holds the languages, each built when it is first asked for. It is
// safe for concurrent use.
type Highlighter struct {
	lexers map[string]func() chroma.Lexer // by every name of a language
}

// New prepares all languages and builds none.
func New() *Highlighter {
	h := &Highlighter{lexers: map[string]func() chroma.Lexer{}}
	for _, l := range languages() {
		build := sync.OnceValue(func() chroma.Lexer {
			return chroma.Coalesce(chroma.MustNewLexer(&chroma.Config{Name: l.names[0], CaseInsensitive: l.anyCase, EnsureNL: true}, l.rules))
		})
		for _, name := range l.names {
			h.lexers[name] = build
		}
	}
	return h
}

// Languages are all names there are, sorted.
func (h *Highlighter) Languages() []string {
	var out []string
	for name := range h.lexers {
		out = append(out, name)
	}
	slices.Sort(out)
	return out
}

// maxCode bounds the text that is coloured; a longer one is data, not reading.
const maxCode = 64 << 10 // bytes

// Lines is the code as escaped HTML, line by line, each part of it in a span
// with its class. ok is false where the language is unknown or the text is too
// long, which leaves it plain.
func (h *Highlighter) Lines(language, code string) (lines []string, ok bool) {
	build, known := h.lexers[strings.ToLower(language)]
	if !known || len(code) > maxCode {
		return nil, false
	}
	tokens, err := chroma.Tokenise(build(), nil, code)
	if err != nil {
		return nil, false
	}
	for _, line := range chroma.SplitTokensIntoLines(tokens) {
		var b strings.Builder
		for _, token := range line {
			text := html.EscapeString(strings.TrimSuffix(token.Value, "\n"))
			if class := Class(token.Type); class != "" && strings.TrimSpace(text) != "" {
				text = `<span class="` + class + `">` + text + `</span>`
			}
			b.WriteString(text)
		}
		lines = append(lines, b.String())
	}
	for len(lines) > 0 && lines[len(lines)-1] == "" {
		lines = lines[:len(lines)-1]
	}
	return lines, true
}

// Class is the short name under which a stylesheet colours a kind of token:
// those of Pygments, as far as they are told apart here; "" for none.
func Class(kind chroma.TokenType) string {
	switch kind {
	case chroma.NameFunction:
		return "nf"
	case chroma.NameTag:
		return "nt"
	case chroma.NameAttribute:
		return "na"
	case chroma.NameBuiltin, chroma.NameClass:
		return "nb"
	case chroma.NameVariable:
		return "nv"
	case chroma.GenericDeleted:
		return "gd"
	case chroma.GenericInserted:
		return "gi"
	case chroma.GenericHeading, chroma.GenericSubheading:
		return "gh"
	case chroma.GenericPrompt:
		return "gp"
	}
	switch {
	case kind.InCategory(chroma.Keyword):
		return "k"
	case kind.InCategory(chroma.Comment):
		return "c"
	case kind.InSubCategory(chroma.LiteralString):
		return "s"
	case kind.InSubCategory(chroma.LiteralNumber):
		return "m"
	}
	return ""
}
