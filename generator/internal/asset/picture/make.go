package picture

import (
	"bytes"
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"image"
	"image/jpeg"
	"image/png"
	"io"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"time"

	"golang.org/x/image/draw"
	"golang.org/x/sync/semaphore"

	"cardbowl/generator/internal/memo"
	"cardbowl/generator/internal/source"
)

// Workshop makes variants and keeps them in a folder of its own. It is safe for
// concurrent use.
type Workshop struct {
	dir      string
	settings Settings
	told     func(made int)      // is told how many pictures have been made
	room     *semaphore.Weighted // of pixels that are held at a time

	mu      sync.Mutex
	benches map[memo.Digest]*sync.Mutex // of sources: one decodes for all its variants
	used    map[string]bool
	made    int
}

// roomFor bounds the memory of pictures that are being made: two photographs of
// 24 million pixels at a time, at about seven bytes each.
const roomFor = 50_000_000 // pixels

// Open prepares a workshop that keeps what it makes in dir.
func Open(dir string, s Settings, told func(made int)) *Workshop {
	return &Workshop{dir: dir, settings: s, told: told, room: semaphore.NewWeighted(roomFor), benches: map[memo.Digest]*sync.Mutex{}, used: map[string]bool{}}
}

// Bytes opens a variant of a picture, and makes it, together with all others of
// the same picture, where the cache has none.
func (w *Workshop) Bytes(f source.File, m Measure, all []Variant, v Variant) (io.ReadSeekCloser, error) {
	if kept := w.kept(v.Recipe); kept != nil {
		return inMemory{bytes.NewReader(kept)}, nil
	}
	bench := w.bench(f.Digest)
	bench.Lock()
	defer bench.Unlock()
	if kept := w.kept(v.Recipe); kept != nil {
		return inMemory{bytes.NewReader(kept)}, nil
	}
	if err := w.makeAll(f, m, all); err != nil {
		return nil, fmt.Errorf("picture %s: %w", f.Path, err)
	}
	kept := w.kept(v.Recipe)
	if kept == nil {
		return nil, fmt.Errorf("picture %s: the cache %s cannot be read", f.Path, w.dir)
	}
	return inMemory{bytes.NewReader(kept)}, nil
}

// Drawn opens a picture that is drawn, not made of a file.
func (w *Workshop) Drawn(recipe memo.Digest, draw func() ([]byte, error)) (io.ReadSeekCloser, error) {
	kept := w.kept(recipe)
	if kept == nil {
		text, err := draw()
		if err == nil {
			err = w.keep(recipe, text)
		}
		if err != nil {
			return nil, err
		}
		kept = text
	}
	return inMemory{bytes.NewReader(kept)}, nil
}

func (w *Workshop) bench(d memo.Digest) *sync.Mutex {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.benches[d] == nil {
		w.benches[d] = &sync.Mutex{}
	}
	return w.benches[d]
}

func (w *Workshop) at(recipe memo.Digest) string {
	name := recipe.String()
	w.mu.Lock()
	w.used[name] = true
	w.mu.Unlock()
	return filepath.Join(w.dir, name[:2], name)
}

// kept is what the cache holds under a recipe, or nil. A file begins with the
// digest of what follows; one that was damaged counts for nothing.
func (w *Workshop) kept(recipe memo.Digest) []byte {
	whole, err := os.ReadFile(w.at(recipe))
	if err != nil || len(whole) < sha256.Size {
		return nil
	}
	if sum := sha256.Sum256(whole[sha256.Size:]); !bytes.Equal(sum[:], whole[:sha256.Size]) {
		return nil
	}
	return whole[sha256.Size:]
}

