package build_test

import (
	"encoding/json"
	"maps"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"cardbowl/generator/internal/build"
	"cardbowl/generator/internal/search"
)

// TestSearchFindsWhatIsShown reads the index of a site as a browser does: every
// word of every page that is shown is found there, on these pages only, and no
// word of any other.
func TestSearchFindsWhatIsShown(t *testing.T) {
	shown := map[string]string{ // what can be read of each
		"/posts/plain/": "Plain post café Told shortly Deep heading quince jam 日本語 crème Sales printf bold walnut shells inner mind this Watch out Shown below figs",
		"/posts/old/":   "Old one medlar",
		"/about/":       "About us loquat",
		"/docs/":        "Manual rhubarb",
		"/posts/draft/": "Draft damson",
		"/posts/later/": "Later apricot",
		"/posts/over/":  "Over greengage",
	}
	files := map[string]string{
		"site.yaml": "title: Site\nbaseURL: https://example.com/\nforms: {}\nimages: {share: false}\n",
		"content/posts/plain.md": "---\ntitle: Plain post\ndate: 2026-01-02\ntags: [Sales]\ndescription: Told shortly\n---\n" +
			"# Deep heading\n\nQuince [jam](../about.md), café.\n\n日本語\n\n- Crème\n\n```\nprintf\n```\n\n> **Bold**\n\n{{< details \"Walnut shells\" >}}\ninner\n{{< /details >}}\n\n> [!TIP] Mind\n> this\n\n{{< callout warning title=\"Watch out\" >}}\nfigs\n{{< /callout >}}\n\n{{< figure src=\"/fig.svg\" alt=\"\" caption=\"Shown below\" >}}\n",
		"content/fig.svg":         "<svg xmlns=\"http://www.w3.org/2000/svg\"/>",
		"content/posts/old.md":    "---\ntitle: Old one\ndate: 2020-01-02\n---\nMedlar.\n",
		"content/about.md":        "---\ntitle: About us\n---\nLoquat.\n",
		"content/docs/_index.md":  "---\ntitle: Manual\n---\nRhubarb.\n",
		"content/posts/draft.md":  "---\ntitle: Draft\ndate: 2026-01-02\ndraft: true\n---\nDamson.\n",
		"content/posts/later.md":  "---\ntitle: Later\ndate: 2027-01-02\n---\nApricot.\n",
		"content/posts/over.md":   "---\ntitle: Over\ndate: 2026-01-02\nexpiryDate: 2026-02-02\n---\nGreengage.\n",
		"content/posts/apart.md":  "---\ntitle: Apart\ndate: 2026-01-02\nsearch: false\n---\nBullace.\n",
		"content/posts/none.md":   "---\ntitle: Unlisted\ndate: 2026-01-02\nnoindex: true\n---\nSloe.\n",
		"content/posts/_notes.md": "---\ntitle: Notes\ndate: 2026-01-02\n---\nMirabelle.\n",
	}
	site := t.TempDir()
	for name, text := range files {
		put(t, site, name, text)
	}
	for _, hidden := range [][]string{{"/posts/draft/", "/posts/later/", "/posts/over/"}, {"/posts/later/", "/posts/over/"}, {"/posts/draft/", "/posts/over/"}, {"/posts/draft/", "/posts/later/"}, nil} {
		out := t.TempDir()
		o := options(site, out, func() time.Time { return time.Date(2026, 6, 1, 12, 0, 0, 0, time.UTC) })
		o.Drafts, o.Future, o.Expired = !slices.Contains(hidden, "/posts/draft/"), !slices.Contains(hidden, "/posts/later/"), !slices.Contains(hidden, "/posts/over/")
		mustBuild(t, build.New(o))

		want := map[string][]string{}
		for address, text := range shown {
			if !slices.Contains(hidden, address) {
				want[address] = slices.Compact(slices.Sorted(search.Words(text)))
			}
		}
		if d := cmp.Diff(want, foundIn(t, folder(t, out))); d != "" {
			t.Errorf("without %q, what is shown (-) and what is found (+):\n%s", hidden, d)
		}
	}
}

// foundIn are the words that each page is found by, from the index alone.
func foundIn(t *testing.T, files map[string]string) map[string][]string {
	t.Helper()
	var addresses []string
	for n := 0; files["search/"+search.ChunkName(n)] != ""; n++ {
		var chunk [][4]string
		if err := json.Unmarshal([]byte(files["search/"+search.ChunkName(n)]), &chunk); err != nil {
			t.Fatal(err)
		}
		for _, line := range chunk {
			addresses = append(addresses, line[1])
		}
	}
	out := map[string][]string{}
	for _, name := range slices.Sorted(maps.Keys(files)) {
		if !strings.HasPrefix(name, "search/words-") {
			continue
		}
		var shard map[string][]int
		if err := json.Unmarshal([]byte(files[name]), &shard); err != nil {
			t.Fatal(err)
		}
		for word, postings := range shard {
			page := 0
			for i := 0; i+1 < len(postings); i += 2 {
				page += postings[i]
				out[addresses[page]] = append(out[addresses[page]], word)
			}
		}
	}
	for _, words := range out {
		slices.Sort(words)
	}
	return out
}

// TestSearchOfNothing builds a site whose only page hides from the search, and
// then shows it.
func TestSearchOfNothing(t *testing.T) {
	site, out := t.TempDir(), t.TempDir()
	put(t, site, "site.yaml", "title: Site\nbaseURL: https://example.com/\n")
	put(t, site, "content/index.md", "---\ntitle: Home\nsearch: false\n---\nQuince.\n")
	b := build.New(options(site, out, time.Now))
	for _, want := range []int{0, 1} {
		mustBuild(t, b)
		if found := foundIn(t, folder(t, out)); len(found) != want {
			t.Errorf("found %v, want %d pages", found, want)
		}
		put(t, site, "content/index.md", "---\ntitle: Home\n---\nQuince.\n")
	}
}
