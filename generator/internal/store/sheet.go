package store

import (
	"cmp"
	"encoding/binary"
	"errors"
	"hash/crc32"
	"math"
	"math/bits"
	"slices"
)

// A ledger is what was counted in some days: lines that add up. It adds what it is
// given, so that the ledger of a month is that of its days.
//
// A line belongs to a place, which is its first text, and to an account: its
// section and the other texts. Many lines share each, so each is kept once and a
// line is two numbers and a sum.
type ledger struct {
	places   []string
	accounts []account
	placed   map[string]uint32  // numbers of places
	numbered map[account]uint32 // numbers of accounts
	lines    map[uint64]lineSum // by the number of the place, times 2³², and that of the account
}

// section says what a line of a ledger is, and so what its texts and numbers are.
// They stand in stored sheets: never use a letter for something else.
type section byte

const (
	ofTally  section = 't' // post, form, placement, step; n
	ofReach  section = 'r' // post, step; visitors
	ofRepeat section = 'a' // post, the day of the card before; n
	ofDay    section = 'd' // day, step; n
	ofWorth  section = 'w' // post; amount
	ofPart   section = 'p' // post, key, step; n, visitors, amount
)

type account struct {
	section section
	texts   [3]string
}

type lineSum struct {
	n, visitors int
	amount      float64
}

func newLedger() *ledger {
	return &ledger{placed: map[string]uint32{}, numbered: map[account]uint32{}, lines: map[uint64]lineSum{}}
}

func (l *ledger) place(text string) uint64 {
	n, known := l.placed[text]
	if !known {
		n = uint32(len(l.places))
		l.placed[text] = n
		l.places = append(l.places, text)
	}
	return uint64(n)
}

func (l *ledger) account(a account) uint64 {
	n, known := l.numbered[a]
	if !known {
		n = uint32(len(l.accounts))
		l.numbered[a] = n
		l.accounts = append(l.accounts, a)
	}
	return uint64(n)
}

// add adds a line: its texts in the order of the section.
func (l *ledger) add(s section, sum lineSum, place string, texts ...string) {
	a := account{section: s}
	copy(a.texts[:], texts)
	l.sum(l.place(place)<<32|l.account(a), sum)
}

func (l *ledger) sum(line uint64, sum lineSum) {
	had := l.lines[line]
	l.lines[line] = lineSum{had.n + sum.n, had.visitors + sum.visitors, had.amount + sum.amount}
}

// each hands over the lines of a section, in no order.
func (l *ledger) each(s section, line func(place string, texts [3]string, sum lineSum)) {
	for key, sum := range l.lines {
		if a := l.accounts[uint32(key)]; a.section == s {
			line(l.places[key>>32], a.texts, sum)
		}
	}
}

// width is how many texts an account of a section has; -1 where there is no such.
func (s section) width() int {
	switch s {
	case ofTally:
		return 3
	case ofPart:
		return 2
	case ofReach, ofRepeat, ofDay:
		return 1
	case ofWorth:
		return 0
	}
	return -1
}

// holds tells which numbers a line of a section has.
func (s section) holds() (n, visitors, amount bool) {
	return s != ofReach && s != ofWorth, s == ofReach || s == ofPart, s == ofWorth || s == ofPart
}

