package report

import (
	"cmp"
	"encoding/csv"
	"fmt"
	"io"
	"math"
	"slices"
	"strconv"
	"strings"
	"time"

	"cardbowl/generator/internal/form"
	"cardbowl/generator/internal/funnel"
	"cardbowl/generator/internal/store"

	"github.com/jedib0t/go-pretty/v6/table"
)

// Lead is one person and the cards that person dropped.
type Lead struct {
	ID      string `json:"id"`
	Email   string `json:"email"` // empty when the form asks for none
	Name    string `json:"name"`
	Phone   string `json:"phone"`
	Company string `json:"company"`
	Cards   []Card `json:"cards"` // oldest first, at least one

	ConfirmedAt    *time.Time `json:"confirmed_at"`    // UTC; null: never
	UnsubscribedAt *time.Time `json:"unsubscribed_at"` // UTC; null: never, or confirmed again since

	Stage     string   `json:"stage"` // of the sales side; empty before the first
	Value     *float64 `json:"value"` // in the site's currency; null while nobody said
	ChangedAt string   `json:"stage_changed_at,omitempty"`
	NextStep  string   `json:"next_step,omitempty"`
	NextDay   string   `json:"next_day,omitempty"` // YYYY-MM-DD
	History   []Event  `json:"history,omitempty"`  // oldest first
}

// Event is one thing that happened to a lead after its card.
type Event struct {
	At       time.Time `json:"at"` // UTC
	Stage    string    `json:"stage,omitempty"`
	Value    *float64  `json:"value,omitempty"`
	Note     string    `json:"note,omitempty"`
	NextStep string    `json:"next_step,omitempty"`
	NextDay  string    `json:"next_day,omitempty"`
}

// Card is one submission.
type Card struct {
	At        time.Time     `json:"at"` // UTC
	Form      string        `json:"form"`
	Placement string        `json:"placement"`
	Post      string        `json:"post"` // URL path; empty for a page the site does not know
	Duplicate bool          `json:"duplicate"`
	Imported  bool          `json:"imported,omitempty"` // no card, but what was known elsewhere
	Consent   string        `json:"consent_version"`    // of the sentence agreed to; empty without one
	FirstPost string        `json:"first_post"`         // URL path of the first post read that day; Post where that is not known
	Assists   []string      `json:"assists"`            // paths of the other posts read that day
	Origin    funnel.Origin `json:"origin"`             // where the reader came from that day
	Answers   []form.Answer `json:"-"`
}

// Leads are the people behind stored submissions, the newest first, with all that
// happened to them since. What fell into the trap is nobody's.
func Leads(stored []store.Stored, people []store.Person, progress []store.Progress) []Lead {
	byID := map[string]*Lead{}
	for _, s := range stored {
		if s.Lead == "" {
			continue
		}
		l, known := byID[s.Lead]
		if !known {
			l = &Lead{ID: s.Lead, Email: s.Email}
			byID[s.Lead] = l
		}
		c := Card{At: s.At.UTC(), Form: s.Form, Placement: s.Placement, Post: s.Post, Duplicate: s.Status == store.Duplicate, Imported: s.Status == store.Imported, Answers: s.Fields,
			FirstPost: s.FirstPost, Assists: append([]string{}, s.Assists...), Origin: s.Origin}
		if s.Consent {
			c.Consent = s.ConsentText
		}
		l.Cards = append(l.Cards, c)
		answers := map[string]string{}
		for _, a := range s.Fields {
			answers[a.Name] = a.Value
		}
		// The latest word on a name or number is the best one.
		l.Name = cmp.Or(answers["name"], strings.TrimSpace(answers["first_name"]+" "+answers["last_name"]), l.Name)
		l.Phone = cmp.Or(answers["phone"], l.Phone)
		l.Company = cmp.Or(answers["company"], l.Company)
	}
	for _, p := range people {
		if l, known := byID[p.ID]; known {
			l.ConfirmedAt, l.UnsubscribedAt = happened(p.ConfirmedAt), happened(p.UnsubscribedAt)
		}
	}
	for _, p := range progress {
		if l, known := byID[p.Lead]; known {
			l.take(p)
		}
	}
	out := make([]Lead, 0, len(byID))
	for _, l := range byID {
		out = append(out, *l)
	}
	slices.SortFunc(out, func(a, b Lead) int {
		return cmp.Or(b.Cards[0].At.Compare(a.Cards[0].At), cmp.Compare(a.ID, b.ID))
	})
	return out
}

