package access

import (
	"maps"
	"slices"
)

// Can decides. It is pure: the same question has the same answer.
func (p *Policy) Can(s Subject, a Action, o Object, f Facts) Decision {
	reg := p.registers[o.Register]
	switch why := p.refusal(s, a); {
	case why != "":
		return Decision{Why: why}
	case reg == nil:
		return Decision{Why: UnknownRegister}
	case o.Deleted:
		return Decision{Why: IsDeleted}
	}
	ways := p.waysOf(s, a, o.Register)
	if len(ways) == 0 {
		return Decision{Why: NoGrant}
	}
	if known(secondPerson, a) && o.Owner == s.User {
		return Decision{Why: SecondPerson}
	}
	d := Decision{Why: OutOfScope}
	for _, w := range ways {
		k := ask{w, s, a, reg}
		if !rules[w.scope].reaches(k, o, f) {
			continue
		}
		if a == Create && rules[w.scope].outside && reg.within(o) {
			continue
		}
		if o.Restricted && rules[w.scope].hides && !k.seesRestricted(o, f) {
			if !d.Allow {
				d.Why = IsRestricted
			}
			continue
		}
		if !d.Allow || slices.Index(Scopes, w.scope) < slices.Index(Scopes, d.Via) {
			d.Via = w.scope
		}
		d.Allow, d.Why = true, Allowed
		w.give(&d, o, f)
	}
	if d.Allow && s.Device != "" && a == Read {
		d.Props = reg.unsealed(d.Props)
	}
	return d
}

func (k ask) seesRestricted(o Object, f Facts) bool {
	return slices.ContainsFunc(k.see, func(scope Scope) bool {
		return rules[scope].reaches(ask{&way{scope: scope}, k.s, k.a, k.reg}, o, f)
	})
}

// give adds to d what this way lets the action touch.
func (w *way) give(d *Decision, o Object, f Facts) {
	switch w.scope {
	case Party:
		if props, ok := w.states[o.State]; ok {
			d.Props = union(d.Props, props)
		} else {
			d.Props = union(d.Props, w.always)
		}
	case Shared:
		for _, g := range f.Groups {
			d.Props = union(d.Props, w.groups[g])
		}
	default:
		d.Props = union(d.Props, w.all)
	}
}

// unsealed drops the sealed classes: a phone carries none of them.
func (r *Register) unsealed(props Props) Props {
	out := Props{}
	for name := range props {
		if !sealed(r.Classes[name]) {
			out[name] = true
		}
	}
	return out
}

// union makes a new set only when it must.
func union(a, b Props) Props {
	if len(a) == 0 {
		return b
	}
	for name := range b {
		if !a[name] {
			out := maps.Clone(a)
			maps.Copy(out, b)
			return out
		}
	}
	return a
}

func sortedKeys[V any](m map[string]V) []string { return slices.Sorted(maps.Keys(m)) }
