package config

import (
	_ "embed"
	"encoding/json"
	"fmt"
	"reflect"
	"strings"

	"gopkg.in/yaml.v3"

	"cardbowl/generator/internal/comments"
	"cardbowl/generator/internal/form"
	"cardbowl/generator/internal/language"
	"cardbowl/generator/internal/webhook"
)

//go:embed config.go
var settingsSource string

// Key is one key of site.yaml. All is taken from the struct that the file is
// decoded into: what a reader is told, what an editor offers and what is accepted
// are the same list.
type Key struct {
	Name    string
	About   string // one or two sentences in markdown
	Default string // as it would be written; empty where there is none
	Value   Value
}

// Value is what may stand after a key.
type Value struct {
	Kind     Kind
	Of       *Value   // each entry of a List or of Names
	Keys     []Key    // of a Group
	OneOf    []string // of Words: nothing else may stand there
	Pattern  string   // of Words, or of the names of Names: a regular expression
	Min, Max *int     // of a Number
	Needs    []string // of a Group: keys that must be there
}

// Kind is what a value looks like in YAML.
type Kind int

// The kinds of value.
const (
	Anything Kind = iota
	Words
	Number
	Truth
	List
	Group // of keys that are known
	Names // a group whose keys the writer names
)

// String is the kind in a reader's words.
func (v Value) String() string {
	switch v.Kind {
	case Words:
		return "text"
	case Number:
		return "number"
	case Truth:
		return "true or false"
	case List:
		if v.Of.Kind == Number {
			return "list of numbers"
		}
		return "list"
	case Group, Names:
		return "group"
	}
	return "anything"
}

// Keys are all keys of site.yaml, in the order of a reference.
func Keys() []Key {
	source := comments.Parse(settingsSource, form.Source, webhook.Source, language.MessagesSource)
	described, _ := source.Struct(reflect.TypeFor[file]())
	return keysOf(source, described.Fields, "")
}

func keysOf(source comments.Source, fields []comments.Field, inside string) []Key {
	written := writtenDefaults()
	var out []Key
	for _, f := range fields {
		name, _, _ := strings.Cut(f.Tag.Get("yaml"), ",")
		if name == "" || name == "-" {
			continue
		}
		at := strings.TrimPrefix(inside+"."+name, ".")
		k := Key{Name: name, About: f.Comment, Default: written[at]}
		if says := f.Tag.Get("says"); says != "" {
			k.About += " Ours: “" + strings.TrimSuffix(says, ".") + "”."
		}
		if f.Fields != nil {
			k.Value = Value{Kind: Group, Keys: keysOf(source, f.Fields, at)}
		} else {
			k.Value = valueOf(source, f.Type, at)
		}
		out = append(out, k)
	}
	return out
}

// valueOf describes a value by the type it is decoded into. A list does not show
// in the path, a name that the writer chooses is a star.
func valueOf(source comments.Source, t reflect.Type, at string) Value {
	if t == reflect.TypeFor[yaml.Node]() {
		t = behind()[at]
		if t == nil {
			return Value{Kind: Anything}
		}
	}
	v := Value{Kind: Anything}
	switch t.Kind() {
	case reflect.Pointer:
		return valueOf(source, t.Elem(), at)
	case reflect.String:
		v.Kind = Words
	case reflect.Int:
		v.Kind = Number
	case reflect.Bool:
		v.Kind = Truth
	case reflect.Slice:
		of := valueOf(source, t.Elem(), at)
		return Value{Kind: List, Of: &of}
	case reflect.Map:
		of := valueOf(source, t.Elem(), at+".*")
		v = Value{Kind: Names, Of: &of}
	case reflect.Struct:
		described, _ := source.Struct(t)
		v = Value{Kind: Group, Keys: keysOf(source, described.Fields, at)}
	}
	return limited(v, at)
}

// behind says what stands behind keys that are read by hand, since more than one
// way of writing them is accepted.
func behind() map[string]reflect.Type {
	return map[string]reflect.Type{
		"permalinks": reflect.TypeFor[map[string]any](),
		"taxonomies": reflect.TypeFor[[]string](),
		"theme":      reflect.TypeFor[map[string]any](),
		"forms":      reflect.TypeFor[map[string]form.Definition](),
	}
}

// writtenDefaults are the defaults as they would be written. The test of this
// table loads each of them and compares with a site.yaml that has none.
func writtenDefaults() map[string]string {
	list := func(values []string) string { return "[" + strings.Join(values, ", ") + "]" }
	return map[string]string{
		"title": defaultTitle, "language": defaultLanguage, "timeZone": defaultZone, "currency": defaultCurrency,
		"paginate": fmt.Sprint(defaultPaginate), "related": fmt.Sprint(defaultRelated),
		"taxonomies": list(defaultTaxonomies()), "funnel.sales": list(defaultSales()),
		"markdown.html": "false", "markdown.highlight": "true",
		"images.widths": strings.ReplaceAll(fmt.Sprint(defaultWidths()), " ", ", "), "images.quality": fmt.Sprint(defaultQuality),
		"images.webp": NoWebP, "images.sizes": `"` + defaultSizes + `"`, "images.share": "true", "tracker.guard": "on",
		"forms.*.button": "Send", "forms.*.fields.type": "text", "forms.*.fields.required": "false",
	}
}

