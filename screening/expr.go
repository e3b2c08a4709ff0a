package screening

import (
	"encoding/json"
	"fmt"
	"slices"
)

// Expr is a condition over facts and elements. In a file it is one of
//
//	act.recruitment                     a fact: its answer
//	{element: means}                    an element declared earlier
//	{all: [...]}  {any: [...]}          every one, one or more
//	{at_least: 2, of: [...]}            so many or more
//	{not: ...}                          turned round; unknown stays unknown
//	{weigh: {strong: [...], medium: [...], weak: [...]}}
//	                                    weighted indicators under the standard's positive_when
type Expr struct {
	Op     Op
	Key    string // the fact or element
	N      int    // for AtLeast
	Weight Weight // of a fact inside weigh
	Of     []Expr
}

// Op is the kind of a condition, and of a node in a derivation.
type Op string

// The kinds. OpOutcome appears in derivations only.
const (
	OpFact    Op = "fact"
	OpElement Op = "element"
	OpAll     Op = "all"
	OpAny     Op = "any"
	OpAtLeast Op = "at_least"
	OpNot     Op = "not"
	OpWeigh   Op = "weigh"
	OpOutcome Op = "outcome"
)

// Weight of an indicator within a dimension.
type Weight string

// The three weights.
const (
	Strong Weight = "strong"
	Medium Weight = "medium"
	Weak   Weight = "weak"
)

// UnmarshalJSON reads the forms listed at Expr.
func (e *Expr) UnmarshalJSON(b []byte) error {
	var key string
	if json.Unmarshal(b, &key) == nil {
		*e = Expr{Op: OpFact, Key: key}
		return nil
	}
	var m map[string]json.RawMessage
	if err := json.Unmarshal(b, &m); err != nil {
		return fmt.Errorf("a condition is a fact key or a map with one of element, all, any, at_least, not, weigh; found %s", b)
	}
	op, body, err := conditionKind(m)
	if err != nil {
		return err
	}
	e.Op = op
	switch op {
	case OpFact, OpElement:
		return json.Unmarshal(body, &e.Key)
	case OpAll, OpAny:
		if err := json.Unmarshal(body, &e.Of); err != nil {
			return err
		}
		if len(e.Of) == 0 {
			return fmt.Errorf("%q with nothing in it", op)
		}
	case OpAtLeast:
		if err := json.Unmarshal(body, &e.N); err != nil {
			return err
		}
		if err := json.Unmarshal(m["of"], &e.Of); err != nil {
			return err
		}
		if e.N < 1 || e.N > len(e.Of) {
			return fmt.Errorf("at_least %d of %d can never change; give a number from 1 to %d", e.N, len(e.Of), len(e.Of))
		}
	case OpNot:
		e.Of = make([]Expr, 1)
		return json.Unmarshal(body, &e.Of[0])
	case OpWeigh:
		return e.readWeights(body)
	}
	return nil
}

// conditionKind finds the one kind a map stands for.
func conditionKind(m map[string]json.RawMessage) (Op, json.RawMessage, error) {
	want := 1
	if _, ok := m["at_least"]; ok {
		if m["of"] == nil {
			return "", nil, fmt.Errorf("at_least needs a list under of")
		}
		want = 2
	}
	for _, op := range []Op{OpFact, OpElement, OpAll, OpAny, OpAtLeast, OpNot, OpWeigh} {
		if body, ok := m[string(op)]; ok && len(m) == want {
			return op, body, nil
		}
	}
	names := make([]string, 0, len(m))
	for name := range m {
		names = append(names, name)
	}
	slices.Sort(names)
	return "", nil, fmt.Errorf("a condition has exactly one of fact, element, all, any, at_least (with of), not, weigh; found %q", names)
}

func (e *Expr) readWeights(body json.RawMessage) error {
	var lists map[Weight][]string
	if err := json.Unmarshal(body, &lists); err != nil {
		return err
	}
	seen := map[string]bool{}
	for _, w := range []Weight{Strong, Medium, Weak} {
		for _, key := range lists[w] {
			if seen[key] {
				return fmt.Errorf("indicator %q is weighed twice", key)
			}
			seen[key] = true
			e.Of = append(e.Of, Expr{Op: OpFact, Key: key, Weight: w})
		}
		delete(lists, w)
	}
	if len(lists) > 0 {
		return fmt.Errorf("weigh has strong, medium and weak only")
	}
	if len(e.Of) == 0 {
		return fmt.Errorf("weigh without an indicator")
	}
	return nil
}

// walk visits a condition and everything under it.
func (e *Expr) walk(visit func(*Expr) error) error {
	if err := visit(e); err != nil {
		return err
	}
	for i := range e.Of {
		if err := e.Of[i].walk(visit); err != nil {
			return err
		}
	}
	return nil
}

// Threshold is one row of a positive_when table: how many indicators of each
// weight are needed. A dimension is positive when one row is met.
type Threshold struct {
	Strong       int `json:"strong"`
	Medium       int `json:"medium"`
	Weak         int `json:"weak"`
	MediumOrWeak int `json:"medium_or_weak"`
}

// tally counts indicators by weight.
type tally map[Weight]int

// met is monotone: another positive indicator never makes it false. weigh
// relies on that for being exact.
func (t Threshold) met(n tally) bool {
	return n[Strong] >= t.Strong && n[Medium] >= t.Medium && n[Weak] >= t.Weak &&
		n[Medium]+n[Weak] >= t.MediumOrWeak
}

// weigh decides a dimension from the answers to its indicators.
func weigh(rows []Threshold, of []Expr, values []Value) Value {
	worst, best, canAsk := tally{}, tally{}, false
	for i, v := range values {
		w := of[i].Weight
		if v == Yes {
			worst[w]++
		}
		if v != No {
			best[w]++
		}
		canAsk = canAsk || v == NotAsked
	}
	positive := func(n tally) bool {
		return slices.ContainsFunc(rows, func(t Threshold) bool { return t.met(n) })
	}
	return between(positive(worst), positive(best), canAsk)
}

// world answers facts and elements.
type world struct {
	fact    func(key string) Value
	element map[string]Value
	rows    []Threshold
}

// combine gives the value of a condition from those of its parts.
func (w *world) combine(e *Expr, parts []Value) Value {
	switch e.Op {
	case OpFact:
		return w.fact(e.Key)
	case OpElement:
		return w.element[e.Key]
	case OpAll:
		return All(parts...)
	case OpAny:
		return Any(parts...)
	case OpAtLeast:
		return AtLeast(e.N, parts...)
	case OpNot:
		return Not(parts[0])
	case OpWeigh:
		return weigh(w.rows, e.Of, parts)
	}
	return NotAsked // the loader lets no other kind through
}

func (w *world) eval(e *Expr) Value {
	parts := make([]Value, len(e.Of))
	for i := range e.Of {
		parts[i] = w.eval(&e.Of[i])
	}
	return w.combine(e, parts)
}
