package storetest

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"cardbowl/generator/internal/form"
	"cardbowl/generator/internal/funnel"
	"cardbowl/generator/internal/store"

	"github.com/google/go-cmp/cmp"
)

// Open returns an empty store that the suite closes, or the same one again: each
// call with the same name opens what an earlier call with it has left.
type Open func(t *testing.T, name string) store.Store

// Run puts a kind of store through the suite.
func Run(t *testing.T, open Open) {
	for _, c := range []struct {
		name string
		test func(*testing.T, Open)
	}{
		{"submission and its counts", testSubmission},
		{"a retry is the same submission", testRetry},
		{"the same again within a day folds", testFold},
		{"quarantined is kept and not counted", testQuarantine},
		{"unknown post", testOther},
		{"people are counted once", testLeads},
		{"visitors are counted once a day", testVisitors},
		{"posts day by day", testTrend},
		{"order within a day does not matter", testOrder},
		{"days are the site's", testDays},
		{"salts", testSalts},
		{"purge", testPurge},
		{"pages keep their names", testRemember},
		{"many at once", testConcurrent},
		{"reopened", testReopen},
		{"sales", testSales},
		{"journeys", testJourneys},
		{"outbox", testOutbox},
		{"receivers", testReceivers},
		{"limits of mail", testLimits},
		{"confirming", testConfirm},
		{"evidence of consent", testEvidence},
		{"those whose time is over", testRetention},
		{"a card finds the view before it", testViewBeforeCard},
		{"what is broken down adds up", testBreakdowns},
		{"text of every kind", testText},
		{"text that is none", testBrokenText},
		{"people page by page", testPages},
		{"somebody by address", testFind},
		{"people from elsewhere", testImport},
		{"closed", testClosed},
	} {
		t.Run(c.name, func(t *testing.T) { c.test(t, open) })
	}
}

// testSales takes leads through the stages and back: what counts is always what
// each has reached, for the post of its first card, on the day it happened.
func testSales(t *testing.T, open Open) {
	s := opened(t, open)
	stages := []string{"call", "meeting", "client"}
	submit(t, s, submission("ana@example.com"))
	later := submission("ana@example.com")
	later.Post, later.At = "/posts/b/", noon.Add(time.Hour)
	submit(t, s, later)
	stored, err := s.Submissions(t.Context(), "", "9999-12-31")
	if err != nil {
		t.Fatal(err)
	}
	lead := stored[0].Lead
	enter := func(after time.Duration, e store.Entry) {
		t.Helper()
		e.At = noon.Add(after)
		if err := s.Enter(t.Context(), lead, e, stages); err != nil {
			t.Fatal(err)
		}
	}
	const day = 24 * time.Hour
	holds := func(when string, call, meeting, client, lost int, value float64) {
		t.Helper()
		c := counts(t, s, "", "9999-12-31")
		for step, want := range map[funnel.Step]int{"call": call, "meeting": meeting, "client": client, funnel.Lost: lost} {
			if got := tally(c, "/posts/a/", step); got != want {
				t.Errorf("%s: %s counts %d, want %d", when, step, got, want)
			}
			if got := tally(c, "/posts/b/", step); got != 0 {
				t.Errorf("%s: %s counts %d for a post that was not the first", when, step, got)
			}
		}
		sum := 0.0
		for _, v := range c.Values {
			sum += v.Amount
		}
		if sum != value {
			t.Errorf("%s: worth %v, want %v", when, sum, value)
		}
	}
	took := func(when, stage, since, until string, want ...time.Duration) {
		t.Helper()
		var got []time.Duration
		all, err := s.Waits(t.Context(), stage, since, until)
		for _, w := range all {
			for range w.Count {
				got = append(got, w.Took)
			}
		}
		if err != nil || !slices.Equal(got, want) {
			t.Errorf("%s: to %s it took %v, want %v (%v)", when, stage, got, want, err)
		}
	}
	const ever = "9999-12-31"
	enter(0, store.Entry{Note: "Called her, no answer"})
	holds("a note", 0, 0, 0, 0, 0)
	took("a note", "call", "", ever)
	enter(day, store.Entry{Stage: "meeting", Value: new(4000.0), Next: "Write the offer", NextDay: "2026-12-01"})
	holds("a meeting", 1, 1, 0, 0, 0)
	took("a meeting", "meeting", "", ever, day)
	took("a meeting", "call", "", ever) // nobody knows when it was
	enter(2*day, store.Entry{Stage: "client"})
	holds("a client", 1, 1, 1, 0, 4000)
	enter(3*day, store.Entry{Value: new(5000.0)})
	holds("worth more", 1, 1, 1, 0, 5000)
	enter(3*day+time.Hour, store.Entry{Stage: "client"})
	took("a client twice", "client", "", ever, 2*day)
	took("on its day", "client", "2026-11-24", "2026-11-24", 2*day)
	took("on other days", "client", "2026-11-25", ever)
	enter(4*day, store.Entry{Stage: "call"})
	holds("a step back", 1, 0, 0, 0, 0)
	took("a step back", "client", "", ever)
	took("a step back", "meeting", "", ever)
	enter(5*day, store.Entry{Stage: "lost"})
	holds("lost", 1, 0, 0, 1, 0)
	took("lost", "lost", "", ever)
	enter(6*day, store.Entry{Stage: "client"})
	holds("won after all", 1, 1, 1, 0, 5000)
	took("won after all", "client", "", ever, 6*day)
	enter(-day, store.Entry{Stage: "meeting"}) // the clock was put back
	holds("a step back before the beginning", 1, 1, 0, 0, 0)
	enter(7*day, store.Entry{Stage: "client"})
	holds("a client again", 1, 1, 1, 0, 5000)
	took("a client again", "client", "", ever, 7*day)
	took("skipped, and gone back to", "meeting", "", ever)

	if c := counts(t, s, "2026-11-23", "2026-11-23"); tally(c, "/posts/a/", "meeting") != 1 || tally(c, "/posts/a/", "client") != 0 {
		t.Error("a step does not count on its day")
	}
	all, err := s.Progress(t.Context())
	if err != nil || len(all) != 1 || len(all[0].Entries) != 10 || all[0].Lead != lead {
		t.Fatalf("%+v (%v)", all, err)
	}
	if e := all[0].Entries[1]; e.Stage != "meeting" || *e.Value != 4000 || e.Next != "Write the offer" || e.NextDay != "2026-12-01" || !e.At.Equal(noon.Add(day)) {
		t.Errorf("%+v", e)
	}
	if err := s.Enter(t.Context(), "nobody", store.Entry{At: noon, Stage: "call"}, stages); !errors.Is(err, store.ErrNoLead) || errors.Is(err, store.ErrUnavailable) {
		t.Errorf("a lead that does not exist: %v", err)
	}
}

