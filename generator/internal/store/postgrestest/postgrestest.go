package postgrestest

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
)

// Server is a PostgreSQL server of a test's own.
type Server struct {
	programs string // the folder of initdb and postgres
	folder   string
	port     int
	made     atomic.Int32 // databases
	running  *process
}

// Stop is a way to end a server.
type Stop int

// The ways.
const (
	Fast  Stop = iota // connections are cut, what was committed is written down
	Crash             // at once: the next start recovers from the write-ahead log
)

const (
	owner    = "cards"
	password = "s3cret: /?#[]@%" // signs that mean something in an address
	patience = 30 * time.Second
)

// Start starts a server that ends with the test.
func Start(t testing.TB) *Server {
	t.Helper()
	programs, err := find()
	if err != nil {
		missing(t, err)
	}
	// Not in the test's folder, whose parents other users may not enter.
	folder, err := os.MkdirTemp("", "cardbowl-postgres-")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = os.RemoveAll(folder) })
	s := &Server{programs: programs, folder: folder}
	if err := s.initialise(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.Stop(t, Fast) })
	for tries := 1; ; tries++ {
		if s.port, err = freePort(); err != nil {
			t.Fatal(err)
		}
		err = s.launch()
		if err == nil {
			return s
		}
		if tries == 3 { // somebody took the port in between, three times?
			t.Fatal(err)
		}
	}
}

// find looks for the programs on PATH and where Debian keeps them, the newest first.
func find() (folder string, err error) {
	if at, err := exec.LookPath("postgres"); err == nil {
		if at, err = filepath.EvalSymlinks(at); err == nil {
			if _, err := os.Stat(filepath.Join(filepath.Dir(at), "initdb")); err == nil {
				return filepath.Dir(at), nil
			}
		}
	}
	found, err := filepath.Glob("/usr/lib/postgresql/*/bin/postgres")
	if err != nil || len(found) == 0 {
		return "", errors.Join(errors.New("there is no postgres on PATH or in /usr/lib/postgresql"), err)
	}
	version := func(path string) int {
		n, _ := strconv.Atoi(filepath.Base(filepath.Dir(filepath.Dir(path))))
		return n
	}
	newest := slices.MaxFunc(found, func(a, b string) int { return version(a) - version(b) })
	return filepath.Dir(newest), nil
}

// missing skips, but not where a change is decided over.
func missing(t testing.TB, why error) {
	t.Helper()
	words := fmt.Sprintf("SKIPPED %s: %v, so nothing was tried on PostgreSQL. To get it: apt-get install postgresql (Debian, Ubuntu), "+
		"dnf install postgresql-server (Fedora), brew install postgresql (macOS).", t.Name(), why)
	if os.Getenv("CI") != "" {
		t.Fatal(words)
	}
	if screen, err := os.OpenFile("/dev/tty", os.O_WRONLY, 0); err == nil {
		fmt.Fprintln(screen, words)
		_ = screen.Close()
	}
	t.Skip(words)
}

// initialise makes the cluster. Its language is not the bytes' own, so that an
// order which depends on it shows.
func (s *Server) initialise() error {
	as, hand, err := unprivileged()
	if err != nil {
		return err
	}
	secret := filepath.Join(s.folder, "password")
	if err := errors.Join(os.WriteFile(secret, []byte(password+"\n"), 0o600), hand(secret), hand(s.folder)); err != nil {
		return err
	}
	arguments := []string{"--pgdata", s.data(), "--username", owner, "--pwfile", secret, "--auth", "scram-sha-256",
		"--encoding", "UTF8", "--data-checksums", "--no-sync", "--no-locale"}
	var said []byte
	for _, language := range [][]string{{"--locale-provider=icu", "--icu-locale=en"}, nil} { // not every server has it
		c := exec.Command(filepath.Join(s.programs, "initdb"), append(slices.Clone(arguments), language...)...)
		c.SysProcAttr, c.Dir = as, s.folder
		if said, err = c.CombinedOutput(); err == nil {
			return nil
		}
		_ = os.RemoveAll(s.data())
	}
	return fmt.Errorf("initdb: %w\n%s", err, said)
}

func (s *Server) data() string { return filepath.Join(s.folder, "data") }

// process is a running server.
type process struct {
	server *exec.Cmd
	log    bytes.Buffer
	ended  chan struct{}
	minder *exec.Cmd
}

