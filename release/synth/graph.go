package synth

import (
	"math/bits"
	"slices"
)

// graph is an undirected graph over attributes; adj[a] holds a's neighbours as a bit set.
type graph struct {
	size []int
	adj  []bitset
}

type bitset []uint64

func newBitset(n int) bitset    { return make(bitset, (n+63)/64) }
func (b bitset) has(i int) bool { return b[i>>6]>>(i&63)&1 == 1 }
func (b bitset) set(i int)      { b[i>>6] |= 1 << (i & 63) }
func (b bitset) unset(i int)    { b[i>>6] &^= 1 << (i & 63) }
func (b bitset) clone() bitset  { return slices.Clone(b) }
func (b bitset) each(f func(int)) {
	for w, x := range b {
		for ; x != 0; x &= x - 1 {
			f(w<<6 + bits.TrailingZeros64(x))
		}
	}
}

func (b bitset) contains(c bitset) bool {
	for i := range b {
		if c[i]&^b[i] != 0 {
			return false
		}
	}
	return true
}

func newGraph(size []int) *graph {
	g := &graph{size: size, adj: make([]bitset, len(size))}
	for i := range g.adj {
		g.adj[i] = newBitset(len(size))
	}
	return g
}

func (g *graph) join(a, b int)        { g.adj[a].set(b); g.adj[b].set(a) }
func (g *graph) cut(a, b int)         { g.adj[a].unset(b); g.adj[b].unset(a) }
func (g *graph) joined(a, b int) bool { return g.adj[a].has(b) }

// triangulate gives the cliques that variable elimination makes, smallest resulting clique
// first (min-weight), or false as soon as one has more than limit cells.
func (g *graph) triangulate(limit int) ([]bitset, bool) {
	d := len(g.size)
	adj := make([]bitset, d)
	for i := range adj {
		adj[i] = g.adj[i].clone()
	}
	left := newBitset(d)
	for i := range d {
		left.set(i)
	}
	weight := func(a int) int {
		n := g.size[a]
		adj[a].each(func(b int) {
			if n <= limit {
				n *= g.size[b]
			}
		})
		return n
	}
	cost := make([]int, d)
	for i := range cost {
		cost[i] = weight(i)
	}
	var out []bitset
	for range d {
		best := -1
		left.each(func(a int) {
			if best < 0 || cost[a] < cost[best] {
				best = a
			}
		})
		if cost[best] > limit {
			return nil, false
		}
		c := adj[best].clone()
		near := adj[best].clone()
		c.set(best)
		if !slices.ContainsFunc(out, func(o bitset) bool { return o.contains(c) }) {
			out = append(out, c)
		}
		left.unset(best)
		near.each(func(a int) {
			for i := range adj[a] {
				adj[a][i] |= near[i]
			}
			adj[a].unset(a)
			adj[a].unset(best)
		})
		near.each(func(a int) { cost[a] = weight(a) })
	}
	return out, true
}

// grow adds pairs in the given order as long as no clique exceeds limit cells, and gives the cliques. The attributes of each set of
// must are joined first, so that a rule about them lies within a clique (unless that alone is too large).
func grow(size []int, pairs []candidate, must [][]int, limit int) []bitset {
	g := newGraph(size)
	limit = max(limit, slices.Max(size))
	for _, set := range must {
		before := make([]bitset, len(size))
		for a := range size {
			before[a] = g.adj[a].clone()
		}
		for i, a := range set {
			for _, b := range set[:i] {
				g.join(a, b)
			}
		}
		if _, ok := g.triangulate(limit); !ok {
			g.adj = before
		}
	}
	best, _ := g.triangulate(limit)
	for _, p := range pairs {
		if g.joined(p.set[0], p.set[1]) {
			continue
		}
		g.join(p.set[0], p.set[1])
		if c, ok := g.triangulate(limit); ok {
			best = c
		} else {
			g.cut(p.set[0], p.set[1])
		}
	}
	return best
}

// penalties are the prices a cell tried when the tree is grown: with a high one, cheap pairs come first.
var penalties = []float64{0, 0.25, 0.5, 1, 2, 4, 8, 16, 32}

// chooseTree gives the cliques of the junction tree that holds the most gain of the candidates.
// It reads noisy gains only.
func chooseTree(size []int, cs []candidate, must [][]int, limit int) []bitset {
	var pairs []candidate
	for _, c := range cs {
		if len(c.set) == 2 && c.gain > 0 {
			pairs = append(pairs, c)
		}
	}
	var best []bitset
	bestGain := -1.0
	for _, p := range penalties {
		order := slices.Clone(pairs)
		slices.SortStableFunc(order, func(a, b candidate) int {
			return -cmpFloat(a.gain-p*float64(a.cells), b.gain-p*float64(b.cells))
		})
		cliques := grow(size, order, must, limit)
		gain := 0.0
		for _, c := range cs {
			if c.gain > 0 && holder(cliques, c.set) >= 0 {
				gain += c.gain
			}
		}
		if gain > bestGain {
			best, bestGain = cliques, gain
		}
	}
	return best
}

// holder gives the first clique that contains set, or -1.
func holder(cliques []bitset, set []int) int {
	return slices.IndexFunc(cliques, func(c bitset) bool {
		for _, a := range set {
			if !c.has(a) {
				return false
			}
		}
		return true
	})
}
