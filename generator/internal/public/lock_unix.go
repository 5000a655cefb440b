//go:build unix

package public

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"syscall"
)

// errNotDirectory is what removing a/b says when a has become a file.
var errNotDirectory error = syscall.ENOTDIR

// lock keeps other processes from writing the folder; the system lets go of it
// when the process ends, however it ends.
func lock(dir string) (unlock func(), err error) {
	f, err := os.Open(filepath.Join(dir, Mark))
	if err != nil {
		return nil, fmt.Errorf("lock output folder: %w", err)
	}
	if err := syscall.Flock(int(f.Fd()), syscall.LOCK_EX|syscall.LOCK_NB); err != nil {
		f.Close()
		if errors.Is(err, syscall.EWOULDBLOCK) {
			return nil, fmt.Errorf("%s: %w", dir, ErrBusy)
		}
		return func() {}, nil // a file system without locks
	}
	return func() { f.Close() }, nil
}
