//go:build !unix

package store

// claim does nothing where the system has no advisory locks.
func claim(string) (release func() error, err error) {
	return func() error { return nil }, nil
}
