package entities

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"aman/forms/entities/block"
	"aman/platform/access"
	"aman/platform/audit"
	"aman/platform/store"
	"aman/registry"
)

// Property is a column of a list.
type Property struct {
	Name    string
	Class   string // open, sensitive, identity or health
	Created time.Time
	Forms   []string // ids of the forms that write it
}

// Dataset is one entity list as somebody may see it.
type Dataset struct {
	ID      int64
	Project int64
	Name    string
	// Register is the register that a bound list stands for; empty for a free one.
	Register string
	Settings
	// LabelClass is the privacy class of the labels.
	LabelClass string
	Properties []Property
	Forms      []string // ids of the forms that write to it
	Created    time.Time
	Updated    time.Time // of the last change to it or in it
	By         string
	// Entities and Conflicts count what the asker may see; Last is when the newest of them was made.
	Entities, Conflicts int
	Last                time.Time
}

// Settings of a free list.
type Settings struct {
	// Approval: entities are made when a submission is approved, not when it arrives.
	Approval bool
	// OwnOnly: whoever made an entity sees it, and those who may see restricted ones; nobody else.
	OwnOnly bool
}

// list is a Dataset for the inside, with nothing counted.
type list struct {
	Dataset
	stamp  int64
	schema *registry.Schema // of a bound list
}

// class is the privacy class of a property, or of "label".
func (l *list) class(name string) string {
	if name == "label" {
		return l.LabelClass
	}
	for _, p := range l.Properties {
		if p.Name == name {
			return p.Class
		}
	}
	return access.Sensitive
}

func (l *list) property(name string) *Property {
	for i := range l.Properties {
		if l.Properties[i].Name == name {
			return &l.Properties[i]
		}
	}
	return nil
}

// same finds a property whose name differs by small and capital letters at most.
func (l *list) same(name string) *Property {
	for i := range l.Properties {
		if strings.EqualFold(l.Properties[i].Name, name) {
			return &l.Properties[i]
		}
	}
	return nil
}

// Bindable names the registers that a list can stand for: those of offices and of reference
// data. Cases and persons stay where they are.
func (s *Service) Bindable() (out []string) {
	for _, name := range s.registry.Catalog.Names() {
		if s.bindable(name) != nil {
			out = append(out, name)
		}
	}
	return out
}

func (s *Service) bindable(name string) *registry.Schema {
	schema := s.registry.Catalog.Registers[name]
	if schema == nil || (schema.Scope != access.OfOffice && schema.Scope != access.OfPublic) {
		return nil
	}
	return schema
}

const listColumns = "SELECT id, project, name, register, approval, own_only, label_class, stamp, created_at, created_by, updated_at FROM entity_lists"

func scanList(r *sql.Rows) (*list, error) {
	l := &list{}
	var created, updated int64
	err := r.Scan(&l.ID, &l.Project, &l.Name, &l.Register, &l.Approval, &l.OwnOnly, &l.LabelClass, &l.stamp, &created, &l.By, &updated)
	l.Created, l.Updated = store.Time(created), store.Time(updated)
	return l, err
}

// lists reads lists with their properties; where is a condition on entity_lists.
func (s *Service) lists(tx *store.Tx, where string, args ...any) ([]*list, error) {
	out, err := store.All(tx, scanList, listColumns+" WHERE "+where+" ORDER BY name", args...)
	if err != nil || len(out) == 0 {
		return nil, err
	}
	byID := map[int64]*list{}
	for _, l := range out {
		byID[l.ID] = l
		if l.Register != "" {
			s.bind(l)
		}
	}
	in := "list IN (SELECT id FROM entity_lists WHERE " + where + ")"
	err = tx.Each(func(r *sql.Rows) error {
		var id, at int64
		var p Property
		if err := r.Scan(&id, &p.Name, &p.Class, &at); err != nil {
			return err
		}
		p.Created = store.Time(at)
		byID[id].Properties = append(byID[id].Properties, p)
		return nil
	}, "SELECT list, name, class, created_at FROM entity_properties WHERE "+in+" ORDER BY list, ord", args...)
	if err != nil {
		return nil, err
	}
	return out, tx.Each(func(r *sql.Rows) error {
		var id int64
		var form, property string
		if err := r.Scan(&id, &form, &property); err != nil {
			return err
		}
		l := byID[id]
		if property == "" {
			l.Forms = append(l.Forms, form)
		} else if p := l.property(property); p != nil {
			p.Forms = append(p.Forms, form)
		}
		return nil
	}, "SELECT list, form, property FROM entity_forms WHERE "+in+" ORDER BY list, form, property", args...)
}

