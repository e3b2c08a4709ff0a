package release

import (
	"errors"
	"fmt"
	"slices"
	"strconv"
	"time"

	"aman/platform/access"
	"aman/platform/store"
	"aman/registry"
	"aman/release/product"
	"aman/release/profiles"
	"aman/release/risk"
	"aman/release/synth"
)

// layout is what an ask comes to before any record is read: it depends on the packs, the profile and the ask alone.
type layout struct {
	profile *profiles.Profile
	path    string
	columns []*profiles.Column // those that are filled
	empty   []string           // columns of the file that stay empty
	public  product.Profile    // the whole file
	first   string             // first day
	last    string             // last day

	refs map[string]map[string]string // of a property that points to another register: id -> code
	yes  map[string]bool              // properties that are yes or no
}

// why says why a column of a profile cannot be filled: "", not_collected or not_open.
func (s *Service) why(p *profiles.Profile, c *profiles.Column) string {
	schema := s.registry.Catalog.Registers[p.Register]
	if schema == nil || c.From == "" {
		return "not_collected"
	}
	switch prop, ok := schema.Property(c.From); {
	case !ok:
		return "not_collected"
	case prop.Class != registry.Open:
		return "not_open"
	}
	return ""
}

// span gives the first and the last day of an ask.
func (a *Ask) span() (first, last string, err error) {
	from, err1 := day(a.From)
	to, err2 := day(a.To)
	if err1 != nil || err2 != nil {
		return "", "", &Fault{"period", "from"}
	}
	if len(a.To) == 4 {
		to = to.AddDate(1, 0, -1)
	} else {
		to = to.AddDate(0, 1, -1)
	}
	if to.Before(from) || to.Year()-from.Year() > 30 || from.Year() < 1990 || to.Year() > 2100 {
		return "", "", &Fault{"period", "from"}
	}
	return from.Format(time.DateOnly), to.Format(time.DateOnly), nil
}

func day(s string) (time.Time, error) {
	if len(s) == 4 {
		return time.Parse("2006", s)
	}
	return time.Parse("2006-01", s)
}

// check looks an ask through, and gives its profile.
func (s *Service) check(a Ask) (*profiles.Profile, error) {
	p := s.profiles[a.Profile]
	if p == nil || s.registry.Catalog.Registers[p.Register] == nil {
		return nil, &Fault{"profile", "profile"}
	}
	if _, _, err := a.span(); err != nil {
		return nil, err
	}
	if err := a.check(p); err != nil {
		return nil, err
	}
	_, err := s.conditions(p, a)
	return p, err
}

// check looks at what needs no register.
func (a *Ask) check(p *profiles.Profile) error {
	unknown := func(name string) bool { return p.Column(name) == nil }
	switch {
	case !slices.Contains(p.Paths, a.Path):
		return &Fault{"path", "path"}
	case slices.ContainsFunc(a.Columns, unknown):
		return &Fault{"columns", "columns"}
	}
	return a.figures()
}

// figures looks at what is the same for every file.
func (a *Ask) figures() error {
	switch {
	case a.Title["en"] == "":
		return &Fault{"title", "title"}
	case a.Path != PathDP && a.Path != PathK:
		return &Fault{"path", "path"}
	case a.Path == PathDP && (!(a.Epsilon > 0) || a.Epsilon > mostEpsilon):
		return &Fault{"epsilon", "epsilon"}
	case a.Path == PathDP && (a.delta() < 1e-15 || a.delta() > 1e-3):
		return &Fault{"delta", "delta"}
	case a.Length < 0 || a.Length > synth.MaxLength:
		return &Fault{"length", "length"}
	case a.Path == PathK && (a.k() < 3 || a.k() > 1000):
		return &Fault{"k", "k"}
	case a.Expect < 0 || a.Expect > 10_000_000:
		return &Fault{"expect", "expect"}
	}
	return nil
}

// mostEpsilon is where a promise is none any more.
const mostEpsilon = 50

func (a *Ask) delta() float64 {
	if a.Delta == 0 {
		return budgetDelta
	}
	return a.Delta
}

