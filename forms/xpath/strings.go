package xpath

import (
	"strings"
	"unicode/utf16"
)

var stringFunctions = []Function{
	{Name: "string", Args: "value?", Max: 1, Eval: fnString,
		Doc: "The value as text; of several nodes, the first."},
	{Name: "concat", Args: "value, …", Max: -1, Eval: fnConcat,
		Doc: "All values one after another; of a path, every node."},
	{Name: "join", Args: "separator, value, …", Min: 1, Max: -1, Eval: fnJoin,
		Doc: "All values with the separator between them; of a path, every node."},
	{Name: "substr", Args: "text, start, end?", Min: 2, Max: 3, Eval: fnSubstr,
		Doc: "The text from start (0 first) up to before end; negative numbers count from the end."},
	{Name: "substring", Args: "text, start, length?", Min: 2, Max: 3, Eval: fnSubstring,
		Doc: "The text from start (1 first), at most length characters (XPath 1.0)."},
	{Name: "substring-before", Args: "text, mark", Min: 2, Max: 2, Eval: fnSubstringBefore,
		Doc: "What stands before the first mark, or nothing."},
	{Name: "substring-after", Args: "text, mark", Min: 2, Max: 2, Eval: fnSubstringAfter,
		Doc: "What stands after the first mark, or nothing."},
	{Name: "translate", Args: "text, from, to", Min: 3, Max: 3, Eval: fnTranslate,
		Doc: "Each character of from becomes the one of to at the same place, or goes."},
	{Name: "string-length", Args: "text?", Max: 1, Eval: fnStringLength,
		Doc: "The length in UTF-16 units, as Java and JavaScript count."},
	{Name: "normalize-space", Args: "text?", Max: 1, Eval: fnNormalizeSpace,
		Doc: "The text without white space around it and with single spaces inside."},
	{Name: "contains", Args: "text, part", Min: 2, Max: 2, Eval: textTest(strings.Contains),
		Doc: "Whether the part is in the text."},
	{Name: "starts-with", Args: "text, part", Min: 2, Max: 2, Eval: textTest(strings.HasPrefix),
		Doc: "Whether the text begins with the part."},
	{Name: "ends-with", Args: "text, part", Min: 2, Max: 2, Eval: textTest(strings.HasSuffix),
		Doc: "Whether the text ends with the part."},
	{Name: "regex", Args: "text, pattern", Min: 2, Max: 2, Eval: fnRegex,
		Doc: "Whether the regular expression fits the text."},
}

// textOr gives argument i, or the context node's text where it was left out.
func (a *Arguments) textOr(i int) string {
	if a.Has(i) {
		return a.Text(i)
	}
	return a.e.nodeText(a.f.node)
}

func fnString(a *Arguments) Value { return StringValue(a.textOr(0)) }

func fnConcat(a *Arguments) Value { return a.join("", 0) }

func fnJoin(a *Arguments) Value { return a.join(a.Text(0), 1) }

// join puts the arguments from number i on together.
func (a *Arguments) join(separator string, i int) Value {
	var b strings.Builder
	for k, v := range a.Each(i) {
		if k > 0 {
			b.WriteString(separator)
		}
		b.WriteString(a.e.text(v))
		if b.Len() > a.e.maxText {
			break // made reports it
		}
	}
	return a.made(b.String())
}

// units is a text as the UTF-16 units that Java and JavaScript count in. ASCII text is kept as bytes.
type units struct {
	ascii string
	wide  []uint16
}

func toUnits(s string) units {
	for i := 0; i < len(s); i++ {
		if s[i] >= 0x80 {
			return units{wide: utf16.Encode([]rune(s))}
		}
	}
	return units{ascii: s}
}

func (u units) len() int { return len(u.ascii) + len(u.wide) }

func (u units) slice(from, to int) string {
	if u.wide == nil {
		return u.ascii[from:to]
	}
	return string(utf16.Decode(u.wide[from:to]))
}

func fnSubstr(a *Arguments) Value {
	u := toUnits(a.Text(0))
	start, end := toInt32(a.Number(1)), u.len()
	if a.Has(2) {
		end = toInt32(a.Number(2))
	}
	place := func(i int) int {
		if i < 0 {
			i += u.len()
		}
		return max(0, min(i, u.len()))
	}
	start, end = place(start), place(end)
	if start > end {
		return StringValue("")
	}
	return a.made(u.slice(start, end))
}

// fnSubstring follows XPath 1.0 section 4.2: a character at place p (1 first) is in when
// p >= round(start) and p < round(start) + round(length).
func fnSubstring(a *Arguments) Value {
	u := toUnits(a.Text(0))
	first := roundHalfUp(a.Number(1))
	var out []int
	last := first + roundHalfUp(a.Number(2))
	for p := 1; p <= u.len(); p++ {
		if float64(p) >= first && (!a.Has(2) || float64(p) < last) {
			out = append(out, p)
		}
	}
	if len(out) == 0 {
		return StringValue("")
	}
	return a.made(u.slice(out[0]-1, out[len(out)-1]))
}

func fnSubstringBefore(a *Arguments) Value {
	s, mark := a.Text(0), a.Text(1)
	if i := strings.Index(s, mark); i >= 0 {
		return StringValue(s[:i])
	}
	return StringValue("")
}

func fnSubstringAfter(a *Arguments) Value {
	s, mark := a.Text(0), a.Text(1)
	if i := strings.Index(s, mark); i >= 0 {
		return StringValue(s[i+len(mark):])
	}
	return StringValue("")
}

func fnTranslate(a *Arguments) Value {
	s, from, to := a.Text(0), []rune(a.Text(1)), []rune(a.Text(2))
	change := make(map[rune]rune, len(from))
	for i, r := range from {
		if _, twice := change[r]; twice {
			continue
		}
		change[r] = -1 // strings.Map drops these
		if i < len(to) {
			change[r] = to[i]
		}
	}
	return a.made(strings.Map(func(r rune) rune {
		if c, ok := change[r]; ok {
			return c
		}
		return r
	}, s))
}

func fnStringLength(a *Arguments) Value {
	return NumberValue(float64(toUnits(a.textOr(0)).len()))
}

func fnNormalizeSpace(a *Arguments) Value {
	words := strings.FieldsFunc(a.textOr(0), func(r rune) bool { return r == ' ' || r == '\t' || r == '\r' || r == '\n' })
	return a.made(strings.Join(words, " "))
}

func textTest(test func(s, part string) bool) func(*Arguments) Value {
	return func(a *Arguments) Value { return BooleanValue(test(a.Text(0), a.Text(1))) }
}
