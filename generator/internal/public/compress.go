package public

import (
	"bytes"
	"compress/gzip"
	"fmt"
	"io"
	"path"
	"strings"

	"github.com/andybalholm/brotli"

	"cardbowl/generator/internal/memo"
)

// The endings of compressed twins, as nginx, Caddy and our own server look for
// them beside a file.
const (
	Brotli = ".br"
	Gzip   = ".gz"
)

// Brotli's last two levels cost ten times as much for the last three percent.
const brotliLevel = 9

// WithTwins adds compressed twins of every text to a list of files, each after
// the file it belongs to. A path that is taken already gets no twin.
func WithTwins(files []File) []File {
	taken := make(map[string]bool, len(files))
	for _, f := range files {
		taken[f.Path] = true
	}
	out := make([]File, 0, 3*len(files))
	for _, f := range files {
		out = append(out, f)
		if !isText(f.Path) {
			continue
		}
		for _, ending := range []string{Brotli, Gzip} {
			if !taken[f.Path+ending] {
				out = append(out, twin(f, ending))
			}
		}
	}
	return out
}

// isText tells whether a file shrinks: pictures, fonts and archives are
// compressed in themselves.
func isText(name string) bool {
	switch strings.ToLower(path.Ext(name)) {
	case ".html", ".htm", ".css", ".js", ".mjs", ".json", ".map", ".webmanifest", ".xml", ".txt", ".md", ".csv", ".svg", ".ics", ".wasm", ".ttf", ".otf":
		return true
	}
	return false
}

func twin(f File, ending string) File {
	return File{Path: f.Path + ending, Recipe: memo.Of("twin", ending, brotliLevel, f.Recipe), Bytes: func() (io.ReadSeekCloser, error) {
		plain, err := f.Bytes()
		if err != nil {
			return nil, err
		}
		defer plain.Close()
		var small bytes.Buffer
		var w io.WriteCloser
		if ending == Brotli {
			w = brotli.NewWriterLevel(&small, brotliLevel)
		} else if w, err = gzip.NewWriterLevel(&small, gzip.BestCompression); err != nil { // its header holds no time and no name
			return nil, err
		}
		if _, err = io.Copy(w, plain); err == nil {
			err = w.Close()
		}
		if err != nil {
			return nil, fmt.Errorf("compress %s: %w", f.Path, err)
		}
		return packed{bytes.NewReader(small.Bytes())}, nil
	}}
}

// packed is a twin that is in memory.
type packed struct{ *bytes.Reader }

func (packed) Close() error { return nil }
