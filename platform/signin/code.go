package signin

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"image/png"
	"strings"
	"time"

	"github.com/pquerna/otp"
	"github.com/pquerna/otp/hotp"
	"github.com/pquerna/otp/totp"

	"aman/platform/store"
)

const (
	stepSeconds = 30
	// stepsOff is how many steps a telephone's clock may be off.
	stepsOff        = 1
	recoveryCodes   = 10
	recoverySymbols = 10 // of base 32: 50 bits
)

var codeOptions = hotp.ValidateOpts{Digits: otp.DigitsSix, Algorithm: otp.AlgorithmSHA1}

// Enrolment is a one-time secret offered to a user, not yet in force.
type Enrolment struct {
	Ticket string // for ConfirmCode, within five minutes
	Secret string // base 32, to type
	URL    string // otpauth://…, for a link on a telephone
	QR     []byte // the same as a PNG image of 240 by 240
}

// EnrolCode offers a new one-time secret. It is in force once ConfirmCode has seen a code of it.
func (s *Service) EnrolCode(ctx context.Context, user, issuer string) (Enrolment, error) {
	u, err := s.account(ctx, "id", user)
	if err != nil {
		return Enrolment{}, err
	}
	if u.id == "" {
		return Enrolment{}, ErrUser
	}
	key, err := totp.Generate(totp.GenerateOpts{Issuer: issuer, AccountName: u.login, Period: stepSeconds, SecretSize: 20})
	if err != nil {
		return Enrolment{}, fmt.Errorf("making a one-time secret: %w", err)
	}
	img, err := key.Image(240, 240)
	if err != nil {
		return Enrolment{}, fmt.Errorf("drawing a one-time secret: %w", err)
	}
	var qr bytes.Buffer
	if err := png.Encode(&qr, img); err != nil {
		return Enrolment{}, err
	}
	out := Enrolment{Secret: key.Secret(), URL: key.URL(), QR: qr.Bytes()}
	err = s.db.Write(ctx, func(tx *store.Tx) (err error) {
		out.Ticket, err = s.begin(tx, kindEnrolCode, user, s.sealSecret(user, out.Secret))
		return err
	})
	return out, err
}

// ConfirmCode puts an offered secret in force and gives ten recovery codes, to be shown once.
func (s *Service) ConfirmCode(ctx context.Context, user, ticket, code string) (recovery []string, err error) {
	owner, sealed, err := s.try(ctx, ticket, kindEnrolCode)
	if err != nil {
		return nil, err
	}
	if owner != user {
		return nil, ErrTicket
	}
	secret, err := s.openSecret(user, sealed)
	if err != nil {
		return nil, err
	}
	step, ok := matchStep(secret, code, s.now())
	if !ok {
		return nil, ErrRefused
	}
	err = s.db.Write(ctx, func(tx *store.Tx) error {
		if _, err := s.takeCeremony(tx, ticket, kindEnrolCode, user); err != nil {
			return err
		}
		if _, err := tx.Exec("UPDATE users SET totp = ?, totp_step = ? WHERE id = ?", sealed, step, user); err != nil {
			return err
		}
		if recovery, err = s.NewRecoveryCodes(tx, user); err != nil {
			return err
		}
		return s.record(tx, Event{Kind: "code", User: user})
	})
	if err != nil {
		return nil, err
	}
	return recovery, nil
}

// RemoveCode takes the one-time secret and the recovery codes of a user away.
func (s *Service) RemoveCode(tx *store.Tx, user string) error {
	n, err := tx.Exec("UPDATE users SET totp = NULL, totp_step = 0 WHERE id = ? AND totp IS NOT NULL", user)
	if err != nil {
		return err
	}
	if n == 0 {
		return ErrNotThere
	}
	if _, err := tx.Exec("DELETE FROM recovery_codes WHERE user_id = ?", user); err != nil {
		return err
	}
	return s.record(tx, Event{Kind: "code", User: user, Reason: "removed"})
}

