package tracker

import (
	"bytes"
	"log"
	"log/slog"
	"regexp"
)

// Complaints is what an http.Server may complain to: it tells logger, without the
// address of whoever caused it. Failed TLS handshakes are left out, since on the
// open network they are the noise of scanners.
func Complaints(logger *slog.Logger) *log.Logger { return log.New(complaints{logger}, "", 0) }

type complaints struct{ logger *slog.Logger }

// remote is an address with a port, as net/http writes it.
var remote = regexp.MustCompile(`(\[[0-9A-Fa-f:.%\w]+\]|\d{1,3}(\.\d{1,3}){3}):\d+`)

func (c complaints) Write(line []byte) (int, error) {
	if !bytes.HasPrefix(line, []byte("http: TLS handshake error")) {
		c.logger.Error("the server complains", "text", string(remote.ReplaceAll(bytes.TrimSpace(line), []byte("somebody"))))
	}
	return len(line), nil
}
