package screening

import (
	"maps"
	"slices"
)

// Finding is a standard applied to the facts of one episode. It is stored with
// the decision as it is: keys ending in _label name a text in Texts, so the
// finding can be read without the pack it came from.
type Finding struct {
	Standard Ref    `json:"standard"`
	Conduct  Period `json:"conduct"`
	InForce  Value  `json:"in_force"` // see Effect.InForce

	Outcome  Result   `json:"outcome"`
	Open     []Result `json:"open,omitempty"`     // graver outcomes of the same grade that are not ruled out
	Also     []Result `json:"also,omitempty"`     // less grave outcomes that are met too
	Possible []Result `json:"possible,omitempty"` // when undetermined: what it may turn out to be

	Applies  *Node      `json:"applies,omitempty"`  // whether the standard is meant for this person
	Rules    []Node     `json:"rules,omitempty"`    // the outcomes in the order tried, to the one that held
	Elements []Node     `json:"elements,omitempty"` // each element with its facts and their records
	Changes  []Change   `json:"changes,omitempty"`  // single answers that would change the outcome
	Missing  []Question `json:"missing,omitempty"`  // open facts that can still matter, not asked first
	Advice   []Advice   `json:"advice,omitempty"`
	Conflict []string   `json:"conflicts,omitempty"` // facts on which two sources disagree
	Notes    []string   `json:"notes,omitempty"`     // label keys: limits of the standard, dates in doubt

	Texts map[string]Text `json:"texts"`
}

// Ref names a standard as it was when the finding was made.
type Ref struct {
	ID       string `json:"id"`
	Version  int    `json:"version"`
	Digest   string `json:"digest"` // SHA-256 of the standard's file
	Family   string `json:"family,omitempty"`
	Subject  string `json:"subject"`
	Title    string `json:"title_label"`
	Short    string `json:"short_label"`
	Citation string `json:"citation"`
	URL      string `json:"url,omitempty"`
	Mark     Mark   `json:"mark"`
	Consent  string `json:"consent_label"` // the note that consent is not an input
}

// Result is an outcome as it appears in a finding.
type Result struct {
	Key     string `json:"key"`
	Label   string `json:"label"`
	Answer  string `json:"answer"` // one of Answers, or undetermined, blocked, not_applicable
	Section string `json:"section,omitempty"`
	Penalty string `json:"penalty_label,omitempty"`
	Mark    Mark   `json:"mark,omitempty"`
}

// The outcomes that the engine adds to those of a standard.
const (
	Undetermined  = "undetermined"   // open answers decide
	BlockedResult = "blocked"        // the standard may not be evaluated
	NotApplicable = "not_applicable" // it is for other persons
)

var engineOutcomes = []string{Undetermined, BlockedResult, NotApplicable}

// Node is one step of a derivation. A node for an element inside a rule or
// another element carries its value only; the element itself is in
// Finding.Elements.
type Node struct {
	Op       Op     `json:"op"`
	Key      string `json:"key,omitempty"` // fact, element or outcome
	Label    string `json:"label,omitempty"`
	Value    Value  `json:"value"`
	N        int    `json:"n,omitempty"` // of at_least
	Weight   Weight `json:"weight,omitempty"`
	Mark     Mark   `json:"mark,omitempty"`
	Records  []Fact `json:"records,omitempty"` // who recorded it, when, from which row
	Conflict bool   `json:"conflict,omitempty"`
	Note     string `json:"note_label,omitempty"` // why a fact is presumed
	Of       []Node `json:"of,omitempty"`
}

// Question is a fact worth asking.
type Question struct {
	Fact     string `json:"fact"`
	Label    string `json:"label"`
	Question string `json:"question_label"`
	Note     string `json:"note_label,omitempty"` // what to bear in mind
	Value    Value  `json:"value"`                // not_asked or unknown
	Decides  bool   `json:"decides"`              // one answer to it would settle or change the outcome
}

// Advice is a rule of the standard that these facts call up.
type Advice struct {
	Key   string `json:"key"`
	Kind  string `json:"kind"`
	Text  string `json:"text_label"`
	Value Value  `json:"value"` // of its condition
	Mark  Mark   `json:"mark"`
}

// Negative tells whether the finding denies its subject. Such a finding needs
// a second reviewer and never ends help that is given by need.
func (f *Finding) Negative() bool { return f.Outcome.Answer == "no" }

// Text gives the text of a label key in a language.
func (f *Finding) Text(label, lang string) string { return f.Texts[label].In(lang) }

