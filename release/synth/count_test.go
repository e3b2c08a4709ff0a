package synth

import (
	"context"
	"slices"
	"testing"

	"pgregory.net/rapid"
)

func drawTable(t *rapid.T, maxRows int) *Table {
	tab := &Table{Rows: rapid.IntRange(0, maxRows).Draw(t, "rows")}
	rng := newRand([2]uint64{rapid.Uint64().Draw(t, "seed"), 1})
	for range rapid.IntRange(1, 5).Draw(t, "columns") {
		size := rapid.SampledFrom([]int{2, 2, 3, 4, 9, 40}).Draw(t, "size")
		tab.Attrs = append(tab.Attrs, Attr{Codes: make([]string, size)})
		col := make([]uint16, tab.Rows)
		for r := range col {
			col[r] = uint16(rng.IntN(size))
		}
		tab.Cols = append(tab.Cols, col)
	}
	return tab
}

// brute counts a table the slow way.
func brute(t *Table, set []int) []int64 {
	size := sizes(t.Attrs)
	out := make([]int64, cells(size, set, 1<<30))
	st := strides(size, set)
	for r := range t.Rows {
		i := 0
		for k, a := range set {
			i += int(t.Cols[a][r]) * st[k]
		}
		out[i]++
	}
	return out
}

func TestCountAgreesWithBruteForce(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		tab := drawTable(t, 5000)
		sets := subsets(len(tab.Attrs), 1, 4)
		sets = slices.DeleteFunc(sets, func([]int) bool { return rapid.IntRange(0, 2).Draw(t, "left out") == 0 })
		got, err := Count(context.Background(), tab, sets)
		if err != nil {
			t.Fatal(err)
		}
		for i, s := range sets {
			if !slices.Equal(got[i], brute(tab, s)) {
				t.Fatalf("table %v of sizes %v differs", s, sizes(tab.Attrs))
			}
		}
	})
}

func TestCountFilled(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		tab := drawTable(t, 300)
		d := len(tab.Attrs)
		k := rapid.IntRange(1, min(3, d)).Draw(t, "length")
		share := make([]float64, d+1)
		share[d] = 1
		p := planDirect(share, d, k)
		got, err := countFilled(context.Background(), tab, p.sets, p.weight)
		if err != nil {
			t.Fatal(err)
		}
		for i, s := range p.sets {
			want := make([]int64, len(got[i]))
			for r := range tab.Rows {
				one := &Table{Attrs: tab.Attrs, Rows: 1}
				filled, whole := 0, true
				for a := range tab.Cols {
					one.Cols = append(one.Cols, tab.Cols[a][r:r+1])
					if tab.Cols[a][r] != 0 {
						filled++
					} else if slices.Contains(s, a) {
						whole = false
					}
				}
				if whole {
					for c, n := range brute(one, s) {
						want[c] += n * p.weight[filled]
					}
				}
			}
			for _, k := range filledCells(sizes(tab.Attrs), s) {
				if got[i][k] != want[k] {
					t.Fatalf("table %v differs", s)
				}
			}
		}
	})
}

// TestDirectSensitivity: whatever a person has filled in, the weights keep that person within the declared sensitivity.
func TestDirectSensitivity(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		d := rapid.IntRange(1, 60).Draw(t, "attributes")
		k := rapid.IntRange(1, min(4, d)).Draw(t, "length")
		share := make([]float64, d+1)
		for i := range share {
			share[i] = rapid.Float64Range(0, 1).Draw(t, "share")
		}
		if d > 20 && k > 2 {
			k = 2 // the list of sets is not needed here
		}
		p := planDirect(share, d, k)
		for n, w := range p.weight {
			if moved := choose(n, k) * float64(w*w); moved > float64(p.sens2) {
				t.Fatalf("%d filled attributes move the vector by √%g, declared √%d", n, moved, p.sens2)
			}
		}
	})
}
