package cli

import (
	"context"
	"encoding/json"
	"fmt"
	"io/fs"
	"path/filepath"
	"time"

	"github.com/spf13/cobra"

	"cardbowl/generator/internal/build"
	"cardbowl/generator/internal/diag"
	"cardbowl/generator/internal/manifest"
	"cardbowl/templates"
)

// siteFlags are what build, serve and check have in common.
type siteFlags struct {
	site                    string
	drafts, future, expired bool
}

func (f *siteFlags) add(c *cobra.Command) {
	c.Flags().StringVarP(&f.site, "source", "s", ".", "the site folder, the one with site.yaml")
	c.Flags().BoolVarP(&f.drafts, "drafts", "D", false, "include drafts")
	c.Flags().BoolVarP(&f.future, "future", "F", false, "include posts with a date in the future")
	c.Flags().BoolVarP(&f.expired, "expired", "E", false, "include posts past their expiryDate")
}

// options are the build's options for a site; out is relative to where the
// command runs when given, and to the site when not.
func (f *siteFlags) options(w World) build.Options {
	return build.Options{Site: f.site, Drafts: f.drafts, Future: f.future, Expired: f.expired, Theme: theme(), Now: w.Now, WebP: findWebP}
}

func theme() fs.FS { return templates.Theme }

// cardbowlFolder holds what the program keeps in a site folder.
const cardbowlFolder = ".cardbowl"

func manifestPath(site string) string { return filepath.Join(site, cardbowlFolder, "manifest.json") }

// lastBuild is the note that spares a build where nothing changed.
func lastBuild(site string) string { return filepath.Join(site, cardbowlFolder, "last-build.json") }

func buildCommand(w World) *cobra.Command {
	var flags siteFlags
	var out, baseURL, explain string
	var strict, verify, asJSON, compress bool
	c := &cobra.Command{
		Use:     "build",
		Short:   "Build the site into its public folder",
		Example: "  cardbowl build\n  cardbowl build -s my-blog -d /srv/www -b https://example.com/\n  cardbowl build --explain /about/",
		Args:    noArguments,
		RunE: func(c *cobra.Command, _ []string) error {
			o := flags.options(w)
			o.Out, o.BaseURL, o.Strict, o.Durable, o.Twins = out, baseURL, strict, true, compress
			if out == "" {
				o.Out = filepath.Join(flags.site, "public")
			}
			if explain != "" {
				return runExplain(c.Context(), w, o, explain, asJSON)
			}
			return runBuild(c.Context(), w, o, verify, asJSON)
		},
	}
	flags.add(c)
	c.Flags().StringVarP(&out, "destination", "d", "", "the output folder (default: public in the site folder)")
	c.Flags().StringVarP(&baseURL, "baseURL", "b", "", "the site's address, in place of the one in site.yaml")
	c.Flags().BoolVar(&strict, "strict", false, "let warnings fail the build")
	c.Flags().BoolVar(&compress, "compress", false, "put brotli and gzip twins beside pages and other texts, for servers that send them")
	c.Flags().BoolVar(&verify, "verify", false, "compute everything twice and compare")
	c.Flags().StringVar(&explain, "explain", "", "say what the page at `PATH` is made of, and why it would be rendered or not; build nothing")
	c.Flags().BoolVar(&asJSON, "json", false, "print the result as JSON")
	return c
}

