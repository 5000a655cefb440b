package margin

import (
	"slices"
	"strings"
	"sync"
	"time"

	"cardbowl/generator/internal/content"
	"cardbowl/generator/internal/diag"
	"cardbowl/generator/internal/page"
	"cardbowl/generator/internal/site"
)

// Notes are what a writer sees beside one page.
type Notes struct {
	File     string    `json:"file"`     // that the page is written in, below the site folder; empty where there is none
	Words    int       `json:"words"`    // of its text
	Minutes  int       `json:"minutes"`  // to read it
	State    string    `json:"state"`    // draft, scheduled or expired, of a page that a build would leave out; empty otherwise
	To       []Link    `json:"to"`       // pages of the site that its text leads to
	Outside  int       `json:"outside"`  // links that its text has to other sites
	From     []Link    `json:"from"`     // pages whose texts lead here
	Findings []Finding `json:"findings"` // in its file
	Others   []Others  `json:"others"`   // findings in other files, by file
	Waiting  []Waiting `json:"waiting"`  // texts that a build leaves out at this moment, by state and day
	Numbers  []Numbers `json:"numbers"`  // what is known of its readers, and of its forms
}

// Number is one figure of a page's readers, in words.
type Number struct {
	Label string `json:"label"`
	Value string `json:"value"`
}

// Numbers are what a caller adds to the notes: figures under a heading, or why
// there are none.
type Numbers struct {
	Heading string   `json:"heading"`
	Figures []Number `json:"figures"`
	Trouble string   `json:"trouble,omitempty"`
}

// Link is a page of the site.
type Link struct {
	Title string `json:"title"`
	URL   string `json:"url"` // root-relative
}

// Finding is one place in a file, and what is wrong with it.
type Finding struct {
	Line    int    `json:"line"`   // from 1
	Column  int    `json:"column"` // from 1, in characters
	Code    string `json:"code"`   // by which it can be silenced; may be empty
	Message string `json:"message"`
	Hint    string `json:"hint"`
	Source  string `json:"source"` // the line; may be empty
}

// Others are the findings of one file.
type Others struct {
	File  string `json:"file"`
	URL   string `json:"url"` // of its page; empty where it has none
	Count int    `json:"count"`
}

// Waiting is a text that is not published yet, or no more.
type Waiting struct {
	Title string `json:"title"`
	File  string `json:"file"`
	State string `json:"state"`           // draft, scheduled or expired
	On    string `json:"on,omitempty"`    // when it appears or went, RFC 3339 in the site's time zone
	URL   string `json:"url,omitempty"`   // where it is shown here all the same
	Flags string `json:"flags,omitempty"` // with which `cardbowl serve` shows it; empty where it does
}

// Build is what one good build knows. It is not to be changed afterwards.
type Build struct {
	Site      *site.Site
	Documents []*content.Document // every one, by file; site.Page's Number counts them
	Problems  diag.List
	Now       time.Time
}

// Margin is what stands beside every page of a site. It is safe for concurrent
// use.
type Margin struct {
	mu    sync.Mutex
	build Build
	to    map[*content.Document][]*site.Page // where each leads, as far as it was looked at
	from  map[*site.Page][]*site.Page        // what leads to each; nil until somebody asks
}

// Set takes what a good build knows. Nothing is looked up before somebody asks.
func (m *Margin) Set(b Build) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.build.Site != b.Site {
		m.to = nil
	}
	m.build, m.from = b, nil
}

// Beside are the notes of the page at a site path. The lists of findings and of
// waiting texts are there for an address that is no page of the site, too.
func (m *Margin) Beside(path string) Notes {
	m.mu.Lock()
	defer m.mu.Unlock()
	b := m.build
	out := Notes{To: []Link{}, From: []Link{}, Findings: []Finding{}, Others: []Others{}, Waiting: []Waiting{}, Numbers: []Numbers{}}
	if b.Site == nil {
		return out
	}
	if pg, found := b.Site.ByPath(path); found {
		m.lookAround()
		if pg.Doc != nil {
			doc := b.Documents[pg.Number]
			out.File, out.Words, out.Minutes = doc.File, doc.Words, doc.Minutes
			if why := site.Reasons(pg.Doc, b.Now); len(why) > 0 {
				out.State = why[0].Is
			}
			for _, o := range doc.Outside {
				if !page.Own(b.Site.Config, o.Address) {
					out.Outside++
				}
			}
			out.To = m.links(m.to[doc])
		}
		out.From = m.links(m.from[pg])
	}
	out.Findings, out.Others = m.findings(out.File)
	out.Waiting = m.waiting()
	return out
}

