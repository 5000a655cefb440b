//go:build !unix

package postgrestest

import (
	"errors"
	"syscall"
)

func unprivileged() (*syscall.SysProcAttr, func(string) error, error) {
	return nil, nil, errors.ErrUnsupported
}

func signal(int, Stop) error { return errors.ErrUnsupported }
