package xpath

import (
	"bytes"
	"math"
	"strconv"
)

var numberFunctions = []Function{
	{Name: "number", Args: "value?", Max: 1, Eval: fnNumber,
		Doc: "The value as a number; dates count days from 1970-01-01."},
	{Name: "int", Args: "number", Min: 1, Max: 1, Eval: calc(math.Trunc), Doc: "The number without its fraction."},
	{Name: "round", Args: "number, decimals?", Min: 1, Max: 2, Eval: fnRound,
		Doc: "The number rounded; negative decimals round to tens, hundreds and so on."},
	{Name: "floor", Args: "number", Min: 1, Max: 1, Eval: calc(math.Floor), Doc: "The next whole number below (XPath 1.0)."},
	{Name: "ceiling", Args: "number", Min: 1, Max: 1, Eval: calc(math.Ceil), Doc: "The next whole number above (XPath 1.0)."},
	{Name: "abs", Args: "number", Min: 1, Max: 1, Eval: calc(math.Abs), Doc: "The number without its sign."},
	{Name: "pow", Args: "base, exponent", Min: 2, Max: 2, Eval: calc2(power), Doc: "Base to the power of exponent."},
	{Name: "log", Args: "number", Min: 1, Max: 1, Eval: calc(math.Log), Doc: "The natural logarithm."},
	{Name: "log10", Args: "number", Min: 1, Max: 1, Eval: calc(math.Log10), Doc: "The decimal logarithm."},
	{Name: "exp", Args: "number", Min: 1, Max: 1, Eval: calc(math.Exp), Doc: "e to the power of the number."},
	{Name: "exp10", Args: "number", Min: 1, Max: 1, Doc: "10 to the power of the number.",
		Eval: calc(func(x float64) float64 { return math.Pow(10, x) })},
	{Name: "sqrt", Args: "number", Min: 1, Max: 1, Eval: calc(math.Sqrt), Doc: "The square root."},
	{Name: "sin", Args: "radians", Min: 1, Max: 1, Eval: calc(math.Sin), Doc: "The sine."},
	{Name: "cos", Args: "radians", Min: 1, Max: 1, Eval: calc(math.Cos), Doc: "The cosine."},
	{Name: "tan", Args: "radians", Min: 1, Max: 1, Eval: calc(math.Tan), Doc: "The tangent."},
	{Name: "asin", Args: "number", Min: 1, Max: 1, Eval: calc(math.Asin), Doc: "The angle with this sine, in radians."},
	{Name: "acos", Args: "number", Min: 1, Max: 1, Eval: calc(math.Acos), Doc: "The angle with this cosine, in radians."},
	{Name: "atan", Args: "number", Min: 1, Max: 1, Eval: calc(math.Atan), Doc: "The angle with this tangent, in radians."},
	{Name: "atan2", Args: "y, x", Min: 2, Max: 2, Eval: calc2(math.Atan2), Doc: "The angle of the point (x, y), in radians."},
	{Name: "pi", Doc: "The ratio of a circle's circumference to its diameter.",
		Eval: func(*Arguments) Value { return NumberValue(math.Pi) }},
	{Name: "random", Volatile: true, Doc: "A random number from 0 up to but not 1.",
		Eval: func(a *Arguments) Value { return NumberValue(float64(a.e.random()>>11) / (1 << 53)) }},
	{Name: "sum", Args: "path", Min: 1, Max: 1, Eval: fnSum, Doc: "The sum of the nodes as numbers."},
	{Name: "min", Args: "number, …", Max: -1, Eval: extreme(math.Min), Doc: "The smallest number; of a path, every node."},
	{Name: "max", Args: "number, …", Max: -1, Eval: extreme(math.Max), Doc: "The largest number; of a path, every node."},
}

func calc(f func(float64) float64) func(*Arguments) Value {
	return func(a *Arguments) Value { return NumberValue(f(a.Number(0))) }
}

func calc2(f func(x, y float64) float64) func(*Arguments) Value {
	return func(a *Arguments) Value { return NumberValue(f(a.Number(0), a.Number(1))) }
}

// power is Math.pow of Java and JavaScript, where 1 and -1 to an infinite or unknown power are not a number.
func power(x, y float64) float64 {
	if math.Abs(x) == 1 && math.IsInf(y, 0) || math.IsNaN(y) {
		return math.NaN()
	}
	return math.Pow(x, y)
}

