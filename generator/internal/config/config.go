package config

import (
	"fmt"
	"maps"
	"net/mail"
	"net/netip"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"
	_ "time/tzdata" // a bare server has no zone files, and every day the tracker counts needs them

	"gopkg.in/yaml.v3"

	"cardbowl/generator/internal/diag"
	"cardbowl/generator/internal/form"
	"cardbowl/generator/internal/language"
	"cardbowl/generator/internal/memo"
	"cardbowl/generator/internal/source"
	"cardbowl/generator/internal/webhook"
)

// Config is site.yaml with every default filled in.
type Config struct {
	Title        string
	BaseURL      string // absolute, with a final slash
	Language     string // BCP 47
	TimeZone     string // IANA name
	Description  string
	Author       string
	Permalinks   map[string]string // section, or / for pages at the top → pattern such as /:year/:slug/
	Taxonomies   []string          // front-matter keys that group pages, each also the folder of its term pages
	Menus        map[string][]MenuItem
	Params       map[string]any
	Paginate     int                       // entries on one page of a list
	Related      int                       // related posts named under a post; 0: none
	HTML         bool                      // markdown.html: raw HTML in markdown is let through
	Checks       map[string]diag.Judgement // check: by code
	Search       bool                      // search: the site has a page to search it
	Highlight    bool                      // markdown.highlight: code is coloured by its language
	Images       Images
	Theme        Theme
	Organization Organization
	Forms        []form.Definition // in the order of site.yaml; the first is the default
	Messages     language.Messages // what forms and the tracker's pages say in the place of our words; in Forms already
	Sales        []string          // the stages after the line
	Currency     string
	Tracker      Tracker
	Sender       Sender
	Mail         Mail
	Webhooks     []webhook.Receiver

	Seen memo.Digest // of all that the rest was read from

	zone *time.Location
	text Text
	root *yaml.Node
}

// MenuItem is one entry of a menu.
type MenuItem struct {
	// The words.
	Title string `yaml:"title"`
	// Hugo's word for the title.
	Name string `yaml:"name"`
	// Where it leads: a page of the site, such as `/about/`, or a whole address. An
	// entry that others stand below can do without.
	URL string `yaml:"url"`
	// The title of the entry it stands below.
	Parent string `yaml:"parent"`
	// Its place: entries with a weight come first, the lightest on top.
	Weight int `yaml:"weight"`
}

// Theme sets variables of the stylesheet, by name without the two hyphens.
type Theme struct {
	Light map[string]string
	Dark  map[string]string // where the reader's screen is dark
}

// Organization is who publishes the site, as search engines are told.
type Organization struct {
	// Its name. Without it, the title of the site.
	Name string `yaml:"name"`
	// A picture: a path of the site, or a whole address.
	Logo string `yaml:"logo"`
	// Addresses of its pages elsewhere.
	SameAs []string `yaml:"sameAs"`
}

// Images says what becomes of pictures.
type Images struct {
	Widths  []int  // of the variants, pixels, ascending
	Quality int    // of JPEG and WebP
	WebP    string // NoWebP, WantWebP or NeedWebP
	Sizes   string // the sizes attribute: how wide the theme shows a picture
	Share   bool   // a picture to share is drawn for posts that have none
}

// What the WebP key may say: whether cwebp is asked for, and whether the site is
// built without it.
const (
	NoWebP   = "false"
	WantWebP = "true"
	NeedWebP = "required"
)

// Tracker is how the site is counted.
type Tracker struct {
	URL            string         // origin that forms are sent to; empty: the site's own
	TrustedProxies []netip.Prefix // whose X-Forwarded-For is believed
	Guard          bool
	Retention      Retention
	Policy         string // Content-Security-Policy of the site's pages when the tracker serves them; empty: the built-in one
}

// Retention is for how many days people are kept. 0: until somebody erases them.
type Retention struct {
	Unconfirmed int // who was asked to confirm the address and did not, after the last card
	Quarantined int // cards in the trap
	Leads       int // everybody, after the last that was heard of the person
}

// What is kept for how many days unless site.yaml says otherwise.
const (
	defaultUnconfirmed = 30
	defaultQuarantined = 90
	defaultLeads       = 0
)

