package access

import (
	"fmt"
	"slices"
	"time"
)

// Subject is who asks, as ids. Load one with SubjectOf; package signin gives it for a
// session or a device token.
type Subject struct {
	User, Org string
	Offices   []string
	Roles     []string
	Language  string    // en, ur, id
	Session   string    // id of the session, for the audit log
	Device    string    // id of the device token; then only ofDevices is possible
	At        time.Time // the clock by which teams and shares are judged
}

// Object is the row asked about, as far as access is concerned. An id that is not set
// is the empty string. For a row not yet made, fill in what it will be.
type Object struct {
	Register   string
	ID         string
	Org        string
	Office     string
	Owner      string
	Case       string
	Person     string
	Party      string // the organisation a referral is addressed to
	State      string
	Restricted bool
	Deleted    bool
}

// Facts is what the decision needs beyond the row; FactsFor loads it.
type Facts struct {
	Team   bool     // an active team row of the subject for the row's case or person
	Glass  bool     // one that came of breaking the glass
	Groups []string // the groups of properties actively shared with the subject's organisation
}

// Props is a set of property names. A Props from a Decision is shared: do not change it.
type Props map[string]bool

// Decision is the answer of the policy.
type Decision struct {
	Allow bool
	Why   Reason
	Via   Scope // the nearest scope that gave it
	Props Props // the properties the action may touch; empty for actions on whole rows
}

// Readable says whether the action may touch the property.
func (d Decision) Readable(property string) bool { return d.Props[property] }

// Kinds of register, by what its rows are about.
const (
	OfCase   = "case"
	OfPerson = "person"
	OfOffice = "office"
	OfPublic = "public"
)

// Register is what access must know of a register; packs declare it.
type Register struct {
	Name         string
	Scope        string              // OfCase, OfPerson, OfOffice or OfPublic
	Classes      map[string]Class    // every property and its privacy class
	PartyAlways  []string            // what a receiver sees in any state
	PartyByState map[string][]string // and in these states besides
	Shares       map[string][]string // group -> properties it reveals here

	columns columns // for tables that are not registers
	ofOrg   bool    // rows with an organisation are public in it alone, the others everywhere
	rows    string  // which rows of the table it is; empty: all of them
}

// Policy is the roles applied to the registers. Once the registers are declared it is
// safe for concurrent use.
type Policy struct {
	registers map[string]*Register
	roles     map[string]*Role
	ways      map[question][]*way
}

// question is what a grant may answer: this role, this action, this register.
type question struct {
	role     string
	action   Action
	register string
}

// way is one grant, made ready for one register: how it reaches rows and what it gives.
type way struct {
	scope  Scope
	all    Props            // own, office, org, public, all
	always Props            // party
	states map[string]Props // party; each includes always
	groups map[string]Props // shared
	see    []Scope          // where the role sees restricted rows of this register
}

// New makes a policy of roles. It knows the tables users, orgs, audit, forms, submissions,
// answers, entities, devices and releases, so that one policy and one filter serve those too; package registry
// declares the registers.
func New(roles []Role) (*Policy, error) {
	p := &Policy{registers: map[string]*Register{}, roles: map[string]*Role{}, ways: map[question][]*way{}}
	for _, role := range roles {
		if p.roles[role.Name] != nil {
			return nil, fmt.Errorf("the role %s is declared twice", role.Name)
		}
		p.roles[role.Name] = &role
	}
	for _, r := range builtin {
		if err := p.Declare(r); err != nil {
			return nil, err
		}
	}
	return p, nil
}

// Declare makes a register known, or replaces what was known of it. It is called while a
// program starts, before the first question.
func (p *Policy) Declare(r Register) error {
	if err := r.check(); err != nil {
		return err
	}
	if old := p.registers[r.Name]; old != nil && old.columns != r.columns {
		return fmt.Errorf("a register cannot be called %s: that is a table of its own", r.Name)
	}
	p.registers[r.Name] = &r
	for _, role := range p.roles {
		for _, a := range Actions {
			delete(p.ways, question{role.Name, a, r.Name})
		}
		for _, g := range role.Grants {
			if g.covers(&r) {
				p.add(role, g, &r)
			}
		}
	}
	return nil
}

