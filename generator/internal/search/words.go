package search

import (
	"bytes"
	"hash/maphash"
	"iter"
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"
)

// longest is what counts of a word, in characters.
const longest = 40

// Words are the words of a text as they are looked for: in small letters,
// without accents, at least two characters long.
func Words(text string) iter.Seq[string] {
	return func(yield func(string) bool) {
		for len(text) > 0 {
			start := strings.IndexFunc(text, inRun)
			if start < 0 {
				return
			}
			text = text[start:]
			end := strings.IndexFunc(text, func(r rune) bool { return !inRun(r) })
			if end < 0 {
				end = len(text)
			}
			for run := range strings.FieldsFuncSeq(fold(text[:end]), func(r rune) bool { return !inWord(r) }) { // one letter may fall apart into others
				if !split(run, yield) {
					return
				}
			}
			text = text[end:]
		}
	}
}

func inRun(r rune) bool {
	if r < utf8.RuneSelf {
		return letter(byte(r))
	}
	return unicode.IsLetter(r) || unicode.IsNumber(r) || unicode.IsMark(r)
}

func inWord(r rune) bool { return inRun(r) && !unicode.IsMark(r) }

// split parts a run of letters where it changes to or from a script without
// blanks.
func split(run string, yield func(string) bool) bool {
	for len(run) > 0 {
		first, size := utf8.DecodeRuneInString(run)
		wide := unspaced(first)
		end := size
		for end < len(run) {
			r, size := utf8.DecodeRuneInString(run[end:])
			if unspaced(r) != wide {
				break
			}
			end += size
		}
		part := run[:end]
		run = run[end:]
		if wide {
			if !pairs(part, yield) {
				return false
			}
		} else if part = cut(part, longest); len(part) > size && !yield(part) {
			return false
		}
	}
	return true
}

// pairs are every two neighbouring characters, or the only one.
func pairs(part string, yield func(string) bool) bool {
	_, size := utf8.DecodeRuneInString(part)
	if size == len(part) {
		return yield(part)
	}
	for size < len(part) {
		_, next := utf8.DecodeRuneInString(part[size:])
		if !yield(part[:size+next]) {
			return false
		}
		part, size = part[size:], next
	}
	return true
}

// unspaced tells the scripts that put no blanks between words.
func unspaced(r rune) bool {
	return r >= '\u0E00' && (r == 'ー' || unicode.In(r, unicode.Han, unicode.Hiragana, unicode.Katakana, unicode.Thai, unicode.Lao, unicode.Khmer, unicode.Myanmar)) // ー lengthens a vowel, and belongs to two scripts
}

func cut(s string, runes int) string {
	if len(s) <= runes {
		return s
	}
	for i := range s {
		if runes == 0 {
			return s[:i]
		}
		runes--
	}
	return s
}

// fold writes a run of letters in small ones, without accents.
func fold(run string) string {
	ascii := true
	for i := range len(run) {
		ascii = ascii && run[i] < utf8.RuneSelf
	}
	if ascii {
		return strings.ToLower(run)
	}
	var b strings.Builder
	b.Grow(len(run))
	for _, r := range norm.NFKD.String(run) {
		if !unicode.IsMark(r) {
			b.WriteRune(unicode.ToLower(r))
		}
	}
	return strings.ReplaceAll(b.String(), "ς", "σ") // the same letter at the end of a word
}

// Count packs the words of a text with how often each stands in it, in the order
// in which they come.
func Count(text []byte) []byte {
	c := counter{seed: maphash.MakeSeed(), places: make([]uint32, 1024), packed: make([]byte, 0, 2048)}
	lower := make([]byte, 0, 64)
	for i := 0; i < len(text); {
		if !letter(text[i]) && text[i] < utf8.RuneSelf {
			i++
			continue
		}
		start := i
		lower = lower[:0]
		for i < len(text) && letter(text[i]) {
			c := text[i]
			if 'A' <= c && c <= 'Z' {
				c += 'a' - 'A'
			}
			lower = append(lower, c)
			i++
		}
		if i == len(text) || text[i] < utf8.RuneSelf { // as nearly all are
			if len(lower) > 1 {
				c.add(lower[:min(len(lower), longest)])
			}
			continue
		}
		for i < len(text) && (letter(text[i]) || text[i] >= utf8.RuneSelf) {
			i++
		}
		for word := range Words(string(text[start:i])) {
			c.add([]byte(word))
		}
	}
	return c.packed
}

// letter tells the letters and digits of ASCII.
func letter(c byte) bool {
	return 'a' <= c && c <= 'z' || 'A' <= c && c <= 'Z' || '0' <= c && c <= '9'
}

// counter finds the words it has packed by a table of its own: a site has
// millions, and none needs to be a string for it.
type counter struct {
	packed []byte
	count  int
	places []uint32 // by hash: one more than where in packed a word stands; a power of two of them, at most half in use
	seed   maphash.Seed
}

func (c *counter) add(word []byte) {
	at := c.find(word)
	if place := c.places[at]; place != 0 {
		if times := &c.packed[place-1]; *times < most {
			*times++
		}
		return
	}
	c.places[at] = uint32(len(c.packed)) + 1
	c.packed = append(append(c.packed, 1, byte(len(word))), word...)
	if c.count++; 2*c.count > len(c.places) {
		c.places = make([]uint32, 2*len(c.places))
		for place := 0; place < len(c.packed); place += 2 + int(c.packed[place+1]) {
			c.places[c.find(c.word(place))] = uint32(place) + 1
		}
	}
}

// word is the one packed at a place.
func (c *counter) word(place int) []byte {
	return c.packed[place+2 : place+2+int(c.packed[place+1])]
}

// find is where in the table a word is, or would be.
func (c *counter) find(word []byte) int {
	last := len(c.places) - 1
	at := int(maphash.Bytes(c.seed, word) & uint64(last))
	for c.places[at] != 0 && !bytes.Equal(c.word(int(c.places[at])-1), word) {
		at = (at + 1) & last
	}
	return at
}

// most is how often a word is counted in one text.
const most = 3

// counted are the words and numbers that Count packed.
func counted(packed []byte) iter.Seq2[[]byte, int] {
	return func(yield func([]byte, int) bool) {
		for len(packed) >= 2 {
			times, end := int(packed[0]), 2+int(packed[1])
			if end > len(packed) || !yield(packed[2:end], times) {
				return
			}
			packed = packed[end:]
		}
	}
}
