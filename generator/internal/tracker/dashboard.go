package tracker

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"cardbowl/generator/internal/form"
	"cardbowl/generator/internal/funnel"
	"cardbowl/generator/internal/outbox"
	"cardbowl/generator/internal/report"
	"cardbowl/generator/internal/store"
)

// deep is how many people of a stage, or of a post, a page looks at, the newest of
// them; however many there are, it takes no longer.
const deep = 200

// page is a page of people, and the lead that the next one follows, if any.
func (t *Tracker) page(ctx context.Context, q store.LeadQuery) (leads []report.Lead, after string, err error) {
	p, err := t.store.Leads(ctx, q)
	if err == nil && p.More {
		after = p.IDs[len(p.IDs)-1]
	}
	return report.Leads(p.Cards, p.People, p.Progress), after, err
}

// open are leads who were not won or lost and sent a card since a moment, of each
// stage the newest.
func (t *Tracker) open(ctx context.Context, d report.Desk, since time.Time) (all []report.Lead, err error) {
	for _, stage := range d.Open() {
		some, _, err := t.page(ctx, store.LeadQuery{Stage: &stage, Limit: deep})
		if err != nil {
			return nil, err
		}
		for _, l := range some {
			if !l.Cards[len(l.Cards)-1].At.Before(since) {
				all = append(all, l)
			}
		}
	}
	return all, nil
}

func (t *Tracker) desk() report.Desk {
	s := t.site.Load()
	return report.Desk{Manifest: s.manifest, Now: t.now(), Zone: s.zone}
}

// lead finds a lead by its id.
func (t *Tracker) lead(ctx context.Context, id string) (l report.Lead, known bool, err error) {
	p, err := t.store.Leads(ctx, store.LeadQuery{IDs: []string{id}})
	if err != nil {
		return l, false, err
	}
	if all := report.Leads(p.Cards, p.People, p.Progress); len(all) > 0 {
		return all[0], true, nil
	}
	return l, false, nil
}

// dashboardPolicy is what a page of the dashboard may load: its own style, and what
// more says, in directives that end with "; ".
func dashboardPolicy(more string) string {
	return "default-src 'none'; " + more + "style-src " + report.StyleSource() + "; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
}

// sendDashboard answers with a page of the dashboard, which may load what more says.
func sendDashboard(w http.ResponseWriter, status int, page []byte, more string) {
	h := w.Header()
	h.Set("Content-Type", "text/html; charset=utf-8")
	h.Set("Content-Security-Policy", dashboardPolicy(more))
	w.WriteHeader(status)
	_, _ = w.Write(page)
}

func (t *Tracker) unreadable(w http.ResponseWriter, r *http.Request, err error) {
	t.logger.Error("leads cannot be read", "error", err)
	t.refuse(w, r, t.site.Load(), http.StatusServiceUnavailable, "Not just now", "The store cannot be read just now. Please try again in a moment.")
}

// showBoard is every stage with who is in it, or a page of one stage.
func (t *Tracker) showBoard(w http.ResponseWriter, r *http.Request) {
	d, v := t.desk(), r.URL.Query()
	in, err := t.store.Stages(r.Context())
	var columns []report.Column
	for _, stage := range d.Columns(in) {
		q := store.LeadQuery{Stage: &stage, Limit: deep}
		if v.Has("stage") {
			if stage != v.Get("stage") {
				continue
			}
			q.Limit, q.After = report.MostCards, v.Get("after")
		}
		c := report.Column{Stage: stage, Total: in[stage]}
		if err == nil && c.Total > 0 {
			c.Leads, c.After, err = t.page(r.Context(), q)
		}
		columns = append(columns, c)
	}
	switch {
	case errors.Is(err, store.ErrNoLead), len(columns) == 0:
		t.nothingHere(w, r)
		return
	case err != nil:
		t.unreadable(w, r, err)
		return
	}
	var b bytes.Buffer
	if err := report.WriteBoardHTML(&b, d, columns); err != nil {
		panic(err) // plain values into memory
	}
	sendDashboard(w, http.StatusOK, b.Bytes(), "script-src 'self'; ")
}

