package access

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/goccy/go-yaml"
)

// Role is a named set of grants, from a pack.
type Role struct {
	Name   string            `yaml:"name"`
	Title  map[string]string `yaml:"title"` // by language
	Alone  bool              `yaml:"alone"` // may not be held together with another role
	Grants []Grant           `yaml:"grants"`
}

// Grant allows Actions on rows of Registers within Scope, for properties of Classes.
type Grant struct {
	// Registers are names, or @case, @person, @office, @public (all registers of that
	// kind), or * (all registers). Selectors never cover users, orgs, audit, forms,
	// submissions, answers, entities, devices and releases: those are named.
	Registers []string `yaml:"registers"`
	Actions   []Action `yaml:"actions"`
	Scope     Scope    `yaml:"scope"`
	Classes   []Class  `yaml:"classes"`
}

// ReadRoles reads a pack's roles: YAML with one key, roles. Every fault is reported, by role.
func ReadRoles(data []byte) ([]Role, error) {
	var file struct {
		Roles []Role `yaml:"roles"`
	}
	if err := yaml.UnmarshalWithOptions(data, &file, yaml.Strict()); err != nil {
		return nil, fmt.Errorf("the roles cannot be read: %w", err)
	}
	var faults []error
	for i, r := range file.Roles {
		if r.Name == "" {
			faults = append(faults, fmt.Errorf("role %d has no name", i+1))
		}
		for _, lang := range []string{"en", "ur", "id"} {
			if r.Title[lang] == "" {
				faults = append(faults, fmt.Errorf("role %s: no title in %s", r.Name, lang))
			}
		}
		for j, g := range r.Grants {
			if err := g.check(); err != nil {
				faults = append(faults, fmt.Errorf("role %s, grant %d: %w", r.Name, j+1, err))
			}
		}
	}
	return file.Roles, errors.Join(faults...)
}

func (g Grant) check() error {
	if len(g.Registers) == 0 || len(g.Actions) == 0 {
		return errors.New("a grant names registers and actions")
	}
	if !known(Scopes, g.Scope) {
		return fmt.Errorf("there is no scope %q", g.Scope)
	}
	for _, c := range g.Classes {
		if !known(Classes, c) {
			return fmt.Errorf("there is no privacy class %q", c)
		}
	}
	for _, a := range g.Actions {
		if !known(Actions, a) {
			return fmt.Errorf("there is no action %q", a)
		}
		if known(ofProperties, a) && len(g.Classes) == 0 {
			return fmt.Errorf("%s needs classes: the properties it may touch", a)
		}
		if !known(ofProperties, a) && len(g.Classes) > 0 {
			return fmt.Errorf("%s is about whole rows and takes no classes", a)
		}
	}
	for _, r := range g.Registers {
		if isSelector(r) && !known(selectors, r) {
			return fmt.Errorf("there is no selector %q", r)
		}
	}
	return nil
}

var selectors = []string{"*", "@" + OfCase, "@" + OfPerson, "@" + OfOffice, "@" + OfPublic}

func isSelector(name string) bool { return name == "*" || strings.HasPrefix(name, "@") }

func (g Grant) covers(r *Register) bool {
	if slices.Contains(g.Registers, r.Name) {
		return true
	}
	if r.columns != (columns{}) {
		return false
	}
	return slices.Contains(g.Registers, "*") || slices.Contains(g.Registers, "@"+r.Scope)
}

// sees gives the scopes in which the role sees restricted rows of the register.
func (r *Role) sees(reg *Register) (out []Scope) {
	for _, g := range r.Grants {
		if slices.Contains(g.Actions, SeeRestricted) && g.covers(reg) && !slices.Contains(out, g.Scope) {
			out = append(out, g.Scope)
		}
	}
	return out
}