func view(t *testing.T, s store.Store, at time.Time, post, visitor, source string) {
	t.Helper()
	e := store.Event{At: at, Post: post, Step: funnel.PageView, Visitor: []byte(visitor), Revision: "r1", IsPost: post != "/"}
	if source != "" {
		e.Origin = funnel.Origin{Source: source, Campaign: "autumn", Medium: "email", Term: "t", Content: "c", Referrer: "r.example"}
	}
	if err := s.Count(t.Context(), e); err != nil {
		t.Fatal(err)
	}
}

func breakdown(t *testing.T, s store.Store, d funnel.Dimension, post string) funnel.Breakdown {
	t.Helper()
	b, err := s.Breakdown(t.Context(), d, post, "2026-11-01", "2026-12-31")
	if err != nil {
		t.Fatal(err)
	}
	parts, err := s.Parts(t.Context(), d, post, "2026-11-01", "2026-12-31")
	if err != nil {
		t.Fatal(err)
	}
	whole := b
	whole.Leads, whole.Parts = nil, slices.Clone(b.Parts)
	for _, all := range [][]funnel.Part{whole.Parts, parts.Parts} { // they come in any order
		slices.SortFunc(all, func(a, b funnel.Part) int { return strings.Compare(fmt.Sprint(a), fmt.Sprint(b)) })
	}
	if diff := cmp.Diff(whole, parts); diff != "" {
		t.Error("without its leads it is another:", diff)
	}
	return b
}

// part is what stands under a key: how often, by how many visitors, worth what.
func part(b funnel.Breakdown, key string, step funnel.Step) (out funnel.Part) {
	for _, p := range b.Parts {
		if p.Key == key && p.Step == step {
			out.Count, out.Visitors, out.Amount = out.Count+p.Count, out.Visitors+p.Visitors, out.Amount+p.Amount
		}
	}
	return out
}

func leadsUnder(b funnel.Breakdown, key string) (n int) {
	for _, l := range b.Leads {
		if l.Key == key {
			n += l.Leads
		}
	}
	return n
}

