package registry

import (
	"context"
	"database/sql"
	"fmt"
	"time"

	"aman/platform/access"
	"aman/platform/audit"
	"aman/platform/store"
)

const conflictColumns = "SELECT id, register, row_id, base_version, found_version, submission, at, state, properties, sealed FROM conflicts"

type keptConflict struct {
	Conflict
	clear string
	blob  []byte
}

func scanConflict(rows *sql.Rows) (c keptConflict, err error) {
	var at int64
	err = rows.Scan(&c.ID, &c.Register, &c.Row, &c.Base, &c.Found, &c.Submission, &at, &c.State, &c.clear, &c.blob)
	c.At = store.Time(at)
	return c, err
}

// noRow is the refusal for a row that is not there; to the asker it looks like any other.
func noRow(a access.Action, register, id string) error {
	return &access.Refusal{Action: a, Object: access.Object{Register: register, ID: id}, Reason: access.NoSuchRow}
}

// get reads one row and says which of its properties the subject may see. A row that
// is not there and a row that may not be seen give the same *access.Refusal.
func (r *Registry) get(tx *store.Tx, sub access.Subject, action access.Action, register, id string) (*Row, func(string) bool, error) {
	s, err := r.Schema(register)
	if err != nil {
		return nil, nil, err
	}
	row, err := s.load(tx, id)
	if err == store.ErrNone || (err == nil && row.Deleted) {
		return nil, nil, noRow(action, register, id)
	}
	if err != nil {
		return nil, nil, err
	}
	d, err := r.policy.Require(tx, sub, action, row.Object())
	if err != nil {
		return nil, nil, err
	}
	return row, d.Readable, nil
}

// Get reads one row as the subject may see it.
func (r *Registry) Get(tx *store.Tx, sub access.Subject, register, id string) (*Row, error) {
	row, readable, err := r.get(tx, sub, access.Read, register, id)
	if err != nil {
		return nil, err
	}
	facts, err := r.policy.FactsFor(tx, sub, row.Object())
	if err != nil {
		return nil, err
	}
	r.Catalog.Registers[register].strip(row, readable, r.policy.Can(sub, access.Unseal, row.Object(), facts).Readable)
	return row, nil
}

// Unseal opens sealed values of one row. The audit entry is on disk before the values
// are given; reason is a code of the list unseal_reason.
func (r *Registry) Unseal(ctx context.Context, sub access.Subject, register, id string, properties []string, reason string) (Values, error) {
	out := Values{}
	err := r.db.Write(ctx, func(tx *store.Tx) error {
		clear(out)
		row, readable, err := r.get(tx, sub, access.Unseal, register, id)
		if err != nil {
			return err
		}
		if l := r.Catalog.Lists["unseal_reason"]; l != nil && !l.Has(reason) {
			// Free words here could bring a name into the audit log.
			return &ValueError{Register: register, Property: "reason", Reason: "list", Want: l.Name}
		}
		s := r.Catalog.Registers[register]
		for _, name := range properties {
			p, ok := s.Property(name)
			if !ok || !p.Class.Sealed() || !readable(name) {
				return &access.Refusal{Action: access.Unseal, Object: row.Object(), Reason: access.NotReadable}
			}
			v, err := r.open(tx, row, p)
			if err != nil {
				return err
			}
			if v != nil {
				out[name] = v
			}
		}
		for _, name := range properties {
			if err := r.audit.Append(tx, audit.Entry{
				At: sub.At, Actor: sub.User, Org: sub.Org, Action: "vault.unseal", Outcome: audit.OK, Register: register, Object: id, Case: row.Case,
				Detail: map[string]string{"property": name, "reason": reason},
			}); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	return out, nil
}

// Version is one entry of a row's history.
type Version struct {
	Version           int64
	Submission, Actor string
	At                time.Time
	Op                string
	// Changes holds, for each changed property the asker may read, its old and new
	// value; of a sealed one that he may unseal, only that it changed.
	Changes map[string]Change
}

// Change is the old and the new value of one property.
type Change struct {
	From, To any
	Sealed   bool
}

// History lists the versions of a row, newest first.
func (r *Registry) History(tx *store.Tx, sub access.Subject, register, id string) ([]Version, error) {
	row, readable, err := r.get(tx, sub, access.Read, register, id)
	if err != nil {
		return nil, err
	}
	facts, err := r.policy.FactsFor(tx, sub, row.Object())
	if err != nil {
		return nil, err
	}
	s, unseal := r.Catalog.Registers[register], r.policy.Can(sub, access.Unseal, row.Object(), facts)
	return store.All(tx, func(rows *sql.Rows) (v Version, err error) {
		var at int64
		var text string
		if err := rows.Scan(&v.Version, &v.Submission, &v.Actor, &at, &v.Op, &text); err != nil {
			return v, err
		}
		v.At = store.Time(at)
		var all map[string]delta
		if err := decode([]byte(text), &all); err != nil {
			return v, fmt.Errorf("history of %s version %d: %w", register, v.Version, err)
		}
		v.Changes = map[string]Change{}
		for name, d := range all {
			p, property := s.Property(name)
			if property && !readable(name) && !(d.Sealed && unseal.Readable(name)) {
				continue
			}
			c := Change{From: d.From, To: d.To, Sealed: d.Sealed}
			if property {
				c.From, c.To = fromPlain(p.Type, d.From), fromPlain(p.Type, d.To)
			}
			v.Changes[name] = c
		}
		return v, nil
	}, "SELECT version, submission, actor, at, op, changes FROM history WHERE register = ? AND row_id = ? ORDER BY version DESC", register, id)
}
