package cli_test

import (
	"bytes"
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"cardbowl/generator/internal/cli"
	"cardbowl/generator/internal/form"
	"cardbowl/generator/internal/store"
)

// Who never confirmed is forgotten after as many days as site.yaml says, and not
// a day before.
func TestLapse(t *testing.T) {
	dir, now := t.TempDir(), time.Now()
	settings := "title: T\nbaseURL: https://example.com/\nsender: {name: A, email: a@example.com, address: Here}\n" +
		"tracker: {retention: {unconfirmed: 10, leads: 100}}\n" +
		"forms:\n  letter: {fields: [{name: email, type: email}], consent: Yes., confirm: true}\n  call: {fields: [{name: email, type: email}]}\n"
	if err := os.WriteFile(filepath.Join(dir, "site.yaml"), []byte(settings), 0o600); err != nil {
		t.Fatal(err)
	}
	kept, err := store.Open(t.Context(), filepath.Join(dir, ".cardbowl", "cardbowl.db"), store.Options{})
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		form, email string
		trapped     bool
	}{{"letter", "ana@example.com", false}, {"call", "bo@example.com", false}, {"call", "robot@example.com", true}} {
		if _, err := kept.Submit(t.Context(), store.Submission{At: now, Post: "/a/", Form: c.form, Placement: "end", Email: c.email, Quarantined: c.trapped,
			Fields: []form.Answer{{Name: "email", Value: c.email}}}); err != nil {
			t.Fatal(err)
		}
	}
	if err := kept.Close(); err != nil {
		t.Fatal(err)
	}
	run := func(days int, args ...string) string {
		t.Helper()
		var out, said bytes.Buffer
		world := cli.World{Getenv: func(string) string { return "" }, Stdin: strings.NewReader(""), Stdout: &out, Stderr: &said,
			Now: func() time.Time { return now.AddDate(0, 0, days).Add(time.Minute) }}
		if code := cli.Run(context.Background(), append(args, "-s", dir), world); code != 0 {
			t.Fatalf("%v: %d, %s", args, code, said.String())
		}
		return out.String()
	}
	for _, c := range []struct {
		days int
		want string
	}{
		{9, "erased: 0 who did not confirm, 0 of whom nothing was heard, 0 cards from the trap"},
		{10, "erased: 1 who did not confirm, 0 of whom nothing was heard, 0 cards from the trap"},
		{90, "erased: 0 who did not confirm, 0 of whom nothing was heard, 1 card from the trap"},
		{99, "erased: 0 who did not confirm, 0 of whom nothing was heard, 0 cards from the trap"},
		{100, "erased: 0 who did not confirm, 1 of whom nothing was heard, 0 cards from the trap"},
	} {
		if got := run(c.days, "leads", "lapse"); !strings.HasPrefix(got, c.want) {
			t.Errorf("after %d days: %q, not %q", c.days, got, c.want)
		}
	}
	if got := run(100, "leads", "list"); !strings.HasPrefix(got, "No card so far.") {
		t.Error(got)
	}
	if got := run(100, "store", "check"); !strings.Contains(got, "is sound, with 2 cards of 2 leads") {
		t.Error(got)
	}
}
