package store

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"errors"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"runtime"
	"runtime/debug"
	"sync"
	"sync/atomic"
	"time"
)

// request is one thing to be written. apply may run twice (when a neighbour in
// the group fails), so it sets its results and adds to nothing. done is nil when
// nobody waits; else it gets exactly one error or nil, after COMMIT.
type request struct {
	apply func(*transaction) error
	done  chan error
}

// writer commits requests in groups, on one connection of its own. A group is
// whoever waits when the last commit has ended: nobody waits for the group to
// fill.
type writer struct {
	dialect
	db       *sql.DB
	logger   *slog.Logger
	urgent   chan *request // awaited by somebody
	later    chan *request // views of pages that were served
	closing  chan struct{}
	finished chan struct{}
	once     sync.Once
	stopped  atomic.Pointer[error]
	commits  atomic.Int64

	// used by the loop alone
	conn       *sql.Conn
	statements map[string]*sql.Stmt
	group      []*request
}

const (
	maxGroup  = 512
	laterSize = 8192
	// yields is how often the loop lets others run before it closes a group.
	// On one core the requests that would fill it cannot run otherwise, and
	// each commit would serve one.
	yields = 4
	// maxTries of one group take about a second and a half.
	maxTries = 11
)

func newWriter(db *sql.DB, d dialect, logger *slog.Logger) *writer {
	return &writer{
		dialect: d, db: db, logger: logger,
		urgent: make(chan *request, maxGroup), later: make(chan *request, laterSize),
		closing: make(chan struct{}), finished: make(chan struct{}),
		statements: map[string]*sql.Stmt{},
	}
}

// do has a request committed and waits for it. A caller who gives up is not
// answered, but what was asked for may still be committed.
func (w *writer) do(ctx context.Context, apply func(*transaction) error) error {
	if err := w.stop(); err != nil {
		return err
	}
	r := &request{apply, make(chan error, 1)}
	select {
	case w.urgent <- r:
	case <-w.closing:
		return ErrClosed
	case <-ctx.Done():
		return fmt.Errorf("%w: %w", ErrUnavailable, ctx.Err())
	}
	select {
	case err := <-r.done:
		return err
	case <-ctx.Done():
		return fmt.Errorf("%w: %w", ErrUnavailable, ctx.Err())
	case <-w.finished:
		select { // the last group may have served it
		case err := <-r.done:
			return err
		default:
			return ErrClosed
		}
	}
}

// soon queues a request that nobody waits for.
func (w *writer) soon(apply func(*transaction) error) bool {
	if w.stop() != nil {
		return false
	}
	select {
	case <-w.closing:
		return false
	default:
	}
	select {
	case w.later <- &request{apply: apply}:
		return true
	default:
		return false
	}
}

// stop is why the writer acknowledges nothing any more, or nil.
func (w *writer) stop() error {
	if err := w.stopped.Load(); err != nil {
		return *err
	}
	return nil
}

// halt ends all acknowledging. After one failed fsync the kernel may drop the
// pages and report success the next time, so no later success can be believed.
func (w *writer) halt(cause error) {
	err := fmt.Errorf("%w (%w)", ErrStopped, cause)
	if w.stopped.CompareAndSwap(nil, &err) {
		w.logger.Error("the store stops acknowledging", "error", cause)
	}
}

// run is the loop. It ends after close, when the queues are empty.
func (w *writer) run() {
	for {
		var first *request
		select {
		case first = <-w.urgent:
		default:
			select {
			case first = <-w.urgent:
			case first = <-w.later:
			case <-w.closing:
				if first = w.poll(false); first == nil {
					w.release()
					close(w.finished)
					return
				}
			}
		}
		w.commit(w.gather(first))
	}
}

// poll is the next queued request, or nil: an awaited one first, unless views
// are.
func (w *writer) poll(viewsFirst bool) *request {
	first, second := w.urgent, w.later
	if viewsFirst {
		first, second = second, first
	}
	select {
	case r := <-first:
		return r
	default:
	}
	select {
	case r := <-second:
		return r
	default:
		return nil
	}
}

// gather makes a group of what waits. Views that were handed over before a card
// stand before it, so that the card finds what its sender has read; but they fill
// no more than half of the group.
func (w *writer) gather(first *request) []*request {
	group := w.group[:0]
	if first.done == nil { // a view: it came before those that still wait
		group = append(group, first)
	}
	for len(group) < maxGroup/2 {
		r := w.poll(true)
		if r == nil {
			break
		}
		group = append(group, r)
	}
	if first.done != nil {
		group = append(group, first)
	}
	for idle := 0; idle < yields && len(group) < maxGroup; {
		if r := w.poll(len(group) < maxGroup/2); r != nil {
			group = append(group, r)
			idle = 0
			continue
		}
		idle++
		runtime.Gosched()
	}
	w.group = group
	return group
}

