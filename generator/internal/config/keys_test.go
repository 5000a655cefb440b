package config_test

import (
	"bytes"
	"os"
	"reflect"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"github.com/santhosh-tekuri/jsonschema/v6"
	"gopkg.in/yaml.v3"

	"cardbowl/generator/internal/config"
	"cardbowl/generator/internal/form"
)

// everyKey visits the tree of keys with the path of each; a star stands for a
// name that the writer chooses.
func everyKey(keys []config.Key, inside string, visit func(path string, k config.Key)) {
	for _, k := range keys {
		path := strings.TrimPrefix(inside+"."+k.Name, ".")
		visit(path, k)
		v := k.Value
		for v.Of != nil {
			if v.Kind == config.Names {
				path += ".*"
			}
			v = *v.Of
		}
		everyKey(v.Keys, path, visit)
	}
}

// TestEveryKeyIsDescribed: in words that end as a sentence.
func TestEveryKeyIsDescribed(t *testing.T) {
	seen := map[string]bool{}
	everyKey(config.Keys(), "", func(path string, k config.Key) {
		seen[path] = true
		if !strings.HasSuffix(k.About, ".") && !strings.HasSuffix(k.About, "`") || len(k.About) < 8 {
			t.Errorf("%s: the comment on it in the source is its description, and says %q", path, k.About)
		}
	})
	for _, path := range []string{"title", "markdown.html", "images.webp", "menus.*.url", "forms.*.fields.maxlength", "funnel.sales", "sender.address", "organization.sameAs", "webhooks.events"} {
		if !seen[path] {
			t.Errorf("%s is missing among %d keys", path, len(seen))
		}
	}
}

// TestDefaults are what the reference says: writing one down changes nothing.
func TestWrittenDefaults(t *testing.T) {
	const top = "baseURL: https://example.com/\n"
	const aForm = "forms: {a: {%fields: [{%field: x, name: email}]}}\n"
	plain := map[string]config.Config{}
	for _, around := range []string{"", "form", "field"} {
		text := top
		if around != "" {
			text += strings.NewReplacer("%field: x, ", "", "%", "").Replace(aForm)
		}
		c, problems := load(t, text, "")
		if len(problems) > 0 {
			t.Fatal(problems)
		}
		plain[around] = c
	}
	same := cmp.Options{cmpopts.IgnoreUnexported(config.Config{}), cmpopts.IgnoreFields(config.Config{}, "Seen"), cmp.Comparer(func(a, b form.Definition) bool {
		if a.Button == "" {
			a.Button = "Send" // form.Markup's word
		}
		if b.Button == "" {
			b.Button = "Send"
		}
		return reflect.DeepEqual(a, b)
	})}
	checked := 0
	everyKey(config.Keys(), "", func(path string, k config.Key) {
		if k.Default == "" {
			return
		}
		checked++
		text, around := "", ""
		switch {
		case strings.HasPrefix(path, "forms.*.fields."):
			text, around = strings.NewReplacer("%field: x", k.Name+": "+k.Default, "%", "").Replace(aForm), "field"
		case strings.HasPrefix(path, "forms.*."):
			text, around = strings.NewReplacer("%fields", k.Name+": "+k.Default+", fields", "%field: x, ", "").Replace(aForm), "form"
		case strings.Contains(path, "."):
			group, _, _ := strings.Cut(path, ".")
			text = group + ": {" + k.Name + ": " + k.Default + "}\n"
		default:
			text = k.Name + ": " + k.Default + "\n"
		}
		c, problems := load(t, top+text, "")
		if len(problems) > 0 {
			t.Errorf("%s: %s\n%s", path, text, problems)
		}
		if difference := cmp.Diff(plain[around], c, same); difference != "" {
			t.Errorf("the default of %s is not %s:\n%s", path, k.Default, difference)
		}
	})
	if checked < 15 {
		t.Errorf("only %d defaults", checked)
	}
}

func compiled(t *testing.T) *jsonschema.Schema {
	t.Helper()
	text, err := jsonschema.UnmarshalJSON(bytes.NewReader(config.Schema()))
	if err != nil {
		t.Fatal(err)
	}
	compiler := jsonschema.NewCompiler()
	if err := compiler.AddResource("site.schema.json", text); err != nil {
		t.Fatal(err)
	}
	schema, err := compiler.Compile("site.schema.json")
	if err != nil {
		t.Fatal(err)
	}
	return schema
}

