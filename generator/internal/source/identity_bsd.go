//go:build darwin || freebsd || netbsd

package source

import "syscall"

func changedSeconds(s *syscall.Stat_t) int64     { return int64(s.Ctimespec.Sec) }
func changedNanoseconds(s *syscall.Stat_t) int64 { return int64(s.Ctimespec.Nsec) }
