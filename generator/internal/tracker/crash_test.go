package tracker

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"math/rand/v2"
	"net"
	"net/http"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"cardbowl/generator/internal/funnel"
	"cardbowl/generator/internal/store"
)

// childStore names the store that a child process serves, instead of running tests.
const childStore = "CARDBOWL_TEST_CHILD_STORE"

func TestMain(m *testing.M) {
	if path := os.Getenv(childStore); path != "" {
		if err := child(path); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		return
	}
	os.Exit(m.Run())
}

// child is a tracker until it is killed.
func child(address string) error {
	logger := slog.New(slog.NewTextHandler(os.Stderr, nil))
	s, err := store.Open(context.Background(), address, store.Options{Logger: logger, Sole: true})
	if err != nil {
		return err
	}
	t := New(Options{Store: s, GuardOff: true, Logger: logger})
	if err := t.SetManifest(exampleManifest()); err != nil {
		return err
	}
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return err
	}
	fmt.Println(listener.Addr())
	return Server(t.Handler(nil)).Serve(listener)
}

// ledger is what the clients know: what they sent, and what was acknowledged.
type ledger struct {
	sync.Mutex
	sent         int
	failures     int
	open         []int          // sent and not acknowledged
	acknowledged map[int]string // number → id
	twice        []string
}

func (l *ledger) next() int {
	l.Lock()
	defer l.Unlock()
	if n := len(l.open); n > 0 {
		number := l.open[n-1]
		l.open = l.open[:n-1]
		return number
	}
	l.sent++
	return l.sent
}

func (l *ledger) done(number int, id string) {
	l.Lock()
	defer l.Unlock()
	if known, ok := l.acknowledged[number]; ok && known != id {
		l.twice = append(l.twice, fmt.Sprintf("%d: %s and %s", number, known, id))
	}
	l.acknowledged[number] = id
}

func (l *ledger) failed(number int) {
	l.Lock()
	defer l.Unlock()
	l.failures++
	l.open = append(l.open, number)
}

// TestKill kills a tracker twenty times while it is being written to, and then
// compares what it acknowledged with what it has.
func TestKill(t *testing.T) {
	rounds := 20
	if testing.Short() {
		rounds = 3
	}
	path := filepath.Join(t.TempDir(), "store.db")
	book := &ledger{acknowledged: map[int]string{}}
	random := rand.New(rand.NewPCG(uint64(time.Now().UnixNano()), 1))
	var slowest time.Duration
	for range rounds {
		address, kill, started := startChild(t, path)
		slowest = max(slowest, started)
		stop := make(chan struct{})
		var clients sync.WaitGroup
		for range 6 {
			clients.Go(func() { load(address, book, stop) })
		}
		time.Sleep(time.Duration(50+random.IntN(300)) * time.Millisecond)
		kill()
		close(stop)
		clients.Wait()
	}
	// One more life, in which everything that is still open is sent again.
	address, kill, _ := startChild(t, path)
	client := &http.Client{Timeout: 5 * time.Second}
	retries := len(book.open)
	for _, number := range book.open {
		id, err := sendCard(client, address, number)
		if err != nil {
			t.Fatal(err)
		}
		book.done(number, id)
	}
	// Retrying what was acknowledged long ago changes nothing either.
	for number, id := range book.acknowledged {
		if again, err := sendCard(client, address, number); err != nil || again != id {
			t.Fatalf("card %d: %s, then %s, %v", number, id, again, err)
		}
		break
	}
	kill()
	checkLedger(t, path, book)
	t.Logf("%d rounds: %d cards acknowledged, %d sent again at the end, slowest start %v", rounds, len(book.acknowledged), retries, slowest)
}

