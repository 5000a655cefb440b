package report

import (
	"strings"
	"testing"
	"time"

	"cardbowl/generator/internal/funnel"
	"cardbowl/generator/internal/manifest"
)

func TestWhatNext(t *testing.T) {
	post := func(path string, visitors, sent int, steps ...int) Post {
		p := Post{Path: path, Kind: "post", Title: path, Figures: Figures{Visitors: visitors, Converters: sent, Steps: Steps{
			{funnel.FormView, steps[0]}, {funnel.FormStart, steps[1]}, {funnel.FormSubmit, steps[2]}}}}
		p.rated()
		return p
	}
	m := manifest.Manifest{Pages: []manifest.Page{{Path: "/a/", Forms: []string{"f"}}, {Path: "/b/", Forms: []string{"f"}}, {Path: "/c/", Forms: []string{"f"}}, {Path: "/d/"}, {Path: "/e/"}, {Path: "/x/", Forms: []string{"f"}}}}
	now := time.Date(2026, 11, 22, 0, 0, 0, 0, time.UTC)
	r := Report{Posts: []Post{
		post("/a/", 2000, 40, 1000, 200, 100),
		post("/b/", 1500, 1, 400, 8, 1),    // 2 % start; elsewhere some 20 %
		post("/c/", 200, 30, 200, 50, 40),  // 15 % of few
		post("/d/", 120, 0, 0, 0, 0),       // no form
		post("/e/", 99, 0, 0, 0, 0),        // no form, too few readers to say so
		post("/x/", 1000, 20, 100, 20, 12), // as everywhere
	}, Total: Total{Visitors: 4900, Converters: 91}}
	got := WhatNext(m, r, []Lead{{Cards: []Card{{At: now.AddDate(0, 0, -9)}}}, {Cards: []Card{{At: now}}}}, now, time.UTC)
	var paths []string
	for _, a := range got {
		paths = append(paths, a.Path)
		if a.Evidence == "" {
			t.Errorf("%q has no evidence", a.Text)
		}
	}
	said := strings.Join(paths, ",")
	if got[0].Text != "Answer 1 lead" || !strings.Contains(said, "/d/") || !strings.Contains(said, "/b/") || !strings.Contains(said, "/c/") || strings.Contains(said, "/e/") || strings.Contains(said, "/a/") {
		t.Errorf("%+v", got)
	}
	if quiet := WhatNext(m, Report{}, nil, now, time.UTC); len(quiet) != 0 {
		t.Errorf("without counts: %+v", quiet)
	}
}
