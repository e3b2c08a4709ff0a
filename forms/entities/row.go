package entities

import (
	"database/sql"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"aman/platform/access"
	"aman/platform/store"
	"aman/platform/vault"
)

// Entity is one entity as somebody may see it.
type Entity struct {
	Dataset string
	ID      string // UUID
	Label   string
	Values  map[string]string
	// Hidden names the properties that have a value which the asker may not read; "label" too.
	Hidden []string
	// Sealed names those of them that she may ask to unseal.
	Sealed   []string
	Version  int64
	Updates  int64  // how often it was changed since it was made
	Conflict string // of the open conflict: soft, hard or empty

	Org, Office, Owner        string
	Created, Updated, Deleted time.Time // Updated and Deleted are zero when it never was
	CreatedBy, UpdatedBy      string    // users
	CreatedDevice             string
}

// Kinds of conflict.
const (
	Soft = "soft" // made on a version that was no longer the newest; other properties
	Hard = "hard" // the same property was set differently meanwhile
)

// row is an entity of a free list for the inside.
type row struct {
	Entity
	body   []byte
	opened body
}

// body is what is sealed of a version.
type body struct {
	Label  string            `json:"label"`
	Values map[string]string `json:"values"`
}

// get gives a property, or "label".
func (b body) get(name string) string {
	if name == "label" {
		return b.Label
	}
	return b.Values[name]
}

// with gives the body after a change, which may hold "label".
func (b body) with(change map[string]string) body {
	out := body{Label: b.Label, Values: maps.Clone(b.Values)}
	if out.Values == nil {
		out.Values = map[string]string{}
	}
	for name, v := range change {
		if name == "label" {
			out.Label = v
		} else {
			out.Values[name] = v
		}
	}
	return out
}

// differs names what two versions do not have in common, sorted; "label" too.
func (b body) differs(other body) (out []string) {
	if b.Label != other.Label {
		out = append(out, "label")
	}
	for name, v := range b.Values {
		if other.Values[name] != v {
			out = append(out, name)
		}
	}
	for name, v := range other.Values {
		if _, both := b.Values[name]; !both && v != "" {
			out = append(out, name)
		}
	}
	slices.Sort(out)
	return out
}

func bodyContext(id string, version int64) string { return fmt.Sprintf("entities/%s/%d", id, version) }

const rowColumns = `r.id, r.version, r.org, r.office, r.owner, r.deleted_at, r.conflict, r.created_at, r.created_by, r.device, r.updated_at, r.updated_by, r.body`

func scanRow(rows *sql.Rows) (*row, error) {
	r := &row{}
	var deleted, created, updated int64
	err := rows.Scan(&r.ID, &r.Version, &r.Org, &r.Office, &r.Owner, &deleted, &r.Conflict, &created, &r.CreatedBy, &r.CreatedDevice, &updated, &r.UpdatedBy, &r.body)
	r.Created, r.Updated, r.Deleted, r.Updates = store.Time(created), store.Time(updated), store.Time(deleted), r.Version-1
	return r, err
}

// object is the entity as the access policy sees it. A deleted one is asked about as it was:
// the action says whether deleted ones are meant.
func (r *row) object(l *list) access.Object {
	return access.Object{Register: register, ID: r.ID, Org: r.Org, Office: r.Office, Owner: r.Owner, Restricted: l.OwnOnly}
}

// load reads one entity of a list with what is in it, whoever asks; nil when there is none.
func (s *Service) load(tx *store.Tx, l *list, id string) (*row, error) {
	found, err := store.All(tx, scanRow, "SELECT "+rowColumns+" FROM entities r WHERE r.id = ? AND r.list = ?", id, l.ID)
	if err != nil || len(found) == 0 {
		return nil, err
	}
	return found[0], s.open(tx, found)
}

// open reads what is sealed of rows. One that was purged has nothing.
func (s *Service) open(tx *store.Tx, rows []*row) error {
	items := make([]vault.Item, 0, len(rows))
	for _, r := range rows {
		if len(r.body) > 0 {
			items = append(items, vault.Item{Context: bodyContext(r.ID, r.Version), Sealed: r.body})
		}
	}
	plain, err := s.vault.OpenAll(tx, items)
	if err != nil {
		return err
	}
	i := 0
	for _, r := range rows {
		if len(r.body) == 0 {
			continue
		}
		if plain[i] != nil {
			if err := json.Unmarshal(plain[i], &r.opened); err != nil {
				return fmt.Errorf("an entity cannot be read: %w", err)
			}
		}
		i++
	}
	return nil
}

