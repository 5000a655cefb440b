package cli

import (
	"errors"
	"strings"
	"syscall"

	"cardbowl/generator/internal/diag"
)

// painted is a diagnostic's printed form with its first line and its hint in
// colour.
func painted(d diag.Diagnostic, paint func(code, text string) string) string {
	const bold, red, yellow, cyan = "1", "1;31", "1;33", "36"
	lines := strings.Split(d.String(), "\n")
	label := d.Severity.String() + ": "
	colour := red
	if d.Severity == diag.Warning {
		colour = yellow
	}
	if position, message, found := strings.Cut(lines[0], label); found {
		lines[0] = paint(bold, position) + paint(colour, strings.TrimSpace(label)) + " " + message
	}
	for i, line := range lines[1:] {
		switch {
		case strings.HasPrefix(line, "hint: "):
			lines[i+1] = paint(cyan, "hint:") + strings.TrimPrefix(line, "hint:")
		case d.Source != "" && i == 1:
			lines[i+1] = paint(colour, line)
		}
	}
	return strings.Join(lines, "\n")
}

func isNoSpace(err error) bool {
	return errors.Is(err, syscall.ENOSPC) || errors.Is(err, syscall.EFBIG) || errors.Is(err, syscall.EDQUOT)
}

func isAddressInUse(err error) bool { return errors.Is(err, syscall.EADDRINUSE) }

// asProblem shows in the page what is no fault of the site, such as a full
// disk.
func asProblem(err error) diag.Diagnostic {
	return diag.Diagnostic{Message: err.Error(), Hint: failure{problem, err}.hint()}
}
