package tracker

import (
	"errors"
	"html"
	"io/fs"
	"mime"
	"net/http"
	"path"

	"cardbowl/generator/internal/form"
	"cardbowl/generator/internal/outbox"
	"cardbowl/generator/internal/store"
)

// The pages behind the links in mails. Programs that look through mail fetch
// every link: none of these changes anything until a button is pressed.

// permitted is what the token of a request permits, or false after an answer
// that says why not.
func (t *Tracker) permitted(w http.ResponseWriter, r *http.Request, s *site, purpose string) (store.Token, bool) {
	w.Header().Set("Cache-Control", "no-store")
	w.Header().Set("Referrer-Policy", "no-referrer")
	w.Header().Set("X-Robots-Tag", "noindex")
	say := s.words.Say
	k, err := t.store.Permitted(r.Context(), r.PathValue("token"), purpose, t.now())
	switch {
	case errors.Is(err, store.ErrNoToken):
		t.noLink(w, r, s, purpose)
		return k, false
	case err != nil:
		t.logger.Error("a link cannot be looked up", "error", err)
		w.Header().Set("Retry-After", retryAfter)
		t.refuse(w, r, s, http.StatusServiceUnavailable, say("Not just now"), say("Please try again in a moment."))
		return k, false
	}
	return k, true
}

// noLink answers for a link that is good for nothing.
func (t *Tracker) noLink(w http.ResponseWriter, r *http.Request, s *site, purpose string) {
	say := s.words.Say
	why := say("It may be too old, or was not copied whole. Links are good for seven days.")
	if purpose == "data" {
		why = say("It may be too old, or was not copied whole; or there is nothing behind it any more. The last mail from this site has the newest link.")
	}
	t.refuse(w, r, s, http.StatusNotFound, say("This link is not valid any more"), why)
}

// button is a form with one big button, which is all that acts.
func button(words string) string {
	return `<form class="bowl" method="post"><p class="bowl-send"><button type="submit">` + html.EscapeString(words) + "</button></p></form>"
}

func paragraph(words string) string { return "<p>" + html.EscapeString(words) + "</p>\n" }

func (t *Tracker) askConfirm(w http.ResponseWriter, r *http.Request) {
	s := t.site.Load()
	if _, ok := t.permitted(w, r, s, "confirm"); !ok {
		return
	}
	say := s.words.Say
	t.sendPage(w, r, s, http.StatusOK, say("One more click"), paragraph(say("Press the button to confirm your address."))+button(say("Confirm my address")))
}

func (t *Tracker) confirm(w http.ResponseWriter, r *http.Request) {
	s := t.site.Load()
	k, ok := t.permitted(w, r, s, "confirm")
	if !ok {
		return
	}
	d, _ := s.index.Form(k.Form) // a form that is gone delivers nothing
	say := s.words.Say
	if err := t.store.Confirm(r.Context(), k.Lead, k.Form, t.now().In(s.zone), outbox.OnConfirm(s.manifest, d)); err != nil {
		t.notStored(w, r, s, err)
		return
	}
	t.options.Wake()
	words := say("Thank you. Your address is confirmed.")
	if d.Deliver != "" {
		words += " " + say("What you asked for is on its way to you by mail.")
	}
	t.sendPage(w, r, s, http.StatusOK, say("Confirmed"), paragraph(words))
}

func (t *Tracker) askUnsubscribe(w http.ResponseWriter, r *http.Request) {
	s := t.site.Load()
	if _, ok := t.permitted(w, r, s, "unsubscribe"); !ok {
		return
	}
	say := s.words.Say
	t.sendPage(w, r, s, http.StatusOK, say("Unsubscribe"), paragraph(say("Press the button, and you get no more mail from this site."))+button(say("Unsubscribe")))
}

// unsubscribe acts on the button, and on a mail program's own (RFC 8058): both
// only POST, and need nothing in the body.
func (t *Tracker) unsubscribe(w http.ResponseWriter, r *http.Request) {
	s := t.site.Load()
	k, ok := t.permitted(w, r, s, "unsubscribe")
	if !ok {
		return
	}
	if err := t.store.Unsubscribe(r.Context(), k.Lead, t.now().In(s.zone), outbox.OnUnsubscribe(s.manifest.Webhooks)); err != nil {
		t.notStored(w, r, s, err)
		return
	}
	t.options.Wake()
	say := s.words.Say
	t.sendPage(w, r, s, http.StatusOK, say("Unsubscribed"), paragraph(say("You get no more mail from this site.")))
}

func (t *Tracker) notStored(w http.ResponseWriter, r *http.Request, s *site, err error) {
	t.logger.Error("not stored", "path", r.Pattern, "error", err)
	say := s.words.Say
	w.Header().Set("Retry-After", retryAfter)
	t.refuse(w, r, s, http.StatusServiceUnavailable, say("Not just now"), say("Please try again in a moment."))
}

// deliver hands over the file of a form.
func (t *Tracker) deliver(w http.ResponseWriter, r *http.Request) {
	s := t.site.Load()
	k, ok := t.permitted(w, r, s, "file")
	if !ok {
		return
	}
	d, known := s.index.Form(k.Form)
	if !known || d.Deliver == "" || t.options.Downloads == nil {
		t.gone(w, r, s, d)
		return
	}
	file, err := t.options.Downloads.Open(d.File())
	if err != nil {
		t.gone(w, r, s, d)
		return
	}
	defer file.Close()
	info, err := file.Stat()
	content, seeks := file.(interface {
		fs.File
		Seek(int64, int) (int64, error)
	})
	if err != nil || info.IsDir() || !seeks {
		t.gone(w, r, s, d)
		return
	}
	name := path.Base(d.File())
	w.Header().Set("Content-Disposition", mime.FormatMediaType("attachment", map[string]string{"filename": name}))
	http.ServeContent(w, r, name, info.ModTime(), content)
}

func (t *Tracker) gone(w http.ResponseWriter, r *http.Request, s *site, d form.Definition) {
	t.logger.Error("a file that was promised is not there: put it into content/_files", "form", d.Name, "file", d.File())
	say := s.words.Say
	t.refuse(w, r, s, http.StatusNotFound, say("Not here just now"), say("The file you were promised is missing. The owner of the site can see this; please write to them, or try again later."))
}
