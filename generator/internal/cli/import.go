package cli

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"cardbowl/generator/internal/funnel"
	"cardbowl/generator/internal/report"
	"cardbowl/generator/internal/store"
)

func leadsImportCommand(w World) *cobra.Command {
	var f leadsFlags
	var columns []string
	var dry bool
	c := &cobra.Command{
		Use: "import FILE", Short: "Bring leads over from elsewhere, from a CSV file",
		Long: "Reads people from a CSV file whose first line names the columns: " + strings.Join(report.LeadFields(), ", ") + ".\n" +
			"Only email is needed; columns that are called otherwise are named with --map, and a field of any other name is kept\n" +
			"as an answer. What `leads export` wrote is read as it is. With - for the file, standard input is read.\n\n" +
			"Whoever is known by address stays as is, so that the same file twice changes nothing. People from elsewhere count for\n" +
			"no post and in no rate, and nobody is written to. Once somebody among them sends a card, that card and what\n" +
			"follows count for its post. Where one line cannot be taken, none is.",
		Example: "  cardbowl leads import leads.csv --dry-run\n  cardbowl leads import contacts.csv --map \"email=E-mail 1\" --map fair=Where",
		Args:    one("a file: `cardbowl leads import leads.csv`"),
		RunE: func(c *cobra.Command, args []string) error {
			file := report.ImportFile{Name: args[0], Map: map[string]string{}, Stages: funnel.DefaultSales(), Zone: time.UTC}
			known, isSite, err := settings(w, f.site)
			if err != nil {
				return err
			}
			if isSite {
				file.Stages, file.Zone = known.Sales, known.Zone()
			}
			for _, pair := range columns {
				field, column, ok := strings.Cut(pair, "=")
				if field, column = strings.TrimSpace(field), strings.TrimSpace(column); !ok || field == "" || column == "" {
					return wrong("`--map %s` names no field and column, as in --map \"email=E-mail 1\"", pair)
				}
				if _, twice := file.Map[field]; twice {
					return wrong("--map names two columns for %s", field)
				}
				file.Map[field] = column
				if !slices.Contains(report.LeadFields(), field) {
					file.Answers = append(file.Answers, field)
				}
			}
			return f.bring(c.Context(), w, file, dry)
		},
	}
	f.add(c)
	c.Flags().StringArrayVar(&columns, "map", nil, "the column a field stands in, as `FIELD=COLUMN`; may be given several times")
	c.Flags().BoolVar(&dry, "dry-run", false, "say what would be done, and do nothing")
	return c
}

// bring reads a file of people into the store.
func (f *leadsFlags) bring(ctx context.Context, w World, file report.ImportFile, dry bool) error {
	var from io.Reader = w.Stdin
	if file.Name == "-" {
		file.Name = "standard input"
	} else {
		opened, err := os.Open(file.Name)
		if err != nil {
			return failure{problem, err}
		}
		defer opened.Close()
		from = opened
	}
	people, ignored, problems, err := report.ReadLeads(from, file)
	if err != nil {
		return failure{problem, err}
	}
	if len(problems) > 0 {
		w.tell(problems)
		return failure{problem, fmt.Errorf("nothing was brought over: %s of %s", plural(len(problems), "problem"), file.Name)}
	}
	if len(ignored) > 0 {
		fmt.Fprintf(w.Stderr, "Not taken: the columns %s.\n", strings.Join(ignored, ", "))
	}
	if dry {
		isNew, err := f.unknown(ctx, w, people)
		if err != nil {
			return err
		}
		fmt.Fprintf(w.Stdout, "%s would be brought over; %d of %d are known already.\n", plural(isNew, "lead"), len(people)-isNew, len(people))
		return nil
	}
	kept, err := writeStore(ctx, w, f.store, f.site, f.preview)
	if err != nil {
		return err
	}
	defer kept.Close()
	added, err := kept.Import(ctx, w.Now().In(file.Zone), people, file.Stages)
	if err != nil {
		return failure{problem, err}
	}
	fmt.Fprintf(w.Stdout, "%s brought over; %d of %d were known already.\n", plural(added, "lead"), len(people)-added, len(people))
	return nil
}

// unknown is how many of some people no store there is knows.
func (f *leadsFlags) unknown(ctx context.Context, w World, people []store.ImportedLead) (int, error) {
	at := previewStore(f.site)
	if !f.preview {
		var err error
		if at, err = storeAddress(w, f.store, f.site); err != nil {
			return 0, err
		}
	}
	kept, err := store.Open(ctx, at, store.Options{ReadOnly: true})
	if err != nil {
		if errors.Is(err, store.ErrNoStore) {
			return len(people), nil
		}
		return 0, failure{problem, err}
	}
	defer kept.Close()
	all, err := kept.People(ctx)
	if err != nil {
		return 0, failure{problem, err}
	}
	known := map[string]bool{}
	for _, p := range all {
		known[strings.ToLower(p.Email)] = true
	}
	n := 0
	for _, p := range people {
		if !known[strings.ToLower(p.Email)] {
			n++
		}
	}
	return n, nil
}
