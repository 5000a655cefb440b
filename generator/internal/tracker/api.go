package tracker

import (
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"strconv"

	"cardbowl/generator/internal/form"
	"cardbowl/generator/internal/report"
	"cardbowl/generator/internal/store"
)

// How many leads one answer holds.
const (
	leadsUsually = 50
	leadsAtMost  = 500
)

// leadList is a page of leads, the newest first. Next is what to send as after
// for those that follow; null at the end.
type leadList struct {
	Leads []report.Lead `json:"leads"`
	Next  *string       `json:"next"`
}

// sendLeads is the API's list: limit and after page through it, stage (empty: in
// none yet) and post choose.
func (t *Tracker) sendLeads(w http.ResponseWriter, r *http.Request) {
	q := r.URL.Query()
	limit := leadsUsually
	if q.Has("limit") {
		n, err := strconv.Atoi(q.Get("limit"))
		if err != nil || n < 1 || n > leadsAtMost {
			sendProblem(w, http.StatusBadRequest, "limit is a number from 1 to "+strconv.Itoa(leadsAtMost), nil)
			return
		}
		limit = n
	}
	asked := store.LeadQuery{Limit: limit, After: q.Get("after")}
	if q.Has("stage") {
		asked.Stage = new(q.Get("stage"))
	}
	if q.Has("post") {
		asked.Post = new(q.Get("post"))
		if page, known := t.site.Load().index.Page(*asked.Post); known {
			asked.Post = &page.Path
		}
	}
	page, err := t.store.Leads(r.Context(), asked)
	switch {
	case errors.Is(err, store.ErrNoLead):
		sendProblem(w, http.StatusBadRequest, "after is the next of an earlier answer", nil)
		return
	case err != nil:
		t.unreadableProblem(w, err)
		return
	}
	list := leadList{Leads: report.Leads(page.Cards, page.People, page.Progress)}
	if page.More {
		list.Next = &page.IDs[len(page.IDs)-1]
	}
	sendJSON(w, http.StatusOK, list)
}

func (t *Tracker) unreadableProblem(w http.ResponseWriter, err error) {
	t.logger.Error("leads cannot be read", "error", err)
	sendProblem(w, http.StatusServiceUnavailable, "the leads cannot be read just now", nil)
}

// sendLead is one lead.
func (t *Tracker) sendLead(w http.ResponseWriter, r *http.Request) {
	l, known, err := t.lead(r.Context(), r.PathValue("id"))
	if err != nil {
		t.unreadableProblem(w, err)
		return
	}
	if !known {
		sendProblem(w, http.StatusNotFound, "there is no such lead", nil)
		return
	}
	sendJSON(w, http.StatusOK, l)
}

// takeEntry is what a program says of a lead, as JSON: {"stage", "value", "note",
// "next_step", "next_day"}, of which needed must be there.
func (t *Tracker) takeEntry(needed string) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		var said struct {
			Stage    string      `json:"stage"`
			Value    json.Number `json:"value"`
			Note     string      `json:"note"`
			NextStep string      `json:"next_step"`
			NextDay  string      `json:"next_day"`
		}
		d := json.NewDecoder(http.MaxBytesReader(w, r.Body, form.BodyLimit))
		d.DisallowUnknownFields()
		err := d.Decode(&said)
		if _, end := d.Token(); err != nil || !errors.Is(end, io.EOF) {
			sendProblem(w, http.StatusBadRequest, `send one JSON object with stage, value, note, next_step, next_day`, nil)
			return
		}
		if needed == "stage" && said.Stage == "" || needed == "note" && said.Note == "" {
			sendProblem(w, http.StatusUnprocessableEntity, "the entry has no "+needed, form.Errors{needed: {"is needed"}})
			return
		}
		wrong, err := t.enter(r.Context(), r.PathValue("id"), report.Entered{Stage: said.Stage, Value: said.Value.String(), Note: said.Note, Next: said.NextStep, On: said.NextDay})
		switch {
		case errors.Is(err, store.ErrNoLead):
			sendProblem(w, http.StatusNotFound, "there is no such lead", nil)
		case err != nil:
			t.logger.Error("an entry was not stored", "error", err)
			w.Header().Set("Retry-After", retryAfter)
			sendProblem(w, http.StatusServiceUnavailable, "the entry could not be stored", nil)
		case len(wrong) > 0:
			sendProblem(w, http.StatusUnprocessableEntity, "something about the entry needs another look", wrong)
		default:
			t.sendLead(w, r)
		}
	}
}