func fnNumber(a *Arguments) Value {
	if a.Has(0) {
		return NumberValue(a.Number(0))
	}
	return NumberValue(a.e.parseNumber(a.e.nodeText(a.f.node)))
}

// toInt32 is Java's conversion of a double to int: towards zero, NaN to 0, the rest to the nearest end of the range.
func toInt32(f float64) int {
	switch {
	case math.IsNaN(f):
		return 0
	case f >= math.MaxInt32:
		return math.MaxInt32
	case f <= math.MinInt32:
		return math.MinInt32
	}
	return int(f)
}

// toInt64 is Java's conversion of a double to long.
func toInt64(f float64) int64 {
	switch {
	case math.IsNaN(f):
		return 0
	case f >= math.MaxInt64:
		return math.MaxInt64
	case f <= math.MinInt64:
		return math.MinInt64
	}
	return int64(f)
}

// roundHalfUp is round() of XPath 1.0: to the nearest whole number, halves upwards.
func roundHalfUp(f float64) float64 {
	if math.Abs(f) >= 1<<52 { // whole already
		return f
	}
	return math.Floor(f + 0.5)
}

func fnRound(a *Arguments) Value {
	x, digits := a.Number(0), a.Number(1)
	if !a.Has(1) {
		digits = 0
	}
	switch {
	case math.IsNaN(x) || math.IsInf(x, 0):
		return NumberValue(x)
	case !a.e.RoundHalfUp:
		return NumberValue(roundBinary(x, digits))
	case math.Abs(digits) > 30:
		return NumberValue(math.NaN())
	}
	return NumberValue(roundDecimal(x, toInt32(digits)))
}

// roundBinary shifts by a power of ten, rounds away from zero and shifts back, as scripts do.
func roundBinary(x, digits float64) float64 {
	shift := math.Pow(10, digits)
	if math.IsNaN(shift) || shift == 0 || math.IsInf(shift, 0) {
		return math.NaN()
	}
	return math.Copysign(roundHalfUp(math.Abs(x)*shift)/shift, x)
}

// roundDecimal rounds the shortest decimal that stands for x, so that 1.005 to two digits is 1.01. Halves go up.
func roundDecimal(x float64, digits int) float64 {
	text := strconv.AppendFloat(make([]byte, 1, 32), math.Abs(x), 'f', -1, 64)
	text[0] = '0' // room for a carry
	point := bytes.IndexByte(text, '.')
	if point < 0 {
		point = len(text)
	} else {
		text = append(text[:point], text[point+1:]...)
	}
	keep := point + digits // digits of text that stay
	switch {
	case keep >= len(text):
		return x
	case keep < 0:
		return math.Copysign(0, x)
	}
	more := text[keep] >= '5'
	if more && x < 0 { // exactly half goes to the next above, which is to cut it off
		more = text[keep] > '5' || len(bytes.TrimRight(text[keep+1:], "0")) > 0
	}
	for i := keep; i < len(text); i++ {
		text[i] = '0'
	}
	for i := keep - 1; more && i >= 0; i-- {
		if text[i] != '9' {
			text[i]++
			more = false
		} else {
			text[i] = '0'
		}
	}
	f, _ := strconv.ParseFloat(string(text[:point])+"."+string(text[point:]), 64) // digits and a point
	return math.Copysign(f, x)
}

func fnSum(a *Arguments) Value {
	sum := 0.0
	nodes := a.Nodes(0)
	for i := range nodes {
		if x := a.e.number(Value{typ: NodesType, nodes: nodes[i : i+1]}); !math.IsNaN(x) || !a.e.SkipNaN {
			sum += x
		}
	}
	return NumberValue(sum)
}

func extreme(pick func(x, y float64) float64) func(*Arguments) Value {
	return func(a *Arguments) Value {
		best, found := math.NaN(), false
		for _, v := range a.Each(0) {
			switch x := a.e.number(v); {
			case math.IsNaN(x):
				if !a.e.SkipNaN {
					return NumberValue(x)
				}
			case !found:
				best, found = x, true
			default:
				best = pick(best, x)
			}
		}
		return NumberValue(best)
	}
}
