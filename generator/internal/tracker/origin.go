package tracker

import (
	"net/http"
	"net/url"
	"strings"
	"sync"
	"unicode"
	"unicode/utf8"

	"cardbowl/generator/internal/funnel"
)

// maxOrigin is how many bytes of each word about an origin are kept.
const maxOrigin = 100

// maxOrigins bounds how many sources and campaigns of a day are told apart,
// since both are only what an address says.
const maxOrigins = 500

// overflow is what one too many is counted as.
const overflow = "other"

// origins remembers the names of a day, so that no stranger can make rows
// without end. The zero value is ready.
type origins struct {
	mutex sync.Mutex
	day   string
	names map[string]bool
}

// bounded is the name, or overflow for one too many of that day.
func (o *origins) bounded(day, kind, name string) string {
	if name == "" || name == funnel.Direct {
		return name
	}
	o.mutex.Lock()
	defer o.mutex.Unlock()
	if o.day != day {
		o.day, o.names = day, map[string]bool{}
	}
	key := kind + " " + name
	if o.names[key] {
		return name
	}
	if len(o.names) >= maxOrigins {
		return overflow
	}
	o.names[key] = true
	return name
}

// originOf is where the reader of a page came from: by the page's own query, and
// by the page that linked to it where that is not one of the site's hosts.
func originOf(referrer, query string, hosts ...string) funnel.Origin {
	values, _ := url.ParseQuery(strings.TrimPrefix(query, "?")) // what could be read of it
	first := func(names ...string) string {
		for _, name := range names {
			if word := originWord(values.Get(name)); word != "" {
				return word
			}
		}
		return ""
	}
	o := funnel.Origin{
		Source: strings.ToLower(first("utm_source", "source", "ref")), Medium: strings.ToLower(first("utm_medium")),
		Campaign: strings.ToLower(first("utm_campaign", "campaign")), Term: first("utm_term"), Content: first("utm_content"),
		Referrer: referrerHost(referrer, hosts),
	}
	if o.Medium == "" && first("gclid", "msclkid", "ttclid", "li_fat_id", "twclid") != "" {
		o.Medium = "paid"
	}
	if o.Source == "" {
		o.Source = o.Referrer
	}
	if o.Source == "" {
		o.Source = funnel.Direct
	}
	return o
}

// referrerHost is the host of another site, as one would name that site.
func referrerHost(referrer string, hosts []string) string {
	u, err := url.Parse(referrer)
	if err != nil || u.Host == "" || u.Scheme != "http" && u.Scheme != "https" && u.Scheme != "android-app" {
		return ""
	}
	for _, own := range hosts {
		if own != "" && (strings.EqualFold(u.Host, own) || strings.EqualFold(siteName(u.Hostname()), siteName(own))) {
			return ""
		}
	}
	return originWord(siteName(u.Hostname()))
}

// siteName is a host without what tells apart only the doors of one site.
func siteName(host string) string {
	host = strings.ToLower(host)
	for _, door := range []string{"www.", "m.", "l.", "lm.", "out.", "old."} {
		if rest, ok := strings.CutPrefix(host, door); ok && strings.Contains(rest, ".") {
			return rest
		}
	}
	if host == "t.co" {
		return "x.com"
	}
	return host
}

// originWord is a word as a stranger wrote it, made fit to be kept: printable,
// on one line, and short.
func originWord(text string) string {
	text = strings.Map(func(r rune) rune {
		switch {
		case r == utf8.RuneError:
			return -1
		case unicode.IsSpace(r):
			return ' '
		case !unicode.IsPrint(r):
			return -1
		}
		return r
	}, text)
	text = strings.Join(strings.Fields(text), " ")
	if len(text) > maxOrigin {
		text = strings.ToValidUTF8(text[:maxOrigin], "")
	}
	return text
}

// origin is where the reader of one of the site's pages came from.
func (t *Tracker) origin(s *site, r *http.Request, day, referrer, query string) funnel.Origin {
	o := originOf(referrer, query, s.base.Host, r.Host)
	o.Source = t.origins.bounded(day, "source", o.Source)
	o.Campaign = t.origins.bounded(day, "campaign", o.Campaign)
	return o
}
