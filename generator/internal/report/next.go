package report

import (
	"cmp"
	"fmt"
	"slices"
	"time"

	"cardbowl/generator/internal/funnel"
	"cardbowl/generator/internal/manifest"
)

// Advice is one thing worth doing, with what speaks for it.
type Advice struct {
	Text     string
	Evidence string // the counts, and a 95 % interval where it is a rate
	Path     string // of the page it is about; empty: it is about leads
}

// When there is enough to say something at all.
const (
	readWithoutForm = 100 // visitors of a page without a form
	mostAdvice      = 6
)

// WhatNext is what the counts say is worth doing, the most telling first, and
// nothing where they say nothing: leads that wait; posts that are read and have
// no form; forms that are seen and not started, or started and not sent, less
// often than on the rest of the site by more than chance would do
// (funnel.Newcombe); and posts that convert better than the rest and are read by
// fewer than half of the others. r has posts, not groups.
func WhatNext(m manifest.Manifest, r Report, leads []Lead, now time.Time, zone *time.Location) []Advice {
	var out []Advice
	stages := Desk{Manifest: m}.stages()
	waiting := 0
	for _, l := range leads {
		if l.Waits(stages, now, zone) != "" {
			waiting++
		}
	}
	if waiting > 0 {
		out = append(out, Advice{Text: "Answer " + counted(waiting, "lead"), Evidence: "left alone for longer than they should be"})
	}
	out = append(out, withoutForm(m, r)...)
	out = append(out, stuck(r, funnel.FormView, funnel.FormStart, "is seen and not started: shorten the form, or say what it is good for")...)
	out = append(out, stuck(r, funnel.FormStart, funnel.FormSubmit, "is started and not sent: ask for less, or see what is hard to fill in")...)
	out = append(out, unread(r)...)
	return out[:min(len(out), mostAdvice)]
}

func withoutForm(m manifest.Manifest, r Report) (out []Advice) {
	hasForm := map[string]bool{}
	for _, p := range m.Pages {
		hasForm[p.Path] = len(p.Forms) > 0
	}
	for _, p := range r.Posts {
		if p.Kind == "post" && !p.Gone && !hasForm[p.Path] && p.Visitors >= readWithoutForm {
			out = append(out, Advice{"“" + p.Title + "” has no form", counted(p.Visitors, "visitor") + " read it", p.Path})
		}
	}
	return out
}

// stuck are the posts on which fewer go from one step to the next than on all
// others together.
func stuck(r Report, from, to funnel.Step, words string) (out []Advice) {
	all, gone := 0, 0
	for _, p := range r.Posts {
		all += p.Steps.Of(from)
		gone += min(p.Steps.Of(to), p.Steps.Of(from))
	}
	for _, p := range r.Posts {
		n := p.Steps.Of(from)
		k := min(p.Steps.Of(to), n)
		if n < funnel.EnoughArm || all-n < funnel.EnoughArm || gone-k < funnel.EnoughSuccesses {
			continue
		}
		if _, high := funnel.Newcombe(k, n, gone-k, all-n); high >= 0 {
			continue
		}
		low, high := funnel.Wilson(k, n)
		out = append(out, Advice{"The form of “" + p.Title + "” " + words,
			fmt.Sprintf("%s of %s (%s %%, likely %s–%s); elsewhere %s %%", grouped(k), grouped(n), percent(float64(k)/float64(n)), percent(low), percent(high),
				percent(float64(gone-k)/float64(all-n))), p.Path})
	}
	return out
}

// unread are the posts that convert better than the rest, and are read less than most.
func unread(r Report) (out []Advice) {
	var visitors []int
	for _, p := range r.Posts {
		if p.ranked() {
			visitors = append(visitors, p.Visitors)
		}
	}
	if len(visitors) < 2 {
		return nil
	}
	slices.Sort(visitors)
	median := visitors[len(visitors)/2]
	for _, p := range r.Posts {
		if !p.ranked() || p.Gone || !p.Enough || p.Visitors >= median {
			continue
		}
		restK, restN := r.Total.Converters-p.Converters, r.Total.Visitors-p.Visitors
		if restN < funnel.EnoughArm {
			continue
		}
		if low, _ := funnel.Newcombe(p.Converters, p.Visitors, restK, restN); low <= 0 {
			continue
		}
		out = append(out, Advice{"“" + p.Title + "” converts and is little read: link to it from posts that are read",
			share(p.Rate, p.RateLow, p.RateHigh, true) + " of " + counted(p.Visitors, "visitor") + "; elsewhere " + percent(float64(max(restK, 0))/float64(restN)) + " %", p.Path})
	}
	slices.SortStableFunc(out, func(a, b Advice) int { return cmp.Compare(a.Path, b.Path) })
	return out
}
