package xlsform

import (
	"encoding/xml"
	"fmt"
	"io"
	"strconv"
	"strings"
)

// A small evaluator of XPath 1.0 on XML documents, for the assertions of the
// pack. It knows the axes, operators and functions that they use.

// xnode is an element, an attribute, a text or the document.
type xnode struct {
	kind         byte // 'd', 'e', 'a', 't', 'n' (namespace)
	space, local string
	prefix       string
	text         string
	parent       *xnode
	kids, attrs  []*xnode
	scope        map[string]string // namespaces in scope
}

func parseXNode(doc string) (*xnode, error) {
	root := &xnode{kind: 'd', scope: map[string]string{"xml": "http://www.w3.org/XML/1998/namespace"}}
	top := root
	d := xml.NewDecoder(strings.NewReader(doc))
	for {
		t, err := d.RawToken()
		if err == io.EOF {
			return root, nil
		}
		if err != nil {
			return nil, err
		}
		switch t := t.(type) {
		case xml.StartElement:
			top = top.start(t)
		case xml.EndElement:
			top = top.parent
		case xml.CharData:
			if n := len(top.kids); n > 0 && top.kids[n-1].kind == 't' {
				top.kids[n-1].text += string(t)
			} else if top.kind == 'e' {
				top.kids = append(top.kids, &xnode{kind: 't', text: string(t), parent: top})
			}
		}
	}
}

func (n *xnode) start(t xml.StartElement) *xnode {
	e := &xnode{kind: 'e', parent: n, prefix: t.Name.Space, local: t.Name.Local, scope: map[string]string{}}
	for k, v := range n.scope {
		e.scope[k] = v
	}
	for _, a := range t.Attr {
		if a.Name.Space == "xmlns" {
			e.scope[a.Name.Local] = a.Value
		} else if a.Name.Space == "" && a.Name.Local == "xmlns" {
			e.scope[""] = a.Value
		}
	}
	e.space = e.scope[e.prefix]
	for _, a := range t.Attr {
		if a.Name.Space == "xmlns" || a.Name.Local == "xmlns" && a.Name.Space == "" {
			continue
		}
		attr := &xnode{kind: 'a', parent: e, prefix: a.Name.Space, local: a.Name.Local, text: strings.NewReplacer("\n", " ", "\t", " ").Replace(a.Value)}
		if a.Name.Space != "" {
			attr.space = e.scope[a.Name.Space]
		}
		e.attrs = append(e.attrs, attr)
	}
	n.kids = append(n.kids, e)
	return e
}

func (n *xnode) value() string {
	if n.kind != 'e' && n.kind != 'd' {
		return n.text
	}
	var b strings.Builder
	for _, k := range n.kids {
		b.WriteString(k.value())
	}
	return b.String()
}

// markup writes an element as XML; of other nodes it is the value.
func (n *xnode) markup() string {
	if n.kind != 'e' {
		return n.text
	}
	var b strings.Builder
	name := strings.TrimPrefix(n.prefix+":"+n.local, ":")
	b.WriteString("<" + name)
	for _, a := range n.attrs {
		fmt.Fprintf(&b, " %s=%q", strings.TrimPrefix(a.prefix+":"+a.local, ":"), a.text)
	}
	if len(n.kids) == 0 {
		return b.String() + "/>"
	}
	b.WriteString(">")
	for _, k := range n.kids {
		b.WriteString(k.markup())
	}
	return b.String() + "</" + name + ">"
}

func (n *xnode) descendants(out []*xnode) []*xnode {
	for _, k := range n.kids {
		out = k.descendants(append(out, k))
	}
	return out
}

