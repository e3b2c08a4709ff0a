package xpath

// reversed axes number their nodes from the nearest backwards (XPath 1.0 section 2.4).
func reversed(a Axis) bool {
	return a == Ancestor || a == AncestorOrSelf || a == Preceding || a == PrecedingSibling || a == Parent
}

func reverse(list []*Node) {
	for i, j := 0, len(list)-1; i < j; i, j = i+1, j-1 {
		list[i], list[j] = list[j], list[i]
	}
}

// axisNodes appends the nodes of a step's axis that pass its test, in the order of the axis.
func (e *evaluator) axisNodes(s *Step, n *Node, out []*Node) []*Node {
	had := len(out)
	if s.Axis == Child {
		if !e.spend(len(n.children)) {
			return out
		}
		for _, c := range n.children {
			if s.Test.matches(c, Child) && e.sees(c) {
				out = append(out, c)
			}
		}
		e.hold(8 * (len(out) - had))
		return out
	}
	take := func(c *Node) bool { // reports whether to go on
		if !e.spend(1) {
			return false
		}
		if s.Test.matches(c, s.Axis) {
			out = append(out, c)
		}
		return true
	}
	switch s.Axis {
	case Attribute:
		each1(n.attrs, take)
	case Self:
		take(n)
	case Parent:
		if n.parent != nil {
			take(n.parent)
		}
	case Descendant, DescendantOrSelf:
		if s.Axis == Descendant || take(n) {
			e.descend(n, take)
		}
	case Ancestor, AncestorOrSelf:
		p := n
		if s.Axis == Ancestor {
			p = n.parent
		}
		for ; p != nil && take(p); p = p.parent {
		}
	case FollowingSibling:
		each1(e.siblings(n, 1), take)
	case PrecedingSibling:
		each1(e.siblings(n, -1), take)
	case Following:
		e.following(n, take)
	case Preceding:
		e.preceding(n, take)
	case Namespace:
		if n.Kind == ElementNode {
			spaces := n.inScope()
			e.hold(128 * len(spaces))
			each1(spaces, take)
		}
	}
	e.hold(8 * (len(out) - had))
	return out
}

// sees reports whether a child is there at all under these rules.
func (e *evaluator) sees(c *Node) bool { return !c.Hidden || !e.DropHidden }

func each1(list []*Node, take func(*Node) bool) bool {
	for _, n := range list {
		if !take(n) {
			return false
		}
	}
	return true
}

// descend visits everything under n in document order, without recursion.
func (e *evaluator) descend(n *Node, take func(*Node) bool) bool {
	stack := []*Node{n}
	for len(stack) > 0 {
		top := stack[len(stack)-1]
		stack = stack[:len(stack)-1]
		if top != n && !take(top) {
			return false
		}
		for i := len(top.children) - 1; i >= 0; i-- {
			if c := top.children[i]; e.sees(c) {
				stack = append(stack, c)
			}
		}
	}
	return true
}

// siblings lists the siblings after (1) or before (-1) n, nearest first. Attributes have none.
func (e *evaluator) siblings(n *Node, dir int) []*Node {
	if n.parent == nil || n.rank() != 2 {
		return nil
	}
	var out []*Node
	for i := n.at + dir; i >= 0 && i < len(n.parent.children); i += dir {
		if c := n.parent.children[i]; e.sees(c) {
			out = append(out, c)
		}
	}
	return out
}

// following visits all nodes after n that are not under it, in document order.
func (e *evaluator) following(n *Node, take func(*Node) bool) {
	if n.rank() != 2 && n.parent != nil { // from an attribute, everything under its element comes after it
		n = n.parent
		if !e.descend(n, take) {
			return
		}
	}
	for ; n != nil; n = n.parent {
		for _, s := range e.siblings(n, 1) {
			if !take(s) || !e.descend(s, take) {
				return
			}
		}
	}
}

// preceding visits all nodes before n that are not above it, in reverse document order.
func (e *evaluator) preceding(n *Node, take func(*Node) bool) {
	if n.rank() != 2 && n.parent != nil {
		n = n.parent
	}
	for ; n != nil; n = n.parent {
		for _, s := range e.siblings(n, -1) {
			var under []*Node
			e.descend(s, func(d *Node) bool { under = append(under, d); return e.spend(1) })
			for i := len(under) - 1; i >= 0; i-- {
				if !take(under[i]) {
					return
				}
			}
			if !take(s) {
				return
			}
		}
	}
}

// matches applies a node test (XPath 1.0 section 2.3). Names without a prefix match what is written without one, unless
// the compiler was given a default namespace: see [Compiler].
func (t *Test) matches(n *Node, axis Axis) bool {
	switch t.Kind {
	case TestNode:
		return true
	case TestText:
		return n.Kind == TextNode
	case TestComment:
		return n.Kind == CommentNode
	case TestInstruction:
		return n.Kind == InstructionNode && (t.Name == "" || t.Name == n.Name)
	}
	principal := ElementNode
	switch axis {
	case Attribute:
		principal = AttributeNode
	case Namespace:
		principal = NamespaceNode
	}
	if n.Kind != principal || t.Name != "*" && t.Name != n.Name {
		return false
	}
	switch {
	case t.Space != "":
		return n.Space == t.Space
	case t.Prefix == "" && t.Name == "*":
		return true
	}
	return n.Prefix == t.Prefix
}
