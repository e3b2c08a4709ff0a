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
	r.term(x.root, at0(r.current))
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

func at0(steps []string) spot { return spot{steps: steps} }

type refs struct {
	current []string
	found   map[Reference]bool
}

func (r *refs) add(s spot) {
	if !s.unknown {
		r.found[Reference{s.instance, "/" + strings.Join(s.steps, "/")}] = true
	}
}

// term follows everything in a term and returns the place it stands for, for paths that go on from it.
func (r *refs) term(t Term, from spot) spot {
	switch n := t.(type) {
	case *Path:
		s := r.path(n, from)
		r.add(s)
		return s
	case *Filter:
		s := r.term(n.Value, from)
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

// readsContext are the functions that read the context node when they are given no argument, and once, which always does.
var readsContext = map[string]bool{
	"string": true, "number": true, "string-length": true, "normalize-space": true, "name": true, "local-name": true,
	"namespace-uri": true,
}

func (r *refs) call(n *Call, from spot) spot {
	if n.Name == "current" {
		return at0(r.current)
	}
	if readsContext[n.Name] && len(n.Args) == 0 || n.Name == "once" {
		r.add(from)
	}
	if len(n.Args) > 0 {
		if id, ok := n.Args[0].(*Literal); ok {
			switch n.Name {
			case "instance":
				return spot{instance: id.Value}
			case "pulldata":
				r.found[Reference{strings.TrimSuffix(id.Value, ".csv"), "/root/item"}] = true
			}
		}
	}
	var first spot
	for i, a := range n.Args {
		s := r.term(a, from)
		if i == 0 {
			first = s
		}
	}
	if n.Name == "randomize" || n.Name == "indexed-repeat" || n.Name == "depend" || n.Name == "once" {
		return first
	}
	if n.Name == "jr:choice-name" && len(n.Args) == 2 {
		if p, ok := n.Args[1].(*Literal); ok { // the path is given as text
			if x, err := Compile(p.Value); err == nil {
				r.term(x.root, from)
			}
		}
	}
	return spot{unknown: true}
}

func (r *refs) path(p *Path, from spot) spot {
	at := from
	switch {
	case p.Start != nil:
		// Only what the path goes on to is read, not the start itself.
		had := make(map[Reference]bool, len(r.found))
		for k := range r.found {
			had[k] = true
		}
		at = r.term(p.Start, from)
		if start, ok := p.Start.(*Path); ok && !at.unknown {
			ref := Reference{at.instance, "/" + strings.Join(at.steps, "/")}
			if len(start.Steps) > 0 && !had[ref] {
				delete(r.found, ref)
			}
		}
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
	text := st.Test.Kind == TestText || st.Test.Kind == TestComment || st.Test.Kind == TestInstruction
	last := len(s.steps) - 1
	switch st.Axis {
	case Self:
		return s
	case Child:
		if text { // the text of a node is the node's
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
