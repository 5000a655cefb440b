package store

import (
	"context"
	"errors"
	"testing"
	"time"

	"cardbowl/generator/internal/store/postgrestest"
)

// TestPostgresWriter looks at the groups of two writers from inside.
func TestPostgresWriter(t *testing.T) {
	server := postgrestest.Start(t)
	address := server.Database(t, "")
	var stores [2]*Postgres
	for i := range stores {
		s, err := OpenPostgres(t.Context(), address, Options{})
		if err != nil {
			t.Fatal(err)
		}
		defer s.Close()
		stores[i] = s
	}
	s := stores[0]
	texts := func() (n int) {
		t.Helper()
		if err := s.reading.QueryRow(`select count(*) from consent_texts`).Scan(&n); err != nil {
			t.Fatal(err)
		}
		return n
	}

	t.Run("a failure that is passed over is not acknowledged", func(t *testing.T) {
		err := s.writer.do(t.Context(), func(tx *transaction) error {
			_ = tx.exec(addConsent, "half", "done", 1)
			_ = tx.exec("insert into nowhere values (1)")
			return nil
		})
		if err == nil || texts() != 0 {
			t.Errorf("acknowledged (%v), and %d rows are there", err, texts())
		}
	})

	t.Run("a deadlock ends, and both are served", func(t *testing.T) {
		meet := make(chan struct{})
		both := make(chan error, 2)
		tries := [2]int{}
		for i, s := range stores {
			go func() {
				keys := []string{"one", "two"}
				both <- s.writer.do(context.Background(), func(tx *transaction) error {
					if err := tx.exec(addConsent, keys[i], "first", 1); err != nil {
						return err
					}
					if tries[i]++; tries[i] == 1 {
						select { // both hold a row that the other one wants
						case meet <- struct{}{}:
						case <-meet:
						}
					}
					return tx.exec(addConsent, keys[1-i], "second", 1)
				})
			}()
		}
		for range stores {
			if err := <-both; err != nil {
				t.Error(err)
			}
		}
		if tries[0]+tries[1] < 3 || texts() != 2 {
			t.Errorf("tried %v times, %d rows", tries, texts())
		}
	})

	t.Run("a row that another one was first with", func(t *testing.T) {
		tries := 0
		err := s.writer.do(t.Context(), func(tx *transaction) error {
			if tries++; tries == 1 {
				other := stores[1].writer.do(context.Background(), func(tx *transaction) error {
					return tx.exec(`insert into revisions (path, digest, title, kind, date, first_seen) values ('/', '1', '', '', '', 1)`)
				})
				if other != nil {
					return other
				}
				return tx.exec(`insert into revisions (path, digest, title, kind, date, first_seen) values ('/', '1', '', '', '', 1)`)
			}
			return nil
		})
		if err != nil || tries != 2 {
			t.Error(err, tries)
		}
	})

	t.Run("a tracker that hangs holds nobody up for long", func(t *testing.T) {
		hung, err := stores[1].writing.Conn(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		defer hung.Close()
		for _, statement := range []string{`set idle_in_transaction_session_timeout = '1s'`, `begin`, `lock table revisions in exclusive mode`} {
			if _, err := hung.ExecContext(t.Context(), statement); err != nil {
				t.Fatal(err)
			}
		}
		began := time.Now()
		if err := s.Remember(t.Context(), began, []Page{{Path: "/b/", Digest: "1"}}, nil); err != nil {
			t.Error(err)
		}
		t.Log("waited", time.Since(began))
	})

	t.Run("damage stops it", func(t *testing.T) {
		damage := `do $$ begin raise exception 'a page is torn' using errcode = 'XX001'; end $$`
		err := s.writer.do(t.Context(), func(tx *transaction) error { return tx.exec(damage) })
		if !errors.Is(err, ErrStopped) {
			t.Error(err)
		}
		if _, err := s.Submit(t.Context(), Submission{At: time.Now(), Post: "/a/", Form: "f"}); !errors.Is(err, ErrStopped) {
			t.Error("acknowledged after damage was seen:", err)
		}
	})
}
