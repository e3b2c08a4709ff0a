package xpath

// Arguments is what a function is called with. Arguments are evaluated when they are asked for, so a function that does
// not look at one does not pay for it. After a failure all methods return zero values and the function's own result is
// not used, so a function need not check for errors.
type Arguments struct {
	e    *evaluator
	f    frame
	call *Call
}

// Len returns how many arguments were given.
func (a *Arguments) Len() int { return len(a.call.Args) }

// Has reports whether argument i (from 0) was given.
func (a *Arguments) Has(i int) bool { return i < len(a.call.Args) }

// Node returns the context node.
func (a *Arguments) Node() *Node { return a.f.node }

// Env returns the environment of the evaluation.
func (a *Arguments) Env() *Env { return a.e.env }

// Value evaluates argument i. An argument that was not given is the empty string.
func (a *Arguments) Value(i int) Value {
	if i >= len(a.call.Args) {
		return Value{}
	}
	return a.e.eval(a.call.Args[i], a.f)
}

// Text evaluates argument i as a string.
func (a *Arguments) Text(i int) string { return a.e.text(a.Value(i)) }

// Number evaluates argument i as a number.
func (a *Arguments) Number(i int) float64 { return a.e.number(a.Value(i)) }

// True evaluates argument i as a boolean.
func (a *Arguments) True(i int) bool { return a.e.truth(a.Value(i)) }

// Nodes evaluates argument i, which must be a node-set.
func (a *Arguments) Nodes(i int) []*Node {
	v := a.Value(i)
	if v.typ != NodesType && a.e.err == nil {
		a.Fail("%s needs a path as argument %d, and this is a %s", a.call.Name, i+1, v.typ)
	}
	return v.nodes
}

// Each evaluates the arguments from number i on and returns their values, with every node of a node-set apart. Where no
// node counts as an empty one, a path to nothing gives one empty text beside other arguments, and nothing alone.
func (a *Arguments) Each(i int) []Value {
	var out []Value
	alone := i == len(a.call.Args)-1
	for ; i < len(a.call.Args); i++ {
		v := a.Value(i)
		if a.e.err != nil {
			return nil
		}
		if v.typ != NodesType {
			out = append(out, v)
			continue
		}
		if len(v.nodes) == 0 && !alone && a.e.BlankIsEmpty {
			out = append(out, Value{})
			continue
		}
		if !a.e.hold(len(v.nodes) * 64) {
			return nil
		}
		for j := range v.nodes {
			out = append(out, Value{typ: NodesType, nodes: v.nodes[j : j+1 : j+1]})
		}
	}
	return out
}

// Fail makes the evaluation end with an error at this call.
func (a *Arguments) Fail(format string, args ...any) {
	a.e.offset = a.call.off
	a.e.fail(format, args...)
}

// said quotes argument i for a message, after a space, where it is written out in the expression. What an expression
// reads from a document is never quoted: it may be a name or a telephone number.
func (a *Arguments) said(i int) string {
	if lit, ok := a.call.Args[i].(*Literal); ok {
		return " “" + lit.Value + "”"
	}
	return ""
}

// made accounts for a text the function made.
func (a *Arguments) made(s string) Value {
	a.e.offset = a.call.off
	return a.e.made(s)
}