// NewRecoveryCodes replaces the recovery codes of a user and gives them, to be shown once.
func (s *Service) NewRecoveryCodes(tx *store.Tx, user string) ([]string, error) {
	if _, err := tx.Exec("DELETE FROM recovery_codes WHERE user_id = ?", user); err != nil {
		return nil, err
	}
	out := make([]string, recoveryCodes)
	for i := range out {
		out[i] = newRecoveryCode()
		if _, err := tx.Exec("INSERT INTO recovery_codes (user_id, hash) VALUES (?, ?)", user, s.recoveryHash(user, out[i])); err != nil {
			return nil, err
		}
	}
	return out, nil
}

// RecoveryCodesLeft says how many recovery codes a user still has.
func RecoveryCodesLeft(tx *store.Tx, user string) (n int, err error) {
	return n, tx.Row("SELECT count(*) FROM recovery_codes WHERE user_id = ?", user).Scan(&n)
}

// HasCode says whether a user signs in with a one-time code.
func HasCode(tx *store.Tx, user string) (has bool, err error) {
	return has, tx.Row("SELECT totp IS NOT NULL FROM users WHERE id = ?", user).Scan(&has)
}

// useCode checks a one-time or recovery code and uses it up. why is empty when it is right.
func (s *Service) useCode(tx *store.Tx, u account, code string) (kind, why string, err error) {
	code = clean(code)
	if len(code) == recoverySymbols {
		n, err := tx.Exec("DELETE FROM recovery_codes WHERE user_id = ? AND hash = ?", u.id, s.recoveryHash(u.id, code))
		if err != nil || n == 0 {
			return "", "code", err
		}
		return "recovery", "", s.record(tx, Event{Kind: "recovery", User: u.id})
	}
	secret, err := s.openSecret(u.id, u.totp)
	if err != nil {
		return "", "", err
	}
	step, ok := matchStep(secret, code, s.now())
	if !ok {
		return "", "code", nil
	}
	n, err := tx.Exec("UPDATE users SET totp_step = ? WHERE id = ? AND totp_step < ?", step, u.id, step)
	if err != nil {
		return "", "", err
	}
	if n == 0 {
		return "", "replay", nil
	}
	return "code", "", nil
}

// matchStep finds the step whose code this is, around now.
func matchStep(secret, code string, now time.Time) (step int64, ok bool) {
	code = clean(code)
	at := now.Unix() / stepSeconds
	for off := int64(-stepsOff); off <= stepsOff; off++ {
		// Every step is tried, so that the time taken does not tell which matched.
		if right, err := hotp.ValidateCustom(code, uint64(at+off), secret, codeOptions); err == nil && right {
			step, ok = at+off, true
		}
	}
	return step, ok
}

// clean takes spaces and hyphens out of a code, puts digits of other scripts into ours,
// and reads the letters people confuse as one.
func clean(code string) string {
	return strings.Map(func(r rune) rune {
		switch {
		case r >= '0' && r <= '9', r >= 'a' && r <= 'z':
			return confused(r)
		case r >= 'A' && r <= 'Z':
			return confused(r - 'A' + 'a')
		case r >= '۰' && r <= '۹': // Persian and Urdu digits
			return r - '۰' + '0'
		case r >= '٠' && r <= '٩': // Arabic digits
			return r - '٠' + '0'
		case r == ' ' || r == '-' || r == '\t' || r == '\u00a0':
			return -1
		}
		return '?'
	}, code)
}

// confused reads letters as in Crockford's base 32.
func confused(r rune) rune {
	switch r {
	case 'o':
		return '0'
	case 'i', 'l':
		return '1'
	}
	return r
}

const base32 = "0123456789abcdefghjkmnpqrstvwxyz"

// newRecoveryCode makes a code like k7d2m-9xq4t; 50 random bits.
func newRecoveryCode() string {
	b := random(recoverySymbols)
	for i := range b {
		b[i] = base32[b[i]%32]
	}
	return string(b[:5]) + "-" + string(b[5:])
}

func (s *Service) recoveryHash(user, code string) string {
	return s.name("recovery", user, clean(code))
}

var errSecret = errors.New("the one-time secret of this account does not open with this node's key")

// sealSecret seals a one-time secret for one user.
func (s *Service) sealSecret(user, secret string) []byte {
	return s.seal.Seal(nil, nil, []byte(secret), []byte(user))
}

func (s *Service) openSecret(user string, sealed []byte) (string, error) {
	b, err := s.seal.Open(nil, nil, sealed, []byte(user))
	if err != nil {
		return "", errSecret
	}
	return string(b), nil
}