func (w *Workshop) keep(recipe memo.Digest, text []byte) error {
	at := w.at(recipe)
	if err := os.MkdirAll(filepath.Dir(at), 0o755); err != nil {
		return fmt.Errorf("make cache folder: %w", err)
	}
	beside, err := os.CreateTemp(filepath.Dir(at), ".new-*")
	if err != nil {
		return fmt.Errorf("write cache: %w", err)
	}
	defer os.Remove(beside.Name()) // gone already where all went well
	sum := sha256.Sum256(text)
	_, err = beside.Write(sum[:])
	if err == nil {
		_, err = beside.Write(text)
	}
	if err = errors.Join(err, beside.Close()); err == nil {
		err = os.Rename(beside.Name(), at)
	}
	if err != nil {
		return fmt.Errorf("write cache: %w", err)
	}
	return nil
}

// keptFor is how long the cache keeps what no build has asked for: long enough
// to go back and forth between two states of a site.
const keptFor = 14 * 24 * time.Hour

// Sweep forgets what was not asked for since Open, and not for a while before.
// now is the machine's clock, which the times of files are by.
func (w *Workshop) Sweep(now time.Time) {
	_ = filepath.WalkDir(w.dir, func(at string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() {
			return nil // a cache that is not there needs no sweeping
		}
		w.mu.Lock()
		used := w.used[entry.Name()]
		w.mu.Unlock()
		info, err := entry.Info()
		switch {
		case err != nil:
		case used && now.Sub(info.ModTime()) > keptFor/2:
			_ = os.Chtimes(at, now, now)
		case !used && now.Sub(info.ModTime()) > keptFor:
			_ = os.Remove(at)
		}
		return nil
	})
}

// makeAll decodes a picture once and makes each variant that is not kept.
func (w *Workshop) makeAll(f source.File, m Measure, all []Variant) error {
	pixels := min(int64(m.Width)*int64(m.Height), roomFor)
	if err := w.room.Acquire(context.Background(), pixels); err != nil {
		return err
	}
	defer w.room.Release(pixels)
	whole, err := f.Read()
	if err != nil {
		return err
	}
	decoded, _, err := image.Decode(bytes.NewReader(whole))
	if err != nil {
		return err
	}
	var colours [][]byte
	if _, usual := decoded.(*image.YCbCr); usual { // the profile of another colour space would no longer fit
		if parts, err := segments(bytes.NewReader(whole)); err == nil {
			colours = profile(parts)
		}
	}
	whole = nil
	widest := 0
	for _, v := range all {
		widest = max(widest, v.Width)
	}
	decoded = reduced(decoded, widest, m.Turn >= 5)
	scaled := map[int]image.Image{}
	largest := slices.MaxFunc(all, func(a, b Variant) int { return a.Width - b.Width })
	scaled[largest.Width] = upright(scale(decoded, largest, m.Turn), m.Turn)
	decoded = nil
	for _, v := range all {
		if w.kept(v.Recipe) != nil {
			continue
		}
		if scaled[v.Width] == nil {
			scaled[v.Width] = scale(scaled[largest.Width], v, 1)
		}
		text, err := w.encode(scaled[v.Width], v, colours)
		if err == nil {
			err = w.keep(v.Recipe, text)
		}
		if err != nil {
			return err
		}
	}
	w.mu.Lock()
	w.made++
	made := w.made
	w.mu.Unlock()
	w.told(made)
	return nil
}

// reduced is a picture at a half, a third and so on, where that leaves at least
// a quarter more than the widest variant needs: each pixel the mean of a square.
// The finer scaling that follows costs memory by its input.
func reduced(p image.Image, widest int, turned bool) image.Image {
	size := p.Bounds().Size()
	across := size.X
	if turned {
		across = size.Y
	}
	factor := across * 4 / (widest * 5)
	if factor < 2 {
		return p
	}
	out := image.NewRGBA(image.Rect(0, 0, size.X/factor, size.Y/factor))
	mean(out, p, factor)
	return out
}

