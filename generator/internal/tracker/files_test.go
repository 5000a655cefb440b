package tracker

import (
	"bufio"
	"fmt"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestFiles(t *testing.T) {
	b := begin(t, func(s *setup) {
		s.public = map[string]string{
			"index.html": "home", "404.html": "no such page", "posts/a/index.html": "A", "posts/a/photo.jpg": "jpg", "posts/index.xml": "<rss/>",
			"assets/site.0a1b2c3d.css": "css", "assets/site.css": "css", "picture.svg": "<svg/>", ".secret": "secret", ".git/config": "secret", ".well-known/security.txt": "contact",
			"empty/inside.txt": "text", "a b/index.html": "blank", "posts/a.0a1b2c3d.html": "html", "über/index.html": "ü",
		}
	})
	for _, c := range []struct {
		path   string
		status int
		body   string
		header string // "Name: value"
	}{
		{"/", 200, "home", "Cache-Control: no-cache"},
		{"/posts/a/", 200, "A", "Content-Type: text/html; charset=utf-8"},
		{"/posts/a?x=1", 301, "", "Location: /posts/a/?x=1"},
		{"/posts/a/index.html", 301, "", "Location: /posts/a/"},
		{"/old/", 301, "", "Location: /posts/a/"},
		{"/old?x=1", 301, "", "Location: /posts/a/?x=1"},
		{"/posts/a/photo.jpg", 200, "jpg", "Cache-Control: public, max-age=3600"},
		{"/posts/a/photo.jpg/", 404, "no such page", ""},
		{"/posts/index.xml", 200, "<rss/>", "Cache-Control: no-cache"},
		{"/assets/site.0a1b2c3d.css", 200, "css", "Cache-Control: public, max-age=31536000, immutable"},
		{"/assets/site.css", 200, "css", "Cache-Control: public, max-age=3600"},
		{"/posts/a.0a1b2c3d.html", 200, "html", "Cache-Control: no-cache"},
		{"/picture.svg", 200, "<svg/>", "Content-Security-Policy: default-src 'none'; style-src 'unsafe-inline'; img-src data:; sandbox"},
		{"/a%20b/", 200, "blank", "X-Content-Type-Options: nosniff"},
		{"/%C3%BCber/", 200, "ü", ""},
		{"/%C3%BCber", 301, "", "Location: /%C3%BCber/"},
		{"/.well-known/security.txt", 200, "contact", ""},
		{"/empty/", 404, "no such page", "Cache-Control: no-cache"},
		{"/empty", 404, "no such page", ""},
		{"/nowhere", 404, "no such page", "Content-Type: text/html; charset=utf-8"},
		{"/.secret", 404, "no such page", ""}, {"/.git/config", 404, "no such page", ""}, {"/posts/../.secret", 307, "", "Location: /.secret"},
		{"/%2e%2e/%2e%2e/etc/passwd", 404, "no such page", ""}, {"/..%2f..%2fetc/passwd", 404, "no such page", ""}, {"/posts%5c..%5c.secret", 404, "no such page", ""},
		{"/index.html%00.txt", 404, "no such page", ""}, {"/" + strings.Repeat("x", 300), 404, "no such page", ""},
		{"/link/passwd", 404, "no such page", ""}, {"/outside", 404, "no such page", ""},
		{"/_/nowhere", 404, "", ""},
	} {
		t.Run(c.path, func(t *testing.T) {
			b.T = t
			status, header, body := b.raw(c.path)
			b.want("status", status, c.status)
			if c.body != "" {
				b.want("body", body, c.body)
			}
			if name, value, ok := strings.Cut(c.header, ": "); ok {
				b.want(name, header.Get(name), value)
			}
		})
	}
}

// raw asks for a path as it is written, which http.Client would tidy first.
func (b *bench) raw(path string) (int, http.Header, string) {
	b.Helper()
	c, err := net.Dial("tcp", b.server.Listener.Addr().String())
	if err != nil {
		b.Fatal(err)
	}
	defer c.Close()
	fmt.Fprintf(c, "GET %s HTTP/1.1\r\nHost: blog.example\r\nUser-Agent: %s\r\nConnection: close\r\n\r\n", path, browser)
	response, err := http.ReadResponse(bufio.NewReader(c), nil)
	if err != nil {
		b.Fatal(err)
	}
	defer response.Body.Close()
	var text strings.Builder
	if _, err := bufio.NewReader(response.Body).WriteTo(&text); err != nil {
		b.Fatal(err)
	}
	return response.StatusCode, response.Header, text.String()
}

func TestFilesMethodsAndRanges(t *testing.T) {
	b := begin(t, func(s *setup) { s.public = map[string]string{"index.html": "0123456789"} })
	b.want("HEAD", b.send("HEAD", "/", "", "").header.Get("Content-Length"), "10")
	b.want("POST", b.send("POST", "/", urlencoded, "a=1").status, 405)
	b.want("range", b.send("GET", "/", "", "", "Range", "bytes=2-4").body, "234")
	b.want("without 404 page", b.send("GET", "/nowhere", "", "").status, 404)
}

func TestFilesStaysInside(t *testing.T) {
	folder, outside := t.TempDir(), t.TempDir()
	if err := os.WriteFile(filepath.Join(outside, "secret.html"), []byte("secret"), 0o644); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink(outside, filepath.Join(folder, "link")); err != nil {
		t.Skip("no symbolic links here:", err)
	}
	b := begin(t, nil)
	pages, err := b.tracker.Files(folder)
	if err != nil {
		t.Fatal(err)
	}
	b.server.Config.Handler = b.tracker.Handler(pages)
	b.want("link", b.send("GET", "/link/secret.html", "", "").status, 404)
	if _, err := b.tracker.Files(filepath.Join(folder, "nowhere")); err == nil {
		t.Error("a folder that is not there was taken")
	}
}
