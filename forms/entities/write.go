package entities

import (
	"errors"
	"slices"
	"strings"
	"time"

	"aman/platform/access"
	"aman/platform/store"
	"aman/platform/vault"
	"aman/registry"
)

// author is who writes, by what.
type author struct {
	sub                    access.Subject // who is asked about
	user, device           string         // whose it becomes: the sender, where somebody else approved it
	at                     time.Time
	org, office            string
	form, submission, root string // root is the first of a chain of edits
	approved               bool   // the submission is
	// apply writes to a register in the submission's name.
	apply func(registry.Write) (registry.Outcome, error)
}

// step is where a change stands in the history: the version it was made on, the phone's
// branch, and what came of comparing.
type step struct {
	base, trunk, branchBase int64
	branch                  string
	conflict                string
	conflicting             []string
	brought                 []string // the properties that the write itself named
}

// insert makes an entity of a free list, whoever asks. ErrTaken when the id is in use
// anywhere: an id stands for one entity, in whichever list.
func (s *Service) insert(tx *store.Tx, l *list, a author, t *tally, id string, b body, st step) error {
	var one int
	err := tx.Row("SELECT 1 FROM entities WHERE id = ?", id).Scan(&one)
	if err == nil {
		return ErrTaken
	}
	if !errors.Is(err, store.ErrNone) {
		return err
	}
	// A key with an id of its own, which the sealed body names: keys then lie in the order in
	// which they were made, and a large list fills as fast at its end as at its beginning.
	key, err := s.vault.NewKey(tx, owner(id))
	if err != nil {
		return err
	}
	sealed, err := s.sealed(tx, key, id, 1, b)
	if err != nil {
		return err
	}
	r := &row{Entity: Entity{ID: id, Version: 1, Org: a.org, Office: a.office, Owner: a.user, Created: a.at, CreatedBy: a.user, CreatedDevice: a.device}}
	if _, err := tx.Exec(`INSERT INTO entities (id, list, version, org, office, owner, conflict, created_at, created_by, device, body) VALUES (?, ?, 1, ?, ?, ?, '', ?, ?, ?, ?)`,
		id, l.ID, r.Org, r.Office, r.Owner, store.Micros(a.at), a.user, a.device, sealed); err != nil {
		return err
	}
	if err := s.index(tx, l, r, b.Label); err != nil {
		return err
	}
	t.add(r, 1)
	return s.remember(tx, l.ID, id, 1, a, st)
}

func (s *Service) index(tx *store.Tx, l *list, r *row, label string) error {
	return s.vault.Index(tx, l.lookup(r.Office), r.ID, "label", owner(r.ID), map[string][]string{"word": s.words(label)})
}

// put writes a new version of an entity of a free list, whoever asks. r is as it was loaded.
func (s *Service) put(tx *store.Tx, l *list, a author, t *tally, r *row, b body, st step) error {
	key, err := vault.KeyOf(r.body)
	if err != nil {
		return err
	}
	sealed, err := s.sealed(tx, key, r.ID, r.Version+1, b)
	if err != nil {
		return err
	}
	// The body that is written over goes to its version; its seal names that version already.
	if _, err := tx.Exec("UPDATE entity_versions SET body = ? WHERE id = ? AND version = ? AND list = ?", r.body, r.ID, r.Version, l.ID); err != nil {
		return err
	}
	t.add(r, -1)
	if b.Label != r.opened.Label {
		if err := s.index(tx, l, r, b.Label); err != nil {
			return err
		}
	}
	r.Version, r.Conflict, r.Updated, r.UpdatedBy, r.body, r.opened = r.Version+1, worse(r.Conflict, st.conflict), a.at, a.user, sealed, b
	t.add(r, 1)
	if _, err := tx.Exec("UPDATE entities SET version = ?, conflict = ?, updated_at = ?, updated_by = ?, body = ? WHERE id = ?",
		r.Version, r.Conflict, store.Micros(a.at), a.user, sealed, r.ID); err != nil {
		return err
	}
	return s.remember(tx, l.ID, r.ID, r.Version, a, st)
}

// worse is the graver of two kinds of conflict: a hard one stays hard until it is settled.
func worse(a, b string) string {
	if a == Hard || b == "" {
		return a
	}
	return b
}

// remember notes where a version came from.
func (s *Service) remember(tx *store.Tx, listID int64, id string, version int64, a author, st step) error {
	slices.Sort(st.brought)
	_, err := tx.Exec(`INSERT INTO entity_versions (list, id, version, at, actor, device, form, submission, root, base, trunk, branch, branch_base, conflict, conflicting, brought)
		VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`,
		listID, id, version, store.Micros(a.at), a.user, a.device, a.form, a.submission, a.root, st.base, st.trunk, st.branch, st.branchBase, st.conflict, names(st.conflicting), names(st.brought))
	return err
}

// compare says how a change fits an entity that was changed since the version it was made
// on: which of its properties were set meanwhile, and to something else.
func compare(before, now body, change map[string]string) (kind string, conflicting []string) {
	for _, name := range before.differs(now) {
		if v, mine := change[name]; mine && v != now.get(name) {
			conflicting = append(conflicting, name)
		}
	}
	if len(conflicting) > 0 {
		return Hard, conflicting
	}
	return Soft, nil
}

// version reads the body of an older version; ErrNoVersion when there is none.
func (s *Service) version(tx *store.Tx, l *list, r *row, n int64) (body, error) {
	if n == r.Version {
		return r.opened, nil
	}
	old := &row{Entity: Entity{ID: r.ID, Version: n}}
	err := tx.Row("SELECT body FROM entity_versions WHERE id = ? AND version = ? AND list = ?", r.ID, n, l.ID).Scan(&old.body)
	if errors.Is(err, store.ErrNone) {
		return body{}, ErrNoVersion
	}
	if err != nil {
		return body{}, err
	}
	return old.opened, s.openOne(tx, old)
}

func (s *Service) openOne(tx *store.Tx, r *row) error { return s.open(tx, []*row{r}) }

// given names what a change sets, sorted.
func given(change map[string]string) (out []string) {
	for name := range change {
		out = append(out, name)
	}
	slices.Sort(out)
	return out
}

// blank says whether a label says nothing.
func blank(label string) bool { return strings.TrimSpace(label) == "" }
