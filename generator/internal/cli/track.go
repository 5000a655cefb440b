package cli

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"time"

	"github.com/spf13/cobra"
	"golang.org/x/crypto/acme"

	"cardbowl/generator/internal/manifest"
	"cardbowl/generator/internal/outbox"
	"cardbowl/generator/internal/store"
	"cardbowl/generator/internal/tracker"
	"cardbowl/generator/internal/webhook"
)

type trackFlags struct {
	site, addr, store, public, manifest string
	rebuild, compress                   bool
	https                               httpsFlags
}

func trackCommand(w World) *cobra.Command {
	var f trackFlags
	c := &cobra.Command{
		Use:   "track [--public DIR]",
		Short: "Take the cards: the tracker, alone or with the published site",
		Long: "Answers everything under /_/: forms, counts, the report. With --public it serves the built site as well, and\n" +
			"counts its pages without any script. Secrets come from the environment: CARDBOWL_STORE, CARDBOWL_PASSWORD for\n" +
			"the dashboard, CARDBOWL_TOKEN for the API, CARDBOWL_READ_TOKEN for programs that may only read.\n\n" +
			"With --rebuild it builds the site, too, into the folder of --public or else public in the site folder: at the\n" +
			"start, whenever a file of the site changes, and at the minute a post is due or expires. A site with a mistake is\n" +
			"not built: the last good one stays, and the mistake is told.\n\n" +
			"With --tls it speaks HTTPS, with a certificate that it gets from Let's Encrypt, whose terms you accept by that,\n" +
			"and renews. Ports 443 and 80 must be open to everybody.",
		Example: "  cardbowl track --public --tls example.com --tls www.example.com\n  cardbowl build && cardbowl track --public public\n  cardbowl track --rebuild --public public\n  cardbowl track --addr 127.0.0.1:8080 --store /var/lib/cardbowl/cardbowl.db",
		Args:    cobra.MaximumNArgs(1),
		RunE: func(c *cobra.Command, args []string) error {
			switch {
			case f.compress && !f.rebuild:
				return wrong("`--compress` says how `--rebuild` builds; give both")
			case len(args) == 1 && f.public == publicDefault:
				f.public = args[0] // "--public DIR": the flag has taken its default, and DIR is left over
			case len(args) == 1:
				return wrong("`cardbowl track` takes no argument like `%s`", args[0])
			}
			if f.public == publicDefault {
				f.public = filepath.Join(f.site, "public")
			}
			if f.https.wanted() && !c.Flags().Changed("addr") {
				f.addr = ":443"
			}
			if err := f.https.check(); err != nil {
				return err
			}
			return runTrack(c.Context(), w, f)
		},
	}
	c.Flags().StringVarP(&f.site, "source", "s", ".", "the site folder, the one with site.yaml")
	c.Flags().StringVar(&f.addr, "addr", ":8080", "the address to listen at")
	c.Flags().StringVar(&f.store, "store", "", storeUsage)
	c.Flags().StringVar(&f.public, "public", "", "serve the site from `DIR` too (without a value: public in the site folder)")
	c.Flags().Lookup("public").NoOptDefVal = publicDefault
	c.Flags().StringVar(&f.manifest, "manifest", "", "the `FILE` a build wrote about the site (default: .cardbowl/manifest.json in the site folder)")
	c.Flags().BoolVar(&f.rebuild, "rebuild", false, "build the site at the start, whenever it changes, and when a post is due or expires")
	c.Flags().BoolVar(&f.compress, "compress", false, "with --rebuild: put brotli and gzip twins beside pages, as build does")
	c.Flags().StringSliceVar(&f.https.hosts, "tls", nil, "serve HTTPS at :443, with a certificate for this `HOST` (again for more)")
	c.Flags().StringVar(&f.https.plain, "tls-plain", ":80", "with --tls: the `ADDR` at which plain HTTP is sent on; none: nowhere")
	c.Flags().StringVar(&f.https.kept, "tls-keep", "", "with --tls: the `DIR` of certificates (default: .cardbowl/certificates in the site)")
	c.Flags().StringVar(&f.https.authority, "tls-authority", acme.LetsEncryptURL, "with --tls: the `URL` of who makes certificates, by ACME (default: Let's Encrypt)")
	c.Flags().Lookup("tls-authority").DefValue = "" // too long for a line of a terminal
	return c
}

