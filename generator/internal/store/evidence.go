package store

import (
	"bytes"
	"context"
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"database/sql"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"fmt"
	"strings"
	"time"
)

// Deed is what an entry of the evidence tells of.
type Deed string

// The deeds.
const (
	HasAgreed    Deed = "agreed"       // a card came with a ticked box
	HasConfirmed Deed = "confirmed"    // the address, by the button behind a mail's link
	HasLeft      Deed = "unsubscribed" // no more mail
	WasMailed    Deed = "mailed"       // a mail server took a mail to the person
	WasErased    Deed = "erased"
)

// Proof is one entry of the evidence of consent: who did what, when and where.
// Which fields are filled depends on the deed. No entry is ever changed.
type Proof struct {
	N          int // its place among all entries, from 1
	At         time.Time
	Deed       Deed
	Lead       string
	Form       string
	Post       string // URL path of the page the card was sent on
	Placement  string
	Revision   string // of that page, as built
	TextHash   string // HashText of the sentence beside the box
	Submission string // id of the card
	Message    string // id of the mail, the first part of its Message-ID
	Kind       string // of the mail
	Text       string // the sentence; empty when it is not known any more
	Title      string // of the page, as built
}

// Fault is something wrong with the evidence.
type Fault struct {
	N    int    // of the entry; 0 where it is none in particular
	Said string // in a reader's words
}

// Record is the evidence, looked through.
type Record struct {
	Entries int    // all there are
	Seal    string // the end of the chain, in hex: whoever notes it down can tell later that nothing before it was changed
	Faults  []Fault
	Proofs  []Proof // of those asked for, in the order they were written
}

const (
	addProof = `insert into evidence (n, at, deed, lead, form, post, placement, revision, consent_text, submission, message, kind, person, link)
		values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14)`
	sealProof  = `update evidence set person = $2, link = $3 where n = $1`
	beginChain = `insert into chain (id, n, link) values (1, 0, $1) on conflict (id) do nothing`
	// Whoever moves the end of the chain holds it until the transaction ends, so
	// that two trackers write one chain.
	moveChain  = `update chain set n = n + $1 where id = 1 returning n, link`
	endChain   = `update chain set link = $1 where id = 1`
	chainEnd   = `select n, link from chain where id = 1`
	addSecret  = `insert into secrets (name, secret, made_at) values ($1, $2, $3) on conflict (name) do nothing`
	findSecret = `select secret from secrets where name = $1`
	findSalted = `select email, salt from leads where id = $1 and erased_at = 0`
	setSalt    = `update leads set salt = $2 where id = $1`
	evidence   = `select e.n, e.at, e.deed, e.lead, e.form, e.post, e.placement, e.revision, e.consent_text, e.submission, e.message, e.kind, e.person, e.link,
			coalesce(l.email, ''), l.salt, coalesce(l.erased_at, 0), coalesce(c.text, ''), coalesce(r.title, '')
		from evidence e left join leads l on l.id = e.lead left join consent_texts c on c.hash = e.consent_text
		left join revisions r on r.path = e.post and r.digest = e.revision `
	allEvidence = evidence + `order by e.n`
	unsealed    = evidence + `where length(e.link) = 1 order by e.n`

	// Where what is stored and what is proved disagree.
	agreedUnproved = `select id from submissions s where consent = 1 and lead is not null
		and not exists (select 1 from evidence e where e.lead = s.lead and e.deed = 'agreed' and e.submission = s.id) order by id`
	standingUnproved = `select id, 'confirmed' from leads l where confirmed_at > 0
			and not exists (select 1 from evidence e where e.lead = l.id and e.deed = 'confirmed' and e.at = l.confirmed_at)
		union all select id, 'unsubscribed' from leads l where unsubscribed_at > 0
			and not exists (select 1 from evidence e where e.lead = l.id and e.deed = 'unsubscribed' and e.at = l.unsubscribed_at) order by 2, 1`
	provedUnstored = `select id, 'confirmed' from leads l where confirmed_at = 0
			and exists (select 1 from evidence e where e.lead = l.id and e.deed = 'confirmed')
		union all select id, 'unsubscribed' from leads l where unsubscribed_at = 0 and 'unsubscribed' =
			(select e.deed from evidence e where e.lead = l.id and e.deed in ('confirmed', 'unsubscribed') order by e.n desc limit 1) order by 2, 1`
	cardChanged = `select e.n, e.submission from evidence e left join submissions s on s.id = e.submission where e.deed = 'agreed'
		and (s.id is null or s.received_at <> e.at or s.lead <> e.lead or s.form <> e.form or s.post <> e.post or s.placement <> e.placement
			or s.revision <> e.revision or s.consent_text <> e.consent_text or s.consent <> 1) order by e.n`
)

// The names of secrets.
const recordSecret = "evidence"

// prove adds an entry to the evidence. It is written when the transaction ends.
func (t *transaction) prove(p Proof) { t.proofs = append(t.proofs, p) }

