package xpath

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
)

const (
	maxSource = 1 << 20 // bytes of an expression
	maxLevel  = 1000    // terms stacked on one another; bounds the recursion of everything that walks a tree
)

// parser is a recursive descent over the tokens. The first error stops it: err is set once and every method then
// returns quickly.
type parser struct {
	compiler *Compiler
	src      string
	toks     []token
	at       int
	nested   int
	err      *SyntaxError
}

func (p *parser) parse() (Term, error) {
	if len(p.src) > maxSource {
		return nil, syntaxError(p.src, 0, fmt.Sprintf("the expression is longer than %d bytes", maxSource), "split it over several calculations")
	}
	if strings.TrimSpace(p.src) == "" {
		return nil, syntaxError(p.src, 0, "the expression is empty", "")
	}
	if p.toks, p.err = lex(p.src); p.err != nil {
		return nil, p.err
	}
	t := p.binary(0)
	if p.err == nil && p.peek().kind != tokEnd {
		p.unexpected("after the end of the expression")
	}
	if p.err != nil {
		return nil, p.err
	}
	return t, nil
}

func (p *parser) peek() token { return p.toks[p.at] }

func (p *parser) take() token {
	t := p.toks[p.at]
	if p.err == nil && t.kind != tokEnd {
		p.at++
	}
	return t
}

func (p *parser) sign(text string) bool {
	t := p.peek()
	return p.err == nil && t.kind == tokSign && t.text == text
}

func (p *parser) accept(text string) bool {
	if p.sign(text) {
		p.at++
		return true
	}
	return false
}

func (p *parser) expect(text, where string) {
	if !p.accept(text) && p.err == nil {
		p.unexpected(fmt.Sprintf("where “%s” %s should be", text, where))
	}
}

func (p *parser) fail(off int, reason, hint string) {
	if p.err == nil {
		p.err = syntaxError(p.src, off, reason, hint)
	}
}

func (p *parser) unexpected(where string) {
	t := p.peek()
	what := "“" + t.text + "”"
	switch t.kind {
	case tokEnd:
		p.fail(t.off, "the expression stops "+where, "")
		return
	case tokString:
		what = "the text " + quote(t.text)
	case tokOp:
		what = "“" + t.op.String() + "”"
	}
	p.fail(t.off, what+" stands "+where, "")
}

// set puts the offset and level into a finished term and refuses one that is stacked too high.
func (p *parser) set(b *base, off int, kids ...Term) {
	b.off = off
	for _, k := range kids {
		if k != nil {
			b.level = max(b.level, k.depth()+1)
		}
	}
	if b.level > maxLevel {
		p.fail(off, fmt.Sprintf("the expression is nested more than %d deep", maxLevel), "split it over several calculations")
	}
}

// enter bounds the recursion of the parser itself.
func (p *parser) enter() bool {
	if p.nested++; p.nested > maxLevel {
		p.fail(p.peek().off, fmt.Sprintf("the expression is nested more than %d deep", maxLevel), "split it over several calculations")
	}
	return p.err == nil
}

func (p *parser) leave() { p.nested-- }

// binary parses operators that bind at least as tightly as prec, by precedence climbing.
func (p *parser) binary(prec int) Term {
	if !p.enter() {
		return nil
	}
	defer p.leave()
	left := p.unary()
	for p.err == nil {
		t := p.peek()
		if t.kind != tokOp || operators[t.op].prec < prec {
			return left
		}
		p.take()
		var right Term
		if t.op == OpUnion {
			right = p.path()
		} else {
			right = p.binary(operators[t.op].prec + 1)
		}
		if p.err != nil {
			return nil
		}
		n := &Binary{Op: t.op, Left: left, Right: right}
		p.set(&n.base, t.off, left, right)
		left = n
	}
	return nil
}

