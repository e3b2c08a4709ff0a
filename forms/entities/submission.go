package entities

import (
	"errors"
	"fmt"
	"slices"
	"sync"

	"aman/forms"
	"aman/forms/entities/block"
	"aman/forms/xform"
	"aman/platform/access"
	"aman/platform/store"
	"aman/platform/vault"
	"aman/registry"
)

// Codes that stand beside a submission when an entity in it could not be made or changed.
const (
	NoLabel   = "entity:label"   // an entity to be made has no label
	NoID      = "entity:id"      // its id is no UUID
	Taken     = "entity:taken"   // an entity with this id is there already
	Unknown   = "entity:unknown" // the entity to be changed is not there
	NoVersion = "entity:version" // the version that the change was made on does not exist
	Held      = "entity:held"    // the change waits for the one before it
	Refused   = "entity:refused" // the sender may not do this
	NoList    = "entity:dataset" // the list is not there
	Intake    = "entity:intake"  // an interview belongs to a person: it makes no entry of a free list
	TooMany   = "entity:many"    // there are more entities than one submission may bring
	Value     = "entity:value:"  // followed by a property: the answer does not fit the register
)

// declarations remembers what forms declare: a version that was published never changes.
type declarations struct {
	mu sync.Mutex
	of map[string][]block.Declaration
}

// declaredBy gives the declarations of a published form.
func (s *Service) declaredBy(tx *store.Tx, p forms.Published) ([]block.Declaration, error) {
	key := p.Form + "\x00" + p.Version + "\x00" + p.Hash
	s.declared.mu.Lock()
	out, ok := s.declared.of[key]
	s.declared.mu.Unlock()
	if ok {
		return out, nil
	}
	_, xml, err := s.forms.Definition(tx, p.Form, p.Version)
	if err != nil {
		return nil, err
	}
	if out, err = block.Declared(xml); err != nil {
		out = nil // it was published before its declarations were read; it makes no entities
	}
	s.declared.mu.Lock()
	defer s.declared.mu.Unlock()
	if len(s.declared.of) > 200 {
		clear(s.declared.of)
	}
	s.declared.of[key] = out
	return out, nil
}

// published makes the lists and properties that a form declares.
func (s *Service) published(tx *store.Tx, sub access.Subject, c *forms.Checked, p forms.Published) error {
	declared, err := block.Declared(c.XML)
	if err != nil {
		return err
	}
	sub.At = p.At
	if _, err := tx.Exec("DELETE FROM entity_forms WHERE form = ?", p.Form); err != nil {
		return err
	}
	for _, d := range declared {
		l, err := s.ensure(tx, sub, p.Project, d.Dataset, Settings{})
		if err != nil {
			return err
		}
		if err := s.declare(tx, sub, l, d, p.Form); err != nil {
			return fmt.Errorf("the entity list %s: %w", d.Dataset, err)
		}
	}
	return nil
}

func (s *Service) declare(tx *store.Tx, sub access.Subject, l *list, d block.Declaration, form string) error {
	writes := []string{""}
	for _, save := range d.Properties {
		known := l.same(save.Property)
		if save.Class != "" && !slices.Contains(access.Classes, save.Class) {
			save.Class = access.Identity // a class that does not exist was meant to protect something
		}
		switch {
		case l.schema != nil && l.property(save.Property) == nil:
			return &UnknownPropertyError{save.Property}
		case l.schema != nil:
		case known == nil:
			if err := addProperty(tx, l, save.Property, save.Class, sub.At); err != nil {
				return err
			}
		case known.Name != save.Property:
			return fmt.Errorf("%w: %s and %s", ErrPropertyTaken, known.Name, save.Property)
		case block.Stricter(known.Class, save.Class) != known.Class:
			// A form can make a property more private; to make it less so is for a person.
			if _, err := tx.Exec("UPDATE entity_properties SET class = ? WHERE list = ? AND name = ?", save.Class, l.ID, save.Property); err != nil {
				return err
			}
		}
		writes = append(writes, save.Property)
	}
	for _, property := range writes {
		if _, err := tx.Exec("INSERT INTO entity_forms (list, form, property) VALUES (?, ?, ?) ON CONFLICT DO NOTHING", l.ID, form, property); err != nil {
			return err
		}
	}
	class := l.LabelClass
	if l.schema == nil {
		class = block.Stricter(class, d.LabelClass)
	}
	_, err := tx.Exec("UPDATE entity_lists SET stamp = stamp + 1, label_class = ? WHERE id = ?", class, l.ID)
	return err
}

