package store

import (
	"context"
	"database/sql"
	"encoding/json"
	"fmt"
	"slices"
	"time"

	"cardbowl/generator/internal/funnel"
)

const (
	findOrigin = `select origin from visits where day = $1 and visitor = $2 and post = $3`
	postsRead  = `select post from visits where day = $1 and visitor = $2 and read_at > 0 order by read_at, post limit $3`
	sumParts   = `select post, key, step, sum(n), sum(visitors), sum(amount) from breakdowns
		where dimension = $1 and post = $2 and day >= $3 and day <= $4 group by post, key, step`
	allRevisions    = `select path, digest, title, first_seen from revisions order by path, first_seen, digest`
	sumPartsOfPosts = `select post, key, step, sum(n), sum(visitors), sum(amount) from breakdowns
		where dimension = $1 and post <> '*' and day >= $2 and day <= $3 group by post, key, step`
)

// maxRead is how many posts of a day a journey holds.
const maxRead = 50

// origin is an Origin and how it is written; an unknown one is the empty text.
type origin struct {
	funnel.Origin
	text string
}

// origin is where the visitor of an event came from: what the first page of the
// day said. Of a visitor who is not told apart only the event itself can say.
func (t *transaction) origin(day string, e Event) (origin, error) {
	if e.Visitor != nil {
		var kept origin
		if t.past != nil {
			kept.text = t.past.origin(day, e.Visitor, funnel.SiteWide)
		} else if _, err := t.row(findOrigin, []any{&kept.text}, day, e.Visitor, funnel.SiteWide); err != nil {
			return origin{}, err
		}
		if kept.text != "" {
			if err := json.Unmarshal([]byte(kept.text), &kept.Origin); err != nil {
				return origin{}, fmt.Errorf("read where a visitor came from: %w", err)
			}
			return kept, nil
		}
	}
	if e.Origin == (funnel.Origin{}) {
		return origin{}, nil
	}
	text, err := json.Marshal(e.Origin)
	return origin{e.Origin, string(text)}, err
}

// breakDown counts an event by everything but its post.
func (t *transaction) breakDown(day string, e Event, o origin, post, site reached) error {
	add := func(d funnel.Dimension, place, key string, r reached) {
		sum := partSum{n: 1}
		if r.isNew {
			sum.visitors = 1
		}
		t.part(partKey{d, place, day, key, e.Step}, sum)
		if r.converted {
			t.part(partKey{d, place, day, key, funnel.Conversion}, partSum{visitors: 1})
		}
	}
	add(funnel.BySource, funnel.SiteWide, o.Source, site)
	if e.Post != funnel.Other {
		add(funnel.BySource, e.Post, o.Source, post)
	}
	if o.Campaign != "" {
		add(funnel.ByCampaign, funnel.SiteWide, o.Campaign, site)
	}
	if e.Revision != "" {
		add(funnel.ByRevision, e.Post, e.Revision, post)
	}
	if e.Form == "" {
		return nil
	}
	for _, d := range []struct {
		dimension funnel.Dimension
		key       string
	}{{funnel.ByForm, e.Form}, {funnel.ByPlacement, e.Placement}} {
		var r reached
		if bit := bitOf(e.Step); e.Visitor != nil && bit != 0 {
			var err error
			if r, err = t.visit(day, e, string(d.dimension)+" "+d.key, bit, bitFormView|bitFormSubmit, ""); err != nil {
				return err
			}
		}
		add(d.dimension, funnel.SiteWide, d.key, r)
	}
	return nil
}

// journey is what the day's reading says of a submission.
func (t *transaction) journey(s Submission) (Journey, error) {
	j := Journey{FirstPost: s.Post}
	if s.Visitor == nil {
		return j, nil
	}
	day := dayOf(s.At)
	var read []string
	if t.past != nil {
		read = t.past.postsRead(day, s.Visitor)
	} else {
		var err error
		if read, err = t.texts(postsRead, day, s.Visitor, maxRead); err != nil {
			return j, err
		}
	}
	if len(read) > 0 {
		j.FirstPost = read[0]
	}
	j.Assists = slices.DeleteFunc(read, func(post string) bool { return post == s.Post })
	if len(j.Assists) == 0 {
		j.Assists = nil
	}
	o, err := t.origin(day, Event{Visitor: s.Visitor})
	j.Origin = o.Origin
	return j, err
}

// texts reads the one column of several rows.
func (t *transaction) texts(text string, args ...any) ([]string, error) {
	s, err := t.prepared(text)
	if err != nil {
		return nil, err
	}
	rows, err := s.QueryContext(t.ctx, storable(args)...)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	var all []string
	for rows.Next() {
		var one string
		if err := rows.Scan(&one); err != nil {
			return nil, err
		}
		all = append(all, one)
	}
	return all, rows.Err()
}