// limited adds what a value may be besides its kind. The loader says these things
// at more length; a test holds the two against each other.
func limited(v Value, at string) Value {
	number := func(n int) *int { return &n }
	switch at {
	case "baseURL", "tracker.url":
		v.Pattern = `^https?://[^/?#]+[^?#]*$`
	case "paginate", "related":
		v.Min = number(0)
	case "images.quality":
		v.Min, v.Max = number(1), number(100)
	case "images.widths":
		v.Min, v.Max = number(narrowest), number(widest)
	case "images.webp":
		v.OneOf = []string{NoWebP, WantWebP, NeedWebP}
	case "forms":
		v.Pattern = `^[A-Za-z0-9][A-Za-z0-9_-]{0,63}$`
	case "forms.*":
		v.Needs = []string{"fields"}
	case "forms.*.thanks":
		v.Pattern = `^/([^/]|$)`
	case "forms.*.fields":
		v.Needs = []string{"name"}
	case "forms.*.fields.name":
		v.Pattern = `^[A-Za-z][A-Za-z0-9_-]{0,63}$`
	case "forms.*.fields.type":
		v.OneOf = form.Types()
	case "forms.*.fields.maxlength":
		v.Min = number(0)
	case "webhooks":
		v.Needs = []string{"url"}
	case "webhooks.url":
		v.Pattern = `^https?://[^/?#@]+([/?][^#]*)?$`
	case "webhooks.events":
		v.OneOf = webhook.Events()
	case "webhooks.secret":
		v.Pattern = webhook.VariableName
	}
	return v
}

// Schema is the JSON Schema of site.yaml (draft 7, which editors read).
func Schema() []byte {
	schema := objectSchema(Value{Kind: Group, Keys: Keys()})
	schema["$schema"] = "http://json-schema.org/draft-07/schema#"
	schema["title"] = "site.yaml of a Cardbowl site"
	schema["type"] = []string{"object", "null"} // an empty file is a site
	text, err := json.MarshalIndent(schema, "", "  ")
	if err != nil {
		panic(err) // plain maps, lists and texts
	}
	return append(text, '\n')
}

// schemaOf accepts nothing (null) everywhere, as the loader does: a key left
// empty says nothing.
func schemaOf(v Value) map[string]any {
	switch v.Kind {
	case Words:
		// Any word will do for a text, a number too.
		s := map[string]any{"type": []string{"string", "number", "boolean", "null"}}
		if v.Pattern != "" {
			s["pattern"] = v.Pattern
		}
		if len(v.OneOf) > 0 {
			options := []any{nil}
			for _, o := range v.OneOf {
				switch o {
				case "true", "false":
					options = append(options, o == "true")
				}
				options = append(options, o)
			}
			s = map[string]any{"enum": options}
		}
		return s
	case Number:
		s := map[string]any{"type": []string{"integer", "null"}}
		if v.Min != nil {
			s["minimum"] = *v.Min
		}
		if v.Max != nil {
			s["maximum"] = *v.Max
		}
		return s
	case Truth:
		// What newer YAML takes for words, the settings take for yes and no.
		return map[string]any{"enum": []any{true, false, "on", "off", "yes", "no", nil}}
	case List:
		return map[string]any{"type": []string{"array", "null"}, "items": schemaOf(*v.Of)}
	case Names:
		s := map[string]any{"type": []string{"object", "null"}, "additionalProperties": schemaOf(*v.Of)}
		if v.Pattern != "" {
			s["propertyNames"] = map[string]any{"pattern": v.Pattern}
		}
		return s
	case Group:
		return objectSchema(v)
	}
	return map[string]any{}
}

func objectSchema(v Value) map[string]any {
	properties := map[string]any{}
	for _, k := range v.Keys {
		s := schemaOf(k.Value)
		if k.Name == "taxonomies" { // or Hugo's map of singular to plural
			s = map[string]any{"anyOf": []any{s, map[string]any{"type": "object", "additionalProperties": map[string]any{"type": "string"}}}}
		}
		s["description"] = k.About
		if k.Default != "" {
			var value any
			if err := decode([]byte(k.Default), &value); err == nil {
				s["default"] = value
			}
		}
		properties[k.Name] = s
	}
	s := map[string]any{"type": []string{"object", "null"}, "additionalProperties": false, "properties": properties}
	if len(v.Needs) > 0 {
		s["required"] = v.Needs
	}
	return s
}
