package registry

import (
	"database/sql"
	"fmt"
	"slices"
	"strings"

	"aman/platform/access"
	"aman/platform/store"
)

// Cond is one condition of a query on a property or a system column.
type Cond struct {
	Property string
	// Op is one of = != < <= > >= in has null notnull. "has" asks for one code of a
	// multiple choice; "in" takes a []string.
	Op    string
	Value any
}

// On is a condition in one line.
func On(property, op string, value any) Cond {
	return Cond{Property: property, Op: op, Value: value}
}

// Query asks for rows of one register.
//
// A condition on a property holds only for rows of which the subject may see that
// property, and an order by a property puts rows where it may not be seen with those
// that have no value, at the end. So an answer tells nothing that its rows do not show.
type Query struct {
	Register string
	Where    []Cond
	// Sort is a property or system column; "-" before it sorts downwards. Newest change first when empty.
	Sort string
	// Limit is how many rows at most (default 50, at most 1,000); Offset skips that many.
	Limit, Offset int
}

// Page is the answer to a Query.
type Page struct {
	Rows []*Row
	// More says that there are rows behind these.
	More bool
}

const (
	limitDefault = 50
	limitMost    = 1000
)

// List gives the rows that the subject may read and that match, each with the
// properties that it may see.
func (r *Registry) List(tx *store.Tx, sub access.Subject, q Query) (Page, error) {
	s, err := r.Schema(q.Register)
	if err != nil {
		return Page{}, err
	}
	if q.Limit <= 0 {
		q.Limit = limitDefault
	}
	q.Limit = min(q.Limit, limitMost)
	query, args, err := r.listing(sub, s, q)
	if err != nil {
		return Page{}, err
	}
	rows, err := store.All(tx, s.scan, query, args...)
	if err != nil {
		return Page{}, fmt.Errorf("list %s: %w", s.Name, err)
	}
	page := Page{Rows: rows}
	if len(rows) > q.Limit {
		page.Rows, page.More = rows[:q.Limit], true
	}
	return page, r.stripAll(tx, sub, s, page.Rows)
}

// stripAll takes out of each row what the subject may not see of it.
func (r *Registry) stripAll(tx *store.Tx, sub access.Subject, s *Schema, rows []*Row) error {
	objects := make([]access.Object, len(rows))
	for i, row := range rows {
		objects[i] = row.Object()
	}
	facts, err := r.policy.FactsForAll(tx, sub, objects)
	if err != nil {
		return err
	}
	for i, row := range rows {
		read, unseal := r.policy.Can(sub, access.Read, objects[i], facts[i]), r.policy.Can(sub, access.Unseal, objects[i], facts[i])
		s.strip(row, read.Readable, unseal.Readable)
	}
	return nil
}

// Count says how many rows match that the subject may read.
func (r *Registry) Count(tx *store.Tx, sub access.Subject, q Query) (n int, err error) {
	s, err := r.Schema(q.Register)
	if err != nil {
		return 0, err
	}
	query, args, err := r.counting(sub, s, q)
	if err != nil {
		return 0, err
	}
	return n, tx.Row(query, args...).Scan(&n)
}

// Bucket is one group of Group: its key values, in the order asked, and its count.
// A missing value is the empty text.
type Bucket struct {
	Keys  []string
	Count int
}

// Group counts rows by open properties or system columns. The subject needs read or
// aggregate rights on the rows; only open properties may be grouped by, since a small
// group of a sensitive one would tell about a person.
func (r *Registry) Group(tx *store.Tx, sub access.Subject, action access.Action, q Query, by ...string) ([]Bucket, error) {
	s, err := r.Schema(q.Register)
	if err != nil {
		return nil, err
	}
	where, args, err := r.where(sub, action, s, q)
	if err != nil {
		return nil, err
	}
	cols := make([]string, len(by))
	for i, name := range by {
		if cols[i], err = s.groupColumn(name); err != nil {
			return nil, err
		}
		base, _, _ := strings.Cut(name, ":")
		see, more, err := r.seen(sub, action, s, base)
		if err != nil {
			return nil, err
		}
		if see != "" {
			where, args = where+" AND "+see, append(args, more...)
		}
	}
	list := strings.Join(cols, ", ")
	return store.All(tx, func(rows *sql.Rows) (b Bucket, err error) {
		b.Keys = make([]string, len(by))
		dest := make([]any, 0, len(by)+1)
		for i := range b.Keys {
			dest = append(dest, &b.Keys[i])
		}
		return b, rows.Scan(append(dest, &b.Count)...)
	}, "SELECT "+list+", count(*) FROM "+s.Table()+" r WHERE "+where+" GROUP BY "+list+" ORDER BY "+list, args...)
}

