package cli_test

import (
	"bytes"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"cardbowl/generator/internal/cli"
)

// said is what a command line prints.
func said(t *testing.T, args ...string) string {
	t.Helper()
	var out, complaints bytes.Buffer
	world := cli.World{Getenv: func(string) string { return "" }, Stdin: strings.NewReader(""), Stdout: &out, Stderr: &complaints, Now: time.Now}
	if status := cli.Run(t.Context(), args, world); status != 0 {
		t.Fatalf("cardbowl %s ends with %d: %s", strings.Join(args, " "), status, complaints.String())
	}
	return out.String()
}

var listedCommand = regexp.MustCompile(`(?m)^  ([a-z]+) +\S`)

// TestHelpFitsTheTerminal asks every command there is for its help, and each
// topic: where the terminal has 80 columns, no line has more. Only the call of a
// shortcode may be longer, since it has to stand on one line.
func TestHelpFitsTheTerminal(t *testing.T) {
	t.Parallel()
	seen := 0
	fits := func(args ...string) string {
		text := said(t, args...)
		for line := range strings.Lines(text) {
			if line = strings.TrimRight(line, "\n"); utf8.RuneCountInString(line) > 80 && !strings.HasPrefix(line, "  {{<") {
				t.Errorf("cardbowl %s has a line of %d columns:\n%s", strings.Join(args, " "), utf8.RuneCountInString(line), line)
			}
		}
		seen++
		return text
	}
	var ask func(path []string)
	ask = func(path []string) {
		text := fits(append(slices.Clone(path), "--help")...)
		_, list, found := strings.Cut(text, "Available Commands:\n")
		if !found || slices.Contains(path, "completion") {
			return // what cobra writes of the shells is theirs
		}
		list, _, _ = strings.Cut(list, "\n\n")
		for _, m := range listedCommand.FindAllStringSubmatch(list, -1) {
			if m[1] != "help" {
				ask(append(slices.Clone(path), m[1]))
			}
		}
	}
	ask(nil)
	for _, topic := range []string{"site.yaml", "front-matter", "shortcodes", "checks", "templates"} {
		fits("help", topic)
	}
	if seen < 30 {
		t.Errorf("only %d helps were looked at", seen)
	}
}
