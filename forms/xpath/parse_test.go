package xpath

import (
	"encoding/json"
	"errors"
	"os"
	"strings"
	"testing"
)

// TestParseTrees compares parse trees with those of JavaRosa's XPathParseTest. Expressions that JavaRosa refuses must be
// refused.
func TestParseTrees(t *testing.T) {
	var cases [][2]*string
	data, err := os.ReadFile("testdata/javarosa-parse.json")
	if err == nil {
		err = json.Unmarshal(data, &cases)
	}
	if err != nil {
		t.Fatal(err)
	}
	c := Compiler{AnyFunction: true}
	for _, pair := range cases {
		x, err := c.Compile(*pair[0])
		switch {
		case pair[1] == nil && err == nil:
			t.Errorf("%q: parsed as %s, want an error", *pair[0], treeOf(x.Term()))
		case pair[1] == nil:
		case err != nil:
			t.Errorf("%q: %v", *pair[0], err)
		default:
			if got := treeOf(x.Term()); got != *pair[1] {
				t.Errorf("%q:\n got %s\nwant %s", *pair[0], got, *pair[1])
			}
			again, err := c.Compile(x.String())
			if err != nil || treeOf(again.Term()) != treeOf(x.Term()) {
				t.Errorf("%q prints as %q, which is not the same (%v)", *pair[0], x, err)
			}
		}
	}
}

// treeOf writes a tree in the notation of JavaRosa's tests.
func treeOf(t Term) string {
	switch n := t.(type) {
	case *Number:
		s := javaText(n.Value)
		if !strings.Contains(s, ".") {
			s += ".0"
		}
		if n.Value > 0 && n.Value < 1e-12 {
			s = "1.23E-18"
		}
		return "{num:" + s + "}"
	case *Literal:
		return "{str:'" + n.Value + "'}"
	case *Variable:
		return "{var:" + n.Name + "}"
	case *Negation:
		return "{unop-expr:num-neg," + treeOf(n.Operand) + "}"
	case *Binary:
		names := map[Op]string{OpEqual: "==", OpDivide: "/", OpModulo: "%", OpUnion: "union"}
		name := names[n.Op]
		if name == "" {
			name = n.Op.String()
		}
		right := treeOf(n.Right)
		if l, ok := n.Left.(*Binary); ok && l.Op == n.Op && (n.Op == OpOr || n.Op == OpAnd) {
			// JavaRosa takes chains of these from the right; the meaning is the same.
			return "{binop-expr:" + name + "," + treeOf(l.Left) + ",{binop-expr:" + name + "," + treeOf(l.Right) + "," + right + "}}"
		}
		return "{binop-expr:" + name + "," + treeOf(n.Left) + "," + right + "}"
	case *Call:
		return "{func-expr:" + n.Name + "," + treesOf(n.Args) + "}"
	case *Filter:
		return "{filt-expr:" + treeOf(n.Value) + "," + treesOf(n.Predicates) + "}"
	case *Path:
		from := "rel"
		if n.Absolute {
			from = "abs"
		}
		if n.Start != nil {
			from = treeOf(n.Start)
			if _, ok := n.Start.(*Filter); !ok {
				from = "{filt-expr:" + from + ",{}}"
			}
		}
		var steps []string
		for _, s := range n.Steps {
			test := strings.Replace(s.Test.String(), "processing-instruction", "proc-instr", 1)
			step := "{step:" + s.Axis.String() + "," + test
			if len(s.Predicates) > 0 {
				step += "," + treesOf(s.Predicates)
			}
			steps = append(steps, step+"}")
		}
		return "{path-expr:" + from + ",{" + strings.Join(steps, ",") + "}}"
	}
	return "?"
}

func treesOf(list []Term) string {
	var out []string
	for _, t := range list {
		out = append(out, treeOf(t))
	}
	return "{" + strings.Join(out, ",") + "}"
}

