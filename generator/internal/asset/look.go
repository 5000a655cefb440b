package asset

import (
	"bytes"
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"
)

var (
	declaration = regexp.MustCompile(`(?m)^\s*--([a-z][a-z0-9-]*)\s*:`)
	comment     = regexp.MustCompile(`(?s)/\*.*?\*/`)
	firstRoot   = regexp.MustCompile(`(?s):root\s*\{(.*?)\}`)
	darkRoot    = regexp.MustCompile(`(?s)@media\s*\(prefers-color-scheme:\s*dark\)\s*\{\s*:root\s*\{(.*?)\}`)
)

// variables are the names that the first :root block of a stylesheet declares,
// and those that have another value for dark screens.
func variables(sheet []byte) (all, dark []string) {
	names := func(block *regexp.Regexp) []string {
		var out []string
		if m := block.FindSubmatch(comment.ReplaceAll(sheet, nil)); m != nil {
			for _, d := range declaration.FindAllSubmatch(bytes.ReplaceAll(m[1], []byte(";"), []byte(";\n")), -1) {
				out = append(out, string(d[1]))
			}
		}
		return out
	}
	return names(firstRoot), names(darkRoot)
}

// css is the look as rules that come after all others. What has another value on
// dark screens is set for light ones only, so that one colour does not decide
// over both.
func (l Look) css(dark []string) string {
	var both, light []string
	for _, name := range slices.Sorted(maps.Keys(l.Light)) {
		rule := fmt.Sprintf("--%s: %s;", name, l.Light[name])
		if slices.Contains(dark, name) {
			light = append(light, rule)
		} else {
			both = append(both, rule)
		}
	}
	var night []string
	for _, name := range slices.Sorted(maps.Keys(l.Dark)) {
		night = append(night, fmt.Sprintf("--%s: %s;", name, l.Dark[name]))
	}
	var out strings.Builder
	for _, block := range []struct {
		media string
		rules []string
	}{{"", both}, {"not all and (prefers-color-scheme: dark)", light}, {"(prefers-color-scheme: dark)", night}} {
		switch {
		case len(block.rules) == 0:
		case block.media == "":
			fmt.Fprintf(&out, "\n:root { %s }", strings.Join(block.rules, " "))
		default:
			fmt.Fprintf(&out, "\n@media %s { :root { %s } }", block.media, strings.Join(block.rules, " "))
		}
	}
	return out.String()
}

// accent is what a look says of its first colour alone.
func (l Look) accent() Look {
	const name = "accent"
	only := func(set map[string]string) map[string]string {
		if value, given := set[name]; given {
			return map[string]string{name: value}
		}
		return nil
	}
	return Look{only(l.Light), only(l.Dark)}
}
