package report

import (
	"cmp"
	"encoding/csv"
	"encoding/json"
	"fmt"
	"io"
	"slices"
	"strings"
	"time"
	"unicode"

	"cardbowl/generator/internal/funnel"
)

// ErrFormat is wrapped by the error about a format of leads that does not exist.
var ErrFormat = fmt.Errorf("%w format", ErrUnknown)

// LeadFormats are the programs that WriteLeads can write for, plain first: our
// own header, a public contract.
func LeadFormats() []string { return []string{"plain", "hubspot", "mailchimp", "kit", "listmonk"} }

// Exported is what became of an export.
type Exported struct {
	Written   int
	NoAddress int // left out, because nobody can be written to
	Left      int // left out, because they want no mail
	NotAgreed int // left out, because they neither agreed to mail nor confirmed an address
}

// WriteLeads writes people as CSV (RFC 4180, UTF-8) in the columns that a program
// reads, one of LeadFormats. stages are those of the site, in order.
//
// plain has everybody. hubspot, which keeps contacts, has everybody with an
// address. mailchimp, kit and listmonk send mail, so they have only those who may
// get it: who has ticked the box beside a form or confirmed the address, and has
// not unsubscribed since.
//
// No cell is one that a spreadsheet would run. Where the cell is a telephone
// number, that is done by writing it as digits alone; elsewhere by an apostrophe.
//
// The columns are those of "Set up your import file" (knowledge.hubspot.com),
// "Format guidelines for your import file" (mailchimp.com/help), "How to import a
// subscriber list" (help.kit.com) and of listmonk's importer, which knows email,
// name and attributes, the last as a JSON object, and no other.
func WriteLeads(w io.Writer, leads []Lead, format, currency string, stages []string) (Exported, error) {
	var out Exported
	if format == "plain" {
		out.Written = len(leads)
		return out, WriteLeadsCSV(w, leads, currency)
	}
	columns, row := columnsOf(format, currency, stages)
	if columns == nil {
		return out, fmt.Errorf("%w `%s`; there are %s", ErrFormat, format, strings.Join(LeadFormats(), ", "))
	}
	rows := [][]string{columns}
	for _, l := range leads {
		switch {
		case l.Email == "":
			out.NoAddress++
			continue
		case format != "hubspot" && l.UnsubscribedAt != nil:
			out.Left++
			continue
		case format != "hubspot" && l.ConfirmedAt == nil && !slices.ContainsFunc(l.Cards, func(c Card) bool { return c.Consent != "" }):
			out.NotAgreed++
			continue
		}
		cells := row(l)
		for i := range cells {
			cells[i] = inert(cells[i])
		}
		rows = append(rows, cells)
		out.Written++
	}
	c := csv.NewWriter(w)
	c.UseCRLF = true
	if err := c.WriteAll(rows); err != nil {
		return out, fmt.Errorf("write leads: %w", err)
	}
	return out, nil
}

// columnsOf is the header of a format, and how a person becomes a row; nil for a
// format there is none of.
func columnsOf(format, currency string, stages []string) (columns []string, row func(Lead) []string) {
	switch format {
	case "hubspot":
		return []string{"Email", "First Name", "Last Name", "Phone Number", "Company Name", "Lifecycle Stage"},
			func(l Lead) []string {
				first, last := l.names()
				return []string{l.Email, first, last, digits(l.Phone), l.Company, lifecycle(l.Stage, stages)}
			}
	case "mailchimp":
		return []string{"Email Address", "First Name", "Last Name", "Phone Number", "Company", "Tags"},
			func(l Lead) []string {
				first, last := l.names()
				return []string{l.Email, first, last, digits(l.Phone), l.Company, strings.Join(l.tags(), ", ")}
			}
	case "kit":
		return []string{"Email", "First Name", "Last Name", "Tags"},
			func(l Lead) []string {
				first, last := l.names()
				return []string{l.Email, first, last, strings.Join(l.tags(), ",")}
			}
	case "listmonk":
		return []string{"email", "name", "attributes"},
			func(l Lead) []string { return []string{strings.ToLower(l.Email), l.Name, l.attributes(currency)} }
	}
	return nil, nil
}

// names are the first and the last name: as they were asked for, else what stands
// before the first blank of the whole name, and after it.
func (l Lead) names() (first, last string) {
	for _, c := range l.Cards {
		for _, a := range c.Answers {
			switch a.Name {
			case "first_name":
				first = cmp.Or(a.Value, first)
			case "last_name":
				last = cmp.Or(a.Value, last)
			}
		}
	}
	if first == "" && last == "" {
		first, last, _ = strings.Cut(strings.TrimSpace(l.Name), " ")
	}
	return first, strings.TrimSpace(last)
}

// tags are the forms a person has sent, and the stage.
func (l Lead) tags() []string {
	var tags []string
	for _, c := range l.Cards {
		if c.Form != "" && !slices.Contains(tags, c.Form) {
			tags = append(tags, c.Form)
		}
	}
	if l.Stage != "" {
		tags = append(tags, l.Stage)
	}
	return tags
}

// attributes is what is known beside the name, as a JSON object.
func (l Lead) attributes(currency string) string {
	first := l.Cards[0]
	of := struct {
		Company  string   `json:"company,omitempty"`
		Phone    string   `json:"phone,omitempty"`
		Forms    []string `json:"forms"`
		Post     string   `json:"post,omitempty"`
		Source   string   `json:"source,omitempty"`
		Campaign string   `json:"campaign,omitempty"`
		Stage    string   `json:"stage,omitempty"`
		Value    *float64 `json:"value,omitempty"`
		Currency string   `json:"currency,omitempty"`
		Since    string   `json:"submitted_at"`
	}{l.Company, l.Phone, []string{}, first.Post, first.Origin.Source, first.Origin.Campaign, l.Stage, l.Value, "", first.At.UTC().Format(time.RFC3339)}
	for _, c := range l.Cards {
		if c.Form != "" && !slices.Contains(of.Forms, c.Form) {
			of.Forms = append(of.Forms, c.Form)
		}
	}
	if l.Value != nil {
		of.Currency = currency
	}
	text, err := json.Marshal(of)
	if err != nil {
		panic(err) // plain values
	}
	return string(text)
}

// lifecycle is a stage in HubSpot's words: a lead until it is in a stage of sales,
// then an opportunity, and a customer in the last one. Whoever is lost is other.
func lifecycle(stage string, stages []string) string {
	switch {
	case stage == "":
		return "Lead"
	case stage == string(funnel.Lost):
		return "Other"
	case len(stages) > 0 && stage == stages[len(stages)-1]:
		return "Customer"
	}
	return "Opportunity"
}

// digits is a telephone number without what people write between its digits, so
// that a plus before it makes it a number and no formula. What is no such number
// stays as it is.
func digits(phone string) string {
	phone = strings.TrimSpace(phone)
	if !strings.HasPrefix(phone, "+") {
		return phone
	}
	bare := strings.Map(func(r rune) rune {
		if strings.ContainsRune(" ()-./\u00a0", r) {
			return -1
		}
		return r
	}, phone[1:])
	if bare == "" || strings.ContainsFunc(bare, func(r rune) bool { return r > unicode.MaxASCII || !unicode.IsDigit(r) }) {
		return phone
	}
	return "+" + bare
}
