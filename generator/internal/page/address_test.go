package page

import (
	"net/url"
	"strings"
	"testing"

	"cardbowl/generator/internal/config"
)

// FuzzAddresses holds the addresses of plain paths, which are not escaped, against
// those of net/url.
func FuzzAddresses(f *testing.F) {
	for _, path := range []string{"/", "", "/posts/a/", "posts/a", "/a b/", "/ä/", "//x", "/a:b/", "/*", "/%41/", "/a.html", "/~me/", "/a_b-c.d/"} {
		f.Add(path, "/")
		f.Add(path, "/blog/")
		f.Add(path, "/mein blog/")
	}
	f.Fuzz(func(t *testing.T, path, base string) {
		p := planner{base: base, config: config.Config{BaseURL: "https://example.com" + base}}
		if got, want := p.relative(path), (&url.URL{Path: base + strings.TrimPrefix(path, "/")}).EscapedPath(); got != want {
			t.Errorf("%q below %q: %q, want %q", path, base, got, want)
		}
		if got, want := p.absolute(path), p.config.BaseURL+strings.TrimPrefix((&url.URL{Path: path}).EscapedPath(), "/"); got != want {
			t.Errorf("%q: %q, want %q", path, got, want)
		}
	})
}
