// Package outbox sends what the store says is to be sent: mails, each at least
// once.
//
// In come messages, which the store wrote in the same transaction as their
// reason, and the manifest with its letters; out go mails through a Mailer. What
// a mail says is made when it is sent, from what is known then: who was confirmed
// or has unsubscribed in the meantime is not asked again. A mail that cannot be
// sent is tried again, ever later, for about three days, and then kept as dead.
//
// It deliberately takes nothing from visitors, makes nobody wait, and does not
// decide who agreed to what. An address is never logged.
package outbox
