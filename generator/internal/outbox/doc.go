// Package outbox sends what the store says is to be sent: mails and webhooks, each
// at least once.
//
// In come messages, which the store wrote in the same transaction as their
// reason, and the manifest with its letters and receivers; out go mails through a
// Mailer, one after another, and what receivers are told through a Poster, each
// receiver in a lane of its own, so that one that hangs holds up nobody. What a
// message says is made when it is sent: who was confirmed or has unsubscribed in
// the meantime is not asked again, and of whom was erased nothing is told. What
// cannot be sent is tried again, ever later, for about three days, and then kept
// as dead. A receiver that says it is gone gets nothing more.
//
// It deliberately takes nothing from visitors, makes nobody wait, and does not
// decide who agreed to what. An address is never logged.
package outbox
