package cli_test

import (
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/rogpeppe/go-internal/testscript"
	standardwebhooks "github.com/standard-webhooks/standard-webhooks/libraries/go"
)

// receiver is a program that is told of leads, for stories. It takes what is
// signed by one of its secrets, at the path /leads; /gone is 410, and /fault 500.
type receiver struct {
	*httptest.Server
	mutex   sync.Mutex
	secrets []string
	bodies  []string
}

type receiverKey struct{}

// openReceiver: receiver SECRET… FILE. A receiver that knows these secrets. Its
// address is $RECEIVER, and takes the place of RECEIVER in the file.
func openReceiver(ts *testscript.TestScript, neg bool, args []string) {
	want(ts, neg, "receiver SECRET… FILE", len(args), 2)
	r := ts.Value(receiverKey{}).(*receiver)
	r.secrets = args[:len(args)-1]
	if r.Server == nil {
		r.Server = httptest.NewServer(http.HandlerFunc(r.take))
		ts.Defer(r.Close)
	}
	ts.Setenv("RECEIVER", r.URL)
	file := args[len(args)-1]
	ts.Check(os.WriteFile(ts.MkAbs(file), []byte(strings.ReplaceAll(ts.ReadFile(file), "RECEIVER", r.URL)), 0o644))
}

func (r *receiver) take(w http.ResponseWriter, request *http.Request) {
	body, err := io.ReadAll(request.Body)
	if err != nil || r.verify(body, request.Header) != nil {
		w.WriteHeader(http.StatusUnauthorized)
		return
	}
	switch request.URL.Path {
	case "/gone":
		w.WriteHeader(http.StatusGone)
	case "/fault":
		w.WriteHeader(http.StatusInternalServerError)
	case "/leads":
		r.mutex.Lock()
		defer r.mutex.Unlock()
		r.bodies = append(r.bodies, string(body))
	}
}

func (r *receiver) verify(body []byte, head http.Header) error {
	r.mutex.Lock()
	defer r.mutex.Unlock()
	for _, secret := range r.secrets {
		if judge, err := standardwebhooks.NewWebhook(secret); err == nil && judge.Verify(body, head) == nil {
			return nil
		}
	}
	return errors.New("not signed by anybody we know")
}

// readTold: told TYPE N FILE. Waits for the Nth message of the type that the
// receiver has taken, and writes its body into the file.
func readTold(ts *testscript.TestScript, neg bool, args []string) {
	want(ts, neg, "told TYPE N FILE", len(args), 3)
	n, err := strconv.Atoi(args[1])
	ts.Check(err)
	r := ts.Value(receiverKey{}).(*receiver)
	for end := time.Now().Add(serverPatience); time.Now().Before(end); time.Sleep(20 * time.Millisecond) {
		if of := r.of(args[0]); len(of) >= n {
			ts.Check(os.WriteFile(ts.MkAbs(args[2]), []byte(of[n-1]), 0o644))
			return
		}
	}
	ts.Fatalf("no message %d of the type %s", n, args[0])
}

func (r *receiver) of(kind string) (out []string) {
	r.mutex.Lock()
	defer r.mutex.Unlock()
	for _, body := range r.bodies {
		if strings.HasPrefix(body, `{"type":"`+kind+`"`) {
			out = append(out, body)
		}
	}
	return out
}