// testJourneys joins a submission with the reading of its day: what came first,
// what came besides, and from where; and credits what follows to it.
func testJourneys(t *testing.T, open Open) {
	s := opened(t, open)
	minute := func(n int) time.Time { return noon.Add(time.Duration(n) * time.Minute) }
	view(t, s, minute(0), "/", "v1", "news.example") // no post: it is not credited
	view(t, s, minute(2), "/posts/b/", "v1", "later.example")
	view(t, s, minute(3), "/posts/a/", "v1", "")
	view(t, s, minute(4), "/posts/c/", "v1", "")
	view(t, s, minute(5), "/posts/b/", "v1", "")
	view(t, s, minute(1), "/posts/a/", "v2", "direct")
	sub := submission("ana@example.com")
	sub.At, sub.Visitor = minute(6), []byte("v1")
	receipt := submit(t, s, sub)
	straight := submission("ben@example.com")
	straight.At, straight.Visitor = minute(7), []byte("v2")
	submit(t, s, straight)
	unseen := submission("cyd@example.com")
	unseen.At, unseen.Visitor = minute(8), []byte("v3")
	submit(t, s, unseen)
	tomorrow := submission("dan@example.com")
	tomorrow.At, tomorrow.Visitor = noon.AddDate(0, 0, 1), []byte("v1")
	submit(t, s, tomorrow)

	all, err := s.Submissions(t.Context(), today, "2026-11-23")
	if err != nil {
		t.Fatal(err)
	}
	origin := funnel.Origin{Source: "news.example", Campaign: "autumn", Medium: "email", Term: "t", Content: "c", Referrer: "r.example"}
	for i, wanted := range []store.Journey{
		{FirstPost: "/posts/b/", Assists: []string{"/posts/b/", "/posts/c/"}, Origin: origin},
		{FirstPost: "/posts/a/", Origin: funnel.Origin{Source: "direct", Campaign: "autumn", Medium: "email", Term: "t", Content: "c", Referrer: "r.example"}},
		{FirstPost: "/posts/a/"},
		{FirstPost: "/posts/a/"},
	} {
		if diff := cmp.Diff(wanted, all[i].Journey); diff != "" {
			t.Errorf("journey %d: %s", i, diff)
		}
	}

	stages := []string{"call", "client"}
	if err := s.Enter(t.Context(), receipt.ID, store.Entry{At: noon.AddDate(0, 0, 2), Stage: "client", Value: new(900.0)}, stages); err != nil {
		t.Fatal(err)
	}
	first := breakdown(t, s, funnel.ByFirstPost, funnel.SiteWide)
	want(t, "cards by first post, b", part(first, "/posts/b/", funnel.FormSubmit), funnel.Part{Count: 1})
	want(t, "cards by first post, a", part(first, "/posts/a/", funnel.FormSubmit), funnel.Part{Count: 3})
	want(t, "converters by first post, b", part(first, "/posts/b/", funnel.Conversion), funnel.Part{Visitors: 1})
	want(t, "converters by first post, a", part(first, "/posts/a/", funnel.Conversion), funnel.Part{Visitors: 1})
	want(t, "clients by first post, b", part(first, "/posts/b/", "client"), funnel.Part{Count: 1})
	want(t, "calls by first post, b", part(first, "/posts/b/", "call"), funnel.Part{Count: 1})
	want(t, "value by first post, b", part(first, "/posts/b/", funnel.Brought), funnel.Part{Amount: 900})
	want(t, "leads by first post, a", leadsUnder(first, "/posts/a/"), 3)
	assists := breakdown(t, s, funnel.ByAssist, funnel.SiteWide)
	want(t, "assists of c", part(assists, "/posts/c/", funnel.FormSubmit), funnel.Part{Count: 1})
	want(t, "assisting readers of c", part(assists, "/posts/c/", funnel.Conversion), funnel.Part{Visitors: 1})
	want(t, "assisted clients of c", part(assists, "/posts/c/", "client"), funnel.Part{Count: 1})
	want(t, "assists of a", part(assists, "/posts/a/", funnel.FormSubmit), funnel.Part{})
	want(t, "assisted leads of b", leadsUnder(assists, "/posts/b/"), 1)
	sources := breakdown(t, s, funnel.BySource, funnel.SiteWide)
	want(t, "views by the first source of the day", part(sources, "news.example", funnel.PageView), funnel.Part{Count: 5, Visitors: 1})
	want(t, "the later source", part(sources, "later.example", funnel.PageView), funnel.Part{})
	want(t, "cards by source", part(sources, "news.example", funnel.FormSubmit), funnel.Part{Count: 1, Visitors: 1})
	want(t, "converters by source", part(sources, "news.example", funnel.Conversion), funnel.Part{Visitors: 1})
	want(t, "cards of unknown source", part(sources, "", funnel.FormSubmit), funnel.Part{Count: 2, Visitors: 2})
	want(t, "clients by source", part(sources, "news.example", "client"), funnel.Part{Count: 1})
	want(t, "sources of one post", part(breakdown(t, s, funnel.BySource, "/posts/a/"), "direct", funnel.Conversion), funnel.Part{Visitors: 1})
	want(t, "value by campaign", part(breakdown(t, s, funnel.ByCampaign, funnel.SiteWide), "autumn", funnel.Brought), funnel.Part{Amount: 900})
	revisions := breakdown(t, s, funnel.ByRevision, "")
	want(t, "readers by revision", part(revisions, "r1", funnel.PageView), funnel.Part{Count: 6, Visitors: 5})
	want(t, "converters by revision", part(revisions, "r1", funnel.Conversion), funnel.Part{Visitors: 2})

	// What the reading said is gone with the salt, what was derived from it stays.
	if err := s.Purge(t.Context(), noon.AddDate(0, 0, 3)); err != nil {
		t.Fatal(err)
	}
	late := submission("eve@example.com")
	late.At, late.Visitor = minute(9), []byte("v2")
	submit(t, s, late)
	all, err = s.Submissions(t.Context(), today, today)
	if err != nil {
		t.Fatal(err)
	}
	want(t, "first post after the purge", all[0].FirstPost, "/posts/b/")
	want(t, "origin after the purge", all[3].Origin, funnel.Origin{})
}

// testViewBeforeCard has many readers open a page, which nobody waits for, and
// send a card in the next moment.
func testViewBeforeCard(t *testing.T, open Open) {
	s := opened(t, open)
	var readers sync.WaitGroup
	for i := range 100 {
		readers.Go(func() {
			visitor := []byte(fmt.Sprint("reader", i))
			if !s.CountSoon(store.Event{At: noon, Post: "/posts/b/", Step: funnel.PageView, Visitor: visitor, IsPost: true}) {
				t.Error("the queue was full")
			}
			sub := submission(fmt.Sprint(i, "@example.com"))
			sub.Visitor = visitor
			if _, err := s.Submit(context.Background(), sub); err != nil {
				t.Error(err)
			}
		})
	}
	readers.Wait()
	all, err := s.Submissions(t.Context(), today, today)
	if err != nil || len(all) != 100 {
		t.Fatal(len(all), err)
	}
	for _, c := range all {
		if c.FirstPost != "/posts/b/" {
			t.Errorf("%s: first post %s", c.Email, c.FirstPost)
		}
	}
}

