package kanon

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"

	"pgregory.net/rapid"
)

func table(t testing.TB, r Rules, of Population, d Dimension, counts ...int64) Published {
	t.Helper()
	p, err := Protect(context.Background(), Cube{Dims: []Dimension{d}, Counts: counts, Of: of}, r)
	if err != nil {
		t.Fatal(err)
	}
	return p
}

func until(day string) Population {
	return Population{Register: "cases", Period: Span{"2026-01-01", day}}
}

func TestDifference(t *testing.T) {
	r := Rules{MinCell: 11}
	sex := Dimension{Name: "sex", Codes: []string{"female", "male"}}
	age := Dimension{Name: "age", Codes: []string{"0-8", "9-13", "14-17", "18+"}}
	bands := Dimension{Name: "age", Codes: []string{"0-13", "14-17", "18+"}, Parts: map[string][]string{"0-13": {"0-8", "9-13"}}}
	punjab := Population{Register: "cases", Filter: map[string][]string{"province": {"Punjab"}}}
	read := func(day string) Population { return Population{Register: "cases", AsOf: day} }
	elsewhere := Population{Register: "other"}
	years := Dimension{Name: "year", Codes: []string{"2025", "2026"}, Spans: []Span{{"2025-01-01", "2026-01-01"}, {"2026-01-01", "2027-01-01"}}}
	for _, test := range []struct {
		name          string
		next, earlier Published
		leaks         bool
	}{
		{"seven more women in February", table(t, r, until("2026-03-01"), sex, 47, 60), table(t, r, until("2026-02-01"), sex, 40, 40), true},
		{"enough more of both", table(t, r, until("2026-03-01"), sex, 55, 60), table(t, r, until("2026-02-01"), sex, 40, 40), false},
		{"the same again", table(t, r, until("2026-02-01"), sex, 40, 40), table(t, r, until("2026-02-01"), sex, 40, 40), false},
		{"two registered late", table(t, r, read("2026-03-01"), sex, 42, 40), table(t, r, read("2026-02-01"), sex, 40, 40), true},
		{"another register", table(t, r, elsewhere, sex, 42, 40), table(t, r, read("2026-02-01"), sex, 40, 40), false},
		{"all but a province", table(t, r, Population{Register: "cases"}, sex, 47, 60), table(t, r, punjab, sex, 40, 40), true},
		{"a coarser band opens a finer one", table(t, r, Population{Register: "cases"}, bands, 29, 20, 80), table(t, r, Population{Register: "cases"}, age, 4, 25, 20, 80), true},
		{"a coarser band that tells nothing new", table(t, r, Population{Register: "cases"}, bands, 45, 20, 80), table(t, r, Population{Register: "cases"}, age, 20, 25, 20, 80), false},
		{"a year that was over", table(t, r, Population{Register: "cases", Period: Span{"2025-01-01", "2026-03-01"}}, years, 40, 36),
			table(t, r, Population{Register: "cases", Period: Span{"2025-01-01", "2026-02-01"}}, years, 40, 20), false},
		{"three people recoded", table(t, r, read("2026-03-01"), sex, 37, 60), table(t, r, read("2026-02-01"), sex, 40, 40), true},
		{"many people recoded", table(t, r, read("2026-03-01"), sex, 20, 60), table(t, r, read("2026-02-01"), sex, 40, 40), false},
	} {
		t.Run(test.name, func(t *testing.T) {
			found, err := Difference(context.Background(), test.next, test.earlier)
			if err != nil {
				t.Fatal(err)
			}
			if (len(found) > 0) != test.leaks {
				t.Fatalf("found %v", found)
			}
		})
	}
	if _, err := Difference(context.Background(), table(t, r, read("2026-03-01"), bands, 30, 20, 80), table(t, r, read("2026-02-01"), age, 20, 25, 20, 80)); !errors.Is(err, ErrCorrected) {
		t.Errorf("people left between tables of different shape: %v", err)
	}
}

