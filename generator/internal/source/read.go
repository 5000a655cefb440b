package source

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"maps"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"golang.org/x/sync/errgroup"

	"cardbowl/generator/internal/diag"
	"cardbowl/generator/internal/memo"
)

// ConfigFile is the site's settings; a folder without it is no site.
const ConfigFile = "site.yaml"

// folders are what a site is made of, besides ConfigFile.
func folders() []string { return []string{"content", "templates", "static", "data"} }

// called is a folder in a sentence.
func called(dir string) string {
	if dir == "." {
		return "this folder"
	}
	return dir
}

const howToNameASite = "run this inside a site folder, name one with -s DIR, or start one with `cardbowl new site DIR`"

// Reader reads one site folder, again and again. It is not safe for concurrent
// use.
type Reader struct {
	dir    string
	theme  fs.FS // laid under templates/
	now    func() time.Time
	stamps map[string]stamp
	last   *Tree // of the last Read, where nothing was wrong with it
	root   *os.Root
}

// stamp is what stat said of a file when its digest was taken.
type stamp struct {
	identity any // of the file itself, where the system tells; see identity
	size     int64
	modified time.Time
	read     time.Time // when the digest was taken
	digest   memo.Digest
}

// Stamped is what a Reader knows of one file: enough to see that it did not
// change, in another process too.
type Stamped struct {
	Path     string
	Identity [3]int64 // see identity
	Size     int64
	Modified int64 // nanoseconds since 1970, as Read
	Read     int64 // when the digest was taken
	Digest   memo.Digest
}

// Stamps are what the last Read knows, by path: nothing of files so young that
// it proves nothing, and nothing where the system tells no identity of files.
func (r *Reader) Stamps() []Stamped {
	var out []Stamped
	for _, at := range slices.Sorted(maps.Keys(r.stamps)) {
		s := r.stamps[at]
		if id, told := s.identity.([3]int64); told && s.settled() {
			out = append(out, Stamped{at, id, s.size, s.modified.UnixNano(), s.read.UnixNano(), s.digest})
		}
	}
	return out
}

// Assume begins with what another Reader of the same folder knew.
func (r *Reader) Assume(known []Stamped) {
	for _, s := range known {
		r.stamps[s.Path] = stamp{s.Identity, s.Size, time.Unix(0, s.Modified), time.Unix(0, s.Read), s.Digest}
	}
}

// NewReader prepares to read the site in dir. theme holds the built-in theme as
// a templates folder; now is the machine's clock.
func NewReader(dir string, theme fs.FS, now func() time.Time) *Reader {
	return &Reader{dir: dir, theme: theme, now: now, stamps: map[string]stamp{}}
}

// Folders are the folders of a site in which everything can change a Tree.
func Folders(dir string) []string {
	var out []string
	for _, name := range folders() {
		out = append(out, filepath.Join(dir, name))
	}
	return out
}

// Read looks at the whole folder. Problems with single files (unreadable, a
// link, a device) are in the list and leave the file out; the error is for a
// folder that cannot be read at all, and for the context's end.
func (r *Reader) Read(ctx context.Context) (Tree, diag.List, error) {
	r.last = nil
	root, err := os.OpenRoot(r.dir)
	if errors.Is(err, fs.ErrNotExist) {
		return Tree{}, diag.List{{File: ConfigFile, Message: "there is no folder " + r.dir, Hint: howToNameASite}}, nil
	}
	if err != nil {
		return Tree{}, nil, fmt.Errorf("open site folder: %w", err)
	}
	// The root stays open as long as a Tree may open files from it; the
	// garbage collector closes it with the last of them.
	site := root.FS()
	if info, err := root.Stat(ConfigFile); errors.Is(err, fs.ErrNotExist) {
		return Tree{}, diag.List{{File: ConfigFile, Message: "no site.yaml in " + called(r.dir), Hint: howToNameASite}}, nil
	} else if err != nil || !info.Mode().IsRegular() {
		return Tree{}, diag.List{{File: ConfigFile, Message: "site.yaml cannot be read", Hint: "check that it is a file you may read"}}, nil
	}

	var found []File
	var problems diag.List
	for _, start := range append([]string{ConfigFile}, folders()...) {
		err := fs.WalkDir(site, start, func(name string, entry fs.DirEntry, err error) error {
			if ctx.Err() != nil {
				return ctx.Err()
			}
			switch {
			case errors.Is(err, fs.ErrNotExist):
				return nil // vanished since it was listed: deleted
			case err != nil:
				problems = append(problems, diag.Diagnostic{File: name, Message: "cannot be read: " + cause(err), Hint: "check who may read it"})
				return nil
			case name != start && ignored(path.Base(name)):
				if entry.IsDir() {
					return fs.SkipDir
				}
				return nil
			case entry.IsDir():
				return nil
			case entry.Type()&fs.ModeSymlink != 0:
				problems = append(problems, diag.Diagnostic{File: name, Severity: diag.Warning, Message: "symbolic link is not followed", Hint: "put the file itself here"})
				return nil
			case !entry.Type().IsRegular():
				problems = append(problems, diag.Diagnostic{File: name, Severity: diag.Warning, Message: "not a file, left out"})
				return nil
			}
			found = append(found, File{Path: name, from: site, at: name})
			return nil
		})
		if err != nil {
			return Tree{}, nil, err
		}
	}
	read, more, err := r.stampAll(ctx, found)
	if err != nil {
		return Tree{}, nil, err
	}
	own := newTree(read)
	theme, err := r.builtIn(own)
	if err != nil {
		return Tree{}, nil, err
	}
	tree := newTree(append(theme, read...))
	if problems = append(problems, more...); len(problems) == 0 {
		r.last, r.root = &tree, root
	}
	return tree, problems, nil
}

