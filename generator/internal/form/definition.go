package form

import (
	_ "embed"
	"path"
	"strings"

	"cardbowl/generator/internal/language"
)

// Source is this file: the comments on the keys are the reference that the
// manual and the help show.
//
//go:embed definition.go
var Source string

// Definition is one form as site.yaml describes it.
type Definition struct {
	// The key under forms, also the last part of the form's address.
	Name string `yaml:"-" json:"name"`
	// The language of the words that nobody gives. It is that of the site.
	Language string `yaml:"-" json:"language,omitempty"`
	// The words above the form.
	Title string `yaml:"title" json:"title,omitempty"`
	// One paragraph above the fields.
	Intro string `yaml:"intro" json:"intro,omitempty"`
	// The words on the button.
	Button string `yaml:"button" json:"button,omitempty"`
	// The thank-you that takes the form's place, and stands on the tracker's own
	// thanks page.
	Success string `yaml:"success" json:"success,omitempty"`
	// What is asked, in this order.
	Fields []Field `yaml:"fields" json:"fields"`
	// A sentence beside a box that is not ticked. The form is accepted only when
	// the visitor ticks it. Without the sentence there is no box.
	Consent string `yaml:"consent" json:"consent,omitempty"`
	// Double opt-in: the address counts as confirmed when its owner says so.
	Confirm bool `yaml:"confirm" json:"confirm,omitempty"`
	// A file under `content/_files` that is handed over on confirmation, such as
	// `checklist.pdf`.
	Deliver string `yaml:"deliver" json:"deliver,omitempty"`
	// A page of this site, such as `/thanks/`, that the visitor sees after sending
	// when JavaScript is off. Without it the tracker shows a page of its own.
	Thanks string `yaml:"thanks" json:"thanks,omitempty"`
	// The addresses of those who are told when a card arrives.
	Notify []string `yaml:"notify" json:"notify,omitempty"`
	// What this form says in other words than the rest of the site: keys of
	// `messages`.
	Messages language.Messages `yaml:"messages" json:"messages,omitzero"`
}

// Field is one question. Type is one of Types.
type Field struct {
	// What the answer is called, in the report and in an export: letters, digits,
	// `_` and `-`, a letter first. The usual names are `email`, `name`,
	// `first_name`, `last_name`, `phone`, `company` and `message`.
	Name string `yaml:"name" json:"name"`
	// What is asked for. A browser helps with `email`, `tel`, `url` and `number`;
	// `textarea` has several lines; `select` and `radio` offer the options;
	// `checkbox` is one box, or one for each option; `hidden` is not shown.
	Type string `yaml:"type" json:"type"`
	// The words above the field. Without them, the name made readable.
	Label string `yaml:"label" json:"label,omitempty"`
	// An example inside the empty field.
	Placeholder string `yaml:"placeholder" json:"placeholder,omitempty"`
	// What stands in the field at first; for `hidden`, what it sends.
	Value string `yaml:"value" json:"value,omitempty"`
	// The form is not accepted without it.
	Required bool `yaml:"required" json:"required,omitempty"`
	// The choices of a `select` or `radio` field. A `checkbox` with choices is one
	// box for each, of which a visitor may tick several.
	Options []string `yaml:"options" json:"options,omitempty"`
	// A regular expression that the whole answer must match. Look-ahead and
	// look-behind are not known.
	Pattern string `yaml:"pattern" json:"pattern,omitempty"`
	// The longest answer, in characters. Without it: 254 for `email`, 64 for `tel`
	// and `number`, 2,048 for `url`, 20,000 for `textarea`, 1,000 for the rest.
	MaxLength int `yaml:"maxlength" json:"maxlength,omitempty"`
	// The shortest answer, in characters. A field that need not be filled in may
	// be left empty all the same.
	MinLength int `yaml:"minlength" json:"minlength,omitempty"`
	// The least number that a `number` field takes.
	Min string `yaml:"min" json:"min,omitempty"`
	// The greatest.
	Max string `yaml:"max" json:"max,omitempty"`
	// What the visitor is told when the answer does not fit, in place of our words.
	Message string `yaml:"message" json:"message,omitempty"`
}

// Several tells whether a field is a group of boxes, of which several may be ticked.
func (f Field) Several() bool { return f.Type == "checkbox" && len(f.Options) > 0 }

// Types are the kinds of field, in the order a manual would list them.
func Types() []string {
	return []string{"email", "text", "textarea", "tel", "url", "select", "radio", "checkbox", "hidden", "number"}
}

// File is what the form delivers, as its path below the folder of files.
func (d Definition) File() string {
	return strings.TrimPrefix(path.Clean("/"+strings.TrimPrefix(d.Deliver, "files/")), "/")
}
