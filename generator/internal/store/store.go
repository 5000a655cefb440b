package store

import (
	"context"
	"errors"
	"time"

	"cardbowl/generator/internal/form"
	"cardbowl/generator/internal/funnel"
)

// Store is what every kind of database offers. All methods may be called by
// many goroutines. Errors of writing wrap ErrUnavailable when trying again later
// may help.
type Store interface {
	// Submit stores a submission with all it counts for. When it returns
	// without error both are on disk.
	Submit(ctx context.Context, s Submission) (Receipt, error)
	// Count stores one event. When it returns without error it is on disk.
	Count(ctx context.Context, e Event) error
	// CountSoon hands over an event without waiting; it is on disk within a
	// second. False when the queue is full or the store has stopped: then the
	// event is lost, so that pages keep being served.
	CountSoon(e Event) bool
	// Salt is the random salt of the day of now, which is in the site's zone:
	// the same for every caller of that day. It is destroyed by Purge.
	Salt(ctx context.Context, now time.Time) ([]byte, error)
	// Remember notes what the site is made of: pages keep their names after
	// they are gone, consent sentences can be looked up by hash. What is known
	// already costs nothing.
	Remember(ctx context.Context, now time.Time, pages []Page, texts []ConsentText) error
	// Purge destroys salts made more than 47 hours before now, or before
	// yesterday, the visits they belong to, and keys of retries nobody will
	// make any more. Called every hour, no salt lives for more than 48 hours.
	Purge(ctx context.Context, now time.Time) error
	// Counts is everything counted between two days (YYYY-MM-DD), both
	// included; an empty since means from the beginning.
	Counts(ctx context.Context, since, until string) (funnel.Counts, error)
	// Breakdown is what was counted between two days, as in Counts, by a
	// dimension: of one post, of the whole site (funnel.SiteWide), or of every
	// post (an empty path; not of the whole site then). Which posts a dimension
	// is kept for: sources of both, revisions of posts, all others of the site.
	Breakdown(ctx context.Context, d funnel.Dimension, post, since, until string) (funnel.Breakdown, error)
	// Parts is a Breakdown without its Leads, for which each card has to be looked at.
	Parts(ctx context.Context, d funnel.Dimension, post, since, until string) (funnel.Breakdown, error)
	// Trend is what was counted of some posts on each day between two, both
	// included, by post and day; days without anything are left out. It looks up
	// each day of each post, so both are to be few.
	Trend(ctx context.Context, posts []string, since, until string) ([]funnel.PostDay, error)
	// Submissions is every stored submission of those days, oldest first.
	Submissions(ctx context.Context, since, until string) ([]Stored, error)
	// Trapped are the cards in quarantine, the newest first, so many at most.
	Trapped(ctx context.Context, most int) ([]Stored, error)
	// Release takes a card out of quarantine and counts it as if it had been
	// accepted when it came, on its day in the site's zone, without what was read
	// that day, which was not kept. ErrNotTrapped where it is not there any more.
	Release(ctx context.Context, id string, zone *time.Location, orders []Order) (Receipt, error)
	// Enter stores what happened to a lead, with all it counts for: the sales
	// stages, which are given in their order, and what the lead brought. It is
	// ErrNoLead for a lead that does not exist.
	Enter(ctx context.Context, lead string, e Entry, stages []string) error
	// Step is one entry of a lead, by its number; ErrNoLead when it is not there.
	Step(ctx context.Context, lead string, n int) (Step, error)
	// Waits is how long it took from the first card, to the second, of those who
	// reached a stage of sales by an entry between two days and have not been taken
	// back from it since. Whoever it skipped is not among them.
	Waits(ctx context.Context, stage, since, until string) ([]funnel.Wait, error)
	// Progress is all that happened to leads, by lead, of those to whom anything did.
	Progress(ctx context.Context) ([]Progress, error)
	// Card is one stored submission, by its id; ErrNoLead when it is not there.
	Card(ctx context.Context, id string) (Stored, error)
	// Person is what is known of a lead beside its cards; ErrNoLead for one that
	// does not exist.
	Person(ctx context.Context, lead string) (Person, error)
	// People is what is known of every lead beside its cards.
	People(ctx context.Context) ([]Person, error)
	// Find is the id of the person with an address, in letters of either case, or
	// with this id; ErrNoLead where there is none. It reads one row, however many
	// people there are.
	Find(ctx context.Context, who string) (lead string, err error)
	// Leads is a page of people, the newest first, with all that is known of them;
	// ErrNoLead when the one it is to begin after does not exist.
	Leads(ctx context.Context, q LeadQuery) (LeadPage, error)
	// Import brings people over from elsewhere and tells how many are new. Whoever
	// is known by address is left as is, so that once more changes nothing. Nothing
	// is counted: they belong to no post until they send a card, and what they had
	// reached is noted as reached. now is in the site's zone.
	Import(ctx context.Context, now time.Time, leads []ImportedLead, stages []string) (added int, err error)
	// Stages is how many leads are in each stage of sales; an empty one is none yet.
	Stages(ctx context.Context) (map[string]int, error)
	// Confirm notes that a lead has confirmed the address, for the form that
	// asked for it. The first time counts, for the post of the lead's first card;
	// the orders are carried out whenever the lead was not confirmed.
	Confirm(ctx context.Context, lead, form string, at time.Time, orders []Order) error
	// Unsubscribe notes that a lead wants no more mail.
	Unsubscribe(ctx context.Context, lead string, at time.Time, orders []Order) error
	// Evidence is what the person behind a lead agreed to and what came of it, of
	// all people for an empty id; and whether the whole of the evidence is as it
	// was written.
	Evidence(ctx context.Context, lead string) (Record, error)
	// Erase takes the person behind a lead out of the store: address, answers,
	// notes, links, what waits to be sent. No count changes, and what was counted
	// stays credited. With remember a keyed hash of the address stays, and while it
	// does, nothing is sent to the address. The orders, whose recipients are to be
	// named, are written with it. ErrNoLead for one that is not there.
	Erase(ctx context.Context, lead string, at time.Time, remember bool, orders ...Order) (Erasure, error)
	// Lapse erases whose time is over, of each kind at most so many. It is called
	// again until there are none.
	Lapse(ctx context.Context, now time.Time, r Retention, limit int) (Lapsed, error)
	// Scrub waits until the store's own files hold nothing of what was destroyed,
	// as far as the database can see to it.
	Scrub(ctx context.Context) error
	// Suppressed is since when nothing is sent to an address, because whoever it
	// belongs to was erased; zero when mail may be sent.
	Suppressed(ctx context.Context, email string) (time.Time, error)
	// Allow lets mail go to such an address again; false when it was no such one.
	Allow(ctx context.Context, email string, now time.Time) (bool, error)
	// Dossier is all that is kept of one person; ErrNoLead where there is none.
	Dossier(ctx context.Context, lead string) (Dossier, error)
	// Claim takes messages that are due, of the kinds like a pattern (% is any
	// text) and to one recipient or, where that is empty, to any, and holds them
	// until the lease is over; attempts are counted.
	Claim(ctx context.Context, kinds, to string, now time.Time, lease time.Duration, limit int) ([]Message, error)
	// Due tells whether there is a message that Claim would find for a recipient.
	// It asks for no more than that, however much waits.
	Due(ctx context.Context, to string, now time.Time) (bool, error)
	// Recipients are all to whom messages are due, as Claim would find them.
	Recipients(ctx context.Context, kinds string, now time.Time) ([]string, error)
	// Settle notes what became of a claimed message. Waiting means again at that
	// time; said is why.
	Settle(ctx context.Context, id string, state MessageState, again time.Time, said string, now time.Time) error
	// RetryMessage makes a dead or waiting message due now; false when there is none.
	RetryMessage(ctx context.Context, id string, now time.Time) (bool, error)
	// Enqueue carries out orders whose reason is nothing that is stored.
	Enqueue(ctx context.Context, orders []Order, at time.Time) error
	// TurnAway notes that a recipient wants nothing any more: what waits for it is
	// dead, and orders for it are not carried out until Readmit. The orders here are
	// carried out the first time.
	TurnAway(ctx context.Context, to, said string, now time.Time, orders []Order) error
	// Readmit undoes TurnAway, but for messages that were given up; false where
	// there is nothing to undo.
	Readmit(ctx context.Context, to string) (bool, error)
	// TurnedAway are the recipients that want nothing any more, by address.
	TurnedAway(ctx context.Context) ([]Refusal, error)
	// Queues is how much of the outbox is not sent, by kind and state.
	Queues(ctx context.Context) ([]Queue, error)
	// Messages is the outbox, of those made since a moment, the oldest first.
	Messages(ctx context.Context, since time.Time) ([]Message, error)
	// Permit makes a token for a link in a mail; only its digest is kept.
	Permit(ctx context.Context, k Token, now time.Time, valid time.Duration) (string, error)
	// Permitted is what a token permits, or ErrNoToken.
	Permitted(ctx context.Context, token, purpose string, now time.Time) (Token, error)
	// Ready tells whether the store can be read and still acknowledges.
	Ready(ctx context.Context) error
	// Close commits what was handed over, and ends. Later calls fail.
	Close() error
}

