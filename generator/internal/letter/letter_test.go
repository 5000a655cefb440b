package letter

import (
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

var update = flag.Bool("update", false, "rewrite the golden files")

func source(t *testing.T, name string) string {
	t.Helper()
	text, err := os.ReadFile("../../../templates/email/" + name)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// Every letter of the theme, in English and in German, as it is sent.
func TestGolden(t *testing.T) {
	for _, language := range []string{"en", "de"} {
		for _, name := range Names() {
			d := Sample()
			d.Language = language
			l, err := Write(name, source(t, name+".txt"), source(t, "frame.html"), d)
			if err != nil {
				t.Fatal(err)
			}
			path := filepath.Join("testdata", name+"."+language+".txt")
			got := "Subject: " + l.Subject + "\n\n" + l.Text + "\n" + l.HTML
			if *update {
				if err := os.WriteFile(path, []byte(got), 0o644); err != nil {
					t.Fatal(err)
				}
			}
			want, err := os.ReadFile(path)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(string(want), got); diff != "" {
				t.Errorf("%s differs; -update rewrites it\n%s", path, diff)
			}
		}
	}
}

// What a stranger writes becomes neither a header, nor markup, nor a link, nor a
// paragraph of ours.
func FuzzStranger(f *testing.F) {
	frame, card := "", ""
	for name, into := range map[string]*string{"frame.html": &frame, "card.txt": &card} {
		text, err := os.ReadFile("../../../templates/email/" + name)
		if err != nil {
			f.Fatal(err)
		}
		*into = string(text)
	}
	f.Add("Ana", "Hello\r\n\r\nSubject: x")
	f.Add("\x02Click\x03https://evil.example", "\x02Click\x03https://evil.example")
	f.Add("<b>", "<script>alert(1)</script>\n\n<a href=x>")
	f.Add("{{.Link}}", "{{end}}\u202e\x00")
	f.Fuzz(func(t *testing.T, name, message string) {
		d := Sample()
		d.Name, d.From, d.Answers = name, name, []Answer{{"message", message}, {name, name}}
		l, err := Write(Card, card, frame, d)
		if err != nil {
			t.Fatal(err)
		}
		if strings.ContainsAny(l.Subject, "\r\n") || strings.ContainsAny(l.Text+l.HTML, "\x02\x03\x00\r") {
			t.Errorf("%q %q", l.Subject, l.Text)
		}
		if strings.Contains(l.HTML, "evil.example\"") || strings.Count(l.HTML, "<a ") != strings.Count(written(t, frame, card), "<a ") || strings.Contains(strings.ToLower(l.HTML), "<script") {
			t.Errorf("a stranger's markup: %s", l.HTML)
		}
	})
}

func written(t *testing.T, frame, card string) string {
	d := Sample()
	d.Name, d.From, d.Answers = "Ana", "news", nil
	l, err := Write(Card, card, frame, d)
	if err != nil {
		t.Fatal(err)
	}
	return l.HTML
}

func TestMistakes(t *testing.T) {
	for text, want := range map[string]struct {
		at      At
		message string
	}{
		"Subject\n\n{{.Nmae}}":        {At{"x", 3, 3}, "can't evaluate field Nmae"},
		"Subject\n\n{{if}}":           {At{"x", 3, 0}, "missing value for if"},
		"\n\nText":                    {At{"x", 1, 0}, "the first line is the subject"},
		"S\n\n{{link \"a\" \"x:y\"}}": {At{"x", 3, 3}, "a link needs a whole address"},
		"S\n\n{{nosuch}}":             {At{"x", 3, 0}, `function "nosuch" not defined`},
	} {
		_, err := Write("x", text, "{{.Content}}", Sample())
		if err == nil {
			t.Errorf("%q is taken", text)
			continue
		}
		at, message := Place(err)
		if at.Name != want.at.Name || at.Line != want.at.Line || !strings.Contains(message, want.message) {
			t.Errorf("%q: %+v %s", text, at, message)
		}
	}
}
