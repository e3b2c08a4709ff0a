package product

import (
	"fmt"
	"slices"

	"aman/release/synth"
)

// Profile says which columns the microdata have, in order, and what each may hold. It is public: it comes from
// declared lists, never from the records.
type Profile struct {
	Name    string
	Columns []Column
	// Impossible lists combinations that cannot occur, as in synth.Domain.
	Impossible []map[string][]string
	// Missing is what stands in a cell without a value: "" or a code such as -99.
	Missing string
}

// Column is one column of the microdata.
type Column struct {
	Name  string
	Label Text
	Note  Text // what a reader should know; may be nil
	Codes []Code
	// Separator, when given, makes this a multi-select column.
	Separator string
	Role      Role
	// Group is what the marks beside this one are together, such as means of control; nil for none.
	Group Text
	// HXL is the column's tag (hxlstandard.org), such as #date+year.
	HXL string
	// JoinOf, when given, makes this column the names of those of these columns that hold 1, without the part JoinStrip
	// that they share, joined by ";" in the order of the alphabet.
	JoinOf    []string
	JoinStrip string
}

// Code is a value and what it means. The empty cell (not recorded) is always allowed and never listed.
type Code struct {
	Value string
	Label Text
}

// Role says what a column is in the pictures of a release.
type Role string

// Roles. The flow goes from the values of RoleFrom to those of RoleTo.
const (
	RoleNone Role = ""
	RoleTime Role = "time"
	RoleFrom Role = "from"
	RoleTo   Role = "to"
)

// Yes says whether a column is a mark that is there or not: its one code is 1.
func (c Column) Yes() bool {
	return c.Separator == "" && len(c.Codes) == 1 && c.Codes[0].Value == "1"
}

// Domain gives the profile as the engine takes it. Joined columns are not in it.
func (p Profile) Domain() *synth.Domain {
	d := &synth.Domain{Impossible: p.Impossible}
	for _, c := range p.Columns {
		if len(c.JoinOf) > 0 {
			continue
		}
		column := synth.Column{Name: c.Name, Separator: c.Separator}
		for _, code := range c.Codes {
			column.Codes = append(column.Codes, code.Value)
		}
		d.Columns = append(d.Columns, column)
	}
	return d
}

// Column finds a column by its name.
func (p Profile) Column(name string) (Column, bool) {
	i := slices.IndexFunc(p.Columns, func(c Column) bool { return c.Name == name })
	if i < 0 {
		return Column{}, false
	}
	return p.Columns[i], true
}

// Says gives the label of a code of the column, in a language; "" is "not recorded".
func (c Column) Says(lang, value string) string {
	if value == "" {
		return say(lang, "not_recorded")
	}
	for _, code := range c.Codes {
		if code.Value == value {
			if s := code.Label.In(lang); s != "" {
				return s
			}
		}
	}
	return value
}

// Called gives the label of the column in a language, or its name.
func (c Column) Called(lang string) string {
	if s := c.Label.In(lang); s != "" {
		return s
	}
	return c.Name
}

// FromDomain makes a profile of a declared domain. label gives the text of a code, and of the column for the code "".
func FromDomain(name string, d *synth.Domain, label func(column, code string) Text) Profile {
	p := Profile{Name: name, Impossible: d.Impossible}
	for _, dc := range d.Columns {
		c := Column{Name: dc.Name, Label: label(dc.Name, ""), Separator: dc.Separator}
		codes := slices.Clone(dc.Codes)
		if dc.Other != "" && !slices.Contains(codes, dc.Other) {
			codes = append(codes, dc.Other)
		}
		for _, code := range codes {
			c.Codes = append(c.Codes, Code{Value: code, Label: label(dc.Name, code)})
		}
		p.Columns = append(p.Columns, c)
	}
	return p
}

// Fits says whether attributes are the profile's: its columns, in its order and with its codes; columns may be left out.
func (p Profile) Fits(attrs []synth.Attr) error {
	want := p.Domain().Attrs()
	i := 0
	for _, a := range attrs {
		for i < len(want) && (want[i].Column != a.Column || !slices.Equal(want[i].Codes, a.Codes)) {
			i++
		}
		if i == len(want) {
			return fmt.Errorf("product: %s of the records is not as the profile %s declares it", a.Column, p.Name)
		}
		i++
	}
	return nil
}

// Of gives the profile with the columns alone that the attributes fill.
func (p Profile) Of(attrs []synth.Attr) Profile {
	var names []string
	for _, a := range attrs {
		names = append(names, a.Column)
	}
	return p.only(names)
}

func (p Profile) only(names []string) Profile {
	p.Columns = slices.DeleteFunc(slices.Clone(p.Columns), func(c Column) bool {
		return !slices.Contains(names, c.Name) && !slices.ContainsFunc(c.JoinOf, func(of string) bool { return slices.Contains(names, of) })
	})
	return p
}
