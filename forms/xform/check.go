package xform

import (
	"context"
	"math"
	"strconv"
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

// calculation compares what was sent with what the form calculates.
func (k *checker) calculation(r *rule, v *visit) {
	if r.random || r.clock && !k.known {
		return
	}
	have := v.node.Text()
	languages := []string{k.language}
	if r.spoken && len(k.m.Languages) > 0 {
		languages = k.m.Languages
	}
	was := k.language
	defer func() { k.language = was }()
	for _, k.language = range languages {
		value, err := r.expr.Eval(k.at(v.node))
		if err != nil {
			k.note(Unchecked, v, err)
			return
		}
		want := k.calculated(value, &v.place.bind)
		if same(have, want) {
			return
		}
		if v.absent && !r.clock {
			// It was left out, perhaps because the program thought it was not relevant. The
			// rest of the form is judged as if it were there.
			v.node.SetText(want)
		}
	}
	k.note(Calculated, v, nil)
}

// calculated is the text that a calculation leaves in a node, as JavaRosa casts it to the
// type of the node: no number is no answer, and a whole number is cut, not rounded.
func (s *state) calculated(v xpath.Value, b *bind) string {
	if v.Type() == xpath.BooleanType || b.typ == xpath.BooleanType {
		return strconv.FormatBool(s.env.True(v))
	}
	whole := b.Bind != nil && whole[b.Type]
	if v.Type() == xpath.NumberType || whole && v.Type() != xpath.DateType {
		f := s.env.Number(v)
		switch {
		case math.IsNaN(f) && v.Type() == xpath.NumberType:
			return ""
		case whole && math.Abs(f) < 1e15:
			return strconv.FormatInt(int64(f), 10)
		}
	}
	return s.env.Text(v)
}

// same compares calculated values: as text, else as numbers up to rounding, else as the
// same day or moment.
func same(a, b string) bool {
	a, b = strings.TrimSpace(a), strings.TrimSpace(b)
	if a == b {
		return true
	}
	x, err1 := strconv.ParseFloat(a, 64)
	y, err2 := strconv.ParseFloat(b, 64)
	if err1 == nil && err2 == nil {
		return math.Abs(x-y) <= 1e-6*max(1, math.Abs(x), math.Abs(y))
	}
	if truth[a] != "" && truth[a] == truth[b] {
		return true
	}
	if len(a) < 10 || len(b) < 10 || a[:10] != b[:10] {
		t, _, ok1 := moment(a)
		u, _, ok2 := moment(b)
		return ok1 && ok2 && t.Equal(u)
	}
	return isDate(a) && isDate(b)
}

// truth are the ways in which programs write a boolean.
var truth = map[string]string{"true": "1", "1": "1", "1.0": "1", "false": "0", "0": "0", "0.0": "0"}

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

// draft is how long a form may have waited on a phone before it was sent, when the form
// does not record the time.
const draft = 366 * 24 * time.Hour

// constraint asks the form's own rule. One that reads the clock, of a form that does not
// record when it was filled, is broken only when it is broken today and a year ago: a
// birth date in the future is wrong at both, an appointment that was ahead then is not.
func (k *checker) constraint(v *visit) {
	b := &v.place.bind
	r := b.constraint
	if r.random {
		return
	}
	ok, err := k.holds(r, v.node)
	if !ok && err == nil && r.clock && !k.known {
		now := k.env.Now
		k.env.Now = func() time.Time { return now().Add(-draft) }
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

// counts compares how many rounds there are with what the form says.
func (k *checker) counts() {
	for _, p := range k.m.places {
		if !p.repeat || p.count == nil {
			continue
		}
		rounds := map[int]int{}
		first := map[int]int{}
		for _, i := range k.byPlace[p.n] {
			parent := k.visits[i].parent
			if rounds[parent]++; rounds[parent] == 1 {
				first[parent] = i
			}
		}
		for _, i := range k.byPlace[p.parent.n] {
			if k.ctx.Err() != nil {
				return
			}
			if v := k.visits[i]; !v.hidden {
				k.count(p, i, rounds[i], first)
			}
		}
	}
}

func (k *checker) count(p *place, parent, have int, first map[int]int) {
	around := k.visits[parent]
	v := visit{place: p, parent: parent, unsure: around.unsure}
	if have > 0 {
		v = k.visits[first[parent]]
		if v.hidden {
			return
		}
	} else { // no round to ask from: one is put there for as long as it is asked
		v.node = xpath.NewElement(p.local, "")
		v.node.Prefix = prefix(p.name)
		around.node.Append(v.node)
		defer v.node.Remove()
		if r := p.bind.relevant; r != nil {
			if ok, err := k.holds(r, v.node); !ok || err != nil {
				return
			}
		}
	}
	want, ok, err := k.wanted(p.count, v.node)
	switch {
	case err != nil:
		k.note(Unchecked, &v, err)
	case ok && want != have:
		f := k.finding(Count, &v)
		f.Path = around.node.Path() + "/" + p.name // of all the rounds
		to := &k.r.Failures
		if v.unsure {
			to = &k.r.Notes
		}
		k.r.add(to, f)
	}
}

// wanted is how many rounds of a repeat there are to be; ok is false when nobody can say.
func (s *state) wanted(r *rule, at *xpath.Node) (n int, ok bool, err error) {
	if r.random || r.clock && !s.known {
		return 0, false, nil
	}
	f, err := r.expr.Number(s.at(at))
	if err != nil {
		return 0, false, err
	}
	if math.IsNaN(f) || f < 0 {
		f = 0
	}
	return int(min(f, 1e9)), true, nil
}
