// Package highlight colours code: a language's name and its text become HTML
// with a class on each part that a stylesheet may colour.
//
// The engine is chroma's. Its own collection of languages is parsed at the start
// of every process that links it, report and tracker too, so the languages that
// blogs show are described here and built when a text first asks for one.
//
// It deliberately judges no code and guesses no language: what it does not know stays plain.
package highlight
