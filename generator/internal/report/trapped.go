package report

import (
	"cmp"
	"fmt"
	"io"
	"time"

	"github.com/jedib0t/go-pretty/v6/table"

	"cardbowl/generator/internal/form"
	"cardbowl/generator/internal/store"
)

// Trapped is a card in quarantine: somebody filled in the field that nobody sees.
type Trapped struct {
	ID        string        `json:"id"`
	At        time.Time     `json:"at"` // UTC
	Form      string        `json:"form"`
	Placement string        `json:"placement"`
	Post      string        `json:"post"` // URL path; empty for a page the site does not know
	Answers   []form.Answer `json:"answers"`
}

// TrappedOf are stored cards in quarantine as the owner looks at them.
func TrappedOf(stored []store.Stored) []Trapped {
	all := []Trapped{}
	for _, s := range stored {
		all = append(all, Trapped{s.ID, s.At.UTC(), s.Form, s.Placement, s.Post, append([]form.Answer{}, s.Fields...)})
	}
	return all
}

// WriteTrapped shows cards in quarantine, each with all that it says: only who
// reads them can tell a robot from a person.
func WriteTrapped(w io.Writer, cards []Trapped, zone *time.Location, o TextOptions) error {
	p := pen{o}
	text := "No card is in quarantine.\n"
	if len(cards) > 0 {
		text = ""
	}
	for i, c := range cards {
		if i > 0 {
			text += "\n"
		}
		text += p.bold(c.ID) + "\n"
		t := table.NewWriter()
		t.SetStyle(table.Style{Box: table.BoxStyle{PaddingLeft: "  "}})
		t.AppendRow(table.Row{p.faint("came"), c.At.In(zone).Format("2006-01-02 15:04")})
		t.AppendRow(table.Row{p.faint("form"), printable(c.Form)})
		t.AppendRow(table.Row{p.faint("post"), cmp.Or(printable(c.Post), "a page the site does not know")})
		for _, a := range c.Answers {
			t.AppendRow(table.Row{p.faint(printable(a.Name)), printable(a.Value)})
		}
		text += t.Render() + "\n"
	}
	if _, err := io.WriteString(w, trimmed(text)); err != nil {
		return fmt.Errorf("write cards: %w", err)
	}
	return nil
}
