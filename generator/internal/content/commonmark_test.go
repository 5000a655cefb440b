package content

import (
	"bytes"
	"fmt"
	"maps"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"

	nethtml "golang.org/x/net/html"
)

// specification is the text of CommonMark with its examples, as npm brings it
// for the tests.
const specification = "../../../.ci/node_modules/commonmark-spec/spec.txt"

type example struct {
	number         int
	markdown, html string
}

func examples(t *testing.T) []example {
	t.Helper()
	text, err := os.ReadFile(specification)
	if err != nil {
		if os.Getenv("CI") != "" {
			t.Fatal(err)
		}
		t.Skip("SKIPPED: the examples of CommonMark are not here; (cd .ci && npm ci) brings them")
	}
	fence := strings.Repeat("`", 32)
	pattern := regexp.MustCompile(`(?m)^` + fence + ` example\n([\s\S]*?)^\.\n([\s\S]*?)^` + fence + `$`)
	var out []example
	for i, m := range pattern.FindAllStringSubmatch(string(text), -1) {
		out = append(out, example{i + 1, strings.ReplaceAll(m[1], "→", "\t"), strings.ReplaceAll(m[2], "→", "\t")})
	}
	return out
}

// otherwise are the examples that our extensions read in another way, and why.
func otherwise() map[int]string {
	const address = "a bare address becomes a link, as on GitHub"
	return map[int]string{
		608: address, 611: address, 612: address,
	}
}

// Every example of CommonMark means what the specification says, but for what
// our options add: typographic marks, ids and links of headings, what makes code
// and pictures better to use.
func TestCommonMark(t *testing.T) {
	all := examples(t)
	if len(all) != 652 {
		t.Fatalf("%d examples, not 652", len(all))
	}
	s := settings()
	s.HTML, s.Plain = true, true
	different := otherwise()
	for _, e := range all {
		c := newConverter(s)
		root := c.parse([]byte(e.markdown))
		var got bytes.Buffer
		if err := c.render(&got, root, []byte(e.markdown)); err != nil {
			t.Fatal(err)
		}
		same := essence(got.String()) == essence(e.html)
		if why, expected := different[e.number]; expected {
			if same {
				t.Errorf("example %d is as the specification has it, though %s", e.number, why)
			}
			delete(different, e.number)
			continue
		}
		if !same {
			t.Errorf("example %d: %q\nwanted %s\ngot    %s", e.number, e.markdown, essence(e.html), essence(got.String()))
		}
	}
	for _, number := range slices.Sorted(maps.Keys(different)) {
		t.Errorf("there is no example %d", number)
	}
}

// ofBlocks tells the elements beside whose tags blanks mean nothing.
func ofBlocks(name string) bool {
	return slices.Contains([]string{"p", "div", "h1", "h2", "h3", "h4", "h5", "h6", "ul", "ol", "li", "blockquote", "pre", "hr", "table", "thead", "tbody", "tr", "td", "th", "section", "article", "script", "style", "textarea"}, name)
}

// essence is HTML without what our options add or write in another way: one
// token a line, attributes sorted. Blanks count but beside the tags of blocks.
func essence(text string) string {
	typographic := strings.NewReplacer("“", `"`, "”", `"`, "‘", "'", "’", "'", "–", "--", "—", "---", "…", "...", "«", "<<", "»", ">>")
	var out strings.Builder
	inAnchor, inPre := false, 0
	said := ""         // text so far: a comment within it does not part it
	afterBlock := true // it follows the tag of a block, or nothing
	say := func(beforeBlock bool) {
		if inPre == 0 && afterBlock {
			said = strings.TrimLeft(said, " \t\n")
		}
		if inPre == 0 && beforeBlock {
			said = strings.TrimRight(said, " \t\n")
		}
		if said != "" {
			fmt.Fprintf(&out, "%q\n", typographic.Replace(said))
		}
		said, afterBlock = "", beforeBlock
	}
	for tokens := nethtml.NewTokenizer(strings.NewReader(text)); tokens.Next() != nethtml.ErrorToken; {
		token := tokens.Token()
		switch token.Type {
		case nethtml.CommentToken:
			continue // left out everywhere: a comment is nobody's to read
		case nethtml.TextToken:
			said += token.Data
			continue
		}
		if token.Data == "a" && (inAnchor || slices.Contains(token.Attr, nethtml.Attribute{Key: "class", Val: "anchor"})) {
			inAnchor = token.Type != nethtml.EndTagToken // ours, and empty: it parts no text
			continue
		}
		say(ofBlocks(token.Data))
		if token.Type == nethtml.EndTagToken {
			if token.Data == "pre" {
				inPre--
			}
			fmt.Fprintf(&out, "</%s>\n", token.Data)
			continue
		}
		if token.Data == "pre" {
			inPre++
		}
		var attributes []string
		for _, a := range token.Attr {
			switch {
			case len(token.Data) == 2 && token.Data[0] == 'h' && a.Key == "id", token.Data == "img" && a.Key == "loading", token.Data == "pre" && a.Key == "tabindex":
			default:
				attributes = append(attributes, fmt.Sprintf(" %s=%q", a.Key, a.Val))
			}
		}
		slices.Sort(attributes)
		fmt.Fprintf(&out, "<%s%s>\n", token.Data, strings.Join(attributes, ""))
	}
	say(true)
	return out.String()
}

// TestEssence: what is compared still tells apart what a reader would.
func TestEssence(t *testing.T) {
	for _, pair := range [][2]string{
		{"<p>a <em>b</em></p>", "<p>a<em>b</em></p>"},
		{"<pre><code>a\n</code></pre>", "<pre><code>a</code></pre>"},
		{"<p>a\nb</p>", "<p>a b</p>"},
		{"<p>a</p>", "<p>a</p><p></p>"},
		{`<a href="x">a</a>`, `<a href="y">a</a>`},
	} {
		if essence(pair[0]) == essence(pair[1]) {
			t.Errorf("%s and %s count as the same", pair[0], pair[1])
		}
	}
	if a, b := "<ul>\n<li>a</li>\n</ul>\n", "<ul><li>a</li></ul>"; essence(a) != essence(b) {
		t.Errorf("%q and %q count as different", a, b)
	}
}
