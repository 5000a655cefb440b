package report

import (
	"encoding/json"
	"fmt"
	"io"
	"strings"
	"time"

	"cardbowl/generator/internal/form"
	"cardbowl/generator/internal/funnel"
	"cardbowl/generator/internal/store"
)

// Dossier is all that is kept of one person, to be handed to that person: what
// the owner noted is in it, and no address of anybody else. Times are UTC.
type Dossier struct {
	Email          string     `json:"email"`
	ID             string     `json:"id"`
	CreatedAt      time.Time  `json:"created_at"`
	ConfirmedAt    *time.Time `json:"confirmed_at"`
	UnsubscribedAt *time.Time `json:"unsubscribed_at"`
	Credit         Credit     `json:"credited_to"`
	Cards          []FullCard `json:"cards"`   // oldest first
	History        []Event    `json:"history"` // what happened after, with the owner's notes
	Messages       []Message  `json:"messages"`
	Links          []Link     `json:"links"`
	Evidence       []Entry    `json:"evidence"` // of consent
}

// Credit is what the later steps of a person are counted for.
type Credit struct {
	Post      string   `json:"post"`
	Form      string   `json:"form"`
	Placement string   `json:"placement"`
	FirstPost string   `json:"first_post"`
	Assists   []string `json:"assists"`
	Source    string   `json:"source"`
	Campaign  string   `json:"campaign"`
}

// FullCard is one submission with everything in it.
type FullCard struct {
	ID        string        `json:"id"`
	At        time.Time     `json:"at"`
	Status    string        `json:"status"` // accepted or duplicate
	Form      string        `json:"form"`
	Placement string        `json:"placement"`
	Page      string        `json:"page"`          // URL path; empty for a page the site does not know
	Named     string        `json:"page_as_named"` // by the form, where the site has no such page
	Build     string        `json:"build"`         // revision of the page, as it was built
	Answers   []Field       `json:"answers"`       // in the order of the form
	Agreed    bool          `json:"agreed"`        // the box was ticked
	Sentence  string        `json:"sentence"`      // beside the box
	FirstPost string        `json:"first_post"`    // the first post read that day
	Assists   []string      `json:"assists"`       // other posts read that day
	Origin    funnel.Origin `json:"origin"`        // where the person came from that day
}

// Field is one answer.
type Field struct {
	Name  string `json:"name"`
	Value string `json:"value"`
}

func fields(answers []form.Answer) []Field {
	out := []Field{}
	for _, a := range answers {
		out = append(out, Field{a.Name, a.Value})
	}
	return out
}

// Message is one message about the person, sent or to be sent.
type Message struct {
	Kind  string     `json:"kind"`
	To    string     `json:"to"` // the person's address, or who else was told: the owner, or a program of the owner's
	At    time.Time  `json:"at"`
	State string     `json:"state"`
	Done  *time.Time `json:"settled_at"`
}

// Link is a link in a mail that is still good for something.
type Link struct {
	Purpose   string    `json:"purpose"`
	MadeAt    time.Time `json:"made_at"`
	ExpiresAt time.Time `json:"expires_at"`
}

// DossierOf is what is handed over of what the store keeps.
func DossierOf(d store.Dossier) Dossier {
	out := Dossier{Email: d.Email, ID: d.ID, CreatedAt: d.CreatedAt, ConfirmedAt: happened(d.ConfirmedAt), UnsubscribedAt: happened(d.UnsubscribedAt),
		Credit: Credit{d.Post, d.Form, d.Placement, d.FirstPost, append([]string{}, d.Assists...), d.Source, d.Campaign},
		Cards:  []FullCard{}, History: []Event{}, Messages: []Message{}, Links: []Link{}, Evidence: Entries(store.Record{Proofs: d.Proofs})}
	sentences := map[string]string{}
	for _, p := range d.Proofs {
		if p.Deed == store.HasAgreed {
			sentences[p.Submission] = p.Text
		}
	}
	for _, c := range d.Cards {
		out.Cards = append(out.Cards, FullCard{ID: c.ID, At: c.At.UTC(), Status: string(c.Status), Form: c.Form, Placement: c.Placement, Page: c.Post, Named: c.Claim,
			Build: c.Revision, Answers: fields(c.Fields), Agreed: c.Consent, Sentence: sentences[c.ID], FirstPost: c.FirstPost,
			Assists: append([]string{}, c.Assists...), Origin: c.Origin})
	}
	for _, e := range d.Entries {
		out.History = append(out.History, Event{At: e.At, Stage: e.Stage, Value: e.Value, Note: e.Note, NextStep: e.Next, NextDay: e.NextDay})
	}
	for _, m := range d.Messages {
		to := "the owner"
		switch {
		case m.To == d.Email:
			to = m.To
		case !strings.HasPrefix(m.Kind, "mail."):
			to = "a program of the owner's"
		}
		out.Messages = append(out.Messages, Message{m.Kind, to, m.CreatedAt, string(m.State), happened(m.SettledAt)})
	}
	for _, l := range d.Links {
		out.Links = append(out.Links, Link{l.Purpose, l.MadeAt, l.ExpiresAt})
	}
	return out
}

// WriteDossier writes a dossier as JSON that a person can read, too.
func WriteDossier(w io.Writer, d Dossier) error {
	e := json.NewEncoder(w)
	e.SetEscapeHTML(false)
	e.SetIndent("", "  ")
	if err := e.Encode(d); err != nil {
		return fmt.Errorf("write what is kept of a person: %w", err)
	}
	return nil
}
