package asset

import (
	"context"
	"crypto/sha512"
	"encoding/base64"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/fstest"
	"time"

	"github.com/google/go-cmp/cmp"

	"cardbowl/generator/internal/diag"
	"cardbowl/generator/internal/memo"
	"cardbowl/generator/internal/source"
)

const sheet = "/* --not: this */\n:root {\n  --accent: #123456; /* links */\n  --size: 1rem;\n}\n@media (prefers-color-scheme: dark) { :root { --accent: #fedcba; } }\nbody { color : var( --accent ) ; }\n"

func load(t *testing.T, look Look, files map[string]string) (Set, diag.List) {
	t.Helper()
	theme := fstest.MapFS{}
	for name, text := range files {
		theme["assets/"+name] = &fstest.MapFile{Data: []byte(text)}
	}
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "site.yaml"), []byte("title: T\n"), 0o644); err != nil {
		t.Fatal(err)
	}
	tree, problems, err := source.NewReader(dir, theme, time.Now).Read(context.Background())
	if err != nil || problems.HasErrors() {
		t.Fatal(err, problems)
	}
	set, problems, err := Load(tree, look, memo.New())
	if err != nil {
		t.Fatal(err)
	}
	return set, problems
}

func published(t *testing.T, set Set, name string) string {
	t.Helper()
	for _, f := range set.Files {
		if f.Path != set.URLs[name] {
			continue
		}
		opened, err := f.Open()
		if err != nil {
			t.Fatal(err)
		}
		defer opened.Close()
		text, err := io.ReadAll(opened)
		if err != nil {
			t.Fatal(err)
		}
		return string(text)
	}
	t.Fatalf("%s is not published", name)
	return ""
}

func TestSmallAndChecked(t *testing.T) {
	script := "// Says hello.\nconst  greeting = 'hello' ;\nconsole.log( greeting );\n"
	set, problems := load(t, Look{}, map[string]string{"site.css": sheet, "a.js": script, "icon.svg": "<svg />"})
	if len(problems) > 0 {
		t.Error(problems)
	}
	for name, limit := range map[string]int{"site.css": len(sheet) - 40, "a.js": len(script) - 20} {
		text := published(t, set, name)
		if len(text) > limit || strings.Contains(text, "/*") || strings.Contains(text, "//") {
			t.Errorf("%s is not small: %s", name, text)
		}
		sum := sha512.Sum384([]byte(text))
		if want := "sha384-" + base64.StdEncoding.EncodeToString(sum[:]); set.Integrity[name] != want {
			t.Errorf("%s: integrity %s, not %s", name, set.Integrity[name], want)
		}
		if short := memo.OfBytes([]byte(text)).Short(); !strings.Contains(set.URLs[name], "."+short+".") {
			t.Errorf("%s is published as %s, though its digest is %s", name, set.URLs[name], short)
		}
	}
	if set.URLs["icon.svg"] != "assets/icon.svg" || set.Integrity["icon.svg"] != "" || published(t, set, "icon.svg") != "<svg />" {
		t.Errorf("a picture is changed: %+v", set)
	}
}

func TestBrokenScriptHasAPlace(t *testing.T) {
	_, problems := load(t, Look{}, map[string]string{"a.js": "const a = 1;\nconst b = = 2;\n"})
	if len(problems) != 1 || problems[0].File != "templates/assets/a.js" || problems[0].Line != 2 || problems[0].Source != "const b = = 2;" {
		t.Errorf("%+v", problems)
	}
}

func TestLook(t *testing.T) {
	set, _ := load(t, Look{}, map[string]string{"site.css": sheet})
	if d := cmp.Diff([]string{"accent", "size"}, set.Variables); d != "" {
		t.Error(d)
	}
	other, _ := load(t, Look{Light: map[string]string{"accent": "#abcdef", "size": "2rem"}, Dark: map[string]string{"accent": "#000000"}}, map[string]string{"site.css": sheet})
	if other.URLs["site.css"] == set.URLs["site.css"] {
		t.Error("another look has the same address")
	}
	text := published(t, other, "site.css")
	for _, want := range []string{":root{--size:2rem}", "@media not all and (prefers-color-scheme:dark){:root{--accent:#abcdef}}", "@media(prefers-color-scheme:dark){:root{--accent:#000000}}"} {
		if !strings.Contains(strings.ReplaceAll(text, ": ", ":"), want) {
			t.Errorf("no %s in %s", want, text)
		}
	}
}
