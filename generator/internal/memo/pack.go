package memo

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"math"
	"reflect"
	"slices"
	"sync"
	"time"
)

// Pack writes a plain value, of the kinds that Of knows, as bytes that Unpack
// makes an equal value of. All exported fields are written, those that a digest
// leaves out too. An interface may hold nil, text, numbers, booleans, times, and
// lists and maps by text of such; another type in it is an error.
func Pack[T any](v T) ([]byte, error) {
	var b bytes.Buffer
	err := PackTo(&b, v)
	return b.Bytes(), err
}

// PackTo writes the same bytes piece by piece.
func PackTo[T any](w io.Writer, v T) error {
	p := packer{to: w}
	packOf(reflect.TypeFor[T]()).write(&p, reflect.ValueOf(&v).Elem())
	p.flush(0)
	return p.err
}

// Unpack is the value that Pack wrote. Its texts are parts of packed. A time is in
// the zone it was in, or where that is not known in one of the same offset and
// short name. Bytes that Pack did not write are an error or some other value,
// never a panic.
func Unpack[T any](packed string) (T, error) {
	u := unpacker{rest: packed, zones: map[string]*time.Location{"UTC": time.UTC, "Local": time.Local}}
	var v T
	packOf(reflect.TypeFor[T]()).read(&u, reflect.ValueOf(&v).Elem())
	if u.err == nil && u.rest != "" {
		u.err = errors.New("memo: bytes are left over")
	}
	return v, u.err
}

type packer struct {
	buf []byte
	to  io.Writer // nil: all stays in buf
	err error
}

// piece is how many bytes a packer holds before it writes them.
const piece = 64 << 10

// flush writes what is held when it is more than some bytes.
func (p *packer) flush(over int) {
	if p.to == nil || len(p.buf) <= over {
		return
	}
	if _, err := p.to.Write(p.buf); err != nil && p.err == nil {
		p.err = err
	}
	p.buf = p.buf[:0]
}

type unpacker struct {
	rest  string
	zones map[string]*time.Location // by name; nil: there is none
	depth int
	err   error
}

var errPacked = errors.New("memo: these bytes are no packed value")

func (p *packer) number(n uint64) { p.buf = binary.AppendUvarint(p.buf, n) }
func (p *packer) signed(n int64)  { p.buf = binary.AppendVarint(p.buf, n) }

func (p *packer) text(s string) {
	p.number(uint64(len(s)))
	p.buf = append(p.buf, s...)
}

func (u *unpacker) fail() {
	if u.err == nil {
		u.err = errPacked
	}
	u.rest = ""
}

func (u *unpacker) number() uint64 {
	var n uint64
	for shift := 0; shift < 64; shift += 7 {
		if u.rest == "" {
			break
		}
		b := u.rest[0]
		u.rest = u.rest[1:]
		n |= uint64(b&0x7f) << shift
		if b < 0x80 {
			return n
		}
	}
	u.fail()
	return 0
}

func (u *unpacker) signed() int64 {
	n := u.number()
	return int64(n>>1) ^ -int64(n&1)
}

func (u *unpacker) bytes(n uint64) string {
	if n > uint64(len(u.rest)) {
		u.fail()
		return ""
	}
	s := u.rest[:n]
	u.rest = u.rest[n:]
	return s
}

func (u *unpacker) text() string { return u.bytes(u.number()) }

// packing is how the values of one type are written and read.
type packing struct {
	write func(*packer, reflect.Value)
	read  func(*unpacker, reflect.Value) // into a zero value
}

var packings sync.Map // reflect.Type → packing; known once for each type, as writers are

func packOf(t reflect.Type) packing {
	if known, found := packings.Load(t); found {
		return known.(packing)
	}
	made := newPacking(t)
	packings.Store(t, made)
	return made
}

