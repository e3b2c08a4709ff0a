package registry

import (
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"reflect"
	"slices"
	"strings"
	"time"

	"aman/platform/access"
	"aman/platform/ids"
	"aman/platform/store"
)

// Place sets the columns that say where a row belongs. What is empty stays as it is.
// Case and Person are given on Create alone: a row never moves to another file.
type Place struct {
	Org, Office, Owner, Case, Person, Party, State string
	Restricted                                     *bool
}

// Write is one change to one row.
type Write struct {
	Register string
	// ID is the row; on Create it may be given by who makes it (offline), else it is made here.
	ID     string
	Create bool
	Delete bool
	// Base is the version the writer had before him; 0 says that he did not look
	// (the write then stands against the newest).
	Base int64
	// Action is the verb that the access policy is asked for; create, update or delete when empty.
	Action access.Action
	Place  Place
	Values Values

	follows bool
}

// Follows marks a write that is the consequence of another one that the policy has
// allowed in the same submission: the service of a referral is done when its receiver
// records the outcome, though the receiver has no right to the service. The policy is
// not asked again.
func (w Write) Follows() Write {
	w.follows = true
	return w
}

// Meta says who writes, by which submission, when.
type Meta struct {
	Subject    access.Subject
	Submission string
	At         time.Time
}

// Outcome says what became of a write.
type Outcome struct {
	ID      string
	Version int64
	// Conflict is the id of the conflict kept for a person to decide; empty when there was none.
	Conflict string
}

// Apply makes one change, within the transaction of the submission that carries it.
// A refusal is *access.Refusal; a value that does not fit is *ValueError.
func (r *Registry) Apply(tx *store.Tx, m Meta, w Write) (Outcome, error) {
	s, err := r.Schema(w.Register)
	if err != nil {
		return Outcome{}, err
	}
	row := &Row{Register: s.Name, ID: w.ID, Values: Values{}, blobs: map[string][]byte{}, CreatedAt: m.At, CreatedBy: m.Subject.User}
	if !w.Create {
		if row, err = s.load(tx, w.ID); err != nil {
			if errors.Is(err, store.ErrNone) {
				return Outcome{}, noRow(w.Action, w.Register, w.ID)
			}
			return Outcome{}, err
		}
	} else if row.ID == "" {
		row.ID = ids.New()
	}
	if row.Deleted || moves(row, w) {
		return Outcome{}, &access.Refusal{Action: w.verb(), Object: row.Object(), Reason: access.NoSuchRow}
	}
	before := row.Object()
	place(row, w.Place, w.Create)
	if err := r.may(tx, m.Subject, w, before, row.Object()); err != nil {
		return Outcome{}, err
	}
	values, err := r.checked(tx, s, w, row)
	if err != nil {
		return Outcome{}, err
	}
	out := Outcome{ID: row.ID}
	if !w.Create && w.Base > 0 && w.Base != row.Version {
		if out.Conflict, err = r.conflict(tx, s, m, w, row, values); err != nil {
			return Outcome{}, err
		}
	}
	change, err := r.change(tx, s, row, before, values)
	if err != nil {
		return Outcome{}, err
	}
	if w.Delete {
		row.Deleted = true
	}
	row.Version++
	row.UpdatedAt, row.UpdatedBy, row.Submission = m.At, m.Subject.User, m.Submission
	if err := r.put(tx, s, row, w.Create); err != nil {
		return Outcome{}, err
	}
	out.Version = row.Version
	return out, r.remember(tx, s, m, w, row, change)
}

// verb is what the policy is asked for.
func (w Write) verb() access.Action {
	switch {
	case w.Action != "":
		return w.Action
	case w.Create:
		return access.Create
	case w.Delete:
		return access.Delete
	}
	return access.Update
}

// moves says whether the write would take a row out of its case or its person. Nobody
// does that, whatever he may see: the values of a row are sealed for its person, and the
// team of the one case would learn what was said in the other.
func moves(row *Row, w Write) bool {
	return !w.Create && ((w.Place.Case != "" && w.Place.Case != row.Case) || (w.Place.Person != "" && w.Place.Person != row.Person))
}

