package xpath

import "strings"

// Term is one node of a parsed expression: *Number, *Literal, *Variable, *Negation, *Binary, *Call, *Path or *Filter.
type Term interface {
	// Offset is the position of the term in the source, in bytes from 0.
	Offset() int

	write(b *strings.Builder, outer int)
	kids(visit func(Term))
	depth() int
}

// base is what all terms share: where the term starts, and how many terms are stacked under it (so that the depth of
// recursion is known when parsing).
type base struct {
	off   int
	level int
}

// Offset is the position of the term in the source, in bytes from 0.
func (b base) Offset() int { return b.off }
func (b base) depth() int  { return b.level }

// Number is a numeric literal. Source keeps the digits as written.
type Number struct {
	base
	Value  float64
	Source string
}

// Literal is a string literal.
type Literal struct {
	base
	Value string
}

// Variable is $name.
type Variable struct {
	base
	Name string
}

// Negation is the unary minus.
type Negation struct {
	base
	Operand Term
}

// Op is a binary operator.
type Op uint8

// The binary operators, loosest first.
const (
	OpOr Op = iota
	OpAnd
	OpEqual
	OpNotEqual
	OpLess
	OpLessEqual
	OpGreater
	OpGreaterEqual
	OpAdd
	OpSubtract
	OpMultiply
	OpDivide
	OpModulo
	OpUnion
)

var operators = [...]struct {
	text string
	prec int
}{
	OpOr: {"or", 1}, OpAnd: {"and", 2}, OpEqual: {"=", 3}, OpNotEqual: {"!=", 3},
	OpLess: {"<", 4}, OpLessEqual: {"<=", 4}, OpGreater: {">", 4}, OpGreaterEqual: {">=", 4},
	OpAdd: {"+", 5}, OpSubtract: {"-", 5}, OpMultiply: {"*", 6}, OpDivide: {"div", 6}, OpModulo: {"mod", 6},
	OpUnion: {"|", 8},
}

const (
	precUnary = 7
	precPath  = 9
)

// String returns the operator as written in an expression.
func (o Op) String() string { return operators[o].text }

// Binary is Left Op Right.
type Binary struct {
	base
	Op          Op
	Left, Right Term
}

// Call is a function call. Function is what the name stands for.
type Call struct {
	base
	Name     string // as written, with its prefix: "jr:itext"
	Args     []Term
	Function *Function
}

// Filter is a value with predicates that is not a path step: instance('x')[…], (a | b)[1].
type Filter struct {
	base
	Value      Term
	Predicates []Term
}

// Path is a location path. With Start it begins at the nodes of that term (instance('x')/root/item), with Absolute at
// the root of the document, otherwise at the context node.
type Path struct {
	base
	Start    Term
	Absolute bool
	Steps    []Step
}

// Step is one step of a path.
type Step struct {
	Axis       Axis
	Test       Test
	Predicates []Term
}

// Axis is a direction of XPath 1.0 section 2.2.
type Axis uint8

// The thirteen axes.
const (
	Child Axis = iota
	Descendant
	Parent
	Ancestor
	FollowingSibling
	PrecedingSibling
	Following
	Preceding
	Attribute
	Namespace
	Self
	DescendantOrSelf
	AncestorOrSelf
)

var axisNames = [...]string{
	"child", "descendant", "parent", "ancestor", "following-sibling", "preceding-sibling", "following", "preceding",
	"attribute", "namespace", "self", "descendant-or-self", "ancestor-or-self",
}

// String returns the name of the axis as written before "::".
func (a Axis) String() string { return axisNames[a] }

// Test is a node test: a name ("a", "p:a", "*", "p:*") or a node type.
type Test struct {
	Kind   TestKind
	Prefix string
	Name   string // local name or "*"; the target in processing-instruction('target')
	Space  string // the namespace the prefix was bound to when compiling, "" when it was not
}

// TestKind is the sort of a node test.
type TestKind uint8

// The node tests.
const (
	TestName TestKind = iota
	TestNode
	TestText
	TestComment
	TestInstruction
)

var testNames = [...]string{TestNode: "node", TestText: "text", TestComment: "comment", TestInstruction: "processing-instruction"}

func (t Test) String() string {
	switch {
	case t.Kind == TestName:
		return qname(t.Prefix, t.Name)
	case t.Kind == TestInstruction && t.Name != "":
		return "processing-instruction(" + quote(t.Name) + ")"
	}
	return testNames[t.Kind] + "()"
}

// Walk calls visit for t and every term under it, outer terms first. Where visit returns false, what is under that term
// is left out.
func Walk(t Term, visit func(Term) bool) {
	if t != nil && visit(t) {
		t.kids(func(k Term) { Walk(k, visit) })
	}
}

func (*Number) kids(func(Term))           {}
func (*Literal) kids(func(Term))          {}
func (*Variable) kids(func(Term))         {}
func (n *Negation) kids(visit func(Term)) { visit(n.Operand) }
func (n *Binary) kids(visit func(Term))   { visit(n.Left); visit(n.Right) }
func (n *Call) kids(visit func(Term))     { each(n.Args, visit) }
func (n *Filter) kids(visit func(Term))   { visit(n.Value); each(n.Predicates, visit) }
func (n *Path) kids(visit func(Term)) {
	if n.Start != nil {
		visit(n.Start)
	}
	for _, s := range n.Steps {
		each(s.Predicates, visit)
	}
}

func each(list []Term, visit func(Term)) {
	for _, t := range list {
		visit(t)
	}
}

// Rewrite returns a copy of t in which every term has been offered to change, inner terms first. Change returns the
// term that stands in its place, or the term itself. The original is left as it was.
func Rewrite(t Term, change func(Term) Term) Term {
	all := func(list []Term) []Term {
		out := make([]Term, len(list))
		for i, x := range list {
			out[i] = Rewrite(x, change)
		}
		return out
	}
	switch n := t.(type) {
	case *Negation:
		c := *n
		c.Operand = Rewrite(n.Operand, change)
		t = &c
	case *Binary:
		c := *n
		c.Left, c.Right = Rewrite(n.Left, change), Rewrite(n.Right, change)
		t = &c
	case *Call:
		c := *n
		c.Args = all(n.Args)
		t = &c
	case *Filter:
		c := *n
		c.Value, c.Predicates = Rewrite(n.Value, change), all(n.Predicates)
		t = &c
	case *Path:
		c := *n
		if n.Start != nil {
			c.Start = Rewrite(n.Start, change)
		}
		c.Steps = make([]Step, len(n.Steps))
		for i, s := range n.Steps {
			s.Predicates = all(s.Predicates)
			c.Steps[i] = s
		}
		t = &c
	}
	return change(t)
}
