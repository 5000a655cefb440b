package store

import (
	"bytes"
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"cardbowl/generator/internal/form"
	"cardbowl/generator/internal/funnel"
)

// The statements below are the whole of what is written, the same text for
// every dialect. None needs to read before it writes where two trackers could
// both have read: the row's own conflict decides who was first.

const (
	addRetry  = `insert into retries (key, submission, received_at) values ($1, $2, $3) on conflict (key) do nothing returning submission`
	findRetry = `select s.id, s.status from retries r join submissions s on s.id = r.submission where r.key = $1`
	moveRetry = `update retries set submission = $2, received_at = $3 where key = $1`
	// A fold that is too old is taken over by the newcomer. No row comes back
	// when the fold stands, which makes the newcomer a duplicate.
	addFold = `insert into folds (fold, submission, received_at) values ($1, $2, $3)
		on conflict (fold) do update set submission = excluded.submission, received_at = excluded.received_at
		where folds.received_at <= excluded.received_at - $4
		returning submission`
	addLead = `insert into leads (id, address, email, created_at, day, post, form, placement, credit, salt) values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)
		on conflict (address) do nothing returning id`
	findLead = `select id from leads where address = $1`
	// The cards of a person on a post, by day: the last one up to a day, the first after it.
	lastCard      = `select coalesce(max(day), '') from submissions where lead = $1 and post = $2 and status = 'accepted' and day <= $3`
	nextCard      = `select coalesce(min(day), '') from submissions where lead = $1 and post = $2 and status = 'accepted' and day > $3`
	addSubmission = `insert into submissions (id, received_at, day, post, claim, form, placement, revision, email, fields, consent, consent_text, status, lead,
			first_post, assists, source, campaign, origin)
		values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19)`
	// The mask comes back only when the step is new for this visitor, so what
	// comes back tells all: which bits there are now, and that this one was not.
	addVisit = `insert into visits (day, visitor, post, steps, read_at, origin) values ($1, $2, $3, $4, $5, $6)
		on conflict (day, visitor, post) do update set steps = visits.steps | excluded.steps,
			read_at = case when visits.read_at = 0 then excluded.read_at else visits.read_at end,
			origin = case when visits.origin = '' then excluded.origin else visits.origin end
		where visits.steps & excluded.steps = 0
		returning steps`
	addSalt      = `insert into salts (day, salt, made_at) values ($1, $2, $3) on conflict (day) do nothing`
	findSalt     = `select salt from salts where day = $1`
	dropSalts    = `delete from salts where day < $1 or made_at <= $2`
	dropVisits   = `delete from visits where day < $1 or day not in (select day from salts)`
	dropRetries  = `delete from retries where received_at <= $1`
	dropFolds    = `delete from folds where received_at <= $1`
	addRevision  = `insert into revisions (path, digest, title, kind, date, first_seen) values ($1, $2, $3, $4, $5, $6) on conflict (path, digest) do nothing`
	addConsent   = `insert into consent_texts (hash, text, first_seen) values ($1, $2, $3) on conflict (hash) do nothing`
	saltLifetime = 47 * time.Hour
)

// The bits of visits.steps. They are part of the schema: never renumber.
const (
	bitPageView   = 1
	bitFormView   = 2
	bitFormStart  = 4
	bitFormSubmit = 8
	bitConversion = 16 // only in the row of the whole site: on some post both happened
	bitFirstPost  = 32 // a card was credited to this post as the first one read
	bitAssist     = 64 // a card was credited to this post as one read besides
)

// bitOf is the bit of a step, or 0 when visitors are not counted for it.
func bitOf(s funnel.Step) int64 {
	switch s {
	case funnel.PageView:
		return bitPageView
	case funnel.FormView:
		return bitFormView
	case funnel.FormStart:
		return bitFormStart
	case funnel.FormSubmit:
		return bitFormSubmit
	case funnel.Conversion:
		return bitConversion
	}
	return 0
}

