package signin

import (
	"context"
	"database/sql"
	"errors"
	"regexp"
	"slices"
	"time"

	"aman/platform/access"
	"aman/platform/ids"
	"aman/platform/store"
)

// The errors of device tokens.
var (
	ErrTokenMalformed = errors.New("this is no device token: it must have 64 letters, digits, - or _")
	ErrTokenUnknown   = errors.New("this device token is not known here")
	ErrTokenRevoked   = errors.New("this device token has been revoked, or its user may no longer use it")
	ErrLabel          = errors.New("a device needs a label of at most 100 characters")
	ErrOffice         = errors.New("the user is not in that office")
)

var tokenForm = regexp.MustCompile(`^[A-Za-z0-9_-]{64}$`)

const labelMost = 100

// Device describes a device token without the token.
type Device struct {
	ID, Label, User, Office string
	Created, Seen, Revoked  time.Time // the zero time: never. Seen after Revoked: it tried again
}

// NewDevice makes a device token for a user in one of her offices. The token is shown once.
func (s *Service) NewDevice(tx *store.Tx, user, office, label string) (id, token string, err error) {
	if n := len([]rune(label)); n == 0 || n > labelMost {
		return "", "", ErrLabel
	}
	sub, err := access.SubjectOf(tx, user, s.now())
	if err != nil {
		return "", "", err
	}
	if !slices.Contains(sub.Offices, office) {
		return "", "", ErrOffice
	}
	id = ids.New()
	token, hash := newToken(48)
	if _, err := tx.Exec("INSERT INTO device_tokens (hash, id, label, user_id, office, created_at) VALUES (?, ?, ?, ?, ?, ?)",
		hash, id, label, user, office, store.Micros(s.now())); err != nil {
		return "", "", err
	}
	return id, token, s.record(tx, Event{Kind: "device", User: user, Session: id})
}

// Device gives the subject of a device token: the user, in the device's office alone. The
// errors are ErrTokenMalformed, ErrTokenUnknown and ErrTokenRevoked.
func (s *Service) Device(ctx context.Context, token string) (access.Subject, error) {
	if !tokenForm.MatchString(token) {
		return access.Subject{}, ErrTokenMalformed
	}
	return s.deviceOf(ctx, hashToken(token))
}

// deviceOf is Device by the hash of the token.
func (s *Service) deviceOf(ctx context.Context, hash string) (access.Subject, error) {
	now := s.now()
	var sub access.Subject
	var seen int64
	var id, user string
	err := s.db.Read(ctx, func(tx *store.Tx) error {
		var office string
		var revoked int64
		err := tx.Row("SELECT id, user_id, office, seen_at, revoked_at FROM device_tokens WHERE hash = ?", hash).Scan(&id, &user, &office, &seen, &revoked)
		if errors.Is(err, store.ErrNone) {
			return ErrTokenUnknown
		}
		if err != nil {
			return err
		}
		if sub, err = access.SubjectOf(tx, user, now); errors.Is(err, access.ErrUser) {
			return ErrTokenRevoked
		}
		if err != nil {
			return err
		}
		if revoked != 0 || !slices.Contains(sub.Offices, office) {
			return ErrTokenRevoked
		}
		sub.Device, sub.Offices = id, []string{office}
		return nil
	})
	if errors.Is(err, ErrTokenRevoked) && now.Sub(store.Time(seen)) >= triedEvery {
		// Somebody has the phone that was lost, or somebody was not told: the office shall know.
		_ = s.db.Write(ctx, func(tx *store.Tx) error {
			if err := seenNow(tx, hash, now); err != nil {
				return err
			}
			return s.record(tx, Event{Kind: "sign_in_refused", User: user, Session: id, Method: "device", Reason: "revoked"})
		})
	}
	if err != nil {
		return access.Subject{}, err
	}
	if now.Sub(store.Time(seen)) >= seenEvery {
		// As for sessions: a store that cannot be written may still be read.
		_ = s.db.Write(ctx, func(tx *store.Tx) error { return seenNow(tx, hash, now) })
	}
	return sub, nil
}

// triedEvery is how often it is written down that a device tries which has ended.
const triedEvery = time.Hour

func seenNow(tx *store.Tx, hash string, now time.Time) error {
	_, err := tx.Exec("UPDATE device_tokens SET seen_at = ? WHERE hash = ? AND seen_at < ?", store.Micros(now), hash, store.Micros(now))
	return err
}

// Devices lists the device tokens of an office, the newest first.
func Devices(tx *store.Tx, office string) ([]Device, error) {
	return store.All(tx, func(r *sql.Rows) (d Device, err error) {
		var created, seen, revoked int64
		err = r.Scan(&d.ID, &d.Label, &d.User, &d.Office, &created, &seen, &revoked)
		d.Created, d.Seen, d.Revoked = store.Time(created), store.Time(seen), store.Time(revoked)
		return d, err
	}, "SELECT id, label, user_id, office, created_at, seen_at, revoked_at FROM device_tokens WHERE office = ? ORDER BY created_at DESC, id", office)
}

// RevokeDevice ends a device token, by its id.
func (s *Service) RevokeDevice(tx *store.Tx, id string) error {
	var user string
	err := tx.Row("UPDATE device_tokens SET revoked_at = ? WHERE id = ? AND revoked_at = 0 RETURNING user_id", store.Micros(s.now()), id).Scan(&user)
	if errors.Is(err, store.ErrNone) {
		return ErrNotThere
	}
	if err != nil {
		return err
	}
	return s.record(tx, Event{Kind: "device", User: user, Session: id, Reason: "revoked"})
}
