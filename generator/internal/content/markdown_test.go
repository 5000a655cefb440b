package content

import (
	"context"
	"fmt"
	"html"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"testing/fstest"
	"time"

	"github.com/google/go-cmp/cmp"

	"cardbowl/generator/internal/cache"
	"cardbowl/generator/internal/diag"
	"cardbowl/generator/internal/memo"
	"cardbowl/generator/internal/source"
)

func settings() Settings {
	return Settings{Zone: time.FixedZone("EST", -5*3600), Taxonomies: []string{"tags", "categories", "series"}}
}

// parsed is the document a file with this text becomes.
func parsed(text string) Document { return parsedWith(settings(), text) }

func parsedWith(s Settings, text string) Document {
	return Parse("content/posts/a.md", memo.OfBytes([]byte(text)), []byte(text), s, newConverter(s))
}

// shown is a body with its references written as [[kind target]].
func shown(b Body) string {
	var out strings.Builder
	text := b.Text
	for _, s := range b.Segments {
		if s.Ref == nil {
			out.WriteString(text[:s.Length])
			text = text[s.Length:]
			continue
		}
		fmt.Fprintf(&out, "[[%s", s.Ref.Kind)
		for _, part := range append([]string{s.Ref.Target, s.Ref.Alt, s.Ref.Title}, s.Ref.Args...) {
			if part != "" {
				out.WriteString(" " + part)
			}
		}
		out.WriteString("]]")
	}
	return out.String()
}

