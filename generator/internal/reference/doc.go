// Package reference is the part of the manual that the program knows by itself:
// the keys of site.yaml and of front matter, what templates get and may call,
// and the shortcodes.
//
// Everything comes from the place that decides it: the comments on the types
// that a file is decoded into or a template is given, the table of front matter,
// the comments at the top of the theme's own files. Out comes a Topic as plain
// values, and two ways to show it: tables of markdown, which a test keeps up to
// date in the pages of the manual, and text for a terminal.
//
// It deliberately describes nothing in words of its own but headings.
package reference
