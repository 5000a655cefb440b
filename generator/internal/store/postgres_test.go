package store_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"cardbowl/generator/internal/funnel"
	"cardbowl/generator/internal/store"
	"cardbowl/generator/internal/store/postgrestest"
	"cardbowl/generator/internal/store/storetest"
)

// TestPostgres puts the store through the suite and what only PostgreSQL can do
// to it, all on one server.
func TestPostgres(t *testing.T) {
	server := postgrestest.Start(t)
	addresses := map[string]string{}
	t.Run("suite", func(t *testing.T) {
		storetest.Run(t, func(t *testing.T, name string) store.Store {
			name = t.Name() + "/" + name
			if addresses[name] == "" {
				addresses[name] = server.Database(t, "")
			}
			return openPostgres(t, addresses[name])
		})
	})
	for _, c := range []struct {
		name string
		test func(*testing.T, *postgrestest.Server)
	}{
		{"several at once make one schema", testMigrateTogether},
		{"several trackers count as one", testSeveralTrackers},
		{"schemas of other versions", testVersions},
		{"read-only", testPostgresReadOnly},
		{"a salt leaves no trace", testPostgresSalt},
		{"stopped and started again", testStopped},
		{"what is replayed counts as it did", testPostgresReplay},
		{"no password in any error", testPassword},
		{"servers that cannot be believed", testUnsound}, // last: it turns fsync off
	} {
		t.Run(c.name, func(t *testing.T) { c.test(t, server) })
	}
}

