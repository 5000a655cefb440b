package tracker

import (
	"io"
	"net/http"
)

// Site counts a page_view for every page of the manifest that next serves to a
// reader: a GET that is answered with the page or with "you have it already",
// not by a robot, not ahead of a reader, not by a script. From now on the
// tracker takes pages of its own origin for served by it, and does not count
// their page_view events again.
func (t *Tracker) Site(next http.Handler) http.Handler {
	t.serving.Store(true)
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		s := t.site.Load()
		page, known := s.index.Page(r.URL.Path)
		if !known || r.Method != http.MethodGet || isPrefetch(r) || !isNavigation(r) || t.isIgnored(r) {
			next.ServeHTTP(w, r)
			return
		}
		seen := &statusWriter{ResponseWriter: w}
		next.ServeHTTP(seen, r)
		if seen.status == http.StatusOK || seen.status == http.StatusNotModified {
			t.viewed(s, r, page)
		}
	})
}

// statusWriter remembers the status of an answer.
type statusWriter struct {
	http.ResponseWriter
	status int
}

func (w *statusWriter) WriteHeader(status int) {
	if w.status == 0 && status >= 200 {
		w.status = status
	}
	w.ResponseWriter.WriteHeader(status)
}

func (w *statusWriter) Write(b []byte) (int, error) {
	w.sent()
	return w.ResponseWriter.Write(b)
}

// ReadFrom keeps the system's shortcut from a file to a connection.
func (w *statusWriter) ReadFrom(from io.Reader) (int64, error) {
	w.sent()
	return io.Copy(w.ResponseWriter, from)
}

// Flush serves pages that are sent piece by piece.
func (w *statusWriter) Flush() {
	w.sent()
	_ = http.NewResponseController(w.ResponseWriter).Flush()
}

func (w *statusWriter) sent() {
	if w.status == 0 {
		w.status = http.StatusOK
	}
}

// Unwrap is for http.ResponseController.
func (w *statusWriter) Unwrap() http.ResponseWriter { return w.ResponseWriter }