// may asks the policy about the row as it was and as it will be: nobody moves a row
// to where he could not have made it, nor takes one that he may not touch.
func (r *Registry) may(tx *store.Tx, sub access.Subject, w Write, before, after access.Object) error {
	if w.follows {
		return nil
	}
	action := w.verb()
	objects := []access.Object{before, after}
	verb := w.Action != ""
	if w.Create || before == after {
		objects = objects[1:]
	} else if verb {
		// A verb such as assign or receive is about the row as it stands.
		objects = objects[:1]
	}
	for _, o := range objects {
		d, err := r.policy.Require(tx, sub, action, o)
		if err != nil {
			return err
		}
		for name := range w.Values {
			// What a verb writes is for the code of the verb to say; a plain create or
			// update reaches only the properties that the role may write.
			if !verb && !d.Readable(name) {
				return &access.Refusal{Action: action, Object: o, Reason: access.NotReadable}
			}
		}
	}
	return nil
}

func place(row *Row, p Place, create bool) {
	set := func(dst *string, v string) {
		if v != "" {
			*dst = v
		}
	}
	set(&row.Org, p.Org)
	set(&row.Office, p.Office)
	set(&row.Owner, p.Owner)
	set(&row.Case, p.Case)
	set(&row.Person, p.Person)
	set(&row.Party, p.Party)
	set(&row.State, p.State)
	if p.Restricted != nil {
		row.Restricted = *p.Restricted
	}
	if create {
		// A case is the case, and a person the person, that need-to-know hangs on.
		if row.Register == "cases" {
			row.Case = row.ID
		}
		if row.Register == "people" {
			row.Person = row.ID
		}
	}
}

func (r *Registry) checked(tx *store.Tx, s *Schema, w Write, row *Row) (Values, error) {
	values := Values{}
	for _, name := range slices.Sorted(maps.Keys(w.Values)) {
		p, ok := s.Property(name)
		if !ok {
			return nil, &ValueError{Register: s.Name, Property: name, Reason: "unknown", Want: "a property of the register"}
		}
		v, err := r.Catalog.Check(s, p, w.Values[name])
		if err != nil {
			return nil, err
		}
		if p.Type == TypeRef && v != nil {
			var one int
			if err := tx.Row("SELECT 1 FROM "+r.Catalog.Registers[p.Ref].Table()+" WHERE id = ? AND deleted = FALSE", v).Scan(&one); err != nil {
				if errors.Is(err, store.ErrNone) {
					return nil, &ValueError{Register: s.Name, Property: name, Reason: "list", Want: "a row of " + p.Ref}
				}
				return nil, err
			}
		}
		values[name] = v
	}
	if s.States != "" && row.State != "" && !r.Catalog.Lists[s.States].Has(row.State) {
		return nil, &ValueError{Register: s.Name, Property: "state", Reason: "list", Want: s.States}
	}
	if w.Delete {
		return values, nil
	}
	for _, p := range s.Properties {
		v, given := values[p.Name]
		if p.Required && ((w.Create && v == nil) || (given && v == nil)) {
			return nil, &ValueError{Register: s.Name, Property: p.Name, Reason: "required", Want: string(p.Type)}
		}
	}
	return values, nil
}

// delta is the change of one property; Sealed when its values are in the sealed part.
type delta struct {
	From   any  `json:"from,omitempty"`
	To     any  `json:"to,omitempty"`
	Sealed bool `json:"sealed,omitempty"`
}

// changes is what one version changed: clear is for the history's text, sealed for
// its sealed blob.
type changes struct {
	clear, sealed map[string]delta
	key           string
}

// change puts the values into the row, sealing what must be, and says what changed.
func (r *Registry) change(tx *store.Tx, s *Schema, row *Row, before access.Object, values Values) (changes, error) {
	c := changes{clear: map[string]delta{}, sealed: map[string]delta{}}
	after := row.Object()
	for _, col := range []struct {
		name     string
		from, to any
	}{
		{"org", before.Org, after.Org}, {"office", before.Office, after.Office}, {"owner", before.Owner, after.Owner},
		{"case_id", before.Case, after.Case}, {"person_id", before.Person, after.Person}, {"party", before.Party, after.Party},
		{"state", before.State, after.State}, {"restricted", before.Restricted, after.Restricted},
	} {
		if row.Version > 0 && col.from != col.to {
			c.clear[col.name] = delta{From: col.from, To: col.to}
		}
	}
	for _, name := range slices.Sorted(maps.Keys(values)) {
		p, _ := s.Property(name)
		if p.Class.Sealed() {
			if err := r.seal(tx, s, row, p, values[name], &c); err != nil {
				return c, err
			}
			continue
		}
		from, to := row.Values[name], values[name]
		if reflect.DeepEqual(from, to) {
			continue
		}
		c.clear[name] = delta{From: toPlain(from), To: toPlain(to)}
		if to == nil {
			delete(row.Values, name)
		} else {
			row.Values[name] = to
		}
	}
	return c, nil
}

