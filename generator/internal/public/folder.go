package public

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"iter"
	"maps"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"time"

	"golang.org/x/sync/errgroup"

	"cardbowl/generator/internal/memo"
)

const (
	// Mark is the file that says that a folder was made by us.
	Mark = ".cardbowl-public"

	stage    = ".cardbowl-stage"
	markText = "Cardbowl made the files in this folder and removes those it no longer makes.\n"
)

// ErrForeign is returned for a folder that holds files and no mark.
var ErrForeign = errors.New("the folder holds files that Cardbowl did not make")

// ErrBusy is returned while another process writes the same folder.
var ErrBusy = errors.New("another build is writing the folder")

// File is one file the folder should have.
type File struct {
	Path   string      // slash-separated, below the folder
	Recipe memo.Digest // of everything the bytes depend on
	Bytes  func() (io.ReadSeekCloser, error)
}

// Result is what one Sync did, paths sorted.
type Result struct {
	Written    []string
	Removed    []string
	Kept       int
	Mismatches []string // in verification: same recipe, other bytes
}

// Folder is an output folder and what is known of it. It is not safe for
// concurrent use; two processes exclude one another.
type Folder struct {
	dir     string
	options Options
	known   map[string]known // by path; nil before the first Sync
	last    []want           // of the last Sync, in its order, where known is all there is; or nil
}

// want is a file as a Sync was asked for it.
type want struct {
	path   string
	recipe memo.Digest
}

// Options say what a folder is for.
type Options struct {
	Durable bool // it survives a power cut after Sync returns; a preview need not
	Private bool // nobody else writes it: what the last Sync left is taken for what is there
}

// known is what the folder held after the last Sync.
type known struct {
	recipe   memo.Digest
	size     int64
	modified time.Time
}

// Known is a file that the folder held after a Sync.
type Known struct {
	Path     string
	Recipe   memo.Digest
	Size     int64 // bytes
	Modified time.Time
}

// Known are the files of the last Sync, by path; none after one that failed.
func (f *Folder) Known() []Known {
	var out []Known
	for _, at := range slices.Sorted(maps.Keys(f.known)) {
		k := f.known[at]
		out = append(out, Known{at, k.recipe, k.size, k.modified})
	}
	return out
}

// Assume begins with what another Folder knew of the same files. Whoever calls it
// must be sure that their bytes are still the same.
func (f *Folder) Assume(files []Known) {
	f.last = nil
	f.known = make(map[string]known, len(files))
	for _, k := range files {
		f.known[k.Path] = known{k.Recipe, k.Size, k.Modified}
	}
}

// Open prepares an output folder.
func Open(dir string, o Options) *Folder { return &Folder{dir: dir, options: o} }

// Sync makes the folder hold exactly files, which must have different paths.
// They are put in place in the order given. verify makes every file again and
// compares it with the folder, writing nothing.
func (f *Folder) Sync(ctx context.Context, files []File, workers int, verify bool) (Result, error) {
	root, err := f.open()
	if err != nil {
		return Result{}, err
	}
	defer root.Close()
	unlock, err := lock(f.dir)
	if err != nil {
		return Result{}, err
	}
	defer unlock()
	s := syncing{folder: f, root: root, verify: verify}
	return s.run(ctx, files, workers)
}

// open creates the folder where it is missing and refuses a foreign one.
func (f *Folder) open() (*os.Root, error) {
	if err := os.MkdirAll(f.dir, 0o755); err != nil {
		return nil, fmt.Errorf("create output folder: %w", err)
	}
	root, err := os.OpenRoot(f.dir)
	if err != nil {
		return nil, fmt.Errorf("open output folder: %w", err)
	}
	if _, err := root.Stat(Mark); err == nil {
		return root, nil
	}
	entries, err := fs.ReadDir(root.FS(), ".")
	if err == nil && slices.ContainsFunc(entries, func(e fs.DirEntry) bool { return !strings.HasPrefix(e.Name(), ".") }) {
		err = ErrForeign
	}
	if err == nil {
		err = root.WriteFile(Mark, []byte(markText), 0o644)
	}
	if err != nil {
		root.Close()
		return nil, fmt.Errorf("%s: %w", f.dir, err)
	}
	return root, nil
}

// present is what stat says of a file.
type present struct {
	size     int64
	modified time.Time
	regular  bool
}

// syncing is one run of Sync.
type syncing struct {
	folder *Folder
	root   *os.Root
	verify bool

	private bool               // what the folder knows is all there is
	there   map[string]present // files in the folder before, unless private
	folders map[string]bool    // folders in it, . among them; nil while private and not asked for

	mu      sync.Mutex
	result  Result
	staged  map[string]bool // paths that wait in the stage
	knowing map[string]known
}