// received carries out the entities of a submission that has just arrived.
func (s *Service) received(a *forms.Act, p forms.Published, in *xform.Instance, h forms.Head) error {
	if p.Draft || p.Encrypted || in.Encrypted {
		return nil // nothing is made from a trial, nor from what cannot be read
	}
	return s.carryOut(a, p, h, func(l *list, b block.Block) bool { return true })
}

// reviewed makes the entities that waited for the approval. Taking the approval back
// takes no entity back: others may have changed it since.
func (s *Service) reviewed(a *forms.Act, p forms.Published, in *xform.Instance, h forms.Head) error {
	if h.Review != approved || p.Draft || p.Encrypted || in.Encrypted {
		return nil
	}
	return s.carryOut(a, p, h, func(l *list, b block.Block) bool { return l.Approval && b.Create })
}

// approved is the state of review in which entities of approval-gated lists are made.
const approved = "approved"

// carryOut does what the blocks of a submission say, as far as wanted.
func (s *Service) carryOut(a *forms.Act, p forms.Published, h forms.Head, wanted func(*list, block.Block) bool) error {
	declared, err := s.declaredBy(a.Tx, p)
	if err != nil || len(declared) == 0 {
		return err
	}
	blocks, err := block.Read(a.Body(), declared)
	if errors.Is(err, block.ErrMany) {
		a.Note(TooMany)
	} else if err != nil {
		return err
	}
	by := author{sub: a.Meta.Subject, user: h.User, device: h.Device, at: a.Meta.At, org: h.Org, office: h.Office, form: h.Form, submission: h.Instance, root: h.Root, approved: h.Review == approved, apply: a.Apply}
	if by.root == "" {
		by.root = h.Instance
	}
	done, err := s.EntitiesOf(a.Tx, by.root)
	if err != nil {
		return err
	}
	tallies := map[int64]*tally{}
	made := 0
	for _, b := range blocks {
		// A submission makes its entities once. An edit of it corrects the answers; the entity
		// may have gone on since, and is corrected itself.
		if slices.ContainsFunc(done, func(l Link) bool { return l.ID == b.ID || h.Replaces != "" }) {
			continue
		}
		found, err := s.lists(a.Tx, "project = ? AND name = ?", p.Project, b.Dataset)
		if err != nil {
			return err
		}
		if len(found) == 0 || (found[0].Register != "" && found[0].schema == nil) {
			a.Note(NoList)
			continue
		}
		l := found[0]
		if !wanted(l, b) {
			continue
		}
		if p.Kind == forms.Intake && l.schema == nil {
			// It becomes a person's case, and erasing her must reach all that it brought.
			a.Note(Intake)
			continue
		}
		if tallies[l.ID] == nil {
			tallies[l.ID] = newTally(l)
		}
		codes, err := s.do(a.Tx, l, by, tallies[l.ID], b, false)
		if err != nil {
			return err
		}
		for _, c := range codes {
			a.Note(c)
		}
		made++
	}
	for _, t := range tallies {
		if err := t.write(a.Tx, by.at); err != nil {
			return err
		}
	}
	if made > 0 {
		a.Detail("entities", fmt.Sprint(made))
	}
	return nil
}

// do carries out one block and then what waited for it. The codes say what of it could not
// be done; an error is a fault of the store.
func (s *Service) do(tx *store.Tx, l *list, by author, t *tally, b block.Block, force bool) ([]string, error) {
	codes, err := s.doOne(tx, l, by, t, b, force)
	if errors.Is(err, errPending) {
		return nil, nil
	}
	if err != nil {
		code := faultCode(err)
		if code == "" {
			return nil, err
		}
		return []string{code}, nil
	}
	return codes, s.release(tx, l, t, b)
}

