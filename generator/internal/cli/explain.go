package cli

import (
	"context"
	"encoding/json"
	"fmt"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"cardbowl/generator/internal/build"
)

// explanationJSON is the shape of `build --explain PATH --json`.
type explanationJSON struct {
	Output   string     `json:"output"` // below the output folder
	Layout   string     `json:"layout"`
	State    string     `json:"state"`             // current, outdated, missing or unchecked
	Rendered bool       `json:"rendered"`          // a build would render it now
	Why      string     `json:"why"`               // in words
	Recipe   string     `json:"recipe"`            // digest of all it is made of
	Written  string     `json:"written,omitempty"` // RFC 3339, UTC
	Read     []readJSON `json:"read"`
}

type readJSON struct {
	Kind  string `json:"kind"` // settings, document, template, shortcode, data, asset, picture or page
	Name  string `json:"name"` // a file of the site or the theme; an asset's name; a site path; an address
	Newer bool   `json:"newer"`
}

func runExplain(ctx context.Context, w World, o build.Options, asked string, asJSON bool) error {
	waiting := w.watchProgress()
	o.Doing = waiting.now
	o.Kept = filepath.Join(o.Site, cardbowlFolder, "build")
	builder := build.New(o)
	defer builder.Close()
	e, result, err := builder.Explain(ctx, asked)
	waiting.end()
	switch {
	case err != nil:
		return failure{problem, err}
	case result.Failed():
		w.tell(result.Problems)
		fmt.Fprintf(w.Stderr, "not explained: %s\n", summary(result.Problems))
		return failure{code: problem}
	case !e.Found && e.Near != "":
		return failure{problem, fmt.Errorf("there is no page at %s; did you mean %s?", asked, e.Near)}
	case !e.Found:
		return failure{problem, fmt.Errorf("there is no page at %s; name its address, such as /about/, or its file under content/", asked)}
	}
	said := explanationJSON{Output: e.Output, Layout: e.Layout, State: e.State, Rendered: e.State != build.Current, Why: whyRendered(e), Recipe: e.Recipe.String(), Read: readBy(e)}
	if !e.Written.IsZero() {
		said.Written = e.Written.UTC().Format(time.RFC3339)
	}
	if asJSON {
		if err := json.NewEncoder(w.Stdout).Encode(said); err != nil {
			return failure{problem, err}
		}
		return nil
	}
	fmt.Fprintf(w.Stdout, "%s\n  %s\n\n", filepath.ToSlash(filepath.Join(o.Out, filepath.FromSlash(e.Output))), said.Why)
	last := ""
	for _, r := range said.Read {
		kind, mark := r.Kind, ""
		if kind == last {
			kind = ""
		}
		if r.Newer {
			mark = "   newer than the page"
		}
		fmt.Fprintf(w.Stdout, "  %-10s %s%s\n", kind, r.Name, mark)
		last = r.Kind
	}
	return nil
}

// whyRendered says whether a build would render the page, and why.
func whyRendered(e build.Explained) string {
	switch e.State {
	case build.Current:
		return "stays as it is: it was made of exactly this"
	case build.Missing:
		return "would be rendered: it is not there yet"
	case build.Unchecked:
		return "would be rendered and compared: no build remembers what the file was made of"
	}
	var newer []string
	for _, name := range e.Files() {
		if e.Newer[name] && !slices.Contains(newer, name) {
			newer = append(newer, name)
		}
	}
	if len(newer) == 0 {
		return "would be rendered: something else that it shows has changed, such as the title of another page, a picture or an asset"
	}
	verb := "has"
	if len(newer) > 1 {
		verb = "have"
	}
	return fmt.Sprintf("would be rendered: %s %s changed since", strings.Join(newer, ", "), verb)
}

// readBy is everything a page is made of, the nearest first.
func readBy(e build.Explained) []readJSON {
	var out []readJSON
	add := func(kind string, names ...string) {
		for _, name := range names {
			out = append(out, readJSON{kind, name, e.Newer[name]})
		}
	}
	if e.Document != "" {
		add("document", e.Document)
	}
	add("template", e.Templates...)
	add("shortcode", e.Shortcodes...)
	add("data", e.DataIn...)
	add("settings", "site.yaml")
	add("asset", e.Assets...)
	add("picture", e.Pictures...)
	add("page", e.Pages...)
	return out
}
