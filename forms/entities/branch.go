package entities

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"aman/forms/entities/block"
	"aman/platform/access"
	"aman/platform/audit"
	"aman/platform/store"
	"aman/registry"
)

// errHeld: the change before this one has not come yet.
var errHeld = errors.New("the change waits for the one before it")

// place finds the version on the server that a change was made on. now is the newest, 0
// when there is no entity. Forced, a change whose base is not there is put on what is.
func (s *Service) place(tx *store.Tx, l *list, now int64, b block.Block, force bool) (step, error) {
	st := step{base: b.Base, trunk: b.Trunk, branch: b.Branch}
	if b.Branch == "" {
		switch {
		case now == 0:
			return st, ErrNoEntity
		case b.Base == 0 || b.Base > now:
			return st, ErrNoVersion
		}
		return st, nil
	}
	st.branchBase = b.Base
	if b.Base == 0 || b.Trunk > b.Base {
		return st, ErrNoVersion
	}
	if b.Trunk > 0 && now == 0 {
		return st, ErrNoEntity // it was on the server once: there is nothing to wait for
	}
	// The first change of a branch stands on a version of the server: the trunk, or the
	// version that the phone itself made.
	if first := b.Base == b.Trunk || (b.Trunk == 0 && b.Base == 1); first && b.Base <= now {
		return s.contiguous(tx, l, st, now)
	} else if !first {
		err := tx.Row("SELECT version FROM entity_versions WHERE id = ? AND list = ? AND branch = ? AND branch_base = ? ORDER BY version DESC LIMIT 1", b.ID, l.ID, b.Branch, b.Base-1).Scan(&st.base)
		if err == nil {
			return s.contiguous(tx, l, st, now)
		}
		if !errors.Is(err, store.ErrNone) {
			return st, err
		}
	} else if b.Trunk > now {
		return st, ErrNoVersion
	}
	if !force {
		return st, errHeld
	}
	st.conflict, st.base = Soft, now
	if b.Trunk > 0 {
		st.base = b.Trunk
	}
	return st, nil
}

// contiguous marks a change of a branch between whose trunk and itself others have written.
func (s *Service) contiguous(tx *store.Tx, l *list, st step, now int64) (step, error) {
	if st.base < now || st.trunk == 0 {
		return st, nil // it is compared with what came between
	}
	var others int
	err := tx.Row("SELECT count(*) FROM entity_versions WHERE id = (SELECT id FROM entity_versions WHERE list = ? AND branch = ? LIMIT 1) AND list = ? AND version > ? AND branch <> ?", l.ID, st.branch, l.ID, st.trunk, st.branch).Scan(&others)
	if others > 0 {
		st.conflict = Soft
	}
	return st, err
}

// late says whether an entity was made by force from a change, before the submission that
// makes it came.
func (s *Service) late(tx *store.Tx, l *list, r *row) (bool, error) {
	var branch string
	err := tx.Row("SELECT branch FROM entity_versions WHERE id = ? AND list = ? AND version = 1", r.ID, l.ID).Scan(&branch)
	if errors.Is(err, store.ErrNone) {
		return false, nil
	}
	return branch != "", err
}

// fill adds what the submission that makes an entity says, where later changes, which were
// forced before it came, have said nothing.
func (s *Service) fill(tx *store.Tx, l *list, by author, t *tally, r *row, b block.Block) error {
	change := map[string]string{}
	for name, v := range what(b) {
		if _, set := r.opened.Values[name]; !set && (name != "label" || blank(r.opened.Label)) {
			change[name] = v
		}
	}
	if err := s.mayWrite(tx, by.sub, access.Update, l, r.object(l), body{Label: change["label"], Values: b.Values}); err != nil {
		return err
	}
	return s.put(tx, l, by, t, r, r.opened.with(change), step{base: r.Version, conflict: Soft, brought: given(change)})
}

