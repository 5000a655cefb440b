//go:build unix

package store

import (
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
	"syscall"
)

// claim makes this process the one tracker of a file: by a lock on a file beside
// it, which the system lets go of when the process ends, however it ends. In it
// stands who holds it. Another one's is ErrTracked.
func claim(path string) (release func() error, err error) {
	f, err := os.OpenFile(path+lockSuffix, os.O_CREATE|os.O_RDWR, 0o600)
	if err != nil {
		return nil, err
	}
	err = syscall.Flock(int(f.Fd()), syscall.LOCK_EX|syscall.LOCK_NB)
	switch {
	case errors.Is(err, syscall.EWOULDBLOCK):
		holder, _ := io.ReadAll(io.LimitReader(f, 20))
		_ = f.Close()
		if who := strings.TrimSpace(string(holder)); who != "" {
			return nil, fmt.Errorf("%w: process %s", ErrTracked, who)
		}
		return nil, ErrTracked
	case err != nil: // a file system without locks
		_ = f.Close()
		return func() error { return nil }, nil
	}
	if err = f.Truncate(0); err == nil {
		_, err = fmt.Fprintln(f, os.Getpid())
	}
	if err != nil {
		_ = f.Close()
		return nil, err
	}
	return f.Close, nil
}