// mean fills out with the means of squares of p.
func mean(out *image.RGBA, p image.Image, factor int) {
	row := image.NewRGBA(image.Rect(0, 0, out.Rect.Dx()*factor, factor))
	from := p.Bounds().Min
	n := uint32(factor * factor)
	for y := range out.Rect.Dy() {
		draw.Draw(row, row.Rect, p, image.Pt(from.X, from.Y+y*factor), draw.Src)
		for x := range out.Rect.Dx() {
			var sum [4]uint32
			for dy := range factor {
				at := row.PixOffset(x*factor, dy)
				for range factor {
					for c := range sum {
						sum[c] += uint32(row.Pix[at+c])
					}
					at += 4
				}
			}
			at := out.PixOffset(x, y)
			for c := range sum {
				out.Pix[at+c] = uint8((sum[c] + n/2) / n)
			}
		}
	}
}

// scale brings a picture to the size of a variant, which is that of the picture
// after turning.
func scale(p image.Image, v Variant, turn int) *image.RGBA {
	width, height := v.Width, v.Height
	if turn >= 5 {
		width, height = height, width
	}
	out := image.NewRGBA(image.Rect(0, 0, width, height))
	if size := p.Bounds().Size(); size.X == width && size.Y == height {
		draw.Draw(out, out.Rect, p, p.Bounds().Min, draw.Src)
	} else {
		draw.CatmullRom.Scale(out, out.Rect, p, p.Bounds(), draw.Src, nil)
	}
	return out
}

// upright turns a picture as EXIF's orientation says: 2 mirrored, 3 upside down,
// 4 both, 5 to 8 the same lying on a side.
func upright(p *image.RGBA, turn int) *image.RGBA {
	if turn <= 1 || turn > 8 {
		return p
	}
	w, h := p.Rect.Dx(), p.Rect.Dy()
	to := func(x, y int) (int, int) {
		switch turn {
		case 2:
			return w - 1 - x, y
		case 3:
			return w - 1 - x, h - 1 - y
		case 4:
			return x, h - 1 - y
		case 5:
			return y, x
		case 6:
			return h - 1 - y, x
		case 7:
			return h - 1 - y, w - 1 - x
		}
		return y, w - 1 - x
	}
	size := p.Rect
	if turn >= 5 {
		size = image.Rect(0, 0, h, w)
	}
	out := image.NewRGBA(size)
	for y := range h {
		for x := range w {
			tx, ty := to(x, y)
			copy(out.Pix[out.PixOffset(tx, ty):][:4], p.Pix[p.PixOffset(x, y):][:4])
		}
	}
	return out
}

func (w *Workshop) encode(p image.Image, v Variant, colours [][]byte) ([]byte, error) {
	var b bytes.Buffer
	switch v.Type {
	case "image/webp":
		return w.webp(p)
	case "image/png":
		encoder := png.Encoder{CompressionLevel: png.BestCompression}
		err := encoder.Encode(&b, p)
		return b.Bytes(), err
	}
	if err := jpeg.Encode(&b, p, &jpeg.Options{Quality: w.settings.Quality}); err != nil {
		return nil, err
	}
	if len(colours) == 0 {
		return b.Bytes(), nil
	}
	out := append([]byte{0xFF, 0xD8}, bytes.Join(colours, nil)...)
	return append(out, b.Bytes()[2:]...), nil
}

// patience is how long the outside encoder may take over one variant.
const patience = time.Minute

func (w *Workshop) webp(p image.Image) ([]byte, error) {
	var in, out, complaints bytes.Buffer
	fast := png.Encoder{CompressionLevel: png.BestSpeed}
	if err := fast.Encode(&in, p); err != nil {
		return nil, err
	}
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	c := exec.CommandContext(ctx, w.settings.WebP.Program, "-quiet", "-metadata", "none", "-q", fmt.Sprint(w.settings.Quality), "-o", "-", "--", "-")
	c.Stdin, c.Stdout, c.Stderr = &in, &out, &complaints
	if err := c.Run(); err != nil {
		return nil, fmt.Errorf("cwebp: %w: %s", err, strings.TrimSpace(complaints.String()))
	}
	return out.Bytes(), nil
}
