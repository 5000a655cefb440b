package cache

import (
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"sync"

	"cardbowl/generator/internal/memo"
)

const (
	indexName = "index"
	textsName = "texts"
	lockName  = "lock"
)

// ErrLost is returned for a text that is no longer what was kept.
var ErrLost = errors.New("a text that was kept is lost")

// Place is where a text is kept. The digest stands for the text; where it lies
// says nothing.
type Place struct {
	Offset int64 `digest:"-"`
	Length int
	Digest memo.Digest
}

// Cache keeps texts while a process runs and, where it has a folder, a value
// and the texts it refers to beyond that. It may be used from several
// goroutines.
type Cache struct {
	dir  string
	lock *os.File

	mu    sync.Mutex
	texts *os.File    // nil: all are held
	size  int64       // of texts
	held  [][]byte    // those that could not be written
	saved memo.Digest // of the value in the folder
	rooms sync.Pool   // *[]byte that texts are read into
}

// InMemory is a Cache without a folder: it keeps texts and nothing beyond.
func InMemory() *Cache { return &Cache{} }

// Open prepares the cache in dir, which is made. The error is for a folder that
// cannot be used, because another process does or for another reason; a build
// then does without. Close lets go of it.
func Open(dir string) (*Cache, error) {
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return nil, fmt.Errorf("open cache: %w", err)
	}
	c := &Cache{dir: dir}
	var err error
	if c.lock, err = lock(filepath.Join(dir, lockName)); err != nil {
		return nil, fmt.Errorf("open cache: %w", err)
	}
	if left, _ := filepath.Glob(filepath.Join(dir, indexName+"-*")); left != nil {
		for _, name := range left { // of a process that was killed
			_ = os.Remove(name)
		}
	}
	if c.texts, err = os.OpenFile(filepath.Join(dir, textsName), os.O_RDWR|os.O_CREATE, 0o644); err == nil {
		var info os.FileInfo
		if info, err = c.texts.Stat(); err == nil {
			c.size = info.Size()
		}
	}
	if err != nil {
		c.Close()
		return nil, fmt.Errorf("open cache: %w", err)
	}
	return c, nil
}

// Close ends the use of the folder.
func (c *Cache) Close() {
	if c.texts != nil {
		c.texts.Close()
	}
	if c.lock != nil {
		c.lock.Close()
	}
}

// Keep keeps a text: in the folder, or where there is none or its disk is full,
// in memory.
func (c *Cache) Keep(text []byte) Place {
	p := Place{Length: len(text), Digest: memo.OfBytes(text)}
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.texts != nil {
		p.Offset = c.size
		if _, err := c.texts.WriteAt(text, p.Offset); err == nil {
			c.size += int64(len(text))
			return p
		}
	}
	c.held = append(c.held, text)
	p.Offset = -int64(len(c.held))
	return p
}

// Text hands what was kept in a place to use, which must not hold on to it. The
// error is ErrLost, or use's own.
func (c *Cache) Text(p Place, use func([]byte) error) error {
	if p.Offset < 0 {
		c.mu.Lock()
		var text []byte
		if n := int(-p.Offset) - 1; n < len(c.held) {
			text = c.held[n]
		}
		c.mu.Unlock()
		if memo.OfBytes(text) != p.Digest {
			return ErrLost
		}
		return use(text)
	}
	if c.texts == nil {
		return ErrLost
	}
	room, given := c.rooms.Get().(*[]byte)
	if !given {
		room = new([]byte)
	}
	defer c.rooms.Put(room)
	if cap(*room) < p.Length {
		*room = make([]byte, p.Length+p.Length/4)
	}
	text := (*room)[:p.Length]
	if _, err := c.texts.ReadAt(text, p.Offset); err != nil || memo.OfBytes(text) != p.Digest {
		return ErrLost
	}
	return use(text)
}

// spare is how many bytes of texts may lie unused before they are given up.
const spare = 4 << 20

// Load is the value that Save kept under the same program, and whether there is
// one. used tells the length of all texts it refers to; where most of the file
// is something else, all is given up, so that the folder does not grow without
// end.
func Load[T any](c *Cache, program memo.Digest, used func(T) int64) (value T, found bool) {
	if c.dir == "" {
		return value, false
	}
	text, err := os.ReadFile(filepath.Join(c.dir, indexName))
	if err != nil {
		return value, c.reset()
	}
	const seal = len(memo.Digest{})
	end := len(text) - seal
	if end < seal || memo.Digest(text[:seal]) != program || memo.Digest(text[end:]) != memo.OfBytes(text[:end]) {
		return value, c.reset()
	}
	value, err = memo.Unpack[T](string(text[seal:end]))
	if err != nil || c.size > 2*used(value)+spare {
		var none T
		return none, c.reset()
	}
	c.saved = memo.Digest(text[end:])
	return value, true
}

// reset gives up all texts; nothing refers to them.
func (c *Cache) reset() (found bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	_ = os.Remove(filepath.Join(c.dir, indexName))
	c.saved = memo.Digest{}
	if c.texts.Truncate(0) == nil {
		c.size = 0
	}
	return false
}

// Save keeps a value for the next process of the same program.
func Save[T any](c *Cache, program memo.Digest, value T) error {
	if c.dir == "" {
		return nil
	}
	out, err := os.CreateTemp(c.dir, indexName+"-*")
	if err != nil {
		return fmt.Errorf("save cache: %w", err)
	}
	defer os.Remove(out.Name()) // where it was not renamed
	sum := sha256.New()
	both := io.MultiWriter(out, sum)
	if _, err = both.Write(program[:]); err == nil {
		err = memo.PackTo(both, value)
	}
	sealed := memo.Digest(sum.Sum(nil))
	if err == nil {
		_, err = out.Write(sealed[:])
	}
	if err = errors.Join(err, out.Close()); err == nil && sealed != c.saved {
		err = os.Rename(out.Name(), filepath.Join(c.dir, indexName))
	}
	if err != nil {
		return fmt.Errorf("save cache: %w", err)
	}
	c.saved = sealed
	return nil
}
