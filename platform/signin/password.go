package signin

import (
	"context"
	"crypto/subtle"
	_ "embed"
	"encoding/base64"
	"errors"
	"fmt"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/crypto/argon2"
	"golang.org/x/text/unicode/norm"

	"aman/platform/store"
)

// params are those of Argon2id (RFC 9106, section 4).
type params struct {
	memory  uint32 // KiB
	passes  uint32
	threads uint8
}

// current is what new hashes are made with; the package comment says why.
var current = params{memory: 19 * 1024, passes: 2, threads: 1}

const (
	saltBytes    = 16
	hashBytes    = 32
	hashesAtOnce = 2
	// memoryMost bounds what a hash found in the database may ask for.
	memoryMost = 128 * 1024
)

// hash gives the PHC string of a password: $argon2id$v=19$m=…,t=…,p=…$salt$hash.
func (p params) hash(password string, salt []byte) (string, error) {
	sum := argon2.IDKey(normal(password), salt, p.passes, p.memory, p.threads, hashBytes)
	b64 := base64.RawStdEncoding
	return fmt.Sprintf("$argon2id$v=%d$m=%d,t=%d,p=%d$%s$%s", argon2.Version, p.memory, p.passes, p.threads, b64.EncodeToString(salt), b64.EncodeToString(sum)), nil
}

// normal makes the same letters the same bytes, on whatever keyboard they were typed (RFC 8265, section 4.2).
func normal(password string) []byte { return norm.NFC.Bytes([]byte(password)) }

var errHash = errors.New("a stored password hash is damaged")

// parseHash takes a PHC string apart.
func parseHash(s string) (p params, salt, sum []byte, err error) {
	parts := strings.Split(s, "$")
	if len(parts) != 6 || parts[0] != "" || parts[1] != "argon2id" || parts[2] != fmt.Sprintf("v=%d", argon2.Version) {
		return p, nil, nil, errHash
	}
	if _, err := fmt.Sscanf(parts[3], "m=%d,t=%d,p=%d", &p.memory, &p.passes, &p.threads); err != nil {
		return p, nil, nil, errHash
	}
	salt, err1 := base64.RawStdEncoding.Strict().DecodeString(parts[4])
	sum, err2 := base64.RawStdEncoding.Strict().DecodeString(parts[5])
	if err1 != nil || err2 != nil || len(salt) < 8 || len(salt) > 64 || len(sum) < 16 || len(sum) > 64 ||
		p.passes < 1 || p.passes > 16 || p.threads < 1 || p.memory < 8*uint32(p.threads) || p.memory > memoryMost {
		return p, nil, nil, errHash
	}
	return p, salt, sum, nil
}

