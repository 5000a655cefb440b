package diag

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strconv"
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

// Whoever is passed over for their letters would not have been the nearest.
func TestNearestPassesOverNobody(t *testing.T) {
	random := rand.New(rand.NewPCG(1, 2))
	word := func(length int) string {
		out := make([]rune, length)
		for i := range out {
			out[i] = []rune("abcde/-0é日")[random.IntN(10)]
		}
		return string(out)
	}
	found := 0
	for range 300 {
		var words []string
		for range 40 {
			words = append(words, word(random.IntN(12)))
		}
		asked := word(random.IntN(12))
		want, least := "", len([]rune(asked))/3+2
		for _, w := range words {
			var rows [3][]int
			if d := distance([]rune(asked), []rune(w), 1000, &rows); d < least {
				want, least = w, d
			}
		}
		if want != "" {
			found++
		}
		if got := Nearest(asked, words); got != want {
			t.Fatalf("%q among %q: %q, want %q", asked, words, got, want)
		}
	}
	if found < 50 {
		t.Errorf("only %d of 300 words had a nearest", found)
	}
}

// A site that has moved: every link asks among all the pages.
func BenchmarkNearest(b *testing.B) {
	var paths []string
	for i := range 10_000 {
		paths = append(paths, fmt.Sprintf("/posts/how-to-%s-%s/", strings.Repeat(string(rune('a'+i%26)), 1+i%7), strconv.Itoa(i*7919)))
	}
	words := NewWords(paths)
	for i := 0; b.Loop(); i++ {
		words.Nearest("/blog/2019/how-to-" + strconv.Itoa(i) + "-write/")
	}
}
