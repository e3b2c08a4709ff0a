package kanon

import (
	"context"
	"fmt"
	"math"
	"math/bits"
	"slices"
	"testing"

	"aman/release/risk"

	"pgregory.net/rapid"
)

func records(t interface{ Fatal(...any) }, names []string, rows [][]string) risk.Table {
	table, err := risk.FromRows(names, rows)
	if err != nil {
		t.Fatal(err)
	}
	return table
}

// The table of inpatients of Machanavajjhala and others 2007, figure 2: 4-anonymous, with a class all of cancer.
func TestMeasureInpatients(t *testing.T) {
	var rows [][]string
	for _, c := range []struct {
		zip, age  string
		condition []string
	}{
		{"130**", "<30", []string{"heart", "heart", "viral", "viral"}},
		{"1485*", ">=40", []string{"cancer", "heart", "viral", "viral"}},
		{"130**", "3*", []string{"cancer", "cancer", "cancer", "cancer"}},
	} {
		for _, condition := range c.condition {
			rows = append(rows, []string{c.zip, c.age, condition})
		}
	}
	table := records(t, []string{"zip", "age", "condition"}, rows)
	m, err := Measure(table, []int{0, 1}, Sensitive{Column: 2})
	if err != nil {
		t.Fatal(err)
	}
	// The class of cancer alone: 5 of 12 in the file have it, so 7 of 12 must move.
	if m.K != 4 || m.Classes != 3 || m.Distinct != 1 || math.Abs(m.Entropy-1) > 1e-12 || !math.IsInf(m.Recursive, 1) || math.Abs(m.Closeness-7.0/12) > 1e-12 {
		t.Errorf("got %+v", m)
	}
	m, err = Measure(records(t, []string{"zip", "age", "condition"}, rows[4:8]), []int{0, 1}, Sensitive{Column: 2})
	if err != nil || m.Distinct != 3 || math.Abs(m.Entropy-math.Exp(1.5*math.Ln2)) > 1e-9 || m.Recursive != 1 || m.Closeness != 0 {
		t.Errorf("four people with three conditions: %+v %v", m, err)
	}
}

// The salaries of Li and others 2007, section 4: {3,4,5} is further from the nine salaries than {6,8,11}.
func TestOrderedDistance(t *testing.T) {
	var rows [][]string
	for i := 3; i <= 11; i++ {
		group := "rest"
		switch i {
		case 3, 4, 5:
			group = "low"
		case 6, 8, 11:
			group = "mixed"
		}
		rows = append(rows, []string{group, fmt.Sprint(i)})
	}
	table := records(t, []string{"group", "salary"}, rows)
	d := newDiversity(table, Sensitive{Column: 1, Ordered: true})
	for _, test := range []struct {
		salaries []uint32
		want     float64
	}{{[]uint32{0, 1, 2}, 0.375}, {[]uint32{3, 5, 8}, 1.0 / 6}} {
		if d.look(test.salaries); math.Abs(d.distance()-test.want) > 1e-3 {
			t.Errorf("salaries %v: distance %.4f, want %.4f", test.salaries, d.distance(), test.want)
		}
	}
}