// axis gives the nodes on an axis, nearest first.
func (n *xnode) axis(name string) []*xnode {
	switch name {
	case "child":
		return n.kids
	case "attribute":
		return n.attrs
	case "self":
		return []*xnode{n}
	case "parent":
		if n.parent != nil {
			return []*xnode{n.parent}
		}
	case "descendant":
		return n.descendants(nil)
	case "descendant-or-self":
		return n.descendants([]*xnode{n})
	case "ancestor":
		var out []*xnode
		for p := n.parent; p != nil; p = p.parent {
			out = append(out, p)
		}
		return out
	case "namespace":
		var out []*xnode
		for prefix, uri := range n.scope {
			out = append(out, &xnode{kind: 'n', local: prefix, text: uri, parent: n})
		}
		return out
	default:
		panic("axis " + name)
	}
	return nil
}

// xcontext is where an expression is evaluated.
type xcontext struct {
	node           *xnode
	position, size int
	namespaces     map[string]string
}

// xexpr is a parsed expression. Its value is []*xnode, string, float64 or bool.
type xexpr func(xcontext) any

type xparser struct {
	tokens []string
	pos    int
}

// compileXPath parses an expression; a fault in it is an error.
func compileXPath(s string) (e xexpr, err error) {
	defer func() {
		if r := recover(); r != nil {
			err = fmt.Errorf("%v in %s", r, s)
		}
	}()
	p := &xparser{tokens: xtokens(s)}
	e = p.binary(0)
	if p.peek() != "" {
		panic("unexpected " + p.peek())
	}
	return e, nil
}

func xtokens(s string) []string {
	var out []string
	for i := 0; i < len(s); {
		switch c := s[i]; {
		case strings.IndexByte(" \t\r\n", c) >= 0:
			i++
			continue
		case c == '"' || c == '\'':
			end := strings.IndexByte(s[i+1:], c) + i + 2
			out = append(out, s[i:end])
			i = end
			continue
		}
		n := 1
		for _, op := range []string{"//", "..", "::", "!=", "<=", ">="} {
			if strings.HasPrefix(s[i:], op) {
				n = 2
			}
		}
		if s[i] >= '0' && s[i] <= '9' {
			for i+n < len(s) && s[i+n] >= '0' && s[i+n] <= '9' {
				n++
			}
		} else if m := scanName(s[i:]); m > 0 {
			n = m
			if rest := s[i+m:]; strings.HasPrefix(rest, ":") && !strings.HasPrefix(rest, "::") {
				if k := scanName(rest[1:]); k > 0 {
					n += 1 + k
				} else if strings.HasPrefix(rest, ":*") {
					n += 2
				}
			}
		}
		out = append(out, s[i:i+n])
		i += n
	}
	return out
}

func (p *xparser) peek() string {
	if p.pos < len(p.tokens) {
		return p.tokens[p.pos]
	}
	return ""
}

func (p *xparser) next() string {
	t := p.peek()
	p.pos++
	return t
}

func (p *xparser) take(t string) bool {
	if p.peek() == t {
		p.pos++
		return true
	}
	return false
}

func (p *xparser) expect(t string) {
	if got := p.next(); got != t {
		panic(fmt.Sprintf("%q instead of %q", got, t))
	}
}

var xlevels = [][]string{{"or"}, {"and"}, {"=", "!="}, {"<", ">", "<=", ">="}, {"+", "-"}, {"|"}}

func (p *xparser) binary(level int) xexpr {
	if level == len(xlevels) {
		return p.path()
	}
	left := p.binary(level + 1)
	for {
		op := p.peek()
		found := false
		for _, o := range xlevels[level] {
			found = found || o == op
		}
		if !found {
			return left
		}
		p.next()
		a, b := left, p.binary(level+1)
		left = func(c xcontext) any { return xoperate(op, a, b, c) }
	}
}

func xoperate(op string, a, b xexpr, c xcontext) any {
	switch op {
	case "or":
		return xbool(a(c)) || xbool(b(c))
	case "and":
		return xbool(a(c)) && xbool(b(c))
	case "+":
		return xnumber(a(c)) + xnumber(b(c))
	case "-":
		return xnumber(a(c)) - xnumber(b(c))
	case "|":
		return append(append([]*xnode{}, a(c).([]*xnode)...), b(c).([]*xnode)...)
	}
	return xcompare(op, a(c), b(c))
}

