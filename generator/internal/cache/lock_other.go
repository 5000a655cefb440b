//go:build !unix

package cache

import (
	"errors"
	"os"
)

// lock refuses where the system has no advisory locks: two processes would
// write over one another's texts.
func lock(string) (*os.File, error) { return nil, errors.ErrUnsupported }
