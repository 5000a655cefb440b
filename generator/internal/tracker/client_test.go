package tracker

import (
	"net/http/httptest"
	"net/netip"
	"testing"
)

func TestClientAddress(t *testing.T) {
	trusted := []netip.Prefix{netip.MustParsePrefix("10.0.0.0/8"), netip.MustParsePrefix("2001:db8:1::/48")}
	for _, c := range []struct {
		name, peer string
		forwarded  []string
		want       string
	}{
		{"direct", "203.0.113.9:4711", nil, "203.0.113.9"},
		{"a header from a stranger is not believed", "203.0.113.9:4711", []string{"198.51.100.1"}, "203.0.113.9"},
		{"one proxy", "10.0.0.1:4711", []string{"198.51.100.1"}, "198.51.100.1"},
		{"what the client claims stands to the left", "10.0.0.1:4711", []string{"1.1.1.1, 198.51.100.1"}, "198.51.100.1"},
		{"two proxies", "10.0.0.1:4711", []string{"1.1.1.1, 198.51.100.1, 10.0.0.2"}, "198.51.100.1"},
		{"two headers", "10.0.0.1:4711", []string{"1.1.1.1", "198.51.100.1,10.0.0.2"}, "198.51.100.1"},
		{"all trusted", "10.0.0.1:4711", []string{"10.0.0.3, 10.0.0.2"}, "10.0.0.3"},
		{"nothing said", "10.0.0.1:4711", nil, "10.0.0.1"},
		{"nonsense ends the belief", "10.0.0.1:4711", []string{"198.51.100.1, unknown, 10.0.0.2"}, "10.0.0.2"},
		{"with port", "10.0.0.1:4711", []string{"198.51.100.1:1234"}, "198.51.100.1"},
		{"version 6", "[2001:db8:1::1]:4711", []string{"[2001:db8:2::9]:55"}, "2001:db8:2::9"},
		{"version 6 in brackets", "[2001:db8:1::1]:4711", []string{"[2001:db8:2::9]"}, "2001:db8:2::9"},
		{"version 4 written as 6", "[::ffff:10.0.0.1]:4711", []string{"::ffff:198.51.100.1"}, "198.51.100.1"},
		{"no address", "@", nil, "invalid IP"},
	} {
		t.Run(c.name, func(t *testing.T) {
			r := httptest.NewRequest("GET", "/", nil)
			r.RemoteAddr = c.peer
			for _, h := range c.forwarded {
				r.Header.Add("X-Forwarded-For", h)
			}
			if got := clientAddress(r, trusted).String(); got != c.want {
				t.Errorf("got %s, want %s", got, c.want)
			}
		})
	}
}

func TestIsRobot(t *testing.T) {
	for agent, want := range map[string]bool{
		"": true, browser: false,
		"Mozilla/5.0 (iPhone; CPU iPhone OS 19_1 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/19.1 Mobile/15E148 Safari/604.1":    false,
		"Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/142.0.0.0 Safari/537.36 Edg/142.0.0.0":              false,
		"Mozilla/5.0 (Linux; Android 14; CUBOT X90) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/142.0.0.0 Mobile Safari/537.36":                    false,
		"Mozilla/5.0 (Linux; Android 15; SM-S938B) AppleWebKit/537.36 (KHTML, like Gecko) SamsungBrowser/29.0 Chrome/136.0.0.0 Mobile Safari/537.36": false,
		"Mozilla/5.0 (compatible; Googlebot/2.1; +http://www.google.com/bot.html)":                                                                   true,
		"Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) HeadlessChrome/142.0.0.0 Safari/537.36":                              true,
		"curl/8.14.1": true, "Go-http-client/1.1": true, "python-requests/2.32": true, "facebookexternalhit/1.1": true, "Feedly/1.0": true, "Wget/1.25": true, "node-fetch/3": true,
	} {
		r := httptest.NewRequest("GET", "/", nil)
		r.Header.Set("User-Agent", agent)
		if got := isRobot(r); got != want {
			t.Errorf("%q: %v", agent, got)
		}
	}
}

func TestIsOwnPage(t *testing.T) {
	for _, c := range []struct {
		header, value string
		want          bool
	}{
		{"Sec-Fetch-Site", "same-origin", true}, {"Sec-Fetch-Site", "same-site", false}, {"Sec-Fetch-Site", "none", false},
		{"Origin", "https://example.com", true}, {"Origin", "https://EXAMPLE.com", true}, {"Origin", "https://other.example", false}, {"Origin", "null", false},
		{"Referer", "https://example.com/posts/", true}, {"Referer", "https://other.example/example.com", false}, {"Referer", "", false},
	} {
		r := httptest.NewRequest("POST", "/_/e", nil) // asks example.com
		r.Header.Set(c.header, c.value)
		if got := isOwnPage(r); got != c.want {
			t.Errorf("%s: %s: %v", c.header, c.value, got)
		}
	}
}

func TestIsLocal(t *testing.T) {
	for _, c := range []struct {
		peer, host, forwarded string
		want                  bool
	}{
		{"127.0.0.1:1", "localhost:1313", "", true}, {"127.0.0.1:1", "127.0.0.1:1313", "", true}, {"[::1]:1", "[::1]:1313", "", true}, {"[::1]:1", "[::1]", "", true},
		{"127.0.0.1:1", "rebound.example:1313", "", false}, {"203.0.113.1:1", "localhost", "", false}, {"127.0.0.1:1", "localhost", "203.0.113.1", false},
		{"127.0.0.1:1", "127.0.0.1.evil.example", "", false}, {"127.0.0.1:1", "", "", false},
	} {
		r := httptest.NewRequest("GET", "/", nil)
		r.RemoteAddr, r.Host = c.peer, c.host
		if c.forwarded != "" {
			r.Header.Set("X-Forwarded-For", c.forwarded)
		}
		if got := isLocal(r); got != c.want {
			t.Errorf("%+v: %v", c, got)
		}
	}
}