// Whatever the file, the keys and the needs: records keep their place, values are kept, coarser or missing, and each class
// holds to all that is asked.
func TestAnonymise(t *testing.T) {
	coarser := []map[string]string{{"a": "ab", "b": "ab", "c": "cd", "d": "cd"}, {"ab": "any", "cd": "any"}}
	value := rapid.SampledFrom([]string{"", "a", "a", "b", "c", "d"})
	rapid.Check(t, func(t *rapid.T) {
		columns := rapid.IntRange(1, 4).Draw(t, "keys")
		names := []string{"sensitive"}
		var keys []Key
		for i := range columns {
			names = append(names, fmt.Sprint("k", i))
			keys = append(keys, Key{Column: i + 1, Coarser: coarser[:rapid.IntRange(0, 2).Draw(t, "levels")], Weight: float64(i)})
		}
		rows := rapid.SliceOfN(rapid.SliceOfN(value, columns+1, columns+1), 1, 40).Draw(t, "rows")
		table := records(t, names, rows)
		need := Need{K: rapid.IntRange(2, 5).Draw(t, "k")}
		switch rapid.IntRange(0, 4).Draw(t, "need") {
		case 1:
			need.Sensitive = []Sensitive{{Distinct: 2}}
		case 2:
			need.Sensitive = []Sensitive{{Entropy: 1.8}}
		case 3:
			need.Sensitive = []Sensitive{{RecursiveC: 3, RecursiveL: 2}}
		case 4:
			need.Sensitive = []Sensitive{{Closeness: 0.3}}
		}
		out, losses, err := Anonymise(context.Background(), table, keys, need)
		var columnsOfKeys []int
		for _, k := range keys {
			columnsOfKeys = append(columnsOfKeys, k.Column)
		}
		hold := func(m Levels) bool {
			for _, s := range need.Sensitive {
				if m.Distinct < s.Distinct || m.Entropy < s.Entropy-1e-9 || s.RecursiveC > 0 && m.Recursive >= s.RecursiveC ||
					s.Closeness > 0 && m.Closeness > s.Closeness+1e-9 {
					return false
				}
			}
			return m.K >= need.K
		}
		if err != nil {
			if m, _ := Measure(table, nil, Sensitive{}); hold(m) {
				t.Fatalf("refused, but all records together hold to it: %v", err)
			}
			return
		}
		m, err := Measure(out, columnsOfKeys, Sensitive{})
		if err != nil || !hold(m) {
			t.Fatalf("%+v does not hold to %+v (%v)", m, need, err)
		}
		after := out.Rows()
		for i, k := range keys {
			withheld, wider := 0, 0
			for r, row := range rows {
				was, is := row[k.Column], after[r][k.Column]
				allowed, label := []string{was, ""}, was
				for _, level := range k.Coarser {
					label = level[label]
					allowed = append(allowed, label)
				}
				if !slices.Contains(allowed, is) {
					t.Fatalf("%q became %q", was, is)
				}
				switch {
				case was == is:
				case is == "":
					withheld++
				default:
					wider++
				}
			}
			if losses[i].Withheld != withheld || losses[i].Coarser != wider {
				t.Fatalf("key %d lost %d and %d values, not %+v", i, withheld, wider, losses[i])
			}
		}
	})
}

// A file that is safe already is left as it is.
func TestAnonymiseKeepsWhatIsSafe(t *testing.T) {
	var rows [][]string
	for range 11 {
		rows = append(rows, []string{"female", "18-20"}, []string{"male", "18-20"}, []string{"male", ""})
	}
	table := records(t, []string{"sex", "age"}, rows)
	out, _, err := Anonymise(context.Background(), table, []Key{{Column: 0}, {Column: 1}}, Need{K: 11})
	if err != nil {
		t.Fatal(err)
	}
	for r, row := range out.Rows() {
		if !slices.Equal(row, rows[r]) {
			t.Fatalf("record %d: %v became %v", r, rows[r], row)
		}
	}
}

func TestRounding(t *testing.T) {
	r := Rounder{Base: 5, Secret: [32]byte{1}}
	const cells = 20000
	for _, count := range []int64{0, 1, 4, 5, 13} {
		sum := int64(0)
		for i := range cells {
			got := r.Round(count, r.RecordKey(fmt.Sprint(i)))
			if got%5 != 0 || got-count > 4 || count-got > 4 {
				t.Fatalf("%d became %d", count, got)
			}
			sum += got
		}
		// Five standard deviations of a mean of draws that lie 5 apart at most.
		if mean := float64(sum) / cells; math.Abs(mean-float64(count)) > 5*2.5/math.Sqrt(cells) {
			t.Errorf("%d is %.3f in the mean", count, mean)
		}
	}
}

