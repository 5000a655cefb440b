package cli

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"cardbowl/generator/internal/build"
	"cardbowl/generator/internal/diag"
	"cardbowl/generator/internal/watch"
)

// follower builds one site again and again while a server shows it.
type follower struct {
	world   World
	builder *build.Builder
	waiting *progress // of the build under way
	broken  bool      // the last build failed
}

// glanceAfter is how long nothing must happen before everything is looked at.
// Systems lose events: on shared folders, or when there are very many.
const glanceAfter = 2 * time.Second

// occasion is why a site is brought up to date.
type occasion struct {
	first   bool     // it is the first time
	glance  bool     // nothing is known to have happened
	told    bool     // nothing can have changed but:
	changed []string // files of the site
}

// follow calls rebuild when the site changes, when its schedule says so, and once
// more when nothing has happened for a while. It returns when the context ends,
// or with the error of the server.
func (f *follower) follow(ctx context.Context, watcher *watch.Watcher, rebuild func(occasion), served <-chan error) error {
	w := f.world
	var rung time.Time                 // for this moment; a site that cannot be built then is not tried each second
	glance := time.NewTimer(time.Hour) // once events have narrowed what was looked at, and nothing has happened since, at everything
	glance.Stop()
	defer glance.Stop()
	alarm := time.NewTicker(time.Second) // a clock that was set, or a lid that was closed, makes longer waits wrong
	defer alarm.Stop()
	for {
		select {
		case <-ctx.Done():
			f.builder.Leave()
			return nil
		case <-alarm.C:
			if next := f.builder.Next(); !next.IsZero() && !next.Equal(rung) && !w.Now().Before(next) {
				rung = next
				rebuild(occasion{})
			}
		case err := <-served:
			return failure{problem, err}
		case notice := <-watcher.Notice:
			fmt.Fprintln(w.Stderr, notice)
		case <-glance.C:
			rebuild(occasion{glance: true})
		case change := <-watcher.Wake:
			rebuild(occasion{told: !change.All, changed: change.Files})
			if !f.broken {
				glance.Reset(glanceAfter)
			}
		}
	}
}

// refresh builds and says in the terminal what became of it. With a mistake in
// the site, failed is told and the last good site stays; taken gets a good build,
// and whether there is anything new in it.
func (f *follower) refresh(ctx context.Context, o occasion, failed func(diag.List), taken func(result build.Result, news bool) error) build.Result {
	w := f.world
	begin := w.Now()
	result, err := f.build(ctx, o)
	took := w.Now().Sub(begin)
	if ctx.Err() != nil {
		return result
	}
	if err != nil {
		result.Problems = append(result.Problems, asProblem(err))
	}
	changes := len(result.Output.Written) + len(result.Output.Removed)
	if o.glance && !result.Failed() && changes == 0 {
		return result // it has all been told
	}
	w.tell(result.Problems)
	stamp := begin.Format("15:04:05")
	if result.Failed() {
		f.broken = true
		failed(result.Problems)
		fmt.Fprintf(w.Stderr, "%s not rebuilt: %s; the last good site is still served\n", stamp, summary(result.Problems))
		return result
	}
	mended := f.broken
	f.broken = false
	news := o.first || mended || changes > 0
	if err := taken(result, news); err != nil {
		fmt.Fprintf(w.Stderr, "%s %v\n", stamp, err)
	}
	switch {
	case o.first:
		f.builder.Leave()
		fmt.Fprintf(w.Stderr, "%s built %s in %s\n", stamp, plural(result.Pages, "page"), rounded(took))
	case changes == 0 && mended:
		fmt.Fprintf(w.Stderr, "%s mended; the site is as it was\n", stamp)
	case changes > 0:
		changed := addresses(slices.Concat(result.Output.Written, result.Output.Removed), result.Config.BasePath())
		fmt.Fprintf(w.Stderr, "%s rebuilt in %s: %s\n", stamp, rounded(took), some(changed))
	}
	return result
}

// addresses are the URL paths of output files.
func addresses(outputs []string, base string) []string {
	out := make([]string, len(outputs))
	for i, name := range outputs {
		out[i] = base + strings.TrimSuffix(name, "index.html")
	}
	return out
}

// some names the first of many.
func some(list []string) string {
	const few = 4
	if len(list) <= few {
		return strings.Join(list, " ")
	}
	return fmt.Sprintf("%s and %d more", strings.Join(list[:few], " "), len(list)-few)
}

// build survives a fault of our own: the last good site stays served, and the
// next edit may well pass.
func (f *follower) build(ctx context.Context, o occasion) (result build.Result, err error) {
	f.waiting = f.world.watchProgress()
	defer func() {
		f.waiting.end()
		if cause := recover(); cause != nil {
			err = fmt.Errorf("the build broke off: %v; this is a fault of Cardbowl and worth a report", cause)
		}
	}()
	if o.told {
		return f.builder.Rebuild(ctx, o.changed)
	}
	return f.builder.Build(ctx)
}
