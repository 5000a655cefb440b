package reference_test

import (
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"cardbowl/generator/internal/config"
	"cardbowl/generator/internal/reference"
	"cardbowl/templates"
)

const manual = "../../../content/docs"

// update tells whether files are written instead of compared.
func update() bool { return os.Getenv("CARDBOWL_UPDATE") != "" }

const stale = "%s does not say what the program says; write it with CARDBOWL_UPDATE=1 go test ./generator/internal/reference"

// TestManual: the tables in the manual are what the program says today, and each
// section has a place in it.
func TestManual(t *testing.T) {
	topics := reference.Topics(templates.Theme)
	pages, err := filepath.Glob(manual + "/*.md")
	if err != nil || len(pages) < 6 {
		t.Fatal(err, pages)
	}
	var placed []string
	for _, name := range pages {
		text, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		filled, here, err := reference.Fill(string(text), topics)
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		placed = append(placed, here...)
		if strings.Count(filled, "<!-- reference: ") != strings.Count(filled, "<!-- end of reference -->") {
			t.Errorf("%s: a region of the reference has no end", name)
		}
		if filled == string(text) {
			continue
		}
		if !update() {
			t.Errorf(stale, name)
		} else if err := os.WriteFile(name, []byte(filled), 0o644); err != nil {
			t.Error(err)
		}
	}
	for _, topic := range topics {
		for _, s := range topic.Sections {
			if at := topic.Name + "/" + s.Title; !slices.Contains(placed, at) {
				t.Errorf("no page of the manual shows %s", at)
			}
		}
	}
}

// TestPublishedSchema: the site publishes what `cardbowl help schema` prints.
func TestPublishedSchema(t *testing.T) {
	const name = "../../../content/site.schema.json"
	if update() {
		if err := os.WriteFile(name, config.Schema(), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	if text, err := os.ReadFile(name); err != nil || string(text) != string(config.Schema()) {
		t.Errorf(stale, name)
	}
}

// TestEverythingIsDescribed: no row without words, and a shortcode's arguments are
// those that its template looks at.
func TestEverythingIsDescribed(t *testing.T) {
	used := regexp.MustCompile(`\.(?:Params|URLs|Pictures)\.(\w+)`)
	for _, topic := range reference.Topics(templates.Theme) {
		if len(topic.Sections) == 0 {
			t.Errorf("%s is empty", topic.Name)
		}
		for _, s := range topic.Sections {
			if len(s.Rows) == 0 && s.About == "" {
				t.Errorf("%s: %s is empty", topic.Name, s.Title)
			}
			var described []string
			for _, r := range s.Rows {
				described = append(described, r.Name)
				if len(r.About) < 4 {
					t.Errorf("%s: %s has no words about %s", topic.Name, s.Title, r.Name)
				}
			}
			if topic.Name != "shortcodes" || s.Title == "form" {
				continue
			}
			text, err := templates.Theme.ReadFile("shortcodes/" + s.Title + ".html")
			if err != nil {
				t.Fatal(err)
			}
			var looked []string
			for _, m := range used.FindAllStringSubmatch(string(text), -1) {
				looked = append(looked, m[1])
				if strings.Contains(m[0], "Pictures") {
					looked = append(looked, "alt")
				}
			}
			slices.Sort(looked)
			slices.Sort(described)
			if looked = slices.Compact(looked); !slices.Equal(looked, described) {
				t.Errorf("%s: the template looks at %v, its comment describes %v", s.Title, looked, described)
			}
		}
	}
}

// TestText: at 80 columns, no line of prose is longer.
func TestText(t *testing.T) {
	for _, topic := range reference.Topics(templates.Theme) {
		var b strings.Builder
		if err := reference.WriteText(&b, topic, reference.TextOptions{Width: 80}); err != nil {
			t.Fatal(err)
		}
		for line := range strings.Lines(b.String()) {
			if len([]rune(line)) > 81 && !strings.Contains(line, "{{") {
				t.Errorf("%s: a line of %d characters: %s", topic.Name, len([]rune(line)), line)
			}
		}
	}
}
