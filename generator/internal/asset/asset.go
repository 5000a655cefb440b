package asset

import (
	"bytes"
	"crypto/sha512"
	"encoding/base64"
	"errors"
	"io"
	"path"
	"slices"
	"strings"

	"github.com/tdewolff/minify/v2"
	"github.com/tdewolff/minify/v2/css"
	"github.com/tdewolff/minify/v2/js"
	"github.com/tdewolff/parse/v2"

	"cardbowl/generator/internal/diag"
	"cardbowl/generator/internal/memo"
	"cardbowl/generator/internal/source"
)

// folder is where a theme keeps its assets.
const folder = "templates/assets/"

// Stylesheet is the asset whose variables a site may set.
const Stylesheet = "site.css"

// icon is the theme's sign of the site, drawn in the site's accent.
const icon = "icon.svg"

// Set is the published assets of one build.
type Set struct {
	URLs      map[string]string // asset name such as "site.css" → path below the site, "assets/site.1a2b3c4d.css"
	Integrity map[string]string // stylesheets and scripts by name → what a browser checks their bytes against, "sha384-…"
	Variables []string          // those that Stylesheet declares for a site to set, in its order
	Files     []File
}

// File is one published asset.
type File struct {
	Path   string // below the published folder
	Recipe memo.Digest
	Source string // the file it comes from
	Open   func() (io.ReadSeekCloser, error)
}

// Look sets variables of the stylesheet: names without the two hyphens, values
// as CSS has them.
type Look struct {
	Light map[string]string
	Dark  map[string]string // where the reader's screen is dark
}

// made is an asset as it is published.
type made struct {
	Bytes     []byte
	Variables []string
	Problems  diag.List
}

// Load names every asset of the tree, and makes stylesheets and scripts small.
// The error is for a file that changed meanwhile.
func Load(tree source.Tree, look Look, remembered *memo.Memo) (Set, diag.List, error) {
	set := Set{URLs: map[string]string{}, Integrity: map[string]string{}}
	var problems diag.List
	for _, f := range tree.Under(folder) {
		name := strings.TrimPrefix(f.Path, folder)
		at := "assets/" + name
		kind := path.Ext(name)
		if name == icon && len(look.accent().Light)+len(look.accent().Dark) > 0 {
			text, err := f.Read()
			if err != nil {
				return Set{}, nil, err
			}
			tinted := tint(text, look.accent())
			set.URLs[name] = at
			set.Files = append(set.Files, File{Path: at, Recipe: memo.OfBytes(tinted), Source: f.Path, Open: func() (io.ReadSeekCloser, error) {
				return inMemory{bytes.NewReader(tinted)}, nil
			}})
			continue
		}
		if kind != ".css" && kind != ".js" {
			set.URLs[name] = at
			set.Files = append(set.Files, File{Path: at, Recipe: f.Digest, Source: f.Path, Open: f.Open})
			continue
		}
		applied := Look{}
		if name == Stylesheet {
			applied = look
		}
		var failed error
		m := memo.Do(remembered, "asset", memo.Of(f.Path, f.Digest, applied), func() made {
			text, err := f.Read()
			if err != nil {
				failed = err
				return made{}
			}
			return makeSmall(f.Path, kind, text, applied)
		})
		if failed != nil {
			return Set{}, nil, failed
		}
		problems = append(problems, m.Problems...)
		if name == Stylesheet {
			set.Variables = m.Variables
		}
		digest := memo.OfBytes(m.Bytes)
		at = strings.TrimSuffix(at, kind) + "." + digest.Short() + kind
		set.URLs[name] = at
		sum := sha512.Sum384(m.Bytes)
		set.Integrity[name] = "sha384-" + base64.StdEncoding.EncodeToString(sum[:])
		set.Files = append(set.Files, File{Path: at, Recipe: digest, Source: f.Path, Open: func() (io.ReadSeekCloser, error) {
			return inMemory{bytes.NewReader(m.Bytes)}, nil
		}})
	}
	return set, problems, nil
}

// tint sets variables of a drawing that has a stylesheet within.
func tint(drawing []byte, look Look) []byte {
	end := bytes.Index(drawing, []byte("</style>"))
	if end < 0 {
		return drawing
	}
	_, dark := variables(drawing)
	return slices.Insert(bytes.Clone(drawing), end, []byte(look.css(dark)+"\n")...)
}

type inMemory struct{ *bytes.Reader }

func (inMemory) Close() error { return nil }

// makeSmall takes out of a stylesheet or script what only its author needs.
func makeSmall(file, kind string, text []byte, look Look) made {
	var out made
	small := minify.New()
	small.AddFunc(".css", css.Minify)
	small.AddFunc(".js", js.Minify)
	if kind == ".css" {
		var dark []string
		out.Variables, dark = variables(text)
		text = append(bytes.Clone(text), look.css(dark)...)
	}
	var err error
	if out.Bytes, err = small.Bytes(kind, text); err != nil {
		out.Bytes = text // as it is: a browser may know better
		d := diag.Diagnostic{File: file, Line: 1, Column: 1, Message: "the file cannot be read: " + err.Error(), Hint: "it would not work in a browser either"}
		var broken *parse.Error
		if errors.As(err, &broken) {
			d.Line, d.Column, d.Message = broken.Line, broken.Column, "the file cannot be read: "+broken.Message
			d.Source = diag.SourceLine(text, broken.Line)
		}
		out.Problems = diag.List{d}
	}
	return out
}