// Sender is whose mail it is.
type Sender struct {
	// The name that mail comes from.
	Name string `yaml:"name"`
	// The address that mail comes from.
	Email string `yaml:"email"`
	// The street address at the foot of every mail.
	Address string `yaml:"address"`
}

// Mail is how mail is sent.
type Mail struct {
	PerDay int // how many mails may ask for a confirmation in 24 hours
}

// defaultPerDay is more than a blog gathers on its best day, and less than gets a
// sender's name on a list.
const defaultPerDay = 500

// At is a diagnostic at a key of site.yaml, named by the keys that lead to it
// (the number of an entry, from 0, where they lead through a list), or at the
// nearest one there is.
func (c Config) At(severity diag.Severity, message, hint string, keys ...string) diag.Diagnostic {
	return c.text.At(nearest(c.root, keys), severity, message, hint)
}

// Local is the same with forms and counts going to whoever serves the pages.
func (c Config) Local() Config {
	c.Tracker.URL, c.Seen = "", memo.Of(c.Seen, "local")
	return c
}

// Zone is the site's time zone.
func (c Config) Zone() *time.Location { return c.zone }

// BasePath is the path of BaseURL, with slashes at both ends: "/" or "/blog/".
func (c Config) BasePath() string {
	parsed, err := url.Parse(c.BaseURL)
	if err != nil || parsed.Path == "" {
		return "/"
	}
	return parsed.Path
}

// Form finds a form by name.
func (c Config) Form(name string) (form.Definition, bool) {
	i := slices.IndexFunc(c.Forms, func(d form.Definition) bool { return d.Name == name })
	if i < 0 {
		return form.Definition{}, false
	}
	return c.Forms[i], true
}

// FormNames are the names of all forms, the default first.
func (c Config) FormNames() []string {
	names := make([]string, len(c.Forms))
	for i, d := range c.Forms {
		names[i] = d.Name
	}
	return names
}

