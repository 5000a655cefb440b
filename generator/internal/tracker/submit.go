package tracker

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"html"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"cardbowl/generator/internal/form"
	"cardbowl/generator/internal/funnel"
	"cardbowl/generator/internal/manifest"
	"cardbowl/generator/internal/outbox"
	"cardbowl/generator/internal/store"
)

// retryAfter is how many seconds to wait when the store could not commit.
const retryAfter = "5"

// maxClaim is how many bytes of an unknown post's address are kept.
const maxClaim = 512

// receipt is the answer to a program.
type receipt struct {
	ID     string `json:"id"`
	Status string `json:"status"` // accepted or pending_confirmation
}

// submitForm takes a card. The answer says nothing about the address: it is the
// same for one that is new, known, repeated, or caught in the honeypot.
func (t *Tracker) submitForm(w http.ResponseWriter, r *http.Request) {
	s := t.site.Load()
	admitSite(w, r, s)
	d, known := s.index.Form(r.PathValue("form"))
	if !known {
		t.refuse(w, r, s, http.StatusNotFound, s.words.Say("Unknown form"), s.words.Say("This site has no such form. Perhaps the page you came from is an old copy."))
		return
	}
	values, err := form.Decode(r.Header.Get("Content-Type"), http.MaxBytesReader(w, r.Body, form.BodyLimit))
	var tooLong *http.MaxBytesError
	switch {
	case errors.Is(err, form.ErrTooLarge), errors.As(err, &tooLong):
		t.refuse(w, r, s, http.StatusRequestEntityTooLarge, s.words.Say("Too much text"), s.words.Say("A form may hold 64 KB at most. Please go back and shorten what you wrote."))
		return
	case errors.Is(err, form.ErrUnsupported):
		t.refuse(w, r, s, http.StatusUnsupportedMediaType, s.words.Say("Unknown format"), s.words.Say("Send a form as application/x-www-form-urlencoded, multipart/form-data or application/json."))
		return
	case errors.Is(err, form.ErrEncoding):
		t.askAgain(w, r, s, d, values, form.Errors{"": {d.Say("Some characters could not be read. Please check the text.")}}, http.StatusUnprocessableEntity)
		return
	case err != nil:
		t.refuse(w, r, s, http.StatusBadRequest, s.words.Say("Unreadable form"), s.words.Say("The form did not arrive whole. Please go back and send it again."))
		return
	}
	answers, wrong := form.Validate(d, values)
	if len(wrong) > 0 {
		t.askAgain(w, r, s, d, values, wrong, http.StatusUnprocessableEntity)
		return
	}
	controls := form.ControlsOf(values)
	sub := t.submission(s, r, d, answers, controls)
	token, young := t.tokenOf(t.salts(r.Context(), sub.At), d.Name, controls.Token, sub.At)
	v := t.judge(r, d, sub.Email, token, sub.At)
	if v.wait > 0 {
		if !young {
			controls.Token = ""
		}
		t.askForAClick(w, r, s, d, values, controls.Token, v)
		return
	}
	sub.Silent = v.silent
	stored, err := t.store.Submit(r.Context(), sub)
	if err != nil {
		t.unwritten(sub)
		t.logger.Error("submission not stored", "form", d.Name, "error", err)
		w.Header().Set("Retry-After", retryAfter)
		t.askAgain(w, r, s, d, values, form.Errors{"": {d.Say("We could not save this just now. Your text is still here: please send it again in a moment.")}}, http.StatusServiceUnavailable)
		return
	}
	if stored.Status == store.Accepted && !stored.Retry && len(sub.Orders) > 0 {
		t.options.Wake()
	}
	if wantsJSON(r) {
		status := "accepted"
		if d.Confirm {
			status = "pending_confirmation"
		}
		sendJSON(w, http.StatusAccepted, receipt{stored.ID, status})
		return
	}
	w.Header().Set("Location", t.thanksAddress(s, r, d, controls.Next, sub.Post))
	w.WriteHeader(http.StatusSeeOther)
}

