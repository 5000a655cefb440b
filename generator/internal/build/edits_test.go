package build_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"image"
	"image/jpeg"
	"image/png"
	"maps"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/BurntSushi/toml"
	"gopkg.in/yaml.v3"
)

// world is a site as a person sees it, from which the folder is written.
type world struct {
	random   *rand.Rand
	posts    map[string]*post // by file below content/
	files    map[string]string
	settings settings
	now      time.Time
	nextPost int
	undo     *world // the last state that could be built
}

// built notes that this state can be built.
func (w *world) built() {
	last := *w
	last.posts, last.files = map[string]*post{}, maps.Clone(w.files)
	for name, p := range w.posts {
		same := *p
		last.posts[name] = &same
	}
	w.undo = &last
}

// mend goes back to the last state that could be built, as a writer does after
// an error; the clock goes on.
func (w *world) mend() string {
	last := w.undo
	w.posts, w.files, w.settings = last.posts, last.files, last.settings
	w.built()
	return "undone"
}

type post struct {
	title, slug, body, expiry, publish, alias, form, layout string
	date                                                    time.Time
	tags                                                    []string
	draft, more                                             bool
	series, authors, related, menu                          string
	lastmod, description, images, params, format, search    string
}

type settings struct {
	title    string
	paginate int
	menu     int
	button   string
	pattern  string
	images   string
	more     [7]string // lines of site.yaml, one of each of moreSettings
}

// moreSettings are lines of site.yaml that exclude one another.
func moreSettings() [7][]string {
	return [7][]string{
		{"", "author: Ana", "description: A site about something", "author: Ana\ndescription: Both", "language: de"},
		{"", "theme: {accent: \"#884400\"}", "organization: {name: Us, sameAs: [\"https://example.org/us\"]}", "timeZone: America/Toronto"},
		{"", "taxonomies: [tags, topics]", "taxonomies: [tags]", "taxonomies: [tags, categories, series, authors]"},
		{"", "markdown: {html: true}", "markdown: {highlight: false}", "search: false", "params: {a: 1, b: [x, y]}"},
		{"", "tracker: {url: \"https://cards.example.com\"}", "related: 1", "related: 0"},
		{"", "check: {alt: error}", "check: {same-title: off, link: error}", "check: {no-form: warning, raw-html: error}"},
		{"", "menus: {main: [{title: Up, url: /}, {title: Below, url: /posts/, parent: Up}], footer: [{title: About, url: /about/}]}"},
	}
}

func newWorld(seed uint64) *world {
	w := &world{random: rand.New(rand.NewPCG(seed, 7)), posts: map[string]*post{}, files: map[string]string{},
		settings: settings{title: "Site", paginate: 3, button: "Send"}, now: time.Date(2026, 6, 1, 12, 0, 0, 0, time.UTC)}
	for range 12 {
		w.addPost()
	}
	w.files["content/about.md"] = "---\ntitle: About\nform: call\n---\nSee [the posts](posts/).\n"
	w.files["content/index.md"] = "---\ntitle: Home\n---\nWelcome.\n"
	w.files["content/docs/_index.md"] = "---\ntitle: Manual\n---\nHow to.\n"
	w.files["content/docs/one.md"] = "---\ntitle: One\nweight: 1\n---\nFirst page of the manual.\n"
	w.files["content/landing.md"] = "---\ntitle: Landing\nlayout: landing\nlists: {new: {section: posts, limit: 2}, funnel: {tag: funnel, order: title}}\n---\n"
	w.files["templates/landing.html"] = "{{define \"main\"}}{{range .Lists}}{{range .}}{{template \"partials/item.html\" .}}{{end}}{{end}}{{.Data.people}}{{.Data.limits}}{{.Data.deep}}{{range .Page.Breadcrumbs}}{{.Title}}{{end}}{{end}}"
	w.files["templates/docs.html"] = "{{define \"main\"}}{{range .Sidebar}}{{.Title}}{{range .Items}}{{.Title}}{{range .Items}}{{.Title}}{{end}}{{end}}{{end}}{{.Page.Content}}{{end}}"
	w.files["templates/shortcodes/stamp.html"] = "<b>{{.First}}</b>{{.Inner}}"
	w.files["content/pic.svg"] = "<svg xmlns=\"http://www.w3.org/2000/svg\"/>"
	w.files["static/robots.txt"] = "User-agent: *\n"
	return w
}

