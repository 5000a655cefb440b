package build

import (
	"cardbowl/generator/internal/config"
	"cardbowl/generator/internal/diag"
	"cardbowl/generator/internal/page"
)

// judged are problems as the site and its texts choose to see them.
func (b *Builder) judged(problems diag.List, cfg config.Config) diag.List {
	problems = problems.Judged(cfg.Checks, func(file string) []string { return b.shelf.Silenced[file] }, b.asked)
	if b.options.Strict {
		for i := range problems {
			problems[i].Severity = diag.Error
		}
	}
	return problems
}

// Links are the addresses on other sites that the last Check met.
func (b *Builder) Links() []page.OutsideLink { return b.links }

// Findings are what somebody found out about a site after its Check, with the
// lines they are about, and judged like all others. Of those at one place that
// say the same, one is left.
func (b *Builder) Findings(found diag.List) (diag.List, error) {
	for i := range found {
		if found[i].Source != "" {
			continue
		}
		var err error
		if found[i].Source, err = b.line(found[i].File, found[i].Line); err != nil {
			return nil, err
		}
	}
	return b.judged(found, b.config).Sorted(), nil
}
