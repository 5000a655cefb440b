package cli

import (
	"context"
	"fmt"
	"path/filepath"
	"slices"

	"cardbowl/generator/internal/build"
	"cardbowl/generator/internal/diag"
	"cardbowl/generator/internal/outside"
	"cardbowl/generator/internal/page"
)

// linkAnswers is where answers of other sites are kept.
func linkAnswers(site string) string { return filepath.Join(site, cardbowlFolder, "links.json") }

// external is what a check of links to other sites found.
type external struct {
	asked    int       // different addresses
	problems diag.List // about links that are broken or have moved
	unknown  []string  // addresses that a program is not shown, with what they answer
}

// checkExternal asks the sites that the last Check found links to. base is the
// address of the site that asks.
func checkExternal(ctx context.Context, w World, builder *build.Builder, site, base string, private bool, doing func(string)) (external, error) {
	links := builder.Links()
	var addresses []string
	for _, l := range links {
		addresses = append(addresses, outside.Normal(l.Address))
	}
	slices.Sort(addresses)
	addresses = slices.Compact(addresses)
	if len(addresses) == 0 {
		return external{}, nil
	}
	answers := outside.Ask(ctx, addresses, outside.Load(linkAnswers(site)), outside.Options{
		Agent:   fmt.Sprintf("Cardbowl/%s (checks the links of %s)", version(), base),
		Private: private, Now: w.Now,
		Doing: func(done, all int) { doing(fmt.Sprintf("asking other sites: %d of %d", done, all)) },
	})
	if ctx.Err() == nil && offline(answers) {
		return external{}, failure{problem, fmt.Errorf("none of %s on other sites answers; is this machine online?", plural(len(answers), "address"))}
	}
	if err := answers.Save(linkAnswers(site)); err != nil {
		return external{}, err
	}
	if ctx.Err() != nil {
		return external{}, fmt.Errorf("%d of %s asked; the next check goes on from there: %w", len(answers), plural(len(addresses), "address"), ctx.Err())
	}
	out := external{asked: len(addresses)}
	var found diag.List
	for _, l := range links {
		if d, is := judgedLink(l, answers[outside.Normal(l.Address)]); is {
			found = append(found, d)
		}
	}
	for _, address := range addresses {
		if a := answers[address]; a.Verdict() == outside.Unknown {
			out.unknown = append(out.unknown, fmt.Sprintf("%s %s", address, a))
		}
	}
	var err error
	out.problems, err = builder.Findings(found)
	return out, err
}

// offline tells whether it is rather this machine than all others that cannot be
// reached.
func offline(answers outside.Answers) bool {
	const several = 3
	for _, a := range answers {
		if a.Status != 0 || a.Reason == outside.InPrivate {
			return false
		}
	}
	return len(answers) >= several
}

// judgedLink is what there is to say about a link.
func judgedLink(l page.OutsideLink, a outside.Answer) (diag.Diagnostic, bool) {
	d := l.At
	d.Severity = diag.Warning
	switch {
	case a.Verdict() == outside.Broken:
		d.Code, d.Message = "outside-link", fmt.Sprintf("the link `%s` %s", l.Address, a)
		d.Hint = "look where the page is now, or take the link away; web.archive.org may still have it"
	case a.Moved != "":
		d.Code, d.Message = "moved-link", fmt.Sprintf("the page at `%s` has moved for good", l.Address)
		d.Hint = "write `" + a.Moved + "`"
	default:
		return d, false
	}
	return d, true
}
