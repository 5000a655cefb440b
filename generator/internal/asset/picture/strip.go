package picture

import (
	"bytes"
	"encoding/binary"
	"errors"
	"hash/crc32"
	"io"
	"slices"

	"cardbowl/generator/internal/memo"
	"cardbowl/generator/internal/source"
)

// StrippedRecipe is the digest of a file published without what its camera or
// its maker wrote into it.
func StrippedRecipe(f source.File) memo.Digest { return memo.Of("stripped", 2, f.Digest) }

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

// stripJPEG keeps what is needed to show the picture, and ends where it ends:
// telephones put further pictures and films behind it, each with a place of its
// own.
func stripJPEG(whole []byte) ([]byte, error) {
	out := append(make([]byte, 0, len(whole)), 0xFF, 0xD8)
	if turn := orientation(bytes.NewReader(whole)); turn != 1 {
		out = append(out, turned(turn)...)
	}
	shown := false // some of the picture's data have been met
	for at := 2; ; {
		for at+1 < len(whole) && whole[at] == 0xFF && whole[at+1] == 0xFF { // fill bytes
			at++
		}
		if at+4 > len(whole) && shown || at+2 <= len(whole) && whole[at] == 0xFF && whole[at+1] == 0xD9 {
			return append(out, 0xFF, 0xD9), nil // a file that was cut off is shown as far as it goes
		}
		if at+4 > len(whole) || whole[at] != 0xFF {
			return nil, errors.New("broken JPEG file")
		}
		marker, length := whole[at+1], int(binary.BigEndian.Uint16(whole[at+2:]))
		end := at + 2 + length
		if length < 2 || end > len(whole) {
			return nil, errors.New("broken JPEG file")
		}
		if part := whole[at:end]; keptOfJPEG(marker, part[4:]) {
			out = append(out, part...)
		}
		at = end
		if marker == 0xDA {
			shown = true
			for at < len(whole) && !(whole[at] == 0xFF && at+1 < len(whole) && isMarker(whole[at+1])) {
				at++
			}
			out = append(out, whole[end:at]...)
		}
	}
}

// isMarker tells whether what follows FF within picture data ends them.
func isMarker(b byte) bool { return b != 0 && b != 0xFF && (b < 0xD0 || b > 0xD7) }

func keptOfJPEG(marker byte, body []byte) bool {
	switch {
	case marker == 0xE0:
		return bytes.HasPrefix(body, []byte("JFIF\x00"))
	case marker == 0xE2:
		return bytes.HasPrefix(body, []byte(iccHead))
	case marker == 0xEE: // how Adobe codes the colours
		return bytes.HasPrefix(body, []byte("Adobe"))
	}
	return marker != 0xFE && (marker < 0xE0 || marker > 0xEF)
}

// turnedTIFF is the smallest TIFF header that says how to turn a picture.
func turnedTIFF(turn int) []byte {
	tiff := []byte("MM\x00*\x00\x00\x00\x08\x00\x01\x01\x12\x00\x03\x00\x00\x00\x01\x00\x00\x00\x00\x00\x00\x00\x00")
	tiff[19] = byte(turn)
	return tiff
}

// turned is the same as a part of a JPEG file.
func turned(turn int) []byte {
	body := append([]byte(exifHead), turnedTIFF(turn)...)
	return append(binary.BigEndian.AppendUint16([]byte{0xFF, 0xE1}, uint16(len(body)+2)), body...)
}

const pngHead = "\x89PNG\r\n\x1a\n"

// shownOfPNG are the chunks without which a picture may still be read, and would
// look otherwise.
func shownOfPNG() []string {
	return []string{"tRNS", "cHRM", "gAMA", "iCCP", "sBIT", "sRGB", "cICP", "mDCV", "cLLI", "bKGD", "pHYs", "acTL", "fcTL", "fdAT"}
}

func stripPNG(whole []byte) ([]byte, error) {
	out := append(make([]byte, 0, len(whole)), pngHead...)
	turn := orientationPNG(bytes.NewReader(whole))
	for at := len(pngHead); ; {
		if at+12 > len(whole) {
			return nil, io.ErrUnexpectedEOF
		}
		end := at + 12 + int(binary.BigEndian.Uint32(whole[at:]))
		if end < at || end > len(whole) {
			return nil, io.ErrUnexpectedEOF
		}
		kind := string(whole[at+4 : at+8])
		if necessary := kind[0] >= 'A' && kind[0] <= 'Z'; necessary || slices.Contains(shownOfPNG(), kind) {
			out = append(out, whole[at:end]...)
		}
		if kind == "IHDR" && turn != 1 {
			chunk := append([]byte("eXIf"), turnedTIFF(turn)...)
			out = binary.BigEndian.AppendUint32(out, uint32(len(chunk)-4))
			out = binary.BigEndian.AppendUint32(append(out, chunk...), crc32.ChecksumIEEE(chunk))
		}
		if kind == "IEND" {
			return out, nil
		}
		at = end
	}
}

func stripWebP(whole []byte) ([]byte, error) {
	out := append(make([]byte, 0, len(whole)), whole[:12]...)
	turn := orientationWebP(bytes.NewReader(whole))
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
		if slices.Contains([]string{"VP8 ", "VP8L", "VP8X", "ALPH", "ANIM", "ANMF", "ICCP"}, kind) {
			out = append(out, whole[at:end]...)
			if kind == "VP8X" && size > 0 {
				const exif, xmp = 0x08, 0x04
				flags := &out[len(out)-(end-at)+8]
				*flags &^= xmp
				if turn == 1 {
					*flags &^= exif
				}
			}
		}
		at = end
	}
	if turn != 1 {
		tiff := turnedTIFF(turn)
		out = append(binary.LittleEndian.AppendUint32(append(out, "EXIF"...), uint32(len(tiff))), tiff...)
	}
	binary.LittleEndian.PutUint32(out[4:], uint32(len(out)-8))
	return out, nil
}