// ReadAgain is Read where nothing but what names name can have changed since the
// last Read: paths below the site folder, slash-separated. It looks at those
// alone, and at everything where they do not say enough, as of a folder.
func (r *Reader) ReadAgain(ctx context.Context, names []string) (Tree, diag.List, error) {
	if r.last == nil {
		return r.Read(ctx)
	}
	files := slices.Clone(r.last.files)
	buffer := make([]byte, 64<<10)
	for _, name := range names {
		if !within(name) {
			continue
		}
		var simple bool
		if files, simple = r.renew(files, name, buffer); !simple {
			return r.Read(ctx)
		}
	}
	r.last = &Tree{files}
	return *r.last, nil, nil
}

// within tells whether a path can be one of a Tree.
func within(name string) bool {
	if name == ConfigFile {
		return true
	}
	start, below, _ := strings.Cut(name, "/")
	if !slices.Contains(folders(), start) {
		return false
	}
	for part := range strings.SplitSeq(below, "/") {
		if ignored(part) {
			return false
		}
	}
	return true
}

// templates is the folder that the built-in theme is laid under.
const templates = "templates/"

// renew brings one file of a list up to date. simple is false where that takes
// more than a look at the file.
func (r *Reader) renew(files []File, name string, buffer []byte) (renewed []File, simple bool) {
	at, known := slices.BinarySearchFunc(files, name, func(f File, p string) int { return strings.Compare(f.Path, p) })
	if known && files[at].BuiltIn {
		return files, false
	}
	info, err := r.root.Lstat(name)
	if errors.Is(err, fs.ErrNotExist) {
		isFolder := at < len(files) && strings.HasPrefix(files[at].Path, name+"/")
		if name == ConfigFile || isFolder || strings.HasPrefix(name, templates) {
			return files, false
		}
		if known {
			delete(r.stamps, name)
			files = slices.Delete(files, at, at+1)
		}
		return files, true
	}
	if err != nil || !info.Mode().IsRegular() {
		return files, false
	}
	f := File{Path: name, from: r.root.FS(), at: name}
	if known {
		f = files[at]
	}
	s, err := r.stampOf(f, buffer)
	if err != nil {
		return files, false
	}
	f.Size, f.Digest = s.size, s.digest
	switch {
	case known:
		files[at] = f
	case strings.HasPrefix(name, templates) || !besideAnother(files, at, name):
		return files, false
	default:
		files = slices.Insert(files, at, f)
	}
	r.stamps[name] = s
	return files, true
}

// besideAnother tells whether the folder of a new file is known to be one, and no
// link to one. at is the file's place in the list.
func besideAnother(files []File, at int, name string) bool {
	folder := path.Dir(name) + "/"
	return at > 0 && strings.HasPrefix(files[at-1].Path, folder) || at < len(files) && strings.HasPrefix(files[at].Path, folder)
}