// doRow carries out a block on a bound list.
func (s *Service) doRow(tx *store.Tx, l *list, by author, b block.Block, force bool) (codes []string, err error) {
	now, err := s.rowVersion(tx, l, b.ID)
	if err != nil {
		return nil, err
	}
	// What does not fit stays out; the rest is carried out. The submission has it all.
	values := registry.Values{}
	for _, name := range given(b.Values) {
		v, err := s.parseOne(l, name, b.Values[name])
		if err != nil {
			codes = append(codes, Value+name)
			continue
		}
		values[name] = v
	}
	if b.Create && (!b.Update || now == 0) {
		return codes, s.insertRow(tx, l, by, b.ID, values, step{brought: given(b.Values)})
	}
	st, err := s.place(tx, l, now, b, force)
	if errors.Is(err, errHeld) {
		return codes, s.hold(tx, l, by, b)
	}
	if err == nil && now == 0 {
		err = ErrNoEntity // a register's row is never made from a change alone
	}
	if err != nil {
		return codes, err
	}
	out, err := by.apply(registry.Write{Register: l.Register, ID: b.ID, Base: st.base, Values: values})
	if err != nil {
		return codes, noEntity(err)
	}
	st.brought = given(b.Values)
	if out.Conflict != "" {
		st.conflict = Hard
	}
	return codes, s.remember(tx, l.ID, b.ID, out.Version, by, st)
}

// hold keeps a change until the one before it comes. It gives errHeld, so that the code is
// noted beside the submission.
func (s *Service) hold(tx *store.Tx, l *list, by author, b block.Block) error {
	plain, err := json.Marshal(b)
	if err != nil {
		return err
	}
	key, err := s.vault.NewKey(tx, owner(b.ID))
	if err != nil {
		return err
	}
	sealed, err := s.vault.Seal(tx, key, heldContext(b.ID, by.submission), plain)
	if err != nil {
		return err
	}
	if _, err := tx.Exec(`INSERT INTO entity_held (list, id, branch, branch_base, trunk, at, actor, device, org, office, form, submission, root, block)
		VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT DO NOTHING`,
		l.ID, b.ID, b.Branch, b.Base, b.Trunk, store.Micros(by.at), by.user, by.device, by.org, by.office, by.form, by.submission, by.root, sealed); err != nil {
		return err
	}
	return errHeld
}

func heldContext(id, submission string) string { return "entities/" + id + "/held/" + submission }

// Waiting is a change that waits for the one before it.
type Waiting struct {
	Dataset, ID, Instance, Branch string
	BranchBase                    int64
	At                            time.Time
}

type held struct {
	Waiting
	list                                  int64
	trunk                                 int64
	user, device, org, office, form, root string
	sealed                                []byte
}

const heldColumns = "SELECT h.list, l.name, h.id, h.branch, h.branch_base, h.trunk, h.at, h.actor, h.device, h.org, h.office, h.form, h.submission, h.root, h.block FROM entity_held h JOIN entity_lists l ON l.id = h.list"

func scanHeld(r *sql.Rows) (h held, err error) {
	var at int64
	err = r.Scan(&h.list, &h.Dataset, &h.ID, &h.Branch, &h.BranchBase, &h.trunk, &at, &h.user, &h.device, &h.org, &h.office, &h.form, &h.Instance, &h.root, &h.sealed)
	h.At = store.Time(at)
	return h, err
}

// Backlog lists the changes of a list that wait, the oldest first, to those who may change
// entities in it.
func (s *Service) Backlog(tx *store.Tx, sub access.Subject, project int64, name string) ([]Waiting, error) {
	sub = s.at(sub)
	l, err := s.list(tx, sub, project, name)
	if err != nil {
		return nil, err
	}
	list, err := store.All(tx, scanHeld, heldColumns+" WHERE h.list = ? ORDER BY h.at, h.branch_base LIMIT 1000", l.ID)
	if err != nil {
		return nil, err
	}
	var out []Waiting
	for _, h := range list {
		o := access.Object{Register: register, Org: h.org, Office: h.office, Owner: h.user, Restricted: l.OwnOnly}
		if s.policy.Can(sub, access.Read, o, access.Facts{}).Allow {
			out = append(out, h.Waiting)
		}
	}
	return out, nil
}

