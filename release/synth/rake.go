package synth

import (
	"context"
	"math"
	"runtime"
	"sync"
)

// goal is a noisy table that raking should honour.
type goal struct {
	measurement
	rows []int32  // the crowd's records that the table counts, in order; nil for all
	cell []uint16 // the cell of each of those
	dual []float64
}

// goalFor counts every record once.
func (c *crowd) goalFor(m measurement) goal {
	return goal{measurement: m, cell: c.locate(m.set)}
}

// rake reweights the crowd towards the goals, minimising
//
//	sum over goals of |A w - y|²/(2v)  +  trust · KL(w, w0)
//
// where w0 are the weights it starts with. With trust 1 the second term is how unlikely w is when
// records are drawn from w0; less trust allows for w0 being wrong. The dual is maximised a table at a time: the
// cells of one table share no record, so each cell has an equation of its own, which Newton's
// method solves. Every step gains and there is no step size to tune (block coordinate ascent;
// iterative proportional fitting is the case v = 0). Raking again with more goals goes on
// from where it was.
func (c *crowd) rake(ctx context.Context, goals []goal, trust float64, sweeps int, progress func(float64)) error {
	r := newRaker(c, goals, trust)
	for sweep := range sweeps {
		for i := range goals {
			if err := ctx.Err(); err != nil {
				return err
			}
			r.step(&goals[i])
		}
		progress(float64(sweep+1) / float64(sweeps))
	}
	return nil
}

type raker struct {
	c      *crowd
	trust  float64
	sums   [][]float64 // by worker: weight by cell
	factor []float64   // by cell
}

func newRaker(c *crowd, goals []goal, trust float64) *raker {
	big := 0
	for i := range goals {
		g := &goals[i]
		if g.dual == nil {
			g.dual = make([]float64, len(g.y))
		}
		big = max(big, len(g.y))
	}
	r := &raker{c: c, trust: trust, factor: make([]float64, big)}
	for range runtime.GOMAXPROCS(0) {
		r.sums = append(r.sums, make([]float64, big))
	}
	return r
}

// step honours one goal given all the others.
func (r *raker) step(g *goal) {
	workers := r.split(len(g.cell), func(w, lo, hi int) {
		sum := r.sums[w][:len(g.y)]
		clear(sum)
		g.gather(sum, r.c.w, lo, hi)
	})
	for i := range g.y {
		m := 0.0
		for w := range workers {
			m += r.sums[w][i]
		}
		r.factor[i] = 1
		if m > 0 {
			d := solve(m, r.trust, g.y[i], g.v, g.dual[i])
			g.dual[i] += d
			r.factor[i] = math.Exp(-d / r.trust)
		}
	}
	r.split(len(g.cell), func(_, lo, hi int) { g.spread(r.factor, r.c.w, lo, hi) })
}

// gather adds weights to their cells.
func (g *goal) gather(sum, w []float64, lo, hi int) {
	cell := g.cell[lo:hi]
	if g.rows == nil {
		addWeights(sum, w[lo:hi], cell)
		return
	}
	for k, row := range g.rows[lo:hi] {
		sum[cell[k]] += w[row]
	}
}

// addWeights adds w[k] to sum[cell[k]]. Neighbouring records often share a cell, and an addition that waits for the one
// before it is slow; four partial sums for a small table need not wait.
func addWeights(sum, w []float64, cell []uint16) {
	w = w[:len(cell)]
	n := len(sum)
	if n > 1024 {
		for k, i := range cell {
			sum[i] += w[k]
		}
		return
	}
	var store [3 * 1024]float64
	b, c, d := store[:n], store[1024:1024+n], store[2048:2048+n]
	k := 0
	for ; k+4 <= len(cell); k += 4 {
		sum[cell[k]] += w[k]
		b[cell[k+1]] += w[k+1]
		c[cell[k+2]] += w[k+2]
		d[cell[k+3]] += w[k+3]
	}
	for ; k < len(cell); k++ {
		sum[cell[k]] += w[k]
	}
	for i := range sum {
		sum[i] += b[i] + c[i] + d[i]
	}
}

// spread multiplies weights by the factor of their cells.
func (g *goal) spread(factor, w []float64, lo, hi int) {
	cell := g.cell[lo:hi]
	if g.rows == nil {
		w = w[lo:hi]
		for k, i := range cell {
			w[k] *= factor[i]
		}
		return
	}
	for k, row := range g.rows[lo:hi] {
		w[row] *= factor[cell[k]]
	}
}

// split runs do over 0..n in as many parts as there are cores, when that is worth it, and gives the number of parts.
func (r *raker) split(n int, do func(worker, lo, hi int)) int {
	workers := max(1, min(len(r.sums), n/8192))
	var wg sync.WaitGroup
	for w := 1; w < workers; w++ {
		wg.Go(func() { do(w, n*w/workers, n*(w+1)/workers) })
	}
	do(0, 0, n/workers)
	wg.Wait()
	return workers
}

// solve finds the change d of a cell's dual value for which
//
//	m·exp(-d/trust) - y  =  v·(dual+d)
//
// The left side falls in d and the right side rises, so there is one. Newton's method from a point
// left of it climbs to it without overshooting, for the left side is convex; bounds guard against rounding.
func solve(m, trust, y, v, dual float64) float64 {
	lo, hi := math.Inf(-1), math.Inf(1)
	d := 0.0
	if want := y + v*dual; want > m { // the answer is below 0: begin where the exponential alone is as large as the right side
		d = -trust * math.Log(want/m)
	}
	for range 100 {
		e := m * math.Exp(-d/trust)
		f := e - y - v*(dual+d)
		if f > 0 {
			lo = d
		} else {
			hi = d
		}
		next := d + f/(e/trust+v)
		if !(next > lo && next < hi) {
			next = (max(lo, d-10*trust) + min(hi, d+10*trust)) / 2
		}
		if math.Abs(next-d) < 1e-9*(trust+math.Abs(d)) {
			return next
		}
		d = next
	}
	return d
}