// Evaluate applies a standard to the facts of one episode. Facts that the
// standard does not read are ignored. Conduct decides whether the standard was
// in force; it is evaluated all the same.
func Evaluate(s *Standard, facts []Fact, conduct Period) Finding {
	e := newEvaluation(s, s.vocabulary.resolveAll(facts))
	f := &e.finding
	f.Conduct, f.InForce = conduct, s.Effect.InForce(conduct)
	f.Standard = Ref{
		ID: s.ID, Version: s.Version, Digest: s.Digest, Family: s.Family, Subject: s.Subject,
		Citation: s.Source.Citation, URL: s.Source.URL, Mark: s.Source.Mark,
		Title: e.text("title", s.Title), Short: e.text("short", s.Short), Consent: e.text("consent", s.ConsentNote),
	}
	e.addNotes()
	if len(s.Blocked) > 0 {
		f.Outcome = e.engineResult(BlockedResult)
		f.Notes = append(f.Notes, e.text("blocked", s.Blocked))
		return *f
	}
	d := s.decide(e.now)
	e.addOutcome(d)
	e.addDerivation(d)
	e.addChanges(d)
	e.addMissing(d)
	e.addAdvice()
	return *f
}

// evaluation is the work on one finding.
type evaluation struct {
	s       *Standard
	facts   map[string]Resolved
	now     map[string]Value // the value of each fact, presumptions applied
	world   *world
	finding Finding
}

func newEvaluation(s *Standard, facts map[string]Resolved) *evaluation {
	now := make(map[string]Value, len(facts))
	for key, r := range facts {
		now[key] = r.Value
	}
	return &evaluation{s: s, facts: facts, now: now, finding: Finding{Texts: map[string]Text{}}}
}

// at computes the elements of a standard for given answers.
func (s *Standard) at(answers map[string]Value) *world {
	w := &world{
		fact:    func(key string) Value { return answers[key] },
		element: make(map[string]Value, len(s.Elements)),
		rows:    s.PositiveWhen,
	}
	for i := range s.Elements {
		w.element[s.Elements[i].Key] = w.eval(&s.Elements[i].When)
	}
	return w
}

// decision is which outcome holds. Indexes point into Standard.Outcomes.
type decision struct {
	world    *world
	key      string  // of the outcome, or one of the engine's
	index    int     // of the outcome; -1 for one of the engine's
	values   []Value // of the conditions of the outcomes, one for each
	open     []int
	possible []int
	applies  Value
}

// decide tries the outcomes in order. The first that is yes holds when all
// before it are no. Those before it that are open make the finding
// undetermined, unless they are graver grades of the same thing: then the
// lesser grade is established and the graver ones stay open.
func (s *Standard) decide(answers map[string]Value) decision {
	w := s.at(answers)
	d := decision{world: w, index: -1, applies: Yes, values: make([]Value, len(s.Outcomes))}
	if s.Applies != nil {
		d.applies = w.eval(s.Applies)
	}
	first := -1
	for i, o := range s.Outcomes {
		d.values[i] = Yes
		if o.When != nil {
			d.values[i] = w.eval(o.When)
		}
		if first >= 0 || d.values[i] == No {
			continue
		}
		if d.values[i] == Yes {
			first = i
			continue
		}
		d.possible = append(d.possible, i)
	}
	if d.applies == No {
		d.key, d.possible = NotApplicable, nil
		return d
	}
	grade := s.Outcomes[first].Grade
	sameGrade := func(i int) bool { return grade != "" && s.Outcomes[i].Grade == grade }
	if !slices.ContainsFunc(d.possible, func(i int) bool { return !sameGrade(i) }) {
		d.key, d.index, d.open, d.possible = s.Outcomes[first].Key, first, d.possible, nil
		return d
	}
	d.key, d.possible = Undetermined, append(d.possible, first)
	return d
}

// text keeps a text of the standard in the finding and gives its label key.
func (e *evaluation) text(name string, t Text) string {
	return e.keep("standard/"+e.s.ID+"/"+name, t)
}

func (e *evaluation) keep(label string, t Text) string {
	if len(t) == 0 {
		return ""
	}
	e.finding.Texts[label] = t
	return label
}

func (e *evaluation) word(key string) string {
	return e.keep("word/"+key, e.s.vocabulary.Words[key])
}

func (e *evaluation) factLabel(key string) string {
	d, _ := e.s.vocabulary.Definition(key)
	return e.keep("fact/"+key, d.Label)
}

func (e *evaluation) engineResult(key string) Result {
	return Result{Key: key, Label: e.word(key), Answer: key}
}

func (e *evaluation) result(i int) Result {
	o := e.s.Outcomes[i]
	return Result{
		Key: o.Key, Answer: o.Answer, Section: o.Section, Mark: o.Mark,
		Label:   e.text("outcome/"+o.Key, o.Label),
		Penalty: e.text("penalty/"+o.Key, o.Penalty),
	}
}