func xcompare(op string, a, b any) bool {
	if nodes, ok := a.([]*xnode); ok {
		if _, isBool := b.(bool); !isBool {
			for _, n := range nodes {
				if xcompare(op, n.value(), b) {
					return true
				}
			}
			return false
		}
	}
	if nodes, ok := b.([]*xnode); ok {
		if _, isBool := a.(bool); !isBool {
			for _, n := range nodes {
				if xcompare(op, a, n.value()) {
					return true
				}
			}
			return false
		}
	}
	_, boolA := a.(bool)
	_, boolB := b.(bool)
	_, numA := a.(float64)
	_, numB := b.(float64)
	switch {
	case op != "=" && op != "!=":
		x, y := xnumber(a), xnumber(b)
		return map[string]bool{"<": x < y, ">": x > y, "<=": x <= y, ">=": x >= y}[op]
	case boolA || boolB:
		return (xbool(a) == xbool(b)) == (op == "=")
	case numA || numB:
		return (xnumber(a) == xnumber(b)) == (op == "=")
	}
	return (xstring(a) == xstring(b)) == (op == "=")
}

func xbool(v any) bool {
	switch v := v.(type) {
	case bool:
		return v
	case float64:
		return v != 0
	case string:
		return v != ""
	}
	return len(v.([]*xnode)) > 0
}

func xstring(v any) string {
	switch v := v.(type) {
	case string:
		return v
	case bool:
		return strconv.FormatBool(v)
	case float64:
		return strconv.FormatFloat(v, 'f', -1, 64)
	}
	if nodes := v.([]*xnode); len(nodes) > 0 {
		return nodes[0].value()
	}
	return ""
}

func xnumber(v any) float64 {
	switch v := v.(type) {
	case float64:
		return v
	case bool:
		if v {
			return 1
		}
		return 0
	}
	f, _ := strconv.ParseFloat(strings.TrimSpace(xstring(v)), 64)
	return f
}

func (p *xparser) path() xexpr {
	t := p.peek()
	switch {
	case t == "":
		panic("nothing")
	case t[0] == '"' || t[0] == '\'':
		p.next()
		return func(xcontext) any { return t[1 : len(t)-1] }
	case t[0] >= '0' && t[0] <= '9':
		p.next()
		n, _ := strconv.ParseFloat(t, 64)
		return func(xcontext) any { return n }
	case t == "(":
		p.next()
		e := p.binary(0)
		p.expect(")")
		return p.steps(e)
	case p.pos+1 < len(p.tokens) && p.tokens[p.pos+1] == "(" && t != "text" && t != "node":
		return p.call()
	case t == "/" || t == "//":
		root := func(c xcontext) any {
			n := c.node
			for n.parent != nil {
				n = n.parent
			}
			return []*xnode{n}
		}
		if t == "/" && p.pos+1 == len(p.tokens) {
			p.next()
			return root
		}
		return p.steps(root)
	}
	return p.steps(p.step(func(c xcontext) any { return []*xnode{c.node} }))
}

// steps reads / and // and the steps after them.
func (p *xparser) steps(from xexpr) xexpr {
	for {
		switch {
		case p.take("/"):
		case p.take("//"):
			from = xstep(from, "descendant-or-self", func(xcontext, *xnode) bool { return true }, nil)
		default:
			return from
		}
		from = p.step(from)
	}
}

type xtest func(xcontext, *xnode) bool

func (p *xparser) step(from xexpr) xexpr {
	axis := "child"
	switch {
	case p.take("."):
		return from
	case p.take(".."):
		return xstep(from, "parent", func(xcontext, *xnode) bool { return true }, nil)
	case p.take("@"):
		axis = "attribute"
	case p.pos+1 < len(p.tokens) && p.tokens[p.pos+1] == "::":
		axis = p.next()
		p.next()
	}
	test := p.nodeTest(axis)
	var predicates []xexpr
	for p.take("[") {
		predicates = append(predicates, p.binary(0))
		p.expect("]")
	}
	return xstep(from, axis, test, predicates)
}

