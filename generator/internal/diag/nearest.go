package diag

import (
	"strings"
)

// Nearest is the candidate a mistyped word was most likely meant to be, or ""
// when none is close enough. Case does not count. The earlier of two equally
// near candidates wins, so the caller's order decides.
func Nearest(word string, candidates []string) string {
	return NewWords(candidates).Nearest(word)
}

// DidYouMean is a ready hint, or "" when nothing is near.
func DidYouMean(word string, candidates []string) string {
	if near := Nearest(word, candidates); near != "" {
		return "did you mean `" + near + "`?"
	}
	return ""
}

// Words are candidates made ready for many mistyped words. A site that has moved
// may have thousands of broken links and as many pages, and a distance costs some
// microseconds: who differs too much in the letters alone, whatever their order,
// is passed over for some nanoseconds.
type Words struct {
	words []candidate
}

type candidate struct {
	given   string
	letters []rune // in lower case
	bag     bag
}

// NewWords keeps the order of the candidates.
func NewWords(candidates []string) Words {
	words := make([]candidate, len(candidates))
	for i, given := range candidates {
		letters := []rune(strings.ToLower(given))
		words[i] = candidate{given, letters, bagOf(letters)}
	}
	return Words{words}
}

// Nearest is as the function of this name.
func (w Words) Nearest(word string) string {
	letters := []rune(strings.ToLower(word))
	best, least, of := -1, len(letters)/3+2, bagOf(letters)
	apart := make([]int32, len(w.words))
	for i := range w.words {
		apart[i] = of.apart(&w.words[i].bag)
	}
	var rows [3][]int
	// Those likest by their letters first, so that few are left to be compared.
	for bound := int32(0); int(bound) <= least; bound++ {
		for i, d := range apart {
			if d != bound || int(d) > least || int(d) == least && i > best {
				continue
			}
			if d := distance(letters, w.words[i].letters, least+1, &rows); d < least || d == least && i < best {
				best, least = i, d
			}
		}
	}
	if best < 0 {
		return ""
	}
	return w.words[best].given
}

// bag counts the letters of a word in 32 heaps; letters of one heap may be
// different ones.
type bag [32]uint8

func bagOf(letters []rune) bag {
	var b bag
	for _, r := range letters {
		if heap := &b[r%32]; *heap < 255 {
			*heap++
		}
	}
	return b
}

// apart is at most the distance of two words: an insertion, a deletion and a
// substitution each take one letter from a heap or put one on it, or both, and a
// swap leaves the heaps as they are. (Bartolini, Ciaccia, Patella, "String
// Matching with Metric Trees Using an Approximate Distance", 2002.)
func (b *bag) apart(other *bag) int32 {
	more, fewer := int32(0), int32(0)
	for i, n := range b {
		d := int32(n) - int32(other[i])
		more += max(d, 0)
		fewer += max(-d, 0)
	}
	return max(more, fewer)
}

// distance is the optimal string alignment distance: insertions, deletions,
// substitutions and swaps of neighbours each cost one. From enough on it need not
// be exact. rows are room to work in.
func distance(x, y []rune, enough int, rows *[3][]int) int {
	for i := range rows {
		if len(rows[i]) <= len(y) {
			rows[i] = make([]int, 2*len(y)+1)
		}
	}
	before, last, row := rows[0][:len(y)+1], rows[1][:len(y)+1], rows[2][:len(y)+1]
	for j := range last {
		last[j] = j
	}
	leastBefore := 0 // in the row above
	for i := 1; i <= len(x); i++ {
		row[0] = i
		least := i
		for j := 1; j <= len(y); j++ {
			substitution := last[j-1]
			if x[i-1] != y[j-1] {
				substitution++
			}
			row[j] = min(last[j]+1, row[j-1]+1, substitution)
			if i > 1 && j > 1 && x[i-1] == y[j-2] && x[i-2] == y[j-1] {
				row[j] = min(row[j], before[j-2]+1)
			}
			least = min(least, row[j])
		}
		// A swap reaches over one row, and none over two.
		if least >= enough && leastBefore >= enough {
			return enough
		}
		leastBefore = least
		before, last, row = last, row, before
	}
	return last[len(y)]
}
