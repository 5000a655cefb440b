package cli

import (
	"context"
	"errors"
	"fmt"

	"github.com/spf13/cobra"

	"cardbowl/generator/internal/store"
)

func storeCommand(w World) *cobra.Command {
	c := &cobra.Command{
		Use: "store", Short: "Back up, restore and check the tracker's store",
		Example: "  cardbowl store backup cards-2026-11-27.db\n  cardbowl store check\n  cardbowl store restore cards-2026-11-27.db",
		RunE: func(c *cobra.Command, args []string) error {
			if len(args) > 0 {
				return wrong("there is no command `cardbowl store %s`; `cardbowl store --help` lists them", args[0])
			}
			return c.Help()
		},
	}
	var flags storeFlags
	backup := &cobra.Command{
		Use: "backup FILE", Short: "One file with everything, while the tracker runs",
		Long:    "Writes a copy of the store, of one moment, into one file. The tracker may go on meanwhile. What is to be\ndestroyed within two days, the salts that tell visitors apart, is not in it. A file that is there is never written over.",
		Example: "  cardbowl store backup cards-2026-11-27.db\n  cardbowl store backup \"/var/backups/cards-$(date +%F).db\"",
		Args:    one("a file to write: `cardbowl store backup cards.db`"),
		RunE: func(c *cobra.Command, args []string) error {
			return flags.run(c.Context(), w, func(ctx context.Context, path string) error {
				waiting := w.watchProgress()
				waiting.now("copying the store")
				held, err := store.Backup(ctx, path, args[0])
				waiting.end()
				if err != nil {
					return err
				}
				fmt.Fprintf(w.Stdout, "%s holds %s\n", args[0], inWords(held))
				return nil
			})
		},
	}
	restore := &cobra.Command{
		Use: "restore FILE", Short: "Put a backup where the store was",
		Long:    "Copies a backup to where the store belongs. Stop the tracker first, and move the old store away: a store that is\nthere is never written over.",
		Example: "  cardbowl store restore cards-2026-11-27.db",
		Args:    one("a backup: `cardbowl store restore cards.db`"),
		RunE: func(c *cobra.Command, args []string) error {
			return flags.run(c.Context(), w, func(ctx context.Context, path string) error {
				held, err := store.Restore(ctx, args[0], path)
				if errors.Is(err, store.ErrExists) {
					return fmt.Errorf("%w; stop the tracker and move it away first", err)
				}
				if err != nil {
					return err
				}
				fmt.Fprintf(w.Stdout, "%s holds %s\n", path, inWords(held))
				return nil
			})
		},
	}
	check := &cobra.Command{
		Use: "check", Short: "Look through the whole store",
		Long:    "Tells whether the file is sound, and whether what is counted agrees with what is stored. The tracker may run meanwhile.",
		Example: "  cardbowl store check",
		Args:    noArguments,
		RunE: func(c *cobra.Command, _ []string) error {
			return flags.run(c.Context(), w, func(ctx context.Context, path string) error {
				waiting := w.watchProgress()
				waiting.now("looking through the store")
				held, found, err := store.Check(ctx, path)
				waiting.end()
				if err != nil {
					return err
				}
				for _, what := range found {
					fmt.Fprintln(w.Stdout, what)
				}
				if len(found) > 0 {
					return fmt.Errorf("%s is not sound: %s", path, plural(len(found), "fault"))
				}
				fmt.Fprintf(w.Stdout, "%s is sound, with %s\n", path, inWords(held))
				return nil
			})
		},
	}
	for _, sub := range []*cobra.Command{backup, restore, check} {
		flags.add(sub)
		c.AddCommand(sub)
	}
	c.AddCommand(notBuiltYet("copy FROM TO", "Move a store to PostgreSQL", "store copy cardbowl.db postgres://localhost/cards"))
	return c
}

type storeFlags struct{ site, store string }

func (f *storeFlags) add(c *cobra.Command) {
	c.Flags().StringVarP(&f.site, "source", "s", ".", "the site folder, the one with site.yaml")
	c.Flags().StringVar(&f.store, "store", "", storeUsage)
}

// run does something with the file of the store.
func (f *storeFlags) run(ctx context.Context, w World, do func(ctx context.Context, path string) error) error {
	path, err := storeAddress(w, f.store, f.site)
	if err != nil {
		return err
	}
	if store.IsPostgres(path) {
		return wrong("`cardbowl store` is not built yet for PostgreSQL; pg_dump backs it up")
	}
	err = do(ctx, path)
	switch {
	case errors.Is(err, store.ErrNoStore):
		return failure{problem, fmt.Errorf("there is no store %s; `cardbowl track` makes it", path)}
	case err != nil:
		return failure{problem, err}
	}
	return nil
}

func inWords(h store.Holding) string {
	text := plural(h.Submissions, "card") + " of " + plural(h.Leads, "lead")
	if h.Last != "" {
		text += ", counted up to " + h.Last
	}
	return text
}
