package xpath

import (
	"context"
	"crypto/rand"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"math"
	"slices"
	"time"
)

// Env is what an expression is evaluated in. Only Node is needed; each further field gives a group of functions what
// they ask for. An Env may be reused and copied, and used by many goroutines as long as its functions may be.
type Env struct {
	Node *Node // the context node: what relative paths and "." start from

	// Current is what current() gives; Node when nil.
	Current *Node
	// Root is where absolute paths start: the document of the main instance. The root of Node's tree when nil.
	Root *Node
	// Position and Size are what position() and last() give outside predicates. Without them position() is the place of
	// Node among its siblings of the same name, and last() is 1.
	Position, Size int

	// Instance finds a secondary instance for instance('id'): a document whose element is the one inside <instance>.
	// It returns nil where there is none.
	Instance func(id string) (*Node, error)
	// Variables gives $name its value.
	Variables map[string]Value
	// Itext gives jr:itext('id') its text in the language in use, and whether there is one.
	Itext func(id string) (string, bool)
	// ChoiceName gives jr:choice-name(value, path) the label of a choice of the question at path. The path is as
	// written in the expression and may be relative to at.
	ChoiceName func(at *Node, path, value string) (string, bool)
	// PullData answers pulldata(instance, want, key, value) where the data is not an instance. When nil, pulldata reads
	// instance(instance)/root/item[key=value]/want.
	PullData func(instance, want, key, value string) (string, error)
	// Property answers property(name), such as "deviceid" and "username".
	Property func(name string) string
	// Version is what version() gives: the version of the form.
	Version string

	// Rules says whose answers are wanted; Collect when nil.
	Rules *Rules
	// Now is the clock of now() and today(); time.Now when nil.
	Now func() time.Time
	// Zone is the time zone of dates without one; UTC when nil.
	Zone *time.Location
	// Months and Weekdays are the short names for format-date's %b and %a, from January and from Sunday; English when
	// empty.
	Months, Weekdays []string
	// Random is the source of random(), uuid() and randomize() without a seed; crypto/rand when nil.
	Random io.Reader

	// Limits bounds the evaluation.
	Limits Limits
	// Context ends the evaluation early when it is cancelled. It may be nil.
	Context context.Context
}

// Limits bounds what one evaluation may use. A zero field means the default.
type Limits struct {
	Steps  int // nodes visited, operations done and blocks of text handled; default 10,000,000
	Text   int // bytes of any one text made; default 4 MiB
	Memory int // bytes of all texts and node lists made; default 256 MiB
}

const (
	defaultSteps  = 10_000_000
	defaultText   = 4 << 20
	defaultMemory = 256 << 20
)

// ErrLimit is in the chain of an error that a limit caused.
var ErrLimit = errors.New("the expression needs more than it is allowed")

// Eval evaluates the expression. The error is an *EvalError.
func (x *Expr) Eval(env *Env) (Value, error) {
	if env == nil {
		env = &Env{}
	}
	e := newEvaluator(x, env)
	v := e.eval(x.root, e.start())
	if e.err != nil {
		return Value{}, e.err
	}
	v.nodes = slices.Clone(v.nodes) // they may be a part of the tree's own lists
	return v, nil
}

// Text evaluates the expression and converts the answer to a string.
func (x *Expr) Text(env *Env) (string, error) {
	v, err := x.Eval(env)
	return env.Text(v), err
}

// Number evaluates the expression and converts the answer to a number.
func (x *Expr) Number(env *Env) (float64, error) {
	v, err := x.Eval(env)
	return env.Number(v), err
}

// True evaluates the expression and converts the answer to a boolean.
func (x *Expr) True(env *Env) (bool, error) {
	v, err := x.Eval(env)
	return env.True(v), err
}

// Nodes evaluates the expression and returns its nodes; it is an error when the answer is not a node-set.
func (x *Expr) Nodes(env *Env) ([]*Node, error) {
	v, err := x.Eval(env)
	if err == nil && v.typ != NodesType {
		err = &EvalError{Source: x.source, Reason: "a path is wanted here, and this gives a " + v.typ.String()}
	}
	return v.nodes, err
}

// Text converts a value to a string under the environment's rules.
func (env *Env) Text(v Value) string { return env.terms().text(v) }

// Number converts a value to a number under the environment's rules.
func (env *Env) Number(v Value) float64 { return env.terms().number(v) }

// True converts a value to a boolean under the environment's rules.
func (env *Env) True(v Value) bool { return env.terms().truth(v) }

func (env *Env) terms() terms {
	if env == nil {
		env = &Env{}
	}
	t := terms{Rules: env.Rules, loc: env.Zone}
	if t.Rules == nil {
		t.Rules = Collect
	}
	if t.loc == nil {
		t.loc = time.UTC
	}
	return t
}

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
