package search

import (
	_ "embed"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"
)

// The same vectors are tried on search.js in a browser.
//
//go:embed testdata/words.json
var vectors []byte

func TestWords(t *testing.T) {
	var cases []struct {
		Text  string
		Words []string
	}
	if err := json.Unmarshal(vectors, &cases); err != nil {
		t.Fatal(err)
	}
	for _, c := range cases {
		if got := slices.Collect(Words(c.Text)); cmp.Diff(c.Words, got) != "" && len(c.Words)+len(got) > 0 {
			t.Errorf("%q: %q, want %q", c.Text, got, c.Words)
		}
	}
}

// FuzzWords: the words of a text are words themselves, and counting loses none.
func FuzzWords(f *testing.F) {
	f.Add("Caf\u00e9 İstanbul ΣΟΦΟΣ 日本語x ½ №5 \u0301 ﬁn")
	f.Fuzz(func(t *testing.T, text string) {
		var all []string
		for word := range Words(text) {
			all = append(all, word)
			if n := utf8.RuneCountInString(word); n > longest || word == "" {
				t.Errorf("the word %q has %d characters", word, n)
			}
			if utf8.ValidString(text) {
				if again := slices.Collect(Words(word)); len(again) != 1 || again[0] != word {
					t.Errorf("the word %q is %q when it is looked for", word, again)
				}
			}
		}
		var packed []string
		for word := range counted(Count([]byte(text))) {
			packed = append(packed, string(word))
		}
		slices.Sort(all)
		slices.Sort(packed)
		if d := cmp.Diff(slices.Compact(all), packed); d != "" && len(packed)+len(all) > 0 {
			t.Error(d)
		}
	})
}

// indexOf are all shards of an index.
func indexOf(t *testing.T, pages []Page, texts []string) [][]byte {
	t.Helper()
	var groups [][Buckets][]byte
	for at := 0; at < len(pages); at += PerGroup {
		g, err := Group(pages[at:min(at+PerGroup, len(pages))], func(n int, use func([]byte) error) error { return use(Count([]byte(texts[at+n]))) })
		if err != nil {
			t.Fatal(err)
		}
		groups = append(groups, g)
	}
	var shards [][]byte
	for n := range Shards(len(pages)) {
		text, err := Shard(n, Shards(len(pages)), len(groups), func(group, n int, use func([]byte) error) error { return use(groups[group][n]) })
		if err != nil {
			t.Fatal(err)
		}
		shards = append(shards, text)
	}
	return shards
}

// TestIndexHoldsEveryWord reads an index as a browser does.
func TestIndexHoldsEveryWord(t *testing.T) {
	pages := []Page{
		{Title: "First Call", URL: "/a/", Description: "How to ask", Headings: []string{"The Question"}, Tags: []string{"Sales"}},
		{Title: "Zweites Gespräch", URL: "/b/"},
		{Title: "三つ目", URL: "/c/"},
	}
	texts := []string{"Call me when you can. Call.", "Rufen Sie an, sales!", "日本語の本"}
	for len(pages) < 3*PerGroup+1 { // and some more that fill groups
		pages = append(pages, Page{Title: fmt.Sprintf("Call %d", len(pages))})
		texts = append(texts, "a filler for "+pages[len(pages)%3].Title)
	}
	shards := indexOf(t, pages, texts)
	found := map[string]map[int]int{}
	for n, text := range shards {
		var shard map[string][]int
		if err := json.Unmarshal(text, &shard); err != nil {
			t.Fatal(err)
		}
		for word, postings := range shard {
			if ShardOf([]byte(word), len(shards)) != n {
				t.Errorf("%q is in the wrong shard", word)
			}
			found[word] = map[int]int{}
			page := 0
			for i := 0; i+1 < len(postings); i += 2 {
				page += postings[i]
				found[word][page] = postings[i+1]
			}
		}
	}
	want := map[string]map[int]int{}
	for n, p := range pages {
		for word := range Words(strings.Join(append(append([]string{p.Title, p.Description, texts[n]}, p.Headings...), p.Tags...), " ")) {
			if want[word] == nil {
				want[word] = map[int]int{}
			}
			want[word][n] = 0
		}
	}
	for word, on := range want {
		for page := range on {
			if found[word][page] == 0 {
				t.Errorf("%q is not found on page %d", word, page)
			}
			want[word][page] = found[word][page]
		}
	}
	if d := cmp.Diff(want, found); d != "" {
		t.Error(d)
	}
	if got := found["call"][0]; got != inTitle+2 {
		t.Errorf("call counts %d on the first page", got)
	}
}
