package cli_test

import (
	"fmt"
	"io"
	"maps"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"slices"
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

// addedScript is what a preview adds to a page.
var addedScript = regexp.MustCompile(`<script[^>]*src="[^"]*/_/live\.js"[^>]*></script>\n?`)

// TestServeIsNeverWrong makes the edits after which other generators' servers are
// known to show wrong pages, and holds after each everything that a running
// preview answers against a clean build in a folder of its own: every page, feed,
// list and index, and that what is no more answers 404.
func TestServeIsNeverWrong(t *testing.T) {
	t.Parallel()
	if testing.Short() {
		t.Skip("a clean build after each edit")
	}
	f := starter(t)
	f.save("site.yaml", f.read("site.yaml")+"\npaginate: 2\n")
	post := func(n int, more string) {
		f.save(fmt.Sprintf("content/posts/p%d.md", n), fmt.Sprintf("---\ntitle: Post %d\ndate: 2026-01-%02d\n%s---\nText %d.\n", n, n, more, n))
	}
	for n := 1; n <= 5; n++ {
		post(n, "tags: [common]\n")
	}
	s := f.start("serve")
	before := map[string]bool{}
	remove := func(name string) {
		t.Helper()
		if err := os.Remove(filepath.Join(f.path, filepath.FromSlash(name))); err != nil {
			t.Fatal(err)
		}
	}
	for _, edit := range []struct {
		what string
		do   func()
	}{
		{"nothing", func() {}},
		{"another tag", func() { post(3, "tags: [rare]\n") }},
		{"a tag of two", func() { post(2, "tags: [rare, common]\n") }},
		{"a new post", func() { post(6, "tags: [common]\n") }},
		{"a post becomes the newest", func() { post(1, "lastmod: 2026-02-01\npublishDate: 2026-02-01\n") }},
		{"the title of a middle post", func() {
			post(3, "tags: [rare]\naliases: [/former/]\n")
			f.save("content/posts/p4.md", "---\ntitle: Renamed in the middle\ndate: 2026-01-04\ntags: [common]\n---\nText.\n")
		}},
		{"a description", func() { post(5, "tags: [common]\ndescription: Described.\n") }},
		{"a draft", func() { post(2, "tags: [rare, common]\ndraft: true\n") }},
		{"a draft no more", func() { post(2, "tags: [rare, common]\n") }},
		{"another address", func() { post(5, "tags: [common]\nslug: elsewhere\n") }},
		{"a file renamed", func() { move(t, f, "content/posts/p6.md", "content/posts/p7.md") }},
		{"the last post of a tag deleted", func() { remove("content/posts/p3.md"); post(2, "tags: [common]\n") }},
		{"the last page of the lists emptied", func() { remove("content/posts/p7.md"); remove("content/posts/p1.md") }},
		{"a partial of lists", func() { f.save("templates/partials/item.html", "<p>Item {{.Title}}</p>") }},
		{"the base of all pages", func() { f.save("templates/partials/footer.html", "<footer>Another foot</footer>") }},
		{"its file gone", func() { remove("templates/partials/item.html") }},
		{"the settings", func() { f.save("site.yaml", strings.Replace(f.read("site.yaml"), "paginate: 2", "paginate: 3", 1)) }},
		{"the base of all pages itself", func() {
			base, err := os.ReadFile("../../../templates/base.html")
			if err != nil {
				t.Fatal(err)
			}
			f.save("templates/base.html", strings.Replace(string(base), "</body>", "<p>Below all</p></body>", 1))
		}},
		{"the stylesheet", func() { f.save("templates/assets/site.css", "body{margin:1px}") }},
		{"a picture", func() {
			f.save("content/posts/pic.svg", `<svg xmlns="http://www.w3.org/2000/svg" width="1" height="1"/>`)
			f.save("content/posts/p8.md", "---\ntitle: Seen\ndate: 2026-01-08\n---\n![A point](pic.svg)\n")
		}},
		{"the same picture, larger", func() {
			f.save("content/posts/pic.svg", `<svg xmlns="http://www.w3.org/2000/svg" width="9" height="7"/>`)
		}},
		{"a shortcode and a call of it", func() {
			f.save("templates/shortcodes/price.html", "<p>Price {{.First}}</p>")
			post(5, "tags: [common]\n")
			f.save("content/posts/p5.md", f.read("content/posts/p5.md")+"\n{{< price 12 >}}\n")
		}},
		{"the shortcode", func() { f.save("templates/shortcodes/price.html", "<p>Costs {{.First}}</p>") }},
		{"a date moved to the newest", func() {
			f.save("content/posts/p4.md", "---\ntitle: Renamed in the middle\ndate: 2026-03-04\ntags: [common]\n---\nText.\n")
		}},
		{"a post that is due much later", func() { post(5, "publishDate: 2999-01-01\n") }},
		{"a post whose time is over", func() { post(2, "tags: [rare]\nexpiryDate: 2026-01-03\n") }},
		{"both shown again", func() { post(5, "tags: [common]\n"); post(2, "tags: [rare]\n") }},
		{"a tag no more", func() { post(2, "") }},
		{"another form under all posts", func() {
			f.save("site.yaml", strings.Replace(f.read("site.yaml"), "forms:\n", "forms:\n  ring:\n    button: Ring me\n    fields: [{name: phone, type: tel, label: Your number}]\n", 1))
		}},
		{"the words of the form", func() { f.save("site.yaml", strings.Replace(f.read("site.yaml"), "Your number", "Telephone", 1)) }},
		{"a folder renamed", func() { move(t, f, "content/posts", "content/letters") }},
		{"the folder back", func() { move(t, f, "content/letters", "content/posts") }},
		{"a file beside", func() { f.save("content/notes.txt", "notes") }},
		{"the file gone", func() { remove("content/notes.txt") }},
		{"a section", func() { f.save("content/guides/one.md", "---\ntitle: Guide\ntags: [fresh]\n---\nText.\n") }},
		{"the section gone", func() { remove("content/guides/one.md") }},
	} {
		edit.do()
		out := filepath.Join(t.TempDir(), "clean")
		apart := folder{t, filepath.Join(t.TempDir(), "apart")}
		f.copyTo(apart)
		apart.cardbowl("build", "-d", out)
		want := builtTexts(t, out)
		for path := range want {
			before[path] = true
		}
		wrong := ""
		waitFor(t, func() bool {
			wrong = ""
			for _, path := range slices.Sorted(maps.Keys(before)) {
				text, there := want[path]
				status, got := asked(t, s.url+path)
				switch got = addedScript.ReplaceAllString(got, ""); {
				case !there && status != http.StatusNotFound:
					wrong += fmt.Sprintf("/%s still answers %d; ", path, status)
				case there && (status != http.StatusOK || got != text):
					wrong += fmt.Sprintf("/%s is another (%d); ", path, status)
				}
			}
			return wrong == ""
		}, func() string { return edit.what + ": " + wrong })
	}
}

// copyTo copies what the writer wrote; what the running program writes beside it
// moves while one looks.
func (f folder) copyTo(other folder) {
	f.t.Helper()
	entries, err := os.ReadDir(f.path)
	if err != nil {
		f.t.Fatal(err)
	}
	for _, e := range entries {
		from, to := filepath.Join(f.path, e.Name()), filepath.Join(other.path, e.Name())
		switch {
		case e.Name() == ".cardbowl":
		case e.IsDir():
			err = os.CopyFS(to, os.DirFS(from))
		default:
			other.save(e.Name(), f.read(e.Name()))
		}
		if err != nil {
			f.t.Fatal(err)
		}
	}
}

// builtTexts are the texts of a built site by their addresses.
func builtTexts(t *testing.T, out string) map[string]string {
	t.Helper()
	texts := map[string]string{}
	err := filepath.WalkDir(out, func(at string, entry os.DirEntry, err error) error {
		if err != nil || entry.IsDir() || strings.HasPrefix(entry.Name(), ".") || strings.HasPrefix(entry.Name(), "_") || entry.Name() == "404.html" {
			return err
		}
		text, err := os.ReadFile(at)
		name, _ := filepath.Rel(out, at)
		if strings.Contains(string(text), `http-equiv="refresh"`) {
			return err // a former address, which a server answers by leading on
		}
		texts[strings.TrimSuffix(filepath.ToSlash(name), "index.html")] = string(text)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return texts
}
