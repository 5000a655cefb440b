package content

import (
	"bytes"
	"fmt"
	"regexp"
	"unicode/utf8"

	"cardbowl/generator/internal/diag"
)

// The sizes beyond which a file is refused before any parser sees it. Each
// stands well above what people write and below what the libraries can bear;
// see the measured shapes in limits_test.go.
const (
	maxMarkdown    = 1 << 20 // bytes of a file
	maxFrontMatter = 32 << 10
	maxKeys        = 200
	maxNesting     = 100 // quotes and lists inside one another on a line
	maxIndent      = 400 // blanks before a line's first character
	maxColumns     = 256
	maxCells       = 100_000
	maxBrackets    = 5_000 // [ in one paragraph
	maxGrowth      = 20    // bytes of HTML per byte of markdown, beyond 1 MB
	openingLength  = 300
)

// refuse says why a text must not be parsed, or nil.
func refuse(file string, text []byte) *diag.Diagnostic {
	if len(text) > maxMarkdown {
		d := tooLarge(file, int64(len(text)))
		return &d
	}
	if !utf8.Valid(text) {
		offset := 0
		for offset < len(text) {
			r, size := utf8.DecodeRune(text[offset:])
			if r == utf8.RuneError && size == 1 {
				break
			}
			offset += size
		}
		return at(file, text, offset, "the text is not UTF-8", "save the file as UTF-8 in your editor")
	}
	if i := bytes.IndexByte(text, 0); i >= 0 {
		return at(file, text, i, "the text holds a NUL character", "delete it; a program may have written it by mistake")
	}
	return refuseShape(file, text)
}

func tooLarge(file string, size int64) diag.Diagnostic {
	return diag.Diagnostic{File: file, Line: 1, Column: 1,
		Message: fmt.Sprintf("the file has %d bytes, more than the %d a page may have", size, maxMarkdown),
		Hint:    "split it into several pages"}
}

// at is an error at a byte offset of a text.
func at(file string, text []byte, offset int, message, hint string) *diag.Diagnostic {
	line, column := position(text, offset)
	return &diag.Diagnostic{File: file, Line: line, Column: column, Message: message, Hint: hint, Source: diag.SourceLine(text, line)}
}

// position is the line and column, from 1 and in characters, of a byte offset.
func position(text []byte, offset int) (line, column int) {
	offset = min(max(offset, 0), len(text))
	before := text[:offset]
	line = 1 + bytes.Count(before, []byte{'\n'})
	return line, 1 + utf8.RuneCount(before[bytes.LastIndexByte(before, '\n')+1:])
}

var delimiterRow = regexp.MustCompile(`^[\s>]*\|?\s*:?-+:?\s*(?:\|\s*:?-+:?\s*)+\|?\s*$`)

// refuseShape scans lines for what makes markdown parsers take quadratic time
// or write quadratic output.
func refuseShape(file string, text []byte) *diag.Diagnostic {
	columns, cells, brackets := 0, 0, 0
	offset := 0
	for line := range bytes.Lines(text) {
		start := offset
		offset += len(line)
		if len(bytes.TrimSpace(line)) == 0 {
			columns, brackets = 0, 0
			continue
		}
		if depth, indent := prefix(line); depth > maxNesting || indent > maxIndent {
			return at(file, text, start, fmt.Sprintf("quotes or lists are nested more than %d deep", maxNesting), "")
		}
		if brackets += bytes.Count(line, []byte{'['}); brackets > maxBrackets {
			return at(file, text, start, fmt.Sprintf("more than %d opening brackets in one paragraph", maxBrackets), "put a blank line between paragraphs")
		}
		if pipes := bytes.Count(line, []byte{'|'}); pipes > 0 && delimiterRow.Match(line) {
			if columns = pipes + 1; columns > maxColumns {
				return at(file, text, start, fmt.Sprintf("a table with more than %d columns", maxColumns), "")
			}
		}
		if cells += columns; cells > maxCells {
			return at(file, text, start, fmt.Sprintf("tables with more than %d cells", maxCells), "publish a table of this size as a file")
		}
	}
	return nil
}

// prefix counts the quote and list markers a line begins with, and its widest
// run of blanks before the text.
func prefix(line []byte) (depth, indent int) {
	blanks := 0
	for i := 0; i < len(line); i++ {
		switch c := line[i]; {
		case c == ' ':
			blanks++
		case c == '\t':
			blanks += 4
		case c == '>':
			depth, blanks = depth+1, 0
		case (c == '-' || c == '*' || c == '+') && i+1 < len(line) && (line[i+1] == ' ' || line[i+1] == '\t'):
			depth, blanks = depth+1, 0
		case c >= '0' && c <= '9':
			j := i
			for j < len(line) && line[j] >= '0' && line[j] <= '9' {
				j++
			}
			if j+1 >= len(line) || line[j] != '.' && line[j] != ')' || line[j+1] != ' ' {
				return depth, indent
			}
			depth, blanks, i = depth+1, 0, j
		default:
			return depth, indent
		}
		indent = max(indent, blanks)
	}
	return depth, indent
}