func openPostgres(t testing.TB, address string) *store.Postgres {
	t.Helper()
	s, err := store.OpenPostgres(context.Background(), address, store.Options{})
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func testMigrateTogether(t *testing.T, server *postgrestest.Server) {
	address := server.Database(t, "")
	var group sync.WaitGroup
	for range 8 {
		group.Go(func() {
			s, err := store.OpenPostgres(context.Background(), address, store.Options{})
			if err != nil {
				t.Error(err)
				return
			}
			if _, err := s.Salt(context.Background(), noon); err != nil {
				t.Error(err)
			}
			if err := s.Close(); err != nil {
				t.Error(err)
			}
		})
	}
	group.Wait()
}

// testSeveralTrackers lets four stores write the same cards, people, visitors and
// pages at once, in different orders: they fall over one another's locks, and
// what comes of it is what one would have counted.
func testSeveralTrackers(t *testing.T, server *postgrestest.Server) {
	const trackers, cards, clients = 4, 150, 4
	address := server.Database(t, "")
	first := openPostgres(t, address)
	defer first.Close()
	var group sync.WaitGroup
	var mu sync.Mutex
	ids, salts := map[int]map[string]bool{}, map[string]bool{}
	for tracker := range trackers {
		s := openPostgres(t, address)
		defer s.Close()
		for client := range clients {
			group.Go(func() {
				salt, err := s.Salt(context.Background(), noon)
				if err != nil {
					t.Error(err)
				}
				mu.Lock()
				salts[string(salt)] = true
				mu.Unlock()
				for i := range cards {
					n := (i*7 + 37*tracker + 11*client) % cards
					if (tracker+client)%2 == 1 {
						n = cards - 1 - n
					}
					r, err := s.Submit(context.Background(), card(n))
					if err != nil {
						t.Error(err)
						return
					}
					mu.Lock()
					if ids[n] == nil {
						ids[n] = map[string]bool{}
					}
					ids[n][r.ID] = true
					mu.Unlock()
					if err := s.Count(context.Background(), store.Event{At: noon, Post: "/posts/a/", Step: funnel.PageView, Visitor: fmt.Appendf(nil, "visitor %d", n), IsPost: true}); err != nil {
						t.Error(err)
					}
				}
			})
		}
	}
	group.Wait()
	if len(salts) != 1 {
		t.Errorf("%d salts of one day", len(salts))
	}
	for n, answers := range ids {
		if len(answers) != 1 {
			t.Errorf("card %d was answered with %d ids", n, len(answers))
		}
	}
	c, err := first.Counts(t.Context(), "", "2026-11-22")
	if err != nil {
		t.Fatal(err)
	}
	tallies, reach, leads := map[funnel.Step]int{}, map[funnel.Step]int{}, 0
	for _, x := range c.Tallies {
		tallies[x.Step] += x.Count
	}
	for _, x := range c.Reach {
		if x.Post == funnel.SiteWide {
			reach[x.Step] += x.Visitors
		}
	}
	for _, x := range c.Leads {
		leads += x.Leads
	}
	if tallies[funnel.FormSubmit] != cards || leads != cards || reach[funnel.FormSubmit] != cards || reach[funnel.Conversion] != cards {
		t.Errorf("%d cards count as %d, of %d leads, %d visitors and %d converters", cards, tallies[funnel.FormSubmit], leads, reach[funnel.FormSubmit], reach[funnel.Conversion])
	}
	if views := trackers * clients * cards; tallies[funnel.PageView] != views || reach[funnel.PageView] != cards {
		t.Errorf("%d views of %d visitors count as %d of %d", views, cards, tallies[funnel.PageView], reach[funnel.PageView])
	}
}

func testVersions(t *testing.T, server *postgrestest.Server) {
	address := server.Database(t, "")
	if _, err := store.OpenPostgres(t.Context(), address, store.Options{ReadOnly: true}); !errors.Is(err, store.ErrNoStore) {
		t.Error("reading an empty database:", err)
	}
	if err := openPostgres(t, address).Close(); err != nil {
		t.Fatal(err)
	}
	server.Do(t, address, `delete from goose_db_version where version_id > 1`)
	if _, err := store.OpenPostgres(t.Context(), address, store.Options{ReadOnly: true}); !errors.Is(err, store.ErrOlder) {
		t.Error("reading an older store:", err)
	}
	server.Do(t, address, `insert into goose_db_version (version_id, is_applied) values (9999, true)`)
	for _, readOnly := range []bool{false, true} {
		if _, err := store.OpenPostgres(t.Context(), address, store.Options{ReadOnly: readOnly}); !errors.Is(err, store.ErrNewer) {
			t.Error(err)
		}
	}
}

func testPostgresReadOnly(t *testing.T, server *postgrestest.Server) {
	address := server.Database(t, "")
	s := openPostgres(t, address)
	defer s.Close()
	reader, err := store.Open(t.Context(), address, store.Options{ReadOnly: true})
	if err != nil {
		t.Fatal(err)
	}
	defer reader.Close()
	if _, err := s.Submit(t.Context(), card(1)); err != nil {
		t.Fatal(err)
	}
	if all, err := reader.Submissions(t.Context(), today, today); err != nil || len(all) != 1 {
		t.Error(len(all), err)
	}
	_, err = reader.Submit(t.Context(), card(2))
	for _, err := range []error{err, reader.Purge(t.Context(), noon), reader.Count(t.Context(), store.Event{At: noon})} {
		if !errors.Is(err, store.ErrReadOnly) {
			t.Error(err)
		}
	}
	if err := reader.Ready(t.Context()); err != nil {
		t.Error(err)
	}
}

const today = "2026-11-22"

// testPostgresSalt looks for a destroyed salt in the files of the tables.
func testPostgresSalt(t *testing.T, server *postgrestest.Server) {
	address := server.Database(t, "")
	s := openPostgres(t, address)
	defer s.Close()
	salt, err := s.Salt(t.Context(), noon)
	if err != nil {
		t.Fatal(err)
	}
	found := func() bool {
		server.Do(t, address, `checkpoint`) // what is in memory is written to the files
		found := false
		err := filepath.WalkDir(filepath.Join(server.Folder(), "base"), func(name string, entry fs.DirEntry, err error) error {
			if err != nil || entry.IsDir() {
				return err
			}
			text, err := os.ReadFile(name)
			found = found || bytes.Contains(text, salt)
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
		return found
	}
	if !found() {
		t.Fatal("the salt is not on disk to begin with")
	}
	if err := s.Purge(t.Context(), noon.AddDate(0, 0, 2)); err != nil {
		t.Fatal(err)
	}
	if found() {
		t.Error("the salt is still on disk")
	}
}

// testStopped takes the server away and gives it back: what is asked meanwhile
// fails within seconds as something that may work later, and later it does.
func testStopped(t *testing.T, server *postgrestest.Server) {
	address := server.Database(t, "")
	var log bytes.Buffer
	s, err := store.OpenPostgres(t.Context(), address, store.Options{Logger: slog.New(slog.NewTextHandler(&log, nil))})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	for n, how := range []postgrestest.Stop{postgrestest.Fast, postgrestest.Crash} {
		before, err := s.Submit(t.Context(), card(n))
		if err != nil {
			t.Fatal(err)
		}
		server.Stop(t, how)
		began := time.Now()
		if _, err := s.Submit(t.Context(), card(100+n)); !errors.Is(err, store.ErrUnavailable) || errors.Is(err, store.ErrStopped) {
			t.Error("without a server:", err)
		}
		t.Log("a card without a server waited", time.Since(began))
		if err := s.Ready(t.Context()); err == nil {
			t.Error("ready without a server")
		}
		// Who asks just before the server is back need not notice.
		waiting := make(chan error, 1)
		go func() {
			_, err := s.Submit(context.Background(), card(200+n))
			waiting <- err
		}()
		server.Again(t)
		if err := <-waiting; err != nil && !errors.Is(err, store.ErrUnavailable) {
			t.Error("while it starts:", err)
		}
		if err := s.Ready(t.Context()); err != nil {
			t.Error("not ready afterwards:", err)
		}
		r, err := s.Submit(t.Context(), card(n))
		if err != nil || r.ID != before.ID || !r.Retry {
			t.Errorf("after the server came back: %+v, %v; it was %s", r, err, before.ID)
		}
	}
	if secretIn(server, log.String()) {
		t.Error("the log tells the password:", log.String())
	}
}

func secretIn(server *postgrestest.Server, text string) bool {
	for _, secret := range append(server.Password(), "s3cret") {
		if strings.Contains(text, secret) {
			return true
		}
	}
	return false
}

func testPassword(t *testing.T, server *postgrestest.Server) {
	address := server.Database(t, "")
	parsed, err := url.Parse(address)
	if err != nil {
		t.Fatal(err)
	}
	changed := func(change func(*url.URL)) string {
		u := *parsed
		change(&u)
		return u.String()
	}
	for what, address := range map[string]string{
		"a port nobody listens at": changed(func(u *url.URL) { u.Host = "127.0.0.1:1" }),
		"a host that is not there": changed(func(u *url.URL) { u.Host = "nowhere.invalid" }),
		"another database":         changed(func(u *url.URL) { u.Path = "/nothing" }),
		"another user":             changed(func(u *url.URL) { u.User = url.UserPassword("somebody", "s3cret") }),
		"encryption":               changed(func(u *url.URL) { u.RawQuery = "sslmode=require" }),
		"a wrong parameter":        changed(func(u *url.URL) { u.RawQuery = "sslmode=s3cret" }),
		"an unknown parameter":     changed(func(u *url.URL) { u.RawQuery = "nonsense=s3cret" }),
		"in a parameter":           "postgres://cards@127.0.0.1:1/cards?password=s3cret",
		"a number sign":            "postgres://cards:s3cret#s3cret@127.0.0.1:1/cards",
		"an at sign":               "postgres://cards:s3cret@s3cret@127.0.0.1:1/cards",
		"a slash":                  "postgres://cards:s3cret/s3cret@127.0.0.1:1/cards",
		"a per cent sign":          "postgres://cards:s3cret%zz@127.0.0.1:1/cards",
		"a bracket":                "postgres://cards:[s3cret@127.0.0.1:1/cards",
		"a blank":                  "postgres://cards:s3cret s3cret@127.0.0.1:1/cards",
		"a colon":                  "postgres://cards:s3cret:s3cret@127.0.0.1:port/cards",
	} {
		t.Run(what, func(t *testing.T) {
			s, err := store.OpenPostgres(t.Context(), address, store.Options{})
			if err == nil {
				_ = s.Close()
				t.Fatal("it was opened")
			}
			t.Log(err)
			if secretIn(server, err.Error()) {
				t.Error("the error tells the password")
			}
			if secretIn(server, store.Shown(address)) {
				t.Error("the address is shown with the password:", store.Shown(address))
			}
		})
	}
	if shown := store.Shown(address); shown != "postgres://cards@"+parsed.Host+parsed.Path {
		t.Error("the address is shown as", shown)
	}
}

func testUnsound(t *testing.T, server *postgrestest.Server) {
	address := server.Database(t, "encoding 'SQL_ASCII' locale_provider libc locale 'C' template template0")
	if _, err := store.OpenPostgres(t.Context(), address, store.Options{}); err == nil || !strings.Contains(err.Error(), "SQL_ASCII") {
		t.Error("a database of bytes:", err)
	}
	address = server.Database(t, "")
	if err := openPostgres(t, address).Close(); err != nil {
		t.Fatal(err)
	}
	server.Do(t, address, `alter system set fsync = off`)
	server.Do(t, address, `select pg_reload_conf()`)
	var err error
	for end := time.Now().Add(5 * time.Second); time.Now().Before(end); time.Sleep(20 * time.Millisecond) {
		var s *store.Postgres
		if s, err = store.OpenPostgres(t.Context(), address, store.Options{}); err != nil {
			break
		}
		_ = s.Close()
	}
	if err == nil || !strings.Contains(err.Error(), "fsync = off") {
		t.Error("a server without fsync:", err)
	}
	if s, err := store.OpenPostgres(t.Context(), address, store.Options{ReadOnly: true}); err != nil {
		t.Error("reading from it:", err)
	} else if err := s.Close(); err != nil {
		t.Error(err)
	}
}

func BenchmarkPostgresSubmit(b *testing.B) {
	server := postgrestest.Start(b)
	for _, clients := range []int{1, 16, 64, 256} {
		b.Run(fmt.Sprint(clients), func(b *testing.B) {
			s := openPostgres(b, server.Database(b, ""))
			defer s.Close()
			benchmarkSubmit(b, s, clients)
		})
	}
}
