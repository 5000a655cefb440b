package form

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"mime"
	"mime/multipart"
	"net/url"
	"strings"
	"unicode/utf8"
)

// Values is what was sent, by control name, in the order it was sent.
type Values map[string][]string

// Get is the first value of that name, or "".
func (v Values) Get(name string) string {
	if len(v[name]) == 0 {
		return ""
	}
	return v[name][0]
}

// What a body may weigh.
const (
	BodyLimit = 64 << 10 // bytes
	maxFields = 200      // controls in one body, and fields in one definition
	maxName   = 200      // bytes of one control's name
)

// Why a body could not be decoded.
var (
	ErrTooLarge    = errors.New("the form is too large")
	ErrUnsupported = errors.New("the form came in an unknown format")
	ErrMalformed   = errors.New("the form could not be read")
	ErrEncoding    = errors.New("the form is not UTF-8 text")
)

// Decode reads a body of at most BodyLimit bytes: urlencoded (also when no
// content type is given), multipart, or a JSON object of strings, numbers,
// booleans and arrays of those. Uploaded files are skipped, never written
// anywhere. A JSON true reads "yes", the value of a ticked box; false and null
// read as not sent.
//
// The error wraps one of ErrTooLarge, ErrUnsupported, ErrMalformed or
// ErrEncoding. With ErrEncoding the values are complete, the bytes that are no
// text replaced, so that they can be shown again; with the others they are nil.
func Decode(contentType string, body io.Reader) (Values, error) {
	media, params, err := mime.ParseMediaType(contentType)
	if contentType != "" && err != nil && !errors.Is(err, mime.ErrInvalidMediaParameter) {
		return nil, fmt.Errorf("%w: content type", ErrUnsupported)
	}
	raw, err := io.ReadAll(io.LimitReader(body, BodyLimit+1))
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrMalformed, err)
	}
	if len(raw) > BodyLimit {
		return nil, ErrTooLarge
	}
	var v Values
	switch media {
	case "", "application/x-www-form-urlencoded":
		v, err = decodeURL(raw)
	case "multipart/form-data":
		v, err = decodeMultipart(raw, params["boundary"])
	case "application/json":
		v, err = decodeJSON(raw)
	default:
		return nil, fmt.Errorf("%w: %s", ErrUnsupported, media)
	}
	if err != nil {
		return nil, err
	}
	v, err = cleaned(v)
	if err == nil && media == "application/json" && !utf8.Valid(raw) {
		return v, ErrEncoding // encoding/json has put U+FFFD in place of the bad bytes
	}
	return v, err
}

func decodeURL(raw []byte) (Values, error) {
	if bytes.Count(raw, []byte("&")) >= maxFields {
		return nil, fmt.Errorf("%w: more than %d controls", ErrTooLarge, maxFields)
	}
	v, err := url.ParseQuery(string(raw))
	if err != nil {
		return nil, fmt.Errorf("%w: bad escape", ErrMalformed)
	}
	return Values(v), nil
}

func decodeMultipart(raw []byte, boundary string) (Values, error) {
	if boundary == "" {
		return nil, fmt.Errorf("%w: multipart without boundary", ErrMalformed)
	}
	v := Values{}
	parts := multipart.NewReader(bytes.NewReader(raw), boundary)
	for n := 0; ; n++ {
		part, err := parts.NextPart()
		if errors.Is(err, io.EOF) {
			return v, nil
		}
		if err != nil {
			return nil, fmt.Errorf("%w: multipart", ErrMalformed)
		}
		if n >= maxFields {
			return nil, fmt.Errorf("%w: more than %d controls", ErrTooLarge, maxFields)
		}
		if part.FileName() != "" || part.FormName() == "" {
			continue // NextPart skips what was not read
		}
		text, err := io.ReadAll(part)
		if err != nil {
			return nil, fmt.Errorf("%w: multipart", ErrMalformed)
		}
		v[part.FormName()] = append(v[part.FormName()], string(text))
	}
}

func decodeJSON(raw []byte) (Values, error) {
	decoder := json.NewDecoder(bytes.NewReader(raw))
	decoder.UseNumber()
	var object map[string]any
	if err := decoder.Decode(&object); err != nil || object == nil {
		return nil, fmt.Errorf("%w: not a JSON object", ErrMalformed)
	}
	if _, err := decoder.Token(); !errors.Is(err, io.EOF) {
		return nil, fmt.Errorf("%w: text after the JSON object", ErrMalformed)
	}
	if len(object) > maxFields {
		return nil, fmt.Errorf("%w: more than %d controls", ErrTooLarge, maxFields)
	}
	v := Values{}
	for name, value := range object {
		list, ok := value.([]any)
		if !ok {
			list = []any{value}
		}
		for _, one := range list {
			text, ok := scalar(one)
			if !ok {
				return nil, fmt.Errorf("%w: a JSON value is neither text, number, boolean nor a list of those", ErrMalformed)
			}
			if text != "" {
				v[name] = append(v[name], text)
			}
		}
	}
	return v, nil
}

func scalar(value any) (string, bool) {
	switch x := value.(type) {
	case nil:
		return "", true
	case string:
		return x, true
	case json.Number:
		return x.String(), true
	case bool:
		if x {
			return "yes", true
		}
		return "", true
	}
	return "", false
}

// cleaned refuses bytes that are no text: a database, a mail or a spreadsheet
// further on would each read them differently.
func cleaned(v Values) (Values, error) {
	var bad error
	for name, list := range v {
		if len(name) > maxName {
			return nil, fmt.Errorf("%w: the name of a control is too long", ErrMalformed)
		}
		if !isText(name) {
			delete(v, name)
			bad = ErrEncoding
			continue
		}
		for i, text := range list {
			if !isText(text) {
				list[i] = strings.ReplaceAll(strings.ToValidUTF8(text, "\uFFFD"), "\x00", "\uFFFD")
				bad = ErrEncoding
			}
		}
	}
	return v, bad
}

func isText(s string) bool {
	return utf8.ValidString(s) && !strings.Contains(s, "\x00")
}