func (j Journey) encoded() (assists, origin string, err error) {
	list, err := json.Marshal(append([]string{}, j.Assists...))
	if err != nil {
		return "", "", err
	}
	from, err := json.Marshal(j.Origin)
	return string(list), string(from), err
}

// creditCard counts a submission for the posts its journey credits. Those who
// sent it are counted apart by visitor, as far as they are told apart.
func (t *transaction) creditCard(s Submission, j Journey) error {
	day := dayOf(s.At)
	t.part(partKey{funnel.ByFirstPost, funnel.SiteWide, day, j.FirstPost, funnel.FormSubmit}, partSum{n: 1})
	for _, post := range j.Assists {
		t.part(partKey{funnel.ByAssist, funnel.SiteWide, day, post, funnel.FormSubmit}, partSum{n: 1})
	}
	if s.Visitor == nil {
		return nil
	}
	// Only who is known to have read a post can be among its readers.
	mark := func(d funnel.Dimension, post string, bit int64) error {
		if post == funnel.Other {
			return nil
		}
		r, err := t.visit(day, Event{At: s.At, Visitor: s.Visitor}, post, bit, bit|bitPageView, "")
		if r.converted {
			t.part(partKey{d, funnel.SiteWide, day, post, funnel.Conversion}, partSum{visitors: 1})
		}
		return err
	}
	if err := mark(funnel.ByFirstPost, j.FirstPost, bitFirstPost); err != nil {
		return err
	}
	for _, post := range j.Assists {
		if err := mark(funnel.ByAssist, post, bitAssist); err != nil {
			return err
		}
	}
	return nil
}

// credit is whom the later steps of a person are credited to, besides the post
// of the first card.
type credit struct {
	FirstPost string   `json:"first_post"`
	Assists   []string `json:"assists,omitempty"`
	Source    string   `json:"source,omitempty"`
	Campaign  string   `json:"campaign,omitempty"`
	Revision  string   `json:"revision,omitempty"`
}

// person is a lead as its later steps are counted.
type person struct {
	post, form, placement string
	credit                credit
	since                 int64 // when the person became known, in Unix milliseconds
}

// person finds a lead, or is ErrNoLead.
func (t *transaction) person(lead string) (p person, err error) {
	var text string
	known, err := t.row(findPerson+t.hold, []any{&p.post, &p.form, &p.placement, &text, &p.since}, lead)
	if err != nil {
		return p, err
	}
	if !known {
		return p, ErrNoLead
	}
	if err := json.Unmarshal([]byte(text), &p.credit); err != nil {
		return p, fmt.Errorf("read whom a lead is credited to: %w", err)
	}
	return p, nil
}

// credit counts a step that a person took after the card, n times: -1 takes it back.
func (t *transaction) credit(p person, day string, step funnel.Step, n int) {
	t.tallyBy(tallyKey{day, p.post, p.form, p.placement, step}, n)
	t.creditParts(p, day, step, partSum{n: n})
}

func (t *transaction) creditParts(p person, day string, step funnel.Step, sum partSum) {
	add := func(d funnel.Dimension, post, key string) { t.part(partKey{d, post, day, key, step}, sum) }
	add(funnel.BySource, funnel.SiteWide, p.credit.Source)
	if p.post != funnel.Other {
		add(funnel.BySource, p.post, p.credit.Source)
	}
	if p.credit.Campaign != "" {
		add(funnel.ByCampaign, funnel.SiteWide, p.credit.Campaign)
	}
	if p.credit.Revision != "" {
		add(funnel.ByRevision, p.post, p.credit.Revision)
	}
	add(funnel.ByForm, funnel.SiteWide, p.form)
	add(funnel.ByPlacement, funnel.SiteWide, p.placement)
	add(funnel.ByFirstPost, funnel.SiteWide, p.credit.FirstPost)
	for _, post := range p.credit.Assists {
		add(funnel.ByAssist, funnel.SiteWide, post)
	}
}

// breakdown reads what was counted by a dimension, in one transaction.
func (q queries) breakdown(ctx context.Context, d funnel.Dimension, post, since, until string, people bool) (b funnel.Breakdown, err error) {
	b.Dimension = d
	tx, err := q.db.BeginTx(ctx, moment())
	if err != nil {
		return b, fmt.Errorf("read counts by %s: %w", d, err)
	}
	defer func() {
		_ = tx.Rollback() // it only read
		if err != nil {
			err = fmt.Errorf("read counts by %s: %w", d, err)
		}
	}()
	if b.Parts, err = partsBy(ctx, tx, d, post, since, until); err != nil {
		return b, err
	}
	if people {
		if b.Leads, err = leadsBy(ctx, tx, d, post, since, until); err != nil {
			return b, err
		}
	}
	if d != funnel.ByRevision {
		return b, nil
	}
	err = each(ctx, tx, allRevisions, nil, func(rows *sql.Rows) error {
		var r funnel.Revision
		var at int64
		err := rows.Scan(&r.Path, &r.Digest, &r.Title, &at)
		r.Since = time.UnixMilli(at).UTC().Format(time.DateOnly)
		if post == "" || post == r.Path {
			b.Revisions = append(b.Revisions, r)
		}
		return err
	})
	return b, err
}

