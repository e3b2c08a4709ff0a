package xpath

import "sort"

// path evaluates a location path and returns its nodes in document order.
func (e *evaluator) path(p *Path, f frame) []*Node {
	start, steps := f.node, p.Steps
	switch {
	case p.Start != nil:
		v := e.eval(p.Start, f)
		if e.err != nil {
			return nil
		}
		if v.typ != NodesType {
			e.offset = p.off
			e.fail("a path must start from nodes, and this is a %s", v.typ)
			return nil
		}
		if len(v.nodes) != 1 {
			return e.follow(steps, nodeSet{nodes: v.nodes})
		}
		start = v.nodes[0]
	case p.Absolute:
		start = e.root
		if e.RepeatContext {
			start, steps = e.repetition(steps, f.node)
		}
	}
	return e.walk(start, steps)
}

// walk follows the steps from one node for as long as each leads to one node, which is what most paths in forms do, and
// leaves the rest to follow.
func (e *evaluator) walk(n *Node, steps []Step) []*Node {
	for len(steps) > 0 {
		s := &steps[0]
		if len(s.Predicates) > 0 || s.Test.Kind != TestNode && s.Axis != Child {
			break
		}
		var next *Node
		switch s.Axis {
		case Self:
			next = n
		case Parent:
			next = n.parent
		case Child:
			first, more := e.onlyChild(n, &s.Test)
			if more {
				return e.follow(steps, single(n))
			}
			next = first
		default:
			return e.follow(steps, single(n))
		}
		if next == nil || !e.spend(1) {
			return nil
		}
		n, steps = next, steps[1:]
	}
	if len(steps) > 0 {
		return e.follow(steps, single(n))
	}
	return one(n)
}

// onlyChild returns the first child that passes a test, and whether there are more.
func (e *evaluator) onlyChild(n *Node, t *Test) (first *Node, more bool) {
	e.spend(len(n.children) / 4)
	for _, c := range n.children {
		if t.matches(c, Child) && e.sees(c) {
			if first != nil {
				return first, true
			}
			first = c
		}
	}
	return first, false
}

// one is a list of one node. A child is a part of its parent's list, so that nothing needs to be made.
func one(n *Node) []*Node {
	if n.parent != nil && n.rank() == 2 {
		return n.parent.children[n.at : n.at+1 : n.at+1]
	}
	return []*Node{n}
}

func single(n *Node) nodeSet { return nodeSet{nodes: one(n), apart: true} }

// follow takes the steps of a path from a set of nodes.
func (e *evaluator) follow(steps []Step, set nodeSet) []*Node {
	for i := range steps {
		if set = e.step(&steps[i], set); len(set.nodes) == 0 || e.err != nil {
			return nil
		}
	}
	return set.nodes
}

// plain reports whether a step is just child::name.
func (s *Step) plain() bool {
	return s.Axis == Child && s.Test.Kind == TestName && s.Test.Name != "*" && len(s.Predicates) == 0
}

// repetition follows an absolute path down the ancestors of the context node for as long as the names agree, so that
// the path stays in the repetitions that hold the context node. It returns where to go on, and with which steps.
func (e *evaluator) repetition(steps []Step, context *Node) (*Node, []Step) {
	chain := e.chain(context)
	at := e.root
	for i := len(chain) - 1; i >= 0 && len(steps) > 0; i-- {
		n := chain[i]
		if !steps[0].plain() || !steps[0].Test.matches(n, Child) || n.Hidden {
			break
		}
		at, steps = n, steps[1:]
	}
	return at, steps
}

// chain lists a node and its ancestors below the root of the main instance, innermost first; nil when it is elsewhere.
// The list is good until the next call.
func (e *evaluator) chain(n *Node) []*Node {
	out := e.trail[:0]
	for ; n != nil; n = n.parent {
		if n == e.root {
			e.trail = out
			return out
		}
		out = append(out, n)
	}
	e.trail = out
	return nil
}

// nodeSet is a list of nodes in document order. Apart says that none is above another, so that their children need no
// sorting.
type nodeSet struct {
	nodes []*Node
	apart bool
}

// step applies one step of a path to a set.
func (e *evaluator) step(s *Step, from nodeSet) nodeSet {
	if len(from.nodes) == 1 {
		from.apart = true
		n := from.nodes[0]
		found, rest := e.lookUp(s, n)
		if rest == nil {
			found, rest = e.axisNodes(s, n, nil), s.Predicates
		}
		for _, p := range rest {
			found = e.narrow(found, p)
		}
		if reversed(s.Axis) {
			reverse(found)
		}
		return nodeSet{nodes: found, apart: from.apart && staysApart(s.Axis)}
	}
	var all, found []*Node
	for _, n := range from.nodes {
		if len(s.Predicates) == 0 {
			all = e.axisNodes(s, n, all)
		} else {
			found = e.axisNodes(s, n, found[:0])
			kept := found
			for _, p := range s.Predicates {
				kept = e.narrow(kept, p)
			}
			all = append(all, kept...)
		}
		if e.err != nil {
			return nodeSet{}
		}
	}
	inOrder := from.apart && (staysApart(s.Axis) || s.Axis == Descendant || s.Axis == DescendantOrSelf)
	if !inOrder {
		all = e.order(all)
	}
	return nodeSet{nodes: all, apart: from.apart && staysApart(s.Axis)}
}

// staysApart: from nodes apart, these axes give nodes apart, and in document order.
func staysApart(a Axis) bool { return a == Child || a == Attribute || a == Self }

// order sorts nodes into document order and leaves each one once.
func (e *evaluator) order(nodes []*Node) []*Node {
	sorted := true
	for i := 1; i < len(nodes) && sorted; i++ {
		sorted = before(nodes[i-1], nodes[i])
	}
	if sorted {
		return nodes
	}
	if !e.spend(4 * len(nodes)) {
		return nil
	}
	type scope struct { // namespace nodes are made when asked for, so they are known by these
		element *Node
		prefix  string
	}
	seen := make(map[*Node]bool, len(nodes))
	var scopes map[scope]bool
	out := make([]*Node, 0, len(nodes))
	for _, n := range nodes {
		if n.Kind == NamespaceNode {
			key := scope{n.parent, n.Name}
			if scopes == nil {
				scopes = map[scope]bool{}
			}
			if !scopes[key] {
				scopes[key] = true
				out = append(out, n)
			}
		} else if !seen[n] {
			seen[n] = true
			out = append(out, n)
		}
	}
	sort.SliceStable(out, func(i, j int) bool { return before(out[i], out[j]) })
	return out
}
