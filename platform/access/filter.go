package access

// Filter gives the condition that holds exactly for the rows of a register on which Can
// allows the action, for use after WHERE in a query that aliases the register's table r.
// It has ? placeholders and the SQL both engines take, and is enclosed in brackets.
func (p *Policy) Filter(s Subject, a Action, register string) (where string, args []any) {
	var each []clause
	for _, w := range p.Ways(s, a, register) {
		each = append(each, clause{w.Where, w.Args})
	}
	if len(each) == 0 {
		return "(" + never.sql + ")", nil
	}
	c := either(each...)
	reg := p.registers[register]
	only := ""
	if reg.rows != "" {
		only = reg.rows + " AND "
	}
	return "(" + only + "NOT " + reg.parts().deleted + " AND " + c.sql + ")", c.args
}

// Way is one of the conditions of Filter.
type Way struct {
	Where string
	Args  []any
}

// Ways gives Filter in parts: a row of the register that is not deleted passes Filter
// exactly when it passes one of them. An engine finds the rows of each part by an index of its own, where
// for all of them together it would walk the table. Those that reach whole offices come first.
func (p *Policy) Ways(s Subject, a Action, register string) (out []Way) {
	reg := p.registers[register]
	if reg == nil || p.refusal(s, a) != "" {
		return nil
	}
	var near []Way
	for _, w := range p.waysOf(s, a, register) {
		c := ask{w, s, a, reg}.filter()
		if known(secondPerson, a) {
			c = clause{"(" + reg.parts().owner + " <> ? AND " + c.sql + ")", append([]any{s.User}, c.args...)}
		}
		if rules[w.scope].outside {
			out = append(out, Way{c.sql, c.args})
		} else {
			near = append(near, Way{c.sql, c.args})
		}
	}
	return append(out, near...)
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