// present is what is there of a file.
func (s *syncing) present(name string) (present, bool) {
	if s.private {
		k, there := s.folder.known[name]
		return present{k.size, k.modified, true}, there
	}
	now, there := s.there[name]
	return now, there
}

// all are the names of the files that are there.
func (s *syncing) all() iter.Seq[string] {
	if s.private {
		return maps.Keys(s.folder.known)
	}
	return maps.Keys(s.there)
}

// isFolder tells whether a folder is there.
func (s *syncing) isFolder(name string) bool {
	if s.folders == nil {
		s.folders = map[string]bool{".": true}
		for name := range s.folder.known {
			for folder := path.Dir(name); !s.folders[folder]; folder = path.Dir(folder) {
				s.folders[folder] = true
			}
		}
	}
	return s.folders[name]
}

// changed are the places of those files that the last Sync was not asked for in
// the same way, and whether it was asked for files of all the same names.
func (s *syncing) changed(files []File) (places []int, samePaths bool) {
	last := s.folder.last
	samePaths = len(files) == len(last)
	for i := range files {
		f := &files[i]
		if i < len(last) && last[i].path == f.Path {
			if last[i].recipe == f.Recipe {
				continue
			}
		} else {
			samePaths = false
		}
		places = append(places, i)
	}
	return places, samePaths
}

func (s *syncing) run(ctx context.Context, files []File, workers int) (Result, error) {
	if err := s.root.RemoveAll(stage); err != nil { // of a run that was killed
		return Result{}, fmt.Errorf("clear staging folder: %w", err)
	}
	s.private = s.folder.options.Private && s.folder.last != nil && !s.verify
	var todo []int
	samePaths := false
	if s.private {
		todo, samePaths = s.changed(files)
	} else {
		if err := s.look(); err != nil {
			return Result{}, err
		}
		todo = make([]int, len(files))
		for i := range todo {
			todo[i] = i
		}
	}
	s.result.Kept = len(files) - len(todo)
	s.staged, s.knowing = map[string]bool{}, make(map[string]known, len(todo))
	group, working := errgroup.WithContext(ctx)
	group.SetLimit(max(workers, 1))
	for _, i := range todo {
		if working.Err() != nil {
			break
		}
		if k, same := s.same(&files[i]); same && !s.verify {
			s.keep(files[i].Path, k)
			continue
		}
		group.Go(func() error {
			if working.Err() != nil {
				return working.Err()
			}
			return s.prepare(files[i])
		})
	}
	err := cmp.Or(group.Wait(), ctx.Err())
	if err == nil && !s.verify {
		err = s.flushStage()
	}
	if err != nil || s.verify {
		if cleaning := s.root.RemoveAll(stage); err == nil && cleaning != nil {
			err = fmt.Errorf("clear staging folder: %w", cleaning)
		}
		slices.Sort(s.result.Mismatches)
		return s.result, err
	}
	return s.result, s.commit(files, todo, samePaths)
}

// look lists what the folder holds, but for names that begin with a dot.
func (s *syncing) look() error {
	s.there, s.folders = map[string]present{}, map[string]bool{".": true}
	return fs.WalkDir(s.root.FS(), ".", func(name string, entry fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return fmt.Errorf("look through output folder: %w", err)
		case name == ".":
			return nil
		case strings.HasPrefix(path.Base(name), "."):
			if entry.IsDir() {
				return fs.SkipDir
			}
			return nil
		case entry.IsDir():
			s.folders[name] = true
			return nil
		}
		info, err := entry.Info()
		if err != nil {
			return fmt.Errorf("look through output folder: %w", err)
		}
		s.there[name] = present{info.Size(), info.ModTime(), info.Mode().IsRegular()}
		return nil
	})
}

// same tells whether a file is known to be there already.
func (s *syncing) same(f *File) (known, bool) {
	now, there := s.present(f.Path)
	old, knew := s.folder.known[f.Path]
	return old, there && knew && old.recipe == f.Recipe && old.size == now.size && old.modified.Equal(now.modified)
}