// submission is what is stored of a valid form.
func (t *Tracker) submission(s *site, r *http.Request, d form.Definition, a form.Answers, c form.Controls) store.Submission {
	now := t.now().In(s.zone)
	sub := store.Submission{
		At: now, Form: d.Name, Placement: t.placement(c.Placement), Email: a.Email, Fields: a.Fields,
		Consent: a.Consent, Quarantined: c.Trapped, Visitor: t.visitor(r, now),
		Orders: outbox.OnCard(s.manifest, d),
	}
	if d.Consent != "" {
		sub.ConsentText = store.HashText(d.Consent)
	}
	named := t.namedPost(s, r, c)
	if page, known := s.index.Page(named); known && named != "" {
		sub.Post, sub.Revision = page.Path, page.Revision
	} else {
		sub.Post, sub.Claim = funnel.Other, manifest.Normalise(named)
		if len(sub.Claim) > maxClaim {
			sub.Claim = strings.ToValidUTF8(sub.Claim[:maxClaim], "")
		}
	}
	key := c.Key
	if key == "" {
		key = r.Header.Get("Idempotency-Key")
	}
	if key != "" {
		// The key with what was sent: a text that was changed and sent again is
		// no retry, and must not be lost.
		sub.Key = digest(sub, key, true)
	}
	if a.Email != "" && !t.options.GuardOff {
		sub.Fold = digest(sub, "", false)
	}
	return sub
}

// namedPost is the post a form says it stands on. A form without that control,
// moved here from another service, is placed by the page that sent it.
func (t *Tracker) namedPost(s *site, r *http.Request, c form.Controls) string {
	if c.Post != "" {
		return c.Post
	}
	from, err := url.Parse(r.Referer())
	if err != nil || from.Host == "" {
		return ""
	}
	if strings.EqualFold(from.Host, s.base.Host) || strings.EqualFold(from.Host, r.Host) {
		return from.Path
	}
	return ""
}

// digest tells submissions apart by form, post and answers: with hidden fields
// and consent for retries of one request, only by what the visitor wrote for two
// that say the same.
func digest(sub store.Submission, key string, everything bool) []byte {
	h := sha256.New()
	add := func(text string) {
		var size [4]byte
		binary.BigEndian.PutUint32(size[:], uint32(len(text)))
		h.Write(size[:])
		h.Write([]byte(text))
	}
	add(key)
	add(sub.Form)
	add(sub.Post)
	add(sub.Claim)
	add(strings.ToLower(sub.Email))
	for _, f := range sub.Fields {
		if f.Hidden && !everything {
			continue
		}
		value := f.Value
		if strings.EqualFold(value, sub.Email) {
			value = strings.ToLower(value) // one address, however it was typed
		}
		add(f.Name)
		add(value)
	}
	if everything && sub.Consent {
		add("consent")
	}
	return h.Sum(nil)[:16]
}

// askAgain shows the form again with what the visitor wrote and what is to be
// done about it.
func (t *Tracker) askAgain(w http.ResponseWriter, r *http.Request, s *site, d form.Definition, values form.Values, wrong form.Errors, status int) {
	if wantsJSON(r) {
		detail := "some fields need another look"
		if status != http.StatusUnprocessableEntity {
			detail = "the submission could not be stored"
		}
		sendProblem(w, status, detail, wrong)
		return
	}
	c := form.ControlsOf(values)
	if c.Key == "" {
		c.Key = rand.Text()
	}
	page, known := s.index.Page(t.namedPost(s, r, c))
	post := c.Post
	if known {
		post = page.Path
	}
	place := c.Placement
	if !placementName.MatchString(place) {
		place = "mistake"
	}
	var b strings.Builder
	b.WriteString(string(form.Markup(d, form.Placement{
		Post: post, Place: place, Action: "/_/f/" + d.Name, Next: c.Next, Key: c.Key, Values: values, Errors: wrong,
	})))
	if known {
		b.WriteString("\n" + t.backLink(s, r, page))
	}
	t.sendPage(w, r, s, status, d.Say("Almost there"), b.String())
}

