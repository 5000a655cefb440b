package cli

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"sync/atomic"
	"time"

	"github.com/spf13/cobra"

	"cardbowl/generator/internal/build"
	"cardbowl/generator/internal/config"
	"cardbowl/generator/internal/margin"
	"cardbowl/generator/internal/memo"
	"cardbowl/generator/internal/preview"
	"cardbowl/generator/internal/site"
	"cardbowl/generator/internal/source"
	"cardbowl/generator/internal/store"
	"cardbowl/generator/internal/tracker"
	"cardbowl/generator/internal/watch"
)

func serveCommand(w World) *cobra.Command {
	var flags siteFlags
	var addr, from string
	var port int
	var open, navigate bool
	c := &cobra.Command{
		Use:   "serve",
		Short: "Show the site while you write: live rebuild, forms and report",
		Long: "Builds the site into .cardbowl/preview, serves it, and shows every change in the open page. Forms work,\n" +
			"and what they bring is counted in .cardbowl/preview.db, which never mixes with the real store.",
		Example: "  cardbowl serve\n  cardbowl serve -D -N\n  cardbowl serve -s my-blog --addr 127.0.0.1:8000",
		Aliases: []string{"server"},
		Args:    noArguments,
		RunE: func(c *cobra.Command, _ []string) error {
			if port != 0 {
				host, _, err := net.SplitHostPort(addr)
				if err != nil {
					return failure{usage, err}
				}
				addr = net.JoinHostPort(host, strconv.Itoa(port))
			}
			site, err := filepath.Abs(flags.site)
			if err != nil {
				return failure{problem, err}
			}
			flags.site = site
			d := desk{follower: follower{world: w}, flags: flags, navigate: navigate, readers: readers{flags: reportFlags{from: from}}}
			return d.run(c.Context(), addr, open)
		},
	}
	flags.add(c)
	c.Flags().StringVar(&addr, "addr", "127.0.0.1:1313", "the address to listen at")
	c.Flags().IntVarP(&port, "port", "p", 0, "the port to listen at, in place of the one in --addr")
	c.Flags().StringVar(&from, "from", "", "numbers beside each post from a tracker at this `URL` (with CARDBOWL_READ_TOKEN)")
	c.Flags().BoolVar(&open, "open", false, "open the site in the browser")
	c.Flags().BoolVarP(&navigate, "navigateToChanged", "N", false, "let open pages go to the post that was changed")
	return c
}

// desk is the writer's: one site, served while it changes.
type desk struct {
	follower
	flags   siteFlags
	tracker *tracker.Tracker
	preview *preview.Preview

	margin  margin.Margin
	readers readers
	base    atomic.Value // string: the path of the site, as it was last built

	navigate bool
	digests  map[string]memo.Digest // of the documents when they were last looked at; for navigate
}

func (d *desk) run(ctx context.Context, addr string, open bool) error {
	ctx, stop := context.WithCancel(ctx)
	defer stop()
	w, site := d.world, d.flags.site
	if _, err := os.Stat(filepath.Join(site, source.ConfigFile)); err != nil {
		return failure{problem, fmt.Errorf("no site.yaml in %s; name the site folder with -s DIR, or start one with `cardbowl new site DIR`", site)}
	}
	listener, err := net.Listen("tcp", addr)
	if err != nil {
		return failure{problem, err}
	}
	defer listener.Close()
	out := filepath.Join(site, cardbowlFolder, "preview")
	if err := os.MkdirAll(out, 0o755); err != nil {
		return failure{problem, err}
	}
	if err := writeSchema(site); err != nil {
		return failure{problem, err}
	}
	counted, err := store.OpenSQLite(ctx, previewStore(site), store.SQLiteOptions{Logger: d.logger()})
	if err != nil {
		return failure{problem, err}
	}
	defer counted.Close()
	post := posts(counted, shown{w.Stderr}, shown{w.Stderr}, w, d.logger(), func() *tracker.Tracker { return d.tracker }, "http://"+listener.Addr().String())
	d.tracker = tracker.New(tracker.Options{Store: counted, GuardOff: true, OpenReport: true, Now: w.Now, Logger: d.logger(), Downloads: downloads(site), Wake: post.Wake})
	files, err := d.tracker.Files(out)
	if err != nil {
		return failure{problem, err}
	}
	host, _, _ := net.SplitHostPort(addr)
	d.preview = preview.New(d.tracker.Handler(files), func(path string) any { return d.beside(ctx, path) }, strings.ToLower(host))
	d.readers.world, d.readers.flags.site, d.readers.news = w, site, d.preview.Noted

	o := d.flags.options(w)
	o.Out, o.Local, o.Private = out, true, true
	o.Kept = filepath.Join(site, cardbowlFolder, "serve")
	o.Doing = func(what string) { d.waiting.now(what) }
	d.builder = build.New(o)
	defer d.builder.Close()
	// Watching starts before the first build, so that nothing saved meanwhile is missed.
	watcher, err := watch.Start(ctx, site, source.Folders(site))
	if err != nil {
		return failure{problem, err}
	}
	result := d.rebuild(ctx, occasion{first: true})
	d.greet(listener.Addr(), result.Config)
	if open {
		openBrowser(address(listener.Addr(), result.Config))
	}

	server := tracker.Server(d.preview)
	served := make(chan error, 1)
	go func() { served <- server.Serve(listener) }()
	go d.tracker.Run(ctx)
	sending := make(chan struct{})
	go func() { defer close(sending); post.Run(ctx) }()
	defer func() { stop(); <-sending }() // before the store closes
	err = d.follow(ctx, watcher, func(o occasion) { d.rebuild(ctx, o) }, served)
	if err != nil {
		return err
	}
	return d.end(server)
}

