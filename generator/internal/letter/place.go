package letter

import (
	"regexp"
	"strconv"
	"strings"
)

// At is a place in a letter. What is not known is 0.
type At struct {
	Name         string // of the letter, or Frame
	Line, Column int
}

var placed = regexp.MustCompile(`^(?:html/)?template: ([^:]*):(\d+)(?::(\d+))?: `)

// Place takes the place off an error of Write.
func Place(err error) (At, string) {
	message := err.Error()
	m := placed.FindStringSubmatch(message)
	if m == nil {
		return At{}, message
	}
	line, _ := strconv.Atoi(m[2]) // digits
	column, _ := strconv.Atoi(m[3])
	message = strings.TrimPrefix(message, m[0])
	if _, rest, ok := strings.Cut(message, ">: "); ok && strings.HasPrefix(message, "executing ") {
		message = rest
	}
	if column > 0 {
		column++ // templates count bytes from 0
	}
	return At{m[1], line, column}, message
}
