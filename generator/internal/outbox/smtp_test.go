package outbox

import (
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"os/user"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/emersion/go-smtp"
)

// postOffice is a real SMTP server on loopback. Each part of a mail's way can be
// made to fail.
type postOffice struct {
	address string
	mutex   sync.Mutex
	mails   []received
	refuse  func(to string) error // nil: all are taken
	silent  chan struct{}         // not nil: nothing is answered until it closes
}

type received struct{ from, to, text, hello string }

func openPostOffice(t *testing.T) *postOffice {
	t.Helper()
	p := &postOffice{}
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	p.address = "smtp://" + listener.Addr().String() + "?starttls=off"
	server := smtp.NewServer(p)
	server.Domain, server.ReadTimeout, server.WriteTimeout = "post.example", 10*time.Second, 10*time.Second
	done := make(chan struct{})
	go func() { defer close(done); _ = server.Serve(listener) }()
	t.Cleanup(func() { _ = server.Close(); <-done })
	return p
}

func (p *postOffice) NewSession(c *smtp.Conn) (smtp.Session, error) {
	p.mutex.Lock()
	silent := p.silent
	p.mutex.Unlock()
	if silent != nil {
		<-silent
	}
	return &session{office: p, conn: c}, nil
}

func (p *postOffice) all() []received {
	p.mutex.Lock()
	defer p.mutex.Unlock()
	return append([]received{}, p.mails...)
}

type session struct {
	office   *postOffice
	conn     *smtp.Conn
	from, to string
}

func (s *session) Mail(from string, _ *smtp.MailOptions) error { s.from = from; return nil }
func (s *session) Rcpt(to string, _ *smtp.RcptOptions) error {
	s.to = to
	s.office.mutex.Lock()
	defer s.office.mutex.Unlock()
	if s.office.refuse != nil {
		return s.office.refuse(to)
	}
	return nil
}
func (s *session) Data(r io.Reader) error {
	text, err := io.ReadAll(r)
	if err != nil {
		return err
	}
	s.office.mutex.Lock()
	defer s.office.mutex.Unlock()
	s.office.mails = append(s.office.mails, received{s.from, s.to, string(text), s.conn.Hostname()})
	return nil
}
func (s *session) Reset()        {}
func (s *session) Logout() error { return nil }

func example(to string) Mail {
	return Mail{ID: "0198", At: time.Now(), From: "ann@example.com", FromName: "Ann Writer", To: to, ReplyTo: "ben@example.org", Domain: "blog.example",
		Subject: "Hello", Text: "Plain words.\n", HTML: "<p>Plain words.</p>", Unsubscribe: "https://blog.example/_/unsubscribe/ABC"}
}

func TestSMTP(t *testing.T) {
	office := openPostOffice(t)
	server, err := NewSMTP(office.address, "blog.example")
	if err != nil {
		t.Fatal(err)
	}
	m := example("cyd@example.net")
	m.Subject, m.FromName = "Hello\r\nBcc: everybody@example.com", "Ann\r\nX: y"
	if err := server.Send(t.Context(), m); err != nil {
		t.Fatal(err)
	}
	got := office.all()
	if len(got) != 1 || got[0].to != "cyd@example.net" || got[0].from != "ann@example.com" {
		t.Fatalf("%+v", got)
	}
	head, body, _ := strings.Cut(got[0].text, "\r\n\r\n")
	for _, want := range []string{"Message-ID: <0198@blog.example>", "Reply-To: <ben@example.org>", "List-Unsubscribe: <https://blog.example/_/unsubscribe/ABC>",
		"List-Unsubscribe-Post: List-Unsubscribe=One-Click", "Auto-Submitted: auto-generated", "multipart/alternative"} {
		if !strings.Contains(head, want) {
			t.Errorf("no %q in\n%s", want, head)
		}
	}
	for _, wrong := range []string{"\nBcc:", "\nX:", "go-mail", "User-Agent", "X-Mailer", "127.0.0.1"} {
		if strings.Contains(head, wrong) {
			t.Errorf("%q in\n%s", wrong, head)
		}
	}
	if !strings.Contains(body, "Plain words.") || !strings.Contains(body, "<p>Plain words.</p>") {
		t.Error(body)
	}
	for _, to := range []string{"x@example.com\r\nBcc: y@example.com", "", "nobody", "a@b, c@d"} {
		if err := server.Send(t.Context(), example(to)); !errors.Is(err, ErrRefused) {
			t.Errorf("to %q: %v", to, err)
		}
	}
}

