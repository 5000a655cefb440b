// Package diag is how every room tells the writer what is wrong.
//
// A Diagnostic points at a place in the writer's own files: the file relative
// to the site folder, line and column, the source line itself, a sentence, and
// a hint where one is known. A List collects them, because one run should name
// every mistake, not the first. Stages return a List beside their value.
//
// It deliberately does not print, log, translate or exit: whoever holds the
// terminal or the browser decides how a List is shown.
package diag
