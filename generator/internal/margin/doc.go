// Package margin is what stands beside a page while it is written: how long it
// is, where it leads and what leads to it, what was found wrong with it, and which
// texts wait for their day.
//
// In go the site, its documents and the findings of one build, and the moment; out
// come plain values for one page at a time, which a browser gets as JSON. What is
// looked up once for a build is kept in a Margin, from one build to the next where
// nothing it was taken from has changed.
//
// Deliberately absent: reading, building, showing, and numbers of readers, which
// the command line adds.
package margin