// bind gives a list what its register says.
func (s *Service) bind(l *list) {
	l.schema = s.bindable(l.Register)
	if l.schema == nil {
		return // the pack that had it is gone; the list stands empty
	}
	l.LabelClass = access.Open
	for _, p := range l.schema.Properties {
		l.Properties = append(l.Properties, Property{Name: p.Name, Class: string(p.Class), Created: l.Created})
	}
}

// list finds a list by name, a register that nobody has taken up yet too.
func (s *Service) list(tx *store.Tx, sub access.Subject, project int64, name string) (*list, error) {
	if err := s.inProject(tx, sub, project); err != nil {
		return nil, err
	}
	found, err := s.lists(tx, "project = ? AND name = ?", project, name)
	if err != nil {
		return nil, err
	}
	if len(found) == 1 {
		return found[0], nil
	}
	if s.bindable(name) == nil {
		return nil, ErrNoDataset
	}
	l := &list{Dataset: Dataset{Project: project, Name: name, Register: name}}
	s.bind(l)
	return l, nil
}

// free is list for what only a free list can do.
func (s *Service) free(tx *store.Tx, sub access.Subject, project int64, name string) (*list, error) {
	l, err := s.list(tx, sub, project, name)
	if err == nil && l.Register != "" {
		return nil, ErrBound
	}
	return l, err
}

// Datasets lists the entity lists of a project by name; bound ones once they were taken up.
func (s *Service) Datasets(tx *store.Tx, sub access.Subject, project int64) ([]Dataset, error) {
	if err := s.inProject(tx, sub, project); err != nil {
		return nil, err
	}
	found, err := s.lists(tx, "project = ?", project)
	if err != nil {
		return nil, err
	}
	return s.counted(tx, sub, found)
}

// Dataset finds one list; ErrNoDataset when there is none.
func (s *Service) Dataset(tx *store.Tx, sub access.Subject, project int64, name string) (Dataset, error) {
	l, err := s.list(tx, sub, project, name)
	if err != nil {
		return Dataset{}, err
	}
	out, err := s.counted(tx, sub, []*list{l})
	if err != nil {
		return Dataset{}, err
	}
	return out[0], nil
}

// counted adds the kept counts of what the subject may see.
func (s *Service) counted(tx *store.Tx, sub access.Subject, found []*list) ([]Dataset, error) {
	where, args := s.policy.Filter(sub, access.Read, register)
	type sum struct{ n, conflicts, newest int64 }
	sums := map[int64]sum{}
	if len(found) > 0 {
		err := tx.Each(func(r *sql.Rows) error {
			var id int64
			var x sum
			err := r.Scan(&id, &x.n, &x.conflicts, &x.newest)
			sums[id] = x
			return err
		}, "SELECT r.list, CAST(sum(r.n) AS BIGINT), CAST(sum(r.conflicts) AS BIGINT), max(r.newest) FROM (SELECT c.*, l.own_only AS restricted FROM entity_counts c JOIN entity_lists l ON l.id = c.list WHERE l.project = ?) r WHERE "+where+" GROUP BY r.list",
			append([]any{found[0].Project}, args...)...)
		if err != nil {
			return nil, err
		}
	}
	out := make([]Dataset, len(found))
	for i, l := range found {
		out[i] = l.Dataset
		if l.schema != nil {
			n, err := s.registry.Count(tx, sub, registry.Query{Register: l.Register})
			if err != nil {
				return nil, err
			}
			out[i].Entities = n
			continue
		}
		x := sums[l.ID]
		out[i].Entities, out[i].Conflicts, out[i].Last = int(x.n), int(x.conflicts), store.Time(x.newest)
	}
	return out, nil
}

