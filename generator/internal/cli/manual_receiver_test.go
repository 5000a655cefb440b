package cli

import (
	"context"
	"fmt"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"cardbowl/generator/internal/webhook"
)

// TestReceiverOfTheManual builds the receiver that the manual shows, starts it, and
// posts to it: signed by its secret, and by another one.
func TestReceiverOfTheManual(t *testing.T) {
	compiler, err := exec.LookPath("go")
	if err != nil {
		t.Skip("the receiver of the manual is not tried: there is no go here")
	}
	_, rest, found := strings.Cut(pagesOfManual(t)["webhooks.md"], "```go\n")
	snippet, _, ended := strings.Cut(rest, "```")
	if !found || !ended {
		t.Fatal("the manual shows no receiver")
	}
	free, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	at := free.Addr().String()
	if err := free.Close(); err != nil {
		t.Fatal(err)
	}
	// In a folder of this module, so that its versions are ours; hidden from `./...`.
	dir, err := os.MkdirTemp(".", "_receiver")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = os.RemoveAll(dir) })
	program := "package main\n\nimport (\n\t\"io\"\n\t\"log\"\n\t\"net/http\"\n\t\"os\"\n\n\tstandardwebhooks \"github.com/standard-webhooks/standard-webhooks/libraries/go\"\n)\n\nfunc main() {\n" +
		snippet + fmt.Sprintf("log.Fatal(http.ListenAndServe(%q, nil))\n}\n", at)
	if err := os.WriteFile(filepath.Join(dir, "main.go"), []byte(program), 0o644); err != nil {
		t.Fatal(err)
	}
	binary := filepath.Join(t.TempDir(), "receiver")
	if out, err := exec.Command(compiler, "build", "-o", binary, "./"+dir).CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	secret := webhook.NewSecret()
	running := exec.Command(binary)
	running.Env = append(os.Environ(), "CARDBOWL_WEBHOOK_SECRET="+secret)
	if err := running.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = running.Process.Kill(); _ = running.Wait() })
	post := func(secret string) (webhook.Answer, error) {
		c := webhook.Client{Secret: func(string) string { return secret }}
		return c.Post(context.Background(), webhook.Receiver{URL: "http://" + at + "/leads", AllowPrivate: true}.Complete(),
			webhook.Message{ID: "1", Body: []byte(`{"type":"lead.created"}`), At: time.Now()})
	}
	answer, err := post(secret)
	for end := time.Now().Add(20 * time.Second); err != nil && time.Now().Before(end); answer, err = post(secret) {
		time.Sleep(50 * time.Millisecond)
	}
	if err != nil || answer.Status != http.StatusNoContent {
		t.Errorf("signed: %+v, %v", answer, err)
	}
	if answer, err := post(webhook.NewSecret()); err != nil || answer.Status != http.StatusUnauthorized {
		t.Errorf("signed by somebody else: %+v, %v", answer, err)
	}
}