// TestSchema: editors and the program say the same of a site.yaml, right or
// wrong.
func TestSchema(t *testing.T) {
	schema := compiled(t)
	const field = "fields: [{name: email, type: email}]"
	for _, text := range []string{
		"", "title:\n", "title: 2026\n", "title: yes\n", "taxonomies: {tag: tags}\n", "taxonomies: [tags]\n", "tracker: {guard: off}\n",
		"tracker: {guard: no, trustedProxies: [10.0.0.0/8], url: 'https://cards.example.com'}\n", "images: {webp: required, widths: [400], quality: 1}\n",
		"images: {webp: true}\n", "theme: {accent: '#123456', radius: 0, dark: {accent: red}}\n", "params: {a: [1, {b: c}], d: null}\n", "related: 0\n",
		"permalinks: {posts: /:year/:slug/, page: {notes: /:slug/}}\n", "menus: {main: [{title: A, url: /, weight: 3}], footer: []}\n", "forms: {}\n",
		"forms:\n", "forms: {a: {" + field + "}}\n", "forms: {a: {title: x, thanks: /thanks/, " + field + "}}\n",
		"forms: {a: {fields: [{name: x, type: select, options: [a, b], required: true, maxlength: 3, pattern: a+}]}}\n",
		"organization: {name: X, sameAs: ['https://example.org']}\n", "sender: {name: A, email: a@example.com, address: B}\n", "funnel: {sales: [call, client]}\n",
		"markdown: {html: true, highlight: off}\n",
		"webhooks:\n", "webhooks: []\n", "webhooks: [{url: 'https://crm.example.com/leads?x=1'}]\n",
		"webhooks: [{url: 'http://127.0.0.1:5678/', allowPrivate: yes, events: [lead.created, card.received], secret: CRM_2}]\n",
		// and what is wrong
		"titel: x\n", "title: [a]\n", "title: {a: b}\n", "baseURL: example.com\n", "baseURL: ftp://example.com/\n", "paginate: many\n", "paginate: -1\n", "related: -2\n",
		"menus: {main: [{title: A}]}\n", "menus: [a]\n", "menus: {main: [{url: /, tilte: A}]}\n", "tracker: {gard: on}\n", "tracker: {guard: perhaps}\n", "tracker: {url: cards.example.com}\n",
		"forms: [a]\n", "forms: {a: {}}\n", "forms: {'a b': {" + field + "}}\n", "forms: {a: {feilds: []}}\n", "forms: {a: {fields: [{type: email}]}}\n",
		"forms: {a: {fields: [{name: x, type: emial}]}}\n", "forms: {a: {fields: [{name: x, requierd: true}]}}\n", "forms: {a: {fields: [{name: 1x}]}}\n",
		"forms: {a: {thanks: thanks, " + field + "}}\n", "forms: {a: {thanks: //x, " + field + "}}\n", "images: {webp: maybe}\n", "images: {widths: [1]}\n", "images: {quality: 200}\n", "images: {widths: 400}\n",
		"funnel: {sale: []}\n", "funnel: {sales: call}\n", "permalinks: /:slug/\n", "theme: dark\n", "markdown: {htm: true}\n", "currency: []\n", "organization: X\n", "form: {}\n",
		"webhooks: [{}]\n", "webhooks: {url: 'https://a.example/'}\n", "webhooks: [{url: crm.example.com}]\n", "webhooks: [{url: 'https://a@b.example/'}]\n",
		"webhooks: [{url: 'https://a.example/', events: [lead.made]}]\n", "webhooks: [{url: 'https://a.example/', events: lead.created}]\n",
		"webhooks: [{url: 'https://a.example/', secret: whsec_abc}]\n", "webhooks: [{url: 'https://a.example/', secrets: X}]\n",
	} {
		_, problems := load(t, "baseURL: https://example.com/\n"+text, "")
		if strings.HasPrefix(text, "baseURL") {
			_, problems = load(t, text, "")
		}
		var value any
		if err := yaml.Unmarshal([]byte(text), &value); err != nil {
			t.Fatal(err)
		}
		refused := schema.Validate(value)
		if wrong := problems.HasErrors(); wrong != (refused != nil) {
			t.Errorf("%q: the program says %v, an editor says %v", text, problems, refused)
		}
	}
	for _, name := range []string{"../../../site.yaml", "../cli/starter/site.yaml"} {
		text, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		var value any
		if err := yaml.Unmarshal(bytes.ReplaceAll(text, []byte("{{.Title}}"), []byte("A title")), &value); err != nil {
			t.Fatal(err)
		}
		if err := schema.Validate(value); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
}
