package highlight

import (
	"html"
	"regexp"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

var tag = regexp.MustCompile(`</?span[^>]*>`)

// classes are the parts of a text that got one, as "class text".
func classes(t *testing.T, language, code string) []string {
	t.Helper()
	lines, ok := New().Lines(language, code)
	if !ok {
		t.Fatalf("%s is unknown", language)
	}
	var out []string
	for _, m := range regexp.MustCompile(`<span class="(\w+)">(.*?)</span>`).FindAllStringSubmatch(strings.Join(lines, "\n"), -1) {
		out = append(out, m[1]+" "+html.UnescapeString(m[2]))
	}
	return out
}

func TestLanguages(t *testing.T) {
	for _, c := range []struct{ language, code, want string }{
		{"go", "func Add(a int) string { return `x` + \"y\" } // no", "k func|nf Add|nb int|nb string|k return|s `x`|s \"y\"|c // no"},
		{"bash", "$ curl -s \"$URL\" | grep x # no", "gp $ |nb curl|na -s|s \"$URL\"|nb grep|c # no"},
		{"python", "@app.get\ndef f(x=None):\n    return \"\"\"a\nb\"\"\"", "nv @app.get|k def|nf f|k None|k return|s \"\"\"a|s b\"\"\""},
		{"js", "const a = `x${1}`; a.map((b) => b / 2)", "k const|s `x${1}`|nf map|m 2"},
		{"ts", "interface A { b: string }", "k interface|nb string"},
		{"html", `<a href="/x" disabled>T &amp; U</a><!-- c -->`, "nt <a|na href|s \"/x\"|nt >|k &amp;|nt </a>|c <!-- c -->"},
		{"css", "a:hover { color: #f00; margin: 2px auto } /* c */", "nt a|nt hover|na color|m #f00|na margin|m 2px|c /* c */"},
		{"json", `{"a": "b", "c": [1.5, true]}`, `na "a"|s "b"|na "c"|m 1.5|k true`},
		{"yaml", "title: \"A: b\" # c\nlist: [a, 2026-01-02]\n- on: yes", "na title|s \"A: b\"|c # c|na list|m 2026-01-02|na on|k yes"},
		{"toml", "[a.b]\nc = \"d\" # e", "nt [a.b]|na c|s \"d\"|c # e"},
		{"sql", "SELECT count(*) FROM t WHERE a = 'b' -- c", "k SELECT|nf count|k FROM|k WHERE|s 'b'|c -- c"},
		{"php", "<?php echo $a; // b", "c <?php|k echo|nv $a|c // b"},
		{"ruby", "def a; puts :b, @c end # d", "k def|nb puts|nv :b|nv @c|k end|c # d"},
		{"rust", "fn f<'a>(x: &'a str) { println!(\"{}\", 'c') }", "k fn|nv 'a|nv 'a|nb str|nv println!|s \"{}\"|s 'c'"},
		{"c", "#include <a.h>\nint main(void) { return 0; }", "c #include <a.h>|nb int|nf main|nb void|k return|m 0"},
		{"diff", "--- a\n+++ b\n@@ -1 +1 @@\n-x\n+y\n z", "gh --- a|gh +++ b|gh @@ -1 +1 @@|gd -x|gi +y"},
		{"dockerfile", "FROM a AS b\nRUN x --y # no", "k FROM|k AS|k RUN|na --y"},
		{"markdown", "# A\n- `b` [c](d)", "gh # A|k - |s `b`|na [c]|s (d)"},
		{"nginx", "location / { proxy_pass $x; } # c", "k location|nv $x|c # c"},
	} {
		if d := cmp.Diff(strings.Split(c.want, "|"), classes(t, c.language, c.code)); d != "" {
			t.Errorf("%s: %s\n%s", c.language, c.code, d)
		}
	}
}

func TestUnknownAndLong(t *testing.T) {
	h := New()
	if _, ok := h.Lines("klingon", "x"); ok {
		t.Error("a language nobody described is known")
	}
	if _, ok := h.Lines("go", strings.Repeat("x ", maxCode)); ok {
		t.Error("a text of any length is coloured")
	}
}

// Whatever is coloured still says the same.
func FuzzLines(f *testing.F) {
	h := New()
	for _, code := range []string{"a := `b` // c\n\n", "<a b='c'>&amp;</a>", "\"\\\"'''$x${y}", "\t[x]\n# y\n---\n", "\r\n\x00é日本", "/* open", "\"open"} {
		f.Add(code)
	}
	f.Fuzz(func(t *testing.T, code string) {
		if len(code) > 2000 {
			return
		}
		for _, language := range h.Languages() {
			lines, ok := h.Lines(language, code)
			if !ok {
				continue
			}
			got := html.UnescapeString(tag.ReplaceAllString(strings.Join(lines, "\n"), ""))
			// What cannot be text is refused long before.
			want := strings.TrimRight(strings.ToValidUTF8(strings.ReplaceAll(strings.ReplaceAll(code, "\r\n", "\n"), "\r", "\n"), "\uFFFD"), "\n")
			if strings.TrimRight(strings.ReplaceAll(got, "\r", "\n"), "\n") != want && strings.ToValidUTF8(code, "") == code {
				t.Fatalf("%s: %q became %q", language, code, got)
			}
		}
	})
}
