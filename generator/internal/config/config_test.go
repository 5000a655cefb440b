package config_test

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"testing/fstest"
	"time"

	"gopkg.in/yaml.v3"

	"cardbowl/generator/internal/config"
	"cardbowl/generator/internal/diag"
	"cardbowl/generator/internal/source"
)

// load is Load of a site.yaml with this text.
func load(t testing.TB, text, baseURL string) (config.Config, diag.List) {
	t.Helper()
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, source.ConfigFile), []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
	tree, problems, err := source.NewReader(dir, fstest.MapFS{}, time.Now).Read(context.Background())
	if err != nil || len(problems) > 0 {
		t.Fatal(err, problems)
	}
	c, problems, err := config.Load(tree, baseURL)
	if err != nil {
		t.Fatal(err)
	}
	return c, problems
}

func TestDefaults(t *testing.T) {
	for _, text := range []string{"", "# nothing\n", "---\n", "title:\n"} {
		c, problems := load(t, text, "")
		if problems.HasErrors() || len(problems) != 1 {
			t.Errorf("%q: want one warning, of the missing baseURL, got %s", text, problems)
		}
		if c.Paginate != 10 || c.Zone() != time.UTC || c.Language != "en" || c.BasePath() != "/" || !c.Tracker.Guard ||
			!slices.Equal(c.FormNames(), []string{"contact"}) || !slices.Equal(c.Sales, []string{"call", "meeting", "proposal", "client"}) {
			t.Errorf("%q: %+v", text, c)
		}
	}
	if c, _ := load(t, "forms: {}\n", ""); len(c.Forms) != 0 {
		t.Errorf("`forms: {}` means none, got %v", c.FormNames())
	}
}

func TestLoad(t *testing.T) {
	c, problems := load(t, "title: Small Fish\nbaseURL: https://example.com/blog\ntimeZone: America/Toronto\ntaxonomies: {tag: tags, topic: topics}\n"+
		"menus: {main: [{name: About, url: /about/}]}\ntracker: {guard: off, trustedProxies: [10.0.0.0/8]}\nforms:\n  b: {fields: [{name: email}]}\n  a: {fields: [{name: email}]}\n", "")
	if len(problems) > 0 {
		t.Fatal(problems)
	}
	if c.BaseURL != "https://example.com/blog/" || c.BasePath() != "/blog/" || c.Zone().String() != "America/Toronto" || c.Tracker.Guard ||
		!slices.Equal(c.Taxonomies, []string{"tags", "topics"}) || c.Menus["main"][0].Title != "About" || len(c.Tracker.TrustedProxies) != 1 {
		t.Errorf("%+v", c)
	}
	if !slices.Equal(c.FormNames(), []string{"b", "a"}) {
		t.Errorf("forms stand in the order %v, want the file's", c.FormNames())
	}
	if d, found := c.Form("a"); !found || d.Fields[0].Type != "text" {
		t.Errorf("a field without a type: %+v", d)
	}
	if c, _ := load(t, "baseURL: https://example.com/\n", "https://other.example/x"); c.BaseURL != "https://other.example/x/" {
		t.Errorf("given address: %s", c.BaseURL)
	}
}

