package xpath

import (
	"crypto/rand"
	"encoding/binary"
	"fmt"
	"io"
	"math"
	"time"
)

// evaluator is one evaluation. The first failure is kept in err; from then on every method returns at once, so callers
// need not check after each call.
type evaluator struct {
	terms
	env     *Env
	source  string
	root    *Node
	current *Node
	trail   []*Node // for chain
	err     error
	offset  int // of the term being evaluated, for errors

	steps   int // left before the next look at reserve and at the context
	reserve int // left after that
	memory  int
	maxText int
}

// frame is the context of XPath 1.0 section 1: a node, its position and the size of the set it is in. A position of 0
// means that there is no such set.
type frame struct {
	node      *Node
	pos, size int
}

var nowhere = NewDocument()

func newEvaluator(x *Expr, env *Env) *evaluator {
	e := &evaluator{
		terms: env.terms(), env: env, source: x.source, root: env.Root, current: env.Current,
		reserve: orDefault(env.Limits.Steps, defaultSteps),
		memory:  orDefault(env.Limits.Memory, defaultMemory),
		maxText: orDefault(env.Limits.Text, defaultText),
	}
	if e.root == nil && env.Node != nil {
		e.root = env.Node.Root()
	}
	if e.root == nil {
		e.root = nowhere
	}
	if e.current == nil {
		e.current = env.Node
	}
	if e.current == nil {
		e.current = e.root
	}
	return e
}

func (e *evaluator) start() frame {
	f := frame{node: e.env.Node, pos: e.env.Position, size: e.env.Size}
	if f.node == nil {
		f.node = e.root
	}
	return f
}

func (e *evaluator) fail(format string, args ...any) {
	e.failWith(nil, format, args...)
}

func (e *evaluator) failWith(cause error, format string, args ...any) {
	if e.err == nil {
		e.err = &EvalError{Source: e.source, Offset: e.offset, Reason: fmt.Sprintf(format, args...), Err: cause}
		e.steps, e.reserve = -1, 0 // so that spend says no from now on
	}
}

// spend takes n steps from the budget and reports whether the evaluation may go on.
func (e *evaluator) spend(n int) bool {
	e.steps -= n
	return e.steps >= 0 || e.refill()
}

// refill moves steps from the reserve, and looks whether the evaluation has failed or been cancelled meanwhile.
func (e *evaluator) refill() bool {
	const portion = 4096
	if e.err != nil {
		return false
	}
	if e.env.Context != nil {
		if err := e.env.Context.Err(); err != nil {
			e.failWith(err, "the evaluation was stopped")
			return false
		}
	}
	more := min(portion-e.steps, e.reserve)
	e.steps += more
	e.reserve -= more
	if e.steps < 0 {
		e.failWith(ErrLimit, "the expression takes too long to evaluate")
		return false
	}
	return true
}

// hold accounts for memory that a result takes.
func (e *evaluator) hold(bytes int) bool {
	if !e.spend(1 + bytes/256) {
		return false
	}
	if e.memory -= bytes; e.memory < 0 {
		e.failWith(ErrLimit, "the expression needs too much memory")
		return false
	}
	return true
}

// made accounts for a text that was made and returns it as a value.
func (e *evaluator) made(s string) Value {
	if len(s) > e.maxText {
		e.failWith(ErrLimit, "the expression makes a text of more than %d bytes", e.maxText)
		return Value{}
	}
	if !e.hold(len(s)) {
		return Value{}
	}
	return StringValue(s)
}

// eval evaluates a term in a context.
func (e *evaluator) eval(t Term, f frame) Value {
	if !e.spend(1) {
		return Value{}
	}
	switch n := t.(type) {
	case *Path:
		return Value{typ: NodesType, nodes: e.path(n, f)}
	case *Binary:
		return e.binary(n, f)
	case *Call:
		return e.call(n, f)
	case *Literal:
		return StringValue(n.Value)
	case *Number:
		return NumberValue(n.Value)
	case *Negation:
		return NumberValue(-e.number(e.eval(n.Operand, f)))
	case *Filter:
		return e.filter(n, f)
	case *Variable:
		v, ok := e.env.Variables[n.Name]
		if !ok {
			e.offset = n.off
			e.fail("there is no variable $%s here", n.Name)
		}
		return v
	}
	return Value{}
}

func (e *evaluator) call(n *Call, f frame) Value {
	if n.Function == nil || n.Function.Eval == nil {
		e.offset = n.off
		e.fail("%s cannot be called here", n.Name)
		return Value{}
	}
	a := Arguments{e: e, f: f, call: n}
	v := n.Function.Eval(&a)
	if e.err != nil {
		return Value{}
	}
	return v
}

