package synth

import (
	"context"
	"math"
	"sync"
)

// measurement is a noisy table: counts over set plus noise of variance v in each cell.
type measurement struct {
	set []int
	y   []float64
	v   float64
}

// attached is a measurement seen from the clique that holds it.
type attached struct {
	*measurement
	proj  []int32   // clique cell -> table cell
	mu, g []float64 // model counts and gradient
}

// fitter minimises the sum over measurements of |mu - y|²/(2v) over all distributions of the tree, by
// entropic mirror descent: the potentials take a gradient step, the marginals follow by inference.
// (Beck, Teboulle 2003; McKenna, Miklau, Sheldon 2021, Algorithm 1.)
type fitter struct {
	t    *tree
	n    float64      // population
	per  [][]attached // by clique
	loss []float64    // by clique
}

// newFitter attaches the measurements that some clique holds, each to the smallest such clique; others are ignored.
func newFitter(t *tree, n float64, ms []measurement) *fitter {
	f := &fitter{t: t, n: n, per: make([][]attached, len(t.cliques)), loss: make([]float64, len(t.cliques))}
	sets := make([]bitset, len(t.cliques))
	for i, c := range t.cliques {
		sets[i] = newBitset(len(t.size))
		for _, a := range c.set {
			sets[i].set(a)
		}
	}
	for m := range ms {
		best := -1
		for i := range sets {
			if holder(sets[i:i+1], ms[m].set) == 0 && (best < 0 || t.cliques[i].n < t.cliques[best].n) {
				best = i
			}
		}
		if best < 0 {
			continue
		}
		n := len(ms[m].y)
		f.per[best] = append(f.per[best], attached{&ms[m], projection(t.size, t.cliques[best].set, ms[m].set),
			make([]float64, n), make([]float64, n)})
	}
	return f
}

// affordableSteps lowers the number of steps where each is dear: many tables on large cliques. Raking mends what the
// tree has not reached.
func (f *fitter) affordableSteps(steps int) int {
	const work = 2e9 // cell visits, about 5 s of one core
	each := 1
	for i, c := range f.t.cliques {
		each += c.n * (2*len(f.per[i]) + 8)
	}
	return max(min(steps, 20), min(steps, int(work/float64(each))))
}

// parallel runs do for each clique on its own goroutine; small ones run together.
func (f *fitter) parallel(do func(i int)) {
	var wg sync.WaitGroup
	var small []int
	for i, c := range f.t.cliques {
		if c.n*(len(f.per[i])+1) < 1<<14 {
			small = append(small, i)
			continue
		}
		wg.Go(func() { do(i) })
	}
	for _, i := range small {
		do(i)
	}
	wg.Wait()
}

// evaluate infers, sets model counts and gradients, and gives the loss.
func (f *fitter) evaluate(ctx context.Context) (float64, error) {
	if err := f.t.infer(ctx); err != nil {
		return 0, err
	}
	f.parallel(func(i int) {
		p, loss := f.t.cliques[i].p, 0.0
		for _, m := range f.per[i] {
			clear(m.mu)
			proj := m.proj[:len(p)]
			for k, x := range p {
				m.mu[proj[k]] += x
			}
			for k := range m.mu {
				m.mu[k] *= f.n
				d := m.mu[k] - m.y[k]
				m.g[k] = d / m.v
				loss += d * d / (2 * m.v)
			}
		}
		f.loss[i] = loss
	})
	sum := 0.0
	for _, l := range f.loss {
		sum += l
	}
	return sum, nil
}

// run fits for at most steps iterations, or until the loss changes by less than 10⁻⁶ of itself.
func (f *fitter) run(ctx context.Context, steps int, progress func(float64)) error {
	loss, err := f.evaluate(ctx)
	if err != nil {
		return err
	}
	minV := math.Inf(1)
	for _, per := range f.per {
		for _, m := range per {
			minV = min(minV, m.v)
		}
	}
	if math.IsInf(minV, 1) {
		return nil
	}
	rate := 2 * minV / (f.n * f.n) * f.n // the marginals are shares: a count gradient is n times larger
	cs := f.t.cliques
	saved, grads, old := make([][]float64, len(cs)), make([][]float64, len(cs)), make([][]float64, len(cs))
	for i, c := range cs {
		saved[i], grads[i], old[i] = make([]float64, c.n), make([]float64, c.n), make([]float64, c.n)
	}
	fails, calm := 0, 0
	for step := 0; step < steps; step++ {
		f.parallel(func(i int) { // gradient in the clique's cells
			clear(grads[i])
			for _, m := range f.per[i] {
				addGather(grads[i], m.g, m.proj)
			}
			copy(saved[i], cs[i].theta)
			copy(old[i], cs[i].p)
		})
		for {
			f.parallel(func(i int) {
				for k, g := range grads[i] {
					cs[i].theta[k] = saved[i][k] - rate*g
				}
			})
			next, err := f.evaluate(ctx)
			if err != nil {
				return err
			}
			gain := 0.0 // <gradient, old - new>
			for i := range cs {
				for k, g := range grads[i] {
					gain += g * (old[i][k] - cs[i].p[k])
				}
			}
			if loss-next >= 0.5*gain*f.n || fails > 30 {
				if (loss-next)/max(loss, 1e-9) < 1e-6 {
					calm++
				} else {
					calm = 0
				}
				loss = next
				rate *= 1.1
				fails = 0
				break
			}
			rate *= 0.5
			fails++
		}
		progress(float64(step+1) / float64(steps))
		if calm >= 3 {
			break
		}
	}
	return nil
}
