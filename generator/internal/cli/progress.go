package cli

import (
	"fmt"
	"io"
	"sync"
	"time"
)

// progress says on a terminal what takes so long.
type progress struct {
	screen io.Writer
	stop   chan struct{}
	ended  sync.WaitGroup

	mu    sync.Mutex
	doing string
}

const (
	silence  = time.Second // work that ends within it says nothing
	redrawAt = 200 * time.Millisecond
)

// watchProgress starts to watch one piece of work. Where nobody is looking, it
// says nothing.
func (w World) watchProgress() *progress {
	p := &progress{screen: w.Stderr, stop: make(chan struct{})}
	if terminal(w.Stderr) {
		p.ended.Go(p.run)
	}
	return p
}

// now is told what is being done from here on.
func (p *progress) now(doing string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.doing = doing
}

// end takes the line away again.
func (p *progress) end() {
	close(p.stop)
	p.ended.Wait()
}

func (p *progress) run() {
	select {
	case <-p.stop:
		return
	case <-time.After(silence):
	}
	redraw := time.NewTicker(redrawAt)
	defer redraw.Stop()
	const clearLine = "\r\x1b[K"
	begin := time.Now().Add(-silence)
	for {
		p.mu.Lock()
		fmt.Fprintf(p.screen, "%s%s… %d s", clearLine, p.doing, int(time.Since(begin).Seconds()))
		p.mu.Unlock()
		select {
		case <-p.stop:
			fmt.Fprint(p.screen, clearLine)
			return
		case <-redraw.C:
		}
	}
}
