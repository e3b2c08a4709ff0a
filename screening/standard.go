package screening

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"path"
	"slices"
	"strings"
)

// Standard is a legal or operational test as data. It is read by Load or
// ParseStandard and not changed afterwards.
type Standard struct {
	ID      string `json:"id"`
	Version int    `json:"version"` // of this file; raise it with every change of content
	Order   int    `json:"order"`   // place among the findings, lowest first
	Family  string `json:"family"`  // the same law at different times
	Subject string `json:"subject"` // the question it answers; findings of one subject are compared
	Title   Text   `json:"title"`
	Short   Text   `json:"short"`

	Source      Source `json:"source"`
	Effect      Effect `json:"effective"`
	ConsentNote Text   `json:"consent_note"` // shown with each finding
	Notes       []Text `json:"notes"`        // limits of this standard, shown with each finding

	Blocked  Text      `json:"blocked"` // why it may not be evaluated; empty when it may
	Applies  *Expr     `json:"applies"` // to whom; no gives not_applicable
	Elements []Element `json:"elements"`
	Outcomes []Outcome `json:"outcomes"`
	Advice   []Rule    `json:"advice"`

	PositiveWhen []Threshold `json:"positive_when"` // for weigh

	Digest string `json:"-"` // SHA-256 of the file, hexadecimal

	vocabulary *Vocabulary
	inputs     []string // the facts it reads, in order of first use
}

// Mark says how far a statement has been checked.
type Mark string

// The marks: read in the source, stated only in the programme's own brief,
// practice knowledge not checked, computed.
const (
	Verified   Mark = "V"
	Stated     Mark = "S"
	Unverified Mark = "K"
	Computed   Mark = "C"
)

// Source is where a standard was read.
type Source struct {
	Citation string `json:"citation"`
	URL      string `json:"url"`
	Mark     Mark   `json:"mark"`
	Note     Text   `json:"note"`
}

// Element is a named part of a standard.
type Element struct {
	Key   string `json:"key"`
	Label Text   `json:"label"`
	Mark  Mark   `json:"mark"`
	When  Expr   `json:"when"`
}

// Outcome is one result a standard can reach. Outcomes are tried in the order
// of the file, the gravest first. One with neither When nor Row holds when all
// before it do not, and stands last.
type Outcome struct {
	Key     string           `json:"key"`
	Label   Text             `json:"label"`
	Answer  string           `json:"answer"`  // one of Answers
	Grade   string           `json:"grade"`   // outcomes of one grade family differ in gravity only
	Section string           `json:"section"` // provision
	Penalty Text             `json:"penalty"`
	Mark    Mark             `json:"mark"`
	When    *Expr            `json:"when"`
	Row     map[string]Value `json:"row"` // a row of a combination table: element to yes or no
}

// Answers are the short answers an outcome stands for.
//
//	yes           the subject of the standard is met
//	no            it is not; a second reviewer has to agree
//	related       another provision is met, not the subject itself
//	flag, no_flag indicators are present or not; neither is a finding
//	unclassified  the source has no rule for these facts; never read as no
//
// The engine adds undetermined, blocked and not_applicable.
var Answers = []string{"yes", "no", "related", "flag", "no_flag", "unclassified"}

// Rule is advice that goes with a finding: a route, a warning, a limit, a
// pointer to another law.
type Rule struct {
	Key  string `json:"key"`
	Kind string `json:"kind"` // route, warning, limit, other_law, protection
	Text Text   `json:"text"`
	Mark Mark   `json:"mark"`
	When *Expr  `json:"when"` // none: always
	Show string `json:"show"` // "" when yes; unless_no: for warnings that must not wait for an answer; unless_yes
}

var (
	ruleKinds = []string{"route", "warning", "limit", "other_law", "protection"}
	ruleShows = []string{"", "unless_no", "unless_yes"}
	allMarks  = []Mark{Verified, Stated, Unverified, Computed}
)

// Library is the vocabulary and the standards of some packs.
type Library struct {
	Vocabulary    *Vocabulary
	Standards     []*Standard // by Order
	Commencements map[string]Commencement
}