func runBuild(ctx context.Context, w World, o build.Options, verify, asJSON bool) error {
	begin := w.Now()
	waiting := w.watchProgress()
	o.Doing = waiting.now
	o.Kept = filepath.Join(o.Site, cardbowlFolder, "build")
	builder := build.New(o)
	defer builder.Close()
	result, unchanged := builder.Recall(ctx, lastBuild(o.Site), manifestPath(o.Site))
	var err error
	if unchanged = unchanged && !verify; !unchanged {
		result, err = builder.Build(ctx)
	}
	if err == nil && verify && !result.Failed() {
		var again build.Result
		if again, err = builder.Verify(ctx); err == nil {
			result.Problems = append(result.Problems, again.Problems.Only(diag.Error)...)
		}
	}
	if err == nil && !result.Failed() && !unchanged {
		if err = manifest.Save(manifestPath(o.Site), result.Manifest); err == nil {
			builder.Keep(ctx, lastBuild(o.Site), result, manifestPath(o.Site))
		}
	}
	took := w.Now().Sub(begin)
	waiting.end()
	switch {
	case err != nil && !asJSON:
		return failure{problem, err}
	case err != nil: // a script finds the reason where it finds all others
		result.Problems = append(result.Problems, asProblem(err))
	}
	if asJSON {
		if err := json.NewEncoder(w.Stdout).Encode(buildReport(result, took)); err != nil {
			return failure{problem, err}
		}
	} else {
		w.tell(result.Problems)
	}
	if result.Failed() {
		if !asJSON {
			fmt.Fprintf(w.Stderr, "not built: %s; %s is as it was\n", summary(result.Problems), o.Out)
		}
		return failure{code: problem}
	}
	if !asJSON {
		fmt.Fprintf(w.Stdout, "built %s and %s into %s in %s: %d written, %d removed, %d unchanged\n",
			plural(result.Pages, "page"), plural(result.Assets, "file"), o.Out, rounded(took),
			len(result.Output.Written), len(result.Output.Removed), result.Output.Kept)
		if verify {
			fmt.Fprintln(w.Stdout, "verified: computed twice, the same both times")
		}
	}
	return nil
}

func rounded(d time.Duration) string {
	switch {
	case d < 10*time.Millisecond:
		return d.Round(100 * time.Microsecond).String()
	case d < time.Second:
		return d.Round(time.Millisecond).String()
	}
	return d.Round(10 * time.Millisecond).String()
}

// buildJSON is the shape of `build --json`.
type buildJSON struct {
	Pages        int              `json:"pages"`
	Parsed       int              `json:"parsed"`
	Rendered     int              `json:"rendered"`
	Written      int              `json:"written"`
	Removed      int              `json:"removed"`
	Kept         int              `json:"kept"`
	Assets       int              `json:"assets"`
	DurationMS   float64          `json:"duration_ms"`
	Warnings     []diagnosticJSON `json:"warnings"`
	Errors       []diagnosticJSON `json:"errors"`
	Changed      []string         `json:"changed"`
	RemovedPaths []string         `json:"removed_paths"`
}

type diagnosticJSON struct {
	File     string `json:"file"`
	Line     int    `json:"line"`
	Column   int    `json:"column"`
	Severity string `json:"severity"`
	Code     string `json:"code,omitempty"`
	Message  string `json:"message"`
	Hint     string `json:"hint"`
}

func buildReport(r build.Result, took time.Duration) buildJSON {
	return buildJSON{
		Pages: r.Pages, Parsed: r.Parsed, Rendered: r.Rendered, Assets: r.Assets,
		Written: len(r.Output.Written), Removed: len(r.Output.Removed), Kept: r.Output.Kept,
		DurationMS: float64(took.Microseconds()) / 1000,
		Warnings:   diagnosticsJSON(r.Problems.Only(diag.Warning)), Errors: diagnosticsJSON(r.Problems.Only(diag.Error)),
		Changed: orEmpty(r.Output.Written), RemovedPaths: orEmpty(r.Output.Removed),
	}
}

// diagnosticsJSON is never nil, so that scripts find a list.
func diagnosticsJSON(problems diag.List) []diagnosticJSON {
	out := []diagnosticJSON{}
	for _, d := range problems {
		out = append(out, diagnosticJSON{d.File, d.Line, d.Column, d.Severity.String(), d.Code, d.Message, d.Hint})
	}
	return out
}

func orEmpty(list []string) []string {
	if list == nil {
		return []string{}
	}
	return list
}