// packed writes a ledger as a sheet: its places and accounts in order, each once,
// the lines in order, with numbers of as many bytes as they need, and a checksum
// (CRC-32) of all that. Ledgers that hold the same are the same bytes; lines that
// sum to nothing are left out.
func (l *ledger) packed() []byte {
	usedPlaces, usedAccounts := map[uint32]bool{}, map[uint32]bool{}
	keys := make([]uint64, 0, len(l.lines))
	for key, sum := range l.lines {
		if sum != (lineSum{}) {
			keys = append(keys, key)
			usedPlaces[uint32(key>>32)], usedAccounts[uint32(key)] = true, true
		}
	}
	places := ordered(usedPlaces, func(a, b uint32) int { return cmp.Compare(l.places[a], l.places[b]) })
	accounts := ordered(usedAccounts, func(a, b uint32) int {
		x, y := l.accounts[a], l.accounts[b]
		return cmp.Or(cmp.Compare(x.section, y.section), slices.Compare(x.texts[:], y.texts[:]))
	})
	placeAt, accountAt := make(map[uint32]uint64, len(places)), make(map[uint32]uint64, len(accounts))
	out := binary.AppendUvarint(nil, uint64(len(places)))
	for i, n := range places {
		placeAt[n] = uint64(i)
		out = appendText(out, l.places[n])
	}
	out = binary.AppendUvarint(out, uint64(len(accounts)))
	for i, n := range accounts {
		accountAt[n] = uint64(i)
		a := l.accounts[n]
		out = append(out, byte(a.section))
		for _, text := range a.texts[:a.section.width()] {
			out = appendText(out, text)
		}
	}
	renumbered := func(key uint64) uint64 { return placeAt[uint32(key>>32)]<<32 | accountAt[uint32(key)] }
	slices.SortFunc(keys, func(a, b uint64) int { return cmp.Compare(renumbered(a), renumbered(b)) })
	for _, key := range keys {
		out = binary.AppendUvarint(out, renumbered(key)>>32)
		out = binary.AppendUvarint(out, accountAt[uint32(key)])
		n, visitors, amount := l.accounts[uint32(key)].section.holds()
		if n {
			out = binary.AppendVarint(out, int64(l.lines[key].n))
		}
		if visitors {
			out = binary.AppendVarint(out, int64(l.lines[key].visitors))
		}
		if amount {
			// The last bits of an amount are mostly zeros; turned round they take no room.
			out = binary.AppendUvarint(out, bits.ReverseBytes64(math.Float64bits(l.lines[key].amount)))
		}
	}
	return binary.BigEndian.AppendUint32(out, crc32.ChecksumIEEE(out))
}

// ordered are the members of a set in an order.
func ordered(set map[uint32]bool, compare func(a, b uint32) int) []uint32 {
	out := make([]uint32, 0, len(set))
	for n := range set {
		out = append(out, n)
	}
	slices.SortFunc(out, compare)
	return out
}

func appendText(out []byte, text string) []byte {
	return append(binary.AppendUvarint(out, uint64(len(text))), text...)
}

// errDamaged is of a sheet that is not as it was packed; nothing of it was taken.
var errDamaged = errors.New("a sheet of sums is damaged")

// take adds a sheet to a ledger.
func (l *ledger) take(sheet []byte) error {
	end := len(sheet) - 4
	if end < 0 || binary.BigEndian.Uint32(sheet[end:]) != crc32.ChecksumIEEE(sheet[:end]) {
		return errDamaged
	}
	r := sheetReader{rest: sheet[:end]}
	places := make([]uint64, r.count())
	for i := range places {
		places[i] = l.place(r.text()) << 32
	}
	accounts := make([]uint64, r.count())
	sections := make([]section, len(accounts))
	for i := range accounts {
		a := account{section: r.section()}
		for j := range max(a.section.width(), 0) {
			a.texts[j] = r.text()
		}
		accounts[i], sections[i] = l.account(a), a.section
	}
	for len(r.rest) > 0 && !r.failed {
		place, account := r.number(), r.number()
		if place >= uint64(len(places)) || account >= uint64(len(accounts)) {
			r.failed = true
			break
		}
		var sum lineSum
		n, visitors, amount := sections[account].holds()
		if n {
			sum.n = r.signed()
		}
		if visitors {
			sum.visitors = r.signed()
		}
		if amount {
			sum.amount = math.Float64frombits(bits.ReverseBytes64(r.number()))
		}
		if !r.failed {
			l.sum(places[place]|accounts[account], sum)
		}
	}
	if r.failed {
		return errors.New("a sheet of sums was packed by a program with a fault")
	}
	return nil
}

// sheetReader reads a sheet; after a failure everything is zero.
type sheetReader struct {
	rest   []byte
	failed bool
}

func (r *sheetReader) fail() {
	r.failed, r.rest = true, nil
}

func (r *sheetReader) number() uint64 {
	n, size := binary.Uvarint(r.rest)
	if size <= 0 {
		r.fail()
		return 0
	}
	r.rest = r.rest[size:]
	return n
}

func (r *sheetReader) signed() int {
	n, size := binary.Varint(r.rest)
	if size <= 0 {
		r.fail()
		return 0
	}
	r.rest = r.rest[size:]
	return int(n)
}

// count is how many things follow, each of a byte at least.
func (r *sheetReader) count() int {
	n := r.number()
	if n > uint64(len(r.rest)) {
		r.fail()
		return 0
	}
	return int(n)
}

func (r *sheetReader) text() string {
	n := r.count()
	out := string(r.rest[:n])
	r.rest = r.rest[n:]
	return out
}

func (r *sheetReader) section() section {
	if len(r.rest) == 0 || section(r.rest[0]).width() < 0 {
		r.fail()
		return 0
	}
	s := section(r.rest[0])
	r.rest = r.rest[1:]
	return s
}
