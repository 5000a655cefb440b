package cli

import (
	"encoding/json"
	"errors"

	"github.com/spf13/cobra"

	"cardbowl/generator/internal/report"
)

func leadsProveCommand(w World) *cobra.Command {
	var f leadsFlags
	var asJSON bool
	c := &cobra.Command{
		Use: "prove EMAIL", Short: "What a person agreed to, where and when, and each mail sent",
		Long: "Shows the evidence of one person's consent: the sentence beside the box that was ticked, with the page as it was\n" +
			"built, the form and the time; how and when the address was confirmed; each mail to it; and when the person left.\n" +
			"Entries are only ever added, each sealed together with all before it, for all people in one chain. The whole\n" +
			"chain is looked through; where an entry was changed or is gone, it says so, and the exit status is 1.",
		Example: "  cardbowl leads prove ana@example.com\n  cardbowl leads prove ana@example.com --json",
		Args:    one("an address: `cardbowl leads prove ana@example.com`"),
		RunE: func(c *cobra.Command, args []string) error {
			kept, err := readStore(c.Context(), w, f.store, f.site, f.preview)
			if err != nil {
				return err
			}
			defer kept.Close()
			l, err := personOf(c.Context(), kept, args[0])
			if err != nil {
				return err
			}
			record, err := kept.Evidence(c.Context(), l.ID)
			if err != nil {
				return failure{problem, err}
			}
			zone, err := zoneOf(w, f.site)
			if err != nil {
				return err
			}
			proof := report.ProofOf(l, record)
			if asJSON {
				err = json.NewEncoder(w.Stdout).Encode(proof)
			} else {
				err = report.WriteProofText(w.Stdout, proof, zone, w.textOptions())
			}
			if err == nil && !proof.Evidence.Sound {
				err = errors.New("the evidence of consent was changed; restore the store from a backup, or say so where you show this")
			}
			return written(err)
		},
	}
	f.add(c)
	c.Flags().BoolVar(&asJSON, "json", false, "print it as JSON")
	return c
}
