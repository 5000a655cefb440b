package report

import (
	"bytes"
	"testing"

	"cardbowl/generator/internal/funnel"
)

// asked is the small site asked in another way, with breakdowns worked out by
// hand: of 23 cards, 12 came from a letter, and 20 of their senders had read
// something else first.
func asked(by string, attribution funnel.Attribution) Input {
	in := world()
	in.By, in.Attribution = by, attribution
	in.Manifest.Pages[0].Authors, in.Manifest.Pages[0].Section = []string{"Ann", "Ben"}, "posts"
	in.Manifest.Pages[1].Authors, in.Manifest.Pages[1].Section = []string{"Ann"}, "posts"
	in.Manifest.Pages[1].Tags = []string{"funnel", "history"}
	const a, b = "/posts/is-sales-marketing/", "/posts/the-board/"
	n := func(post, key string, s funnel.Step, count, visitors int) funnel.Part {
		return funnel.Part{Post: post, Key: key, Step: s, Count: count, Visitors: visitors}
	}
	in.Breakdowns = []funnel.Breakdown{
		{
			Dimension: funnel.BySource,
			Parts: []funnel.Part{
				n("*", "letter", funnel.PageView, 500, 300), n("*", "letter", funnel.FormSubmit, 12, 12), n("*", "letter", funnel.Conversion, 0, 11), n("*", "letter", "client", 1, 0),
				{Post: "*", Key: "letter", Step: funnel.Brought, Amount: 4000},
				n("*", "direct", funnel.PageView, 1484, 910), n("*", "direct", funnel.FormSubmit, 9, 9), n("*", "direct", funnel.Conversion, 0, 9),
				n("*", "", funnel.FormSubmit, 2, 1),
			},
			Leads: []funnel.KeyLeads{{Post: "*", Key: "letter", Leads: 11}, {Post: "*", Key: "direct", Leads: 9}, {Post: "*", Leads: 2}},
		},
		{
			Dimension: funnel.ByCampaign,
			Parts:     []funnel.Part{n("*", "autumn", funnel.PageView, 400, 250), n("*", "autumn", funnel.FormSubmit, 10, 10), n("*", "autumn", funnel.Conversion, 0, 9)},
			Leads:     []funnel.KeyLeads{{Post: "*", Key: "autumn", Leads: 9}, {Post: "*", Leads: 13}},
		},
		{
			Dimension: funnel.ByForm,
			Parts:     []funnel.Part{n("*", "newsletter", funnel.FormView, 440, 350), n("*", "newsletter", funnel.FormSubmit, 23, 22), n("*", "newsletter", funnel.Conversion, 0, 20)},
			Leads:     []funnel.KeyLeads{{Post: "*", Key: "newsletter", Leads: 21}},
		},
		{
			Dimension: funnel.ByRevision,
			Parts: []funnel.Part{
				n(a, "r1", funnel.PageView, 400, 300), n(a, "r1", funnel.FormSubmit, 5, 5), n(a, "r1", funnel.Conversion, 0, 5),
				n(a, "r2", funnel.PageView, 200, 160), n(a, "r2", funnel.FormSubmit, 12, 12), n(a, "r2", funnel.Conversion, 0, 12),
				n(b, "r0", funnel.PageView, 41, 33),
			},
			Leads:     []funnel.KeyLeads{{Post: a, Key: "r2", Leads: 12}, {Post: a, Key: "r1", Leads: 5}},
			Revisions: []funnel.Revision{{Path: a, Digest: "r1", Title: "Is sales marketing?", Since: "2026-10-01"}, {Path: a, Digest: "r2", Title: "Is sales marketing? A question", Since: "2026-11-10"}},
		},
		{
			Dimension: funnel.ByFirstPost,
			Parts: []funnel.Part{
				n("*", a, funnel.FormSubmit, 3, 0), n("*", a, funnel.Conversion, 0, 3), n("*", "/old/", funnel.FormSubmit, 1, 0),
				n("*", b, funnel.FormSubmit, 17, 0), n("*", b, funnel.Conversion, 0, 16), n("*", b, "client", 1, 0), {Post: "*", Key: b, Step: funnel.Brought, Amount: 4000},
				n("*", "", funnel.FormSubmit, 2, 0),
			},
			Leads: []funnel.KeyLeads{{Post: "*", Key: a, Leads: 4}, {Post: "*", Key: b, Leads: 15}, {Post: "*", Leads: 2}},
		},
	}
	return in
}

