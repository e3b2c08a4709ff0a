package screening

import (
	"errors"
	"fmt"
	"slices"
	"strings"
)

// Vocabulary is the list of facts that standards may use, with the words of
// the report. Packs add to it; a key is declared once.
type Vocabulary struct {
	Groups []Group         `json:"groups"`
	Facts  []Definition    `json:"facts"`
	Words  map[string]Text `json:"words"` // fixed words of findings: yes, undetermined, all of …

	index map[string]int
	group map[string]Group
}

// Group holds facts that are asked together.
type Group struct {
	Key      string `json:"key"`
	Label    Text   `json:"label"`
	Question Text   `json:"question"` // used for a fact without a question of its own; {label} is replaced
}

// Definition declares one fact.
type Definition struct {
	Key          string       `json:"key"` // group.name
	Label        Text         `json:"label"`
	Question     Text         `json:"question"`
	Note         Text         `json:"note"`
	From         []Derivation `json:"from"`
	Presume      *Presumption `json:"presume"`
	NeverInput   bool         `json:"never_input"`   // may be recorded, may not be read by a standard
	TurningPoint bool         `json:"turning_point"` // prompted on each leg of a journey
	FollowUp     []string     `json:"follow_up"`     // what to ask next when a turning point is yes
}

// Derivation reads a fact from a field of the case record. Yes and No list the
// codes that give that answer. Below gives yes for a number under it and no
// for one that is not.
type Derivation struct {
	Field string   `json:"field"` // HTCDS field name
	Yes   []string `json:"yes"`
	No    []string `json:"no"`
	AnyOf bool     `json:"any"` // any code at all gives yes
	Below *float64 `json:"below"`
}

// Presumption sets a fact whatever is recorded for it while another fact is
// yes. A person whose age is disputed is treated as a child that way.
type Presumption struct {
	When  string `json:"when"`
	Value Value  `json:"value"`
	Note  Text   `json:"note"`
}

// ParseVocabulary reads one facts.yaml.
func ParseVocabulary(data []byte) (*Vocabulary, error) {
	v := &Vocabulary{}
	if err := decode(data, v); err != nil {
		return nil, err
	}
	return v, nil
}

// mergeVocabularies puts the vocabularies of several packs together and checks
// the whole.
func mergeVocabularies(parts []*Vocabulary) (*Vocabulary, error) {
	v := &Vocabulary{Words: map[string]Text{}, index: map[string]int{}, group: map[string]Group{}}
	var errs []error
	for _, p := range parts {
		for _, g := range p.Groups {
			if _, twice := v.group[g.Key]; twice {
				errs = append(errs, fmt.Errorf("group %q is declared twice", g.Key))
			}
			v.group[g.Key] = g
			v.Groups = append(v.Groups, g)
		}
		for _, d := range p.Facts {
			if _, twice := v.index[d.Key]; twice {
				errs = append(errs, fmt.Errorf("fact %q is declared twice", d.Key))
			}
			v.index[d.Key] = len(v.Facts)
			v.Facts = append(v.Facts, d)
		}
		for key, text := range p.Words {
			v.Words[key] = text
		}
	}
	errs = append(errs, v.check()...)
	return v, errors.Join(errs...)
}

func (v *Vocabulary) check() (errs []error) {
	add := func(err error) {
		if err != nil {
			errs = append(errs, err)
		}
	}
	for _, g := range v.Groups {
		add(g.Label.check("group " + g.Key))
		add(g.Question.checkOptional("the question of group " + g.Key))
	}
	for _, key := range requiredWords {
		add(v.Words[key].check("word " + key))
	}
	for _, d := range v.Facts {
		what := "fact " + d.Key
		add(d.Label.check(what))
		add(d.Question.checkOptional("the question of " + what))
		add(d.Note.checkOptional("the note of " + what))
		g, ok := v.group[groupOf(d.Key)]
		if !ok {
			add(fmt.Errorf("%s belongs to no declared group", what))
		}
		if len(d.Question) == 0 && len(g.Question) == 0 {
			add(fmt.Errorf("%s has no question and its group has none", what))
		}
		if p := d.Presume; p != nil {
			add(p.Note.check("the presumption of " + what))
			add(v.mustHave(p.When, what))
		}
		for _, next := range d.FollowUp {
			add(v.mustHave(next, what))
		}
		for _, from := range d.From {
			if from.Field == "" || (len(from.Yes) == 0 && len(from.No) == 0 && !from.AnyOf && from.Below == nil) {
				add(fmt.Errorf("%s is read from a field without saying what gives yes or no", what))
			}
		}
	}
	return errs
}

func (v *Vocabulary) mustHave(key, user string) error {
	if _, ok := v.index[key]; !ok {
		return fmt.Errorf("%s names the fact %q, which is not declared", user, key)
	}
	return nil
}

// Definition gives the declaration of a fact.
func (v *Vocabulary) Definition(key string) (Definition, bool) {
	i, ok := v.index[key]
	if !ok {
		return Definition{}, false
	}
	return v.Facts[i], true
}

// In gives the facts of a group in the order of the file.
func (v *Vocabulary) In(group string) (out []Definition) {
	for _, d := range v.Facts {
		if groupOf(d.Key) == group {
			out = append(out, d)
		}
	}
	return out
}

// Question gives the question to ask for a fact; empty for an unknown key.
func (v *Vocabulary) Question(key string) Text {
	d, ok := v.Definition(key)
	if !ok || len(d.Question) > 0 {
		return d.Question
	}
	out := Text{}
	for lang, pattern := range v.group[groupOf(key)].Question {
		out[lang] = strings.ReplaceAll(pattern, "{label}", d.Label.In(lang))
	}
	return out
}

// Check reports the facts whose key is not declared.
func (v *Vocabulary) Check(facts []Fact) error {
	var strange []string
	for _, f := range facts {
		if _, ok := v.index[f.Key]; !ok && !slices.Contains(strange, f.Key) {
			strange = append(strange, f.Key)
		}
	}
	if strange == nil {
		return nil
	}
	slices.Sort(strange)
	return fmt.Errorf("no such fact: %s (the vocabulary lists the facts that can be recorded)", strings.Join(strange, ", "))
}

// groupOf is the part of a key before the last dot: ilo.d1.housing is in ilo.d1.
func groupOf(key string) string {
	if i := strings.LastIndexByte(key, '.'); i >= 0 {
		return key[:i]
	}
	return ""
}
