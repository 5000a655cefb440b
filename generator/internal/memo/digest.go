package memo

import (
	"cmp"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"fmt"
	"hash"
	"math"
	"reflect"
	"slices"
	"time"
)

// Digest is a SHA-256 over everything a value says.
type Digest [sha256.Size]byte

// String is the digest in 64 hex digits.
func (d Digest) String() string { return hex.EncodeToString(d[:]) }

// Short is the first 8 hex digits, as fingerprinted names carry them.
func (d Digest) Short() string { return hex.EncodeToString(d[:4]) }

// OfBytes is the digest of raw bytes.
func OfBytes(b []byte) Digest { return sha256.Sum256(b) }

// Of is the digest of plain values: strings, numbers, booleans, times, and
// slices, arrays, maps, structs, pointers and interfaces of such. Two calls agree
// exactly when the values do, across processes and machines.
//
// A struct field tagged `digest:"-"` is left out; a digest beside it must stand
// for it. Functions, channels and unexported fields are a mistake of the
// programmer, since a digest could not see what they see, and make Of panic.
func Of(values ...any) Digest {
	e := newEncoder()
	for _, v := range values {
		e.value(reflect.ValueOf(v))
	}
	e.flush()
	var d Digest
	e.hash.Sum(d[:0])
	return d
}

// encoder writes values in an unambiguous form: each is preceded by its kind
// and, where it has one, its length.
type encoder struct {
	hash hash.Hash
	buf  []byte
}

const flushAt = 2048

func newEncoder() *encoder {
	return &encoder{hash: sha256.New(), buf: make([]byte, 0, flushAt+512)}
}

func (e *encoder) flush() {
	e.hash.Write(e.buf)
	e.buf = e.buf[:0]
}

func (e *encoder) kind(k byte, n uint64) {
	if len(e.buf) >= flushAt {
		e.flush()
	}
	e.buf = append(e.buf, k)
	e.buf = binary.AppendUvarint(e.buf, n)
}

func (e *encoder) text(k byte, s string) {
	e.kind(k, uint64(len(s)))
	for len(s) > flushAt { // a long text goes through in pieces, so that the buffer stays small
		e.flush()
		e.buf = append(e.buf, s[:flushAt]...)
		s = s[flushAt:]
	}
	if len(e.buf)+len(s) > cap(e.buf) {
		e.flush()
	}
	e.buf = append(e.buf, s...)
}

func (e *encoder) value(v reflect.Value) {
	if !v.IsValid() {
		e.kind('0', 0)
		return
	}
	switch v.Kind() {
	case reflect.String:
		e.text('s', v.String())
	case reflect.Bool:
		e.kind('b', 0)
		if v.Bool() {
			e.buf[len(e.buf)-1] = 1
		}
	case reflect.Int, reflect.Int8, reflect.Int16, reflect.Int32, reflect.Int64:
		e.kind('i', uint64(v.Int()))
	case reflect.Uint, reflect.Uint8, reflect.Uint16, reflect.Uint32, reflect.Uint64:
		e.kind('u', v.Uint())
	case reflect.Float32, reflect.Float64:
		e.kind('f', math.Float64bits(v.Float()))
	case reflect.Interface:
		if v.IsNil() {
			e.kind('0', 0)
			return
		}
		e.text('t', v.Elem().Type().String())
		e.value(v.Elem())
	case reflect.Pointer:
		if v.IsNil() {
			e.kind('0', 0)
			return
		}
		e.kind('p', 1)
		e.value(v.Elem())
	case reflect.Slice, reflect.Array:
		e.sequence(v)
	case reflect.Map:
		e.table(v)
	case reflect.Struct:
		e.record(v)
	default:
		panic(fmt.Sprintf("memo: a %s has no digest", v.Type()))
	}
}

func (e *encoder) sequence(v reflect.Value) {
	e.kind('l', uint64(v.Len()))
	if v.Type().Elem().Kind() == reflect.Uint8 {
		if v.Kind() == reflect.Slice || v.CanAddr() {
			e.buf = append(e.buf, v.Bytes()...)
			return
		}
		for i := range v.Len() {
			e.buf = append(e.buf, byte(v.Index(i).Uint()))
		}
		return
	}
	for i := range v.Len() {
		e.value(v.Index(i))
	}
}

func (e *encoder) table(v reflect.Value) {
	type entry struct {
		key   Digest
		value reflect.Value
	}
	var entries []entry
	for it := v.MapRange(); it.Next(); {
		entries = append(entries, entry{digestOf(it.Key()), it.Value()})
	}
	slices.SortFunc(entries, func(a, b entry) int { return slices.CompareFunc(a.key[:], b.key[:], cmp.Compare[byte]) })
	e.kind('m', uint64(len(entries)))
	for _, entry := range entries {
		e.buf = append(e.buf, entry.key[:]...)
		e.value(entry.value)
	}
}

func digestOf(v reflect.Value) Digest {
	e := newEncoder()
	e.value(v)
	e.flush()
	var d Digest
	e.hash.Sum(d[:0])
	return d
}

func (e *encoder) record(v reflect.Value) {
	if t, ok := v.Interface().(time.Time); ok {
		// What a template can print of a time: the instant, and its zone's name and offset.
		name, offset := t.Zone()
		e.kind('T', uint64(t.Unix()))
		e.kind('i', uint64(t.Nanosecond()))
		e.kind('i', uint64(offset))
		e.text('s', name)
		return
	}
	kind := v.Type()
	e.kind('r', uint64(kind.NumField()))
	for i := range kind.NumField() {
		field := kind.Field(i)
		if field.Tag.Get("digest") == "-" {
			continue
		}
		if !field.IsExported() {
			panic(fmt.Sprintf("memo: %s has an unexported field %s, which no digest sees", kind, field.Name))
		}
		e.value(v.Field(i))
	}
}