// flushProofs writes the gathered entries at the end of the chain.
func (t *transaction) flushProofs() error {
	if len(t.proofs) == 0 {
		return nil
	}
	key, err := t.secret(recordSecret, t.proofs[0].At)
	if err != nil {
		return err
	}
	var last int
	var link []byte
	there, err := t.row(moveChain, []any{&last, &link}, len(t.proofs))
	if err == nil && !there {
		if err = t.beginChain(key); err == nil {
			there, err = t.row(moveChain, []any{&last, &link}, len(t.proofs))
		}
	}
	if err == nil && !there {
		err = errors.New("the end of the evidence vanished while it was written")
	}
	if err != nil {
		return err
	}
	for i, p := range t.proofs {
		p.N = last - len(t.proofs) + 1 + i
		person, err := t.personOf(p.Lead)
		if err != nil {
			return err
		}
		link = p.link(key, link, person)
		err = t.exec(addProof, p.N, p.At.UnixMilli(), string(p.Deed), p.Lead, p.Form, p.Post, p.Placement, p.Revision, p.TextHash, p.Submission, p.Message, p.Kind,
			person, link)
		if err != nil {
			return err
		}
	}
	return t.exec(endChain, link)
}

// beginChain makes the chain, of what was known before there was one.
func (t *transaction) beginChain(key []byte) error {
	n, err := t.changed(beginChain, unknown())
	if err != nil || n == 0 {
		return err // another tracker was first
	}
	var all []kept
	if err := each(t.ctx, t.conn, unsealed, nil, func(rows *sql.Rows) error {
		k, err := scanProof(rows)
		all = append(all, k)
		return err
	}); err != nil {
		return err
	}
	link := unknown()
	for _, k := range all {
		person, err := t.personOf(k.Lead)
		if err != nil {
			return err
		}
		link = k.Proof.link(key, link, person)
		if err := t.exec(sealProof, k.N, person, link); err != nil {
			return err
		}
	}
	var end int
	var none []byte
	if _, err := t.row(moveChain, []any{&end, &none}, len(all)); err != nil {
		return err
	}
	return t.exec(endChain, link)
}

// secret is a random key of 32 bytes, the same for whoever names it.
func (t *transaction) secret(name string, now time.Time) (secret []byte, err error) {
	there, err := t.row(findSecret, []any{&secret}, name)
	if err != nil || there {
		return secret, err
	}
	if err := t.exec(addSecret, name, random(), now.UnixMilli()); err != nil {
		return nil, err
	}
	_, err = t.row(findSecret, []any{&secret}, name)
	return secret, err
}

// unknown stands where a hash or a key will be. It is one zero byte, since of an
// empty blob drivers do not agree whether it is null.
func unknown() []byte { return []byte{0} }

func random() []byte {
	b := make([]byte, sha256.Size)
	_, _ = rand.Read(b) // never fails since Go 1.24
	return b
}

// personOf is what the evidence says of who a lead is. Its key, which is the
// lead's own, goes with the person; after that nothing is said.
func (t *transaction) personOf(lead string) ([]byte, error) {
	var email string
	var salt []byte
	known, err := t.row(findSalted, []any{&email, &salt}, lead)
	if err != nil || !known {
		return unknown(), err
	}
	if len(salt) == len(unknown()) { // a lead from before there was a record
		salt = random()
		if err := t.exec(setSalt, lead, salt); err != nil {
			return nil, err
		}
	}
	return keyed(salt, strings.ToLower(email)), nil
}

// keyed is the HMAC-SHA256 of values, each with its length.
func keyed(key []byte, values ...string) []byte {
	h := hmac.New(sha256.New, key)
	for _, value := range values {
		var size [8]byte
		binary.BigEndian.PutUint64(size[:], uint64(len(value)))
		h.Write(size[:])
		h.Write([]byte(value))
	}
	return h.Sum(nil)
}

// link seals an entry, and with it all entries before it.
func (p Proof) link(key, before, person []byte) []byte {
	return keyed(key, string(before), fmt.Sprint(p.N), fmt.Sprint(p.At.UnixMilli()), string(p.Deed), p.Lead, p.Form, p.Post, p.Placement, p.Revision,
		p.TextHash, p.Submission, p.Message, p.Kind, string(person))
}

// kept is an entry with what is needed to look through it.
type kept struct {
	Proof
	person, link []byte
	email        string // of the lead as it now is
	salt         []byte
	erased       bool
}

func scanProof(rows *sql.Rows) (k kept, err error) {
	var at, erased int64
	err = rows.Scan(&k.N, &at, &k.Deed, &k.Lead, &k.Form, &k.Post, &k.Placement, &k.Revision, &k.TextHash, &k.Submission, &k.Message, &k.Kind, &k.person, &k.link,
		&k.email, &k.salt, &erased, &k.Text, &k.Title)
	k.At, k.erased = time.UnixMilli(at).UTC(), erased > 0
	return k, err
}