// Two tables of a register that grows once, against the list of all pairs of tables that agree: a small group placed too
// narrowly is found, and after ProtectNext there is none. In whole numbers: the attack itself is not.
func TestDifferenceAgainstAllTables(t *testing.T) {
	leaking, pairs := 0, 0
	rapid.Check(t, func(t *rapid.T) {
		r := Rules{MinCell: rapid.Int64Range(2, 3).Draw(t, "minimum cell")}
		dims := []Dimension{{Name: "a", Codes: []string{"x", "y", "z"}}}
		if rapid.Bool().Draw(t, "two dimensions") {
			dims = []Dimension{{Name: "a", Codes: []string{"x", "y"}}, {Name: "b", Codes: []string{"x", "y"}}}
			r.MinCell = 2
		}
		l := newLattice(dims)
		first, grown, both := make([]int64, l.leaves), make([]int64, l.leaves), make([]int64, 2*l.leaves)
		for i := range first {
			first[i] = rapid.Int64Range(0, 3).Draw(t, "first")
			both[i], both[l.leaves+i] = first[i], rapid.Int64Range(0, 2).Draw(t, "growth")
			grown[i] = both[i] + both[l.leaves+i]
		}
		next := Cube{Dims: dims, Counts: grown, Of: until("2026-03-01")}
		earlier, err := Protect(context.Background(), Cube{Dims: dims, Counts: first, Of: until("2026-02-01")}, r)
		if err != nil {
			t.Fatal(err)
		}
		// The joint table has the stretch of time as its first dimension: the first, the second (of which nothing is
		// published), and both.
		joint := Published{Dims: append([]Dimension{{Name: "stretch", Codes: []string{"1", "2"}}}, dims...), Rules: Rules{MinCell: r.MinCell, Width: r.MinCell}}
		narrow := func(p Published) (out []string) {
			unseen := slices.Repeat([]State{Unpublished}, l.size)
			joint.States = slices.Concat(earlier.States, unseen, p.States)
			joint.Values = slices.Concat(earlier.Values, make([]int64, l.size), p.Values)
			agree := tables(joint, 4+r.MinCell)
			pairs += len(agree)
			for i, v := range both {
				low, high := v, v
				for _, a := range agree {
					low, high = min(low, a[i]), max(high, a[i])
				}
				if v > 0 && v < r.MinCell && high-low < r.MinCell {
					out = append(out, fmt.Sprintf("atom %d holds %d and lies in %d..%d", i, v, low, high))
				}
			}
			return out
		}
		alone, err := Protect(context.Background(), next, r)
		if err != nil {
			t.Fatal(err)
		}
		found, err := Difference(context.Background(), alone, earlier)
		if err != nil {
			t.Fatal(err)
		}
		if leak := narrow(alone); len(leak) > 0 {
			leaking++
			if len(found) == 0 {
				t.Fatalf("nothing found, and yet %v", leak)
			}
		}
		safe, err := ProtectNext(context.Background(), next, r, earlier)
		if err != nil {
			t.Fatal(err)
		}
		if leak := narrow(safe); len(leak) > 0 {
			t.Fatalf("after ProtectNext: %v", leak)
		}
	})
	t.Logf("%d tables leak beside the earlier one; %d pairs of tables agree", leaking, pairs)
	if leaking == 0 {
		t.Error("no table leaks beside an earlier one: the test shows nothing")
	}
}

// year simulates twelve monthly tables of a register that grows, each counting from January on.
func year(months, each int) []Cube {
	rng := rand.New(rand.NewPCG(7, 7))
	var out []Cube
	c := crowd(400, 4, 3, 3)
	for m := range months {
		for range each {
			at := 0
			for _, n := range []int{4, 3, 3} {
				u := rng.Float64()
				at = at*n + int(u*u*float64(n))
			}
			c.Counts[at]++
		}
		month := c
		month.Counts = append([]int64(nil), c.Counts...)
		month.Of = Population{Register: "cases", Period: Span{"2026-01-01", fmt.Sprintf("2026-%02d-28", m+1)}}
		out = append(out, month)
	}
	return out
}

// subtract is the attack that anyone can do: one table less another, cell by cell.
func subtract(tables []Published) (small int) {
	for i, a := range tables {
		for _, b := range tables[:i] {
			for c := range a.States {
				d := a.Values[c] - b.Values[c]
				if a.States[c] == Shown && b.States[c] == Shown && d != 0 && d < a.Rules.MinCell {
					small++
				}
			}
		}
	}
	return small
}

func TestTwelveMonths(t *testing.T) {
	r := Rules{MinCell: 11}
	var safe, naive []Published
	shown, cells, refused := 0, 0, 0
	for m, c := range year(12, 40) {
		p, err := Protect(context.Background(), c, r)
		if err != nil {
			t.Fatal(err)
		}
		found, err := Difference(context.Background(), p, safe...)
		if err != nil {
			t.Fatalf("month %d: %v", m+1, err)
		}
		if len(found) > 0 {
			refused++
		}
		naive = append(naive, p)
		if p, err = ProtectNext(context.Background(), c, r, safe...); err != nil {
			t.Fatalf("month %d: %v", m+1, err)
		}
		safe = append(safe, p)
		lost := p.Lost(c)
		shown += int(lost.ShareShown*float64(lost.Cells) + 0.5)
		cells += lost.Cells
	}
	if n := subtract(safe); n > 0 {
		t.Errorf("subtraction finds %d small differences in the safe tables", n)
	}
	if n := subtract(naive); n == 0 || refused == 0 {
		t.Errorf("each month protected alone: subtraction finds %d small differences and %d months are refused; both should be many", n, refused)
	}
	t.Logf("%d of 12 months refused; %d of %d cells shown after withholding more", refused, shown, cells)
}