// submit writes one submission and everything it counts for.
func (t *transaction) submit(s Submission, id string) (Receipt, error) {
	at, day := s.At.UnixMilli(), dayOf(s.At)
	if s.Key != nil {
		var first, status string
		isNew, err := t.row(addRetry, []any{&first}, s.Key, id, at)
		if err != nil {
			return Receipt{}, err
		}
		if !isNew {
			known, err := t.row(findRetry, []any{&first, &status}, s.Key)
			if err != nil {
				return Receipt{}, err
			}
			if known {
				return Receipt{first, Status(status), true}, nil
			}
			// The submission was erased since: its retry is the new first.
			if err := t.exec(moveRetry, s.Key, id, at); err != nil {
				return Receipt{}, err
			}
		}
	}
	status := Accepted
	if s.Quarantined {
		status = Quarantined
	} else if s.Fold != nil {
		var first string
		isNew, err := t.row(addFold, []any{&first}, s.Fold, id, at, FoldFor.Milliseconds())
		if err != nil {
			return Receipt{}, err
		}
		if !isNew {
			status = Duplicate
		}
	}
	var lead any // null for what is not a person's doing
	var j Journey
	if status != Quarantined {
		var err error
		if j, err = t.journey(s); err != nil {
			return Receipt{}, err
		}
		who, err := t.lead(s, j, id)
		if err != nil {
			return Receipt{}, err
		}
		lead = who
		if status == Accepted && who != id {
			if err := t.repeat(who, s.Post, day); err != nil {
				return Receipt{}, err
			}
			if err := t.adopt(who, s, j); err != nil {
				return Receipt{}, err
			}
		}
	}
	fields, err := encodeFields(s.Fields)
	if err != nil {
		return Receipt{}, err
	}
	assists, origin, err := j.encoded()
	if err != nil {
		return Receipt{}, err
	}
	consent := 0
	if s.Consent {
		consent = 1
	}
	err = t.exec(addSubmission, id, at, day, s.Post, s.Claim, s.Form, s.Placement, s.Revision, s.Email, fields, consent, s.ConsentText, string(status), lead,
		j.FirstPost, assists, j.Origin.Source, j.Origin.Campaign, origin)
	if err != nil {
		return Receipt{}, err
	}
	if s.Consent && status != Quarantined {
		t.prove(Proof{At: s.At, Deed: HasAgreed, Lead: fmt.Sprint(lead), Form: s.Form, Post: s.Post, Placement: s.Placement, Revision: s.Revision,
			TextHash: s.ConsentText, Submission: id})
	}
	if status == Accepted {
		e := Event{At: s.At, Post: s.Post, Form: s.Form, Placement: s.Placement, Step: funnel.FormSubmit, Visitor: s.Visitor, Revision: s.Revision}
		if err := t.count(e); err != nil {
			return Receipt{}, err
		}
		if err := t.creditCard(s, j); err != nil {
			return Receipt{}, err
		}
		orders := s.Orders
		if s.Silent {
			orders = slices.DeleteFunc(slices.Clone(orders), func(o Order) bool { return o.To == "" })
		}
		err = t.enqueue(orders, fmt.Sprint(lead), id, s.Form, s.At)
	}
	return Receipt{ID: id, Status: status}, err
}

// lead is the id of the person behind a submission, who may be new.
func (t *transaction) lead(s Submission, j Journey, id string) (string, error) {
	var address any // null never conflicts: without an address each submission is its own lead
	if s.Email != "" {
		address = strings.ToLower(s.Email)
		var known string
		if ok, err := t.row(findLead+t.hold, []any{&known}, address); err != nil || ok {
			return known, err
		}
	}
	credited, err := json.Marshal(credit{j.FirstPost, j.Assists, j.Origin.Source, j.Origin.Campaign, s.Revision})
	if err != nil {
		return "", err
	}
	var made string
	ok, err := t.row(addLead, []any{&made}, id, address, s.Email, s.At.UnixMilli(), dayOf(s.At), s.Post, s.Form, s.Placement, string(credited), random())
	if err != nil || ok {
		return made, err
	}
	// Another tracker was first in the meantime.
	ok, err = t.row(findLead+t.hold, []any{&made}, address)
	if err == nil && !ok {
		err = errors.New("a lead vanished while it was written")
	}
	return made, err
}

// repeat notes the card that a person is about to send on a post, on a day,
// where it stands between earlier and later ones of the same person there.
func (t *transaction) repeat(lead, post, day string) error {
	var last, next string
	if _, err := t.row(lastCard, []any{&last}, lead, post, day); err != nil {
		return err
	}
	if last != "" {
		t.repeated(repeatKey{day, post, last}, 1)
	}
	if last == day { // whatever comes next has seen this day already
		return nil
	}
	if _, err := t.row(nextCard, []any{&next}, lead, post, day); err != nil || next == "" {
		return err
	}
	if last != "" {
		t.repeated(repeatKey{next, post, last}, -1)
	}
	t.repeated(repeatKey{next, post, day}, 1)
	return nil
}

// count writes one step of a reader.
func (t *transaction) count(e Event) error {
	day := dayOf(e.At)
	t.tally(tallyKey{day, e.Post, e.Form, e.Placement, e.Step})
	origin, err := t.origin(day, e)
	if err != nil {
		return err
	}
	post, site := reached{}, reached{}
	if bit := bitOf(e.Step); e.Visitor != nil && bit != 0 {
		if e.Post != funnel.Other {
			if post, err = t.visit(day, e, e.Post, bit, bitPageView|bitFormSubmit, ""); err != nil {
				return err
			}
		}
		if site, err = t.visit(day, e, funnel.SiteWide, bit, 0, origin.text); err != nil {
			return err
		}
		if post.converted {
			all, err := t.visit(day, e, funnel.SiteWide, bitConversion, 0, "")
			if err != nil {
				return err
			}
			site.converted = all.isNew
		}
	}
	if post.isNew {
		t.reached(reachKey{day, e.Post, e.Step})
	}
	if post.converted {
		t.reached(reachKey{day, e.Post, funnel.Conversion})
	}
	if site.isNew {
		t.reached(reachKey{day, funnel.SiteWide, e.Step})
	}
	if site.converted {
		t.reached(reachKey{day, funnel.SiteWide, funnel.Conversion})
	}
	return t.breakDown(day, e, origin, post, site)
}

