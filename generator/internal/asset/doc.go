// Package asset turns the theme's assets into published files.
//
// From a Tree it makes a Set: stylesheets and scripts under names that carry a
// fingerprint of their bytes, so that a browser may keep them for ever, and
// everything else (pictures, fonts) under its own name below /assets/.
//
// It deliberately knows nothing of templates or pages: they ask for an address
// by name and get one.
package asset