// slot waits for one of the few places in which hashes are made.
func (s *Service) slot(ctx context.Context) (done func(), err error) {
	select {
	case s.slots <- struct{}{}:
		s.hashes()
		return func() { <-s.slots }, nil
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

// verify says whether the password has this hash, and whether that should be made anew.
// With no hash it does the same work and says no.
func (s *Service) verify(ctx context.Context, stored, password string) (ok, stale bool, err error) {
	have := stored != ""
	if !have {
		stored = s.dummy
	}
	p, salt, sum, err := parseHash(stored)
	if err != nil {
		return false, false, err
	}
	done, err := s.slot(ctx)
	if err != nil {
		return false, false, err
	}
	defer done()
	got := argon2.IDKey(normal(password), salt, p.passes, p.memory, p.threads, uint32(len(sum)))
	return subtle.ConstantTimeCompare(got, sum) == 1 && have, p != current || len(sum) != hashBytes, nil
}

// HashPassword checks the strength of a password and gives the hash to store with SetPassword.
// It is slow on purpose: call it outside a transaction. words are what the password must not be
// made of: the login, the name, the organisation. Errors are *Weak.
func (s *Service) HashPassword(ctx context.Context, password string, words ...string) (string, error) {
	if err := checkStrength(password, words...); err != nil {
		return "", err
	}
	return s.rehash(ctx, password)
}

func (s *Service) rehash(ctx context.Context, password string) (string, error) {
	done, err := s.slot(ctx)
	if err != nil {
		return "", err
	}
	defer done()
	return current.hash(password, random(saltBytes))
}

// SetPassword stores a hash made by HashPassword and ends all sessions of the user and all her
// known browsers. mustChange makes her choose another at the next sign-in.
func (s *Service) SetPassword(tx *store.Tx, user, hash string, mustChange bool) error {
	if _, _, _, err := parseHash(hash); err != nil {
		return err
	}
	n, err := tx.Exec("UPDATE users SET password = ?, must_change = ? WHERE id = ?", hash, mustChange, user)
	if err != nil {
		return err
	}
	if n == 0 {
		return ErrUser
	}
	if _, err := s.RevokeAll(tx, user, ""); err != nil {
		return err
	}
	return s.record(tx, Event{Kind: "password", User: user})
}

// ChangePassword lets a user choose a new password. The old one is asked again, and counted
// like a sign-in. All sessions end but the one with the id keep.
func (s *Service) ChangePassword(ctx context.Context, user, old, new, keep string, from From) error {
	u, err := s.reauthenticate(ctx, user, old, from)
	if err != nil {
		return err
	}
	if string(normal(old)) == string(normal(new)) {
		return &Weak{Reason: "same"}
	}
	hash, err := s.HashPassword(ctx, new, u.login, u.name)
	if err != nil {
		return err
	}
	return s.db.Write(ctx, func(tx *store.Tx) error {
		if _, err := tx.Exec("UPDATE users SET password = ?, must_change = ? WHERE id = ?", hash, false, user); err != nil {
			return err
		}
		if _, err := s.RevokeAll(tx, user, keep); err != nil {
			return err
		}
		return s.record(tx, Event{Kind: "password", User: user, Session: keep})
	})
}

// Weak says why a password is not taken. Reason is short, long, common or same.
type Weak struct{ Reason string }

var weakTexts = map[string]string{
	"short":  "a password needs at least 12 characters",
	"long":   "a password may have at most 1000 characters",
	"common": "this password is too easy to guess: it is made of common words, rows of keys, numbers or your own name; add words that do not go together",
	"same":   "the new password must differ from the old one",
}

func (e *Weak) Error() string { return weakTexts[e.Reason] }

const (
	passwordLeast = 12
	passwordMost  = 1000
	// ownLeast is how many different characters must be left of a password once common
	// words and digits are taken out of it.
	ownLeast = 5
)

//go:embed common.txt
var commonFile string

// common holds the words of common.txt, longest first.
var common = func() []string {
	words := strings.Fields(commonFile)
	slices.SortFunc(words, func(a, b string) int { return len(b) - len(a) })
	return words
}()

// leet undoes the usual disguises of letters.
var leet = strings.NewReplacer("0", "o", "1", "i", "3", "e", "4", "a", "5", "s", "7", "t", "@", "a", "$", "s", "!", "i")

func checkStrength(password string, words ...string) error {
	switch n := utf8.RuneCount(normal(password)); {
	case n < passwordLeast:
		return &Weak{Reason: "short"}
	case n > passwordMost:
		return &Weak{Reason: "long"}
	}
	// Taken as it is and with disguises undone; both must have enough of their own.
	plain := strings.ToLower(string(normal(password)))
	for _, p := range []string{plain, leet.Replace(plain)} {
		if own(p, words) < ownLeast {
			return &Weak{Reason: "common"}
		}
	}
	return nil
}

// own counts the different characters of a password that are in no common word and no digits.
func own(password string, words []string) int {
	for _, w := range words {
		for part := range strings.FieldsFuncSeq(strings.ToLower(w), func(r rune) bool { return !unicode.IsLetter(r) && !unicode.IsDigit(r) }) {
			if utf8.RuneCountInString(part) >= 3 {
				password = strings.ReplaceAll(password, part, "")
			}
		}
	}
	for _, w := range common {
		password = strings.ReplaceAll(password, w, "")
	}
	seen := map[rune]bool{}
	for _, r := range password {
		if !unicode.IsDigit(r) {
			seen[r] = true
		}
	}
	return len(seen)
}
