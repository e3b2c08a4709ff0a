package central

import (
	"database/sql"
	"strings"
	"time"

	"aman/platform/store"
)

// actor is a user or an app user as Central shows one.
type actor struct {
	ID          int64   `json:"id"`
	Type        string  `json:"type"`
	DisplayName string  `json:"displayName"`
	CreatedAt   moment  `json:"createdAt"`
	UpdatedAt   *moment `json:"updatedAt"`
	DeletedAt   *moment `json:"deletedAt"`
}

// Types of actor.
const (
	userActor = "user"
	appActor  = "field_key"
)

// moment is a time as JavaScript writes it: UTC, to the millisecond.
type moment time.Time

const momentForm = "2006-01-02T15:04:05.000Z"

func (m moment) String() string { return time.Time(m).UTC().Format(momentForm) }

// MarshalJSON writes the time in quotes.
func (m moment) MarshalJSON() ([]byte, error) { return []byte(`"` + m.String() + `"`), nil }

// at is a moment that may be missing: the zero time is null.
func at(t time.Time) *moment {
	if t.IsZero() {
		return nil
	}
	m := moment(t)
	return &m
}

// actors loads users and phones by their ids. An id that is neither (the system itself) is
// left out.
func (c *call) actors(ids ...string) (map[string]*actor, error) {
	var some []string
	seen := map[string]bool{"": true}
	for _, id := range ids {
		if !seen[id] {
			seen[id] = true
			some = append(some, id)
		}
	}
	out := map[string]*actor{}
	if len(some) == 0 {
		return out, nil
	}
	var args []any
	for _, id := range some {
		args = append(args, id)
	}
	marks := "(?" + strings.Repeat(", ?", len(some)-1) + ")"
	err := c.read(func(tx *store.Tx) error {
		for _, q := range []struct{ kind, sql string }{
			{userActor, "SELECT id, name, created_at, 0 FROM users WHERE id IN " + marks},
			{appActor, "SELECT id, label, created_at, revoked_at FROM device_tokens WHERE id IN " + marks},
		} {
			if err := tx.Each(func(r *sql.Rows) error {
				var id string
				var created, ended int64
				a := &actor{Type: q.kind}
				if err := r.Scan(&id, &a.DisplayName, &created, &ended); err != nil {
					return err
				}
				a.CreatedAt, a.DeletedAt = moment(store.Time(created)), at(store.Time(ended))
				out[id] = a
				return nil
			}, q.sql, args...); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	numbers, err := c.number(actorNumber, some...)
	if err != nil {
		return nil, err
	}
	for id, a := range out {
		a.ID = numbers[id]
	}
	return out, nil
}

// actorID is the id of whoever did something: the phone, where there was one.
func actorID(user, device string) string {
	if device != "" {
		return device
	}
	return user
}

func timeOf(m *moment) time.Time { return time.Time(*m) }
