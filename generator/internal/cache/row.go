package cache

import (
	"encoding/binary"
	"slices"

	"cardbowl/generator/internal/memo"
)

// Row is where several texts are kept that belong together, each to be read by
// itself. A site has very many, so it is packed.
type Row struct {
	Offset  int64  `digest:"-"` // of the first
	Lengths []byte // of each in bytes, four of the row's bytes a length
	Digests []byte // of each, one after the other
}

const lengthSize = 4

// Len is how many texts there are.
func (r Row) Len() int { return len(r.Lengths) / lengthSize }

// Digest is that of the nth text.
func (r Row) Digest(n int) memo.Digest {
	return memo.Digest(r.Digests[n*len(memo.Digest{}) : (n+1)*len(memo.Digest{})])
}

func (r Row) length(n int) int {
	return int(binary.LittleEndian.Uint32(r.Lengths[n*lengthSize:]))
}

// Size is how long all texts are together.
func (r Row) Size() int64 {
	size := int64(0)
	for n := range r.Len() {
		size += int64(r.length(n))
	}
	return size
}

// KeepRow keeps texts as Keep does.
func (c *Cache) KeepRow(texts [][]byte) Row {
	var r Row
	for _, text := range texts {
		digest := memo.OfBytes(text)
		r.Lengths = binary.LittleEndian.AppendUint32(r.Lengths, uint32(len(text)))
		r.Digests = append(r.Digests, digest[:]...)
	}
	whole := slices.Concat(texts...)
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.texts != nil {
		r.Offset = c.size
		if _, err := c.texts.WriteAt(whole, r.Offset); err == nil {
			c.size += int64(len(whole))
			return r
		}
	}
	r.Offset = -int64(len(c.held)) - 1
	c.held = append(c.held, texts...)
	return r
}

// TextOf hands the nth text of a row to use, as Text does.
func (c *Cache) TextOf(r Row, n int, use func([]byte) error) error {
	if n >= r.Len() || len(r.Digests) != r.Len()*len(memo.Digest{}) {
		return ErrLost
	}
	p := Place{Offset: r.Offset - int64(n), Length: r.length(n), Digest: r.Digest(n)}
	if r.Offset >= 0 {
		p.Offset = r.Offset
		for before := range n {
			p.Offset += int64(r.length(before))
		}
	}
	return c.Text(p, use)
}