func checkLedger(t *testing.T, address string, book *ledger) {
	t.Helper()
	s, err := store.Open(t.Context(), address, store.Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	all, err := s.Submissions(t.Context(), "2000-01-01", "2099-12-31")
	if err != nil {
		t.Fatal(err)
	}
	stored, people := map[string]bool{}, map[string]int{}
	accepted := 0
	for _, x := range all {
		stored[x.ID] = true
		people[x.Email]++
		if x.Status == store.Accepted {
			accepted++
		}
	}
	lost := 0
	for _, id := range book.acknowledged {
		if !stored[id] {
			lost++
		}
	}
	double := 0
	for _, n := range people {
		if n > 1 {
			double++
		}
	}
	c, err := s.Counts(t.Context(), "", "2099-12-31")
	if err != nil {
		t.Fatal(err)
	}
	counted, leads := 0, 0
	for _, x := range c.Tallies {
		if x.Step == funnel.FormSubmit {
			counted += x.Count
		}
	}
	for _, x := range c.Leads {
		leads += x.Leads
	}
	if lost > 0 || double > 0 || len(book.twice) > 0 {
		t.Errorf("acknowledged %d, lost %d, stored twice %d, answered with two ids %v", len(book.acknowledged), lost, double, book.twice)
	}
	if len(all) != len(book.acknowledged) || accepted != len(all) || counted != accepted || leads != accepted {
		t.Errorf("acknowledged %d, stored %d, accepted %d, counted %d, leads %d", len(book.acknowledged), len(all), accepted, counted, leads)
	}
	if len(book.acknowledged) < 100 {
		t.Errorf("only %d cards were acknowledged: that proves little", len(book.acknowledged))
	}
}

// startChild runs this test binary as a tracker and waits until it listens.
func startChild(t *testing.T, store string) (address string, kill func(), started time.Duration) {
	t.Helper()
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	c := exec.Command(self)
	return startAs(t, c, store, func() { _ = c.Process.Kill() }) // SIGKILL: no goodbye
}

// startAs runs a command that becomes a tracker and waits until it listens.
func startAs(t *testing.T, c *exec.Cmd, store string, end func()) (address string, kill func(), started time.Duration) {
	t.Helper()
	began := time.Now()
	c.Env = append(os.Environ(), childStore+"="+store)
	var complaints strings.Builder
	c.Stderr = &complaints
	out, err := c.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := c.Start(); err != nil {
		t.Fatal(err)
	}
	var once sync.Once
	kill = func() {
		once.Do(func() {
			end()
			_ = c.Wait()
		})
	}
	t.Cleanup(kill)
	address, err = bufio.NewReader(out).ReadString('\n')
	if err != nil {
		kill()
		t.Fatalf("the tracker did not start: %v\n%s", err, complaints.String())
	}
	return strings.TrimSpace(address), kill, time.Since(began)
}

// load sends cards until it is told to stop or nobody answers any more.
func load(address string, book *ledger, stop <-chan struct{}) {
	client := &http.Client{Timeout: 5 * time.Second, Transport: &http.Transport{}}
	defer client.CloseIdleConnections()
	for {
		select {
		case <-stop:
			return
		default:
		}
		number := book.next()
		id, err := sendCard(client, address, number)
		if err != nil {
			book.failed(number)
			return
		}
		book.done(number, id)
	}
}

// sendCard sends the card with that number, the same bytes each time.
func sendCard(client *http.Client, address string, number int) (id string, err error) {
	v := url.Values{"_post": {"/posts/a/"}, "_placement": {"end"}, "_key": {fmt.Sprint("key", number)}, "email": {fmt.Sprintf("a%d@example.com", number)}}
	r, err := http.NewRequest("POST", "http://"+address+"/_/f/newsletter", strings.NewReader(v.Encode()))
	if err != nil {
		return "", err
	}
	r.Header.Set("Content-Type", urlencoded)
	r.Header.Set("Accept", "application/json")
	response, err := client.Do(r)
	if err != nil {
		return "", err
	}
	defer response.Body.Close()
	text, err := io.ReadAll(response.Body)
	if err != nil {
		return "", err // the answer did not arrive whole: not acknowledged
	}
	var got receipt
	if response.StatusCode != http.StatusAccepted || json.Unmarshal(text, &got) != nil || got.ID == "" {
		return "", fmt.Errorf("status %d: %s", response.StatusCode, text)
	}
	return got.ID, nil
}