// commit serves a group. When a single request spoils it, each is tried alone,
// so that one failure stays one failure.
func (w *writer) commit(group []*request) {
	err := w.persist(group)
	if err != nil && len(group) > 1 && errors.As(err, new(*spoiled)) && w.stop() == nil {
		for _, r := range group {
			r.answer(w.persist([]*request{r}))
		}
		return
	}
	for _, r := range group {
		r.answer(err)
	}
}

// persist attempts a group again where that may help and cannot count twice: for
// a bit more than a second, which is what a database needs to start again. What
// may have been stored, because the answer to COMMIT was lost, is never among it.
func (w *writer) persist(group []*request) error {
	pause := 5 * time.Millisecond
	for tries := 1; ; tries++ {
		err := w.attempt(group)
		if err == nil || tries == maxTries || w.stop() != nil || errors.As(err, new(*unsettled)) || !w.again(err) {
			return err
		}
		select {
		case <-w.closing:
			return err
		case <-time.After(pause/2 + rand.N(pause)): // two that were in each other's way part
		}
		pause = min(2*pause, 250*time.Millisecond)
	}
}

func (r *request) answer(err error) {
	if r.done != nil {
		r.done <- err
	}
}

// spoiled is an error of a request, as opposed to one of the whole transaction.
type spoiled struct{ cause error }

func (e *spoiled) Error() string { return e.cause.Error() }
func (e *spoiled) Unwrap() error { return e.cause }

// unsettled is an error after which nobody knows whether the transaction was
// committed.
type unsettled struct{ cause error }

func (e *unsettled) Error() string { return e.cause.Error() }
func (e *unsettled) Unwrap() error { return e.cause }

// attempt runs a group in one transaction.
func (w *writer) attempt(group []*request) (err error) {
	if err := w.stop(); err != nil {
		return err
	}
	ctx := context.Background() // a half-made group must not hang on one visitor's patience
	if w.patience > 0 {
		bounded, cancel := context.WithTimeout(ctx, w.patience)
		defer cancel()
		ctx = bounded
	}
	begun, done := false, false
	defer func() {
		if p := recover(); p != nil {
			w.logger.Error("panic while writing", "panic", p, "stack", string(debug.Stack()))
			err = &spoiled{fmt.Errorf("%w: panic while writing: %v", ErrUnavailable, p)}
		}
		if begun && !done {
			if _, failed := w.conn.ExecContext(ctx, "rollback"); failed != nil {
				w.drop() // whatever is left of the transaction goes with the connection
			}
		}
	}()
	if err := w.connect(ctx); err != nil {
		return w.judged(err)
	}
	if _, err := w.conn.ExecContext(ctx, w.begin); err != nil {
		w.drop()
		return w.judged(err)
	}
	begun = true
	tx := &transaction{ctx: ctx, conn: w.conn, statements: w.statements, hold: w.dialect.hold}
	for _, r := range group {
		if err := r.apply(tx); err != nil {
			return &spoiled{w.judged(err)}
		}
	}
	if err := tx.flush(); err != nil {
		return &spoiled{w.judged(err)}
	}
	if err := w.dialect.commit(ctx, w.conn); err != nil {
		return w.judged(err)
	}
	done = true
	w.commits.Add(1)
	return nil
}

// judged wraps an error of the database, and stops the writer when after it no
// success could be believed.
func (w *writer) judged(err error) error {
	if w.fatal(err) {
		w.halt(err)
		return w.stop()
	}
	return fmt.Errorf("%w: %w", ErrUnavailable, plainly(err))
}

func (w *writer) connect(ctx context.Context) error {
	if w.conn != nil {
		return nil
	}
	conn, err := w.db.Conn(ctx)
	if err != nil {
		return err
	}
	w.conn = conn
	return nil
}

func (w *writer) drop() {
	for text, statement := range w.statements {
		_ = statement.Close()
		delete(w.statements, text)
	}
	if w.conn != nil {
		// Not back to the pool: its state is unknown.
		_ = w.conn.Raw(func(any) error { return driver.ErrBadConn })
		_ = w.conn.Close()
		w.conn = nil
	}
}

func (w *writer) release() {
	for _, statement := range w.statements {
		_ = statement.Close()
	}
	if w.conn != nil {
		_ = w.conn.Close()
		w.conn = nil
	}
}

func (w *writer) close() {
	w.once.Do(func() { close(w.closing) })
	<-w.finished
}

// guarded runs work in a goroutine that a panic ends for a moment only.
func guarded(logger *slog.Logger, name string, work func()) {
	go func() {
		for pause := 100 * time.Millisecond; ; pause = min(2*pause, 10*time.Second) {
			if survived(logger, name, work) {
				return
			}
			time.Sleep(pause)
		}
	}()
}

// survived runs work once and tells whether it returned without a panic.
func survived(logger *slog.Logger, name string, work func()) (ok bool) {
	defer func() {
		if p := recover(); p != nil {
			logger.Error("panic in a worker; it starts again", "worker", name, "panic", p, "stack", string(debug.Stack()))
		}
	}()
	work()
	return true
}
