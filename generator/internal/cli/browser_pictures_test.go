package cli_test

import (
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/chromedp"
)

// TestBrowserPictures takes pictures of the starter and of this repository's own
// site, on a telephone and on a desk, by day and by night. It judges nothing:
// looking at them is for a person.
func TestBrowserPictures(t *testing.T) {
	dir := os.Getenv("CARDBOWL_SCREENSHOTS")
	if dir == "" {
		t.Skip("no pictures taken: CARDBOWL_SCREENSHOTS=DIR names the folder to put them into")
	}
	for _, site := range []struct {
		name, post, thanks string
		more               map[string]string // pages by the name of their picture
		make               func(*testing.T) folder
	}{
		{"starter", "posts/hello", "_/thanks/newsletter", map[string]string{"page": "about/"}, starter},
		{"cardbowl", "posts/small-numbers", "thanks/", map[string]string{"page": "about/", "tags": "tags/", "tag": "tags/funnel/", "docs": "docs/", "docs-page": "docs/writing/"}, own},
	} {
		t.Run(site.name, func(t *testing.T) {
			t.Parallel()
			f, r := site.make(t), newReader(t)
			s := f.start("serve")
			for _, width := range []int64{390, 1280} {
				if width < 600 {
					r.do(chromedp.EmulateViewport(width, 844, chromedp.EmulateMobile, chromedp.EmulatePortrait))
				} else {
					r.do(chromedp.EmulateViewport(width, 900))
				}
				for _, light := range []string{"light", "dark"} {
					scheme := []*emulation.MediaFeature{{Name: "prefers-color-scheme", Value: light}}
					if _, err := chromedp.Call(r.ctx, emulation.SetEmulatedMedia, emulation.SetEmulatedMediaParams{Features: scheme}); err != nil {
						t.Fatal(err)
					}
					picture := func(what string, how chromedp.Action[[]byte]) {
						t.Helper()
						png, err := chromedp.Run(r.ctx, how)
						at := filepath.Join(dir, site.name, fmt.Sprintf("%s-%d-%s.png", what, width, light))
						if err == nil {
							err = os.MkdirAll(filepath.Dir(at), 0o755)
						}
						if err == nil {
							err = os.WriteFile(at, png, 0o644)
						}
						if err != nil {
							t.Fatal(err)
						}
					}
					whole, screen := chromedp.FullScreenshot(100), chromedp.CaptureScreenshot()
					r.open(s.url)
					picture("home", whole)
					r.open(s.url + "posts/")
					picture("list", whole)
					for _, what := range slices.Sorted(maps.Keys(site.more)) {
						r.open(s.url + site.more[what])
						picture(what, whole)
					}
					r.open(s.url + site.post + "/")
					picture("post", screen)
					picture("post-whole", whole)
					form := chromedp.CSS("form[data-placement=end]")
					r.do(chromedp.ScrollIntoView(form))
					picture("form", screen)
					r.do(chromedp.SendKeys(chromedp.CSS(emailField), halfAddress), chromedp.Click(chromedp.CSS(consentBox)), chromedp.Click(chromedp.CSS(sendButton)))
					r.until(`document.querySelector("[aria-invalid]")`)
					picture("mistake", screen)
					r.do(chromedp.SendKeys(chromedp.CSS(emailField), ".com"), chromedp.Click(chromedp.CSS(sendButton)))
					r.until(`document.activeElement.matches(".bowl-done")`)
					picture("thanks", screen)
					// Without the script a mistake is answered by the tracker, in the site's frame.
					r.open(s.url + site.post + "/")
					see[bool](r, `HTMLFormElement.prototype.submit.call(document.querySelector("form[data-placement=end]")), true`)
					r.until(`location.pathname.startsWith("/_/") && document.querySelector(".bowl-error")`)
					picture("mistake-page", whole)
					r.open(s.url + site.thanks)
					picture("thanks-page", screen)
					r.open(s.url + "no/such/page/")
					picture("404", screen)
					r.open(s.url + "_/report/")
					picture("report", whole)

					r.open(s.url + site.post + "/")
					source := "content/" + site.post + ".md"
					if _, err := os.Stat(filepath.Join(f.path, filepath.FromSlash(source))); err != nil {
						source = "content/" + site.post + "/index.md"
					}
					good := f.read(source)
					f.save(source, strings.Replace(good, "\ntags: [", "\ntag: [", 1)+"\n{{< from newsletter >}}\n\n[a link](nowhere.md)\n")
					r.until(`document.querySelector("cardbowl-problems")`)
					picture("problems", screen)
					f.save(source, good)
					r.until(`!document.querySelector("cardbowl-problems")`)
				}
			}
			s.stop()
			// A site that has never been built has a page of its own for that.
			f.save("site.yaml", f.read("site.yaml")+"\ntitel: Twice\n")
			if err := os.RemoveAll(filepath.Join(f.path, ".cardbowl")); err != nil {
				t.Fatal(err)
			}
			r.open(f.start("serve").url)
			png, err := chromedp.Run(r.ctx, chromedp.CaptureScreenshot())
			if err != nil {
				t.Fatal(err)
			}
			if err := os.WriteFile(filepath.Join(dir, site.name, "unbuilt-1280-dark.png"), png, 0o644); err != nil {
				t.Fatal(err)
			}
		})
	}
}

// own is a copy of this repository's site.
func own(t *testing.T) folder {
	t.Helper()
	f := folder{t, t.TempDir()}
	const root = "../../.."
	for _, name := range []string{"content", "templates"} {
		if err := os.CopyFS(filepath.Join(f.path, name), os.DirFS(filepath.Join(root, name))); err != nil {
			t.Fatal(err)
		}
	}
	settings, err := os.ReadFile(filepath.Join(root, "site.yaml"))
	if err != nil {
		t.Fatal(err)
	}
	f.save("site.yaml", string(settings))
	return f
}