// unary parses a minus sign before a union, or a union's first path.
func (p *parser) unary() Term {
	t := p.peek()
	if t.kind != tokOp || t.op != OpSubtract {
		return p.path()
	}
	if !p.enter() {
		return nil
	}
	defer p.leave()
	p.take()
	operand := p.unary()
	for p.err == nil && p.peek().kind == tokOp && p.peek().op == OpUnion {
		u := p.take()
		n := &Binary{Op: OpUnion, Left: operand, Right: p.path()}
		if p.err != nil {
			return nil
		}
		p.set(&n.base, u.off, n.Left, n.Right)
		operand = n
	}
	if p.err != nil {
		return nil
	}
	n := &Negation{Operand: operand}
	p.set(&n.base, t.off, operand)
	return n
}

// path parses a location path or a filter expression (XPath 1.0 sections 2 and 3.3).
func (p *parser) path() Term {
	t := p.peek()
	start := p.primary()
	if p.err != nil {
		return nil
	}
	if start != nil {
		if preds := p.predicates(); len(preds) > 0 {
			n := &Filter{Value: start, Predicates: preds}
			p.set(&n.base, t.off, append(preds, start)...)
			start = n
		}
		if !p.sign("/") && !p.sign("//") {
			return start
		}
	}
	n := &Path{Start: start}
	switch {
	case p.accept("//"):
		n.Absolute = start == nil
		n.Steps = append(n.Steps, Step{Axis: DescendantOrSelf, Test: Test{Kind: TestNode}}, p.step())
	case p.accept("/"):
		n.Absolute = start == nil
		if n.Absolute && !p.startsStep() {
			p.finishPath(n, t.off) // "/" alone is the document
			return n
		}
		n.Steps = append(n.Steps, p.step())
	default:
		n.Steps = append(n.Steps, p.step())
	}
	for p.err == nil && (p.sign("/") || p.sign("//")) {
		if p.take().text == "//" {
			n.Steps = append(n.Steps, Step{Axis: DescendantOrSelf, Test: Test{Kind: TestNode}})
		}
		n.Steps = append(n.Steps, p.step())
	}
	if p.err != nil {
		return nil
	}
	p.finishPath(n, t.off)
	return n
}

func (p *parser) finishPath(n *Path, off int) {
	var kids []Term
	n.kids(func(k Term) { kids = append(kids, k) })
	p.set(&n.base, off, kids...)
}

// startsStep says whether the next token can begin a step.
func (p *parser) startsStep() bool {
	t := p.peek()
	switch t.kind {
	case tokName, tokAxis:
		return true
	case tokSign:
		return t.text == "." || t.text == ".." || t.text == "@"
	}
	return false
}

// primary parses what is not a path: a literal, a number, a variable, parentheses, a call. It returns nil without an
// error where a path begins instead.
func (p *parser) primary() Term {
	t := p.peek()
	switch {
	case t.kind == tokNumber:
		p.take()
		if next := p.peek(); next.kind == tokName && next.off == t.off+len(t.text) {
			p.fail(t.off, "“"+t.text+next.text+"” is neither a number nor a name", "names do not begin with a digit, and numbers have no exponent")
			return nil
		}
		v, _ := strconv.ParseFloat(t.text, 64) // digits and a point only; too large gives +Inf, as wanted
		n := &Number{Value: v, Source: t.text}
		p.set(&n.base, t.off)
		return n
	case t.kind == tokString:
		p.take()
		n := &Literal{Value: t.text}
		p.set(&n.base, t.off)
		return n
	case t.kind == tokVar:
		p.take()
		n := &Variable{Name: t.text}
		p.set(&n.base, t.off)
		return n
	case p.accept("("):
		n := p.binary(0)
		p.expect(")", "to close the parenthesis")
		return n
	case t.kind == tokName && p.callFollows() && !isNodeType(t.text):
		return p.call()
	case p.startsStep() || p.sign("/") || p.sign("//"):
		return nil
	}
	p.unexpected("where a value should be")
	return nil
}

func (p *parser) callFollows() bool {
	next := p.toks[p.at+1]
	return next.kind == tokSign && next.text == "("
}

func isNodeType(name string) bool { return slices.Contains(testNames[TestNode:], name) }

