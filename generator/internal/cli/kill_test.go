package cli_test

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"net/http"
	"net/http/httptest"
	"net/mail"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"cardbowl/generator/internal/store/postgrestest"
	"cardbowl/generator/internal/webhook"
)

// killed is a site whose tracker is killed again and again, and all that it writes
// to: a mail server, and a receiver of webhooks.
type killed struct {
	folder
	office *postOffice
	hooks  *httptest.Server
	env    []string

	mutex        sync.Mutex
	told         map[string]int // lead.created by address
	ids          map[string]int // by webhook-id
	acknowledged []string       // addresses
	cards        int
}

func openKilled(t *testing.T) *killed {
	k := &killed{folder: folder{t, filepath.Join(t.TempDir(), "site")}, told: map[string]int{}, ids: map[string]int{}}
	k.hooks = httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(r.Body)
		if err != nil {
			return
		}
		slowly()
		k.mutex.Lock()
		k.told[addressIn.FindString(string(body))]++
		k.ids[r.Header.Get("webhook-id")]++
		k.mutex.Unlock()
		slowly()
	}))
	t.Cleanup(k.hooks.Close)
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	k.office = newPostOffice(listener)
	k.office.pause = slowly
	t.Cleanup(func() { _ = k.office.server.Close() })
	k.env = []string{"CARDBOWL_SMTP_URL=smtp://" + listener.Addr().String() + "?starttls=off", "CARDBOWL_WEBHOOK_SECRET=" + webhook.NewSecret()}
	for name, text := range map[string]string{
		"site.yaml": `title: Small Fish
baseURL: https://example.com/
sender: {name: Ann Writer, email: ann@example.com, address: "1 Main Street, Toronto"}
tracker: {guard: off}
mail: {perDay: 1000000}
forms:
  letter:
    fields: [{name: email, type: email, required: true}]
    consent: Yes, write to me.
    confirm: true
    notify: [ann@example.com]
webhooks: [{url: "` + k.hooks.URL + `", events: [lead.created], allowPrivate: true}]
`,
		"content/posts/a.md": "---\ntitle: A\ndate: 2026-01-01\n---\nText.\n",
	} {
		at := filepath.Join(k.path, filepath.FromSlash(name))
		if err := os.MkdirAll(filepath.Dir(at), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(at, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	k.cardbowl("build")
	return k
}

var addressIn = regexp.MustCompile(`visitor\d+@example\.com`)

// slowly leaves time to be killed in.
func slowly() { time.Sleep(time.Duration(rand.IntN(15)) * time.Millisecond) }

// run starts the tracker. kill gives it no time for anything.
func (k *killed) run() (address string, kill func()) {
	k.t.Helper()
	c := k.command("track", "--addr", "127.0.0.1:0")
	c.Env = append(c.Env, k.env...)
	out, err := c.StdoutPipe()
	if err != nil {
		k.t.Fatal(err)
	}
	said := &safeBuffer{}
	c.Stderr = said
	if err := c.Start(); err != nil {
		k.t.Fatal(err)
	}
	kill = sync.OnceFunc(func() { _ = c.Process.Kill(); _, _ = io.Copy(io.Discard, out); _ = c.Wait() })
	k.t.Cleanup(kill)
	for lines := bufio.NewScanner(out); lines.Scan(); {
		if at := regexp.MustCompile(`http://127\.0\.0\.1:\d+/`).FindString(lines.Text()); at != "" {
			return at, kill
		}
	}
	k.t.Fatalf("the tracker did not start\n%s", said)
	return "", nil
}

// send drops cards until the context ends, and notes those that were acknowledged.
func (k *killed) send(ctx context.Context, address string) {
	for ctx.Err() == nil {
		k.mutex.Lock()
		k.cards++
		email := fmt.Sprintf("visitor%d@example.com", k.cards)
		k.mutex.Unlock()
		request, err := http.NewRequestWithContext(ctx, http.MethodPost, address+"_/f/letter",
			strings.NewReader(url.Values{"email": {email}, "consent": {"yes"}, "_post": {"/posts/a/"}, "_placement": {"end"}}.Encode()))
		if err != nil {
			k.t.Error(err)
			return
		}
		request.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		request.Header.Set("Accept", "application/json")
		answer, err := http.DefaultClient.Do(request)
		if err != nil {
			continue // killed meanwhile: it may be stored or not
		}
		_ = answer.Body.Close()
		if answer.StatusCode == http.StatusAccepted {
			k.mutex.Lock()
			k.acknowledged = append(k.acknowledged, email)
			k.mutex.Unlock()
		}
		time.Sleep(time.Duration(rand.IntN(40)) * time.Millisecond)
	}
}

// missing are the acknowledged cards of which the owner, the visitor or the
// receiver has not heard, and how many more of them there are.
func (k *killed) missing() (first string, n int) {
	owner := map[string]bool{}
	for _, text := range k.office.to("ann@example.com") {
		owner[addressIn.FindString(text)] = true
	}
	k.mutex.Lock()
	defer k.mutex.Unlock()
	for _, email := range k.acknowledged {
		for what, come := range map[string]bool{"notification": owner[email], "confirmation": len(k.office.to(email)) > 0, "webhook": k.told[email] > 0} {
			if !come {
				first = what + " of " + email
				n++
			}
		}
	}
	return first, n
}

// TestKillBeforeDelivery is of a file; on PostgreSQL, nobody lets go of what a killed
// tracker held before five minutes are over, since others may be sending.
func TestKillBeforeDelivery(t *testing.T) { killBeforeDelivery(t, openKilled(t), "") }

func TestPostgresKillBeforeDelivery(t *testing.T) {
	k := openKilled(t)
	k.env = append(k.env, "CARDBOWL_STORE="+postgrestest.Start(t).Database(t, ""))
	killBeforeDelivery(t, k, "10m")
}

// killBeforeDelivery kills the tracker between cards and what they are a reason
// for: of each card that was acknowledged the owner, the visitor and the receiver
// of webhooks hear, at least once. CARDBOWL_KILLS says how often; 50 is the promise.
// The last tracker looks at a clock that is so far ahead.
func killBeforeDelivery(t *testing.T, k *killed, ahead string) {
	rounds := 5
	if testing.Short() {
		rounds = 2
	}
	if n, err := strconv.Atoi(os.Getenv("CARDBOWL_KILLS")); err == nil {
		rounds = n
	}
	for range rounds {
		address, kill := k.run()
		ctx, stop := context.WithCancel(t.Context())
		var clients sync.WaitGroup
		for range 2 {
			clients.Go(func() { k.send(ctx, address) })
		}
		time.Sleep(time.Duration(30+rand.IntN(400)) * time.Millisecond)
		kill()
		stop()
		clients.Wait()
	}
	_, before := k.missing()
	if before == 0 {
		t.Error("everything was delivered before the last kill: this test shows nothing")
	}
	began := time.Now()
	k.env = append(k.env, clockAhead+"="+ahead)
	_, kill := k.run()
	defer kill()
	patience := 2*time.Minute + time.Duration(len(k.acknowledged))*time.Second
	for first, n := k.missing(); n > 0; first, n = k.missing() {
		if time.Since(began) > patience {
			t.Fatalf("%d messages have not come, the first is the %s", n, first)
		}
		time.Sleep(20 * time.Millisecond)
	}
	k.mutex.Lock()
	defer k.mutex.Unlock()
	mails, twice := map[string]int{}, 0
	for _, m := range k.office.mails {
		read, err := mail.ReadMessage(strings.NewReader(m.text))
		if err != nil {
			t.Fatal(err)
		}
		if mails[read.Header.Get("Message-ID")]++; mails[read.Header.Get("Message-ID")] > 1 {
			twice++
		}
	}
	again := 0
	for _, n := range k.ids {
		again += n - 1
	}
	t.Logf("%d kills; %d cards sent, %d acknowledged; %d mails and webhooks were missing at the last kill and have come within %v; %d mails of %d and %d webhooks of %d came again, under the same id",
		rounds, k.cards, len(k.acknowledged), before, time.Since(began).Round(time.Millisecond), twice, len(mails), again, len(k.ids))
}
