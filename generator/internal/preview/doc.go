// Package preview is what the writer looks at while writing.
//
// In goes a handler that serves the built site (and, under /_/, whatever the
// command line hangs beside it); out comes a handler that adds a small script to
// every page of the site, so that an open page shows the next build by itself and a
// failed one as a panel over the last good page. The script goes into responses
// and never into files. It does to the open page the difference between what was
// served and what is served now, so that what a person or a script did there
// stays; where that cannot be done, the page loads again.
//
// Requests for a host name that is not this machine's are refused, so that no web
// page elsewhere can read drafts by way of DNS, and pages of another origin may
// not listen.
//
// Deliberately absent: building, watching, counting, and the published folder.
package preview
