package xform

import (
	"context"
	"strings"
	"time"

	"aman/forms/xpath"
)

// Validate reads a submission and checks it against the form. See Check.
func (m *Model) Validate(body []byte) Report {
	in, err := ParseInstance(body)
	if err != nil {
		return Report{Failures: []Finding{{Rule: Unreadable, Why: err.Error()}}}
	}
	return m.check(in, in.root, Conditions{})
}

// Check looks at everything a submission says and leaves out, and reports all that does
// not fit the form. The values are taken as they were sent, calculated ones too: what the
// form would calculate is compared with them and noted, not put in their place, so that a
// phone whose clock or language is another is not blamed for it. The instance is not
// changed. The work is bounded by c.Timeout and by the size of the instance.
func (m *Model) Check(in *Instance, c Conditions) Report { return m.check(in, in.root.Clone(), c) }

// check judges root, which it may change.
func (m *Model) check(in *Instance, root *xpath.Node, c Conditions) Report {
	r := Report{}
	if in.Encrypted {
		r.Notes = []Finding{{Rule: Unchecked, Path: "/" + in.root.QName(), Name: in.root.Name, Why: "the answers are encrypted"}}
		return r
	}
	if in.Form != m.ID || in.root.Name != m.root.local {
		r.Failures = []Finding{{Rule: WrongForm, Path: "/" + in.root.QName(), Name: in.root.Name}}
		return r
	}
	if c.Timeout <= 0 {
		c.Timeout = defaultTimeout
	}
	ctx, cancel := context.WithTimeout(context.Background(), c.Timeout)
	defer cancel()
	root.Prefix = m.data().Prefix
	s := m.newState(ctx, root, c)
	s.walk(root, m.root, -1, false)
	s.attributes()
	s.clock()
	k := &checker{state: s, r: &r}
	k.strangers()
	k.logic()
	s.settle()
	for i := range s.visits {
		if ctx.Err() != nil {
			s.full = true
			break
		}
		k.node(i)
	}
	k.counts()
	if s.full || ctx.Err() != nil {
		r.add(&r.Notes, Finding{Rule: Unfinished, Path: m.root.path, Name: m.root.local})
	}
	return r
}

func (m *Model) data() *xpath.Node { return m.template.DocumentElement() }

type checker struct {
	*state
	r     *Report
	asked map[string]bool // notes of rules that could not be asked, once for each place and rule
}

func (k *checker) finding(rule Rule, v *visit) Finding {
	return Finding{Rule: rule, Path: v.node.Path(), Name: v.node.Name, Label: v.place.label}
}

func (k *checker) fail(rule Rule, v *visit, message Words) {
	f := k.finding(rule, v)
	f.Message = message
	to := &k.r.Failures
	if v.unsure { // relevant perhaps, perhaps not
		to = &k.r.Notes
	}
	k.r.add(to, f)
}

func (k *checker) note(rule Rule, v *visit, why error) {
	f := k.finding(rule, v)
	if why != nil {
		f.Why = why.Error()
		key := v.place.path + " " + f.Why
		if k.asked[key] {
			return
		}
		if k.asked == nil {
			k.asked = map[string]bool{}
		}
		k.asked[key] = true
	}
	k.r.add(&k.r.Notes, f)
}

// strangers reports nodes that the form does not have. What programs put into meta is
// theirs.
func (k *checker) strangers() {
	for _, n := range k.unknown {
		if p := n.Parent(); p != nil && p.Name == "meta" {
			continue
		}
		k.r.add(&k.r.Notes, Finding{Rule: Unknown, Path: n.Path(), Name: n.Name})
	}
	for _, n := range k.twice {
		k.r.add(&k.r.Failures, Finding{Rule: Repeated, Path: n.Path(), Name: n.Name})
	}
}

