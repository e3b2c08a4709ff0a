package synth

import (
	"context"
	"math"
	"slices"
	"sync"
)

// tree is a junction tree with a table of log-potentials a clique. Cliques are in an order in which a
// parent comes before its children; roots have parent -1.
type tree struct {
	size    []int
	cliques []*clique
}

type clique struct {
	set      []int
	n        int // cells
	parent   int // -1 for a root
	children []int
	sep      []int // attributes shared with the parent
	sepN     int
	toSep    []int32   // cell -> cell of the separator with the parent
	fromPar  []int32   // cell of the parent -> cell of that separator
	theta    []float64 // log-potentials; -Inf is impossible
	p        []float64 // after infer: the clique's share of the population in each cell, sums to 1
	belief   []float64 // scratch
	up       []float64 // log message to the parent
}

// newTree joins cliques by a maximum spanning tree on the size of what they share, which for the cliques of a
// triangulated graph is a junction tree.
func newTree(size []int, sets []bitset) *tree {
	t := &tree{size: size}
	members := make([][]int, len(sets))
	for i, s := range sets {
		s.each(func(a int) { members[i] = append(members[i], a) })
	}
	shared := func(i, j int) int {
		n := 0
		for w := range sets[i] {
			for x := sets[i][w] & sets[j][w]; x != 0; x &= x - 1 {
				n++
			}
		}
		return n
	}
	placed := make([]int, 0, len(sets)) // old index by new place
	link := make([]int, len(sets))      // best placed neighbour so far
	weight := make([]int, len(sets))
	for i := range link {
		link[i], weight[i] = -1, -1
	}
	done := make([]bool, len(sets))
	for range sets {
		pick := -1
		for i := range sets {
			if !done[i] && (pick < 0 || weight[i] > weight[pick] || weight[i] == weight[pick] && cells(size, members[i], 1<<40) > cells(size, members[pick], 1<<40)) {
				pick = i
			}
		}
		c := &clique{set: members[pick], n: cells(size, members[pick], 1<<40), parent: -1}
		if weight[pick] > 0 {
			c.parent = link[pick]
		}
		done[pick] = true
		place := len(placed)
		placed = append(placed, pick)
		t.cliques = append(t.cliques, c)
		for i := range sets {
			if s := shared(i, pick); !done[i] && s > weight[i] {
				link[i], weight[i] = place, s
			}
		}
	}
	for i, c := range t.cliques {
		c.theta, c.p, c.belief = make([]float64, c.n), make([]float64, c.n), make([]float64, c.n)
		if c.parent < 0 {
			continue
		}
		par := t.cliques[c.parent]
		par.children = append(par.children, i)
		for _, a := range c.set {
			if slices.Contains(par.set, a) {
				c.sep = append(c.sep, a)
			}
		}
		c.sepN = cells(size, c.sep, 1<<40)
		c.toSep, c.fromPar = projection(size, c.set, c.sep), projection(size, par.set, c.sep)
		c.up = make([]float64, c.sepN)
	}
	return t
}

// projection maps each cell of a table over set to the cell of the table over sub that it adds to.
func projection(size, set, sub []int) []int32 {
	out := []int32{0}
	st := strides(size, sub)
	for _, a := range set {
		step := 0
		if i := slices.Index(sub, a); i >= 0 {
			step = st[i]
		}
		next := make([]int32, 0, len(out)*size[a])
		for _, x := range out {
			for c := range size[a] {
				next = append(next, x+int32(c*step))
			}
		}
		out = next
	}
	return out
}

// infer computes every clique's marginal distribution from the log-potentials: a collecting and a
// distributing pass, in log space. Branches run side by side.
func (t *tree) infer(ctx context.Context) error {
	var wg sync.WaitGroup
	var collect func(i int)
	collect = func(i int) {
		c := t.cliques[i]
		var sub sync.WaitGroup
		for k, ch := range c.children {
			if k == len(c.children)-1 || t.cliques[ch].n < 4096 {
				collect(ch)
			} else {
				sub.Go(func() { collect(ch) })
			}
		}
		sub.Wait()
		copy(c.belief, c.theta)
		for _, ch := range c.children {
			addGather(c.belief, t.cliques[ch].up, t.cliques[ch].fromPar)
		}
		if c.parent >= 0 {
			logSumExp(c.up, c.belief, c.toSep)
		}
	}
	var distribute func(i int)
	distribute = func(i int) {
		c := t.cliques[i]
		if c.parent >= 0 {
			down := make([]float64, c.sepN)
			for k, p := range t.cliques[c.parent].p {
				down[c.fromPar[k]] += p
			}
			for s := range down {
				down[s] = math.Log(down[s]) - c.up[s]
				if math.IsNaN(down[s]) {
					down[s] = math.Inf(-1) // impossible on both sides
				}
			}
			addGather(c.belief, down, c.toSep)
		}
		normalise(c.p, c.belief)
		for k, ch := range c.children {
			if k == len(c.children)-1 || t.cliques[ch].n < 4096 {
				distribute(ch)
			} else {
				wg.Go(func() { distribute(ch) })
			}
		}
	}
	for i, c := range t.cliques {
		if c.parent < 0 {
			collect(i)
			distribute(i)
		}
	}
	wg.Wait()
	return ctx.Err()
}

func addGather(dst, src []float64, index []int32) {
	index = index[:len(dst)]
	for i := range dst {
		dst[i] += src[index[i]]
	}
}

// logSumExp sets out[s] to the log of the sum of exp(x[i]) over the i with index s.
func logSumExp(out, x []float64, index []int32) {
	top := make([]float64, len(out))
	for s := range top {
		top[s] = math.Inf(-1)
	}
	index = index[:len(x)]
	for i, v := range x {
		if v > top[index[i]] {
			top[index[i]] = v
		}
	}
	clear(out)
	for i, v := range x {
		if s := index[i]; v-top[s] > -40 {
			out[s] += math.Exp(v - top[s])
		}
	}
	for s := range out {
		if out[s] = math.Log(out[s]) + top[s]; math.IsNaN(out[s]) {
			out[s] = math.Inf(-1)
		}
	}
}

// normalise sets p to exp(x) scaled to a sum of 1.
func normalise(p, x []float64) {
	top := slices.Max(x)
	sum := 0.0
	for i, v := range x {
		if v -= top; v > -60 {
			p[i] = math.Exp(v)
			sum += p[i]
		} else {
			p[i] = 0
		}
	}
	for i := range p {
		p[i] /= sum
	}
}