// inProject asks whether the subject sees the project at all.
func (s *Service) inProject(tx *store.Tx, sub access.Subject, project int64) error {
	_, err := s.forms.Project(tx, sub, project)
	return err
}

// manage asks whether the subject may change lists of the project: whoever keeps its forms may.
func (s *Service) manage(tx *store.Tx, sub access.Subject, project int64) error {
	p, err := s.forms.Project(tx, sub, project)
	if err == nil {
		_, err = s.policy.Require(tx, sub, access.ManageForms, access.Object{Register: "forms", Org: p.Org})
	}
	return err
}

// CreateDataset makes a list. The name of a register that can be bound takes that one up.
func (s *Service) CreateDataset(ctx context.Context, sub access.Subject, project int64, name string, o Settings) (Dataset, error) {
	sub = s.at(sub)
	if err := block.CheckDataset(name); err != nil {
		return Dataset{}, err
	}
	return s.changed(ctx, sub, project, name, "entity.list.create", func(tx *store.Tx) (*list, error) {
		found, err := s.lists(tx, "project = ? AND name = ?", project, name)
		if err != nil {
			return nil, err
		}
		if len(found) > 0 {
			return nil, ErrDatasetTaken
		}
		return s.ensure(tx, sub, project, name, o)
	})
}

// changed does work on one list, writes the audit entry and gives the list as it then is.
func (s *Service) changed(ctx context.Context, sub access.Subject, project int64, name, action string, f func(tx *store.Tx) (*list, error)) (out Dataset, err error) {
	err = s.db.Write(ctx, func(tx *store.Tx) error {
		if err := s.manage(tx, sub, project); err != nil {
			return err
		}
		l, err := f(tx)
		if err != nil {
			return err
		}
		if _, err := tx.Exec("UPDATE entity_lists SET stamp = stamp + 1, updated_at = ? WHERE id = ?", store.Micros(sub.At), l.ID); err != nil {
			return err
		}
		if err := s.audit.Append(tx, audit.Entry{At: sub.At, Actor: sub.User, Org: sub.Org, Action: action, Outcome: audit.OK, Register: register, Detail: map[string]string{"list": fmt.Sprint(l.ID)}}); err != nil {
			return err
		}
		out, err = s.Dataset(tx, sub, project, name)
		if errors.Is(err, ErrNoDataset) {
			err = nil // it was deleted
		}
		return err
	})
	return out, err
}

// ensure finds a list or makes it.
func (s *Service) ensure(tx *store.Tx, sub access.Subject, project int64, name string, o Settings) (*list, error) {
	found, err := s.lists(tx, "project = ? AND name = ?", project, name)
	if err != nil {
		return nil, err
	}
	if len(found) == 1 {
		return found[0], nil
	}
	bound := ""
	if s.bindable(name) != nil {
		bound, o = name, Settings{}
	}
	at := store.Micros(sub.At)
	if _, err := tx.Exec(`INSERT INTO entity_lists (id, project, name, register, approval, own_only, created_at, created_by, updated_at)
		SELECT coalesce(max(id), 0) + 1, ?, ?, ?, ?, ?, ?, ?, ? FROM entity_lists`, project, name, bound, o.Approval, o.OwnOnly, at, sub.User, at); err != nil {
		return nil, err
	}
	found, err = s.lists(tx, "project = ? AND name = ?", project, name)
	if err != nil {
		return nil, err
	}
	return found[0], nil
}

