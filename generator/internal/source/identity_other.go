//go:build !linux && !darwin && !freebsd && !netbsd

package source

import "io/fs"

// identity is unknown here; size and time of modification must do.
func identity(fs.FileInfo) any { return nil }
