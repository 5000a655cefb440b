// Package webhook tells other programs what happened, by Standard Webhooks 1.0
// (standardwebhooks.com): a JSON text, signed, posted to an address.
//
// In go a Receiver as site.yaml has it, a message and the secrets it is signed
// with; out comes what the receiver answered. Nobody is followed to another
// address, no answer is read beyond a line, no proxy is asked, and unless the site
// allows it no connection is made to this machine or into a private network,
// whatever the name of the receiver says when it is looked up.
//
// It deliberately keeps nothing and tries nothing twice: that is the outbox's.
package webhook
