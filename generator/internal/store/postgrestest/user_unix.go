//go:build unix

package postgrestest

import (
	"os"
	"os/user"
	"strconv"
	"syscall"
)

// unprivileged is as whom the server runs, and what hands it a folder. PostgreSQL
// refuses to run as root.
func unprivileged() (as *syscall.SysProcAttr, hand func(folder string) error, err error) {
	if os.Geteuid() != 0 {
		return &syscall.SysProcAttr{}, func(string) error { return nil }, nil
	}
	who, err := user.Lookup("postgres")
	if err != nil {
		if who, err = user.Lookup("nobody"); err != nil {
			return nil, nil, err
		}
	}
	uid, err := strconv.ParseUint(who.Uid, 10, 32)
	if err != nil {
		return nil, nil, err
	}
	gid, err := strconv.ParseUint(who.Gid, 10, 32)
	if err != nil {
		return nil, nil, err
	}
	as = &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: uint32(uid), Gid: uint32(gid)}}
	return as, func(folder string) error { return os.Chown(folder, int(uid), int(gid)) }, nil
}

func signal(pid int, how Stop) error {
	return syscall.Kill(pid, map[Stop]syscall.Signal{Fast: syscall.SIGINT, Crash: syscall.SIGQUIT}[how])
}
