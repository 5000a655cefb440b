package public

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path"
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
	durable bool
	known   map[string]known
}

// known is what the folder held after the last Sync.
type known struct {
	recipe   memo.Digest
	size     int64
	modified time.Time
}

// Open prepares an output folder. Durable folders survive a power cut after
// Sync returns; a preview need not.
func Open(dir string, durable bool) *Folder {
	return &Folder{dir: dir, durable: durable, known: map[string]known{}}
}

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
	s.makeStage = sync.OnceValue(func() error { return root.MkdirAll(stage, 0o755) })
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

// syncing is one run of Sync.
type syncing struct {
	folder *Folder
	root   *os.Root
	verify bool

	makeStage func() error

	there map[string]fs.FileInfo // files in the folder before

	mu      sync.Mutex
	result  Result
	staged  map[string]string // path → name in the stage
	knowing map[string]known
}

func (s *syncing) run(ctx context.Context, files []File, workers int) (Result, error) {
	if err := s.root.RemoveAll(stage); err != nil { // of a run that was killed
		return Result{}, fmt.Errorf("clear staging folder: %w", err)
	}
	if err := s.look(); err != nil {
		return Result{}, err
	}
	s.staged, s.knowing = map[string]string{}, make(map[string]known, len(files))
	group, ctx := errgroup.WithContext(ctx)
	group.SetLimit(max(workers, 1))
	for i, f := range files {
		if ctx.Err() != nil {
			break
		}
		group.Go(func() error {
			if ctx.Err() != nil {
				return ctx.Err()
			}
			return s.prepare(f, fmt.Sprint(i))
		})
	}
	err := group.Wait()
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
	return s.result, s.commit(files)
}

// look lists what the folder holds, but for names that begin with a dot.
func (s *syncing) look() error {
	s.there = map[string]fs.FileInfo{}
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
			return nil
		}
		info, err := entry.Info()
		if err != nil {
			return fmt.Errorf("look through output folder: %w", err)
		}
		s.there[name] = info
		return nil
	})
}

// prepare decides about one file and stages it where its bytes differ.
func (s *syncing) prepare(f File, name string) error {
	info, there := s.there[f.Path]
	old, knew := s.folder.known[f.Path]
	same := there && knew && old.recipe == f.Recipe && old.size == info.Size() && old.modified.Equal(info.ModTime())
	if same && !s.verify {
		s.keep(f.Path, old)
		return nil
	}
	bytes, err := f.Bytes()
	if err != nil {
		return err
	}
	defer bytes.Close()
	if there && info.Mode().IsRegular() {
		equal, err := s.equal(bytes, f.Path)
		if err != nil {
			return err
		}
		if equal {
			s.keep(f.Path, known{f.Recipe, info.Size(), info.ModTime()})
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
	return s.stage(f, name, bytes)
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

func (s *syncing) stage(f File, name string, bytes io.Reader) (err error) {
	if err := s.makeStage(); err != nil {
		return fmt.Errorf("create staging folder: %w", err)
	}
	at := stage + "/" + name
	out, err := s.root.OpenFile(at, os.O_WRONLY|os.O_CREATE|os.O_TRUNC, 0o644)
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
	s.staged[f.Path] = at
	s.knowing[f.Path] = known{f.Recipe, info.Size(), info.ModTime()}
	return nil
}

// flushStage brings the staged bytes to the disk before any of them is seen.
func (s *syncing) flushStage() error {
	if !s.folder.durable || len(s.staged) == 0 {
		return nil
	}
	const many = 64 // files, beyond which one call for the whole file system is cheaper
	if len(s.staged) > many {
		if done, err := flushFileSystem(s.folder.dir); done || err != nil {
			return err
		}
	}
	for _, at := range s.staged {
		if err := s.flush(at); err != nil {
			return err
		}
	}
	return nil
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

// commit renames what is staged and removes what nobody makes. From here on a
// failure cannot be a lack of space.
func (s *syncing) commit(files []File) error {
	wanted := make(map[string]bool, len(files))
	touched := map[string]bool{}
	for _, f := range files {
		wanted[f.Path] = true
	}
	for _, f := range files {
		at, changed := s.staged[f.Path]
		if !changed {
			continue
		}
		if err := s.clear(f.Path, wanted); err != nil {
			return err
		}
		if err := s.root.MkdirAll(path.Dir(f.Path), 0o755); err != nil {
			return fmt.Errorf("create folder of %s: %w", f.Path, err)
		}
		if err := s.root.Rename(at, f.Path); err != nil {
			return fmt.Errorf("put %s in place: %w", f.Path, err)
		}
		s.result.Written = append(s.result.Written, f.Path)
		touched[path.Dir(f.Path)] = true
	}
	for name := range s.there {
		if wanted[name] {
			continue
		}
		if err := s.root.Remove(name); err != nil && !errors.Is(err, fs.ErrNotExist) && !errors.Is(err, errNotDirectory) {
			return fmt.Errorf("remove %s: %w", name, err)
		}
		s.result.Removed = append(s.result.Removed, name)
		touched[s.prune(path.Dir(name))] = true
	}
	if err := s.root.RemoveAll(stage); err != nil {
		return fmt.Errorf("clear staging folder: %w", err)
	}
	if s.folder.durable {
		for folder := range touched {
			if err := s.flush(folder); err != nil && !errors.Is(err, fs.ErrNotExist) {
				return err
			}
		}
	}
	slices.Sort(s.result.Written)
	slices.Sort(s.result.Removed)
	s.folder.known = s.knowing
	return nil
}

// clear makes room where a folder stands in the way of a file or a file in the
// way of a folder. Both are of a former build, since look found no other.
func (s *syncing) clear(name string, wanted map[string]bool) error {
	for parent := path.Dir(name); parent != "."; parent = path.Dir(parent) {
		if info, err := s.root.Lstat(parent); err == nil && !info.IsDir() && !wanted[parent] {
			if err := s.root.Remove(parent); err != nil {
				return fmt.Errorf("make room for %s: %w", name, err)
			}
		}
	}
	if info, err := s.root.Lstat(name); err == nil && info.IsDir() {
		if err := s.root.RemoveAll(name); err != nil {
			return fmt.Errorf("make room for %s: %w", name, err)
		}
	}
	return nil
}

// prune removes folders that became empty and returns the first that did not.
func (s *syncing) prune(folder string) string {
	for folder != "." && s.root.Remove(folder) == nil {
		folder = path.Dir(folder)
	}
	return folder
}