// release applies what waited for a block that was just carried out, and what waited for that.
func (s *Service) release(tx *store.Tx, l *list, t *tally, b block.Block) error {
	where, args := "h.branch = ? AND h.branch_base = ?", []any{b.Branch, b.Base + 1}
	if !b.Update || b.Branch == "" {
		where, args = "h.trunk = 0 AND h.branch_base = 1", nil // the entity was made
	}
	list, err := store.All(tx, scanHeld, heldColumns+" WHERE h.list = ? AND h.id = ? AND "+where+" ORDER BY h.at, h.submission", append([]any{l.ID, b.ID}, args...)...)
	if err != nil {
		return err
	}
	for _, h := range list {
		if err := s.resume(tx, l, t, h, false); err != nil {
			return err
		}
	}
	return nil
}

// resume carries out a change that was held, under the rights its sender has now.
func (s *Service) resume(tx *store.Tx, l *list, t *tally, h held, force bool) error {
	if _, err := tx.Exec("DELETE FROM entity_held WHERE list = ? AND id = ? AND branch = ? AND branch_base = ? AND submission = ?", h.list, h.ID, h.Branch, h.BranchBase, h.Instance); err != nil {
		return err
	}
	plain, err := s.vault.Open(tx, heldContext(h.ID, h.Instance), h.sealed)
	if err != nil {
		return err
	}
	var b block.Block
	if err := json.Unmarshal(plain, &b); err != nil {
		return err
	}
	at := s.now().UTC().Truncate(time.Microsecond)
	sub, err := access.SubjectOf(tx, h.user, at)
	if errors.Is(err, access.ErrUser) {
		return s.forms.Note(tx, h.Instance, Held, Refused)
	}
	if err != nil {
		return err
	}
	sub.Device = h.device
	by := author{sub: sub, user: h.user, device: h.device, at: at, org: h.org, office: h.office, form: h.form, submission: h.Instance, root: h.root,
		apply: func(w registry.Write) (registry.Outcome, error) {
			return s.registry.Apply(tx, registry.Meta{Subject: sub, Submission: h.Instance, At: at}, w)
		}}
	codes, err := s.do(tx, l, by, t, b, force)
	if err != nil {
		return err
	}
	return s.forms.Note(tx, h.Instance, Held, codes...)
}

// Force carries out what has waited longer than older, as far as it goes: on the newest
// version, marked as a conflict for a person to look at; a change to an entity that never
// came makes it, when it has a label. It gives how many were carried out.
func (s *Service) Force(ctx context.Context, older time.Duration) (applied int, err error) {
	for {
		more := false
		err := s.db.Write(ctx, func(tx *store.Tx) error {
			more = false
			at := s.now().UTC().Truncate(time.Microsecond)
			// Of the branch that has waited longest, the first change.
			list, err := store.All(tx, scanHeld, heldColumns+` JOIN (SELECT list, id, branch FROM entity_held WHERE at <= ? ORDER BY at, id, branch LIMIT 1) o
				ON o.list = h.list AND o.id = h.id AND o.branch = h.branch ORDER BY h.branch_base, h.at, h.submission LIMIT 1`, store.Micros(at.Add(-older)))
			if err != nil || len(list) == 0 {
				return err
			}
			more = true
			h := list[0]
			found, err := s.lists(tx, "id = ?", h.list)
			if err != nil {
				return err
			}
			if len(found) == 0 {
				_, err = tx.Exec("DELETE FROM entity_held WHERE list = ?", h.list)
				return err
			}
			t := newTally(found[0])
			if err := s.resume(tx, found[0], t, h, true); err != nil {
				return err
			}
			if err := t.write(tx, at); err != nil {
				return err
			}
			return s.audit.Append(tx, audit.Entry{At: at, Actor: "system", Action: "entity.force", Outcome: audit.OK, Register: register, Object: h.ID, Detail: map[string]string{"list": fmt.Sprint(h.list)}})
		})
		if err != nil || !more {
			return applied, err
		}
		applied++
	}
}
