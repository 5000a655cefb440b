// Package world makes up a blog's readers, of whom everything is known.
//
// A World has posts with true rates; day by day it tells who came from where,
// read what in which order, saw, began and sent a form, and which leads became
// clients at last. The same seed tells the same. What happened can be told to a
// store at once; in the tests it is also acted out before a running tracker,
// request by request. What the report makes of it is then held against the truth.
// Tests, benchmarks and the site of `cardbowl demo` live on it.
//
// It deliberately opens no store, starts no server and judges nothing: whoever
// uses it brings both, and compares. All people are invented, at example.com and
// example.org.
package world
