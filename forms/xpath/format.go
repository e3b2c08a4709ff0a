package xpath

import (
	"strconv"
	"strings"
)

// Format prints a term as an expression that parses back to the same term, with the short forms (. .. @ //) and no more
// parentheses than it needs.
func Format(t Term) string {
	var b strings.Builder
	t.write(&b, 0)
	return b.String()
}

func (n *Number) write(b *strings.Builder, _ int) {
	if n.Source != "" {
		b.WriteString(n.Source)
		return
	}
	b.WriteString(strconv.FormatFloat(n.Value, 'f', -1, 64))
}

func (n *Literal) write(b *strings.Builder, outer int) {
	// A literal that holds both kinds of quote cannot be written as one; rewriting may make such a one.
	if strings.Contains(n.Value, "'") && strings.Contains(n.Value, `"`) {
		b.WriteString("concat(")
		for i, part := range strings.SplitAfter(n.Value, "'") {
			if i > 0 {
				b.WriteString(", ")
			}
			if body, ok := strings.CutSuffix(part, "'"); ok {
				b.WriteString("'" + body + `', "'"`)
			} else {
				b.WriteString("'" + part + "'")
			}
		}
		b.WriteString(")")
		return
	}
	b.WriteString(quote(n.Value))
}

func quote(s string) string {
	if strings.Contains(s, "'") {
		return `"` + s + `"`
	}
	return "'" + s + "'"
}

func (n *Variable) write(b *strings.Builder, _ int) { b.WriteString("$" + n.Name) }

func (n *Negation) write(b *strings.Builder, outer int) {
	parens(b, outer > precUnary, func() {
		b.WriteByte('-')
		n.Operand.write(b, precUnary)
	})
}

func (n *Binary) write(b *strings.Builder, outer int) {
	op := operators[n.Op]
	parens(b, outer > op.prec, func() {
		n.Left.write(b, op.prec)
		b.WriteString(" " + op.text + " ")
		n.Right.write(b, op.prec+1)
	})
}

func parens(b *strings.Builder, need bool, body func()) {
	if need {
		b.WriteByte('(')
	}
	body()
	if need {
		b.WriteByte(')')
	}
}

func (n *Call) write(b *strings.Builder, _ int) {
	b.WriteString(n.Name + "(")
	for i, a := range n.Args {
		if i > 0 {
			b.WriteString(", ")
		}
		a.write(b, 0)
	}
	b.WriteByte(')')
}

func (n *Filter) write(b *strings.Builder, outer int) {
	// A path takes predicates into its last step, so as the value of a filter it needs parentheses.
	writePrimary(b, n.Value)
	writePredicates(b, n.Predicates)
}

func writePrimary(b *strings.Builder, t Term) {
	_, isPath := t.(*Path)
	parens(b, isPath, func() { t.write(b, precPath) })
}

func writePredicates(b *strings.Builder, preds []Term) {
	for _, p := range preds {
		b.WriteByte('[')
		p.write(b, 0)
		b.WriteByte(']')
	}
}

func (n *Path) write(b *strings.Builder, outer int) {
	if n.Start != nil {
		writePrimary(b, n.Start)
	}
	if n.Start != nil || n.Absolute {
		b.WriteByte('/')
	}
	anchored := n.Start != nil || n.Absolute
	for i, s := range n.Steps {
		if i > 0 {
			b.WriteByte('/')
		}
		s.write(b, i < len(n.Steps)-1 && (i > 0 || anchored))
	}
}

// write prints a step; inner says that "//" may stand for it.
func (s Step) write(b *strings.Builder, inner bool) {
	any := s.Test.Kind == TestNode && len(s.Predicates) == 0
	switch {
	case any && s.Axis == Self:
		b.WriteByte('.')
		return
	case any && s.Axis == Parent:
		b.WriteString("..")
		return
	case any && s.Axis == DescendantOrSelf && inner:
		return
	case s.Axis == Attribute:
		b.WriteByte('@')
	case s.Axis != Child:
		b.WriteString(s.Axis.String() + "::")
	}
	b.WriteString(s.Test.String())
	writePredicates(b, s.Predicates)
}