func newPacking(t reflect.Type) packing {
	switch t.Kind() {
	case reflect.String:
		return packing{func(p *packer, v reflect.Value) { p.text(v.String()) }, func(u *unpacker, v reflect.Value) { v.SetString(u.text()) }}
	case reflect.Bool:
		return packing{func(p *packer, v reflect.Value) {
			n := uint64(0)
			if v.Bool() {
				n = 1
			}
			p.number(n)
		}, func(u *unpacker, v reflect.Value) { v.SetBool(u.number() == 1) }}
	case reflect.Int, reflect.Int8, reflect.Int16, reflect.Int32, reflect.Int64:
		return packing{func(p *packer, v reflect.Value) { p.signed(v.Int()) }, func(u *unpacker, v reflect.Value) { v.SetInt(u.signed()) }}
	case reflect.Uint, reflect.Uint8, reflect.Uint16, reflect.Uint32, reflect.Uint64:
		return packing{func(p *packer, v reflect.Value) { p.number(v.Uint()) }, func(u *unpacker, v reflect.Value) { v.SetUint(u.number()) }}
	case reflect.Float32, reflect.Float64:
		return packing{func(p *packer, v reflect.Value) { p.number(math.Float64bits(v.Float())) }, func(u *unpacker, v reflect.Value) { v.SetFloat(math.Float64frombits(u.number())) }}
	case reflect.Pointer:
		return packPointer(t)
	case reflect.Slice:
		return packList(t)
	case reflect.Array:
		return packArray(t)
	case reflect.Map:
		return packMap(t)
	case reflect.Interface:
		return packing{packAny, unpackAny}
	case reflect.Struct:
		return packStruct(t)
	}
	panic(fmt.Sprintf("memo: a %s cannot be packed", t))
}

// packLater is found when it is first needed, since a type may be a part of itself.
func packLater(t reflect.Type) func() packing {
	return sync.OnceValue(func() packing { return packOf(t) })
}

func packPointer(t reflect.Type) packing {
	element := packLater(t.Elem())
	return packing{func(p *packer, v reflect.Value) {
		if v.IsNil() {
			p.number(0)
			return
		}
		p.number(1)
		element().write(p, v.Elem())
	}, func(u *unpacker, v reflect.Value) {
		if u.number() != 0 && u.deeper() {
			v.Set(reflect.New(t.Elem()))
			element().read(u, v.Elem())
			u.depth--
		}
	}}
}

// maxDepth bounds pointers and interfaces inside one another.
const maxDepth = 1000

func (u *unpacker) deeper() bool {
	if u.depth++; u.depth > maxDepth || u.err != nil {
		u.fail()
		u.depth--
		return false
	}
	return true
}

// packList tells a nil list from an empty one: a template can, too.
func packList(t reflect.Type) packing {
	element := packLater(t.Elem())
	ofBytes := t.Elem().Kind() == reflect.Uint8
	return packing{func(p *packer, v reflect.Value) {
		if v.IsNil() {
			p.number(0)
			return
		}
		n := v.Len()
		p.number(uint64(n) + 1)
		if ofBytes {
			p.buf = append(p.buf, v.Bytes()...)
			return
		}
		write := element().write
		for i := range n {
			write(p, v.Index(i))
			p.flush(piece)
		}
	}, func(u *unpacker, v reflect.Value) {
		n := u.number()
		if n == 0 {
			return
		}
		if n--; n > uint64(len(u.rest)) {
			u.fail()
			return
		}
		if ofBytes {
			v.SetBytes([]byte(u.bytes(n)))
			return
		}
		list := reflect.MakeSlice(t, int(n), int(n))
		read := element().read
		for i := range int(n) {
			if u.err != nil {
				return
			}
			read(u, list.Index(i))
		}
		v.Set(list)
	}}
}

func packArray(t reflect.Type) packing {
	n := t.Len()
	if t.Elem().Kind() == reflect.Uint8 {
		return packing{func(p *packer, v reflect.Value) {
			p.buf = append(p.buf, v.Slice(0, n).Bytes()...)
		}, func(u *unpacker, v reflect.Value) { copy(v.Slice(0, n).Bytes(), u.bytes(uint64(n))) }}
	}
	element := packLater(t.Elem())
	return packing{func(p *packer, v reflect.Value) {
		for i := range n {
			element().write(p, v.Index(i))
		}
	}, func(u *unpacker, v reflect.Value) {
		for i := range n {
			element().read(u, v.Index(i))
		}
	}}
}

// packMap writes a map in the order of its keys as they are written.
func packMap(t reflect.Type) packing {
	key, element := packLater(t.Key()), packLater(t.Elem())
	return packing{func(p *packer, v reflect.Value) {
		if v.IsNil() {
			p.number(0)
			return
		}
		p.number(uint64(v.Len()) + 1)
		var entries [][]byte
		for it := v.MapRange(); it.Next(); {
			var e packer
			write(&e, key(), it.Key())
			write(&e, element(), it.Value())
			if e.err != nil {
				p.err = e.err
			}
			entries = append(entries, e.buf)
		}
		slices.SortFunc(entries, slices.Compare[[]byte])
		for _, e := range entries {
			p.buf = append(p.buf, e...)
		}
	}, func(u *unpacker, v reflect.Value) {
		n := u.number()
		if n == 0 {
			return
		}
		if n--; n > uint64(len(u.rest)) {
			u.fail()
			return
		}
		m := reflect.MakeMapWithSize(t, int(n))
		for range n {
			if u.err != nil {
				return
			}
			k, e := reflect.New(t.Key()).Elem(), reflect.New(t.Elem()).Elem()
			key().read(u, k)
			element().read(u, e)
			m.SetMapIndex(k, e)
		}
		v.Set(m)
	}}
}

