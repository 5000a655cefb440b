package report

import (
	"bufio"
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"time"

	"cardbowl/generator/internal/diag"
	"cardbowl/generator/internal/form"
	"cardbowl/generator/internal/funnel"
	"cardbowl/generator/internal/store"
)

// ImportFile is a CSV file of people from elsewhere.
type ImportFile struct {
	Name    string            // as it is called in messages
	Map     map[string]string // columns by the field they are for; columns called as their field need none
	Stages  []string          // of sales on this site, in order
	Zone    *time.Location    // of days without a time
	Answers []string          // fields of Map beyond those of LeadFields, kept as answers of that name
}

// LeadFields are what a file of people may tell of each.
func LeadFields() []string {
	return []string{"email", "name", "first_name", "last_name", "phone", "company", "message", "stage", "value", "note", "submitted_at", "unsubscribed_at"}
}

// called are names that other programs give to fields, in lower case.
func called(column string) string {
	switch column {
	case "e-mail", "email address", "e-mail address", "mail":
		return "email"
	case "first name", "firstname", "given name":
		return "first_name"
	case "last name", "lastname", "surname", "family name":
		return "last_name"
	case "full name":
		return "name"
	case "phone number", "telephone", "tel":
		return "phone"
	case "company name", "organisation", "organization":
		return "company"
	}
	return column
}

// maxCell is how much of a cell is taken, in bytes: no form asks for more.
const maxCell = 10_000

// ReadLeads reads people from a CSV file with a header (RFC 4180, UTF-8, with or
// without a byte order mark; separated by semicolons where the header has no
// comma). Columns are found by the name of the field, as LeadFields has them or as
// other programs call them, or by Map. ignored are the columns that were of none.
// An apostrophe that an export wrote before a formula is taken off again.
//
// Every line that cannot be taken is a problem with its line and column; then
// nothing should be imported. An address that stands there twice is one.
func ReadLeads(r io.Reader, f ImportFile) (people []store.ImportedLead, ignored []string, problems diag.List, err error) {
	text := bufio.NewReader(r)
	if mark, err := text.Peek(3); err == nil && string(mark) == "\ufeff" {
		_, _ = text.Discard(3)
	}
	c := csv.NewReader(text)
	c.FieldsPerRecord = -1
	if head, _ := text.Peek(4096); separatedBySemicolons(string(head)) {
		c.Comma = ';'
	}
	wrong := func(line, column int, message, hint string) {
		problems = append(problems, diag.Diagnostic{File: f.Name, Line: line, Column: column, Severity: diag.Error, Message: message, Hint: hint})
	}
	header, err := c.Read()
	if errors.Is(err, io.EOF) {
		wrong(1, 1, "the file is empty", "its first line names the columns: email,name,…")
		return nil, nil, problems, nil
	}
	if err != nil {
		return nil, nil, unreadable(f.Name, err), nil
	}
	at, ignored, missing := f.columns(header)
	if missing != "" {
		wrong(1, 1, missing, "the columns are "+strings.Join(header, ", ")+`; name one with --map, as in --map "email=`+header[0]+`"`)
		return nil, ignored, problems, nil
	}
	seen := map[string]int{}
	for {
		record, err := c.Read()
		if errors.Is(err, io.EOF) {
			return people, ignored, problems, nil
		}
		if err != nil {
			return nil, ignored, append(problems, unreadable(f.Name, err)...), nil
		}
		line, _ := c.FieldPos(0)
		if len(record) != len(header) {
			wrong(line, 1, fmt.Sprintf("the line has %s and the header %d", counted(len(record), "cell"), len(header)), "a cell with a separator or a line break stands in double quotes")
			continue
		}
		before := len(problems)
		p := f.person(record, at, func(field, message, hint string) {
			_, column := c.FieldPos(at[field])
			wrong(line, column, message, hint)
		})
		if len(problems) > before {
			continue
		}
		key := strings.ToLower(p.Email)
		if first := seen[key]; first > 0 {
			_, column := c.FieldPos(at["email"])
			wrong(line, column, fmt.Sprintf("%s stands on line %d already", p.Email, first), "keep one of the two")
			continue
		}
		seen[key] = line
		people = append(people, p)
	}
}

