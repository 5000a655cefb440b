package tracker

import (
	"fmt"
	"strings"
	"testing"

	"cardbowl/generator/internal/funnel"
)

func TestOriginOf(t *testing.T) {
	for _, c := range []struct {
		referrer, query string
		want            funnel.Origin
	}{
		{"", "", funnel.Origin{Source: "direct"}},
		{"https://www.Google.com/search?q=x", "", funnel.Origin{Source: "google.com", Referrer: "google.com"}},
		{"https://out.reddit.com/t", "", funnel.Origin{Source: "reddit.com", Referrer: "reddit.com"}},
		{"https://t.co/abc", "", funnel.Origin{Source: "x.com", Referrer: "x.com"}},
		{"android-app://com.example.reader/", "", funnel.Origin{Source: "com.example.reader", Referrer: "com.example.reader"}},
		{"https://site.example/posts/a/", "", funnel.Origin{Source: "direct"}},
		{"https://www.site.example/posts/a/", "", funnel.Origin{Source: "direct"}},
		{"https://news.example/", "?utm_source=Letter&source=s&ref=r&utm_medium=EMail&utm_campaign=Autumn+Sale&utm_term=T&utm_content=C",
			funnel.Origin{Source: "letter", Medium: "email", Campaign: "autumn sale", Term: "T", Content: "C", Referrer: "news.example"}},
		{"", "source=s&ref=r", funnel.Origin{Source: "s"}},
		{"", "ref=r", funnel.Origin{Source: "r"}},
		{"", "utm_source=&ref=r", funnel.Origin{Source: "r"}},
		{"https://google.com/", "gclid=abc", funnel.Origin{Source: "google.com", Medium: "paid", Referrer: "google.com"}},
		{"javascript:alert(1)", "utm_source=%00<b>%0d%0aX:%20y", funnel.Origin{Source: "<b> x: y"}},
		{"https://%zz/", "%zz&utm_source=ok", funnel.Origin{Source: "ok"}},
		{"", "utm_source=" + strings.Repeat("é", 80), funnel.Origin{Source: strings.Repeat("é", 50)}},
	} {
		if got := originOf(c.referrer, c.query, "site.example"); got != c.want {
			t.Errorf("%s %s:\n got %+v\nwant %+v", c.referrer, c.query, got, c.want)
		}
	}
}

func TestOriginsAreBounded(t *testing.T) {
	var o origins
	for i := range maxOrigins {
		if name := fmt.Sprint("s", i); o.bounded("2026-01-01", "source", name) != name {
			t.Fatal(name)
		}
	}
	if o.bounded("2026-01-01", "source", "one more") != overflow || o.bounded("2026-01-01", "source", "s7") != "s7" || o.bounded("2026-01-01", "source", funnel.Direct) != funnel.Direct {
		t.Error("not bounded as it should be")
	}
	if o.bounded("2026-01-02", "source", "one more") != "one more" {
		t.Error("a new day begins full")
	}
}

func FuzzOriginOf(f *testing.F) {
	f.Add("https://news.example/", "utm_source=x&utm_campaign=y")
	f.Add("//", "?=&&%")
	f.Fuzz(func(t *testing.T, referrer, query string) {
		o := originOf(referrer, query, "site.example")
		for _, word := range []string{o.Source, o.Medium, o.Campaign, o.Term, o.Content, o.Referrer} {
			if len(word) > 2*maxOrigin || strings.ContainsAny(word, "\x00\r\n\x1b") { // lower case may be longer
				t.Errorf("%q", word)
			}
		}
		if o.Source == "" {
			t.Error("no source")
		}
	})
}
