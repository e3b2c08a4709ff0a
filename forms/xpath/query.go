package xpath

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math"
	"strings"
)

// Answer is what one expression gives for one document, in a form to print: the text of [Answer.Text] for people, JSON
// for programs.
type Answer struct {
	Type    string  // "nodes", "string", "number", "boolean" or "date"
	String  string  // the answer as text; for nodes, of the first
	Number  float64 // the answer as a number; NaN where it is none
	Boolean bool    // the answer as true or false
	Nodes   []Found // for nodes
}

// Found is a node of an answer.
type Found struct {
	Path string `json:"path"` // where it is: /data/person[2]/name
	Text string `json:"text"` // its text
}

// Query evaluates an expression over a document read from r. Context is the path of the node to start from; the
// outermost element when empty. Env gives the rules, the zone and the rest; its Node and Root are set here. Env may be
// nil.
func Query(expr string, r io.Reader, context string, env *Env) (*Answer, error) {
	x, err := Compile(expr)
	if err != nil {
		return nil, fmt.Errorf("the expression cannot be read: %w", err)
	}
	doc, err := ParseXML(r, XMLLimits{})
	if err != nil {
		return nil, err
	}
	var e Env
	if env != nil {
		e = *env
	}
	e.Root, e.Node = doc, doc.DocumentElement()
	if context != "" {
		if e.Node, err = find(context, e); err != nil {
			return nil, fmt.Errorf("the context %s: %w", context, err)
		}
	}
	v, err := x.Eval(&e)
	if err != nil {
		return nil, fmt.Errorf("the expression cannot be evaluated: %w", err)
	}
	return newAnswer(&e, v), nil
}

func find(path string, env Env) (*Node, error) {
	x, err := Compile(path)
	if err != nil {
		return nil, err
	}
	nodes, err := x.Nodes(&env)
	switch {
	case err != nil:
		return nil, err
	case len(nodes) == 0:
		return nil, errors.New("the document has no such node")
	}
	return nodes[0], nil
}

func newAnswer(env *Env, v Value) *Answer {
	a := &Answer{Type: v.typ.String(), String: env.Text(v), Number: env.Number(v), Boolean: env.True(v)}
	for _, n := range v.nodes {
		a.Nodes = append(a.Nodes, Found{Path: n.Path(), Text: env.terms().nodeText(n)})
	}
	return a
}

// Text writes the answer for people: one line a node with its path and text, or the value alone.
func (a *Answer) Text() string {
	if a.Type != typeNames[NodesType] {
		return a.String + "\n"
	}
	var b strings.Builder
	for _, n := range a.Nodes {
		fmt.Fprintf(&b, "%s\t%s\n", n.Path, strings.Join(strings.Fields(n.Text), " "))
	}
	return b.String()
}

// MarshalJSON writes {"type", "value"} with "nodes" for a node-set, whose value is the text of the first. A number that
// JSON cannot hold is written as text: "NaN", "Infinity".
func (a *Answer) MarshalJSON() ([]byte, error) {
	out := struct {
		Type  string  `json:"type"`
		Value any     `json:"value"`
		Nodes []Found `json:"nodes,omitempty"`
	}{a.Type, a.String, a.Nodes}
	switch {
	case a.Type == typeNames[NumberType] && !math.IsNaN(a.Number) && !math.IsInf(a.Number, 0):
		out.Value = a.Number
	case a.Type == typeNames[BooleanType]:
		out.Value = a.Boolean
	}
	return json.Marshal(out)
}
