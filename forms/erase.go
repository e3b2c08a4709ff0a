package forms

import (
	"context"
	"errors"
	"time"

	"aman/platform/access"
	"aman/platform/audit"
	"aman/platform/store"
)

// EraseSubmission forgets an answer: the keys of all its versions are destroyed, and with
// them what was answered, the files and the comments, in this store and, when their time is
// over, in every backup. What stays is that something came, when, and that it was erased. It
// cannot be undone, and nobody may do it to what she sent herself. What was made of the
// answer elsewhere (a row of a register, an entity) is erased there.
func (s *Service) EraseSubmission(ctx context.Context, sub access.Subject, project int64, form, instance string) error {
	return s.db.Write(ctx, func(tx *store.Tx) error {
		sub := sub
		sub.At = s.now().UTC().Truncate(time.Microsecond)
		h, err := s.current(tx, sub, access.Erase, project, form, instance, false)
		if r := access.AsRefusal(err); r != nil && r.Reason == access.NoSuchRow {
			h, err = s.current(tx, sub, access.Erase, project, form, instance, true)
		}
		if err != nil {
			return err
		}
		if err := setDeleted(tx, &h, store.Micros(sub.At)); err != nil {
			return err
		}
		versions, err := tx.Strings("SELECT id FROM submissions WHERE id = ? OR (root = ? AND root <> '')", h.storedRoot(), h.storedRoot())
		if err != nil {
			return err
		}
		return s.erase(tx, sub, versions...)
	})
}

// erase destroys the keys of answers: each owns its own.
func (s *Service) erase(tx *store.Tx, sub access.Subject, stored ...string) error {
	for _, id := range stored {
		if _, err := s.vault.Erase(tx, id, sub.User, sub.At); err != nil {
			return err
		}
		if err := s.audit.Append(tx, audit.Entry{At: sub.At, Actor: actor(sub), Org: sub.Org, Action: "submission.erase", Outcome: audit.OK, Register: "answers", Object: ForAudit(id)}); err != nil {
			return err
		}
	}
	return nil
}

// EraseAgain carries out the erasure of answers that a restored backup has brought back,
// and counts them; ids of what is no answer are passed over. They were erased once, by
// whoever may; nobody is asked again.
func (s *Service) EraseAgain(ctx context.Context, ids []string) (again int, err error) {
	for _, id := range ids {
		var found bool
		err := s.db.Write(ctx, func(tx *store.Tx) error {
			found = false
			var one int
			err := tx.Row("SELECT 1 FROM submissions WHERE id = ? AND kind = 'survey' AND id NOT IN (SELECT person_id FROM erasures WHERE done_at > 0)", id).Scan(&one)
			if errors.Is(err, store.ErrNone) {
				return nil
			}
			if err != nil {
				return err
			}
			found = true
			sub := access.Subject{User: "system", At: s.now().UTC().Truncate(time.Microsecond)}
			if _, err := tx.Exec("UPDATE submissions SET deleted_at = ? WHERE id = ? AND deleted_at = 0", store.Micros(sub.At), id); err != nil {
				return err
			}
			return s.erase(tx, sub, id)
		})
		if err != nil {
			return again, err
		}
		if found {
			again++
		}
	}
	return again, nil
}
