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
		each = append(each, w.filter(s, a, reg))
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

func (w *way) filter(s Subject, a Action, reg *Register) clause {
	c := rules[w.scope].where(w, s, reg)
	parts := reg.parts()
	if about, _ := reg.about(parts); a == Create && rules[w.scope].outside && about != "" {
		c.sql = "(" + c.sql + " AND (" + about + " = '' OR " + about + " = " + parts.id + "))"
	}
	if !rules[w.scope].hides {
		return c
	}
	seen := []clause{{sql: "NOT " + parts.restricted}}
	for _, scope := range w.see {
		seen = append(seen, rules[scope].where(&way{scope: scope}, s, reg))
	}
	see := either(seen...)
	return clause{"(" + c.sql + " AND " + see.sql + ")", append(c.args, see.args...)}
}