// The same people give the same figure in every table; another secret gives another table; zeros stay zero.
func TestRoundingRepeats(t *testing.T) {
	r := Rounder{Base: 3, Secret: [32]byte{1}}
	one := Cube{Dims: []Dimension{{Name: "a", Codes: []string{"x", "y"}}}, Counts: []int64{7, 0}}
	two := Cube{Dims: []Dimension{{Name: "b", Codes: []string{"p", "q"}}, {Name: "a", Codes: []string{"x", "y"}}}, Counts: []int64{4, 0, 3, 0}}
	var keys []uint64
	for i := range 7 {
		keys = append(keys, r.RecordKey(fmt.Sprint("case ", i)))
	}
	sum := func(k []uint64) (s uint64) {
		for _, x := range k {
			s += x
		}
		return s
	}
	a, err := r.Table(one, []uint64{sum(keys), 0})
	if err != nil {
		t.Fatal(err)
	}
	b, err := r.Table(two, []uint64{sum(keys[:4]), 0, sum(keys[4:]), 0})
	if err != nil {
		t.Fatal(err)
	}
	x, _ := a.At("x")
	y, _ := b.At(All, "x")
	zero, _ := b.At("p", "y")
	if x.Count != y.Count || x.State != Rounded || zero.Count != 0 {
		t.Errorf("the same seven people give %v and %v; nobody gives %v", x, y, zero)
	}
	// A rounded table does not open a withheld cell unnoticed.
	exact := table(t, Rules{MinCell: 11}, Population{}, Dimension{Name: "a", Codes: []string{"x", "y", "z"}}, 4, 36, 50)
	near := Published{Dims: []Dimension{{Name: "a", Codes: []string{"x"}}}, Base: 3, States: []State{Rounded, Unpublished}, Values: []int64{3, 0}}
	found, err := Difference(context.Background(), near, exact)
	if err != nil || len(found) == 0 || found[0].Table != 1 || found[0].Low > 4 || found[0].High < 4 {
		t.Errorf("a figure of 3, rounded to 3, places the withheld 4: %v %v", found, err)
	}
	far := near
	far.Base = 20
	if found, err = Difference(context.Background(), far, exact); err != nil || len(found) > 0 {
		t.Errorf("a figure rounded to 20 places nothing: %v %v", found, err)
	}
}

// Counted by text in the file it came from, every combination of up to three shown values belongs to at least K records; in
// the file as it was, some belong to fewer.
func TestShownCombinationsHaveSupport(t *testing.T) {
	const k, columns = 5, 6
	cube := crowd(600, 3, 4, 2, 5, 3, 4)
	var rows [][]string
	l := newLattice(cube.Dims)
	for n, leaf := range l.leafCells() {
		row := make([]string, columns)
		for i := range row {
			if row[i] = cube.Dims[i].Codes[l.coord(leaf, i)]; row[i] == "c1" {
				row[i] = ""
			}
		}
		for range cube.Counts[n] {
			rows = append(rows, row)
		}
	}
	var names []string
	var keys []Key
	for i := range columns {
		names, keys = append(names, fmt.Sprint("k", i)), append(keys, Key{Column: i})
	}
	out, _, err := Anonymise(context.Background(), records(t, names, rows), keys, Need{K: k})
	if err != nil {
		t.Fatal(err)
	}
	least := func(shown [][]string) int {
		worst := len(rows)
		for set := 1; set < 1<<columns; set++ {
			if bits.OnesCount(uint(set)) > 3 {
				continue
			}
			tuple := func(row []string) (string, bool) {
				text := ""
				for i, v := range row {
					if set>>i&1 == 0 {
						continue
					}
					if v == "" {
						return "", false
					}
					text += fmt.Sprintf("%d=%s ", i, v)
				}
				return text, true
			}
			support := map[string]int{}
			for _, row := range rows {
				if text, ok := tuple(row); ok {
					support[text]++
				}
			}
			for _, row := range shown {
				if text, ok := tuple(row); ok {
					worst = min(worst, support[text])
				}
			}
		}
		return worst
	}
	if got := least(out.Rows()); got < k {
		t.Errorf("a shown combination has %d records, fewer than %d", got, k)
	}
	if got := least(rows); got >= k {
		t.Errorf("the file before has no rare combination: the test shows nothing")
	}
}
