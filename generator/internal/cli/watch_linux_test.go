package cli_test

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"cardbowl/generator/internal/store"
)

// terminalPair is both ends of a terminal of 100 columns and 40 rows.
func terminalPair(t *testing.T) (keyboard, screen *os.File) {
	t.Helper()
	keyboard, err := os.OpenFile("/dev/ptmx", os.O_RDWR, 0)
	if err != nil {
		t.Skip("SKIPPED: no terminals on this machine:", err)
	}
	t.Cleanup(func() { _ = keyboard.Close() })
	fd := int(keyboard.Fd())
	if err := unix.IoctlSetPointerInt(fd, unix.TIOCSPTLCK, 0); err != nil {
		t.Fatal(err)
	}
	n, err := unix.IoctlGetInt(fd, unix.TIOCGPTN)
	if err != nil {
		t.Fatal(err)
	}
	if err := unix.IoctlSetWinsize(fd, unix.TIOCSWINSZ, &unix.Winsize{Row: 40, Col: 100}); err != nil {
		t.Fatal(err)
	}
	screen, err = os.OpenFile("/dev/pts/"+strconv.Itoa(n), os.O_RDWR|unix.O_NOCTTY, 0)
	if err != nil {
		t.Skip("SKIPPED: no terminals on this machine:", err)
	}
	t.Cleanup(func() { _ = screen.Close() })
	return keyboard, screen
}

// A watched report shows a card that came after it began, and leaves the screen
// as it was, with the last report on it.
func TestReportWatches(t *testing.T) {
	t.Parallel()
	f := starter(t)
	f.cardbowl("build", "-s", f.path)
	kept, err := store.OpenSQLite(context.Background(), filepath.Join(f.path, ".cardbowl", "cardbowl.db"), store.SQLiteOptions{})
	if err != nil {
		t.Fatal(err)
	}
	defer kept.Close()
	drop := func(n int) {
		t.Helper()
		s := store.Submission{At: time.Now().UTC(), Post: "/posts/hello/", Form: "newsletter", Placement: "end", Email: fmt.Sprintf("a%d@example.com", n)}
		if _, err := kept.Submit(context.Background(), s); err != nil {
			t.Fatal(err)
		}
	}
	drop(1)
	keyboard, screen := terminalPair(t)
	c := f.command("report", "--watch", "-s", f.path)
	c.Stdout = screen
	complaints := &safeBuffer{}
	c.Stderr = complaints
	if err := c.Start(); err != nil {
		t.Fatal(err)
	}
	_ = screen.Close()
	seen := &safeBuffer{}
	go func() {
		piece := make([]byte, 4096)
		for {
			n, err := keyboard.Read(piece)
			_, _ = seen.Write(piece[:n])
			if err != nil {
				return
			}
		}
	}()
	shows := func(cards int) func() bool {
		want := fmt.Sprintf("form_submit     %d ", cards)
		return func() bool { return strings.Contains(seen.String(), want) }
	}
	said := func() string { return seen.String() + complaints.String() }
	waitFor(t, shows(1), said)
	if !strings.Contains(seen.String(), "\x1b[?1049h") || !strings.Contains(seen.String(), "Ctrl-C ends") {
		t.Errorf("no screen of its own: %q", seen)
	}
	drop(2)
	waitFor(t, shows(2), said)
	if err := c.Process.Signal(os.Interrupt); err != nil {
		t.Fatal(err)
	}
	if err := c.Wait(); err != nil {
		t.Fatalf("%v: %s", err, said())
	}
	waitFor(t, func() bool {
		_, last, left := strings.Cut(seen.String(), "\x1b[?1049l")
		return left && strings.Contains(last, "form_submit     2 ")
	}, said)
}
