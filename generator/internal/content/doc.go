// Package content turns one markdown file into one Document.
//
// In goes a file of the tree, out come its front matter, its headings, its plain
// opening words, and a body of segments: finished HTML, or a reference (a link,
// an image, a shortcode) that only the whole site can resolve. What other pages
// can see of a document is its Head. Problems and
// warnings are part of the Document, so that they are remembered with it. All
// of goldmark and of the front-matter library stays inside this room.
//
// Content is hostile: sizes, nesting and table cells are bounded before any
// parser sees them, raw HTML is dropped unless the site lets it through, and a
// file that takes too long fails by name. Deliberately absent: knowledge of any
// other file, of addresses, and of templates.
package content
