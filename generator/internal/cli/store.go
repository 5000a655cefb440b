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
		Use: "store", Short: "Back up, restore, check and move the tracker's store",
		Example: "  cardbowl store backup cards-2026-11-27.db\n  cardbowl store check\n  cardbowl store restore cards-2026-11-27.db\n  cardbowl store copy .cardbowl/cardbowl.db postgres://cards@localhost/cards",
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
		Long:    "Writes a copy of the store, of one moment, into one file. The tracker may go on meanwhile. What is to be\ndestroyed within two days, the salts that tell visitors apart, is not in it. A file that is there is never written over.\nOf a store in PostgreSQL it makes such a file, too; pg_dump makes a copy that only PostgreSQL can read.",
		Example: "  cardbowl store backup cards-2026-11-27.db\n  cardbowl store backup \"/var/backups/cards-$(date +%F).db\"",
		Args:    one("a file to write: `cardbowl store backup cards.db`"),
		RunE: func(c *cobra.Command, args []string) error {
			return flags.run(c.Context(), w, func(ctx context.Context, path string) error {
				waiting := w.watchProgress()
				waiting.now("copying the store")
				held, err := store.Backup(ctx, path, args[0], waiting.reached)
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
		Long:    "Copies a backup to where the store belongs. Stop the tracker first, and move the old store away: a store that is\nthere is never written over. In PostgreSQL, the database has to be empty.",
		Example: "  cardbowl store restore cards-2026-11-27.db",
		Args:    one("a backup: `cardbowl store restore cards.db`"),
		RunE: func(c *cobra.Command, args []string) error {
			return flags.run(c.Context(), w, func(ctx context.Context, path string) error {
				waiting := w.watchProgress()
				waiting.now("looking through the backup")
				held, err := store.Restore(ctx, args[0], path, waiting.reached)
				waiting.end()
				if errors.Is(err, store.ErrExists) {
					return fmt.Errorf("%w; stop the tracker and move it away first", err)
				}
				if errors.Is(err, store.ErrNotEmpty) {
					return fmt.Errorf("%w; stop the tracker and make a new database with createdb", err)
				}
				if err != nil {
					return err
				}
				fmt.Fprintf(w.Stdout, "%s holds %s\n", store.Shown(path), inWords(held))
				return nil
			})
		},
	}
	check := &cobra.Command{
		Use: "check", Short: "Look through the whole store",
		Long:    "Tells whether all of it can be read and is sound, and whether what is counted agrees with what is stored. An entry of the\nevidence of consent that was changed or is gone is named. The tracker may run meanwhile.",
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
					return fmt.Errorf("%s is not sound: %s", store.Shown(path), plural(len(found), "fault"))
				}
				fmt.Fprintf(w.Stdout, "%s is sound, with %s\n", store.Shown(path), inWords(held))
				if held.Seal != "" {
					fmt.Fprintf(w.Stdout, "its evidence of consent ends with entry %d, sealed %s\n", held.Evidence, held.Seal)
				}
				return nil
			})
		},
	}
	sum := &cobra.Command{
		Use: "sum", Short: "Make the sums that reports add up again",
		Long:    "Reports add up sums of days and months that are over, which the tracker makes every hour. This drops all of them\nand makes them again from what was counted, for the rare day on which `store check` finds one that is wrong. No\ncount is changed, and the tracker may run meanwhile.",
		Example: "  cardbowl store sum",
		Args:    noArguments,
		RunE: func(c *cobra.Command, _ []string) error {
			return flags.run(c.Context(), w, func(ctx context.Context, path string) error {
				zone, err := zoneOf(w, flags.site)
				if err != nil {
					return err
				}
				waiting := w.watchProgress()
				waiting.now("adding up what was counted")
				err = store.Sum(ctx, path, w.Now().In(zone))
				waiting.end()
				if err != nil {
					return err
				}
				fmt.Fprintf(w.Stdout, "the sums of %s are made again\n", store.Shown(path))
				return nil
			})
		},
	}
	for _, sub := range []*cobra.Command{backup, restore, check, sum} {
		flags.add(sub)
		c.AddCommand(sub)
	}
	c.AddCommand(storeCopyCommand(w))
	return c
}

func storeCopyCommand(w World) *cobra.Command {
	return &cobra.Command{
		Use: "copy FROM TO", Short: "Move a store to PostgreSQL, or back into a file",
		Long: "Copies a store, a file or an address of PostgreSQL, into an empty one, all of it in one transaction. Then it reads\n" +
			"every table of the copy again and holds it against the original. Stop the trackers first: what they take meanwhile\n" +
			"would not be in the copy. The original stays as it is. In place of a name, - stands for CARDBOWL_STORE, so that a\n" +
			"password need not be an argument, which every user of the machine can see.",
		Example: "  cardbowl store copy .cardbowl/cardbowl.db postgres://cards@localhost/cards\n  CARDBOWL_STORE=postgres://cards:secret@localhost/cards \\\n    cardbowl store copy .cardbowl/cardbowl.db -\n  cardbowl store copy postgres://cards@localhost/cards cards.db",
		Args: func(_ *cobra.Command, args []string) error {
			if len(args) != 2 {
				return wrong("name two stores: `cardbowl store copy .cardbowl/cardbowl.db postgres://cards@localhost/cards`")
			}
			return nil
		},
		RunE: func(c *cobra.Command, args []string) error {
			for i, name := range args {
				if name == "-" {
					args[i] = w.Getenv("CARDBOWL_STORE")
				}
				if args[i] == "" {
					return wrong("`-` stands for CARDBOWL_STORE, which is empty")
				}
				if err := knownKind(args[i]); err != nil {
					return err
				}
			}
			if args[0] == args[1] {
				return wrong("a store cannot be copied to itself")
			}
			waiting := w.watchProgress()
			waiting.now("opening the stores")
			held, err := store.Copy(c.Context(), args[0], args[1], waiting.reached)
			waiting.end()
			switch {
			case errors.Is(err, store.ErrNoStore):
				return failure{problem, fmt.Errorf("there is no store %s", store.Shown(args[0]))}
			case err != nil:
				return failure{problem, err}
			}
			fmt.Fprintf(w.Stdout, "%s holds %s; every table is as in %s\n", store.Shown(args[1]), inWords(held), store.Shown(args[0]))
			return nil
		},
	}
}

// reached tells how far a copy of a store has come.
func (p *progress) reached(doing, table string, rows int) {
	p.now(fmt.Sprintf("%s %s, %s", doing, table, plural(rows, "row")))
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
	err = do(ctx, path)
	switch {
	case errors.Is(err, store.ErrNoStore):
		return failure{problem, fmt.Errorf("there is no store %s; `cardbowl track` makes it", store.Shown(path))}
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
