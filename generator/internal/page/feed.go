package page

import (
	"bytes"
	"encoding/json"
	"encoding/xml"
	"fmt"
	"html"
	"net/url"
	"strings"
	"sync"
	"time"
	"unicode/utf8"

	"cardbowl/generator/internal/memo"
	"cardbowl/generator/internal/site"
)

// feedLength is how many entries a feed holds.
const feedLength = 20

// feed is everything a feed says, whatever its format, but for the texts.
type feed struct {
	Title       string
	Description string
	Language    string
	Author      string
	Page        string // absolute address of the list it follows
	Self        string // its own
	Updated     time.Time
	Entries     []entry
}

// entry is one post in a feed. Its text is made when the feed is written; Said
// stands for it until then.
type entry struct {
	ID        string // stable; the address unless the front matter has an id
	URL       string // absolute
	Title     string
	Summary   string
	Published time.Time
	Updated   time.Time
	Authors   []string
	Tags      []string
	Said      memo.Digest
}

// feeds are those of one list.
type feeds struct {
	list    *site.Page
	members []*site.Page // those that have an entry
	written []Written    // in each format
}

// feeds plans the feeds of a list. parts are those of the site's pages.
func (p *planner) feeds(list *site.Page, parts []*part) feeds {
	f := feed{Title: p.headTitle(list), Description: p.config.Description, Language: p.config.Language, Author: p.config.Author, Page: p.absolute(list.Path)}
	out := feeds{list: list}
	for _, m := range list.Members {
		if len(out.members) == feedLength {
			break
		}
		if m.Date().IsZero() {
			continue
		}
		e := p.entry(m, parts[m.Place].said)
		if e.Updated.After(f.Updated) {
			f.Updated = e.Updated
		}
		f.Entries, out.members = append(f.Entries, e), append(out.members, m)
	}
	said := memo.Of(f)
	texts := &feedTexts{left: len(list.Feeds), make: func() ([]string, error) {
		var all []string
		for _, m := range out.members {
			body, err := p.resolve(m, p.document(m).Body, reading{origin: p.origin()})
			if err != nil {
				return nil, err
			}
			text, err := body.html()
			if err != nil {
				return nil, err
			}
			all = append(all, abroad(clean(string(text)), p.absolute(m.Path)))
		}
		return all, nil
	}}
	for _, name := range list.Feeds {
		f := f
		f.Self = p.absolute(list.Path + name)
		out.written = append(out.written, Written{
			Output: strings.TrimPrefix(list.Path, "/") + name,
			Recipe: memo.Of(name, f.Self, said),
			Bytes: func() ([]byte, error) {
				all, err := texts.take()
				if err != nil {
					return nil, err
				}
				return f.write(name, all)
			},
		})
	}
	return out
}

// feedTexts are the texts of a list's entries, made once for all formats and
// held no longer than until each had them.
type feedTexts struct {
	mu    sync.Mutex
	make  func() ([]string, error)
	texts []string
	left  int
}

func (t *feedTexts) take() ([]string, error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	texts := t.texts
	if texts == nil {
		var err error
		if texts, err = t.make(); err != nil {
			return nil, err
		}
		t.texts = texts
	}
	if t.left--; t.left <= 0 {
		t.texts = nil
	}
	return texts, nil
}

// origin is the scheme and host of the site.
func (p *planner) origin() string {
	base, err := url.Parse(p.config.BaseURL)
	if err != nil {
		return ""
	}
	return base.Scheme + "://" + base.Host
}

// entry is what a feed says of a page whose text says what said stands for.
func (p *planner) entry(pg *site.Page, said memo.Digest) entry {
	front := pg.Doc.Front
	e := entry{URL: p.absolute(pg.Path), Title: clean(pg.Title), Published: pg.Date(), Updated: pg.Date(), Authors: p.site.Authors(pg),
		Summary: clean(describe(pg.Doc)), Said: said}
	e.ID = clean(firstOf(front.ID, e.URL))
	if front.Lastmod.After(e.Updated) {
		e.Updated = front.Lastmod
	}
	for _, t := range pg.Terms["tags"] {
		e.Tags = append(e.Tags, clean(t.Title))
	}
	return e
}

// abroad is a text as it is read away from its page: addresses within the page
// are whole, and headings have no link to themselves.
func abroad(text, page string) string {
	const anchor, end = `<a class="anchor" `, "</a>"
	before, rest, found := strings.Cut(text, anchor)
	if found {
		var b strings.Builder
		b.Grow(len(text))
		for found {
			b.WriteString(before)
			_, rest, _ = strings.Cut(rest, end)
			before, rest, found = strings.Cut(rest, anchor)
		}
		b.WriteString(before)
		text = b.String()
	}
	return strings.ReplaceAll(text, ` href="#`, ` href="`+html.EscapeString(page)+`#`)
}

// clean takes out the control characters that XML cannot hold.
func clean(s string) string {
	if fit(s) {
		return s
	}
	return strings.Map(func(r rune) rune {
		if r < ' ' && r != '\t' && r != '\n' && r != '\r' || r == 0xFFFE || r == 0xFFFF {
			return -1
		}
		return r
	}, strings.ToValidUTF8(s, "\uFFFD"))
}

