package kanon

import (
	"context"
	"errors"
	"fmt"
	"math"

	"gonum.org/v1/gonum/floats"
)

// simplex is a primal simplex on a condensed tableau: for the variables in the basis, x_B = b − T·x_N with all x ≥ 0.
// The feasible region never changes, so each new objective starts from the vertex where the last one ended.
// (Dantzig 1963, "Linear Programming and Extensions", chapter 5; Bland's rule against cycling.)
type simplex struct {
	t      [][]float64
	b      []float64
	basis  []int // the variable of each row
	out    []int // the variable of each column
	place  []int // of each variable: its row, or -1 minus its column
	gain   []float64
	idle   int // pivots in a row that moved nothing
	pivots int
	some   []int // scratch: the columns where a row has something
}

const (
	eps       = 1e-9 // below this, the error of a sum
	tolerance = 1e-4 // counts are whole: what is smaller than this is nothing
)

var errInfeasible = errors.New("kanon: the tables contradict each other: no counts agree with all of them")

// term is a variable with its coefficient.
type term struct {
	v int
	k float64
}

// equation says that the terms add up to rhs.
type equation struct {
	terms []term
	rhs   float64
}

// newSimplex finds a vertex of the equations over n non-negative variables, or errInfeasible.
func newSimplex(ctx context.Context, n int, rows []equation) (*simplex, error) {
	s := &simplex{place: make([]int, n+len(rows)), gain: make([]float64, n)}
	for j := range n {
		s.out = append(s.out, j)
		s.place[j] = -1 - j
	}
	for i, r := range rows {
		sign := 1.0
		if r.rhs < 0 {
			sign = -1
		}
		row := make([]float64, n)
		for _, t := range r.terms {
			row[t.v] += sign * t.k
		}
		for j, x := range row {
			s.gain[j] += x // what an artificial loses as x_j grows
		}
		s.t = append(s.t, row)
		s.b = append(s.b, sign*r.rhs)
		s.basis = append(s.basis, n+i) // an artificial variable, to be driven out
		s.place[n+i] = i
	}
	if err := s.climb(ctx, n, nil); err != nil {
		return nil, err
	}
	for i := 0; i < len(s.basis); i++ {
		if s.basis[i] < n {
			continue
		}
		if s.b[i] > tolerance {
			return nil, errInfeasible
		}
		best := -1
		for j, x := range s.t[i] {
			if math.Abs(x) > 1e-6 && (best < 0 || math.Abs(x) > math.Abs(s.t[i][best])) {
				best = j
			}
		}
		if best >= 0 {
			s.b[i] = 0
			s.pivot(i, best)
			s.drop(best)
			continue
		}
		end := len(s.basis) - 1 // the equation follows from the others
		s.t[i], s.b[i], s.basis[i] = s.t[end], s.b[end], s.basis[end]
		s.place[s.basis[i]] = i
		s.t, s.b, s.basis = s.t[:end], s.b[:end], s.basis[:end]
		i--
	}
	return s, nil
}

// extreme climbs to a vertex with the highest sum of the terms. It reports false when the sum has no bound. It ends
// early once enough says so; enough may be nil.
func (s *simplex) extreme(ctx context.Context, form []term, enough func() bool) (bounded bool, err error) {
	clear(s.gain)
	for _, t := range form {
		if at := s.place[t.v]; at < 0 {
			s.gain[-1-at] += t.k
		} else {
			for j, x := range s.t[at] {
				s.gain[j] -= t.k * x
			}
		}
	}
	err = s.climb(ctx, math.MaxInt, enough)
	if errors.Is(err, errUnbounded) {
		return false, nil
	}
	return true, err
}

var errUnbounded = errors.New("unbounded")

