// Package source reads the site folder.
//
// A Reader looks at site.yaml and at everything below content, templates,
// static and data, and returns a Tree: every file with its path, size and
// digest. Bytes are opened when asked for, never all at once, and are checked
// against the digest, so that one build sees one state of each file. Where the
// site has no template of its own, the built-in theme's stands in its place, so
// nobody further on needs to know of two folders. A Reader remembers the stat of
// each file and reads again only what may have changed; that saves time and
// changes no Tree.
//
// It deliberately understands no format, follows no symbolic link and writes
// nothing. It is the only room that reads the site.
package source
