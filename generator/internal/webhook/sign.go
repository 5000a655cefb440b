package webhook

import (
	"crypto/rand"
	"encoding/base64"
	"errors"
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"time"

	standardwebhooks "github.com/standard-webhooks/standard-webhooks/libraries/go"
)

// Secrets are what messages are signed with: each signs, so that a receiver may
// know the old one or the new one while they are changed.
type Secrets []*standardwebhooks.Webhook

// How a secret is written, and how many bytes it has.
const (
	prefix        = "whsec_"
	least, most   = 24, 64
	usual         = 32
	privatePrefix = "whsk_" // a key of the standard's other kind, v1a
)

// ErrNoSecret is returned where there is nothing to sign with.
var ErrNoSecret = errors.New("it holds no secret; `cardbowl webhook secret` makes one")

// ReadSecrets reads secrets with blanks between them, the newest first. Errors
// never hold one.
func ReadSecrets(text string) (Secrets, error) {
	var all Secrets
	for i, one := range strings.Fields(text) {
		if strings.HasPrefix(one, privatePrefix) {
			return nil, fmt.Errorf("secret %d is a key that signs by v1a; what is needed begins with %s", i+1, prefix)
		}
		bytes, err := base64.StdEncoding.DecodeString(strings.TrimPrefix(one, prefix))
		if err != nil || len(bytes) < least || len(bytes) > most {
			return nil, fmt.Errorf("secret %d is not %s and %d to %d bytes in base64; `cardbowl webhook secret` makes one", i+1, prefix, least, most)
		}
		signer, err := standardwebhooks.NewWebhookRaw(bytes)
		if err != nil {
			return nil, err
		}
		all = append(all, signer)
	}
	if len(all) == 0 {
		return nil, ErrNoSecret
	}
	return all, nil
}

// NewSecret is a secret that nobody knows yet.
func NewSecret() string {
	bytes := make([]byte, usual)
	_, _ = rand.Read(bytes) // never fails since Go 1.24
	return prefix + base64.StdEncoding.EncodeToString(bytes)
}

// header is what a message is signed with at a moment.
func (s Secrets) header(id string, body []byte, at time.Time) (http.Header, error) {
	var signatures []string
	for _, signer := range s {
		signature, err := signer.Sign(id, at, body)
		if err != nil {
			return nil, fmt.Errorf("sign a webhook: %w", err)
		}
		signatures = append(signatures, signature)
	}
	h := http.Header{}
	h.Set(standardwebhooks.HeaderWebhookID, id)
	h.Set(standardwebhooks.HeaderWebhookTimestamp, strconv.FormatInt(at.Unix(), 10))
	h.Set(standardwebhooks.HeaderWebhookSignature, strings.Join(signatures, " "))
	return h, nil
}
