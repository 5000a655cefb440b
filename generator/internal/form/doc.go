// Package form knows what a form asks.
//
// A Definition comes from site.yaml by way of config (generator) or from the
// manifest (tracker). From it come the form's markup, the same in a post, in the
// tracker's page after a mistake, and wherever else a form stands; and the
// decoding and validation of what a visitor sent, so that the two wings cannot
// disagree about a form.
//
// It deliberately does not store, count, mail or rate-limit, and it knows
// nothing of HTTP beyond the bodies a browser or a script may send.
package form
