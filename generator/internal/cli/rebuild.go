package cli

import (
	"context"
	"fmt"
	"os"
	"path/filepath"

	"cardbowl/generator/internal/build"
	"cardbowl/generator/internal/diag"
	"cardbowl/generator/internal/manifest"
	"cardbowl/generator/internal/source"
	"cardbowl/generator/internal/tracker"
	"cardbowl/generator/internal/watch"
)

// upkeep keeps a published site up to date beside its tracker.
type upkeep struct {
	follower
	out, manifest string // what is kept up to date: the folder and the file
	watcher       *watch.Watcher
	known         manifest.Manifest // of the last good build
	built         bool              // there has been one
	between       bool              // the tracker knows more pages than those of known
	tracker       *tracker.Tracker  // hears of each; nil until it runs
}

// newUpkeep prepares to keep up a site. The caller closes its builder.
func newUpkeep(ctx context.Context, w World, f trackFlags) (*upkeep, error) {
	u := &upkeep{follower: follower{world: w}, out: f.public, manifest: f.manifest}
	if u.out == "" {
		u.out = filepath.Join(f.site, "public")
	}
	site := siteFlags{site: f.site}
	o := site.options(w)
	o.Out, o.Durable, o.Twins = u.out, true, f.compress
	o.Kept = filepath.Join(f.site, cardbowlFolder, "track")
	o.Doing = func(what string) { u.waiting.now(what) }
	o.Ahead = u.ahead
	u.builder = build.New(o)
	// Watching starts before the first build, so that nothing saved meanwhile is missed.
	whole, err := filepath.Abs(f.site)
	if err == nil {
		u.watcher, err = watch.Start(ctx, whole, source.Folders(whole))
	}
	if err != nil {
		u.builder.Close()
		return nil, failure{problem, err}
	}
	return u, nil
}

// good tells whether there is a site to serve from before.
func (u *upkeep) good() bool {
	_, err := os.Stat(u.out)
	if err != nil {
		return false
	}
	u.known, err = manifest.Load(u.manifest)
	return err == nil
}

// begin builds the site for the first time. It fails where that fails: there is
// nothing to serve then.
func (u *upkeep) begin(ctx context.Context) error {
	u.rebuild(ctx, occasion{first: true})
	if !u.built {
		return failure{code: problem}
	}
	return nil
}

// run keeps the site up to date until the context ends.
func (u *upkeep) run(ctx context.Context) {
	if !u.built {
		u.rebuild(ctx, occasion{first: true})
	}
	_ = u.follow(ctx, u.watcher, func(o occasion) { u.rebuild(ctx, o) }, nil)
}

// ahead makes the tracker know new pages before anybody can visit them: a card
// that is sent from one at once is counted for it.
func (u *upkeep) ahead(next manifest.Manifest) {
	if u.tracker == nil {
		return
	}
	if both, more := next.During(u.known); more {
		u.between = true
		_ = u.tracker.SetManifest(both) // if it cannot, taking the whole says so
	}
}

// rebuild brings the published site up to date, or leaves the last good one. The
// manifest is on disk before the tracker has it, so that who reads it there never
// finds an older one.
func (u *upkeep) rebuild(ctx context.Context, o occasion) {
	u.refresh(ctx, o, func(diag.List) {}, func(result build.Result, news bool) error {
		news = news || u.between
		u.built, u.between, u.known = true, false, result.Manifest
		if !news {
			return nil
		}
		err := manifest.Save(u.manifest, result.Manifest)
		if u.tracker != nil {
			if refused := u.tracker.SetManifest(result.Manifest); refused != nil {
				return fmt.Errorf("the new manifest is not taken: %w", refused)
			}
		}
		return err
	})
}
