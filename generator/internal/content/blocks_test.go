package content

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	nethtml "golang.org/x/net/html"
)

// Every construct of our markdown, as a writer would use it. The golden file is
// there to be looked at: CARDBOWL_UPDATE=1 writes it anew.
func TestEverything(t *testing.T) {
	text, err := os.ReadFile("testdata/everything.md")
	if err != nil {
		t.Fatal(err)
	}
	d := parsed(string(text))
	var problems strings.Builder
	for _, p := range d.Problems {
		fmt.Fprintf(&problems, "%d:%d: %s (%s)\n", p.Line, p.Column, p.Message, p.Hint)
	}
	got := shown(d.Body) + "\n<!-- excerpt -->\n" + shown(d.Excerpt) + "\n<!-- problems -->\n" + problems.String()
	golden := filepath.Join("testdata", "everything.html")
	if os.Getenv("CARDBOWL_UPDATE") != "" {
		if err := os.WriteFile(golden, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(golden)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), got); diff != "" {
		t.Error(diff)
	}
}

func TestWordsFollowTheLanguage(t *testing.T) {
	for language, want := range map[string]string{
		"de-CH": "„Was?“ Hinweis", "fr": "«\u202fWas?\u202f» Remarque", "en": "“Was?” Note", "xx": "“Was?” Note",
	} {
		s := settings()
		s.Language = language
		body := shown(parsedWith(s, "> [!NOTE]\n> \"Was?\"\n").Body)
		for word := range strings.FieldsSeq(want) {
			if !strings.Contains(body, word) {
				t.Errorf("%s: no %s in %s", language, word, body)
			}
		}
	}
}

// unsound is what is wrong with the structure of a body as HTML: a tag that is
// not closed in its turn, or an attribute that a strict policy refuses.
func unsound(body Body) string {
	var whole strings.Builder
	text := body.Text
	for _, s := range body.Segments {
		switch {
		case s.Ref == nil:
			whole.WriteString(text[:s.Length])
			text = text[s.Length:]
		case s.Ref.Kind == LinkRef:
			whole.WriteString(` href="x"`)
		}
	}
	single := []string{"br", "hr", "img", "input"}
	var open []string
	for tokens := nethtml.NewTokenizer(strings.NewReader(whole.String())); ; {
		kind := tokens.Next()
		if kind == nethtml.ErrorToken {
			break
		}
		token := tokens.Token()
		for _, a := range token.Attr {
			if a.Key == "style" || strings.HasPrefix(a.Key, "on") {
				return "the attribute " + a.Key
			}
		}
		switch {
		case kind == nethtml.StartTagToken && !slices.Contains(single, token.Data):
			open = append(open, token.Data)
		case kind == nethtml.EndTagToken:
			if len(open) == 0 || open[len(open)-1] != token.Data {
				return fmt.Sprintf("</%s> within %q", token.Data, open)
			}
			open = open[:len(open)-1]
		}
	}
	if len(open) > 0 {
		return fmt.Sprintf("no end of %q", open)
	}
	return ""
}
