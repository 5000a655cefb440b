package content

import (
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
		got, err := c.render(root, []byte(e.markdown))
		if err != nil {
			t.Fatal(err)
		}
		same := essence(string(got)) == essence(e.html)
		if why, expected := different[e.number]; expected {
			if same {
				t.Errorf("example %d is as the specification has it, though %s", e.number, why)
			}
			delete(different, e.number)
			continue
		}
		if !same {
			t.Errorf("example %d: %q\nwanted %s\ngot    %s", e.number, e.markdown, essence(e.html), essence(string(got)))
		}
	}
	for _, number := range slices.Sorted(maps.Keys(different)) {
		t.Errorf("there is no example %d", number)
	}
}

// essence is HTML without what our options add or write in another way: one
// token a line, attributes sorted.
func essence(text string) string {
	typographic := strings.NewReplacer("“", `"`, "”", `"`, "‘", "'", "’", "'", "–", "--", "—", "---", "…", "...", "«", "<<", "»", ">>")
	var out strings.Builder
	inAnchor, inCode := false, 0
	said := "" // text so far: a comment within it does not part it
	say := func() {
		if inCode > 0 || strings.TrimSpace(said) != "" {
			fmt.Fprintf(&out, "%q\n", typographic.Replace(strings.TrimSpace(said)))
		}
		said = ""
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
		say()
		if token.Type == nethtml.EndTagToken {
			if inAnchor && token.Data == "a" {
				inAnchor = false
				continue
			}
			if token.Data == "code" {
				inCode--
			}
			fmt.Fprintf(&out, "</%s>\n", token.Data)
			continue
		}
		if token.Data == "code" {
			inCode++
		}
		var attributes []string
		for _, a := range token.Attr {
			switch {
			case token.Data == "a" && a.Key == "class" && a.Val == "anchor":
				inAnchor = true
			case len(token.Data) == 2 && token.Data[0] == 'h' && a.Key == "id", token.Data == "img" && a.Key == "loading", token.Data == "pre" && a.Key == "tabindex":
			default:
				attributes = append(attributes, fmt.Sprintf(" %s=%q", a.Key, a.Val))
			}
		}
		if inAnchor {
			continue
		}
		slices.Sort(attributes)
		fmt.Fprintf(&out, "<%s%s>\n", token.Data, strings.Join(attributes, ""))
	}
	say()
	return out.String()
}
