package cli

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"

	"github.com/spf13/cobra"

	"cardbowl/generator/internal/build"
)

type checkFlags struct {
	siteFlags
	external, private, strict, asJSON bool
}

func checkCommand(w World) *cobra.Command {
	var flags checkFlags
	c := &cobra.Command{
		Use:   "check",
		Short: "Say everything a build would complain of, and write nothing",
		Long: "Looks for everything that build would complain of, and writes nothing. With --external it asks other sites, too,\n" +
			"whether the pages you link to are still there: politely, and each at most once a week, since what they answer is\n" +
			"kept in .cardbowl/links.json.",
		Example: "  cardbowl check\n  cardbowl check -D -s my-blog\n  cardbowl check --external --strict",
		Args:    noArguments,
		RunE: func(c *cobra.Command, _ []string) error {
			if flags.private && !flags.external {
				return wrong("`--private` says how `--external` asks; give both")
			}
			return runCheck(c.Context(), w, flags)
		},
	}
	flags.add(c)
	c.Flags().BoolVar(&flags.external, "external", false, "ask other sites, too, whether links lead somewhere")
	c.Flags().BoolVar(&flags.private, "private", false, "with --external: ask in private networks as well, for a site that is read in one")
	c.Flags().BoolVar(&flags.strict, "strict", false, "let warnings fail the check")
	c.Flags().BoolVar(&flags.asJSON, "json", false, "print the findings as JSON")
	return c
}

func runCheck(ctx context.Context, w World, flags checkFlags) error {
	o := flags.options(w)
	o.Strict = flags.strict
	waiting := w.watchProgress()
	o.Doing = waiting.now
	builder := build.New(o)
	defer builder.Close()
	result, err := builder.Check(ctx)
	var beyond external
	if err == nil && flags.external {
		beyond, err = checkExternal(ctx, w, builder, o.Site, result.Config.BaseURL, flags.private, waiting.now)
		result.Problems = append(result.Problems, beyond.problems...).Sorted()
	}
	waiting.end()
	var failed failure
	switch {
	case errors.As(err, &failed):
		return failed
	case err != nil:
		return failure{problem, err}
	}
	looked := plural(result.Pages, "page")
	if flags.external {
		looked += " and " + plural(beyond.asked, "address") + " on other sites"
	}
	if flags.asJSON {
		if err := json.NewEncoder(w.Stdout).Encode(diagnosticsJSON(result.Problems)); err != nil {
			return failure{problem, err}
		}
	} else {
		w.tell(result.Problems)
		for _, u := range beyond.unknown {
			fmt.Fprintf(w.Stderr, "not known: %s\n", u)
		}
		if len(result.Problems) == 0 {
			fmt.Fprintf(w.Stdout, "%s, nothing to complain of\n", looked)
		} else {
			fmt.Fprintf(w.Stdout, "%s\n", summary(result.Problems))
		}
	}
	if result.Failed() {
		return failure{code: problem}
	}
	return nil
}
