package form

import (
	_ "embed"
	"fmt"
	"html/template"
	"slices"
	"strings"

	"cardbowl/generator/internal/language"
)

// Placement is where one form stands, and what a visitor already typed into it.
type Placement struct {
	Post   string              // URL path of the page the form stands on, as the manifest has it
	Place  string              // "end", "inline", …; "mistake" in the tracker's own page
	Action string              // address the form is sent to, "/_/f/NAME" behind the tracker's origin
	Next   string              // value of _next; empty: no such field
	Key    string              // idempotency key; empty in a built page, where the script adds one
	Values map[string][]string // what was typed, by control name; nil in a built page
	Errors Errors              // messages to show, by control name; nil in a built page
}

// Errors holds messages by control name; the empty name means the whole form.
type Errors map[string][]string

//go:embed markup.html
var markupSource string

var markupTemplate = template.Must(template.New("form").Parse(markupSource))

// control is one field with everything its markup shows.
type control struct {
	Field
	ID, Text, Autocomplete string
	Options                []option
	Checked                bool
	Messages               []string
}

// mistake is a line of the summary, which leads to its field.
type mistake struct{ ID, Text, Message string }

type option struct {
	Value  string
	Chosen bool
}

// Markup is the form as HTML. It is complete without JavaScript and CSS. The
// element ids start with the form's name and placement, so that several forms
// may stand on one page.
func Markup(d Definition, p Placement) template.HTML {
	prefix := d.Name + "-" + p.Place + "-"
	view := struct {
		Definition
		Placement
		Prefix, Send, Thank, Pending string
		Optional, Choose             string
		Controls                     []control
		Hidden                       []control
		ConsentGiven                 bool
		Trap, Again                  string
		Wrong                        bool
		List                         []mistake
	}{Definition: d, Placement: p, Prefix: prefix, Send: d.Button, Thank: d.ThankYou(), Pending: d.PleaseConfirm(), Optional: d.Say("optional"), Choose: d.Say("Please choose"),
		Trap: d.Say("Leave this empty"), Wrong: len(p.Errors) > 0}
	if view.Send == "" {
		view.Send = d.Say("Send")
	}
	view.ConsentGiven = len(p.Values[ConsentName]) > 0 && p.Values[ConsentName][0] != ""
	for _, f := range d.Fields {
		c := control{Field: f, ID: prefix + f.Name, Text: labelOf(f), Autocomplete: autocompleteOf(f), Messages: p.Errors[f.Name]}
		typed := p.Values[f.Name]
		if len(typed) > 0 {
			c.Value = typed[0]
		}
		for _, o := range f.Options {
			c.Options = append(c.Options, option{o, o == c.Value || f.Several() && slices.Contains(typed, o)})
		}
		c.Checked = f.Type == "checkbox" && len(typed) > 0 && typed[0] != ""
		if f.Type == "hidden" {
			view.Hidden = append(view.Hidden, c)
		} else {
			view.Controls = append(view.Controls, c)
			if len(c.Messages) > 0 {
				view.List = append(view.List, mistake{c.ID, c.Text, strings.Join(c.Messages, " ")})
			}
		}
	}
	if wrong := p.Errors[ConsentName]; len(wrong) > 0 {
		view.List = append(view.List, mistake{prefix + ConsentName, d.Consent, wrong[0]})
	}
	if len(view.List) > 0 {
		view.Again = d.Say("Please look at this and send it again. Nothing you wrote is lost.")
	}
	var b strings.Builder
	if err := markupTemplate.Execute(&b, view); err != nil {
		panic(err) // the template is ours and a strings.Builder does not fail
	}
	return template.HTML(b.String())
}

// PleaseConfirm is the sentence shown instead of ThankYou where the address
// still has to be confirmed.
func (d Definition) PleaseConfirm() string {
	return d.Say("Thank you! Before we write to you, we will ask you to confirm your address.")
}

// ThankYou is the sentence shown after a card was accepted.
func (d Definition) ThankYou() string {
	if d.Success != "" {
		return d.Success
	}
	return d.Say("Thank you! Your message has arrived.")
}

// Say is a phrase as the form says it: in its owner's words, or else in its language.
func (d Definition) Say(phrase string) string {
	return language.Of(d.Language).With(d.Messages).Say(phrase)
}

// count is a phrase with a number in it.
func (d Definition) count(phrase string, n any) string {
	return strings.ReplaceAll(d.Say(phrase), "#", fmt.Sprint(n))
}

// labelOf is the visible name of a field: its label, or its control name made
// readable ("first_name" becomes "First name").
func labelOf(f Field) string {
	if f.Label != "" {
		return f.Label
	}
	words := strings.TrimSpace(strings.NewReplacer("_", " ", "-", " ").Replace(f.Name))
	if words == "" {
		return f.Name
	}
	if words == "email" {
		return "E-mail"
	}
	return strings.ToUpper(words[:1]) + words[1:]
}

// autocompleteOf is the token that lets a browser fill the field in, as the
// HTML standard lists them.
func autocompleteOf(f Field) string {
	switch {
	case f.Type == "email":
		return "email"
	case f.Type == "tel":
		return "tel"
	}
	switch f.Name {
	case "name":
		return "name"
	case "first_name":
		return "given-name"
	case "last_name":
		return "family-name"
	case "company":
		return "organization"
	case "phone":
		return "tel"
	case "website":
		return "url"
	}
	return ""
}

// The control names a form uses besides its own fields.
const (
	PostName      = "_post"
	PlacementName = "_placement"
	HoneypotName  = "_gotcha"
	NextName      = "_next"
	KeyName       = "_key"
	TokenName     = "_token"
	ConsentName   = "consent"
)
