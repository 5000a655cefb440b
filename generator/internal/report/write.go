package report

import (
	"encoding/csv"
	"encoding/json"
	"fmt"
	"io"
	"strconv"
	"strings"
)

// WriteJSON writes the report as one JSON value and a line end.
func WriteJSON(w io.Writer, r Report) error {
	e := json.NewEncoder(w)
	e.SetEscapeHTML(false)
	e.SetIndent("", "  ")
	if err := e.Encode(r); err != nil {
		return fmt.Errorf("write report: %w", err)
	}
	return nil
}

// ReadJSON reads what WriteJSON wrote.
func ReadJSON(from io.Reader) (Report, error) {
	var r Report
	if err := json.NewDecoder(from).Decode(&r); err != nil {
		return Report{}, fmt.Errorf("read report: %w", err)
	}
	return r, nil
}

// WriteCSV writes one line for each post (RFC 4180), with a header. Steps are
// columns. A text that a spreadsheet would run as a formula gets an apostrophe
// in front, as spreadsheets themselves mark plain text.
func WriteCSV(w io.Writer, r Report) error {
	c := csv.NewWriter(w)
	c.UseCRLF = true
	header := []string{"path", "kind", "title", "date", "tags", "gone"}
	for _, s := range r.Funnel {
		header = append(header, string(s.Step))
	}
	header = append(header, "visitors", "converters", "submissions", "leads", "value", "rate", "rate_low", "rate_high", "enough")
	rows := [][]string{header}
	for _, p := range r.Posts {
		row := []string{p.Path, p.Kind, p.Title, p.Date, strings.Join(p.Tags, " "), strconv.FormatBool(p.Gone)}
		for _, s := range r.Funnel {
			row = append(row, strconv.Itoa(p.Steps.Of(s.Step)))
		}
		row = append(row, strconv.Itoa(p.Visitors), strconv.Itoa(p.Converters), strconv.Itoa(p.Submissions), strconv.Itoa(p.Leads),
			number(&p.Value), number(p.Rate), number(p.RateLow), number(p.RateHigh), strconv.FormatBool(p.Enough))
		for i := range row {
			row[i] = inert(row[i])
		}
		rows = append(rows, row)
	}
	if err := c.WriteAll(rows); err != nil {
		return fmt.Errorf("write report: %w", err)
	}
	return nil
}

func number(x *float64) string {
	if x == nil {
		return ""
	}
	return strconv.FormatFloat(*x, 'f', -1, 64)
}

func inert(cell string) string {
	if cell != "" && strings.ContainsRune("=+-@\t\r\n", rune(cell[0])) {
		if _, err := strconv.ParseFloat(cell, 64); err != nil {
			return "'" + cell
		}
	}
	return cell
}
