package xpath

import (
	"encoding/json"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"
)

// A table is a file of facts: expressions and what another engine's own tests say they evaluate to.
type table struct {
	Source     string
	Rules      string
	Zone       string
	Namespaces map[string]string
	KeepBlank  bool
	Docs       []string
	Groups     map[string][]fact
}

type fact struct {
	Expr  string
	Doc   int
	At    string // child positions from the root, then @name: /0/2/@id
	NS    bool   // with the table's namespaces
	Error bool
	As    string // number, string, boolean, nodes: what the answer is converted to
	Type  string // the type of the answer before, where the table says
	Want  json.RawMessage
	Loose bool // nodes in any order
	First bool // only the first node counts
	Near  float64
}

// An exception is a fact that this package answers otherwise, with the reason.
type exception struct {
	Table, Expr, Reason string
	used                bool
}

func loadTable(t *testing.T, name string) table {
	t.Helper()
	var out table
	data, err := os.ReadFile(filepath.Join("testdata", name+".json"))
	if err == nil {
		err = json.Unmarshal(data, &out)
	}
	if err != nil {
		t.Fatal(err)
	}
	return out
}

func loadExceptions(t *testing.T) []exception {
	t.Helper()
	var out []exception
	data, err := os.ReadFile("testdata/exceptions.json")
	if err == nil {
		err = json.Unmarshal(data, &out)
	}
	if err != nil {
		t.Fatal(err)
	}
	return out
}

// TestTables holds the package to the facts of the other engines. A fact that does not hold must be among the
// exceptions, and an exception must be needed.
func TestTables(t *testing.T) {
	exceptions := loadExceptions(t)
	for _, name := range []string{"enketo", "javarosa"} {
		t.Run(name, func(t *testing.T) {
			tab := loadTable(t, name)
			zone, err := time.LoadLocation(tab.Zone)
			if err != nil {
				t.Fatal(err)
			}
			docs := make([]*Node, len(tab.Docs))
			for i, text := range tab.Docs {
				if docs[i], err = ParseXML(strings.NewReader(text), XMLLimits{KeepBlank: tab.KeepBlank}); err != nil {
					t.Fatalf("document %d: %v", i, err)
				}
			}
			held, excepted := 0, 0
			for group, facts := range tab.Groups {
				for _, f := range facts {
					env := &Env{Node: at(docs[f.Doc], f.At), Zone: zone, Rules: RulesNamed(tab.Rules)}
					got := f.check(env, docs[f.Doc], tab.Namespaces)
					e := findException(exceptions, name, f.Expr)
					switch {
					case got == "" && e == nil:
						held++
					case got != "" && e == nil:
						t.Errorf("%s: %s (at %s): %s", group, f.Expr, f.At, got)
					case got == "":
						held++
					default:
						e.used = true
						excepted++
					}
				}
			}
			t.Logf("%s: %d facts hold, %d exceptions", tab.Source, held, excepted)
		})
	}
	for _, e := range exceptions {
		if !e.used {
			t.Errorf("the exception for %s %q is not needed", e.Table, e.Expr)
		}
	}
}

func findException(list []exception, table, expr string) *exception {
	for i, e := range list {
		if e.Table == table && wildcard(e.Expr, expr) {
			return &list[i]
		}
	}
	return nil
}

// wildcard matches a text against a pattern in which * stands for anything.
func wildcard(pattern, s string) bool {
	parts := strings.Split(pattern, "*")
	if len(parts) == 1 {
		return pattern == s
	}
	s, ok := strings.CutPrefix(s, parts[0])
	for _, p := range parts[1 : len(parts)-1] {
		i := strings.Index(s, p)
		if i < 0 {
			return false
		}
		s = s[i+len(p):]
	}
	return ok && strings.HasSuffix(s, parts[len(parts)-1])
}

// at finds a node by child positions.
func at(doc *Node, path string) *Node {
	n := doc
	for _, part := range strings.Split(path, "/")[min(1, len(path)):] {
		if part == "" {
			continue
		}
		if name, ok := strings.CutPrefix(part, "@"); ok {
			for _, a := range n.attrs {
				if a.QName() == name {
					n = a
					break
				}
			}
			continue
		}
		i, _ := strconv.Atoi(part)
		if i >= len(n.children) {
			return nil
		}
		n = n.children[i]
	}
	return n
}

// What JavaRosa's tests add to the dialect.
var (
	testFunctions = []Function{
		{Name: "testfunc", Eval: func(*Arguments) Value { return BooleanValue(true) }},
		{Name: "add", Min: 2, Max: 2, Eval: func(a *Arguments) Value { return NumberValue(a.Number(0) + a.Number(1)) }},
	}
	testVariables = map[string]Value{
		"var_float_five": NumberValue(5), "var_string_five": StringValue("five"),
		"var_int_five": NumberValue(5), "var_double_five": NumberValue(5),
	}
)

// check returns what is wrong, or "".
func (f fact) check(env *Env, doc *Node, spaces map[string]string) string {
	c := Compiler{AnyFunction: true, Functions: testFunctions} // the others find unknown functions only when they call them
	env.Variables = testVariables
	if f.NS {
		c.Namespaces = spaces
	}
	x, err := c.Compile(f.Expr)
	var v Value
	if err == nil {
		v, err = x.Eval(env)
	}
	if f.Error {
		if err == nil {
			return fmt.Sprintf("gives %q, want an error", env.Text(v))
		}
		return ""
	}
	if err != nil {
		return "fails: " + err.Error()
	}
	return f.differs(env, doc, v)
}

func (f fact) differs(env *Env, doc *Node, v Value) string {
	if f.Type != "" && f.Type != v.Type().String() {
		return fmt.Sprintf("is a %s, want a %s", v.Type(), f.Type)
	}
	switch f.As {
	case "string":
		var want string
		json.Unmarshal(f.Want, &want)
		if got := env.Text(v); got != want {
			return fmt.Sprintf("is %q, want %q", got, want)
		}
	case "boolean":
		want := string(f.Want) == "true"
		if got := env.True(v); got != want {
			return fmt.Sprintf("is %v, want %v", got, want)
		}
	case "number":
		var text string
		json.Unmarshal(f.Want, &text)
		want, err := strconv.ParseFloat(text, 64)
		if err != nil {
			return err.Error()
		}
		got := env.Number(v)
		if got != want && math.Abs(got-want) > max(f.Near, 1e-12*math.Abs(want)) || math.IsNaN(got) != math.IsNaN(want) {
			return fmt.Sprintf("is %v, want %v", got, want)
		}
	case "nodes":
		var want []string
		json.Unmarshal(f.Want, &want)
		var got []string
		for _, n := range v.Nodes() {
			got = append(got, place(n))
		}
		if f.First {
			got = got[:min(1, len(got))]
		}
		if f.Loose {
			slices.Sort(got)
			slices.Sort(want)
		}
		if !slices.Equal(got, want) {
			return fmt.Sprintf("is %v, want %v", got, want)
		}
	default:
		return "no such type: " + f.As
	}
	return ""
}

// place writes where a node is, as at reads it.
func place(n *Node) string {
	switch {
	case n.parent == nil:
		return ""
	case n.Kind == AttributeNode:
		return place(n.parent) + "/@" + n.QName()
	}
	return place(n.parent) + "/" + strconv.Itoa(n.at)
}
