package registry

import (
	"reflect"
	"slices"
	"strings"

	"aman/platform/access"
)

// A lens is the access policy as it stands for one property: the rows of which somebody
// may see just that. A condition or an order on a property holds only for rows seen
// through its lens; otherwise "which of my colleague's cases are high risk" could be read
// off a list that shows no risk. Receivers see by state, so theirs is a part of its own.
type lens struct {
	inside, party *access.Policy
	states        []string // of party; nil: every state
}

type lensKey struct {
	register, property string
}

func (r *Registry) lens(s *Schema, p *Property) *lens {
	key := lensKey{s.Name, p.Name}
	if l, ok := r.lenses.Load(key); ok {
		return l.(*lens)
	}
	l := &lens{inside: r.narrow(s, p, func(sc access.Scope) bool { return sc != access.Party })}
	always := slices.Contains(s.PartyAlways, p.Name)
	for state, names := range s.PartyByState {
		if !always && slices.Contains(names, p.Name) {
			l.states = append(l.states, state)
		}
	}
	if always || len(l.states) > 0 {
		l.party = r.narrow(s, p, func(sc access.Scope) bool { return sc == access.Party })
		slices.Sort(l.states)
	}
	r.lenses.Store(key, l)
	return l
}

// narrow is the policy with nothing in it but the grants that show the property.
func (r *Registry) narrow(s *Schema, p *Property, scope func(access.Scope) bool) *access.Policy {
	byProperty := []access.Action{access.Read, access.Unseal, access.Export, access.Aggregate}
	var roles []access.Role
	for _, role := range r.policy.Roles() {
		narrow := access.Role{Name: role.Name}
		for _, g := range role.Grants {
			shows := scope(g.Scope) && slices.Contains(g.Classes, access.Class(p.Class))
			g.Actions = slices.DeleteFunc(slices.Clone(g.Actions), func(a access.Action) bool {
				return slices.Contains(byProperty, a) && !shows
			})
			narrow.Grants = append(narrow.Grants, g)
		}
		roles = append(roles, narrow)
	}
	policy, err := access.New(roles)
	register := access.Register{Name: s.Name, Scope: s.Scope, Classes: map[string]access.Class{p.Name: access.Class(p.Class)},
		PartyAlways: []string{p.Name}, Shares: map[string][]string{}}
	for group, names := range s.Shares {
		if slices.Contains(names, p.Name) {
			register.Shares[group] = []string{p.Name}
		}
	}
	if err == nil {
		err = policy.Declare(register)
	}
	if err != nil {
		panic(err) // the whole policy and the whole register were accepted when the program started
	}
	return policy
}

// through gives the condition that the subject may see the property of a row; "" when
// that is so for every row that the action reaches. A property that no role of hers shows
// is refused.
func (r *Registry) through(sub access.Subject, action access.Action, s *Schema, p *Property) (string, []any, error) {
	see := action
	switch {
	case p.Class.Sealed():
		see = access.Unseal
	case action != access.Aggregate && action != access.Export:
		see = access.Read
	}
	l := r.lens(s, p)
	var parts []string
	var args []any
	if l.inside.May(sub, see, s.Name) {
		where, more := l.inside.Filter(sub, see, s.Name)
		parts, args = append(parts, where), append(args, more...)
	}
	if l.party != nil && l.party.May(sub, see, s.Name) {
		where, more := l.party.Filter(sub, see, s.Name)
		args = append(args, more...)
		if l.states != nil {
			where = "(" + where + " AND r.state IN (?" + strings.Repeat(", ?", len(l.states)-1) + "))"
			for _, st := range l.states {
				args = append(args, st)
			}
		}
		parts = append(parts, where)
	}
	if len(parts) == 0 {
		return "", nil, &access.Refusal{Action: see, Object: access.Object{Register: s.Name}, Reason: access.NotReadable}
	}
	where := parts[0]
	if len(parts) > 1 {
		where = "(" + strings.Join(parts, " OR ") + ")"
	}
	if whole, all := r.policy.Filter(sub, action, s.Name); whole == where && reflect.DeepEqual(all, args) {
		return "", nil, nil
	}
	return where, args, nil
}
