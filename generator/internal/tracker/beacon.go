package tracker

import (
	"encoding/json"
	"io"
	"net/http"
	"time"

	"cardbowl/generator/internal/funnel"
	"cardbowl/generator/internal/manifest"
	"cardbowl/generator/internal/store"
)

const beaconLimit = 4 << 10 // bytes

// beacon is what a page tells of its reader.
type beacon struct {
	Type      string `json:"t"`
	Path      string `json:"p"`
	Form      string `json:"f"`
	Placement string `json:"l"`
	Referrer  string `json:"r"`
	Query     string `json:"q"`
}

func decodeBeacon(body []byte) (beacon, error) {
	var b beacon
	err := json.Unmarshal(body, &b)
	return b, err
}

// takeEvent counts one event. The body is JSON whatever it is called: a browser
// that is leaving a page can only send text. What is well formed and not to be
// counted (an unknown page, a robot, a view that was counted when the page was
// served) is answered like the rest.
func (t *Tracker) takeEvent(w http.ResponseWriter, r *http.Request) {
	s := t.site.Load()
	admitSite(w, r, s)
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, beaconLimit))
	if err != nil {
		sendProblem(w, http.StatusRequestEntityTooLarge, "an event has at most 4 KB", nil)
		return
	}
	b, err := decodeBeacon(body)
	if err != nil {
		sendProblem(w, http.StatusBadRequest, "an event is a JSON object", nil)
		return
	}
	if e, ok := t.event(s, r, b); ok {
		if err := t.store.Count(r.Context(), e); err != nil {
			t.logger.Error("event not stored", "error", err)
			w.Header().Set("Retry-After", retryAfter)
			sendProblem(w, http.StatusServiceUnavailable, "the event could not be stored", nil)
			return
		}
	}
	w.WriteHeader(http.StatusNoContent)
}

// event is what is to be counted of a beacon, if anything.
func (t *Tracker) event(s *site, r *http.Request, b beacon) (store.Event, bool) {
	page, known := s.index.Page(b.Path)
	if !known || isPrefetch(r) || t.isIgnored(r) {
		return store.Event{}, false
	}
	now := t.now().In(s.zone)
	e := eventOn(page, now, funnel.Step(b.Type))
	switch e.Step {
	case funnel.PageView:
		if t.serving.Load() && isOwnPage(r) {
			return store.Event{}, false
		}
		e.Origin = t.origin(s, r, now.Format(time.DateOnly), b.Referrer, b.Query)
	case funnel.FormView, funnel.FormStart:
		d, known := s.index.Form(b.Form)
		if !known {
			return store.Event{}, false
		}
		e.Form, e.Placement = d.Name, t.placement(b.Placement)
	default:
		return store.Event{}, false
	}
	e.Visitor = t.visitor(r, now)
	return e, true
}

// eventOn is a step of a reader of a page.
func eventOn(page manifest.Page, at time.Time, step funnel.Step) store.Event {
	return store.Event{At: at, Post: page.Path, Step: step, Revision: page.Revision, IsPost: page.Kind == "post"}
}

// isIgnored tells whether the request is a robot's. Without the guard robots are
// counted: a load test is one.
func (t *Tracker) isIgnored(r *http.Request) bool { return !t.options.GuardOff && isRobot(r) }

// viewed counts a page that was served. Serving does not wait for it.
func (t *Tracker) viewed(s *site, r *http.Request, page manifest.Page) {
	now := t.now().In(s.zone)
	e := eventOn(page, now, funnel.PageView)
	e.Visitor = t.visitor(r, now)
	e.Origin = t.origin(s, r, now.Format(time.DateOnly), r.Referer(), r.URL.RawQuery)
	if !t.store.CountSoon(e) {
		t.logger.Warn("a view was not counted: the store is busy or has stopped")
	}
}
