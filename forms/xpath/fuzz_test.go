package xpath

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"pgregory.net/rapid"
)

// seeds gives a fuzz target the expressions of all tables.
func seeds(f *testing.F) {
	for _, name := range []string{"enketo", "javarosa", "javarosa-6"} {
		tab := loadTable(&testing.T{}, name)
		for _, facts := range tab.Groups {
			for _, x := range facts {
				f.Add(x.Expr)
			}
		}
	}
}

// FuzzCompile: no text makes the parser panic, every error has a place in the text, and what parses prints as something
// that parses to the same.
func FuzzCompile(f *testing.F) {
	seeds(f)
	f.Fuzz(func(t *testing.T, source string) {
		c := Compiler{AnyFunction: true}
		x, err := c.Compile(source)
		if err != nil {
			var syn *SyntaxError
			if !errors.As(err, &syn) || syn.Offset < 0 || syn.Offset > len(source) {
				t.Fatalf("%q: %#v", source, err)
			}
			if utf8.ValidString(source) && !utf8.ValidString(err.Error()) {
				t.Fatalf("%q: the message is not UTF-8: %q", source, err)
			}
			return
		}
		x.References("/data/a")
		printed := x.String()
		again, err := c.Compile(printed)
		if err != nil {
			t.Fatalf("%q prints as %q: %v", source, printed, err)
		}
		if treeOf(again.Term()) != treeOf(x.Term()) || again.String() != printed {
			t.Fatalf("%q prints as %q and then as %q", source, printed, again)
		}
	})
}

const fuzzDocument = `<data id="f"><a>5</a><d>2020-01-02</d><t>2020-01-02T03:04:05.678+05:00</t><m>a b c</m><g>1 1;2 2;3 1;1 1</g><rep><x>1</x><in><y>a</y></in></rep><rep><x>2</x><in><y>b</y></in><in><y>c</y></in></rep><e/><!--c--><?p i?></data>`

// FuzzEval: no expression makes the evaluator panic or go beyond its limits, under either set of rules.
func FuzzEval(f *testing.F) {
	seeds(f)
	doc := parse(f, fuzzDocument)
	node := doc.DocumentElement().Elements("rep")[1].Child("x")
	f.Fuzz(func(t *testing.T, source string) {
		x, err := Compile(source)
		if err != nil {
			return
		}
		for _, rules := range []*Rules{Collect, WebForms} {
			env := &Env{Node: node, Rules: rules, Limits: Limits{Steps: 200_000, Text: 1 << 16, Memory: 1 << 20}}
			began := time.Now()
			v, err := x.Eval(env)
			if took := time.Since(began); took > 5*time.Second {
				t.Fatalf("%q took %v", source, took)
			}
			if err == nil {
				env.Text(v)
				env.Number(v)
				env.True(v)
			}
		}
	})
}

// FuzzParseXML: no text makes the reader panic, and what it reads it writes so that it reads the same again.
func FuzzParseXML(f *testing.F) {
	f.Add(fuzzDocument)
	f.Add(`<a xmlns="u" xmlns:p="v" p:x="1"><p:b>t&amp;<![CDATA[<c>]]></p:b> </a>`)
	f.Fuzz(func(t *testing.T, text string) {
		doc, err := ParseXML(strings.NewReader(text), XMLLimits{Bytes: 1 << 16, Nodes: 1000})
		if err != nil {
			return
		}
		once := doc.XML()
		again, err := ParseXML(strings.NewReader(once), XMLLimits{Bytes: 1 << 20, Nodes: 1000})
		if err != nil {
			t.Fatalf("%q is written as %q: %v", text, once, err)
		}
		if twice := again.XML(); twice != once {
			t.Fatalf("%q is written as %q and then as %q", text, once, twice)
		}
	})
}

