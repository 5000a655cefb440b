package cli

import (
	"fmt"

	"github.com/spf13/cobra"

	"cardbowl/generator/internal/manifest"
	"cardbowl/generator/internal/store"
	"cardbowl/generator/internal/tracker"
)

func leadsLapseCommand(w World) *cobra.Command {
	var f leadsFlags
	c := &cobra.Command{
		Use: "lapse", Short: "Erase those whose time is over, as the tracker does once a day",
		Long: "Erases the people whom site.yaml says to keep no longer, under tracker: retention: who was asked to confirm the\n" +
			"address and did not, cards in the trap, and everybody of whom nothing was heard for long. No count changes.",
		Example: "  cardbowl leads lapse",
		Args:    noArguments,
		RunE: func(c *cobra.Command, _ []string) error {
			known, isSite, err := settings(w, f.site)
			if err != nil {
				return err
			}
			if !isSite {
				return failure{problem, fmt.Errorf("no site.yaml in %s, which says for how long people are kept; name the site folder with -s DIR", f.site)}
			}
			rules := tracker.RetentionOf(manifest.Manifest{Forms: known.Forms, Retention: manifest.Retention(known.Tracker.Retention)})
			reading, err := readStore(c.Context(), w, f.store, f.site, f.preview) // first, so that a mistyped name makes no store
			if err != nil {
				return err
			}
			if err := reading.Close(); err != nil {
				return failure{problem, err}
			}
			kept, err := writeStore(c.Context(), w, f.store, f.site, f.preview)
			if err != nil {
				return err
			}
			defer kept.Close()
			var sum store.Lapsed
			for {
				n, err := kept.Lapse(c.Context(), w.Now(), rules, tracker.LapseAtOnce)
				if err != nil {
					return failure{problem, err}
				}
				sum.Unconfirmed, sum.Quarantined, sum.Silent = sum.Unconfirmed+n.Unconfirmed, sum.Quarantined+n.Quarantined, sum.Silent+n.Silent
				if n.Sum() == 0 {
					break
				}
			}
			if err := kept.Scrub(c.Context()); err != nil {
				return failure{problem, err}
			}
			fmt.Fprintf(w.Stdout, "erased: %d who did not confirm, %d of whom nothing was heard, %s from the trap; no count has changed\n",
				sum.Unconfirmed, sum.Silent, plural(sum.Quarantined, "card"))
			return nil
		},
	}
	f.add(c)
	return c
}
