package xpath

import "sync"

// Freeze says that the tree with n at its root will not change any more, neither its nodes nor what is Hidden. Lookups
// such as instance('villages')/root/village[district = /data/district] are then answered from an index instead of by
// going through the list. It is meant for the lists of choices that come with a form.
func (n *Node) Freeze() {
	if n.frozen == nil {
		n.frozen = &index{lists: map[list]map[string][]*Node{}}
	}
}

// index finds children by the text of their own children. It is filled as it is asked.
type index struct {
	mu    sync.Mutex
	lists map[list]map[string][]*Node
}

// list is the children of a node with a name, by the text of their child or attribute called key.
type list struct {
	holder    *Node
	name, key string // as written; the name "*" is any
	attribute bool
}

// index returns the index of the tree that n is in, or nil.
func (n *Node) index() *index { return n.Root().frozen }

// find returns the items of a list whose key has this text, in document order, or false where the list has no index.
func (ix *index) find(l list, text string) ([]*Node, bool) {
	ix.mu.Lock()
	defer ix.mu.Unlock()
	m, built := ix.lists[l]
	if !built {
		m = l.build()
		ix.lists[l] = m
	}
	return m[text], m != nil
}

// build returns nil when something is hidden, a key is more than text or holds elements, because the rules differ over the text of such.
func (l list) build() map[string][]*Node {
	m := map[string][]*Node{}
	for _, item := range l.holder.children {
		if item.Kind != ElementNode || l.name != "*" && item.QName() != l.name {
			continue
		}
		if item.Hidden {
			return nil
		}
		keys := item.children
		if l.attribute {
			keys = item.attrs
		}
		for _, k := range keys {
			if k.Kind == TextNode || k.QName() != l.key {
				continue
			}
			if k.Hidden || k.Type != StringType || k.holdsElements() {
				return nil
			}
			text := k.Text()
			if at := m[text]; len(at) == 0 || at[len(at)-1] != item {
				m[text] = append(at, item)
			}
		}
	}
	return m
}

// lookUp answers child::name[key = value] from the index of a frozen tree. It returns nil predicates where it cannot:
// the value must be text that does not depend on the item, that is not empty (no key at all may count as empty) and that
// is no date (which may be written in two ways). Otherwise it returns the items and the predicates that remain.
func (e *evaluator) lookUp(s *Step, holder *Node) (items []*Node, rest []Term) {
	if s.Axis != Child || s.Test.Kind != TestName || s.Test.Space != "" || len(s.Predicates) == 0 {
		return nil, nil
	}
	eq, ok := s.Predicates[0].(*Binary)
	if !ok || eq.Op != OpEqual {
		return nil, nil
	}
	ix := holder.index()
	if ix == nil || ix == e.root.frozen || s.Test.Prefix != "" && s.Test.Name == "*" {
		return nil, nil
	}
	key, value := keyStep(eq.Left), eq.Right
	if key == nil || !e.fixed(value) {
		key, value = keyStep(eq.Right), eq.Left
	}
	if key == nil || !e.fixed(value) {
		return nil, nil
	}
	v := e.eval(value, frame{node: holder})
	if v.typ == NodesType && len(v.nodes) == 1 {
		v = e.valueOf(v.nodes[0])
	}
	if e.err != nil || v.typ != StringType || v.str == "" {
		return nil, nil
	}
	if _, date := e.parseISO(v.str); date {
		return nil, nil
	}
	found, ok := ix.find(list{holder, s.Test.String(), key.Test.String(), key.Axis == Attribute}, v.str)
	if !ok || !e.spend(1+len(found)) {
		return nil, nil
	}
	return found, append(make([]Term, 0, 1), s.Predicates[1:]...)
}

// keyStep returns the step of a path that is one name: name or @name.
func keyStep(t Term) *Step {
	p, ok := t.(*Path)
	if !ok || p.Start != nil || p.Absolute || len(p.Steps) != 1 {
		return nil
	}
	s := &p.Steps[0]
	if s.Axis != Child && s.Axis != Attribute || s.Test.Kind != TestName || s.Test.Name == "*" || s.Test.Space != "" || len(s.Predicates) > 0 {
		return nil
	}
	return s
}

// fixed reports whether a term gives the same answer for every item of a list outside the main instance: a text, a path
// from the root or from current().
func (e *evaluator) fixed(t Term) bool {
	switch n := t.(type) {
	case *Literal, *Variable:
		return true
	case *Path:
		if start, ok := n.Start.(*Call); ok && start.Name != "current" || n.Start != nil && !ok || n.Start == nil && !n.Absolute {
			return false
		}
		for _, s := range n.Steps {
			if len(s.Predicates) > 0 {
				return false
			}
		}
		return true
	}
	return false
}