// prepare decides about one file and stages it where its bytes differ.
func (s *syncing) prepare(f File) (err error) {
	defer func() {
		// In a worker, a panic of whoever makes the bytes would end the whole program.
		if cause := recover(); cause != nil {
			err = fmt.Errorf("%s cannot be made: %v; this is a fault of Cardbowl and worth a report", f.Path, cause)
		}
	}()
	if !fs.ValidPath(f.Path) {
		return fmt.Errorf("`%s` is no path below the output folder", f.Path)
	}
	now, there := s.present(f.Path)
	bytes, err := f.Bytes()
	if err != nil {
		return err
	}
	defer bytes.Close()
	if there && now.regular {
		equal, err := s.equal(bytes, f.Path)
		if err != nil {
			return err
		}
		if equal {
			s.keep(f.Path, known{f.Recipe, now.size, now.modified})
			return nil
		}
	}
	if s.verify {
		s.mu.Lock()
		defer s.mu.Unlock()
		s.result.Mismatches = append(s.result.Mismatches, f.Path)
		return nil
	}
	if _, err := bytes.Seek(0, io.SeekStart); err != nil {
		return err
	}
	return s.stage(f, bytes)
}

func (s *syncing) keep(path string, k known) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.result.Kept++
	s.knowing[path] = k
}

// equal compares without holding either side whole.
func (s *syncing) equal(bytes io.Reader, path string) (bool, error) {
	there, err := s.root.Open(path)
	if err != nil {
		return false, nil // unreadable or gone: to be written anew
	}
	defer there.Close()
	const piece = 64 << 10
	a, b := make([]byte, piece), make([]byte, piece)
	for {
		n, errA := io.ReadFull(bytes, a)
		m, errB := io.ReadFull(there, b)
		if errA != nil && errA != io.EOF && errA != io.ErrUnexpectedEOF {
			return false, errA
		}
		if n != m || string(a[:n]) != string(b[:m]) {
			return false, nil
		}
		if errA != nil || errB != nil {
			return errA != nil && errB != nil, nil
		}
	}
}

