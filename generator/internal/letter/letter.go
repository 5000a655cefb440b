package letter

import (
	"bytes"
	"errors"
	"fmt"
	"html"
	htmltemplate "html/template"
	"strings"
	"text/template"
	"unicode"

	"cardbowl/generator/internal/language"
)

// The names of the letters, each a file templates/email/NAME.txt.
const (
	Confirm  = "confirm"  // asks the visitor to confirm the address
	Reminder = "reminder" // asks once more
	Welcome  = "welcome"  // what the visitor was promised
	Card     = "card"     // tells the owner of a card
	Alarm    = "alarm"    // tells the owner that the day's confirmations are used up
	Receiver = "receiver" // tells the owner that a receiver of webhooks takes nothing
	Erased   = "erased"   // tells the owner that a person has erased herself
	Test     = "test"
	Frame    = "frame" // templates/email/frame.html, what HTML letters stand in
)

// Names are the letters there must be, the frame aside.
func Names() []string {
	return []string{Confirm, Reminder, Welcome, Card, Alarm, Receiver, Erased, Test}
}

// Data is what a letter may say. Which fields are filled depends on the letter.
type Data struct {
	// Whose site it is.
	Site struct{ Title, URL string }
	// Whose mail it is.
	Sender Sender
	// The language of the site, a BCP 47 tag.
	Language string
	// The title of the form.
	Form string
	// The post the card was sent on. Of `card`.
	Post struct{ Title, URL string }
	// Where the button leads. Of `confirm`, `reminder` and `welcome`.
	Link string
	// The address that ends all mail. Not of letters to the owner.
	Unsubscribe string
	// The address of the page with what is kept of the visitor. Not of letters to
	// the owner.
	Dossier string
	// The name of the file behind the link. Of `welcome`; may be empty.
	File string
	// The visitor, by name or address. Of `card`.
	Name string
	// What the visitor wrote, in the order of the form. Of `card`.
	Answers []Answer
	// Where the visitor came from. Of `card`; may be empty.
	From string
	// The first post the visitor read that day, when it is another one. Of `card`.
	ReadFirst string
	// Whether an answer to the mail reaches the visitor. Of `card`.
	CanReply bool
	// How many mails a day may ask for a confirmation. Of `alarm`.
	Budget int
	// The address of a program that is told of leads. Of `receiver`.
	Receiver string
	// The number of the person who was erased. Of `erased`.
	Lead string
	// Whether it said that it wants nothing more. Of `receiver`.
	Gone bool
}

// Sender is whose mail it is.
type Sender struct {
	Name    string `json:"name"`
	Email   string `json:"email"`
	Address string `json:"address"`
}

// Answer is one answer of the visitor.
type Answer struct{ Name, Value string }

// Letter is a mail's words.
type Letter struct {
	Subject string // one line
	Text    string
	HTML    string
}

// A line that is a link is marked by characters that no other text can hold.
const (
	linkStart = "\x02"
	linkPart  = "\x03"
)

// Write makes a letter from its template and the frame's.
func Write(name, text, frame string, d Data) (Letter, error) {
	words := language.Of(d.Language)
	say := func(phrase string) string { return words.Say(phrase) }
	t, err := template.New(name).Funcs(template.FuncMap{"say": say, "link": link}).Option("missingkey=error").Parse(text)
	if err != nil {
		return Letter{}, err
	}
	var b bytes.Buffer
	if err := t.Execute(&b, clean(d)); err != nil {
		return Letter{}, err
	}
	subject, body, _ := strings.Cut(strings.ReplaceAll(b.String(), "\r\n", "\n"), "\n")
	subject = strings.Join(strings.Fields(subject), " ")
	if subject == "" {
		return Letter{}, fmt.Errorf("template: %s:1: the first line is the subject, and it is empty", name)
	}
	paragraphs := split(body)
	l := Letter{Subject: subject, Text: plain(paragraphs, d, say)}
	l.HTML, err = framed(frame, subject, paragraphs, d, say)
	return l, err
}

// link is a line of a letter that leads somewhere.
func link(words, address string) (string, error) {
	if !strings.HasPrefix(address, "https://") && !strings.HasPrefix(address, "http://") {
		return "", errors.New("a link needs a whole address")
	}
	return linkStart + words + linkPart + address, nil
}

