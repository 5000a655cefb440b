package content

import (
	"strings"

	"github.com/yuin/goldmark/ast"
)

// Outside is a link or a picture whose address names a host: that of another
// site, or this one's own.
type Outside struct {
	Address string // as it is written, escapes and entities resolved
	Line    int    // in the file, from 1
	Column  int
}

// HasHost tells an address on the web that names its host.
func HasHost(address string) bool {
	lower := strings.ToLower(address[:min(len(address), len("https://"))])
	return strings.HasPrefix(lower, "https://") || strings.HasPrefix(lower, "http://") || strings.HasPrefix(lower, "//")
}

// outside notes where a text leads out of the site.
func (s places) outside(n ast.Node, address []byte) {
	written := string(unescaped(address))
	if !HasHost(written) {
		return
	}
	line, column, text := s.of(n)
	if before := []rune(text); column <= len(before) && before[column-1] == ' ' {
		column++ // a bare address is found by the blank before it
	}
	s.doc.Outside = append(s.doc.Outside, Outside{written, line, column})
}