// take adds what happened to a lead. The last word on each thing is the one that
// holds; a next step is done with when a later entry names another, or changes
// the stage without one.
func (l *Lead) take(p store.Progress) {
	for _, e := range p.Entries {
		l.History = append(l.History, Event{At: e.At, Stage: e.Stage, Value: e.Value, Note: e.Note, NextStep: e.Next, NextDay: e.NextDay})
		if e.Value != nil {
			l.Value = e.Value
		}
		if e.Stage != "" {
			l.Stage, l.ChangedAt = e.Stage, e.At.Format(time.RFC3339)
		}
		if e.Next != "" || e.NextDay != "" || e.Stage != "" {
			l.NextStep, l.NextDay = e.Next, e.NextDay
		}
	}
}

// leadColumns are the header of the export, a public contract.
func leadColumns() []string {
	return strings.Split("id,email,name,phone,company,stage,value,currency,form,placement,converted_on,first_post,source,medium,campaign,term,content,referrer,"+
		"submitted_at,confirmed_at,stage_changed_at,consent_version,unsubscribed_at", ",")
}

// WriteLeadsCSV writes one line for each person (RFC 4180, UTF-8, times as RFC
// 3339 in UTC), with a header. No cell is one that a spreadsheet would run.
func WriteLeadsCSV(w io.Writer, leads []Lead, currency string) error {
	c := csv.NewWriter(w)
	c.UseCRLF = true
	columns := leadColumns()
	rows := [][]string{columns}
	for _, l := range leads {
		first := l.Cards[0]
		cells := map[string]string{"id": l.ID, "email": l.Email, "name": l.Name, "phone": l.Phone, "company": l.Company, "form": first.Form,
			"placement": first.Placement, "converted_on": first.Post, "submitted_at": first.At.Format(time.RFC3339), "consent_version": first.Consent,
			"stage": l.Stage, "stage_changed_at": l.ChangedAt,
			"first_post": first.FirstPost, "source": first.Origin.Source, "medium": first.Origin.Medium, "campaign": first.Origin.Campaign,
			"confirmed_at": stamp(l.ConfirmedAt), "unsubscribed_at": stamp(l.UnsubscribedAt),
			"term": first.Origin.Term, "content": first.Origin.Content, "referrer": first.Origin.Referrer}
		if l.Value != nil {
			cells["value"], cells["currency"] = amount(l.Value), currency
		}
		row := make([]string, len(columns))
		for i, name := range columns {
			row[i] = inert(cells[name])
		}
		rows = append(rows, row)
	}
	if err := c.WriteAll(rows); err != nil {
		return fmt.Errorf("write leads: %w", err)
	}
	return nil
}

// WriteLeadsText draws a table of people for a terminal. Days are those of the
// zone.
func WriteLeadsText(w io.Writer, leads []Lead, zone *time.Location, o TextOptions) error {
	p := pen{o}
	t := table.NewWriter()
	t.SetStyle(table.Style{Box: table.BoxStyle{PaddingRight: "  "}})
	t.AppendRow(table.Row{p.faint("First card"), p.faint("E-mail"), p.faint("Name"), p.faint("Form"), p.faint("Cards"), p.faint("Post"), p.faint("Stage"), p.faint("Value")})
	for _, l := range leads {
		first := l.Cards[0]
		t.AppendRow(table.Row{first.At.In(zone).Format(time.DateOnly), printable(l.Email), printable(l.Name), first.Form, len(l.Cards), printable(first.Post), l.Stage, amount(l.Value)})
	}
	text := t.Render() + "\n"
	if len(leads) == 0 {
		text = "No card so far.\n"
	}
	if _, err := io.WriteString(w, trimmed(text)); err != nil {
		return fmt.Errorf("write leads: %w", err)
	}
	return nil
}

// happened is a time that may not have come: nil while it is zero.
func happened(t time.Time) *time.Time {
	if t.IsZero() {
		return nil
	}
	return &t
}

func stamp(t *time.Time) string {
	if t == nil {
		return ""
	}
	return t.Format(time.RFC3339)
}

// amount is a value as people write it; nothing while nobody said.
func amount(value *float64) string {
	if value == nil {
		return ""
	}
	return strconv.FormatFloat(*value, 'f', -1, 64)
}

// trimmed takes the blanks off the ends of lines.
func trimmed(s string) string {
	lines := strings.Split(s, "\n")
	for i := range lines {
		lines[i] = strings.TrimRight(lines[i], " ")
	}
	return strings.Join(lines, "\n")
}

