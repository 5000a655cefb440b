package main

import (
	"bytes"
	"fmt"
	"math"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"time"
)

// vocabulary is what the posts are made of, the commonest words first.
const vocabulary = `the of and to a in is that for it as with on be by this we you are or an from at your our can more
will which their has have not but they all when one so what if how about than most into them some time reader page letter
form card bowl visit post price week client call offer answer question list note draft title summary paragraph sentence word
picture table figure number share rate count day month year season morning evening desk window door street city shop market
stall fair booth guest host friend partner writer editor printer painter teacher student farmer baker sailor doctor lawyer
plain short long quick slow early late small large clear honest useful careful common rare warm cold bright dark quiet loud
write read send keep ask tell show find lose win close open begin end stay leave bring carry build mend paint plant grow
gather measure compare remember forget promise deliver follow lead listen speak explain repeat improve reduce prepare choose
often seldom usually sometimes never always again soon later first second next last instead because although while before
after until unless where during between within without toward across above below under over around through along beyond`

// topics are the tags; the first is the commonest.
func topics() []string {
	var out []string
	for _, field := range []string{"letters", "prices", "clients", "forms", "pages", "words", "markets", "calls", "offers", "visits", "surveys", "fairs"} {
		for _, side := range []string{"", "-at-work", "-by-hand", "-for-shops", "-in-print"} {
			out = append(out, field+side)
		}
	}
	return out
}

// author writes posts; the same seed writes the same.
type author struct {
	*rand.Rand
	words []string
	count int // words written
	other func() string
	text  bytes.Buffer
}

func (a *author) word() string {
	a.count++
	u := a.Float64()
	return a.words[int(u*u*float64(len(a.words)))] // common words more often
}

func (a *author) phrase(n int) string {
	parts := make([]string, n)
	for i := range parts {
		parts[i] = a.word()
	}
	return strings.Join(parts, " ")
}

func capital(s string) string { return strings.ToUpper(s[:1]) + s[1:] }

func (a *author) sentence() string {
	var parts []string
	for n := 7 + a.IntN(15); len(parts) < n; {
		switch p := a.IntN(1000); {
		case p < 14:
			parts = append(parts, "**"+a.phrase(1+a.IntN(3))+"**")
		case p < 26:
			parts = append(parts, "*"+a.phrase(1+a.IntN(3))+"*")
		case p < 29:
			parts = append(parts, "`"+a.word()+"`")
		case p < 34:
			parts = append(parts, fmt.Sprintf("[%s](https://example.com/%s/%s)", a.phrase(2), a.word(), a.word()))
		case p < 38:
			parts = append(parts, fmt.Sprintf("[%s](../%s/)", a.phrase(3), a.other()))
		case p < 42:
			parts = append(parts, `"`+a.phrase(3)+`"`)
		case p < 48:
			parts = append(parts, "don't")
		case p < 120:
			parts = append(parts, a.word()+",")
		default:
			parts = append(parts, a.word())
		}
	}
	s := strings.TrimRight(strings.Join(parts, " "), ",")
	if s[0] >= 'a' && s[0] <= 'z' {
		s = capital(s)
	}
	return s + string(".....?!"[a.IntN(7)])
}

func (a *author) paragraph() {
	for range 2 + a.IntN(4) {
		a.text.WriteString(a.sentence() + " ")
	}
	a.text.WriteString("\n\n")
}

func slug(n int) string { return fmt.Sprintf("post-%06d", n) }

// post writes post n of a corpus.
func (a *author) post(n int, tags []string) {
	title := capital(a.phrase(4 + a.IntN(5)))
	day := time.Date(2015, 1, 5, 8, 0, 0, 0, time.UTC).Add(time.Duration(n) * 48 * time.Minute)
	fmt.Fprintf(&a.text, "---\ntitle: %q\ndate: %s\ndescription: %q\ntags: [%s]\n---\n\n",
		title, day.Format(time.RFC3339), capital(a.phrase(12+a.IntN(8)))+".", strings.Join(tags, ", "))
	length := 400 + a.IntN(1100)
	table, code, note := a.IntN(10) == 0, a.IntN(20) == 0, a.IntN(20) == 0
	a.count = 0
	a.paragraph()
	if note {
		a.text.WriteString("We counted this ourselves[^1].\n\n")
	}
	for section := 0; a.count < length; section++ {
		fmt.Fprintf(&a.text, "%s %s\n\n", []string{"##", "##", "###"}[a.IntN(3)], capital(a.phrase(3+a.IntN(5))))
		for range 1 + a.IntN(3) {
			a.paragraph()
		}
		switch kind := a.IntN(10); {
		case kind < 5:
			sign := []string{"-", "1."}[a.IntN(2)]
			for range 3 + a.IntN(4) {
				fmt.Fprintf(&a.text, "%s %s\n", sign, a.sentence())
			}
			a.text.WriteString("\n")
		case kind < 7:
			fmt.Fprintf(&a.text, "> %s %s\n\n", a.sentence(), a.sentence())
		}
		if section == 1 && table {
			a.text.WriteString("| Source | Visits | Cards | Rate |\n|---|---:|---:|---:|\n")
			for range 3 + a.IntN(6) {
				fmt.Fprintf(&a.text, "| %s | %d | %d | %d %% |\n", capital(a.phrase(2)), a.IntN(900), a.IntN(80), a.IntN(30))
			}
			a.text.WriteString("\n")
		}
		if section == 1 && code {
			a.text.WriteString("```html\n<form method=\"post\">\n")
			for range 2 + a.IntN(5) {
				fmt.Fprintf(&a.text, "  <input name=%q required>\n", a.word())
			}
			a.text.WriteString("</form>\n```\n\n")
		}
	}
	if note {
		fmt.Fprintf(&a.text, "[^1]: %s\n", a.sentence())
	}
}

// writeCorpus writes n posts of 400 to 1,500 words into dir/posts: headings,
// lists, quotes, links between posts, a table in every tenth, code and a
// footnote in every twentieth, two to four tags of sixty. The same n and seed
// give the same bytes.
func writeCorpus(dir string, n int, seed uint64) error {
	if err := os.MkdirAll(filepath.Join(dir, "posts"), 0o755); err != nil {
		return err
	}
	topics, words := topics(), strings.Fields(vocabulary)
	for i := range n {
		a := author{Rand: rand.New(rand.NewPCG(seed, uint64(i))), words: words}
		a.other = func() string { return slug(a.IntN(n)) }
		var tags []string
		for want := 2 + a.IntN(3); len(tags) < want; {
			// By Zipf's law: the kth tag is carried by about 1/k as many as the first.
			tag := topics[int(math.Pow(float64(len(topics)), a.Float64()))-1]
			if !strings.Contains(strings.Join(tags, " ")+" ", tag+" ") {
				tags = append(tags, tag)
			}
		}
		a.post(i, tags)
		if err := os.WriteFile(filepath.Join(dir, "posts", slug(i)+".md"), a.text.Bytes(), 0o644); err != nil {
			return err
		}
	}
	return nil
}
