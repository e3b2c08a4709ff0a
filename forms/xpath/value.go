package xpath

import (
	"math"
	"strconv"
	"strings"
	"time"
)

// Type is the type of a Value: the four of XPath 1.0 and the date of ODK.
type Type uint8

// The types of values.
const (
	StringType Type = iota
	NumberType
	BooleanType
	DateType // a moment in time, of JavaRosa's Date type; browser engines show it to the outside as text
	NodesType
)

var typeNames = [...]string{"string", "number", "boolean", "date", "nodes"}

// String returns "string", "number", "boolean", "date" or "nodes".
func (t Type) String() string { return typeNames[t] }

// Value is what an expression evaluates to. Its parts are read with the methods of [Env], because how a value turns
// into text or a number depends on the rules and the time zone.
type Value struct {
	typ   Type
	num   float64 // number; 1 or 0 for booleans; milliseconds since 1970 UTC for dates, NaN for an invalid one
	str   string
	nodes []*Node
}

// StringValue makes a string.
func StringValue(s string) Value { return Value{typ: StringType, str: s} }

// NumberValue makes a number.
func NumberValue(f float64) Value { return Value{typ: NumberType, num: f} }

// BooleanValue makes a boolean.
func BooleanValue(b bool) Value {
	if b {
		return Value{typ: BooleanType, num: 1}
	}
	return Value{typ: BooleanType}
}

// DateValue makes a date, exact to the millisecond.
func DateValue(t time.Time) Value { return dateValue(float64(t.UnixMilli())) }

func dateValue(ms float64) Value { return Value{typ: DateType, num: ms} }

// NodesValue makes a node-set. The nodes must be in the order they are to be seen in, each once.
func NodesValue(nodes ...*Node) Value { return Value{typ: NodesType, nodes: nodes} }

// Type returns the type.
func (v Value) Type() Type { return v.typ }

// Nodes returns the nodes of a node-set, and nil for any other value.
func (v Value) Nodes() []*Node { return v.nodes }

// Time returns the moment of a date and whether there is one.
func (v Value) Time() (time.Time, bool) {
	if v.typ != DateType || math.IsNaN(v.num) {
		return time.Time{}, false
	}
	return time.UnixMilli(int64(v.num)), true
}

const dayMillis = 24 * 60 * 60 * 1000

// terms of conversion: the rules and the place.
type terms struct {
	*Rules
	loc *time.Location
}

// text converts to a string (XPath 1.0 section 4.2, string()).
func (c terms) text(v Value) string {
	switch v.typ {
	case NumberType:
		return c.numberText(v.num)
	case BooleanType:
		return strconv.FormatBool(v.num != 0)
	case DateType:
		return c.dateText(v.num)
	case NodesType:
		if len(v.nodes) == 0 {
			return ""
		}
		return c.nodeText(v.nodes[0])
	}
	return v.str
}

// typed reports whether a node is more than text under these rules.
func (c terms) typed(n *Node) bool { return n.Type != StringType && c.TypedNodes }

// nodeValue is the value of one node: its text, or what its type makes of that. Text that does not fit the type, and no
// text, stay text.
func (c terms) nodeValue(n *Node) Value {
	s := c.rawText(n)
	if s != "" && c.typed(n) {
		switch n.Type {
		case NumberType:
			if f := c.parseNumber(s); !math.IsNaN(f) {
				return NumberValue(f)
			}
		case BooleanType:
			if s == "true" || s == "false" || s == "1" || s == "0" {
				return BooleanValue(s == "true" || s == "1")
			}
		case DateType:
			if ms, ok := c.parseDate(s); ok {
				return dateValue(ms)
			}
		}
	}
	return StringValue(s)
}

func (c terms) nodeText(n *Node) string {
	if c.typed(n) {
		return c.text(c.nodeValue(n))
	}
	return c.rawText(n)
}

func (c terms) rawText(n *Node) string {
	if n.Hidden || c.LeafText && n.holdsElements() {
		return ""
	}
	if !c.DropHidden { // then a path may lead below a hidden node
		for p := n.parent; p != nil; p = p.parent {
			if p.Hidden {
				return ""
			}
		}
	}
	return n.Text()
}

// number converts to a number (XPath 1.0 section 4.4, with the dates of the ODK XForms specification).
func (c terms) number(v Value) float64 {
	switch v.typ {
	case NumberType, BooleanType:
		return v.num
	case DateType:
		return c.days(v.num)
	}
	if v.typ == NodesType && len(v.nodes) > 0 && c.typed(v.nodes[0]) {
		return c.number(c.nodeValue(v.nodes[0]))
	}
	return c.parseNumber(c.text(v))
}

