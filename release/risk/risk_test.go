package risk

import (
	"context"
	"fmt"
	"math"
	"math/bits"
	"slices"
	"testing"

	"pgregory.net/rapid"
)

// draw makes a small file with many ties.
func draw(t *rapid.T) (Table, []int) {
	columns := rapid.IntRange(1, 5).Draw(t, "columns")
	var names []string
	var keys []int
	for i := range columns {
		names, keys = append(names, fmt.Sprint("c", i)), append(keys, i)
	}
	value := rapid.SampledFrom([]string{"", "a", "b", "c"})
	rows := rapid.SliceOfN(rapid.SliceOfN(value, columns, columns), 0, 14).Draw(t, "rows")
	table, err := FromRows(names, rows)
	if err != nil {
		t.Fatal(err)
	}
	return table, keys
}

// alike counts the records that equal a record on a set of columns.
func alike(t Table, record int, on uint64) (n int, missing bool) {
	for r := range t.Records {
		same := true
		for rest := on; rest != 0; rest &= rest - 1 {
			c := t.Columns[bits.TrailingZeros64(rest)]
			same = same && c.Codes[r] == c.Codes[record]
			missing = missing || c.Codes[record] == 0
		}
		if same {
			n++
		}
	}
	return n, missing
}

func TestSUDAAgainstBruteForce(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		table, keys := draw(t)
		size := rapid.IntRange(1, 4).Draw(t, "size")
		u, err := SUDA(context.Background(), table, keys, size)
		if err != nil {
			t.Fatal(err)
		}
		for r := range table.Records {
			var want []uint64
			score := 0.0
			for s := range uint64(1) << len(keys) {
				k := bits.OnesCount64(s)
				if n, _ := alike(table, r, s); k == 0 || k > size || n != 1 {
					continue
				}
				minimal := true
				for rest := s; rest != 0; rest &= rest - 1 {
					if n, _ := alike(table, r, s&^(1<<bits.TrailingZeros64(rest))); n == 1 {
						minimal = false
					}
				}
				if minimal {
					want = append(want, s)
					worth := 1.0
					for i := k; i < size; i++ {
						worth *= float64(len(keys) - i)
					}
					score += worth
				}
			}
			var got []uint64
			for _, set := range u.Sets(r) {
				var s uint64
				for _, c := range set {
					s |= 1 << c
				}
				got = append(got, s)
			}
			slices.Sort(got)
			// A single record is alone on the empty set already; the brute force then has no minimal set of one column.
			if table.Records > 1 && (!slices.Equal(got, want) || u.Score[r] != score) {
				t.Fatalf("record %d: sets %b, want %b; score %g, want %g", r, got, want, u.Score[r], score)
			}
		}
	})
}

func TestRareAgainstBruteForce(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		table, keys := draw(t)
		size, below := rapid.IntRange(1, 4).Draw(t, "size"), rapid.IntRange(2, 5).Draw(t, "below")
		got, err := Rare(context.Background(), table, keys, size, below)
		if err != nil {
			t.Fatal(err)
		}
		columns := make([]int, len(keys))
		for r := range table.Records {
			want, on := 0, uint64(0)
			for k := 1; k <= size && want == 0; k++ {
				for s := range uint64(1) << len(keys) {
					if bits.OnesCount64(s) != k {
						continue
					}
					if n, missing := alike(table, r, s); n < below && !missing {
						want = k
						on |= s
					}
				}
			}
			if int(got.Length[r]) != want {
				t.Fatalf("record %d: length %d, want %d", r, got.Length[r], want)
			}
			for rest := on; rest != 0; rest &= rest - 1 {
				columns[bits.TrailingZeros64(rest)]++
			}
		}
		if !slices.Equal(columns, got.Column) {
			t.Fatalf("columns %v, want %v", got.Column, columns)
		}
	})
}

func TestMeasureByHand(t *testing.T) {
	table, err := FromRows([]string{"sex", "age", "case"}, [][]string{
		{"female", "18-20", "1"}, {"female", "18-20", "2"}, {"female", "18-20", "3"},
		{"male", "18-20", "4"}, {"male", "48+", "5"}, {"male", "48+", "6"}, {"female", "", "7"}, {"female", "18-20", "8"},
	})
	if err != nil {
		t.Fatal(err)
	}
	// Classes of 4, 1, 2 and 1 records.
	m, err := Measure(table, []int{0, 1}, Options{})
	if err != nil {
		t.Fatal(err)
	}
	want := Measures{Records: 8, Classes: 4, Least: 1, Uniques: 2,
		Prosecutor: Attacker{1, 0.5, 1}, Journalist: Attacker{1, 0.5, 1}, Marketer: 0.5, Global: 0.5, PopulationUniques: 2}
	if m != want {
		t.Errorf("got %+v, want %+v", m, want)
	}
	if m, _ = Measure(table, []int{0, 1}, Options{AtRisk: 0.5}); m.Prosecutor.AtRisk != 0.25 {
		t.Errorf("a quarter of the records has a risk above a half, not %g", m.Prosecutor.AtRisk)
	}
	// A population with each record twice, and a third man of 48+.
	rows := append(append(table.Rows(), table.Rows()...), []string{"male", "48+", "9"})
	population, _ := FromRows([]string{"sex", "age", "case"}, rows)
	if m, err = Measure(table, []int{0, 1}, Options{Population: &population}); err != nil {
		t.Fatal(err)
	}
	mean := (4*1.0/8 + 1*1.0/2 + 2*1.0/5 + 1*1.0/2) / 8
	if math.Abs(m.Global-mean) > 1e-12 || m.Journalist.Highest != 0.5 || m.Prosecutor.Highest != 1 || m.PopulationUniques != 0 {
		t.Errorf("with a population: %+v, want a global risk of %g", m, mean)
	}
	few, _ := FromRows([]string{"sex", "age", "case"}, rows[:3])
	if _, err = Measure(table, []int{0, 1}, Options{Population: &few}); err == nil {
		t.Error("a population that lacks people of the file is taken")
	}
	weights := []float64{1, 1, 1, 1, 1, 1, 1, 1}
	if m, err = Measure(table, []int{0, 1}, Options{Weights: weights}); err != nil || m.Global != 0.5 {
		t.Errorf("weights of one measure the file by itself: %v %+v", err, m)
	}
	for _, bad := range []float64{0.5, math.NaN(), math.Inf(1)} {
		weights[2] = bad
		if _, err = Measure(table, []int{0, 1}, Options{Weights: weights}); err == nil {
			t.Errorf("a weight of %g is taken", bad)
		}
	}
}