var tags = []string{"funnel", "sales", "Writing", "solo work"}

func (w *world) addPost() {
	w.nextPost++
	name := fmt.Sprintf("content/posts/post-%d.md", w.nextPost)
	if w.random.IntN(5) == 0 {
		name = fmt.Sprintf("content/posts/post-%d/index.md", w.nextPost)
	}
	w.posts[name] = &post{
		title: fmt.Sprintf("Post %d", w.nextPost), body: "The beginning.\n\nThe end.\n", more: w.random.IntN(2) == 0,
		date: time.Date(2026, 1, 1+w.random.IntN(120), 0, 0, 0, 0, time.UTC), tags: w.someTags(),
	}
}

func (w *world) someTags() []string {
	var out []string
	for _, t := range tags {
		if w.random.IntN(3) == 0 {
			out = append(out, t)
		}
	}
	return out
}

func (w *world) anyPost() (string, *post) {
	names := slices.Sorted(maps.Keys(w.posts))
	if len(names) == 0 {
		w.addPost()
		names = slices.Sorted(maps.Keys(w.posts))
	}
	name := names[w.random.IntN(len(names))]
	return name, w.posts[name]
}

// edit changes one thing, as a writer might.
func (w *world) edit() string {
	name, p := w.anyPost()
	n := w.random.IntN(1000)
	what := ""
	switch w.random.IntN(54) {
	case 0, 1, 2:
		p.body = fmt.Sprintf("The beginning.\n\nThe end, version %d.\n", n)
		what = "body"
	case 3:
		p.body = fmt.Sprintf("Another beginning %d.\n\nSee [this](%s) and ![that](/pic.svg).\n", n, w.linkFrom(name))
		what = "links"
	case 4:
		p.title = fmt.Sprintf("Title %d", n)
		what = "title"
	case 5:
		p.date = time.Date(2026, 1, 1+w.random.IntN(200), w.random.IntN(24), 0, 0, 0, time.UTC)
		what = "date"
	case 6:
		p.tags = w.someTags()
		what = "tags"
	case 7:
		p.slug = []string{"", fmt.Sprintf("slug-%d", w.random.IntN(6))}[w.random.IntN(2)]
		what = "slug"
	case 8, 9:
		w.addPost()
		what = "new post"
	case 10:
		delete(w.posts, name)
		what = "deleted " + name
	case 11:
		delete(w.posts, name)
		w.posts[fmt.Sprintf("content/posts/renamed-%d.md", n)] = p
		what = "renamed " + name
	case 12, 13:
		p.draft = !p.draft
		what = "draft"
	case 14:
		w.toggle("templates/post.html", fmt.Sprintf("{{define \"main\"}}<h1>{{.Page.Title}} %d</h1>{{.Page.Content}}{{.Page.Form}}{{end}}", n))
		what = "layout"
	case 15:
		partial := []string{"templates/partials/footer.html", "templates/partials/item.html", "templates/partials/unused.html"}[w.random.IntN(3)]
		w.toggle(partial, fmt.Sprintf("<p>Partial %d</p>", n))
		what = partial
	case 16:
		switch w.random.IntN(5) {
		case 0:
			w.settings.title = fmt.Sprintf("Site %d", n)
		case 1:
			w.settings.paginate = 1 + w.random.IntN(5)
		case 2:
			w.settings.menu = w.random.IntN(3)
		case 3:
			w.settings.button = fmt.Sprintf("Send %d", n)
		case 4:
			w.settings.pattern = []string{"", "/:year/:slugorcontentbasename/", "/writing/:month/:contentbasename/"}[w.random.IntN(3)]
		}
		what = fmt.Sprintf("settings %+v", w.settings)
	case 17:
		w.toggle("templates/assets/site.css", fmt.Sprintf("body { margin: %dpx }", n))
		what = "stylesheet"
	case 18:
		w.toggle("content/posts/picture.svg", fmt.Sprintf("<svg xmlns=\"http://www.w3.org/2000/svg\" id=\"p%d\"/>", n))
		what = "picture"
	case 19:
		p.alias = []string{"", fmt.Sprintf("/old/%d/", w.random.IntN(4)), "/old.html"}[w.random.IntN(3)]
		what = "alias"
	case 20:
		p.more = !p.more
		what = "more"
	case 21:
		p.form = []string{"", "call", "false", "nonsense"}[w.random.IntN(4)]
		what = "form " + p.form
	case 22:
		p.expiry = []string{"", "2026-06-10", "2026-08-01"}[w.random.IntN(3)]
		p.publish = []string{"", "2026-06-05", "2026-07-01"}[w.random.IntN(3)]
		what = "schedule"
	case 23:
		w.now = w.now.Add(time.Duration(w.random.IntN(15*24)) * time.Hour)
		what = "clock " + w.now.String()
	case 24:
		p.series = []string{"", "One by one", "Another"}[w.random.IntN(3)]
		what = "series " + p.series
	case 25:
		p.authors = []string{"", "[Ann]", "[Ann, Bo]"}[w.random.IntN(3)]
		w.toggle("content/authors/ann/_index.md", fmt.Sprintf("---\ntitle: Ann\n---\nShe, %d.\n", n))
		what = "authors " + p.authors
	case 26:
		p.related = []string{"", "false", "[" + w.linkFrom(name)[len("/posts/"):] + "]"}[w.random.IntN(3)]
		if strings.HasSuffix(name, "/index.md") && p.related != "" {
			p.related = "false" // from a bundle the way would be another
		}
		what = "related " + p.related
	case 27:
		p.menu = []string{"", "main", "{main: {weight: 2}}", "{footer: {name: Down here}}"}[w.random.IntN(4)]
		what = "menu " + p.menu
	case 28:
		data := []string{"content/_data/people.csv", "data/limits.yaml", "data/deep/list.json", "data/more.toml"}[w.random.IntN(4)]
		w.toggle(data, map[string]string{".csv": "name,n\nAna,%d\n", "yaml": "n: %d\n", "json": "[%d]\n", "toml": "n = %d\n"}[data[len(data)-4:]])
		if text, there := w.files[data]; there {
			w.files[data] = fmt.Sprintf(text, n)
		}
		what = data
	case 29:
		w.toggle([]string{"content/docs/deep/_index.md", "content/docs/deep/two.md", "content/docs/three.md"}[w.random.IntN(3)], fmt.Sprintf("---\ntitle: Page %d\nweight: %d\n---\nText.\n", n, n%3))
		what = "manual"
	case 30:
		p.body = fmt.Sprintf("The beginning.\n\n{{< stamp %d >}}\nInner [link](%s).\n{{< /stamp >}}\n\n{{< figure src=\"/pic.svg\" alt=\"x\" >}}\n", n, w.linkFrom(name))
		what = "shortcodes"
	case 31:
		w.files["templates/shortcodes/stamp.html"] = fmt.Sprintf("<div id=\"s{{.Number}}\">{{.First}} %d {{.Inner}} {{template \"partials/unused.html\"}}</div>", n)
		w.toggle("templates/partials/unused.html", fmt.Sprintf("<p>Partial %d</p>", n))
		if _, there := w.files["templates/partials/unused.html"]; !there {
			w.files["templates/shortcodes/stamp.html"] = "{{.Inner}}"
		}
		what = "shortcode's template"
	case 32:
		photo := []string{"content/posts/photo.jpg", "content/photo.png"}[w.random.IntN(2)]
		w.toggle(photo, photograph(photo, 300+n%200, 200))
		what = photo
	case 33:
		p.body = "The beginning.\n\n![A photo](/posts/photo.jpg)\n\n![Another](/photo.png \"Title\")\n"
		w.settings.images = []string{"", "{widths: [100, 250]}", "{share: false}", "{quality: 50}"}[w.random.IntN(4)]
		what = "pictures " + w.settings.images
	case 34, 35:
		name, p = w.anyBundle()
		beside := filepath.ToSlash(filepath.Join(filepath.Dir(name), []string{"photo.jpg", "notes.txt", "data.csv", "deep/other.png"}[w.random.IntN(4)]))
		text := fmt.Sprintf("notes %d\n", n)
		if strings.HasSuffix(beside, "g") {
			text = photograph(beside, 300+n%200, 200)
		}
		w.toggle(beside, text)
		p.body = "The beginning.\n\n![Beside](photo.jpg) and [notes](notes.txt).\n\n![Deep](deep/other.png)\n"
		what = "in a bundle " + beside
	case 36:
		other, isBundle := strings.CutSuffix(name, "/index.md")
		if isBundle {
			other += ".md"
		} else {
			other = strings.TrimSuffix(name, ".md") + "/index.md"
		}
		if w.posts[other] == nil {
			delete(w.posts, name)
			w.posts[other] = p
		}
		what = name + " becomes " + other
	case 37:
		p.format = []string{"yaml", "toml", "json"}[w.random.IntN(3)]
		what = "front matter as " + p.format
	case 38:
		delete(w.posts, name)
		w.posts[filepath.ToSlash(filepath.Join(filepath.Dir(name), strings.ToUpper(filepath.Base(name)[:1])+filepath.Base(name)[1:]))] = p
		what = "upper case of " + name
	case 39, 40, 41:
		kind := w.random.IntN(len(w.settings.more))
		choices := moreSettings()[kind]
		w.settings.more[kind] = choices[w.random.IntN(len(choices))]
		what = "settings " + w.settings.more[kind]
	case 42:
		p.lastmod = []string{"", "2026-05-01", "2026-05-02T10:00:00Z"}[w.random.IntN(3)]
		p.description = []string{"", fmt.Sprintf("Described %d", n)}[w.random.IntN(2)]
		p.params = []string{"", fmt.Sprintf("{own: %d, list: [a, b]}", n)}[w.random.IntN(2)]
		p.search = []string{"", "false"}[w.random.IntN(2)]
		what = "lastmod, description, params, search"
	case 43:
		p.images = []string{"", "[/posts/photo.jpg]", "[/pic.svg]", "[\"https://example.org/x.png\"]"}[w.random.IntN(4)]
		what = "images " + p.images
	case 44:
		own := []string{"content/tags/funnel/_index.md", "content/404.md", "content/posts/_index.md", "content/tags/_index.md", "content/series/one-by-one/_index.md", "content/search.md"}[w.random.IntN(6)]
		w.toggle(own, fmt.Sprintf("---\ntitle: Own %d\n---\nText %d, see [about](/about.md).\n", n, n))
		what = own
	case 45:
		still := []string{"static/notes.txt", "static/old.html", "static/posts/readme.txt", "static/favicon.ico"}[w.random.IntN(4)]
		w.toggle(still, fmt.Sprintf("still %d", n))
		what = still
	case 46:
		w.files["content/landing.md"] = fmt.Sprintf("---\ntitle: Landing\nlayout: landing\nlists: {new: {section: posts, limit: %d}, funnel: {tag: funnel, order: %s}, chosen: {pages: [%s]}}\n---\nText.\n",
			1+n%3, []string{"title", "oldest", "newest", "weight"}[n%4], w.linkFrom(name))
		what = "lists"
	case 47:
		p.body = fmt.Sprintf("The beginning.\n\n> [!NOTE] Mind\n> this %d.\n\n{{< form call >}}\n\n```go\nvar n = %d\n```\n\n<b>raw</b>[^1] and {{< button \"/about.md\" >}}\n\n[^1]: Note.\n", n, n)
		what = "callout, form, code"
	case 48:
		at := []string{"content/guides/_index.md", "content/guides/deep/_index.md", "content/guides/deep/one.md", "content/guides/two/index.md"}[w.random.IntN(4)]
		w.toggle(at, fmt.Sprintf("---\ntitle: Guide %d\ndate: 2026-02-0%d\ntopics: [x%d]\n---\nA guide to [about](/about.md).\n", n, 1+n%9, n%2))
		what = at
	case 49:
		w.toggle([]string{"templates/partials/head.html", "templates/base.html", "templates/list.html", "templates/term.html", "templates/404.html"}[w.random.IntN(5)],
			fmt.Sprintf("{{define \"main\"}}<h1>{{.Page.Title}} %d</h1>{{range .Items}}{{.Title}}{{end}}{{range .Page.Tags}}{{.URL}}{{end}}{{end}}<title>{{.Page.HeadTitle}}</title>{{block \"main\" .}}{{end}}", n))
		what = "another layout"
	case 50:
		p.body = fmt.Sprintf("The beginning.\n\n![](/pic.svg){alt=\"\"} and ![](/pic.svg) %d.\n\n[Feed](/index.xml), [two](/posts/page/2/), [search](/search/), https://example.com/about/ and [out](https://example.org/%d).\n", n, n)
		what = "links to what is made, decoration"
	case 51: // a document and the index of a folder change places, outside of posts
		from, to := "content/about.md", "content/about/index.md"
		if _, there := w.files[from]; !there {
			from, to = to, from
		}
		if text, there := w.files[from]; there {
			delete(w.files, from)
			w.files[to] = text
		}
		what = from + " becomes " + to
	case 52: // two names that differ in case alone clash where both are pages
		w.toggle([]string{"content/About.md", "content/docs/One.md", "content/Pic.svg"}[w.random.IntN(3)], fmt.Sprintf("<svg xmlns=\"http://www.w3.org/2000/svg\" id=\"c%d\"/>\n", n))
		what = "a name in another case"
	case 53:
		w.toggle("content/docs/hidden.md", fmt.Sprintf("---\ntitle: Hidden %d\nsearch: false\n---\nNot to be found %d.\n", n, n))
		what = "a page that is not searched"
	}
	return what
}

