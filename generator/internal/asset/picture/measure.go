package picture

import (
	"bufio"
	"bytes"
	"encoding/binary"
	"fmt"
	"image"
	_ "image/gif" // measured, though not changed
	_ "image/jpeg"
	_ "image/png"
	"io"
	"path"
	"strings"

	_ "golang.org/x/image/webp"

	"cardbowl/generator/internal/memo"
	"cardbowl/generator/internal/source"
)

// Stage is the name under which the memo keeps measures.
const Stage = "measure"

// Measure is what the head of a picture's file says. The zero value is no
// picture, or one that cannot be read.
type Measure struct {
	Width, Height int    // pixels as they are shown, after turning
	Kind          string // jpeg, png, gif, webp or svg
	Turn          int    // orientation by EXIF, 1 to 8; 1 where none is given
	Wrong         string // why the file cannot be read, for a diagnostic
}

// maxPixels is what a picture may have to be made smaller: a hostile file may
// state any size, and all of it would have to be held.
const maxPixels = 100_000_000

// Is tells whether a file is a picture by its name.
func Is(file string) bool {
	switch strings.ToLower(path.Ext(file)) {
	case ".jpg", ".jpeg", ".png", ".gif", ".webp":
		return true
	}
	return false
}

// IsDrawing tells whether a file is an SVG picture by its name.
func IsDrawing(file string) bool { return strings.EqualFold(path.Ext(file), ".svg") }

// Resizable tells whether smaller variants are made of a picture.
func (m Measure) Resizable() bool {
	return (m.Kind == "jpeg" || m.Kind == "png") && m.Width*m.Height <= maxPixels
}

// MeasureFile reads the head of a file, or remembers it. The error is for a file
// that cannot be opened.
func MeasureFile(f source.File, remembered *memo.Memo) (Measure, error) {
	var failed error
	m := memo.Do(remembered, Stage, memo.Of(f.Digest, IsDrawing(f.Path)), func() Measure {
		opened, err := f.Open()
		if err != nil {
			failed = err
			return Measure{}
		}
		defer opened.Close()
		if IsDrawing(f.Path) {
			return measureDrawing(opened)
		}
		return measure(opened)
	})
	return m, failed
}

func measure(r io.ReadSeeker) Measure {
	config, kind, err := image.DecodeConfig(bufio.NewReader(r))
	if err != nil {
		return Measure{Wrong: err.Error()}
	}
	m := Measure{Width: config.Width, Height: config.Height, Kind: kind, Turn: 1}
	if m.Width <= 0 || m.Height <= 0 {
		return Measure{Wrong: "it has no size"}
	}
	if m.Width*m.Height > maxPixels {
		m.Wrong = fmt.Sprintf("it has %d × %d pixels, more than %d million", m.Width, m.Height, maxPixels/1_000_000)
	}
	find := map[string]func(io.ReadSeeker) int{"jpeg": func(r io.ReadSeeker) int { return orientation(r) }, "png": orientationPNG, "webp": orientationWebP}[kind]
	if find == nil {
		return m
	}
	if _, err := r.Seek(0, io.SeekStart); err == nil {
		m.Turn = find(r)
	}
	if m.Turn >= 5 {
		m.Width, m.Height = m.Height, m.Width
	}
	return m
}

// segment is one part of a JPEG file before its picture data.
type segment struct {
	marker byte
	bytes  []byte // with marker and length
}

