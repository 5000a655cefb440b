package content

import (
	"bytes"
	"fmt"
	"html"
	"regexp"
	"strconv"
	"strings"

	"github.com/yuin/goldmark/ast"
	"github.com/yuin/goldmark/parser"
	"github.com/yuin/goldmark/text"
	"github.com/yuin/goldmark/util"

	"cardbowl/generator/internal/highlight"
)

// highlighter colours code, or leaves it as it is where languages is nil.
type highlighter struct{ languages *highlight.Highlighter }

func newHighlighter(plain bool) highlighter {
	if plain {
		return highlighter{}
	}
	return highlighter{highlight.New()}
}

// fence is what stands after the opening fence of a block of code: a language,
// and in braces what Hugo's users write there.
type fence struct {
	language string
	title    string
	class    string
	numbered bool
	first    int          // number of the first line
	marked   map[int]bool // lines to be seen, the first being 1
}

// readFence reads "go {title="main.go" hl_lines="2 4-5" linenos=true}".
func readFence(info string) fence {
	f := fence{first: 1}
	written := ""
	if at := strings.IndexByte(info, '{'); at >= 0 {
		info, written = info[:at], info[at:]
	}
	if fields := strings.Fields(info); len(fields) > 0 {
		f.language = fields[0]
	}
	attributes, _ := parser.ParseAttributes(text.NewReader([]byte(written)))
	for _, a := range attributes {
		value := valueText(a.Value)
		switch strings.ToLower(string(a.Name)) {
		case "title", "filename":
			f.title = value
		case "class":
			f.class = value
		case "linenos":
			f.numbered = value != "false"
		case "linenostart":
			if n, err := strconv.Atoi(value); err == nil {
				f.first = n
			}
		case "hl_lines":
			f.marked = lineNumbers(value)
		}
	}
	return f
}

// valueText is an attribute's value as text; a list's parts are joined by a
// blank.
func valueText(value any) string {
	switch v := value.(type) {
	case []byte:
		return string(v)
	case []any:
		var parts []string
		for _, part := range v {
			parts = append(parts, valueText(part))
		}
		return strings.Join(parts, " ")
	}
	return fmt.Sprint(value)
}

// maxMarked bounds what a range such as 1-999999999 may ask for.
const maxMarked = 10_000

// lineNumbers reads "2 4-5".
func lineNumbers(written string) map[int]bool {
	out := map[int]bool{}
	for part := range strings.FieldsFuncSeq(written, func(r rune) bool { return r == ' ' || r == ',' }) {
		from, to, isRange := strings.Cut(part, "-")
		first, err := strconv.Atoi(from)
		last := first
		if isRange {
			last, _ = strconv.Atoi(to)
		}
		for n := first; err == nil && n <= min(last, maxMarked); n++ {
			out[n] = true
		}
	}
	return out
}

// starred is a call of a shortcode that shall not be run. In code none is, but
// texts from Hugo have the stars there too.
var starred = regexp.MustCompile(`(\{\{[<%])/\*(.*?)\*/([>%]\}\})`)

// renderCode writes a block of code, coloured where its language is known. It
// can be scrolled by keyboard, which a browser allows only of what can be
// focused.
func (r nodes) renderCode(w util.BufWriter, body []byte, n ast.Node, entering bool) (ast.WalkStatus, error) {
	if !entering {
		return ast.WalkContinue, nil
	}
	var f fence
	if fenced, is := n.(*ast.FencedCodeBlock); is && fenced.Info != nil {
		f = readFence(string(unescaped(fenced.Info.Segment.Value(body))))
	}
	var code bytes.Buffer
	for i := range n.Lines().Len() {
		line := n.Lines().At(i)
		code.Write(line.Value(body))
	}
	text := starred.ReplaceAllString(code.String(), "$1$2$3")
	if f.title != "" {
		_, _ = fmt.Fprintf(w, "<figure class=\"code\">\n<figcaption>%s</figcaption>\n", html.EscapeString(f.title))
	}
	_, _ = w.WriteString(`<pre tabindex="0"`)
	if f.class != "" {
		_, _ = fmt.Fprintf(w, ` class="%s"`, html.EscapeString(f.class))
	}
	_, _ = w.WriteString(`><code`)
	if f.language != "" {
		_, _ = fmt.Fprintf(w, ` class="language-%s"`, html.EscapeString(f.language))
	}
	_ = w.WriteByte('>')
	r.writeCode(w, f, text)
	_, _ = w.WriteString("</code></pre>\n")
	if f.title != "" {
		_, _ = w.WriteString("</figure>\n")
	}
	return ast.WalkSkipChildren, nil
}

func (r nodes) writeCode(w util.BufWriter, f fence, code string) {
	var lines []string
	coloured := false
	if r.code.languages != nil && f.language != "" {
		lines, coloured = r.code.languages.Lines(f.language, code)
	}
	byLine := f.numbered || len(f.marked) > 0
	if !coloured && !byLine {
		_, _ = w.Write(util.EscapeHTML([]byte(code)))
		return
	}
	if !coloured {
		lines = strings.Split(strings.TrimSuffix(html.EscapeString(code), "\n"), "\n")
	}
	for i, line := range lines {
		if byLine {
			class := "line"
			if f.marked[i+1] {
				class += " marked"
			}
			number := ""
			if f.numbered {
				number = fmt.Sprintf(` data-line="%d"`, f.first+i)
			}
			line = fmt.Sprintf(`<span class="%s"%s>%s</span>`, class, number, line)
		}
		_, _ = w.WriteString(line + "\n")
	}
}
