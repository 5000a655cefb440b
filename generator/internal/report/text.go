package report

import (
	"fmt"
	"io"
	"strings"

	"cardbowl/generator/internal/funnel"

	"github.com/jedib0t/go-pretty/v6/table"
	"github.com/jedib0t/go-pretty/v6/text"
)

// TextOptions say what the terminal can do. The zero value is for a
// file or another program.
type TextOptions struct {
	Width int  // columns of the terminal; 0: lines may have any length
	Color bool // escape sequences for colour are welcome
	Fancy bool // lines and blocks instead of - and #
}

const (
	narrowest = 60
	widePost  = 60 // columns the post's name may take when nothing is cut
	barWidth  = 30
)

// pen paints for one terminal.
type pen struct{ TextOptions }

func (p pen) paint(code, s string) string {
	if !p.Color || s == "" {
		return s
	}
	return "\x1b[" + code + "m" + s + "\x1b[0m"
}

func (p pen) bold(s string) string  { return p.paint("1", s) }
func (p pen) faint(s string) string { return p.paint("2", s) }
func (p pen) good(s string) string  { return p.paint("32", s) }
func (p pen) warm(s string) string  { return p.paint("33", s) }

func (p pen) rule() string {
	if p.Fancy {
		return "─"
	}
	return "-"
}

func (p pen) block() string {
	if p.Fancy {
		return "█"
	}
	return "#"
}

// WriteText draws the report for a terminal: the posts as a table, then the
// funnel with the line between marketing and sales.
func WriteText(w io.Writer, r Report, o TextOptions) error {
	if o.Width > 0 {
		o.Width = max(o.Width, narrowest)
	}
	p := pen{o}
	var b strings.Builder
	heading := printable(r.Site.Title)
	if heading == "" {
		heading = "Leads by post"
	}
	b.WriteString(p.bold(heading) + "   " + p.faint(periodOf(r)) + "\n\n")
	if r.Total.Visitors+r.Total.Submissions == 0 {
		b.WriteString("Nothing was counted in these days.\n\n")
	}
	p.posts(&b, r)
	b.WriteString("\n")
	p.funnel(&b, r)
	b.WriteString("\n")
	for _, line := range wrapped(meaning(r), o.Width) {
		b.WriteString(p.faint(line) + "\n")
	}
	if _, err := io.WriteString(w, b.String()); err != nil {
		return fmt.Errorf("write report: %w", err)
	}
	return nil
}

// column is one column of the table of posts.
type column struct {
	head string
	cell func(Post) string
	wide bool // only where there is room
}

func columns() []column {
	return []column{
		{"Views", func(p Post) string { return grouped(p.Steps.Of(funnel.PageView)) }, true},
		{"Visitors", func(p Post) string { return grouped(p.Visitors) }, false},
		{"Form seen", func(p Post) string { return grouped(p.Steps.Of(funnel.FormView)) }, false},
		{"Started", func(p Post) string { return grouped(p.Steps.Of(funnel.FormStart)) }, true},
		{"Sent", func(p Post) string { return grouped(p.Submissions) }, false},
		{"Leads", func(p Post) string { return grouped(p.Leads) }, false},
		{"Rate (95 %)", func(p Post) string { return share(p.Rate, p.RateLow, p.RateHigh, p.Enough) }, false},
	}
}

func (p pen) posts(b *strings.Builder, r Report) {
	shown, silent := listed(lines(r))
	if len(shown) > 0 {
		b.WriteString(p.table(lineName(r), shown))
	}
	if silent > 0 {
		b.WriteString(p.faint(counted(silent, "other page")+" without visitors") + "\n")
	}
	if n := r.Other.Submissions; n > 0 {
		b.WriteString(p.warm(counted(n, "submission")+" on a post that this site does not know") + "\n")
	}
}

