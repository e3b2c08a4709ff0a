package synth

import (
	"math"
	"slices"
)

// candidate is a set of attributes that could be measured.
type candidate struct {
	set   []int
	cells int
	gain  float64 // noisy L1 error of the independence estimate
	rho   float64 // share of the measurement budget, 0 when not chosen
}

// candidates gives all sets of two to hi (at most three) attributes with at most limit cells. Triples are left
// out when there would be more than maxTriples.
func candidates(size []int, limit, hi int) []candidate {
	const maxTriples = 50_000
	d := len(size)
	if d*(d-1)*(d-2)/6 > maxTriples {
		hi = 2
	}
	var out []candidate
	for _, s := range subsets(d, 2, hi) {
		if n := cells(size, s, limit); n <= limit {
			out = append(out, candidate{set: s, cells: n})
		}
	}
	return out
}

// independent gives the expected counts of a table over set when the attributes had nothing to do with one another.
func independent(oneWay [][]float64, size, set []int, n float64) []float64 {
	out := []float64{n}
	for _, a := range set {
		next := make([]float64, 0, len(out)*size[a])
		for _, x := range out {
			for _, p := range oneWay[a] {
				next = append(next, x*p)
			}
		}
		out = next
	}
	return out
}

// independenceError gives the L1 distance between a table and the rounded independence
// estimate. Rounding makes it an integer, so one person moves it by exactly 1 or less.
func independenceError(table []int64, estimate []float64) int64 {
	sum := int64(0)
	for i, x := range table {
		e := x - int64(math.Round(estimate[i]))
		sum += max(e, -e)
	}
	return sum
}

// maxMeasured is the most tables that are measured: the crowd's memory is the product of tables and records, and a crowd with few
// records cannot hold all that exists.
const maxMeasured = 2000

// allocate chooses what to measure and how exactly, from noisy errors alone. A table with s cells and
// noise variance 1/(2·rho) adds an error of s·√(2/π)·√(1/(2·rho)); with the best split of a budget, rho
// in proportion to y = (s·√(2/π))^⅔, a set of tables adds (Σy)^{3/2}/√(2·budget). Tables are taken in the order
// of gain for their y while the sum of gains less that error rises. (The closed form of SWIFT in
// google/dpsynth.)
func allocate(cs []candidate, budget float64) {
	y := func(c candidate) float64 { return math.Pow(float64(c.cells)*math.Sqrt(2/math.Pi), 2.0/3) }
	order := make([]int, len(cs))
	for i := range order {
		order[i] = i
		cs[i].rho = 0
	}
	slices.SortStableFunc(order, func(i, j int) int {
		return -cmpFloat(cs[i].gain/y(cs[i]), cs[j].gain/y(cs[j]))
	})
	best, bestAt, gain, sum, chosenY := 0.0, 0, 0.0, 0.0, 0.0
	for k, i := range order {
		if cs[i].gain <= 0 || k == maxMeasured {
			break
		}
		gain += cs[i].gain
		sum += y(cs[i])
		if v := gain - math.Pow(sum, 1.5)/math.Sqrt(2*budget); v > best {
			best, bestAt, chosenY = v, k+1, sum
		}
	}
	for _, i := range order[:bestAt] {
		cs[i].rho = budget * y(cs[i]) / chosenY
	}
}

func cmpFloat(a, b float64) int {
	switch {
	case a < b:
		return -1
	case a > b:
		return 1
	}
	return 0
}

// spanningTree keeps the pairs of a maximum spanning tree, with equal budgets.
func spanningTree(d int, cs []candidate) []candidate {
	slices.SortStableFunc(cs, func(a, b candidate) int { return -cmpFloat(a.gain, b.gain) })
	group := make([]int, d)
	for i := range group {
		group[i] = i
	}
	var out []candidate
	for _, c := range cs {
		a, b := group[c.set[0]], group[c.set[1]]
		if a == b || c.gain <= 0 {
			continue
		}
		for i, g := range group {
			if g == b {
				group[i] = a
			}
		}
		c.rho = 1
		out = append(out, c)
	}
	return out
}
