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
	Now        time.Time // the clock when the facts were taken down, where they depend on it
	Namespaces map[string]string
	KeepBlank  bool
	Docs       []string
	Groups     map[string][]fact
}

type fact struct {
	Expr  string
	Doc   int
	At    string // the context, as child positions from the root, then @name: /0/2/@id
	Path  string // or as an XPath
	Zone  string // the table's where empty
	NS    bool   // with the table's namespaces
	Error bool
	As    string // number, string, boolean, nodes, paths: what the answer is converted to
	Type  string // the type of the answer before, where the table says
	Want  json.RawMessage
	Loose bool // nodes in any order
	First bool // only the first node counts
	Near  float64
}

// An exception names facts that this package answers otherwise, with the reason.
type exception struct {
	Table  string
	Reason string
	Exprs  []string
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

// loadExceptions returns the expressions of each table that are excepted.
func loadExceptions(t *testing.T) map[string]map[string]bool {
	t.Helper()
	var list []exception
	data, err := os.ReadFile("testdata/exceptions.json")
	if err == nil {
		err = json.Unmarshal(data, &list)
	}
	if err != nil {
		t.Fatal(err)
	}
	out := map[string]map[string]bool{}
	for _, e := range list {
		if e.Reason == "" {
			t.Errorf("an exception for %v has no reason", e.Exprs)
		}
		for _, x := range e.Exprs {
			if out[e.Table] == nil {
				out[e.Table] = map[string]bool{}
			}
			out[e.Table][x] = true
		}
	}
	return out
}

// TestTables holds the package to the facts of the other engines. A fact that does not hold must be among the
// exceptions, and an exception must be needed.
func TestTables(t *testing.T) {
	exceptions := loadExceptions(t)
	for _, name := range []string{"enketo", "javarosa", "javarosa-6", "webforms", "webforms-tests"} {
		t.Run(name, func(t *testing.T) {
			tab := loadTable(t, name)
			var err error
			docs := make([]*Node, len(tab.Docs))
			for i, text := range tab.Docs {
				if docs[i], err = ParseXML(strings.NewReader(text), XMLLimits{KeepBlank: tab.KeepBlank}); err != nil {
					t.Fatalf("document %d: %v", i, err)
				}
			}
			held, used := 0, map[string]bool{}
			for group, facts := range tab.Groups {
				for _, f := range facts {
					got := f.check(f.env(t, docs[f.Doc], tab), tab.Namespaces)
					switch {
					case got == "":
						held++
					case exceptions[name][f.Expr]:
						used[f.Expr] = true
					default:
						t.Errorf("%s: %s (at %s, %s): %s", group, f.Expr, f.At+f.Path, f.Zone, got)
					}
				}
			}
			for x := range exceptions[name] {
				if !used[x] {
					t.Errorf("the exception for %s is not needed", x)
				}
			}
			t.Logf("%s: %d facts hold, %d expressions are excepted", tab.Source, held, len(used))
		})
	}
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

func (f fact) env(t *testing.T, doc *Node, tab table) *Env {
	zone := tab.Zone
	if f.Zone != "" {
		zone = f.Zone
	}
	loc, err := time.LoadLocation(zone)
	if err != nil {
		t.Fatal(err)
	}
	env := &Env{Node: at(doc, f.At), Root: doc, Zone: loc, Rules: RulesNamed(tab.Rules), Now: func() time.Time { return tab.Now }}
	if f.Path != "" {
		nodes, err := MustCompile(f.Path).Nodes(&Env{Node: doc, Rules: WebForms})
		if err != nil || len(nodes) != 1 {
			t.Fatalf("%s: %d nodes, %v", f.Path, len(nodes), err)
		}
		env.Node = nodes[0]
	}
	return env
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
func (f fact) check(env *Env, spaces map[string]string) string {
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
	return f.differs(env, v)
}

func (f fact) differs(env *Env, v Value) string {
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
	case "nodes", "paths":
		var want, got []string
		json.Unmarshal(f.Want, &want)
		for _, n := range v.Nodes() {
			if f.As == "paths" {
				got = append(got, strings.ReplaceAll(n.Path(), "[1]", ""))
			} else {
				got = append(got, place(n))
			}
		}
		if f.As == "paths" {
			for i := range want {
				want[i] = strings.ReplaceAll(want[i], "[1]", "")
			}
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
