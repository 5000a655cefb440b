package content

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestCalls(t *testing.T) {
	for line, want := range map[string]call{
		`{{< a >}}`:                      {name: "a"},
		`{{<a b "c d" 'e>}}`:             {name: "a", args: []string{"b", "c d", "'e"}},
		`{{% a k=v l="x \"y\" \\" %}}`:   {name: "a", params: map[string]string{"k": "v", "l": `x "y" \`}},
		"{{< a `raw \" \\` k=`z` />}}":   {name: "a", args: []string{`raw " \`}, params: map[string]string{"k": "z"}},
		`{{< /a >}}`:                     {name: "a", closes: true},
		`{{< a https://x.example/y/ >}}`: {name: "a", args: []string{"https://x.example/y/"}},
		`{{< a "b`:                       {name: "a", broken: "a quote is not closed"},
		`{{< a b`:                        {name: "a", args: []string{"b"}, broken: "the call has no end"},
		`{{< a k=1 k=2 >}}`:              {name: "a", params: map[string]string{"k": "1"}, broken: "`k` is given twice"},
		`{{</* a "b" */>}}`:              {literal: `{{< a "b" >}}`},
	} {
		got, length := read([]byte(line))
		if d := cmp.Diff(want, got, cmp.AllowUnexported(call{})); d != "" || length != len(line) {
			t.Errorf("%s (%d of %d)\n%s", line, length, len(line), d)
		}
	}
	for _, line := range []string{"{{", "{{<", "{{< >}}", "{{ a }}", "{{< /* a", "{%a%}"} {
		if c, length := read([]byte(line)); length != 0 {
			t.Errorf("%q is taken for %+v", line, c)
		}
	}
}

// Whatever begins like a call is read within its line, and pairs stay pairs.
func FuzzCalls(f *testing.F) {
	for _, text := range []string{"{{< a >}}\nb\n{{< /a >}}\n", "{{< a >}}{{< /a >}}", "{{% a \"x\" k=`y` %}}", "- {{< a >}}\n  x\n  {{< /a >}}\n", "> {{< a >}}\n> {{< a >}}\n> {{< /a >}}\n{{< /a >}}", "[a *b]({{< ref c >}}) d* [e\n[f]]({{% relref \"g\" %}})![h]({{< ref i >}})", "{{< a >}}\n```\n{{< /a >}}\n```\n{{< /a >}}"} {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		if c, length := read([]byte(text)); length > len(text) || c.broken == "" && strings.Contains(text[:length], "\n") {
			t.Errorf("%q: %d bytes of %+v", text, length, c)
		}
		depth := 0
		for _, s := range parsed(text).Body.Segments {
			switch {
			case s.Ref == nil:
			case s.Ref.Kind == ShortcodeRef && s.Ref.Paired:
				depth++
			case s.Ref.Kind == EndRef:
				depth--
			}
			if depth < 0 {
				t.Errorf("%q: an end without a beginning", text)
			}
		}
		if depth != 0 {
			t.Errorf("%q: %d beginnings without an end", text, depth)
		}
	})
}

// Hugo's way to have a link checked is a link to the file, whatever stands
// around it, and at the place of the call.
func TestFileLinks(t *testing.T) {
	for source, want := range map[string]string{
		"A [link]({{< ref \"a.md\" >}}).":                     "<p>A <a[[link a.md]]>link</a>.</p>\n",
		"[a]({{< ref a.md >}}) and [b]({{% relref \"b\" %}})": "<p><a[[link a.md]]>a</a> and <a[[link b]]>b</a></p>\n",
		"[**bold** and `code]`]({{< ref \"a.md#part\" >}})":   "<p><a[[link a.md#part]]><strong>bold</strong> and <code>code]</code></a></p>\n",
		"[two\nlines]({{< ref a.md >}})\nand more":            "<p><a[[link a.md]]>two\nlines</a>\nand more</p>\n",
		"\\[not [inner [brackets]]({{< ref a.md >}}) after":   "<p>[not <a[[link a.md]]>inner [brackets]</a> after</p>\n",
	} {
		doc := parsed(source)
		got := shown(doc.Body)
		for _, r := range refsOf(doc) {
			if !r.Anywhere {
				t.Errorf("%s: %+v", source, r)
			}
		}
		if got != want {
			t.Errorf("%s\n got %q\nwant %q", source, got, want)
		}
	}
	for _, source := range []string{"`[a]({{< ref a.md >}})`", "    [a]({{< ref a.md >}})", "{{</* ref a.md */>}}"} {
		if refs := refsOf(parsed(source)); len(refs) > 0 {
			t.Errorf("%s: %+v", source, refs)
		}
	}
	for _, source := range []string{"a {{< ref a.md >}} b", "no](way {{< ref a.md >}})", "no]({{< ref a.md >}})"} {
		if refs := refsOf(parsed(source)); len(refs) != 1 || refs[0].Kind != ShortcodeRef {
			t.Errorf("%s: %+v", source, refs)
		}
	}
}

func refsOf(doc Document) (out []Ref) {
	for _, s := range doc.Body.Segments {
		if s.Ref != nil {
			out = append(out, *s.Ref)
		}
	}
	return out
}

// The caption of a figure is markdown, wherever it is written.
func TestCaptions(t *testing.T) {
	for source, want := range map[string]string{
		"{{< figure src=\"a.png\" caption=\"By [Ana](b.md), *1986*\" alt=\"x\" >}}\n":                   "[[shortcode figure]]By <a[[link b.md]]>Ana</a>, <em>1986</em>[[end]]",
		"{{< figure caption=\"A\" src=\"a.png\" />}}\n\n{{< figure src=b.png >}}\nB\n{{< /figure >}}\n": "[[shortcode figure]]A[[end]][[shortcode figure]]<p>B</p>\n[[end]]",
		"{{< figure src=\"a.png\" caption=\"a \\\"quote\\\" *b*\" >}}\n":                                "[[shortcode figure]]",
		"{{< other caption=\"*A*\" >}}\n":                                                               "[[shortcode other]]",
	} {
		d := parsed(source)
		if got := shown(d.Body); got != want || len(d.Problems) > 0 {
			t.Errorf("%s\n got %q\nwant %q\n%v", source, got, want, d.Problems)
		}
	}
	if refs := refsOf(parsed("{{< figure src=\"a.png\" caption=\"a \\\"quote\\\" *b*\" >}}\n")); refs[0].Params["caption"] != `a "quote" *b*` {
		t.Errorf("%+v", refs)
	}
}
