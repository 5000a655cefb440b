package config

import (
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"

	"gopkg.in/yaml.v3"

	"cardbowl/generator/internal/diag"
)

// themeValue is what a variable may be set to: colours, lengths, numbers, lists
// of fonts, and functions of these. Nothing in it ends a rule, begins another,
// or loads anything.
var themeValue = regexp.MustCompile(`^[\w#%.,+*/()"' -]{1,300}$`)

// theme reads the variables of the stylesheet, and those of dark: below them.
func (l *loader) theme(node *yaml.Node) Theme {
	t := Theme{Light: map[string]string{}, Dark: map[string]string{}}
	if node.Kind == 0 || node.Tag == "!!null" {
		return t
	}
	if node.Kind != yaml.MappingNode {
		l.complain(node, diag.Error, "theme holds variables of the stylesheet", "write `theme: {accent: \"#0a6b54\"}`")
		return t
	}
	l.variables(node, t.Light, func(value *yaml.Node) { l.variables(value, t.Dark, nil) })
	return t
}

func (l *loader) variables(node *yaml.Node, into map[string]string, dark func(*yaml.Node)) {
	if node.Kind != yaml.MappingNode {
		l.complain(node, diag.Error, "dark holds variables of the stylesheet for dark screens", "write `dark: {accent: \"#8fd6bd\"}`")
		return
	}
	for i := 0; i+1 < len(node.Content); i += 2 {
		key, value := node.Content[i], node.Content[i+1]
		name := strings.TrimPrefix(key.Value, "--")
		switch lower := strings.ToLower(value.Value); {
		case name == "dark" && dark != nil:
			dark(value)
		case value.Kind != yaml.ScalarNode || !themeValue.MatchString(value.Value) || strings.Contains(lower, "url(") || strings.Contains(lower, "expression") || strings.Contains(lower, "/*") ||
			strings.Count(lower, "(") != strings.Count(lower, ")") || strings.Count(lower, `"`)%2 != 0 || strings.Count(lower, "'")%2 != 0:
			l.complain(value, diag.Error, fmt.Sprintf("`%s` cannot be set to this", name), "a colour such as \"#0a6b54\" in quotes, a length such as 4px, or names of fonts")
		default:
			into[name] = value.Value
		}
	}
}

// CheckTheme complains of variables that the stylesheet does not declare.
func (c Config) CheckTheme(declared []string) diag.List {
	var out diag.List
	check := func(set map[string]string, keys ...string) {
		for _, name := range slices.Sorted(maps.Keys(set)) {
			if slices.Contains(declared, name) {
				continue
			}
			hint := diag.DidYouMean(name, declared)
			if hint == "" {
				hint = "the stylesheet has " + strings.Join(declared, ", ")
			}
			out = append(out, c.At(diag.Error, fmt.Sprintf("the theme has no variable `%s`", name), hint, append(keys, name)...))
		}
	}
	check(c.Theme.Light, "theme")
	check(c.Theme.Dark, "theme", "dark")
	return out
}
