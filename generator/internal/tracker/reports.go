package tracker

import (
	"bytes"
	"context"
	"crypto/sha256"
	"crypto/subtle"
	"errors"
	"fmt"
	"net/http"

	"cardbowl/generator/internal/funnel"
	"cardbowl/generator/internal/report"
)

// ReportQuery asks for a report in the words of the command line and the API.
type ReportQuery struct {
	Since, Until, By, Attribution string
}

// ErrQuery is wrapped by errors that are the asker's, not ours.
var ErrQuery = errors.New("unclear question")

// Report makes a report of what has been counted until now. Besides errors of
// the store it returns ErrQuery or report.ErrUnknown.
func (t *Tracker) Report(ctx context.Context, q ReportQuery) (report.Report, error) {
	in, err := t.counted(ctx, q)
	if err != nil {
		return report.Report{}, err
	}
	return report.Build(in)
}

// counted is what a report is made of.
func (t *Tracker) counted(ctx context.Context, q ReportQuery) (report.Input, error) {
	s := t.site.Load()
	period, err := report.ParsePeriod(q.Since, q.Until, t.now().In(s.zone))
	if err != nil {
		return report.Input{}, fmt.Errorf("%w: %w", ErrQuery, err)
	}
	needs, err := report.Needs(q.By, funnel.Attribution(q.Attribution))
	if err != nil {
		return report.Input{}, err
	}
	counts, err := t.store.Counts(ctx, period.Since, period.Until)
	if err != nil {
		return report.Input{}, err
	}
	waits, err := t.waits(ctx, counts.Since, counts.Until)
	if err != nil {
		return report.Input{}, err
	}
	in := report.Input{Manifest: s.manifest, Waits: waits, Counts: counts, By: q.By, Attribution: funnel.Attribution(q.Attribution)}
	// Only cards credited in the same way can be compared.
	if earlier, ok := period.Before(); ok && (q.Attribution == "" || q.Attribution == string(funnel.ConvertedOn)) {
		before, err := t.store.Counts(ctx, earlier.Since, earlier.Until)
		if err != nil {
			return report.Input{}, err
		}
		in.Before = &before
	}
	for _, n := range needs {
		b, err := t.store.Breakdown(ctx, n.Dimension, n.Post, counts.Since, counts.Until)
		if err != nil {
			return report.Input{}, err
		}
		in.Breakdowns = append(in.Breakdowns, b)
	}
	return in, nil
}

// waits is how long it took those who became clients between two days.
func (t *Tracker) waits(ctx context.Context, since, until string) (out []report.Waited, err error) {
	steps := funnel.Steps(t.site.Load().manifest.Sales)
	if last := steps[len(steps)-1]; funnel.SideOf(last) == funnel.SalesSide {
		w := report.Waited{From: funnel.FormSubmit, To: last}
		if w.Times, err = t.store.Waits(ctx, string(last), since, until); err != nil {
			return nil, err
		}
		out = append(out, w)
	}
	return out, nil
}

// asked is the report of a request and the counts it was made of, or an answer
// that says why there is none: to a person a page.
func (t *Tracker) asked(w http.ResponseWriter, r *http.Request, person bool) (report.Report, funnel.Counts, bool) {
	v := r.URL.Query()
	in, err := t.counted(r.Context(), ReportQuery{v.Get("since"), v.Get("until"), v.Get("by"), v.Get("attribution")})
	var made report.Report
	if err == nil {
		made, err = report.Build(in)
	}
	unclear := errors.Is(err, ErrQuery) || errors.Is(err, report.ErrUnknown)
	switch {
	case err == nil:
		return made, in.Counts, true
	case unclear && person:
		t.refuse(w, r, t.site.Load(), http.StatusBadRequest, "No such report", "Of this nothing can be told: "+err.Error()+".")
	case unclear:
		sendProblem(w, http.StatusBadRequest, err.Error(), nil)
	case person:
		t.unreadable(w, r, err)
	default:
		t.logger.Error("no report", "error", err)
		sendProblem(w, http.StatusServiceUnavailable, "the counts cannot be read just now", nil)
	}
	return made, in.Counts, false
}

// sendReport is the API: the same JSON as the command's.
func (t *Tracker) sendReport(w http.ResponseWriter, r *http.Request) {
	made, _, ok := t.asked(w, r, false)
	if !ok {
		return
	}
	var b bytes.Buffer
	if err := report.WriteJSON(&b, made); err != nil {
		panic(err) // plain values into memory
	}
	w.Header().Set("Content-Type", "application/json")
	_, _ = w.Write(b.Bytes())
}

// refreshEvery is how many seconds the report page rests before it looks again.
const refreshEvery = 5

// fresh is for how many days after its last card the report says that a lead
// waits; the board says so of every lead. The page looks again every few seconds.
const fresh = 60

// showReport is the page for people.
func (t *Tracker) showReport(w http.ResponseWriter, r *http.Request) {
	made, _, ok := t.asked(w, r, true)
	if !ok {
		return
	}
	var next []report.Advice
	if made.By == "" {
		site := t.site.Load()
		now := t.now().In(site.zone)
		leads, err := t.open(r.Context(), t.desk(), now.AddDate(0, 0, -fresh))
		if err != nil {
			t.unreadable(w, r, err)
			return
		}
		next = report.WhatNext(site.manifest, made, leads, now, site.zone)
	}
	var b bytes.Buffer
	query := r.URL.Query()
	table := report.TableQueryOf(query)
	trends, err := t.trends(r.Context(), report.Shown(made, table), report.Lately(made.Since, made.Until, report.TrendOfTable), made.Until)
	if err != nil {
		t.unreadable(w, r, err)
		return
	}
	if err := report.WriteHTML(&b, made, report.HTMLOptions{Trends: trends, Next: next, Refresh: refreshEvery, Since: query.Get("since"), Table: table, Address: query}); err != nil {
		panic(err)
	}
	h := w.Header()
	h.Set("Content-Type", "text/html; charset=utf-8")
	h.Set("Content-Security-Policy", dashboardPolicy("script-src 'self'; connect-src 'self'; "))
	_, _ = w.Write(b.Bytes())
}

// trends are some posts day by day.
func (t *Tracker) trends(ctx context.Context, paths []string, since, until string) (report.Trends, error) {
	m := t.site.Load().manifest
	days, err := t.store.Trend(ctx, report.Addresses(m, paths), since, until)
	return report.TrendsOf(m, days, since, until), err
}

// sendScript answers with a script of the dashboard; it tells nothing, so it needs
// no password.
func sendScript(script []byte) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "text/javascript; charset=utf-8")
		w.Header().Set("Cache-Control", "no-cache")
		_, _ = w.Write(script)
	}
}

// same compares without telling by its duration how much was right.
func same(given string, wanted [sha256.Size]byte) bool {
	sum := sha256.Sum256([]byte(given))
	return subtle.ConstantTimeCompare(sum[:], wanted[:]) == 1
}