func TestMarkdown(t *testing.T) {
	for _, c := range []struct{ name, text, want string }{
		{"table", "| a | b |\n|:-:|--:|\n| 1 | 2 |\n", "<div class=\"table-scroll\" tabindex=\"0\">\n<table>\n<thead>\n<tr>\n<th class=\"align-center\">a</th>\n<th class=\"align-right\">b</th>\n</tr>\n</thead>\n<tbody>\n<tr>\n<td class=\"align-center\">1</td>\n<td class=\"align-right\">2</td>\n</tr>\n</tbody>\n</table>\n</div>\n"},
		{"typographer", "\"Sales\" -- it's... one --- two\n", "<p>“Sales” &ndash; it&rsquo;s&hellip; one &mdash; two</p>\n"},
		{"code is left alone", "`\"a\" -- b` and\n\n```go\na := \"--\" // <b>\n```\n", "<p><code>&quot;a&quot; -- b</code> and</p>\n<pre tabindex=\"0\"><code class=\"language-go\">a := <span class=\"s\">&#34;--&#34;</span> <span class=\"c\">// &lt;b&gt;</span>\n</code></pre>\n"},
		{"footnote", "One[^n].\n\n[^n]: Note.\n", "<p>One<sup id=\"fnref:1\"><a href=\"#fn:1\" class=\"footnote-ref\" role=\"doc-noteref\">1</a></sup>.</p>\n<div class=\"footnotes\" role=\"doc-endnotes\">\n<hr>\n<ol>\n<li id=\"fn:1\">\n<p>Note.&#160;<a href=\"#fnref:1\" class=\"footnote-backref\" role=\"doc-backlink\">&#x21a9;&#xfe0e;</a></p>\n</li>\n</ol>\n</div>\n"},
		{"tasks and strikes", "- [x] ~~done~~\n", "<ul>\n<li><input type=\"checkbox\" disabled checked aria-label=\"done\"> <del>done</del></li>\n</ul>\n"},
		{"numbered from three", "3. a\n4. b\n", "<ol start=\"3\">\n<li>a</li>\n<li>b</li>\n</ol>\n"},
		{"definitions", "Term\n: What it is\n", "<dl>\n<dt>Term</dt>\n<dd>What it is</dd>\n</dl>\n"},
		{"bare addresses", "www.example.org https://example.org/a?b=c&d=e\n", "<p><a href=\"http://www.example.org\">www.example.org</a> <a href=\"https://example.org/a?b=c&amp;d=e\">https://example.org/a?b=c&amp;d=e</a></p>\n"},
		{"headings in any script", "Text.\n# Größe & Maß\n## 日本語 テスト\n## Größe & Maß\n## !!!\n## Own {#chosen .wide}\n", "<p>Text.</p>\n<h1 id=\"größe--maß\">Größe &amp; Maß</h1>\n<h2 id=\"日本語-テスト\">日本語 テスト<a class=\"anchor\" href=\"#%E6%97%A5%E6%9C%AC%E8%AA%9E-%E3%83%86%E3%82%B9%E3%83%88\" aria-hidden=\"true\" tabindex=\"-1\"></a></h2>\n<h2 id=\"größe--maß-1\">Größe &amp; Maß<a class=\"anchor\" href=\"#gr%C3%B6%C3%9Fe--ma%C3%9F-1\" aria-hidden=\"true\" tabindex=\"-1\"></a></h2>\n<h2 id=\"section\">!!!<a class=\"anchor\" href=\"#section\" aria-hidden=\"true\" tabindex=\"-1\"></a></h2>\n<h2 id=\"chosen\" class=\"wide\">Own<a class=\"anchor\" href=\"#chosen\" aria-hidden=\"true\" tabindex=\"-1\"></a></h2>\n"},
		{"ids never clash", "Text.\n# A\n# A-1\n# A\n# A\n", "<p>Text.</p>\n<h1 id=\"a\">A</h1>\n<h1 id=\"a-1\">A-1</h1>\n<h1 id=\"a-2\">A</h1>\n<h1 id=\"a-3\">A</h1>\n"},
		{"links", "[a](b.md) [c](/d/?e=1&f=2#g) [h](https://example.org \"t\") [i](#j) [k](//example.org) [l](/_/confirm)\n", "<p><a[[link b.md]]>a</a> <a[[link /d/?e=1&f=2#g]]>c</a> <a href=\"https://example.org\" title=\"t\">h</a> <a href=\"#j\">i</a> <a href=\"//example.org\">k</a> <a href=\"/_/confirm\">l</a></p>\n"},
		{"link by reference", "[a][r]\n\n[r]: b.md \"Title & more\"\n", "<p><a[[link b.md]] title=\"Title &amp; more\">a</a></p>\n"},
		{"pictures", "![A *fine* one](p.svg \"t\") ![x](https://example.org/p.png)\n", "<p>[[image p.svg A fine one t]] <img src=\"https://example.org/p.png\" alt=\"x\" loading=\"lazy\"></p>\n"},
		{"linked picture", "[![alt](p.svg)](b.md)\n", "<p><a[[link b.md]]>[[image p.svg alt]]</a></p>\n"},
		{"shortcode block", "a\n{{< form newsletter >}}\nb\n", "<p>a</p>\n[[shortcode form newsletter]]<p>b</p>\n"},
		{"shortcode inline", "a {{< form \"two words\" x >}} b\n", "<p>a [[shortcode form two words x]] b</p>\n"},
		{"shortcode in a list", "- {{< form >}}\n", "<ul>\n<li>\n[[shortcode form]]</li>\n</ul>\n"},
		{"no shortcode in code", "`{{< form >}}`\n\n    {{< form >}}\n", "<p><code>{{&lt; form &gt;}}</code></p>\n<pre tabindex=\"0\"><code>{{&lt; form &gt;}}\n</code></pre>\n"},
		{"raw HTML is dropped", "a <b>c</b>\n\n<script>alert(1)</script>\n\n<!-- a comment -->\n\nd\n", "<p>a c</p>\n<p>d</p>\n"},
		{"more marker is no text", "a <!--more--> b\n", "<p>a  b</p>\n"},
	} {
		t.Run(c.name, func(t *testing.T) {
			if d := cmp.Diff(c.want, shown(parsed(c.text).Body)); d != "" {
				t.Error(d)
			}
		})
	}
}

// dangerousAddresses run code when followed, in the spellings that filters
// forget.
func dangerousAddresses() []string {
	return []string{"javascript:alert(1)", "JaVaScRiPt:alert(1)", "javascript&colon;alert(1)", "&#106;avascript:alert(1)", "&#x6A;avascript:alert(1)",
		"&#0000106avascript:alert(1)", "javascript\\:alert(1)", "java&#10;script:alert(1)", "java&Tab;script:alert(1)", "&#1;javascript:alert(1)", "vbscript:x", "data:text/html,x",
		"<javascript:alert(1)>", "< javascript:alert(1)>", "javascript&#58;alert(1)", "file:///etc/passwd", "java%73cript&colon;alert(1)"}
}

