package xpath

import (
	"strconv"
	"strings"
)

// NodeKind says which of the seven node types of XPath 1.0 section 5 a Node is.
type NodeKind uint8

// The node types of the XPath 1.0 data model.
const (
	DocumentNode NodeKind = iota + 1
	ElementNode
	AttributeNode
	TextNode
	CommentNode
	InstructionNode // a processing instruction
	NamespaceNode   // a namespace in scope, as the namespace axis gives it
)

// Node is one node of a document: a small mutable tree that is both the XPath data model and an XForms instance.
//
// Build one with [ParseXML], or by hand with [NewDocument], [NewElement] and the methods that change it. Every method
// keeps parents and positions right, so document order never needs to be computed. A Node and its tree must not be
// changed while an expression is evaluated over it; evaluations over an unchanging tree may run side by side.
type Node struct {
	Kind   NodeKind
	Prefix string // as written; "" without one
	Name   string // local name; the target of an instruction; the prefix of a namespace node
	Space  string // namespace URI, "" for none
	Value  string // of attribute, text, comment, instruction and namespace nodes

	// Hidden makes the node and everything under it invisible to expressions, without losing it: what is not relevant in
	// a form. Under the Collect rules such nodes are in no node-set, under the WebForms rules they have no text.
	Hidden bool

	// Type is what the form says the text of the node is, from the type in its bind: NumberType for int and decimal,
	// DateType for date and dateTime, BooleanType for boolean. The Collect rules read the text as that; the zero value is
	// text.
	Type Type

	parent   *Node
	at       int // position among the parent's children or attributes
	children []*Node
	attrs    []*Node
	spaces   []*Node // namespaces declared on this element
	frozen   *index  // on the root of a tree that does not change any more
}

// NewDocument returns an empty document.
func NewDocument() *Node { return &Node{Kind: DocumentNode} }

// NewElement returns an element without a namespace or a parent. Text, when not empty, becomes its only child.
func NewElement(name, text string) *Node {
	n := &Node{Kind: ElementNode, Name: name}
	n.SetText(text)
	return n
}

// NewText returns a text node.
func NewText(text string) *Node { return &Node{Kind: TextNode, Value: text} }

// Parent returns the node that holds n, or nil. The parent of an attribute is its element.
func (n *Node) Parent() *Node { return n.parent }

// Children returns the child nodes in document order. The slice belongs to n: read it, do not change it.
func (n *Node) Children() []*Node { return n.children }

// Attrs returns the attributes of an element, without namespace declarations. Read it, do not change it.
func (n *Node) Attrs() []*Node { return n.attrs }

// Elements returns the child elements with this name as written (prefix:local or local), or all for "*".
func (n *Node) Elements(name string) []*Node {
	var out []*Node
	for _, c := range n.children {
		if c.Kind == ElementNode && (name == "*" || c.QName() == name) {
			out = append(out, c)
		}
	}
	return out
}

// Child returns the first child element with this name as written, or nil.
func (n *Node) Child(name string) *Node {
	for _, c := range n.children {
		if c.Kind == ElementNode && c.QName() == name {
			return c
		}
	}
	return nil
}

// Root returns the topmost node above n: the document, or the highest element of a loose tree.
func (n *Node) Root() *Node {
	for n.parent != nil {
		n = n.parent
	}
	return n
}

// DocumentElement returns the element of a document, n itself for an element, or nil.
func (n *Node) DocumentElement() *Node {
	if n.Kind == ElementNode {
		return n
	}
	for _, c := range n.children {
		if c.Kind == ElementNode {
			return c
		}
	}
	return nil
}

// QName returns the name as written: prefix:local, or local alone.
func (n *Node) QName() string {
	if n.Prefix == "" {
		return n.Name
	}
	return n.Prefix + ":" + n.Name
}

// Text returns the string-value of XPath 1.0 section 5: for an element or a document, the text under it.
func (n *Node) Text() string {
	if n.Kind != ElementNode && n.Kind != DocumentNode {
		return n.Value
	}
	switch {
	case len(n.children) == 0:
		return ""
	case len(n.children) == 1 && n.children[0].Kind == TextNode:
		return n.children[0].Value
	}
	var b strings.Builder
	n.writeText(&b)
	return b.String()
}

func (n *Node) writeText(b *strings.Builder) {
	for _, c := range n.children {
		switch {
		case c.Kind == TextNode:
			b.WriteString(c.Value)
		case c.Kind == ElementNode && !c.Hidden:
			c.writeText(b)
		}
	}
}

// holdsElements reports whether an element has child elements.
func (n *Node) holdsElements() bool {
	if n.Kind == ElementNode {
		for _, c := range n.children {
			if c.Kind == ElementNode {
				return true
			}
		}
	}
	return false
}

// SetText makes text the only child of an element; "" leaves it empty.
func (n *Node) SetText(text string) {
	if len(n.children) == 1 && n.children[0].Kind == TextNode && text != "" {
		n.children[0].Value = text
		return
	}
	for _, c := range n.children {
		c.parent = nil
	}
	n.children = nil
	if text != "" {
		n.Append(NewText(text))
	}
}

// Append adds children at the end and returns n. A child that is elsewhere is moved.
func (n *Node) Append(children ...*Node) *Node {
	for _, c := range children {
		n.Insert(len(n.children), c)
	}
	return n
}

// Insert puts a child at position i of n's children (0 first; beyond the end means last). A child that is elsewhere is
// moved. It does nothing when c is n or above n, because a tree has no loops.
func (n *Node) Insert(i int, c *Node) {
	for up := n; up != nil; up = up.parent {
		if up == c {
			return
		}
	}
	c.Remove()
	i = max(0, min(i, len(n.children)))
	n.children = append(n.children, nil)
	copy(n.children[i+1:], n.children[i:])
	n.children[i] = c
	c.parent = n
	renumber(n.children[i:], i)
}