func (p *parser) call() Term {
	t := p.take()
	p.take() // the parenthesis
	n := &Call{Name: t.text}
	if !p.accept(")") {
		for {
			n.Args = append(n.Args, p.binary(0))
			if p.err != nil || !p.accept(",") {
				break
			}
		}
		p.expect(")", "to close "+t.text+"(")
	}
	if p.err != nil {
		return nil
	}
	n.Function = p.function(t, len(n.Args))
	p.set(&n.base, t.off, n.Args...)
	return n
}

// function finds what a call means and checks the number of arguments.
func (p *parser) function(t token, args int) *Function {
	f := p.compiler.lookup(t.text)
	if f == nil && p.compiler.AnyFunction {
		return nil
	}
	if f == nil {
		hint := "see the list of ODK functions"
		if near := suggest(t.text, p.compiler.functionNames()); near != "" {
			hint = "did you mean “" + near + "”?"
		}
		p.fail(t.off, "there is no function “"+t.text+"”", hint)
		return nil
	}
	if args < f.Min || f.Max >= 0 && args > f.Max || f.Step > 1 && (args-f.Min)%f.Step != 0 {
		p.fail(t.off, fmt.Sprintf("%s takes %s, and %d %s given", t.text, f.arity(), args, pick(args == 1, "is", "are")), "write "+f.Usage())
	}
	return f
}

func pick(cond bool, a, b string) string {
	if cond {
		return a
	}
	return b
}

func (p *parser) predicates() []Term {
	var out []Term
	for p.err == nil && p.accept("[") {
		out = append(out, p.binary(0))
		p.expect("]", "to close the predicate")
	}
	return out
}

func (p *parser) step() Step {
	var s Step
	switch t := p.peek(); {
	case p.accept("."):
		return p.shortStep(Self, ".")
	case p.accept(".."):
		return p.shortStep(Parent, "..")
	case p.accept("@"):
		s.Axis = Attribute
	case t.kind == tokAxis:
		p.take()
		axis := slices.Index(axisNames[:], t.text)
		if axis < 0 {
			hint := "the axes are " + strings.Join(axisNames[:], ", ")
			if near := suggest(t.text, axisNames[:]); near != "" {
				hint = "did you mean “" + near + "::”?"
			}
			p.fail(t.off, "there is no axis “"+t.text+"”", hint)
			return s
		}
		s.Axis = Axis(axis)
	}
	s.Test = p.test(s.Axis)
	s.Predicates = p.predicates()
	return s
}

// shortStep is "." or "..", which take no predicates (XPath 1.0 section 2.5).
func (p *parser) shortStep(axis Axis, text string) Step {
	if p.sign("[") {
		p.fail(p.peek().off, "“"+text+"” cannot be followed by […]", "write "+axis.String()+"::node()[…]")
	}
	return Step{Axis: axis, Test: Test{Kind: TestNode}}
}

func (p *parser) test(axis Axis) Test {
	t := p.peek()
	if t.kind != tokName {
		p.unexpected("where the name of a node should be")
		return Test{}
	}
	if p.callFollows() {
		return p.typeTest()
	}
	p.take()
	out := Test{Name: t.text}
	if prefix, local, ok := strings.Cut(t.text, ":"); ok {
		out.Prefix, out.Name = prefix, local
	}
	if out.Prefix != "" || axis != Attribute && out.Name != "*" {
		out.Space = p.compiler.Namespaces[out.Prefix]
	}
	return out
}

func (p *parser) typeTest() Test {
	t := p.take()
	kind := slices.Index(testNames[:], t.text)
	if kind <= 0 {
		p.fail(t.off, "a function cannot be a step of a path", "write "+t.text+"(…/path) around the path instead")
		return Test{}
	}
	p.expect("(", "after the node type")
	out := Test{Kind: TestKind(kind)}
	if out.Kind == TestInstruction && p.peek().kind == tokString {
		out.Name = p.take().text
	}
	p.expect(")", "to close "+t.text+"(")
	return out
}
