package cli_test

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"fmt"
	"math/big"
	"net"
	"net/http"
	"net/url"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"
)

// postfix is Debian's mail server, an instance of our own: its settings, its queue
// and its log lie in a folder of the test. It hands everything on to one address.
type postfix struct {
	t       *testing.T
	folder  string
	address string // 127.0.0.1:PORT
}

// findPostfix says why there is none, on machines without it. The one that decides
// over a change has it.
func findPostfix(t *testing.T) (owner *user.User) {
	t.Helper()
	missing := ""
	owner, err := user.Lookup("postfix")
	switch _, found := exec.LookPath("postfix"); {
	case found != nil || err != nil:
		missing = "there is no postfix; apt-get install postfix"
	case os.Geteuid() != 0:
		missing = "only root may start postfix"
	default:
		return owner
	}
	missing = fmt.Sprintf("SKIPPED %s: %s. Nobody has seen mail pass a mail server as it is in use.", t.Name(), missing)
	if os.Getenv("CI") != "" {
		t.Fatal(missing)
	}
	onScreen(missing)
	t.Skip(missing)
	return nil
}

func openPostfix(t *testing.T, relay string) *postfix {
	t.Helper()
	owner := findPostfix(t)
	free, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	// Not TempDir: what postfix runs as could not look into it.
	folder, err := os.MkdirTemp("", "postfix")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = os.RemoveAll(folder) })
	p := &postfix{t: t, folder: folder, address: free.Addr().String()}
	if err := os.Chmod(folder, 0o755); err != nil {
		t.Fatal(err)
	}
	if err := free.Close(); err != nil {
		t.Fatal(err)
	}
	_, relayPort, err := net.SplitHostPort(relay)
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"conf", "queue", "data"} {
		if err := os.Mkdir(p.at(name), 0o755); err != nil {
			t.Fatal(err)
		}
	}
	uid, err := strconv.Atoi(owner.Uid)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.Chown(p.at("data"), uid, -1); err != nil {
		t.Fatal(err)
	}
	p.certificate()
	p.write("access", "gone@refused.example 550 5.1.1 nobody of that name\nlater@refused.example 451 4.3.2 come again\n")
	p.write("conf/main.cf", strings.NewReplacer("FOLDER", p.folder, "RELAY", relayPort).Replace(`compatibility_level = 3.6
queue_directory = FOLDER/queue
data_directory = FOLDER/data
maillog_file = FOLDER/log
maillog_file_prefixes = FOLDER
mail_owner = postfix
setgid_group = postdrop
myhostname = mx.example
mydestination =
mynetworks = 127.0.0.0/8
inet_interfaces = 127.0.0.1
inet_protocols = ipv4
relayhost = [127.0.0.1]:RELAY
smtp_host_lookup = native
default_database_type = texthash
alias_maps =
local_recipient_maps =
biff = no
smtpd_recipient_restrictions = check_recipient_access texthash:FOLDER/access, permit_mynetworks, reject
smtpd_helo_required = yes
strict_rfc821_envelopes = yes
smtpd_tls_security_level = may
smtpd_tls_cert_file = FOLDER/cert.pem
smtpd_tls_key_file = FOLDER/key.pem
minimal_backoff_time = 1s
`))
	var services strings.Builder
	fmt.Fprintf(&services, "%s inet n - n - - smtpd\n", p.address)
	for line := range strings.SplitSeq(`cleanup unix n - n - 0 cleanup
qmgr unix n - n 300 1 qmgr
rewrite unix - - n - - trivial-rewrite
bounce unix - - n - 0 bounce
defer unix - - n - 0 bounce
trace unix - - n - 0 bounce
verify unix - - n - 1 verify
flush unix n - n 1000? 0 flush
proxymap unix - - n - - proxymap
smtp unix - - n - - smtp
relay unix - - n - - smtp
error unix - - n - - error
retry unix - - n - - error
anvil unix - - n - 1 anvil
tlsmgr unix - - n 1000? 1 tlsmgr
pickup unix n - n 60 1 pickup
postlog unix-dgram n - n - 1 postlogd`, "\n") {
		fmt.Fprintln(&services, line)
	}
	p.write("conf/master.cf", services.String())
	p.start()
	t.Cleanup(func() { _ = exec.Command("postfix", "-c", p.at("conf"), "stop").Run() })
	return p
}

func (p *postfix) at(name string) string { return filepath.Join(p.folder, name) }

func (p *postfix) write(name, text string) {
	p.t.Helper()
	if err := os.WriteFile(p.at(name), []byte(text), 0o644); err != nil {
		p.t.Fatal(err)
	}
}

func (p *postfix) start() { p.control("start") }
func (p *postfix) stop()  { p.control("stop") }

func (p *postfix) control(what string) {
	p.t.Helper()
	if out, err := exec.Command("postfix", "-c", p.at("conf"), what).CombinedOutput(); err != nil {
		p.t.Fatalf("postfix %s: %v\n%s\n%s", what, err, out, p.log())
	}
}

func (p *postfix) log() string {
	text, err := os.ReadFile(p.at("log"))
	if err != nil {
		return err.Error()
	}
	return string(text)
}

// certificate makes one for 127.0.0.1, which nobody trusts who is not told to.
func (p *postfix) certificate() {
	p.t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		p.t.Fatal(err)
	}
	about := &x509.Certificate{SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "mx.example"}, NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour),
		IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)}, IsCA: true, BasicConstraintsValid: true, KeyUsage: x509.KeyUsageDigitalSignature | x509.KeyUsageCertSign}
	signed, err := x509.CreateCertificate(rand.Reader, about, about, &key.PublicKey, key)
	if err != nil {
		p.t.Fatal(err)
	}
	secret, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		p.t.Fatal(err)
	}
	p.write("cert.pem", string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: signed})))
	if err := os.WriteFile(p.at("key.pem"), pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: secret}), 0o600); err != nil {
		p.t.Fatal(err)
	}
}

