//go:build !unix

package public

import "errors"

var errNotDirectory = errors.New("not a directory")

// lock does nothing where the system has no advisory locks.
func lock(string) (unlock func(), err error) { return func() {}, nil }
