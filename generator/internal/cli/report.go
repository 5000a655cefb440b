package cli

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net/http"
	"net/url"
	"os"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/cobra"
	"golang.org/x/term"

	"cardbowl/generator/internal/build"
	"cardbowl/generator/internal/manifest"
	"cardbowl/generator/internal/report"
	"cardbowl/generator/internal/store"
	"cardbowl/generator/internal/tracker"
)

type reportFlags struct {
	site, store, manifest, from, format string
	preview, watch                      bool
	query                               tracker.ReportQuery
}

func reportCommand(w World) *cobra.Command {
	var f reportFlags
	c := &cobra.Command{
		Use:     "report",
		Short:   "Which post brought whom: the per-post lead report and the funnel",
		Example: "  cardbowl report --since 90d\n  cardbowl report --preview\n  cardbowl report --since 1d --watch\n  cardbowl report --format json --since 2026-01-01 --until 2026-03-31",
		Args:    noArguments,
		RunE: func(c *cobra.Command, _ []string) error {
			if f.watch {
				return watchReport(c.Context(), w, f)
			}
			made, err := makeReport(c.Context(), w, f)
			if err != nil {
				return err
			}
			return writeReport(w, made, f.format)
		},
	}
	c.Flags().StringVarP(&f.site, "source", "s", ".", "the site folder, the one with site.yaml")
	c.Flags().StringVar(&f.store, "store", "", storeUsage)
	c.Flags().StringVar(&f.manifest, "manifest", "", "the `FILE` a build wrote about the site (default: .cardbowl/manifest.json in the site folder)")
	c.Flags().StringVar(&f.from, "from", "", "ask a running tracker at this `URL` (with CARDBOWL_READ_TOKEN or CARDBOWL_TOKEN)")
	c.Flags().BoolVar(&f.preview, "preview", false, "what cardbowl serve has counted")
	c.Flags().StringVar(&f.query.Since, "since", "30d", "first day: a date, a number of days such as 30d, or all")
	c.Flags().StringVar(&f.query.Until, "until", "", "last day (default: today)")
	c.Flags().StringVar(&f.query.By, "by", "post", "`WHAT` a line is: "+strings.Join(report.Breakdowns(), ", "))
	c.Flags().StringVar(&f.query.Attribution, "attribution", "converted_on", "`HOW` a card is credited: converted_on (whose form was sent), first_post (read first that day), assist (read besides)")
	c.Flags().StringVar(&f.format, "format", "text", "text, json, csv or html")
	c.Flags().BoolVar(&f.watch, "watch", false, "draw the report again every few seconds, until Ctrl-C")
	offer(c, "by", report.Breakdowns())
	offer(c, "attribution", report.Attributions())
	offer(c, "format", []string{"text", "json", "csv", "html"})
	return c
}

// offer completes the values of a flag.
func offer(c *cobra.Command, flag string, words []string) {
	_ = c.RegisterFlagCompletionFunc(flag, cobra.FixedCompletions(words, cobra.ShellCompDirectiveNoFileComp)) // the flag is there
}

func makeReport(ctx context.Context, w World, f reportFlags) (report.Report, error) {
	switch f.format {
	case "text", "json", "csv", "html":
	default:
		return report.Report{}, wrong("there is no format `%s`; there are text, json, csv and html", f.format)
	}
	if f.from != "" {
		return askTracker(ctx, w, f)
	}
	known, err := reportedSite(ctx, w, f)
	if err != nil {
		return report.Report{}, err
	}
	kept, err := readStore(ctx, w, f.store, f.site, f.preview)
	if err != nil {
		return report.Report{}, err
	}
	defer kept.Close()
	// A tracker that serves nobody answers the same question in the same words.
	t := tracker.New(tracker.Options{Store: kept, Now: w.Now})
	if err := t.SetManifest(known); err != nil && !errors.Is(err, store.ErrReadOnly) {
		return report.Report{}, failure{problem, err}
	}
	made, err := t.Report(ctx, f.query)
	return made, asFailure(err)
}