// testBreakdowns compares the sums of every breakdown with the counts by post,
// after a random day.
func testBreakdowns(t *testing.T, open Open) {
	s := opened(t, open)
	random := rand.New(rand.NewPCG(3, 4))
	posts, sources, stages := []string{"/", "/posts/a/", "/posts/b/", "/posts/c/"}, []string{"", "direct", "x.example"}, []string{"call", "client"}
	for i := range 150 {
		at := noon.Add(time.Duration(i) * time.Minute)
		visitor, post := fmt.Sprint("v", random.IntN(12)), posts[random.IntN(len(posts))]
		switch random.IntN(4) {
		case 0:
			sub := submission(fmt.Sprint(random.IntN(20), "@example.com"))
			sub.At, sub.Post, sub.Visitor = at, post, []byte(visitor)
			sub.Form, sub.Placement = []string{"newsletter", "contact"}[random.IntN(2)], []string{"end", "inline"}[random.IntN(2)]
			if random.IntN(5) == 0 {
				sub.Post, sub.Visitor = funnel.Other, nil
			}
			submit(t, s, sub)
		case 1:
			count(t, s, at, post, []funnel.Step{funnel.FormView, funnel.FormStart}[random.IntN(2)], visitor)
		default:
			view(t, s, at, post, visitor, sources[random.IntN(len(sources))])
		}
	}
	all, err := s.Submissions(t.Context(), "", "9999-12-31")
	if err != nil {
		t.Fatal(err)
	}
	for _, one := range all {
		if stage := random.IntN(4); stage < 2 {
			if err := s.Enter(t.Context(), one.Lead, store.Entry{At: noon.AddDate(0, 0, 1), Stage: stages[stage], Value: new(float64(random.IntN(100)))}, stages); err != nil {
				t.Fatal(err)
			}
		}
	}
	c := counts(t, s, "2026-11-01", "2026-12-31")
	totals, visitors, value := map[funnel.Step]int{}, map[funnel.Step]int{}, 0.0
	for _, x := range c.Tallies {
		totals[x.Step] += x.Count
	}
	for _, r := range c.Reach {
		if r.Post == funnel.SiteWide {
			visitors[r.Step] += r.Visitors
		}
	}
	for _, v := range c.Values {
		value += v.Amount
	}
	if totals[funnel.FormSubmit] < 20 || totals["client"] == 0 || visitors[funnel.Conversion] < 3 {
		t.Fatalf("the day was too quiet: %v, %v", totals, visitors)
	}
	for _, d := range []funnel.Dimension{funnel.BySource, funnel.ByFirstPost, funnel.ByForm, funnel.ByPlacement} {
		b := breakdown(t, s, d, funnel.SiteWide)
		n, who, amount := map[funnel.Step]int{}, map[funnel.Step]int{}, 0.0
		for _, p := range b.Parts {
			n[p.Step] += p.Count
			who[p.Step] += p.Visitors
			amount += p.Amount
		}
		for step, total := range totals {
			onCardsOnly := step == funnel.PageView || step == funnel.FormView || step == funnel.FormStart
			if step == funnel.PageView && d != funnel.BySource || onCardsOnly && d == funnel.ByFirstPost {
				continue
			}
			want(t, fmt.Sprintf("%s by %s", step, d), n[step], total)
		}
		if d == funnel.BySource {
			for step, total := range visitors {
				want(t, fmt.Sprintf("visitors of %s by %s", step, d), who[step], total)
			}
		}
		want(t, fmt.Sprintf("value by %s", d), amount, value)
	}
}

var noon = time.Date(2026, 11, 22, 12, 0, 0, 0, time.UTC)

const today = "2026-11-22"

func opened(t *testing.T, open Open) store.Store {
	t.Helper()
	s := open(t, "store")
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	})
	return s
}

func submission(email string) store.Submission {
	return store.Submission{
		At: noon, Post: "/posts/a/", Form: "newsletter", Placement: "end", Revision: "r1", Email: email,
		Fields: []form.Answer{{Name: "email", Value: email}, {Name: "name", Value: "Ana"}},
	}
}

