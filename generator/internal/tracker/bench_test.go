package tracker

import (
	"bufio"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"cardbowl/generator/internal/store"
)

// BenchmarkSubmissions sends forms over loopback to the whole tracker, each
// answered after its commit. The clients share the machine with the server, so
// the figures are for comparing, not for boasting.
func BenchmarkSubmissions(b *testing.B) {
	for _, clients := range []int{1, 16, 64, 256} {
		b.Run(fmt.Sprint(clients), func(b *testing.B) {
			overLoopback(b, clients, "/_/f/newsletter", "303", func(n int) string {
				return url.Values{"_post": {"/posts/a/"}, "_placement": {"end"}, "email": {fmt.Sprintf("a%d@example.com", n)}, "_key": {fmt.Sprint(n)}}.Encode()
			})
		})
	}
}

// BenchmarkEvents does the same with page views.
func BenchmarkEvents(b *testing.B) {
	overLoopback(b, 64, "/_/e", "204", func(int) string { return `{"t":"page_view","p":"/posts/a/"}` })
}

func overLoopback(b *testing.B, clients int, path, status string, body func(n int) string) {
	s, err := store.OpenSQLite(b.Context(), filepath.Join(b.TempDir(), "store.db"), store.SQLiteOptions{})
	if err != nil {
		b.Fatal(err)
	}
	defer s.Close()
	t := New(Options{Store: s, GuardOff: true})
	if err := t.SetManifest(exampleManifest()); err != nil {
		b.Fatal(err)
	}
	server := httptest.NewUnstartedServer(nil)
	server.Config = Server(t.Handler(nil))
	server.Start()
	defer server.Close()
	address := server.Listener.Addr().String()
	var group sync.WaitGroup
	var next, failed atomic.Int64
	waits := make([][]time.Duration, clients)
	b.ResetTimer()
	for c := range clients {
		group.Go(func() {
			connection, err := net.Dial("tcp", address)
			if err != nil {
				failed.Add(1)
				return
			}
			defer connection.Close()
			in := bufio.NewReader(connection)
			for {
				n := next.Add(1)
				if n > int64(b.N) {
					return
				}
				text := body(int(n))
				began := time.Now()
				_, _ = fmt.Fprintf(connection, "POST %s HTTP/1.1\r\nHost: %s\r\nUser-Agent: Mozilla/5.0 Firefox/%d\r\nContent-Type: %s\r\nContent-Length: %d\r\n\r\n%s", path, address, n%5000, urlencoded, len(text), text)
				response, err := http.ReadResponse(in, nil)
				if err != nil || !strings.HasPrefix(response.Status, status) {
					failed.Add(1)
					return
				}
				_, _ = io.Copy(io.Discard, response.Body)
				_ = response.Body.Close()
				waits[c] = append(waits[c], time.Since(began))
			}
		})
	}
	group.Wait()
	b.StopTimer()
	if n := failed.Load(); n > 0 {
		b.Fatalf("%d clients failed", n)
	}
	all := slices.Concat(waits...)
	slices.Sort(all)
	b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "requests/s")
	b.ReportMetric(float64(all[len(all)/2].Microseconds())/1000, "p50-ms")
	b.ReportMetric(float64(all[len(all)*99/100].Microseconds())/1000, "p99-ms")
}