// asFailure tells wrong questions from failing stores.
func asFailure(err error) error {
	switch {
	case err == nil:
		return nil
	case errors.Is(err, report.ErrUnknown), errors.Is(err, tracker.ErrQuery):
		return failure{usage, err}
	}
	return failure{problem, err}
}

// reportedSite is the site that was published, or for a preview the one that is
// being written.
func reportedSite(ctx context.Context, w World, f reportFlags) (manifest.Manifest, error) {
	if !f.preview {
		at := f.manifest
		if at == "" {
			at = manifestPath(f.site)
		}
		m, err := manifest.Load(at)
		if err == nil {
			return m, nil
		}
		if f.manifest != "" || !errors.Is(err, fs.ErrNotExist) {
			return manifest.Manifest{}, failure{problem, err}
		}
	}
	o := build.Options{Site: f.site, Drafts: f.preview, Future: f.preview, Theme: theme(), Now: w.Now}
	result, err := build.New(o).Pages(ctx)
	if err != nil {
		return manifest.Manifest{}, failure{problem, err}
	}
	if result.Failed() {
		w.tell(result.Problems)
		return manifest.Manifest{}, failure{code: problem}
	}
	return result.Manifest, nil
}

// askTracker gets a report from a running tracker.
func askTracker(ctx context.Context, w World, f reportFlags) (report.Report, error) {
	base, err := url.Parse(f.from)
	if err != nil || base.Host == "" {
		return report.Report{}, wrong("`%s` is not the address of a tracker, such as https://example.com", f.from)
	}
	q := url.Values{"since": {f.query.Since}, "until": {f.query.Until}, "by": {f.query.By}, "attribution": {f.query.Attribution}}
	asked := url.URL{Scheme: base.Scheme, Host: base.Host, Path: "/_/api/v1/report", RawQuery: q.Encode()}
	ctx, cancel := context.WithTimeout(ctx, 30*time.Second)
	defer cancel()
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, asked.String(), nil)
	if err != nil {
		return report.Report{}, wrong("`%s`: %v", f.from, err)
	}
	request.Header.Set("Authorization", "Bearer "+cmp.Or(w.Getenv("CARDBOWL_READ_TOKEN"), w.Getenv("CARDBOWL_TOKEN")))
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		return report.Report{}, failure{problem, err}
	}
	defer response.Body.Close()
	if response.StatusCode != http.StatusOK {
		said, _ := io.ReadAll(io.LimitReader(response.Body, 500))
		hint := ""
		if response.StatusCode == http.StatusUnauthorized {
			hint = "; set CARDBOWL_READ_TOKEN or CARDBOWL_TOKEN to the tracker's token"
		}
		return report.Report{}, failure{problem, fmt.Errorf("the tracker at %s answered %s%s: %s", f.from, response.Status, hint, strings.TrimSpace(string(said)))}
	}
	made, err := report.ReadJSON(response.Body)
	if err != nil {
		return report.Report{}, failure{problem, err}
	}
	return made, nil
}

func writeReport(w World, made report.Report, format string) error {
	var err error
	switch format {
	case "json":
		err = report.WriteJSON(w.Stdout, made)
	case "csv":
		err = report.WriteCSV(w.Stdout, made)
	case "html":
		err = report.WriteHTML(w.Stdout, made, report.HTMLOptions{})
	default:
		err = report.WriteText(w.Stdout, made, w.textOptions())
	}
	if err != nil {
		return failure{problem, err}
	}
	return nil
}

// textOptions are what the terminal can do; nothing where there is none.
func (w World) textOptions() report.TextOptions {
	return report.TextOptions{Width: width(w), Color: w.colour(w.Stdout), Fancy: terminal(w.Stdout)}
}

// width is how many columns the terminal has; 0 where there is none.
func width(w World) int {
	if columns, err := strconv.Atoi(w.Getenv("COLUMNS")); err == nil && columns > 0 && terminal(w.Stdout) {
		return columns
	}
	if f, ok := w.Stdout.(*os.File); ok {
		if columns, _, err := term.GetSize(int(f.Fd())); err == nil {
			return columns
		}
	}
	return 0
}