// anyBundle is a post with a folder of its own; one is made where there is none.
func (w *world) anyBundle() (string, *post) {
	for _, name := range slices.Sorted(maps.Keys(w.posts)) {
		if strings.HasSuffix(name, "/index.md") && w.random.IntN(2) == 0 {
			return name, w.posts[name]
		}
	}
	w.addPost()
	name := fmt.Sprintf("content/posts/post-%d", w.nextPost)
	p := w.posts[name+".md"]
	if p == nil {
		p = w.posts[name+"/index.md"]
	}
	delete(w.posts, name+".md")
	w.posts[name+"/index.md"] = p
	return name + "/index.md", p
}

// photograph is a small picture as a file, of a kind by its name.
func photograph(name string, width, height int) string {
	p := image.NewRGBA(image.Rect(0, 0, width, height))
	for i := range p.Pix {
		p.Pix[i] = uint8(i * width)
	}
	var b strings.Builder
	var err error
	if strings.HasSuffix(name, ".png") {
		err = png.Encode(&b, p)
	} else {
		err = jpeg.Encode(&b, p, nil)
	}
	if err != nil {
		panic(err) // nothing about it can fail
	}
	return b.String()
}

// toggle gives a file new content or takes it away.
func (w *world) toggle(name, content string) {
	if _, there := w.files[name]; there && w.random.IntN(3) == 0 {
		delete(w.files, name)
		return
	}
	w.files[name] = content
}

