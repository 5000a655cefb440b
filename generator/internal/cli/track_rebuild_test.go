package cli_test

import (
	"fmt"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"
)

// TestTrackRebuilds runs the tracker of a site that nobody builds: posts appear
// and go at their times and with their files, mistakes leave the last good site,
// and cards are taken for what was never there when the tracker began.
func TestTrackRebuilds(t *testing.T) {
	t.Parallel()
	f := starter(t)
	soon := time.Now().Add(7 * time.Second).UTC()
	f.save("content/posts/soon.md", fmt.Sprintf("---\ntitle: Soon\npublishDate: %s\n---\nHere I am.\n", soon.Format(time.RFC3339)))
	f.save("content/posts/gone.md", fmt.Sprintf("---\ntitle: Gone\ndate: 2026-01-01\nexpiryDate: %s\n---\nNot for long.\n", soon.Format(time.RFC3339)))
	s := f.start("track", "--rebuild", "--public", "public")
	answers := func(path string) int {
		status, _ := asked(t, s.url+path)
		return status
	}
	until := func(what string, ready func() bool) {
		t.Helper()
		waitFor(t, ready, func() string { return what })
	}
	if time.Now().Before(soon.Add(-time.Second)) {
		if answers("posts/soon/") != http.StatusNotFound || answers("posts/gone/") != http.StatusOK {
			t.Error("the schedule is not kept before its time")
		}
	}
	untouched := stamps(t, f, "public/about", "public/assets")
	until("the schedule", func() bool {
		return answers("posts/soon/") == http.StatusOK && answers("posts/gone/") == http.StatusNotFound
	})
	if _, home := asked(t, s.url); !strings.Contains(home, "/posts/soon/") || strings.Contains(home, "/posts/gone/") {
		t.Error("the front page does not know of the schedule")
	}
	if now := stamps(t, f, "public/about", "public/assets"); !slices.Equal(now, untouched) {
		t.Errorf("files were written that nothing changed: %v, before %v", now, untouched)
	}
	send := func(post string) int {
		request, err := http.NewRequest(http.MethodPost, s.url+"_/f/newsletter", strings.NewReader(url.Values{"email": {"ana@example.com"}, "_post": {post}, "consent": {"yes"}}.Encode()))
		if err != nil {
			t.Fatal(err)
		}
		request.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		request.Header.Set("Accept", "application/json")
		answer, err := http.DefaultClient.Do(request)
		if err != nil {
			t.Fatal(err)
		}
		answer.Body.Close()
		return answer.StatusCode
	}
	if got := send("/posts/soon/"); got >= http.StatusBadRequest {
		t.Errorf("a card for the new post answers %d", got)
	}

	// A file that changes.
	f.save("content/posts/new.md", "---\ntitle: New\ndate: 2026-01-03\n---\nFirst words.\n")
	until("a new post", func() bool { return answers("posts/new/") == http.StatusOK })
	// A mistake leaves everything up, the manifest too, and is mended by the next edit.
	f.save("content/posts/new.md", "---\ntitle: [New\n---\nBroken words.\n")
	f.save("content/posts/more.md", "---\ntitle: More\ndate: 2026-01-04\n---\nMore words.\n")
	time.Sleep(time.Second)
	if _, text := asked(t, s.url+"posts/new/"); !strings.Contains(text, "First words.") || answers("posts/more/") != http.StatusNotFound {
		t.Error("a mistake takes the last good site down")
	}
	f.save("content/posts/new.md", "---\ntitle: New\ndate: 2026-01-03\n---\nSecond words.\n")
	until("the mended post", func() bool {
		_, text := asked(t, s.url+"posts/new/")
		return strings.Contains(text, "Second words.") && answers("posts/more/") == http.StatusOK
	})
	if err := os.Remove(filepath.Join(f.path, "content/posts/new.md")); err != nil {
		t.Fatal(err)
	}
	until("the deletion", func() bool { return answers("posts/new/") == http.StatusNotFound })
	s.stop()

	// A tracker that starts with a mistake in the site serves the last good one.
	f.save("content/posts/more.md", "---\ntitle: [More\n---\n")
	s = f.start("track", "--rebuild", "--public", "public")
	if answers("posts/more/") != http.StatusOK {
		t.Error("a new tracker does not serve the last good site")
	}
	f.save("content/posts/more.md", "---\ntitle: More\nslug: other\n---\n")
	until("the mended post in a new tracker", func() bool {
		return answers("posts/other/") == http.StatusOK && answers("posts/more/") == http.StatusNotFound
	})
	s.stop()
	if got := f.report()["/posts/soon/"]["submissions"]; got != 1 {
		t.Errorf("%d cards for the post that was scheduled, want 1: %v", got, f.report())
	}
}

// stamps are the names and times of the files in folders of the site that no post
// changes.
func stamps(t *testing.T, f folder, folders ...string) []string {
	t.Helper()
	var out []string
	for _, name := range folders {
		at := filepath.Join(f.path, filepath.FromSlash(name))
		err := filepath.WalkDir(at, func(file string, entry os.DirEntry, err error) error {
			switch {
			case err != nil:
				return err
			case entry.IsDir() && entry.Name() == "share": // pictures of the titles of posts
				return filepath.SkipDir
			case entry.IsDir():
				return nil
			}
			info, err := entry.Info()
			if err == nil {
				out = append(out, fmt.Sprint(file, " ", info.ModTime().UnixNano()))
			}
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	return out
}
