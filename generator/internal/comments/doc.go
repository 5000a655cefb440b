// Package comments reads what Go source says of its own declarations, so that
// a reference for users and the program cannot disagree: the comment on a field
// is the words of the manual, of the help in the terminal and of the editor.
//
// In goes the source of a package as it was embedded when the program was
// built, out come its types, fields and table entries with their comments.
// Source that cannot be read is a fault of the program, and panics.
//
// It deliberately knows no manual, no YAML and no template.
package comments