// file has the shape of site.yaml. The comments on its keys are the reference
// that the manual, the help and editors show.
type file struct {
	// The name of the site.
	Title string `yaml:"title"`
	// Where the site will stand, `https://example.com/`. It may have a path,
	// `https://example.com/blog/`.
	BaseURL string `yaml:"baseURL"`
	// The language of the pages, such as `en` or `pt-BR`. The theme speaks Dutch,
	// English, French, German, Italian, Polish, Portuguese and Spanish.
	Language string `yaml:"language"`
	// A name such as `America/Toronto`. It rules dates without a zone, and the days
	// of the report.
	TimeZone string `yaml:"timeZone"`
	// One sentence about the site. It serves where a page has no description of its
	// own, and stands in the footer.
	Description string `yaml:"description"`
	// The author of posts that name none.
	Author string `yaml:"author"`
	// Addresses of pages by the folder they lie in: `posts: /:year/:month/:slug/`.
	Permalinks yaml.Node `yaml:"permalinks"`
	// Keys of front matter that group pages, in small letters. Each becomes a folder
	// of lists, such as `/tags/`.
	Taxonomies yaml.Node `yaml:"taxonomies"`
	// Menus by name. The theme shows `main` at the top of each page and `footer` at
	// the bottom.
	Menus map[string][]MenuItem `yaml:"menus"`
	// Keys of your own, for templates: `.Site.Params`.
	Params map[string]any `yaml:"params"`
	// How many entries a list shows on one page.
	Paginate int `yaml:"paginate"`
	// How many posts on the same subjects a post names at its end; 0 for none.
	Related *int `yaml:"related"`
	// The site has a page, `/search/`, on which its texts are searched in the
	// reader's browser.
	Search *bool `yaml:"search"`
	// What is made of findings, by the name that stands in brackets after each:
	// `off`, `warning` or `error`.
	Check map[string]string `yaml:"check"`
	// How text is read.
	Markdown struct {
		// HTML in the text is let through. Only for sites whose writers you trust.
		HTML bool `yaml:"html"`
		// Code is coloured by its language.
		Highlight *bool `yaml:"highlight"`
	} `yaml:"markdown"`
	// What becomes of pictures.
	Images struct {
		// In how many pixels of width a picture is published, where it is that large.
		Widths []int `yaml:"widths"`
		// Of JPEG and WebP, from 1 to 100.
		Quality int `yaml:"quality"`
		// Smaller files, made by the program `cwebp` if it is installed. With
		// `required`, the site is not built without it.
		WebP string `yaml:"webp"`
		// How wide the theme shows a picture: the attribute `sizes` of HTML.
		Sizes string `yaml:"sizes"`
		// A picture to share is drawn for posts that have none.
		Share *bool `yaml:"share"`
	} `yaml:"images"`
	// Colours, fonts and measures: variables of the stylesheet, and under `dark`
	// those for dark screens.
	Theme yaml.Node `yaml:"theme"`
	// Who publishes the site, as search engines are told.
	Organization Organization `yaml:"organization"`
	// Forms by name. The first one stands at the end of every post. Without this
	// key there is one that asks for an address and a message; `forms: {}` means none.
	Forms yaml.Node `yaml:"forms"`
	// What forms, and the pages of the tracker, say in other words than the program's.
	Messages language.Messages `yaml:"messages"`
	// What happens to a card after it was dropped.
	Funnel struct {
		// The stages below the line in the report. Each has a name of its own;
		// `lost` and the names of the steps above the line are taken.
		Sales []string `yaml:"sales"`
	} `yaml:"funnel"`
	// Where forms are sent, and how visits are counted.
	Tracker struct {
		// Where forms and counts are sent, `https://cards.example.com`, without a path.
		// Without it, to the site's own address.
		URL string `yaml:"url"`
		// Networks whose word about a visitor's address is believed, such as
		// `127.0.0.1/32`.
		TrustedProxies []string `yaml:"trustedProxies"`
		// Robots and repeated cards are kept apart, and whoever sends very many is asked
		// for one more click. `off` is for load tests and closed networks.
		Guard *bool `yaml:"guard"`
		// The Content-Security-Policy that `cardbowl track --public` sends with each
		// page, in place of its own strict one.
		Policy string `yaml:"contentSecurityPolicy"`
		// For how many days people are kept. What was counted stays.
		Retention struct {
			// Who was asked to confirm the address and did not, counted from the last card.
			// Nobody of whom you have noted anything. 30 unless said otherwise; 0 keeps them.
			Unconfirmed *int `yaml:"unconfirmed"`
			// Cards that robots left in the trap. 90 unless said otherwise; 0 keeps them.
			Quarantined *int `yaml:"quarantined"`
			// Everybody, counted from the last that was heard of a person, sent to the
			// person or noted. 0 unless said otherwise, which keeps them until you erase
			// them.
			Leads *int `yaml:"leads"`
		} `yaml:"retention"`
	} `yaml:"tracker"`
	// Whose mail it is. The law wants all three.
	Sender Sender `yaml:"sender"`
	// How mail is sent. Where to is in the environment: CARDBOWL_SMTP_URL.
	Mail struct {
		// How many mails may ask for a confirmation in 24 hours, all forms together.
		// Who fills in strangers' addresses by a program gets no further. 500 unless
		// said otherwise.
		PerDay int `yaml:"perDay"`
	} `yaml:"mail"`
	// Programs that are told of leads.
	Webhooks []webhook.Receiver `yaml:"webhooks"`
	// The currency of amounts, three letters.
	Currency string `yaml:"currency"`
}

// The defaults of site.yaml.
const (
	defaultTitle    = "Untitled site"
	defaultBaseURL  = "http://localhost:8080/"
	defaultLanguage = "en"
	defaultZone     = "UTC"
	defaultPaginate = 10
	defaultRelated  = 3
	defaultCurrency = "USD"
)

func defaultTaxonomies() []string { return []string{"tags", "categories", "series"} }
func defaultSales() []string      { return []string{"call", "meeting", "proposal", "client"} }

// defaultForms stand where site.yaml has no forms key at all, so that a folder
// of posts has a bowl from the first build. `forms: {}` means none.
func defaultForms(w language.Words) []form.Definition {
	return []form.Definition{{
		Name:   "contact",
		Title:  w.Say("Write to me"),
		Button: w.Say("Send"),
		Fields: []form.Field{
			{Name: "email", Type: "email", Label: w.Say("Your e-mail address"), Required: true},
			{Name: "message", Type: "textarea", Label: w.Say("Your message")},
		},
	}}
}

