// Package cache keeps on disk what a build remembers, for the next process.
//
// A Cache is a folder with two files: an index, one value packed and sealed by
// its digest, and texts, too many to hold in memory, one behind the other, each
// with a digest of its own. In comes the value of the last build, out comes the
// same or nothing: a file that is missing, damaged, cut short, or of another
// program or another format is nothing. Deleting the folder costs time only.
//
// It deliberately knows nothing of what the value and the texts are, decides
// nothing about what is still true, and never grows past twice what is in use.
package cache
