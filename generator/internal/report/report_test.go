package report

import (
	"bytes"
	"errors"
	"flag"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"cardbowl/generator/internal/funnel"
	"cardbowl/generator/internal/manifest"

	"github.com/google/go-cmp/cmp"
)

var update = flag.Bool("update", false, "rewrite the golden files")

// world is a small site with a month of counts, worked out by hand.
func world() Input {
	post := func(path, title, date string, tags ...string) manifest.Page {
		return manifest.Page{Path: path, Kind: "post", Title: title, Date: date, Tags: tags, Revision: "r"}
	}
	moved := post("/posts/is-sales-marketing/", "Is sales marketing? A question of who is in the room", "2026-10-01", "funnel")
	moved.Aliases = []string{"/old/"}
	step := func(path string, s funnel.Step, n int) funnel.Tally {
		t := funnel.Tally{Post: path, Step: s, Count: n}
		if s != funnel.PageView {
			t.Form, t.Placement = "newsletter", "end"
		}
		return t
	}
	const a, b = "/posts/is-sales-marketing/", "/posts/the-board/"
	return Input{
		Manifest: manifest.Manifest{
			Title: "Small Fish", BaseURL: "https://example.com/", TimeZone: "America/Toronto", Currency: "CAD",
			Pages: []manifest.Page{
				moved, post(b, "The board: 1986", "2026-09-12"), post("/posts/quiet/", "Quiet post", "2026-11-01"),
				{Path: "/", Kind: "home", Title: "Home"}, {Path: "/about/", Kind: "page", Title: "About"}, {Path: "/tags/funnel/", Kind: "list", Title: "funnel"},
			},
		},
		Counts: funnel.Counts{
			Since: "2026-10-24", Until: "2026-11-22",
			Tallies: []funnel.Tally{
				step(a, funnel.PageView, 600), step("/old/", funnel.PageView, 100), step(a, funnel.FormView, 420), step(a, funnel.FormStart, 61),
				step(a, funnel.FormSubmit, 17), step("/old/", funnel.FormSubmit, 2), step(a, funnel.LeadConfirmed, 15), step(a, "call", 6), step(a, "client", 1),
				step(b, funnel.PageView, 41), step(b, funnel.FormView, 20), step(b, funnel.FormSubmit, 1),
				step("/posts/deleted/", funnel.PageView, 9), step("/posts/deleted/", funnel.FormSubmit, 1),
				step("/", funnel.PageView, 1234), step(funnel.Other, funnel.FormSubmit, 2),
			},
			Reach: []funnel.Reach{
				{Post: a, Step: funnel.PageView, Visitors: 460}, {Post: "/old/", Step: funnel.PageView, Visitors: 80},
				{Post: a, Step: funnel.Conversion, Visitors: 17}, {Post: "/old/", Step: funnel.Conversion, Visitors: 2},
				{Post: b, Step: funnel.PageView, Visitors: 33}, {Post: b, Step: funnel.Conversion, Visitors: 1},
				{Post: "/posts/deleted/", Step: funnel.PageView, Visitors: 8},
				{Post: "/", Step: funnel.PageView, Visitors: 900},
				{Post: funnel.SiteWide, Step: funnel.PageView, Visitors: 1210}, {Post: funnel.SiteWide, Step: funnel.FormView, Visitors: 350},
				{Post: funnel.SiteWide, Step: funnel.FormStart, Visitors: 55}, {Post: funnel.SiteWide, Step: funnel.FormSubmit, Visitors: 22},
				{Post: funnel.SiteWide, Step: funnel.Conversion, Visitors: 20},
			},
			Leads: []funnel.LeadCount{{Post: a, Leads: 16}, {Post: "/old/", Leads: 2}, {Post: b, Leads: 1}, {Post: "/posts/deleted/", Leads: 1}, {Post: funnel.Other, Leads: 2}},
			Days: []funnel.DayCount{
				{Day: "2026-10-24", Step: funnel.PageView, Count: 1000}, {Day: "2026-11-20", Step: funnel.PageView, Count: 984}, {Day: "2026-11-20", Step: funnel.FormSubmit, Count: 23},
			},
			Past: []funnel.PastPost{{Path: "/posts/deleted/", Title: "A post that was", Kind: "post", Date: "2025-01-01"}},
		},
		Waits: []Waited{{From: funnel.FormSubmit, To: "client", Times: []funnel.Wait{{Took: 15 * 24 * time.Hour, Count: 1}}}},
	}
}

