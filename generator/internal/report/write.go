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

// WriteCSV writes one line for each post or group (RFC 4180), with a header. Steps are
// columns. A text that a spreadsheet would run as a formula gets an apostrophe
// in front, as spreadsheets themselves mark plain text.
func WriteCSV(w io.Writer, r Report) error {
	c := csv.NewWriter(w)
	c.UseCRLF = true
	header, rows := []string{"path", "kind", "title", "date", "tags", "gone"}, [][]string{nil}
	if r.Groups != nil {
		header = []string{r.By, "path", "title", "from"}
	}
	for _, s := range r.Funnel {
		header = append(header, string(s.Step))
	}
	rows[0] = append(header, "visitors", "converters", "submissions", "leads", "value", "rate", "rate_low", "rate_high", "enough")
	if r.Groups == nil {
		rows[0] = append(rows[0], "rate_shrunk", "rank", "readers_needed", "value_per_hundred", "change", "change_low", "change_high")
	}
	if r.By == "revision" {
		rows[0] = append(rows[0], "edit_change", "edit_low", "edit_high", "edit_verdict", "randomised")
	}
	for _, p := range r.Posts {
		row := r.cells(p.Figures, p.Path, p.Kind, p.Title, p.Date, strings.Join(p.Tags, " "), strconv.FormatBool(p.Gone))
		rows = append(rows, append(row, p.Standing.cells()...))
	}
	for _, g := range r.Groups {
		row := r.cells(g.Figures, g.Key, g.Path, g.Title, g.Since)
		if r.By == "revision" {
			row = append(row, g.Edit.cells()...)
		}
		rows = append(rows, row)
	}
	if err := c.WriteAll(rows); err != nil {
		return fmt.Errorf("write report: %w", err)
	}
	return nil
}

// cells are a line of the CSV: what it is of, then its figures.
func (r Report) cells(f Figures, of ...string) []string {
	row := of
	for _, s := range r.Funnel {
		row = append(row, strconv.Itoa(f.Steps.Of(s.Step)))
	}
	row = append(row, strconv.Itoa(f.Visitors), strconv.Itoa(f.Converters), strconv.Itoa(f.Submissions), strconv.Itoa(f.Leads),
		number(&f.Value), number(f.Rate), number(f.RateLow), number(f.RateHigh), strconv.FormatBool(f.Enough))
	for i := range row {
		row[i] = inert(row[i])
	}
	return row
}

// cells are the standing of a post in the CSV.
func (s Standing) cells() []string {
	change := Change{}
	if s.Change != nil {
		change = *s.Change
	}
	return []string{number(s.Shrunk), whole(s.Rank), whole(s.Needed), number(s.PerHundred), number(change.Difference), number(change.Low), number(change.High)}
}

// cells are an edit in the CSV; empty ones where there is none.
func (e *Edit) cells() []string {
	if e == nil {
		return make([]string, 5)
	}
	return []string{number(e.Difference), number(e.Low), number(e.High), string(e.Verdict), strconv.FormatBool(e.Randomised)}
}

func whole(n *int) string {
	if n == nil {
		return ""
	}
	return strconv.Itoa(*n)
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
