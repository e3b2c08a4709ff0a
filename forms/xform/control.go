package xform

import (
	"errors"
	"math"
	"strconv"
	"strings"
	"sync/atomic"

	"aman/forms/xpath"
)

// control is a question of the body: what may be answered.
type control struct {
	kind    string
	label   Words
	choices *choices // of select1, select and rank, and of an input that draws from a list
	span    *span    // of range
}

// span is what a range question offers.
type span struct{ from, to, step float64 }

func (s *span) has(text string) bool {
	v, err := strconv.ParseFloat(text, 64)
	if err != nil {
		return false
	}
	const slack = 1e-9
	low, high := min(s.from, s.to), max(s.from, s.to)
	if v < low-slack || v > high+slack {
		return false
	}
	if s.step == 0 {
		return true
	}
	steps := (v - s.from) / s.step
	return math.Abs(steps-math.Round(steps)) < 1e-6
}

// choices are the answers of a choice question.
type choices struct {
	fixed map[string]bool // the codes, when they stand in the control itself

	nodeset *xpath.Expr // nil when items are all
	value   *xpath.Expr
	column  string // value when it is the name of a child
	label   string // as written: label, jr:itext(itextId)
	// still: the list is the same for every answer, so it is gathered once.
	still    bool
	gathered atomic.Pointer[map[string]bool]
	// open: the list cannot be known here (it is searched on the phone).
	open bool
}

func (c *compiler) controlled() {
	for _, f := range c.reader.controls {
		p := c.m.byPath[f.path]
		if p == nil {
			c.fault(f.path, f.element.Name, errors.New("the form's instance has no such node"))
			continue
		}
		q := c.m.Questions[f.question]
		k := &control{kind: f.element.Name, label: q.Label}
		switch k.kind {
		case "select1", "select", "rank":
			k.choices = c.choices(p, f.element, q)
		case "input":
			if query := attr(f.element, "query"); query != "" {
				k.choices = c.drawn(p, query, "name", "label")
			}
		case "range":
			k.span = &span{number(attr(f.element, "start"), math.Inf(-1)), number(attr(f.element, "end"), math.Inf(1)), number(attr(f.element, "step"), 0)}
			if math.IsInf(k.span.from, 0) {
				k.span.step = 0
			}
		}
		p.controls = append(p.controls, k)
		if p.label == nil {
			p.label = q.Label
		}
	}
	for path, label := range c.groups {
		if p := c.m.byPath[path]; p != nil && p.label == nil {
			p.label = label
		}
	}
}

func number(s string, otherwise float64) float64 {
	v, err := strconv.ParseFloat(strings.TrimSpace(s), 64)
	if err != nil {
		return otherwise
	}
	return v
}

func (c *compiler) choices(p *place, n *xpath.Node, q Question) *choices {
	if strings.Contains(q.Appearance, "search(") {
		return &choices{open: true}
	}
	if set := child(n, "itemset"); set != nil {
		return c.drawn(p, attr(set, "nodeset"), attr(child(set, "value"), "ref"), attr(child(set, "label"), "ref"))
	}
	ch := &choices{fixed: map[string]bool{}}
	for _, o := range q.Options {
		ch.fixed[o.Value] = true
	}
	return ch
}

// drawn are choices that come from nodes: of a list of the form, a file, or a repeat.
func (c *compiler) drawn(p *place, nodeset, value, label string) *choices {
	ch := &choices{label: strings.TrimSpace(label), open: true}
	set, err := xpath.Compile(nodeset)
	if err == nil {
		ch.value, err = xpath.Compile(value)
	}
	if err != nil {
		c.fault(p.path, "nodeset", err)
		return ch
	}
	ch.open = false
	ch.nodeset = xpath.FromTerm(xpath.Rewrite(set.Term(), unshuffled))
	if steps := strings.TrimSpace(value); !strings.ContainsAny(steps, "/@.()[]:* ") {
		ch.column = steps
	}
	ch.still = true
	for _, r := range ch.nodeset.References(p.path) {
		if r.Instance == "" {
			ch.still = false
		} else if c.m.lists[r.Instance] == nil {
			ch.open = true // the list is a file that is not here
		}
	}
	return ch
}

// unshuffled takes randomize() away: the order of choices does not matter here.
func unshuffled(t xpath.Term) xpath.Term {
	if call, ok := t.(*xpath.Call); ok && call.Name == "randomize" && len(call.Args) > 0 {
		return call.Args[0]
	}
	return t
}

// code is the value of an item.
func (ch *choices) code(env xpath.Env, item *xpath.Node) string {
	if ch.column != "" {
		if n := item.Child(ch.column); n != nil {
			return strings.TrimSpace(n.Text())
		}
		return ""
	}
	env.Node, env.Current = item, nil
	text, _ := ch.value.Text(&env) // no value: a choice nobody can make
	return strings.TrimSpace(text)
}

// allows reports whether each of the codes may be chosen in env.
func (ch *choices) allows(env *xpath.Env, codes []string) (bool, error) {
	set, err := ch.codes(env)
	if err != nil {
		return true, err
	}
	for _, code := range codes {
		if !set[code] {
			return false, nil
		}
	}
	return true, nil
}

func (ch *choices) codes(env *xpath.Env) (map[string]bool, error) {
	if ch.nodeset == nil {
		return ch.fixed, nil
	}
	if set := ch.gathered.Load(); set != nil {
		return *set, nil
	}
	nodes, err := ch.nodeset.Nodes(env)
	if err != nil {
		return nil, err
	}
	set := make(map[string]bool, len(nodes))
	for _, n := range nodes {
		set[ch.code(*env, n)] = true
	}
	delete(set, "")
	if ch.still {
		ch.gathered.Store(&set)
	}
	return set, nil
}
