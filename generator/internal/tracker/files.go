package tracker

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net/http"
	"net/url"
	"os"
	"path"
	"regexp"
	"strconv"
	"strings"
	"time"

	"github.com/klauspost/compress/gzhttp"
)

// Files serves a built site from a folder: index.html for a folder, the site's
// own 404 page, former addresses of the manifest as permanent redirects. It
// shows no listing, no file whose name begins with a dot, and nothing outside
// the folder, links included. A site that lives below a path (baseURL
// https://example.com/blog/) is served below it.
//
// The folder has to be there; what is in it may change at any time.
func (t *Tracker) Files(folder string) (http.Handler, error) {
	root, err := os.OpenRoot(folder)
	if err != nil {
		return nil, fmt.Errorf("serve the site: %w", err)
	}
	return &files{t, root}, nil
}

type files struct {
	tracker *Tracker
	root    *os.Root
}

func (f *files) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	s := f.tracker.site.Load()
	h := w.Header()
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("Referrer-Policy", "strict-origin-when-cross-origin")
	h.Set("Cross-Origin-Opener-Policy", "same-origin")
	h.Set("Permissions-Policy", "camera=(), microphone=(), geolocation=(), browsing-topics=()")
	h.Set("Content-Security-Policy", f.tracker.sitePolicy())
	if r.Method != http.MethodGet && r.Method != http.MethodHead {
		h.Set("Allow", "GET, HEAD")
		http.Error(w, s.words.Say("This page can only be read."), http.StatusMethodNotAllowed)
		return
	}
	if page, moved := s.index.Moved(r.URL.Path); moved {
		f.redirect(w, r, page.Path, http.StatusMovedPermanently)
		return
	}
	inside, ok := strings.CutPrefix(r.URL.Path, s.base.Path)
	if !ok {
		if r.URL.Path == "/" || r.URL.Path+"/" == s.base.Path {
			f.redirect(w, r, s.base.Path, http.StatusFound)
			return
		}
		f.missing(w, r)
		return
	}
	f.serve(w, r, inside)
}

// serve answers with the file for a path below the site's own.
func (f *files) serve(w http.ResponseWriter, r *http.Request, inside string) {
	name := strings.TrimSuffix(inside, "/")
	if name == "" {
		name = "."
	} else if !fs.ValidPath(name) || strings.ContainsAny(name, "\\\x00") || hidden(name) {
		f.missing(w, r)
		return
	}
	info, err := f.root.Stat(name)
	slash := strings.HasSuffix(r.URL.Path, "/")
	switch {
	case err != nil:
		f.failed(w, r, err)
		return
	case info.IsDir():
		index := path.Join(name, "index.html")
		if info, err = f.root.Stat(index); err != nil {
			f.failed(w, r, err)
			return
		}
		if !slash {
			f.redirect(w, r, r.URL.Path+"/", http.StatusMovedPermanently)
			return
		}
		name = index
	case slash:
		f.missing(w, r) // a file is no folder
		return
	case path.Base(name) == "index.html":
		f.redirect(w, r, strings.TrimSuffix(r.URL.Path, "index.html"), http.StatusMovedPermanently)
		return
	}
	if !info.Mode().IsRegular() {
		f.missing(w, r)
		return
	}
	file, encoding, err := f.open(name, r)
	if err != nil {
		f.failed(w, r, err)
		return
	}
	defer file.Close()
	if info, err = file.Stat(); err != nil || !info.Mode().IsRegular() {
		f.failed(w, r, err)
		return
	}
	h := w.Header()
	h.Set("Content-Type", contentType(name))
	h.Set("Cache-Control", cacheControl(name))
	h.Set("Vary", "Accept-Encoding")
	if path.Ext(name) == ".svg" {
		// A picture may hold scripts; opened by itself it shall not run them.
		h.Set("Content-Security-Policy", "default-src 'none'; style-src 'unsafe-inline'; img-src data:; sandbox")
	}
	tag := fmt.Sprintf(`"%x-%x"`, info.ModTime().UnixNano(), info.Size())
	if encoding != "" {
		h.Set("Content-Encoding", encoding)
	} else if r.Header.Get("Range") == "" && gzhttp.DefaultContentTypeFilter(contentType(name)) && accepts(r.Header.Get("Accept-Encoding"), "gzip") {
		tag = "W/" + tag // one tag for both forms
		h.Set("ETag", tag)
		gzhttp.GzipHandler(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			http.ServeContent(w, r, "", info.ModTime(), file)
		})).ServeHTTP(w, r)
		return
	}
	h.Set("ETag", tag)
	http.ServeContent(w, r, "", info.ModTime(), file)
}

// encodings are how a file may be sent, the smallest first, with the ending of
// the twin that a build put beside it.
func encodings() [2]struct{ name, ending string } {
	return [2]struct{ name, ending string }{{"br", ".br"}, {"gzip", ".gz"}}
}

// open opens the smallest form of a file that the browser reads. A twin older
// than its file by more than a build takes belongs to another build and is left
// alone.
func (f *files) open(name string, r *http.Request) (file *os.File, encoding string, err error) {
	file, err = f.root.Open(name)
	if err != nil || r.Header.Get("Range") != "" {
		return file, "", err
	}
	accepted := r.Header.Get("Accept-Encoding")
	for _, e := range encodings() {
		if !accepts(accepted, e.name) {
			continue
		}
		twin, err := f.root.Open(name + e.ending)
		if err != nil {
			continue
		}
		if sameBuild(file, twin) {
			file.Close()
			return twin, e.name, nil
		}
		twin.Close()
	}
	return file, "", nil
}

