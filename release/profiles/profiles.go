package profiles

import (
	"embed"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"path"
	"slices"
	"strconv"
	"strings"

	"github.com/goccy/go-yaml"
	"golang.org/x/text/language"
)

// Text is a text by language: en, ur, id.
type Text map[string]string

// Profile says what file a register becomes.
type Profile struct {
	Name string `yaml:"name"`
	// Schema names the public file that the columns follow (package product); "" when the columns are the profile's own.
	Schema   string `yaml:"schema"`
	Register string `yaml:"register"`
	// Date is the property that places a row in time.
	Date string `yaml:"date"`
	// Agreed is the property that says that the person agreed to be counted; "" for observations, which need no consent.
	Agreed string `yaml:"agreed"`
	Title  Text   `yaml:"title"`
	// Unit says what one row is, and so whom the promise protects.
	Unit Text `yaml:"unit"`
	Note Text `yaml:"note"`
	// Paths that the profile may take: dp, k.
	Paths []string `yaml:"paths"`
	// MaxRisk refuses a k-anonymous file whose global risk is not below it; 0: no such rule.
	MaxRisk float64  `yaml:"max_risk"`
	Columns []Column `yaml:"columns"`
}

// Column says what fills a column; the package comment explains the ways.
type Column struct {
	Name  string            `yaml:"name"`
	From  string            `yaml:"from"`
	Same  bool              `yaml:"same"`
	Map   map[string]string `yaml:"map"`
	Any   []string          `yaml:"any"`
	All   []string          `yaml:"all"`
	Part  string            `yaml:"part"`
	Bands []int             `yaml:"bands"`
	ISO2  bool              `yaml:"iso2"`
	Key   bool              `yaml:"key"`
	Needs []string          `yaml:"needs"`
	Role  string            `yaml:"role"` // in the pictures: time, from, to
	HXL   string            `yaml:"hxl"`
	Label Text              `yaml:"label"` // of profiles with columns of their own
}

//go:embed *.yaml
var files embed.FS

// Load reads and checks the profiles of the program, by name.
func Load() (map[string]*Profile, error) { return load(files) }

func load(fsys fs.FS) (map[string]*Profile, error) {
	names, err := fs.Glob(fsys, "*.yaml")
	if err != nil {
		return nil, err
	}
	out := map[string]*Profile{}
	for _, name := range names {
		body, err := fs.ReadFile(fsys, name)
		if err != nil {
			return nil, err
		}
		p, err := Parse(body)
		if err != nil {
			return nil, fmt.Errorf("profile %s: %w", name, err)
		}
		if p.Name != strings.TrimSuffix(name, path.Ext(name)) || out[p.Name] != nil {
			return nil, fmt.Errorf("profile %s: its name must be that of its file", name)
		}
		out[p.Name] = p
	}
	return out, nil
}

// Parse reads a profile from YAML and checks it.
func Parse(body []byte) (*Profile, error) {
	var p Profile
	if err := yaml.UnmarshalWithOptions(body, &p, yaml.Strict()); err != nil {
		return nil, err
	}
	return &p, p.check()
}

func (p *Profile) check() error {
	var faults []error
	bad := func(format string, args ...any) { faults = append(faults, fmt.Errorf(format, args...)) }
	if p.Name == "" || p.Register == "" || p.Date == "" || p.Title["en"] == "" || p.Unit["en"] == "" || len(p.Columns) == 0 {
		bad("needs a name, register, date, title, unit and columns")
	}
	for _, way := range p.Paths {
		if way != "dp" && way != "k" {
			bad("the path %q is neither dp nor k", way)
		}
	}
	if len(p.Paths) == 0 {
		bad("takes no path")
	}
	seen := map[string]*Column{}
	for i := range p.Columns {
		c := &p.Columns[i]
		ways := 0
		for _, is := range []bool{c.Same, len(c.Map) > 0, len(c.Any) > 0, len(c.All) > 0, c.Part != "", len(c.Bands) > 0} {
			if is {
				ways++
			}
		}
		if c.Name == "" || seen[c.Name] != nil {
			bad("column %d has no name of its own", i+1)
		}
		if (c.From == "") != (ways == 0) || ways > 1 {
			bad("column %s must say from and one way, or neither", c.Name)
		}
		if c.Part != "" && c.Part != "year" && c.Part != "month" {
			bad("column %s: the part of a date is year or month", c.Name)
		}
		if !slices.IsSorted(c.Bands) {
			bad("column %s: bands rise", c.Name)
		}
		for _, need := range c.Needs {
			if seen[need] == nil { // before it, so that one pass settles a row
				bad("column %s needs %s, which must stand before it", c.Name, need)
			}
		}
		seen[c.Name] = c
	}
	return errors.Join(faults...)
}

// Mark says whether the column is a mark: 1, or 0, or missing.
func (c *Column) Mark() bool { return len(c.Any) > 0 || len(c.All) > 0 }

