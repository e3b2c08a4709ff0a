package xpath

import (
	"math"
	"strings"
)

var booleanFunctions = []Function{
	{Name: "true", Eval: func(*Arguments) Value { return BooleanValue(true) }, Doc: "True."},
	{Name: "false", Eval: func(*Arguments) Value { return BooleanValue(false) }, Doc: "False."},
	{Name: "boolean", Args: "value", Min: 1, Max: 1, Doc: "The value as true or false.",
		Eval: func(a *Arguments) Value { return BooleanValue(a.True(0)) }},
	{Name: "not", Args: "condition", Min: 1, Max: 1, Doc: "The opposite.",
		Eval: func(a *Arguments) Value { return BooleanValue(!a.True(0)) }},
	{Name: "boolean-from-string", Args: "text", Min: 1, Max: 1, Eval: fnBooleanFromString,
		Doc: "True for the texts true and 1."},
	{Name: "if", Args: "condition, then, else", Min: 3, Max: 3, Eval: fnIf,
		Doc: "One of two values; the other is not evaluated."},
	{Name: "coalesce", Args: "first, second", Min: 2, Max: 2, Eval: fnCoalesce,
		Doc: "The first value, or the second where the first is empty."},
	{Name: "once", Args: "value", Min: 1, Max: 1, Eval: fnOnce,
		Doc: "The context node's own value, or the given one while it is empty."},
	{Name: "checklist", Args: "min, max, condition, …", Min: 2, Max: -1, Eval: fnChecklist,
		Doc: "Whether the number of true conditions lies between min and max; -1 means no bound."},
	{Name: "weighted-checklist", Args: "min, max, condition, weight, …", Min: 2, Max: -1, Step: 2, Eval: fnWeightedChecklist,
		Doc: "Whether the weights of the true conditions add up to between min and max."},
	{Name: "lang", Args: "code", Min: 1, Max: 1, Eval: fnLang,
		Doc: "Whether the context node is in this language by its xml:lang (XPath 1.0)."},
}

func fnBooleanFromString(a *Arguments) Value {
	s := a.Text(0)
	return BooleanValue(s == "1" || s == "true" || a.e.AnyCase && strings.EqualFold(s, "true"))
}

func fnIf(a *Arguments) Value {
	if a.True(0) {
		return a.Value(1)
	}
	return a.Value(2)
}

func fnCoalesce(a *Arguments) Value {
	v := a.Value(0)
	if a.e.text(v) == "" || v.typ == NumberType && math.IsNaN(v.num) {
		return a.Value(1)
	}
	return v
}

func fnOnce(a *Arguments) Value {
	if v := a.e.valueOf(a.f.node); a.e.text(v) != "" {
		return v
	}
	return a.Value(0)
}

func fnChecklist(a *Arguments) Value {
	least, most := a.bound(0), a.bound(1)
	count := 0.0
	for _, v := range a.Each(2) {
		if a.holds(v) {
			count++
		}
	}
	return BooleanValue(inBounds(count, least, most))
}

// holds is whether a condition of a checklist is true: a node when it has text.
func (a *Arguments) holds(v Value) bool {
	if v.typ == NodesType && !a.e.typed(v.nodes[0]) {
		return trimSpace(a.e.text(v)) != ""
	}
	return a.e.truth(v)
}

// bound is a limit of a checklist, which JavaRosa cuts to a whole number.
func (a *Arguments) bound(i int) float64 {
	if a.e.BoundWeights {
		return float64(toInt32(a.Number(i)))
	}
	return a.Number(i)
}

// inBounds: a negative bound, as -1, does not bind.
func inBounds(x, least, most float64) bool {
	return (least < 0 || x >= least) && (most < 0 || x <= most)
}

func fnWeightedChecklist(a *Arguments) Value {
	least, most := a.Number(0), a.Number(1)
	sum := 0.0
	for i := 2; i < a.Len(); i += 2 {
		conditions, weights := a.spread(i), a.spread(i+1)
		if len(conditions) != len(weights) && a.e.BoundWeights {
			a.Fail("weighted-checklist: %d conditions and %d weights do not pair up", len(conditions), len(weights))
			return Value{}
		}
		if len(conditions) < len(weights) {
			return BooleanValue(false)
		}
		for k, w := range weights {
			if a.holds(conditions[k]) {
				sum += a.e.number(w)
			}
		}
	}
	if a.e.BoundWeights {
		return BooleanValue(sum >= least && sum <= most)
	}
	return BooleanValue(inBounds(sum, least, most))
}

// spread is the value of one argument, or the nodes of its path apart.
func (a *Arguments) spread(i int) []Value {
	one := Arguments{e: a.e, f: a.f, call: &Call{base: a.call.base, Name: a.call.Name, Args: a.call.Args[i : i+1]}}
	out := one.Each(0)
	if len(out) == 0 && a.e.BlankIsEmpty {
		return []Value{{}}
	}
	return out
}

func fnLang(a *Arguments) Value {
	want := strings.ToLower(a.Text(0))
	for n := a.f.node; n != nil; n = n.parent {
		if code, ok := n.Attr("xml:lang"); ok {
			code = strings.ToLower(code)
			return BooleanValue(code == want || strings.HasPrefix(code, want+"-"))
		}
	}
	return BooleanValue(false)
}
