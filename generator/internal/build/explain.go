package build

import (
	"context"
	"os"
	"path/filepath"
	"strings"
	"time"

	"cardbowl/generator/internal/diag"
	"cardbowl/generator/internal/page"
)

// Explained is what a page is made of, and whether a build would render it.
type Explained struct {
	page.Explanation
	Found   bool
	Near    string // address of the page most likely meant where none was found; may be empty
	State   string // one of the States
	Written time.Time
	Newer   map[string]bool // of the files it is made of, those that changed after it was written
	DataIn  []string        // the data files, where the page can see them
}

// The States of a page in the output folder.
const (
	Current   = "current"   // it was made of exactly this, and is not rendered again
	Outdated  = "outdated"  // it was made of something else
	Missing   = "missing"   // it is not there
	Unchecked = "unchecked" // it is there, and no build remembers what it was made of
)

// Explain says what a page is made of and why it would be rendered or not, and
// writes nothing. asked is its address, its file in the output folder or its
// document. With errors in the result, nothing is known.
func (b *Builder) Explain(ctx context.Context, asked string) (Explained, Result, error) {
	var out Explained
	result, err := b.again(ctx, nil, func(t trunk) (Result, error) {
		if t.result.Failed() {
			return t.result, nil
		}
		if below, err := filepath.Rel(b.options.Out, asked); err == nil && filepath.IsLocal(below) && strings.HasSuffix(asked, "index.html") {
			asked = filepath.ToSlash(below)
		}
		out = Explained{}
		if out.Explanation, out.Found = t.plan.Explain(asked, t.layouts); !out.Found {
			out.Near = diag.Nearest("/"+strings.Trim(asked, "/")+"/", t.plan.Outputs())
			return t.result, nil
		}
		if out.Data {
			out.DataIn = t.data
		}
		b.judgeOutput(&out)
		return t.result, nil
	})
	return out, result, err
}

// judgeOutput looks at what is in the output folder now.
func (b *Builder) judgeOutput(e *Explained) {
	info, err := os.Stat(filepath.Join(b.options.Out, filepath.FromSlash(e.Output)))
	if err != nil {
		e.State = Missing
		return
	}
	e.State, e.Written = Unchecked, info.ModTime()
	for _, known := range b.folder.Known() {
		if known.Path == e.Output {
			e.State = Outdated
			if known.Recipe == e.Recipe {
				e.State = Current
			}
		}
	}
	e.Newer = map[string]bool{}
	for _, name := range e.Files() {
		if info, err := os.Stat(filepath.Join(b.options.Site, filepath.FromSlash(name))); err == nil && info.ModTime().After(e.Written) {
			e.Newer[name] = true
		}
	}
}

// Files are those that the page is made of, the built-in theme's among them.
func (e Explained) Files() []string {
	out := []string{"site.yaml"}
	if e.Document != "" {
		out = append(out, e.Document)
	}
	out = append(out, e.Templates...)
	out = append(out, e.Shortcodes...)
	return append(out, e.DataIn...)
}
