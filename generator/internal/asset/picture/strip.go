package picture

import (
	"bufio"
	"bytes"
	"encoding/binary"
	"errors"
	"io"
	"slices"

	"cardbowl/generator/internal/memo"
	"cardbowl/generator/internal/source"
)

// StrippedRecipe is the digest of a file published without what its camera or
// its maker wrote into it.
func StrippedRecipe(f source.File) memo.Digest { return memo.Of("stripped", 1, f.Digest) }

// Stripped opens a JPEG, PNG or WebP file as it is published: pixel for pixel the
// same, without place, time, camera, thumbnail and comments. Colour profiles
// stay, and so does the orientation. A file that is not what its name says is
// published as it is.
func Stripped(f source.File) (io.ReadSeekCloser, error) {
	whole, err := f.Read()
	if err != nil {
		return nil, err
	}
	return inMemory{bytes.NewReader(strip(whole))}, nil
}

type inMemory struct{ *bytes.Reader }

func (inMemory) Close() error { return nil }

func strip(whole []byte) []byte {
	var out []byte
	err := errors.New("another kind")
	switch {
	case bytes.HasPrefix(whole, []byte{0xFF, 0xD8}):
		out, err = stripJPEG(whole)
	case bytes.HasPrefix(whole, []byte(pngHead)):
		out, err = stripPNG(whole)
	case len(whole) > 12 && string(whole[:4]) == "RIFF" && string(whole[8:12]) == "WEBP":
		out, err = stripWebP(whole)
	}
	if err != nil {
		return whole
	}
	return out
}

// iccHead begins a colour profile in a JPEG file.
const iccHead = "ICC_PROFILE\x00"

// profile are the parts of a JPEG file that hold its colour profile.
func profile(parts []segment) [][]byte {
	var out [][]byte
	for _, s := range parts {
		if s.marker == 0xE2 && bytes.HasPrefix(s.bytes[4:], []byte(iccHead)) {
			out = append(out, s.bytes)
		}
	}
	return out
}

func stripJPEG(whole []byte) ([]byte, error) {
	r := bufio.NewReader(bytes.NewReader(whole))
	parts, err := segments(r)
	if err != nil {
		return nil, err
	}
	out := append(make([]byte, 0, len(whole)), 0xFF, 0xD8)
	if turn := orientation(bytes.NewReader(whole)); turn != 1 {
		out = append(out, turned(turn)...)
	}
	for _, s := range parts {
		isApp := s.marker >= 0xE0 && s.marker <= 0xEF
		isProfile := s.marker == 0xE2 && bytes.HasPrefix(s.bytes[4:], []byte(iccHead))
		isAdobe := s.marker == 0xEE // how the colours are coded
		if s.marker == 0xFE || isApp && s.marker != 0xE0 && !isProfile && !isAdobe {
			continue
		}
		out = append(out, s.bytes...)
	}
	rest, err := io.ReadAll(r)
	return append(out, rest...), err
}

// turned is the smallest EXIF part that says how to turn a picture.
func turned(turn int) []byte {
	tiff := []byte("MM\x00*\x00\x00\x00\x08\x00\x01\x01\x12\x00\x03\x00\x00\x00\x01\x00\x00\x00\x00\x00\x00\x00\x00")
	tiff[19] = byte(turn)
	body := append([]byte(exifHead), tiff...)
	return append(binary.BigEndian.AppendUint16([]byte{0xFF, 0xE1}, uint16(len(body)+2)), body...)
}

const pngHead = "\x89PNG\r\n\x1a\n"

func stripPNG(whole []byte) ([]byte, error) {
	out := append(make([]byte, 0, len(whole)), pngHead...)
	for at := len(pngHead); ; {
		if at+12 > len(whole) {
			return nil, io.ErrUnexpectedEOF
		}
		end := at + 12 + int(binary.BigEndian.Uint32(whole[at:]))
		if end < at || end > len(whole) {
			return nil, io.ErrUnexpectedEOF
		}
		kind := string(whole[at+4 : at+8])
		if !slices.Contains([]string{"tEXt", "zTXt", "iTXt", "eXIf", "tIME"}, kind) {
			out = append(out, whole[at:end]...)
		}
		if kind == "IEND" {
			return out, nil
		}
		at = end
	}
}

func stripWebP(whole []byte) ([]byte, error) {
	out := append(make([]byte, 0, len(whole)), whole[:12]...)
	for at := 12; at < len(whole); {
		if at+8 > len(whole) {
			return nil, io.ErrUnexpectedEOF
		}
		size := int(binary.LittleEndian.Uint32(whole[at+4:]))
		end := at + 8 + size + size&1
		if size < 0 || end > len(whole) {
			return nil, io.ErrUnexpectedEOF
		}
		kind := string(whole[at : at+4])
		if kind != "EXIF" && kind != "XMP " {
			out = append(out, whole[at:end]...)
			if kind == "VP8X" && size > 0 {
				const exif, xmp = 0x08, 0x04
				out[len(out)-(end-at)+8] &^= exif | xmp
			}
		}
		at = end
	}
	binary.LittleEndian.PutUint32(out[4:], uint32(len(out)-8))
	return out, nil
}
