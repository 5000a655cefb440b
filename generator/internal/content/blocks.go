package content

import (
	"fmt"
	"html"

	"github.com/yuin/goldmark/ast"
	extensionast "github.com/yuin/goldmark/extension/ast"
	gmhtml "github.com/yuin/goldmark/renderer/html"
	"github.com/yuin/goldmark/util"
)

// renderHeading adds a link to the heading itself. It holds no text, since a
// feed shows the same body; the stylesheet gives it a sign. It is a convenience
// for who uses a mouse, so that it stays silent for who listens.
func renderHeading(w util.BufWriter, _ []byte, n ast.Node, entering bool) (ast.WalkStatus, error) {
	h := n.(*ast.Heading)
	if entering {
		_, _ = fmt.Fprintf(w, "<h%d", h.Level)
		gmhtml.RenderAttributes(w, h, nil)
		_ = w.WriteByte('>')
		return ast.WalkContinue, nil
	}
	if id, found := h.AttributeString("id"); found && h.Level >= 2 && h.Level <= 4 {
		if raw, text := id.([]byte); text {
			_, _ = fmt.Fprintf(w, `<a class="anchor" href="#%s" aria-hidden="true" tabindex="-1"></a>`, util.EscapeHTML(util.URLEscape(raw, false)))
		}
	}
	_, _ = fmt.Fprintf(w, "</h%d>\n", h.Level)
	return ast.WalkContinue, nil
}

// renderTable lets a wide table scroll by itself, by keyboard too.
func renderTable(w util.BufWriter, _ []byte, n ast.Node, entering bool) (ast.WalkStatus, error) {
	if !entering {
		_, _ = w.WriteString("</table>\n</div>\n")
		return ast.WalkContinue, nil
	}
	_, _ = w.WriteString(`<div class="table-scroll" tabindex="0">` + "\n<table")
	gmhtml.RenderAttributes(w, n, nil)
	_, _ = w.WriteString(">\n")
	return ast.WalkContinue, nil
}

func (r nodes) renderTask(w util.BufWriter, _ []byte, n ast.Node, entering bool) (ast.WalkStatus, error) {
	if !entering {
		return ast.WalkContinue, nil
	}
	checked, state := "", r.words.Todo
	if n.(*extensionast.TaskCheckBox).IsChecked {
		checked, state = " checked", r.words.Done
	}
	_, _ = fmt.Fprintf(w, `<input type="checkbox" disabled%s aria-label="%s"> `, checked, html.EscapeString(state))
	return ast.WalkContinue, nil
}
