package web

import (
	"strings"

	"aman/forms/xform"
	"aman/forms/xpath"
)

// words says the logic of a form in words: ${age} < 18 and selected(${needs}, 'food')
// becomes “Age is less than 18 and Needs includes Food”. What it has no words for stays as
// it is written, so that nothing is said that the form does not mean.
type words struct {
	p     *Page
	model *xform.Model
	lang  string
}

// sentence says an expression; "" when there is none or it always holds.
func (w *words) sentence(expression, at string) string {
	expression = strings.TrimSpace(expression)
	if expression == "" || expression == "true()" {
		return ""
	}
	x, err := xpath.Compile(expression)
	if err == nil {
		if text, ok := w.say(x.Term(), at); ok {
			return text
		}
	}
	return leftToRight + expression + isolated
}

// Around what is written from left to right, in a text of any direction (Unicode UAX #9).
const leftToRight, isolated = "\u2066", "\u2069"

// comparisons are the texts of operators; each has {a} and {b}.
var comparisons = map[xpath.Op]string{
	xpath.OpEqual: "forms.logic.is", xpath.OpNotEqual: "forms.logic.is_not", xpath.OpLess: "forms.logic.less", xpath.OpLessEqual: "forms.logic.at_most",
	xpath.OpGreater: "forms.logic.more", xpath.OpGreaterEqual: "forms.logic.at_least",
}

// say puts a condition into words; ok is false when it has none.
func (w *words) say(t xpath.Term, at string) (text string, ok bool) {
	switch t := t.(type) {
	case *xpath.Binary:
		if t.Op == xpath.OpAnd || t.Op == xpath.OpOr {
			return w.both(t, at)
		}
		key := comparisons[t.Op]
		if key == "" {
			return "", false
		}
		if blank(t.Right) && (t.Op == xpath.OpEqual || t.Op == xpath.OpNotEqual) {
			a, ok := w.value(t.Left, nil, at)
			return w.p.T(map[bool]string{true: "forms.logic.empty", false: "forms.logic.answered"}[t.Op == xpath.OpEqual], "a", a), ok
		}
		a, okA := w.value(t.Left, nil, at)
		b, okB := w.value(t.Right, t.Left, at)
		return w.p.T(key, "a", a, "b", b), okA && okB
	case *xpath.Call:
		switch {
		case t.Name == "selected" && len(t.Args) == 2:
			a, okA := w.value(t.Args[0], nil, at)
			b, okB := w.value(t.Args[1], t.Args[0], at)
			return w.p.T("forms.logic.selected", "a", a, "b", b), okA && okB
		case t.Name == "not" && len(t.Args) == 1:
			text, ok := w.say(t.Args[0], at)
			return w.p.T("forms.logic.not", "a", text), ok
		case t.Name == "regex" && len(t.Args) == 2:
			a, okA := w.value(t.Args[0], nil, at)
			b, okB := w.value(t.Args[1], nil, at)
			return w.p.T("forms.logic.pattern", "a", a, "b", b), okA && okB
		}
	}
	return "", false
}

func (w *words) both(t *xpath.Binary, at string) (string, bool) {
	one := func(side xpath.Term) (string, bool) {
		text, ok := w.say(side, at)
		if b, is := side.(*xpath.Binary); is && (b.Op == xpath.OpAnd || b.Op == xpath.OpOr) && b.Op != t.Op {
			text = "(" + text + ")"
		}
		return text, ok
	}
	a, okA := one(t.Left)
	b, okB := one(t.Right)
	key := "forms.logic.and"
	if t.Op == xpath.OpOr {
		key = "forms.logic.or"
	}
	return w.p.T(key, "a", a, "b", b), okA && okB
}

func blank(t xpath.Term) bool {
	l, ok := t.(*xpath.Literal)
	return ok && l.Value == ""
}

// value says a question by its label and a code, where it is compared with the question of,
// by the words of its choice.
func (w *words) value(t, of xpath.Term, at string) (string, bool) {
	switch t := t.(type) {
	case *xpath.Number:
		return t.Source, true
	case *xpath.Literal:
		if q := w.question(of, at); q != nil {
			for _, o := range q.Options {
				if o.Value == t.Value {
					if text := xform.Text(o.Label, languageCode(w.lang)); text != "" {
						return "“" + text + "”", true
					}
				}
			}
		}
		return "“" + t.Value + "”", true
	case *xpath.Negation:
		text, ok := w.value(t.Operand, nil, at)
		return "-" + text, ok
	case *xpath.Call:
		switch {
		case t.Name == "today" && len(t.Args) == 0:
			return w.p.T("forms.logic.today"), true
		case t.Name == "count-selected" && len(t.Args) == 1:
			a, ok := w.value(t.Args[0], nil, at)
			return w.p.T("forms.logic.count", "a", a), ok
		}
	case *xpath.Path:
		if q := w.question(t, at); q != nil {
			if q.Path == at {
				return w.p.T("forms.logic.this"), true
			}
			return "«" + orElse(xform.Text(q.Label, languageCode(w.lang)), q.Name) + "»", true
		}
		// What the form works out itself has no label; its name says most of it.
		if path := w.path(t, at); w.model.Binds[path].Calculate != "" {
			return "«" + path[strings.LastIndexByte(path, '/')+1:] + "»", true
		}
	}
	return "", false
}

// question is the question that a plain path means.
func (w *words) question(t xpath.Term, at string) *xform.Question {
	path := w.path(t, at)
	for i := range w.model.Questions {
		if w.model.Questions[i].Path == path {
			return &w.model.Questions[i]
		}
	}
	return nil
}

// path is where a plain path leads; "" for any other.
func (w *words) path(t xpath.Term, at string) string {
	p, ok := t.(*xpath.Path)
	if !ok || p.Start != nil {
		return ""
	}
	path := at
	if p.Absolute {
		path = ""
	}
	for _, s := range p.Steps {
		switch {
		case len(s.Predicates) > 0:
			return ""
		case s.Axis == xpath.Self && s.Test.Kind == xpath.TestNode:
		case s.Axis == xpath.Parent && s.Test.Kind == xpath.TestNode && strings.Contains(path, "/"):
			path = path[:strings.LastIndexByte(path, '/')]
		case s.Axis == xpath.Child && s.Test.Kind == xpath.TestName:
			path += "/" + s.Test.String()
		default:
			return ""
		}
	}
	return path
}
