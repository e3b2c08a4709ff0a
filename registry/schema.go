package registry

import (
	"fmt"
	"regexp"
	"slices"
	"strings"
)

// Text is a label in several languages, keyed en, ur, id.
type Text map[string]string

// In gives the text in a language, else in English.
func (t Text) In(lang string) string {
	if s := t[lang]; s != "" {
		return s
	}
	return t["en"]
}

// Type is how a property's value is kept.
type Type string

// The types of properties and the Go type of their values.
const (
	TypeText     Type = "text"     // string, one line
	TypeLongText Type = "longtext" // string
	TypeInteger  Type = "integer"  // int64
	TypeDecimal  Type = "decimal"  // float64
	TypeDate     Type = "date"     // string, YYYY-MM-DD
	TypeDateTime Type = "datetime" // time.Time, UTC, to the microsecond
	TypeBoolean  Type = "boolean"  // bool
	TypeCode     Type = "code"     // string, a code of the property's list
	TypeCodes    Type = "codes"    // []string, codes of the list, sorted
	TypeRef      Type = "ref"      // string, the id of a row of the register Ref
	TypeGeopoint Type = "geopoint" // string, "lat lon [alt [accuracy]]"
	TypeUser     Type = "user"     // string, the id of a user
	TypeOrg      Type = "org"      // string, the id of an organisation
	TypeJSON     Type = "json"     // string, a document that the program made; never what a person typed
)

var columnType = map[Type]string{
	TypeText: "TEXT", TypeLongText: "TEXT", TypeInteger: "BIGINT", TypeDecimal: "DOUBLE PRECISION",
	TypeDate: "TEXT", TypeDateTime: "BIGINT", TypeBoolean: "BOOLEAN", TypeCode: "TEXT", TypeCodes: "TEXT",
	TypeRef: "TEXT", TypeGeopoint: "TEXT", TypeUser: "TEXT", TypeOrg: "TEXT", TypeJSON: "TEXT",
}

// Class is how private a property is; the package comment says what each means.
type Class string

// The privacy classes.
const (
	Open      Class = "open"
	Sensitive Class = "sensitive"
	Identity  Class = "identity"
	Health    Class = "health"
)

// Sealed says whether values of the class live in the vault.
func (c Class) Sealed() bool { return c == Identity || c == Health }

// Property is one column of a register.
type Property struct {
	Name  string `yaml:"name"`
	Type  Type   `yaml:"type"`
	Class Class  `yaml:"class"` // sensitive when empty
	Label Text   `yaml:"label"`
	Hint  Text   `yaml:"hint"`
	List  string `yaml:"list"`  // code list, for code and codes
	Ref   string `yaml:"ref"`   // register, for ref
	HTCDS string `yaml:"htcds"` // field of the Human Trafficking Case Data Standard, where one matches
	// Index: sorted makes an ordinary index; list adds the property to the index that lists
	// and counts walk, for what people filter by; exact and phonetic make blind ones for
	// sealed values; unique forbids a second row with the value.
	Index    []string `yaml:"index"`
	Required bool     `yaml:"required"`
	Min      *float64 `yaml:"min"`
	Max      *float64 `yaml:"max"`

	file string // of the pack, for faults
}

// Schema declares one register.
type Schema struct {
	Name  string `yaml:"register"`
	Title Text   `yaml:"title"`
	// Scope says what need-to-know hangs on: case, person, office, or public for reference data.
	Scope      string     `yaml:"scope"`
	Properties []Property `yaml:"properties"`
	// States is the code list of the row's state, when it has one.
	States string `yaml:"states"`
	// PartyAlways and PartyByState name what the receiving organisation of a row sees of it.
	PartyAlways  []string            `yaml:"party_always"`
	PartyByState map[string][]string `yaml:"party_by_state"`
	// Shares names, for each group of a consent, the properties it reveals.
	Shares map[string][]string `yaml:"shares"`
	// Extends is set in a pack that adds properties to a register of an earlier pack.
	Extends string `yaml:"extends"`

	file   string // of the pack, for faults
	byName map[string]*Property
}

// Property finds a property by name.
func (s *Schema) Property(name string) (*Property, bool) {
	p, ok := s.byName[name]
	return p, ok
}

// Table is the name of the register's table.
func (s *Schema) Table() string { return "r_" + s.Name }

// system names the columns that every register has beside its properties.
var system = []struct{ name, typ string }{
	{"id", "TEXT PRIMARY KEY"}, {"version", "BIGINT NOT NULL"},
	{"org", "TEXT NOT NULL"}, {"office", "TEXT NOT NULL"}, {"owner", "TEXT NOT NULL"},
	{"case_id", "TEXT NOT NULL"}, {"person_id", "TEXT NOT NULL"}, {"party", "TEXT NOT NULL"}, {"state", "TEXT NOT NULL"},
	{"restricted", "BOOLEAN NOT NULL"}, {"created_at", "BIGINT NOT NULL"}, {"created_by", "TEXT NOT NULL"},
	{"updated_at", "BIGINT NOT NULL"}, {"updated_by", "TEXT NOT NULL"}, {"submission", "TEXT NOT NULL"}, {"deleted", "BOOLEAN NOT NULL"},
}

