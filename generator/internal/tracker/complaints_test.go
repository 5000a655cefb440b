package tracker

import (
	"bytes"
	"log/slog"
	"strings"
	"testing"
)

// What the library complains of names its visitors; the log does not.
func TestComplaintsNameNobody(t *testing.T) {
	var log bytes.Buffer
	to := Complaints(slog.New(slog.NewTextHandler(&log, nil)))
	to.Print("http: panic serving 203.0.113.7:51234: index out of range")
	to.Print("http2: server: error reading preface from client [2001:db8::7]:443: timeout")
	to.Print("http: TLS handshake error from 203.0.113.7:51234: EOF")
	said := log.String()
	for _, never := range []string{"203.0.113", "2001:db8", "handshake"} {
		if strings.Contains(said, never) {
			t.Errorf("the log holds %q:\n%s", never, said)
		}
	}
	if !strings.Contains(said, "panic serving somebody: index out of range") || !strings.Contains(said, "client somebody: timeout") {
		t.Errorf("the log does not tell enough:\n%s", said)
	}
}
