package screening

import (
	"slices"
	"testing"

	"pgregory.net/rapid"
)

var anyValue = rapid.SampledFrom([]Value{NotAsked, Unknown, No, Yes})

// completions lists every way the open answers can turn out.
func completions(vs []Value) [][]Value {
	out := [][]Value{nil}
	for _, v := range vs {
		options := []Value{v}
		if !v.Known() {
			options = []Value{Yes, No}
		}
		var next [][]Value
		for _, head := range out {
			for _, o := range options {
				next = append(next, append(slices.Clone(head), o))
			}
		}
		out = next
	}
	return out
}

// TestAtLeastIsExact: yes when it holds in every completion, no when in none,
// otherwise open; and an open result says whether something can still be asked.
func TestAtLeastIsExact(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		vs := rapid.SliceOfN(anyValue, 0, 7).Draw(t, "values")
		n := rapid.IntRange(0, len(vs)+1).Draw(t, "n")
		all, some := true, false
		for _, c := range completions(vs) {
			yes := 0
			for _, v := range c {
				if v == Yes {
					yes++
				}
			}
			all = all && yes >= n
			some = some || yes >= n
		}
		want := Unknown
		switch {
		case all:
			want = Yes
		case !some:
			want = No
		case slices.Contains(vs, NotAsked):
			want = NotAsked
		}
		if got := AtLeast(n, vs...); got != want {
			t.Fatalf("at least %d of %v: %v, want %v", n, vs, got, want)
		}
	})
}

func TestLaws(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		vs := rapid.SliceOfN(anyValue, 1, 6).Draw(t, "values")
		cut := rapid.IntRange(0, len(vs)).Draw(t, "cut")
		shuffled := rapid.Permutation(vs).Draw(t, "shuffled")
		negated := make([]Value, len(vs))
		for i, v := range vs {
			negated[i] = Not(v)
			if Not(Not(v)) != v {
				t.Fatalf("not not %v is %v", v, Not(Not(v)))
			}
		}
		laws := map[string][2]Value{
			"De Morgan, all":    {Not(All(vs...)), Any(negated...)},
			"De Morgan, any":    {Not(Any(vs...)), All(negated...)},
			"order of all":      {All(vs...), All(shuffled...)},
			"order of any":      {Any(vs...), Any(shuffled...)},
			"grouping of all":   {All(vs...), All(All(vs[:cut]...), All(vs[cut:]...))},
			"grouping of any":   {Any(vs...), Any(Any(vs[:cut]...), Any(vs[cut:]...))},
			"idempotent all":    {All(vs[0], vs[0]), vs[0]},
			"idempotent any":    {Any(vs[0], vs[0]), vs[0]},
			"at least 1 is any": {AtLeast(1, vs...), Any(vs...)},
		}
		for law, sides := range laws {
			if sides[0] != sides[1] {
				t.Errorf("%s: %v and %v for %v", law, sides[0], sides[1], vs)
			}
		}
	})
}

func TestUnknownNeverBecomesNo(t *testing.T) {
	for _, v := range []Value{Unknown, NotAsked} {
		for name, got := range map[string]Value{
			"not": Not(v), "all": All(v), "any": Any(v), "all with yes": All(Yes, v), "any with no": Any(No, v),
		} {
			if got != v {
				t.Errorf("%s of %v is %v", name, v, got)
			}
		}
	}
	var zero Fact
	if zero.Value != NotAsked {
		t.Errorf("a fact without an answer counts as %v", zero.Value)
	}
}

// TestWeighIsStepOne checks the shipped threshold table against the published
// sentence, and the decision of open dimensions against every completion.
func TestWeighIsStepOne(t *testing.T) {
	s, ok := library(t).Standard("ilo-adult-labour")
	if !ok {
		t.Fatal("ilo-adult-labour is missing")
	}
	published := func(strong, medium, weak int) bool {
		return strong >= 2 || strong == 1 && medium+weak >= 1 || medium >= 3 || medium == 2 && weak >= 1
	}
	rapid.Check(t, func(t *rapid.T) {
		values := rapid.SliceOfN(anyValue, 0, 8).Draw(t, "values")
		weights := rapid.SliceOfN(rapid.SampledFrom([]Weight{Strong, Medium, Weak}), len(values), len(values)).Draw(t, "weights")
		of := make([]Expr, len(values))
		for i, w := range weights {
			of[i].Weight = w
		}
		all, some := true, false
		for _, c := range completions(values) {
			n := tally{}
			for i, v := range c {
				if v == Yes {
					n[weights[i]]++
				}
			}
			positive := published(n[Strong], n[Medium], n[Weak])
			all, some = all && positive, some || positive
		}
		want := Unknown
		switch {
		case all:
			want = Yes
		case !some:
			want = No
		case slices.Contains(values, NotAsked):
			want = NotAsked
		}
		if got := weigh(s.PositiveWhen, of, values); got != want {
			t.Fatalf("weights %v, answers %v: %v, want %v", weights, values, got, want)
		}
	})
}
