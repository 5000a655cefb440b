package report

import (
	"fmt"
	"io"
	"slices"
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
	goodPost  = 28 // columns it has before another column of figures gets a place
	leastPost = 12
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
	if said := comparison(r); len(said) > 0 {
		for _, sentence := range said {
			p.say(&b, sentence)
		}
		b.WriteString("\n")
	}
	if said := waited(r); len(said) > 0 {
		for _, sentence := range said {
			p.say(&b, sentence)
		}
		b.WriteString("\n")
	}
	for _, line := range wrapped(definitionsOf(r), o.Width) {
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
	turn int // at which it is given a place where not all have one; 0 always
}

// columns are those that have something to say, in the order they stand.
func (p pen) columns(r Report, shown []Post) []column {
	all := []column{
		{"Views", func(p Post) string { return grouped(p.Steps.Of(funnel.PageView)) }, 7},
		{"Visitors", func(p Post) string { return grouped(p.Visitors) }, 0},
		{"Form seen", func(p Post) string { return grouped(p.Steps.Of(funnel.FormView)) }, 0},
		{"Started", func(p Post) string { return grouped(p.Steps.Of(funnel.FormStart)) }, 8},
		{"Sent", func(p Post) string { return grouped(p.Submissions) }, 0},
		{"Leads", func(p Post) string { return grouped(p.Leads) }, 0},
		{"Rate (95 %)", func(p Post) string { return share(p.Rate, p.RateLow, p.RateHigh, p.Enough) }, 0},
	}
	if slices.ContainsFunc(shown, func(p Post) bool { return p.Rank != nil }) {
		all = append(all, column{"Rank", rankOf, 1})
	}
	if slices.ContainsFunc(shown, func(p Post) bool { return p.Change != nil && p.Change.Verdict != TooFew }) {
		all = append(all, column{"Change", p.change, 2})
	}
	if last := len(r.Funnel) - 1; last >= 0 && r.Funnel[last].Side == funnel.SalesSide && slices.ContainsFunc(r.Funnel, func(s FunnelStep) bool { return s.Side == funnel.SalesSide && s.Count > 0 }) {
		step := r.Funnel[last].Step
		all = append(all, column{printable(string(step)), func(p Post) string { return grouped(p.Steps.Of(step)) }, 3})
	}
	if slices.ContainsFunc(shown, func(p Post) bool { return p.Value != 0 }) {
		all = append(all, column{"Value", func(p Post) string { return money(p.Value) }, 4})
	}
	if slices.ContainsFunc(shown, func(p Post) bool { return p.Value != 0 && p.PerHundred != nil }) {
		all = append(all, column{"per 100", func(p Post) string {
			if p.PerHundred == nil {
				return "–"
			}
			return money(*p.PerHundred)
		}, 5})
	}
	if slices.ContainsFunc(shown, func(p Post) bool { return p.Needed != nil && *p.Needed > 0 }) {
		all = append(all, column{"Needs", func(p Post) string {
			if p.Needed == nil || *p.Needed == 0 {
				return "–"
			}
			return about(*p.Needed)
		}, 6})
	}
	return all
}

func rankOf(p Post) string {
	if p.Rank == nil {
		return "–"
	}
	return grouped(*p.Rank)
}

// change is by how many points the rate differs, where that can be told.
func (p pen) change(post Post) string {
	if post.Change == nil || post.Change.Difference == nil || post.Change.Verdict == TooFew {
		return "–"
	}
	if post.Change.Verdict == Unclear {
		return "unclear"
	}
	return points(*post.Change.Difference)
}

func (p pen) posts(b *strings.Builder, r Report) {
	shown, silent := listed(lines(r))
	ranked := false
	if len(shown) > 0 {
		var drawn string
		drawn, ranked = p.table(r, shown)
		b.WriteString(drawn)
	}
	if silent > 0 {
		b.WriteString(p.faint(counted(silent, "other page")+" without visitors") + "\n")
	}
	if n := r.Other.Submissions; n > 0 {
		b.WriteString(p.warm(counted(n, "submission")+" on a post that this site does not know") + "\n")
	}
	if !ranked {
		p.say(b, bestOf(r))
	}
	p.say(b, neededOf(r))
}

// say writes a sentence as wide as the page; nothing for none.
func (p pen) say(b *strings.Builder, sentence string) {
	if sentence == "" {
		return
	}
	for _, line := range wrapped(sentence, p.Width) {
		b.WriteString(line + "\n")
	}
}

// fit is the columns there is room for beside the names of posts, and that room.
// Those without a turn of their own always stand.
func (p pen) fit(all []column, shown []Post, longest int) (cols []column, room int) {
	if p.Width == 0 {
		return all, max(widePost, longest)
	}
	width := func(c column) int {
		widest := text.StringWidth(c.head)
		for _, post := range shown {
			widest = max(widest, text.StringWidth(c.cell(post)))
		}
		return widest + 2
	}
	room = p.Width
	last := 0
	for _, c := range all {
		last = max(last, c.turn)
		if c.turn == 0 {
			room -= width(c)
		}
	}
	taken := 0
	for turn := 1; turn <= last; turn++ {
		for _, c := range all {
			if c.turn != turn {
				continue
			}
			if left := room - width(c); left < min(longest, goodPost) {
				return within(all, taken), max(room, leastPost)
			}
			room -= width(c)
		}
		taken = turn
	}
	return all, max(room, leastPost)
}

func within(all []column, turn int) []column {
	return slices.DeleteFunc(slices.Clone(all), func(c column) bool { return c.turn > turn })
}

// table is the lines as rows; ranked tells whether their ranks are among the
// columns.
func (p pen) table(r Report, shown []Post) (drawn string, ranked bool) {
	head := lineName(r)
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
	cols, room := p.fit(p.columns(r, shown), shown, longest)
	ranked = slices.ContainsFunc(cols, func(c column) bool { return c.head == "Rank" })
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
			case c.head == "Change" && post.Change.Verdict == Up:
				cell = p.good(cell)
			case c.head == "Change" && post.Change.Verdict == Down:
				cell = p.warm(cell)
			}
			row = append(row, cell)
		}
		t.AppendRow(row)
	}
	var b strings.Builder
	for line := range strings.SplitSeq(t.Render(), "\n") {
		b.WriteString(strings.TrimRight(line, " ") + "\n")
	}
	return b.String(), ranked
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