// about says which entry one is.
func (p Proof) about() string {
	return fmt.Sprintf("entry %d of the evidence of consent (%s, %s)", p.N, p.Deed, p.At.Format(time.RFC3339))
}

// fault is what is wrong with an entry by itself and beside the one before it;
// empty when nothing is. known tells whether that one is there.
func (k kept) fault(key, before []byte, known bool) string {
	switch {
	case len(k.link) == len(unknown()):
		return k.about() + " is not sealed"
	case known && !hmac.Equal(k.Proof.link(key, before, k.person), k.link):
		return k.about() + " is not as it was written"
	case k.TextHash != "" && k.Text == "":
		return k.about() + " names a sentence, " + k.TextHash + ", that is not there any more"
	case k.TextHash != "" && HashText(k.Text) != k.TextHash:
		return k.about() + " names a sentence, " + k.TextHash + ", that was changed"
	case !k.erased && !hmac.Equal(keyed(k.salt, strings.ToLower(k.email)), k.person):
		return k.about() + " is of another address than lead " + k.Lead + " has now"
	}
	return ""
}

// record looks through the evidence and gives that of a lead; of all leads for an
// empty id.
func record(ctx context.Context, q querier, lead string) (r Record, err error) {
	var key, end []byte
	last := -1
	if err := each(ctx, q, findSecret, []any{recordSecret}, func(rows *sql.Rows) error { return rows.Scan(&key) }); err != nil {
		return r, err
	}
	if err := each(ctx, q, chainEnd, nil, func(rows *sql.Rows) error { return rows.Scan(&last, &end) }); err != nil {
		return r, err
	}
	blame := func(n int, said string) { r.Faults = append(r.Faults, Fault{n, said}) }
	before, known, at := unknown(), true, 0
	err = each(ctx, q, allEvidence, nil, func(rows *sql.Rows) error {
		k, err := scanProof(rows)
		if err != nil {
			return err
		}
		r.Entries++
		for at++; at < k.N; at++ {
			blame(at, fmt.Sprintf("entry %d of the evidence of consent is missing", at))
			known = false
		}
		if last < 0 && len(k.link) == len(unknown()) {
			// From before there was evidence, and nothing came since.
		} else if said := k.fault(key, before, known); said != "" {
			blame(k.N, said)
		}
		before, known = k.link, true
		if lead == "" || lead == k.Lead {
			r.Proofs = append(r.Proofs, k.Proof)
		}
		return nil
	})
	if err != nil {
		return r, err
	}
	for at++; at <= last; at++ {
		blame(at, fmt.Sprintf("entry %d of the evidence of consent is missing", at))
	}
	if last >= 0 && r.Entries > 0 && len(r.Faults) == 0 && !bytes.Equal(before, end) {
		blame(last, "the end of the evidence of consent is not where it was written")
	}
	r.Seal = hex.EncodeToString(end)
	return r, nil
}

// unproved is where what is stored and what is proved disagree.
func unproved(ctx context.Context, q querier) (faults []Fault, err error) {
	blame := func(n int, said string) { faults = append(faults, Fault{n, said}) }
	err = each(ctx, q, agreedUnproved, nil, func(rows *sql.Rows) error {
		var card string
		err := rows.Scan(&card)
		blame(0, fmt.Sprintf("the card %s has a ticked box, and the evidence of consent knows nothing of it", card))
		return err
	})
	if err != nil {
		return nil, err
	}
	err = each(ctx, q, standingUnproved, nil, func(rows *sql.Rows) error {
		var lead, deed string
		err := rows.Scan(&lead, &deed)
		blame(0, fmt.Sprintf("lead %s has %s, and the evidence of consent knows nothing of it", lead, deed))
		return err
	})
	if err != nil {
		return nil, err
	}
	err = each(ctx, q, provedUnstored, nil, func(rows *sql.Rows) error {
		var lead, deed string
		err := rows.Scan(&lead, &deed)
		blame(0, fmt.Sprintf("lead %s has %s by the evidence of consent, and is not stored as one that has", lead, deed))
		return err
	})
	if err != nil {
		return nil, err
	}
	err = each(ctx, q, cardChanged, nil, func(rows *sql.Rows) error {
		var n int
		var card string
		err := rows.Scan(&n, &card)
		blame(n, fmt.Sprintf("entry %d of the evidence of consent tells of card %s, which is not there any more, or is not as it was", n, card))
		return err
	})
	return faults, err
}

// Evidence implements Store.
func (d *database) Evidence(ctx context.Context, lead string) (r Record, err error) {
	tx, err := d.reading.BeginTx(ctx, moment())
	if err != nil {
		return r, fmt.Errorf("read the evidence of consent: %w", err)
	}
	defer func() { _ = tx.Rollback() }() // it only read
	if r, err = record(ctx, tx, lead); err != nil {
		return r, fmt.Errorf("read the evidence of consent: %w", err)
	}
	return r, nil
}