// segments reads the parts of a JPEG file up to and including the header of its
// picture data.
func segments(r io.Reader) ([]segment, error) {
	head := make([]byte, 2)
	if _, err := io.ReadFull(r, head); err != nil || head[0] != 0xFF || head[1] != 0xD8 {
		return nil, fmt.Errorf("no JPEG file")
	}
	const most = 1000 // parts; a file of a camera has about ten
	var out []segment
	for range most {
		marker := make([]byte, 2)
		if _, err := io.ReadFull(r, marker); err != nil {
			return nil, err
		}
		for marker[1] == 0xFF { // fill bytes
			if _, err := io.ReadFull(r, marker[1:]); err != nil {
				return nil, err
			}
		}
		if marker[0] != 0xFF {
			return nil, fmt.Errorf("broken JPEG file")
		}
		size := make([]byte, 2)
		if _, err := io.ReadFull(r, size); err != nil {
			return nil, err
		}
		length := int(binary.BigEndian.Uint16(size))
		if length < 2 {
			return nil, fmt.Errorf("broken JPEG file")
		}
		whole := make([]byte, 2+length)
		copy(whole, marker)
		copy(whole[2:], size)
		if _, err := io.ReadFull(r, whole[4:]); err != nil {
			return nil, err
		}
		out = append(out, segment{marker[1], whole})
		if marker[1] == 0xDA { // picture data follow
			return out, nil
		}
	}
	return nil, fmt.Errorf("a JPEG file with too many parts")
}

// exifHead begins the part of a JPEG file in which a camera writes.
const exifHead = "Exif\x00\x00"

// orientation is how a JPEG file wants to be turned, 1 to 8.
func orientation(r io.Reader) int {
	parts, err := segments(bufio.NewReader(r))
	if err != nil {
		return 1
	}
	for _, s := range parts {
		if s.marker == 0xE1 && len(s.bytes) > 4 && bytes.HasPrefix(s.bytes[4:], []byte(exifHead)) {
			return turnOf(s.bytes[4+len(exifHead):])
		}
	}
	return 1
}

const (
	maxChunks = 10_000   // of a PNG or WebP file
	maxExif   = 64 << 10 // bytes, as in a JPEG file
)

// orientationPNG is how a PNG file wants to be turned.
func orientationPNG(r io.ReadSeeker) int {
	return orientationChunk(r, int64(len(pngHead)), "eXIf", func(head []byte) (string, int64, int64) {
		return string(head[4:]), int64(binary.BigEndian.Uint32(head)), 4 // and a checksum
	})
}

// orientationWebP is how a WebP file wants to be turned.
func orientationWebP(r io.ReadSeeker) int {
	return orientationChunk(r, 12, "EXIF", func(head []byte) (string, int64, int64) {
		size := int64(binary.LittleEndian.Uint32(head[4:]))
		return string(head[:4]), size, size & 1
	})
}

// orientationChunk reads the heads of a file's chunks from a place on, until it
// meets the one that a camera writes.
func orientationChunk(r io.ReadSeeker, from int64, wanted string, read func(head []byte) (kind string, size, more int64)) int {
	head := make([]byte, 8)
	for range maxChunks {
		if _, err := r.Seek(from, io.SeekStart); err != nil {
			return 1
		}
		if _, err := io.ReadFull(r, head); err != nil {
			return 1
		}
		kind, size, more := read(head)
		if kind == wanted && size <= maxExif {
			tiff := make([]byte, size)
			if _, err := io.ReadFull(r, tiff); err != nil {
				return 1
			}
			return turnOf(bytes.TrimPrefix(tiff, []byte(exifHead)))
		}
		from += int64(len(head)) + size + more
	}
	return 1
}

// turnOf finds the orientation (tag 0x0112) in the first directory of a TIFF
// header.
func turnOf(tiff []byte) int {
	if len(tiff) < 8 {
		return 1
	}
	var order binary.ByteOrder = binary.LittleEndian
	if string(tiff[:2]) == "MM" {
		order = binary.BigEndian
	}
	at := int(order.Uint32(tiff[4:]))
	if at < 8 || at+2 > len(tiff) {
		return 1
	}
	for i := range int(order.Uint16(tiff[at:])) {
		entry := at + 2 + 12*i
		if entry+12 > len(tiff) {
			return 1
		}
		if order.Uint16(tiff[entry:]) == 0x0112 {
			if turn := int(order.Uint16(tiff[entry+8:])); turn >= 1 && turn <= 8 {
				return turn
			}
			return 1
		}
	}
	return 1
}
