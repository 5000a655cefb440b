package cli

import (
	"context"
	"embed"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"net"
	"os"
	"path/filepath"
	"strings"
	"text/template"
	"time"

	"github.com/spf13/cobra"

	"cardbowl/generator/internal/build"
	"cardbowl/generator/internal/funnel"
	"cardbowl/generator/internal/manifest"
	"cardbowl/generator/internal/store"
	"cardbowl/generator/internal/tracker"
	"cardbowl/generator/internal/world"
)

// demoSite is the made-up site. Its files are text templates with the dates of
// its posts.
//
//go:embed demo
var demoSite embed.FS

type demoFlags struct {
	dir, addr     string
	seed          uint64
	noServe, open bool
}

func demoCommand(w World) *cobra.Command {
	var f demoFlags
	c := &cobra.Command{
		Use: "demo", Short: "A made-up site with a year of numbers to look at",
		Long: "Writes a small site, makes up a year of its readers, cards and clients, and shows the site and its report on\n" +
			"this machine. Every name and number is invented, at example.com and example.org. The same seed makes up the same\n" +
			"year. Without --dir the folder is a temporary one, and goes when the command ends.",
		Example: "  cardbowl demo\n  cardbowl demo --dir try-it --no-serve && cardbowl report -s try-it --since all",
		Args:    noArguments,
		RunE:    func(c *cobra.Command, _ []string) error { return runDemo(c.Context(), w, f) },
	}
	c.Flags().StringVar(&f.dir, "dir", "", "the new `FOLDER` for the site and its store (default: a temporary one)")
	c.Flags().StringVar(&f.addr, "addr", "127.0.0.1:1315", "the address to listen at")
	c.Flags().Uint64Var(&f.seed, "seed", 1986, "the year that is made up")
	c.Flags().BoolVar(&f.noServe, "no-serve", false, "write the folder and end")
	c.Flags().BoolVar(&f.open, "open", false, "open the report in the browser")
	return c
}

func runDemo(ctx context.Context, w World, f demoFlags) (err error) {
	var listener net.Listener
	if !f.noServe { // before the work is done
		if listener, err = net.Listen("tcp", f.addr); err != nil {
			return failure{problem, err}
		}
		defer listener.Close()
	}
	dir := f.dir
	if dir == "" {
		if dir, err = os.MkdirTemp("", "cardbowl-demo-"); err != nil {
			return failure{problem, err}
		}
		if !f.noServe {
			defer func() { err = errors.Join(err, os.RemoveAll(dir)) }()
		}
	} else if err := emptyFolder(dir); err != nil {
		return failure{problem, err}
	}
	now := w.Now().UTC()
	if err := writeDemo(dir, now); err != nil {
		return failure{problem, err}
	}
	known, err := buildDemo(ctx, w, dir)
	if err != nil {
		return err
	}
	logger := slog.New(slog.NewTextHandler(w.Stderr, &slog.HandlerOptions{Level: slog.LevelWarn}))
	kept, err := store.OpenSQLite(ctx, filepath.Join(dir, cardbowlFolder, "cardbowl.db"), store.SQLiteOptions{Logger: logger})
	if err != nil {
		return failure{problem, err}
	}
	defer kept.Close()
	fmt.Fprintln(w.Stderr, "Making up a year…")
	if err := madeUp(known, f.seed, now).Tell(ctx, kept); err != nil {
		return failure{problem, err}
	}
	counts, err := kept.Counts(ctx, "", now.Format(time.DateOnly))
	if err != nil {
		return failure{problem, err}
	}
	views, cards := 0, 0
	for _, t := range counts.Tallies {
		switch t.Step {
		case funnel.PageView:
			views += t.Count
		case funnel.FormSubmit:
			cards += t.Count
		}
	}
	fmt.Fprintf(w.Stdout, "A made-up site with a made-up year stands in %s: %d views and %d cards.\n", dir, views, cards)
	fmt.Fprintf(w.Stdout, "\n  cardbowl report -s %s --since all\n  cardbowl report -s %s --by source\n  cardbowl leads list -s %s\n", quoted(dir), quoted(dir), quoted(dir))
	if f.noServe {
		return nil
	}
	return serveDemo(ctx, w, listener, f.open, dir, known, kept, logger)
}

