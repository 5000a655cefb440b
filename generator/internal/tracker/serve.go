package tracker

import (
	"io"
	"log"
	"net/http"
	"time"
)

// Server is an http.Server whose limits fit a tracker that stands on the open
// network: headers within 5 s and 16 KB, a whole request within 15 s, an answer
// within 30 s, an idle connection for a minute. It complains to nobody until
// ErrorLog is one of Complaints: what it would say by itself names visitors.
func Server(h http.Handler) *http.Server {
	return &http.Server{
		Handler:           h,
		ReadHeaderTimeout: 5 * time.Second,
		ReadTimeout:       15 * time.Second,
		WriteTimeout:      30 * time.Second,
		IdleTimeout:       60 * time.Second,
		MaxHeaderBytes:    16 << 10,
		ErrorLog:          log.New(io.Discard, "", 0),
	}
}
