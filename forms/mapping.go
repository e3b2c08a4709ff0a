package forms

import (
	"fmt"
	"io/fs"
	"slices"
	"strings"
	"time"

	"github.com/goccy/go-yaml"
	"golang.org/x/text/language"

	"aman/forms/xform"
	"aman/registry"
)

// Mapping says how the answers of a form become properties of registers. It is content
// of a pack (forms/NAME.yaml); forms that name their properties themselves with save_to
// need none.
type Mapping struct {
	Form string `yaml:"form"`
	// Kind is intake: the submission waits in the queue of its office for a caseworker.
	Kind   string         `yaml:"kind"`
	Title  registry.Text  `yaml:"title"`
	Fields []FieldMapping `yaml:"fields"`
}

// FieldMapping fills one property from one node.
type FieldMapping struct {
	From string `yaml:"from"` // the node's name
	To   string `yaml:"to"`   // register.property
	// Convert names a rule of converters; Codes translates codes. Neither: as it is.
	Convert string            `yaml:"convert"`
	Codes   map[string]string `yaml:"codes"`
}

// Shipped are the mappings and form definitions of the packs, by form id.
type Shipped struct {
	Mappings    map[string]*Mapping
	Definitions map[string][]byte
}

// LoadShipped reads forms/*.yaml and forms/*.xml of each pack and checks every mapping
// against the registers.
func LoadShipped(c *registry.Catalog, packs ...fs.FS) (*Shipped, error) {
	s := &Shipped{Mappings: map[string]*Mapping{}, Definitions: map[string][]byte{}}
	for _, pack := range packs {
		names, err := fs.Glob(pack, "forms/*.yaml")
		if err != nil {
			return nil, err
		}
		for _, name := range names {
			body, err := fs.ReadFile(pack, name)
			if err != nil {
				return nil, err
			}
			var m Mapping
			if err := yaml.UnmarshalWithOptions(body, &m, yaml.Strict()); err != nil {
				return nil, fmt.Errorf("%s: %w", name, err)
			}
			if err := m.check(c); err != nil {
				return nil, fmt.Errorf("%s: %w", name, err)
			}
			s.Mappings[m.Form] = &m
			if def, err := fs.ReadFile(pack, strings.TrimSuffix(name, ".yaml")+".xml"); err == nil {
				s.Definitions[m.Form] = def
			}
		}
	}
	return s, nil
}

func (m *Mapping) check(c *registry.Catalog) error {
	if m.Kind != "intake" {
		return fmt.Errorf("kind %q is not known", m.Kind)
	}
	for _, f := range m.Fields {
		if _, _, err := f.target(c); err != nil {
			return err
		}
		if f.Convert != "" && converters[f.Convert] == nil {
			return fmt.Errorf("%s: there is no conversion %q", f.From, f.Convert)
		}
	}
	return nil
}

func (f *FieldMapping) target(c *registry.Catalog) (*registry.Schema, *registry.Property, error) {
	register, name, _ := strings.Cut(f.To, ".")
	s := c.Registers[register]
	if s == nil {
		return nil, nil, fmt.Errorf("%s: there is no register %q", f.From, register)
	}
	p, ok := s.Property(name)
	if !ok {
		return nil, nil, fmt.Errorf("%s: the register %s has no property %q", f.From, register, name)
	}
	return s, p, nil
}

// converters turn an answer into what a property takes; at is when the form was received.
var converters = map[string]func(answer string, at time.Time) string{
	"country":  func(a string, _ time.Time) string { return countries(a) },
	"age_band": ageBand,
}

// countries turns ISO 3166 alpha-2 codes into alpha-3, which the registers use.
func countries(answer string) string {
	codes := strings.Fields(answer)
	for i, a := range codes {
		if r, err := language.ParseRegion(a); err == nil && r.ISO3() != "" {
			codes[i] = r.ISO3()
		}
	}
	return strings.Join(codes, " ")
}

// bands are the upper ages of CTDC's ageBroad.
var bands = []struct {
	to   int
	code string
}{{8, "0--8"}, {17, "9--17"}, {20, "18--20"}, {23, "21--23"}, {26, "24--26"}, {29, "27--29"}, {38, "30--38"}, {47, "39--47"}, {130, "48+"}}

func ageBand(birth string, at time.Time) string {
	b, err := time.Parse(time.DateOnly, birth)
	if err != nil {
		return ""
	}
	age := at.Year() - b.Year()
	if at.YearDay() < b.AddDate(age, 0, 0).YearDay() {
		age--
	}
	for _, band := range bands {
		if age >= 0 && age <= band.to {
			return band.code
		}
	}
	return ""
}

// Unfit is an answer that a property does not take; the person at the intake sees it.
type Unfit struct {
	Node, Answer string
	Register     string
	Property     string
	Reason       string
}

// Map gives the values of each register that a submission fills, and what did not fit.
func (m *Mapping) Map(c *registry.Catalog, in *xform.Instance, at time.Time) (map[string]registry.Values, []Unfit) {
	out := map[string]registry.Values{}
	var unfit []Unfit
	for _, f := range m.Fields {
		answer := in.Get(f.From)
		if answer == "" {
			continue
		}
		s, p, err := f.target(c)
		if err != nil {
			continue // checked when loaded
		}
		text, reason := answer, ""
		switch {
		case f.Convert != "":
			text, reason = converters[f.Convert](answer, at), "range"
		case f.Codes != nil:
			text, reason = f.Codes[answer], "list"
		}
		if text == "" {
			// No answer is dropped in silence: the caseworker sees what could not be carried over.
			unfit = append(unfit, Unfit{Node: f.From, Answer: answer, Register: s.Name, Property: p.Name, Reason: reason})
			continue
		}
		v, err := s.ParseValue(p, text)
		if err == nil {
			v, err = fitting(c, s, p, v)
		}
		if err != nil {
			reason = "type"
			if ve, ok := err.(*registry.ValueError); ok {
				reason = ve.Reason
			}
			unfit = append(unfit, Unfit{Node: f.From, Answer: answer, Register: s.Name, Property: p.Name, Reason: reason})
		}
		if v == nil {
			continue
		}
		if out[s.Name] == nil {
			out[s.Name] = registry.Values{}
		}
		out[s.Name][p.Name] = v
	}
	return out, unfit
}

// fitting checks a value; of a multiple choice it keeps the codes that fit and reports
// the others.
func fitting(c *registry.Catalog, s *registry.Schema, p *registry.Property, v any) (any, error) {
	checked, err := c.Check(s, p, v)
	codes, many := v.([]string)
	if err == nil || !many {
		if err != nil {
			return nil, err
		}
		return checked, nil
	}
	known := slices.DeleteFunc(slices.Clone(codes), func(code string) bool { return !c.Lists[p.List].Has(code) })
	if len(known) == 0 {
		return nil, err
	}
	part, _ := c.Check(s, p, known)
	return part, err
}