func TestDangerousLinksAreInert(t *testing.T) {
	for _, raw := range []bool{false, true} {
		s := settings()
		s.HTML = raw
		for _, address := range dangerousAddresses() {
			for _, form := range []string{"[a](%s)", "![a](%s)", "[a]\n\n[a]: %s", "<%s>", "[a](%s \"t\")", "[^1]\n\n[^1]: [a](%s)"} {
				text := fmt.Sprintf(form, address)
				if found := danger(parsedWith(s, text)); found != "" {
					t.Errorf("%q (raw HTML %v) gives %s", text, raw, found)
				}
			}
		}
	}
}

var addressAttribute = regexp.MustCompile(`(?:href|src)="([^"]*)"`)

// danger is what a browser would run of a document, or "".
func danger(d Document) string {
	for _, body := range []Body{d.Body, d.Excerpt} {
		for _, s := range body.Segments {
			if s.Ref == nil || s.Ref.Kind == ShortcodeRef {
				continue
			}
			if dangerous([]byte(html.EscapeString(s.Ref.Target))) {
				return fmt.Sprintf("reference to %q", s.Ref.Target)
			}
		}
		for _, m := range addressAttribute.FindAllStringSubmatch(body.Text, -1) {
			if dangerous([]byte(m[1])) {
				return m[0]
			}
		}
	}
	return ""
}

func TestRawHTML(t *testing.T) {
	text := "---\ntitle: T\n---\nA <b>bold</b> word.\n\n<div>\nblock\n</div>\n"
	d := parsed(text)
	var got []string
	for _, p := range d.Problems {
		got = append(got, fmt.Sprintf("%d:%d %s %s", p.Line, p.Column, p.Severity, p.Source))
	}
	if want := []string{"4:3 warning A <b>bold</b> word.", "6:1 warning <div>"}; !slices.Equal(got, want) {
		t.Errorf("got %q, want %q", got, want)
	}
	s := settings()
	s.HTML = true
	if let := parsedWith(s, text); len(let.Problems) != 0 || !strings.Contains(shown(let.Body), "<b>bold</b>") || !strings.Contains(shown(let.Body), "<div>\nblock\n</div>") {
		t.Errorf("let through: %s\n%s", shown(let.Body), let.Problems)
	}
}

func TestPlacesOfReferences(t *testing.T) {
	for _, end := range []string{"\n", "\r\n"} {
		text := strings.ReplaceAll("---\ntitle: T\ndate: 2026-01-01\n---\n\nA [l](one.md) and Ü ![i](two.svg)\n\n> - deep [l](three.md)\n\n{{< form four >}}\n\n[^1]\n\n[^1]: Note [l](five.md)\n", "\n", end)
		want := map[string]string{"one.md": "6:3", "two.svg": "6:21", "three.md": "8:10", "four": "10:1", "five.md": "14:12"}
		got := map[string]string{}
		for _, s := range parsed(text).Body.Segments {
			if s.Ref == nil {
				continue
			}
			key := s.Ref.Target
			if s.Ref.Kind == ShortcodeRef {
				key = s.Ref.Args[0]
			}
			got[key] = fmt.Sprintf("%d:%d", s.Ref.Line, s.Ref.Column)
			if line := Line([]byte(text), s.Ref.Line); !strings.Contains(line, key) {
				t.Errorf("%s is said to stand in %q", key, line)
			}
		}
		if d := cmp.Diff(want, got); d != "" {
			t.Errorf("line ends %q: %s", end, d)
		}
	}
}