// TestPostfix sends mail through Postfix, by STARTTLS, to a mail server behind it:
// the whole way of an address, with the mail server gone for a while, and with
// people it will not take mail for.
func TestPostfix(t *testing.T) {
	t.Parallel()
	if testing.Short() {
		t.Skip("takes a quarter of a minute")
	}
	findPostfix(t)
	m := openMailSite(t)
	p := openPostfix(t, m.relay)
	m.env = []string{"CARDBOWL_SMTP_URL=smtp://" + p.address, "SSL_CERT_FILE=" + p.at("cert.pem")}
	s := m.track("")
	post := func(path string, body url.Values) int {
		t.Helper()
		answer, err := http.PostForm(m.address+path, body)
		if err != nil {
			t.Fatal(err)
		}
		_ = answer.Body.Close()
		return answer.StatusCode
	}
	card := func(email string) {
		t.Helper()
		if got := post("/_/f/checklist", url.Values{"email": {email}, "consent": {"yes"}, "_post": {"/posts/a/"}, "_placement": {"end"}}); got != http.StatusOK {
			t.Fatalf("a card answers %d", got)
		}
	}
	// read is the nth mail to somebody as a person sees it.
	read := func(to string, n int) string {
		t.Helper()
		waitFor(t, func() bool { return len(m.office.to(to)) >= n }, func() string {
			return fmt.Sprintf("mail %d to %s\n%s\n%s", n, to, s.said, p.log())
		})
		raw := m.office.to(to)[n-1]
		if strings.Count("\n"+raw, "\nFrom:") != 1 || strings.Count("\n"+raw, "\nReceived:") != 1 {
			t.Errorf("not a mail of one sender that passed one server:\n%s", raw)
		}
		text, err := readable(raw)
		if err != nil {
			t.Fatal(err)
		}
		return text
	}
	link := func(text, purpose string) string {
		t.Helper()
		for _, found := range links.FindAllStringSubmatch(text, -1) {
			if strings.HasPrefix(found[1], "/_/"+purpose+"/") {
				return found[1]
			}
		}
		t.Fatalf("no link to %s in\n%s", purpose, text)
		return ""
	}

	card("ana@example.com")
	if text := read("ann@example.com", 1); !strings.Contains(text, "@example.com") {
		t.Error(text)
	}
	ask := read("ana@example.com", 1)
	for _, want := range []string{"Subject: Please confirm your address", "1 Main Street, Toronto", "List-Unsubscribe-Post: List-Unsubscribe=One-Click"} {
		if !strings.Contains(ask, want) {
			t.Errorf("no %q in\n%s", want, ask)
		}
	}
	if got := post(link(ask, "confirm"), nil); got != http.StatusOK {
		t.Errorf("confirming answers %d", got)
	}
	welcome := read("ana@example.com", 2)
	answer, err := http.Get(m.address + link(welcome, "file"))
	if err != nil {
		t.Fatal(err)
	}
	_ = answer.Body.Close()
	if answer.StatusCode != http.StatusOK {
		t.Errorf("the file answers %s", answer.Status)
	}
	if got := post(link(welcome, "unsubscribe"), url.Values{"List-Unsubscribe": {"One-Click"}}); got != http.StatusOK {
		t.Errorf("unsubscribing answers %d", got)
	}
	if raw := m.office.to("ana@example.com")[0]; !strings.Contains(raw, "SMTPS id ") { // RFC 3848: with TLS
		t.Errorf("sent without TLS:\n%s", raw)
	}

	// The mail server is away: visitors notice nothing, and nothing is lost.
	p.stop()
	card("ben@example.com")
	waitFor(t, func() bool { return strings.Contains(m.cardbowl("outbox", "list"), "connection refused") }, func() string { return m.cardbowl("outbox", "list") })
	p.start()
	read("ben@example.com", 1)

	// Whom it refuses for good is given up, whom it puts off is not.
	card("gone@refused.example")
	card("later@refused.example")
	waitFor(t, func() bool {
		list := m.cardbowl("outbox", "list")
		return strings.Contains(list, "nobody of that name") && strings.Contains(list, "come again")
	}, func() string { return m.cardbowl("outbox", "list") })
	for line := range strings.SplitSeq(m.cardbowl("outbox", "list"), "\n") {
		if strings.Contains(line, "mail.confirm") && (strings.Contains(line, "gone@") && !strings.Contains(line, "dead") || strings.Contains(line, "later@") && !strings.Contains(line, "waiting")) {
			t.Error(line)
		}
	}

	// A certificate that nobody vouches for gets nothing.
	s.stop()
	before := strings.Count(p.log(), "postfix/qmgr")
	c := m.command("mail", "test", "cyd@example.com")
	c.Env = append(c.Env, "CARDBOWL_SMTP_URL=smtp://"+p.address)
	if out, err := c.CombinedOutput(); err == nil || !strings.Contains(string(out), "certificate") {
		t.Errorf("%v\n%s", err, out)
	}
	if after := strings.Count(p.log(), "postfix/qmgr"); after != before || len(m.office.to("cyd@example.com")) > 0 {
		t.Error("mail went to a server that nobody vouches for")
	}
}
