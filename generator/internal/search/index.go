package search

import (
	"bytes"
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
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

// Buckets is how many files the words are spread over at the most. Groups are
// spread over as many, whatever the number of pages.
const Buckets = 256

// Shards is how many files the words of so many pages are spread over: a power
// of two.
func Shards(pages int) int {
	const perShard = 16
	return min(Buckets, 1<<bits.Len(uint(pages/perShard)))
}

// ShardOf is the number of the file that holds a word. All words with the same
// first three characters share one; in a script without blanks, those with the
// same first.
func ShardOf(word []byte, shards int) int { return int(bucketOf(word)) & (shards - 1) }

// bucketOf is where a word goes in the largest index. It is FNV-1a of the
// beginning, which the script of the search computes, too.
func bucketOf(word []byte) byte {
	const offset, prime = 2166136261, 16777619
	end, n := 0, 0
	for end < len(word) && n < 3 {
		r, size := utf8.DecodeRune(word[end:])
		end += size
		n++
		if n == 1 && unspaced(r) {
			break
		}
	}
	h := uint32(offset)
	for _, c := range word[:end] {
		h = (h ^ uint32(c)) * prime
	}
	return byte(h)
}

// ShardName and ChunkName are the names of the files.
func ShardName(n int) string { return fmt.Sprintf("words-%02x.json", n) }

// ChunkName names the nth file of the list of pages.
func ChunkName(n int) string { return fmt.Sprintf("pages-%d.json", n) }

// PerGroup is how many pages, as they are numbered, are counted together: an edit
// has one group counted again, and those shards made whose words changed in it.
const PerGroup = 16

// maxWeight is the most that a word counts on a page.
const maxWeight = 63

// posting is a word on a page of a group.
type posting struct {
	from, to     int // in the text of all words
	page, weight byte
}

// Group packs the words of up to PerGroup pages by bucket. text hands the packed
// words of a page's text to use.
//
// In a bucket stands for each word, in order: its length, the word, on how many
// pages it stands, and for each of these its number in the group and its weight,
// a byte each.
func Group(pages []Page, text func(n int, use func(packed []byte) error) error) ([Buckets][]byte, error) {
	var words []byte
	var sorted [Buckets][]posting
	add := func(word []byte, page, weight int) {
		at := bucketOf(word)
		sorted[at] = append(sorted[at], posting{len(words), len(words) + len(word), byte(page), byte(min(weight, maxWeight))})
		words = append(words, word...)
	}
	for n, p := range pages {
		more := p.weights()
		err := text(n, func(packed []byte) error {
			for word, times := range counted(packed) {
				add(word, n, times+more[string(word)])
				delete(more, string(word))
			}
			return nil
		})
		if err != nil {
			return [Buckets][]byte{}, err
		}
		for word, weight := range more { // in any order: they are sorted
			add([]byte(word), n, weight)
		}
	}
	var out [Buckets][]byte
	for i, list := range sorted {
		slices.SortFunc(list, func(a, b posting) int {
			return cmp.Or(bytes.Compare(words[a.from:a.to], words[b.from:b.to]), cmp.Compare(a.page, b.page))
		})
		for len(list) > 0 {
			word, same := words[list[0].from:list[0].to], 1
			for same < len(list) && bytes.Equal(words[list[same].from:list[same].to], word) {
				same++
			}
			out[i] = append(append(append(out[i], byte(len(word))), word...), byte(same))
			for _, p := range list[:same] {
				out[i] = append(out[i], p.page, p.weight)
			}
			list = list[same:]
		}
	}
	return out, nil
}

// weights are what the words count for that stand beside the text of a page.
func (p Page) weights() map[string]int {
	out := map[string]int{}
	for _, part := range []struct {
		texts  []string
		weight int
	}{{[]string{p.Title}, inTitle}, {p.Headings, inHeading}, {p.Tags, inTag}, {[]string{p.Description}, inDescription}} {
		here := map[string]bool{}
		for _, t := range part.texts {
			for word := range Words(t) {
				if !here[word] {
					here[word] = true
					out[word] += part.weight
				}
			}
		}
	}
	return out
}

// line is a word of a shard: what is written of it so far, and the last page in
// that.
type line struct {
	text []byte
	last int
}

// Shard writes one of the files that the words are spread over:
// {"word":[page, weight, steps to the next page, weight, …]}. bucket hands the
// bucket of a group to use.
func Shard(n, shards, groups int, bucket func(group, n int, use func([]byte) error) error) ([]byte, error) {
	lines := map[string]*line{}
	for group := range groups {
		for b := n; b < Buckets; b += shards {
			err := bucket(group, b, func(text []byte) error {
				for len(text) > 0 {
					end := 1 + int(text[0])
					if end >= len(text) || end+1+2*int(text[end]) > len(text) {
						return errors.New("a group of words is cut off")
					}
					word, pages := text[1:end], text[end+1:end+1+2*int(text[end])]
					text = text[end+1+len(pages):]
					l, known := lines[string(word)]
					if !known {
						l = new(line)
						lines[string(word)] = l
					}
					for ; len(pages) > 0; pages = pages[2:] {
						if len(l.text) > 0 {
							l.text = append(l.text, ',')
						}
						page := group*PerGroup + int(pages[0])
						l.text = strconv.AppendInt(l.text, int64(page-l.last), 10)
						l.text = strconv.AppendInt(append(l.text, ','), int64(pages[1]), 10)
						l.last = page
					}
				}
				return nil
			})
			if err != nil {
				return nil, err
			}
		}
	}
	size := 2
	for word, l := range lines {
		size += len(word) + len(l.text) + len(`"":[],\n`)
	}
	text := append(make([]byte, 0, size), '{')
	for i, word := range slices.Sorted(maps.Keys(lines)) {
		if i > 0 {
			text = append(text, ',', '\n')
		}
		text = strconv.AppendQuote(text, word) // letters and digits, which JSON writes alike
		text = append(append(append(text, ':', '['), lines[word].text...), ']')
	}
	return append(text, '}', '\n'), nil
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
