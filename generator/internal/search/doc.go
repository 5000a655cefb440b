// Package search makes the index that a site is searched with, without a server.
//
// In come the words of texts and what is said of each page, out come JSON files:
// shards, which say for each word which pages hold it and how much, and chunks of
// the list of pages. A browser that looks for two words fetches two shards and
// the chunks of the pages it shows, however large the site is. The words of a
// text are found here and, in the same way, by search.js of the theme.
//
// The words of sixteen pages are packed together, by what file they go to. A file
// is made of these alone, so that it is the same as long as they are.
//
// A word is found by its beginning, from three letters on, since a shard holds
// the words with the same first three. In scripts that put no blanks between
// words, a word is every two neighbouring characters.
//
// It deliberately knows no language: nothing is stemmed and no word is left out.
package search
