package diag

import (
	"slices"
	"strings"
	"testing"
)

func TestString(t *testing.T) {
	for _, c := range []struct {
		name string
		d    Diagnostic
		want string
	}{
		{"all of it", Diagnostic{"content/posts/a.md", 3, 8, Error, "", "`date` is not a date", "write 2026-10-01", "date:  soon"},
			"content/posts/a.md:3:8: error: `date` is not a date\n  date:  soon\n         ^\nhint: write 2026-10-01"},
		{"a whole file", Diagnostic{File: "site.yaml", Severity: Warning, Message: "old"}, "site.yaml:1:1: warning: old"},
		{"no file", Diagnostic{Message: "the disk is full", Hint: "free some space"}, "error: the disk is full\nhint: free some space"},
		{"tabs stay tabs", Diagnostic{File: "a", Line: 1, Column: 3, Message: "m", Source: "\tx\ty"}, "a:1:3: error: m\n  \tx\ty\n  \t ^"},
		{"characters, not bytes", Diagnostic{File: "a", Line: 1, Column: 4, Message: "m", Source: "日本語x"}, "a:1:4: error: m\n  日本語x\n     ^"},
		{"column beyond the line", Diagnostic{File: "a", Line: 1, Column: 99, Message: "m", Source: "ab"}, "a:1:99: error: m\n  ab\n    ^"},
		{"nothing steers the terminal", Diagnostic{File: "a", Line: 1, Column: 1, Message: "no \x1b[2J", Hint: "\x07\nx", Source: "\x1b]0;x"},
			"a:1:1: error: no \uFFFD[2J\n  \uFFFD]0;x\n  ^\nhint: \uFFFD x"},
	} {
		t.Run(c.name, func(t *testing.T) {
			if got := c.d.String(); got != c.want {
				t.Errorf("got\n%s\nwant\n%s", got, c.want)
			}
		})
	}
	long := Diagnostic{File: "a", Line: 1, Column: 5001, Message: "m", Source: strings.Repeat("x", 5000) + "!" + strings.Repeat("y", 5000)}.String()
	lines := strings.Split(long, "\n")
	if len(long) > 500 || lines[1][strings.Index(lines[2], "^")] != '!' {
		t.Errorf("a long line is not cut around its column:\n%s", long)
	}
}

func TestNearest(t *testing.T) {
	words := []string{"title", "date", "tags", "draft", "description", "baseURL", "newsletter"}
	for word, want := range map[string]string{
		"titel": "title", "Title": "title", "tag": "tags", "dtae": "date", "drafts": "draft", "desciption": "description", "baseUrl": "baseURL",
		"base_url": "baseURL", "newsleter": "newsletter", "zzz": "", "": "", "completely": "", "日本語": "",
	} {
		if got := Nearest(word, words); got != want {
			t.Errorf("%q is near %q, want %q", word, got, want)
		}
	}
	if got := Nearest("ab", []string{"aa", "bb"}); got != "aa" {
		t.Errorf("the earlier of two equals does not win: %q", got)
	}
	if DidYouMean("titel", words) != "did you mean `title`?" || DidYouMean("zzz", words) != "" {
		t.Error("the hint reads otherwise")
	}
}

func TestList(t *testing.T) {
	a, b, c := Diagnostic{File: "a", Line: 2, Message: "x"}, Diagnostic{File: "a", Line: 10, Message: "x", Severity: Warning}, Diagnostic{File: "b", Message: "x"}
	list := List{c, b, a, b}
	if got := list.Sorted(); !slices.Equal(got, List{a, b, c}) {
		t.Errorf("sorted: %v", got)
	}
	if !list.HasErrors() || list.Only(Warning).HasErrors() || len(list.Only(Error)) != 2 || List(nil).HasErrors() {
		t.Error("severities are mixed up")
	}
	if got := (List{a, c}).String(); got != "a:2:1: error: x\n\nb:1:1: error: x" {
		t.Errorf("%q", got)
	}
}

func TestSourceLine(t *testing.T) {
	text := []byte("one\r\ntwo\n\xffour\n")
	for line, want := range map[int]string{0: "", 1: "one", 2: "two", 3: "\uFFFDour", 4: "", 5: ""} {
		if got := SourceLine(text, line); got != want {
			t.Errorf("line %d: %q, want %q", line, got, want)
		}
	}
}
