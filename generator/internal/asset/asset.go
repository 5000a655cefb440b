package asset

import (
	"path"
	"strings"

	"cardbowl/generator/internal/source"
)

// folder is where a theme keeps its assets.
const folder = "templates/assets/"

// Set is the published assets of one build.
type Set struct {
	URLs  map[string]string // asset name such as "site.css" → path below the site, "assets/site.1a2b3c4d.css"
	Files []File
}

// File is one published asset.
type File struct {
	Path   string // below the published folder
	Source source.File
}

// Load names every asset of the tree.
func Load(tree source.Tree) Set {
	set := Set{URLs: map[string]string{}}
	for _, f := range tree.Under(folder) {
		name := strings.TrimPrefix(f.Path, folder)
		at := "assets/" + name
		if ext := path.Ext(name); ext == ".css" || ext == ".js" {
			at = strings.TrimSuffix(at, ext) + "." + f.Digest.Short() + ext
		}
		set.URLs[name] = at
		set.Files = append(set.Files, File{Path: at, Source: f})
	}
	return set
}
