package signin

import (
	"context"
	"database/sql"
	"errors"
	"time"

	"aman/platform/access"
	"aman/platform/ids"
	"aman/platform/store"
)

// Session is a session just opened.
type Session struct {
	ID         string
	Token      string // 43 characters; the cookie's value
	User       string
	Method     string
	Expires    time.Time
	Browser    string // the value for the known-browser cookie, to keep for a year
	MustChange bool   // a new password must be chosen before anything else
}

// Info describes an open session to its owner.
type Info struct {
	ID, Agent, Method      string
	Created, Seen, Expires time.Time
}

const agentMost = 200

// seenEvery is how stale seen_at may get: a write for each request would be a waste.
const seenEvery = time.Minute

// open makes a session, ends the one it replaces, and lets the browser be known.
func (s *Service) open(tx *store.Tx, user, method string, from From) (Session, error) {
	now := s.now()
	out := Session{ID: ids.New(), User: user, Method: method, Expires: now.Add(s.c.Absolute), Browser: from.Browser}
	var hash string
	out.Token, hash = newToken(32)
	if from.Replace != "" {
		if _, err := tx.Exec("DELETE FROM sessions WHERE hash = ?", hashToken(from.Replace)); err != nil {
			return Session{}, err
		}
	}
	agent := from.Agent
	if r := []rune(agent); len(r) > agentMost {
		agent = string(r[:agentMost])
	}
	if _, err := tx.Exec("INSERT INTO sessions (hash, id, user_id, created_at, seen_at, expires_at, agent, method) VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
		hash, out.ID, user, store.Micros(now), store.Micros(now), store.Micros(out.Expires), agent, method); err != nil {
		return Session{}, err
	}
	if err := s.greet(tx, user, &out, now); err != nil {
		return Session{}, err
	}
	return out, s.record(tx, Event{Kind: "sign_in", User: user, Session: out.ID, Method: method})
}

// greet makes the browser known for this user, keeping the cookie it has when it is hers.
func (s *Service) greet(tx *store.Tx, user string, out *Session, now time.Time) error {
	if out.Browser != "" {
		n, err := tx.Exec("UPDATE known_browsers SET seen_at = ? WHERE hash = ? AND user_id = ?", store.Micros(now), hashToken(out.Browser), user)
		if err != nil || n > 0 {
			return err
		}
	}
	var hash string
	out.Browser, hash = newToken(32)
	_, err := tx.Exec("INSERT INTO known_browsers (hash, user_id, created_at, seen_at) VALUES (?, ?, ?, ?)", hash, user, store.Micros(now), store.Micros(now))
	return err
}

// Session gives the subject of a session token, with roles and offices as they are now.
// It gives ErrNoSession when there is none, and ErrMustChange together with the subject
// when she may only change her password.
func (s *Service) Session(ctx context.Context, token string) (access.Subject, error) {
	if token == "" || len(token) > 100 {
		return access.Subject{}, ErrNoSession
	}
	now, hash := s.now(), hashToken(token)
	var sub access.Subject
	var seen time.Time
	var mustChange bool
	err := s.db.Read(ctx, func(tx *store.Tx) error {
		var id, user string
		var seenAt int64
		err := tx.Row("SELECT s.id, s.user_id, s.seen_at, u.must_change FROM sessions s JOIN users u ON u.id = s.user_id WHERE s.hash = ? AND s.expires_at > ? AND s.seen_at > ?",
			hash, store.Micros(now), store.Micros(now.Add(-s.c.Idle))).Scan(&id, &user, &seenAt, &mustChange)
		if errors.Is(err, store.ErrNone) {
			return ErrNoSession
		}
		if err != nil {
			return err
		}
		seen = store.Time(seenAt)
		sub, err = access.SubjectOf(tx, user, now)
		if errors.Is(err, access.ErrUser) {
			return ErrNoSession // disabled meanwhile
		}
		sub.Session = id
		return err
	})
	if err != nil {
		return access.Subject{}, err
	}
	if now.Sub(seen) >= seenEvery {
		// A store that cannot be written must still be readable, so this may fail in silence.
		_ = s.db.Write(ctx, func(tx *store.Tx) error {
			_, err := tx.Exec("UPDATE sessions SET seen_at = ? WHERE hash = ? AND seen_at < ?", store.Micros(now), hash, store.Micros(now))
			return err
		})
	}
	if mustChange {
		return sub, ErrMustChange
	}
	return sub, nil
}

// SignOut ends the session of a token; ending none is no error.
func (s *Service) SignOut(ctx context.Context, token string) error {
	return s.db.Write(ctx, func(tx *store.Tx) error {
		var id, user string
		err := tx.Row("DELETE FROM sessions WHERE hash = ? RETURNING id, user_id", hashToken(token)).Scan(&id, &user)
		if errors.Is(err, store.ErrNone) {
			return nil
		}
		if err != nil {
			return err
		}
		return s.record(tx, Event{Kind: "sign_out", User: user, Session: id})
	})
}

// Sessions lists the open sessions of a user, the last used first.
func (s *Service) Sessions(tx *store.Tx, user string) ([]Info, error) {
	now := s.now()
	return store.All(tx, func(r *sql.Rows) (i Info, err error) {
		var created, seen, expires int64
		err = r.Scan(&i.ID, &i.Agent, &i.Method, &created, &seen, &expires)
		i.Created, i.Seen, i.Expires = store.Time(created), store.Time(seen), store.Time(expires)
		return i, err
	}, "SELECT id, agent, method, created_at, seen_at, expires_at FROM sessions WHERE user_id = ? AND expires_at > ? AND seen_at > ? ORDER BY seen_at DESC, id",
		user, store.Micros(now), store.Micros(now.Add(-s.c.Idle)))
}

// Revoke ends one session of a user, by its id.
func (s *Service) Revoke(tx *store.Tx, user, session string) error {
	n, err := tx.Exec("DELETE FROM sessions WHERE user_id = ? AND id = ?", user, session)
	if err != nil {
		return err
	}
	if n == 0 {
		return ErrNotThere
	}
	return s.record(tx, Event{Kind: "revoked", User: user, Session: session})
}

// RevokeAll ends every session of a user but the one with the id keep (empty: every one), lets
// no browser be known any more, drops half-done sign-ins and program passwords, and says how
// many sessions ended.
func (s *Service) RevokeAll(tx *store.Tx, user, keep string) (int64, error) {
	n, err := tx.Exec("DELETE FROM sessions WHERE user_id = ? AND id <> ?", user, keep)
	if err != nil {
		return 0, err
	}
	for _, table := range []string{"known_browsers", "ceremonies"} {
		if _, err := tx.Exec("DELETE FROM "+table+" WHERE user_id = ?", user); err != nil {
			return 0, err
		}
	}
	if err := dropPrograms(tx, user); err != nil {
		return 0, err
	}
	return n, s.record(tx, Event{Kind: "revoked", User: user, Session: keep, Reason: "all"})
}