// partsBy is what was counted under each key, from sheets where they are kept.
func partsBy(ctx context.Context, from querier, d funnel.Dimension, post, since, until string) (parts []funnel.Part, err error) {
	if q, kept := questionOf(d, post); kept {
		l, err := sums(ctx, from, q, span{since, until})
		if err != nil {
			return nil, err
		}
		l.each(ofPart, func(post string, texts [3]string, sum lineSum) {
			parts = append(parts, funnel.Part{Post: post, Key: texts[0], Step: funnel.Step(texts[1]), Count: sum.n, Visitors: sum.visitors, Amount: sum.amount})
		})
		return parts, nil
	}
	text, args := sumParts, []any{string(d), post, since, until}
	if post == "" {
		text, args = sumPartsOfPosts, []any{string(d), since, until}
	}
	err = each(ctx, from, text, args, func(rows *sql.Rows) error {
		var p funnel.Part
		err := rows.Scan(&p.Post, &p.Key, &p.Step, &p.Count, &p.Visitors, &p.Amount)
		parts = append(parts, p)
		return err
	})
	return parts, err
}

// leadsBy is how many different people there are under each key.
func leadsBy(ctx context.Context, q querier, d funnel.Dimension, post, since, until string) ([]funnel.KeyLeads, error) {
	if d == funnel.ByAssist {
		return leadsByAssist(ctx, q, since, until)
	}
	column := ""
	switch d {
	case funnel.BySource:
		column = "source"
	case funnel.ByCampaign:
		column = "campaign"
	case funnel.ByForm:
		column = "form"
	case funnel.ByPlacement:
		column = "placement"
	case funnel.ByRevision:
		column = "revision"
	case funnel.ByFirstPost:
		column = "first_post"
	default:
		return nil, fmt.Errorf("there is no dimension %q", d)
	}
	where, place, args := "", "'*'", []any{since, until}
	if post != funnel.SiteWide {
		place = "post"
		if post != "" {
			where, args = " and post = $3", append(args, post)
		}
	}
	// Told apart here: both databases would sort for it, which takes longer.
	type card struct{ post, key, lead string }
	seen, people := map[card]bool{}, map[[2]string]int{}
	err := each(ctx, q, "select "+place+" as place, "+column+", coalesce(lead, '') from submissions where status = 'accepted' and day >= $1 and day <= $2"+where, args,
		func(rows *sql.Rows) error {
			var c card
			err := rows.Scan(&c.post, &c.key, &c.lead)
			if !seen[c] {
				seen[c] = true
				people[[2]string{c.post, c.key}]++
			}
			return err
		})
	var all []funnel.KeyLeads
	for k, n := range people {
		all = append(all, funnel.KeyLeads{Post: k[0], Key: k[1], Leads: n})
	}
	return all, err
}

// leadsByAssist unfolds the lists of posts: how, no two databases agree.
func leadsByAssist(ctx context.Context, q querier, since, until string) ([]funnel.KeyLeads, error) {
	people := map[string]map[string]bool{}
	err := each(ctx, q, `select lead, assists from submissions where status = 'accepted' and assists <> '[]' and day >= $1 and day <= $2`, []any{since, until},
		func(rows *sql.Rows) error {
			var lead, text string
			if err := rows.Scan(&lead, &text); err != nil {
				return err
			}
			var posts []string
			if err := json.Unmarshal([]byte(text), &posts); err != nil {
				return err
			}
			for _, post := range posts {
				if people[post] == nil {
					people[post] = map[string]bool{}
				}
				people[post][lead] = true
			}
			return nil
		})
	var all []funnel.KeyLeads
	for post, leads := range people {
		all = append(all, funnel.KeyLeads{Post: funnel.SiteWide, Key: post, Leads: len(leads)})
	}
	return all, err
}

// Breakdown implements Store.
func (d *database) Breakdown(ctx context.Context, by funnel.Dimension, post, since, until string) (funnel.Breakdown, error) {
	return d.queries.breakdown(ctx, by, post, since, until, true)
}

// Parts implements Store.
func (d *database) Parts(ctx context.Context, by funnel.Dimension, post, since, until string) (funnel.Breakdown, error) {
	return d.queries.breakdown(ctx, by, post, since, until, false)
}
