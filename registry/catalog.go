package registry

import (
	"cmp"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"path"
	"slices"
	"strings"

	"github.com/goccy/go-yaml"
	"golang.org/x/text/language"
	"golang.org/x/text/language/display"
)

// Code is one entry of a code list.
type Code struct {
	Code  string `yaml:"code"`
	Label Text   `yaml:"label"`
	// Retired codes still read and print, but are no longer offered.
	Retired bool `yaml:"retired"`
}

// List is a code list.
type List struct {
	Name   string `yaml:"list"`
	Source string `yaml:"source"`
	Codes  []Code `yaml:"codes"`

	file   string // of the pack, for faults
	byCode map[string]*Code
}

// Has says whether the list has the code.
func (l *List) Has(code string) bool { return l.byCode[code] != nil }

// Label is the text of a code in a language; the code itself when it is unknown.
func (l *List) Label(code, lang string) string {
	if c := l.byCode[code]; c != nil {
		return c.Label.In(lang)
	}
	return code
}

// Offered lists the codes that are not retired, in the pack's order.
func (l *List) Offered() []Code {
	return slices.DeleteFunc(slices.Clone(l.Codes), func(c Code) bool { return c.Retired })
}

// Catalog is what the packs declare together.
type Catalog struct {
	Registers map[string]*Schema
	Lists     map[string]*List
}

// Names lists the registers in alphabetical order.
func (c *Catalog) Names() []string { return slices.Sorted(maps.Keys(c.Registers)) }

// Load reads registers/*.yaml and lists/*.yaml of each pack, in the order given; a
// later pack may extend a register or replace a list. lists are code lists that an
// engine makes of its own content (facts, standards). All faults come back at once,
// each with the file it is in.
func Load(lists []*List, packs ...fs.FS) (*Catalog, error) {
	c := &Catalog{Registers: map[string]*Schema{}, Lists: map[string]*List{}}
	c.add(countries())
	for _, l := range lists {
		c.add(l)
	}
	var faults []error
	for _, pack := range packs {
		faults = append(faults, each(pack, "lists/*.yaml", func(file string, l *List) error { l.file = file; c.add(l); return nil }))
		faults = append(faults, each(pack, "registers/*.yaml", c.register))
	}
	for _, l := range c.Lists {
		for _, f := range l.check() {
			faults = append(faults, errors.New(f))
		}
	}
	for _, n := range c.Names() {
		for _, f := range c.Registers[n].check(c) {
			faults = append(faults, errors.New(f))
		}
	}
	if err := errors.Join(faults...); err != nil {
		return nil, fmt.Errorf("the packs do not fit together: %w", err)
	}
	return c, nil
}

// each decodes every document of the files that match.
func each[T any](pack fs.FS, pattern string, use func(file string, v *T) error) error {
	files, err := fs.Glob(pack, pattern)
	if err != nil {
		return err
	}
	var faults []error
	for _, f := range files {
		body, err := fs.ReadFile(pack, f)
		if err != nil {
			return err
		}
		dec := yaml.NewDecoder(strings.NewReader(string(body)), yaml.Strict())
		for {
			var v T
			if err := dec.Decode(&v); err != nil {
				if err.Error() != "EOF" {
					faults = append(faults, fmt.Errorf("%s: %w", path.Base(f), err))
				}
				break
			}
			if err := use(path.Base(f), &v); err != nil {
				faults = append(faults, fmt.Errorf("%s: %w", path.Base(f), err))
			}
		}
	}
	return errors.Join(faults...)
}

func (c *Catalog) add(l *List) {
	l.byCode = map[string]*Code{}
	for i := range l.Codes {
		l.byCode[l.Codes[i].Code] = &l.Codes[i]
	}
	c.Lists[l.Name] = l
}

func (l *List) check() (faults []string) {
	bad := func(format string, args ...any) {
		faults = append(faults, fmt.Sprintf("%s: list %s: ", cmp.Or(l.file, l.Source), l.Name)+fmt.Sprintf(format, args...))
	}
	if len(l.byCode) != len(l.Codes) {
		bad("a code is there twice")
	}
	for _, code := range l.Codes {
		if code.Code == "" || strings.ContainsAny(code.Code, " \t\n") {
			bad("the code %q is empty or has a space", code.Code)
		}
		missing(code.Label, "label of "+code.Code, bad)
	}
	return faults
}

func (c *Catalog) register(file string, s *Schema) error {
	s.file = file
	for i := range s.Properties {
		s.Properties[i].file = file
	}
	if s.Extends == "" {
		if c.Registers[s.Name] != nil {
			return fmt.Errorf("the register %s is declared twice; use extends to add to it", s.Name)
		}
		c.Registers[s.Name] = s
		return nil
	}
	base := c.Registers[s.Extends]
	if base == nil {
		return fmt.Errorf("extends %s, which no earlier pack has", s.Extends)
	}
	base.Properties = append(base.Properties, s.Properties...)
	for group, names := range s.Shares {
		if base.Shares == nil {
			base.Shares = map[string][]string{}
		}
		base.Shares[group] = append(base.Shares[group], names...)
	}
	return nil
}

// countries is the built-in list "country": ISO 3166-1 alpha-3 codes, which HTCDS and
// CTDC use, with the names of the Unicode common locale data.
func countries() *List {
	l := &List{Name: "country", Source: "ISO 3166-1 alpha-3; names from Unicode CLDR"}
	namers := map[string]display.Namer{}
	for _, lang := range Languages {
		namers[lang] = display.Regions(language.MustParse(lang))
	}
	for a := 'A'; a <= 'Z'; a++ {
		for b := 'A'; b <= 'Z'; b++ {
			r, err := language.ParseRegion(string([]rune{a, b}))
			if err != nil || !r.IsCountry() || r.ISO3() == "" || r.ISO3() == "ZZZ" || r.Canonicalize() != r || r.String() != string([]rune{a, b}) {
				continue
			}
			code := Code{Code: r.ISO3(), Label: Text{}}
			for lang, n := range namers {
				code.Label[lang] = n.Name(r)
			}
			if code.Label["en"] == "" || l.indexOf(code.Code) >= 0 {
				continue
			}
			for _, lang := range Languages {
				if code.Label[lang] == "" {
					code.Label[lang] = code.Label["en"]
				}
			}
			l.Codes = append(l.Codes, code)
		}
	}
	return l
}

func (l *List) indexOf(code string) int {
	return slices.IndexFunc(l.Codes, func(c Code) bool { return c.Code == code })
}
