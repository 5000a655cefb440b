// Package layout turns template files into layouts.
//
// A layout is base.html, every partial, and one file such as post.html parsed
// into one html/template set. Beside it stands the digest of its closure: the
// files of every template it can reach and the addresses of every asset it
// names. html/template accepts only constant template names, so the closure is
// known before anything runs, and a page is rendered again exactly when its data
// or its closure says something else.
//
// The functions a template may call are here and are pure: they see nothing but
// their arguments and the settings given to Load. Deliberately absent: any
// function that reads a file, the clock, the environment, or asks the site an
// open question.
package layout