func TestGroupsGolden(t *testing.T) {
	for name, in := range map[string]Input{
		"by-source": asked("source", ""), "by-campaign": asked("campaign", ""), "by-form": asked("form", ""), "by-tag": asked("tag", ""),
		"by-author": asked("author", ""), "by-section": asked("section", ""), "by-revision": asked("revision", ""),
		"first-post": asked("", funnel.FirstPost), "tag-first-post": asked("tag", funnel.FirstPost),
	} {
		t.Run(name, func(t *testing.T) {
			r := built(t, in)
			var b bytes.Buffer
			if err := WriteText(&b, r, TextOptions{Width: 100}); err != nil {
				t.Fatal(err)
			}
			b.WriteString("\n")
			if err := WriteCSV(&b, r); err != nil {
				t.Fatal(err)
			}
			golden(t, name+".txt", b.Bytes())
		})
	}
	var b bytes.Buffer
	if err := WriteJSON(&b, built(t, asked("source", ""))); err != nil {
		t.Fatal(err)
	}
	golden(t, "by-source.json", b.Bytes())
}

// Every breakdown that gives a card to one key alone adds up to the site.
func TestGroupsAddUp(t *testing.T) {
	for _, by := range []string{"source", "campaign", "form"} {
		r := built(t, asked(by, ""))
		sum := 0
		for _, g := range r.Groups {
			sum += g.Submissions
		}
		if sum != r.Total.Submissions {
			t.Errorf("by %s: %d of %d cards", by, sum, r.Total.Submissions)
		}
	}
	r := built(t, asked("", funnel.FirstPost))
	sum := r.Other.Submissions
	for _, p := range r.Posts {
		sum += p.Submissions
		if p.Steps.Of(funnel.FormSubmit) != p.Submissions {
			t.Errorf("%s: form_submit is not submissions", p.Path)
		}
	}
	if sum != r.Total.Submissions {
		t.Errorf("by first post: %d of %d cards", sum, r.Total.Submissions)
	}
}

// A revision is held against the one before it, marked as what it is: no
// experiment. 12 of 160 against 5 of 300; Newcombe by hand.
func TestEdit(t *testing.T) {
	r := built(t, asked("revision", ""))
	edits := 0
	for _, g := range r.Groups {
		if g.Edit == nil {
			continue
		}
		edits++
		e := g.Edit
		if g.Key != "/posts/is-sales-marketing/@r2" || e.Before != "/posts/is-sales-marketing/@r1" || e.Randomised {
			t.Errorf("%s against %s, randomised %v", g.Key, e.Before, e.Randomised)
		}
		if *e.Rate != 0.0167 || *e.Difference != 0.0583 || *e.Low != 0.02 || *e.High != 0.1107 || e.Verdict != Up {
			t.Errorf("%v %v %v %v %s", *e.Rate, *e.Difference, *e.Low, *e.High, e.Verdict)
		}
	}
	if edits != 1 {
		t.Errorf("%d edits", edits)
	}
}

// A page that is gone has no tags any more, and is not lost.
func TestGoneHasNoTag(t *testing.T) {
	r := built(t, asked("tag", ""))
	for _, g := range r.Groups {
		if g.Key == "" && g.Submissions == 1 && g.Posts > 0 {
			return
		}
	}
	t.Errorf("%+v", r.Groups)
}