func (e *evaluation) results(indexes []int) (out []Result) {
	for _, i := range indexes {
		out = append(out, e.result(i))
	}
	return out
}

func (e *evaluation) addOutcome(d decision) {
	f := &e.finding
	f.Open, f.Possible = e.results(d.open), e.results(d.possible)
	if d.index < 0 {
		f.Outcome = e.engineResult(d.key)
	} else {
		f.Outcome = e.result(d.index)
		for i := d.index + 1; i < len(d.values); i++ {
			if d.values[i] == Yes && e.s.Outcomes[i].When != nil {
				f.Also = append(f.Also, e.result(i))
			}
		}
	}
	if !d.applies.Known() {
		f.Notes = append(f.Notes, e.word("applies_unsure"))
	}
	if f.Negative() {
		f.Notes = append(f.Notes, e.word("second_reviewer"))
	}
}

func (e *evaluation) addNotes() {
	f, s := &e.finding, e.s
	for _, end := range []*Commencement{s.Effect.from, s.Effect.to} {
		if end != nil && !end.Verified && f.InForce != Yes { // well inside, the exact day does not matter
			f.Notes = append(f.Notes, e.keep("commencement/"+end.Key, end.Note))
		}
	}
	switch f.InForce {
	case Unknown:
		f.Notes = append(f.Notes, e.word("in_force_unsure"))
	case NotAsked:
		f.Notes = append(f.Notes, e.word("conduct_not_dated"))
	case No:
		f.Notes = append(f.Notes, e.word("not_in_force"))
	}
	for i, n := range s.Notes {
		f.Notes = append(f.Notes, e.text("note/"+string(rune('a'+i)), n))
	}
	if len(s.Source.Note) > 0 {
		f.Notes = append(f.Notes, e.text("source", s.Source.Note))
	}
	f.Notes = slices.DeleteFunc(f.Notes, func(label string) bool { return label == "" })
}

func (e *evaluation) addDerivation(d decision) {
	e.world = d.world
	if e.s.Applies != nil {
		n := e.node(e.s.Applies)
		e.finding.Applies = &n
	}
	for i := range e.s.Elements {
		el := &e.s.Elements[i]
		n := e.node(&el.When)
		e.finding.Elements = append(e.finding.Elements, Node{
			Op: OpElement, Key: el.Key, Label: e.text("element/"+el.Key, el.Label),
			Mark: el.Mark, Value: n.Value, Of: []Node{n},
		})
	}
	for i := range e.s.Outcomes {
		o := &e.s.Outcomes[i]
		n := Node{Op: OpOutcome, Key: o.Key, Label: e.text("outcome/"+o.Key, o.Label), Mark: o.Mark, Value: d.values[i]}
		if o.When != nil {
			n.Of = []Node{e.node(o.When)}
		}
		e.finding.Rules = append(e.finding.Rules, n)
		if d.values[i] == Yes {
			break
		}
	}
	for _, key := range slices.Sorted(maps.Keys(e.facts)) {
		if e.facts[key].Conflict && slices.Contains(e.s.inputs, key) {
			e.finding.Conflict = append(e.finding.Conflict, key)
		}
	}
}

// node builds the derivation of a condition.
func (e *evaluation) node(x *Expr) Node {
	n := Node{Op: x.Op, Key: x.Key, N: x.N, Weight: x.Weight}
	parts := make([]Value, len(x.Of))
	for i := range x.Of {
		child := e.node(&x.Of[i])
		parts[i] = child.Value
		n.Of = append(n.Of, child)
	}
	n.Value = e.world.combine(x, parts)
	switch x.Op {
	case OpElement:
		for _, el := range e.s.Elements {
			if el.Key == x.Key {
				n.Label = e.text("element/"+el.Key, el.Label)
			}
		}
	case OpFact:
		r := e.facts[x.Key]
		n.Label, n.Records, n.Conflict = e.factLabel(x.Key), r.Records, r.Conflict
		if d, _ := e.s.vocabulary.Definition(x.Key); r.Presumed {
			n.Note = e.keep("fact/"+x.Key+"/presumed", d.Presume.Note)
		}
	}
	return n
}

func (e *evaluation) addAdvice() {
	for i := range e.s.Advice {
		r := &e.s.Advice[i]
		v := Yes
		if r.When != nil {
			v = e.world.eval(r.When)
		}
		shown := map[string]bool{"": v == Yes, "unless_no": v != No, "unless_yes": v != Yes}
		if !shown[r.Show] {
			continue
		}
		e.finding.Advice = append(e.finding.Advice, Advice{
			Key: r.Key, Kind: r.Kind, Text: e.text("advice/"+r.Key, r.Text), Value: v, Mark: r.Mark,
		})
	}
}
