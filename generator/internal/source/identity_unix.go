//go:build linux || darwin || freebsd || netbsd

package source

import (
	"io/fs"
	"syscall"
)

// identity is the inode and the time of its last change of any kind, which
// tools that restore old modification times cannot turn back.
func identity(info fs.FileInfo) any {
	stat, ok := info.Sys().(*syscall.Stat_t)
	if !ok {
		return nil
	}
	return [3]int64{int64(stat.Ino), changedSeconds(stat), changedNanoseconds(stat)}
}
