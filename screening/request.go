package screening

import (
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"
	"time"
)

// Request is what to screen: the episodes of one person.
type Request struct {
	Person    []Fact    // facts about the person, which hold for each episode
	Episodes  []Episode // legs and events of the journey
	Standards []string  // ids; none means all
}

// Episode is one leg or event. Facts belong to it alone.
type Episode struct {
	Title   string
	Conduct Period
	Facts   []Fact
}

// requestFile is a request as a person writes it:
//
//	recorded: {by: cw-07, at: 2025-06-01T10:00:00Z, source: interview 3}
//	person: {person.child: no}
//	episodes:
//	  - title: Karachi to Taftan
//	    conduct: 2025-05
//	    facts:
//	      act.transportation: yes
//	      means.force: {value: unknown, by: cw-11}
//	    htcds:
//	      vic_MethodsOfControl: [WithholdsDocuments]
//
// A file about one episode may leave out "episodes" and write its fields at the
// top. Expect is for test scenarios and is not read here.
type requestFile struct {
	Title     string                `json:"title"`
	Recorded  recordedFile          `json:"recorded"`
	Person    map[string]answerFile `json:"person"`
	Standards []string              `json:"standards"`
	Episodes  []episodeFile         `json:"episodes"`
	Conduct   Period                `json:"conduct"`
	Facts     map[string]answerFile `json:"facts"`
	HTCDS     map[string]codesFile  `json:"htcds"`
	Expect    json.RawMessage       `json:"expect"`
}

type episodeFile struct {
	Title    string                `json:"title"`
	Recorded recordedFile          `json:"recorded"`
	Conduct  Period                `json:"conduct"`
	Facts    map[string]answerFile `json:"facts"`
	HTCDS    map[string]codesFile  `json:"htcds"`
	Expect   json.RawMessage       `json:"expect"`
}

type recordedFile struct {
	By     string `json:"by"`
	At     moment `json:"at"`
	Source string `json:"source"`
}

// moment reads a day or an RFC 3339 time.
type moment struct{ time.Time }

func (m *moment) UnmarshalText(b []byte) error {
	if len(b) == 0 {
		return nil
	}
	for _, layout := range []string{time.RFC3339, isoDay} {
		if t, err := time.Parse(layout, string(b)); err == nil {
			m.Time = t
			return nil
		}
	}
	return fmt.Errorf("%q is not a time; write 2025-06-01 or 2025-06-01T10:00:00Z", b)
}

// UnmarshalJSON keeps time.Time's own reading out of the way.
func (m *moment) UnmarshalJSON(b []byte) error {
	var s string
	if err := json.Unmarshal(b, &s); err != nil {
		return fmt.Errorf("a time is a text such as 2025-06-01T10:00:00Z, not %s", b)
	}
	return m.UnmarshalText([]byte(s))
}

// answerFile is one answer, or several records of it.
type answerFile []recordFile

type recordFile struct {
	Value  Value  `json:"value"`
	By     string `json:"by"`
	At     moment `json:"at"`
	Source string `json:"source"`
}

func (a *answerFile) UnmarshalJSON(b []byte) error {
	if len(b) > 0 && b[0] == '[' {
		var list []recordFile
		if err := decode(b, &list); err != nil {
			return err
		}
		*a = list
		return nil
	}
	var r recordFile
	var err error
	switch string(b) {
	case "true":
		r.Value = Yes
	case "false":
		r.Value = No
	case "null":
	default:
		if b[0] == '{' {
			err = decode(b, &r)
		} else {
			err = json.Unmarshal(b, &r.Value)
		}
	}
	*a = answerFile{r}
	return err
}

// codesFile is a code, a list of codes, a number, or {codes, each_read}.
type codesFile struct{ Answer }

func (c *codesFile) UnmarshalJSON(b []byte) error {
	var one any
	if err := json.Unmarshal(b, &one); err != nil {
		return err
	}
	switch v := one.(type) {
	case nil:
		return nil
	case string:
		c.Codes = []string{v}
		return nil
	case float64:
		c.Codes = []string{string(b)}
		return nil
	case []any:
		return json.Unmarshal(b, &c.Codes)
	}
	var full struct {
		Codes    []string `json:"codes"`
		EachRead bool     `json:"each_read"`
	}
	err := decode(b, &full)
	c.Answer = Answer{full.Codes, full.EachRead}
	return err
}

// ReadRequest reads facts from YAML or JSON and refuses what it cannot place:
// a fact, field or standard that does not exist is named in the error.
func (l *Library) ReadRequest(data []byte) (Request, error) {
	var f requestFile
	if err := decode(data, &f); err != nil {
		return Request{}, err
	}
	single := f.Facts != nil || f.HTCDS != nil
	if single && len(f.Episodes) > 0 {
		return Request{}, errors.New("write facts either at the top, for one episode, or under episodes, not both")
	}
	if single || len(f.Episodes) == 0 {
		f.Episodes = []episodeFile{{Title: f.Title, Conduct: f.Conduct, Facts: f.Facts, HTCDS: f.HTCDS}}
	}
	r := Request{Standards: f.Standards, Person: facts(f.Person, f.Recorded)}
	errs := []error{l.Vocabulary.Check(r.Person)}
	for _, id := range f.Standards {
		if _, ok := l.Standard(id); !ok {
			errs = append(errs, fmt.Errorf("no such standard: %s", id))
		}
	}
	for i, e := range f.Episodes {
		rec := e.Recorded.or(f.Recorded)
		ep := Episode{Title: e.Title, Conduct: e.Conduct, Facts: facts(e.Facts, rec)}
		errs = append(errs, l.Vocabulary.Check(ep.Facts))
		record := Record{Fields: map[string]Answer{}, By: rec.By, At: rec.At.Time, Source: rec.Source}
		for _, name := range slices.Sorted(maps.Keys(e.HTCDS)) {
			if !l.Vocabulary.readsField(name) {
				errs = append(errs, fmt.Errorf("episode %d: no fact is read from the field %q", i+1, name))
			}
			record.Fields[name] = e.HTCDS[name].Answer
		}
		ep.Facts = append(ep.Facts, Derive(l.Vocabulary, record)...)
		r.Episodes = append(r.Episodes, ep)
	}
	return r, errors.Join(errs...)
}

func (v *Vocabulary) readsField(name string) bool {
	return slices.ContainsFunc(v.Facts, func(d Definition) bool {
		return slices.ContainsFunc(d.From, func(r Derivation) bool { return r.Field == name })
	})
}

func (r recordedFile) or(outer recordedFile) recordedFile {
	if r.By == "" {
		r.By = outer.By
	}
	if r.At.IsZero() {
		r.At = outer.At
	}
	if r.Source == "" {
		r.Source = outer.Source
	}
	return r
}

// facts turns answers into facts in the order of their keys.
func facts(answers map[string]answerFile, rec recordedFile) (out []Fact) {
	for _, key := range slices.Sorted(maps.Keys(answers)) {
		for _, a := range answers[key] {
			own := recordedFile{a.By, a.At, a.Source}.or(rec)
			out = append(out, Fact{Key: key, Value: a.Value, By: own.By, At: own.At.Time, Source: own.Source})
		}
	}
	return out
}
