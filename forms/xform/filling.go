package xform

import (
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"aman/forms/xpath"
)

// ErrNoNode: the instance has no node at that path.
var ErrNoNode = errors.New("there is no such node in the form")

// find follows a path with positions: /data/leg[2]/from.
func (f *Filling) find(path string) *visit {
	n := f.s.doc
	for _, step := range strings.Split(strings.Trim(path, "/"), "/") {
		name, rest, _ := strings.Cut(step, "[")
		place := 1
		if k, err := strconv.Atoi(strings.TrimSuffix(rest, "]")); err == nil {
			place = k
		}
		list := n.Elements(name)
		if place < 1 || place > len(list) {
			return nil
		}
		n = list[place-1]
	}
	for i := range f.s.visits {
		if f.s.visits[i].node == n {
			return &f.s.visits[i]
		}
	}
	return nil
}

// Set answers a question, and recalculates. The answer is not judged: Check does that.
func (f *Filling) Set(path, value string) error {
	v := f.find(path)
	if v == nil || len(v.place.children) > 0 {
		return fmt.Errorf("%s: %w", path, ErrNoNode)
	}
	v.node.SetText(value)
	f.calculate()
	f.act(v.place.path, holder(v), "xforms-value-changed")
	f.Recalculate()
	return nil
}

// Add makes one more round of the repeat at a path (/data/person[2]/visit makes a visit of
// the second person) and returns the round's path.
func (f *Filling) Add(path string) (string, error) {
	cut := strings.LastIndex(path, "/")
	around := f.find(path[:max(cut, 0)])
	if around == nil {
		return "", fmt.Errorf("%s: %w", path, ErrNoNode)
	}
	p := around.place.byName[path[cut+1:]]
	if p == nil || !p.repeat {
		return "", fmt.Errorf("%s: %w", path, ErrNoNode)
	}
	holder := around.node
	f.begin(f.round(holder, p))
	f.Recalculate()
	return fmt.Sprintf("%s/%s[%d]", holder.Path(), p.name, len(holder.Elements(p.name))), nil
}

// Value is the answer at a path, "" when there is none.
func (f *Filling) Value(path string) string {
	if v := f.find(path); v != nil {
		return v.node.Text()
	}
	return ""
}

// Relevant reports whether a node is to be asked.
func (f *Filling) Relevant(path string) bool {
	v := f.find(path)
	return v != nil && !v.hidden
}

// Choices are the codes that may be chosen at a path, sorted; nil when it is no choice.
func (f *Filling) Choices(path string) ([]string, error) {
	v := f.find(path)
	if v == nil {
		return nil, fmt.Errorf("%s: %w", path, ErrNoNode)
	}
	for _, c := range v.place.controls {
		if c.choices == nil || c.choices.open {
			continue
		}
		set, err := c.choices.codes(f.s.at(v.node))
		if err != nil {
			return nil, err
		}
		out := make([]string, 0, len(set))
		for code := range set {
			out = append(out, code)
		}
		slices.Sort(out)
		return out, nil
	}
	return nil, nil
}

// Questions lists the paths, with positions, of what may be answered now, in order.
func (f *Filling) Questions() []string {
	var out []string
	for i := range f.s.visits {
		if v := &f.s.visits[i]; !v.hidden && len(v.place.controls) > 0 {
			out = append(out, v.node.Path())
		}
	}
	return out
}

// Document is the instance as it stands. Relevance is in Hidden.
func (f *Filling) Document() *xpath.Node { return f.s.doc }

// XML is the instance as a phone sends it: without what is not relevant.
func (f *Filling) XML() []byte { return []byte(f.s.doc.XML()) }

// Check judges the instance as it stands.
func (f *Filling) Check() Report { return f.s.m.Validate(f.XML()) }