// write writes a value that may not be addressable, as those of maps are not.
func write(p *packer, how packing, v reflect.Value) {
	held := reflect.New(v.Type()).Elem()
	held.Set(v)
	how.write(p, held)
}

func packStruct(t reflect.Type) packing {
	if t == reflect.TypeFor[time.Time]() {
		return packing{func(p *packer, v reflect.Value) { p.time(v.Interface().(time.Time)) },
			func(u *unpacker, v reflect.Value) { v.Set(reflect.ValueOf(u.time())) }}
	}
	type part struct {
		index int
		how   func() packing
	}
	var parts []part
	for i := range t.NumField() {
		field := t.Field(i)
		if !field.IsExported() {
			panic(fmt.Sprintf("memo: %s has an unexported field %s, which cannot be packed", t, field.Name))
		}
		parts = append(parts, part{i, packLater(field.Type)})
	}
	return packing{func(p *packer, v reflect.Value) {
		for _, part := range parts {
			part.how().write(p, v.Field(part.index))
		}
	}, func(u *unpacker, v reflect.Value) {
		for _, part := range parts {
			part.how().read(u, v.Field(part.index))
		}
	}}
}

func (p *packer) time(t time.Time) {
	name, offset := t.Zone()
	p.signed(t.Unix())
	p.number(uint64(t.Nanosecond()))
	p.signed(int64(offset))
	p.text(name)
	p.text(t.Location().String())
}

func (u *unpacker) time() time.Time {
	seconds, nanoseconds, offset, name, place := u.signed(), u.number(), u.signed(), u.text(), u.text()
	t := time.Unix(seconds, int64(nanoseconds%1e9))
	zone, known := u.zones[place]
	if !known && place != "" {
		zone, _ = time.LoadLocation(place)
		u.zones[place] = zone
	}
	if zone != nil {
		if t = t.In(zone); t.IsZero() && zone == time.UTC {
			return time.Time{}
		}
		if called, at := t.Zone(); called == name && int64(at) == offset {
			return t
		}
	}
	return t.In(time.FixedZone(name, int(offset)))
}

// packAny writes what an interface holds, with a sign for its type.
func packAny(p *packer, v reflect.Value) {
	if v.IsNil() {
		p.buf = append(p.buf, kindNil)
		return
	}
	for _, known := range dynamic() {
		if v.Elem().Type() == known.of {
			p.buf = append(p.buf, known.sign)
			write(p, packOf(known.of), v.Elem())
			return
		}
	}
	if p.err == nil {
		p.err = fmt.Errorf("memo: a %s in an interface cannot be packed", v.Elem().Type())
	}
}

func unpackAny(u *unpacker, v reflect.Value) {
	sign := u.bytes(1)
	if sign == "" || sign[0] == kindNil || !u.deeper() {
		return
	}
	defer func() { u.depth-- }()
	for _, known := range dynamic() {
		if sign[0] == known.sign {
			held := reflect.New(known.of).Elem()
			packOf(known.of).read(u, held)
			if known.of.AssignableTo(v.Type()) {
				v.Set(held)
			} else {
				u.fail()
			}
			return
		}
	}
	u.fail()
}

// dynamic are the types that an interface may hold, each with its sign.
func dynamic() []struct {
	sign byte
	of   reflect.Type
} {
	return []struct {
		sign byte
		of   reflect.Type
	}{
		{'s', reflect.TypeFor[string]()}, {'i', reflect.TypeFor[int]()}, {'b', reflect.TypeFor[bool]()}, {'f', reflect.TypeFor[float64]()},
		{'l', reflect.TypeFor[[]any]()}, {'m', reflect.TypeFor[map[string]any]()}, {'T', reflect.TypeFor[time.Time]()},
		{'j', reflect.TypeFor[int64]()}, {'u', reflect.TypeFor[uint64]()}, {'S', reflect.TypeFor[[]string]()}, {'D', reflect.TypeFor[Digest]()},
	}
}
