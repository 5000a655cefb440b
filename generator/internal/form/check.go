package form

import (
	"fmt"
	"net/mail"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"cardbowl/generator/internal/diag"
)

// Problem is one thing wrong with a Definition. Field and Key say where, so
// that whoever read the definition from a file can point at the line.
type Problem struct {
	Field   int    // index into Fields; -1 when the form itself is meant
	Key     string // the key of site.yaml that is wrong: "name", "type", "options", …
	Message string // lower case, no final stop
	Hint    string // may be empty
}

// controlName is what a field may be called: also a safe element id, a safe CSV
// column and a name no browser rewrites.
var controlName = regexp.MustCompile(`^[A-Za-z][A-Za-z0-9_-]{0,63}$`)

// formName is what a form may be called: it is the last part of its address.
var formName = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9_-]{0,63}$`)

// reserved are names that mean something to the form itself, ours and those
// that Netlify's forms use. Names that begin with _ are reserved as well.
func reserved(name string) bool {
	return strings.HasPrefix(name, "_") || name == ConsentName || name == netlifyForm || name == netlifyTrap
}

// Check says everything that is wrong with a definition, in the order of its
// fields. An empty Type is a text field. A definition without problems can be
// marked up, decoded and validated without error.
func Check(d Definition) []Problem {
	var found []Problem
	add := func(field int, key, hint, format string, args ...any) {
		found = append(found, Problem{field, key, fmt.Sprintf(format, args...), hint})
	}
	if !formName.MatchString(d.Name) {
		add(-1, "name", "use letters, digits, - and _", "%q cannot name a form", d.Name)
	}
	if len(d.Fields) == 0 {
		add(-1, "fields", "add one, such as {name: email, type: email, required: true}", "the form asks nothing")
	}
	if len(d.Fields) > maxFields {
		add(-1, "fields", "", "more than %d fields", maxFields)
	}
	if d.Thanks != "" && !strings.HasPrefix(d.Thanks, "/") || strings.HasPrefix(d.Thanks, "//") {
		add(-1, "thanks", "write a path of this site, such as /thanks/", "%q is not a path of the site", d.Thanks)
	}
	for _, address := range d.Notify {
		if _, err := mail.ParseAddress(address); err != nil || len(address) > maxEmail {
			add(-1, "notify", "", "%q is not an e-mail address", address)
		}
	}
	seen := map[string]bool{}
	for i, f := range d.Fields {
		switch {
		case f.Name == "":
			add(i, "name", "", "a field has no name")
		case reserved(f.Name):
			add(i, "name", "names that begin with _ and the name `consent` belong to the form itself", "the name %q is reserved", f.Name)
		case !controlName.MatchString(f.Name):
			add(i, "name", "use letters, digits, - and _, a letter first", "%q cannot name a field", f.Name)
		case seen[f.Name]:
			add(i, "name", "", "two fields are called %q", f.Name)
		}
		seen[f.Name] = true
		checkField(i, f, add)
	}
	return found
}

func checkField(i int, f Field, add func(field int, key, hint, format string, args ...any)) {
	if f.Type != "" && !slices.Contains(Types(), f.Type) {
		hint := diag.DidYouMean(f.Type, Types())
		if hint == "" {
			hint = "one of " + strings.Join(Types(), ", ")
		}
		add(i, "type", hint, "unknown type of field %q", f.Type)
	}
	choice := f.Type == "select" || f.Type == "radio"
	if choice && len(f.Options) == 0 {
		add(i, "options", "add options: [first, second]", "the field %q has nothing to choose from", f.Name)
	}
	if !choice && f.Type != "checkbox" && len(f.Options) > 0 {
		add(i, "options", "only select, radio and checkbox have options", "the field %q cannot have options", f.Name)
	}
	for j, o := range f.Options {
		if strings.TrimSpace(o) == "" {
			add(i, "options", "", "an option of the field %q is empty", f.Name)
		} else if slices.Contains(f.Options[:j], o) {
			add(i, "options", "", "the option %q of the field %q stands twice", o, f.Name)
		}
	}
	if f.Pattern != "" {
		if _, err := wholePattern(f.Pattern); err != nil {
			add(i, "pattern", "look-ahead and look-behind are not known here", "the pattern of the field %q cannot be read", f.Name)
		}
	}
	if f.MaxLength < 0 || f.MaxLength > BodyLimit {
		add(i, "maxlength", "", "maxlength of the field %q must be between 1 and %d", f.Name, BodyLimit)
	}
	if f.MinLength < 0 || f.MinLength > maxLengthOf(f) {
		add(i, "minlength", "", "minlength of the field %q must be between 1 and %d, the longest answer", f.Name, maxLengthOf(f))
	}
	checkRange(i, f, add)
	if f.Type == "hidden" && f.Required && f.Value == "" {
		add(i, "required", "give it a value, or leave required out", "nobody can fill in the hidden field %q", f.Name)
	}
}

// checkRange looks at the numbers that a field takes.
func checkRange(i int, f Field, add func(field int, key, hint, format string, args ...any)) {
	for _, limit := range []struct{ key, value string }{{"min", f.Min}, {"max", f.Max}} {
		switch {
		case limit.value == "":
		case f.Type != "number":
			add(i, limit.key, "only number has a least and a greatest; texts have minlength and maxlength", "the field %q cannot have %s", f.Name, limit.key)
		case !isNumber(limit.value):
			add(i, limit.key, "write it as 1 or 2.5", "%s of the field %q is no number", limit.key, f.Name)
		}
	}
	if f.Min != "" && f.Max != "" && isNumber(f.Min) && isNumber(f.Max) {
		least, _ := strconv.ParseFloat(f.Min, 64)
		most, _ := strconv.ParseFloat(f.Max, 64)
		if least > most {
			add(i, "max", "", "of the field %q the greatest number is below the least", f.Name)
		}
	}
}

// wholePattern compiles a pattern that the whole value must match, as the
// pattern attribute of HTML is read.
func wholePattern(pattern string) (*regexp.Regexp, error) {
	return regexp.Compile(`^(?:` + pattern + `)$`)
}
