package xpath

import (
	"bufio"
	"encoding/json"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// shared finds a file of the data that lives beside the project: in the folder AMAN_SHARED, or in a folder called shared
// above this one.
func shared(t *testing.T, name string) string {
	t.Helper()
	if root := os.Getenv("AMAN_SHARED"); root != "" {
		return filepath.Join(root, name)
	}
	dir, err := os.Getwd()
	if err != nil {
		t.Fatal(err)
	}
	for {
		path := filepath.Join(dir, "shared", name)
		if _, err := os.Stat(path); err == nil {
			return path
		}
		up := filepath.Dir(dir)
		if up == dir {
			t.Skipf("LEFT OUT: no shared/%s above this folder and AMAN_SHARED is not set", name)
		}
		dir = up
	}
}

// converted is a form that pyxform made, with what its tests say of the XML.
type converted struct {
	Test   string
	XML    string
	Expect struct {
		Match []string `json:"xml__xpath_match"`
		Exact [][2]any `json:"xml__xpath_exact"`
		Count [][2]any `json:"xml__xpath_count"`
	}
}

func readConverted(t *testing.T) []converted {
	file, err := os.Open(shared(t, "conformance/pyxform.jsonl"))
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	var out []converted
	lines := bufio.NewScanner(file)
	lines.Buffer(nil, 16<<20)
	for lines.Scan() {
		var c converted
		if err := json.Unmarshal(lines.Bytes(), &c); err != nil {
			t.Fatal(err)
		}
		if c.XML != "" {
			out = append(out, c)
		}
	}
	if err := lines.Err(); err != nil {
		t.Fatal(err)
	}
	return out
}

var formSpaces = map[string]string{
	"h": "http://www.w3.org/1999/xhtml", "x": "http://www.w3.org/2002/xforms", "jr": "http://openrosa.org/javarosa",
	"orx": "http://openrosa.org/xforms", "odk": "http://www.opendatakit.org/xforms",
	"entities": "http://www.opendatakit.org/xforms/entities", "ev": "http://www.w3.org/2001/xml-events",
	"xsd": "http://www.w3.org/2001/XMLSchema",
}

// TestFormAssertions evaluates the assertions that pyxform's tests make on its forms, written for libxml2: plain XPath 1.0
// with namespaces.
func TestFormAssertions(t *testing.T) {
	checked := 0
	for _, c := range readConverted(t) {
		doc, err := ParseXML(strings.NewReader(c.XML), XMLLimits{KeepBlank: true})
		if err != nil {
			t.Errorf("%s: %v", c.Test, err)
			continue
		}
		ask := func(expr string) Value {
			checked++
			x, err := (&Compiler{Namespaces: formSpaces}).Compile(expr)
			if err != nil {
				t.Errorf("%s: %v", c.Test, err)
				return Value{}
			}
			v, err := x.Eval(&Env{Node: doc, Rules: WebForms})
			if err != nil {
				t.Errorf("%s: %v", c.Test, err)
			}
			return v
		}
		for _, expr := range c.Expect.Match {
			failing := strings.Contains(c.Test, "match_fail") // pyxform's test of its own test code
			if v := ask(expr); len(v.Nodes()) == 0 && !(&Env{Rules: WebForms}).True(v) && !failing {
				t.Errorf("%s: nothing matches %s", c.Test, expr)
			}
		}
		for _, pair := range c.Expect.Count {
			if v := ask(pair[0].(string)); len(v.Nodes()) != int(pair[1].(float64)) {
				t.Errorf("%s: %d nodes match %s, want %v", c.Test, len(v.Nodes()), pair[0], pair[1])
			}
		}
		for _, pair := range c.Expect.Exact {
			var got, want []string
			for _, s := range pair[1].([]any) {
				want = append(want, s.(string))
			}
			for _, n := range ask(pair[0].(string)).Nodes() {
				if strings.HasPrefix(want[0], "<") {
					got = append(got, n.XML())
				} else {
					got = append(got, n.Text())
				}
			}
			slices.Sort(got)
			slices.Sort(want)
			if !slices.Equal(slices.Compact(got), slices.Compact(want)) {
				t.Errorf("%s: %s gives %q, want %q", c.Test, pair[0], got, want)
			}
		}
	}
	if checked < 1500 {
		t.Errorf("only %d assertions were found", checked)
	}
	t.Logf("%d assertions", checked)
}

// expressionAttributes are the attributes of a form that hold expressions or paths, by element.
var expressionAttributes = map[string][]string{
	"bind":     {"nodeset", "calculate", "relevant", "constraint", "required", "readonly"},
	"setvalue": {"ref", "value"}, "setgeopoint": {"ref"}, "recordaudio": {"ref"},
	"output": {"value"}, "itemset": {"nodeset"}, "repeat": {"nodeset", "jr:count"},
	"input": {"ref"}, "select": {"ref"}, "select1": {"ref"}, "upload": {"ref"}, "trigger": {"ref"}, "range": {"ref"},
	"rank": {"ref"}, "group": {"ref"}, "value": {"ref"}, "label": {"ref"}, "hint": {"ref"},
}

// TestFormExpressions compiles every expression of every form that pyxform makes, evaluates it in its own instance under
// both sets of rules, and prints it.
func TestFormExpressions(t *testing.T) {
	compiled, evaluated := 0, 0
	for _, c := range readConverted(t) {
		doc := parse(t, c.XML)
		var main *Node
		model := doc.DocumentElement().Child("h:head").Child("model")
		for _, inst := range model.Elements("instance") {
			if main == nil {
				main = NewDocument().Append(inst.DocumentElement().Elements("*")[0].Clone())
			}
		}
		env := &Env{Node: main.DocumentElement(), Root: main,
			Itext:      func(string) (string, bool) { return "text", true },
			ChoiceName: func(*Node, string, string) (string, bool) { return "label", true },
			PullData:   func(_, _, _, _ string) (string, error) { return "data", nil },
			Instance:   func(string) (*Node, error) { return parse(t, "<root><item><name>a</name></item></root>"), nil },
		}
		all, _ := MustCompile("//*").Nodes(&Env{Node: doc.DocumentElement().Child("h:head"), Rules: WebForms})
		for _, n := range all {
			for _, name := range expressionAttributes[n.Name] {
				source, ok := n.Attr(name)
				if !ok || strings.HasPrefix(source, "jr:itext(") {
					continue
				}
				compiled++
				x, err := Compile(source)
				if err != nil {
					if !expectedFault(source) {
						t.Errorf("%s: %s/@%s: %v", c.Test, n.Name, name, err)
					}
					continue
				}
				if again, err := Compile(x.String()); err != nil || again.String() != x.String() {
					t.Errorf("%s: %q prints as %q", c.Test, source, x)
				}
				x.References("/data/a/b")
				for _, rules := range []*Rules{Collect, WebForms} {
					env.Rules = rules
					if _, err := x.Eval(env); err != nil {
						t.Errorf("%s: %s/@%s: %v", c.Test, n.Name, name, err)
					}
					evaluated++
				}
			}
		}
	}
	if compiled < 3000 {
		t.Errorf("only %d expressions were found", compiled)
	}
	t.Logf("%d expressions, %d evaluations", compiled, evaluated)
}

// expectedFault recognises the expressions of pyxform's tests that no engine can read.
func expectedFault(source string) bool {
	for _, part := range []string{
		"ParticipantIDValue',.)", // a quote too many
		"&lt;&gt;&amp;",          // escaped twice
		"$(myField)",             // not a reference
		"£¥§©®₱₩",
	} {
		if strings.Contains(source, part) {
			return true
		}
	}
	return false
}