// Why a store would not do what it was asked.
var (
	ErrUnavailable = errors.New("the store cannot commit now")
	ErrStopped     = errors.New("the store has stopped acknowledging: the disk failed to confirm a write; restart after checking the disk")
	ErrClosed      = errors.New("the store is closed")
	ErrReadOnly    = errors.New("the store is open for reading only")
	ErrNoStore     = errors.New("there is no store yet")
)

// Status is what became of a submission.
type Status string

// The statuses. Only accepted ones are counted.
const (
	Accepted    Status = "accepted"
	Duplicate   Status = "duplicate"   // the same again within FoldFor
	Quarantined Status = "quarantined" // fell into the honeypot; kept where the owner can look
)

// FoldFor is how long a second submission with the same Fold is a duplicate.
const FoldFor = 24 * time.Hour

// keyFor is how long a retry with the same Key is recognised.
const keyFor = 30 * 24 * time.Hour

// Submission is one accepted form. At carries the site's time zone: its calendar
// date there is the day the submission counts for.
type Submission struct {
	At          time.Time
	Post        string // URL path of a page of the site; funnel.Other when the site has no such page
	Claim       string // the post as the form named it, when Post is funnel.Other
	Form        string
	Placement   string
	Revision    string // of the post, as built
	Email       string // normalised; empty when the form has no address
	Fields      []form.Answer
	Consent     bool   // the box was ticked
	ConsentText string // HashText of the sentence beside the box; empty without one
	Quarantined bool
	Silent      bool    // nothing is to be mailed to Email because of it: its domain has been written to enough of late. Not kept
	Key         []byte  // the same for every retry of one submission; nil: it cannot be told from a new one
	Fold        []byte  // the same for submissions that say the same; nil: never folds
	Visitor     []byte  // hash of the visitor under the day's salt; nil: unknown
	Orders      []Order // what is to be sent when it is counted; not kept with it
}

