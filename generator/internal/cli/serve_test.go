package cli_test

import (
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// asked is the status and the body of an address.
func asked(t *testing.T, url string) (int, string) {
	t.Helper()
	answer, err := http.Get(url)
	if err != nil {
		t.Fatal(err)
	}
	defer answer.Body.Close()
	text, err := io.ReadAll(answer.Body)
	if err != nil {
		t.Fatal(err)
	}
	return answer.StatusCode, string(text)
}

// TestServeFollowsTheClock waits for a post to appear at its time and another to
// go at its own, in a running preview that nobody touches.
func TestServeFollowsTheClock(t *testing.T) {
	t.Parallel()
	f := starter(t)
	soon := time.Now().Add(6 * time.Second).UTC()
	f.save("content/posts/soon.md", fmt.Sprintf("---\ntitle: Soon\ndate: %s\n---\nHere I am.\n", soon.Format(time.RFC3339)))
	f.save("content/posts/gone.md", fmt.Sprintf("---\ntitle: Gone\ndate: 2026-01-01\nexpiryDate: %s\n---\nNot for long.\n", soon.Format(time.RFC3339)))
	s := f.start("serve")
	if time.Now().Before(soon.Add(-time.Second)) {
		if status, _ := asked(t, s.url+"posts/soon/"); status != http.StatusNotFound {
			t.Errorf("a scheduled post answers %d before its time", status)
		}
		if status, _ := asked(t, s.url+"posts/gone/"); status != http.StatusOK {
			t.Errorf("a post answers %d before its end", status)
		}
	}
	status, gone := 0, 0
	waitFor(t, func() bool {
		status, _ = asked(t, s.url+"posts/soon/")
		gone, _ = asked(t, s.url+"posts/gone/")
		return status == http.StatusOK && gone == http.StatusNotFound
	}, func() string { return fmt.Sprintf("the scheduled post answers %d, the expired one %d", status, gone) })
	if _, home := asked(t, s.url); !strings.Contains(home, "Soon") || strings.Contains(home, "Gone") {
		t.Error("the front page does not know yet")
	}
}

func move(t *testing.T, f folder, from, to string) {
	t.Helper()
	if err := os.Rename(filepath.Join(f.path, filepath.FromSlash(from)), filepath.Join(f.path, filepath.FromSlash(to))); err != nil {
		t.Fatal(err)
	}
}

// TestServeNeverShowsWhatIsGone deletes, hides, renames and moves a post in a
// running preview: its old address answers 404 as soon as the edit is seen, and
// every page that named it names it no more.
func TestServeNeverShowsWhatIsGone(t *testing.T) {
	t.Parallel()
	f := starter(t)
	const text = "---\ntitle: Wanderer\ndate: 2026-02-01\ntags: [wandering]\n%s---\nA text.\n"
	f.save("content/posts/one.md", fmt.Sprintf(text, ""))
	s := f.start("serve")
	holds := func(what, there string, missing ...string) {
		t.Helper()
		state := ""
		waitFor(t, func() bool {
			state = ""
			note := func(path string, want int) {
				if got, _ := asked(t, s.url+path); got != want {
					state += fmt.Sprintf("%s answers %d; ", path, got)
				}
			}
			if there != "" {
				note(there, http.StatusOK)
			}
			for _, path := range missing {
				note(path, http.StatusNotFound)
			}
			for _, list := range []string{"", "posts/", "tags/", "sitemap.xml", "index.xml"} {
				_, body := asked(t, s.url+list)
				for _, path := range missing {
					if strings.Contains(body, "/"+path) {
						state += fmt.Sprintf("/%s still names %s; ", list, path)
					}
				}
			}
			return state == ""
		}, func() string { return what + ": " + state })
	}
	holds("at first", "posts/one/")
	f.save("content/posts/one.md", fmt.Sprintf(text, "draft: true\n"))
	holds("a draft", "", "posts/one/", "tags/wandering/")
	f.save("content/posts/one.md", fmt.Sprintf(text, "slug: other\n"))
	holds("another address", "posts/other/", "posts/one/")
	move(t, f, "content/posts/one.md", "content/posts/two.md")
	f.save("content/posts/two.md", fmt.Sprintf(text, ""))
	holds("renamed", "posts/two/", "posts/one/", "posts/other/")
	f.save("content/posts/two.md", strings.Replace(fmt.Sprintf(text, ""), "wandering", "resting", 1))
	holds("another tag", "tags/resting/", "tags/wandering/")
	if err := os.Remove(filepath.Join(f.path, "content/posts/two.md")); err != nil {
		t.Fatal(err)
	}
	holds("deleted", "", "posts/two/", "tags/resting/")
}
