package store

import (
	"context"
	"time"
)

// A checkpoint carries what was committed from the write-ahead log into the
// file. Inside a COMMIT it would make that one commit wait a hundred times as
// long as its neighbours, so it has a connection and a goroutine of its own.
const (
	checkpointEvery = time.Second
	// passivePages is from how many waiting pages on a checkpoint is worth it
	// while commits go on; when they rest, any number is.
	passivePages = 8_192
	// restartPages is when writers are made to wait for the log to begin anew:
	// under an endless load it otherwise only grows.
	restartPages = 65_536
)

// tend looks after the log until the store closes.
func (s *SQLite) tend() {
	ctx := context.Background()
	tick := time.NewTicker(checkpointEvery)
	defer tick.Stop()
	seen, clean := s.writer.commits.Load(), true
	for {
		select {
		case <-s.closing:
			close(s.tended)
			return
		case <-tick.C:
		}
		now := s.writer.commits.Load()
		resting := now == seen
		if resting && clean && !s.scrub.Load() || s.writer.stop() != nil {
			continue
		}
		seen = now
		err := s.checkpoint(ctx, resting)
		clean = resting && err == nil
		if err != nil {
			if sqliteFatal(err) {
				s.writer.halt(err)
			} else {
				s.logger.Warn("checkpoint failed; it will be tried again", "error", err)
			}
		}
	}
}

func (s *SQLite) checkpoint(ctx context.Context, resting bool) error {
	var busy, log, done int
	if s.scrub.Load() {
		// In the file what was destroyed is zeros already; the log's old pages
		// go only with the log. Once a day writers may wait for that.
		err := s.tending.QueryRowContext(ctx, `pragma wal_checkpoint(truncate)`).Scan(&busy, &log, &done)
		if err == nil && busy == 0 {
			s.scrub.Store(false)
		}
		return err
	}
	// How full the log is, without doing anything.
	if err := s.tending.QueryRowContext(ctx, `pragma wal_checkpoint(noop)`).Scan(&busy, &log, &done); err != nil {
		return err
	}
	switch waiting := log - done; {
	case log >= restartPages:
		return s.tending.QueryRowContext(ctx, `pragma wal_checkpoint(restart)`).Scan(&busy, &log, &done)
	case waiting >= passivePages, resting && waiting > 0:
		return s.tending.QueryRowContext(ctx, `pragma wal_checkpoint(passive)`).Scan(&busy, &log, &done)
	}
	return nil
}
