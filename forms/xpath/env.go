package xpath

import (
	"context"
	"errors"
	"io"
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
