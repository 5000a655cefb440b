package source

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"slices"
	"strings"

	"cardbowl/generator/internal/memo"
)

// ErrChanged is returned when a file is no longer what the Tree says. The whole
// build starts again with a new Tree.
var ErrChanged = errors.New("file changed while it was being read")

// Tree is the site folder at one moment: files by path.
type Tree struct {
	files []File
}

// File is one file of a Tree.
type File struct {
	Path    string // slash-separated, relative to the site folder
	Size    int64  // bytes
	Digest  memo.Digest
	BuiltIn bool // from the built-in theme, not from the site folder
	from    fs.FS
	at      string // path inside from
}

// newTree sorts files by path.
func newTree(files []File) Tree {
	slices.SortFunc(files, func(a, b File) int { return strings.Compare(a.Path, b.Path) })
	return Tree{files}
}

// File finds one file by its path.
func (t Tree) File(path string) (File, bool) {
	i, found := slices.BinarySearchFunc(t.files, path, func(f File, p string) int { return strings.Compare(f.Path, p) })
	if !found {
		return File{}, false
	}
	return t.files[i], true
}

// Under lists the files below a folder such as "content/", or all for "", by path.
func (t Tree) Under(folder string) []File {
	if folder == "" {
		return t.files
	}
	from, _ := slices.BinarySearchFunc(t.files, folder, func(f File, p string) int { return strings.Compare(f.Path, p) })
	after := folder[:len(folder)-1] + string(folder[len(folder)-1]+1) // the least that comes after all below it
	to, _ := slices.BinarySearchFunc(t.files, after, func(f File, p string) int { return strings.Compare(f.Path, p) })
	return t.files[from:to]
}

// Read returns the bytes the digest was taken from, or ErrChanged.
func (f File) Read() ([]byte, error) {
	text, err := fs.ReadFile(f.from, f.at)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("%s: %w", f.Path, ErrChanged)
	}
	if err != nil {
		return nil, err
	}
	if memo.OfBytes(text) != f.Digest {
		return nil, fmt.Errorf("%s: %w", f.Path, ErrChanged)
	}
	return text, nil
}

// Open is for files too large to hold. The caller closes it. Its bytes are not
// checked against the digest.
func (f File) Open() (io.ReadSeekCloser, error) {
	opened, err := f.from.Open(f.at)
	if err != nil {
		return nil, err
	}
	seekable, ok := opened.(io.ReadSeekCloser)
	if !ok {
		opened.Close()
		return nil, fmt.Errorf("%s cannot be read twice", f.Path)
	}
	return seekable, nil
}