func (a *Ask) k() int {
	if a.K == 0 {
		return MinCell
	}
	return a.K
}

func (a *Ask) length() int {
	if a.Length == 0 {
		return 3
	}
	return a.Length
}

// conditions are the population filter as the register takes it.
func (s *Service) conditions(p *profiles.Profile, a Ask) (out []registry.Cond, err error) {
	schema := s.registry.Catalog.Registers[p.Register]
	for name, codes := range a.Where {
		if len(codes) == 0 {
			continue
		}
		if name != "office" {
			prop, ok := schema.Property(name)
			if !ok || prop.Class != registry.Open || prop.Type != registry.TypeCode {
				return nil, &Fault{"where", name}
			}
			for _, c := range codes {
				if !s.registry.Catalog.Lists[prop.List].Has(c) {
					return nil, &Fault{"where", name}
				}
			}
		}
		out = append(out, registry.On(name, "in", codes))
	}
	return out, nil
}

// lay gives the layout of an ask. It reads no record of a person: only the points that may be shown, which are public.
func (s *Service) lay(tx *store.Tx, sub access.Subject, a Ask) (*layout, error) {
	p, err := s.check(a)
	if err != nil {
		return nil, err
	}
	for _, office := range a.Where["office"] {
		var one int
		if err := tx.Row("SELECT 1 FROM offices WHERE id = ? AND org = ?", office, sub.Org).Scan(&one); errors.Is(err, store.ErrNone) {
			return nil, &Fault{"where", "office"}
		} else if err != nil {
			return nil, err
		}
	}
	l := &layout{profile: p, path: a.Path, refs: map[string]map[string]string{}, yes: map[string]bool{}}
	l.first, l.last, _ = a.span()
	schema := s.registry.Catalog.Registers[p.Register]
	for i := range p.Columns {
		c := &p.Columns[i]
		if s.why(p, c) != "" || len(a.Columns) > 0 && !slices.Contains(a.Columns, c.Name) {
			if p.Schema != "" {
				l.empty = append(l.empty, c.Name)
			}
			continue
		}
		l.columns = append(l.columns, c)
		prop, _ := schema.Property(c.From)
		l.yes[c.From] = prop.Type == registry.TypeBoolean
		if prop.Type == registry.TypeRef && l.refs[c.From] == nil {
			if l.refs[c.From], err = s.shown(tx, sub, prop.Ref); err != nil {
				return nil, err
			}
		}
	}
	if len(l.columns) == 0 {
		return nil, &Fault{"columns", "columns"}
	}
	return l, s.publish(l)
}

// shown gives the rows of a public register that may be shown outside: id -> code.
func (s *Service) shown(tx *store.Tx, sub access.Subject, register string) (map[string]string, error) {
	list, err := s.registry.Group(tx, sub, access.Read, registry.Query{Register: register, Where: []registry.Cond{registry.On("publishable", "=", true)}}, "id", "code")
	out := map[string]string{}
	for _, b := range list {
		out[b.Keys[0]] = b.Keys[1]
	}
	return out, err
}

// publish makes the public profile of the file.
func (s *Service) publish(l *layout) error {
	from, _ := strconv.Atoi(l.first[:4])
	to, _ := strconv.Atoi(l.last[:4])
	var countries []product.Code
	list := s.registry.Catalog.Lists["country"]
	same := profiles.Column{Same: true, ISO2: l.profile.Schema == product.NameGlobalK}
	for _, c := range list.Codes {
		if v := same.Value(c.Code); v != "" && !c.Retired {
			countries = append(countries, product.Code{Value: v, Label: product.Text(c.Label)})
		}
	}
	switch l.profile.Schema {
	case product.NameGlobalSynthetic:
		l.public = product.GlobalSynthetic(from, to, countries)
	case product.NameGlobalK:
		l.public = product.GlobalK(from, to, countries)
	case "":
		l.public = s.own(l)
	default:
		return fmt.Errorf("the profile %s names a schema that is not there: %s", l.profile.Name, l.profile.Schema)
	}
	for _, c := range l.columns {
		if _, ok := l.public.Column(c.Name); !ok {
			return fmt.Errorf("the profile %s has a column %s that its schema has not", l.profile.Name, c.Name)
		}
	}
	return nil
}

