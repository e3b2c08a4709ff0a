package entities

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"aman/forms"
	"aman/forms/entities/block"
	"aman/platform/access"
	"aman/platform/audit"
	"aman/platform/ids"
	"aman/platform/store"
	"aman/registry"
)

// New is an entity to be made.
type New struct {
	ID     string // UUID; made when empty
	Label  string
	Values map[string]string
}

// Change is a change to an entity. What is not named stays.
type Change struct {
	Label  *string
	Values map[string]string
	// Base is the version it was made on. When that is no longer the newest the change is
	// refused with *StaleError, unless Force.
	Base  int64
	Force bool
	// Resolve closes the open conflict; it may come alone.
	Resolve bool
}

// createMost is how many entities one call makes.
const createMost = 10000

// form is the name under which writes through the API are kept as submissions. What they
// brought lies in the versions; the submission says which entities those were.
const form = "entity.write"

// act carries out a write through the API: a submission of its own, with its audit entry.
func (s *Service) act(ctx context.Context, sub access.Subject, project int64, name, verb, source string, touched []string, f func(a *forms.Act, l *list, by author, t *tally) error) error {
	sub = s.at(sub)
	body, err := json.Marshal(map[string]any{"verb": verb, "list": name, "entities": touched, "source": source})
	if err != nil {
		return err
	}
	detail := map[string]string{"entities": fmt.Sprint(len(touched))}
	if len(touched) == 1 {
		detail["of"] = touched[0]
	}
	_, err = s.forms.Submit(ctx, sub, forms.Filled{Instance: ids.New(), Form: form, Version: "1", Body: body, Verb: verb, Detail: detail}, func(a *forms.Act) error {
		l, err := s.list(a.Tx, a.Meta.Subject, project, name)
		if err != nil {
			return err
		}
		if l.ID == 0 { // a register that nobody had taken up yet
			if l, err = s.ensure(a.Tx, a.Meta.Subject, project, name, Settings{}); err != nil {
				return err
			}
		}
		a.Detail("list", fmt.Sprint(l.ID))
		by := author{sub: a.Meta.Subject, user: sub.User, device: sub.Device, at: a.Meta.At, org: sub.Org, submission: a.Meta.Submission, root: a.Meta.Submission, form: form, apply: a.Apply}
		if len(sub.Offices) > 0 {
			by.office = sub.Offices[0]
		}
		t := newTally(l)
		if err := f(a, l, by, t); err != nil {
			return err
		}
		return t.write(a.Tx, a.Meta.At)
	})
	return err
}

// Create makes entities, all of them or none, and gives them as they are. source says where
// they come from in the words of a file's name; it is kept with the submission, sealed.
func (s *Service) Create(ctx context.Context, sub access.Subject, project int64, name string, fresh []New, source string) ([]Entity, error) {
	made, err := s.create(ctx, sub, project, name, fresh, source)
	if err != nil {
		return nil, err
	}
	return s.some(ctx, sub, project, name, made)
}

// CreateAll is Create for many of which the caller wants to know nothing more.
func (s *Service) CreateAll(ctx context.Context, sub access.Subject, project int64, name string, fresh []New) error {
	_, err := s.create(ctx, sub, project, name, fresh, "")
	return err
}

func (s *Service) create(ctx context.Context, sub access.Subject, project int64, name string, fresh []New, source string) ([]string, error) {
	if len(fresh) > createMost {
		return nil, ErrTooMany
	}
	made := make([]string, len(fresh))
	seen := map[string]bool{}
	for i, n := range fresh {
		if n.ID == "" {
			n.ID = ids.New()
		}
		id, ok := block.UUID(n.ID)
		if !ok {
			return nil, ErrNotUUID
		}
		if seen[id] {
			return nil, &TakenError{[]string{id}}
		}
		made[i], seen[id] = id, true
	}
	return made, s.act(ctx, sub, project, name, "entity.create", source, made, func(a *forms.Act, l *list, by author, t *tally) error {
		var taken []string
		for i, n := range fresh {
			err := s.createOne(a, l, by, t, made[i], n)
			if errors.Is(err, ErrTaken) {
				taken = append(taken, made[i])
			} else if err != nil {
				return err
			}
		}
		if len(taken) > 0 {
			return &TakenError{taken}
		}
		return nil
	})
}

func (s *Service) createOne(a *forms.Act, l *list, by author, t *tally, id string, n New) error {
	if err := l.has(n.Values); err != nil {
		return err
	}
	if l.schema != nil {
		return s.createRow(a.Tx, l, by, id, n.Values, step{brought: given(n.Values)})
	}
	if blank(n.Label) {
		return ErrNoLabel
	}
	b := body{Label: n.Label, Values: n.Values}
	if err := s.mayWrite(a.Tx, by.sub, access.Create, l, access.Object{Register: register, ID: id, Org: by.org, Office: by.office, Owner: by.user, Restricted: l.OwnOnly}, b); err != nil {
		return err
	}
	return s.insert(a.Tx, l, by, t, id, b, step{brought: append(given(n.Values), "label")})
}