func TestExcerpt(t *testing.T) {
	long := strings.TrimSpace(strings.Repeat("word ", autoExcerptWords))
	for _, c := range []struct {
		name, text, want string
		more             bool
	}{
		{"marker", "One.\n\n<!--more-->\n\nTwo.\n", "<p>One.</p>\n", true},
		{"marker at the end", "One.\n\n<!--more-->\n", "<p>One.</p>\n", false},
		{"marker with blanks", "One.\n\n<!-- more -->\n\nTwo.\n", "<p>One.</p>\n", true},
		{"marker in a paragraph keeps it whole", "One <!--more--> two.\n\nThree.\n", "<p>One  two.</p>\n", true},
		{"marker in a list", "- One\n- Two <!--more-->\n\nThree.\n", "<ul>\n<li>One</li>\n<li>Two </li>\n</ul>\n", true},
		{"marker after a heading", "## H\n\nOne.\n\n<!--more-->\n\nTwo.\n", "<h2>H</h2>\n<p>One.</p>\n", true},
		{"automatic, short", "One.\n", "<p>One.</p>\n", false},
		{"automatic, whole paragraphs", "One.\n\n" + long + "\n\nThree.\n", "<p>One.</p>\n<p>" + long + "</p>\n", true},
		{"automatic stops before a list", "One:\n\n- two\n", "<p>One:</p>\n", true},
		{"automatic passes over a title", "# Title\n\nOne.\n", "<p>One.</p>\n", false},
		{"automatic passes over a heading", "## Heading\n\nOne.\n", "<p>One.</p>\n", true},
		{"no footnote in a list", "One[^1].\n\n<!--more-->\n\n[^1]: Note.\n", "<p>One.</p>\n", true},
		{"marker in code is code", "`<!--more-->`\n\n" + long + "\n\nTwo.\n", "<p><code>&lt;!--more--&gt;</code></p>\n<p>" + long + "</p>\n", true},
		{"nothing", "", "", false},
	} {
		t.Run(c.name, func(t *testing.T) {
			d := parsed(c.text)
			if diff := cmp.Diff(c.want, shown(d.Excerpt)); diff != "" || d.More != c.more {
				t.Errorf("more: %v, want %v\n%s", d.More, c.more, diff)
			}
		})
	}
}

func TestOpeningAndWords(t *testing.T) {
	d := parsed("# Title\n\nOne *two* [three](x.md) \"four\".\n\n- five six\n\n```\nnot words\n```\n")
	if d.Opening != "One two three “four”." || d.Words != 6 {
		t.Errorf("%q, %d words", d.Opening, d.Words)
	}
	if got := Shorten(strings.Repeat("wörd ", 100), 21); got != "wörd wörd wörd wörd…" {
		t.Errorf("%q", got)
	}
}

// TestLimits states each bound from both sides, with the line it names. How long
// a text may take is the watchdog's to say, not a clock's here.
// Scripts without blanks have words all the same.
func TestWordsWithoutBlanks(t *testing.T) {
	paragraph := strings.Repeat("猫は名刺の箱を見ている。", 8) // 88 characters, and 8 stops that are no words
	d := parsed(paragraph + "\n\nThe rest.\n")
	if d.Words != 46 || !d.More {
		t.Errorf("%d words, and more than the first paragraph: %v", d.Words, d.More)
	}
}

