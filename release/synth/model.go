package synth

import (
	"fmt"
	"math"
	"slices"
)

// model is a fitted population: the tree it was drawn from, and the crowd with the tables that it honours.
type model struct {
	cliques []bitset
	crowd   *crowd
	goals   []goal
}

// fit makes a model of the measurements so far. cs say which attributes belong together.
func (e *engine) fit(cs []candidate) (*model, error) {
	var must [][]int
	for _, r := range e.rules {
		must = append(must, r.attrs)
	}
	return e.fitOn(chooseTree(e.size, cs, must, e.opt.MaxClique), e.ms)
}

// fitOn fits a junction tree with these cliques to the measurements it can hold, draws a crowd from it
// and rakes the crowd to all measurements.
func (e *engine) fitOn(cliques []bitset, ms []measurement) (*model, error) {
	t := newTree(e.size, cliques)
	for _, c := range t.cliques {
		for _, a := range c.set { // start from independence; an attribute counts where it first appears
			if slices.Contains(c.sep, a) {
				continue
			}
			for i, p := range projection(e.size, c.set, []int{a}) {
				c.theta[i] += math.Log(e.oneWay[a][p])
			}
		}
		e.forbid(c)
	}
	f := newFitter(t, e.n, ms)
	if err := f.run(e.ctx, f.affordableSteps(e.opt.Steps), func(done float64) { e.opt.Progress("fit", done) }); err != nil {
		return nil, err
	}
	const entries = 250_000_000 // record-table pairs, of two bytes each
	draws := min(e.opt.Crowd, max(20_000, 7*int(e.n)), max(20_000, entries/max(1, len(ms))))
	m := &model{cliques: cliques, crowd: newCrowd(e.size, t.sample(draws, e.rng), e.n)}
	if err := m.crowd.forbid(e.rules, e.n); err != nil {
		return nil, err
	}
	m.goals = make([]goal, len(ms))
	e.each(len(ms), func(i int) { m.goals[i] = m.crowd.goalFor(ms[i]) })
	if err := e.ctx.Err(); err != nil {
		return nil, err
	}
	return m, e.rake(m.crowd, m.goals, e.sweeps(len(m.goals), len(m.crowd.w)), "reweight")
}

// sweeps lowers the number of sweeps where there is much to sweep over: a sweep over many tables that
// overlap brings more than one over few. The numbers are public: they follow from the noisy choice of tables.
func (e *engine) sweeps(goals, records int) int {
	const work = 1.5e9 // about 4 s of one core
	return max(min(e.opt.Sweeps, 6), min(e.opt.Sweeps, int(work/float64(goals*records+1))))
}

func (e *engine) rake(c *crowd, goals []goal, sweeps int, stage string) error {
	return c.rake(e.ctx, goals, e.opt.Trust, sweeps, func(done float64) { e.opt.Progress(stage, done) })
}

// forbid gives impossible cells of a clique probability zero.
func (e *engine) forbid(c *clique) {
	st := strides(e.size, c.set)
	for _, r := range e.rules {
		at := make([]int, len(r.attrs))
		for k, a := range r.attrs {
			at[k] = slices.Index(c.set, a)
		}
		if slices.Contains(at, -1) {
			continue
		}
		for i := range c.theta {
			hit := true
			for k, p := range at {
				hit = hit && r.codes[k][i/st[p]%e.size[c.set[p]]]
			}
			if hit {
				c.theta[i] = math.Inf(-1)
			}
		}
	}
}

// forbid drops the records that break a rule, which covers rules that no clique holds, and gives their weight to the others.
func (c *crowd) forbid(rules []rule, n float64) error {
	if len(rules) == 0 {
		return nil
	}
	left := 0.0
	for r := range c.w {
		for _, rule := range rules {
			hit := true
			for k, a := range rule.attrs {
				hit = hit && rule.codes[k][c.cols[a][r]]
			}
			if hit {
				c.w[r] = 0
			}
		}
		left += c.w[r]
	}
	if left == 0 {
		return fmt.Errorf("the impossible combinations of the domain leave no possible record")
	}
	keep := 0
	for r, w := range c.w {
		if w == 0 {
			continue
		}
		for a := range c.cols {
			c.cols[a][keep] = c.cols[a][r]
		}
		c.filled[keep], c.w[keep] = c.filled[r], w*n/left
		keep++
	}
	for a := range c.cols {
		c.cols[a] = c.cols[a][:keep]
	}
	c.filled, c.w = c.filled[:keep], c.w[:keep]
	return nil
}
