package memo

import (
	"cmp"
	"encoding/binary"
	"fmt"
	"math"
	"reflect"
	"slices"
	"sync"
	"time"
)

// The kinds of value in an encoding.
const (
	kindNil       = '0'
	kindString    = 's'
	kindBool      = 'b'
	kindInt       = 'i'
	kindUint      = 'u'
	kindFloat     = 'f'
	kindInterface = 't'
	kindPointer   = 'p'
	kindList      = 'l'
	kindMap       = 'm'
	kindStruct    = 'r'
	kindTime      = 'T'
)

// encoder writes values in an unambiguous form: every part is preceded by its
// kind and, where it has one, its length.
type encoder struct{ buf []byte }

func (e *encoder) head(kind byte, n uint64) {
	e.buf = append(e.buf, kind)
	e.buf = binary.AppendUvarint(e.buf, n)
}

func (e *encoder) text(kind byte, s string) {
	e.head(kind, uint64(len(s)))
	e.buf = append(e.buf, s...)
}

func (e *encoder) boolean(b bool) {
	if b {
		e.buf = append(e.buf, kindBool, 1)
	} else {
		e.buf = append(e.buf, kindBool, 0)
	}
}

// writer writes the values of one type.
type writer func(*encoder, reflect.Value)

// writers are made once for each type: looking at a type costs far more than
// writing a value of it. They depend on nothing but the program's own types.
var writers sync.Map // reflect.Type → writer

func writerOf(t reflect.Type) writer {
	if known, found := writers.Load(t); found {
		return known.(writer)
	}
	made := newWriter(t)
	writers.Store(t, made)
	return made
}

// later is the writer of a part, found when it is first needed, since a type may
// be a part of itself.
func later(t reflect.Type) func() writer {
	return sync.OnceValue(func() writer { return writerOf(t) })
}

func newWriter(t reflect.Type) writer {
	switch t.Kind() {
	case reflect.String:
		return func(e *encoder, v reflect.Value) { e.text(kindString, v.String()) }
	case reflect.Bool:
		return func(e *encoder, v reflect.Value) { e.boolean(v.Bool()) }
	case reflect.Int, reflect.Int8, reflect.Int16, reflect.Int32, reflect.Int64:
		return func(e *encoder, v reflect.Value) { e.head(kindInt, uint64(v.Int())) }
	case reflect.Uint, reflect.Uint8, reflect.Uint16, reflect.Uint32, reflect.Uint64:
		return func(e *encoder, v reflect.Value) { e.head(kindUint, v.Uint()) }
	case reflect.Float32, reflect.Float64:
		return func(e *encoder, v reflect.Value) { e.head(kindFloat, math.Float64bits(v.Float())) }
	case reflect.Interface:
		return func(e *encoder, v reflect.Value) {
			if v.IsNil() {
				e.head(kindNil, 0)
				return
			}
			e.text(kindInterface, v.Elem().Type().String())
			writerOf(v.Elem().Type())(e, v.Elem())
		}
	case reflect.Pointer:
		element := later(t.Elem())
		return func(e *encoder, v reflect.Value) {
			if v.IsNil() {
				e.head(kindNil, 0)
				return
			}
			e.head(kindPointer, 1)
			element()(e, v.Elem())
		}
	case reflect.Slice, reflect.Array:
		return sequence(t)
	case reflect.Map:
		return table(t)
	case reflect.Struct:
		return record(t)
	}
	panic(fmt.Sprintf("memo: a %s has no digest", t))
}

func sequence(t reflect.Type) writer {
	if t.Elem().Kind() == reflect.Uint8 {
		return func(e *encoder, v reflect.Value) {
			n := v.Len()
			e.head(kindList, uint64(n))
			if v.Kind() == reflect.Slice || v.CanAddr() {
				e.buf = append(e.buf, v.Bytes()...)
				return
			}
			for i := range n {
				e.buf = append(e.buf, byte(v.Index(i).Uint()))
			}
		}
	}
	element := later(t.Elem())
	return func(e *encoder, v reflect.Value) {
		n := v.Len()
		e.head(kindList, uint64(n))
		if n == 0 {
			return
		}
		write := element()
		for i := range n {
			write(e, v.Index(i))
		}
	}
}

// table writes a map in the order of its encoded keys.
func table(t reflect.Type) writer {
	key, element := later(t.Key()), later(t.Elem())
	return func(e *encoder, v reflect.Value) {
		n := v.Len()
		e.head(kindMap, uint64(n))
		if n == 0 {
			return
		}
		type entry struct {
			key   string
			value reflect.Value
		}
		entries := make([]entry, 0, n)
		for it := v.MapRange(); it.Next(); {
			var k encoder
			key()(&k, it.Key())
			entries = append(entries, entry{string(k.buf), it.Value()})
		}
		slices.SortFunc(entries, func(a, b entry) int { return cmp.Compare(a.key, b.key) })
		for _, entry := range entries {
			e.buf = append(e.buf, entry.key...)
			element()(e, entry.value)
		}
	}
}

func record(t reflect.Type) writer {
	if t == reflect.TypeFor[time.Time]() {
		return func(e *encoder, v reflect.Value) { e.time(v.Interface().(time.Time)) }
	}
	fields := seen(t)
	type part struct {
		index int
		write func() writer
	}
	var parts []part
	for _, i := range fields {
		parts = append(parts, part{i, later(t.Field(i).Type)})
	}
	n := uint64(len(parts))
	return func(e *encoder, v reflect.Value) {
		e.head(kindStruct, n)
		for _, p := range parts {
			p.write()(e, v.Field(p.index))
		}
	}
}

// seen are the fields of a struct that a digest sees.
func seen(t reflect.Type) []int {
	var out []int
	for i := range t.NumField() {
		field := t.Field(i)
		if field.Tag.Get("digest") == "-" {
			continue
		}
		if !field.IsExported() {
			panic(fmt.Sprintf("memo: %s has an unexported field %s, which no digest sees", t, field.Name))
		}
		out = append(out, i)
	}
	return out
}

// time writes what a template can print of a time: the instant, and its zone's
// name and offset.
func (e *encoder) time(t time.Time) {
	name, offset := t.Zone()
	e.head(kindTime, uint64(t.Unix()))
	e.head(kindInt, uint64(t.Nanosecond()))
	e.head(kindInt, uint64(offset))
	e.text(kindString, name)
}