// WriteLeadText shows one person with everything that person wrote.
func WriteLeadText(w io.Writer, l Lead, zone *time.Location, o TextOptions) error {
	p := pen{o}
	var b strings.Builder
	b.WriteString(p.bold(printable(cmp.Or(l.Name, l.Email, l.ID))) + "\n")
	for _, c := range l.Cards {
		what := c.Form + ", " + cmp.Or(printable(c.Post), "a page the site does not know")
		if c.Imported {
			what = "brought over from elsewhere"
		}
		fmt.Fprintf(&b, "\n%s  %s", c.At.In(zone).Format("2006-01-02 15:04"), what)
		if c.Duplicate {
			b.WriteString("  " + p.faint("(the same again, not counted)"))
		}
		b.WriteString("\n")
		for _, line := range c.journey() {
			b.WriteString("  " + p.faint(line[0]+":") + "  " + printable(line[1]) + "\n")
		}
		for _, a := range c.Answers {
			if a.Value == "" {
				continue
			}
			fmt.Fprintf(&b, "  %s  %s\n", p.faint(a.Name+":"), indented(a.Value))
		}
		if c.Consent != "" {
			fmt.Fprintf(&b, "  %s  yes\n", p.faint("consent:"))
		}
	}
	for _, mark := range []struct {
		at   *time.Time
		said string
	}{{l.ConfirmedAt, "the address was confirmed"}, {l.UnsubscribedAt, "unsubscribed: no more mail"}} {
		if mark.at != nil {
			fmt.Fprintf(&b, "\n%s  %s\n", mark.at.In(zone).Format("2006-01-02 15:04"), mark.said)
		}
	}
	if len(l.History) > 0 {
		b.WriteString("\n")
	}
	for _, e := range l.History {
		fmt.Fprintf(&b, "%s  %s\n", e.At.In(zone).Format("2006-01-02 15:04"), strings.Join(e.said(amount), ", "))
		if e.Note != "" {
			fmt.Fprintf(&b, "  %s\n", indented(e.Note))
		}
	}
	if l.NextStep != "" || l.NextDay != "" {
		fmt.Fprintf(&b, "\n%s %s\n", p.bold("Next:"), strings.TrimSpace(printable(l.NextStep)+" "+onDay(l.NextDay)))
	}
	if _, err := io.WriteString(w, b.String()); err != nil {
		return fmt.Errorf("write lead: %w", err)
	}
	return nil
}

// journey is how the reader came to the card, in lines of a name and words.
func (c Card) journey() (lines [][2]string) {
	if from := c.Origin.Source; from != "" {
		for _, more := range []struct{ name, value string }{{"medium", c.Origin.Medium}, {"campaign", c.Origin.Campaign}, {"term", c.Origin.Term}, {"content", c.Origin.Content}} {
			if more.value != "" {
				from += ", " + more.name + " " + more.value
			}
		}
		if c.Origin.Referrer != "" && c.Origin.Referrer != c.Origin.Source {
			from += ", by a link on " + c.Origin.Referrer
		}
		lines = append(lines, [2]string{"came from", from})
	}
	if c.FirstPost != "" && c.FirstPost != c.Post {
		lines = append(lines, [2]string{"read first", c.FirstPost})
	}
	besides := slices.DeleteFunc(slices.Clone(c.Assists), func(post string) bool { return post == c.FirstPost })
	if len(besides) > 0 {
		lines = append(lines, [2]string{"read too", strings.Join(besides, ", ")})
	}
	return lines
}

// Standing is how a lead stands now, in a line.
func (l Lead) Standing() string {
	now := Event{Stage: l.Stage, Value: l.Value, NextStep: l.NextStep, NextDay: l.NextDay}
	return printable(cmp.Or(l.Email, l.ID)) + ": " + strings.Join(now.said(amount), ", ")
}

// said is an event in a few words, with what the lead is worth as it is written there.
func (e Event) said(worth func(*float64) string) []string {
	var out []string
	if e.Stage != "" {
		out = append(out, e.Stage)
	}
	if e.Value != nil {
		out = append(out, "worth "+worth(e.Value))
	}
	if e.NextStep != "" || e.NextDay != "" {
		out = append(out, strings.TrimSpace("next: "+printable(e.NextStep)+" "+onDay(e.NextDay)))
	}
	if out == nil {
		out = append(out, "note")
	}
	return out
}

func onDay(day string) string {
	if day == "" {
		return ""
	}
	return "on " + day
}

// indented keeps the lines of a message together under its name.
func indented(s string) string {
	lines := strings.Split(strings.ReplaceAll(s, "\r\n", "\n"), "\n")
	for i := range lines {
		lines[i] = printable(lines[i])
	}
	return strings.Join(lines, "\n    ")
}

// ParseAmount reads what somebody says a lead is worth, in the site's currency;
// false for what is no amount.
func ParseAmount(text string) (float64, bool) {
	value, err := strconv.ParseFloat(text, 64)
	return value, err == nil && value >= 0 && !math.IsInf(value, 0)
}
