package page

import (
	"encoding/json"
	"encoding/xml"
	"strings"
	"testing"
	"time"
)

// FuzzFeedTexts gives a feed a text and a title, and reads both back with the
// libraries that others read feeds with.
func FuzzFeedTexts(f *testing.F) {
	for _, text := range []string{"", "<p>plain</p>", "]]>", "]]]]>>", `"content_html": "\u0001"`, "\\u0001", "\x01\x00\x1f", "\u2028\u2029\uFFFE\uFFFF\uFEFF", "a\r\nb\tc", "\xff\xef\xbf", "&amp; & <b>\"'</b>"} {
		f.Add(text, text)
	}
	f.Fuzz(func(t *testing.T, title, text string) {
		day := time.Date(2026, 3, 1, 0, 0, 0, 0, time.UTC)
		fd := feed{Title: title, Description: title, Author: title, Page: "https://example.com/", Self: "https://example.com/feed.json",
			Entries: []entry{{ID: clean(title), URL: "https://example.com/a/", Title: clean(title), Tags: []string{clean(title)}, Published: day, Updated: day}, {Title: "second"}}}
		write := func(name string) []byte {
			out, err := fd.write(name, []string{clean(text), "second"})
			if err != nil {
				t.Fatal(err)
			}
			return out
		}
		var r struct {
			Texts  []string `xml:"channel>item>encoded"`
			Titles []string `xml:"channel>item>title"`
		}
		if err := xml.Unmarshal(write("index.xml"), &r); err != nil {
			t.Fatal(err)
		}
		var a struct {
			Texts  []string `xml:"entry>content"`
			Titles []string `xml:"entry>title"`
		}
		if err := xml.Unmarshal(write("atom.xml"), &a); err != nil {
			t.Fatal(err)
		}
		var j struct {
			Items []struct {
				Text  string `json:"content_html"`
				Title string
			}
		}
		if err := json.Unmarshal(write("feed.json"), &j); err != nil {
			t.Fatal(err)
		}
		if len(r.Texts) != 2 || len(a.Texts) != 2 || len(j.Items) != 2 {
			t.Fatalf("%d, %d and %d texts for two entries", len(r.Texts), len(a.Texts), len(j.Items))
		}
		wanted, called := clean(text), clean(title)
		newlines := strings.NewReplacer("\r\n", "\n", "\r", "\n") // XML knows one kind of line end, but where it is written as a number
		if r.Texts[0] != newlines.Replace(wanted) || a.Texts[0] != wanted || j.Items[0].Text != wanted {
			t.Errorf("the text %q became %q, %q and %q", wanted, r.Texts[0], a.Texts[0], j.Items[0].Text)
		}
		if r.Titles[0] != called || a.Titles[0] != called || j.Items[0].Title != called {
			t.Errorf("the title %q became %q, %q and %q", called, r.Titles[0], a.Titles[0], j.Items[0].Title)
		}
	})
}
