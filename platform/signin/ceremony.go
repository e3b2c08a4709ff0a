package signin

import (
	"context"
	"errors"
	"time"

	"aman/platform/store"
)

// The kinds of ceremony.
const (
	kindSignIn        = "sign in: code"
	kindEnrolCode     = "enrol: code"
	kindEnrolPasskey  = "enrol: passkey"
	kindSignInPasskey = "sign in: passkey"
)

const (
	ceremonyFor = 5 * time.Minute
	ticketTries = 5
)

// begin keeps the state of a ceremony and gives the token by which to go on with it.
func (s *Service) begin(tx *store.Tx, kind, user string, state []byte) (string, error) {
	token, hash := newToken(32)
	if state == nil {
		state = []byte{}
	}
	_, err := tx.Exec("INSERT INTO ceremonies (hash, kind, user_id, state, expires_at) VALUES (?, ?, ?, ?, ?)",
		hash, kind, user, state, store.Micros(s.now().Add(ceremonyFor)))
	return token, err
}

// takeCeremony ends a ceremony and gives its state: whoever finishes it, in whatever way, does so once.
func (s *Service) takeCeremony(tx *store.Tx, token, kind, user string) ([]byte, error) {
	var state []byte
	var expires int64
	err := tx.Row("DELETE FROM ceremonies WHERE hash = ? AND kind = ? AND user_id = ? RETURNING state, expires_at", hashToken(token), kind, user).Scan(&state, &expires)
	if errors.Is(err, store.ErrNone) {
		return nil, ErrTicket
	}
	if err == nil && !s.now().Before(store.Time(expires)) {
		return nil, ErrTicket
	}
	return state, err
}

// try counts a try at a ceremony that allows a few, and gives its user and state.
func (s *Service) try(ctx context.Context, ticket, kind string) (user string, state []byte, err error) {
	err = s.db.Write(ctx, func(tx *store.Tx) error {
		err := tx.Row("UPDATE ceremonies SET tries = tries + 1 WHERE hash = ? AND kind = ? AND tries < ? AND expires_at > ? RETURNING user_id, state",
			hashToken(ticket), kind, ticketTries, store.Micros(s.now())).Scan(&user, &state)
		if errors.Is(err, store.ErrNone) {
			return ErrTicket
		}
		return err
	})
	return user, state, err
}

func (s *Service) dropCeremony(ctx context.Context, token string) error {
	return s.db.Write(ctx, func(tx *store.Tx) error {
		_, err := tx.Exec("DELETE FROM ceremonies WHERE hash = ?", hashToken(token))
		return err
	})
}
