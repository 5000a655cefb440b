package tracker

import (
	"fmt"
	"math/rand/v2"
	"net/netip"
	"slices"
	"testing"
	"time"

	"cardbowl/generator/internal/funnel"
	"cardbowl/generator/internal/store"

	"github.com/google/go-cmp/cmp"
)

// Readers without JavaScript walk through the site and send a card: the first
// post each read that day, the others, and where each came from stand with it.
func TestJourneysWithoutJavaScript(t *testing.T) {
	clock := time.Date(2026, 11, 22, 8, 0, 0, 0, time.UTC)
	b := begin(t, func(s *setup) {
		s.options.TrustedProxies = []netip.Prefix{netip.MustParsePrefix("127.0.0.0/8"), netip.MustParsePrefix("::1/128")}
		s.options.Now = func() time.Time { return clock }
		s.public = map[string]string{"index.html": "home", "posts/a/index.html": "a", "posts/b/index.html": "b", "thanks/index.html": "thanks"}
	})
	random := rand.New(rand.NewPCG(5, 6))
	pages := []string{"/", "/posts/a/", "/posts/b/", "/thanks/", "/old/"}
	origins := []struct {
		referrer, query string
		want            funnel.Origin
	}{
		{"", "", funnel.Origin{Source: "direct"}},
		{"https://www.search.example/?q=cards", "", funnel.Origin{Source: "search.example", Referrer: "search.example"}},
		{"", "?utm_source=letter&utm_campaign=autumn", funnel.Origin{Source: "letter", Campaign: "autumn"}},
	}
	var wanted []store.Journey
	views := 0
	for i := range 60 {
		address := fmt.Sprintf("198.51.100.%d", i+1)
		from := origins[random.IntN(len(origins))]
		var posts []string
		for step := range 1 + random.IntN(4) {
			clock = clock.Add(time.Second)
			page := pages[random.IntN(len(pages))]
			if step > 0 {
				from.referrer, from.query = b.server.URL+"/posts/a/", ""
			}
			got := b.send("GET", page+from.query, "", "", "X-Forwarded-For", address, "Sec-Fetch-Dest", "document", "Referer", from.referrer)
			if got.status == 301 {
				page = "/posts/a/"
				b.send("GET", page+from.query, "", "", "X-Forwarded-For", address, "Sec-Fetch-Dest", "document", "Referer", from.referrer)
			} else if got.status != 200 {
				t.Fatalf("%s: %d", page, got.status)
			}
			views++
			if (page == "/posts/a/" || page == "/posts/b/") && !slices.Contains(posts, page) {
				posts = append(posts, page)
			}
		}
		j := store.Journey{FirstPost: "/posts/a/", Origin: from.want}
		if len(posts) > 0 {
			j.FirstPost = posts[0]
		}
		if slices.Contains(posts, "/posts/b/") {
			j.Assists = []string{"/posts/b/"}
		}
		wanted = append(wanted, j)
	}
	seen := func() (n int) {
		for _, p := range []string{"/", "/posts/a/", "/posts/b/", "/thanks/"} {
			n += b.tally(p, funnel.PageView)
		}
		return n
	}
	for deadline := time.Now().Add(10 * time.Second); seen() < views; time.Sleep(10 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatalf("%d views of %d", seen(), views)
		}
	}
	for i := range wanted {
		clock = clock.Add(time.Second)
		b.want("card", b.post("newsletter", card(fmt.Sprintf("reader%d@example.com", i)), "X-Forwarded-For", fmt.Sprintf("198.51.100.%d", i+1)).status, 303)
	}
	for i, s := range b.stored() {
		if diff := cmp.Diff(wanted[i], s.Journey); diff != "" {
			t.Errorf("reader %d: %s", i, diff)
		}
	}
}
