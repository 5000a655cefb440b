// Package manifest is what the tracker knows of the site.
//
// The generator makes a Manifest from the planned pages and saves it in the
// site's .cardbowl folder; the tracker loads it and so knows every page that can
// be read, every form that can be sent, and the frame of the site's pages for
// its own answers. It is the seam between the two wings.
//
// It deliberately holds no text of any post, no template and no secret, and it
// does not watch, serve or count anything.
package manifest