func TestLimits(t *testing.T) {
	top := "---\ntitle: T\n---\n"
	row := func(cell string, n int) string { return strings.Repeat("|"+cell, n) + "|\n" }
	for _, c := range []struct {
		name, good, bad string
		line            int
		message         string
	}{
		{"size", top + strings.Repeat("a ", (maxMarkdown-len(top))/2), top + strings.Repeat("a ", maxMarkdown/2), 1, "more than the 1048576 a page may have"},
		{"quotes", top + strings.Repeat(">", maxNesting) + " a", top + "x\n\n" + strings.Repeat("> ", 100_000) + "a", 6, "nested more than 100 deep"},
		{"lists", top + strings.Repeat("- ", maxNesting/2) + "a", top + strings.Repeat("- ", maxNesting+1) + "a", 4, "nested more than 100 deep"},
		{"numbered lists", top + strings.Repeat("1. ", 50) + "a", top + strings.Repeat("1. ", maxNesting+1) + "a", 4, "nested more than 100 deep"},
		{"indentation", top + strings.Repeat(" ", maxIndent) + "- a", top + strings.Repeat(" ", maxIndent+1) + "- a", 4, "nested more than 100 deep"},
		{"brackets", top + strings.Repeat("[", 500), top + strings.Repeat("[\n", maxBrackets+1), 4 + maxBrackets, "more than 5000 opening brackets"},
		{"columns", top + row("a", 100) + row("-", 100), top + row("a", maxColumns+1) + row("-", maxColumns+1), 5, "more than 256 columns"},
		{"cells", top + row("a", 200) + row("-", 200) + strings.Repeat("|b|\n", 20), top + row("a", 200) + row("-", 200) + strings.Repeat("|b|\n", 500), 500, "more than 100000 cells"},
		{"front matter", "---\na: " + strings.Repeat("x", 1000) + "\n---\n", "---\na: " + strings.Repeat("x", maxFrontMatter) + "\n---\n", 1, "more than 32768"},
		{"keys", "---\n" + keys(maxKeys) + "---\n", "---\n" + keys(maxKeys+1) + "---\n", 2, "201 keys, more than 200"},
		{"growth", top + strings.Repeat("[^1] ", 10) + "\n\n[^1]: x\n", top + strings.Repeat(strings.Repeat("[^1] ", 4000)+"\n\n", 10) + "[^1]: x\n", 1, "grows to more than 20 times"},
	} {
		t.Run(c.name, func(t *testing.T) {
			if d := parsed(c.good); d.Problems.HasErrors() {
				t.Errorf("refused although within bounds: %s", d.Problems)
			}
			d := parsed(c.bad)
			errors := d.Problems.Only(diag.Error)
			if len(errors) != 1 || !strings.Contains(errors[0].Message, c.message) || errors[0].Line != c.line {
				t.Errorf("want one error %q in line %d, got %.300s", c.message, c.line, errors)
			}
			if len(d.Body.Segments) != 0 {
				t.Error("a refused text has a body")
			}
		})
	}
}

func keys(n int) string {
	var b strings.Builder
	for i := range n {
		fmt.Fprintf(&b, "k%d: v\n", i)
	}
	return b.String()
}