// sealed gives a body as it is kept.
func (s *Service) sealed(tx *store.Tx, key, id string, version int64, b body) ([]byte, error) {
	plain, err := json.Marshal(b)
	if err != nil {
		return nil, err
	}
	return s.vault.Seal(tx, key, bodyContext(id, version), plain)
}

// sight is what somebody may see of the rows of one list.
type sight struct {
	s   *Service
	sub access.Subject
	l   *list
	// action is what the values are shown for: read or export.
	action access.Action
	// known keeps the answers: a page has few kinds of rows.
	known map[access.Object]may
}

type may struct{ read, unseal access.Decision }

func (s *Service) sight(sub access.Subject, l *list) *sight {
	return &sight{s: s, sub: sub, l: l, action: access.Read, known: map[access.Object]may{}}
}

func (v *sight) may(r *row) may {
	o := r.object(v.l)
	o.ID = "" // the policy asks for nothing of one entity but whose it is
	m, ok := v.known[o]
	if !ok {
		m = may{v.s.policy.Can(v.sub, v.action, o, access.Facts{}), v.s.policy.Can(v.sub, access.Unseal, o, access.Facts{})}
		v.known[o] = m
	}
	return m
}

// show fills in what may be seen.
func (v *sight) show(r *row) Entity {
	e, m := r.Entity, v.may(r)
	e.Dataset = v.l.Name
	e.Label, e.Values, e.Hidden = v.cut(r.opened, m)
	for _, name := range e.Hidden {
		if m.unseal.Readable(v.l.class(name)) {
			e.Sealed = append(e.Sealed, name)
		}
	}
	return e
}

// cut leaves in a body what may be read, and names the rest.
func (v *sight) cut(b body, m may) (label string, values map[string]string, hidden []string) {
	values = make(map[string]string, len(b.Values))
	if m.read.Readable(v.l.LabelClass) {
		label = b.Label
	} else if b.Label != "" {
		hidden = append(hidden, "label")
	}
	for name, x := range b.Values {
		switch {
		case m.read.Readable(v.l.class(name)):
			values[name] = x
		case x != "":
			hidden = append(hidden, name)
		}
	}
	slices.Sort(hidden)
	return label, values, hidden
}

// tally gathers what an act changes in the kept counts of one list, and writes it once.
type tally struct {
	list   int64
	groups map[group]*sums
}

type group struct {
	org, office, owner string
	deleted            bool
}

type sums struct{ n, conflicts, newest int64 }

func newTally(l *list) *tally { return &tally{l.ID, map[group]*sums{}} }

// add counts an entity in (by 1) or out (by -1).
func (t *tally) add(r *row, by int64) {
	g := group{r.Org, r.Office, r.Owner, !r.Deleted.IsZero()}
	x := t.groups[g]
	if x == nil {
		x = &sums{}
		t.groups[g] = x
	}
	x.n += by
	if r.Conflict != "" {
		x.conflicts += by
	}
	if by > 0 {
		x.newest = max(x.newest, store.Micros(r.Created))
	}
}

// write adds what was gathered and moves the stamp of every group that was touched, so that
// the hash of a list changes for those who see a change and for nobody else.
func (t *tally) write(tx *store.Tx, at time.Time) error {
	if len(t.groups) == 0 {
		return nil
	}
	var stamp int64
	if err := tx.Row("UPDATE entity_lists SET stamp = stamp + 1, updated_at = ? WHERE id = ? RETURNING stamp", store.Micros(at), t.list).Scan(&stamp); err != nil {
		return err
	}
	for g, x := range t.groups {
		if _, err := tx.Exec(`INSERT INTO entity_counts (list, org, office, owner, deleted, n, conflicts, stamp, newest) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)
			ON CONFLICT (list, org, office, owner, deleted) DO UPDATE SET n = entity_counts.n + excluded.n, conflicts = entity_counts.conflicts + excluded.conflicts,
			stamp = excluded.stamp, newest = CASE WHEN excluded.newest > entity_counts.newest THEN excluded.newest ELSE entity_counts.newest END`,
			t.list, g.org, g.office, g.owner, g.deleted, x.n, x.conflicts, stamp, x.newest); err != nil {
			return err
		}
	}
	return nil
}

// names is a set of property names as a column keeps it.
func names(list []string) string { return strings.Join(list, " ") }
