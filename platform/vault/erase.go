package vault

import (
	"errors"
	"maps"
	"slices"
	"time"

	"aman/platform/store"
)

// Erasure is what became of a request to be forgotten.
type Erasure struct {
	PersonID string
	AskedAt  time.Time // zero: held or erased without a request
	AskedBy  string    // user id
	DoneAt   time.Time // zero: not erased
	Hold     string    // the order that forbids it, a reference; empty: none
	// BackupsGoneAt is when no backup can bring the person back; see Ring.BackupsGone.
	BackupsGoneAt time.Time
	// Keys and Tokens count what Erase destroyed; they are not kept.
	Keys, Tokens int64
}

// AskErasure records that erasure was asked for. Asking again changes nothing.
func (v *Vault) AskErasure(tx *store.Tx, personID, by string, at time.Time) error {
	_, err := tx.Exec(`INSERT INTO erasures (person_id, asked_at, asked_by) VALUES (?, ?, ?)
		ON CONFLICT (person_id) DO UPDATE SET asked_at = excluded.asked_at, asked_by = excluded.asked_by
		WHERE erasures.asked_at = 0`, personID, store.Micros(at), by)
	return err
}

// Hold keeps a person's file from erasure under an order, named by its reference;
// an empty reference lifts the hold. A file already erased cannot be held: ErrErased.
func (v *Vault) Hold(tx *store.Tx, personID, reference string) error {
	if err := notErased(tx, personID); err != nil {
		return err
	}
	_, err := tx.Exec(`INSERT INTO erasures (person_id, asked_at, asked_by, hold) VALUES (?, 0, '', ?)
		ON CONFLICT (person_id) DO UPDATE SET hold = excluded.hold`, personID, reference)
	return err
}

// Erase destroys every key that belongs to the person, and with them every value
// sealed under these, wherever it lies; and it removes the look-up tokens. It cannot
// be undone. ErrHeld under a hold. Erasing again destroys what came since, if anything.
func (v *Vault) Erase(tx *store.Tx, personID, by string, at time.Time) (Erasure, error) {
	e, err := v.Erasure(tx, personID)
	if err != nil && !errors.Is(err, store.ErrNone) {
		return e, err
	}
	if e.Hold != "" {
		return e, ErrHeld
	}
	if e.Keys, err = tx.Exec("DELETE FROM vault_keys WHERE owner = ?", personID); err != nil {
		return e, err
	}
	if e.Tokens, err = tx.Exec("DELETE FROM blind WHERE owner = ?", personID); err != nil {
		return e, err
	}
	if e.AskedAt.IsZero() {
		e.AskedAt, e.AskedBy = at, by
	}
	e.PersonID, e.DoneAt, e.BackupsGoneAt = personID, at, v.ring.BackupsGone(at)
	_, err = tx.Exec(`INSERT INTO erasures (person_id, asked_at, asked_by, done_at, backups_gone_at) VALUES (?, ?, ?, ?, ?)
		ON CONFLICT (person_id) DO UPDATE SET asked_at = excluded.asked_at, asked_by = excluded.asked_by,
		done_at = excluded.done_at, backups_gone_at = excluded.backups_gone_at`,
		personID, store.Micros(e.AskedAt), e.AskedBy, store.Micros(at), store.Micros(e.BackupsGoneAt))
	// A ring that cannot be written just now is brought up to date by Maintain.
	tx.AfterCommit(func() { _ = v.ring.RememberErased(at, e) })
	return e, err
}

// RememberErased keeps in the ring, which is never part of a backup, who was erased, so that a
// restored backup can be told. Whom no backup can bring back any more is forgotten here too.
func (r *Ring) RememberErased(now time.Time, list ...Erasure) error {
	r.mu.Lock()
	r.reread()
	kept := r.body.remember(now, list)
	same := slices.Equal(kept, r.body.Erased)
	r.mu.Unlock()
	if same {
		return nil
	}
	return r.change(func(b *body) { b.Erased = b.remember(now, list) })
}

func (b *body) remember(now time.Time, list []Erasure) []erasedRecord {
	until := map[string]time.Time{}
	for _, e := range b.Erased {
		until[e.Person] = e.Gone
	}
	for _, e := range list {
		until[e.PersonID] = e.BackupsGoneAt.UTC()
	}
	var out []erasedRecord
	for _, person := range slices.Sorted(maps.Keys(until)) {
		if until[person].After(now) {
			out = append(out, erasedRecord{person, until[person]})
		}
	}
	return out
}

// Erased gives the ids of the people whom a backup that still opens could bring back.
func (r *Ring) Erased() (people []string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.reread()
	for _, e := range r.body.Erased {
		people = append(people, e.Person)
	}
	return people
}

// Erasure reads what is recorded for a person; store.ErrNone when nothing is.
func (v *Vault) Erasure(tx *store.Tx, personID string) (Erasure, error) {
	var asked, done, gone int64
	e := Erasure{PersonID: personID}
	err := tx.Row("SELECT asked_at, asked_by, done_at, hold, backups_gone_at FROM erasures WHERE person_id = ?", personID).
		Scan(&asked, &e.AskedBy, &done, &e.Hold, &gone)
	e.AskedAt, e.DoneAt, e.BackupsGoneAt = store.Time(asked), store.Time(done), store.Time(gone)
	return e, err
}

func notErased(tx *store.Tx, personID string) error {
	var done int64
	err := tx.Row("SELECT done_at FROM erasures WHERE person_id = ?", personID).Scan(&done)
	if errors.Is(err, store.ErrNone) {
		return nil
	}
	if err == nil && done > 0 {
		return ErrErased
	}
	return err
}