// maxSettings bounds site.yaml: the YAML library takes quadratic time over many
// keys.
const maxSettings = 128 << 10 // bytes

// Load reads site.yaml. baseURL, when not empty, takes the place of the file's.
// With an error in the list the Config is not to be used.
func Load(tree source.Tree, baseURL string) (Config, diag.List, error) {
	settings, found := tree.File(source.ConfigFile)
	if !found {
		return Config{}, nil, nil // the reader has said so already
	}
	if settings.Size > maxSettings {
		return Config{}, diag.List{{File: source.ConfigFile, Line: 1, Column: 1, Message: fmt.Sprintf("the file has %d bytes, more than %d", settings.Size, maxSettings),
			Hint: "large amounts of data belong into files under content/"}}, nil
	}
	whole, err := settings.Read()
	if err != nil {
		return Config{}, nil, err
	}
	text := Text{File: source.ConfigFile, Whole: whole, YAML: whole}
	root, problems := Parse(text)
	if problems.HasErrors() {
		return Config{}, problems, nil
	}
	var f file
	if root == nil {
		root = &yaml.Node{Kind: yaml.MappingNode}
	}
	problems = append(problems, fill(text, root, &f)...)
	l := loader{text: text, root: root, problems: problems}
	c := l.config(f, baseURL)
	c.Seen = memo.Of(settings.Digest, baseURL)
	return c, l.problems, nil
}

// loader checks values one by one and points at the keys it complains of.
type loader struct {
	text     Text
	root     *yaml.Node
	problems diag.List
}

func (l *loader) value(keys ...string) *yaml.Node { return nearest(l.root, keys) }

// nearest finds the node at a path of keys, or the last one on the way there,
// so that a complaint always has a place.
func nearest(node *yaml.Node, keys []string) *yaml.Node {
	for _, key := range keys {
		next := lookup(node, key)
		if n, err := strconv.Atoi(key); next == nil && err == nil && node.Kind == yaml.SequenceNode && n >= 0 && n < len(node.Content) {
			next = node.Content[n]
		}
		if next == nil {
			break
		}
		node = next
	}
	return node
}

func lookup(node *yaml.Node, key string) *yaml.Node {
	for i := 0; i+1 < len(node.Content) && node.Kind == yaml.MappingNode; i += 2 {
		if node.Content[i].Value == key {
			return node.Content[i+1]
		}
	}
	return nil
}

func (l *loader) complain(at *yaml.Node, severity diag.Severity, message, hint string) {
	l.problems = append(l.problems, l.text.At(at, severity, message, hint))
}

func (l *loader) config(f file, baseURL string) Config {
	c := Config{
		Title: or(f.Title, defaultTitle), Language: or(f.Language, defaultLanguage), TimeZone: or(f.TimeZone, defaultZone),
		Description: f.Description, Author: f.Author, Menus: f.Menus, Params: f.Params,
		Paginate: f.Paginate, HTML: f.Markdown.HTML, Highlight: f.Markdown.Highlight == nil || *f.Markdown.Highlight, Sales: f.Funnel.Sales, Currency: or(f.Currency, defaultCurrency), Sender: f.Sender,
	}
	if c.Paginate < 0 {
		l.complain(l.value("paginate"), diag.Error, "paginate must be a positive number", "")
	}
	if c.Paginate == 0 {
		c.Paginate = defaultPaginate
	}
	c.Related = defaultRelated
	if f.Related != nil {
		c.Related = *f.Related
	}
	c.Search = f.Search == nil || *f.Search
	c.Checks = l.checks(f.Check)
	if c.Related < 0 {
		l.complain(l.value("related"), diag.Error, "related is how many posts are named under a post: 0 or more", "")
		c.Related = 0
	}
	if len(c.Sales) == 0 {
		c.Sales = defaultSales()
	}
	for name, items := range c.Menus {
		for i, item := range items {
			items[i].Title = or(item.Title, item.Name)
			if item.URL == "" && items[i].Title == "" {
				l.complain(l.value("menus", name), diag.Error, fmt.Sprintf("an entry of the menu `%s` has neither title nor url", name), "write `- {title: About, url: /about/}`")
			}
		}
	}
	c.Organization = f.Organization
	c.Images = l.images(f)
	c.Theme = l.theme(&f.Theme)
	c.BaseURL = l.baseURL(f, baseURL)
	c.zone = l.zone(c.TimeZone)
	c.Permalinks = l.permalinks(&f.Permalinks)
	c.Taxonomies = l.taxonomies(f)
	c.Messages, c.Forms = f.Messages, l.forms(f)
	for i := range c.Forms {
		c.Forms[i].Language = c.Language
		c.Forms[i].Messages = c.Forms[i].Messages.Or(f.Messages)
	}
	c.Tracker = l.tracker(f)
	l.sales(c.Sales)
	c.Mail = Mail{f.Mail.PerDay}
	if c.Mail.PerDay == 0 {
		c.Mail.PerDay = defaultPerDay
	}
	if c.Mail.PerDay < 0 {
		l.complain(l.value("mail", "perDay"), diag.Error, "perDay must be a positive number", "")
	}
	l.mails(c)
	c.Webhooks = l.webhooks(f)
	c.text, c.root = l.text, l.root
	return c
}

