package cli

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"cardbowl/generator/internal/funnel"
	"cardbowl/generator/internal/report"
	"cardbowl/generator/internal/store"
)

type leadsFlags struct {
	site, store string
	preview     bool
}

func (f *leadsFlags) add(c *cobra.Command) {
	c.Flags().StringVarP(&f.site, "source", "s", ".", "the site folder, the one with site.yaml")
	c.Flags().StringVar(&f.store, "store", "", storeUsage)
	c.Flags().BoolVar(&f.preview, "preview", false, "those of cardbowl serve")
}

func leadsCommand(w World) *cobra.Command {
	c := &cobra.Command{
		Use: "leads", Short: "The people behind the cards",
		Example: "  cardbowl leads list\n  cardbowl leads show ana@example.com\n  cardbowl leads export > leads.csv",
		RunE: func(c *cobra.Command, args []string) error {
			if len(args) > 0 {
				return wrong("there is no command `cardbowl leads %s`; `cardbowl leads --help` lists them", args[0])
			}
			return c.Help()
		},
	}
	c.AddCommand(leadsListCommand(w), leadsShowCommand(w), leadsExportCommand(w), leadsImportCommand(w), leadsStageCommand(w), leadsNoteCommand(w), leadsProveCommand(w), leadsEraseCommand(w), leadsAllowCommand(w), leadsLapseCommand(w), leadsReleaseCommand(w))
	return c
}

func leadsListCommand(w World) *cobra.Command {
	var f leadsFlags
	var asJSON, trapped bool
	c := &cobra.Command{
		Use: "list", Short: "Everybody who left a card, the newest first", Example: "  cardbowl leads list\n  cardbowl leads list --quarantined", Args: noArguments,
		RunE: func(c *cobra.Command, _ []string) error {
			if trapped {
				return listTrapped(c.Context(), w, f, asJSON)
			}
			leads, err := readLeads(c.Context(), w, f)
			if err != nil {
				return err
			}
			if asJSON {
				return written(json.NewEncoder(w.Stdout).Encode(leads))
			}
			known, isSite, err := settings(w, f.site)
			if err != nil {
				return err
			}
			stages, zone := funnel.DefaultSales(), time.UTC
			if isSite {
				stages, zone = known.Sales, known.Zone()
			}
			if err := report.WriteLeadsText(w.Stdout, leads, zone, w.textOptions()); err != nil || len(stages) == 0 {
				return written(err)
			}
			last := stages[len(stages)-1]
			if words := report.WaitsSentence(report.Waits(leads, last)); words != "" {
				fmt.Fprintln(w.Stdout, "\n"+words)
			}
			return nil
		},
	}
	f.add(c)
	c.Flags().BoolVar(&asJSON, "json", false, "print the list as JSON")
	c.Flags().BoolVar(&trapped, "quarantined", false, "the newest cards that robots left in the trap, which count for nothing")
	return c
}

func leadsShowCommand(w World) *cobra.Command {
	var f leadsFlags
	c := &cobra.Command{
		Use: "show EMAIL", Short: "One person, and everything that person wrote", Example: "  cardbowl leads show ana@example.com",
		Args: one("an address: `cardbowl leads show ana@example.com`"),
		RunE: func(c *cobra.Command, args []string) error {
			zone, err := zoneOf(w, f.site)
			if err != nil {
				return err
			}
			l, err := readPerson(c.Context(), w, f, args[0])
			if err != nil {
				return err
			}
			return written(report.WriteLeadText(w.Stdout, l, zone, w.textOptions()))
		},
	}
	f.add(c)
	return c
}

