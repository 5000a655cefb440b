//go:build !linux

package public

// flushFileSystem has no equivalent here; files are flushed one by one.
func flushFileSystem(string) (done bool, err error) { return false, nil }