// has says whether the list has all the properties.
func (l *list) has(values map[string]string) error {
	for name := range values {
		if l.property(name) == nil {
			return &UnknownPropertyError{name}
		}
	}
	return nil
}

// mayWrite asks for the entity and for each property that is to be written.
func (s *Service) mayWrite(tx *store.Tx, sub access.Subject, action access.Action, l *list, o access.Object, b body) error {
	d, err := s.policy.Require(tx, sub, action, o)
	if err != nil {
		return err
	}
	refuse := func() error { return &access.Refusal{Action: action, Object: o, Reason: access.NotReadable} }
	if b.Label != "" && !d.Readable(l.LabelClass) {
		return refuse()
	}
	for name := range b.Values {
		if !d.Readable(l.class(name)) {
			return refuse()
		}
	}
	return nil
}

// Update changes an entity, closes its conflict, or both.
func (s *Service) Update(ctx context.Context, sub access.Subject, project int64, name, id string, c Change) (Entity, error) {
	change := map[string]string{}
	for n, v := range c.Values {
		change[n] = v
	}
	if c.Label != nil {
		if blank(*c.Label) {
			return Entity{}, ErrNoLabel
		}
		change["label"] = *c.Label
	}
	// One who only settles need not say what she looked at; one who changes must.
	if c.Base == 0 && !c.Force && len(change) > 0 {
		return Entity{}, ErrNoBase
	}
	verb := "entity.update"
	if c.Resolve {
		verb = "entity.settle"
	}
	err := s.act(ctx, sub, project, name, verb, "", []string{id}, func(a *forms.Act, l *list, by author, t *tally) error {
		if err := l.has(c.Values); err != nil {
			return err
		}
		if l.schema != nil {
			return s.updateRow(a.Tx, l, by, id, c)
		}
		r, err := s.live(a.Tx, by.sub, access.Update, l, id)
		if err != nil {
			return err
		}
		if err := s.mayWrite(a.Tx, by.sub, access.Update, l, r.object(l), body{Label: change["label"], Values: c.Values}); err != nil {
			return err
		}
		if c.Base != 0 && c.Base != r.Version && !c.Force {
			return &StaleError{r.Version}
		}
		if c.Resolve {
			if r.Conflict == "" {
				return ErrNoConflict
			}
			if err := s.settle(a.Tx, l, by, t, r); err != nil {
				return err
			}
		}
		if len(change) == 0 && c.Resolve {
			return nil
		}
		return s.put(a.Tx, l, by, t, r, r.opened.with(change), step{base: r.Version, brought: given(change)})
	})
	if err != nil {
		return Entity{}, err
	}
	return s.one(ctx, sub, project, name, id)
}

// settle closes the open conflict of an entity.
func (s *Service) settle(tx *store.Tx, l *list, by author, t *tally, r *row) error {
	t.add(r, -1)
	r.Conflict = ""
	t.add(r, 1)
	if _, err := tx.Exec("UPDATE entities SET conflict = '' WHERE id = ?", r.ID); err != nil {
		return err
	}
	_, err := tx.Exec("UPDATE entity_versions SET settled_at = ?, settled_by = ? WHERE id = ? AND list = ? AND conflict <> '' AND settled_at = 0", store.Micros(by.at), by.sub.User, r.ID, l.ID)
	return err
}

// live finds an entity that is not deleted and that the subject may do action to.
func (s *Service) live(tx *store.Tx, sub access.Subject, action access.Action, l *list, id string) (*row, error) {
	r, err := s.load(tx, l, id)
	if err != nil {
		return nil, err
	}
	if r == nil || !r.Deleted.IsZero() {
		return nil, ErrNoEntity
	}
	_, err = s.policy.Require(tx, sub, action, r.object(l))
	return r, err
}

// gone finds a deleted entity that the subject may delete, and so bring back.
func (s *Service) gone(tx *store.Tx, sub access.Subject, l *list, id string) (*row, error) {
	if l.schema != nil {
		return nil, ErrBound
	}
	r, err := s.load(tx, l, id)
	if err != nil {
		return nil, err
	}
	if r == nil || r.Deleted.IsZero() || len(r.body) == 0 {
		return nil, ErrNoEntity
	}
	_, err = s.policy.Require(tx, sub, access.Delete, r.object(l))
	return r, err
}

// Delete takes an entity out of its list; it stays kept and can be restored.
func (s *Service) Delete(ctx context.Context, sub access.Subject, project int64, name, id string) error {
	return s.act(ctx, sub, project, name, "entity.delete", "", []string{id}, func(a *forms.Act, l *list, by author, t *tally) error {
		if l.schema != nil {
			_, err := by.apply(registry.Write{Register: l.Register, ID: id, Delete: true})
			return noEntity(err)
		}
		r, err := s.live(a.Tx, by.sub, access.Delete, l, id)
		if err != nil {
			return err
		}
		return s.setDeleted(a.Tx, t, r, by.at)
	})
}

