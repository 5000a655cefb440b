package cli_test

import (
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"
)

// TestListBombing: somebody fills in a thousand strangers' addresses from five
// hundred networks, and one address a thousand times, with all that a browser would
// show of patience. The mails keep to the budget, the owner is told once, and every
// answer is the same.
func TestListBombing(t *testing.T) {
	const budget, strangers, networks = 100, 1000, 500
	f := folder{t, t.TempDir()}
	f.save("site.yaml", fmt.Sprintf(`title: Small Fish
baseURL: https://example.com/
sender: {name: Ann Writer, email: ann@example.com, address: "1 Main Street, Toronto"}
tracker: {trustedProxies: [127.0.0.0/8]}
mail: {perDay: %d}
forms:
  letter:
    fields: [{name: email, type: email, required: true}, {name: message}]
    consent: Yes, write to me.
    confirm: true
`, budget))
	f.cardbowl("build")
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	office := newPostOffice(listener)
	t.Cleanup(func() { _ = office.server.Close() })
	c := f.command("track", "--addr", "127.0.0.1:0")
	c.Env = append(c.Env, "CARDBOWL_SMTP_URL=smtp://"+listener.Addr().String()+"?starttls=off")
	s := f.startAs(c)

	client := http.Client{CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	ask := func(method, path, network string, body url.Values) (answer, text string) {
		request, err := http.NewRequest(method, s.url+path, strings.NewReader(body.Encode()))
		if err != nil {
			t.Error(err)
			return "", ""
		}
		request.Header.Set("X-Forwarded-For", network)
		request.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		response, err := client.Do(request)
		if err != nil {
			t.Error(err)
			return "", ""
		}
		defer response.Body.Close()
		read, err := io.ReadAll(response.Body)
		if err != nil {
			t.Error(err)
		}
		response.Header.Del("Date")
		var head strings.Builder
		_ = response.Header.Write(&head)
		return fmt.Sprint(response.Status, "\n", head.String(), read), string(read)
	}
	network := func(n int) string { return fmt.Sprintf("11.%d.%d.7", n/250, n%250) }
	tokens := make([]string, networks)
	for n := range tokens {
		if _, tokens[n] = ask(http.MethodGet, "_/t?f=letter", network(n), nil); len(tokens[n]) < 20 {
			t.Fatalf("no token: %q", tokens[n])
		}
	}
	time.Sleep(2100 * time.Millisecond) // a token is good when a person could have filled in the form

	answers := map[string]int{}
	var mutex sync.Mutex
	cards := make(chan int)
	var senders sync.WaitGroup
	for range 8 {
		senders.Go(func() {
			for n := range cards {
				email := fmt.Sprintf("stranger%d@host%d.example", n, n%200)
				if n%2 == 1 {
					email = "victim@example.net"
				}
				at := n / 4 // four cards of each network, of two strangers and of the victim
				got, _ := ask(http.MethodPost, "_/f/letter", network(at), url.Values{"email": {email}, "message": {fmt.Sprint(n)}, "consent": {"yes"}, "_token": {tokens[at]}})
				mutex.Lock()
				answers[got]++
				mutex.Unlock()
			}
		})
	}
	for n := range 2 * strangers {
		cards <- n
	}
	close(cards)
	senders.Wait()
	if len(answers) != 1 {
		t.Errorf("%d different answers:", len(answers))
		for a, n := range answers {
			t.Errorf("%d times %.500s", n, a)
		}
	}
	for a := range answers {
		if !strings.HasPrefix(a, "303 ") {
			t.Errorf("the answer is %.200s", a)
		}
	}

	waiting := func() (kinds map[string]int, due int) {
		var all []struct {
			Kind, State string
			DueAt       time.Time `json:"due_at"`
		}
		if err := json.Unmarshal([]byte(f.cardbowl("outbox", "list", "--all", "--json")), &all); err != nil {
			t.Fatal(err)
		}
		kinds = map[string]int{}
		for _, m := range all {
			kinds[m.Kind]++
			if m.State == "waiting" && m.DueAt.Before(time.Now()) {
				due++
			}
		}
		return kinds, due
	}
	var kinds map[string]int
	waitFor(t, func() bool { var due int; kinds, due = waiting(); return due == 0 }, func() string { return "the mails" })
	if kinds["mail.confirm"] != budget || kinds["mail.reminder"] > budget || kinds["mail.alarm"] != 1 {
		t.Errorf("messages: %v", kinds)
	}
	toOwner, toVictim := office.to("ann@example.com"), office.to("victim@example.net")
	if len(toOwner) != 1 || len(toVictim) != 1 {
		t.Errorf("%d mails to the owner, %d to the victim", len(toOwner), len(toVictim))
	}
	office.mutex.Lock()
	defer office.mutex.Unlock()
	if n := len(office.mails); n != budget+1 {
		t.Errorf("%d mails went out, of a budget of %d and one alarm", n, budget)
	}
}
