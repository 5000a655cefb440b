package search

import (
	"encoding/json"
	"fmt"
	"hash/fnv"
	"math/bits"
	"slices"
	"strconv"
	"unicode/utf8"
)

// Page is what a list of results says of a page, and the words that count more
// than those of its text.
type Page struct {
	Title       string
	URL         string // from the root
	Description string
	Date        string // as it is shown; empty: none
	Headings    []string
	Tags        []string
}

// What a word counts where it stands, besides once for each time in the text.
const (
	inTitle       = 8
	inHeading     = 4
	inTag         = 4
	inDescription = 2
)

// PerChunk is how many pages one file of the list holds.
const PerChunk = 20

// maxShards is how many files the words are spread over at the most.
const maxShards = 256

// Shards is how many files the words of so many pages are spread over: a power
// of two.
func Shards(pages int) int {
	const perShard = 16
	return min(maxShards, 1<<bits.Len(uint(pages/perShard)))
}

// ShardOf is the number of the file that holds a word. All words with the same
// first three characters share one; in a script without blanks, those with the
// same first.
func ShardOf(word []byte, shards int) int {
	end, n := 0, 0
	for end < len(word) && n < 3 {
		r, size := utf8.DecodeRune(word[end:])
		end += size
		n++
		if n == 1 && unspaced(r) {
			break
		}
	}
	h := fnv.New32a()
	_, _ = h.Write(word[:end])
	return int(h.Sum32() & uint32(shards-1))
}

// ShardName and ChunkName are the names of the files.
func ShardName(n int) string { return fmt.Sprintf("words-%02x.json", n) }

// ChunkName names the nth file of the list of pages.
func ChunkName(n int) string { return fmt.Sprintf("pages-%d.json", n) }

// Index makes the shards of pages, which are numbered as they come. text hands
// the packed words of a page's text to use.
func Index(pages []Page, text func(n int, use func(packed []byte) error) error) ([][]byte, error) {
	shards := make([]map[string][]uint32, Shards(len(pages)))
	for i := range shards {
		shards[i] = map[string][]uint32{}
	}
	const weightBits = 6
	lists := map[string]*[]uint32{} // by word: looked up far more often than made
	add := func(word []byte, page, weight int) {
		list, known := lists[string(word)]
		if !known {
			list = new([]uint32)
			lists[string(word)] = list
		}
		*list = append(*list, uint32(page)<<weightBits|uint32(min(weight, 1<<weightBits-1)))
	}
	for n, p := range pages {
		more := map[string]int{}
		for _, part := range []struct {
			texts  []string
			weight int
		}{{[]string{p.Title}, inTitle}, {p.Headings, inHeading}, {p.Tags, inTag}, {[]string{p.Description}, inDescription}} {
			here := map[string]bool{}
			for _, t := range part.texts {
				for word := range Words(t) {
					if !here[word] {
						here[word] = true
						more[word] += part.weight
					}
				}
			}
		}
		err := text(n, func(packed []byte) error {
			for word, times := range counted(packed) {
				add(word, n, times+more[string(word)])
				delete(more, string(word))
			}
			return nil
		})
		if err != nil {
			return nil, err
		}
		for word, weight := range more { // in any order: each is a line of its own
			add([]byte(word), n, weight)
		}
	}
	for word, list := range lists {
		shards[ShardOf([]byte(word), len(shards))][word] = *list
	}
	out := make([][]byte, len(shards))
	for i, shard := range shards {
		out[i] = shardFile(shard, weightBits)
	}
	return out, nil
}

// shardFile writes {"word":[page, weight, steps to the next page, weight, …]}.
func shardFile(shard map[string][]uint32, weightBits int) []byte {
	words := make([]string, 0, len(shard))
	for word := range shard {
		words = append(words, word)
	}
	slices.Sort(words)
	text := []byte{'{'}
	for i, word := range words {
		if i > 0 {
			text = append(text, ',', '\n')
		}
		text = strconv.AppendQuote(text, word) // letters and digits, which JSON writes alike
		text = append(text, ':', '[')
		last := uint32(0)
		for j, posting := range shard[word] {
			if j > 0 {
				text = append(text, ',')
			}
			page := posting >> weightBits
			text = strconv.AppendUint(text, uint64(page-last), 10)
			text = strconv.AppendUint(append(text, ','), uint64(posting&(1<<weightBits-1)), 10)
			last = page
		}
		text = append(text, ']')
	}
	return append(text, '}', '\n')
}

// Chunk writes one file of the list of pages.
func Chunk(pages []Page) ([]byte, error) {
	lines := [][4]string{}
	for _, p := range pages {
		lines = append(lines, [4]string{p.Title, p.URL, p.Description, p.Date})
	}
	text, err := json.Marshal(lines)
	if err != nil {
		return nil, fmt.Errorf("list pages for the search: %w", err)
	}
	return append(text, '\n'), nil
}
