package tracker

import (
	"bytes"
	"encoding/json"
	"testing"

	"cardbowl/generator/internal/report"
)

func TestReportPage(t *testing.T) {
	b := begin(t, func(s *setup) { s.options.OpenReport = true })
	b.post("newsletter", card("ana@example.com"))
	page := b.send("GET", "/_/report/", "", "")
	b.want("status", page.status, 200)
	b.contains(page.body, "<b>1</b> submissions", "Post &lt;A&gt;", `src="/_/report/live.js"`, `<select name="by">`, "“Post &lt;A&gt;” brought 1 submission;")
	b.contains(page.header.Get("Content-Security-Policy"), "script-src 'self'")
	script := b.send("GET", "/_/report/live.js", "", "")
	b.want("the script", script.status, 200)
	b.contains(script.header.Get("Content-Type"), "text/javascript")
	b.contains(b.send("GET", "/_/report/?sort=visitors&q=post+b", "", "").body, `aria-sort="descending"`, "1 line with “post b”", `value="post b"`)
	wrong := b.send("GET", "/_/report/?since=2026-03-01&until=2026-01-01", "", "")
	b.want("days that cannot be", wrong.status, 400)
	b.contains(wrong.body, "</html>", "is after until")
	b.contains(page.header.Get("Content-Security-Policy"), report.StyleSource())
	b.want("without slash", b.send("GET", "/_/report", "", "").header.Get("Location"), "/_/report/")
	b.want("another period", b.send("GET", "/_/report/?since=all", "", "").status, 200)
	b.want("bad period", b.send("GET", "/_/report/?since=x", "", "").status, 400)
	b.want("by form", b.send("GET", "/_/report/?by=form&attribution=first_post", "", "").status, 200)
	b.want("by nothing known", b.send("GET", "/_/report/?by=moon", "", "").status, 400)
	b.want("through a proxy", b.send("GET", "/_/report/", "", "", "X-Forwarded-For", "203.0.113.1").status, 403)
	b.want("by a rebound name", b.send("GET", "/_/report/", "", "", "Host", "rebound.example").status, 403)
}

func TestReportIsClosed(t *testing.T) {
	b := begin(t, nil)
	page := b.send("GET", "/_/report/", "", "")
	b.want("status", page.status, 403)
	b.contains(page.body, "CARDBOWL_PASSWORD", "cardbowl report")
	b.want("API", b.send("GET", "/_/api/v1/report", "", "").status, 403)
	b.want("API with an empty token", b.send("GET", "/_/api/v1/report", "", "", "Authorization", "Bearer ").status, 403)
}

func TestPasswordAndToken(t *testing.T) {
	b := begin(t, func(s *setup) { s.options.Password, s.options.Token, s.options.OpenReport = "right", "token", true })
	b.post("newsletter", card("ana@example.com"))
	basic := func(password string) string {
		r := b.send("GET", "/_/report/", "", "", "Authorization", "Basic "+password)
		if r.status == 401 && r.header.Get("WWW-Authenticate") == "" {
			t.Error("the browser is not asked")
		}
		return map[int]string{200: "in", 401: "out"}[r.status]
	}
	b.want("right", basic("YW5uOnJpZ2h0"), "in")  // ann:right
	b.want("wrong", basic("YW5uOndyb25n"), "out") // ann:wrong
	b.want("empty", basic("YW5uOg=="), "out")     // ann:
	b.want("none", b.send("GET", "/_/report/", "", "").status, 401)
	for header, status := range map[string]int{"Bearer token": 200, "bearer token": 200, "Bearer wrong": 401, "token": 401, "Basic token": 401, "": 401} {
		b.want(header, b.send("GET", "/_/api/v1/report", "", "", "Authorization", header).status, status)
	}
	// The API says what the command says.
	made, err := b.tracker.Report(t.Context(), ReportQuery{})
	if err != nil {
		t.Fatal(err)
	}
	var want bytes.Buffer
	if err := report.WriteJSON(&want, made); err != nil {
		t.Fatal(err)
	}
	got := b.send("GET", "/_/api/v1/report", "", "", "Authorization", "Bearer token")
	b.want("type", got.header.Get("Content-Type"), "application/json")
	b.want("body", got.body, want.String())
	var shape map[string]any
	if err := json.Unmarshal([]byte(got.body), &shape); err != nil {
		t.Fatal(err)
	}
	for _, key := range []string{"since", "until", "attribution", "funnel", "posts", "other"} {
		if _, ok := shape[key]; !ok {
			t.Error("missing", key)
		}
	}
}