// faultCode is the code for what is a fault of the submission; empty for any other.
func faultCode(err error) string {
	var value *registry.ValueError
	switch {
	case errors.Is(err, ErrTaken):
		return Taken
	case errors.Is(err, ErrNoEntity), errors.Is(err, vault.ErrErased):
		return Unknown
	case errors.Is(err, ErrNoVersion):
		return NoVersion
	case errors.Is(err, ErrNoLabel):
		return NoLabel
	case errors.Is(err, errHeld):
		return Held
	case access.AsRefusal(err) != nil:
		return Refused
	case errors.As(err, &value):
		return Value + value.Property
	}
	return ""
}

func (s *Service) doOne(tx *store.Tx, l *list, by author, t *tally, b block.Block, force bool) ([]string, error) {
	switch b.Fault {
	case "id":
		return []string{NoID}, nil
	case "version":
		return []string{NoVersion}, nil
	}
	if l.schema != nil {
		return s.doRow(tx, l, by, b, force)
	}
	r, err := s.load(tx, l, b.ID)
	if err != nil {
		return nil, err
	}
	there := r != nil && r.Deleted.IsZero()
	if b.Update {
		if !there && b.Create && (b.Branch == "" || b.Base == 0) {
			return nil, s.make(tx, l, by, t, b, step{})
		}
		err := s.change(tx, l, by, t, r, b, force)
		if b.Create && (errors.Is(err, ErrNoEntity) || b.Base == 0) {
			return nil, s.make(tx, l, by, t, b, step{})
		}
		return nil, err
	}
	if there {
		late, err := s.late(tx, l, r)
		if err != nil {
			return nil, err
		}
		if late {
			return nil, s.fill(tx, l, by, t, r, b)
		}
	}
	return nil, s.make(tx, l, by, t, b, step{})
}

// errPending: the entity is made when the submission is approved.
var errPending = errors.New("the entity waits for the approval of its submission")

// make makes the entity of a block.
func (s *Service) make(tx *store.Tx, l *list, by author, t *tally, b block.Block, st step) error {
	if l.Approval && !by.approved {
		return errPending
	}
	if blank(b.Label) {
		return ErrNoLabel
	}
	body := body{Label: b.Label, Values: b.Values}
	o := access.Object{Register: register, ID: b.ID, Org: by.org, Office: by.office, Owner: by.user, Restricted: l.OwnOnly}
	if err := s.mayWrite(tx, by.sub, access.Create, l, o, body); err != nil {
		return err
	}
	st.brought = append(given(b.Values), "label")
	return s.insert(tx, l, by, t, b.ID, body, st)
}

// what is what a block sets.
func what(b block.Block) map[string]string {
	out := map[string]string{}
	for name, v := range b.Values {
		out[name] = v
	}
	if b.HasLabel && !blank(b.Label) {
		out["label"] = b.Label
	}
	return out
}

// change carries out an update on a free list.
func (s *Service) change(tx *store.Tx, l *list, by author, t *tally, r *row, b block.Block, force bool) error {
	var now int64
	if r != nil {
		if !r.Deleted.IsZero() {
			return ErrNoEntity
		}
		now = r.Version
	}
	st, err := s.place(tx, l, now, b, force)
	if errors.Is(err, errHeld) {
		return s.hold(tx, l, by, b)
	}
	if err != nil {
		return err
	}
	if r == nil { // only force comes here: the one that makes the entity never came
		if l.Approval {
			return ErrNoEntity // nobody approved that there is one
		}
		return s.make(tx, l, by, t, b, st)
	}
	change := what(b)
	if err := s.mayWrite(tx, by.sub, access.Update, l, r.object(l), body{Label: change["label"], Values: b.Values}); err != nil {
		return err
	}
	st.brought = given(change)
	if st.base < r.Version {
		before, err := s.version(tx, l, r, st.base)
		if err != nil {
			return err
		}
		st.conflict, st.conflicting = compare(before, r.opened, change)
	}
	return s.put(tx, l, by, t, r, r.opened.with(change), st)
}