// Column finds a column by its name.
func (p *Profile) Column(name string) *Column {
	if i := slices.IndexFunc(p.Columns, func(c Column) bool { return c.Name == name }); i >= 0 {
		return &p.Columns[i]
	}
	return nil
}

// Filled gives the columns that something fills.
func (p *Profile) Filled() (out []*Column) {
	for i := range p.Columns {
		if p.Columns[i].From != "" {
			out = append(out, &p.Columns[i])
		}
	}
	return out
}

// Keys gives the names of the columns that an attacker may know.
func (p *Profile) Keys() (out []string) {
	for _, c := range p.Columns {
		if c.Key {
			out = append(out, c.Name)
		}
	}
	return out
}

// Values lists what the column may hold besides missing, in order; codes are the codes of its property's list, where it
// has one, and first and last bound dates.
func (c *Column) Values(codes []string, first, last string) (out []string) {
	add := func(v string) {
		if v != "" && !slices.Contains(out, v) {
			out = append(out, v)
		}
	}
	switch {
	case c.Mark():
		out = []string{"0", "1"}
	case c.Part != "":
		return parts(c.Part, first, last)
	case len(c.Bands) > 0:
		for i := range c.Bands {
			add(c.band(i))
		}
	case c.Same:
		for _, code := range codes {
			add(c.Value(code))
		}
	default:
		if codes == nil {
			codes = slices.Sorted(maps.Keys(c.Map))
		}
		for _, code := range codes {
			add(c.Map[code])
		}
	}
	return out
}

// parts lists the years or months of a time, both ends counted.
func parts(part, first, last string) (out []string) {
	var y, m, ly, lm int
	if _, err := fmt.Sscanf(first, "%d-%d", &y, &m); err != nil {
		return nil
	}
	if _, err := fmt.Sscanf(last, "%d-%d", &ly, &lm); err != nil {
		return nil
	}
	for ; y < ly || y == ly && m <= lm; y, m = y+m/12, m%12+1 {
		v := fmt.Sprintf("%04d-%02d", y, m)
		if part == "year" {
			v = v[:4]
		}
		if len(out) == 0 || out[len(out)-1] != v {
			out = append(out, v)
		}
	}
	return out
}

// unknown are the codes that mean that nothing is known.
var unknown = []string{"", "unknown", "not_asked", "NonSpecifiedUnknown"}

// Value gives the cell for the raw value of the property: a code, several codes between blanks, a date, a number, or
// true and false. "" is missing.
func (c *Column) Value(raw string) string {
	if slices.Contains(unknown, raw) {
		return ""
	}
	switch {
	case c.Mark():
		codes := strings.Fields(raw)
		has := func(code string) bool { return slices.Contains(codes, code) }
		switch {
		case len(codes) == 0:
			return ""
		case len(c.Any) > 0 && slices.ContainsFunc(c.Any, has), len(c.All) > 0 && !slices.ContainsFunc(c.All, func(code string) bool { return !has(code) }):
			return "1"
		}
		return "0"
	case c.Part == "year":
		return prefix(raw, 4)
	case c.Part == "month":
		return prefix(raw, 7)
	case len(c.Bands) > 0:
		n, err := strconv.Atoi(raw)
		for i := len(c.Bands) - 1; err == nil && i >= 0; i-- {
			if n >= c.Bands[i] {
				return c.band(i)
			}
		}
		return ""
	case c.ISO2:
		r, err := language.ParseRegion(raw)
		if err != nil {
			return ""
		}
		return r.String()
	case c.Same:
		return raw
	}
	return c.Map[raw]
}

func prefix(s string, n int) string {
	if len(s) < n {
		return ""
	}
	return s[:n]
}

// band names the i-th band: 1, 2-5, 11+.
func (c *Column) band(i int) string {
	lo := c.Bands[i]
	switch {
	case i == len(c.Bands)-1:
		return strconv.Itoa(lo) + "+"
	case c.Bands[i+1] == lo+1:
		return strconv.Itoa(lo)
	}
	return strconv.Itoa(lo) + "-" + strconv.Itoa(c.Bands[i+1]-1)
}

// Row fills one row: a cell for each of the columns, which must be in the order of the profile.
func (p *Profile) Row(columns []*Column, raw func(property string) string) []string {
	out := make([]string, len(columns))
	for i, c := range columns {
		out[i] = c.Value(raw(c.From))
	}
	Settle(columns, out)
	return out
}

// Settle takes out of a row what its columns' needs do not bear. It is for rows after withholding as well.
func Settle(columns []*Column, row []string) {
	for i, c := range columns {
		for _, need := range c.Needs {
			j := slices.IndexFunc(columns, func(o *Column) bool { return o.Name == need })
			if j < 0 {
				continue // the column is not in this file, and so not withheld in it
			}
			switch {
			case row[j] == "":
				row[i] = ""
			case columns[j].Mark() && row[j] != "1" && row[i] == "1":
				row[i] = "0"
			}
		}
	}
}
