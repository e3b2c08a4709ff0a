package export

// Node is a place of the form: a repeat (Table), a question or calculation (Field), or, with
// neither, a group.
type Node struct {
	Path  string // /data/household/member
	Name  string
	Table *Table
	Field *Field
}

// Nodes gives every place below the root in the order of the form, what holds others first.
func (l *Layout) Nodes() []Node {
	var out []Node
	var walk func(n *node, path string)
	walk = func(n *node, path string) {
		for _, k := range n.kids {
			at := path + "/" + k.name
			out = append(out, Node{at, k.name, k.table, k.field})
			walk(k, at)
		}
	}
	walk(l.root, "/"+l.root.name)
	return out
}