// logic settles what is relevant and compares what is calculated, each after what it reads.
func (k *checker) logic() {
	for _, st := range k.m.steps {
		for _, i := range k.byPlace[st.place.n] {
			if k.ctx.Err() != nil {
				return
			}
			v := &k.visits[i]
			if hidden, _ := k.concealed(v.parent); hidden {
				continue
			}
			if st.relevant {
				if err := k.relevance(st.rule, i); err != nil {
					k.note(Unchecked, v, err)
				}
				continue
			}
			if !v.node.Hidden {
				k.calculation(st.rule, v)
			}
		}
	}
}

// node checks one node.
func (k *checker) node(i int) {
	v := &k.visits[i]
	p := v.place
	if len(p.children) > 0 || p.attribute {
		return
	}
	value := strings.TrimSpace(v.node.Text())
	if v.hidden {
		if value != "" && !v.absent {
			k.irrelevant(v, value)
		}
		return
	}
	b := &p.bind
	if value == "" {
		if b.required != nil && len(p.controls) > 0 {
			k.required(v)
		}
		return
	}
	k.r.Relevant++
	if b.fits != nil && !b.fits(value) {
		if v.given(value) { // the form's own fault
			k.note(Type, v, nil)
		} else {
			k.fail(Type, v, nil)
		}
		return // the other rules would only say it again
	}
	for _, c := range p.controls {
		if !k.offered(c, v, value) {
			break
		}
	}
	if b.constraint != nil {
		k.constraint(v)
	}
}

// irrelevant reports an answer to what should not have been asked. One that the form
// itself starts with says nothing about the person who filled it in.
func (k *checker) irrelevant(v *visit, value string) {
	b := v.place.bind
	if v.given(value) || b.Bind != nil && (b.calculate != nil || b.Preload != "") || len(v.place.controls) == 0 {
		k.note(Irrelevant, v, nil)
		return
	}
	k.fail(Irrelevant, v, nil)
}

// given reports whether a value is what the form itself starts with.
func (v *visit) given(value string) bool {
	t := v.place.template
	return t != nil && strings.TrimSpace(t.Text()) == value
}

func (k *checker) required(v *visit) {
	r := v.place.bind.required
	need, err := k.holds(r, v.node)
	switch {
	case err != nil:
		k.note(Unchecked, v, err)
	case need && (r.random || r.clock && !k.known):
	case need:
		k.fail(Required, v, v.place.bind.RequiredMessage)
	}
}

// offered checks an answer against what its question offers, and says whether it fits.
func (k *checker) offered(c *control, v *visit, value string) bool {
	if c.span != nil && !c.span.has(value) {
		k.fail(Range, v, nil)
		return false
	}
	if c.choices == nil || c.choices.open {
		if c.choices != nil {
			k.note(Unchecked, v, errNoList)
		}
		return true
	}
	codes := []string{value}
	if c.kind == "select" || c.kind == "rank" {
		codes = strings.Fields(value)
	}
	ok, err := c.choices.allows(k.at(v.node), codes)
	if err != nil {
		k.note(Unchecked, v, err)
	} else if !ok {
		k.fail(Choice, v, nil)
		return false
	}
	return true
}

type plainError string

func (e plainError) Error() string { return string(e) }

const errNoList = plainError("the list of choices is a file that is not here")

// constraint asks the form's own rule. One that reads the clock, where it is not known when
// the form was filled, is broken only when it is broken now and at the earliest moment
// possible: a birth date in the future is wrong at both, an appointment that was ahead then
// is not.
func (k *checker) constraint(v *visit) {
	b := &v.place.bind
	r := b.constraint
	if r.random {
		return
	}
	ok, err := k.holds(r, v.node)
	if !ok && err == nil && r.clock && !k.known {
		now := k.env.Now
		k.env.Now = func() time.Time { return k.earliest }
		ok, err = k.holds(r, v.node)
		k.env.Now = now
	}
	switch {
	case err != nil:
		k.note(Unchecked, v, err)
	case !ok && len(v.place.controls) == 0:
		k.note(Constraint, v, nil) // no program asks the rule of a node without a question
	case !ok:
		k.fail(Constraint, v, b.ConstraintMessage)
	}
}
