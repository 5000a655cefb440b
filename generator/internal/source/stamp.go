package source

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"syscall"
	"time"

	"golang.org/x/sync/errgroup"

	"cardbowl/generator/internal/memo"
)

// Stamp is what stat says of everything in some folders: names, kinds, sizes,
// times and identities, no byte of any file. Two equal digests mean equal bytes,
// provided that nothing was as young as the clock is coarse when the first was
// taken.
type Stamp struct {
	Digest  memo.Digest
	Files   int  // and links and the like, but no folders
	Settled bool // nothing was that young
	Told    bool // the system tells an identity of files; otherwise no two digests mean anything
}

// StampSite is the Stamp of everything a Tree of dir could hold.
func StampSite(ctx context.Context, dir string, now time.Time) (Stamp, error) {
	root, err := filepath.EvalSymlinks(dir)
	if err != nil {
		return Stamp{}, err
	}
	var names []string
	for _, start := range append([]string{ConfigFile}, folders()...) {
		names = append(names, filepath.Join(root, start))
	}
	return StampFiles(ctx, now, func(string) bool { return false }, names...)
}

// StampFiles is the Stamp of files and folders by name, with all that is in the
// folders but what skip says by its last name. What does not exist is none of it.
func StampFiles(ctx context.Context, now time.Time, skip func(base string) bool, names ...string) (Stamp, error) {
	s := stamper{ctx: ctx, skip: skip}
	s.group.SetLimit(parallel)
	all := make([]stamped, len(names))
	for i, name := range names {
		info, err := os.Lstat(name)
		if errors.Is(err, fs.ErrNotExist) {
			continue
		}
		if err != nil {
			return Stamp{}, fmt.Errorf("look at files: %w", err)
		}
		all[i] = stamped{name: name, info: info}
		if err := s.below(&all[i]); err != nil {
			_ = s.group.Wait()
			return Stamp{}, err
		}
	}
	if err := s.group.Wait(); err != nil {
		return Stamp{}, err
	}
	out := Stamp{Settled: true, Told: true}
	var text []byte
	var write func(list []stamped)
	write = func(list []stamped) {
		for _, f := range list {
			if f.info == nil {
				continue // vanished since it was listed
			}
			var changed time.Time
			var told bool
			text, changed, told = appendStamp(text, f.name, f.info)
			out.Told = out.Told && told
			if !f.info.IsDir() {
				out.Files++
				out.Settled = out.Settled && now.Sub(changed) > clockGrain
			}
			write(f.in)
		}
	}
	write(all)
	out.Digest = memo.OfBytes(text)
	return out, nil
}

// parallel is how many folders are looked through at a time: while one waits
// for the system, another is worked on.
const parallel = 4

// stamped is a file, or a folder and what is in it, by name.
type stamped struct {
	name string
	info fs.FileInfo
	in   []stamped
}

type stamper struct {
	ctx   context.Context
	skip  func(base string) bool
	group errgroup.Group
}

// below looks through a folder, here or elsewhere: what is wrong elsewhere comes
// from the group.
func (s *stamper) below(f *stamped) error {
	if !f.info.IsDir() {
		return nil
	}
	look := func() error {
		if s.ctx.Err() != nil {
			return s.ctx.Err()
		}
		entries, err := os.ReadDir(f.name)
		if errors.Is(err, fs.ErrNotExist) || errors.Is(err, syscall.ENOTDIR) {
			return nil
		}
		if err != nil {
			return fmt.Errorf("look at files: %w", err)
		}
		f.in = make([]stamped, 0, len(entries))
		for _, entry := range entries {
			if s.skip(entry.Name()) {
				continue
			}
			info, err := entry.Info()
			if errors.Is(err, fs.ErrNotExist) || errors.Is(err, syscall.ENOTDIR) {
				continue
			}
			if err != nil {
				return fmt.Errorf("look at files: %w", err)
			}
			f.in = append(f.in, stamped{name: f.name + string(filepath.Separator) + entry.Name(), info: info})
		}
		for i := range f.in {
			if err := s.below(&f.in[i]); err != nil {
				return err
			}
		}
		return nil
	}
	if s.group.TryGo(look) {
		return nil
	}
	return look()
}

// StampOf is what stat says of one file that would not stay the same if the
// file changed; told is false where the system keeps no time of every change.
func StampOf(name string, info fs.FileInfo) (stamp string, told bool) {
	text, _, told := appendStamp(nil, name, info)
	return string(text), told
}

// appendStamp also says when the file last changed in any way.
func appendStamp(text []byte, name string, info fs.FileInfo) ([]byte, time.Time, bool) {
	id, told := identity(info).([3]int64)
	text = strconv.AppendQuote(text, name)
	text = strconv.AppendUint(append(text, ' '), uint64(info.Mode()), 8)
	if info.IsDir() {
		return append(text, '\n'), time.Time{}, told // what is in it speaks for itself
	}
	changed := time.Unix(id[1], id[2])
	if info.ModTime().After(changed) {
		changed = info.ModTime()
	}
	for _, n := range []int64{info.Size(), info.ModTime().UnixNano(), id[0], id[1], id[2]} {
		text = strconv.AppendInt(append(text, ' '), n, 10)
	}
	return append(text, '\n'), changed, told
}
