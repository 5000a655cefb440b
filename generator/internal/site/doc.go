// Package site assembles documents into a Site.
//
// In go the settings, every document, and the paths of the files to be
// published as they are; out comes the site as a value: each page with its
// address, kind, order, neighbours, terms, form and former addresses, the lists
// and term pages that follow from them, and every clash of two producers for one
// address. It is whole and pure: nothing is remembered, nothing asked later.
//
// Time enters as an argument: a scheduled or expired post is a function of it.
// Deliberately absent: HTML, templates, and the resolution of links, which need
// the finished Site.
package site