// lookAround finds out which page leads where.
func (m *Margin) lookAround() {
	if m.from != nil {
		return
	}
	to := make(map[*content.Document][]*site.Page, len(m.build.Documents))
	m.from = map[*site.Page][]*site.Page{}
	for _, pg := range m.build.Site.Pages {
		if pg.Doc == nil {
			continue
		}
		doc := m.build.Documents[pg.Number]
		leads, known := m.to[doc]
		if !known {
			leads = page.InsideLinks(m.build.Site, pg, doc)
		}
		to[doc] = leads
		for _, target := range leads {
			m.from[target] = append(m.from[target], pg)
		}
	}
	m.to = to
}

func (m *Margin) links(pages []*site.Page) []Link {
	out := make([]Link, 0, len(pages))
	for _, pg := range pages {
		out = append(out, Link{pg.Title, m.address(pg)})
	}
	return out
}

func (m *Margin) address(pg *site.Page) string { return page.Address(m.build.Site.Config, pg.Path) }

func (m *Margin) findings(file string) (own []Finding, others []Others) {
	own, others = []Finding{}, []Others{}
	for _, d := range m.build.Problems {
		if d.File == file && file != "" {
			own = append(own, Finding{max(d.Line, 1), max(d.Column, 1), d.Code, d.Message, d.Hint, d.Source})
			continue
		}
		at := slices.IndexFunc(others, func(o Others) bool { return o.File == d.File })
		if at < 0 {
			at = len(others)
			o := Others{File: d.File}
			if pg, found := m.build.Site.ByFile(d.File); found {
				o.URL = m.address(pg)
			}
			others = append(others, o)
		}
		others[at].Count++
	}
	return own, others
}

// waiting are the texts that a build leaves out: drafts by title, then what is
// scheduled, the next first, then what has expired, the last first.
func (m *Margin) waiting() []Waiting {
	out := []Waiting{}
	zone := m.build.Site.Config.Zone()
	when := map[string]time.Time{} // by file
	for _, doc := range m.build.Documents {
		why := site.Reasons(&doc.Head, m.build.Now)
		if len(why) == 0 {
			continue
		}
		w := Waiting{Title: site.TitleOf(&doc.Head), File: doc.File, State: why[0].Is}
		if on := why[0].On; !on.IsZero() {
			w.On = on.In(zone).Format(time.RFC3339)
			when[doc.File] = on
		}
		if pg, shown := m.build.Site.ByFile(doc.File); shown {
			w.URL = m.address(pg)
		} else {
			w.Flags = flags(why)
		}
		out = append(out, w)
	}
	order := []string{site.Draft, site.Scheduled, site.Expired}
	slices.SortStableFunc(out, func(a, b Waiting) int {
		if a.State != b.State {
			return slices.Index(order, a.State) - slices.Index(order, b.State)
		}
		switch a.State {
		case site.Scheduled:
			return when[a.File].Compare(when[b.File])
		case site.Expired:
			return when[b.File].Compare(when[a.File])
		}
		return strings.Compare(a.Title, b.Title)
	})
	return out
}

// flags are those of `cardbowl serve` that show a text in spite of all reasons.
func flags(why []site.Reason) string {
	var out []string
	for _, r := range why {
		switch r.Is {
		case site.Draft:
			out = append(out, "-D")
		case site.Scheduled:
			out = append(out, "-F")
		case site.Expired:
			out = append(out, "-E")
		}
	}
	return strings.Join(out, " ")
}