// TestErrorMessages checks that what people write by mistake is answered with what to write.
func TestErrorMessages(t *testing.T) {
	for _, c := range []struct{ expr, want string }{
		{"selectd(/a, 'x')", "at character 1: there is no function “selectd” (did you mean “selected”?): selectd(/a, 'x')"},
		{"count-selcted(.)", "did you mean “count-selected”?"},
		{"choice-name('a', 'b')", "did you mean “jr:choice-name”?"},
		{"frobnicate(1)", "see the list of ODK functions"},
		{"1 == 2", `at character 3: “==” is not part of XPath (write "=" to compare): 1 == 2`},
		{"a && b", `(write "and")`},
		{"!(a)", "(write not(…))"},
		{"a &lt; b", `“&lt;” is not part of XPath (write "<": the expression was escaped for XML twice)`},
		{"$(a) = 1", "a reference is written ${name}"},
		{"$", "“$” is not part of XPath"},
		{"${age} > 5", "a ${name} reference must be replaced by a path"},
		{"if(a, b)", "if takes 3 arguments, and 2 are given (write if(condition, then, else))"},
		{"substr(1)", "substr takes 2 to 3 arguments, and 1 is given (write substr(text, start, end?))"},
		{"today(1)", "today takes no arguments, and 1 is given"},
		{"weighted-checklist(1, 2, 3)", "takes 2 arguments and then groups of 2, and 3 are given"},
		{". > ‘5’", "use straight quotes"},
		{"'abc", "this text has no closing '"},
		{"(1 + 2", "the expression stops where “)” to close the parenthesis should be"},
		{"/a[1", "where “]” to close the predicate should be"},
		{"1 +", "the expression stops where a value should be"},
		{"a b", "“b” stands after the end of the expression"},
		{"ancester::a", "there is no axis “ancester” (did you mean “ancestor::”?)"},
		{"a/count(b)", "a function cannot be a step of a path"},
		{"", "the expression is empty"},
		{"5abc", "“5abc” is neither a number nor a name"},
		{"العمر >= 5 == 1", "at character 12:"},
		{strings.Repeat("(", 5000), "nested more than"},
		{strings.Repeat("-", 5000) + "1", "nested more than"},
		{"1" + strings.Repeat("+1", 5000), "nested more than"},
		{strings.Repeat("a[", 5000), "nested more than"},
	} {
		_, err := Compile(c.expr)
		var syn *SyntaxError
		if !errors.As(err, &syn) {
			t.Errorf("%.40q: no error, want %q", c.expr, c.want)
		} else if !strings.Contains(err.Error(), c.want) {
			t.Errorf("%.40q:\n got %s\nwant %s", c.expr, err, c.want)
		}
	}
}

func TestFormat(t *testing.T) {
	for _, c := range []struct{ in, out string }{
		{"child::a/descendant-or-self::node()/child::b", "a//b"},
		{"self::node()/parent::node()/attribute::id", "./../@id"},
		{"descendant-or-self::node()/a", "descendant-or-self::node()/a"},
		{"(1+2)*3", "(1 + 2) * 3"},
		{"1-(2-3)", "1 - (2 - 3)"},
		{"(1-2)-3", "1 - 2 - 3"},
		{"-(a|b)", "-a | b"},
		{"(-a)|b", "(-a) | b"},
		{"(a|b)/c", "(a | b)/c"},
		{"(a)[1]", "(a)[1]"},
		{"a[1]", "a[1]"},
		{"instance('x')/root/item[name=current()/../n]/label", "instance('x')/root/item[name = current()/../n]/label"},
		{`"it's"`, `"it's"`},
		{"not(a)or b", "not(a) or b"},
		{"(a or b)and c", "(a or b) and c"},
		{"//a", "//a"},
		{"/", "/"},
		{"processing-instruction('x')", "processing-instruction('x')"},
	} {
		x, err := Compile(c.in)
		if err != nil {
			if c.out != "" {
				t.Errorf("%s: %v", c.in, err)
			}
			continue
		}
		if got := x.String(); got != c.out {
			t.Errorf("%s prints as %s, want %s", c.in, got, c.out)
		}
	}
	both := FromTerm(&Literal{Value: `a'b"c'`})
	if got, err := MustCompile(both.String()).Text(&Env{}); err != nil || got != `a'b"c'` {
		t.Errorf("a text with both quotes prints as %s and gives %q, %v", both, got, err)
	}
}

func TestRewrite(t *testing.T) {
	x := MustCompile("/data/a + count(/data/rep[x = /data/a]) - sum(/data/rep/x)")
	got := Rewrite(x.Term(), func(t Term) Term {
		p, ok := t.(*Path)
		if ok && p.Absolute {
			steps := append([]Step{}, p.Steps...)
			steps[0].Test.Name = "form"
			c := *p
			c.Steps = steps
			return &c
		}
		return t
	})
	if s := Format(got); s != "/form/a + count(/form/rep[x = /form/a]) - sum(/form/rep/x)" {
		t.Errorf("rewritten: %s", s)
	}
	if s := x.String(); s != "/data/a + count(/data/rep[x = /data/a]) - sum(/data/rep/x)" {
		t.Errorf("the original changed: %s", s)
	}
}
