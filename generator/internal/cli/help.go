package cli

import (
	"cmp"
	"fmt"
	"strings"
	"unicode/utf8"

	"github.com/spf13/cobra"

	"cardbowl/generator/internal/config"
	"cardbowl/generator/internal/reference"
)

// topics are the parts of the manual that are at hand in the terminal, as
// `cardbowl help TOPIC`. What they say is made only when it is asked for.
func topics(w World) []*cobra.Command {
	var out []*cobra.Command
	for _, t := range []struct {
		name, short string
		topic       func() reference.Topic
	}{
		{"site.yaml", "Every key of site.yaml, with its default", func() reference.Topic { return reference.Settings(theme()) }},
		{"front-matter", "Every key that may stand above a text", reference.FrontMatter},
		{"shortcodes", "The built-in shortcodes and their arguments", func() reference.Topic { return reference.Shortcodes(theme()) }},
		{"checks", "What is found besides mistakes, and how to silence it", reference.Checks},
		{"templates", "What templates get, and the functions they may call", reference.Templates},
	} {
		c := &cobra.Command{Use: t.name, Short: t.short, Example: "  cardbowl help " + t.name}
		c.SetHelpFunc(func(*cobra.Command, []string) {
			_ = reference.WriteText(w.Stdout, t.topic(), reference.TextOptions{Width: min(cmp.Or(width(w), plainWidth), widestText), Bold: w.colour(w.Stdout)})
		})
		out = append(out, c)
	}
	schema := &cobra.Command{Use: "schema", Short: "The JSON Schema of site.yaml, for editors", Example: "  cardbowl help schema > site.schema.json"}
	schema.SetHelpFunc(func(*cobra.Command, []string) { fmt.Fprintf(w.Stdout, "%s", config.Schema()) })
	return append(out, schema)
}

// Columns of a text where there is no terminal, and the most that read well.
const (
	plainWidth = 80
	widestText = 100
)

// fit breaks what `--help` says of each command so that no line is longer than
// the terminal is wide: descriptions between words, those of flags below each other.
func fit(root *cobra.Command, columns int) {
	root.SetUsageTemplate(strings.ReplaceAll(root.UsageTemplate(), "Flags.FlagUsages ", fmt.Sprintf("Flags.FlagUsagesWrapped %d ", columns)))
	var walk func(c *cobra.Command)
	walk = func(c *cobra.Command) {
		c.Long = folded(c.Long, columns)
		for _, below := range c.Commands() {
			walk(below)
		}
	}
	walk(root)
}

// folded is a text whose paragraphs, between empty lines, are broken anew.
func folded(text string, columns int) string {
	var paragraphs []string
	for paragraph := range strings.SplitSeq(text, "\n\n") {
		var b strings.Builder
		room := 0
		for _, word := range strings.Fields(paragraph) {
			switch length := utf8.RuneCountInString(word); {
			case b.Len() == 0:
				room = columns - length
			case room > length:
				b.WriteByte(' ')
				room -= 1 + length
			default:
				b.WriteByte('\n')
				room = columns - length
			}
			b.WriteString(word)
		}
		paragraphs = append(paragraphs, b.String())
	}
	return strings.Join(paragraphs, "\n\n")
}
