package cli

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"cardbowl/generator/internal/diag"
	"cardbowl/generator/internal/funnel"
	"cardbowl/generator/internal/outbox"
	"cardbowl/generator/internal/report"
	"cardbowl/generator/internal/store"
)

// entryFlags are what may be said of a lead with every entry.
type entryFlags struct {
	leadsFlags
	value, next, on string
}

func (f *entryFlags) add(c *cobra.Command) {
	f.leadsFlags.add(c)
	c.Flags().StringVar(&f.value, "value", "", "what the lead is worth, in the site's currency")
	c.Flags().StringVar(&f.next, "next", "", "what is to be done next")
	c.Flags().StringVar(&f.on, "on", "", "the `DAY` of it, such as 2026-12-01")
}

func leadsStageCommand(w World) *cobra.Command {
	var f entryFlags
	var note string
	c := &cobra.Command{
		Use: "stage EMAIL STAGE", Short: "Move a lead to a sales stage, or to lost",
		Long: "Writes that a lead is in a stage now. The report counts the stages a lead has reached, for the post whose form\n" +
			"it sent first; a step back takes back what lay between. The stages are those of site.yaml, by default call,\n" +
			"meeting, proposal and client. Nothing that was written before is changed.",
		Example: "  cardbowl leads stage ana@example.com proposal --value 4000\n  cardbowl leads stage ana@example.com call --next \"Send prices\" --on 2026-12-01\n  cardbowl leads stage ana@example.com lost --note \"No budget this year\"",
		Args: func(_ *cobra.Command, args []string) error {
			if len(args) != 2 {
				return wrong("name a lead and a stage: `cardbowl leads stage ana@example.com call`")
			}
			return nil
		},
		RunE: func(c *cobra.Command, args []string) error {
			return f.enter(c.Context(), w, args[0], store.Entry{Stage: args[1], Note: note})
		},
	}
	f.add(c)
	c.Flags().StringVar(&note, "note", "", "a note beside it")
	c.ValidArgsFunction = func(_ *cobra.Command, args []string, _ string) ([]string, cobra.ShellCompDirective) {
		if len(args) != 1 {
			return nil, cobra.ShellCompDirectiveNoFileComp
		}
		stages := funnel.DefaultSales()
		if known, isSite, err := settings(w, f.site); err == nil && isSite {
			stages = known.Sales
		}
		return append(slices.Clone(stages), string(funnel.Lost)), cobra.ShellCompDirectiveNoFileComp
	}
	return c
}

func leadsNoteCommand(w World) *cobra.Command {
	var f entryFlags
	c := &cobra.Command{
		Use: "note EMAIL TEXT", Short: "Write a note beside a lead",
		Example: "  cardbowl leads note ana@example.com \"She asks for an example\" --next Send",
		Args: func(_ *cobra.Command, args []string) error {
			if len(args) != 2 || strings.TrimSpace(args[1]) == "" {
				return wrong("name a lead and what to write: `cardbowl leads note ana@example.com \"Call again in May\"`")
			}
			return nil
		},
		RunE: func(c *cobra.Command, args []string) error {
			return f.enter(c.Context(), w, args[0], store.Entry{Note: args[1]})
		},
	}
	f.add(c)
	return c
}

// enter writes an entry into the store, beside a tracker that may be running.
func (f *entryFlags) enter(ctx context.Context, w World, who string, e store.Entry) error {
	known, isSite, err := settings(w, f.site)
	if err != nil {
		return err
	}
	stages, zone := funnel.DefaultSales(), time.UTC
	if isSite {
		stages, zone = known.Sales, known.Zone()
	}
	if e.Stage != "" && e.Stage != string(funnel.Lost) && !slices.Contains(stages, e.Stage) {
		hint := diag.DidYouMean(e.Stage, append(slices.Clone(stages), string(funnel.Lost)))
		if hint == "" {
			hint = "the stages are " + strings.Join(stages, ", ") + " and lost"
		}
		return wrong("there is no stage `%s`; %s", e.Stage, hint)
	}
	if f.value != "" {
		value, ok := report.ParseAmount(f.value)
		if !ok {
			return wrong("`%s` is no amount, such as 4000 or 99.50", f.value)
		}
		e.Value = &value
	}
	if f.on != "" {
		if _, err := time.Parse(time.DateOnly, f.on); err != nil {
			return wrong("`%s` is no day, such as 2026-12-01", f.on)
		}
	}
	told, err := receivers(w, f.site)
	if err != nil {
		return err
	}
	e.Next, e.NextDay, e.At, e.Orders = f.next, f.on, w.Now().In(zone), outbox.OnStage(told)

	// Looked up first, so that a mistyped name makes no store.
	lead, err := readPerson(ctx, w, f.leadsFlags, who)
	if err != nil {
		return err
	}
	kept, err := writeStore(ctx, w, f.store, f.site, f.preview)
	if err != nil {
		return err
	}
	defer kept.Close()
	if err := kept.Enter(ctx, lead.ID, e, stages); err != nil {
		return failure{problem, err}
	}
	if lead, err = personOf(ctx, kept, lead.ID); err != nil {
		return err
	}
	fmt.Fprintln(w.Stdout, lead.Standing())
	return nil
}
