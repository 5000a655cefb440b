package outbox

import (
	"strings"
	"time"

	"cardbowl/generator/internal/form"
	"cardbowl/generator/internal/manifest"
	"cardbowl/generator/internal/store"
	"cardbowl/generator/internal/webhook"
)

// The kinds of messages. Those that are mail begin alike.
const (
	mailKinds  = "mail.%"
	Card       = "mail.card"     // to the owner: a card came
	Confirm    = "mail.confirm"  // to the visitor: is this your address?
	Reminder   = "mail.reminder" // the same, once more
	Welcome    = "mail.welcome"  // to the visitor: what was promised
	Alarm      = "mail.alarm"    // to the owner: the day's confirmations are used up
	Gone       = "mail.gone"     // to the owner: a receiver of webhooks wants nothing any more
	Erased     = "mail.erased"   // to the owner: a person has erased herself
	Untaken    = "mail.untaken"  // to the owner: a receiver of webhooks has not taken a message
	remindIn   = 24 * time.Hour
	validFor   = 7 * 24 * time.Hour   // of links that confirm and deliver
	dossierFor = 30 * 24 * time.Hour  // of links that show what is kept: whoever finds an old mail shall not read it
	leaveFor   = 400 * 24 * time.Hour // of links that unsubscribe
	perHour    = 1                    // mails of one kind to one address that was not confirmed
	perDay     = 3
	alarmsADay = 1
	goneADay   = 10 // of all receivers
)

// Words are what a kind of message is to the owner of the site.
func Words(kind string) string {
	if event, is := strings.CutPrefix(kind, webhook.Kind); is {
		return "Webhook " + event
	}
	switch kind {
	case Card:
		return "Mail to you about the form"
	case Confirm:
		return "Mail that asks to confirm the address"
	case Reminder:
		return "Mail that asks once more"
	case Welcome:
		return "Mail with what was promised"
	case Erased:
		return "Mail to you that a person erased herself"
	}
	return kind
}

// OnCard is what is to be sent when a card of a form is counted.
func OnCard(m manifest.Manifest, d form.Definition) []store.Order {
	orders := append(told(m.Webhooks, webhook.LeadCreated, store.First), told(m.Webhooks, webhook.CardReceived, store.Always)...)
	for _, owner := range d.Notify {
		orders = append(orders, store.Order{Kind: Card, To: owner})
	}
	owners := owners(m, d)
	var alarm []store.Order
	for _, owner := range owners {
		alarm = append(alarm, store.Order{Kind: Alarm, To: owner, Limit: store.Limit{AllDay: alarmsADay * len(owners)}})
	}
	limit := store.Limit{PerHour: perHour, PerDay: perDay, AllDay: m.Mail.PerDay, Alarm: alarm}
	switch {
	case d.Confirm:
		once := store.Limit{PerDay: 1, AllDay: m.Mail.PerDay}
		orders = append(orders, store.Order{Kind: Confirm, When: store.Unconfirmed, Limit: limit},
			store.Order{Kind: Reminder, After: remindIn, When: store.Unconfirmed, Limit: once})
		if d.Deliver != "" {
			orders = append(orders, store.Order{Kind: Welcome, When: store.Confirmed, Limit: store.Limit{PerHour: perHour, PerDay: perDay}})
		}
	case d.Deliver != "":
		orders = append(orders, store.Order{Kind: Welcome, Limit: limit})
	}
	return orders
}

// OnConfirm is what is to be sent when an address was confirmed for a form.
func OnConfirm(m manifest.Manifest, d form.Definition) []store.Order {
	orders := told(m.Webhooks, webhook.LeadConfirmed, store.Always)
	if d.Deliver != "" {
		orders = append(orders, store.Order{Kind: Welcome})
	}
	return orders
}

// OnErasure is what is to be sent when a person erased herself by the link in a
// mail. Of whom nothing is known any more no form is, so the site's owner is told.
func OnErasure(m manifest.Manifest) (orders []store.Order) {
	for _, owner := range owners(m, form.Definition{}) {
		orders = append(orders, store.Order{Kind: Erased, To: owner})
	}
	return orders
}

// owners are those who are told when something is wrong.
func owners(m manifest.Manifest, d form.Definition) []string {
	if len(d.Notify) > 0 {
		return d.Notify
	}
	if m.Mail.Sender.Email != "" {
		return []string{m.Mail.Sender.Email}
	}
	return nil
}

// aboutReceiver tells the owner that a receiver takes nothing.
func aboutReceiver(m manifest.Manifest, kind, receiver string, aDay int) (orders []store.Order) {
	for _, owner := range owners(m, form.Definition{}) {
		orders = append(orders, store.Order{Kind: kind, To: owner, Subject: receiver, Limit: store.Limit{AllDay: aDay}})
	}
	return orders
}