// keyOwner is whose key seals the row's values: the person's; a row about nobody has its own.
func keyOwner(row *Row) string {
	if row.Person != "" {
		return row.Person
	}
	return row.ID
}

func sealContext(register, row, property string) string {
	return register + "/" + row + "/" + property
}

func (r *Registry) seal(tx *store.Tx, s *Schema, row *Row, p *Property, v any, c *changes) error {
	from, err := r.open(tx, row, p)
	if err != nil {
		return err
	}
	if reflect.DeepEqual(from, v) {
		return nil
	}
	if c.key == "" {
		if c.key, err = r.vault.PersonKey(tx, keyOwner(row)); err != nil {
			return err
		}
	}
	c.clear[p.Name] = delta{Sealed: true}
	c.sealed[p.Name] = delta{From: toPlain(from), To: toPlain(v)}
	if v == nil {
		delete(row.blobs, p.Name)
	} else {
		plain, err := toJSON(v)
		if err != nil {
			return err
		}
		if row.blobs[p.Name], err = r.vault.Seal(tx, c.key, sealContext(s.Name, row.ID, p.Name), plain); err != nil {
			return err
		}
	}
	return r.index(tx, s, row, p, v)
}

// index keeps the blind look-up values of a sealed text in step with it.
func (r *Registry) index(tx *store.Tx, s *Schema, row *Row, p *Property, v any) error {
	if len(p.Index) == 0 {
		return nil
	}
	text, _ := v.(string)
	tokens := map[string][]string{}
	for _, kind := range p.Index {
		if text != "" {
			tokens[kind] = r.blind(kind, text)
		}
	}
	return r.vault.Index(tx, s.Name, row.ID, p.Name, keyOwner(row), tokens)
}

// open gives the value in a row's sealed blob; nil when there is none.
func (r *Registry) open(tx *store.Tx, row *Row, p *Property) (any, error) {
	blob := row.blobs[p.Name]
	if blob == nil {
		return nil, nil
	}
	plain, err := r.vault.Open(tx, sealContext(row.Register, row.ID, p.Name), blob)
	if err != nil {
		return nil, err
	}
	return fromJSON(p.Type, plain)
}

// put writes the whole row.
func (r *Registry) put(tx *store.Tx, s *Schema, row *Row, create bool) error {
	args := []any{
		row.ID, row.Version, row.Org, row.Office, row.Owner, row.Case, row.Person, row.Party, row.State, row.Restricted,
		store.Micros(row.CreatedAt), row.CreatedBy, store.Micros(row.UpdatedAt), row.UpdatedBy, row.Submission, row.Deleted,
	}
	names := make([]string, 0, len(system)+len(s.Properties))
	for _, c := range system {
		names = append(names, c.name)
	}
	for _, p := range s.Properties {
		names = append(names, p.Name)
		var v any
		if p.Class.Sealed() {
			if b := row.blobs[p.Name]; b != nil {
				v = b
			}
		} else if x, ok := row.Values[p.Name]; ok {
			v = toColumn(x)
		}
		args = append(args, v)
	}
	if create {
		n, err := tx.Exec("INSERT INTO "+s.Table()+" ("+strings.Join(names, ", ")+") VALUES (?"+strings.Repeat(", ?", len(names)-1)+") ON CONFLICT (id) DO NOTHING", args...)
		if err == nil && n == 0 {
			return fmt.Errorf("register %s already has a row with this id", s.Name)
		}
		return err
	}
	_, err := tx.Exec("UPDATE "+s.Table()+" SET "+strings.Join(names[1:], " = ?, ")+" = ? WHERE id = ?", append(args[1:], row.ID)...)
	return err
}

// remember writes the version into the history.
func (r *Registry) remember(tx *store.Tx, s *Schema, m Meta, w Write, row *Row, c changes) error {
	op := "update"
	switch {
	case w.Create:
		op = "create"
	case w.Delete:
		op = "delete"
	}
	clear, err := json.Marshal(c.clear)
	if err != nil {
		return err
	}
	var sealed any
	if len(c.sealed) > 0 {
		body, err := json.Marshal(c.sealed)
		if err != nil {
			return err
		}
		if sealed, err = r.vault.Seal(tx, c.key, sealContext(s.Name, row.ID, fmt.Sprint("history/", row.Version)), body); err != nil {
			return err
		}
	}
	_, err = tx.Exec("INSERT INTO history (register, row_id, version, submission, actor, at, op, changes, key_id, sealed) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
		s.Name, row.ID, row.Version, m.Submission, m.Subject.User, store.Micros(m.At), op, string(clear), c.key, sealed)
	return err
}