func (p *xparser) nodeTest(axis string) xtest {
	name := p.next()
	if p.take("(") {
		p.expect(")")
		return func(_ xcontext, n *xnode) bool { return name == "node" || n.kind == 't' }
	}
	principal := map[string]byte{"attribute": 'a', "namespace": 'n'}[axis]
	if principal == 0 {
		principal = 'e'
	}
	prefix, local, prefixed := strings.Cut(name, ":")
	if !prefixed {
		prefix, local = "", name
	}
	return func(c xcontext, n *xnode) bool {
		if n.kind != principal || local != "*" && n.local != local {
			return false
		}
		if prefixed {
			uri, ok := c.namespaces[prefix]
			return ok && n.space == uri
		}
		return local == "*" || n.space == ""
	}
}

func xstep(from xexpr, axis string, test xtest, predicates []xexpr) xexpr {
	return func(c xcontext) any {
		var out []*xnode
		seen := map[*xnode]bool{}
		for _, n := range from(c).([]*xnode) {
			var found []*xnode
			for _, m := range n.axis(axis) {
				if test(c, m) {
					found = append(found, m)
				}
			}
			for _, pred := range predicates {
				var kept []*xnode
				for i, m := range found {
					v := pred(xcontext{m, i + 1, len(found), c.namespaces})
					if f, ok := v.(float64); ok && f == float64(i+1) || !ok && xbool(v) {
						kept = append(kept, m)
					}
				}
				found = kept
			}
			for _, m := range found {
				if !seen[m] {
					seen[m] = true
					out = append(out, m)
				}
			}
		}
		return out
	}
}

func (p *xparser) call() xexpr {
	name := p.next()
	p.next()
	var args []xexpr
	for !p.take(")") {
		args = append(args, p.binary(0))
		p.take(",")
	}
	f, ok := xfunctions[name]
	if !ok {
		panic("function " + name)
	}
	return func(c xcontext) any {
		values := make([]any, len(args))
		for i, a := range args {
			values[i] = a(c)
		}
		return f(c, values)
	}
}

// first gives the first node of the argument, or the context.
func xfirst(c xcontext, args []any) *xnode {
	if len(args) == 0 {
		return c.node
	}
	if nodes := args[0].([]*xnode); len(nodes) > 0 {
		return nodes[0]
	}
	return &xnode{}
}

var xfunctions = map[string]func(xcontext, []any) any{
	"not":           func(_ xcontext, a []any) any { return !xbool(a[0]) },
	"true":          func(xcontext, []any) any { return true },
	"false":         func(xcontext, []any) any { return false },
	"count":         func(_ xcontext, a []any) any { return float64(len(a[0].([]*xnode))) },
	"position":      func(c xcontext, _ []any) any { return float64(c.position) },
	"last":          func(c xcontext, _ []any) any { return float64(c.size) },
	"contains":      func(_ xcontext, a []any) any { return strings.Contains(xstring(a[0]), xstring(a[1])) },
	"starts-with":   func(_ xcontext, a []any) any { return strings.HasPrefix(xstring(a[0]), xstring(a[1])) },
	"local-name":    func(c xcontext, a []any) any { return xfirst(c, a).local },
	"namespace-uri": func(c xcontext, a []any) any { return xfirst(c, a).space },
	"name": func(c xcontext, a []any) any {
		n := xfirst(c, a)
		if n.prefix == "" {
			return n.local
		}
		return n.prefix + ":" + n.local
	},
	"normalize-space": func(c xcontext, a []any) any {
		if len(a) == 0 {
			return strings.Join(strings.Fields(c.node.value()), " ")
		}
		return strings.Join(strings.Fields(xstring(a[0])), " ")
	},
}