func (l *loader) checks(written map[string]string) map[string]diag.Judgement {
	out := map[string]diag.Judgement{}
	for _, code := range slices.Sorted(maps.Keys(written)) {
		judgement, known := map[string]diag.Judgement{"off": diag.Off, "warning": diag.AsWarning, "error": diag.AsError}[written[code]]
		if !known {
			l.complain(l.value("check", code), diag.Error, fmt.Sprintf("a check is `off`, `warning` or `error`, not `%s`", written[code]), "")
		}
		if code == "consent" { // was a check once
			l.complain(l.value("check"), diag.Error, "that a form which sends mail asks for consent is the law's, and no check", "take `consent` out")
		} else if !slices.Contains(diag.Codes(), code) {
			l.complain(l.value("check"), diag.Error, fmt.Sprintf("there is no check `%s`", code), or(diag.DidYouMean(code, diag.Codes()), "`cardbowl help checks` lists them"))
		}
		out[code] = judgement
	}
	return out
}

// webhooks points at the key that a receiver's own check complains of.
func (l *loader) webhooks(f file) []webhook.Receiver {
	var out []webhook.Receiver
	for i, d := range f.Webhooks {
		at := func(key string) *yaml.Node { return l.value("webhooks", strconv.Itoa(i), key) }
		for _, p := range webhook.Check(d) {
			l.complain(at(p.Key), diag.Error, p.Message, p.Hint)
		}
		if _, twice := webhook.Find(out, d.URL); twice && d.URL != "" {
			l.complain(at("url"), diag.Error, fmt.Sprintf("two webhooks have the address `%s`", d.URL), "name all events in one of them")
		}
		out = append(out, d.Complete())
	}
	return out
}

// mails refuses forms that would send mail the law does not allow: nobody was
// asked, or it does not say whose it is.
func (l *loader) mails(c Config) {
	for _, f := range c.Forms {
		for _, m := range []struct {
			key  string
			asks bool
		}{{"confirm", f.Confirm}, {"deliver", f.Deliver != ""}} {
			if !m.asks {
				continue
			}
			at := l.value("forms", f.Name, m.key)
			if strings.TrimSpace(f.Consent) == "" {
				l.complain(at, diag.Error, fmt.Sprintf("the form `%s` sends mail, and asks for no consent", f.Name),
					"the law wants it, so no `check` switches this off: say in its `consent` what a visitor agrees to, such as `consent: \"Yes, write to me about marketing. I can unsubscribe at any time.\"`")
			}
			if !slices.ContainsFunc(f.Fields, func(x form.Field) bool { return x.Type == "email" }) {
				l.complain(at, diag.Error, fmt.Sprintf("the form `%s` sends mail, and asks for no address", f.Name), "add `{name: email, type: email, required: true}` to its fields")
			}
			if missing := c.Sender.missing(); missing != "" {
				l.complain(at, diag.Error, fmt.Sprintf("the form `%s` sends mail, and `sender` has no %s", f.Name, missing),
					"the law wants name, email and postal address: `sender: {name: Ann Writer, email: ann@example.com, address: \"1 Main Street, Toronto\"}`")
			}
		}
		if len(f.Notify) > 0 && c.Sender.Email == "" {
			l.complain(l.value("forms", f.Name, "notify"), diag.Error, fmt.Sprintf("the form `%s` tells of its cards by mail, and `sender` has no email", f.Name), "`sender: {name: Ann Writer, email: ann@example.com}` is what that mail comes from")
		}
	}
	if c.Sender.Email != "" {
		if _, err := mail.ParseAddress(c.Sender.Email); err != nil {
			l.complain(l.value("sender", "email"), diag.Error, fmt.Sprintf("`%s` is not a mail address", c.Sender.Email), "write it as ann@example.com")
		}
	}
}

