package tracker

import (
	"errors"
	"html"
	"net/http"
	"strings"
	"time"

	"cardbowl/generator/internal/manifest"
	"cardbowl/generator/internal/outbox"
	"cardbowl/generator/internal/report"
	"cardbowl/generator/internal/store"
)

// The pages on which a person sees what is kept, takes it along and has it erased,
// behind a link at the foot of each mail. Only the button on the last page acts.

// dossier is what is kept of the person behind the link of a request, or false
// after an answer that says why there is nothing.
func (t *Tracker) dossier(w http.ResponseWriter, r *http.Request, s *site) (store.Dossier, bool) {
	k, ok := t.permitted(w, r, s, "data")
	if !ok {
		return store.Dossier{}, false
	}
	d, err := t.store.Dossier(r.Context(), k.Lead)
	switch {
	case errors.Is(err, store.ErrNoLead):
		t.noLink(w, r, s, "data")
		return d, false
	case err != nil:
		t.notStored(w, r, s, err)
		return d, false
	}
	return d, true
}

// showDossier shows what is kept, in words.
func (t *Tracker) showDossier(w http.ResponseWriter, r *http.Request) {
	s := t.site.Load()
	d, ok := t.dossier(w, r, s)
	if !ok {
		return
	}
	words := s.words
	say := words.Say
	day := func(at time.Time) string { return words.Date("2 January 2006", at.In(s.zone)) }
	var b strings.Builder
	heading := func(text string) { b.WriteString("<h2>" + html.EscapeString(text) + "</h2>\n") }
	line := func(name, value string) {
		if value != "" {
			b.WriteString("<dt>" + html.EscapeString(name) + "</dt>\n<dd>" + strings.ReplaceAll(html.EscapeString(value), "\n", "<br>") + "</dd>\n")
		}
	}
	list := func(fill func()) {
		b.WriteString("<dl>\n")
		fill()
		b.WriteString("</dl>\n")
	}
	full := report.DossierOf(d)
	list(func() {
		line(say("Your address"), d.Email)
		if !d.ConfirmedAt.IsZero() {
			line(say("Confirmed"), day(d.ConfirmedAt))
		}
		if !d.UnsubscribedAt.IsZero() {
			line(say("Unsubscribed"), day(d.UnsubscribedAt))
		}
	})
	for _, c := range full.Cards {
		title := t.titled(s, c.Page)
		if title != "" {
			title = ": " + title
		}
		heading(day(c.At) + title)
		list(func() {
			for _, a := range c.Answers {
				line(s.labelled(c.Form, a.Name), a.Value)
			}
			line(say("You agreed to"), c.Sentence)
			if c.FirstPost != c.Page {
				line(say("You read first"), t.titled(s, c.FirstPost))
			}
			var read []string
			for _, path := range c.Assists {
				read = append(read, t.titled(s, path))
			}
			line(say("You read that day"), strings.Join(read, "\n"))
			line(say("You came from"), c.Origin.Source)
		})
	}
	if notes := full.History; len(notes) > 0 {
		heading(say("What was noted"))
		list(func() {
			for _, e := range notes {
				line(day(e.At), strings.TrimSpace(strings.Join([]string{e.Stage, e.Note, e.NextStep}, " ")))
			}
		})
	}
	if mails := mailsTo(d); len(mails) > 0 {
		heading(say("Mail to you"))
		b.WriteString("<ul>\n")
		for _, at := range mails {
			b.WriteString("<li>" + html.EscapeString(day(at)) + "</li>\n")
		}
		b.WriteString("</ul>\n")
	}
	at := "/_/data/" + html.EscapeString(r.PathValue("token"))
	b.WriteString(`<p><a href="` + at + `/export" download>` + html.EscapeString(say("Download all of it")) + "</a></p>\n")
	b.WriteString(`<p><a href="` + at + `/erase">` + html.EscapeString(say("Erase all of it")) + "</a></p>\n")
	t.sendPage(w, r, s, http.StatusOK, say("What this site keeps of you"), b.String())
}

// titled is the title of a page of the site, or its path.
func (t *Tracker) titled(s *site, path string) string {
	if page, known := s.index.Page(path); known && path != "" {
		return page.Title
	}
	return manifest.Normalise(path)
}

// labelled is what a field is called on the form, as far as the site still has it.
func (s *site) labelled(form, field string) string {
	d, _ := s.index.Form(form)
	for _, f := range d.Fields {
		if f.Name == field && f.Label != "" {
			return f.Label
		}
	}
	return field
}

// mailsTo is when mails went to a person.
func mailsTo(d store.Dossier) (all []time.Time) {
	for _, p := range d.Proofs {
		if p.Deed == store.WasMailed {
			all = append(all, p.At)
		}
	}
	return all
}

// exportDossier hands over all that is kept, as a file.
func (t *Tracker) exportDossier(w http.ResponseWriter, r *http.Request) {
	s := t.site.Load()
	d, ok := t.dossier(w, r, s)
	if !ok {
		return
	}
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set("Content-Disposition", `attachment; filename="data.json"`)
	if err := report.WriteDossier(w, report.DossierOf(d)); err != nil {
		t.logger.Error("not handed over", "path", r.Pattern, "error", err)
	}
}

// askErase asks once more.
func (t *Tracker) askErase(w http.ResponseWriter, r *http.Request) {
	s := t.site.Load()
	d, ok := t.dossier(w, r, s)
	if !ok {
		return
	}
	say := s.words.Say
	back := `<p><a href="/_/data/` + html.EscapeString(r.PathValue("token")) + `">` + html.EscapeString(say("No, keep it")) + "</a></p>\n"
	t.sendPage(w, r, s, http.StatusOK, say("Erase all of it"), paragraph(d.Email)+
		paragraph(say("Your address, your answers and everything else that is kept of you are erased for good. You get no more mail from this site."))+
		button(say("Yes, erase all of it"))+back)
}

// eraseMe erases the person behind the link.
func (t *Tracker) eraseMe(w http.ResponseWriter, r *http.Request) {
	s := t.site.Load()
	d, ok := t.dossier(w, r, s)
	if !ok {
		return
	}
	if _, err := t.store.Erase(r.Context(), d.ID, t.now().In(s.zone), true, outbox.OnErasure(s.manifest)...); err != nil && !errors.Is(err, store.ErrNoLead) {
		t.notStored(w, r, s, err)
		return
	}
	t.options.Wake()
	t.logger.Info("a person was erased, by the link in a mail", "lead", d.ID)
	say := s.words.Say
	t.sendPage(w, r, s, http.StatusOK, say("Erased"), paragraph(say("Nothing is kept of you any more but a hash, which keeps mail from going to your address.")))
}