func (w *world) linkFrom(name string) string {
	other, _ := w.anyPost()
	_ = name
	return strings.TrimPrefix(other, "content")
}

func (w *world) text(p *post) string {
	body := p.body
	if p.more {
		body = strings.Replace(body, "\n\n", "\n\n<!--more-->\n\n", 1)
	}
	var b strings.Builder
	fmt.Fprintf(&b, "title: %q\ndate: %s\n", p.title, p.date.Format(time.RFC3339))
	for _, pair := range [][2]string{{"slug", p.slug}, {"expiryDate", p.expiry}, {"publishDate", p.publish}, {"form", p.form}, {"layout", p.layout},
		{"lastmod", p.lastmod}, {"description", p.description}, {"images", p.images}, {"params", p.params}, {"search", p.search}, {"alias", p.alias},
		{"series", p.series}, {"authors", p.authors}, {"related", p.related}, {"menus", p.menu}} {
		if key, value := pair[0], pair[1]; value != "" {
			if key == "alias" {
				key, value = "aliases", "["+value+"]"
			}
			fmt.Fprintf(&b, "%s: %s\n", key, value)
		}
	}
	if len(p.tags) > 0 {
		fmt.Fprintf(&b, "tags: [%s]\n", strings.Join(p.tags, ", "))
	}
	if p.draft {
		b.WriteString("draft: true\n")
	}
	if p.format == "" || p.format == "yaml" {
		return "---\n" + b.String() + "---\n" + body
	}
	// The other formats say the same in their own way.
	var values map[string]any
	if err := yaml.Unmarshal([]byte(b.String()), &values); err != nil {
		panic(err) // written just above
	}
	var out bytes.Buffer
	var err error
	if p.format == "toml" {
		out.WriteString("+++\n")
		err = toml.NewEncoder(&out).Encode(values)
		out.WriteString("+++\n")
	} else {
		err = json.NewEncoder(&out).Encode(values)
	}
	if err != nil {
		panic(err)
	}
	return out.String() + body
}

