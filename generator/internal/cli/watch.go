package cli

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"strings"
	"time"

	"github.com/jedib0t/go-pretty/v6/text"
	"golang.org/x/term"

	"cardbowl/generator/internal/report"
)

// watchEvery is how long a watched report rests before it is drawn again.
const watchEvery = 2 * time.Second

// What a terminal is told, as every one since the VT100 understands it.
const (
	otherScreen = "\x1b[?1049h\x1b[?25l" // a screen of our own, without the cursor
	firstScreen = "\x1b[?25h\x1b[?1049l"
	toTheTop    = "\x1b[H"
	restOfLine  = "\x1b[K"
	restOfPage  = "\x1b[J"
)

// watchReport draws the report again and again on a screen of its own. At the
// end the last one stays on the screen that was there before.
func watchReport(ctx context.Context, w World, f reportFlags) error {
	if f.format != "text" {
		return wrong("`cardbowl report --watch` draws text; --format %s can be asked for again and again from a script", f.format)
	}
	if !terminal(w.Stdout) {
		return wrong("`cardbowl report --watch` needs a terminal to draw on")
	}
	// The first one may fail, and then says so as any command does.
	last, err := drawn(ctx, w, f)
	if err != nil {
		return err
	}
	fmt.Fprint(w.Stdout, otherScreen)
	defer func() { fmt.Fprint(w.Stdout, firstScreen+last) }()
	tick := time.NewTicker(watchEvery)
	defer tick.Stop()
	foot := ""
	for {
		stamp := w.Now().Format("15:04:05") + "  Ctrl-C ends"
		fmt.Fprint(w.Stdout, frame(last, text.Snip(stamp+foot, max(width(w)-1, len(stamp)), "…"), height(w)))
		select {
		case <-ctx.Done():
			return nil
		case <-tick.C:
		}
		switch next, err := drawn(ctx, w, f); {
		case err == nil:
			last, foot = next, ""
		case ctx.Err() != nil:
			return nil
		default: // the tracker may be starting again
			foot = "  " + strings.ReplaceAll(err.Error(), "\n", " ")
		}
	}
}

// drawn is the report as the terminal shows it now.
func drawn(ctx context.Context, w World, f reportFlags) (string, error) {
	made, err := makeReport(ctx, w, f)
	if err != nil {
		return "", err
	}
	var b bytes.Buffer
	if err := report.WriteText(&b, made, w.textOptions()); err != nil {
		return "", failure{problem, err}
	}
	return b.String(), nil
}

// frame is a page of text over what a screen of so many rows showed before, with a line
// at its foot. What has no room is left out; 0 rows have room for all.
func frame(page, foot string, rows int) string {
	lines := strings.Split(strings.TrimSuffix(page, "\n"), "\n")
	if room := rows - 2; rows > 0 && len(lines) > room {
		lines = lines[:max(room, 0)]
	}
	var b strings.Builder
	b.WriteString(toTheTop)
	for _, line := range lines {
		b.WriteString(line + restOfLine + "\r\n")
	}
	b.WriteString(restOfLine + "\r\n" + foot + restOfLine + restOfPage)
	return b.String()
}

// height is how many rows the terminal has; 0 where there is none.
func height(w World) int {
	f, ok := w.Stdout.(*os.File)
	if !ok {
		return 0
	}
	_, rows, err := term.GetSize(int(f.Fd()))
	if err != nil {
		return 0
	}
	return rows
}