// clean is the data without characters that steer something: a terminal, a mail
// header, or our own links. A stranger's line is kept from beginning a paragraph.
func clean(d Data) Data {
	for _, s := range []*string{&d.Site.Title, &d.Site.URL, &d.Form, &d.Post.Title, &d.Post.URL, &d.File, &d.Name, &d.From, &d.ReadFirst, &d.Receiver, &d.Lead, &d.Sender.Name, &d.Sender.Address} {
		*s = strings.Join(strings.Fields(printable(*s)), " ")
	}
	answers := make([]Answer, len(d.Answers))
	for i, a := range d.Answers {
		value := strings.TrimSpace(printable(strings.ReplaceAll(a.Value, "\r\n", "\n")))
		answers[i] = Answer{printable(a.Name), strings.ReplaceAll(value, "\n", "\n  ")}
	}
	d.Answers = answers
	return d
}

func printable(s string) string {
	return strings.Map(func(r rune) rune {
		if r != '\n' && unicode.IsControl(r) || unicode.Is(unicode.Bidi_Control, r) {
			return -1
		}
		return r
	}, strings.ToValidUTF8(s, "\uFFFD"))
}

// split parts a text into paragraphs without blanks at their ends.
func split(body string) []string {
	var out []string
	var lines []string
	flush := func() {
		if p := strings.TrimSpace(strings.Join(lines, "\n")); p != "" {
			out = append(out, p)
		}
		lines = nil
	}
	for line := range strings.SplitSeq(body, "\n") {
		if strings.TrimSpace(line) == "" {
			flush()
			continue
		}
		lines = append(lines, strings.TrimRight(line, " \t"))
	}
	flush()
	return out
}

// linkOf takes a paragraph that is a link apart.
func linkOf(paragraph string) (words, address string, ok bool) {
	rest, ok := strings.CutPrefix(paragraph, linkStart)
	if !ok {
		return "", "", false
	}
	words, address, ok = strings.Cut(rest, linkPart)
	return words, address, ok && !strings.ContainsAny(address, " \n"+linkStart+linkPart)
}

func plain(paragraphs []string, d Data, say func(string) string) string {
	var b strings.Builder
	for _, p := range paragraphs {
		if words, address, ok := linkOf(p); ok {
			p = words + ":\n" + address
		}
		b.WriteString(p + "\n\n")
	}
	b.WriteString("-- \n")
	if d.Sender.Name != "" {
		b.WriteString(d.Sender.Name + "\n")
	}
	if d.Sender.Address != "" {
		b.WriteString(d.Sender.Address + "\n")
	}
	if d.Unsubscribe != "" {
		b.WriteString(say("Unsubscribe") + ": " + d.Unsubscribe + "\n")
	}
	if d.Dossier != "" {
		b.WriteString(say("What this site keeps of you") + ": " + d.Dossier + "\n")
	}
	return b.String()
}

func framed(frame, subject string, paragraphs []string, d Data, say func(string) string) (string, error) {
	t, err := htmltemplate.New(Frame).Funcs(htmltemplate.FuncMap{"say": say}).Parse(frame)
	if err != nil {
		return "", err
	}
	var content strings.Builder
	for _, p := range paragraphs {
		if words, address, ok := linkOf(p); ok {
			fmt.Fprintf(&content, `<p style="margin:0 0 16px"><a href="%s" style="display:inline-block;padding:11px 20px;border-radius:6px;background:#1f4e5f;color:#fff;text-decoration:none">%s</a></p>`+"\n",
				html.EscapeString(address), html.EscapeString(words))
			continue
		}
		content.WriteString(`<p style="margin:0 0 16px">` + strings.ReplaceAll(html.EscapeString(p), "\n", "<br>\n") + "</p>\n")
	}
	var b bytes.Buffer
	err = t.Execute(&b, map[string]any{"Subject": subject, "Content": htmltemplate.HTML(content.String()), "Site": d.Site, "Sender": d.Sender, "Language": d.Language, "Unsubscribe": d.Unsubscribe, "Dossier": d.Dossier})
	return b.String(), err
}

// Sample is data with every field filled, to try a template with.
func Sample() Data {
	d := Data{
		Sender: Sender{"Ann Writer", "ann@example.com", "1 Main Street, Toronto"}, Language: "en", Form: "One letter a month",
		Link: "https://example.com/_/confirm/ABC", Unsubscribe: "https://example.com/_/unsubscribe/ABC", Dossier: "https://example.com/_/data/ABC", File: "checklist.pdf", Name: "Ben Reader",
		Answers: []Answer{{"email", "ben@example.com"}, {"message", "Two\nlines"}}, From: "news.example", ReadFirst: "https://example.com/posts/b/", CanReply: true, Budget: 500, Receiver: "https://crm.example.com/leads", Lead: "019c0d3e-5b1a-7c44-9e6f-0a1b2c3d4e5f", Gone: true,
	}
	d.Site.Title, d.Site.URL = "Small Fish", "https://example.com/"
	d.Post.Title, d.Post.URL = "A post", "https://example.com/posts/a/"
	return d
}
