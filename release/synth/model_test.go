package synth

import (
	"context"
	"math"
	"slices"
	"testing"

	"pgregory.net/rapid"
)

// drawGraph gives a random graph over small attributes.
func drawGraph(t *rapid.T) ([]int, *graph) {
	d := rapid.IntRange(1, 6).Draw(t, "attributes")
	size := make([]int, d)
	for i := range size {
		size[i] = rapid.IntRange(2, 3).Draw(t, "size")
	}
	g := newGraph(size)
	for a := range d {
		for b := range a {
			if rapid.Bool().Draw(t, "edge") {
				g.join(a, b)
			}
		}
	}
	return size, g
}

func TestTriangulationMakesJunctionTrees(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		size, g := drawGraph(t)
		cliques, ok := g.triangulate(1 << 20)
		if !ok {
			t.Fatal("nothing is too large here")
		}
		for a := range size {
			for b := range a {
				if g.joined(a, b) && holder(cliques, []int{a, b}) < 0 {
					t.Fatalf("edge %d-%d is in no clique", a, b)
				}
			}
		}
		tr := newTree(size, cliques)
		for a := range size { // running intersection: each attribute is new in exactly one clique
			first := 0
			for _, c := range tr.cliques {
				if slices.Contains(c.set, a) && !slices.Contains(c.sep, a) {
					first++
				}
			}
			if first != 1 {
				t.Fatalf("attribute %d begins in %d cliques", a, first)
			}
		}
	})
}

// TestInferenceIsExact compares clique marginals with the sum over all records.
func TestInferenceIsExact(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		size, g := drawGraph(t)
		cliques, _ := g.triangulate(1 << 20)
		tr := newTree(size, cliques)
		for _, c := range tr.cliques {
			for i := range c.theta {
				c.theta[i] = rapid.Float64Range(-3, 3).Draw(t, "potential")
				if rapid.IntRange(0, 9).Draw(t, "impossible") == 0 && i > 0 {
					c.theta[i] = math.Inf(-1)
				}
			}
		}
		all := make([]int, len(size))
		for i := range all {
			all[i] = i
		}
		n := cells(size, all, 1<<20)
		weight, total := make([]float64, n), 0.0
		for i := range weight {
			sum := 0.0
			for _, c := range tr.cliques {
				sum += c.theta[projection(size, all, c.set)[i]]
			}
			weight[i] = math.Exp(sum)
			total += weight[i]
		}
		if total == 0 {
			t.Skip("all records are impossible")
		}
		if err := tr.infer(context.Background()); err != nil {
			t.Fatal(err)
		}
		for _, c := range tr.cliques {
			want := make([]float64, c.n)
			for i, p := range projection(size, all, c.set) {
				want[p] += weight[i] / total
			}
			for k := range want {
				if math.Abs(want[k]-c.p[k]) > 1e-9 {
					t.Fatalf("clique %v cell %d: %g, want %g", c.set, k, c.p[k], want[k])
				}
			}
		}
	})
}

// TestFitReachesConsistentTables: noiseless tables that a tree can hold are met.
func TestFitReachesConsistentTables(t *testing.T) {
	tab := toyTable(3000, 1)
	size := sizes(tab.Attrs)
	g := newGraph(size)
	var ms []measurement
	for _, s := range [][]int{{0, 1}, {1, 3}, {2, 3}, {3, 5}, {4}, {6}} {
		if len(s) == 2 {
			g.join(s[0], s[1])
		}
		m := measurement{set: s, v: 25}
		for _, x := range brute(tab, s) {
			m.y = append(m.y, float64(x))
		}
		ms = append(ms, m)
	}
	cliques, _ := g.triangulate(1 << 20)
	tr := newTree(size, cliques)
	f := newFitter(tr, 3000, ms)
	if err := f.run(context.Background(), 2000, func(float64) {}); err != nil {
		t.Fatal(err)
	}
	for _, per := range f.per {
		for _, m := range per {
			for k := range m.y {
				if math.Abs(m.mu[k]-m.y[k]) > 3 {
					t.Errorf("table %v cell %d: %.1f, want %.0f", m.set, k, m.mu[k], m.y[k])
				}
			}
		}
	}
	rows := &Table{Attrs: tab.Attrs, Cols: tr.sample(3000, newRand([2]uint64{1, 2})), Rows: 3000}
	for _, m := range ms {
		for k, x := range brute(rows, m.set) {
			if math.Abs(float64(x)-m.y[k]) > 40 {
				t.Errorf("sampled table %v cell %d: %d, want %.0f", m.set, k, x, m.y[k])
			}
		}
	}
}

// TestRakeHonoursTablesThatNoTreeHolds: three pairs that form a cycle, from an independent crowd.
func TestRakeHonoursTablesThatNoTreeHolds(t *testing.T) {
	tab := toyTable(4000, 2)
	size := sizes(tab.Attrs)
	rng := newRand([2]uint64{3, 4})
	cols := make([][]uint16, len(size))
	for a := range cols {
		for range 20_000 {
			cols[a] = append(cols[a], tab.Cols[a][rng.IntN(tab.Rows)])
		}
	}
	c := newCrowd(size, cols, 4000)
	var goals []goal
	for _, s := range subsets(len(size), 2, 2) {
		m := measurement{set: s, v: 1}
		for _, x := range brute(tab, s) {
			m.y = append(m.y, float64(x))
		}
		goals = append(goals, c.goalFor(m))
	}
	if err := c.rake(context.Background(), goals, 0.1, 60, func(float64) {}); err != nil {
		t.Fatal(err)
	}
	for _, g := range goals {
		for k, x := range c.table(g.set) {
			if math.Abs(x-g.y[k]) > 4 {
				t.Errorf("table %v cell %d: %.1f, want %.0f", g.set, k, x, g.y[k])
			}
		}
	}
}

func TestSolve(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		m := rapid.Float64Range(1e-6, 1e5).Draw(t, "m")
		trust := rapid.Float64Range(0.02, 1).Draw(t, "trust")
		y, v := rapid.Float64Range(-1e4, 1e5).Draw(t, "y"), rapid.Float64Range(0.5, 1e6).Draw(t, "v")
		dual := rapid.Float64Range(-10, 10).Draw(t, "dual")
		d := solve(m, trust, y, v, dual)
		left := m*math.Exp(-d/trust) - y
		if right := v * (dual + d); math.Abs(left-right) > 1e-5*(math.Abs(y)+math.Abs(right)+1)+1e-7*v*(1+math.Abs(d)) {
			t.Fatalf("d = %g leaves %g against %g", d, left, right)
		}
	})
}

// TestSystematicSampling: each record appears its expected number of times, rounded up or down.
func TestSystematicSampling(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		k, n := rapid.IntRange(1, 30).Draw(t, "records"), rapid.IntRange(1, 200).Draw(t, "rows")
		p, total := make([]float64, k), 0.0
		rows, who := make([]int32, n), make([]int32, k)
		for i := range p {
			p[i] = rapid.Float64Range(0.001, 5).Draw(t, "weight")
			total += p[i]
			who[i] = int32(i)
		}
		got := make([]float64, k)
		systematic(rows, who, p, newRand([2]uint64{rapid.Uint64().Draw(t, "seed"), 1}), func(_, c int32) { got[c]++ })
		for i := range p {
			if e := p[i] / total * float64(n); got[i] < math.Floor(e-1e-9) || got[i] > math.Ceil(e+1e-9) {
				t.Fatalf("record %d: %g rows, expected %g", i, got[i], e)
			}
		}
	})
}