// reached says what a step was for a visitor at a place.
type reached struct {
	isNew     bool // the visitor had not taken it there that day
	converted bool // with it the visitor has now done there all that a Conversion takes
}

// visit notes a step of the visitor of an event at a place: a path, SiteWide, or
// one that no path can be. whole is the bits that make a Conversion there.
func (t *transaction) visit(day string, e Event, place string, bit, whole int64, origin string) (reached, error) {
	readAt := int64(0)
	if e.IsPost && e.Step == funnel.PageView && place == e.Post {
		readAt = max(e.At.UnixMilli(), 1)
	}
	if t.past != nil {
		steps, isNew := t.past.visit(day, e.Visitor, place, bit, readAt, origin)
		return reached{isNew, isNew && bit&whole != 0 && steps&whole == whole}, nil
	}
	var steps int64
	isNew, err := t.row(addVisit, []any{&steps}, day, e.Visitor, place, bit, readAt, origin)
	return reached{isNew, isNew && bit&whole != 0 && steps&whole == whole}, err
}

// salt is the day's salt, made if this is its first use.
func (t *transaction) salt(now time.Time) ([]byte, error) {
	fresh := make([]byte, 32)
	_, _ = rand.Read(fresh) // never fails since Go 1.24
	if err := t.exec(addSalt, dayOf(now), fresh, now.UnixMilli()); err != nil {
		return nil, err
	}
	var salt []byte
	ok, err := t.row(findSalt, []any{&salt}, dayOf(now))
	if err == nil && !ok {
		err = errors.New("the salt of the day vanished while it was written")
	}
	return salt, err
}

// purge tells whether a salt was among what it destroyed.
func (t *transaction) purge(now time.Time) (salts bool, err error) {
	yesterday := dayOf(now.AddDate(0, 0, -1))
	n, err := t.changed(dropSalts, yesterday, now.Add(-saltLifetime).UnixMilli())
	if err != nil {
		return false, err
	}
	return n > 0, errors.Join(
		t.exec(dropVisits, yesterday),
		t.exec(dropRetries, now.Add(-keyFor).UnixMilli()),
		t.exec(dropFolds, now.Add(-FoldFor).UnixMilli()),
		t.exec(dropMessages, now.Add(-messageFor).UnixMilli()),
		t.exec(dropTokens, now.UnixMilli()),
	)
}

func (t *transaction) remember(now time.Time, pages []Page, texts []ConsentText) error {
	at := now.UnixMilli()
	for _, p := range pages {
		if err := t.exec(addRevision, p.Path, p.Digest, p.Title, p.Kind, p.Date, at); err != nil {
			return err
		}
	}
	for _, c := range texts {
		if err := t.exec(addConsent, c.Hash, c.Text, at); err != nil {
			return err
		}
	}
	return nil
}

// encodeFields is the answers as one JSON object whose keys keep the order of
// the form.
func encodeFields(fields []form.Answer) (string, error) {
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	b.WriteByte('{')
	for i, f := range fields {
		if i > 0 {
			b.WriteByte(',')
		}
		if err := e.Encode(f.Name); err != nil {
			return "", err
		}
		b.Truncate(b.Len() - 1) // the encoder's line end
		b.WriteByte(':')
		if err := e.Encode(f.Value); err != nil {
			return "", err
		}
		b.Truncate(b.Len() - 1)
	}
	b.WriteByte('}')
	return b.String(), nil
}

// decodeFields reads what encodeFields wrote, in its order.
func decodeFields(text string) ([]form.Answer, error) {
	d := json.NewDecoder(strings.NewReader(text))
	if start, err := d.Token(); err != nil || start != json.Delim('{') {
		return nil, fmt.Errorf("read stored fields: no object (%v)", err)
	}
	var fields []form.Answer
	for d.More() {
		name, err := d.Token()
		if err != nil {
			return nil, fmt.Errorf("read stored fields: %w", err)
		}
		var value string
		if err := d.Decode(&value); err != nil {
			return nil, fmt.Errorf("read stored fields: %w", err)
		}
		fields = append(fields, form.Answer{Name: fmt.Sprint(name), Value: value})
	}
	return fields, nil
}
