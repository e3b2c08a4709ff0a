package xform

import (
	"context"
	"crypto/rand"
	"fmt"
	"slices"
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
