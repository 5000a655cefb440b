package world

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/netip"
	"net/url"
	"slices"
	"strings"
	"time"

	"cardbowl/generator/internal/funnel"
)

// Stage is a running tracker before which a world is acted out.
type Stage struct {
	Client *http.Client    // must not follow redirects
	Base   string          // the tracker's address, without a final slash
	Clock  func(time.Time) // sets the tracker's clock, which never goes back
	// Script tells whether browsers run the page's script. With it readers are
	// counted by what their browsers tell, but for those who block it; without it
	// by the pages they ask the tracker for.
	Script bool
	// Pause is how long, by a real clock, a reader waits before sending a form. A
	// page that was served is no acknowledgement: its view is on disk within a
	// second, and no reader fills in a form faster than that.
	Pause time.Duration
}

// Act sends the requests that the readers' browsers would send, in the order of
// time, each reader from an address of its own (in X-Forwarded-For, of
// 2001:db8::/32: the tracker must trust who connects). Sales are nobody's request
// and left out. It ends at the first answer that is none a browser would expect.
func (w World) Act(ctx context.Context, on Stage) error {
	for d := range w.All() {
		for _, a := range acts(w, d, on.Script) {
			on.Clock(a.at)
			if err := on.perform(ctx, a); err != nil {
				return err
			}
		}
	}
	return nil
}

// thinking is how long a reader looks at a form before sending it.
const thinking = 4 * time.Second

// act is one request of one browser.
type act struct {
	at     time.Time
	reader *Reader
	path   string
	first  bool   // the page this reader opens first: it tells where from
	body   string // a POST; empty: a GET
	kind   string // of the body
	want   int
}

// acts are the requests of a day in the order of time.
func acts(w World, d Day, script bool) []act {
	var out []act
	for i := range d.Readers {
		r := &d.Readers[i]
		first := true
		opens := func(path string, at time.Time) {
			switch {
			case !script:
				out = append(out, act{at: at, reader: r, path: path, first: first, want: http.StatusOK})
			case !r.Blocks:
				out = append(out, beaconOf(r, path, "", funnel.PageView, at, first))
			}
			first = false
		}
		if r.Home {
			opens(w.Home, r.At)
		}
		for _, x := range r.Reads {
			for range x.Views {
				opens(x.Post.Path, x.At)
			}
			if script && x.Sees && !r.Blocks {
				out = append(out, beaconOf(r, x.Post.Path, x.Post.Form, funnel.FormView, x.At, false))
			}
			if script && x.Begins && !r.Blocks {
				out = append(out, beaconOf(r, x.Post.Path, x.Post.Form, funnel.FormStart, x.At, false))
			}
			if x.Sends != nil {
				form := url.Values{"_post": {x.Post.Path}, "_placement": {"end"}, "_gotcha": {""}, "email": {x.Sends.Email}, "first_name": {x.Sends.First}, "last_name": {x.Sends.Last}}
				out = append(out, act{at: x.At.Add(thinking), reader: r, path: "/_/f/" + x.Post.Form, body: form.Encode(), kind: "application/x-www-form-urlencoded", want: http.StatusSeeOther})
			}
		}
	}
	slices.SortStableFunc(out, func(a, b act) int { return a.at.Compare(b.at) })
	return out
}

func beaconOf(r *Reader, path, form string, step funnel.Step, at time.Time, first bool) act {
	told := map[string]string{"t": string(step), "p": path}
	if form != "" {
		told["f"], told["l"] = form, "end"
	}
	if first {
		told["r"], told["q"] = referrer(r.Origin), query(r.Origin)
	}
	text, err := json.Marshal(told)
	if err != nil {
		panic(err) // plain texts
	}
	return act{at: at, reader: r, path: "/_/e", body: string(text), kind: "text/plain", want: http.StatusNoContent}
}

func referrer(o funnel.Origin) string {
	if o.Referrer == "" {
		return ""
	}
	return "https://" + o.Referrer + "/"
}

func query(o funnel.Origin) string {
	if o.Campaign == "" {
		return ""
	}
	return "?" + url.Values{"utm_source": {o.Source}, "utm_medium": {o.Medium}, "utm_campaign": {o.Campaign}}.Encode()
}

func (s Stage) perform(ctx context.Context, a act) error {
	method, address := http.MethodGet, s.Base+a.path
	if a.body != "" {
		method = http.MethodPost
	} else if a.first {
		address += query(a.reader.Origin)
	}
	q, err := http.NewRequestWithContext(ctx, method, address, strings.NewReader(a.body))
	if err != nil {
		return err
	}
	q.Header.Set("User-Agent", "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0")
	q.Header.Set("X-Forwarded-For", a.reader.address().String())
	if a.body != "" {
		q.Header.Set("Content-Type", a.kind)
	} else {
		q.Header.Set("Sec-Fetch-Dest", "document")
		if from := referrer(a.reader.Origin); a.first && from != "" {
			q.Header.Set("Referer", from)
		} else if !a.first {
			q.Header.Set("Referer", s.Base+"/")
		}
	}
	if a.want == http.StatusSeeOther {
		time.Sleep(s.Pause)
	}
	answer, err := s.Client.Do(q)
	if err != nil {
		return err
	}
	defer answer.Body.Close()
	if _, err := io.Copy(io.Discard, answer.Body); err != nil {
		return err
	}
	if answer.StatusCode != a.want {
		return fmt.Errorf("%s %s answers %s, not %d", method, address, answer.Status, a.want)
	}
	return nil
}

// address is where the reader's browser connects from.
func (r Reader) address() netip.Addr {
	text := [16]byte{0x20, 0x01, 0x0d, 0xb8}
	copy(text[8:], r.Visitor())
	return netip.AddrFrom16(text)
}