func (s *Schema) groupColumn(name string) (string, error) {
	base, part, _ := strings.Cut(name, ":")
	if reserved(base) {
		return "coalesce(r." + base + ", '')", nil
	}
	p, ok := s.Property(base)
	if !ok || p.Class != Open {
		return "", fmt.Errorf("register %s cannot be grouped by %q: only open properties can", s.Name, base)
	}
	switch {
	case p.Type == TypeDate && part == "year":
		return "substr(coalesce(r." + base + ", ''), 1, 4)", nil
	case p.Type == TypeDate && part == "month":
		return "substr(coalesce(r." + base + ", ''), 1, 7)", nil
	case p.Type == TypeInteger || p.Type == TypeDecimal || p.Type == TypeBoolean || p.Type == TypeDateTime:
		return "coalesce(CAST(r." + base + " AS TEXT), '')", nil
	}
	return "coalesce(r." + base + ", '')", nil
}

// seen is through for a name that may be a system column, which every reader of a row sees.
func (r *Registry) seen(sub access.Subject, action access.Action, s *Schema, name string) (string, []any, error) {
	p, ok := s.Property(name)
	if !ok {
		return "", nil, nil
	}
	return r.through(sub, action, s, p)
}

// where joins the access filter, which leaves deleted rows out, and the conditions.
func (r *Registry) where(sub access.Subject, action access.Action, s *Schema, q Query) (string, []any, error) {
	filter, args := r.policy.Filter(sub, action, s.Name)
	rest, more, err := r.conditions(sub, action, s, q)
	return filter + rest, append(args, more...), err
}

// conditions are those of the query alone, each after an AND.
func (r *Registry) conditions(sub access.Subject, action access.Action, s *Schema, q Query) (string, []any, error) {
	var b strings.Builder
	var args []any
	for _, c := range q.Where {
		part, more, err := s.cond(r.Catalog, c)
		if err != nil {
			return "", nil, err
		}
		b.WriteString(" AND " + part)
		args = append(args, more...)
		see, more, err := r.seen(sub, action, s, c.Property)
		if err != nil {
			return "", nil, err
		}
		if see != "" {
			b.WriteString(" AND " + see)
			args = append(args, more...)
		}
	}
	return b.String(), args, nil
}

var compare = map[string]string{"=": "=", "!=": "<>", "<": "<", "<=": "<=", ">": ">", ">=": ">="}

func (s *Schema) cond(c *Catalog, q Cond) (string, []any, error) {
	col, v := "r."+q.Property, q.Value
	p, ok := s.Property(q.Property)
	switch {
	case ok && p.Class.Sealed() && q.Op != "null" && q.Op != "notnull":
		return "", nil, fmt.Errorf("register %s: %s is sealed and can only be looked up exactly or by sound", s.Name, q.Property)
	case ok && q.Op != "in" && q.Op != "has" && q.Op != "null" && q.Op != "notnull":
		checked, err := c.Check(s, p, v)
		if err != nil {
			return "", nil, err
		}
		v = toColumn(checked)
	case !ok && !reserved(q.Property):
		return "", nil, fmt.Errorf("register %s has no property %q", s.Name, q.Property)
	case !ok && q.Op != "in":
		v = toColumn(v)
	}
	switch q.Op {
	case "null":
		return col + " IS NULL", nil, nil
	case "notnull":
		return col + " IS NOT NULL", nil, nil
	case "has":
		code, _ := v.(string)
		if !ok || p.Type != TypeCodes || !c.Lists[p.List].Has(code) {
			return "", nil, fmt.Errorf("register %s: has asks %s for one code of its list", s.Name, q.Property)
		}
		return col + " LIKE ? ESCAPE '!'", []any{"% " + strings.ReplaceAll(code, "_", "!_") + " %"}, nil
	case "in":
		list, _ := v.([]string)
		if len(list) == 0 {
			return "1 = 0", nil, nil
		}
		args := make([]any, len(list))
		for i, x := range list {
			args[i] = x
		}
		return col + " IN (?" + strings.Repeat(", ?", len(list)-1) + ")", args, nil
	}
	op, known := compare[q.Op]
	if !known {
		return "", nil, fmt.Errorf("register %s: %q is no comparison", s.Name, q.Op)
	}
	return col + " " + op + " ?", []any{v}, nil
}