// Settings is a Tree of site.yaml alone, for who needs no more; an empty one
// when there is none.
func Settings(dir string) (Tree, error) {
	root, err := os.OpenRoot(dir)
	if err != nil {
		return Tree{}, fmt.Errorf("open site folder: %w", err)
	}
	site := root.FS()
	text, err := fs.ReadFile(site, ConfigFile)
	if errors.Is(err, fs.ErrNotExist) {
		return Tree{}, nil
	}
	if err != nil {
		return Tree{}, fmt.Errorf("read settings: %w", err)
	}
	return newTree([]File{{Path: ConfigFile, Size: int64(len(text)), Digest: memo.OfBytes(text), from: site, at: ConfigFile}}), nil
}

// ignored are names that editors and systems leave behind, and whatever starts
// with a dot.
func ignored(base string) bool {
	return strings.HasPrefix(base, ".") || strings.HasSuffix(base, "~") ||
		strings.HasPrefix(base, "#") && strings.HasSuffix(base, "#") || base == "Thumbs.db"
}

// stampAll fills in sizes and digests, reading only files whose stat changed.
func (r *Reader) stampAll(ctx context.Context, found []File) ([]File, diag.List, error) {
	const gone = -1
	stamps := make([]stamp, len(found))
	problems := make([]diag.List, len(found))
	group, ctx := errgroup.WithContext(ctx)
	group.SetLimit(4)
	for chunk := range slices.Chunk(indices(len(found)), 64) {
		group.Go(func() error {
			buffer := make([]byte, 64<<10)
			for _, i := range chunk {
				if ctx.Err() != nil {
					return ctx.Err()
				}
				s, err := r.stampOf(found[i], buffer)
				switch {
				case errors.Is(err, fs.ErrNotExist):
					s.size = gone
				case err != nil:
					s.size = gone
					problems[i] = diag.List{{File: found[i].Path, Message: "cannot be read: " + cause(err), Hint: "check who may read it"}}
				}
				stamps[i] = s
			}
			return nil
		})
	}
	if err := group.Wait(); err != nil {
		return nil, nil, err
	}
	next := make(map[string]stamp, len(found))
	read := found[:0]
	for i, f := range found {
		if stamps[i].size == gone {
			continue
		}
		f.Size, f.Digest = stamps[i].size, stamps[i].digest
		next[f.Path] = stamps[i]
		read = append(read, f)
	}
	r.stamps = next
	return read, slices.Concat(problems...), nil
}

func indices(n int) []int {
	out := make([]int, n)
	for i := range out {
		out[i] = i
	}
	return out
}

// clockGrain is the coarsest step of a file system's clock (FAT's two seconds).
// A file changed within it after it was read may show the same time.
const clockGrain = 2 * time.Second

// settled tells whether the file was old enough when it was read for a later
// change to show.
func (s stamp) settled() bool { return s.read.Sub(s.modified) > clockGrain }

// stampOf trusts the remembered digest only where stat could not hide a change.
func (r *Reader) stampOf(f File, buffer []byte) (stamp, error) {
	info, err := fs.Stat(f.from, f.at)
	if err != nil {
		return stamp{}, err
	}
	now := stamp{identity: identity(info), size: info.Size(), modified: info.ModTime(), read: r.now()}
	old, known := r.stamps[f.Path]
	if known && old.identity == now.identity && old.size == now.size && old.modified.Equal(now.modified) &&
		old.settled() {
		return old, nil
	}
	opened, err := f.from.Open(f.at)
	if err != nil {
		return stamp{}, err
	}
	defer opened.Close()
	sum := sha256.New()
	now.size = 0
	for err != io.EOF {
		var n int
		n, err = opened.Read(buffer)
		sum.Write(buffer[:n])
		now.size += int64(n)
		if err != nil && err != io.EOF {
			return stamp{}, err
		}
	}
	sum.Sum(now.digest[:0])
	return now, nil
}

// builtIn lists the theme's files that the site does not override.
func (r *Reader) builtIn(site Tree) ([]File, error) {
	var out []File
	err := fs.WalkDir(r.theme, ".", func(name string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() {
			return err
		}
		at := templates + name
		if _, own := site.File(at); own || path.Ext(name) == ".go" || ignored(path.Base(name)) {
			return nil
		}
		text, err := fs.ReadFile(r.theme, name)
		if err != nil {
			return err
		}
		out = append(out, File{Path: at, Size: int64(len(text)), Digest: memo.OfBytes(text), BuiltIn: true, from: r.theme, at: name})
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("read built-in theme: %w", err)
	}
	return out, nil
}

// cause is the system's own words without the path, which stands before them.
func cause(err error) string {
	var p *fs.PathError
	if errors.As(err, &p) {
		return p.Err.Error()
	}
	return err.Error()
}
