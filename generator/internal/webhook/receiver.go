package webhook

import (
	_ "embed"
	"fmt"
	"net/netip"
	"net/url"
	"regexp"
	"slices"
	"strings"

	"cardbowl/generator/internal/diag"
	"cardbowl/generator/internal/network"
)

// Source is this file: the comments on the keys are the reference that the
// manual and the help show.
//
//go:embed receiver.go
var Source string

// Receiver is a program that is told of leads, as site.yaml describes it.
type Receiver struct {
	// Where the receiver is: `https://crm.example.com/leads`.
	URL string `yaml:"url" json:"url"`
	// What it is told. Without this key, everything that begins with `lead.`.
	Events []string `yaml:"events" json:"events"`
	// The name of the variable in the environment that holds the secret; never the
	// secret itself. Without this key, CARDBOWL_WEBHOOK_SECRET.
	Secret string `yaml:"secret" json:"secret"`
	// The receiver may be on this machine or in a private network, and may then be
	// written with `http://`.
	AllowPrivate bool `yaml:"allowPrivate" json:"allow_private,omitempty"`
}

// What a receiver may be told.
const (
	Kind = "hook." // begins the kind of a message to a receiver in the outbox; the event follows

	LeadCreated      = "lead.created"  // the first card of a person
	CardReceived     = "card.received" // every card that counts
	LeadConfirmed    = "lead.confirmed"
	LeadStageChanged = "lead.stage_changed"
	LeadUnsubscribed = "lead.unsubscribed"
	LeadErased       = "lead.erased"  // not asked for: sent to whoever was told of the person
	Test             = "webhook.test" // not asked for: sent by hand
)

// DefaultSecret is the variable of a Receiver that names none.
const DefaultSecret = "CARDBOWL_WEBHOOK_SECRET"

// Events are all that can be asked for.
func Events() []string {
	return []string{LeadCreated, LeadConfirmed, LeadStageChanged, LeadUnsubscribed, CardReceived}
}

// Complete fills in what a receiver leaves out.
func (d Receiver) Complete() Receiver {
	if len(d.Events) == 0 {
		d.Events = []string{LeadCreated, LeadConfirmed, LeadStageChanged, LeadUnsubscribed}
	}
	if d.Secret == "" {
		d.Secret = DefaultSecret
	}
	return d
}

// Wants tells whether a receiver is to be told of an event.
func (d Receiver) Wants(event string) bool { return slices.Contains(d.Events, event) }

// Find is the receiver with an address.
func Find(all []Receiver, address string) (Receiver, bool) {
	i := slices.IndexFunc(all, func(d Receiver) bool { return d.URL == address })
	if i < 0 {
		return Receiver{}, false
	}
	return all[i], true
}

// VariableName is what the name of a secret looks like.
const VariableName = `^[A-Z_][A-Z0-9_]{0,63}$`

var variableName = regexp.MustCompile(VariableName)

// Problem is one thing wrong with a Receiver.
type Problem struct {
	Key     string // of site.yaml
	Message string // lower case, no final stop
	Hint    string // may be empty
}

// Check says everything that is wrong with a receiver.
func Check(d Receiver) (found []Problem) {
	add := func(key, message, hint string) { found = append(found, Problem{key, message, hint}) }
	u, err := url.Parse(d.URL)
	switch {
	case d.URL == "":
		add("url", "a webhook has no url", "write it as https://crm.example.com/leads")
	case err != nil || u.Hostname() == "" || u.Scheme != "https" && u.Scheme != "http":
		add("url", fmt.Sprintf("`%s` is not the address of a receiver", d.URL), "write it as https://crm.example.com/leads")
	case u.User != nil:
		add("url", "a user and a password do not belong into the address of a webhook", "what is sent is signed: let the receiver check that")
	case u.Fragment != "":
		add("url", fmt.Sprintf("`%s` has a part after a #, which is never sent", d.URL), "")
	case u.Scheme == "http" && !d.AllowPrivate:
		add("url", "http:// sends what people wrote readable over the network", "write https://, or `allowPrivate: true` for a receiver in your own network")
	case !d.AllowPrivate && inside(u.Hostname()):
		add("url", fmt.Sprintf("`%s` is this machine or in a private network", u.Hostname()), "`allowPrivate: true` allows it")
	}
	for i, event := range d.Events {
		switch {
		case !slices.Contains(Events(), event):
			hint := diag.DidYouMean(event, Events())
			if hint == "" {
				hint = "the events are " + strings.Join(Events(), ", ")
			}
			add("events", fmt.Sprintf("there is no event `%s`", event), hint)
		case slices.Contains(d.Events[:i], event):
			add("events", fmt.Sprintf("the event `%s` stands twice", event), "")
		}
	}
	if d.Secret != "" && !variableName.MatchString(d.Secret) {
		add("secret", "secret is the name of a variable in the environment, not the secret", "write `secret: CARDBOWL_WEBHOOK_CRM`, and put the secret into the environment of the tracker")
	}
	return found
}

// inside tells a host that needs no lookup to be seen as private.
func inside(host string) bool {
	if ip, err := netip.ParseAddr(host); err == nil {
		return !network.Public(ip)
	}
	host = strings.TrimSuffix(strings.ToLower(host), ".")
	return host == "localhost" || strings.HasSuffix(host, ".localhost")
}
