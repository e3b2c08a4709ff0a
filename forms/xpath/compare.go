package xpath

import "math"

// compare applies = != < <= > >= (XPath 1.0 section 3.4). With node-sets it asks whether some node satisfies it.
// Before < and the like, a node stands for its number even beside a boolean, where XPath 1.0 would make it a boolean:
// none of the form engines does that.
func (e *evaluator) compare(op Op, a, b Value) bool {
	if (op == OpEqual || op == OpNotEqual) && (a.typ == BooleanType || b.typ == BooleanType) {
		return e.compareOne(op, BooleanValue(e.truth(a)), BooleanValue(e.truth(b)))
	}
	if len(a.nodes) <= 1 && len(b.nodes) <= 1 {
		x, ok1 := e.side(a)
		y, ok2 := e.side(b)
		return ok1 && ok2 && e.compareOne(op, x, y)
	}
	left, right := e.sides(a), e.sides(b)
	for _, x := range left {
		for _, y := range right {
			if !e.spend(1) {
				return false
			}
			if e.compareOne(op, x, y) {
				return true
			}
		}
	}
	return false
}

// side is the value of the only node of a node-set, or any other value as it is; false where no node is nothing.
func (e *evaluator) side(v Value) (Value, bool) {
	switch {
	case v.typ != NodesType:
		return v, true
	case len(v.nodes) == 0:
		return Value{}, e.BlankIsEmpty
	}
	return e.valueOf(v.nodes[0]), true
}

// valueOf is the value of one node.
func (e *evaluator) valueOf(n *Node) Value {
	if e.typed(n) {
		return e.nodeValue(n)
	}
	return StringValue(e.nodeText(n))
}

// unpack is the value of the first node of a node-set, or of none; any other value is as it is.
func (e *evaluator) unpack(v Value) Value {
	switch {
	case v.typ != NodesType:
		return v
	case len(v.nodes) == 0:
		return Value{}
	}
	return e.valueOf(v.nodes[0])
}

// sides spreads a node-set into the values of its nodes; any other value is its only side.
func (e *evaluator) sides(v Value) []Value {
	if v.typ != NodesType {
		return []Value{v}
	}
	if len(v.nodes) == 0 && e.BlankIsEmpty {
		return []Value{{}}
	}
	if !e.hold(len(v.nodes) * 64) {
		return nil
	}
	out := make([]Value, len(v.nodes))
	for i, n := range v.nodes {
		out[i] = e.valueOf(n)
	}
	return out
}

// compareOne compares two values that are not node-sets.
func (e *evaluator) compareOne(op Op, a, b Value) bool {
	switch op {
	case OpEqual:
		return e.equal(a, b)
	case OpNotEqual:
		return !e.equal(a, b)
	}
	x, y := e.number(a), e.number(b)
	switch op {
	case OpLess:
		return x < y
	case OpLessEqual:
		return x <= y
	case OpGreater:
		return x > y
	}
	return x >= y
}

func (e *evaluator) equal(a, b Value) bool {
	switch {
	case a.typ == BooleanType || b.typ == BooleanType:
		return e.truth(a) == e.truth(b)
	case a.typ == StringType && b.typ == StringType:
		return a.str == b.str || e.sameDate(a.str, b.str)
	case a.typ == DateType || b.typ == DateType:
		// Text that is no date differs from every date; text that is one is compared as such.
		x, y := e.number(a), e.number(b)
		return x == y || math.IsNaN(x) && math.IsNaN(y) && e.text(a) == e.text(b)
	}
	x, y := e.number(a), e.number(b)
	return x == y || math.Abs(x-y) < e.Tolerance
}

// sameDate compares two texts that are both dates written out in full: answers to date questions.
func (e *evaluator) sameDate(a, b string) bool {
	x, ok1 := e.parseISO(a)
	y, ok2 := e.parseISO(b)
	return ok1 && ok2 && e.days(x) == e.days(y)
}