// truth converts to a boolean (XPath 1.0 section 4.3).
func (c terms) truth(v Value) bool {
	switch v.typ {
	case NumberType, BooleanType:
		return math.Abs(v.num) > c.Tolerance
	case DateType:
		return !math.IsNaN(v.num)
	case NodesType:
		if len(v.nodes) > 0 && c.typed(v.nodes[0]) {
			return c.truth(c.nodeValue(v.nodes[0]))
		}
		if c.BlankIsEmpty {
			return c.text(v) != ""
		}
		return len(v.nodes) > 0
	}
	return v.str != ""
}

// trimSpace takes off the white space of XML.
func trimSpace(s string) string { return strings.Trim(s, " \t\r\n") }

// parseNumber reads text as a number, or as the date it may look like.
func (c terms) parseNumber(s string) float64 {
	s = trimSpace(s)
	if len(s) >= 10 && s[4] == '-' && isDigit(s[0]) {
		if ms, ok := c.parseISO(s); ok {
			return c.days(ms)
		}
	}
	if c.CommaDecimals {
		s = strings.ReplaceAll(s, ",", ".")
	}
	if plainNumber(s) {
		f, _ := strconv.ParseFloat(s, 64) // out of range gives ±Inf, as wanted
		return f
	}
	if c.ScriptNumbers {
		return scriptNumber(s)
	}
	return math.NaN()
}

// plainNumber reports whether s is a Number of XPath 1.0 with an optional minus sign.
func plainNumber(s string) bool {
	s = strings.TrimPrefix(s, "-")
	digits, points := 0, 0
	for i := 0; i < len(s); i++ {
		switch {
		case isDigit(s[i]):
			digits++
		case s[i] == '.':
			points++
		default:
			return false
		}
	}
	return digits > 0 && points <= 1
}

// scriptNumber reads the forms of number that JavaScript's Number() takes beyond those of XPath (ECMA-262, 7.1.4.1).
func scriptNumber(s string) float64 {
	body := strings.TrimLeft(s, "+-")
	switch {
	case len(s)-len(body) > 1 || body == "":
		return math.NaN()
	case body == "Infinity":
		f, _ := strconv.ParseFloat(s, 64)
		return f
	case !isDigit(body[0]) && body[0] != '.' || strings.Contains(body, "_"):
		return math.NaN()
	}
	if len(body) > 2 && body[0] == '0' && strings.ContainsAny(body[1:2], "xXoObB") {
		u, err := strconv.ParseUint(body, 0, 64)
		if err != nil || body != s {
			return math.NaN()
		}
		return float64(u)
	}
	if strings.ContainsAny(body, "xXpP") {
		return math.NaN()
	}
	f, err := strconv.ParseFloat(s, 64)
	if err != nil && !math.IsInf(f, 0) {
		return math.NaN()
	}
	return f
}

func (c terms) numberText(f float64) string {
	switch {
	case math.IsNaN(f):
		return "NaN"
	case math.IsInf(f, 1):
		return "Infinity"
	case math.IsInf(f, -1):
		return "-Infinity"
	case c.JavaText:
		return javaText(f)
	}
	return scriptText(f)
}

// javaText writes a number as JavaRosa does: whole 32-bit numbers plainly, all others as Double.toString.
func javaText(f float64) string {
	const tolerance = 1e-12
	if math.Abs(f) < tolerance {
		return "0"
	}
	if t := math.Trunc(f); math.Abs(f-t) < tolerance && math.Abs(t) <= math.MaxInt32 {
		return strconv.FormatFloat(t, 'f', 0, 64)
	}
	if a := math.Abs(f); a >= 1e-3 && a < 1e7 {
		s := strconv.FormatFloat(f, 'f', -1, 64)
		if !strings.Contains(s, ".") {
			s += ".0"
		}
		return s
	}
	mantissa, exponent, _ := strings.Cut(strconv.FormatFloat(f, 'e', -1, 64), "e")
	if !strings.Contains(mantissa, ".") {
		mantissa += ".0"
	}
	e, _ := strconv.Atoi(exponent)
	return mantissa + "E" + strconv.Itoa(e)
}

// scriptText writes a number as JavaScript does (ECMA-262, Number::toString).
func scriptText(f float64) string {
	if f == 0 {
		return "0"
	}
	if a := math.Abs(f); a >= 1e-6 && a < 1e21 {
		return strconv.FormatFloat(f, 'f', -1, 64)
	}
	mantissa, exponent, _ := strings.Cut(strconv.FormatFloat(f, 'e', -1, 64), "e")
	e, _ := strconv.Atoi(exponent)
	if e > 0 {
		return mantissa + "e+" + strconv.Itoa(e)
	}
	return mantissa + "e" + strconv.Itoa(e)
}