// Restore brings a deleted entity back.
func (s *Service) Restore(ctx context.Context, sub access.Subject, project int64, name, id string) (Entity, error) {
	err := s.act(ctx, sub, project, name, "entity.restore", "", []string{id}, func(a *forms.Act, l *list, by author, t *tally) error {
		r, err := s.gone(a.Tx, by.sub, l, id)
		if err != nil {
			return err
		}
		return s.setDeleted(a.Tx, t, r, time.Time{})
	})
	if err != nil {
		return Entity{}, err
	}
	return s.one(ctx, sub, project, name, id)
}

func (s *Service) setDeleted(tx *store.Tx, t *tally, r *row, at time.Time) error {
	t.add(r, -1)
	r.Deleted = at
	t.add(r, 1)
	_, err := tx.Exec("UPDATE entities SET deleted = ?, deleted_at = ? WHERE id = ?", !at.IsZero(), store.Micros(at), r.ID)
	return err
}

// Purge forgets a deleted entity for good: its key is destroyed, here at once and in
// backups after their time. That there was one stays known, so that its id is not used again.
func (s *Service) Purge(ctx context.Context, sub access.Subject, project int64, name, id string) error {
	return s.act(ctx, sub, project, name, "entity.purge", "", []string{id}, func(a *forms.Act, l *list, by author, t *tally) error {
		r, err := s.gone(a.Tx, by.sub, l, id)
		if err != nil {
			return err
		}
		if _, err := s.vault.Erase(a.Tx, owner(id), by.sub.User, by.at); err != nil {
			return err
		}
		t.add(r, -1)
		for _, q := range []string{"UPDATE entities SET body = NULL, conflict = '' WHERE id = ?", "UPDATE entity_versions SET body = NULL WHERE id = ?", "DELETE FROM entity_held WHERE id = ?"} {
			if _, err := a.Tx.Exec(q, id); err != nil {
				return err
			}
		}
		return nil
	})
}

// Unseal gives identity and health values of one entity. The audit entries are on disk
// before the values are given; reason is a code of the list unseal_reason.
func (s *Service) Unseal(ctx context.Context, sub access.Subject, project int64, name, id string, properties []string, reason string) (map[string]string, error) {
	sub = s.at(sub)
	out := map[string]string{}
	err := s.db.Write(ctx, func(tx *store.Tx) error {
		clear(out)
		l, err := s.free(tx, sub, project, name)
		if err != nil {
			return err
		}
		r, err := s.live(tx, sub, access.Unseal, l, id)
		if err != nil {
			return err
		}
		if codes := s.registry.Catalog.Lists["unseal_reason"]; codes != nil && !codes.Has(reason) {
			return &registry.ValueError{Register: register, Property: "reason", Reason: "list", Want: codes.Name}
		}
		d := s.policy.Can(sub, access.Unseal, r.object(l), access.Facts{})
		for _, p := range properties {
			if !d.Readable(l.class(p)) {
				return &access.Refusal{Action: access.Unseal, Object: r.object(l), Reason: access.NotReadable}
			}
			out[p] = r.opened.get(p)
		}
		return s.audit.Append(tx, audit.Entry{At: sub.At, Actor: sub.User, Org: sub.Org, Action: "vault.unseal", Outcome: audit.OK, Register: register, Object: id,
			Detail: map[string]string{"list": fmt.Sprint(l.ID), "count": fmt.Sprint(len(properties)), "reason": reason}})
	})
	if err != nil {
		return nil, err
	}
	return out, nil
}

// one and some read back what was written, as the writer may see it.
func (s *Service) one(ctx context.Context, sub access.Subject, project int64, name, id string) (e Entity, err error) {
	err = s.db.Read(ctx, func(tx *store.Tx) error {
		e, err = s.Get(tx, s.at(sub), project, name, id)
		return err
	})
	return e, err
}

func (s *Service) some(ctx context.Context, sub access.Subject, project int64, name string, made []string) (out []Entity, err error) {
	err = s.db.Read(ctx, func(tx *store.Tx) error {
		out = out[:0]
		for _, id := range made {
			e, err := s.Get(tx, s.at(sub), project, name, id)
			if access.AsRefusal(err) != nil {
				// She may make and not read: she knows the id and nothing more.
				e, err = Entity{Dataset: name, ID: id, Version: 1}, nil
			}
			if err != nil {
				return err
			}
			out = append(out, e)
		}
		return nil
	})
	return out, err
}

// noEntity turns a refusal because there is no such row into ErrNoEntity.
func noEntity(err error) error {
	if r := access.AsRefusal(err); r != nil && r.Reason == access.NoSuchRow {
		return ErrNoEntity
	}
	return err
}