// TestParseAll: which files are documents, what is remembered, and that a file
// too large is not even read.
func TestParseAll(t *testing.T) {
	dir := t.TempDir()
	for name, text := range map[string]string{
		"site.yaml":               "title: T\n",
		"content/a.md":            "A",
		"content/_hidden/b.md":    "B",
		"content/posts/_x.md":     "X",
		"content/posts/_index.md": "List",
		"content/posts/c.MD":      "C",
		"content/posts/d.txt":     "D",
		"content/large.md":        strings.Repeat("x", maxMarkdown+1),
	} {
		at := filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(at), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(at, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	tree, problems, err := source.NewReader(dir, fstest.MapFS{}, time.Now).Read(context.Background())
	if err != nil || len(problems) > 0 {
		t.Fatal(err, problems)
	}
	m := memo.New()
	var shelf Shelf
	for round := range 2 {
		shelf, err = ParseAll(context.Background(), tree, settings(), shelf, m, cache.InMemory(), 2)
		if err != nil {
			t.Fatal(err)
		}
		problems := shelf.Problems
		var names []string
		for _, d := range shelf.Documents {
			names = append(names, d.File)
		}
		if want := []string{"content/a.md", "content/large.md", "content/posts/_index.md", "content/posts/c.MD"}; !slices.Equal(names, want) {
			t.Errorf("documents %v, want %v", names, want)
		}
		if len(problems) != 1 || problems[0].File != "content/large.md" {
			t.Errorf("problems: %v", problems)
		}
		if m.Runs(Stage) != 4 {
			t.Errorf("round %d: %d parsed, want each file once", round, m.Runs(Stage))
		}
	}
	other := settings()
	other.Search = !other.Search
	if again, err := ParseAll(context.Background(), tree, other, shelf, m, cache.InMemory(), 2); err != nil || m.Runs(Stage) != 8 || again.Documents[0] == shelf.Documents[0] {
		t.Errorf("with other settings %d parsed (%v), want all again", m.Runs(Stage), err)
	}
	// A file that is no longer what the tree says must not become a document.
	if err := os.WriteFile(filepath.Join(dir, "content/a.md"), []byte("Z"), 0o644); err != nil {
		t.Fatal(err)
	}
	if _, err := ParseAll(context.Background(), tree, settings(), Shelf{}, memo.New(), cache.InMemory(), 2); err == nil {
		t.Error("a changed file was parsed")
	}
	ended, cancel := context.WithCancel(context.Background())
	cancel()
	if _, err := ParseAll(ended, tree, settings(), Shelf{}, memo.New(), cache.InMemory(), 2); err == nil {
		t.Error("an ended context parses on")
	}
}

// FuzzParse looks for texts that crash, leave a mark of ours in the HTML, or put
// code into an address.
func FuzzParse(f *testing.F) {
	for _, address := range dangerousAddresses() {
		f.Add("[a](" + address + ") ![b](" + address + ") <" + address + ">\n")
	}
	f.Add("---\n? [x]\n: 1\n<<: {a: 1}\n---\n")
	f.Add("a <!--more--> b\n\n{{< form x \"y\" >}}\n\n# H {#h}\n\n[^1]\n\n[^1]: n\n")
	f.Add("| a |\n|--|\n| {{< form >}} |\n\n- > 1. x\n\n<div>\n")
	f.Add("+++\na = 1979-05-27\n+++\n\x00")
	f.Add("{\"a\": {\"b\": [1, 2.5, \"x\"]}}\n[a](b 'c')")
	f.Add("\uFEFF---\r\ntitle: x\r---\r\n")
	f.Fuzz(func(t *testing.T, text string) {
		d := parsed(text)
		for _, body := range []Body{d.Body, d.Excerpt} {
			if strings.ContainsRune(body.Text, 0) {
				t.Errorf("a mark is left in %q", body.Text)
			}
			length := 0
			for _, s := range body.Segments {
				length += s.Length
			}
			if length != len(body.Text) {
				t.Errorf("segments of %d bytes for a text of %d", length, len(body.Text))
			}
		}
		if found := danger(d); found != "" {
			t.Errorf("%q gives %s", text, found)
		}
		for _, body := range []Body{d.Body, d.Excerpt} {
			if found := unsound(body); found != "" {
				t.Errorf("%q gives %s in %q", text, found, shown(body))
			}
		}
		for _, p := range d.Problems {
			if p.File == "" || p.Line < 1 || p.Message == "" {
				t.Errorf("a problem without a place: %+v", p)
			}
		}
		if d.Digest != memo.OfBytes([]byte(text)) {
			t.Error("another digest")
		}
		memo.Of(d.Front.Params) // whatever front matter holds must have a digest
	})
}

// A heading that is the title is no part of the text, where the title stands
// already. One that says more than words stays.
func TestTitleInTheText(t *testing.T) {
	for _, c := range []struct {
		text, want string
		titled     bool
	}{
		{"# A *b* `c`\n\nText.\n", "<p>Text.</p>\n", true},
		{"A\n=\n\n# B\n", "<h1 id=\"b\">B</h1>\n", true},
		{"---\ntitle: A\n---\n# A\n", "", true},
		{"---\ntitle: B\n---\n# A\n", "<h1 id=\"a\">A</h1>\n", false},
		{"Text.\n\n# A\n", "<p>Text.</p>\n<h1 id=\"a\">A</h1>\n", false},
		{"## A\n", "<h2 id=\"a\">A<a class=\"anchor\" href=\"#a\" aria-hidden=\"true\" tabindex=\"-1\"></a></h2>\n", false},
		{"# ![Logo](l.svg) A\n", "<h1 id=\"logo-a\">[[image l.svg Logo]] A</h1>\n", false},
		{"# [A](b.md)\n", "<h1 id=\"a\"><a[[link b.md]]>A</a></h1>\n", false},
	} {
		d := parsed(c.text)
		if got := shown(d.Body); got != c.want || d.Titled != c.titled {
			t.Errorf("%q: titled %v\n got %q\nwant %q", c.text, d.Titled, got, c.want)
		}
	}
}