func (t *Tracker) showLead(w http.ResponseWriter, r *http.Request) {
	t.leadPage(w, r, report.Entered{}, nil, http.StatusOK)
}

func (t *Tracker) leadPage(w http.ResponseWriter, r *http.Request, entered report.Entered, wrong form.Errors, status int) {
	l, known, err := t.lead(r.Context(), r.PathValue("id"))
	switch {
	case err != nil:
		t.unreadable(w, r, err)
		return
	case !known:
		t.nothingHere(w, r)
		return
	}
	s := t.site.Load()
	kept, err := t.store.Dossier(r.Context(), l.ID)
	switch {
	case errors.Is(err, store.ErrNoLead): // erased just now
		t.nothingHere(w, r)
		return
	case err != nil:
		t.unreadable(w, r, err)
		return
	}
	d := report.Desk{Manifest: s.manifest, Leads: []report.Lead{l}, Now: t.now(), Zone: s.zone}
	var b bytes.Buffer
	if err := report.WriteLeadHTML(&b, d, l, messages(kept.Messages, s.zone), entered, inWords(wrong)); err != nil {
		panic(err)
	}
	sendDashboard(w, status, b.Bytes(), "")
}

// messages are those about a lead as its page tells of them. Of a receiver of
// webhooks only the host is shown: the rest of its address may be a secret.
func messages(all []store.Message, zone *time.Location) (out []report.Sent) {
	minute := func(at time.Time) string { return at.In(zone).Format("2 Jan 2006 15:04") }
	for _, m := range all {
		sent := report.Sent{At: m.CreatedAt, What: outbox.Words(m.Kind), To: m.To, Said: m.Said}
		if u, err := url.Parse(m.To); err == nil && u.Host != "" {
			sent.To = u.Host
		}
		switch m.State {
		case store.Sent:
			sent.State, sent.Said = "sent on "+minute(m.SettledAt), ""
		case store.Dropped:
			sent.State = "not sent: there was no reason for it any more"
		case store.Dead:
			sent.State = fmt.Sprintf("given up on %s, after attempt %d; cardbowl outbox retry %s sends it again", minute(m.SettledAt), m.Attempts, m.ID)
		case store.Waiting:
			sent.State = "waits until " + minute(m.DueAt)
			if m.Attempts > 0 {
				sent.State = fmt.Sprintf("waits for attempt %d, from %s on", m.Attempts+1, minute(m.DueAt))
			}
		}
		out = append(out, sent)
	}
	return out
}

// inWords is all that is wrong with an entry, in one sentence after another.
func inWords(wrong form.Errors) string {
	var all []string
	for _, name := range []string{"", "stage", "value", "note", "next_step", "next_day"} {
		all = append(all, wrong[name]...)
	}
	return strings.Join(all, " ")
}

// enterLead takes what somebody typed about a lead.
func (t *Tracker) enterLead(w http.ResponseWriter, r *http.Request) {
	r.Body = http.MaxBytesReader(w, r.Body, form.BodyLimit)
	if err := r.ParseForm(); err != nil {
		t.refuse(w, r, t.site.Load(), http.StatusBadRequest, "Unreadable form", "The form did not arrive whole. Please go back and send it again.")
		return
	}
	of := r.PostForm.Get
	entered := report.Entered{Stage: of("stage"), Value: strings.TrimSpace(of("value")), Note: strings.TrimSpace(of("note")), Next: strings.TrimSpace(of("next")), On: of("on")}
	wrong, err := t.enter(r.Context(), r.PathValue("id"), entered)
	switch {
	case errors.Is(err, store.ErrNoLead):
		t.nothingHere(w, r)
	case err != nil:
		t.logger.Error("an entry was not stored", "error", err)
		t.leadPage(w, r, entered, form.Errors{"": {"This could not be saved just now. It is still here: please send it again in a moment."}}, http.StatusServiceUnavailable)
	case len(wrong) > 0:
		t.leadPage(w, r, entered, wrong, http.StatusUnprocessableEntity)
	case of("back") == "board":
		http.Redirect(w, r, "/_/report/leads/", http.StatusSeeOther)
	default:
		http.Redirect(w, r, "/_/report/lead/"+url.PathEscape(r.PathValue("id")), http.StatusSeeOther)
	}
}

