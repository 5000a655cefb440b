package cli

import (
	"encoding/json"
	"fmt"

	"github.com/spf13/cobra"

	"cardbowl/generator/internal/build"
)

func checkCommand(w World) *cobra.Command {
	var flags siteFlags
	var external, strict, asJSON bool
	c := &cobra.Command{
		Use:     "check",
		Short:   "Say everything a build would complain of, and write nothing",
		Example: "  cardbowl check\n  cardbowl check -D -s my-blog",
		Args:    noArguments,
		RunE: func(c *cobra.Command, _ []string) error {
			if external {
				return wrong("`cardbowl check --external` is not built yet")
			}
			o := flags.options(w)
			o.Strict = strict
			waiting := w.watchProgress()
			o.Doing = waiting.now
			result, err := build.New(o).Check(c.Context())
			waiting.end()
			if err != nil {
				return failure{problem, err}
			}
			switch {
			case asJSON:
				if err := json.NewEncoder(w.Stdout).Encode(diagnosticsJSON(result.Problems)); err != nil {
					return failure{problem, err}
				}
			case len(result.Problems) == 0:
				fmt.Fprintf(w.Stdout, "%s, nothing to complain of\n", plural(result.Pages, "page"))
			default:
				w.tell(result.Problems)
				fmt.Fprintf(w.Stdout, "%s\n", summary(result.Problems))
			}
			if result.Failed() {
				return failure{code: problem}
			}
			return nil
		},
	}
	flags.add(c)
	c.Flags().BoolVar(&external, "external", false, "check links to other sites too (not built yet)")
	c.Flags().BoolVar(&strict, "strict", false, "let warnings fail the check")
	c.Flags().BoolVar(&asJSON, "json", false, "print the findings as JSON")
	return c
}
