package xform

import (
	"strings"

	"aman/forms/xpath"
)

// rule is one expression of a form, with what must be known of it to judge an answer.
type rule struct {
	expr *xpath.Expr
	// constant is what true() and false() say, so that they need not be asked.
	constant *bool
	// clock: it reads the clock. random: it cannot be asked twice. spoken: it depends on the
	// language the form was filled in.
	clock, random, spoken bool
}

var yes, no = true, false

var constants = map[string]*bool{"true()": &yes, "false()": &no}

var (
	clockCalls  = map[string]bool{"today": true, "now": true}
	randomCalls = map[string]bool{"random": true, "uuid": true, "once": true, "property": true}
	spokenCalls = map[string]bool{"jr:itext": true, "jr:choice-name": true}
)

// rule compiles an expression; nil when there is none, or when it is at fault.
func (c *compiler) rule(path, part, source string) *rule {
	source = strings.TrimSpace(source)
	if source == "" {
		return nil
	}
	if r, ok := c.exprs[source]; ok {
		return r
	}
	r := &rule{constant: constants[strings.ReplaceAll(source, " ", "")]}
	x, err := xpath.Compile(source)
	if err != nil {
		c.fault(path, part, err)
		return nil
	}
	r.expr = x
	for _, name := range x.Calls() {
		r.clock = r.clock || clockCalls[name]
		r.random = r.random || randomCalls[name]
		r.spoken = r.spoken || spokenCalls[name]
	}
	if !r.clock && x.Volatile() {
		r.random = true
	}
	c.exprs[source] = r
	return r
}

// order sorts relevances and calculations so that each is settled after what it reads.
func (c *compiler) order() {
	m := c.m
	var steps []step
	var list []xpath.Calculation
	for _, p := range m.places {
		for _, s := range []step{{p, p.bind.relevant, true}, {p, p.bind.calculate, false}} {
			if s.rule == nil || s.rule.expr == nil {
				continue
			}
			steps = append(steps, s)
			list = append(list, xpath.Calculation{Path: p.path, Expr: s.rule.expr, After: m.after(p, s.rule.expr), SelfOK: p.inRepeat() || s.rule.random})
		}
	}
	order, err := xpath.Order(list)
	m.Cycles, _ = err.(*xpath.CycleError)
	for _, i := range order {
		m.steps = append(m.steps, steps[i])
	}
}

// after are the groups whose relevance decides what an expression of p can see: those
// around p, and those around what it reads.
func (m *Model) after(p *place, x *xpath.Expr) []string {
	var out []string
	seen := map[*place]bool{}
	around := func(q *place) {
		for ; q != nil && !seen[q]; q = q.parent {
			seen[q] = true
			if q != p && q.bind.relevant != nil {
				out = append(out, q.path)
			}
		}
	}
	around(p.parent)
	for _, ref := range x.References(p.path) {
		if q := m.byPath[ref.Path]; ref.Instance == "" && q != nil {
			around(q.parent)
		}
	}
	return out
}

func (p *place) inRepeat() bool {
	for ; p != nil; p = p.parent {
		if p.repeat {
			return true
		}
	}
	return false
}
