package source

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"path/filepath"
	"syscall"
	"time"

	"cardbowl/generator/internal/memo"
)

// Stamp is the digest of what stat says of everything a Tree could hold: names,
// kinds, sizes, times and identities, no byte of any file. Two equal stamps mean
// an equal Tree, provided that nothing was as young as the clock is coarse when
// the first was taken: settled tells so. It is false, too, where the system
// tells no identity.
func Stamp(ctx context.Context, dir string, now time.Time) (stamp memo.Digest, settled bool, err error) {
	root, err := filepath.EvalSymlinks(dir)
	if err != nil {
		return stamp, false, err
	}
	settled = true
	var all []any
	for _, start := range append([]string{ConfigFile}, folders()...) {
		err := filepath.WalkDir(filepath.Join(root, start), func(name string, entry fs.DirEntry, err error) error {
			if ctx.Err() != nil {
				return ctx.Err()
			}
			var info fs.FileInfo
			if err == nil {
				info, err = entry.Info()
			}
			if errors.Is(err, fs.ErrNotExist) || errors.Is(err, syscall.ENOTDIR) {
				return nil
			}
			if err != nil {
				return fmt.Errorf("look at the site: %w", err)
			}
			tuple, changed, told := StampOf(name, info)
			settled = settled && told && now.Sub(changed) > clockGrain
			all = append(all, tuple)
			return nil
		})
		if err != nil {
			return stamp, false, err
		}
	}
	return memo.Of(all...), settled, nil
}

// StampOf is what stat says of one file that would not stay the same if the
// file changed, and when it last changed in any way; told is false where the
// system keeps no such time.
func StampOf(name string, info fs.FileInfo) (stamp string, changed time.Time, told bool) {
	id, told := identity(info).([3]int64)
	if !told {
		return "", time.Time{}, false
	}
	changed = time.Unix(id[1], id[2])
	if info.ModTime().After(changed) {
		changed = info.ModTime()
	}
	size := info.Size()
	if info.IsDir() {
		return fmt.Sprintf("%s %d", name, info.Mode()), time.Time{}, true // what is in it speaks for itself
	}
	return fmt.Sprintf("%s %d %d %d %d", name, info.Mode(), size, info.ModTime().UnixNano(), id), changed, true
}
