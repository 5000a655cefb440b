package watch

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/fsnotify/fsnotify"
)

const (
	// calm is how long nothing must happen before a wake-up.
	calm = 25 * time.Millisecond
	// impatience is how long a steady stream of changes can put it off.
	impatience = time.Second
	// pollEvery is the interval of scanning where watching does not work.
	pollEvery = time.Second
)

// Change is where to look again.
type Change struct {
	Files []string // that may have changed, appeared or gone, or be folders; as the watched folders were given, with what is below them
	All   bool     // more may have changed than is named
}

// many is how many names are worth telling apart.
const many = 200

// and adds a name, or where it is empty everything.
func (c Change) and(name string) Change {
	switch {
	case c.All || name == "" || len(c.Files) == many && !slices.Contains(c.Files, name):
		return Change{All: true}
	case !slices.Contains(c.Files, name):
		c.Files = append(c.Files, name)
	}
	return c
}

// Watcher watches until its context ends.
type Watcher struct {
	// Wake receives after changes. It holds at most one wake-up, which is of all
	// changes since the one before.
	Wake <-chan Change
	// Notice receives what the writer should know, such as a fallback.
	Notice <-chan string

	wake   chan Change
	notice chan string
	events *fsnotify.Watcher
	top    string   // watched for itself only
	below  []string // watched with everything below
}

// Start watches top itself, without what lies below it, and each of the folders
// below with everything in them. Folders that do not exist yet are noticed when
// they appear in top.
func Start(ctx context.Context, top string, below []string) (*Watcher, error) {
	events, err := fsnotify.NewWatcher()
	if err != nil {
		return nil, fmt.Errorf("start watching: %w", err)
	}
	wake, notice := make(chan Change, 1), make(chan string, 4)
	w := &Watcher{Wake: wake, Notice: notice, wake: wake, notice: notice, events: events, top: top, below: below}
	if err := events.Add(top); err != nil {
		events.Close()
		return nil, fmt.Errorf("watch %s: %w", top, err)
	}
	failed := false
	for _, folder := range below {
		failed = w.add(folder) != nil || failed
	}
	go w.run(ctx, failed)
	return w, nil
}

// add watches a folder and all folders in it. Folders, never files: an editor
// that saves by renaming would take the watch away with the old file.
func (w *Watcher) add(folder string) error {
	return filepath.WalkDir(folder, func(name string, entry fs.DirEntry, err error) error {
		if errors.Is(err, fs.ErrNotExist) {
			return nil
		}
		if err != nil || !entry.IsDir() {
			return nil // unreadable: the reader tells
		}
		if strings.HasPrefix(entry.Name(), ".") && name != folder {
			return fs.SkipDir
		}
		return w.events.Add(name)
	})
}

func (w *Watcher) run(ctx context.Context, failed bool) {
	defer w.events.Close()
	quiet := time.NewTimer(time.Hour)
	quiet.Stop()
	var since time.Time // of the first change not yet told
	var change Change   // not yet told
	poll := time.NewTicker(pollEvery)
	defer poll.Stop()
	if failed {
		w.tell("the system cannot watch every folder (its limit is reached); scanning once a second instead")
	} else {
		poll.Stop()
	}
	for {
		select {
		case <-ctx.Done():
			return
		case event, open := <-w.events.Events:
			if !open {
				return
			}
			if !w.matters(event) {
				continue
			}
			if event.Has(fsnotify.Create) && w.inside(event.Name) {
				if info, err := os.Lstat(event.Name); err == nil && info.IsDir() && w.add(event.Name) != nil && !failed {
					failed = true
					poll.Reset(pollEvery)
					w.tell("the system cannot watch every folder (its limit is reached); scanning once a second instead")
				}
			}
			if since.IsZero() {
				since = time.Now()
			}
			change = change.and(event.Name)
			quiet.Reset(min(calm, max(0, impatience-time.Since(since))))
		case err, open := <-w.events.Errors:
			if !open {
				return
			}
			if errors.Is(err, fsnotify.ErrEventOverflow) {
				w.tell("too many changes at once to be told apart; looking at everything again")
			}
			change = change.and("")
			quiet.Reset(calm)
		case <-poll.C:
			w.signal(Change{All: true})
		case <-quiet.C:
			w.signal(change)
			since, change = time.Time{}, Change{}
		}
	}
}

// matters drops what cannot change a site: permissions, editors' own files, and
// anything in the site folder itself but the settings and the watched folders.
func (w *Watcher) matters(event fsnotify.Event) bool {
	base := filepath.Base(event.Name)
	if event.Op == fsnotify.Chmod || strings.HasPrefix(base, ".") || strings.HasSuffix(base, "~") {
		return false
	}
	return base == "site.yaml" || w.inside(event.Name)
}

func (w *Watcher) inside(name string) bool {
	for _, folder := range w.below {
		if name == folder || strings.HasPrefix(name, folder+string(filepath.Separator)) {
			return true
		}
	}
	return false
}

func (w *Watcher) signal(change Change) {
	select {
	case waiting := <-w.wake: // nobody came for it yet
		if waiting.All {
			change = waiting
		}
		for _, name := range waiting.Files {
			change = change.and(name)
		}
	default:
	}
	w.wake <- change // nobody else sends
}

func (w *Watcher) tell(text string) {
	select {
	case w.notice <- text:
	default:
	}
}
