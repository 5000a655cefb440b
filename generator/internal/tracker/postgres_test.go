package tracker

import (
	"math/rand/v2"
	"net/http"
	"sync"
	"testing"
	"time"

	"cardbowl/generator/internal/store/postgrestest"
)

// TestPostgresRestarts runs three trackers on one PostgreSQL, which is stopped
// and started again under their clients, politely and not, while a tracker is
// killed now and then, too. Then what was acknowledged is compared with what is
// stored.
func TestPostgresRestarts(t *testing.T) {
	rounds := 12
	if testing.Short() {
		rounds = 2
	}
	server := postgrestest.Start(t)
	dsn := server.Database(t, "")
	book := &ledger{acknowledged: map[int]string{}}
	random := rand.New(rand.NewPCG(uint64(time.Now().UnixNano()), 1))
	trackers := make([]running, 3)
	for i := range trackers {
		trackers[i].start(t, dsn)
	}
	stop := make(chan struct{})
	var clients sync.WaitGroup
	for c := range 8 {
		clients.Go(func() { persevere(&trackers[c%len(trackers)], book, stop) })
	}
	for round := range rounds {
		time.Sleep(time.Duration(200+random.IntN(600)) * time.Millisecond)
		if round%3 == 2 { // a tracker goes, without a word
			trackers[random.IntN(len(trackers))].start(t, dsn)
			continue
		}
		how := postgrestest.Fast
		if round%2 == 1 {
			how = postgrestest.Crash
		}
		server.Stop(t, how)
		time.Sleep(time.Duration(random.IntN(300)) * time.Millisecond)
		server.Again(t)
	}
	time.Sleep(500 * time.Millisecond)
	close(stop)
	clients.Wait()
	client := &http.Client{Timeout: 10 * time.Second}
	retries := len(book.open)
	for i, number := range book.open {
		id, err := sendCard(client, trackers[i%len(trackers)].address(), number)
		if err != nil {
			t.Fatal(err)
		}
		book.done(number, id)
	}
	// Any tracker knows what another one has acknowledged.
	for i := range trackers {
		for number, id := range book.acknowledged {
			if again, err := sendCard(client, trackers[i].address(), number); err != nil || again != id {
				t.Fatalf("card %d: %s, then %s, %v", number, id, again, err)
			}
			break
		}
		trackers[i].kill()
	}
	checkLedger(t, dsn, book)
	t.Logf("%d rounds: %d cards acknowledged, %d answers lost on the way, %d sent again at the end", rounds, len(book.acknowledged), book.failures, retries)
}

// running is a tracker process that may be replaced by another one.
type running struct {
	mu   sync.Mutex
	at   string
	kill func()
}

// start takes the place of the process before it, which is killed.
func (r *running) start(t *testing.T, dsn string) {
	t.Helper()
	if r.kill != nil {
		r.kill()
	}
	at, kill, _ := startChild(t, dsn)
	r.mu.Lock()
	defer r.mu.Unlock()
	r.at, r.kill = at, kill
}

func (r *running) address() string {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.at
}

// persevere sends cards until it is told to stop, whoever does not answer.
func persevere(to *running, book *ledger, stop <-chan struct{}) {
	client := &http.Client{Timeout: 10 * time.Second, Transport: &http.Transport{}}
	defer client.CloseIdleConnections()
	for {
		select {
		case <-stop:
			return
		default:
		}
		number := book.next()
		id, err := sendCard(client, to.address(), number)
		if err != nil {
			book.failed(number)
			time.Sleep(20 * time.Millisecond)
			continue
		}
		book.done(number, id)
	}
}