func (p *Policy) add(role *Role, g Grant, r *Register) {
	w := newWay(g, r)
	w.see = role.sees(r)
	for _, a := range g.Actions {
		q := question{role.Name, a, r.Name}
		p.ways[q] = append(p.ways[q], w)
	}
}

func newWay(g Grant, reg *Register) *way {
	w := &way{scope: g.Scope}
	switch g.Scope {
	case Party:
		w.always = reg.only(g.Classes, reg.PartyAlways)
		w.states = map[string]Props{}
		for state, names := range reg.PartyByState {
			w.states[state] = reg.only(g.Classes, slices.Concat(reg.PartyAlways, names))
		}
	case Shared:
		w.groups = map[string]Props{}
		for group, names := range reg.Shares {
			// A group that reveals nothing of these classes does not reach the row.
			if props := reg.only(g.Classes, names); len(props) > 0 || len(g.Classes) == 0 {
				w.groups[group] = props
			}
		}
	default:
		w.all = reg.only(g.Classes, nil)
	}
	return w
}

// only gives the properties of these classes, among names (nil: all of them). A column
// that every row has (state, office …) may be named too; it counts as open.
func (r *Register) only(classes []Class, names []string) Props {
	out := Props{}
	for name, class := range r.Classes {
		if known(classes, class) && (names == nil || known(names, name)) {
			out[name] = true
		}
	}
	for _, name := range names {
		if known(systemColumns, name) && known(classes, Open) {
			out[name] = true
		}
	}
	return out
}

var systemColumns = []string{
	"id", "version", "org", "office", "owner", "case_id", "person_id", "party", "state", "restricted",
	"created_at", "created_by", "updated_at", "updated_by", "submission", "deleted",
}

func (r *Register) check() error {
	if !known([]string{OfCase, OfPerson, OfOffice, OfPublic}, r.Scope) {
		return fmt.Errorf("the register %s is of %q; it must be of case, person, office or public", r.Name, r.Scope)
	}
	for name, class := range r.Classes {
		if !known(Classes, class) {
			return fmt.Errorf("the property %s.%s has the privacy class %q, which does not exist", r.Name, name, class)
		}
	}
	for _, names := range slices.Concat([][]string{r.PartyAlways}, values(r.PartyByState), values(r.Shares)) {
		for _, name := range names {
			if r.Classes[name] == "" && !known(systemColumns, name) {
				return fmt.Errorf("the register %s reveals %s, which it does not have", r.Name, name)
			}
		}
	}
	return nil
}

func values(m map[string][]string) (out [][]string) {
	for _, v := range m {
		out = append(out, v)
	}
	return out
}

// Role gives the role of that name; nil when there is none.
func (p *Policy) Role(name string) *Role { return p.roles[name] }

// Register gives the register of that name; nil when there is none.
func (p *Policy) Register(name string) *Register { return p.registers[name] }

// Unknown lists "role: register" for every grant on a register that no pack declares.
// Such a grant gives nothing; it is most likely a misspelling.
func (p *Policy) Unknown() (out []string) {
	for _, name := range sortedKeys(p.roles) {
		for _, g := range p.roles[name].Grants {
			for _, r := range g.Registers {
				if !isSelector(r) && p.registers[r] == nil {
					out = append(out, name+": "+r)
				}
			}
		}
	}
	return out
}

// Roles lists the roles by name.
func (p *Policy) Roles() (out []*Role) {
	for _, name := range sortedKeys(p.roles) {
		out = append(out, p.roles[name])
	}
	return out
}

// May says whether any role of the subject grants the action on the register at all,
// wherever it reaches: whether to offer a menu entry or a button.
func (p *Policy) May(s Subject, a Action, register string) bool {
	return p.refusal(s, a) == "" && len(p.waysOf(s, a, register)) > 0
}

func (p *Policy) waysOf(s Subject, a Action, register string) (out []*way) {
	for _, role := range s.Roles {
		out = append(out, p.ways[question{role, a, register}]...)
	}
	return out
}

// refusal is why the subject cannot do the action to anything; empty when it may be possible.
func (p *Policy) refusal(s Subject, a Action) Reason {
	switch {
	case s.User == "" || s.Org == "" || s.At.IsZero():
		return NoSubject
	case s.Device != "" && !known(ofDevices, a):
		return DeviceOnly
	}
	return ""
}
