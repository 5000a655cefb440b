package memo

import (
	"crypto/sha256"
	"encoding/hex"
	"reflect"
	"sync"
)

// Digest is a SHA-256 over everything a value says.
type Digest [sha256.Size]byte

// String is the digest in 64 hex digits.
func (d Digest) String() string { return hex.EncodeToString(d[:]) }

// Short is the first 8 hex digits, as fingerprinted names carry them.
func (d Digest) Short() string { return hex.EncodeToString(d[:4]) }

// OfBytes is the digest of raw bytes.
func OfBytes(b []byte) Digest { return sha256.Sum256(b) }

// buffers are room for encodings that only a digest is taken of. What is in
// them is nobody's.
var buffers = sync.Pool{New: func() any { return &encoder{buf: make([]byte, 0, 4096)} }}

// maxBuffer is the largest buffer worth keeping.
const maxBuffer = 1 << 20

// Of is the digest of plain values: strings, numbers, booleans, times, and
// slices, arrays, maps, structs, pointers and interfaces of such. Two calls agree
// exactly when the values do, across processes and machines. A pointer to a
// large struct is cheaper to pass than the struct.
//
// A struct field tagged `digest:"-"` is left out; a digest beside it must stand
// for it. Functions, channels and unexported fields are a mistake of the
// programmer, since a digest could not see what they see, and make Of panic.
func Of(values ...any) Digest {
	e := buffers.Get().(*encoder)
	e.buf = e.buf[:0]
	for _, v := range values {
		e.value(v)
	}
	d := sha256.Sum256(e.buf)
	if cap(e.buf) <= maxBuffer {
		buffers.Put(e)
	}
	return d
}

// value writes the commonest kinds without reflection.
func (e *encoder) value(v any) {
	switch v := v.(type) {
	case string:
		e.text(kindString, v)
	case Digest:
		e.head(kindList, uint64(len(v)))
		e.buf = append(e.buf, v[:]...)
	case bool:
		e.boolean(v)
	case int:
		e.head(kindInt, uint64(v))
	case nil:
		e.head(kindNil, 0)
	default:
		r := reflect.ValueOf(v)
		writerOf(r.Type())(e, r)
	}
}