var (
	nameRule = regexp.MustCompile(`^[a-z][a-z0-9_]{0,39}$`)
	types    = []Type{TypeText, TypeLongText, TypeInteger, TypeDecimal, TypeDate, TypeDateTime, TypeBoolean, TypeCode, TypeCodes, TypeRef, TypeGeopoint, TypeUser, TypeOrg, TypeJSON}
	classes  = []Class{Open, Sensitive, Identity, Health}
	scopes   = []string{"case", "person", "office", "public"}
	indexes  = []string{"sorted", "list", "unique", "exact", "phonetic"}
	// Languages that every label must have.
	Languages = []string{"en", "ur", "id"}
)

func reserved(name string) bool {
	return slices.ContainsFunc(system, func(c struct{ name, typ string }) bool { return c.name == name })
}

// check finishes a schema and lists all that is wrong with it.
func (s *Schema) check(c *Catalog) (faults []string) {
	file := s.file
	bad := func(format string, args ...any) {
		faults = append(faults, file+": "+s.Name+": "+fmt.Sprintf(format, args...))
	}
	if !nameRule.MatchString(s.Name) {
		bad("a register's name is made of small letters, digits and _")
	}
	if !slices.Contains(scopes, s.Scope) {
		bad("scope %q is none of %s", s.Scope, strings.Join(scopes, ", "))
	}
	missing(s.Title, "title", bad)
	s.byName = map[string]*Property{}
	for i := range s.Properties {
		p := &s.Properties[i]
		if p.Class == "" {
			p.Class = Sensitive
		}
		if first, twice := s.byName[p.Name]; twice {
			bad("property %s is there twice (%s and %s)", p.Name, first.file, p.file)
		}
		s.byName[p.Name] = p
		s.checkProperty(p, c, func(format string, args ...any) {
			file = p.file
			bad(format, args...)
			file = s.file
		})
	}
	names := func(where string, list []string) {
		for _, n := range list {
			if _, ok := s.byName[n]; !ok && !reserved(n) {
				bad("%s names %q, which is no property of this register", where, n)
			}
		}
	}
	names("party_always", s.PartyAlways)
	for state, list := range s.PartyByState {
		if states := c.Lists[s.States]; states == nil || !states.Has(state) {
			bad("party_by_state names the state %q, which %q does not have", state, s.States)
		}
		names("party_by_state "+state, list)
	}
	for group, list := range s.Shares {
		names("shares "+group, list)
	}
	if s.States != "" && c.Lists[s.States] == nil {
		bad("states names the code list %q, which no pack has", s.States)
	}
	return faults
}

func (s *Schema) checkProperty(p *Property, c *Catalog, bad func(string, ...any)) {
	if !nameRule.MatchString(p.Name) || reserved(p.Name) {
		bad("%q cannot be the name of a property", p.Name)
	}
	if !slices.Contains(types, p.Type) {
		bad("%s has the unknown type %q", p.Name, p.Type)
	}
	if !slices.Contains(classes, p.Class) {
		bad("%s has the unknown class %q", p.Name, p.Class)
	}
	missing(p.Label, "label of "+p.Name, bad)
	if coded := p.Type == TypeCode || p.Type == TypeCodes; coded != (p.List != "") {
		bad("%s: a code list goes with the types code and codes, and only with them", p.Name)
	} else if coded && c.Lists[p.List] == nil {
		bad("%s names the code list %q, which no pack has", p.Name, p.List)
	}
	if (p.Type == TypeRef) != (p.Ref != "") {
		bad("%s: ref goes with the type ref, and only with it", p.Name)
	} else if p.Ref != "" && c.Registers[p.Ref] == nil {
		bad("%s refers to the register %q, which no pack has", p.Name, p.Ref)
	}
	if number := p.Type == TypeInteger || p.Type == TypeDecimal; !number && (p.Min != nil || p.Max != nil) {
		bad("%s: min and max go with the types integer and decimal, and only with them", p.Name)
	}
	text := p.Type == TypeText || p.Type == TypeLongText
	if text && !p.Class.Sealed() && (s.Scope == "case" || s.Scope == "person") && !slices.Contains(p.Index, "unique") {
		bad("%s is free text about a person; its class must be identity or health", p.Name)
	}
	for _, x := range p.Index {
		if !slices.Contains(indexes, x) {
			bad("%s has the unknown index %q", p.Name, x)
		}
		if blind := x == "exact" || x == "phonetic"; blind != p.Class.Sealed() {
			bad("%s: exact and phonetic are for sealed values, sorted and unique for the others", p.Name)
		}
	}
}

func missing(t Text, what string, bad func(string, ...any)) {
	for _, l := range Languages {
		if strings.TrimSpace(t[l]) == "" {
			bad("%s is missing in %s", what, l)
		}
	}
}
