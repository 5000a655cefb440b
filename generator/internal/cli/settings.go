package cli

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"strings"
	"time"

	"cardbowl/generator/internal/config"
	"cardbowl/generator/internal/source"
	"cardbowl/generator/internal/store"
)

// settings are those of a site's site.yaml; isSite is false where there is
// none. Mistakes in it have been told when the error says that something failed.
func settings(w World, site string) (c config.Config, isSite bool, err error) {
	tree, err := source.Settings(site)
	if err != nil {
		return c, false, failure{problem, err}
	}
	if _, isSite = tree.File(source.ConfigFile); !isSite {
		return c, false, nil
	}
	c, problems, err := config.Load(tree, "")
	if err != nil {
		return c, true, failure{problem, err}
	}
	if problems.HasErrors() {
		w.tell(problems)
		return c, true, failure{code: problem}
	}
	return c, true, nil
}

// zoneOf is the zone that rules a site's dates; UTC where there is no site.
func zoneOf(w World, site string) (*time.Location, error) {
	c, isSite, err := settings(w, site)
	if err != nil || !isSite {
		return time.UTC, err
	}
	return c.Zone(), nil
}

func previewStore(site string) string { return filepath.Join(site, cardbowlFolder, "preview.db") }

// storeUsage is what --store is.
const storeUsage = "the store: a file or an address of PostgreSQL, as `DSN` (default: CARDBOWL_STORE, or .cardbowl/cardbowl.db in the site folder)"

// storeAddress is where the store is: a flag, the environment, or the site
// folder. It may hold a password: what is printed is store.Shown of it.
func storeAddress(w World, flag, site string) (string, error) {
	at := flag
	if at == "" {
		at = w.Getenv("CARDBOWL_STORE")
	}
	if at == "" {
		return filepath.Join(site, cardbowlFolder, "cardbowl.db"), nil
	}
	return at, knownKind(at)
}

// knownKind refuses the address of what is no store, before it becomes the name
// of a file.
func knownKind(address string) error {
	if kind, _, isAddress := strings.Cut(address, "://"); isAddress && !store.IsPostgres(address) {
		return wrong("there are no stores of the kind `%s`; a store is a file or an address such as postgres://cards@localhost/cards", kind)
	}
	return nil
}

// readStore opens what serve or track has counted, beside the running program.
// The caller closes it.
func readStore(ctx context.Context, w World, flag, site string, preview bool) (store.Store, error) {
	at, maker := previewStore(site), "serve"
	if !preview {
		var err error
		if at, err = storeAddress(w, flag, site); err != nil {
			return nil, err
		}
		maker = "track"
	}
	kept, err := store.Open(ctx, at, store.Options{ReadOnly: true})
	if errors.Is(err, store.ErrNoStore) {
		return nil, failure{problem, nothingCounted(at, maker)}
	}
	if err != nil {
		return nil, failure{problem, err}
	}
	return kept, nil
}

func nothingCounted(at, maker string) error {
	if store.IsPostgres(at) {
		return fmt.Errorf("nothing has been counted yet: there are no tables in %s; `cardbowl %s` makes them", store.Shown(at), maker)
	}
	return fmt.Errorf("nothing has been counted yet: there is no %s; `cardbowl %s` makes it", at, maker)
}

// writeStore opens a store to be written, beside a program that may be running. The
// caller closes it.
func writeStore(ctx context.Context, w World, flag, site string, preview bool) (store.Store, error) {
	at := previewStore(site)
	if !preview {
		var err error
		if at, err = storeAddress(w, flag, site); err != nil {
			return nil, err
		}
	}
	kept, err := store.Open(ctx, at, store.Options{})
	if err != nil {
		return nil, failure{problem, err}
	}
	return kept, nil
}
