// Package letter turns the theme's letters and plain data into mails.
//
// A letter is a text/template: its first line is the subject, what follows an
// empty line is the text. In comes one letter, the frame (an html/template) and
// Data; out comes a Letter, the same words as plain text and as HTML. Paragraphs
// are parted by empty lines; `link` makes a line of its own that HTML shows as a
// button. What strangers wrote can become neither markup nor a link.
//
// It deliberately sends nothing, and decides nothing: neither who is written to
// nor when.
package letter
