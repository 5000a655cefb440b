package cli_test

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"log"
	"mime"
	"mime/multipart"
	"mime/quotedprintable"
	"net"
	"net/http"
	"net/mail"
	"os"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/emersion/go-smtp"
	"github.com/rogpeppe/go-internal/testscript"
)

// postOffice is a mail server on loopback, for stories in which mail is sent.
type postOffice struct {
	server *smtp.Server
	pause  func() // before a mail is kept, and before that is said; nil: none
	mutex  sync.Mutex
	mails  []letter
}

type letter struct{ to, text string }

type postOfficeKey struct{}

// openPostOffice: postoffice. A mail server, named by CARDBOWL_SMTP_URL from here on.
func openPostOffice(ts *testscript.TestScript, neg bool, args []string) {
	want(ts, neg, "postoffice", len(args), 0)
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	ts.Check(err)
	p := newPostOffice(listener)
	ts.Defer(func() { _ = p.server.Close() })
	ts.Value(postOfficeKey{}).(map[string]*postOffice)["the"] = p
	ts.Setenv("CARDBOWL_SMTP_URL", "smtp://"+listener.Addr().String()+"?starttls=off")
}

func newPostOffice(listener net.Listener) *postOffice {
	p := &postOffice{}
	p.server = smtp.NewServer(p)
	p.server.Domain, p.server.ErrorLog = "post.example", log.New(io.Discard, "", 0)
	go func() { _ = p.server.Serve(listener) }()
	return p
}

func (p *postOffice) NewSession(*smtp.Conn) (smtp.Session, error) {
	return &postSession{office: p}, nil
}

type postSession struct {
	office *postOffice
	to     string
}

func (s *postSession) Mail(string, *smtp.MailOptions) error      { return nil }
func (s *postSession) Rcpt(to string, _ *smtp.RcptOptions) error { s.to = to; return nil }
func (s *postSession) Reset()                                    {}
func (s *postSession) Logout() error                             { return nil }
func (s *postSession) Data(r io.Reader) error {
	text, err := io.ReadAll(r)
	if err != nil {
		return err
	}
	s.office.wait()
	s.office.keep(letter{s.to, string(text)})
	s.office.wait()
	return nil
}

func (p *postOffice) wait() {
	if p.pause != nil {
		p.pause()
	}
}

func (p *postOffice) keep(m letter) {
	p.mutex.Lock()
	defer p.mutex.Unlock()
	p.mails = append(p.mails, m)
}

// to are the mails to an address so far.
func (p *postOffice) to(address string) (out []string) {
	p.mutex.Lock()
	defer p.mutex.Unlock()
	for _, m := range p.mails {
		if m.to == address {
			out = append(out, m.text)
		}
	}
	return out
}

// readMail: mail ADDRESS N FILE. Waits for the Nth mail to the address and writes
// what it says into the file: its headers, its plain text, its HTML. Negated:
// mail ADDRESS N, and there is none within two seconds.
func readMail(ts *testscript.TestScript, neg bool, args []string) {
	if len(args) < 2 || !neg && len(args) != 3 {
		ts.Fatalf("usage: mail ADDRESS N FILE")
	}
	p := ts.Value(postOfficeKey{}).(map[string]*postOffice)["the"]
	n, err := strconv.Atoi(args[1])
	ts.Check(err)
	patience := 20 * time.Second
	if neg {
		patience = 2 * time.Second
	}
	for end := time.Now().Add(patience); time.Now().Before(end); time.Sleep(20 * time.Millisecond) {
		if got := p.to(args[0]); len(got) >= n {
			if neg {
				ts.Fatalf("there is a mail number %d to %s:\n%s", n, args[0], got[n-1])
			}
			text, err := readable(got[n-1])
			ts.Check(err)
			ts.Check(os.WriteFile(ts.MkAbs(args[2]), []byte(text), 0o644))
			return
		}
	}
	if !neg {
		ts.Fatalf("no mail number %d to %s", n, args[0])
	}
}

// readable is a mail as a person reads it.
func readable(raw string) (string, error) {
	m, err := mail.ReadMessage(strings.NewReader(raw))
	if err != nil {
		return "", err
	}
	var b bytes.Buffer
	var names []string
	for name := range m.Header {
		names = append(names, name)
	}
	slices.Sort(names)
	decoder := new(mime.WordDecoder)
	for _, name := range names {
		value, err := decoder.DecodeHeader(m.Header.Get(name))
		if err != nil {
			return "", err
		}
		fmt.Fprintf(&b, "%s: %s\n", name, value)
	}
	parts, err := partsOf(m)
	for _, part := range parts {
		fmt.Fprintf(&b, "\n%s\n", part)
	}
	return b.String(), err
}

// partsOf are the plain text of a mail and its HTML.
func partsOf(m *mail.Message) (out []string, err error) {
	_, parameters, err := mime.ParseMediaType(m.Header.Get("Content-Type"))
	if err != nil {
		return nil, err
	}
	parts := multipart.NewReader(m.Body, parameters["boundary"])
	for {
		part, err := parts.NextRawPart()
		if err == io.EOF {
			return out, nil
		}
		if err != nil {
			return out, err
		}
		text, err := io.ReadAll(quotedprintable.NewReader(part))
		if err != nil {
			return out, err
		}
		out = append(out, strings.ReplaceAll(string(text), "\r\n", "\n"))
	}
}

var links = regexp.MustCompile(`https?://[^\s"<>]*(/_/[a-z]+/[A-Z0-9]+)`)

// takeLink: link FILE PURPOSE VARIABLE. The path of the first link of that purpose.
func takeLink(ts *testscript.TestScript, neg bool, args []string) {
	want(ts, neg, "link FILE PURPOSE VARIABLE", len(args), 3)
	for _, m := range links.FindAllStringSubmatch(ts.ReadFile(args[0]), -1) {
		if strings.HasPrefix(m[1], "/_/"+args[1]+"/") {
			ts.Setenv(args[2], m[1])
			return
		}
	}
	ts.Fatalf("no link to %s in %s", args[1], args[0])
}

// scanMail: scan FILE N HOST:PORT. What programs do that look through mail: each
// link to the tracker is fetched N times by GET and by HEAD, and answers.
func scanMail(ts *testscript.TestScript, neg bool, args []string) {
	want(ts, neg, "scan FILE N HOST:PORT", len(args), 3)
	n, err := strconv.Atoi(args[1])
	ts.Check(err)
	paths := map[string]bool{}
	for _, m := range links.FindAllStringSubmatch(ts.ReadFile(args[0]), -1) {
		paths[m[1]] = true
	}
	if len(paths) == 0 {
		ts.Fatalf("there is no link in %s", args[0])
	}
	for path := range paths {
		for i := range 2 * n {
			request, err := http.NewRequest([]string{http.MethodGet, http.MethodHead}[i%2], "http://"+args[2]+path, nil)
			ts.Check(err)
			answer, err := http.DefaultClient.Do(request)
			ts.Check(err)
			_, err = io.Copy(io.Discard, answer.Body)
			ts.Check(errors.Join(err, answer.Body.Close()))
			if answer.StatusCode != http.StatusOK {
				ts.Fatalf("%s %s: %s", request.Method, path, answer.Status)
			}
		}
	}
}
