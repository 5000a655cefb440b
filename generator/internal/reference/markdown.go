package reference

import (
	"fmt"
	"regexp"
	"strings"
)

// Markdown is a section as a table, with its heading and words where headed.
func (s Section) Markdown(headed bool) string {
	var b strings.Builder
	if headed {
		fmt.Fprintf(&b, "### %s\n\n", s.Title)
	}
	if headed && s.About != "" {
		fmt.Fprintf(&b, "%s\n\n", s.About)
	}
	if len(s.Rows) > 0 {
		columns := s.columns()
		heads, rules := make([]string, len(columns)), make([]string, len(columns))
		for i, c := range columns {
			heads[i], rules[i] = c.head, "---"
		}
		row(&b, heads)
		b.WriteString("|" + strings.Join(rules, "|") + "|\n")
		for _, r := range s.Rows {
			cells := make([]string, len(columns))
			for i, c := range columns {
				cells[i] = strings.ReplaceAll(c.cell(r), "|", `\|`)
			}
			row(&b, cells)
		}
	}
	if s.Example != "" {
		if len(s.Rows) > 0 {
			b.WriteString("\n")
		}
		fmt.Fprintf(&b, "```md\n%s\n```\n", s.Example)
	}
	return b.String()
}

func row(b *strings.Builder, cells []string) {
	fmt.Fprintf(b, "| %s |\n", strings.Join(cells, " | "))
}

type column struct {
	head string
	cell func(Row) string
}

// columns are those that any row has something for.
func (s Section) columns() []column {
	has := func(of func(Row) string) bool {
		for _, r := range s.Rows {
			if of(r) != "" {
				return true
			}
		}
		return false
	}
	out := []column{{s.Noun, func(r Row) string { return "`" + strings.ReplaceAll(r.Name, ", ", "`, `") + "`" }}}
	for _, c := range []column{
		{"type", func(r Row) string { return r.Kind }},
		{"default", func(r Row) string { return code(r.Default) }},
		{"example", func(r Row) string { return code(r.Example) }},
	} {
		if has(c.cell) {
			out = append(out, c)
		}
	}
	return append(out, column{"meaning", func(r Row) string { return r.About }})
}

func code(text string) string {
	if text == "" {
		return ""
	}
	return "`" + text + "`"
}

// region is a part of a page of the manual that the program writes: between
// <!-- reference: TOPIC --> or <!-- reference: TOPIC | SECTION | SECTION -->,
// and <!-- end of reference -->. With one section only its table stands there.
var region = regexp.MustCompile(`(?s)(<!-- reference: ([^|\n]+?)((?: \| [^|\n]+?)*) -->\n).*?(<!-- end of reference -->)`)

// Fill writes the reference into the regions of a page. The sections it has
// placed come back as TOPIC/SECTION.
func Fill(text string, topics []Topic) (filled string, placed []string, err error) {
	filled = region.ReplaceAllStringFunc(text, func(whole string) string {
		m := region.FindStringSubmatch(whole)
		sections, e := chosen(topics, m[2], strings.Split(m[3], " | ")[1:])
		if e != nil {
			err = e
			return whole
		}
		var b strings.Builder
		b.WriteString(m[1])
		for _, s := range sections {
			placed = append(placed, m[2]+"/"+s.Title)
			b.WriteString("\n" + s.Markdown(len(sections) > 1))
		}
		b.WriteString("\n" + m[4])
		return b.String()
	})
	return filled, placed, err
}

func chosen(topics []Topic, name string, titles []string) ([]Section, error) {
	for _, t := range topics {
		if t.Name != name {
			continue
		}
		if len(titles) == 0 {
			return t.Sections, nil
		}
		var out []Section
		for _, title := range titles {
			s, found := t.Section(title)
			if !found {
				return nil, fmt.Errorf("the topic %s has no section %s", name, title)
			}
			out = append(out, s)
		}
		return out, nil
	}
	return nil, fmt.Errorf("there is no topic %s", name)
}
