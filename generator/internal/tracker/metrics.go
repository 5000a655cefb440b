package tracker

import (
	"bytes"
	"fmt"
	"net/http"
	"runtime"
	"runtime/debug"
	"slices"
	"strings"
	"sync"
	"time"

	"cardbowl/generator/internal/store"
)

// buckets are the upper bounds of the histogram of durations, in seconds.
func buckets() []float64 { return []float64{.001, .0025, .005, .01, .025, .05, .1, .25, .5, 1, 5} }

// metrics counts requests by route and status, never by who or what they were
// about. It is bounded: routes are those of the mux.
type metrics struct {
	buckets []float64
	begun   time.Time

	mu     sync.Mutex
	routes map[string]*routeMetrics
}

type routeMetrics struct {
	byStatus map[int]int64
	within   []int64 // by bucket, not cumulative; one more for what took longer
	seconds  float64
}

func newMetrics(begun time.Time) *metrics {
	return &metrics{buckets: buckets(), begun: begun, routes: map[string]*routeMetrics{}}
}

func (m *metrics) note(route string, status int, took time.Duration) {
	m.mu.Lock()
	defer m.mu.Unlock()
	r := m.routes[route]
	if r == nil {
		r = &routeMetrics{byStatus: map[int]int64{}, within: make([]int64, len(m.buckets)+1)}
		m.routes[route] = r
	}
	r.byStatus[status]++
	r.seconds += took.Seconds()
	at, _ := slices.BinarySearch(m.buckets, took.Seconds())
	r.within[at]++
}

// measure notes every request under the pattern that answered it.
func (t *Tracker) measure(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		begin := time.Now() // how long it took is no matter of the site's clock
		seen := &statusWriter{ResponseWriter: w}
		defer func() {
			route := r.Pattern
			if route == "" {
				route = "other"
			}
			status := seen.status
			if status == 0 {
				status = http.StatusOK
			}
			t.metrics.note(route, status, time.Since(begin))
		}()
		next.ServeHTTP(seen, r)
	})
}

// sendMetrics answers in Prometheus's text format, version 0.0.4.
func (t *Tracker) sendMetrics(w http.ResponseWriter, r *http.Request) {
	ready := 0
	if t.site.Load().known && t.store.Ready(r.Context()) == nil {
		ready = 1
	}
	w.Header().Set("Content-Type", "text/plain; version=0.0.4; charset=utf-8")
	queues, err := t.store.Queues(r.Context())
	if err != nil {
		t.logger.Error("the outbox was not counted", "error", err)
	}
	_, _ = w.Write(append(t.metrics.text(ready), queueMetrics(queues, t.now())...))
}

func (m *metrics) text(ready int) []byte {
	var b bytes.Buffer
	head := func(name, kind, help string) { fmt.Fprintf(&b, "# HELP %s %s\n# TYPE %s %s\n", name, help, name, kind) }
	gauge := func(name, help string, value any) {
		head(name, "gauge", help)
		fmt.Fprintf(&b, "%s %v\n", name, value)
	}
	version := "unknown"
	if info, ok := debug.ReadBuildInfo(); ok {
		version = info.Main.Version
	}
	head("cardbowl_build_info", "gauge", "The program's version; always 1.")
	fmt.Fprintf(&b, "cardbowl_build_info{version=%q,go=%q} 1\n", version, runtime.Version())
	gauge("cardbowl_ready", "1 while a card sent now would be stored and acknowledged.", ready)
	gauge("process_start_time_seconds", "When the tracker began, in Unix seconds.", fmt.Sprintf("%.3f", float64(m.begun.UnixMilli())/1000))
	var memory runtime.MemStats
	runtime.ReadMemStats(&memory)
	gauge("go_goroutines", "Goroutines that exist now.", runtime.NumGoroutine())
	gauge("go_memstats_heap_inuse_bytes", "Bytes in use by the heap.", memory.HeapInuse)

	m.mu.Lock()
	defer m.mu.Unlock()
	routes := make([]string, 0, len(m.routes))
	for route := range m.routes {
		routes = append(routes, route)
	}
	slices.Sort(routes)
	head("cardbowl_requests_total", "counter", "Requests answered, by route and status.")
	for _, route := range routes {
		var statuses []int
		for status := range m.routes[route].byStatus {
			statuses = append(statuses, status)
		}
		slices.Sort(statuses)
		for _, status := range statuses {
			fmt.Fprintf(&b, "cardbowl_requests_total{route=\"%s\",status=\"%d\"} %d\n", label(route), status, m.routes[route].byStatus[status])
		}
	}
	head("cardbowl_request_duration_seconds", "histogram", "How long requests took, by route.")
	for _, route := range routes {
		r, sum := m.routes[route], int64(0)
		for i, bound := range m.buckets {
			sum += r.within[i]
			fmt.Fprintf(&b, "cardbowl_request_duration_seconds_bucket{route=\"%s\",le=\"%v\"} %d\n", label(route), bound, sum)
		}
		sum += r.within[len(m.buckets)]
		fmt.Fprintf(&b, "cardbowl_request_duration_seconds_bucket{route=\"%s\",le=\"+Inf\"} %d\n", label(route), sum)
		fmt.Fprintf(&b, "cardbowl_request_duration_seconds_sum{route=\"%s\"} %v\n", label(route), r.seconds)
		fmt.Fprintf(&b, "cardbowl_request_duration_seconds_count{route=\"%s\"} %d\n", label(route), sum)
	}
	return b.Bytes()
}

// queueMetrics are those of the outbox. A message that was put off after it could
// not be sent is not late until its time has come again, but it is retrying.
func queueMetrics(queues []store.Queue, now time.Time) []byte {
	var b bytes.Buffer
	late := 0.0
	fmt.Fprintf(&b, "# HELP cardbowl_outbox_messages Mails and webhooks that are not sent: waiting, retrying after a failure, or dead, which is given up.\n# TYPE cardbowl_outbox_messages gauge\n")
	for _, q := range queues {
		state := string(q.State)
		if q.State == store.Waiting {
			late = max(late, now.Sub(q.DueAt).Seconds())
			if q.Tried {
				state = "retrying"
			}
		}
		fmt.Fprintf(&b, "cardbowl_outbox_messages{kind=\"%s\",state=\"%s\"} %d\n", label(q.Kind), state, q.Size)
	}
	fmt.Fprintf(&b, "# HELP cardbowl_outbox_late_seconds For how long the message that is due first should have been sent.\n# TYPE cardbowl_outbox_late_seconds gauge\ncardbowl_outbox_late_seconds %.3f\n", late)
	return b.Bytes()
}

// label is a text as a label's value may hold it.
func label(text string) string {
	return strings.NewReplacer(`\`, `\\`, `"`, `\"`, "\n", `\n`).Replace(text)
}
