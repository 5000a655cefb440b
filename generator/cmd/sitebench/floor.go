package main

import (
	"bytes"
	"cmp"
	_ "embed"
	"encoding/xml"
	"fmt"
	"html/template"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/yuin/goldmark"
	"github.com/yuin/goldmark/extension"
	"github.com/yuin/goldmark/parser"
	"gopkg.in/yaml.v3"
)

//go:embed themes/floor/page.html
var floorTheme string

type link struct {
	Title, URL string
	Count      int
}

type floorPost struct {
	Title, Description, Date, Day, URL string
	When                               time.Time
	Tags                               []link
	Content                            template.HTML
	Older, Newer                       *floorPost
	text                               []byte
}

type floorPage struct {
	HeadTitle, Title, Description, Permalink string
	Post                                     *floorPost
	Items                                    []*floorPost
	Terms                                    []link
	Newer, Older                             string
}

const perPage = 10

// floor is the least a program of the same parts can do: it reads, converts and
// writes every page of the site, and knows nothing else.
func floor(site, out string) error {
	files, err := filepath.Glob(filepath.Join(site, "content", "posts", "*.md"))
	if err != nil {
		return err
	}
	markdown := goldmark.New(goldmark.WithExtensions(extension.GFM, extension.Footnote, extension.Typographer, extension.DefinitionList),
		goldmark.WithParserOptions(parser.WithAutoHeadingID(), parser.WithAttribute()))
	theme := template.Must(template.New("page").Parse(floorTheme))
	posts := make([]*floorPost, len(files))
	if err := each(len(files), func(i int) error { return readFloor(files[i], &posts[i]) }); err != nil {
		return err
	}
	slices.SortFunc(posts, func(a, b *floorPost) int { return cmp.Or(b.When.Compare(a.When), cmp.Compare(a.URL, b.URL)) })
	tags := map[string][]*floorPost{}
	for i, p := range posts {
		if i > 0 {
			p.Newer, posts[i-1].Older = posts[i-1], p
		}
		for _, t := range p.Tags {
			tags[t.Title] = append(tags[t.Title], p)
		}
	}
	var pages []floorPage
	list := func(at, title string, members []*floorPost) {
		path := func(n int) string {
			if n == 1 {
				return at
			}
			return fmt.Sprintf("%spage/%d/", at, n)
		}
		chunks := slices.Collect(slices.Chunk(members, perPage))
		for i, chunk := range chunks {
			p := floorPage{HeadTitle: title + " | Bench", Title: title, Permalink: path(i + 1), Items: chunk}
			if i > 0 {
				p.Newer = path(i)
			}
			if i+1 < len(chunks) {
				p.Older = path(i + 2)
			}
			pages = append(pages, p)
		}
	}
	list("/", "Bench", posts)
	list("/posts/", "Posts", posts)
	index := floorPage{HeadTitle: "Tags | Bench", Title: "Tags", Permalink: "/tags/"}
	for name, members := range tags {
		list("/tags/"+name+"/", name, members)
		index.Terms = append(index.Terms, link{name, "/tags/" + name + "/", len(members)})
	}
	slices.SortFunc(index.Terms, func(a, b link) int { return cmp.Compare(a.Title, b.Title) })
	pages = append(pages, index)
	for _, p := range posts {
		pages = append(pages, floorPage{HeadTitle: p.Title + " | Bench", Title: p.Title, Description: p.Description, Permalink: p.URL, Post: p})
	}
	buffers := sync.Pool{New: func() any { return new(bytes.Buffer) }}
	err = each(len(pages), func(i int) error {
		p, b := pages[i], buffers.Get().(*bytes.Buffer)
		defer buffers.Put(b)
		if p.Post != nil {
			b.Reset()
			if err := markdown.Convert(p.Post.text, b); err != nil {
				return err
			}
			filled := *p.Post
			filled.Content = template.HTML(b.String())
			p.Post = &filled
		}
		b.Reset()
		if err := theme.Execute(b, p); err != nil {
			return err
		}
		return write(filepath.Join(out, p.Permalink, "index.html"), b.Bytes())
	})
	if err != nil {
		return err
	}
	var feed, sitemap bytes.Buffer
	feed.WriteString(`<rss version="2.0"><channel><title>Bench</title><link>https://example.com/</link><description>A corpus</description>`)
	for _, p := range posts[:min(20, len(posts))] {
		var text bytes.Buffer
		_ = markdown.Convert(p.text, &text)
		fmt.Fprintf(&feed, "<item><title>%s</title><link>https://example.com%s</link><description>", template.HTMLEscapeString(p.Title), p.URL)
		_ = xml.EscapeText(&feed, text.Bytes())
		feed.WriteString("</description></item>\n")
	}
	feed.WriteString("</channel></rss>\n")
	sitemap.WriteString(`<urlset xmlns="http://www.sitemaps.org/schemas/sitemap/0.9">`)
	for _, p := range pages {
		fmt.Fprintf(&sitemap, "<url><loc>https://example.com%s</loc></url>\n", p.Permalink)
	}
	sitemap.WriteString("</urlset>\n")
	return cmp.Or(write(filepath.Join(out, "index.xml"), feed.Bytes()), write(filepath.Join(out, "sitemap.xml"), sitemap.Bytes()))
}

func readFloor(file string, to **floorPost) error {
	text, err := os.ReadFile(file)
	if err != nil {
		return err
	}
	_, rest, _ := bytes.Cut(text, []byte("---\n"))
	front, body, found := bytes.Cut(rest, []byte("\n---\n"))
	if !found {
		return fmt.Errorf("%s has no front matter", file)
	}
	var f struct {
		Title, Description string
		Date               time.Time
		Tags               []string
	}
	if err := yaml.Unmarshal(front, &f); err != nil {
		return fmt.Errorf("%s: %w", file, err)
	}
	p := &floorPost{Title: f.Title, Description: f.Description, When: f.Date, Date: f.Date.Format(time.RFC3339), Day: f.Date.Format("2 January 2006"),
		URL: "/posts/" + strings.TrimSuffix(filepath.Base(file), ".md") + "/", text: body}
	for _, t := range f.Tags {
		p.Tags = append(p.Tags, link{Title: t, URL: "/tags/" + t + "/"})
	}
	*to = p
	return nil
}

func write(at string, text []byte) error {
	if err := os.MkdirAll(filepath.Dir(at), 0o755); err != nil {
		return err
	}
	return os.WriteFile(at, text, 0o644)
}

// each calls do for 0 to n-1 on all processors and returns one of the errors.
func each(n int, do func(int) error) error {
	var group sync.WaitGroup
	workers := runtime.GOMAXPROCS(0)
	errs := make([]error, workers)
	for w := range workers {
		group.Go(func() {
			for i := w; i < n && errs[w] == nil; i += workers {
				errs[w] = do(i)
			}
		})
	}
	group.Wait()
	return cmp.Or(errs...)
}
