package cli_test

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"cardbowl/generator/internal/diag"
)

// TestEveryFindingHasItsMessage looks through the stories for each finding that
// has a name: one of them must hold what is printed of it to the letter, with
// file, line and column, the line itself, a mark below the place, and a hint.
func TestEveryFindingHasItsMessage(t *testing.T) {
	t.Parallel()
	stories, err := filepath.Glob("testdata/script/*.txtar")
	if err != nil || len(stories) == 0 {
		t.Fatal(stories, err)
	}
	var all strings.Builder
	for _, name := range stories {
		text, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		all.Write(text)
		all.WriteByte('\n')
	}
	for _, check := range diag.Checks() {
		inFull := regexp.MustCompile(`(?m)^[\w./-]+:\d+:\d+: (error|warning): .+ \[` + regexp.QuoteMeta(check.Code) + `\]\n  .*\S.*\n +\^\nhint: .+\n`)
		if !inFull.MatchString(all.String()) {
			t.Errorf("no story shows the finding `%s` with place, line, mark and hint", check.Code)
		}
	}
}
