package synth

import (
	"fmt"
	"maps"
	"math"
	"slices"

	"github.com/goccy/go-yaml"
)

// Domain says, before anybody looks at the data, which columns there are and which codes
// each may hold. It is public: nothing of it may be taken from the records themselves, for a code that only
// one person has would tell that the person is there.
type Domain struct {
	Columns []Column `yaml:"columns"`

	// Impossible lists combinations that cannot occur, such as a kind of labour without forced labour: each
	// entry names columns and, for each, codes; a record with one of the codes in every named
	// column never appears. "" is the empty cell.
	Impossible []map[string][]string `yaml:"impossible,omitempty"`
}

// Column is one column of the CSV file.
type Column struct {
	Name  string   `yaml:"name"`
	Codes []string `yaml:"codes"`

	// Other, when given, stands for every value that is not in Codes. Without it such a value
	// counts as not recorded.
	Other string `yaml:"other,omitempty"`

	// Separator, when given, makes this a multi-select column: a cell holds any number of codes.
	Separator string `yaml:"separator,omitempty"`
}

// maxCodes is what fits beside the empty code in 16 bits.
const maxCodes = math.MaxUint16

// ParseDomain reads a domain from YAML and checks it.
func ParseDomain(b []byte) (*Domain, error) {
	var d Domain
	if err := yaml.UnmarshalWithOptions(b, &d, yaml.Strict()); err != nil {
		return nil, fmt.Errorf("domain: %w", err)
	}
	if err := d.Check(); err != nil {
		return nil, fmt.Errorf("domain: %w", err)
	}
	return &d, nil
}

// YAML writes the domain as ParseDomain reads it.
func (d *Domain) YAML() ([]byte, error) { return yaml.Marshal(d) }

// Check tells what is wrong with the domain, if anything.
func (d *Domain) Check() error {
	if len(d.Columns) == 0 {
		return fmt.Errorf("no columns")
	}
	names := map[string]bool{}
	for i, c := range d.Columns {
		switch {
		case c.Name == "":
			return fmt.Errorf("column %d has no name", i+1)
		case names[c.Name]:
			return fmt.Errorf("column %s is there twice", c.Name)
		case len(c.all()) == 0:
			return fmt.Errorf("column %s has no codes", c.Name)
		case len(c.all()) > maxCodes:
			return fmt.Errorf("column %s has %d codes, at most %d fit", c.Name, len(c.all()), maxCodes)
		}
		names[c.Name] = true
		seen := map[string]bool{}
		for _, code := range c.Codes {
			if code == "" {
				return fmt.Errorf("column %s lists an empty code; the empty cell is always there", c.Name)
			}
			if seen[code] {
				return fmt.Errorf("column %s lists the code %q twice", c.Name, code)
			}
			seen[code] = true
		}
	}
	_, err := d.rules()
	return err
}

// all gives the codes with Other at the end.
func (c Column) all() []string {
	if c.Other == "" || slices.Contains(c.Codes, c.Other) {
		return c.Codes
	}
	return append(slices.Clone(c.Codes), c.Other)
}

// Attrs gives the attributes that the columns become, in order: a multi-select column becomes one yes-or-empty
// attribute an option.
func (d *Domain) Attrs() []Attr {
	var out []Attr
	for _, c := range d.Columns {
		if c.Separator == "" {
			out = append(out, Attr{Column: c.Name, Codes: append([]string{""}, c.all()...)})
			continue
		}
		for _, code := range c.all() {
			out = append(out, Attr{Column: c.Name, Codes: []string{"", code}, Option: true})
		}
	}
	return out
}

// rule is an impossible combination in terms of attributes: a record whose attribute has one of
// its codes, for every attribute of the rule, cannot occur.
type rule struct {
	attrs []int
	codes [][]bool // [position][code]
}

// rules gives the impossible combinations as attribute rules. An entry that names several options of a
// multi-select column becomes one rule an option; the empty cell of such a column is no option chosen.
func (d *Domain) rules() ([]rule, error) {
	byColumn := map[string][]int{}
	attrs := d.Attrs()
	for a, at := range attrs {
		byColumn[at.Column] = append(byColumn[at.Column], a)
	}
	var out []rule
	for i, m := range d.Impossible {
		if len(m) == 0 {
			return nil, fmt.Errorf("impossible combination %d names no column", i+1)
		}
		grown := []rule{{}}
		for _, column := range slices.Sorted(maps.Keys(m)) {
			ways, err := alternatives(attrs, byColumn[column], m[column])
			if err != nil {
				return nil, fmt.Errorf("impossible combination %d: column %s: %w", i+1, column, err)
			}
			var next []rule
			for _, g := range grown {
				for _, w := range ways {
					next = append(next, rule{slices.Concat(g.attrs, w.attrs), slices.Concat(g.codes, w.codes)})
				}
			}
			grown = next
		}
		out = append(out, grown...)
	}
	return out, nil
}

// alternatives gives the ways in which a column can hold one of the codes.
func alternatives(attrs []Attr, at []int, codes []string) ([]rule, error) {
	if len(at) == 0 {
		return nil, fmt.Errorf("not declared")
	}
	if len(codes) == 0 {
		return nil, fmt.Errorf("no codes named")
	}
	option := attrs[at[0]].Option
	one := make([]bool, attrs[at[0]].Size())
	var ways []rule
	for _, code := range codes {
		found := false
		if option && code == "" {
			none := rule{attrs: at}
			for range at {
				none.codes = append(none.codes, []bool{true, false})
			}
			ways, found = append(ways, none), true
		}
		for _, a := range at {
			if c := slices.Index(attrs[a].Codes, code); c >= 0 && option && c > 0 {
				ways, found = append(ways, rule{[]int{a}, [][]bool{{false, true}}}), true
			} else if c >= 0 && !option {
				one[c], found = true, true
			}
		}
		if !found {
			return nil, fmt.Errorf("a code that is not declared")
		}
	}
	if !option {
		ways = []rule{{at, [][]bool{one}}}
	}
	return ways, nil
}