// fit tells whether clean would leave a text as it is. It looks at bytes, since
// nearly every text is.
func fit(s string) bool {
	for i := range len(s) {
		if c := s[i]; c < ' ' && c != '\t' && c != '\n' && c != '\r' || c == 0xEF && (strings.HasPrefix(s[i:], "\uFFFE") || strings.HasPrefix(s[i:], "\uFFFF")) {
			return false
		}
	}
	return utf8.ValidString(s)
}

// feedTypes are the media types of the formats, by file name.
func feedTypes() map[string]string {
	return map[string]string{"index.xml": "application/rss+xml", "atom.xml": "application/atom+xml", "feed.json": "application/feed+json"}
}

// roomForText stands for the text of the next entry. No other text of a feed
// holds it, since it is a control character.
const roomForText = "\x01"

// write makes the bytes of a feed. The texts of its entries are nine tenths of
// it, and the libraries that write the rest look at a text letter by letter, and
// once more for indentation, which takes longer than all pages of a site. So
// they leave room for the texts.
func (f feed) write(name string, texts []string) ([]byte, error) {
	var frame []byte
	var err error
	var escape *strings.Replacer
	before, room, after := "", roomForText, "" // in JSON what stands around it belongs to it, since a text may hold `\\u0001`
	switch name {
	case "index.xml":
		frame, err = asXML(f.rss())
		escape = strings.NewReplacer("]]>", "]]]]><![CDATA[>")
	case "atom.xml":
		frame, err = asXML(f.atom())
		escape = strings.NewReplacer("&", "&amp;", "<", "&lt;", ">", "&gt;", "\r", "&#xD;")
	case "feed.json":
		frame, err = asJSON(f.json())
		escape = strings.NewReplacer(`"`, `\"`, `\`, `\\`, "\n", `\n`, "\r", `\r`, "\t", `\t`)
		before, room, after = `"content_html": "`, `\u0001`, `"`
	default:
		err = fmt.Errorf("no feed is called %s", name)
	}
	if err != nil {
		return nil, fmt.Errorf("write feed: %w", err)
	}
	size := len(frame)
	for _, text := range texts {
		size += len(text) + len(text)/8
	}
	var b bytes.Buffer
	b.Grow(size)
	for n := 0; ; n++ {
		left, right, found := bytes.Cut(frame, []byte(before+room+after))
		b.Write(left)
		if !found {
			return b.Bytes(), nil
		}
		b.WriteString(before)
		_, _ = escape.WriteString(&b, texts[n]) // a Buffer takes everything
		b.WriteString(after)
		frame = right
	}
}

func asXML(v any) ([]byte, error) {
	text, err := xml.MarshalIndent(v, "", "  ")
	return append([]byte(xml.Header), append(text, '\n')...), err
}

func asJSON(v any) ([]byte, error) {
	var b bytes.Buffer
	encoder := json.NewEncoder(&b)
	encoder.SetEscapeHTML(false)
	encoder.SetIndent("", "  ")
	err := encoder.Encode(v)
	return b.Bytes(), err
}

// RSS 2.0 with the whole text in content:encoded. encoding/xml knows prefixes
// only as parts of names.
type rss struct {
	XMLName xml.Name   `xml:"rss"`
	Version string     `xml:"version,attr"`
	Atom    string     `xml:"xmlns:atom,attr"`
	Content string     `xml:"xmlns:content,attr"`
	DC      string     `xml:"xmlns:dc,attr"`
	Channel rssChannel `xml:"channel"`
}

type rssChannel struct {
	Title       string    `xml:"title"`
	Link        string    `xml:"link"`
	Description string    `xml:"description"`
	Language    string    `xml:"language"`
	Built       string    `xml:"lastBuildDate,omitempty"` // of the newest entry, never the clock's
	Self        atomLink  `xml:"atom:link"`
	Items       []rssItem `xml:"item"`
}

type rssItem struct {
	Title      string   `xml:"title"`
	Link       string   `xml:"link"`
	GUID       rssGUID  `xml:"guid"`
	Published  string   `xml:"pubDate"`
	Creators   []string `xml:"dc:creator"`
	Categories []string `xml:"category"`
	Summary    string   `xml:"description"`
	Text       raw      `xml:"content:encoded"`
}

type rssGUID struct {
	Value     string `xml:",chardata"`
	Permalink bool   `xml:"isPermaLink,attr"`
}

// raw is markup as it is to stand.
type raw struct {
	Markup string `xml:",innerxml"`
}

type atomLink struct {
	Href string `xml:"href,attr"`
	Rel  string `xml:"rel,attr"`
	Type string `xml:"type,attr,omitempty"`
}

func (f feed) rss() rss {
	out := rss{Version: "2.0", Atom: "http://www.w3.org/2005/Atom", Content: "http://purl.org/rss/1.0/modules/content/", DC: "http://purl.org/dc/elements/1.1/",
		Channel: rssChannel{Title: clean(f.Title), Link: f.Page, Description: clean(firstOf(f.Description, f.Title)), Language: f.Language,
			Self: atomLink{Href: f.Self, Rel: "self", Type: "application/rss+xml"}}}
	if !f.Updated.IsZero() {
		out.Channel.Built = f.Updated.Format(time.RFC1123Z)
	}
	for _, e := range f.Entries {
		out.Channel.Items = append(out.Channel.Items, rssItem{Title: e.Title, Link: e.URL, GUID: rssGUID{e.ID, e.ID == e.URL},
			Published: e.Published.Format(time.RFC1123Z), Creators: e.Authors, Categories: e.Tags, Summary: e.Summary, Text: raw{"<![CDATA[" + roomForText + "]]>"}})
	}
	return out
}

// Atom, RFC 4287.
type atom struct {
	XMLName  xml.Name    `xml:"http://www.w3.org/2005/Atom feed"`
	Language string      `xml:"xml:lang,attr"`
	ID       string      `xml:"id"`
	Title    string      `xml:"title"`
	Subtitle string      `xml:"subtitle,omitempty"`
	Updated  string      `xml:"updated"`
	Links    []atomLink  `xml:"link"`
	Author   *atomAuthor `xml:"author"`
	Entries  []atomEntry `xml:"entry"`
}

type atomAuthor struct {
	Name string `xml:"name"`
}

type atomEntry struct {
	ID         string         `xml:"id"`
	Title      string         `xml:"title"`
	Link       atomLink       `xml:"link"`
	Published  string         `xml:"published"`
	Updated    string         `xml:"updated"`
	Authors    []atomAuthor   `xml:"author"`
	Categories []atomCategory `xml:"category"`
	Summary    string         `xml:"summary"`
	Text       atomText       `xml:"content"`
}

type atomCategory struct {
	Term string `xml:"term,attr"`
}

type atomText struct {
	Type   string `xml:"type,attr"`
	Markup string `xml:",innerxml"`
}

func (f feed) atom() atom {
	out := atom{Language: f.Language, ID: f.Page, Title: clean(f.Title), Subtitle: clean(f.Description), Updated: f.Updated.Format(time.RFC3339),
		Links: []atomLink{{Href: f.Page, Rel: "alternate", Type: "text/html"}, {Href: f.Self, Rel: "self", Type: "application/atom+xml"}}}
	// An entry needs an author of its own or its feed's.
	out.Author = &atomAuthor{firstOf(f.Author, f.Title)}
	for _, e := range f.Entries {
		entry := atomEntry{ID: e.ID, Title: e.Title, Link: atomLink{Href: e.URL, Rel: "alternate", Type: "text/html"}, Published: e.Published.Format(time.RFC3339),
			Updated: e.Updated.Format(time.RFC3339), Summary: e.Summary, Text: atomText{"html", roomForText}}
		for _, name := range e.Authors {
			entry.Authors = append(entry.Authors, atomAuthor{name})
		}
		for _, tag := range e.Tags {
			entry.Categories = append(entry.Categories, atomCategory{tag})
		}
		out.Entries = append(out.Entries, entry)
	}
	return out
}

// JSON Feed 1.1.
type jsonFeed struct {
	Version     string      `json:"version"`
	Title       string      `json:"title"`
	Home        string      `json:"home_page_url"`
	Self        string      `json:"feed_url"`
	Description string      `json:"description,omitempty"`
	Language    string      `json:"language,omitempty"`
	Authors     []jsonName  `json:"authors,omitempty"`
	Items       []jsonEntry `json:"items"`
}

type jsonName struct {
	Name string `json:"name"`
}

type jsonEntry struct {
	ID        string     `json:"id"`
	URL       string     `json:"url"`
	Title     string     `json:"title"`
	Summary   string     `json:"summary,omitempty"`
	Text      string     `json:"content_html"`
	Published string     `json:"date_published"`
	Modified  string     `json:"date_modified,omitempty"`
	Authors   []jsonName `json:"authors,omitempty"`
	Tags      []string   `json:"tags,omitempty"`
}

func (f feed) json() jsonFeed {
	out := jsonFeed{Version: "https://jsonfeed.org/version/1.1", Title: clean(f.Title), Home: f.Page, Self: f.Self, Description: clean(f.Description), Language: f.Language, Items: []jsonEntry{}}
	if f.Author != "" {
		out.Authors = []jsonName{{f.Author}}
	}
	for _, e := range f.Entries {
		entry := jsonEntry{ID: e.ID, URL: e.URL, Title: e.Title, Summary: e.Summary, Text: roomForText, Published: e.Published.Format(time.RFC3339), Tags: e.Tags}
		if e.Updated.After(e.Published) {
			entry.Modified = e.Updated.Format(time.RFC3339)
		}
		for _, name := range e.Authors {
			entry.Authors = append(entry.Authors, jsonName{name})
		}
		out.Items = append(out.Items, entry)
	}
	return out
}