// mind waits until nobody holds the other end of its input any more, which is so
// when the test binary was killed; then it ends the server and removes its folder.
const mind = `cat >/dev/null
kill -INT "$1" && while kill -0 "$1"; do sleep 0.1; done
rm -rf "$2"`

func (s *Server) launch() error {
	as, _, err := unprivileged()
	if err != nil {
		return err
	}
	p := &process{ended: make(chan struct{})}
	p.server = exec.Command(filepath.Join(s.programs, "postgres"), "-D", s.data(), "-p", strconv.Itoa(s.port),
		"-c", "listen_addresses=127.0.0.1", "-c", "unix_socket_directories=", "-c", "shared_buffers=32MB", "-c", "log_min_messages=warning")
	p.server.SysProcAttr, p.server.Dir = as, s.folder
	p.server.Stdout, p.server.Stderr = &p.log, &p.log
	if err := p.server.Start(); err != nil {
		return err
	}
	go func() {
		_ = p.server.Wait()
		close(p.ended)
	}()
	p.minder = exec.Command("sh", "-c", mind, "sh", strconv.Itoa(p.server.Process.Pid), s.folder)
	p.minder.SysProcAttr, p.minder.Dir = as, "/"
	if _, err := p.minder.StdinPipe(); err != nil { // held open for as long as this process lives
		return err
	}
	if err := p.minder.Start(); err != nil {
		return err
	}
	s.running = p
	for end := time.Now().Add(patience); ; time.Sleep(20 * time.Millisecond) {
		err := s.do(context.Background(), "postgres", "select 1")
		if err == nil {
			return nil
		}
		select {
		case <-p.ended:
		default:
			if time.Now().Before(end) {
				continue
			}
			_ = p.server.Process.Kill()
			<-p.ended
		}
		s.running = nil
		p.dismiss()
		return fmt.Errorf("PostgreSQL did not start: %w\n%s", err, p.log.String())
	}
}

// dismiss sends the minder away, whose server has ended.
func (p *process) dismiss() {
	_ = p.minder.Process.Kill()
	_ = p.minder.Wait()
}

func freePort() (int, error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return 0, err
	}
	defer l.Close()
	return l.Addr().(*net.TCPAddr).Port, nil
}

// Database makes an empty database and returns its address, password and all.
// The options are those of CREATE DATABASE.
func (s *Server) Database(t testing.TB, options string) string {
	t.Helper()
	name := fmt.Sprintf("cards_%d", s.made.Add(1))
	if err := s.do(t.Context(), "postgres", "create database "+name+" "+options); err != nil {
		t.Fatal(err)
	}
	return s.address(name)
}

// Do runs a statement in a database of Database.
func (s *Server) Do(t testing.TB, address, statement string) {
	t.Helper()
	u, err := url.Parse(address)
	if err == nil {
		err = s.do(t.Context(), strings.TrimPrefix(u.Path, "/"), statement)
	}
	if err != nil {
		t.Fatal(err)
	}
}

func (s *Server) address(database string) string {
	u := url.URL{Scheme: "postgres", User: url.UserPassword(owner, password), Host: net.JoinHostPort("127.0.0.1", strconv.Itoa(s.port)), Path: "/" + database}
	return u.String()
}

// Password is the one in every address, as nobody may print it: as it is, and as
// it is written in an address.
func (s *Server) Password() []string {
	u := url.UserPassword("", password)
	return []string{password, strings.TrimPrefix(u.String(), ":")}
}

// Folder is where the server keeps its data.
func (s *Server) Folder() string { return s.data() }

// do runs a statement as whoever may do everything.
func (s *Server) do(ctx context.Context, database, statement string) error {
	patient, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	conn, err := pgx.Connect(patient, s.address(database))
	if err != nil {
		return err
	}
	defer conn.Close(context.Background())
	_, err = conn.Exec(patient, statement)
	return err
}

// Stop ends the server. One that has ended already stays so.
func (s *Server) Stop(t testing.TB, how Stop) {
	t.Helper()
	p := s.running
	if p == nil {
		return
	}
	s.running = nil
	if err := signal(p.server.Process.Pid, how); err != nil {
		t.Error("stop PostgreSQL:", err)
	}
	select {
	case <-p.ended:
	case <-time.After(patience):
		t.Error("PostgreSQL does not end")
		_ = p.server.Process.Kill()
	}
	p.dismiss()
}

// Again starts a server that was stopped, at the address it had.
func (s *Server) Again(t testing.TB) {
	t.Helper()
	if err := s.launch(); err != nil {
		t.Fatal(err)
	}
}