// Load reads packs. In each, facts.yaml and standards/facts.yaml hold facts,
// standards/dates.yaml commencements, every other standards/*.yaml a standard.
// All faults are reported together, each with its file.
func Load(packs ...fs.FS) (*Library, error) {
	lib := &Library{Commencements: map[string]Commencement{}}
	var vocabularies []*Vocabulary
	type file struct {
		name string
		data []byte
	}
	var standards []file
	var errs []error
	for _, pack := range packs {
		names, err := fs.Glob(pack, "standards/*.yaml")
		if err != nil {
			return nil, err
		}
		for _, name := range append([]string{"facts.yaml"}, names...) {
			data, err := fs.ReadFile(pack, name)
			if errors.Is(err, fs.ErrNotExist) {
				continue
			}
			if err != nil {
				return nil, err
			}
			switch path.Base(name) {
			case "facts.yaml":
				v, err := ParseVocabulary(data)
				if err != nil {
					errs = append(errs, fmt.Errorf("%s: %w", name, err))
					continue
				}
				vocabularies = append(vocabularies, v)
			case "dates.yaml":
				if err := lib.addCommencements(data); err != nil {
					errs = append(errs, fmt.Errorf("%s: %w", name, err))
				}
			default:
				standards = append(standards, file{name, data})
			}
		}
	}
	if err := errors.Join(errs...); err != nil {
		return nil, err
	}
	var err error
	if lib.Vocabulary, err = mergeVocabularies(vocabularies); err != nil {
		return nil, fmt.Errorf("facts.yaml: %w", err)
	}
	for _, f := range standards {
		s, err := ParseStandard(f.data, lib.Vocabulary, lib.Commencements)
		if err != nil {
			errs = append(errs, fmt.Errorf("%s: %w", f.name, err))
			continue
		}
		if _, twice := lib.Standard(s.ID); twice {
			errs = append(errs, fmt.Errorf("%s: standard %q is declared twice", f.name, s.ID))
		}
		lib.Standards = append(lib.Standards, s)
	}
	slices.SortStableFunc(lib.Standards, func(a, b *Standard) int { return a.Order - b.Order })
	return lib, errors.Join(errs...)
}

// Standard finds a standard by id.
func (l *Library) Standard(id string) (*Standard, bool) {
	for _, s := range l.Standards {
		if s.ID == id {
			return s, true
		}
	}
	return nil, false
}

// ParseStandard reads one standard and checks it against the vocabulary:
// every fact exists, none that may not be an input is read, every text is in
// every language, elements refer to earlier ones only.
func ParseStandard(data []byte, v *Vocabulary, dates map[string]Commencement) (*Standard, error) {
	s := &Standard{vocabulary: v}
	if err := decode(data, s); err != nil {
		return nil, err
	}
	sum := sha256.Sum256(data)
	s.Digest = hex.EncodeToString(sum[:])
	if err := s.Effect.resolve(dates); err != nil {
		return nil, err
	}
	for i := range s.Outcomes {
		if err := s.Outcomes[i].compileRow(s); err != nil {
			return nil, err
		}
	}
	if err := errors.Join(s.check()...); err != nil {
		return nil, err
	}
	return s, nil
}

// compileRow turns a row of a combination table into a condition.
func (o *Outcome) compileRow(s *Standard) error {
	if len(o.Row) == 0 {
		return nil
	}
	if o.When != nil {
		return fmt.Errorf("outcome %s has both when and row", o.Key)
	}
	e := Expr{Op: OpAll}
	for _, el := range s.Elements { // in the order of the elements, for stable output
		want, ok := o.Row[el.Key]
		if !ok {
			continue
		}
		cell := Expr{Op: OpElement, Key: el.Key}
		switch want {
		case Yes:
		case No:
			cell = Expr{Op: OpNot, Of: []Expr{cell}}
		default:
			return fmt.Errorf("outcome %s: element %s must be yes or no in the table", o.Key, el.Key)
		}
		e.Of = append(e.Of, cell)
	}
	if len(e.Of) != len(o.Row) {
		return fmt.Errorf("outcome %s: its row names an element that is not declared", o.Key)
	}
	o.When = &e
	return nil
}

