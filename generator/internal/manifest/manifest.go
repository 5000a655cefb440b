package manifest

import (
	"cardbowl/generator/internal/form"
	"cardbowl/generator/internal/language"
	"cardbowl/generator/internal/letter"
	"cardbowl/generator/internal/webhook"
)

// Manifest describes one build of a site.
type Manifest struct {
	Version   int                `json:"version"` // of this file's shape; see Current
	Title     string             `json:"title"`
	BaseURL   string             `json:"base_url"` // absolute, with a final slash
	Language  string             `json:"language"`
	TimeZone  string             `json:"time_zone"` // IANA name; it rules every day the tracker counts
	Sales     []string           `json:"sales"`     // the stages after the line, first to last
	Currency  string             `json:"currency,omitempty"`
	Pages     []Page             `json:"pages"` // by path
	Forms     []form.Definition  `json:"forms"` // in the order of site.yaml
	Frame     Frame              `json:"frame"`
	Messages  language.Messages  `json:"messages,omitzero"`
	Mail      Mail               `json:"mail,omitzero"`
	Webhooks  []webhook.Receiver `json:"webhooks,omitempty"` // in the order of site.yaml
	Retention Retention          `json:"retention,omitzero"`
}

// Retention is for how many days people are kept. 0: until somebody erases them.
type Retention struct {
	Unconfirmed int `json:"unconfirmed"` // who was asked to confirm the address and did not
	Quarantined int `json:"quarantined"` // cards in the trap
	Leads       int `json:"leads"`       // everybody, after the last that was heard of the person
}

// Mail is what the tracker needs to write mails.
type Mail struct {
	Sender  letter.Sender     `json:"sender"`
	Letters map[string]string `json:"letters"` // templates by name, see room letter
	Frame   string            `json:"frame"`   // what HTML letters stand in
	PerDay  int               `json:"per_day"` // how many mails may ask for a confirmation in 24 hours
}

// Current is the Version this program writes and the newest it reads.
const Current = 1

// Page is one address that can be read or carry a form.
type Page struct {
	Path     string   `json:"path"` // URL path as the visitor's browser shows it: leading slash, no index.html
	Kind     string   `json:"kind"` // post, page, home or list
	Title    string   `json:"title"`
	Date     string   `json:"date,omitempty"` // YYYY-MM-DD in the site's zone; empty when the page has none
	Tags     []string `json:"tags,omitempty"`
	Authors  []string `json:"authors,omitempty"`
	Section  string   `json:"section,omitempty"`
	Aliases  []string `json:"aliases,omitempty"` // former URL paths, normalised like Path
	Forms    []string `json:"forms,omitempty"`   // names of the forms placed on it
	Revision string   `json:"revision"`          // digest of what the page says, 16 hex digits
}

// Frame is a page of the site's theme with a hole in it, so that the tracker's
// own answers (thank-you, mistakes) look like the site. HTML holds each of the
// two markers once or more, the title also as the heading of the page: what
// takes the content's place has none of its own.
type Frame struct {
	HTML string `json:"html"`
}

// The markers inside Frame.HTML: the title is to be replaced by escaped text,
// the content by HTML.
const (
	FrameTitle   = "cardbowl-frame-title"
	FrameContent = "cardbowl-frame-content"
)
