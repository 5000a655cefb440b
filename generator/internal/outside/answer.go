package outside

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"net/http"
	"os"
	"path/filepath"
	"time"
)

// Answer is what became of asking an address.
type Answer struct {
	Status int       `json:"status,omitempty"` // of the last answer; 0 where there was none
	Reason string    `json:"reason,omitempty"` // why there was none, in words that follow "the link …": "has no such host"
	Moved  string    `json:"moved,omitempty"`  // where the address moved to for good; empty where it did not
	Asked  time.Time `json:"asked"`
}

// Verdict is what an answer says of a link.
type Verdict int

// The verdicts.
const (
	Fine    Verdict = iota // readers find something there
	Broken                 // they do not
	Unknown                // the site does not let a program see
)

// Verdict judges an answer. Some sites answer a program otherwise than a reader:
// where they refuse, nothing is known.
func (a Answer) Verdict() Verdict {
	switch {
	case a.Status == 0:
		return Broken
	case a.Status < 400:
		return Fine
	case a.Status == http.StatusNotFound, a.Status == http.StatusGone, a.Status >= 500 && a.Status < 600:
		return Broken
	}
	return Unknown
}

// String says it in words that follow "the link …": "answers 404 Not Found".
func (a Answer) String() string {
	if a.Status == 0 {
		return a.Reason
	}
	text := http.StatusText(a.Status)
	if text != "" {
		text = " " + text
	}
	return fmt.Sprintf("answers %d%s", a.Status, text)
}

// How long an answer is believed. A link that is broken is asked again soon: it
// may have been the network.
const (
	goodFor = 7 * 24 * time.Hour
	badFor  = time.Hour
)

// holds tells whether an answer is young enough to be believed at a time.
func (a Answer) holds(now time.Time) bool {
	age := now.Sub(a.Asked)
	if a.Verdict() == Fine {
		return age >= 0 && age < goodFor
	}
	return age >= 0 && age < badFor
}

// Answers are what is known, by address.
type Answers map[string]Answer

// Load reads the answers of earlier checks. A file that is missing or cannot be
// read holds none: they are asked for again.
func Load(file string) Answers {
	out := Answers{}
	text, err := os.ReadFile(file)
	if err != nil || json.Unmarshal(text, &out) != nil || out == nil {
		return Answers{}
	}
	return out
}

// Save keeps answers for the next check, by rename, so that nobody reads half of
// them.
func (a Answers) Save(file string) error {
	text, err := json.MarshalIndent(a, "", "\t")
	if err != nil {
		return err
	}
	if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil {
		return fmt.Errorf("keep what other sites answered: %w", err)
	}
	temp := file + ".new"
	if err = os.WriteFile(temp, text, 0o644); err == nil {
		err = os.Rename(temp, file)
	}
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		_ = os.Remove(temp)
	}
	if err != nil {
		return fmt.Errorf("keep what other sites answered: %w", err)
	}
	return nil
}
