package public

import (
	"fmt"
	"os"

	"golang.org/x/sys/unix"
)

// flushFileSystem brings everything written so far to the disk in one call.
func flushFileSystem(dir string) (done bool, err error) {
	f, err := os.Open(dir)
	if err != nil {
		return false, err
	}
	defer f.Close()
	if err := unix.Syncfs(int(f.Fd())); err != nil {
		return false, fmt.Errorf("flush output folder: %w", err)
	}
	return true, nil
}
