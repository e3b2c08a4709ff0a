package xpath

import (
	"fmt"
	"sort"
)

// Function is one function that expressions can call. The built-in ones are data of this type; a program adds its own
// through [Compiler].
type Function struct {
	Name string
	Args string // how to write the arguments, for messages and documentation: "text, start, end?"
	Doc  string // one sentence
	Min  int    // fewest arguments
	Max  int    // most arguments, -1 for any number
	Step int    // arguments above Min come in groups of this many; 0 means 1

	// Volatile functions answer differently each time: now, random, uuid. An expression that calls one cannot be
	// checked by calculating it again.
	Volatile bool

	Eval func(*Arguments) Value
}

// Usage returns the function as it is written: "substr(text, start, end?)".
func (f *Function) Usage() string { return f.Name + "(" + f.Args + ")" }

func (f *Function) arity() string {
	switch {
	case f.Max == f.Min && f.Min == 0:
		return "no arguments"
	case f.Max == f.Min:
		return fmt.Sprintf("%d argument%s", f.Min, pick(f.Min == 1, "", "s"))
	case f.Max < 0 && f.Step > 1:
		return fmt.Sprintf("%d arguments and then groups of %d", f.Min, f.Step)
	case f.Max < 0:
		return fmt.Sprintf("at least %d argument%s", f.Min, pick(f.Min == 1, "", "s"))
	}
	return fmt.Sprintf("%d to %d arguments", f.Min, f.Max)
}

// builtin holds the functions of the dialect by name. Each file of functions lists its own.
var builtin = map[string]*Function{}

func init() {
	for _, list := range [][]Function{
		stringFunctions, booleanFunctions, numberFunctions, nodesetFunctions, dateFunctions, selectFunctions,
		geoFunctions, cryptoFunctions, formFunctions,
	} {
		for i := range list {
			builtin[list[i].Name] = &list[i]
		}
	}
}

// Functions returns the built-in functions in alphabetical order.
func Functions() []Function {
	out := make([]Function, 0, len(builtin))
	for _, f := range builtin {
		out = append(out, *f)
	}
	sort.Slice(out, func(i, j int) bool { return out[i].Name < out[j].Name })
	return out
}

func (c *Compiler) lookup(name string) *Function {
	for i := range c.Functions {
		if c.Functions[i].Name == name {
			return &c.Functions[i]
		}
	}
	return builtin[name]
}

func (c *Compiler) functionNames() []string {
	var out []string
	for name := range builtin {
		out = append(out, name)
	}
	for _, f := range c.Functions {
		out = append(out, f.Name)
	}
	sort.Strings(out)
	return out
}

// Volatile reports whether the expression can answer differently each time it is evaluated over the same document
// (now(), random(), uuid() …), so that its answer cannot be checked by calculating it again.
func (x *Expr) Volatile() bool {
	found := false
	Walk(x.root, func(t Term) bool {
		if c, ok := t.(*Call); ok && c.Function != nil {
			found = found || c.Function.Volatile || c.Name == "randomize" && len(c.Args) < 2
		}
		return !found
	})
	return found
}

// Calls returns the names of the functions the expression calls, sorted, each once.
func (x *Expr) Calls() []string {
	seen := map[string]bool{}
	Walk(x.root, func(t Term) bool {
		if c, ok := t.(*Call); ok {
			seen[c.Name] = true
		}
		return true
	})
	out := make([]string, 0, len(seen))
	for name := range seen {
		out = append(out, name)
	}
	sort.Strings(out)
	return out
}
