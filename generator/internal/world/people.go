package world

import (
	"math/rand/v2"
	"strconv"
	"strings"
)

// people are those who have sent cards so far.
type people struct {
	known []*Person
	told  map[*Person]bool
	taken map[string]int // addresses without their number
}

// somebody is a new person, or now and then one who has sent a card before.
func (p *people) somebody(random *rand.Rand) *Person {
	if len(p.known) > 0 && random.Float64() < returns {
		return p.known[random.IntN(len(p.known))]
	}
	firsts, lasts := firstNames(), lastNames()
	who := &Person{First: firsts[random.IntN(len(firsts))], Last: lasts[random.IntN(len(lasts))]}
	name := strings.ToLower(who.First + "." + who.Last)
	domain := "@example.com"
	if random.IntN(3) == 0 {
		domain = "@example.org"
	}
	p.taken[name]++
	if n := p.taken[name]; n > 1 {
		name += strconv.Itoa(n)
	}
	who.Email = name + domain
	p.known = append(p.known, who)
	return who
}

// isNew tells whether a person is met for the first time by this question.
func (p *people) isNew(who *Person) bool {
	if p.told[who] {
		return false
	}
	if p.told == nil {
		p.told = map[*Person]bool{}
	}
	p.told[who] = true
	return true
}

func firstNames() []string {
	return strings.Fields("Ana Ben Cleo Dora Emil Fay Gil Hana Ivo Jola Kees Lia Milo Nora Otis Pia Quin Rosa Sami Tove Uma Vito Wanda Xeni Yara Zeno Alma Bruno Carla Dario")
}

func lastNames() []string {
	return strings.Fields("Abend Birch Calder Dunn Ember Fields Grove Hale Inman Juniper Kestrel Lark Marsh North Oakes Pell Quarry Reed Stone Thorne Underhill Vale Wren Yarrow Ash Brook Cliff Dale Elm Fern")
}

// word is a name for a number, fit for an address: two syllables and more.
func word(n int) string {
	const heads, tails = "bdfghklmnprstvz", "aeiou"
	var b strings.Builder
	for i := 0; i < 3 || n > 0; i++ {
		b.WriteByte(heads[n%len(heads)])
		n /= len(heads)
		b.WriteByte(tails[(n+i)%len(tails)])
	}
	return b.String()
}