const longestBuild = 10 * time.Minute

func sameBuild(file, twin *os.File) bool {
	a, err := file.Stat()
	if err != nil {
		return false
	}
	b, err := twin.Stat()
	return err == nil && b.Mode().IsRegular() && a.ModTime().Sub(b.ModTime()) < longestBuild
}

// accepts tells whether an Accept-Encoding header admits an encoding (RFC 9110,
// section 12.5.3).
func accepts(header, encoding string) bool {
	any := false
	for part := range strings.SplitSeq(header, ",") {
		name, parameter, _ := strings.Cut(strings.TrimSpace(part), ";")
		key, value, _ := strings.Cut(strings.TrimSpace(parameter), "=")
		wanted := true
		if strings.EqualFold(strings.TrimSpace(key), "q") {
			weight, err := strconv.ParseFloat(strings.TrimSpace(value), 64)
			wanted = err == nil && weight > 0
		}
		switch name = strings.TrimSpace(name); {
		case strings.EqualFold(name, encoding):
			return wanted
		case name == "*":
			any = wanted
		}
	}
	return any
}

// hidden tells whether any part of a name begins with a dot. /.well-known/ is
// the one such name that is meant to be read.
func hidden(name string) bool {
	for part := range strings.SplitSeq(name, "/") {
		if strings.HasPrefix(part, ".") && part != ".well-known" {
			return true
		}
	}
	return false
}

func (f *files) failed(w http.ResponseWriter, r *http.Request, err error) {
	if err == nil || errors.Is(err, fs.ErrNotExist) || errors.Is(err, fs.ErrPermission) || errors.Is(err, fs.ErrInvalid) {
		f.missing(w, r)
		return
	}
	var pathError *fs.PathError
	if errors.As(err, &pathError) {
		// Among these: a link that leads outside, a name that is too long.
		f.missing(w, r)
		return
	}
	f.tracker.logger.Error("cannot serve a file", "error", err)
	http.Error(w, f.tracker.site.Load().words.Say("Something went wrong here. Please try again."), http.StatusInternalServerError)
}

// missing answers with the site's own page for that, if it has one.
func (f *files) missing(w http.ResponseWriter, r *http.Request) {
	h := w.Header()
	h.Set("Cache-Control", "no-cache")
	file, err := f.root.Open("404.html")
	if err != nil {
		http.Error(w, f.tracker.site.Load().words.Say("There is no page at this address."), http.StatusNotFound)
		return
	}
	defer file.Close()
	h.Set("Content-Type", "text/html; charset=utf-8")
	w.WriteHeader(http.StatusNotFound)
	if r.Method != http.MethodHead {
		_, _ = io.Copy(w, file)
	}
}

// redirect sends the browser to another path of this origin, with its query.
func (f *files) redirect(w http.ResponseWriter, r *http.Request, to string, status int) {
	// Doubled slashes in front would read as another host.
	u := url.URL{Path: "/" + strings.TrimLeft(to, "/"), RawQuery: r.URL.RawQuery}
	if plain, err := url.PathUnescape(to); err == nil && plain != to {
		u.Path = "/" + strings.TrimLeft(plain, "/")
	}
	w.Header().Set("Cache-Control", "no-cache")
	w.Header().Set("Location", u.String())
	w.WriteHeader(status)
}

// fingerprinted are files whose name changes with what they hold.
var fingerprinted = regexp.MustCompile(`(^|/)assets/(.*/)?[^/]+\.[0-9a-f]{8}\.[A-Za-z0-9]+$`)

func cacheControl(name string) string {
	switch path.Ext(name) {
	case ".html", ".xml", ".json", ".txt", ".webmanifest":
		return "no-cache" // kept, but asked for each time
	}
	if fingerprinted.MatchString(name) {
		return "public, max-age=31536000, immutable"
	}
	return "public, max-age=3600"
}

// contentType names what a file holds, the same on every machine.
func contentType(name string) string {
	switch strings.ToLower(path.Ext(name)) {
	case ".html", ".htm":
		return "text/html; charset=utf-8"
	case ".css":
		return "text/css; charset=utf-8"
	case ".js", ".mjs":
		return "text/javascript; charset=utf-8"
	case ".json", ".map":
		return "application/json"
	case ".webmanifest":
		return "application/manifest+json"
	case ".xml":
		return "application/xml; charset=utf-8"
	case ".txt", ".md":
		return "text/plain; charset=utf-8"
	case ".csv":
		return "text/csv; charset=utf-8"
	case ".svg":
		return "image/svg+xml"
	case ".png":
		return "image/png"
	case ".jpg", ".jpeg":
		return "image/jpeg"
	case ".gif":
		return "image/gif"
	case ".webp":
		return "image/webp"
	case ".avif":
		return "image/avif"
	case ".ico":
		return "image/x-icon"
	case ".woff2":
		return "font/woff2"
	case ".woff":
		return "font/woff"
	case ".ttf":
		return "font/ttf"
	case ".otf":
		return "font/otf"
	case ".pdf":
		return "application/pdf"
	case ".zip":
		return "application/zip"
	case ".mp3":
		return "audio/mpeg"
	case ".mp4":
		return "video/mp4"
	case ".webm":
		return "video/webm"
	case ".wasm":
		return "application/wasm"
	}
	return "application/octet-stream"
}
