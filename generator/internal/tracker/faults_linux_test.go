package tracker

import (
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"cardbowl/generator/internal/store"

	"golang.org/x/sys/unix"
)

// TestFailedSync lets the disk fail to confirm one write, as strace can. A kernel
// may report success the next time although the data is gone, so from that moment
// on nothing may be acknowledged, whatever the disk says.
func TestFailedSync(t *testing.T) {
	strace, err := exec.LookPath("strace")
	if err != nil {
		lacking(t, "there is no strace on PATH, so no fsync was made to fail. To get it: apt-get install strace.")
	}
	// The count is that of each thread.
	for _, nth := range []int{8, 12, 30} {
		t.Run(fmt.Sprintf("the %dth of a thread", nth), func(t *testing.T) {
			path := filepath.Join(t.TempDir(), "store.db")
			made, err := store.OpenSQLite(t.Context(), path, store.Options{}) // without faults
			if err != nil {
				t.Fatal(err)
			}
			if err := made.Close(); err != nil {
				t.Fatal(err)
			}
			self, err := os.Executable()
			if err != nil {
				t.Fatal(err)
			}
			c := exec.Command(strace, "-f", "-qq", "-o", filepath.Join(t.TempDir(), "trace"), "-e", "trace=fsync,fdatasync",
				"-e", fmt.Sprintf("inject=fsync,fdatasync:error=EIO:when=%d", nth), self)
			c.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
			address, kill, _ := startAs(t, c, path, func() { _ = syscall.Kill(-c.Process.Pid, syscall.SIGKILL) })
			client := &http.Client{Timeout: 10 * time.Second}
			book := &ledger{acknowledged: map[int]string{}}
			failed := ""
			for n := 1; n <= 600; n++ {
				id, err := sendCard(client, address, n)
				switch {
				case err == nil && failed != "":
					t.Fatalf("card %d was acknowledged after an fsync had failed (%s)", n, failed)
				case err == nil:
					book.done(n, id)
				case !strings.Contains(err.Error(), "status 503"):
					t.Fatal(err)
				case failed == "":
					failed = err.Error()
				}
				if failed != "" && n > len(book.acknowledged)+30 {
					break
				}
			}
			if failed == "" || len(book.acknowledged) == 0 {
				t.Fatalf("%d cards were acknowledged, and nothing failed: that proves nothing", len(book.acknowledged))
			}
			if status := statusOf(t, client, "http://"+address+"/_/readyz"); status != http.StatusServiceUnavailable {
				t.Errorf("ready, with status %d, on a disk that lost something", status)
			}
			kill()
			missing := 0
			kept, err := store.OpenSQLite(t.Context(), path, store.Options{})
			if err != nil {
				t.Fatal(err)
			}
			defer kept.Close()
			all, err := kept.Submissions(t.Context(), "", "9999-12-31")
			if err != nil {
				t.Fatal(err)
			}
			stored := map[string]bool{}
			for _, x := range all {
				stored[x.ID] = true
			}
			for _, id := range book.acknowledged {
				if !stored[id] {
					missing++
				}
			}
			if missing > 0 {
				t.Errorf("of %d acknowledged cards %d are lost", len(book.acknowledged), missing)
			}
			t.Logf("%d acknowledged, %d stored, lost 0, acknowledged afterwards 0", len(book.acknowledged), len(stored))
		})
	}
}

// TestNoRoom lets the disk be full for a while: cards are refused and pages are
// served, and when there is room again cards are taken without a restart.
func TestNoRoom(t *testing.T) {
	path := filepath.Join(t.TempDir(), "store.db")
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	c := exec.Command(self)
	address, kill, _ := startAs(t, c, path, func() { _ = c.Process.Kill() })
	client := &http.Client{Timeout: 10 * time.Second}
	book := &ledger{acknowledged: map[int]string{}}
	next := 0
	send := func() error {
		next++
		id, err := sendCard(client, address, next)
		if err != nil {
			book.failed(next)
			return err
		}
		book.done(next, id)
		return nil
	}
	for range 100 {
		if err := send(); err != nil {
			t.Fatal(err)
		}
	}
	room := func(bytes uint64) {
		t.Helper()
		if err := unix.Prlimit(c.Process.Pid, unix.RLIMIT_FSIZE, &unix.Rlimit{Cur: bytes, Max: unix.RLIM_INFINITY}, nil); err != nil {
			t.Fatal(err)
		}
	}
	for round := range 3 {
		room(32 << 10) // less than the files have: not a page more, and not the same one again
		for n := range 20 {
			switch err := send(); {
			case err == nil:
				t.Errorf("round %d: card %d was acknowledged on a full disk", round, n)
			case !strings.Contains(err.Error(), "status 503"):
				t.Fatal(err)
			}
		}
		time.Sleep(1200 * time.Millisecond) // a checkpoint fails, too
		if status := statusOf(t, client, "http://"+address+"/_/healthz"); status != http.StatusOK {
			t.Errorf("round %d: a full disk makes the tracker say %d", round, status)
		}
		room(unix.RLIM_INFINITY)
		for range 50 {
			if err := send(); err != nil {
				t.Fatalf("round %d: there is room again: %v", round, err)
			}
		}
	}
	for _, number := range book.open {
		id, err := sendCard(client, address, number)
		if err != nil {
			t.Fatal(err)
		}
		book.done(number, id)
	}
	kill()
	checkLedger(t, path, book)
	t.Logf("%d cards acknowledged, %d of them after they had been refused", len(book.acknowledged), len(book.open))
}

func statusOf(t *testing.T, client *http.Client, address string) int {
	t.Helper()
	response, err := client.Get(address)
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	return response.StatusCode
}

// lacking skips, but not where a change is decided over.
func lacking(t *testing.T, why string) {
	t.Helper()
	if os.Getenv("CI") != "" {
		t.Fatal(why)
	}
	t.Skip("SKIPPED " + t.Name() + ": " + why)
}