func (s *Standard) check() (errs []error) {
	add := func(err error) {
		if err != nil {
			errs = append(errs, err)
		}
	}
	fault := func(format string, args ...any) { errs = append(errs, fmt.Errorf(format, args...)) }
	mark := func(m Mark, what string) {
		if !slices.Contains(allMarks, m) {
			fault("%s needs a mark: V read in the source, S stated, K not verified, C computed", what)
		}
	}
	if s.ID == "" || s.Version < 1 || s.Subject == "" || s.Source.Citation == "" {
		fault("a standard needs id, version, subject and source.citation")
	}
	mark(s.Source.Mark, "source")
	add(s.Title.check("title"))
	add(s.Short.check("short"))
	add(s.ConsentNote.check("consent_note"))
	add(s.Source.Note.checkOptional("source.note"))
	add(s.Blocked.checkOptional("blocked"))
	for i, n := range s.Notes {
		add(n.check(fmt.Sprintf("note %d", i+1)))
	}
	if len(s.Blocked) > 0 {
		if len(s.Elements)+len(s.Outcomes) > 0 {
			fault("a blocked standard carries no elements and no outcomes, so that nothing can be guessed from it")
		}
		return errs
	}
	declared := map[string]bool{}
	for i := range s.Elements {
		el := &s.Elements[i]
		add(el.Label.check("element " + el.Key))
		mark(el.Mark, "element "+el.Key)
		add(s.checkExpr(&el.When, declared, "element "+el.Key))
		if el.Key == "" || declared[el.Key] {
			fault("element %q is declared twice or has no key", el.Key)
		}
		declared[el.Key] = true
	}
	if s.Applies != nil {
		add(s.checkExpr(s.Applies, declared, "applies"))
	}
	s.checkOutcomes(declared, add, mark)
	for i := range s.Advice {
		r := &s.Advice[i]
		add(r.Text.check("advice " + r.Key))
		mark(r.Mark, "advice "+r.Key)
		if r.Key == "" || !slices.Contains(ruleKinds, r.Kind) || !slices.Contains(ruleShows, r.Show) {
			fault("advice %q: kind is one of %s, show one of %q", r.Key, strings.Join(ruleKinds, ", "), ruleShows)
		}
		if r.When != nil {
			add(s.checkExpr(r.When, declared, "advice "+r.Key))
		}
	}
	return errs
}

func (s *Standard) checkOutcomes(declared map[string]bool, add func(error), mark func(Mark, string)) {
	keys := map[string]bool{}
	for i := range s.Outcomes {
		o := &s.Outcomes[i]
		what := "outcome " + o.Key
		add(o.Label.check(what))
		add(o.Penalty.checkOptional("the penalty of " + what))
		mark(o.Mark, what)
		if o.Key == "" || keys[o.Key] || slices.Contains(engineOutcomes, o.Key) {
			add(fmt.Errorf("%s: the key is missing, used twice, or kept for the engine", what))
		}
		keys[o.Key] = true
		if !slices.Contains(Answers, o.Answer) {
			add(fmt.Errorf("%s: answer is one of %s", what, strings.Join(Answers, ", ")))
		}
		last := i == len(s.Outcomes)-1
		if (o.When == nil) != last {
			add(fmt.Errorf("%s: the last outcome, and only that, has no condition", what))
		}
		if o.When != nil {
			add(s.checkExpr(o.When, declared, what))
		}
	}
	if len(s.Outcomes) == 0 {
		add(errors.New("no outcomes"))
	}
}

// checkExpr checks the names in a condition and notes the facts it reads.
func (s *Standard) checkExpr(e *Expr, declared map[string]bool, where string) error {
	return e.walk(func(x *Expr) error {
		switch x.Op {
		case OpFact:
			d, ok := s.vocabulary.Definition(x.Key)
			if !ok {
				return fmt.Errorf("%s reads the fact %q, which is not declared", where, x.Key)
			}
			if d.NeverInput {
				return fmt.Errorf("%s reads %q, which may be recorded but is never an input", where, x.Key)
			}
			if !slices.Contains(s.inputs, x.Key) {
				s.inputs = append(s.inputs, x.Key)
			}
		case OpElement:
			if !declared[x.Key] {
				return fmt.Errorf("%s uses the element %q, which is not declared before it", where, x.Key)
			}
		case OpWeigh:
			if len(s.PositiveWhen) == 0 {
				return fmt.Errorf("%s weighs indicators, but the standard has no positive_when table", where)
			}
		case OpAll, OpAny, OpAtLeast, OpNot:
		default:
			return fmt.Errorf("%s has an empty condition", where)
		}
		return nil
	})
}

// Inputs lists the facts a standard reads, in the order of its file.
func (s *Standard) Inputs() []string { return slices.Clone(s.inputs) }