// SetDataset changes the settings of a free list.
func (s *Service) SetDataset(ctx context.Context, sub access.Subject, project int64, name string, o Settings) (Dataset, error) {
	sub = s.at(sub)
	return s.changed(ctx, sub, project, name, "entity.list.set", func(tx *store.Tx) (*list, error) {
		l, err := s.free(tx, sub, project, name)
		if err != nil {
			return nil, err
		}
		_, err = tx.Exec("UPDATE entity_lists SET approval = ?, own_only = ? WHERE id = ?", o.Approval, o.OwnOnly, l.ID)
		return l, err
	})
}

// AddProperty adds a property to a free list; class "" is sensitive.
func (s *Service) AddProperty(ctx context.Context, sub access.Subject, project int64, name, property, class string) error {
	sub = s.at(sub)
	if err := block.CheckProperty(property); err != nil {
		return err
	}
	_, err := s.changed(ctx, sub, project, name, "entity.property.add", func(tx *store.Tx) (*list, error) {
		l, err := s.free(tx, sub, project, name)
		if err != nil {
			return nil, err
		}
		if l.same(property) != nil {
			return nil, ErrPropertyTaken
		}
		return l, addProperty(tx, l, property, class, sub.At)
	})
	return err
}

func addProperty(tx *store.Tx, l *list, property, class string, at time.Time) error {
	if class == "" {
		class = access.Sensitive
	}
	if !slices.Contains(access.Classes, class) {
		return ErrClass
	}
	l.Properties = append(l.Properties, Property{Name: property, Class: class, Created: at})
	_, err := tx.Exec("INSERT INTO entity_properties (list, name, ord, class, created_at) VALUES (?, ?, ?, ?, ?)", l.ID, property, len(l.Properties), class, store.Micros(at))
	return err
}

// SetClass changes the privacy class of a property of a free list, or of "label".
func (s *Service) SetClass(ctx context.Context, sub access.Subject, project int64, name, property, class string) error {
	sub = s.at(sub)
	if !slices.Contains(access.Classes, class) {
		return ErrClass
	}
	_, err := s.changed(ctx, sub, project, name, "entity.property.class", func(tx *store.Tx) (*list, error) {
		l, err := s.free(tx, sub, project, name)
		if err != nil {
			return nil, err
		}
		if property == "label" {
			_, err = tx.Exec("UPDATE entity_lists SET label_class = ? WHERE id = ?", class, l.ID)
			return l, err
		}
		if l.property(property) == nil {
			return nil, &UnknownPropertyError{property}
		}
		_, err = tx.Exec("UPDATE entity_properties SET class = ? WHERE list = ? AND name = ?", class, l.ID, property)
		return l, err
	})
	return err
}

// DeleteDataset takes away a list that has no entity, deleted ones included, and no form
// that writes to it.
func (s *Service) DeleteDataset(ctx context.Context, sub access.Subject, project int64, name string) error {
	sub = s.at(sub)
	_, err := s.changed(ctx, sub, project, name, "entity.list.delete", func(tx *store.Tx) (*list, error) {
		l, err := s.list(tx, sub, project, name)
		if err != nil {
			return nil, err
		}
		var n int
		if err := tx.Row("SELECT count(*) FROM (SELECT 1 FROM entities WHERE list = ? LIMIT 1) x", l.ID).Scan(&n); err != nil {
			return nil, err
		}
		if n > 0 || len(l.Forms) > 0 {
			return nil, ErrInUse
		}
		for _, table := range []string{"entity_properties", "entity_forms", "entity_counts"} {
			if _, err := tx.Exec("DELETE FROM "+table+" WHERE list = ?", l.ID); err != nil {
				return nil, err
			}
		}
		_, err = tx.Exec("DELETE FROM entity_lists WHERE id = ?", l.ID)
		return l, err
	})
	return err
}
