package release

import (
	"maps"
	"slices"

	"aman/release/product"
)

// Profile is a kind of file that the programme can release, with what fills its columns here.
type Profile struct {
	Name, Register, Date string
	Title, Unit, Note    product.Text
	Paths                []string
	MaxRisk              float64 // a k-anonymous file is refused when its global risk is not below; 0: no rule
	Columns              []ProfileColumn
}

// ProfileColumn is one column of a Profile.
type ProfileColumn struct {
	Name, From string // From is the property of the register
	Key        bool   // an attacker may know it of somebody
	// Why it stays empty: "" when it is filled, not_collected, or not_open when the privacy class of the property forbids it.
	Why   string
	Label product.Text
}

// Profiles lists what can be released, by name.
func (s *Service) Profiles() (out []Profile) {
	for _, name := range slices.Sorted(maps.Keys(s.profiles)) {
		if p, ok := s.Profile(name); ok {
			out = append(out, p)
		}
	}
	return out
}

// Profile gives one; false when there is none, or the packs do not declare its register.
func (s *Service) Profile(name string) (out Profile, ok bool) {
	p := s.profiles[name]
	if p == nil || s.registry.Catalog.Registers[p.Register] == nil {
		return out, false
	}
	out = Profile{Name: p.Name, Register: p.Register, Date: p.Date, Title: product.Text(p.Title), Unit: product.Text(p.Unit), Note: product.Text(p.Note),
		Paths: p.Paths, MaxRisk: p.MaxRisk}
	// The labels of the public schema do not depend on the years.
	l := &layout{profile: p, path: p.Paths[0], first: "2000-01-01", last: "2000-12-31"}
	for i := range p.Columns {
		if c := &p.Columns[i]; s.why(p, c) == "" {
			l.columns = append(l.columns, c)
		}
	}
	if err := s.publish(l); err != nil {
		return out, false
	}
	for i := range p.Columns {
		c := &p.Columns[i]
		column := ProfileColumn{Name: c.Name, From: c.From, Key: c.Key, Why: s.why(p, c), Label: product.Text(c.Label)}
		if public, ok := l.public.Column(c.Name); ok {
			column.Label = public.Label
		} else if prop, ok := s.registry.Catalog.Registers[p.Register].Property(c.From); ok && column.Label == nil {
			column.Label = product.Text(prop.Label)
		}
		out.Columns = append(out.Columns, column)
	}
	return out, true
}