// publicDefault is --public without a value: the folder of that name in the site
// folder, where a build puts it.
const publicDefault = "public"

func runTrack(ctx context.Context, w World, f trackFlags) error {
	ctx, stop := context.WithCancel(ctx)
	defer stop()
	c, isSite, err := settings(w, f.site)
	if err != nil {
		return err
	}
	guarded := !isSite || c.Tracker.Guard // a tracker may run where there is only the manifest
	if f.manifest == "" {
		f.manifest = manifestPath(f.site)
	}
	known, keeper, err := knownSite(ctx, w, f, isSite)
	if err != nil {
		return err
	}
	if keeper != nil {
		defer keeper.builder.Close()
	}
	password := w.Getenv("CARDBOWL_PASSWORD")
	if err := tracker.CheckPassword(password); err != nil {
		return failure{problem, fmt.Errorf("CARDBOWL_PASSWORD is %w", err)}
	}
	if err := readSecrets(w, known.Webhooks); err != nil {
		return err
	}
	at, err := storeAddress(w, f.store, f.site)
	if err != nil {
		return err
	}
	listener, err := net.Listen("tcp", f.addr)
	if err != nil {
		return failure{problem, err}
	}
	defer listener.Close()
	logger := slog.New(slog.NewTextHandler(w.Stderr, nil))
	kept, err := store.Open(ctx, at, store.Options{Logger: logger, Sole: true})
	if errors.Is(err, store.ErrTracked) {
		return failure{problem, fmt.Errorf("%w, or give this one another store; several trackers can share one in PostgreSQL", err)}
	}
	if err != nil {
		return failure{problem, err}
	}
	server, err := mailer(w, known)
	if err != nil {
		return err
	}
	if server == nil && sendsMail(known) {
		fmt.Fprintln(w.Stderr, "Mail waits until CARDBOWL_SMTP_URL names a mail server, as smtp://user:password@mail.example.com:587.")
	}
	if err := tellOfGone(ctx, w, kept, known.Webhooks); err != nil {
		return err
	}
	var t *tracker.Tracker
	post := posts(kept, server, webhook.Client{Secret: w.Getenv}, w, logger, func() *tracker.Tracker { return t }, c.Tracker.URL)
	t = tracker.New(tracker.Options{Store: kept, TrustedProxies: c.Tracker.TrustedProxies, GuardOff: !guarded,
		Policy: c.Tracker.Policy, Elsewhere: c.Tracker.URL,
		Password: password, Token: w.Getenv("CARDBOWL_TOKEN"), ReadToken: w.Getenv("CARDBOWL_READ_TOKEN"), Now: w.Now, Logger: logger,
		Downloads: downloads(f.site), Wake: post.Wake})
	err = serveTracker(ctx, w, f, t, post, known, keeper, listener, logger)
	if closing := kept.Close(); err == nil && closing != nil {
		err = failure{problem, closing}
	}
	return err
}

// knownSite is what is known of the site that a tracker is for, and with
// --rebuild who keeps it up to date.
func knownSite(ctx context.Context, w World, f trackFlags, isSite bool) (manifest.Manifest, *upkeep, error) {
	if f.rebuild && !isSite {
		return manifest.Manifest{}, nil, failure{problem, fmt.Errorf("no site.yaml in %s to build from; name the site folder with -s DIR", f.site)}
	}
	if f.rebuild {
		keeper, err := newUpkeep(ctx, w, f)
		if err == nil && !keeper.good() {
			if err = keeper.begin(ctx); err != nil {
				keeper.builder.Close()
			}
		}
		if err != nil {
			return manifest.Manifest{}, nil, err
		}
		return keeper.known, keeper, nil
	}
	known, err := manifest.Load(f.manifest)
	if errors.Is(err, fs.ErrNotExist) {
		if !isSite {
			return manifest.Manifest{}, nil, failure{problem, fmt.Errorf("no site.yaml in %s; name the site folder with -s DIR, or a manifest with --manifest FILE", f.site)}
		}
		return manifest.Manifest{}, nil, failure{problem, fmt.Errorf("no manifest at %s; run `cardbowl build` first, or name one with --manifest", f.manifest)}
	}
	if err != nil {
		return manifest.Manifest{}, nil, failure{problem, err}
	}
	return known, nil, nil
}

