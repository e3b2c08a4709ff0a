package vault

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"strconv"
	"time"

	"github.com/google/uuid"

	"aman/platform/store"
)

// rewrapBatch is how many keys move in one write: 200 take a few milliseconds, so
// other writers hardly wait.
const rewrapBatch = 200

// Upkeep says what Maintain did.
type Upkeep struct {
	Rotated   bool
	Rewrapped int64
	Expired   []int64 // epochs whose keys were destroyed
}

// Maintain does the daily work on keys: begins a new epoch when due, moves living
// keys to it, and destroys old epochs on which no living key hangs any more. It may
// be interrupted and repeated at any point. Run it on one node at a time.
func (v *Vault) Maintain(ctx context.Context, now time.Time) (u Upkeep, err error) {
	if v.ring.Due(now) {
		if err := v.ring.Rotate(now); err != nil {
			return u, fmt.Errorf("starting a new epoch of keys: %w", err)
		}
		u.Rotated = true
	}
	// A key that does not move keeps its old epoch alive, so expiry goes on after an error.
	var failed error
	if u.Rewrapped, failed = v.Rewrap(ctx); ctx.Err() != nil {
		return u, ctx.Err()
	}
	var living []int64
	err = v.db.Read(ctx, func(tx *store.Tx) (err error) {
		living, err = store.All(tx, func(r *sql.Rows) (n int64, err error) { return n, r.Scan(&n) }, "SELECT DISTINCT epoch FROM vault_keys")
		return err
	})
	if err != nil {
		return u, err
	}
	if u.Expired, err = v.ring.Expire(now, living...); err != nil {
		return u, fmt.Errorf("destroying old epochs of keys: %w", err)
	}
	return u, errors.Join(failed, v.correctErasures(ctx), v.rememberErasures(ctx, now))
}

// Rewrap moves every living key to the current epoch and counts them. A key that
// does not open is left where it is and reported at the end.
func (v *Vault) Rewrap(ctx context.Context) (moved int64, err error) {
	current, _ := v.ring.current()
	type row struct {
		id      string
		epoch   int64
		wrapped []byte
	}
	var bad int64
	var firstBad error
	for last := ""; ; {
		var done int64
		var rows []row
		err := v.db.Write(ctx, func(tx *store.Tx) (err error) {
			done = 0
			rows, err = store.All(tx, func(r *sql.Rows) (w row, err error) { return w, r.Scan(&w.id, &w.epoch, &w.wrapped) },
				"SELECT id, epoch, wrapped FROM vault_keys WHERE epoch < ? AND id > ? ORDER BY id LIMIT "+itoa(rewrapBatch), current, last)
			if err != nil {
				return err
			}
			for _, w := range rows {
				id, err := uuid.Parse(w.id)
				var key []byte
				if err == nil {
					key, err = v.unwrapKey(id, w.epoch, w.wrapped)
				}
				if err != nil {
					if bad++; firstBad == nil {
						firstBad = fmt.Errorf("key %s: %w", w.id, err)
					}
					continue
				}
				epoch, wrapped := v.wrap(id, key)
				if _, err := tx.Exec("UPDATE vault_keys SET epoch = ?, wrapped = ? WHERE id = ?", epoch, wrapped, w.id); err != nil {
					return err
				}
				done++
			}
			return nil
		})
		moved += done
		if err != nil {
			return moved, fmt.Errorf("moving keys to the new epoch: %w", err)
		}
		if len(rows) < rewrapBatch {
			break
		}
		last = rows[len(rows)-1].id
	}
	if bad > 0 {
		return moved, fmt.Errorf("%d keys could not be moved to the new epoch and stay under the old one; the first is %w", bad, firstBad)
	}
	return moved, nil
}

// correctErasures brings the promised date of each erasure in line with when the
// epoch of its day really ended: rotation may have been early or late.
func (v *Vault) correctErasures(ctx context.Context) error {
	_, keep := v.ring.Retention()
	return v.db.Write(ctx, func(tx *store.Tx) error {
		for _, e := range v.ring.Epochs() {
			gone := e.Replaced.Add(keep + upkeepLate)
			if e.Replaced.IsZero() {
				continue
			}
			if !e.Gone.IsZero() {
				gone = e.Gone
			}
			if _, err := tx.Exec("UPDATE erasures SET backups_gone_at = ? WHERE done_at >= ? AND done_at < ? AND backups_gone_at <> ?",
				store.Micros(gone), store.Micros(e.Made), store.Micros(e.Replaced), store.Micros(gone)); err != nil {
				return err
			}
		}
		return nil
	})
}

// rememberErasures brings the ring's list of the erased up to date.
func (v *Vault) rememberErasures(ctx context.Context, now time.Time) error {
	var list []Erasure
	err := v.db.Read(ctx, func(tx *store.Tx) (err error) {
		list, err = store.All(tx, func(r *sql.Rows) (e Erasure, err error) {
			var gone int64
			err = r.Scan(&e.PersonID, &gone)
			e.BackupsGoneAt = store.Time(gone)
			return e, err
		}, "SELECT person_id, backups_gone_at FROM erasures WHERE done_at > 0 AND backups_gone_at > ?", store.Micros(now))
		return err
	})
	if err != nil {
		return err
	}
	if err := v.ring.RememberErased(now, list...); err != nil {
		return fmt.Errorf("noting in the key ring who was erased: %w", err)
	}
	return nil
}

func itoa(n int) string { return strconv.Itoa(n) }