func (w *world) siteYAML() string {
	s := w.settings
	var b strings.Builder
	fmt.Fprintf(&b, "title: %q\nbaseURL: https://example.com/blog/\npaginate: %d\nforms:\n", s.title, s.paginate)
	fmt.Fprintf(&b, "  newsletter: {button: %q, fields: [{name: email, type: email, required: true}]}\n", s.button)
	b.WriteString("  call: {fields: [{name: name}, {name: email, type: email}]}\n")
	if s.menu > 0 {
		b.WriteString("menus: {main: [{title: Posts, url: /posts/}")
		if s.menu > 1 {
			b.WriteString(", {title: Elsewhere, url: \"https://example.org/\"}")
		}
		b.WriteString("]}\n")
	}
	if s.images != "" {
		fmt.Fprintf(&b, "images: %s\n", s.images)
	}
	if s.pattern != "" {
		fmt.Fprintf(&b, "permalinks: {posts: %q}\n", s.pattern)
	}
	for _, line := range s.more {
		if strings.HasPrefix(line, "menus:") && s.menu > 0 {
			continue // once is enough
		}
		if line != "" {
			b.WriteString(line + "\n")
		}
	}
	return b.String()
}

// write brings a folder to this world, touching only what differs, and names what
// it touched: files, and folders that are new.
func (w *world) write(t testing.TB, dir string) (touched []string) {
	t.Helper()
	want := maps.Clone(w.files)
	want["site.yaml"] = w.siteYAML()
	for name, p := range w.posts {
		want[name] = w.text(p)
	}
	for name := range folder(t, dir) {
		if _, keep := want[name]; !keep {
			if err := os.Remove(filepath.Join(dir, name)); err != nil {
				t.Fatal(err)
			}
			touched = append(touched, filepath.Join(dir, name))
		}
	}
	for name, text := range want {
		at := filepath.Join(dir, name)
		if old, err := os.ReadFile(at); err == nil && string(old) == text {
			continue
		}
		for folder := filepath.Dir(at); folder != dir; folder = filepath.Dir(folder) {
			if _, err := os.Lstat(folder); err != nil {
				touched = append(touched, folder)
			}
		}
		if err := os.MkdirAll(filepath.Dir(at), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(at, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
		touched = append(touched, at)
	}
	return touched
}
