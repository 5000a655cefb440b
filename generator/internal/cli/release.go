package cli

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"

	"github.com/spf13/cobra"

	"cardbowl/generator/internal/manifest"
	"cardbowl/generator/internal/outbox"
	"cardbowl/generator/internal/report"
	"cardbowl/generator/internal/store"
)

// mostTrapped is how many cards of the trap are shown: a robot may have left many.
const mostTrapped = 200

func leadsReleaseCommand(w World) *cobra.Command {
	var f leadsFlags
	c := &cobra.Command{
		Use: "release ID", Short: "Take a card out of quarantine, and count it",
		Long: "A card with something in the field that only robots see is kept apart, counts for nothing, and nobody is told of\n" +
			"it. When a person sent it after all, this makes it a card like any other: it counts for its post on the day it\n" +
			"came, its sender is a lead, and what it is a reason for is sent. `cardbowl leads list --quarantined` shows the ids.",
		Example: "  cardbowl leads list --quarantined\n  cardbowl leads release 019ab1f2-7c44-7e6f-8a1b-2c3d4e5f6071",
		Args:    one("the id of a card: `cardbowl leads list --quarantined` shows them"),
		RunE: func(c *cobra.Command, args []string) error {
			zone, err := zoneOf(w, f.site)
			if err != nil {
				return err
			}
			reading, err := readStore(c.Context(), w, f.store, f.site, f.preview) // first, so that a mistyped name makes no store
			if err != nil {
				return err
			}
			card, err := reading.Card(c.Context(), args[0])
			if closing := reading.Close(); closing != nil {
				return failure{problem, closing}
			}
			switch {
			case errors.Is(err, store.ErrNoLead) || err == nil && card.Status != store.Quarantined:
				return failure{problem, fmt.Errorf("no card `%s` is in quarantine; `cardbowl leads list --quarantined` shows those that are", args[0])}
			case err != nil:
				return failure{problem, err}
			}
			orders, err := ordersOf(f.site, card.Form)
			if err != nil {
				return err
			}
			kept, err := writeStore(c.Context(), w, f.store, f.site, f.preview)
			if err != nil {
				return err
			}
			defer kept.Close()
			if _, err := kept.Release(c.Context(), card.ID, zone, orders); err != nil {
				return failure{problem, err}
			}
			fmt.Fprintf(w.Stdout, "released: the card counts for %s; `cardbowl leads show %s` shows who sent it\n", cmp.Or(card.Post, "a page the site does not know"), cmp.Or(card.Email, card.ID))
			return nil
		},
	}
	f.add(c)
	return c
}

// ordersOf is what a card of a form is a reason for, as the site was built last;
// nothing where it was not, or has no such form any more.
func ordersOf(site, form string) ([]store.Order, error) {
	known, err := manifest.Load(manifestPath(site))
	if err != nil {
		return nil, failure{problem, fmt.Errorf("what is to be sent for a card stands in the manifest of the site: %w", err)}
	}
	for _, d := range known.Forms {
		if d.Name == form {
			return outbox.OnCard(known, d), nil
		}
	}
	return nil, nil
}

// listTrapped shows the cards in quarantine.
func listTrapped(ctx context.Context, w World, f leadsFlags, asJSON bool) error {
	zone, err := zoneOf(w, f.site)
	if err != nil {
		return err
	}
	kept, err := readStore(ctx, w, f.store, f.site, f.preview)
	if err != nil {
		return err
	}
	defer kept.Close()
	stored, err := kept.Trapped(ctx, mostTrapped)
	if err != nil {
		return failure{problem, err}
	}
	cards := report.TrappedOf(stored)
	if asJSON {
		return written(json.NewEncoder(w.Stdout).Encode(cards))
	}
	return written(report.WriteTrapped(w.Stdout, cards, zone, w.textOptions()))
}