// A year of the demo has about so many views, and of those who read a post about
// so many send its form.
const (
	demoDays    = 365
	demoViews   = 45_000
	demoRate    = 0.014
	demoAlike   = 60
	demoBlocked = 0.25
	demoMailed  = 0.74 // of those who are asked by mail, confirm
)

// madeUp is the year of readers that ends at this moment.
func madeUp(m manifest.Manifest, seed uint64, now time.Time) world.World {
	today := time.Date(now.Year(), now.Month(), now.Day(), 0, 0, 0, 0, time.UTC)
	w := world.Of(m, world.Some{Seed: seed, Days: demoDays, Views: demoViews, Rate: demoRate, Strength: demoAlike, Start: today.AddDate(0, 0, 1-demoDays), Blocked: demoBlocked})
	w.Until = now
	w.Confirms = map[string]float64{}
	for _, f := range m.Forms {
		if f.Confirm {
			w.Confirms[f.Name] = demoMailed
		}
	}
	return w
}

// demoData is what the files of the demo are templates of.
type demoData struct{ now time.Time }

// Ago is the date of so many days ago.
func (d demoData) Ago(days int) string { return d.now.AddDate(0, 0, -days).Format(time.DateOnly) }

func writeDemo(dir string, now time.Time) error {
	return fs.WalkDir(demoSite, "demo", func(name string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() {
			return err
		}
		text, err := template.ParseFS(demoSite, name)
		if err != nil {
			return err
		}
		out := filepath.Join(dir, filepath.FromSlash(strings.TrimPrefix(name, "demo/")))
		if err := os.MkdirAll(filepath.Dir(out), 0o755); err != nil {
			return err
		}
		file, err := os.OpenFile(out, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o644)
		if err != nil {
			return err
		}
		return errors.Join(text.Execute(file, demoData{now}), file.Close())
	})
}

func buildDemo(ctx context.Context, w World, dir string) (manifest.Manifest, error) {
	builder := build.New(build.Options{Site: dir, Out: filepath.Join(dir, "public"), Theme: theme(), Now: w.Now, WebP: findWebP})
	defer builder.Close()
	result, err := builder.Build(ctx)
	if err != nil {
		return manifest.Manifest{}, failure{problem, err}
	}
	w.tell(result.Problems)
	if result.Failed() {
		return manifest.Manifest{}, failure{code: problem}
	}
	if err := manifest.Save(manifestPath(dir), result.Manifest); err != nil {
		return manifest.Manifest{}, failure{problem, err}
	}
	return result.Manifest, nil
}

// serveDemo shows the site and the report until the context ends. Whoever sits
// at this machine sees the report without a password: nothing in it is true.
func serveDemo(ctx context.Context, w World, listener net.Listener, open bool, dir string, known manifest.Manifest, kept store.Store, logger *slog.Logger) error {
	t := tracker.New(tracker.Options{Store: kept, GuardOff: true, OpenReport: true, Now: w.Now, Logger: logger})
	if err := t.SetManifest(known); err != nil {
		return failure{problem, err}
	}
	files, err := t.Files(filepath.Join(dir, "public"))
	if err != nil {
		return failure{problem, err}
	}
	server := tracker.Server(t.Handler(files))
	served := make(chan error, 1)
	go func() { served <- server.Serve(listener) }()
	root := fmt.Sprintf("http://%s/", hostOf(listener.Addr()))
	fmt.Fprintf(w.Stdout, "\n  the site    %s\n  the report  %s_/report/?since=365d\n\n", root, root)
	fmt.Fprintln(w.Stderr, "Ctrl-C stops.")
	if open {
		openBrowser(root + "_/report/?since=365d")
	}
	select {
	case <-ctx.Done():
		return shutDown(server)
	case err := <-served:
		return failure{problem, err}
	}
}
