package form

import (
	"net/mail"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"
)

// Answers is a valid submission of one form.
type Answers struct {
	Email   string   // the first e-mail field, normalised; empty when the form has none or it was left empty
	Fields  []Answer // in the order of the definition, fields left empty included
	Consent bool     // the box was ticked; false where there is no box
}

// Answer is what one field says. Several values of one name (a group of boxes
// of a form moved from elsewhere) are joined by ", ".
type Answer struct {
	Name   string
	Value  string
	Hidden bool // the visitor could not see the field
}

// Controls are the parts of a submission that are not the visitor's answers.
type Controls struct {
	Post      string // as sent, not yet checked against the site
	Placement string
	Next      string // as sent: only ever compared with the site's own pages
	Key       string // idempotency key; empty: none
	Token     string // as sent: shows, if it holds, that somebody took the time to fill the form in
	Trapped   bool   // the honeypot was filled
}

// Names of other form services, understood so that moving a form here is one
// changed address: Formspree's _replyto and Netlify's hidden names. Formspree's
// _subject is a control too, and needs no treatment: it is simply no field.
const (
	replyToName = "_replyto"
	netlifyForm = "form-name"
	netlifyTrap = "bot-field"
)

// ControlsOf picks the controls out of what was sent.
func ControlsOf(v Values) Controls {
	return Controls{
		Post:      v.Get(PostName),
		Placement: v.Get(PlacementName),
		Next:      v.Get(NextName),
		Key:       v.Get(KeyName),
		Token:     v.Get(TokenName),
		Trapped:   strings.TrimSpace(v.Get(HoneypotName)) != "" || strings.TrimSpace(v.Get(netlifyTrap)) != "",
	}
}

const (
	maxEmail     = 254 // RFC 5321, 4.5.3.1.3, less the angle brackets
	maxLocalPart = 64  // RFC 5321, 4.5.3.1.1
)

// maxLengthOf is how many characters a field takes: what the definition says,
// else a cap that no honest answer meets.
func maxLengthOf(f Field) int {
	if f.MaxLength > 0 {
		return f.MaxLength
	}
	switch f.Type {
	case "email":
		return maxEmail
	case "tel", "number":
		return 64
	case "url":
		return 2048
	case "textarea":
		return 20_000
	}
	return 1000
}

// Validate turns what was sent into answers. Values of fields that the
// definition does not name are dropped. When the second result is not empty the
// first means nothing.
func Validate(d Definition, v Values) (Answers, Errors) {
	var a Answers
	wrong := Errors{}
	for _, f := range d.Fields {
		parts := tidied(f, v[f.Name])
		if len(parts) == 0 && f.Type == "email" && !slices.ContainsFunc(d.Fields, func(o Field) bool { return o.Type == "email" && v.Get(o.Name) != "" }) {
			parts = tidied(f, v[replyToName])
		}
		value, message := d.answer(f, parts)
		if message != "" {
			wrong[f.Name] = append(wrong[f.Name], message)
		}
		if f.Type == "email" && a.Email == "" {
			a.Email = value
		}
		a.Fields = append(a.Fields, Answer{f.Name, value, f.Type == "hidden"})
	}
	a.Consent = d.Consent != "" && strings.TrimSpace(v.Get(ConsentName)) != ""
	if d.Consent != "" && !a.Consent {
		wrong[ConsentName] = []string{d.Say("Please tick this box if you agree; we cannot write to you without it.")}
	}
	return a, wrong
}

// tidied is the values of one field, trimmed, empty ones left out, line ends as
// \n, and control characters (which no keyboard types) as blanks. Lines are
// kept in a textarea alone, so that no other answer can break out of its line in
// a mail header or a file.
func tidied(f Field, sent []string) []string {
	var out []string
	for _, s := range sent {
		s = strings.ReplaceAll(s, "\r\n", "\n")
		s = strings.Map(func(r rune) rune {
			if f.Type == "textarea" && (r == '\n' || r == '\t') {
				return r
			}
			if unicode.IsControl(r) || r == '\u2028' || r == '\u2029' {
				return ' '
			}
			return r
		}, s)
		if s = strings.TrimSpace(s); s != "" {
			out = append(out, s)
		}
	}
	return out
}