func (d *desk) logger() *slog.Logger {
	return slog.New(slog.NewTextHandler(d.world.Stderr, &slog.HandlerOptions{Level: slog.LevelWarn}))
}

// rebuild brings the preview up to date, or says why it stays as it is.
func (d *desk) rebuild(ctx context.Context, o occasion) build.Result {
	return d.refresh(ctx, o, d.preview.Failed, func(result build.Result, news bool) error {
		err := d.tracker.SetManifest(result.Manifest)
		base := result.Config.BasePath()
		d.base.Store(base)
		d.readers.site(result.Manifest)
		d.margin.Set(margin.Build{Site: result.Site, Documents: result.Documents, Problems: result.Problems, Now: d.world.Now()})
		if !news {
			d.preview.Noted()
		} else {
			d.preview.Built(preview.Change{Written: addresses(result.Output.Written, base), Removed: addresses(result.Output.Removed, base), GoTo: d.edited(result)})
		}
		return err
	})
}

// beside is what a writer sees in the margin of the page at a URL path.
func (d *desk) beside(ctx context.Context, path string) margin.Notes {
	base, _ := d.base.Load().(string)
	below, _ := strings.CutPrefix(path, base)
	notes := d.margin.Beside("/" + below)
	notes.Numbers = d.readers.of(ctx, path)
	return notes
}

// edited is the address of the one document that was changed since the last good
// build; empty where it was none, or several, or one without a page.
func (d *desk) edited(result build.Result) string {
	if !d.navigate {
		return ""
	}
	before := d.digests
	d.digests = make(map[string]memo.Digest, len(result.Documents))
	var changed []string
	for _, doc := range result.Documents {
		d.digests[doc.File] = doc.Digest
		if before[doc.File] != doc.Digest {
			changed = append(changed, doc.File)
		}
	}
	if before == nil || len(changed) != 1 {
		return ""
	}
	page, found := result.Site.ByFile(changed[0])
	if !found || page.Kind == site.NotFound {
		return ""
	}
	return (&url.URL{Path: result.Config.BasePath() + strings.TrimPrefix(page.Path, "/")}).EscapedPath()
}

func (d *desk) greet(at net.Addr, c config.Config) {
	w := d.world
	site := address(at, c)
	root := fmt.Sprintf("http://%s/", hostOf(at))
	title := c.Title
	if title == "" {
		title = "the site (once it can be built)"
	}
	fmt.Fprintf(w.Stdout, "\n  %s  %s\n  the report  %s_/report/\n\n", title, site, root)
	fmt.Fprintln(w.Stderr, "Save a file, and the open page shows it. Ctrl-C stops.")
}

func address(at net.Addr, c config.Config) string {
	base := "/"
	if c.BaseURL != "" {
		base = c.BasePath()
	}
	return fmt.Sprintf("http://%s%s", hostOf(at), base)
}

// hostOf is an address one can visit: a server on all interfaces is visited at
// this machine.
func hostOf(at net.Addr) string {
	host, port, err := net.SplitHostPort(at.String())
	if err != nil {
		return at.String()
	}
	if ip := net.ParseIP(host); ip != nil && ip.IsUnspecified() {
		host = "localhost"
	}
	return net.JoinHostPort(host, port)
}

// grace is how long requests under way may take when the program ends.
const grace = 5 * time.Second

func (d *desk) end(server *http.Server) error {
	d.preview.Close()
	return shutDown(server)
}

func shutDown(server *http.Server) error {
	ctx, cancel := context.WithTimeout(context.Background(), grace)
	defer cancel()
	if err := server.Shutdown(ctx); err != nil && !errors.Is(err, context.DeadlineExceeded) {
		return failure{problem, err}
	}
	return nil
}

// openBrowser is a convenience; where it fails, the address is on the screen.
func openBrowser(url string) {
	name, args := "xdg-open", []string{url}
	switch runtime.GOOS {
	case "darwin":
		name = "open"
	case "windows":
		name, args = "rundll32", []string{"url.dll,FileProtocolHandler", url}
	}
	if cmd := exec.Command(name, args...); cmd.Start() == nil {
		go func() { _ = cmd.Wait() }()
	}
}
