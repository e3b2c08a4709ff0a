package access

// Filter gives the condition that holds exactly for the rows of a register on which Can
// allows the action, for use after WHERE in a query that aliases the register's table r.
// It has ? placeholders and the SQL both engines take, and is enclosed in brackets.
func (p *Policy) Filter(s Subject, a Action, register string) (where string, args []any) {
	reg := p.registers[register]
	if reg == nil || p.refusal(s, a) != "" {
		return "(" + never.sql + ")", nil
	}
	var each []clause
	for _, w := range p.waysOf(s, a, register) {
		each = append(each, ask{w, s, a, reg}.filter())
	}
	if len(each) == 0 {
		return "(" + never.sql + ")", nil
	}
	c := either(each...)
	if parts := reg.parts(); known(secondPerson, a) {
		c = clause{"(" + parts.owner + " <> ? AND " + c.sql + ")", append([]any{s.User}, c.args...)}
	}
	return "(NOT " + reg.parts().deleted + " AND " + c.sql + ")", c.args
}

func (k ask) filter() clause {
	rule, parts := rules[k.scope], k.reg.parts()
	c := rule.where(k)
	if about, _ := k.reg.about(parts); k.a == Create && rule.outside && about != "" {
		c.sql = "(" + c.sql + " AND (" + about + " = '' OR " + about + " = " + parts.id + "))"
	}
	if !rule.hides {
		return c
	}
	seen := []clause{{sql: "NOT " + parts.restricted}}
	for _, scope := range k.see {
		seen = append(seen, rules[scope].where(ask{&way{scope: scope}, k.s, k.a, k.reg}))
	}
	see := either(seen...)
	return clause{"(" + c.sql + " AND " + see.sql + ")", append(c.args, see.args...)}
}
