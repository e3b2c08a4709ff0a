package xform

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"aman/forms/xpath"
)

// Filling is a form being filled in. It is for one goroutine.
//
//	f := model.Start(xform.Conditions{})
//	err := f.Set("/data/age", "17")
//	f.Relevant("/data/guardian")     // true
//	report := f.Check()
//	xml := f.XML()                   // what a phone would send: without what is not relevant
type Filling struct {
	s *state
	// Err is the first thing a calculation or a relevance of the form could not be asked for.
	Err error

	rounds int // that were added
}

// maxRounds bounds what counts may make of the repeats of a form, all together.
const maxRounds = 5000

// Start gives a new instance: the form's own defaults, its preloads, what it sets at the
// first load, everything calculated.
func (m *Model) Start(c Conditions) *Filling {
	root := m.template.Clone().DocumentElement()
	s := m.newState(context.Background(), root, c)
	f := &Filling{s: s}
	s.known, s.filling = true, true
	f.match()
	f.preload()
	f.act("", nil, "odk-instance-first-load", "odk-instance-load", "xforms-ready")
	f.Recalculate()
	return f
}

// match finds the places of the nodes again, after the tree has changed.
func (f *Filling) match() {
	s := f.s
	hidden := make(map[*xpath.Node]bool)
	for i := range s.visits {
		if s.visits[i].node.Hidden {
			hidden[s.visits[i].node] = true
		}
	}
	s.visits, s.unknown, s.twice = s.visits[:0], nil, nil
	for i := range s.byPlace {
		s.byPlace[i] = s.byPlace[i][:0]
	}
	s.walk(s.doc.DocumentElement(), s.m.root, -1, false)
	s.attributes()
	for n := range hidden {
		n.Hidden = true
	}
}

// preload fills in what the form takes from its surroundings.
func (f *Filling) preload() {
	for i := range f.s.visits {
		v := &f.s.visits[i]
		b := v.place.bind.Bind
		if b == nil || v.node.Text() != "" {
			continue
		}
		now := f.s.env.Now().In(f.s.env.Zone)
		switch b.Preload + " " + b.PreloadParams {
		case "uid ":
			v.node.SetText("uuid:" + uuid())
		case "timestamp start", "timestamp end":
			v.node.SetText(now.Format("2006-01-02T15:04:05.000Z07:00"))
		case "date today":
			v.node.SetText(now.Format(time.DateOnly))
		}
	}
}

// uuid makes a random UUID (RFC 9562, version 4).
func uuid() string {
	var b [16]byte
	rand.Read(b[:])
	b[6], b[8] = b[6]&0x0f|0x40, b[8]&0x3f|0x80
	return fmt.Sprintf("%x-%x-%x-%x-%x", b[:4], b[4:6], b[6:8], b[8:10], b[10:])
}

// act carries out the setvalue actions of an event: those that stand at the place on, or
// all; on the nodes under one, or on all.
func (f *Filling) act(on string, under *xpath.Node, events ...string) {
	for _, a := range f.s.m.Actions {
		if a.Kind != "setvalue" || on != "" && a.On != on || !slices.ContainsFunc(a.Events, func(e string) bool { return slices.Contains(events, e) }) {
			continue
		}
		p := f.s.m.byPath[a.Ref]
		if p == nil {
			continue
		}
		for _, i := range f.s.byPlace[p.n] {
			v := &f.s.visits[i]
			if under != nil && !within(v.node, under) {
				continue
			}
			text := a.Text
			if a.rule != nil {
				value, err := a.rule.expr.Eval(f.s.at(v.node))
				if err != nil {
					f.blame(err)
					continue
				}
				text = f.s.calculated(value, &p.bind)
			}
			set(v, text)
		}
	}
}

func within(n, top *xpath.Node) bool {
	for ; n != nil; n = n.Parent() {
		if n == top {
			return true
		}
	}
	return false
}

// holder is the round that a node is in: an action at a question of one round sets nodes of
// that round; nil outside repeats.
func holder(v *visit) *xpath.Node {
	n := v.node
	for p := v.place; p != nil; p, n = p.parent, n.Parent() {
		if p.repeat {
			return n
		}
	}
	return nil
}

func (f *Filling) blame(err error) {
	if f.Err == nil {
		f.Err = err
	}
}

func set(v *visit, text string) {
	if v.place.attribute {
		v.node.Value = text
		return
	}
	v.node.SetText(text)
}

// Recalculate settles relevance, calculations and the number of rounds. It is done after
// every change that the methods of a Filling make.
func (f *Filling) Recalculate() {
	for range 20 { // rounds may hold counts of their own
		f.calculate()
		if !f.adjust() {
			return
		}
	}
}

func (f *Filling) calculate() {
	s := f.s
	for _, st := range s.m.steps {
		for _, i := range s.byPlace[st.place.n] {
			v := &s.visits[i]
			if st.relevant {
				if err := s.relevance(st.rule, i); err != nil {
					f.blame(err)
				}
				continue
			}
			value, err := st.rule.expr.Eval(s.at(v.node))
			if err != nil {
				f.blame(err)
				continue
			}
			set(v, s.calculated(value, &st.place.bind))
		}
	}
	s.settle()
}

// adjust adds and takes away rounds until there are as many as the form says, and reports
// whether anything was changed.
func (f *Filling) adjust() bool {
	s := f.s
	removed := false
	var fresh []*xpath.Node
	for _, p := range s.m.places {
		if !p.repeat || p.count == nil {
			continue
		}
		for _, i := range s.byPlace[p.parent.n] {
			if s.visits[i].hidden {
				continue
			}
			around := s.visits[i].node
			rounds := around.Elements(p.name)
			at := xpath.NewElement(p.local, "")
			at.Prefix = prefix(p.name)
			if len(rounds) > 0 {
				at = rounds[0]
			} else {
				around.Append(at)
			}
			want, ok, err := s.wanted(p.count, at)
			if len(rounds) == 0 {
				at.Remove()
			}
			if err != nil {
				f.blame(err)
			}
			if !ok {
				continue
			}
			for k := len(rounds); k < want && f.rounds < maxRounds; k++ {
				fresh = append(fresh, f.round(around, p))
			}
			for k := len(rounds); k > want; k-- {
				rounds[k-1].Remove()
				removed = true
			}
		}
	}
	if removed || len(fresh) > 0 {
		f.begin(fresh...)
		return true
	}
	return false
}

// begin does what the form does when rounds are new.
func (f *Filling) begin(fresh ...*xpath.Node) {
	f.match()
	for _, n := range fresh {
		f.act("", n, "odk-new-repeat", "odk-instance-first-load")
	}
}

// round adds an empty round of a repeat at its end.
func (f *Filling) round(around *xpath.Node, p *place) *xpath.Node {
	n := p.template.Clone()
	dropTemplates(n)
	fresh := xpath.NewElement(n.Name, "")
	fresh.Prefix = n.Prefix
	for _, a := range n.Attrs() {
		if a.QName() != "jr:template" {
			fresh.SetAttr(a.QName(), a.Value)
		}
	}
	fresh.Append(slices.Clone(n.Children())...)
	at := len(around.Children())
	if rounds := around.Elements(p.name); len(rounds) > 0 {
		at = rounds[len(rounds)-1].Index() + 1
	}
	around.Insert(at, fresh)
	f.rounds++
	return fresh
}

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