func submit(t *testing.T, s store.Store, sub store.Submission) store.Receipt {
	t.Helper()
	r, err := s.Submit(t.Context(), sub)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

func count(t *testing.T, s store.Store, at time.Time, post string, step funnel.Step, visitor string) {
	t.Helper()
	e := store.Event{At: at, Post: post, Step: step, Visitor: []byte(visitor)}
	if step != funnel.PageView {
		e.Form, e.Placement = "newsletter", "end"
	}
	if err := s.Count(t.Context(), e); err != nil {
		t.Fatal(err)
	}
}

func counts(t *testing.T, s store.Store, since, until string) funnel.Counts {
	t.Helper()
	c, err := s.Counts(t.Context(), since, until)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func tally(c funnel.Counts, post string, step funnel.Step) (n int) {
	for _, x := range c.Tallies {
		if x.Post == post && x.Step == step {
			n += x.Count
		}
	}
	return n
}

func reach(c funnel.Counts, post string, step funnel.Step) (n int) {
	for _, x := range c.Reach {
		if x.Post == post && x.Step == step {
			n += x.Visitors
		}
	}
	return n
}

func leads(c funnel.Counts, post string) (n int) {
	for _, x := range c.Leads {
		if x.Post == post {
			n += x.Leads
		}
	}
	return n
}

func want[T comparable](t *testing.T, what string, got, want T) {
	t.Helper()
	if got != want {
		t.Errorf("%s: got %v, want %v", what, got, want)
	}
}

func testSubmission(t *testing.T, open Open) {
	s := opened(t, open)
	sub := submission("ana@example.com")
	sub.Consent, sub.ConsentText = true, store.HashText("Yes, write to me.")
	r := submit(t, s, sub)
	want(t, "status", r.Status, store.Accepted)
	want(t, "length of id", len(r.ID), 36)
	all, err := s.Submissions(t.Context(), today, today)
	if err != nil {
		t.Fatal(err)
	}
	wanted := []store.Stored{{ID: r.ID, Status: store.Accepted, Lead: r.ID, Submission: sub, Journey: store.Journey{FirstPost: "/posts/a/"}}}
	if diff := cmp.Diff(wanted, all); diff != "" {
		t.Error(diff)
	}
	c := counts(t, s, today, today)
	want(t, "submissions", tally(c, "/posts/a/", funnel.FormSubmit), 1)
	want(t, "leads", leads(c, "/posts/a/"), 1)
	if diff := cmp.Diff([]funnel.DayCount{{Day: today, Step: funnel.FormSubmit, Count: 1}}, c.Days); diff != "" {
		t.Error(diff)
	}
}

func testRetry(t *testing.T, open Open) {
	s := opened(t, open)
	sub := submission("ana@example.com")
	sub.Key = []byte("key-1")
	first := submit(t, s, sub)
	var group sync.WaitGroup
	for range 50 {
		group.Go(func() {
			r, err := s.Submit(context.Background(), sub)
			if err != nil || r.ID != first.ID || r.Status != store.Accepted || !r.Retry {
				t.Errorf("retry: %+v, %v", r, err)
			}
		})
	}
	group.Wait()
	all, _ := s.Submissions(t.Context(), today, today)
	want(t, "stored", len(all), 1)
	want(t, "submissions", tally(counts(t, s, today, today), "/posts/a/", funnel.FormSubmit), 1)
}

func testFold(t *testing.T, open Open) {
	s := opened(t, open)
	sub := submission("ana@example.com")
	sub.Fold = []byte("says-this")
	for i, step := range []struct {
		after  time.Duration
		status store.Status
	}{
		{0, store.Accepted}, {0, store.Duplicate}, {23*time.Hour + 59*time.Minute, store.Duplicate},
		{24 * time.Hour, store.Accepted}, {25 * time.Hour, store.Duplicate},
	} {
		sub.At = noon.Add(step.after)
		r := submit(t, s, sub)
		want(t, fmt.Sprint("status ", i), r.Status, step.status)
	}
	sub.Fold = []byte("says-that")
	want(t, "other text", submit(t, s, sub).Status, store.Accepted)
	c := counts(t, s, today, "2026-11-24")
	want(t, "submissions", tally(c, "/posts/a/", funnel.FormSubmit), 3)
	want(t, "leads", leads(c, "/posts/a/"), 1)
	all, _ := s.Submissions(t.Context(), today, "2026-11-24")
	want(t, "stored", len(all), 6)
}

func testQuarantine(t *testing.T, open Open) {
	s := opened(t, open)
	sub := submission("bot@example.com")
	sub.Quarantined, sub.Fold, sub.Visitor = true, []byte("spam"), []byte("v")
	want(t, "status", submit(t, s, sub).Status, store.Quarantined)
	sub.Quarantined = false
	want(t, "the honest one after it", submit(t, s, sub).Status, store.Accepted)
	c := counts(t, s, today, today)
	want(t, "submissions", tally(c, "/posts/a/", funnel.FormSubmit), 1)
	all, _ := s.Submissions(t.Context(), today, today)
	want(t, "stored", len(all), 2)

	// The owner looks, and lets one out: it counts on its day, once.
	other := submission("bot@example.com")
	other.At, other.Quarantined = noon.Add(time.Hour), true
	submit(t, s, other)
	trapped, err := s.Trapped(t.Context(), 10)
	if err != nil || len(trapped) != 2 || trapped[0].Email != "bot@example.com" || len(trapped[1].Fields) != len(sub.Fields) {
		t.Fatalf("%+v, %v", trapped, err)
	}
	if some, err := s.Trapped(t.Context(), 1); err != nil || len(some) != 1 || some[0].ID != trapped[0].ID {
		t.Errorf("%+v, %v", some, err)
	}
	before, err := s.Counts(t.Context(), "", today)
	if err != nil {
		t.Fatal(err)
	}
	orders := []store.Order{{Kind: "mail.card", To: "owner@example.com"}}
	receipt, err := s.Release(t.Context(), trapped[1].ID, time.UTC, orders)
	if err != nil || receipt != (store.Receipt{ID: trapped[1].ID, Status: store.Accepted}) {
		t.Fatalf("%+v, %v", receipt, err)
	}
	for _, gone := range []string{trapped[1].ID, "nobody"} {
		if _, err := s.Release(t.Context(), gone, time.UTC, orders); !errors.Is(err, store.ErrNotTrapped) {
			t.Errorf("%s: %v", gone, err)
		}
	}
	after, err := s.Counts(t.Context(), "", today)
	if err != nil {
		t.Fatal(err)
	}
	sent := func(c funnel.Counts) (n int) {
		for _, tally := range c.Tallies {
			if tally.Step == funnel.FormSubmit {
				n += tally.Count
			}
		}
		return n
	}
	want(t, "counted by letting it out", sent(after)-sent(before), 1)
	if id, err := s.Find(t.Context(), trapped[1].Email); err != nil || id == "" {
		t.Errorf("nobody became of the card: %v", err)
	}
	if all := kinds(t, s); !slices.Contains(all, "mail.card owner@example.com waiting") {
		t.Errorf("nobody is told: %v", all)
	}
	if left, err := s.Trapped(t.Context(), 10); err != nil || len(left) != 1 {
		t.Errorf("%+v, %v", left, err)
	}
}

func testOther(t *testing.T, open Open) {
	s := opened(t, open)
	sub := submission("ana@example.com")
	sub.Post, sub.Claim, sub.Visitor = funnel.Other, "/nowhere/", []byte("v")
	submit(t, s, sub)
	c := counts(t, s, today, today)
	want(t, "other", tally(c, funnel.Other, funnel.FormSubmit), 1)
	want(t, "site", reach(c, funnel.SiteWide, funnel.FormSubmit), 1)
	want(t, "reach of other", reach(c, funnel.Other, funnel.FormSubmit), 0)
}

func testLeads(t *testing.T, open Open) {
	s := opened(t, open)
	submit(t, s, submission("ana@example.com"))
	submit(t, s, submission("Ana@example.com"))
	submit(t, s, submission("ben@example.com"))
	other := submission("ana@example.com")
	other.Post = "/posts/b/"
	submit(t, s, other)
	submit(t, s, submission(""))
	submit(t, s, submission(""))
	c := counts(t, s, today, today)
	want(t, "leads of a", leads(c, "/posts/a/"), 4) // ana, ben, two without an address
	want(t, "leads of b", leads(c, "/posts/b/"), 1)
}

func testVisitors(t *testing.T, open Open) {
	s := opened(t, open)
	for range 3 {
		count(t, s, noon, "/posts/a/", funnel.PageView, "v1")
	}
	count(t, s, noon, "/posts/a/", funnel.PageView, "v2")
	count(t, s, noon, "/posts/b/", funnel.PageView, "v1")
	count(t, s, noon, "/posts/a/", funnel.FormView, "v1")
	count(t, s, noon, "/posts/a/", funnel.FormStart, "v1")
	sub := submission("ana@example.com")
	sub.Visitor = []byte("v1")
	submit(t, s, sub)
	sub = submission("ben@example.com")
	sub.Visitor = []byte("never seen") // their browser blocks counting
	submit(t, s, sub)
	if !s.CountSoon(store.Event{At: noon, Post: "/posts/b/", Step: funnel.PageView}) {
		t.Error("the queue was full")
	}
	count(t, s, noon.AddDate(0, 0, 1), "/posts/a/", funnel.PageView, "v1")
	eventually(t, func() bool { return tally(counts(t, s, today, today), "/posts/b/", funnel.PageView) == 2 })
	c := counts(t, s, today, "2026-11-23")
	want(t, "views of a", tally(c, "/posts/a/", funnel.PageView), 5)
	want(t, "visitors of a, two days", reach(c, "/posts/a/", funnel.PageView), 3)
	want(t, "visitors of b", reach(c, "/posts/b/", funnel.PageView), 1)
	want(t, "visitors of the site", reach(c, funnel.SiteWide, funnel.PageView), 3)
	want(t, "form viewers", reach(c, "/posts/a/", funnel.FormView), 1)
	want(t, "form starters", reach(c, funnel.SiteWide, funnel.FormStart), 1)
	want(t, "senders", reach(c, "/posts/a/", funnel.FormSubmit), 2)
	want(t, "converters of a", reach(c, "/posts/a/", funnel.Conversion), 1)
	want(t, "converters of the site", reach(c, funnel.SiteWide, funnel.Conversion), 1)
	want(t, "visitors, first day", reach(counts(t, s, today, today), "/posts/a/", funnel.PageView), 2)
}

// testTrend looks at some posts day by day: those asked for and no others, in the
// days asked for, more days and posts than one statement takes.
func testTrend(t *testing.T, open Open) {
	s := opened(t, open)
	later := noon.AddDate(0, 0, 400)
	for _, v := range []string{"v1", "v2", "v2"} {
		count(t, s, noon, "/posts/a/", funnel.PageView, v)
	}
	count(t, s, noon, "/posts/a/", funnel.FormView, "v1")
	count(t, s, noon, "/posts/b/", funnel.PageView, "v1")
	count(t, s, noon, "/posts/c/", funnel.PageView, "v1")
	count(t, s, noon.AddDate(0, 0, -1), "/posts/a/", funnel.PageView, "v1")
	count(t, s, later, "/posts/a/", funnel.PageView, "v1")
	for _, form := range []string{"newsletter", "call"} {
		sub := submission("ana@example.com")
		sub.Form = form
		submit(t, s, sub)
	}
	posts := []string{"/posts/b/", "/posts/a/"}
	for n := range 400 {
		posts = append(posts, fmt.Sprintf("/posts/%d/", n))
	}
	got, err := s.Trend(t.Context(), posts, today, later.Format(time.DateOnly))
	if err != nil {
		t.Fatal(err)
	}
	wanted := []funnel.PostDay{{Post: "/posts/a/", Day: today, Visitors: 2, Submissions: 2}, {Post: "/posts/a/", Day: later.Format(time.DateOnly), Visitors: 1}, {Post: "/posts/b/", Day: today, Visitors: 1}}
	if diff := cmp.Diff(wanted, got); diff != "" {
		t.Error(diff)
	}
	for _, none := range [][2]string{{"2026-11-23", today}, {"", today}} {
		if got, err := s.Trend(t.Context(), posts, none[0], none[1]); err != nil || len(got) != 0 {
			t.Errorf("from %q to %q: %v, %v", none[0], none[1], got, err)
		}
	}
}

// testOrder sends the same day in many orders and expects the same counts.
func testOrder(t *testing.T, open Open) {
	type move struct {
		post    string
		step    funnel.Step
		visitor string
	}
	var moves []move
	for _, v := range []string{"v1", "v2", "v3"} {
		for _, p := range []string{"/posts/a/", "/posts/b/"} {
			moves = append(moves, move{p, funnel.PageView, v}, move{p, funnel.PageView, v}, move{p, funnel.FormView, v})
		}
	}
	moves = append(moves, move{"/posts/a/", funnel.FormSubmit, "v1"}, move{"/posts/b/", funnel.FormSubmit, "v1"}, move{"/posts/b/", funnel.FormSubmit, "v2"})
	sorted := func(c funnel.Counts) funnel.Counts {
		slices.SortFunc(c.Reach, func(a, b funnel.Reach) int {
			return slices.Compare([]string{a.Post, string(a.Step)}, []string{b.Post, string(b.Step)})
		})
		slices.SortFunc(c.Tallies, func(a, b funnel.Tally) int {
			return slices.Compare([]string{a.Post, string(a.Step)}, []string{b.Post, string(b.Step)})
		})
		slices.SortFunc(c.Leads, func(a, b funnel.LeadCount) int { return slices.Compare([]string{a.Post}, []string{b.Post}) })
		return c
	}
	random := rand.New(rand.NewPCG(1, 2))
	var first funnel.Counts
	for round := range 5 {
		s := open(t, fmt.Sprint("order", round))
		random.Shuffle(len(moves), func(i, j int) { moves[i], moves[j] = moves[j], moves[i] })
		for _, m := range moves {
			if m.step == funnel.FormSubmit {
				sub := submission(m.visitor + "@example.com")
				sub.Post, sub.Visitor = m.post, []byte(m.visitor)
				submit(t, s, sub)
			} else {
				count(t, s, noon, m.post, m.step, m.visitor)
			}
		}
		got := sorted(counts(t, s, today, today))
		if err := s.Close(); err != nil {
			t.Fatal(err)
		}
		if round == 0 {
			first = got
			want(t, "converters", reach(got, funnel.SiteWide, funnel.Conversion), 2)
			continue
		}
		if diff := cmp.Diff(first, got); diff != "" {
			t.Errorf("round %d: %s", round, diff)
		}
	}
}

func testDays(t *testing.T, open Open) {
	s := opened(t, open)
	zone := time.FixedZone("UTC+13", 13*3600)
	sub := submission("ana@example.com")
	sub.At = noon.In(zone)
	submit(t, s, sub)
	c := counts(t, s, "2026-11-23", "2026-11-23")
	want(t, "submissions tomorrow there", tally(c, "/posts/a/", funnel.FormSubmit), 1)
	c = counts(t, s, "", "2026-12-31")
	want(t, "first day", c.Since, "2026-11-23")
	want(t, "last day", c.Until, "2026-12-31")
	all, _ := s.Submissions(t.Context(), "2026-11-23", "2026-11-23")
	if len(all) != 1 || !all[0].At.Equal(noon) {
		t.Errorf("stored %+v", all)
	}
}

func testSalts(t *testing.T, open Open) {
	s := opened(t, open)
	first, err := s.Salt(t.Context(), noon)
	if err != nil || len(first) != 32 {
		t.Fatal(first, err)
	}
	again, _ := s.Salt(t.Context(), noon.Add(11*time.Hour))
	want(t, "same day", string(again), string(first))
	next, _ := s.Salt(t.Context(), noon.Add(12*time.Hour))
	if string(next) == string(first) {
		t.Error("the next day has the same salt")
	}
	if err := s.Purge(t.Context(), noon.Add(46*time.Hour)); err != nil { // two calendar days later
		t.Fatal(err)
	}
	fresh, _ := s.Salt(t.Context(), noon)
	if string(fresh) == string(first) {
		t.Error("the salt outlived its days")
	}
}

func testPurge(t *testing.T, open Open) {
	s := opened(t, open)
	if _, err := s.Salt(t.Context(), noon); err != nil {
		t.Fatal(err)
	}
	count(t, s, noon, "/posts/a/", funnel.PageView, "v1")
	sub := submission("ana@example.com")
	sub.Key, sub.Fold = []byte("key"), []byte("fold")
	first := submit(t, s, sub)
	if err := s.Purge(t.Context(), noon.Add(time.Hour)); err != nil {
		t.Fatal(err)
	}
	count(t, s, noon, "/posts/a/", funnel.PageView, "v1")
	want(t, "visitors after a purge on the day", reach(counts(t, s, today, today), "/posts/a/", funnel.PageView), 1)
	if err := s.Purge(t.Context(), noon.AddDate(0, 0, 3)); err != nil {
		t.Fatal(err)
	}
	r := submit(t, s, sub)
	want(t, "the key is still known", r.ID, first.ID)
	c := counts(t, s, today, today)
	want(t, "purging changes no count", reach(c, "/posts/a/", funnel.PageView), 1)
	want(t, "nor submission", tally(c, "/posts/a/", funnel.FormSubmit), 1)
	if err := s.Purge(t.Context(), noon.AddDate(0, 0, 31)); err != nil {
		t.Fatal(err)
	}
	if r := submit(t, s, sub); r.ID == first.ID || r.Status != store.Accepted {
		t.Errorf("after a month: %+v", r)
	}
}

func testRemember(t *testing.T, open Open) {
	s := opened(t, open)
	pages := []store.Page{{Path: "/posts/a/", Digest: "1", Title: "Old", Kind: "post", Date: "2026-01-02"}}
	texts := []store.ConsentText{{Hash: store.HashText("Yes."), Text: "Yes."}}
	for range 2 {
		if err := s.Remember(t.Context(), noon, pages, texts); err != nil {
			t.Fatal(err)
		}
	}
	pages[0].Digest, pages[0].Title = "2", "New"
	if err := s.Remember(t.Context(), noon.Add(time.Hour), pages, nil); err != nil {
		t.Fatal(err)
	}
	wanted := []funnel.PastPost{{Path: "/posts/a/", Title: "New", Kind: "post", Date: "2026-01-02"}}
	if diff := cmp.Diff(wanted, counts(t, s, today, today).Past); diff != "" {
		t.Error(diff)
	}
}

func testConcurrent(t *testing.T, open Open) {
	s := opened(t, open)
	const clients, each = 16, 40
	ids := make(chan string, clients*each)
	var group sync.WaitGroup
	for c := range clients {
		group.Go(func() {
			for i := range each {
				sub := submission(fmt.Sprintf("a%d-%d@example.com", c, i))
				sub.Key = []byte(fmt.Sprintf("%d/%d", c, i))
				r, err := s.Submit(context.Background(), sub)
				if err != nil {
					t.Error(err)
					return
				}
				ids <- r.ID
				s.CountSoon(store.Event{At: noon, Post: "/posts/b/", Step: funnel.PageView, Visitor: []byte{byte(c)}})
			}
		})
	}
	group.Wait()
	close(ids)
	acknowledged := map[string]bool{}
	for id := range ids {
		acknowledged[id] = true
	}
	all, err := s.Submissions(t.Context(), today, today)
	if err != nil {
		t.Fatal(err)
	}
	want(t, "acknowledged", len(acknowledged), clients*each)
	want(t, "stored", len(all), clients*each)
	for _, x := range all {
		if !acknowledged[x.ID] {
			t.Error("stored and not acknowledged:", x.ID)
		}
	}
	want(t, "counted", tally(counts(t, s, today, today), "/posts/a/", funnel.FormSubmit), clients*each)
	eventually(t, func() bool { return tally(counts(t, s, today, today), "/posts/b/", funnel.PageView) == clients*each })
	want(t, "visitors", reach(counts(t, s, today, today), "/posts/b/", funnel.PageView), clients)
}

func testReopen(t *testing.T, open Open) {
	s := open(t, "again")
	r := submit(t, s, submission("ana@example.com"))
	for i := range 100 {
		s.CountSoon(store.Event{At: noon, Post: "/posts/a/", Step: funnel.PageView, Visitor: []byte{byte(i)}})
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	s = open(t, "again")
	defer s.Close()
	all, err := s.Submissions(t.Context(), today, today)
	if err != nil || len(all) != 1 || all[0].ID != r.ID {
		t.Error(all, err)
	}
	// Closing commits what was handed over.
	want(t, "views", tally(counts(t, s, today, today), "/posts/a/", funnel.PageView), 100)
}

func testText(t *testing.T, open Open) {
	s := opened(t, open)
	for _, text := range []string{
		"'; drop table submissions; --", "Robert\"); $1 ? :a @b", "日本語 \U0001F4EC e\u0301", "line\nline\ttab", `\u0000 \ " </script>`, "<b>&amp;", " ", "\u2028\u202e",
	} {
		sub := submission("ana@example.com")
		sub.At = noon.AddDate(0, 1, 0)
		sub.Fields = []form.Answer{{Name: "message", Value: text}, {Name: "a", Value: ""}}
		sub.Claim = text
		r := submit(t, s, sub)
		all, err := s.Submissions(t.Context(), "2026-12-22", "2026-12-22")
		if err != nil {
			t.Fatal(err)
		}
		found := slices.IndexFunc(all, func(x store.Stored) bool { return x.ID == r.ID })
		if found < 0 {
			t.Fatalf("%q is not stored", text)
		}
		if diff := cmp.Diff(sub.Fields, all[found].Fields); diff != "" {
			t.Errorf("%q: %s", text, diff)
		}
		want(t, "claim", all[found].Claim, text)
	}
}

// testBrokenText sends what no database may keep as text: the cards are stored,
// with the sign for a broken character in its place.
func testBrokenText(t *testing.T, open Open) {
	s := opened(t, open)
	sub := submission("ana\xff@example.com")
	sub.Claim, sub.Placement = "/a\x00b/\xc3\x28", "\x00"
	sub.Fields = []form.Answer{{Name: "message", Value: "before\x00after\xff"}}
	r := submit(t, s, sub)
	submit(t, s, sub)
	count(t, s, noon, "/posts/\xff/", funnel.PageView, "\x00\xff")
	all, err := s.Submissions(t.Context(), today, today)
	if err != nil || len(all) != 2 || all[0].Lead != r.ID || all[1].Lead != r.ID {
		t.Fatal(all, err)
	}
	want(t, "email", all[0].Email, "ana\uFFFD@example.com")
	want(t, "claim", all[0].Claim, "/a\uFFFDb/\uFFFD(")
	want(t, "message", all[0].Fields[0].Value, "before\x00after\uFFFD")
	want(t, "views", tally(counts(t, s, today, today), "/posts/\uFFFD/", funnel.PageView), 1)
	b, err := s.Breakdown(t.Context(), funnel.BySource, "/posts/\xff/", today, today)
	if err != nil || len(b.Parts) != 1 {
		t.Error("asked for a page by such a name:", b.Parts, err)
	}
}

func testClosed(t *testing.T, open Open) {
	s := open(t, "closed")
	if err := s.Ready(t.Context()); err != nil {
		t.Error(err)
	}
	if err := s.Close(); err != nil {
		t.Error(err)
	}
	if err := s.Close(); err != nil {
		t.Error("closing twice:", err)
	}
	if _, err := s.Submit(t.Context(), submission("ana@example.com")); !errors.Is(err, store.ErrClosed) {
		t.Error("submit after close:", err)
	}
	if s.CountSoon(store.Event{At: noon, Post: "/posts/a/", Step: funnel.PageView}) {
		t.Error("counted after close")
	}
	if err := s.Ready(t.Context()); err == nil {
		t.Error("ready after close")
	}
}

// eventually gives what nobody waits for the second it is promised in.
func eventually(t *testing.T, ok func() bool) {
	t.Helper()
	for end := time.Now().Add(time.Second); !ok(); time.Sleep(5 * time.Millisecond) {
		if time.Now().After(end) {
			t.Fatal("not on disk within a second")
		}
	}
}
