package xpath

import (
	"crypto/sha256"
	"encoding/binary"
	"math"
	"sort"
	"strings"
)

var nodesetFunctions = []Function{
	{Name: "count", Args: "path", Min: 1, Max: 1, Doc: "How many nodes there are.",
		Eval: func(a *Arguments) Value { return NumberValue(float64(len(a.Nodes(0)))) }},
	{Name: "count-non-empty", Args: "path", Min: 1, Max: 1, Eval: fnCountNonEmpty, Doc: "How many nodes are not empty."},
	{Name: "position", Args: "node?", Max: 1, Eval: fnPosition,
		Doc: "The place of the node among its siblings of the same name; without one, of the context node in its set."},
	{Name: "last", Doc: "The size of the set that the context node is in (XPath 1.0).",
		Eval: func(a *Arguments) Value { return NumberValue(float64(max(a.f.size, 1))) }},
	{Name: "current", Doc: "The node the whole expression is about, also inside […].",
		Eval: func(a *Arguments) Value { return NodesValue(a.e.current) }},
	{Name: "instance", Args: "id", Min: 1, Max: 1, Eval: fnInstance, Doc: "The secondary instance with this id."},
	{Name: "randomize", Args: "path, seed?", Min: 1, Max: 2, Eval: fnRandomize,
		Doc: "The nodes in a random order, the same each time for one seed."},
	{Name: "indexed-repeat", Args: "path, repeat, index, …", Min: 3, Max: -1, Step: 2, Eval: fnIndexedRepeat,
		Doc: "The nodes of the path in the given repetitions (1 first)."},
	{Name: "id", Args: "ids", Min: 1, Max: 1, Eval: fnID, Doc: "The elements whose attribute id is one of these (XPath 1.0)."},
	{Name: "name", Args: "path?", Max: 1, Doc: "The name of the first node as written (XPath 1.0).",
		Eval: nameOf(func(n *Node) string { return n.QName() })},
	{Name: "local-name", Args: "path?", Max: 1, Doc: "The name of the first node without its prefix (XPath 1.0).",
		Eval: nameOf(func(n *Node) string { return n.Name })},
	{Name: "namespace-uri", Args: "path?", Max: 1, Doc: "The namespace of the first node (XPath 1.0).",
		Eval: nameOf(func(n *Node) string { return n.Space })},
}

func fnCountNonEmpty(a *Arguments) Value {
	count := 0.0
	for _, n := range a.Nodes(0) {
		if a.e.nodeText(n) != "" || a.e.LeafText && n.holdsElements() {
			count++
		}
	}
	return NumberValue(count)
}

func fnPosition(a *Arguments) Value {
	node := a.f.node
	if !a.Has(0) {
		if a.f.pos > 0 {
			return NumberValue(float64(a.f.pos))
		}
	} else {
		nodes := a.Nodes(0)
		if len(nodes) == 0 {
			return NumberValue(math.NaN())
		}
		node = nodes[0]
	}
	if node.parent != nil && !a.e.spend(1+len(node.parent.children)/4) {
		return Value{}
	}
	place, _ := node.sameNamed()
	return NumberValue(float64(place))
}

func fnInstance(a *Arguments) Value {
	id := a.Text(0)
	if a.e.err != nil {
		return Value{}
	}
	n := a.findInstance(id)
	if n == nil {
		a.Fail("there is no instance%s", a.said(0))
		return Value{}
	}
	return NodesValue(n)
}

func (a *Arguments) findInstance(id string) *Node {
	if a.e.env.Instance == nil {
		return nil
	}
	n, err := a.e.env.Instance(id)
	if err != nil {
		a.e.offset = a.call.off
		a.e.failWith(err, "the instance%s cannot be read: %v", a.said(0), err)
	}
	return n
}

func fnRandomize(a *Arguments) Value {
	nodes := a.Nodes(0)
	if !a.e.hold(16 * len(nodes)) {
		return Value{}
	}
	if !a.Has(1) {
		return NodesValue(shuffle(nodes, func() float64 { return float64(a.e.random()>>11) / (1 << 53) })...)
	}
	v := a.Value(1)
	return NodesValue(shuffle(nodes, parkMiller(a.e.seed(v), a.e.DoubleSeed))...)
}

// seed turns the second argument of randomize into a whole number as JavaRosa does: a number is cut to a Java long, ""
// is 0, and any other text is the first 8 bytes of its SHA-256, big-endian.
func (e *evaluator) seed(v Value) int64 {
	x := e.number(v)
	if s := e.text(v); math.IsNaN(x) && v.typ != NumberType && s != "" {
		sum := sha256.Sum256([]byte(s))
		return int64(binary.BigEndian.Uint64(sum[:8]))
	}
	return toInt64(x)
}

// shuffle is the "inside-out" Fisher-Yates shuffle that the ODK XForms specification names.
func shuffle(nodes []*Node, random func() float64) []*Node {
	out := make([]*Node, 0, len(nodes))
	for i, n := range nodes {
		j := int(random() * float64(i+1))
		out = append(out, n)
		if j != i {
			out[i] = out[j]
			out[j] = n
		}
	}
	return out
}

