package screening

import (
	"fmt"
	"slices"
	"strings"
	"testing"
)

// TestILOWeights holds the two labour profiles against the published counts and
// weights (WCMS_105023, from a public digest).
func TestILOWeights(t *testing.T) {
	type counts map[Weight]int
	want := map[string]map[string]counts{
		"ilo-adult-labour": {
			"d1": {Strong: 1, Medium: 8, Weak: 1}, "d2": {Strong: 1, Medium: 9}, "d3": {Medium: 14, Weak: 2},
			"d4": {Strong: 1, Medium: 7, Weak: 1}, "d5": {Strong: 4, Medium: 10, Weak: 1}, "d6": {Medium: 5, Weak: 2},
		},
		"ilo-child-labour": { // without the two that do not exist for children
			"d1": {Strong: 2, Medium: 8}, "d2": {Strong: 4, Medium: 6}, "d3": {Medium: 15},
			"d4": {Strong: 1, Medium: 7}, "d5": {Strong: 8, Medium: 7}, "d6": {Medium: 7},
		},
	}
	lib := library(t)
	for id, dimensions := range want {
		s, _ := lib.Standard(id)
		for _, el := range s.Elements {
			expected, ok := dimensions[el.Key]
			if !ok {
				continue
			}
			got := counts{}
			for _, x := range el.When.Of {
				got[x.Weight]++
			}
			for _, w := range []Weight{Strong, Medium, Weak} {
				if got[w] != expected[w] {
					t.Errorf("%s %s: %d %s, want %d", id, el.Key, got[w], w, expected[w])
				}
			}
			if id == "ilo-adult-labour" && len(el.When.Of) != len(lib.Vocabulary.In("ilo."+el.Key)) {
				t.Errorf("%s: the adult profile leaves an indicator out", el.Key)
			}
		}
	}
}

// TestILOCombinations tries all 64 combinations of the six dimensions against
// the published table. What it does not hold is unclassified, never a no.
func TestILOCombinations(t *testing.T) {
	lib := library(t)
	adult, _ := lib.Standard("ilo-adult-labour")
	child, _ := lib.Standard("ilo-child-labour")
	for n := range 64 {
		var d [7]bool
		facts := []Fact{{Key: "act.receipt", Value: Yes}}
		for i := 1; i <= 6; i++ {
			d[i] = n&(1<<(i-1)) != 0
			value := No
			if d[i] {
				value = Yes
			}
			for _, f := range lib.Vocabulary.In(fmt.Sprintf("ilo.d%d", i)) {
				facts = append(facts, Fact{Key: f.Key, Value: value})
			}
		}
		recruited := d[1] || d[2]
		want := "unclassified"
		switch {
		case recruited && d[4] && d[5]:
			want = "trafficked_forced_labour"
		case d[1] && !d[2] && d[4] && !d[5]:
			want = "deceived_and_exploited"
		case !recruited && d[4] && !d[5]:
			want = "exploited"
		case !recruited && !d[4] && !d[5] && !d[3] && !d[6]:
			want = "not_a_victim"
		}
		grown := append(slices.Clone(facts), Fact{Key: "person.child", Value: No})
		if got := Evaluate(adult, grown, Period{}).Outcome.Key; got != want {
			t.Errorf("adult, positive dimensions %v: %s, want %s", d[1:], got, want)
		}
		want = "unclassified"
		if d[4] {
			want = "trafficked_child"
		}
		young := append(slices.Clone(facts), Fact{Key: "person.child", Value: Yes})
		if got := Evaluate(child, young, Period{}).Outcome.Key; got != want {
			t.Errorf("child, positive dimensions %v: %s, want %s", d[1:], got, want)
		}
	}
}

// TestSexualProfilesStayBlocked: nothing is concluded from a profile whose
// weights were not obtained, whatever is known.
func TestSexualProfilesStayBlocked(t *testing.T) {
	lib := library(t)
	var everything []Fact
	for _, d := range lib.Vocabulary.Facts {
		everything = append(everything, Fact{Key: d.Key, Value: Yes})
	}
	for _, id := range []string{"ilo-adult-sexual", "ilo-child-sexual"} {
		s, _ := lib.Standard(id)
		f := Evaluate(s, everything, Period{})
		if f.Outcome.Key != BlockedResult || len(f.Notes) == 0 || !strings.Contains(f.Text(f.Notes[len(f.Notes)-1], "en"), "not guessed") {
			t.Errorf("%s gives %s with notes %v", id, f.Outcome.Key, f.Notes)
		}
	}
}
