package tracker

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"cardbowl/generator/internal/letter"
	"cardbowl/generator/internal/manifest"
	"cardbowl/generator/internal/outbox"
	"cardbowl/generator/internal/store"
	"cardbowl/generator/internal/webhook"
)

// BenchmarkBesideHanging sends cards to two trackers in turn. One has nobody to
// write to; the other has a mail server and receivers of webhooks that take what
// comes and never answer. What a visitor waits is compared within one run.
func BenchmarkBesideHanging(b *testing.B) {
	hanging, called := hang(b)
	trackers := map[string]string{}
	for _, name := range []string{"alone", "beside"} {
		s, err := store.OpenSQLite(b.Context(), filepath.Join(b.TempDir(), name+".db"), store.SQLiteOptions{})
		if err != nil {
			b.Fatal(err)
		}
		m := exampleManifest()
		m.Mail = manifest.Mail{Sender: letter.Sender{Name: "Ann", Email: "ann@example.com", Address: "Here"}, Frame: "{{.Body}}", PerDay: 1 << 30,
			Letters: map[string]string{letter.Card: "A card\n\nIt came.\n", letter.Confirm: "Confirm\n\nPlease.\n"}}
		for i := range m.Forms {
			m.Forms[i].Notify = []string{"ann@example.com"}
		}
		for i := range 3 {
			m.Webhooks = append(m.Webhooks, webhook.Receiver{URL: fmt.Sprintf("http://%s/%d", hanging, i), AllowPrivate: true}.Complete())
		}
		o := outbox.Options{Store: s, Now: time.Now, Manifest: func() manifest.Manifest { return m }, Origin: func() string { return "https://blog.example" }, Logger: slog.New(slog.DiscardHandler)}
		ctx, stop := context.WithCancel(b.Context())
		ended := make(chan struct{})
		if name == "beside" {
			server, err := outbox.NewSMTP("smtp://"+hanging+"?starttls=off", "blog.example")
			if err != nil {
				b.Fatal(err)
			}
			secret := webhook.NewSecret()
			o.Mailer, o.Poster = server, webhook.Client{Secret: func(string) string { return secret }}
		}
		post := outbox.New(o)
		go func() { defer close(ended); post.Run(ctx) }()
		t := New(Options{Store: s, GuardOff: true, Wake: post.Wake})
		if err := t.SetManifest(m); err != nil {
			b.Fatal(err)
		}
		server := httptest.NewUnstartedServer(nil)
		server.Config = Server(t.Handler(nil))
		server.Start()
		b.Cleanup(func() { server.Close(); stop(); <-ended; _ = s.Close() })
		trackers[name] = server.Listener.Addr().String()
	}
	if _, err := cards(trackers["beside"], -1, 1); err != nil {
		b.Fatal(err)
	}
	for range 1 + 3 { // the mail server and the receivers have been called, and hang
		<-called
	}
	waits := map[string][]time.Duration{}
	b.ResetTimer()
	for n := 0; n < b.N; n += 50 {
		for _, name := range []string{"alone", "beside"} {
			took, err := cards(trackers[name], n, min(50, b.N-n))
			if err != nil {
				b.Fatal(err)
			}
			waits[name] = append(waits[name], took...)
		}
	}
	b.StopTimer()
	at := func(name string, share int) float64 {
		all := slices.Clone(waits[name])
		slices.Sort(all)
		return float64(all[min(len(all)*share/100, len(all)-1)].Microseconds()) / 1000
	}
	for _, name := range []string{"alone", "beside"} {
		b.ReportMetric(at(name, 50), name+"-p50-ms")
		b.ReportMetric(at(name, 99), name+"-p99-ms")
	}
	b.ReportMetric(at("beside", 99)/at("alone", 99), "p99-ratio")
}

// hang is the address of somebody who takes every call, and never says a word.
// called hears of the first few.
func hang(b *testing.B) (address string, called <-chan struct{}) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		b.Fatal(err)
	}
	done := make(chan struct{})
	var held []net.Conn
	calls := make(chan struct{}, 100)
	go func() {
		defer close(done)
		for {
			c, err := listener.Accept()
			if err != nil {
				return
			}
			held = append(held, c)
			select {
			case calls <- struct{}{}:
			default:
			}
		}
	}()
	b.Cleanup(func() {
		_ = listener.Close()
		<-done
		for _, c := range held {
			_ = c.Close()
		}
	})
	return listener.Addr().String(), calls
}

// cards sends cards over one connection, one after another, and tells what each
// took.
func cards(address string, first, n int) (took []time.Duration, err error) {
	connection, err := net.Dial("tcp", address)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, connection.Close()) }()
	in := bufio.NewReader(connection)
	for i := range n {
		text := url.Values{"_post": {"/posts/a/"}, "_placement": {"end"}, "email": {fmt.Sprintf("a%d@example.com", first+i)}, "consent": {"yes"}}.Encode()
		began := time.Now()
		_, _ = fmt.Fprintf(connection, "POST /_/f/offer HTTP/1.1\r\nHost: %s\r\nContent-Type: %s\r\nContent-Length: %d\r\n\r\n%s", address, urlencoded, len(text), text)
		answer, err := http.ReadResponse(in, nil)
		if err != nil {
			return nil, err
		}
		_, err = io.Copy(io.Discard, answer.Body)
		if err := errors.Join(err, answer.Body.Close()); err != nil {
			return nil, err
		}
		if !strings.HasPrefix(answer.Status, "303") {
			return nil, errors.New(answer.Status)
		}
		took = append(took, time.Since(began))
	}
	return took, nil
}
