package source

import "syscall"

func changedSeconds(s *syscall.Stat_t) int64     { return int64(s.Ctim.Sec) }
func changedNanoseconds(s *syscall.Stat_t) int64 { return int64(s.Ctim.Nsec) }
