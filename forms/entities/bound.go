package entities

import (
	"encoding/json"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"aman/platform/access"
	"aman/platform/store"
	"aman/registry"
)

// A bound list shows the rows of a register as entities, and writes to them through the
// registry, which asks its own rights and keeps its own conflicts.

// parse reads texts as the register's properties take them. It stops at the first that
// does not fit: *registry.ValueError.
func (s *Service) parse(l *list, texts map[string]string) (registry.Values, error) {
	out := registry.Values{}
	for _, name := range given(texts) {
		v, err := s.parseOne(l, name, texts[name])
		if err != nil {
			return nil, err
		}
		out[name] = v
	}
	return out, nil
}

func (s *Service) parseOne(l *list, name, text string) (any, error) {
	p, ok := l.schema.Property(name)
	if !ok {
		return nil, &UnknownPropertyError{name}
	}
	v, err := l.schema.ParseValue(p, text)
	if err != nil {
		return nil, err
	}
	return s.registry.Catalog.Check(l.schema, p, v)
}

func (s *Service) createRow(tx *store.Tx, l *list, by author, id string, texts map[string]string, st step) error {
	values, err := s.parse(l, texts)
	if err != nil {
		return err
	}
	return s.insertRow(tx, l, by, id, values, st)
}

func (s *Service) insertRow(tx *store.Tx, l *list, by author, id string, values registry.Values, st step) error {
	var one int
	if err := tx.Row("SELECT 1 FROM "+l.schema.Table()+" WHERE id = ?", id).Scan(&one); err == nil {
		return ErrTaken
	}
	_, err := by.apply(registry.Write{Register: l.Register, ID: id, Create: true, Values: values,
		Place: registry.Place{Org: by.org, Office: by.office, Owner: by.user}})
	if err != nil {
		return err
	}
	return s.remember(tx, l.ID, id, 1, by, st)
}

func (s *Service) updateRow(tx *store.Tx, l *list, by author, id string, c Change) error {
	now, err := s.rowVersion(tx, l, id)
	if err != nil {
		return err
	}
	if now == 0 {
		return ErrNoEntity
	}
	if c.Resolve {
		return ErrNoConflict // those of a register are settled one by one
	}
	if c.Base != 0 && c.Base != now && !c.Force {
		return &StaleError{now}
	}
	values, err := s.parse(l, c.Values)
	if err != nil {
		return err
	}
	out, err := by.apply(registry.Write{Register: l.Register, ID: id, Base: now, Values: values})
	if err != nil {
		return noEntity(err)
	}
	return s.remember(tx, l.ID, id, out.Version, by, step{base: now, brought: given(c.Values)})
}

// rowVersion is the newest version of a register's row, whoever asks; 0 when there is none.
func (s *Service) rowVersion(tx *store.Tx, l *list, id string) (n int64, err error) {
	err = tx.Row("SELECT version FROM "+l.schema.Table()+" WHERE id = ? AND NOT deleted", id).Scan(&n)
	if err == store.ErrNone {
		return 0, nil
	}
	return n, err
}

// fromRow shows a register's row as an entity.
func (l *list) fromRow(r *registry.Row) Entity {
	e := Entity{Dataset: l.Name, ID: r.ID, Values: map[string]string{}, Hidden: r.Sealed, Sealed: r.Sealed, Version: r.Version, Updates: r.Version - 1,
		Org: r.Org, Office: r.Office, Owner: r.Owner, Created: r.CreatedAt, CreatedBy: r.CreatedBy}
	if r.Version > 1 {
		e.Updated, e.UpdatedBy = r.UpdatedAt, r.UpdatedBy
	}
	for name, v := range r.Values {
		e.Values[name] = text(v)
	}
	e.Label = l.labelOf(e.Values)
	return e
}

// labelOf makes a label of a register's row: its code where it has one, else what is open
// about it, the first three properties.
func (l *list) labelOf(values map[string]string) string {
	var some []string
	for _, p := range l.schema.Properties {
		v := values[p.Name]
		if v == "" {
			continue
		}
		if slices.Contains(p.Index, "unique") {
			return v
		}
		if p.Class == registry.Open && p.Type != registry.TypeRef && len(some) < 3 {
			some = append(some, v)
		}
	}
	return strings.Join(some, " · ")
}

// text is a register's value as forms write it.
func text(v any) string {
	switch x := v.(type) {
	case nil:
		return ""
	case string:
		return x
	case []string:
		return strings.Join(x, " ")
	case bool:
		return strconv.FormatBool(x)
	case int64:
		return strconv.FormatInt(x, 10)
	case float64:
		return strconv.FormatFloat(x, 'f', -1, 64)
	case time.Time:
		return x.Format(time.RFC3339Nano)
	}
	b, err := json.Marshal(v)
	if err != nil {
		return fmt.Sprint(v)
	}
	return string(b)
}

// boundQuery is a query of a bound list in the words of the registry.
func boundQuery(l *list, q Query) registry.Query {
	out := registry.Query{Register: l.Register, Limit: q.Limit, Offset: q.Offset, Sort: "-created_at"}
	if q.Oldest {
		out.Sort = "id" // what a long walk goes by: it is the primary key
	}
	for _, c := range []struct {
		column, op string
		at         time.Time
	}{{"created_at", ">=", q.CreatedFrom}, {"created_at", "<", q.CreatedTo}, {"updated_at", ">=", q.UpdatedFrom}, {"updated_at", "<", q.UpdatedTo}} {
		if !c.at.IsZero() {
			out.Where = append(out.Where, registry.On(c.column, c.op, c.at))
		}
	}
	if q.Creator != "" {
		out.Where = append(out.Where, registry.On("created_by", "=", q.Creator))
	}
	if q.IDs != nil {
		out.Where = append(out.Where, registry.On("id", "in", q.IDs))
	}
	return out
}

// rowVersions tells a row's history as versions of an entity, oldest first.
func (s *Service) rowVersions(tx *store.Tx, sub access.Subject, l *list, id string) ([]Version, error) {
	history, err := s.registry.History(tx, sub, l.Register, id)
	if err != nil {
		return nil, noEntity(err)
	}
	notes, err := s.notes(tx, l, id)
	if err != nil {
		return nil, err
	}
	now := map[string]string{}
	var out []Version
	for _, h := range slices.Backward(history) {
		v := Version{Version: h.Version, At: h.At, By: h.Actor, Source: Source{Kind: "submission", Instance: h.Submission}, Values: map[string]string{}, Received: map[string]string{}}
		if n, ok := notes[h.Version]; ok {
			n.Values, n.Received = v.Values, v.Received
			v = n
		}
		for name, c := range h.Changes {
			switch _, property := l.schema.Property(name); {
			case !property:
			case c.Sealed:
				v.Hidden = append(v.Hidden, name)
			default:
				now[name] = text(c.To)
				v.Received[name] = now[name]
			}
		}
		slices.Sort(v.Hidden)
		for name, x := range now {
			if x != "" {
				v.Values[name] = x
			}
		}
		v.Label = l.labelOf(v.Values)
		v.Current = h.Version == history[0].Version
		out = append(out, v)
	}
	return out, nil
}
