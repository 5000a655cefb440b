// Package public brings an output folder to a given list of files.
//
// In goes every file the site should have, each with a recipe (the digest of all
// its bytes depend on) and a way to make the bytes; out comes the folder with
// exactly those files, and the lists of what was written, removed and kept. A
// file is made only when the folder is not known to hold it already, and written
// only when its bytes differ. Everything that differs is staged first, so that a
// failure, a full disk or an interruption leaves the folder as it was; then it is
// renamed into place in the given order, and what nobody produces is removed.
//
// It is the only writer of output, and touches only what a build made: a folder
// that is not empty and does not carry our mark is refused, names that begin with
// a dot are left alone. It deliberately knows nothing of pages or assets.
package public
