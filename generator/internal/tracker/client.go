package tracker

import (
	"net/http"
	"net/netip"
	"net/url"
	"slices"
	"strings"
)

// clientAddress is who asks. The address of the connection counts, unless it is
// a trusted proxy's: then the right-most address of X-Forwarded-For that is not a
// trusted proxy's itself, since everything left of it is only hearsay. It is used
// for the visitor's hash and then forgotten.
func clientAddress(r *http.Request, trusted []netip.Prefix) netip.Addr {
	peer := parseHop(r.RemoteAddr)
	isTrusted := func(a netip.Addr) bool {
		return slices.ContainsFunc(trusted, func(p netip.Prefix) bool { return p.Contains(a) })
	}
	if !peer.IsValid() || !isTrusted(peer) {
		return peer
	}
	hops := strings.Split(strings.Join(r.Header.Values("X-Forwarded-For"), ","), ",")
	for _, hop := range slices.Backward(hops) {
		a := parseHop(strings.TrimSpace(hop))
		if !a.IsValid() {
			break
		}
		peer = a
		if !isTrusted(a) {
			break
		}
	}
	return peer
}

// parseHop reads an address with or without port, brackets and zone.
func parseHop(text string) netip.Addr {
	if ap, err := netip.ParseAddrPort(text); err == nil {
		return ap.Addr().Unmap().WithZone("")
	}
	a, err := netip.ParseAddr(strings.Trim(text, "[]"))
	if err != nil {
		return netip.Addr{}
	}
	return a.Unmap().WithZone("")
}

// isPrefetch tells whether a browser asks ahead of its reader.
func isPrefetch(r *http.Request) bool {
	for _, name := range []string{"Sec-Purpose", "Purpose", "X-Purpose", "X-Moz"} {
		if v := strings.ToLower(r.Header.Get(name)); strings.Contains(v, "prefetch") || strings.Contains(v, "preview") || strings.Contains(v, "prerender") {
			return true
		}
	}
	return false
}

// isNavigation tells a page being opened from a script or a frame fetching it,
// where the browser says so.
func isNavigation(r *http.Request) bool {
	d := r.Header.Get("Sec-Fetch-Dest")
	return d == "" || d == "document"
}

// robotWords are what programs that are no readers have in their user agents,
// in lower case.
func robotWords() []string {
	return []string{
		"bot", "crawl", "spider", "slurp", "archiver", "scrap", "fetch", "monitor", "uptime", "pingdom", "checker", "checklink", "preview", "validator", "lighthouse",
		"headless", "phantomjs", "puppeteer", "playwright", "selenium", "webdriver",
		"curl/", "wget/", "httpie", "python", "java/", "okhttp", "go-http-client", "libwww", "lwp::", "ruby/", "php/", "guzzle", "axios", "node.js", "nodejs", "undici",
		"httpclient", "http_request", "winhttp", "aiohttp", "feed", "rss", "newsblur", "miniflux",
		"facebookexternalhit", "whatsapp", "telegram", "embedly", "mediapartners", "ia_archiver", "nutch", "zgrab", "masscan", "nmap", "nikto", "sqlmap",
	}
}

// isRobot tells whether the user agent is not a reader's browser.
func isRobot(r *http.Request) bool {
	agent := strings.ToLower(r.UserAgent())
	if agent == "" {
		return true
	}
	agent = strings.ReplaceAll(agent, "cubot", "") // a maker of telephones
	for _, word := range robotWords() {
		if strings.Contains(agent, word) {
			return true
		}
	}
	return false
}

// isOwnPage tells whether an event comes from a page of this very origin:
// Sec-Fetch-Site says so, or, from browsers and connections without it, Origin
// or else Referer names the host that was asked.
func isOwnPage(r *http.Request) bool {
	if where := r.Header.Get("Sec-Fetch-Site"); where != "" {
		return where == "same-origin"
	}
	from := r.Header.Get("Origin")
	if from == "" || from == "null" {
		from = r.Header.Get("Referer")
	}
	u, err := url.Parse(from)
	return err == nil && u.Host != "" && strings.EqualFold(u.Host, r.Host)
}