func (e *evaluator) filter(n *Filter, f frame) Value {
	v := e.eval(n.Value, f)
	if e.err != nil {
		return v
	}
	if v.typ != NodesType {
		e.offset = n.off
		e.fail("only nodes can be narrowed with […], and this is a %s", v.typ)
		return v
	}
	nodes := v.nodes
	for _, p := range n.Predicates {
		nodes = e.narrow(nodes, p)
	}
	return Value{typ: NodesType, nodes: nodes}
}

// narrow keeps the nodes for which a predicate holds (XPath 1.0 section 2.4). It does not change its argument.
func (e *evaluator) narrow(nodes []*Node, pred Term) []*Node {
	if lit, ok := pred.(*Number); ok { // [3]
		i := int(lit.Value)
		if float64(i) != lit.Value || i < 1 || i > len(nodes) || !e.spend(1) {
			return nil
		}
		return nodes[i-1 : i : i]
	}
	var kept []*Node
	for i, n := range nodes {
		v := e.eval(pred, frame{node: n, pos: i + 1, size: len(nodes)})
		if e.err != nil {
			return nil
		}
		if v.typ == NumberType && v.num == float64(i+1) || v.typ != NumberType && e.truth(v) {
			kept = append(kept, n)
		}
	}
	return kept
}

func (e *evaluator) binary(n *Binary, f frame) Value {
	left := e.eval(n.Left, f)
	if e.err != nil {
		return Value{}
	}
	switch n.Op { // the two that may not look at their right side
	case OpOr:
		return BooleanValue(e.truth(left) || e.truth(e.eval(n.Right, f)))
	case OpAnd:
		return BooleanValue(e.truth(left) && e.truth(e.eval(n.Right, f)))
	}
	right := e.eval(n.Right, f)
	if e.err != nil {
		return Value{}
	}
	switch n.Op {
	case OpEqual, OpNotEqual, OpLess, OpLessEqual, OpGreater, OpGreaterEqual:
		return BooleanValue(e.compare(n.Op, left, right))
	case OpUnion:
		if left.typ != NodesType || right.typ != NodesType {
			e.offset = n.off
			e.fail("“|” joins nodes only")
			return Value{}
		}
		all := append(append(make([]*Node, 0, len(left.nodes)+len(right.nodes)), left.nodes...), right.nodes...)
		return Value{typ: NodesType, nodes: e.order(all)}
	}
	return NumberValue(arithmetic(n.Op, e.number(left), e.number(right)))
}

func arithmetic(op Op, a, b float64) float64 {
	switch op {
	case OpAdd:
		return a + b
	case OpSubtract:
		return a - b
	case OpMultiply:
		return a * b
	case OpDivide:
		return a / b
	}
	return math.Mod(a, b)
}

// text, number and truth are the conversions of terms with the work accounted for: the text of a node may be that of a
// whole document.
func (e *evaluator) text(v Value) string {
	if v.typ == NodesType && len(v.nodes) > 0 {
		return e.nodeText(v.nodes[0])
	}
	return e.terms.text(v)
}

func (e *evaluator) number(v Value) float64 {
	if v.typ == NodesType && !(len(v.nodes) > 0 && e.typed(v.nodes[0])) {
		return e.parseNumber(e.text(v))
	}
	return e.terms.number(v)
}

func (e *evaluator) truth(v Value) bool {
	if v.typ == NodesType && e.BlankIsEmpty && !(len(v.nodes) > 0 && e.typed(v.nodes[0])) {
		return e.text(v) != ""
	}
	return e.terms.truth(v)
}

func (e *evaluator) nodeText(n *Node) string {
	if n.Kind == ElementNode || n.Kind == DocumentNode {
		if len(n.children) > 1 && (!e.LeafText || n.Kind == DocumentNode) {
			e.weigh(n)
		}
	}
	if e.err != nil {
		return ""
	}
	s := e.terms.nodeText(n)
	e.spend(len(s) / 256)
	return s
}

// weigh accounts for the text of an element before it is put together.
func (e *evaluator) weigh(n *Node) {
	size := 0
	if e.descend(n, func(d *Node) bool {
		size += len(d.Value)
		return e.spend(1)
	}) && size > e.maxText {
		e.failWith(ErrLimit, "the text of a node is longer than %d bytes", e.maxText)
		return
	}
	e.hold(size)
}

// random returns 64 random bits.
func (e *evaluator) random() uint64 {
	src := e.env.Random
	if src == nil {
		src = rand.Reader
	}
	var b [8]byte
	if _, err := io.ReadFull(src, b[:]); err != nil {
		e.failWith(err, "no random numbers can be had: %v", err)
	}
	return binary.LittleEndian.Uint64(b[:])
}

// now is the clock.
func (e *evaluator) now() time.Time {
	if e.env.Now != nil {
		return e.env.Now().In(e.loc)
	}
	return time.Now().In(e.loc)
}
