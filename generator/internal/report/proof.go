package report

import (
	"cmp"
	"fmt"
	"io"
	"strings"
	"time"

	"cardbowl/generator/internal/store"
)

// Proof is what can be proved of one person's consent.
type Proof struct {
	Email   string  `json:"email"`
	Lead    string  `json:"lead"`
	Entries []Entry `json:"entries"` // in the order they were written
	Cards   int     `json:"cards"`   // that the person sent, with a ticked box or without
	// Of the whole evidence, which is one chain over all people.
	Evidence struct {
		Entries int      `json:"entries"`
		Sound   bool     `json:"sound"` // every entry is as it was written
		Faults  []string `json:"faults"`
		Seal    string   `json:"seal"` // the end of the chain; whoever noted it down can tell that nothing before it was changed
	} `json:"evidence"`
}

// Entry is one entry of the evidence. Which fields are there depends on the deed.
type Entry struct {
	N         int       `json:"n"`    // its place in the whole evidence
	At        time.Time `json:"at"`   // UTC
	Deed      string    `json:"deed"` // agreed, confirmed, unsubscribed, mailed or erased
	Form      string    `json:"form,omitempty"`
	Page      string    `json:"page,omitempty"` // URL path
	Title     string    `json:"page_title,omitempty"`
	Build     string    `json:"build,omitempty"` // revision of the page, as it was built
	Placement string    `json:"placement,omitempty"`
	Sentence  string    `json:"sentence,omitempty"` // what stood beside the box
	Version   string    `json:"sentence_version,omitempty"`
	Card      string    `json:"card,omitempty"`    // its id
	Mail      string    `json:"mail,omitempty"`    // its kind
	Message   string    `json:"message,omitempty"` // what its Message-ID begins with
	Fault     string    `json:"fault,omitempty"`   // what is wrong with this entry
}

// ProofOf is what the evidence says of a lead.
func ProofOf(l Lead, r store.Record) Proof {
	p := Proof{Email: l.Email, Lead: l.ID, Entries: Entries(r), Cards: len(l.Cards)}
	p.Evidence.Entries, p.Evidence.Sound, p.Evidence.Seal, p.Evidence.Faults = r.Entries, len(r.Faults) == 0, r.Seal, []string{}
	for _, f := range r.Faults {
		p.Evidence.Faults = append(p.Evidence.Faults, f.Said)
	}
	return p
}

// Entries are the entries of the evidence as they are shown.
func Entries(r store.Record) []Entry {
	faults := map[int]string{}
	for _, f := range r.Faults {
		faults[f.N] = f.Said
	}
	all := []Entry{}
	for _, e := range r.Proofs {
		all = append(all, Entry{N: e.N, At: e.At, Deed: string(e.Deed), Form: e.Form, Page: e.Post, Title: e.Title, Build: e.Revision, Placement: e.Placement,
			Sentence: e.Text, Version: e.TextHash, Card: e.Submission, Mail: e.Kind, Message: e.Message, Fault: faults[e.N]})
	}
	return all
}

// WriteProofText shows a proof. Times are those of the zone, with its distance
// from UTC.
func WriteProofText(w io.Writer, p Proof, zone *time.Location, o TextOptions) error {
	pen := pen{o}
	var b strings.Builder
	b.WriteString(pen.bold(printable(cmp.Or(p.Email, p.Lead))) + "\n")
	for _, e := range p.Entries {
		fmt.Fprintf(&b, "\n%s  %s\n", e.At.In(zone).Format(time.RFC3339), e.said())
		for _, line := range e.lines() {
			if line[1] != "" {
				fmt.Fprintf(&b, "  %s  %s\n", pen.faint(line[0]+":"), indented(line[1]))
			}
		}
	}
	if len(p.Entries) == 0 {
		fmt.Fprintf(&b, "\nNo box was ticked, and no mail was sent to this person: there is nothing to prove. Cards: %d.\n", p.Cards)
	}
	b.WriteString("\n")
	if p.Evidence.Sound {
		fmt.Fprintf(&b, "All %d entries of the evidence are as they were written.\n", p.Evidence.Entries)
	}
	for _, said := range p.Evidence.Faults {
		b.WriteString(pen.bold("Changed: ") + printable(said) + "\n")
	}
	if p.Evidence.Seal != "" {
		fmt.Fprintf(&b, "Its seal is %s.\n", p.Evidence.Seal)
	}
	if _, err := io.WriteString(w, b.String()); err != nil {
		return fmt.Errorf("write proof: %w", err)
	}
	return nil
}

// said is an entry's deed in words.
func (e Entry) said() string {
	switch store.Deed(e.Deed) {
	case store.HasAgreed:
		return "ticked the box of the form " + e.Form
	case store.HasConfirmed:
		return "confirmed the address, by the button behind the link in a mail"
	case store.HasLeft:
		return "unsubscribed: no more mail"
	case store.WasMailed:
		return "was sent a mail, " + strings.TrimPrefix(e.Mail, "mail.")
	case store.WasErased:
		return "was erased"
	}
	return e.Deed
}

func (e Entry) lines() [][2]string {
	page := printable(e.Page)
	if e.Title != "" {
		page = printable(e.Title) + ", " + page
	}
	if e.Build != "" {
		page += ", as built in revision " + e.Build
	}
	if e.Deed == string(store.HasAgreed) && e.Page == "" {
		page = "a page the site does not know"
	}
	return [][2]string{{"beside the box", e.Sentence}, {"version", e.Version}, {"on", page}, {"place", e.Placement}, {"card", e.Card}, {"message", e.Message}}
}