// own makes the public profile of a file whose columns are those of our own registers.
func (s *Service) own(l *layout) product.Profile {
	schema := s.registry.Catalog.Registers[l.profile.Register]
	out := product.Profile{Name: l.profile.Name}
	for _, c := range l.columns {
		prop, _ := schema.Property(c.From)
		column := product.Column{Name: c.Name, Label: product.Text(c.Label), Role: product.Role(c.Role), HXL: c.HXL}
		if c.Label == nil {
			column.Label = product.Text(prop.Label)
			if len(c.Any) == 1 { // a mark for one code is called after it, and stands with the other marks of its property
				column.Label, column.Group = s.label(prop, &profiles.Column{Same: true}, c.Any[0]), product.Text(prop.Label)
			}
		}
		for _, v := range c.Values(s.codes(l, prop), l.first, l.last) {
			if v == "0" && c.Mark() && l.path == PathDP {
				continue // in a file with noise a mark is there or not
			}
			column.Codes = append(column.Codes, product.Code{Value: v, Label: s.label(prop, c, v)})
		}
		out.Columns = append(out.Columns, column)
	}
	return out
}

// codes lists what a property may hold, in the order of its list; nil for numbers, dates and yes or no.
func (s *Service) codes(l *layout, prop *registry.Property) (out []string) {
	if prop.Type == registry.TypeRef {
		for _, code := range l.refs[prop.Name] {
			out = append(out, code)
		}
		slices.Sort(out)
		return out
	}
	if list := s.registry.Catalog.Lists[prop.List]; list != nil {
		for _, c := range list.Codes {
			out = append(out, c.Code)
		}
	}
	return out
}

// label gives the words for a value, where the value is a code of a list.
func (s *Service) label(prop *registry.Property, c *profiles.Column, value string) product.Text {
	list := s.registry.Catalog.Lists[prop.List]
	switch {
	case list != nil && list.Has(value) && !c.Mark():
		out := product.Text{}
		for _, lang := range product.Languages {
			out[lang] = list.Label(value, lang)
		}
		return out
	case value == "1" && c.Mark() || value == "yes":
		return product.Text{"en": "Yes", "ur": "ہاں", "id": "Ya"}
	case value == "0" && c.Mark() || value == "no":
		return product.Text{"en": "No", "ur": "نہیں", "id": "Tidak"}
	}
	return product.Same(value)
}

// records are the rows of a release before anything protects them. They never leave this package.
type records struct {
	*layout
	rows    [][]string // a cell a column
	dropped int        // rows left out because their person has a later one
}

// read reads the rows under the subject's right to count, only of people who agreed to be counted and whose agreement
// has not ended. A person with several rows in the period is one row: the latest, by date and then by id, so that
// adding or removing one person changes one row.
func (s *Service) read(tx *store.Tx, sub access.Subject, l *layout, a Ask) (*records, error) {
	if !s.policy.May(sub, access.Release, "releases") || !s.policy.May(sub, access.Aggregate, l.profile.Register) {
		return nil, &access.Refusal{Action: access.Release, Object: access.Object{Register: "releases"}, Reason: access.NoGrant}
	}
	where, err := s.conditions(l.profile, a)
	if err != nil {
		return nil, err
	}
	where = append(where, registry.On(l.profile.Date, ">=", l.first), registry.On(l.profile.Date, "<=", l.last))
	ended := map[string]bool{}
	if l.profile.Agreed != "" {
		where = append(where, registry.On(l.profile.Agreed, "=", true))
		if ended, err = s.ended(tx, l.profile.Register); err != nil {
			return nil, err
		}
	}
	by := []string{"id", "person_id", l.profile.Date}
	at := map[string]int{l.profile.Date: 2}
	for _, c := range l.columns {
		if _, ok := at[c.From]; !ok {
			at[c.From] = len(by)
			by = append(by, c.From)
		}
	}
	list, err := s.registry.Group(tx, sub, access.Aggregate, registry.Query{Register: l.profile.Register, Where: where}, by...)
	if err != nil {
		return nil, err
	}
	latest := map[string]int{} // a person's row in list
	var order []int
	out := &records{layout: l}
	for i, b := range list { // in the order of ids
		id, person := b.Keys[0], b.Keys[1]
		switch j, again := latest[person]; {
		case ended[id]:
		case l.profile.Agreed == "" || person == "":
			order = append(order, i)
		case !again:
			latest[person] = i
		default:
			out.dropped++
			if b.Keys[2] >= list[j].Keys[2] {
				latest[person] = i
			}
		}
	}
	for _, i := range latest {
		order = append(order, i)
	}
	slices.Sort(order)
	for _, i := range order {
		out.rows = append(out.rows, l.profile.Row(l.columns, func(property string) string {
			return l.raw(property, list[i].Keys[at[property]])
		}))
	}
	return out, nil
}

