package outbox

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/wneessen/go-mail"
)

// Mail is one mail, ready to be sent.
type Mail struct {
	ID          string // the same at every attempt
	At          time.Time
	FromName    string
	From        string
	To          string
	ReplyTo     string // may be empty
	Subject     string
	Text, HTML  string
	Unsubscribe string // address that ends all mail (RFC 8058); may be empty
	Domain      string // of the site: for Message-ID
}

// Mailer sends mails. Its methods may be called by many goroutines.
type Mailer interface {
	// Send hands a mail over. An error that wraps ErrRefused is final.
	Send(ctx context.Context, m Mail) error
}

// ErrRefused is wrapped when a mail server does not want this mail, now or later.
var ErrRefused = errors.New("refused for good")

// SMTP is a mail server.
type SMTP struct {
	host     string
	port     int
	user     string
	password string
	tls      bool // from the first byte
	plain    bool // no TLS at all: a relay on this machine
	domain   string
}

// sendWithin bounds one mail: a server that hangs must not hold up the others
// for long.
const sendWithin = 30 * time.Second

// NewSMTP reads the address of a mail server: smtp://user:password@host:587 with
// STARTTLS, which is demanded; smtps://… with TLS from the first byte;
// ?starttls=off without any, which is allowed on this machine only. domain is what
// we call ourselves when we greet. Errors never hold the password.
func NewSMTP(address, domain string) (*SMTP, error) {
	u, err := url.Parse(address)
	if err != nil {
		return nil, errors.New("the address of the mail server cannot be read; write it as smtp://user:password@host:587")
	}
	s := &SMTP{host: u.Hostname(), user: u.User.Username(), domain: domain}
	s.password, _ = u.User.Password()
	switch u.Scheme {
	case "smtp":
		s.port = 587
	case "smtps":
		s.port, s.tls = 465, true
	default:
		return nil, fmt.Errorf("a mail server's address begins with smtp:// or smtps://, not %s://", u.Scheme)
	}
	if s.host == "" {
		return nil, errors.New("the address of the mail server names no host; write it as smtp://user:password@host:587")
	}
	if port := u.Port(); port != "" {
		if s.port, err = strconv.Atoi(port); err != nil {
			return nil, fmt.Errorf("%q is not a port", port)
		}
	}
	switch u.Query().Get("starttls") {
	case "", "on":
	case "off":
		if ip := net.ParseIP(s.host); s.host != "localhost" && (ip == nil || !ip.IsLoopback()) {
			return nil, errors.New("starttls=off sends passwords and people's addresses readable over the network: it is for a relay on this machine, 127.0.0.1")
		}
		s.plain = true
	default:
		return nil, errors.New("starttls is on or off")
	}
	return s, nil
}

// Send implements Mailer.
func (s *SMTP) Send(ctx context.Context, m Mail) error {
	ctx, cancel := context.WithTimeout(ctx, sendWithin)
	defer cancel()
	message, err := compose(m)
	if err != nil {
		return fmt.Errorf("%w: %w", ErrRefused, err)
	}
	options := []mail.Option{mail.WithPort(s.port), mail.WithTimeout(sendWithin), mail.WithHELO(s.domain), mail.WithTLSPolicy(mail.TLSMandatory)}
	switch {
	case s.tls:
		options = append(options, mail.WithSSL())
	case s.plain:
		options = append(options, mail.WithTLSPolicy(mail.NoTLS))
	}
	if s.user != "" {
		method := mail.SMTPAuthAutoDiscover
		if s.plain {
			method = mail.SMTPAuthPlainNoEnc
		}
		options = append(options, mail.WithSMTPAuth(method), mail.WithUsername(s.user), mail.WithPassword(s.password))
	}
	client, err := mail.NewClient(s.host, options...)
	if err != nil {
		return fmt.Errorf("mail server: %w", err)
	}
	err = client.DialAndSendWithContext(ctx, message)
	var failed *mail.SendError
	if errors.As(err, &failed) && !failed.IsTemp() && (failed.Reason == mail.ErrSMTPRcptTo || failed.Reason == mail.ErrSMTPDataClose) {
		return fmt.Errorf("%w: %w", ErrRefused, err)
	}
	return err
}

// compose writes a mail. No header tells of a machine or a library, and none
// holds a line that a stranger wrote.
func compose(m Mail) (*mail.Msg, error) {
	message := mail.NewMsg(mail.WithNoDefaultUserAgent())
	if err := message.FromFormat(oneLine(m.FromName), m.From); err != nil {
		return nil, err
	}
	if err := message.To(m.To); err != nil {
		return nil, err
	}
	if m.ReplyTo != "" {
		if err := message.ReplyTo(m.ReplyTo); err != nil {
			return nil, err
		}
	}
	message.Subject(oneLine(m.Subject))
	message.SetDateWithValue(m.At.UTC()) // the zone of the machine is nobody's business
	message.SetMessageIDWithValue(m.ID + "@" + m.Domain)
	message.SetGenHeader("Auto-Submitted", "auto-generated") // RFC 3834: no holiday answers, please
	if m.Unsubscribe != "" {
		message.SetGenHeader(mail.HeaderListUnsubscribe, "<"+m.Unsubscribe+">")
		message.SetGenHeader(mail.HeaderListUnsubscribePost, "List-Unsubscribe=One-Click")
	}
	message.SetBodyString(mail.TypeTextPlain, m.Text)
	message.AddAlternativeString(mail.TypeTextHTML, m.HTML)
	return message, nil
}

func oneLine(s string) string { return strings.Join(strings.Fields(s), " ") }
