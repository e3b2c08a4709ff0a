package xpath

import (
	"sort"
	"strings"
)

// Reference is a place that an expression reads.
type Reference struct {
	// Instance is the id of a secondary instance, "" for the main one.
	Instance string
	// Path is an absolute path of names, without predicates: /data/person/name, /data/person/@id. Where the expression
	// is not definite, "*" stands for one step and an empty step for any number of them: /data/*, /data//name.
	Path string
}

// References lists what the expression reads, sorted, each once. Relative paths and "." are taken from context, an
// absolute path of names such as /data/person/age; paths inside […] are taken from the node that […] narrows. Paths that
// start at what only an evaluation can know, such as $x/a or instance(/data/which)/root, are left out.
func (x *Expr) References(context string) []Reference {
	r := refs{current: split(context), found: map[Reference]bool{}}
	r.term(x.root, spot{steps: r.current})
	out := make([]Reference, 0, len(r.found))
	for ref := range r.found {
		out = append(out, ref)
	}
	sort.Slice(out, func(i, j int) bool {
		if out[i].Instance != out[j].Instance {
			return out[i].Instance < out[j].Instance
		}
		return out[i].Path < out[j].Path
	})
	return out
}

// Matches reports whether a reference with "*" and "//" covers a path of names.
func (r Reference) Matches(path string) bool { return matchSteps(split(r.Path), split(path)) }

func matchSteps(pattern, path []string) bool {
	switch {
	case len(pattern) == 0:
		return len(path) == 0
	case pattern[0] == "":
		return matchSteps(pattern[1:], path) || len(path) > 0 && matchSteps(pattern, path[1:])
	case len(path) == 0:
		return false
	}
	return (pattern[0] == path[0] || pattern[0] == "*") && matchSteps(pattern[1:], path[1:])
}

func split(path string) []string {
	path = strings.TrimPrefix(path, "/")
	if path == "" {
		return nil
	}
	return strings.Split(path, "/")
}

// spot is a place in an instance while the references are followed. It is unknown where only an evaluation can tell.
type spot struct {
	instance string
	steps    []string
	unknown  bool
}

type refs struct {
	current []string
	found   map[Reference]bool
}

func (r *refs) add(s spot) {
	if !s.unknown {
		r.found[Reference{s.instance, "/" + strings.Join(s.steps, "/")}] = true
	}
}

// term follows everything in a term, as a value that is read.
func (r *refs) term(t Term, from spot) { r.add(r.place(t, from)) }

// place follows everything in a term but does not read the term itself: it returns the place the term stands for, so
// that a path can go on from there. What stands for no place is unknown.
func (r *refs) place(t Term, from spot) spot {
	switch n := t.(type) {
	case *Path:
		return r.path(n, from)
	case *Filter:
		s := r.place(n.Value, from)
		for _, p := range n.Predicates {
			r.term(p, s)
		}
		return s
	case *Call:
		return r.call(n, from)
	case *Binary:
		r.term(n.Left, from)
		r.term(n.Right, from)
	case *Negation:
		r.term(n.Operand, from)
	}
	return spot{unknown: true}
}

var (
	// readsContext are the functions that read the context node when they are given no argument.
	readsContext = map[string]bool{
		"string": true, "number": true, "string-length": true, "normalize-space": true,
	}
	// passesOn are the functions that return nodes of their first argument.
	passesOn = map[string]bool{"randomize": true, "indexed-repeat": true, "depend": true}
)

func (r *refs) call(n *Call, from spot) spot {
	if readsContext[n.Name] && len(n.Args) == 0 || n.Name == "once" {
		r.add(from)
	}
	var id, path string // the arguments that name a place by text
	for i, a := range n.Args {
		if lit, ok := a.(*Literal); ok {
			switch i {
			case 0:
				id = lit.Value
			case 1:
				path = lit.Value
			}
		}
	}
	switch n.Name {
	case "current":
		return spot{steps: r.current}
	case "instance":
		if id != "" {
			return spot{instance: id}
		}
	case "pulldata":
		if id != "" {
			r.add(spot{instance: strings.TrimSuffix(id, ".csv"), steps: []string{"root", "item"}})
		}
	case "jr:choice-name":
		if x, err := Compile(path); err == nil {
			r.term(x.root, from)
		}
	}
	out := spot{unknown: true}
	for i, a := range n.Args {
		if i == 0 && passesOn[n.Name] {
			out = r.place(a, from)
		} else {
			r.term(a, from)
		}
	}
	return out
}

func (r *refs) path(p *Path, from spot) spot {
	at := from
	switch {
	case p.Start != nil:
		at = r.place(p.Start, from)
	case p.Absolute:
		at = spot{}
	}
	for i := range p.Steps {
		at = at.step(&p.Steps[i])
		for _, pred := range p.Steps[i].Predicates {
			r.term(pred, at)
		}
	}
	return at
}

// step moves a place along an axis.
func (s spot) step(st *Step) spot {
	if s.unknown {
		return s
	}
	name := "*"
	if st.Test.Kind == TestName {
		name = st.Test.String()
	}
	out := spot{instance: s.instance}
	push := func(steps []string, more ...string) spot {
		out.steps = append(append(make([]string, 0, len(steps)+len(more)), steps...), more...)
		return out
	}
	inside := st.Test.Kind == TestText || st.Test.Kind == TestComment || st.Test.Kind == TestInstruction
	last := len(s.steps) - 1
	switch st.Axis {
	case Self:
		return s
	case Child:
		if inside { // the text of a node is the node's
			return s
		}
		return push(s.steps, name)
	case Attribute:
		return push(s.steps, "@"+name)
	case Parent:
		if last < 0 || s.steps[last] == "" {
			out.unknown = true
			return out
		}
		return push(s.steps[:last])
	case Descendant:
		return push(s.steps, "", name)
	case DescendantOrSelf:
		if st.Test.Kind == TestNode { // as in a//b
			return push(s.steps, "")
		}
		return push(s.steps, "", name)
	case FollowingSibling, PrecedingSibling:
		if last >= 0 {
			return push(s.steps[:last], name)
		}
	case Following, Preceding, Ancestor, AncestorOrSelf:
		return push(nil, "", name)
	}
	out.unknown = true
	return out
}
