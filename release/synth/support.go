package synth

import "slices"

// The support filter keeps the release from inventing groups. A model fitted to noisy tables gives small counts to many
// combinations that nobody has. Which ones cannot be told one by one, but how many can: the simulation
// (interval.go) knows its own truth. Per length it gives the estimate from which on at most inventedTarget of
// the combinations are nobody's; a combination below it is not released as ten people or more, in the
// counts and, as far as possible, in the synthetic records.
//
// So counts between ten and that estimate are too low on purpose. Their intervals are not.
const (
	smallGroup     = 10     // CTDC's smallest published count
	highestSupport = 60.0   // a combination of this many is always released as it is
	inventedTarget = 0.0007 // far below the 2 % that are allowed: real records have more gaps than simulated ones (set on the CTDC file)
)

// support finds the estimate from which combinations of a length are released as ten or more, from simulated pairs of
// estimate and error (truth is their sum), in order of the estimate.
func support(pairs [][2]float64) float64 {
	zeros, n, from := 0.0, 0.0, highestSupport
	for i := len(pairs) - 1; i >= 0 && pairs[i][0] >= smallGroup-0.5; i-- {
		n++
		if pairs[i][0]+pairs[i][1] < 0.5 {
			zeros++
		}
		if zeros <= max(1, inventedTarget*n) {
			from = pairs[i][0]
		}
	}
	return min(from, highestSupport)
}

// strictness says how hard the filter holds back, from 0 to 1. What the simulation asks for is its own best case, and the
// further off that lies, the more there is to hold back: where it asks for estimates of 28 (epsilon 1 on the CTDC file), a fifth
// more is asked for; where twenty are enough (epsilon 12), holding back harder would only cost accuracy.
func strictness(supported []float64) float64 {
	return min(1, max(0, (slices.Max(supported)-20)/8))
}

// capped is the count that the synthetic records are drawn to for an unsupported combination, within capSD: low
// enough that drawing rows seldom makes ten of it. Both are for a strictness of 0; at 1 they are lower by one and by two.
const (
	capped = 6
	capSD  = 5

	capFrom = smallGroup - 2 // estimates just below ten would come out as ten now and then
)

// mostMoved bounds the share of a length's combinations, counted in people, that the filter may lower in the synthetic records.
// Where most groups are small, lowering them all would bend the totals.
const mostMoved = 0.03

// filter lowers unsupported combinations in the crowd, against all that was measured.
func (e *engine) filter(m *model, errs *errorModel) error {
	goals := m.goals
	for k := 2; k <= min(e.opt.Length, len(e.size)); k++ { // single values are declared, nobody invents them
		sets := e.reported(k)
		from := min(errs.supported[k], e.affordableFrom(m.crowd, sets))
		caps := make([]*goal, len(sets))
		e.each(len(sets), func(i int) { caps[i] = capGoal(m.crowd, sets[i], from, errs.strict) })
		for _, c := range caps {
			if c != nil {
				goals = append(goals, *c)
			}
		}
	}
	if len(goals) == len(m.goals) {
		return e.ctx.Err()
	}
	return e.rake(m.crowd, goals, max(1, e.sweeps(len(m.goals), len(m.crowd.w))*2/3), "support filter")
}

// affordableFrom gives the largest threshold that keeps to mostMoved.
func (e *engine) affordableFrom(c *crowd, sets [][]int) float64 {
	var people [int(highestSupport) + 1]float64 // by estimate
	parts := make([][int(highestSupport) + 1]float64, len(sets))
	e.each(len(sets), func(i int) {
		t := c.table(sets[i])
		for _, k := range filledCells(c.size, sets[i]) {
			parts[i][min(int(t[k]), int(highestSupport))] += t[k]
		}
	})
	total := 0.0
	for _, p := range parts {
		for x, n := range p {
			people[x] += n
			total += n
		}
	}
	moved, x := 0.0, capFrom
	for ; x < int(highestSupport); x++ {
		if moved += people[x]; moved > mostMoved*total {
			break
		}
	}
	return float64(x)
}

// capGoal asks for fewer people in the cells of a table whose estimate is near or above ten but below from; nil where there are none.
func capGoal(c *crowd, set []int, from, strict float64) *goal {
	t := c.table(set)
	cell := make([]uint16, len(t)) // place among the capped cells, from 1
	n := 0
	for _, k := range filledCells(c.size, set) {
		if t[k] >= capFrom && t[k] < from {
			n++
			cell[k] = uint16(n)
		}
	}
	if n == 0 {
		return nil
	}
	sd := capSD - 2*strict
	g := &goal{measurement: measurement{set: set, y: make([]float64, n), v: sd * sd}}
	for i := range g.y {
		g.y[i] = capped - strict
	}
	for r, i := range c.locate(set) {
		if at := cell[i]; at > 0 {
			g.rows, g.cell = append(g.rows, int32(r)), append(g.cell, at-1)
		}
	}
	return g
}
