package cli

import (
	"context"
	"fmt"

	"github.com/spf13/cobra"

	"cardbowl/generator/internal/report"
)

func leadsEraseCommand(w World) *cobra.Command {
	var f leadsFlags
	var noHash bool
	c := &cobra.Command{
		Use: "erase EMAIL", Short: "Forget a person, for good",
		Long: "Empties all that was kept of a person: the address, the answers on every card, notes, links in mails, and what\n" +
			"waits to be sent. No count changes: what was counted stays with its post, and belongs to nobody any more. A hash\n" +
			"of the address stays, under a key of the store's own, so that no mail goes to it when somebody types it again;\n" +
			"`cardbowl leads allow` lifts that. `cardbowl leads export EMAIL` shows before what will be gone. Backups made\n" +
			"before still have the person, and programs that were told by a webhook keep what they were told.",
		Example: "  cardbowl leads erase ana@example.com\n  cardbowl leads erase ana@example.com --no-hash",
		Args:    one("an address: `cardbowl leads erase ana@example.com`"),
		RunE: func(c *cobra.Command, args []string) error {
			l, err := readPerson(c.Context(), w, f, args[0])
			if err != nil {
				return err
			}
			kept, err := writeStore(c.Context(), w, f.store, f.site, f.preview)
			if err != nil {
				return err
			}
			defer kept.Close()
			e, err := kept.Erase(c.Context(), l.ID, w.Now(), !noHash)
			if err == nil {
				err = kept.Scrub(c.Context())
			}
			if err != nil {
				return failure{problem, err}
			}
			fmt.Fprintf(w.Stdout, "erased: %s, %s and what was noted; no count has changed\n", plural(e.Cards+e.Trapped, "card"), plural(e.Messages, "message"))
			if !noHash && l.Email != "" {
				fmt.Fprintf(w.Stdout, "no mail goes to the address any more; `cardbowl leads allow EMAIL` lifts that\n")
			}
			return nil
		},
	}
	f.add(c)
	c.Flags().BoolVar(&noHash, "no-hash", false, "leave not even the hash that keeps mail from going to the address again")
	return c
}

func leadsAllowCommand(w World) *cobra.Command {
	var f leadsFlags
	c := &cobra.Command{
		Use: "allow EMAIL", Short: "Let mail go to an address again whose owner was erased",
		Long:    "After `cardbowl leads erase` no mail goes to the address, whoever types it into a form. This forgets the hash of\nit: the next card with the address is asked for a confirmation like any other.",
		Example: "  cardbowl leads allow ana@example.com",
		Args:    one("an address: `cardbowl leads allow ana@example.com`"),
		RunE: func(c *cobra.Command, args []string) error {
			// Looked up first, so that a mistyped name makes no store.
			reading, err := readStore(c.Context(), w, f.store, f.site, f.preview)
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
			known, err := kept.Allow(c.Context(), args[0], w.Now())
			if err == nil {
				err = kept.Scrub(c.Context())
			}
			switch {
			case err != nil:
				return failure{problem, err}
			case !known:
				return failure{problem, fmt.Errorf("nobody of the address `%s` was erased: mail goes to it as it is", args[0])}
			}
			fmt.Fprintf(w.Stdout, "mail may go to %s again\n", args[0])
			return nil
		},
	}
	f.add(c)
	return c
}

// exportOne writes all that is kept of one person.
func exportOne(ctx context.Context, w World, f leadsFlags, who string) error {
	kept, err := readStore(ctx, w, f.store, f.site, f.preview)
	if err != nil {
		return err
	}
	defer kept.Close()
	l, err := personOf(ctx, kept, who)
	if err != nil {
		return err
	}
	d, err := kept.Dossier(ctx, l.ID)
	if err != nil {
		return failure{problem, err}
	}
	return written(report.WriteDossier(w.Stdout, report.DossierOf(d)))
}
