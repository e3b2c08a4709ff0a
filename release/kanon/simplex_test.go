package kanon

import (
	"context"
	"errors"
	"math"
	"testing"

	"gonum.org/v1/gonum/mat"
	"gonum.org/v1/gonum/optimize/convex/lp"
	"pgregory.net/rapid"
)

// On random tables of three dimensions the interval of every open cell is what the simplex of gonum finds.
func TestRangesAgainstGonum(t *testing.T) {
	compared := 0
	rapid.Check(t, func(t *rapid.T) {
		c := smallCube(t)
		for i := range c.Counts {
			if c.Impossible == nil || !c.Impossible[i] {
				c.Counts[i] = rapid.Int64Range(0, 30).Draw(t, "count")
			}
		}
		p := primaryOnly(t, c, Rules{MinCell: rapid.Int64Range(2, 20).Draw(t, "minimum cell")})
		// The equations written out: every lattice cell that is known, as a sum of leaves.
		l := newLattice(p.Dims)
		leaves := l.leafCells()
		y := system{floor: make([]float64, len(leaves))}
		for cell, s := range p.States {
			if s.open() {
				continue
			}
			e := equation{rhs: float64(p.Values[cell])}
			for n, leaf := range leaves {
				under := true
				for i := range l.n {
					under = under && (l.coord(cell, i) == l.n[i] || l.coord(cell, i) == l.coord(leaf, i))
				}
				if under {
					e.terms = append(e.terms, term{n, 1})
				}
			}
			y.rows = append(y.rows, e)
		}
		var forms [][]term
		for n := range leaves {
			forms = append(forms, []term{{n, 1}})
		}
		got, err := y.ranges(context.Background(), forms, math.Inf(1))
		if err != nil {
			t.Fatal(err)
		}
		rows := independent(y.rows, len(leaves))
		if len(rows) == 0 || len(rows) >= len(leaves) {
			return // gonum wants fewer equations than variables; presolve settles these
		}
		a, b := mat.NewDense(len(rows), len(leaves), nil), make([]float64, len(rows))
		for i, r := range rows {
			for _, term := range r.terms {
				a.Set(i, term.v, 1)
			}
			b[i] = r.rhs
		}
		for n := range leaves {
			for _, sign := range []float64{1, -1} {
				cost := make([]float64, len(leaves))
				cost[n] = sign
				compared++
				value, _, err := lp.Simplex(cost, a, b, 1e-10, nil)
				switch {
				case errors.Is(err, lp.ErrUnbounded):
					if !got[n].wide {
						t.Fatalf("leaf %d has no bound, got %+v", n, got[n])
					}
				case err != nil:
					compared--
					continue // gonum gives up on some degenerate programmes
				case sign > 0 && !got[n].wide && got[n].low != math.Ceil(value-1e-6):
					t.Fatalf("leaf %d: lowest %g, got %+v", n, value, got[n])
				case sign < 0 && !got[n].wide && got[n].high != math.Floor(-value+1e-6):
					t.Fatalf("leaf %d: highest %g, got %+v", n, -value, got[n])
				}
			}
		}
	})
	t.Logf("%d programmes compared", compared)
	if compared == 0 {
		t.Error("nothing was compared")
	}
}

// independent keeps the equations that do not follow from earlier ones.
func independent(rows []equation, n int) []equation {
	var out []equation
	var reduced [][]float64
	for _, r := range rows {
		x := make([]float64, n)
		for _, t := range r.terms {
			x[t.v] = t.k
		}
		for _, other := range reduced {
			lead := 0
			for other[lead] == 0 {
				lead++
			}
			if f := x[lead] / other[lead]; f != 0 {
				for j := range x {
					x[j] -= f * other[j]
				}
			}
		}
		size := 0.0
		for j := range x {
			if math.Abs(x[j]) < 1e-9 {
				x[j] = 0
			}
			size += math.Abs(x[j])
		}
		if size > 0 {
			out, reduced = append(out, r), append(reduced, x)
		}
	}
	return out
}
