package cli_test

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
)

// The system keeps so many events and no more. A preview that lost some finds
// out what happened all the same, and hears of what happens later in folders
// whose coming it has missed.
func TestServeSurvivesAnOverflow(t *testing.T) {
	t.Parallel()
	limit := 0
	if text, err := os.ReadFile("/proc/sys/fs/inotify/max_queued_events"); err != nil {
		t.Skip(err)
	} else if _, err := fmt.Sscan(string(text), &limit); err != nil || limit > 100_000 {
		t.Skipf("the queue holds %d events", limit)
	}
	f := starter(t)
	s := f.start("serve", "-D")
	if err := s.process.Signal(syscall.SIGSTOP); err != nil {
		t.Fatal(err)
	}
	at := filepath.Join(f.path, "content/posts/.noise")
	for range limit {
		if err := os.WriteFile(at, nil, 0o644); err != nil {
			t.Fatal(err)
		}
		if err := os.Remove(at); err != nil {
			t.Fatal(err)
		}
	}
	f.save("content/unseen/deep/a.md", "---\ntitle: Unseen\n---\nNobody told.\n")
	if err := s.process.Signal(syscall.SIGCONT); err != nil {
		t.Fatal(err)
	}
	waitFor(t, func() bool { return strings.Contains(s.said.String(), "too many changes at once") }, s.said.String)
	f.likeClean()
	f.save("content/unseen/deep/a.md", "---\ntitle: Unseen\n---\nHeard of after all.\n")
	f.likeClean()
}

// limited is the command in a name space of its own, where the system gives so
// much and no more.
func (f folder) limited(setting string, value int) *exec.Cmd {
	f.t.Helper()
	inner := f.command("serve", "-D", "--addr", "127.0.0.1:0")
	script := fmt.Sprintf("echo %d > /proc/sys/user/%s && exec \"$0\" \"$@\"", value, setting)
	own := func(c *exec.Cmd) *exec.Cmd {
		c.Dir, c.Env = inner.Dir, inner.Env
		c.SysProcAttr = &syscall.SysProcAttr{
			Cloneflags:  syscall.CLONE_NEWUSER,
			UidMappings: []syscall.SysProcIDMap{{ContainerID: 0, HostID: os.Getuid(), Size: 1}},
			GidMappings: []syscall.SysProcIDMap{{ContainerID: 0, HostID: os.Getgid(), Size: 1}},
		}
		return c
	}
	if out, err := own(exec.Command("sh", "-c", script, "true")).CombinedOutput(); err != nil {
		f.t.Skipf("no name space of one's own here: %v %s", err, out)
	}
	return own(exec.Command("sh", append([]string{"-c", script, inner.Path}, inner.Args[1:]...)...))
}

// A system that watches no more folders, or gives no watcher at all, is looked
// through by the second, and the writer is told how to raise its limit.
func TestServeWithoutWatches(t *testing.T) {
	t.Parallel()
	for setting, hint := range map[string]string{
		"max_inotify_watches":   "sudo sysctl fs.inotify.max_user_watches=",
		"max_inotify_instances": "sudo sysctl fs.inotify.max_user_instances=",
	} {
		t.Run(setting, func(t *testing.T) {
			t.Parallel()
			f := starter(t)
			value := 3
			if setting == "max_inotify_instances" {
				value = 0
			}
			f.save("content/a/b/c/d/e.md", "Deep.\n") // more folders than may be watched
			s := f.startAs(f.limited(setting, value))
			waitFor(t, func() bool { return strings.Contains(s.said.String(), hint) }, s.said.String)
			f.save("content/a/b/c/d/e.md", "Deeper.\n")
			f.likeClean()
			f.save("content/new/f.md", "New.\n")
			f.likeClean()
			f.remove("content/a")
			f.likeClean()
			if n := strings.Count(s.said.String(), "can be watched"); n != 1 {
				t.Errorf("it is said %d times:\n%s", n, s.said)
			}
		})
	}
}