// table draws the lines; head is what each of them is.
func (p pen) table(head string, shown []Post) string {
	var cols []column
	for _, c := range columns() {
		if !c.wide || p.Width == 0 || p.Width >= 100 {
			cols = append(cols, c)
		}
	}
	names := make([]string, len(shown))
	longest := text.StringWidth(head)
	for i, post := range shown {
		names[i] = printable(post.Title)
		if names[i] == "" {
			names[i] = post.Path
		}
		if post.Gone {
			names[i] += " (gone)"
		}
		longest = max(longest, text.StringWidth(names[i]))
	}
	room := widePost
	if p.Width > 0 {
		room = p.Width
		for _, c := range cols {
			widest := text.StringWidth(c.head)
			for _, post := range shown {
				widest = max(widest, text.StringWidth(c.cell(post)))
			}
			room -= widest + 2
		}
		room = max(room, 12)
	} else {
		room = max(room, longest)
	}
	t := table.NewWriter()
	style := table.StyleDefault
	style.Options = table.OptionsNoBordersAndSeparators
	style.Box.PaddingLeft, style.Box.PaddingRight = "", "  "
	style.Format.Header = text.FormatDefault
	t.SetStyle(style)
	header := table.Row{p.faint(head)}
	configs := []table.ColumnConfig{{Number: 1, Align: text.AlignLeft}}
	for i, c := range cols {
		header = append(header, p.faint(c.head))
		configs = append(configs, table.ColumnConfig{Number: i + 2, Align: text.AlignRight, AlignHeader: text.AlignRight})
	}
	t.SetColumnConfigs(configs)
	t.AppendHeader(header)
	for i, post := range shown {
		name := text.Snip(names[i], room, "…")
		if post.Submissions > 0 {
			name = p.bold(name)
		}
		row := table.Row{name}
		for _, c := range cols {
			cell := c.cell(post)
			switch {
			case cell == tooFew || cell == "0" || cell == "–":
				cell = p.faint(cell)
			case c.head == "Sent":
				cell = p.good(cell)
			}
			row = append(row, cell)
		}
		t.AppendRow(row)
	}
	var b strings.Builder
	for line := range strings.SplitSeq(t.Render(), "\n") {
		b.WriteString(strings.TrimRight(line, " ") + "\n")
	}
	return b.String()
}

func (p pen) funnel(b *strings.Builder, r Report) {
	names, counts, most := 0, 0, 1
	for _, s := range r.Funnel {
		names = max(names, text.StringWidth(string(s.Step)))
		counts = max(counts, len(grouped(s.Count)))
		most = max(most, s.Count)
	}
	names = min(names, 20)
	bar := barWidth
	if p.Width > 0 {
		bar = max(10, min(bar, p.Width-names-counts-34)) // the longest note has 30
	}
	side := funnel.MarketingSide
	for i, s := range r.Funnel {
		if s.Side != side {
			side = s.Side
			b.WriteString(p.line("marketing (one to many) ends / sales (one to one) begins") + "\n")
		}
		length := s.Count * bar / most
		if s.Count > 0 {
			length = max(length, 1)
		}
		blocks := strings.Repeat(p.block(), length)
		if side == funnel.SalesSide {
			blocks = p.warm(blocks)
		} else {
			blocks = p.good(blocks)
		}
		line := text.Pad(text.Snip(printable(string(s.Step)), names, "…"), names, ' ') + "  " +
			strings.Repeat(" ", counts-len(grouped(s.Count))) + grouped(s.Count) + "  " + blocks
		if note := stepNote(r, i); note != "" {
			line += strings.Repeat(" ", bar-length) + "  " + p.faint(note)
		}
		b.WriteString(strings.TrimRight(line, " ") + "\n")
	}
}

// line is a rule with words in its middle, across the page.
func (p pen) line(words string) string {
	width := 80
	if p.Width > 0 {
		width = min(width, p.Width)
	}
	sides := max(width-text.StringWidth(words)-2, 2)
	return p.faint(strings.Repeat(p.rule(), sides/2) + " " + words + " " + strings.Repeat(p.rule(), sides-sides/2))
}

// wrapped breaks a text between words; width 0 leaves it whole.
func wrapped(s string, width int) []string {
	if width <= 0 {
		return []string{s}
	}
	var lines []string
	line := ""
	for word := range strings.FieldsSeq(s) {
		if line != "" && text.StringWidth(line)+1+text.StringWidth(word) > width {
			lines = append(lines, line)
			line = ""
		}
		if line != "" {
			line += " "
		}
		line += word
	}
	return append(lines, line)
}
