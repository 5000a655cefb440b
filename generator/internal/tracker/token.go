package tracker

import (
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"net/http"
	"time"
)

// A token shows that somebody opened a form and took the time to fill it in: the
// script of the page fetches it when the first field is entered, and the page
// with one more button carries one. It asks for nothing but patience, so it only
// raises the limits. It is not bound to an address, since telephones change
// theirs on the way, and nothing is kept of it but how often it was used.
const (
	tokenLife = 6 * time.Hour   // a form may be left open over lunch
	tokenRipe = 2 * time.Second // nobody fills in a form, or reads a page, in less
	tokenSize = 8 + 8 + 16      // bytes: seconds since 1970, noise, code
)

// code is what makes a token ours, for one form: HMAC-SHA256 under a key that
// comes from the salt of the day, cut to 16 bytes.
func code(salt []byte, form string, head []byte) []byte {
	key := hmac.New(sha256.New, salt)
	key.Write([]byte("token of a form"))
	h := hmac.New(sha256.New, key.Sum(nil))
	h.Write(head) // of fixed length, so that nothing of the form can pass for it
	h.Write([]byte(form))
	return h.Sum(nil)[:16]
}

// makeToken is a token for a form from now on, as text of a URL's own letters.
func makeToken(salt []byte, form string, now time.Time) string {
	token := make([]byte, 16, tokenSize)
	binary.BigEndian.PutUint64(token, uint64(now.Unix()))
	_, _ = rand.Read(token[8:16]) // never fails
	return base64.RawURLEncoding.EncodeToString(append(token, code(salt, form, token)...))
}

// readToken is a token that was made for the form under one of the salts, and
// when; false for anything else.
func readToken(salts [][]byte, form, text string) (token []byte, made time.Time, ok bool) {
	if len(text) != base64.RawURLEncoding.EncodedLen(tokenSize) {
		return nil, time.Time{}, false
	}
	token, err := base64.RawURLEncoding.Strict().DecodeString(text)
	if err != nil {
		return nil, time.Time{}, false
	}
	for _, salt := range salts {
		if hmac.Equal(code(salt, form, token[:16]), token[16:]) {
			return token, time.Unix(int64(binary.BigEndian.Uint64(token)), 0), true
		}
	}
	return nil, time.Time{}, false
}

// tokenOf reads the token of a card. young means that it is ours, but was made a
// moment ago: whoever sent it may send it again. Otherwise a nil token is one that
// shows nothing.
func (t *Tracker) tokenOf(salts [][]byte, form, text string, now time.Time) (token []byte, young bool) {
	token, made, ok := readToken(salts, form, text)
	switch age := now.Sub(made); {
	case !ok || age > tokenLife || age < -time.Minute: // clocks of two trackers differ a little
		return nil, false
	case age < tokenRipe:
		return nil, true
	}
	return token, false
}

// giveToken answers with a token for a form. Whoever asks gets one; what it is
// worth is decided when it comes back.
func (t *Tracker) giveToken(w http.ResponseWriter, r *http.Request) {
	s := t.site.Load()
	admitSite(w, r, s)
	d, known := s.index.Form(r.URL.Query().Get("f"))
	now := t.now().In(s.zone)
	salt := t.saltOf(r.Context(), now)
	if !known || salt == nil {
		w.WriteHeader(http.StatusNoContent) // the form works without
		return
	}
	w.Header().Set("Content-Type", "text/plain; charset=utf-8")
	_, _ = w.Write([]byte(makeToken(salt, d.Name, now)))
}