// separatedBySemicolons tells how a header is separated.
func separatedBySemicolons(text string) bool {
	head, _, _ := strings.Cut(text, "\n")
	return !strings.Contains(head, ",") && strings.Contains(head, ";")
}

// unreadable is what a file that is no CSV has wrong with it.
func unreadable(name string, err error) diag.List {
	d := diag.Diagnostic{File: name, Severity: diag.Error, Message: err.Error()}
	var broken *csv.ParseError
	if errors.As(err, &broken) {
		d.Line, d.Column, d.Message = broken.Line, broken.Column, broken.Err.Error()
		d.Hint = "a cell with a quote stands in double quotes, and the quote twice"
	}
	return diag.List{d}
}

// columns finds where each field stands; missing says what could not be found.
func (f ImportFile) columns(header []string) (at map[string]int, ignored []string, missing string) {
	at = map[string]int{}
	for field, column := range f.Map {
		i := slices.IndexFunc(header, func(h string) bool { return strings.EqualFold(strings.TrimSpace(h), column) })
		if i < 0 {
			return nil, nil, fmt.Sprintf("there is no column %q, which --map names for %s", column, field)
		}
		at[field] = i
	}
	fields := LeadFields()
	for i, h := range header {
		mapped := false
		for _, j := range at {
			mapped = mapped || i == j
		}
		if mapped {
			continue
		}
		field := called(strings.ToLower(strings.TrimSpace(h)))
		if _, taken := at[field]; taken || !slices.Contains(fields, field) {
			ignored = append(ignored, h)
			continue
		}
		at[field] = i
	}
	if _, there := at["email"]; !there {
		return nil, ignored, "no column has the addresses"
	}
	return at, ignored, ""
}

// person reads a line.
func (f ImportFile) person(record []string, at map[string]int, wrong func(field, message, hint string)) (p store.ImportedLead) {
	cell := func(field string) string {
		i, there := at[field]
		if !there {
			return ""
		}
		text := strings.TrimSpace(strings.ToValidUTF8(record[i], "\ufffd"))
		if bare := strings.TrimPrefix(text, "'"); bare != text && inert(bare) != bare {
			text = bare
		}
		if len(text) > maxCell {
			wrong(field, fmt.Sprintf("the cell has %s bytes", grouped(len(text))), fmt.Sprintf("at most %s are taken", grouped(maxCell)))
		}
		return text
	}
	email, ok := form.NormaliseEmail(cell("email"))
	if !ok {
		wrong("email", fmt.Sprintf("%q is no address", cell("email")), "people are told apart by their addresses")
	}
	p.Email = email
	for _, name := range append([]string{"name", "first_name", "last_name", "phone", "company", "message"}, f.Answers...) {
		if value := cell(name); value != "" {
			p.Fields = append(p.Fields, form.Answer{Name: name, Value: value})
		}
	}
	p.Stage, p.Note = cell("stage"), cell("note")
	if known := append(slices.Clone(f.Stages), string(funnel.Lost)); p.Stage != "" && !slices.Contains(known, p.Stage) {
		hint := diag.DidYouMean(p.Stage, known)
		if hint == "" {
			hint = "the stages are " + strings.Join(f.Stages, ", ") + " and lost"
		}
		wrong("stage", fmt.Sprintf("there is no stage %q", p.Stage), hint)
	}
	if text := cell("value"); text != "" {
		value, ok := ParseAmount(text)
		if !ok {
			wrong("value", fmt.Sprintf("%q is no amount", text), "such as 4000 or 99.50")
		}
		p.Value = &value
	}
	for _, moment := range []struct {
		field string
		to    *time.Time
	}{{"submitted_at", &p.Since}, {"unsubscribed_at", &p.UnsubscribedAt}} {
		text := cell(moment.field)
		if text == "" {
			continue
		}
		when, err := time.Parse(time.RFC3339, text)
		if err != nil {
			when, err = time.ParseInLocation(time.DateOnly, text, f.Zone)
		}
		if err != nil || when.Year() < 1970 || when.Year() > 9998 {
			wrong(moment.field, fmt.Sprintf("%q is no time", text), "such as 2026-11-22 or 2026-11-22T09:30:00Z")
		}
		*moment.to = when.In(f.Zone)
	}
	return p
}