// Journey is what the day's reading says of a submission. It is joined when the
// submission is stored, by the hash of the visitor, which is then forgotten.
type Journey struct {
	FirstPost string        // URL path of the first post the visitor read that day; Post where that is not known
	Assists   []string      // paths of the other posts read that day, besides Post, in the order they were read
	Origin    funnel.Origin // the zero value where it is not known
}

// Receipt is the answer to a Submission. A retry gets the receipt of the first.
type Receipt struct {
	ID     string // UUID, version 7
	Status Status
	Retry  bool // this submission was stored before, by the same Key
}

// Stored is a Submission as it is kept.
type Stored struct {
	ID     string
	Status Status
	Lead   string // id of the person; empty when not Accepted or Duplicate, or erased since
	Submission
	Journey
}

// Event is one thing a reader did. At is as in Submission.
type Event struct {
	At        time.Time
	Post      string // URL path of a page of the site
	Form      string // empty for page_view
	Placement string // empty for page_view
	Step      funnel.Step
	Visitor   []byte        // nil: counted, but not as a visitor
	Revision  string        // of the page, as built; may be empty
	IsPost    bool          // the page is a post: to read it is part of a journey
	Origin    funnel.Origin // of a page_view; the first of the day is the visitor's
}

// Page is one revision of a page.
type Page struct {
	Path, Digest, Title, Kind string
	Date                      string // YYYY-MM-DD or empty
}

// ConsentText is a sentence a visitor may agree to.
type ConsentText struct {
	Hash string // HashText of Text
	Text string
}