// TestNothingLeaks looks at every byte that is sent: no mail tells of the machine it
// comes from, of the program, or of a library.
func TestNothingLeaks(t *testing.T) {
	office := openPostOffice(t)
	server, err := NewSMTP(office.address, "blog.example")
	if err != nil {
		t.Fatal(err)
	}
	if err := server.Send(t.Context(), example("cyd@example.net")); err != nil {
		t.Fatal(err)
	}
	got := office.all()[0]
	if got.hello != "blog.example" {
		t.Errorf("we greet as %q", got.hello)
	}
	head, _, _ := strings.Cut(got.text, "\r\n\r\n")
	var names []string
	for line := range strings.SplitSeq(head, "\r\n") {
		if name, _, found := strings.Cut(line, ":"); found && !strings.HasPrefix(line, " ") {
			names = append(names, name)
		}
	}
	slices.Sort(names)
	want := []string{"Auto-Submitted", "Content-Type", "Date", "From", "List-Unsubscribe", "List-Unsubscribe-Post", "MIME-Version", "Message-ID", "Reply-To", "Subject", "To"}
	if !slices.Equal(names, want) {
		t.Errorf("headers %q, want %q", names, want)
	}
	machine, err := os.Hostname()
	if err != nil {
		t.Fatal(err)
	}
	person, err := user.Current()
	if err != nil {
		t.Fatal(err)
	}
	sent := strings.ToLower(got.text + got.hello)
	for _, word := range []string{machine, "@" + person.Username, "go-mail", "wneessen", "golang", "cardbowl", "127.0.0.1", "localhost", "x-mailer", "user-agent", "received:", fmt.Sprint(os.Getpid()) + "."} {
		if strings.Contains(sent, strings.ToLower(word)) {
			t.Errorf("the mail says %q:\n%s", word, got.text)
		}
	}
	if _, zone, _ := strings.Cut(head, "\r\nDate: "); !strings.Contains(zone[:40], "+0000") {
		t.Errorf("the date tells where the machine is: %.40s", zone)
	}
}

func TestSMTPRefuses(t *testing.T) {
	office := openPostOffice(t)
	server, err := NewSMTP(office.address, "blog.example")
	if err != nil {
		t.Fatal(err)
	}
	office.refuse = func(string) error { return &smtp.SMTPError{Code: 550, Message: "no such person"} }
	if err := server.Send(t.Context(), example("a@example.com")); !errors.Is(err, ErrRefused) {
		t.Errorf("550: %v", err)
	}
	office.refuse = func(string) error { return &smtp.SMTPError{Code: 451, Message: "later"} }
	if err := server.Send(t.Context(), example("a@example.com")); err == nil || errors.Is(err, ErrRefused) {
		t.Errorf("451: %v", err)
	}
}

func TestSMTPAddresses(t *testing.T) {
	for address, wrong := range map[string]string{
		"smtp://user:secret@mail.example.com:587": "", "smtps://mail.example.com": "", "smtp://127.0.0.1:25?starttls=off": "", "smtp://localhost?starttls=off": "",
		"smtp://mail.example.com?starttls=off": "relay on this machine", "http://mail.example.com": "begins with smtp://", "smtp://": "names no host",
		"smtp://user:secret@mail.example.com:x": "cannot be read", "smtp://h?starttls=maybe": "on or off",
	} {
		_, err := NewSMTP(address, "blog.example")
		switch {
		case wrong == "" && err != nil:
			t.Errorf("%s: %v", address, err)
		case wrong != "" && (err == nil || !strings.Contains(err.Error(), wrong) || strings.Contains(err.Error(), "secret")):
			t.Errorf("%s: %v", address, err)
		}
	}
	// STARTTLS is demanded: a server without it gets nothing.
	office := openPostOffice(t)
	server, err := NewSMTP(strings.TrimSuffix(office.address, "?starttls=off"), "blog.example")
	if err != nil {
		t.Fatal(err)
	}
	if err := server.Send(t.Context(), example("a@example.com")); err == nil || len(office.all()) > 0 {
		t.Error("mail went out in the clear")
	}
}

func TestBackoff(t *testing.T) {
	for _, c := range []struct {
		steps         []time.Duration
		attempts      int
		shortest, max time.Duration
	}{{mailSteps(), 11, 60 * time.Hour, 95 * time.Hour}, {hookSteps(), 10, 60 * time.Hour, 95 * time.Hour}} {
		total, last, n := time.Duration(0), time.Duration(0), 1
		for ; ; n++ {
			wait, again := backoff(c.steps, n)
			if !again {
				break
			}
			if wait < last/2 {
				t.Errorf("attempt %d after %v, the one before after %v", n, wait, last)
			}
			last = wait
			total += wait
		}
		if n != c.attempts || total < c.shortest || total > c.max {
			t.Errorf("%d attempts in %v", n, total)
		}
	}
}