// raw brings what the two databases give for one value into one form.
func (l *layout) raw(property, v string) string {
	codes, ref := l.refs[property]
	switch {
	case ref:
		return codes[v]
	case l.yes[property] && v != "":
		return strconv.FormatBool(v == "1" || v == "true")
	}
	return v
}

// ended gives the rows that are marked as agreed although no agreement to statistics stands any more: the last day of
// each has gone by.
func (s *Service) ended(tx *store.Tx, register string) (map[string]bool, error) {
	out := map[string]bool{}
	if register != "cases" || s.registry.Catalog.Registers["consents"] == nil {
		return out, nil
	}
	today := s.now().In(s.zone).Format(time.DateOnly)
	list, err := tx.Strings(`SELECT c.id FROM r_cases c WHERE c.statistics AND c.deleted = FALSE AND NOT EXISTS (SELECT 1 FROM r_consents k
		WHERE k.case_id = c.id AND k.purpose = 'statistics' AND k.state = 'given' AND k.deleted = FALSE AND coalesce(k.until, '9999') >= ?)`, today)
	for _, id := range list {
		out[id] = true
	}
	return out, err
}

// table gives the rows for the measures of risk and for k-anonymity, and the numbers of the key columns.
func (r *records) table() (risk.Table, []int, error) {
	var keys []int
	for i, c := range r.columns {
		if c.Key {
			keys = append(keys, i)
		}
	}
	t, err := risk.FromRows(r.names(), r.rows)
	return t, keys, err
}

// domain gives the columns of the synthetic file: only those that are filled, for a column that nobody collects must cost no
// budget and get no noise.
func (l *layout) domain() *synth.Domain {
	all := l.public.Domain()
	d := &synth.Domain{}
	in := map[string]bool{}
	for _, c := range all.Columns {
		if slices.ContainsFunc(l.columns, func(f *profiles.Column) bool { return f.Name == c.Name }) && len(c.Codes) > 0 {
			d.Columns, in[c.Name] = append(d.Columns, c), true
		}
	}
	for _, rule := range all.Impossible {
		whole := true
		for name := range rule {
			whole = whole && in[name]
		}
		if whole {
			d.Impossible = append(d.Impossible, rule)
		}
	}
	if l.profile.Schema == "" {
		for _, c := range l.columns {
			for _, need := range c.Needs {
				if in[c.Name] && in[need] && c.Mark() && l.profile.Column(need).Mark() {
					d.Impossible = append(d.Impossible, map[string][]string{c.Name: {"1"}, need: {""}})
				}
			}
		}
	}
	return d
}

// coded gives the rows as the synthetic engine takes them. A value that is not declared counts as not recorded.
func (r *records) coded(d *synth.Domain) *synth.Table {
	t := d.NewTable(len(r.rows))
	t.Rows = len(r.rows)
	for a, attr := range t.Attrs {
		column := slices.IndexFunc(r.columns, func(c *profiles.Column) bool { return c.Name == attr.Column })
		code := map[string]uint16{}
		for i, v := range attr.Codes {
			code[v] = uint16(i)
		}
		for _, row := range r.rows {
			t.Cols[a] = append(t.Cols[a], code[row[column]])
		}
	}
	return t
}