// The estimate of the individual risk agrees with its integral by Simpson's rule.
func TestIndividualAgainstIntegral(t *testing.T) {
	for _, f := range []int{1, 2, 3, 5, 11, 100} {
		for _, pi := range []float64{1e-4, 0.01, 0.3, 0.9, 0.9995, 0.9999999, 1} {
			density := func(x float64) float64 { // u = x³ spreads the steep part near zero
				u := x * x * x
				return math.Pow(u, float64(f-1)) * pi / (pi + (1-pi)*u) * 3 * x * x
			}
			const steps = 20000
			total := density(0) + density(1)
			for i := 1; i < steps; i++ {
				total += density(float64(i)/steps) * float64(2+2*(i%2))
			}
			want := total / (3 * steps)
			if got := Individual(f, pi); math.Abs(got-want) > 1e-6*want {
				t.Errorf("f=%d pi=%g: %.9g, the integral is %.9g", f, pi, got, want)
			}
		}
	}
}

func TestClassesAgainstText(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		table, keys := draw(t)
		c := table.Classes(keys)
		count := map[string]int{}
		for _, row := range table.Rows() {
			count[fmt.Sprintf("%q", row)]++
		}
		if len(c.Size) != len(count) && table.Records > 0 {
			t.Fatalf("%d classes, want %d", len(c.Size), len(count))
		}
		for r, row := range table.Rows() {
			if int(c.Size[c.Of[r]]) != count[fmt.Sprintf("%q", row)] {
				t.Fatalf("record %d: class of %d, want %d", r, c.Size[c.Of[r]], count[fmt.Sprintf("%q", row)])
			}
		}
		// Dropping a column gives the same as measuring without it.
		for i, d := range table.without(keys) {
			rest := slices.Delete(slices.Clone(keys), i, i+1)
			m, err := Measure(table, rest, Options{})
			if err != nil {
				t.Fatal(err)
			}
			if d.Uniques != m.Uniques || math.Abs(d.Mean-m.Prosecutor.Mean) > 1e-12 {
				t.Fatalf("without column %d: %+v, want %+v", i, d, m)
			}
		}
	})
}

func TestLargeTablesUseNoArray(t *testing.T) {
	// So many values that pairs do not fit the arrays: the hash tables must give the same.
	const records = 6000
	rows := make([][]string, records)
	for r := range rows {
		rows[r] = []string{fmt.Sprint(r / 2), fmt.Sprint(r % 5000), fmt.Sprint(r % 7)}
	}
	table, err := FromRows([]string{"a", "b", "c"}, rows)
	if err != nil {
		t.Fatal(err)
	}
	keys := []int{0, 1, 2}
	c := table.Classes(keys)
	u, err := SUDA(context.Background(), table, keys, 2)
	if err != nil {
		t.Fatal(err)
	}
	// Values of b from 1000 to 4999 occur once; a and b together tell everybody apart.
	if len(c.Size) != records || u.BySize[1] != 4000 || u.BySize[2] == 0 {
		t.Fatalf("%d classes, uniques %v", len(c.Size), u.BySize)
	}
	for r := range records {
		if len(u.Sets(r)) == 0 {
			t.Fatalf("record %d is alone on a and b, yet has no minimal unique", r)
		}
	}
}

func TestBadRequests(t *testing.T) {
	if _, err := FromRows([]string{"a"}, [][]string{{"x", "y"}}); err == nil {
		t.Error("a record with too many values is taken")
	}
	table, _ := FromRows([]string{"a"}, [][]string{{"x"}})
	if _, err := table.Keys("b"); err == nil {
		t.Error("a column that is not there is found")
	}
	for _, bad := range [][2]int{{0, 3}, {9, 3}, {2, 1}, {2, 256}} {
		if _, err := Rare(context.Background(), table, []int{0}, bad[0], bad[1]); err == nil {
			t.Errorf("combinations of %d columns below %d are taken", bad[0], bad[1])
		}
	}
	done, cancel := context.WithCancel(context.Background())
	cancel()
	if _, err := SUDA(done, table, []int{0}, 1); err == nil {
		t.Error("a cancelled search succeeds")
	}
}