// Remove takes n out of its parent. It does nothing for a node without one.
func (n *Node) Remove() {
	p := n.parent
	if p == nil {
		return
	}
	list := &p.children
	if n.Kind == AttributeNode {
		list = &p.attrs
	}
	*list = append((*list)[:n.at], (*list)[n.at+1:]...)
	renumber((*list)[n.at:], n.at)
	n.parent, n.at = nil, 0
}

func renumber(list []*Node, from int) {
	for i, c := range list {
		c.at = from + i
	}
}

// Index returns the position of n among its parent's children (or attributes), 0 first.
func (n *Node) Index() int { return n.at }

// Attr returns the value of the attribute with this name as written, and whether there is one.
func (n *Node) Attr(name string) (string, bool) {
	for _, a := range n.attrs {
		if a.QName() == name {
			return a.Value, true
		}
	}
	return "", false
}

// SetAttr sets an attribute without a namespace.
func (n *Node) SetAttr(name, value string) *Node {
	for _, a := range n.attrs {
		if a.QName() == name {
			a.Value = value
			return n
		}
	}
	n.addAttr(&Node{Kind: AttributeNode, Name: name, Value: value})
	return n
}

func (n *Node) addAttr(a *Node) {
	a.parent, a.at = n, len(n.attrs)
	n.attrs = append(n.attrs, a)
}

// Clone returns a deep copy of n without a parent.
func (n *Node) Clone() *Node {
	// Two pieces of memory for all of it: a submission is copied each time it is judged.
	total := n.count()
	c := copier{nodes: make([]Node, total), lists: make([]*Node, total)}
	return c.copy(n)
}

// count counts a node and all that hangs on it.
func (n *Node) count() int {
	total := 1
	for _, list := range [][]*Node{n.attrs, n.spaces, n.children} {
		for _, x := range list {
			total += x.count()
		}
	}
	return total
}

// copier is the room for a copy.
type copier struct {
	nodes []Node
	lists []*Node
}

func (c *copier) copy(n *Node) *Node {
	out := &c.nodes[0]
	c.nodes = c.nodes[1:]
	out.Kind, out.Prefix, out.Name, out.Space, out.Value, out.Hidden, out.Type = n.Kind, n.Prefix, n.Name, n.Space, n.Value, n.Hidden, n.Type
	out.attrs = c.all(n.attrs, out)
	out.spaces = c.all(n.spaces, out)
	out.children = c.all(n.children, out)
	return out
}

func (c *copier) all(list []*Node, parent *Node) []*Node {
	k := len(list)
	if k == 0 {
		return nil
	}
	out := c.lists[:k:k]
	c.lists = c.lists[k:]
	for i, x := range list {
		out[i] = c.copy(x)
		out[i].parent, out[i].at = parent, i
	}
	return out
}

// Path returns where the node is, as an XPath that finds it: /data/rep[2]/x, /data/@id. Positions are written only
// where siblings share a name.
func (n *Node) Path() string {
	var b strings.Builder
	n.writePath(&b)
	if b.Len() == 0 {
		return "/"
	}
	return b.String()
}

func (n *Node) writePath(b *strings.Builder) {
	if n.Kind == DocumentNode {
		return
	}
	if n.parent != nil {
		n.parent.writePath(b)
	}
	b.WriteByte('/')
	switch n.Kind {
	case AttributeNode:
		b.WriteString("@" + n.QName())
		return
	case NamespaceNode:
		b.WriteString("namespace::" + n.Name)
		return
	case ElementNode:
		b.WriteString(n.QName())
	case TextNode:
		b.WriteString("text()")
	case CommentNode:
		b.WriteString("comment()")
	case InstructionNode:
		b.WriteString("processing-instruction()")
	}
	if k, total := n.sameNamed(); total > 1 {
		b.WriteString("[" + strconv.Itoa(k) + "]")
	}
}

// sameNamed returns the 1-based position of n among siblings of its kind and name, and how many there are.
func (n *Node) sameNamed() (k, total int) {
	if n.parent == nil {
		return 1, 1
	}
	for _, s := range n.parent.children {
		if s.Kind == n.Kind && (s.Kind != ElementNode || s.Name == n.Name && s.Prefix == n.Prefix) {
			total++
		}
		if s == n {
			k = total
		}
	}
	return k, total
}

// before reports document order: whether a comes before b (XPath 1.0 section 5). Nodes of different trees are ordered
// by nothing and compare as false both ways.
func before(a, b *Node) bool {
	if a == b {
		return false
	}
	if a.parent == b.parent && a.parent != nil && a.Kind == b.Kind {
		return a.at < b.at
	}
	da, db := a.depth(), b.depth()
	x, y := a, b
	for ; da > db; da-- {
		x = x.parent
	}
	for ; db > da; db-- {
		y = y.parent
	}
	if x == y { // one holds the other; the holder is first
		return x == a
	}
	for x.parent != y.parent {
		x, y = x.parent, y.parent
	}
	if x.parent == nil {
		return false
	}
	if rx, ry := x.rank(), y.rank(); rx != ry {
		return rx < ry
	}
	return x.at < y.at
}

// rank orders what hangs on one element: namespaces, attributes, children.
func (n *Node) rank() int {
	switch n.Kind {
	case NamespaceNode:
		return 0
	case AttributeNode:
		return 1
	}
	return 2
}

func (n *Node) depth() int {
	d := 0
	for p := n.parent; p != nil; p = p.parent {
		d++
	}
	return d
}

// within reports whether n is under top (not top itself).
func (n *Node) within(top *Node) bool {
	for p := n.parent; p != nil; p = p.parent {
		if p == top {
			return true
		}
	}
	return false
}
