package registry

import (
	"encoding/json"
	"fmt"
	"reflect"
	"slices"
	"time"

	"aman/platform/access"
	"aman/platform/ids"
	"aman/platform/store"
)

// Conflict is a write that changed what somebody else had changed since its base
// version. The row keeps the value that came first; the other waits here.
type Conflict struct {
	ID, Register, Row, Submission string
	Base, Found                   int64
	At                            time.Time
	State                         string // open, kept (the row's value stands), taken (the waiting value was written)
	// Mine holds the waiting values, as far as the asker may read and they are not sealed;
	// Sealed names those that are.
	Mine   Values
	Sealed []string
}

// conflict takes out of values what was changed on both sides and keeps it.
func (r *Registry) conflict(tx *store.Tx, s *Schema, m Meta, w Write, row *Row, values Values) (string, error) {
	if w.Base > row.Version {
		return "", fmt.Errorf("register %s: the write was made on version %d, but the row has only %d", s.Name, w.Base, row.Version)
	}
	texts, err := tx.Strings("SELECT changes FROM history WHERE register = ? AND row_id = ? AND version > ?", s.Name, row.ID, w.Base)
	if err != nil {
		return "", err
	}
	clear, sealed := map[string]any{}, map[string]any{}
	for _, t := range texts {
		var since map[string]delta
		if err := json.Unmarshal([]byte(t), &since); err != nil {
			return "", err
		}
		for name := range since {
			v, mine := values[name]
			if !mine {
				continue
			}
			p, _ := s.Property(name)
			now := row.Values[name]
			if p.Class.Sealed() {
				if now, err = r.open(tx, row, p); err != nil {
					return "", err
				}
			}
			if !reflect.DeepEqual(now, v) {
				if p.Class.Sealed() {
					sealed[name] = toPlain(v)
				} else {
					clear[name] = toPlain(v)
				}
			}
			delete(values, name)
		}
	}
	if len(clear)+len(sealed) == 0 {
		return "", nil
	}
	id := ids.New()
	body, err := json.Marshal(clear)
	if err != nil {
		return "", err
	}
	var blob any
	if len(sealed) > 0 {
		plain, err := json.Marshal(sealed)
		if err != nil {
			return "", err
		}
		key, err := r.vault.PersonKey(tx, keyOwner(row))
		if err != nil {
			return "", err
		}
		if blob, err = r.vault.Seal(tx, key, sealContext(s.Name, row.ID, "conflict/"+id), plain); err != nil {
			return "", err
		}
	}
	_, err = tx.Exec(`INSERT INTO conflicts (id, register, row_id, base_version, found_version, submission, at, properties, sealed, state)
		VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, 'open')`, id, s.Name, row.ID, w.Base, row.Version, m.Submission, store.Micros(m.At), string(body), blob)
	return id, err
}

// Conflicts lists the open conflicts of a row the subject may read.
func (r *Registry) Conflicts(tx *store.Tx, sub access.Subject, register, id string) ([]Conflict, error) {
	row, readable, err := r.get(tx, sub, access.Read, register, id)
	if err != nil {
		return nil, err
	}
	list, err := store.All(tx, scanConflict, conflictColumns+" WHERE register = ? AND row_id = ? AND state = 'open' ORDER BY at", register, id)
	if err != nil {
		return nil, err
	}
	s := r.Catalog.Registers[register]
	out := make([]Conflict, 0, len(list))
	for _, c := range list {
		values, err := r.waiting(tx, s, row, c)
		if err != nil {
			return nil, err
		}
		c.Mine = Values{}
		for name, v := range values {
			p, _ := s.Property(name)
			switch {
			case p.Class.Sealed():
				c.Sealed = append(c.Sealed, name)
			case !readable(name):
			default:
				c.Mine[name] = v
			}
		}
		slices.Sort(c.Sealed)
		out = append(out, c.Conflict)
	}
	return out, nil
}

// Waiting gives the write that would carry out a conflict's waiting values; the caller
// submits it to take them, or settles the conflict to keep the row as it is.
func (r *Registry) Waiting(tx *store.Tx, id string) (Write, error) {
	list, err := store.All(tx, scanConflict, conflictColumns+" WHERE id = ? AND state = 'open'", id)
	if err != nil {
		return Write{}, err
	}
	if len(list) == 0 {
		return Write{}, noRow(access.Update, "", id)
	}
	c := list[0]
	s, err := r.Schema(c.Register)
	if err != nil {
		return Write{}, err
	}
	row, err := s.load(tx, c.Row)
	if err != nil {
		return Write{}, err
	}
	values, err := r.waiting(tx, s, row, c)
	return Write{Register: c.Register, ID: c.Row, Base: row.Version, Values: values}, err
}

// Settle closes a conflict: state is kept or taken.
func (r *Registry) Settle(tx *store.Tx, m Meta, id, state string) error {
	_, err := tx.Exec("UPDATE conflicts SET state = ?, resolved_by = ?, resolved_at = ? WHERE id = ? AND state = 'open'", state, m.Subject.User, store.Micros(m.At), id)
	return err
}

// waiting decodes all values of a conflict.
func (r *Registry) waiting(tx *store.Tx, s *Schema, row *Row, c keptConflict) (Values, error) {
	all := map[string]any{}
	if err := decode([]byte(c.clear), &all); err != nil {
		return nil, err
	}
	if c.blob != nil {
		plain, err := r.vault.Open(tx, sealContext(s.Name, row.ID, "conflict/"+c.ID), c.blob)
		if err != nil {
			return nil, err
		}
		if err := decode(plain, &all); err != nil {
			return nil, err
		}
	}
	values := Values{}
	for name, v := range all {
		if p, ok := s.Property(name); ok {
			values[name] = fromPlain(p.Type, v)
		}
	}
	return values, nil
}