func leadsExportCommand(w World) *cobra.Command {
	var f leadsFlags
	var format string
	c := &cobra.Command{
		Use: "export [EMAIL]", Short: "Everybody as CSV; or all that is kept of one, as JSON",
		Long: "Writes people as CSV, in the columns that a program reads. For mailchimp, kit and listmonk, which send mail, it\n" +
			"writes only those who may get it: who ticked the box beside a form or confirmed the address, and has not\nunsubscribed since. How many were left out is said on standard error.\n\n" +
			"With an address, it writes all that is kept of one person as JSON, to be handed to that person.",
		Example: "  cardbowl leads export > leads.csv\n  cardbowl leads export --format hubspot > contacts.csv\n  cardbowl leads export ana@example.com > ana.json", Args: cobra.MaximumNArgs(1),
		RunE: func(c *cobra.Command, args []string) error {
			if len(args) == 1 {
				return exportOne(c.Context(), w, f, args[0])
			}
			leads, err := readLeads(c.Context(), w, f)
			if err != nil {
				return err
			}
			known, _, err := settings(w, f.site)
			if err != nil {
				return err
			}
			out, err := report.WriteLeads(w.Stdout, leads, format, known.Currency, known.Sales)
			if errors.Is(err, report.ErrFormat) {
				return failure{usage, err}
			}
			for _, left := range []struct {
				n   int
				why string
			}{{out.NoAddress, "without an address"}, {out.Left, "who unsubscribed"}, {out.NotAgreed, "who never agreed to mail nor confirmed an address"}} {
				if left.n > 0 {
					fmt.Fprintf(w.Stderr, "Left out: %s %s.\n", plural(left.n, "lead"), left.why)
				}
			}
			return written(err)
		},
	}
	f.add(c)
	c.Flags().StringVar(&format, "format", "plain", "for `WHICH` program: "+strings.Join(report.LeadFormats(), ", "))
	offer(c, "format", report.LeadFormats())
	return c
}

// personOf finds one person by address or id, without reading the others.
func personOf(ctx context.Context, kept store.Store, who string) (report.Lead, error) {
	var page store.LeadPage
	id, err := kept.Find(ctx, who)
	if err == nil {
		page, err = kept.Leads(ctx, store.LeadQuery{IDs: []string{id}})
	}
	found := report.Leads(page.Cards, page.People, page.Progress)
	switch {
	case err != nil && !errors.Is(err, store.ErrNoLead):
		return report.Lead{}, failure{problem, err}
	case len(found) == 1:
		return found[0], nil
	}
	at, err := kept.Suppressed(ctx, who)
	switch {
	case err != nil:
		return report.Lead{}, failure{problem, err}
	case !at.IsZero():
		return report.Lead{}, failure{problem, fmt.Errorf("whoever had the address `%s` was erased on %s; nothing is kept but a hash of it", who, at.Format(time.DateOnly))}
	}
	return report.Lead{}, failure{problem, fmt.Errorf("nobody called `%s` has left a card", who)}
}

// readPerson finds one person in a store beside a running tracker.
func readPerson(ctx context.Context, w World, f leadsFlags, who string) (report.Lead, error) {
	kept, err := readStore(ctx, w, f.store, f.site, f.preview)
	if err != nil {
		return report.Lead{}, err
	}
	defer kept.Close()
	return personOf(ctx, kept, who)
}

// readLeads reads the store beside a running tracker.
func readLeads(ctx context.Context, w World, f leadsFlags) ([]report.Lead, error) {
	kept, err := readStore(ctx, w, f.store, f.site, f.preview)
	if err != nil {
		return nil, err
	}
	defer kept.Close()
	return allLeads(ctx, kept)
}

func allLeads(ctx context.Context, kept store.Store) ([]report.Lead, error) {
	const endOfTime = "9999-12-31"
	stored, err := kept.Submissions(ctx, "", endOfTime)
	if err != nil {
		return nil, failure{problem, err}
	}
	progress, err := kept.Progress(ctx)
	if err != nil {
		return nil, failure{problem, err}
	}
	people, err := kept.People(ctx)
	if err != nil {
		return nil, failure{problem, err}
	}
	return report.Leads(stored, people, progress), nil
}

// written is what became of writing: nothing to say, or a failure.
func written(err error) error {
	if err != nil {
		return failure{problem, err}
	}
	return nil
}
