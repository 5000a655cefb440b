package main

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"time"
)

// served is a program that serves its site while it is edited.
type served struct {
	address string
	said    *log
	end     func() int64 // stops it, and returns the bytes it held at the peak
}

// log is what a program has said so far.
type log struct {
	mu   sync.Mutex
	text bytes.Buffer
}

// Write implements io.Writer.
func (l *log) Write(text []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.Write(text)
}

func (l *log) all() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.String()
}

// The longest a first build and a rebuild are waited for.
const (
	startsWithin  = 10 * time.Minute
	changesWithin = 2 * time.Minute
)

// start serves the site of a contender and returns once a page is there.
func (c *contender) start(page string) (served, error) {
	free, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return served{}, err
	}
	address := free.Addr().String()
	_, port, _ := net.SplitHostPort(address)
	free.Close()
	s := served{address: "http://" + address, said: new(log)}
	command := c.serve(port)
	command.Stdout, command.Stderr = s.said, s.said
	if err := command.Start(); err != nil {
		return served{}, err
	}
	s.end = func() int64 {
		_ = command.Process.Signal(os.Interrupt)
		_ = command.Wait()
		return peak(command.ProcessState)
	}
	if _, err := s.until(page, "<", startsWithin); err != nil {
		s.end()
		return served{}, fmt.Errorf("%s: %w\n%s", c.name, err, s.said.all())
	}
	return s, nil
}

// until asks for a page again and again until it holds a text, and tells how long
// that took.
func (s served) until(page, text string, patience time.Duration) (time.Duration, error) {
	begin := time.Now()
	for time.Since(begin) < patience {
		if answer, err := http.Get(s.address + page); err == nil {
			body, err := io.ReadAll(answer.Body)
			answer.Body.Close()
			if err == nil && answer.StatusCode == http.StatusOK && strings.Contains(string(body), text) {
				return time.Since(begin), nil
			}
		}
		time.Sleep(time.Millisecond)
	}
	return 0, errors.New("the change is not served")
}

// rebuilt is how Cardbowl says how long it took from the moment that changes have
// calmed down until all is on disk and open pages are told.
var rebuilt = regexp.MustCompile(`rebuilt in ([0-9.]+m?s)`)

// live edits one body again and again while each contender serves its site.
func (b *bench) live(edits int) error {
	time.Sleep(2500 * time.Millisecond) // as for the other figures
	fmt.Fprintln(b.out, "one body edited while the site is served: median (least to most)")
	for _, c := range b.contenders {
		if c.serve == nil {
			continue
		}
		posts, err := filepath.Glob(filepath.Join(c.site, "content", "posts", "*.md"))
		if err != nil || len(posts) == 0 {
			return fmt.Errorf("no posts in %s: %w", c.site, err)
		}
		post := posts[len(posts)/2]
		page := "/posts/" + strings.TrimSuffix(filepath.Base(post), ".md") + "/"
		s, err := c.start(page)
		if err != nil {
			return err
		}
		time.Sleep(2500 * time.Millisecond) // what is done after a start is no part of an edit
		took, err := b.edits(s, post, page, edits)
		memory := s.end()
		if err != nil {
			return fmt.Errorf("%s: %w\n%s", c.name, err, s.said.all())
		}
		b.line(c.name, "saved → served", took)
		var own []time.Duration
		for _, said := range rebuilt.FindAllStringSubmatch(s.said.all(), -1) {
			if d, err := time.ParseDuration(said[1]); err == nil {
				own = append(own, d)
			}
		}
		if len(own) > 0 {
			b.line(c.name, "calm → written and told", own)
		}
		fmt.Fprintf(b.out, "%-10s %-26s %6d MiB\n", c.name, "peak", memory>>20)
	}
	return nil
}

// edits appends a line with a word of its own to a post, and waits for it.
func (b *bench) edits(s served, post, page string, times int) ([]time.Duration, error) {
	var out []time.Duration
	for n := range times {
		word := fmt.Sprintf("edited%d", n)
		f, err := os.OpenFile(post, os.O_APPEND|os.O_WRONLY, 0)
		if err != nil {
			return nil, err
		}
		_, err = fmt.Fprintf(f, "\nThe word is %s.\n", word)
		if err = errors.Join(err, f.Close()); err != nil {
			return nil, err
		}
		took, err := s.until(page, word, changesWithin)
		if err != nil {
			return nil, err
		}
		out = append(out, took)
		time.Sleep(700 * time.Millisecond) // longer than Hugo collects changes
	}
	return out, nil
}

func (b *bench) line(name, what string, took []time.Duration) {
	var values []float64
	for _, d := range took {
		values = append(values, float64(d.Microseconds())/1000)
	}
	least, most := values[0], values[0]
	for _, v := range values {
		least, most = min(least, v), max(most, v)
	}
	fmt.Fprintf(b.out, "%-10s %-26s %8.1f ms  (%.1f to %.1f)\n", name, what, middle(values), least, most)
}

// cardbowlServe and hugoServe are the commands.
func cardbowlServe(program, site string) func(port string) *exec.Cmd {
	return func(port string) *exec.Cmd {
		return exec.Command(program, "serve", "-s", site, "--addr", "127.0.0.1:"+port)
	}
}

func hugoServe(program, site string) func(port string) *exec.Cmd {
	return func(port string) *exec.Cmd {
		return exec.Command(program, "server", "-s", site, "--bind", "127.0.0.1", "--port", port, "--baseURL", "http://127.0.0.1/", "--disableLiveReload")
	}
}
