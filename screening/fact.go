package screening

import (
	"cmp"
	"slices"
	"time"
)

// Fact is one recorded answer about one episode.
type Fact struct {
	Key    string    `json:"key"`
	Value  Value     `json:"value"`
	By     string    `json:"by,omitempty"`     // who recorded it: a staff code, never the person the file is about
	At     time.Time `json:"at,omitzero"`      // when
	Source string    `json:"source,omitempty"` // the row or submission it stands in
	Via    string    `json:"via,omitempty"`    // the field and code it was derived from; empty when asked as such
}

// Resolved is what all records of one fact add up to.
type Resolved struct {
	Value    Value
	Records  []Fact // those that count, oldest first
	Conflict bool   // one source says yes, another no: the value is Unknown until a person resolves it
	Presumed bool   // set by a presumption of the vocabulary, not by a record of this fact
}

// origin tells two records of one fact apart: a later record from the same
// place corrects the earlier one, a record from another place stands beside it.
type origin struct{ source, via string }

// Resolve combines the records of one fact. The order of the records does not
// matter. Yes beside unknown is yes, no beside unknown is no, and yes beside no
// is Unknown with Conflict set.
func Resolve(records []Fact) Resolved {
	latest := map[origin]time.Time{}
	for _, f := range records {
		o := origin{f.Source, f.Via}
		if t, seen := latest[o]; !seen || f.At.After(t) {
			latest[o] = f.At
		}
	}
	var r Resolved
	var seen [4]bool
	for _, f := range records {
		if !f.At.Equal(latest[origin{f.Source, f.Via}]) {
			continue
		}
		seen[f.Value] = true
		r.Records = append(r.Records, f)
	}
	slices.SortStableFunc(r.Records, compareFacts)
	switch {
	case seen[Yes] && seen[No]:
		r.Value, r.Conflict = Unknown, true
	case seen[Yes]:
		r.Value = Yes
	case seen[No]:
		r.Value = No
	case seen[Unknown]:
		r.Value = Unknown
	}
	return r
}

func compareFacts(a, b Fact) int {
	return cmp.Or(
		cmp.Compare(a.Key, b.Key),
		a.At.Compare(b.At),
		cmp.Compare(a.Source, b.Source),
		cmp.Compare(a.Via, b.Via),
		cmp.Compare(a.By, b.By),
		cmp.Compare(a.Value, b.Value),
	)
}

// resolveAll resolves every fact of an episode and then applies the
// presumptions of the vocabulary.
func (v *Vocabulary) resolveAll(facts []Fact) map[string]Resolved {
	byKey := map[string][]Fact{}
	for _, f := range facts {
		byKey[f.Key] = append(byKey[f.Key], f)
	}
	out := make(map[string]Resolved, len(byKey))
	for key, records := range byKey {
		out[key] = Resolve(records)
	}
	for _, d := range v.Facts {
		if p := d.Presume; p != nil && out[p.When].Value == Yes {
			r := out[d.Key]
			r.Records = append(slices.Clone(r.Records), out[p.When].Records...)
			r.Value, r.Presumed, r.Conflict = p.Value, true, false
			out[d.Key] = r
		}
	}
	return out
}
