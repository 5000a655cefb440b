package tracker

import (
	"net/http"

	"github.com/klauspost/compress/gzhttp"

	"cardbowl/generator/internal/report"
)

// newRoutes is the whole HTTP surface.
func (t *Tracker) newRoutes() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("POST /_/f/{form}", t.submitForm)
	mux.HandleFunc("OPTIONS /_/f/{form}", t.preflight)
	mux.HandleFunc("GET /_/t", t.giveToken)
	mux.HandleFunc("GET /_/thanks/{form}", t.thankYou)
	mux.HandleFunc("POST /_/e", t.takeEvent)
	mux.HandleFunc("OPTIONS /_/e", t.preflight)

	mux.HandleFunc("GET /_/confirm/{token}", t.askConfirm)
	mux.HandleFunc("POST /_/confirm/{token}", t.confirm)
	mux.HandleFunc("GET /_/unsubscribe/{token}", t.askUnsubscribe)
	mux.HandleFunc("POST /_/unsubscribe/{token}", t.unsubscribe)
	mux.HandleFunc("GET /_/file/{token}", t.deliver)
	mux.HandleFunc("GET /_/data/{token}", t.showDossier)
	mux.HandleFunc("GET /_/data/{token}/export", t.exportDossier)
	mux.HandleFunc("GET /_/data/{token}/erase", t.askErase)
	mux.HandleFunc("POST /_/data/{token}/erase", t.eraseMe)

	mux.Handle("GET /_/report/{$}", t.withPassword(t.showReport))
	mux.HandleFunc("GET /_/report/live.js", sendScript(report.LiveScript()))
	mux.HandleFunc("GET /_/report/board.js", sendScript(report.BoardScript()))
	mux.Handle("GET /_/report", http.RedirectHandler("/_/report/", http.StatusSeeOther))
	mux.Handle("GET /_/report/post/{$}", t.withPassword(t.showPost))
	mux.Handle("GET /_/report/leads/{$}", t.withPassword(t.showBoard))
	mux.Handle("GET /_/report/lead/{id}", t.withPassword(t.showLead))
	mux.Handle("POST /_/report/lead/{id}", t.withPassword(t.enterLead))
	mux.HandleFunc("GET "+loginPath, t.askPassword)
	mux.Handle("POST "+loginPath, ownSite(t.logIn))
	mux.Handle("POST /_/logout", ownSite(t.logOut))

	mux.Handle("GET /_/api/v1/report", t.withToken(reading, t.sendReport))

	mux.Handle("GET /_/api/v1/leads", t.withToken(reading, t.sendLeads))
	mux.Handle("GET /_/api/v1/leads/{id}", t.withToken(reading, t.sendLead))
	mux.Handle("POST /_/api/v1/leads/{id}/stage", t.withToken(writing, t.takeEntry("stage")))
	mux.Handle("POST /_/api/v1/leads/{id}/notes", t.withToken(writing, t.takeEntry("note")))

	mux.HandleFunc("GET /_/healthz", t.healthy)
	mux.HandleFunc("GET /_/readyz", t.ready)
	mux.Handle("GET /_/metrics", t.withToken(reading, t.sendMetrics))

	mux.HandleFunc("/_/f/{form}", t.onlyPost)
	mux.HandleFunc("/_/e", t.onlyPost)
	mux.HandleFunc("/_/", t.nothingHere)
	return t.survive(headers(gzhttp.GzipHandler(mux)))
}
