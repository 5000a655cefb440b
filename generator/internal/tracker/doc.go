// Package tracker is the HTTP side of the count.
//
// It takes forms and events under /_/, stores them, and answers with thank-yous,
// mistakes in the site's own frame, and reports; given a folder it serves the
// site too, and then counts each page as it serves it. What it knows of the site
// is the manifest, which may be swapped while it runs. A success on any POST
// means that what it carried is on disk; a GET changes nothing but counts of
// views.
//
// It deliberately does not read markdown or templates, speak SQL, or keep a
// visitor's address or user agent: both are hashed under a salt that lives for
// two days at most, and appear in no file and no log.
package tracker