func serveTracker(ctx context.Context, w World, f trackFlags, t *tracker.Tracker, post *outbox.Outbox, known manifest.Manifest, keeper *upkeep, listener net.Listener, logger *slog.Logger) error {
	ctx, stop := context.WithCancel(ctx)
	defer stop()
	if err := t.SetManifest(known); err != nil {
		return failure{problem, err}
	}
	var pages http.Handler
	if f.public != "" {
		files, err := t.Files(f.public)
		if err != nil {
			return failure{problem, fmt.Errorf("%w; run `cardbowl build` first", err)}
		}
		pages = files
	}
	server := tracker.Server(t.Handler(pages))
	server.ErrorLog = tracker.Complaints(logger)
	scheme, at := "http", hostOf(listener.Addr())
	served := make(chan error, 1)
	if f.https.wanted() {
		own := newCertificates(w, f.https, f.site, known.Mail.Sender.Email, logger)
		server.TLSConfig = own.settings()
		scheme, at = "https", publicHost(f.https.hosts[0], listener.Addr())
		if f.https.plain != "none" && f.https.plain != "" {
			if err := own.serveOnward(ctx, f.https.plain); err != nil {
				fmt.Fprintf(w.Stderr, "%v\n", err)
			}
		}
		go func() { served <- server.ServeTLS(listener, "", "") }()
		go own.fetch(ctx, func(format string, args ...any) { fmt.Fprintf(w.Stderr, format, args...) })
	} else {
		go func() { served <- server.Serve(listener) }()
	}
	go t.Run(ctx)
	sending, endSending := context.WithCancel(ctx)
	sent := make(chan struct{})
	go func() { defer close(sent); post.Run(sending) }()
	defer func() { endSending(); <-sent }() // before the store closes
	what := "the tracker"
	if pages != nil {
		what = known.Title
	}
	fmt.Fprintf(w.Stdout, "%s answers at %s://%s/\n", what, scheme, at)
	if w.Getenv("CARDBOWL_PASSWORD") == "" {
		fmt.Fprintln(w.Stderr, "The page /_/report/ is closed until CARDBOWL_PASSWORD is set; `cardbowl report` needs none.")
	}
	if keeper != nil {
		keeper.tracker = t
		ended := make(chan struct{})
		go func() {
			defer close(ended)
			keeper.run(ctx)
		}()
		defer func() { stop(); <-ended }() // before the store closes
	}
	changed := manifestChanges(ctx, f.manifest)
	for {
		select {
		case <-ctx.Done():
			return shutDown(server)
		case err := <-served:
			return failure{problem, err}
		case <-changed:
			m, err := manifest.Load(f.manifest)
			if err == nil {
				err = t.SetManifest(m)
			}
			if err != nil {
				fmt.Fprintf(w.Stderr, "the new manifest is not taken: %v\n", err)
			}
		}
	}
}

// manifestEvery is how often the manifest's file is looked at. It is swapped by
// rename, so a look at its stat is enough.
const manifestEvery = time.Second

func manifestChanges(ctx context.Context, path string) <-chan struct{} {
	changed := make(chan struct{})
	stamp := func() string {
		info, err := os.Stat(path)
		if err != nil {
			return "" // in the middle of being replaced, or gone: the old one stays
		}
		return fmt.Sprint(info.ModTime().UnixNano(), info.Size())
	}
	go func() {
		tick := time.NewTicker(manifestEvery)
		defer tick.Stop()
		last := stamp()
		for {
			select {
			case <-ctx.Done():
				return
			case <-tick.C:
				if now := stamp(); now != "" && now != last {
					last = now
					select {
					case changed <- struct{}{}:
					case <-ctx.Done():
						return
					}
				}
			}
		}
	}()
	return changed
}