// parkMiller is the Park-Miller "minimal standard" generator (CACM 31(10), 1988: multiplier 16807, modulus 2^31-1),
// with the form engines' way of starting from any seed.
func parkMiller(seed int64, double bool) func() float64 {
	const modulus, multiplier = 1<<31 - 1, 16807
	if double {
		seed = int64(math.Mod(float64(seed), modulus))
	} else {
		seed %= modulus
	}
	if seed <= 0 {
		seed += modulus - 1
	}
	return func() float64 {
		seed = seed * multiplier % modulus
		return float64(seed-1) / (modulus - 1)
	}
}

// fnIndexedRepeat finds the chosen repetition of each repeat, from the outermost in, and returns the nodes of the path
// inside the innermost.
func fnIndexedRepeat(a *Arguments) Value {
	type level struct {
		nodes []*Node
		index int
	}
	e := a.e
	chosen := map[int]bool{} // depths at which an index decides
	for i := 1; i < a.Len(); i += 2 {
		if p, ok := a.call.Args[i].(*Path); ok && p.Absolute {
			chosen[len(p.Steps)-1] = true
		}
		if e.FirstRepeat && !a.holdsTarget(i) {
			a.Fail("indexed-repeat: the path %s is not inside the repeat %s", Format(a.call.Args[0]), Format(a.call.Args[i]))
			return Value{}
		}
	}
	var levels []level
	for i := 1; i < a.Len(); i += 2 {
		index := toInt32(a.Number(i + 1))
		if index < 1 && e.FirstRepeat {
			index = 1
		}
		levels = append(levels, level{a.inRepetition(i, chosen), index})
	}
	targets := a.inRepetition(0, chosen)
	if e.err != nil {
		return Value{}
	}
	sort.SliceStable(levels, func(i, j int) bool {
		x, y := levels[i].nodes, levels[j].nodes
		return len(x) > 0 && len(y) > 0 && x[0].depth() < y[0].depth()
	})
	var holder *Node
	for _, l := range levels {
		var inside []*Node
		for _, n := range l.nodes {
			if e.spend(1) && (holder == nil || n.within(holder)) {
				inside = append(inside, n)
			}
		}
		if l.index < 1 || l.index > len(inside) {
			return NodesValue()
		}
		holder = inside[l.index-1]
	}
	var out []*Node
	for _, n := range targets {
		if e.spend(1) && (n == holder || n.within(holder)) {
			out = append(out, n)
		}
	}
	return NodesValue(out...)
}

// holdsTarget reports whether the repeat in argument i can hold the path in argument 0. Paths that are not plain names
// from the root get the benefit of the doubt.
func (a *Arguments) holdsTarget(i int) bool {
	target, ok1 := a.call.Args[0].(*Path)
	repeat, ok2 := a.call.Args[i].(*Path)
	if !ok1 || !ok2 {
		return false
	}
	if !target.Absolute || !repeat.Absolute || !allPlain(target.Steps) || !allPlain(repeat.Steps) {
		return true
	}
	if len(repeat.Steps) > len(target.Steps) {
		return false
	}
	for k, s := range repeat.Steps {
		if s.Test != target.Steps[k].Test {
			return false
		}
	}
	return true
}

// inRepetition evaluates an absolute path in the repetitions that hold the context node, except at the depths where an
// index decides: the step there is left open, and those below keep the context's positions.
func (a *Arguments) inRepetition(i int, chosen map[int]bool) []*Node {
	p, ok := a.call.Args[i].(*Path)
	if !ok || !p.Absolute || !a.e.RepeatContext {
		return a.Nodes(i)
	}
	steps := append([]Step{}, p.Steps...)
	chain := a.e.chain(a.f.node)
	for k := 0; k < len(steps) && k < len(chain) && steps[k].plain(); k++ {
		n := chain[len(chain)-1-k]
		if !steps[k].Test.matches(n, Child) {
			break
		}
		if place, total := n.sameNamed(); total > 1 && !chosen[k] {
			steps[k].Predicates = []Term{&Number{Value: float64(place)}}
		}
	}
	return a.e.walk(a.e.root, steps)
}

func allPlain(steps []Step) bool {
	for i := range steps {
		if !steps[i].plain() {
			return false
		}
	}
	return true
}

func fnID(a *Arguments) Value {
	want := map[string]bool{}
	for _, v := range a.Each(0) {
		for _, id := range strings.Fields(a.e.text(v)) {
			want[id] = true
		}
	}
	var out []*Node
	a.e.descend(a.f.node.Root(), func(n *Node) bool {
		for _, name := range []string{"id", "xml:id"} {
			if id, ok := n.Attr(name); ok && want[id] {
				out = append(out, n)
				delete(want, id) // an id belongs to the first element that has it
			}
		}
		return a.e.spend(1)
	})
	return NodesValue(out...)
}

func nameOf(name func(*Node) string) func(*Arguments) Value {
	return func(a *Arguments) Value {
		n := a.f.node
		if a.Has(0) {
			nodes := a.Nodes(0)
			if len(nodes) == 0 {
				return StringValue("")
			}
			n = nodes[0]
		}
		return StringValue(name(n))
	}
}