func built(t *testing.T, in Input) Report {
	t.Helper()
	r, err := Build(in)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

func TestGolden(t *testing.T) {
	r := built(t, world())
	with := built(t, compared())
	empty := built(t, Input{Counts: funnel.Counts{Since: "2026-11-22", Until: "2026-11-22"}})
	for _, c := range []struct {
		name  string
		write func(*bytes.Buffer) error
	}{
		{"report.json", func(b *bytes.Buffer) error { return WriteJSON(b, r) }},
		{"report.csv", func(b *bytes.Buffer) error { return WriteCSV(b, r) }},
		{"report.html", func(b *bytes.Buffer) error { return WriteHTML(b, r, HTMLOptions{}) }},
		{"live.html", func(b *bytes.Buffer) error { return WriteHTML(b, r, HTMLOptions{Refresh: 5, Since: "7d"}) }},
		{"piped.txt", func(b *bytes.Buffer) error { return WriteText(b, r, TextOptions{}) }},
		{"80.txt", func(b *bytes.Buffer) error { return WriteText(b, r, TextOptions{Width: 80, Fancy: true}) }},
		{"120-colour.txt", func(b *bytes.Buffer) error {
			return WriteText(b, r, TextOptions{Width: 120, Fancy: true, Color: true})
		}},
		{"compared.json", func(b *bytes.Buffer) error { return WriteJSON(b, with) }},
		{"compared.csv", func(b *bytes.Buffer) error { return WriteCSV(b, with) }},
		{"compared.txt", func(b *bytes.Buffer) error { return WriteText(b, with, TextOptions{}) }},
		{"compared-80.txt", func(b *bytes.Buffer) error { return WriteText(b, with, TextOptions{Width: 80, Fancy: true}) }},
		{"compared-140-colour.txt", func(b *bytes.Buffer) error {
			return WriteText(b, with, TextOptions{Width: 140, Fancy: true, Color: true})
		}},
		{"empty.json", func(b *bytes.Buffer) error { return WriteJSON(b, empty) }},
		{"empty.txt", func(b *bytes.Buffer) error { return WriteText(b, empty, TextOptions{Width: 80}) }},
	} {
		t.Run(c.name, func(t *testing.T) {
			var b bytes.Buffer
			if err := c.write(&b); err != nil {
				t.Fatal(err)
			}
			golden(t, c.name, b.Bytes())
		})
	}
}

func golden(t *testing.T, name string, got []byte) {
	t.Helper()
	path := filepath.Join("testdata", name)
	if *update {
		if err := os.MkdirAll("testdata", 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, got, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), string(got)); diff != "" {
		t.Errorf("%s differs; -update rewrites it\n%s", name, diff)
	}
}

func TestPlainTextHasNoEscapes(t *testing.T) {
	in := world()
	in.Manifest.Title = "A \x1b[31mtitle\u202e"
	in.Manifest.Pages[0].Title = "bell \a and \x1b]0;x\a"
	var b bytes.Buffer
	if err := WriteText(&b, built(t, in), TextOptions{Width: 80}); err != nil {
		t.Fatal(err)
	}
	if strings.ContainsAny(b.String(), "\x1b\a\u202e") {
		t.Errorf("%q", b.String())
	}
}

func TestEightyColumns(t *testing.T) {
	in := world()
	for i := range in.Counts.Tallies {
		in.Counts.Tallies[i].Count *= 1000
	}
	for i := range in.Counts.Reach {
		in.Counts.Reach[i].Visitors *= 1000
	}
	var b bytes.Buffer
	if err := WriteText(&b, built(t, in), TextOptions{Width: 80, Fancy: true}); err != nil {
		t.Fatal(err)
	}
	for line := range strings.SplitSeq(b.String(), "\n") {
		if n := len([]rune(line)); n > 80 {
			t.Errorf("%d columns: %s", n, line)
		}
	}
}

// Every submission is somewhere: on a post, a post that is gone, or in other.
func TestNothingIsLostBetweenPosts(t *testing.T) {
	random := rand.New(rand.NewPCG(3, 5))
	paths := []string{"/posts/is-sales-marketing/", "/old/", "/posts/the-board/", "/posts/deleted/", "/", "/never/", funnel.Other, "/posts/the-board", "/posts/the-board/index.html"}
	for range 200 {
		in := world()
		in.Counts.Tallies = nil
		want := 0
		for range random.IntN(30) {
			n := random.IntN(50)
			want += n
			in.Counts.Tallies = append(in.Counts.Tallies, funnel.Tally{Post: paths[random.IntN(len(paths))], Form: "f", Step: funnel.FormSubmit, Count: n})
		}
		r := built(t, in)
		got := r.Other.Submissions
		for _, p := range r.Posts {
			got += p.Submissions
			if p.Steps.Of(funnel.FormSubmit) != p.Submissions {
				t.Fatalf("%s: form_submit is not submissions", p.Path)
			}
		}
		if got != want || r.Total.Submissions != want {
			t.Fatalf("got %d and %d, want %d", got, r.Total.Submissions, want)
		}
	}
}

func TestJSONRoundTrip(t *testing.T) {
	r := built(t, world())
	var b bytes.Buffer
	if err := WriteJSON(&b, r); err != nil {
		t.Fatal(err)
	}
	again, err := ReadJSON(bytes.NewReader(b.Bytes()))
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(r, again); diff != "" {
		t.Error(diff)
	}
}

func TestQuestions(t *testing.T) {
	for _, c := range []struct {
		by          string
		attribution funnel.Attribution
		want        error
	}{
		{"", "", nil}, {"post", "converted_on", nil}, {"revision", "assist", nil}, {"tag", "first_post", nil},
		{"moon", "", ErrUnknown}, {"", "moon", ErrUnknown}, {"value", "", ErrUnknown},
	} {
		in := world()
		in.By, in.Attribution = c.by, c.attribution
		if _, err := Build(in); !errors.Is(err, c.want) {
			t.Errorf("by %q, attribution %q: %v", c.by, c.attribution, err)
		}
	}
}

func TestParsePeriod(t *testing.T) {
	toronto, err := time.LoadLocation("America/Toronto")
	if err != nil {
		t.Skip("no time zones on this machine:", err)
	}
	now := time.Date(2026, 11, 23, 3, 0, 0, 0, time.UTC).In(toronto) // still the 22nd there
	for _, c := range []struct {
		since, until string
		want         Period
		wrong        string
	}{
		{"", "", Period{"2026-10-24", "2026-11-22"}, ""},
		{"30d", "", Period{"2026-10-24", "2026-11-22"}, ""},
		{"1d", "", Period{"2026-11-22", "2026-11-22"}, ""},
		{"7d", "2026-11-02", Period{"2026-10-27", "2026-11-02"}, ""}, // over the end of summer time
		{"all", "", Period{"", "2026-11-22"}, ""},
		{"2026-01-01", "2026-01-31", Period{"2026-01-01", "2026-01-31"}, ""},
		{"2026-01-31", "2026-01-31", Period{"2026-01-31", "2026-01-31"}, ""},
		{"2026-02-01", "2026-01-31", Period{}, "after"},
		{"0d", "", Period{}, "number of days"}, {"-3d", "", Period{}, "number of days"}, {"1e3d", "", Period{}, "number of days"},
		{"yesterday", "", Period{}, "neither"}, {"2026-13-01", "", Period{}, "neither"}, {"", "tomorrow", Period{}, "not a date"},
	} {
		got, err := ParsePeriod(c.since, c.until, now)
		switch {
		case c.wrong == "" && (err != nil || got != c.want):
			t.Errorf("%q, %q: %v, %v", c.since, c.until, got, err)
		case c.wrong != "" && (err == nil || !strings.Contains(err.Error(), c.wrong)):
			t.Errorf("%q, %q: %v", c.since, c.until, err)
		}
	}
}

func TestCSVIsInert(t *testing.T) {
	in := world()
	in.Manifest.Pages[0].Title = `=HYPERLINK("http://evil")`
	in.Manifest.Pages[1].Title = "@sum, with \"quotes\""
	var b bytes.Buffer
	if err := WriteCSV(&b, built(t, in)); err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{`"'=HYPERLINK(""http://evil"")"`, `"'@sum, with ""quotes"""`} {
		if !strings.Contains(b.String(), want) {
			t.Errorf("%s is not in %s", want, b.String())
		}
	}
}

func TestHTMLEscapes(t *testing.T) {
	in := world()
	in.Manifest.Title = `</title><script>alert(1)</script>`
	in.Manifest.Pages[0].Title = `<img src=x onerror=alert(1)>`
	var b bytes.Buffer
	if err := WriteHTML(&b, built(t, in), HTMLOptions{Refresh: 5}); err != nil {
		t.Fatal(err)
	}
	own := `<script type="module" src="/_/report/live.js" data-every="5"></script>`
	if s := strings.Replace(b.String(), own, "", 1); strings.Contains(s, "<script") || strings.Contains(s, "<img") {
		t.Error(s)
	}
	for _, outside := range []string{"http://", "https://", "url(", "@import", " style="} {
		if strings.Contains(b.String(), outside) {
			t.Errorf("the page needs something outside, or an inline style: %s", outside)
		}
	}
}