// climb pivots until no column gains. Variables from artificial on are dropped as they leave the basis.
func (s *simplex) climb(ctx context.Context, artificial int, enough func() bool) error {
	s.idle = 0
	for n := 0; ; n++ {
		if n%32 == 31 {
			if err := ctx.Err(); err != nil {
				return fmt.Errorf("kanon: audit: %w", err)
			}
		}
		if n > 50*(len(s.b)+len(s.out))+1000 {
			return errors.New("kanon: audit: the linear programme did not end")
		}
		col := s.entering()
		if col < 0 {
			return nil
		}
		row := s.leaving(col, artificial)
		if row < 0 {
			return errUnbounded
		}
		if s.b[row] > eps*s.t[row][col] {
			s.idle = 0
		} else {
			s.idle++
		}
		s.pivot(row, col)
		if s.out[col] >= artificial {
			s.drop(col)
		}
		if enough != nil && enough() {
			return nil
		}
	}
}

// entering gives the column that gains most; when nothing has moved for long, the first variable that gains.
func (s *simplex) entering() int {
	best := -1
	for j, g := range s.gain {
		if g <= 1e-7 {
			continue
		}
		if best < 0 || s.idle > 2000 && s.out[j] < s.out[best] || s.idle <= 2000 && g > s.gain[best] {
			best = j
		}
	}
	return best
}

// leaving gives the row that first reaches zero as the column grows; among equals an artificial, then (when nothing
// has moved for long) the first variable, else the largest pivot.
func (s *simplex) leaving(col, artificial int) int {
	best, ratio := -1, math.Inf(1)
	for i := range s.t {
		x := s.t[i][col]
		if x <= 1e-6 {
			continue
		}
		r := s.b[i] / x
		switch {
		case best < 0 || r < ratio-eps:
			best, ratio = i, r
		case r <= ratio+eps:
			a, z := s.basis[i] >= artificial, s.basis[best] >= artificial
			if a != z {
				if a {
					best, ratio = i, min(ratio, r)
				}
			} else if s.idle > 2000 && s.basis[i] < s.basis[best] || s.idle <= 2000 && x > s.t[best][col] {
				best, ratio = i, min(ratio, r)
			}
		}
	}
	return best
}

func (s *simplex) pivot(row, col int) {
	r := s.t[row]
	inv := 1 / r[col]
	for j := range r {
		r[j] *= inv
	}
	s.b[row] *= inv
	r[col] = 0 // so that the sums below leave the column alone
	s.some = s.some[:0]
	for j, x := range r {
		if x != 0 {
			s.some = append(s.some, j)
		}
	}
	sparse := len(s.some) < len(r)/8
	for i, t := range s.t {
		if f := t[col]; i != row && f != 0 {
			if sparse {
				for _, j := range s.some {
					t[j] -= f * r[j]
				}
			} else {
				floats.AddScaled(t, -f, r)
			}
			t[col] = -f * inv
			s.b[i] = max(0, snap(s.b[i]-f*s.b[row]))
		}
	}
	if f := s.gain[col]; f != 0 {
		floats.AddScaled(s.gain, -f, r)
		s.gain[col] = -f * inv
	}
	r[col] = inv
	if s.pivots++; s.pivots%50 == 0 {
		for _, t := range s.t {
			for j, x := range t {
				t[j] = snap(x)
			}
		}
	}
	s.basis[row], s.out[col] = s.out[col], s.basis[row]
	s.place[s.basis[row]], s.place[s.out[col]] = row, -1-col
}

// snap rounds what is all but whole: most entries are, and errors do not pile up.
func snap(x float64) float64 {
	if near := math.RoundToEven(x); math.Abs(x-near) < 1e-8 {
		return near
	}
	return x
}

// drop forgets a column for good: its variable is zero from now on.
func (s *simplex) drop(col int) {
	end := len(s.out) - 1
	for _, t := range s.t {
		t[col] = t[end]
	}
	for i := range s.t {
		s.t[i] = s.t[i][:end]
	}
	s.gain[col], s.gain = s.gain[end], s.gain[:end]
	s.out[col], s.out = s.out[end], s.out[:end]
	if col < end {
		s.place[s.out[col]] = -1 - col
	}
}

// at gives the sum of the terms at the present vertex.
func (s *simplex) at(form []term) float64 {
	sum := 0.0
	for _, t := range form {
		if i := s.place[t.v]; i >= 0 {
			sum += t.k * s.b[i]
		}
	}
	return sum
}
