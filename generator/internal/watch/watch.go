package watch

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"syscall"
	"time"

	"github.com/fsnotify/fsnotify"

	"cardbowl/generator/internal/memo"
	"cardbowl/generator/internal/source"
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

	wake     chan Change
	notice   chan string
	events   *fsnotify.Watcher // nil where the system gives none
	top      string            // watched for itself only
	below    []string          // watched with everything below
	scanning bool              // not every folder is watched
	seen     memo.Digest       // what the last scan saw
}

// Start watches top itself, without what lies below it, and each of the folders
// below with everything in them. Folders that do not exist yet are noticed when
// they appear in top. The error is for a top that is not there.
func Start(ctx context.Context, top string, below []string) (*Watcher, error) {
	if _, err := os.Stat(top); err != nil {
		return nil, fmt.Errorf("watch the site: %w", err)
	}
	wake, notice := make(chan Change, 1), make(chan string, 4)
	w := &Watcher{Wake: wake, Notice: notice, wake: wake, notice: notice, top: top, below: below}
	events, err := fsnotify.NewWatcher()
	if err == nil {
		w.events = events
		err = w.addAll()
	}
	if err != nil {
		w.scan(ctx, err)
	}
	go w.run(ctx)
	return w, nil
}

// addAll watches everything there is; what is watched already stays so.
func (w *Watcher) addAll() error {
	if err := w.events.Add(w.top); err != nil {
		return err
	}
	for _, folder := range w.below {
		if err := w.add(folder); err != nil {
			return err
		}
	}
	return nil
}

// add watches a folder and all folders in it: first the folder, then what is in
// it, so that nothing can appear between the two. Folders, never files: an editor
// that saves by renaming would take the watch away with the old file. The error
// is the system's, that it watches no more.
func (w *Watcher) add(folder string) error {
	return filepath.WalkDir(folder, func(name string, entry fs.DirEntry, err error) error {
		if err != nil || !entry.IsDir() {
			return nil // vanished, or unreadable: the reader tells
		}
		if strings.HasPrefix(entry.Name(), ".") && name != folder {
			return fs.SkipDir
		}
		err = w.events.Add(name)
		if errors.Is(err, fs.ErrNotExist) || errors.Is(err, fs.ErrPermission) || errors.Is(err, syscall.ENOTDIR) {
			return fs.SkipDir // vanished since it was listed, or unreadable
		}
		return err
	})
}

// scan looks at everything at intervals from now on, and says so once.
func (w *Watcher) scan(ctx context.Context, why error) {
	if w.scanning {
		return
	}
	w.scanning = true
	w.seen = w.look(ctx)
	w.tell("not every folder can be watched (" + why.Error() + "); the site is looked through every second instead" + remedy(why))
}

// remedy is what raises the limit that was reached.
func remedy(why error) string {
	switch {
	case runtime.GOOS == "linux" && errors.Is(why, syscall.ENOSPC):
		return "\nhint: sudo sysctl fs.inotify.max_user_watches=524288"
	case runtime.GOOS == "linux" && errors.Is(why, syscall.EMFILE):
		return "\nhint: sudo sysctl fs.inotify.max_user_instances=1024"
	case errors.Is(why, syscall.EMFILE):
		return "\nhint: ulimit -n 65536"
	}
	return ""
}

// look is the digest of what stat says of everything that can change the site.
func (w *Watcher) look(ctx context.Context) memo.Digest {
	names := append([]string{filepath.Join(w.top, source.ConfigFile)}, w.below...)
	stamp, err := source.StampFiles(ctx, time.Time{}, foreign, names...)
	if err != nil {
		return memo.Of(err.Error()) // which the reader tells, too
	}
	return stamp.Digest
}

func (w *Watcher) run(ctx context.Context) {
	var events <-chan fsnotify.Event
	var failures <-chan error
	if w.events != nil {
		defer w.events.Close()
		events, failures = w.events.Events, w.events.Errors
	}
	quiet := time.NewTimer(time.Hour)
	quiet.Stop()
	poll := time.NewTimer(pollEvery)
	defer poll.Stop()
	var since time.Time // of the first change not yet told
	var change Change   // not yet told
	later := func(name string) {
		change = change.and(name)
		if since.IsZero() {
			since = time.Now()
		}
		quiet.Reset(min(calm, max(0, impatience-time.Since(since))))
	}
	for {
		select {
		case <-ctx.Done():
			return
		case event, open := <-events:
			if !open {
				return
			}
			if event.Name == w.top && (event.Has(fsnotify.Remove) || event.Has(fsnotify.Rename)) {
				w.scan(ctx, errors.New("the site folder is gone, or another"))
				later("")
				continue
			}
			if !w.matters(event) {
				continue
			}
			if event.Has(fsnotify.Create) && w.inside(event.Name) {
				if info, err := os.Lstat(event.Name); err == nil && info.IsDir() {
					if err := w.add(event.Name); err != nil {
						w.scan(ctx, err)
					}
				}
			}
			later(event.Name)
		case err, open := <-failures:
			if !open {
				return
			}
			if errors.Is(err, fsnotify.ErrEventOverflow) {
				w.tell("too many changes at once to be told apart; everything is looked at again")
				if err := w.addAll(); err != nil { // folders may have come unseen
					w.scan(ctx, err)
				}
			}
			later("")
		case <-poll.C:
			begin := time.Now()
			if w.scanning {
				if now := w.look(ctx); now != w.seen {
					w.seen = now
					later("")
				}
			}
			// A site that takes long to look through must not be all the machine does.
			poll.Reset(max(pollEvery, 20*time.Since(begin)))
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
	if event.Op == fsnotify.Chmod || foreign(base) {
		return false
	}
	return base == source.ConfigFile || w.inside(event.Name)
}

// foreign are names that editors and systems leave behind.
func foreign(base string) bool { return strings.HasPrefix(base, ".") || strings.HasSuffix(base, "~") }

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
