// Package page plans the pages of a site.
//
// In goes a Site, out comes a list of pages, each an output path, a layout's
// name and plain data: references are resolved to addresses, lists are filled
// and cut into pages, forms have their markup. The types in data.go are the
// template contract. The manifest, which tells the tracker what the site has,
// and the small files that no layout makes (redirects of former addresses) are
// planned here too.
//
// Planning is pure. Make takes from the last Plan what saw the same: a page sees
// its own document and of all others the heads, of which the site is assembled,
// so that while the site is the same only pages whose own text is another are
// planned again. The words that the search finds pages by are counted sixteen
// pages at a time, and the memo keeps them. The text of a page is joined only when it
// is rendered; until then its digest stands for it. Deliberately absent:
// templates, bytes on disk, the clock.
package page
