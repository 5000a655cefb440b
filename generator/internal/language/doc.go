// Package language is what the program itself says in a published site, in the
// language of the site: quotation marks, the titles of callouts, the words of the
// theme and of forms, the names of months.
//
// In: a BCP 47 tag, and a phrase in English. Out: the phrase, or English where
// there is none.
//
// Deliberately absent: what a writer wrote, in posts and in site.yaml, and messages
// to the writer.
package language
