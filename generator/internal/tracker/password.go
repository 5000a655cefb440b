package tracker

import (
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/base64"
	"errors"
	"fmt"
	"strings"

	"golang.org/x/crypto/argon2"
)

// ErrPassword is wrapped by what is wrong with a hash of a password.
var ErrPassword = errors.New("not an argon2id hash such as `cardbowl password` prints")

// secret is a password as Argon2id (RFC 9106) leaves it.
type secret struct {
	passes, memory uint32 // memory in KiB
	lanes          uint8
	salt, sum      []byte
}

// What a hash costs us and a guesser: the second of OWASP's equivalent
// configurations, some 30 ms and 19 MiB.
const (
	hashPasses = 2
	hashMemory = 19 << 10
	hashLanes  = 1
	hashLength = 32
)

// plainSalt is the salt of a password that is not given as a hash. It stays the
// same, so that a restart ends no session; what comes of it never leaves memory.
const plainSalt = "cardbowl plain password"

// hashMark begins every value that is taken for a hash.
const hashMark = "$argon2"

// HashPassword is a password as it may stand in CARDBOWL_PASSWORD instead of the
// password itself: Argon2id under a random salt, in PHC string format.
func HashPassword(password string) string {
	salt := make([]byte, 16)
	_, _ = rand.Read(salt) // never fails
	s := hashed(password, salt)
	encode := base64.RawStdEncoding.EncodeToString
	return fmt.Sprintf("$argon2id$v=%d$m=%d,t=%d,p=%d$%s$%s", argon2.Version, s.memory, s.passes, s.lanes, encode(s.salt), encode(s.sum))
}

func hashed(password string, salt []byte) secret {
	s := secret{passes: hashPasses, memory: hashMemory, lanes: hashLanes, salt: salt}
	s.sum = argon2.IDKey([]byte(password), salt, s.passes, s.memory, s.lanes, hashLength)
	return s
}

// CheckPassword says what is wrong with the value of CARDBOWL_PASSWORD: nothing,
// unless it is meant as a hash and is none that can be used.
func CheckPassword(value string) error {
	if !strings.HasPrefix(value, hashMark) {
		return nil
	}
	_, err := parseSecret(value)
	return err
}

// secretOf is what a password given to the tracker, plain or as a hash, is
// compared with. A hash that cannot be used admits nobody.
func secretOf(value string) secret {
	if !strings.HasPrefix(value, hashMark) {
		return hashed(value, []byte(plainSalt))
	}
	s, err := parseSecret(value)
	if err != nil {
		return secret{}
	}
	return s
}

// The most that a hash may ask for: 1 GiB and 64 passes.
const (
	mostMemory = 1 << 20
	mostPasses = 64
)

// parseSecret reads a hash in PHC string format.
func parseSecret(text string) (secret, error) {
	parts := strings.Split(text, "$")
	if len(parts) != 6 || parts[1] != "argon2id" || parts[2] != fmt.Sprintf("v=%d", argon2.Version) {
		return secret{}, ErrPassword
	}
	var s secret
	if _, err := fmt.Sscanf(parts[3], "m=%d,t=%d,p=%d", &s.memory, &s.passes, &s.lanes); err != nil {
		return secret{}, fmt.Errorf("%w: its costs are unreadable", ErrPassword)
	}
	if s.passes < 1 || s.passes > mostPasses || s.lanes < 1 || s.memory < 8*uint32(s.lanes) || s.memory > mostMemory {
		return secret{}, fmt.Errorf("%w: its costs are none a tracker would pay", ErrPassword)
	}
	var err1, err2 error
	s.salt, err1 = base64.RawStdEncoding.DecodeString(parts[4])
	s.sum, err2 = base64.RawStdEncoding.DecodeString(parts[5])
	if err := errors.Join(err1, err2); err != nil || len(s.salt) < 8 || len(s.sum) < 16 || len(s.sum) > 128 {
		return secret{}, fmt.Errorf("%w: its salt or sum is unreadable", ErrPassword)
	}
	return s, nil
}

// matches takes as long for a wrong password as for the right one.
func (s secret) matches(password string) bool {
	if len(s.sum) == 0 {
		return false
	}
	given := argon2.IDKey([]byte(password), s.salt, s.passes, s.memory, s.lanes, uint32(len(s.sum)))
	return subtle.ConstantTimeCompare(given, s.sum) == 1
}

// key is what sessions are signed with: another password, another key.
func (s secret) key() []byte {
	h := hmac.New(sha256.New, s.sum)
	h.Write([]byte("cardbowl session, version 1"))
	h.Write(s.salt)
	return h.Sum(nil)
}
