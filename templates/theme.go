// Package templates is the built-in theme, embedded in the program.
//
// A site's own templates folder stands before it, file by file. There is no
// code here but this.
package templates

import "embed"

// Theme holds the layouts, partials, shortcodes, letters and assets as this folder has them.
//
//go:embed *.html partials shortcodes assets email
var Theme embed.FS