// order gives what the rows are sorted by, its arguments, and how: after the key, and after the id.
func (r *Registry) order(sub access.Subject, s *Schema, by string) (key string, args []any, dir, idDir string, err error) {
	if by == "" {
		by = "-updated_at"
	}
	name, down := strings.CutPrefix(by, "-")
	p, ok := s.Property(name)
	if (!ok || p.Class.Sealed()) && !reserved(name) {
		return "", nil, "", "", fmt.Errorf("register %s cannot be sorted by %q", s.Name, name)
	}
	if down {
		dir = " DESC"
	}
	see, args, err := r.seen(sub, access.Read, s, name)
	if err != nil {
		return "", nil, "", "", err
	}
	key, idDir = "r."+name, dir
	if see != "" {
		key = "CASE WHEN " + see + " THEN " + key + " END"
	}
	if ok {
		// Left to themselves the engines put rows without a value at different ends.
		dir += " NULLS LAST"
	}
	return key, args, dir, idDir, nil
}

// Similar finds rows by sealed values without opening any: for each property the
// look-up values agree exactly or by sound. Only rows that the subject may read come
// back, best first, at most limit.
func (r *Registry) Similar(tx *store.Tx, sub access.Subject, register string, values map[string]string, limit int) ([]Match, error) {
	s, err := r.Schema(register)
	if err != nil {
		return nil, err
	}
	found := map[string]*Match{}
	for name, text := range values {
		p, ok := s.Property(name)
		if !ok || strings.TrimSpace(text) == "" {
			continue
		}
		for _, kind := range p.Index {
			if kind != "exact" && kind != "phonetic" {
				continue
			}
			hits, err := r.vault.Lookup(tx, register, name, kind, r.blind(kind, text))
			if err != nil {
				return nil, err
			}
			for _, h := range hits {
				m := found[h.Row]
				if m == nil {
					m = &Match{ID: h.Row}
					found[h.Row] = m
				}
				m.Why = append(m.Why, Agreement{Property: name, Kind: kind})
			}
		}
	}
	ids := make([]string, 0, len(found))
	for id := range found {
		ids = append(ids, id)
	}
	if len(ids) == 0 {
		return nil, nil
	}
	slices.SortFunc(ids, func(a, b string) int {
		if d := found[b].score() - found[a].score(); d != 0 {
			return d
		}
		return strings.Compare(a, b)
	})
	// Look-ups by sound can be wide; the best few hundred hold every likely match.
	ids = ids[:min(len(ids), 300)]
	page, err := r.List(tx, sub, Query{Register: register, Where: []Cond{On("id", "in", ids)}, Limit: len(ids)})
	if err != nil {
		return nil, err
	}
	objects := make([]access.Object, len(page.Rows))
	for i, row := range page.Rows {
		objects[i] = row.Object()
	}
	may, err := r.policy.CanAll(tx, sub, access.Unseal, objects)
	if err != nil {
		return nil, err
	}
	for i, row := range page.Rows {
		m := found[row.ID]
		// Colleagues must find who is known already. A receiver finds by what was shared with
		// it and no more: else it could try a name or a number on everybody referred to it.
		m.Why = slices.DeleteFunc(m.Why, func(a Agreement) bool { return row.Org != sub.Org && !may[i].Readable(a.Property) })
		if len(m.Why) > 0 {
			m.Row = row
		}
	}
	var out []Match
	for _, id := range ids {
		if m := found[id]; m.Row != nil && len(out) < limit {
			slices.SortFunc(m.Why, func(a, b Agreement) int { return strings.Compare(a.Property+a.Kind, b.Property+b.Kind) })
			out = append(out, *m)
		}
	}
	return out, nil
}

// Match is a row that may be about the same thing, and what agreed.
type Match struct {
	ID  string
	Row *Row
	Why []Agreement
}

// Agreement names a property and how it agreed: exact or phonetic.
type Agreement struct{ Property, Kind string }

func (m *Match) score() (n int) {
	for _, a := range m.Why {
		if a.Kind == "exact" {
			n += 3
		} else {
			n++
		}
	}
	return n
}
