package screening

import (
	"maps"
	"slices"
)

// Change is one answer that, with all others as they are, gives another
// outcome.
type Change struct {
	Fact    string `json:"fact"`
	Label   string `json:"label"`
	From    Value  `json:"from"`
	To      Value  `json:"to"`
	Outcome Result `json:"outcome"` // what it would then be
	Grade   bool   `json:"grade"`   // the outcome stays, an open graver one is ruled out
}

// Asked tells whether the change comes from an answer that is still open. The
// other changes show which recorded answers the outcome rests on.
func (c Change) Asked() bool { return !c.From.Known() }

// addChanges tries each fact by itself: an open one both ways, an answered one
// the other way. Open facts come first.
func (e *evaluation) addChanges(d decision) {
	var rests []Change
	answers := maps.Clone(e.now)
	for _, key := range e.s.inputs {
		from := e.now[key]
		for _, to := range []Value{Yes, No} {
			if to == from {
				continue
			}
			answers[key] = to
			then := e.s.decide(answers)
			same := then.key == d.key
			if same && len(then.open) == len(d.open) {
				continue
			}
			c := Change{Fact: key, Label: e.factLabel(key), From: from, To: to, Outcome: e.resultOf(then), Grade: same}
			if c.Asked() {
				e.finding.Changes = append(e.finding.Changes, c)
			} else {
				rests = append(rests, c)
			}
		}
		answers[key] = from
	}
	e.finding.Changes = append(e.finding.Changes, rests...)
}

func (e *evaluation) resultOf(d decision) Result {
	if d.index < 0 {
		return e.engineResult(d.key)
	}
	return e.result(d.index)
}

// addMissing lists the open facts that can still matter: those reached from an
// open outcome through open conditions only. A fact beside a settled condition
// is not asked for, which spares the person a question.
func (e *evaluation) addMissing(d decision) {
	wanted := map[string]bool{}
	var reach func(x *Expr)
	reach = func(x *Expr) {
		if e.world.eval(x).Known() {
			return
		}
		switch x.Op {
		case OpFact:
			wanted[x.Key] = true
		case OpElement:
			for i := range e.s.Elements {
				if e.s.Elements[i].Key == x.Key {
					reach(&e.s.Elements[i].When)
				}
			}
		}
		for i := range x.Of {
			reach(&x.Of[i])
		}
	}
	for _, i := range slices.Concat(d.open, d.possible) {
		if o := e.s.Outcomes[i]; o.When != nil {
			reach(o.When)
		}
	}
	if e.s.Applies != nil {
		reach(e.s.Applies)
	}
	decides := map[string]bool{}
	for _, c := range e.finding.Changes {
		decides[c.Fact] = true
	}
	for _, key := range e.s.inputs {
		if !wanted[key] {
			continue
		}
		d, _ := e.s.vocabulary.Definition(key)
		e.finding.Missing = append(e.finding.Missing, Question{
			Fact: key, Label: e.factLabel(key), Value: e.now[key], Decides: decides[key],
			Question: e.keep("fact/"+key+"/question", e.s.vocabulary.Question(key)),
			Note:     e.keep("fact/"+key+"/note", d.Note),
		})
	}
	slices.SortStableFunc(e.finding.Missing, func(a, b Question) int {
		return a.rank() - b.rank()
	})
}

// rank puts what decides first, and what was never asked before what was asked
// and is not known.
func (q Question) rank() int {
	r := 0
	if !q.Decides {
		r += 2
	}
	if q.Value == Unknown {
		r++
	}
	return r
}