// answer checks one field and returns its value and, when it is wrong, one
// sentence for the visitor.
func (d Definition) answer(f Field, parts []string) (value, message string) {
	value = strings.Join(parts, ", ")
	if value == "" {
		if f.Required {
			switch {
			case f.Type == "select", f.Type == "radio", f.Several():
				return "", d.Say("Please choose one.")
			case f.Type == "checkbox":
				return "", d.Say("Please tick this box.")
			}
			return "", d.Say("Please fill this in.")
		}
		return "", ""
	}
	value, message = d.fits(f, value, parts)
	if message != "" && f.Message != "" {
		message = f.Message
	}
	return value, message
}

// fits checks an answer that is there.
func (d Definition) fits(f Field, value string, parts []string) (tidy, message string) {
	if limit := maxLengthOf(f); utf8.RuneCountInString(value) > limit {
		return value, d.count("Please shorten this to # characters.", limit)
	}
	if f.MinLength > 0 && utf8.RuneCountInString(value) < f.MinLength {
		return value, d.count("Please write at least # characters.", f.MinLength)
	}
	switch f.Type {
	case "email":
		address, ok := NormaliseEmail(value)
		if !ok {
			return value, d.Say("Please enter one e-mail address, like name@example.com.")
		}
		value = address
	case "url":
		if !isURL(value) {
			return value, d.Say("Please enter a web address, like https://example.com.")
		}
	case "number":
		if !isNumber(value) {
			return value, d.Say("Please enter a number.")
		}
		// What is no number was refused with the form's definition.
		n, _ := strconv.ParseFloat(value, 64)
		if least, err := strconv.ParseFloat(f.Min, 64); err == nil && n < least {
			return value, d.count("Please enter a number from # on.", f.Min)
		}
		if most, err := strconv.ParseFloat(f.Max, 64); err == nil && n > most {
			return value, d.count("Please enter a number up to #.", f.Max)
		}
	case "select", "radio", "checkbox":
		if len(f.Options) == 0 {
			break // one box
		}
		for _, part := range parts {
			if !slices.Contains(f.Options, part) {
				return value, d.Say("Please choose one of the options.")
			}
		}
	}
	if f.Pattern != "" {
		if re, err := wholePattern(f.Pattern); err == nil && !re.MatchString(value) {
			return value, d.Say("Please check the format.")
		}
	}
	return value, ""
}

// NormaliseEmail is the address trimmed, in Unicode's composed form, with its
// domain in lower case; the part before the @ is left as typed, since only its
// own server knows what it means. It is false for anything but one plain
// address with a dotted domain: no display name, comment, quoted part or
// literal network address.
func NormaliseEmail(text string) (string, bool) {
	text = norm.NFC.String(strings.TrimSpace(text))
	if len(text) > maxEmail { // before parsing, whose cost grows faster than the text
		return "", false
	}
	parsed, err := mail.ParseAddress(text)
	if err != nil || parsed.Name != "" || parsed.Address != text {
		return "", false
	}
	at := strings.LastIndexByte(text, '@')
	local, domain := text[:at], strings.ToLower(text[at+1:])
	if len(local) > maxLocalPart || strings.ContainsAny(local, `"\ `) || !isDomain(domain) {
		return "", false
	}
	return local + "@" + domain, true
}

// isDomain tells whether a name has at least two labels and only characters a
// domain name may have; letters beyond ASCII are allowed, as in IDNA.
func isDomain(name string) bool {
	labels := strings.Split(name, ".")
	if len(labels) < 2 {
		return false
	}
	for _, label := range labels {
		if label == "" || len(label) > 63 || label[0] == '-' || label[len(label)-1] == '-' {
			return false
		}
		for _, r := range label {
			if r != '-' && !unicode.IsLetter(r) && !unicode.IsDigit(r) && !unicode.IsMark(r) {
				return false
			}
		}
	}
	last := labels[len(labels)-1]
	return strings.ContainsFunc(last, unicode.IsLetter) // no 192.168.0.1
}

func isURL(text string) bool {
	u, err := url.Parse(text)
	return err == nil && (u.Scheme == "http" || u.Scheme == "https") && u.Host != "" && u.User == nil && !strings.ContainsAny(text, " \\<>\"")
}

// isNumber follows the floating-point number of HTML: no hexadecimal, no
// underscores, no infinity.
func isNumber(text string) bool {
	if strings.ContainsFunc(text, func(r rune) bool { return !strings.ContainsRune("0123456789+-.eE", r) }) {
		return false
	}
	_, err := strconv.ParseFloat(text, 64)
	return err == nil
}