func TestLimits(t *testing.T) {
	many := NewElement("data", "")
	for range 2000 {
		many.Append(NewElement("r", "x"))
	}
	long := NewElement("data", strings.Repeat("x", 1<<20))
	for _, c := range []struct {
		expr string
		doc  *Node
		lim  Limits
	}{
		{"count(//*[count(//*[count(//*) > 0]) > 0])", many, Limits{}},
		{"count(//r[. = //r/../r[. = 'y']])", many, Limits{Steps: 1_000_000}},
		{strings.Repeat("concat(", 8) + ".,." + strings.Repeat(",.)", 8), long, Limits{}},
		{"concat(., .)", long, Limits{Text: 1 << 20}},
		{"concat(//r, //r)", many, Limits{Memory: 1000}},
		{"uuid(100000000)", many, Limits{}},
		{"join(., 1, 2)", long, Limits{Text: 1 << 10}},
		{"//r/following::*/preceding::*", many, Limits{}},
		{"count(//r[string(/) = string(..)])", many, Limits{Steps: 1_000_000}},
		{"count(//r[position(.) = 0])", many, Limits{Steps: 500_000}},
		{"translate(., 'x', 'é')", long, Limits{Text: 1 << 20}},
	} {
		began := time.Now()
		_, err := MustCompile(c.expr).Eval(&Env{Node: c.doc, Limits: c.lim, Rules: WebForms})
		if !errors.Is(err, ErrLimit) {
			t.Errorf("%.60s: %v, want a limit", c.expr, err)
		}
		if took := time.Since(began); took > 20*time.Second {
			t.Errorf("%.60s took %v", c.expr, took)
		}
	}

	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	_, err := MustCompile("count(//r/../r)").Eval(&Env{Node: many, Context: ctx})
	if !errors.Is(err, context.Canceled) {
		t.Errorf("a cancelled evaluation gives %v", err)
	}
	if err == nil || !strings.Contains(err.Error(), "the evaluation was stopped") {
		t.Errorf("message: %v", err)
	}
}

// TestSlowPattern: a pattern that needs backtracking gives up rather than hang.
func TestSlowPattern(t *testing.T) {
	began := time.Now()
	_, err := MustCompile(`regex(., '(?=a)(a+a+a+a+)+b')`).Eval(&Env{Node: NewElement("a", strings.Repeat("a", 200))})
	if !errors.Is(err, ErrLimit) {
		t.Errorf("gives %v, want a limit", err)
	}
	if took := time.Since(began); took > 10*time.Second {
		t.Errorf("took %v", took)
	}
}

// drawTree draws a small tree.
func drawTree(t *rapid.T, depth int) *Node {
	n := NewElement(rapid.SampledFrom([]string{"a", "b", "c"}).Draw(t, "name"), "")
	if rapid.Bool().Draw(t, "attr") {
		n.SetAttr("id", rapid.StringMatching("[a-c]").Draw(t, "id"))
	}
	if depth > 0 {
		for range rapid.IntRange(0, 3).Draw(t, "kids") {
			n.Append(drawTree(t, depth-1))
		}
	} else if rapid.Bool().Draw(t, "text") {
		n.Append(NewText(rapid.StringMatching("[0-9]{1,2}").Draw(t, "value")))
	}
	return n
}

// TestAxesProperty: the axes self, ancestor, descendant, following and preceding part all nodes but attributes and
// namespaces (XPath 1.0 section 2.2), every node-set is in document order without repeats, and a node's path finds it.
func TestAxesProperty(t *testing.T) {
	all := MustCompile("/descendant-or-self::node()")
	axes := []*Expr{MustCompile("self::node()"), MustCompile("ancestor::node()"), MustCompile("descendant::node()"),
		MustCompile("following::node()"), MustCompile("preceding::node()")}
	mixed := MustCompile("//a/ancestor-or-self::*/following-sibling::node() | //b/.. | //*[2]/preceding::*[1] | //@id/..")
	rapid.Check(t, func(t *rapid.T) {
		doc := NewDocument().Append(drawTree(t, 4))
		env := &Env{Node: doc}
		nodes, err := all.Nodes(env)
		if err != nil {
			t.Fatal(err)
		}
		inOrder(t, nodes)
		got, err := mixed.Nodes(env)
		if err != nil {
			t.Fatal(err)
		}
		inOrder(t, got)
		n := rapid.SampledFrom(nodes).Draw(t, "node")
		var parts []*Node
		for _, x := range axes {
			list, err := x.Nodes(&Env{Node: n, Root: doc})
			if err != nil {
				t.Fatal(err)
			}
			inOrder(t, list)
			parts = append(parts, list...)
		}
		seen := map[*Node]int{}
		for _, p := range parts {
			seen[p]++
		}
		for _, p := range nodes {
			if seen[p] != 1 {
				t.Fatalf("from %s, %s is in %d axes", n.Path(), p.Path(), seen[p])
			}
		}
		if len(parts) != len(nodes) {
			t.Fatalf("%d nodes in the axes, %d in the document", len(parts), len(nodes))
		}
		found, err := MustCompile(n.Path()).Nodes(&Env{Node: doc, Rules: WebForms})
		if err != nil || len(found) != 1 || found[0] != n {
			t.Fatalf("%s finds %d nodes, %v", n.Path(), len(found), err)
		}
	})
}

func inOrder(t *rapid.T, nodes []*Node) {
	for i := 1; i < len(nodes); i++ {
		if !before(nodes[i-1], nodes[i]) {
			t.Fatalf("%s comes before %s", nodes[i-1].Path(), nodes[i].Path())
		}
	}
}