// missing is the first thing the sender's mail may not lack.
func (s Sender) missing() string {
	switch {
	case s.Name == "":
		return "name"
	case s.Email == "":
		return "email"
	case s.Address == "":
		return "address"
	}
	return ""
}

func (l *loader) baseURL(f file, given string) string {
	raw := or(given, or(f.BaseURL, defaultBaseURL))
	parsed, err := url.Parse(raw)
	if err != nil || parsed.Host == "" || parsed.Scheme != "http" && parsed.Scheme != "https" || parsed.RawQuery != "" || parsed.Fragment != "" {
		if given != "" {
			l.problems = append(l.problems, diag.Diagnostic{Message: fmt.Sprintf("base URL `%s` is not an absolute web address", given), Hint: "write it as https://example.com/"})
		} else {
			l.complain(l.value("baseURL"), diag.Error, fmt.Sprintf("baseURL `%s` is not an absolute web address", raw), "write it as https://example.com/")
		}
		return defaultBaseURL
	}
	if given == "" && f.BaseURL == "" {
		l.complain(l.root, diag.Warning, "baseURL is missing; canonical addresses will say "+defaultBaseURL, "add `baseURL: https://example.com/`")
	}
	return strings.TrimSuffix(raw, "/") + "/"
}

func (l *loader) zone(name string) *time.Location {
	zone, err := time.LoadLocation(name)
	if err != nil || name == "Local" { // Local would make a site depend on the machine
		l.complain(l.value("timeZone"), diag.Error, fmt.Sprintf("unknown time zone `%s`", name), "use a name such as America/Toronto or Europe/Berlin")
		return time.UTC
	}
	return zone
}

// permalinks accepts patterns by section, and Hugo's group of these for pages.
func (l *loader) permalinks(node *yaml.Node) map[string]string {
	out := map[string]string{}
	if node.Kind == 0 || node.Tag == "!!null" {
		return out
	}
	if node.Kind != yaml.MappingNode {
		l.complain(node, diag.Error, "permalinks holds one pattern for each section", "write `permalinks: {posts: /:year/:month/:slug/}`")
		return out
	}
	for i := 0; i+1 < len(node.Content); i += 2 {
		key, value := node.Content[i], node.Content[i+1]
		switch {
		case value.Kind == yaml.ScalarNode:
			out[or(strings.Trim(key.Value, "/"), "/")] = value.Value
		case value.Kind == yaml.MappingNode && key.Value == "page":
			maps.Copy(out, l.permalinks(value))
		default:
			l.complain(key, diag.Error, fmt.Sprintf("permalinks of `%s` cannot be read", key.Value), "a pattern belongs to a section of pages; lists say their address themselves, as `url` in their _index.md")
		}
	}
	return out
}

// taxonomies accepts a list of names, or Hugo's map of singular to plural.
func (l *loader) taxonomies(f file) []string {
	node := &f.Taxonomies
	var names []string
	switch node.Kind {
	case 0:
		names = defaultTaxonomies()
	case yaml.SequenceNode:
		for _, child := range node.Content {
			names = append(names, child.Value)
		}
	case yaml.MappingNode:
		for i := 1; i < len(node.Content); i += 2 {
			names = append(names, node.Content[i].Value)
		}
	default:
		l.complain(node, diag.Error, "taxonomies is a list of front-matter keys", "write `taxonomies: [tags, categories]`")
	}
	for i := range names {
		names[i] = strings.ToLower(names[i]) // as keys of front matter are compared
	}
	slices.Sort(names)
	return slices.Compact(names)
}