// askForAClick answers a card that came over a limit. A program is told when to
// come again. A browser gets a page that carries the card, and one more button:
// whoever presses it shows a token. Nothing is stored before.
func (t *Tracker) askForAClick(w http.ResponseWriter, r *http.Request, s *site, d form.Definition, values form.Values, token string, v verdict) {
	w.Header().Set("Retry-After", strconv.Itoa(int((v.wait+time.Second-1)/time.Second)))
	if wantsJSON(r) {
		sendProblem(w, http.StatusTooManyRequests, "too much has come from this network of late", nil)
		return
	}
	now := t.now().In(s.zone)
	if salt := t.saltOf(r.Context(), now); token == "" && salt != nil {
		token = makeToken(salt, d.Name, now)
	}
	var b strings.Builder
	b.WriteString(paragraph(d.Say("Much has come from your network of late, so we ask this of everybody who writes from there. Nothing you wrote is lost: please press the button, and it is sent.")))
	if v.shown { // even those who pressed it are many
		b.WriteString(paragraph(d.Say("If this page comes again, please wait a few minutes and press it once more.")))
	}
	b.WriteString(`<form class="bowl" method="post" action="/_/f/` + url.PathEscape(d.Name) + `" accept-charset="utf-8">` + "\n")
	if values.Get(form.KeyName) == "" {
		values[form.KeyName] = []string{rand.Text()}
	}
	values[form.TokenName] = []string{token}
	for _, name := range slices.Sorted(maps.Keys(values)) {
		for _, value := range values[name] {
			b.WriteString(`<input type="hidden" name="` + html.EscapeString(name) + `" value="` + html.EscapeString(value) + `">` + "\n")
		}
	}
	b.WriteString(`<p class="bowl-send"><button type="submit">` + html.EscapeString(d.Say("I am not a robot: send it")) + "</button></p>\n</form>")
	t.sendPage(w, r, s, http.StatusTooManyRequests, d.Say("One more click"), b.String())
}

// salts are those of today and, where we were there, of yesterday.
func (t *Tracker) salts(ctx context.Context, now time.Time) [][]byte {
	var all [][]byte
	if salt := t.saltOf(ctx, now); salt != nil {
		all = append(all, salt)
	}
	t.saltMutex.Lock()
	defer t.saltMutex.Unlock()
	if t.saltLast != nil {
		all = append(all, t.saltLast)
	}
	return all
}

func (t *Tracker) backLink(s *site, r *http.Request, page manifest.Page) string {
	return `<p><a href="` + html.EscapeString(t.address(s, r, page.Path)) + `">` + html.EscapeString(s.words.Say("Back to")) + ` ` + html.EscapeString(page.Title) + `</a></p>`
}

// thanksAddress is where a browser goes after its card was taken: the page that
// _next asks for if it is one of the site's own, else the form's thanks page, else
// ours: after a card was taken nobody shall see that a page is missing.
func (t *Tracker) thanksAddress(s *site, r *http.Request, d form.Definition, next, post string) string {
	if page, ok := t.ownPage(s, r, next); ok {
		return t.address(s, r, page.Path)
	}
	for _, path := range []string{d.Thanks, s.base.Path + strings.TrimPrefix(d.Thanks, "/")} {
		if page, ok := s.index.Page(path); ok && d.Thanks != "" {
			return t.address(s, r, page.Path)
		}
	}
	address := "/_/thanks/" + url.PathEscape(d.Name)
	if post != funnel.Other {
		address += "?" + url.Values{"post": {post}}.Encode()
	}
	return address
}

// ownPage is the page of the site that an address means. What comes from a
// visitor is only compared, and never itself becomes an address: browsers read
// //evil, /\evil and the like in ways that no check foresees.
func (t *Tracker) ownPage(s *site, r *http.Request, address string) (manifest.Page, bool) {
	if address == "" || strings.ContainsAny(address, "\\\r\n\t") {
		return manifest.Page{}, false
	}
	u, err := url.Parse(address)
	if err != nil || u.User != nil || u.Opaque != "" {
		return manifest.Page{}, false
	}
	switch {
	case u.Scheme == "" && u.Host == "" && strings.HasPrefix(address, "/") && !strings.HasPrefix(address, "//"):
	case (u.Scheme == "http" || u.Scheme == "https") && u.Host != "" && (strings.EqualFold(u.Host, s.base.Host) || t.serving.Load() && strings.EqualFold(u.Host, r.Host)):
	default:
		return manifest.Page{}, false
	}
	return s.index.Page(u.Path)
}

// thankYou is the thanks page of a form that has none of its own.
func (t *Tracker) thankYou(w http.ResponseWriter, r *http.Request) {
	s := t.site.Load()
	d, known := s.index.Form(r.PathValue("form"))
	if !known {
		t.nothingHere(w, r)
		return
	}
	title, text := d.Say("Sent"), d.ThankYou()
	if d.Confirm {
		title, text = d.Say("Almost done"), d.PleaseConfirm()
	}
	content := "<p>" + html.EscapeString(text) + "</p>"
	if page, ok := t.ownPage(s, r, r.URL.Query().Get("post")); ok {
		content += "\n" + t.backLink(s, r, page)
	}
	t.sendPage(w, r, s, http.StatusOK, title, content)
}