// stage writes a file to where it waits: its own path below the stage, so that
// a folder that is new can be moved as a whole. The stage was empty when this
// run began, so no link in it can lead outside, and plain paths will do; they
// cost a third of the system calls.
func (s *syncing) stage(f File, bytes io.Reader) (err error) {
	out, err := create(filepath.Join(s.folder.dir, stage, filepath.FromSlash(f.Path)))
	if err != nil {
		return fmt.Errorf("write %s: %w", f.Path, err)
	}
	defer func() {
		if closing := out.Close(); err == nil && closing != nil {
			err = fmt.Errorf("write %s: %w", f.Path, closing)
		}
	}()
	if _, err := io.Copy(out, bytes); err != nil {
		return fmt.Errorf("write %s: %w", f.Path, err)
	}
	info, err := out.Stat()
	if err != nil {
		return fmt.Errorf("write %s: %w", f.Path, err)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.staged[f.Path] = true
	s.knowing[f.Path] = known{f.Recipe, info.Size(), info.ModTime()}
	return nil
}

// create makes a new file and the folders above it. Most often only the last
// of them is missing.
func create(at string) (*os.File, error) {
	const flags = os.O_WRONLY | os.O_CREATE | os.O_TRUNC
	out, err := os.OpenFile(at, flags, 0o644)
	if !errors.Is(err, fs.ErrNotExist) {
		return out, err
	}
	folder := filepath.Dir(at)
	if err := os.Mkdir(folder, 0o755); err != nil && !errors.Is(err, fs.ErrExist) {
		if err := os.MkdirAll(folder, 0o755); err != nil {
			return nil, err
		}
	}
	return os.OpenFile(at, flags, 0o644)
}

// flushStage brings the staged bytes to the disk before any of them is seen.
func (s *syncing) flushStage() error {
	if !s.folder.options.Durable || len(s.staged) == 0 {
		return nil
	}
	if done, err := s.flushAll(); done || err != nil {
		return err
	}
	for name := range s.staged {
		if err := s.flush(path.Join(stage, name)); err != nil {
			return err
		}
	}
	return nil
}

// flushAll flushes the whole file system in one call where that is cheaper.
func (s *syncing) flushAll() (done bool, err error) {
	const many = 64 // files
	if len(s.staged) <= many {
		return false, nil
	}
	return flushFileSystem(s.folder.dir)
}

func (s *syncing) flush(at string) error {
	f, err := s.root.Open(at)
	if err != nil {
		return err
	}
	defer f.Close()
	if err := f.Sync(); err != nil && !errors.Is(err, errors.ErrUnsupported) {
		return fmt.Errorf("flush %s: %w", at, err)
	}
	return nil
}

// commit moves what is staged into place and removes what nobody makes. From
// here on a failure cannot be a lack of space. todo are the places of the files
// that were prepared; samePaths tells that none has to go.
func (s *syncing) commit(files []File, todo []int, samePaths bool) error {
	before, last := s.folder.known, s.folder.last
	s.folder.last = nil // until all is in place, nothing is known
	touched := map[string]bool{}
	moved := map[string]bool{} // folders that were moved as a whole
	for _, i := range todo {
		f := &files[i]
		if !s.staged[f.Path] {
			continue
		}
		s.result.Written = append(s.result.Written, f.Path)
		if err := s.move(f.Path, moved); err != nil {
			s.folder.known = nil
			return fmt.Errorf("put %s in place: %w", f.Path, err)
		}
		for folder := path.Dir(f.Path); !touched[folder]; folder = path.Dir(folder) {
			touched[folder] = true
		}
	}
	if !samePaths {
		if err := s.removeOthers(files, touched); err != nil {
			s.folder.known = nil
			return err
		}
	}
	s.folder.known = nil
	if err := s.root.RemoveAll(stage); err != nil {
		return fmt.Errorf("clear staging folder: %w", err)
	}
	if err := s.flushFolders(touched); err != nil {
		return err
	}
	slices.Sort(s.result.Written)
	slices.Sort(s.result.Removed)
	s.note(files, todo, samePaths, before, last)
	return nil
}

// removeOthers removes what is no longer made.
func (s *syncing) removeOthers(files []File, touched map[string]bool) error {
	wanted := make(map[string]bool, len(files))
	for i := range files {
		wanted[files[i].Path] = true
	}
	for name := range s.all() {
		if wanted[name] {
			continue
		}
		if err := s.root.Remove(name); err != nil && !errors.Is(err, fs.ErrNotExist) && !errors.Is(err, errNotDirectory) {
			return fmt.Errorf("remove %s: %w", name, err)
		}
		s.result.Removed = append(s.result.Removed, name)
		touched[s.prune(path.Dir(name))] = true
	}
	return nil
}

// note is what is known from now on. before and last are what was.
func (s *syncing) note(files []File, todo []int, samePaths bool, before map[string]known, last []want) {
	f := s.folder
	if s.private && samePaths {
		maps.Copy(before, s.knowing)
		for _, i := range todo {
			last[i].recipe = files[i].Recipe
		}
		f.known, f.last = before, last
		return
	}
	if f.options.Private {
		f.last = make([]want, len(files))
	}
	for i := range files {
		if f.options.Private {
			f.last[i] = want{files[i].Path, files[i].Recipe}
		}
		if _, asked := s.knowing[files[i].Path]; !asked {
			s.knowing[files[i].Path] = before[files[i].Path]
		}
	}
	f.known = s.knowing
}

// move brings one staged file into place, together with the whole of the
// highest folder around it that is new. Nothing links into a new folder yet, so
// what else it holds may come early.
func (s *syncing) move(name string, moved map[string]bool) error {
	unit := name
	if now, there := s.present(name); there && now.regular {
		return s.root.Rename(path.Join(stage, name), name) // its folders are there, too
	}
	for folder := path.Dir(name); folder != "."; folder = path.Dir(folder) {
		if moved[folder] {
			return nil
		}
		if !s.isFolder(folder) {
			unit = folder
		}
	}
	moved[unit] = true
	switch _, isFile := s.present(unit); {
	case unit != name && isFile: // a file of a former build where a folder is to be
		if err := s.root.Remove(unit); err != nil {
			return err
		}
		delete(s.there, unit)
		delete(s.folder.known, unit)
		s.result.Removed = append(s.result.Removed, unit)
	case s.isFolder(unit): // a folder of a former build where a file is to be
		if err := s.root.RemoveAll(unit); err != nil {
			return err
		}
	}
	return s.root.Rename(path.Join(stage, unit), unit)
}

// flushFolders makes the names themselves survive a power cut.
func (s *syncing) flushFolders(touched map[string]bool) error {
	if !s.folder.options.Durable {
		return nil
	}
	if done, err := s.flushAll(); done || err != nil {
		return err
	}
	for folder := range touched {
		// A folder that is gone has nothing to flush; it may have become a file.
		if err := s.flush(folder); err != nil && !errors.Is(err, fs.ErrNotExist) && !errors.Is(err, errNotDirectory) {
			return err
		}
	}
	return nil
}

// prune removes folders that became empty and returns the first that did not.
// What has become a file meanwhile is no folder.
func (s *syncing) prune(folder string) string {
	for folder != "." {
		info, err := s.root.Lstat(folder)
		if err == nil && !info.IsDir() || err == nil && s.root.Remove(folder) != nil {
			break
		}
		folder = path.Dir(folder)
	}
	return folder
}