func (l *loader) forms(f file) []form.Definition {
	node := &f.Forms
	if node.Kind == 0 {
		return defaultForms(language.Of(or(f.Language, defaultLanguage)))
	}
	if node.Kind == yaml.ScalarNode && node.Tag == "!!null" {
		return nil
	}
	if node.Kind != yaml.MappingNode {
		l.complain(node, diag.Error, "forms holds one group of keys per form", "write the form's name, a colon, and its keys indented below")
		return nil
	}
	var out []form.Definition
	for i := 0; i+1 < len(node.Content); i += 2 {
		key, value := node.Content[i], node.Content[i+1]
		var d form.Definition
		problems := fill(l.text, value, &d)
		l.problems = append(l.problems, problems...)
		d.Name = key.Value
		for i := range d.Fields {
			if d.Fields[i].Type == "" {
				d.Fields[i].Type = "text"
			}
		}
		if !problems.HasErrors() {
			l.checkForm(key, value, d)
		}
		out = append(out, d)
	}
	return out
}

// checkForm points at the field that a form's own check complains of.
func (l *loader) checkForm(key, value *yaml.Node, d form.Definition) {
	for _, p := range form.Check(d) {
		at := key
		if p.Field >= 0 {
			if fields := lookup(value, "fields"); fields != nil && p.Field < len(fields.Content) {
				at = fields.Content[p.Field]
			}
		} else if node := lookup(value, p.Key); node != nil {
			at = node
		}
		if p.Field >= 0 {
			if node := lookup(at, p.Key); node != nil {
				at = node
			}
		}
		l.complain(at, diag.Error, fmt.Sprintf("form `%s`: %s", d.Name, p.Message), p.Hint)
	}
}

func (l *loader) tracker(f file) Tracker {
	t := Tracker{URL: strings.TrimSuffix(f.Tracker.URL, "/"), Guard: f.Tracker.Guard == nil || *f.Tracker.Guard, Policy: f.Tracker.Policy}
	if strings.ContainsFunc(t.Policy, func(r rune) bool { return r < ' ' || r > '~' }) {
		l.complain(l.value("tracker", "contentSecurityPolicy"), diag.Error, "a policy goes into one line of an HTTP header, so it may hold plain characters only", "in YAML, `>-` joins several lines into one")
	}
	if t.URL != "" {
		parsed, err := url.Parse(t.URL)
		if err != nil || parsed.Host == "" || parsed.Path != "" || parsed.Scheme != "http" && parsed.Scheme != "https" {
			l.complain(l.value("tracker", "url"), diag.Error, fmt.Sprintf("tracker address `%s` is not an origin", t.URL), "write it as https://tracker.example.com, without a path")
		}
	}
	for _, r := range []struct {
		key   string
		given *int
		into  *int
		days  int
	}{{"unconfirmed", f.Tracker.Retention.Unconfirmed, &t.Retention.Unconfirmed, defaultUnconfirmed},
		{"quarantined", f.Tracker.Retention.Quarantined, &t.Retention.Quarantined, defaultQuarantined},
		{"leads", f.Tracker.Retention.Leads, &t.Retention.Leads, defaultLeads}} {
		*r.into = r.days
		if r.given != nil {
			*r.into = *r.given
		}
		if *r.into < 0 {
			l.complain(l.value("tracker", "retention", r.key), diag.Error, fmt.Sprintf("`%s` is a number of days: 0, which is for ever, or more", r.key), "")
		}
	}
	for _, cidr := range f.Tracker.TrustedProxies {
		prefix, err := netip.ParsePrefix(cidr)
		if err != nil {
			l.complain(l.value("tracker", "trustedProxies"), diag.Error, fmt.Sprintf("`%s` is not a network", cidr), "write it as 10.0.0.0/8 or 2001:db8::/32")
			continue
		}
		t.TrustedProxies = append(t.TrustedProxies, prefix)
	}
	return t
}

// sales stages share a namespace with the funnel's own steps and with `lost`.
func (l *loader) sales(stages []string) {
	taken := []string{"page_view", "form_view", "form_start", "form_submit", "lead_confirmed", "lost"}
	for _, stage := range stages {
		if stage == "" || slices.Contains(taken, stage) {
			l.complain(l.value("funnel", "sales"), diag.Error, fmt.Sprintf("`%s` cannot be the name of a sales stage, or is given twice", stage), "")
		}
		taken = append(taken, stage)
	}
}

func or(value, otherwise string) string {
	if value == "" {
		return otherwise
	}
	return value
}
