package signin

import (
	"context"
	"crypto/cipher"
	"errors"
	"fmt"
	"time"

	"github.com/go-webauthn/webauthn/webauthn"

	"aman/platform/store"
)

// Config is what a Service needs to know.
type Config struct {
	// Key is 32 bytes that are not in the database. One-time secrets are sealed with it, and
	// bucket names, recovery codes and the like are hashed with it. Another key makes all
	// one-time secrets and recovery codes useless.
	Key []byte
	// Origin is where browsers find this node, as scheme://host[:port]. Passkeys are bound to
	// it. Empty, or an address that is a number: no passkeys.
	Origin string
	// Idle and Absolute end sessions; 30 minutes and 12 hours when zero.
	Idle, Absolute time.Duration
	// Record is called inside the transaction of each event, for the audit log. Optional.
	Record func(*store.Tx, Event) error
	// Now is the clock; time.Now when nil.
	Now func() time.Time
}

// Event is something the audit log should know.
type Event struct {
	Kind    string // sign_in, sign_in_refused, sign_out, revoked, password, code, recovery, passkey, device …
	User    string // id; empty for an unknown login
	Session string // id of the session, where there is one
	Method  string // password, password+code, password+recovery, passkey, device
	Reason  string // of a refusal: password, code, replay, throttled, disabled, ticket, passkey, passkey_copied, revoked
	At      time.Time
}

// From is where a try comes from.
type From struct {
	Address string // the client's IP address, with or without port
	Agent   string // what the browser calls itself; shown in the list of sessions
	Browser string // the value of the known-browser cookie, if any
	Replace string // the session token this browser had until now, if any; it is ended
}

// The errors of signing in. Each is safe to show.
var (
	ErrRefused    = errors.New("the login, the password or the code is not right")
	ErrNoSession  = errors.New("nobody is signed in, or the session has ended")
	ErrMustChange = errors.New("a new password must be chosen first")
	ErrTicket     = errors.New("this took too long or was tried too often; start again")
	ErrNoPasskeys = errors.New("passkeys need this node's address as a name (signin.Config.Origin)")
	ErrUser       = errors.New("there is no such user")
	ErrNotThere   = errors.New("there is nothing of that name to remove")
)

// Slow refuses a try because there were too many. It says when to try again.
type Slow struct{ After time.Duration }

func (e *Slow) Error() string {
	return fmt.Sprintf("too many tries; wait %d seconds, or use a passkey or a browser you have used before", int(e.After.Seconds())+1)
}

// CodeNeeded says that the password was right and the one-time code is still missing.
type CodeNeeded struct{ Ticket string }

func (e *CodeNeeded) Error() string { return "the one-time code is needed too" }

// Service signs people in. It is safe for concurrent use.
type Service struct {
	db     *store.DB
	c      Config
	seal   cipher.AEAD
	mac    []byte
	slots  chan struct{} // hashes under way
	hashes func()        // called for each hash; tests count
	dummy  string        // a hash no password has
	wa     *webauthn.WebAuthn
}

// New makes a Service. It fails on a key of another length or an origin that is none.
func New(db *store.DB, c Config) (*Service, error) {
	if c.Idle == 0 {
		c.Idle = 30 * time.Minute
	}
	if c.Absolute == 0 {
		c.Absolute = 12 * time.Hour
	}
	if c.Now == nil {
		c.Now = time.Now
	}
	if c.Record == nil {
		c.Record = func(*store.Tx, Event) error { return nil }
	}
	s := &Service{db: db, c: c, slots: make(chan struct{}, hashesAtOnce), hashes: func() {}}
	var err error
	if s.seal, s.mac, err = keys(c.Key); err != nil {
		return nil, err
	}
	if s.wa, err = relyingParty(c.Origin); err != nil {
		return nil, fmt.Errorf("passkeys for %s: %w", c.Origin, err)
	}
	nobodys, _ := newToken(32)
	if s.dummy, err = current.hash(nobodys, random(saltBytes)); err != nil {
		return nil, err
	}
	return s, nil
}

// now is the time, to the microsecond, as it is stored.
func (s *Service) now() time.Time { return s.c.Now().UTC().Truncate(time.Microsecond) }

// record tells the audit log.
func (s *Service) record(tx *store.Tx, e Event) error {
	e.At = s.now()
	if err := s.c.Record(tx, e); err != nil {
		return fmt.Errorf("recording that: %w", err)
	}
	return nil
}

// refuse records a refusal and gives the error to answer with.
func (s *Service) refuse(ctx context.Context, e Event, answer error) error {
	e.Kind = "sign_in_refused"
	if err := s.db.Write(ctx, func(tx *store.Tx) error { return s.record(tx, e) }); err != nil {
		return err
	}
	return answer
}

// Purge removes what has ended: sessions, ceremonies, program passwords, full buckets,
// browsers unused for a year. A daily job is often enough.
func (s *Service) Purge(ctx context.Context) error {
	now := s.now()
	return s.db.Write(ctx, func(tx *store.Tx) error {
		for _, q := range []struct {
			sql string
			arg time.Time
		}{
			{"DELETE FROM sessions WHERE expires_at <= ?", now},
			{"DELETE FROM sessions WHERE seen_at <= ?", now.Add(-s.c.Idle)},
			{"DELETE FROM ceremonies WHERE expires_at <= ?", now},
			{"DELETE FROM program_sessions WHERE expires_at <= ?", now},
			{"DELETE FROM program_passwords WHERE expires_at <= ?", now},
			{"DELETE FROM throttles WHERE at <= ?", now.Add(-24 * time.Hour)}, // every bucket is full by then
			{"DELETE FROM known_browsers WHERE seen_at <= ?", now.AddDate(-1, 0, 0)},
		} {
			if _, err := tx.Exec(q.sql, store.Micros(q.arg)); err != nil {
				return err
			}
		}
		return nil
	})
}