// TestProblems: each mistake at its place. The whole printed form of many is in
// the story build_settings.
func TestProblems(t *testing.T) {
	for _, c := range []struct{ text, want string }{
		{"titel: x", "1:1 unknown key `titel`"},
		{"messages: {requierd: x}", "1:12 unknown key `requierd` in `messages`"},
		{"title: x\ntitle: y", "2:1 `title` is given twice, first in line 1"},
		{"params: {a: {b: 1, b: 2}}", "1:20 `b` is given twice, first in line 1"},
		{"funnel: {sale: []}", "1:10 unknown key `sale` in `funnel`"},
		{"paginate: -1", "1:11 paginate must be a positive number"},
		{"timeZone: Local", "1:11 unknown time zone `Local`"},
		{"- a", "1:1 expected `key: value` lines"},
		{"just words", "1:1 expected `key: value` lines"},
		{"a: b: c", "1:5 broken YAML: mapping values are not allowed in this context"},
		{"title: x\nmenus: [", "2:8 broken YAML: did not find expected node content"},
		{"title: 'x\n", "1:8 broken YAML: found unexpected end of stream"},
		{"title: \"it's\nx: 1\n", "1:8 broken YAML: found unexpected end of stream"},
		{"title: *x", "1:8 broken YAML: unknown anchor 'x' referenced"},
		{"forms: [a]", "1:8 forms holds one group of keys per form"},
		{"baseURL: https://example.com/?x=1", "1:10 baseURL `https://example.com/?x=1` is not an absolute web address"},
		{"tracker: {trustedProxies: [nobody]}", "1:27 `nobody` is not a network"},
		{"funnel: {sales: [call, call]}", "1:17 `call` cannot be the name of a sales stage, or is given twice"},
		{"webhooks: [{url: 'https://a.example/', events: [lead.maed]}]", "1:48 there is no event `lead.maed`"},
		{"webhooks:\n  - url: http://a.example/", "2:10 http:// sends what people wrote readable over the network"},
		{"webhooks:\n  - url: https://10.1.2.3/", "2:10 `10.1.2.3` is this machine or in a private network"},
		{"webhooks:\n  - url: https://a.example/\n    secret: whsec_x", "3:13 secret is the name of a variable in the environment, not the secret"},
		{"webhooks:\n  - url: https://a.example/\n  - url: https://a.example/", "3:10 two webhooks have the address `https://a.example/`"},
		{"params:\n  ? [x]\n  : 1\n", "2:5 a key must be a plain word"},
	} {
		_, problems := load(t, c.text, "")
		errors := problems.Only(diag.Error)
		if len(errors) == 0 {
			t.Errorf("%q: no error", c.text)
			continue
		}
		if got := fmt.Sprintf("%d:%d %s", errors[0].Line, errors[0].Column, errors[0].Message); got != c.want {
			t.Errorf("%q:\ngot  %s\nwant %s", c.text, got, c.want)
		}
	}
	if _, problems := load(t, "title: "+strings.Repeat("x", 200<<10), ""); !problems.HasErrors() {
		t.Error("a settings file of 200 KB is read")
	}
}

// TestLibraryNeverPanics: the text that makes the YAML library panic is an error
// in all the ways it can be read.
func TestLibraryNeverPanics(t *testing.T) {
	const crasher = "? [x]\n: 1\n<<: {a: 1}\n"
	mapping, problems := config.Parse(config.Text{File: "a", Whole: []byte(crasher), YAML: []byte(crasher)})
	if !problems.HasErrors() {
		t.Error("accepted")
	}
	var value any
	if mapping != nil {
		if err := config.Decode(mapping, &value); err == nil {
			t.Logf("decoded as %v", value)
		}
	}
	if err := config.Decode(&yaml.Node{Kind: yaml.AliasNode}, &value); err == nil {
		t.Log("an alias of nothing decodes")
	}
}

func FuzzLoad(f *testing.F) {
	f.Add("title: x\nbaseURL: https://example.com/\nforms:\n  a: {fields: [{name: email, type: email}]}\n")
	f.Add("? [x]\n: 1\n<<: {a: 1}\n")
	f.Add("a: &a [*a]\n")
	f.Add("menus: {main: [{url: /}]}\ntracker: {guard: off}\ntaxonomies: [x]\n")
	f.Add("forms: &f\n  a: {fields: [*f]}\nparams: {<<: *f}\n")
	f.Fuzz(func(t *testing.T, text string) {
		c, problems := load(t, text, "")
		if problems.HasErrors() {
			for _, p := range problems {
				if p.File != source.ConfigFile || p.Line < 1 || p.Column < 1 {
					t.Errorf("a problem without a place: %+v", p)
				}
			}
			return
		}
		if c.Zone() == nil || c.Paginate < 1 || !strings.HasSuffix(c.BaseURL, "/") || len(c.Sales) == 0 {
			t.Errorf("a default is missing: %+v", c)
		}
	})
}