// enter stores what was said of a lead, unless something is wrong with it.
func (t *Tracker) enter(ctx context.Context, id string, e report.Entered) (form.Errors, error) {
	s := t.site.Load()
	var stages []string
	for _, step := range funnel.Steps(s.manifest.Sales) {
		if funnel.SideOf(step) == funnel.SalesSide {
			stages = append(stages, string(step))
		}
	}
	wrong := form.Errors{}
	entry := store.Entry{At: t.now().In(s.zone), Stage: e.Stage, Note: e.Note, Next: e.Next, NextDay: e.On, Orders: outbox.OnStage(s.manifest.Webhooks)}
	if e == (report.Entered{}) {
		wrong[""] = []string{"There is nothing to write down."}
	}
	if e.Stage != "" && e.Stage != string(funnel.Lost) && !slices.Contains(stages, e.Stage) {
		wrong["stage"] = []string{"There is no such stage; the stages are " + strings.Join(stages, ", ") + " and lost."}
	}
	if e.Value != "" {
		value, ok := report.ParseAmount(e.Value)
		if !ok {
			wrong["value"] = []string{"What it is worth is no amount, such as 4000 or 99.50."}
		}
		entry.Value = &value
	}
	if e.On != "" {
		if _, err := time.Parse(time.DateOnly, e.On); err != nil {
			wrong["next_day"] = []string{"The day is no day, such as 2026-12-01."}
		}
	}
	if len(wrong) > 0 {
		return wrong, nil
	}
	err := t.store.Enter(ctx, id, entry, stages)
	if err == nil && len(entry.Orders) > 0 {
		t.options.Wake()
	}
	return nil, err
}

// showPost is the page of one page of the site.
func (t *Tracker) showPost(w http.ResponseWriter, r *http.Request) {
	v, s := r.URL.Query(), t.site.Load()
	made, counts, ok := t.asked(w, r, true)
	if !ok {
		return
	}
	path := v.Get("path")
	if page, known := s.index.Page(path); known {
		path = page.Path
	}
	at := slices.IndexFunc(made.Posts, func(p report.Post) bool { return p.Path == path })
	if at < 0 {
		t.nothingHere(w, r)
		return
	}
	of := report.OfPost{Counts: counts}
	for _, by := range []struct {
		dimension funnel.Dimension
		into      *[]report.Group
	}{{funnel.BySource, &of.Sources}, {funnel.ByRevision, &of.Revisions}} {
		b, err := t.store.Parts(r.Context(), by.dimension, path, made.Since, made.Until)
		if err != nil {
			t.unreadable(w, r, err)
			return
		}
		*by.into = report.GroupsOf(b, s.manifest.Sales)
		of.Edited = report.EditDays(b, path) // of the last: revisions
	}
	trends, err := t.trends(r.Context(), []string{path}, report.Lately(made.Since, made.Until, report.TrendOfPost), made.Until)
	if err != nil {
		t.unreadable(w, r, err)
		return
	}
	of.Days = trends.Days[path]
	d := t.desk()
	for _, address := range report.Addresses(s.manifest, []string{path}) {
		some, _, err := t.page(r.Context(), store.LeadQuery{Post: &address, Limit: deep})
		if err != nil {
			t.unreadable(w, r, err)
			return
		}
		d.Leads = append(d.Leads, some...)
	}
	var b bytes.Buffer
	if err := report.WritePostHTML(&b, d, made, made.Posts[at], of); err != nil {
		panic(err)
	}
	sendDashboard(w, http.StatusOK, b.Bytes(), "")
}
