package tracker

import (
	"fmt"
	"html"
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"time"

	"cardbowl/generator/internal/language"
	"cardbowl/generator/internal/manifest"
)

var placementName = regexp.MustCompile(`^[a-z][a-z0-9_-]{0,31}$`)

// site is one manifest and what follows from it. It does not change.
type site struct {
	manifest manifest.Manifest
	index    *manifest.Index
	zone     *time.Location
	base     *url.URL // of the site; its path ends with a slash
	origin   string   // scheme and host of base, as a browser's Origin header has it; empty when unknown
	frame    string   // with root-relative addresses
	abroad   string   // the same with addresses on the site's origin, for a tracker that stands elsewhere
	words    language.Words
	known    bool
}

// plainFrame is for a site whose manifest has no frame.
const plainFrame = `<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1"><title>` +
	manifest.FrameTitle + `</title></head><body><main><h1>` + manifest.FrameTitle + `</h1>` + manifest.FrameContent + `</main></body></html>
`

func unknownSite() *site {
	return &site{index: manifest.NewIndex(manifest.Manifest{}), zone: time.UTC, base: &url.URL{Path: "/"}, frame: plainFrame, abroad: plainFrame}
}

// newSite is the site of a manifest. last is the one before it.
func newSite(m manifest.Manifest, last *site) (*site, error) {
	s := unknownSite()
	s.manifest, s.index, s.known = m, last.index.Next(m), true
	s.words = language.Of(m.Language).With(m.Messages)
	if m.TimeZone != "" {
		zone, err := time.LoadLocation(m.TimeZone)
		if err != nil {
			return nil, fmt.Errorf("the time zone of the site: %w", err)
		}
		s.zone = zone
	}
	if m.BaseURL != "" {
		base, err := url.Parse(m.BaseURL)
		if err != nil {
			return nil, fmt.Errorf("the address of the site: %w", err)
		}
		s.base = base
		if base.Host != "" {
			s.origin = strings.ToLower(base.Scheme + "://" + base.Host)
		}
		if !strings.HasSuffix(base.Path, "/") {
			s.base = base.JoinPath("/")
		}
	}
	if strings.Contains(m.Frame.HTML, manifest.FrameContent) {
		s.frame = m.Frame.HTML
		s.abroad = absolute(s.frame, s.origin)
	}
	return s, nil
}

// rootRelative finds the addresses of a frame that begin at the root. The frame
// is the theme's own markup, so attributes are quoted and nothing is hidden.
var rootRelative = regexp.MustCompile(`((?:href|src|action)=")/([^/])`)

func absolute(frame, origin string) string {
	if origin == "" {
		return frame
	}
	frame = strings.ReplaceAll(frame, `href="/"`, `href="`+origin+`/"`)
	return rootRelative.ReplaceAllString(frame, "${1}"+strings.ReplaceAll(origin, "$", "$$")+"/${2}")
}

// isAbroad tells whether the request came to another origin than the site's.
func (t *Tracker) isAbroad(s *site, r *http.Request) bool {
	return !t.serving.Load() && s.origin != "" && !strings.EqualFold(s.base.Host, r.Host)
}

// framed is a page of the site's theme around some content.
func (t *Tracker) framed(s *site, r *http.Request, title, content string) string {
	frame := s.frame
	if t.isAbroad(s, r) {
		frame = s.abroad
	}
	return strings.NewReplacer(manifest.FrameTitle, html.EscapeString(title), manifest.FrameContent, content).Replace(frame)
}

// address is where a page of the site is found from here: its path when the
// site is on this origin, else with the site's origin in front.
func (t *Tracker) address(s *site, r *http.Request, path string) string {
	escaped := (&url.URL{Path: path}).EscapedPath()
	if plain, err := url.PathUnescape(path); err == nil && plain != path {
		escaped = path // the manifest has it escaped already
	}
	if t.isAbroad(s, r) {
		return s.origin + escaped
	}
	return escaped
}
