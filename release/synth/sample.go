package synth

import "math/rand/v2"

// sample draws n rows from the tree. Each clique's cells get the number of rows that they should have, rounded up
// or down (systematic sampling), so the rows add almost no error of their own to the clique tables.
func (t *tree) sample(n int, rng *rand.Rand) [][]uint16 {
	cols := make([][]uint16, len(t.size))
	for a := range cols {
		cols[a] = make([]uint16, n)
	}
	rows := make([]int32, n)
	for _, c := range t.cliques {
		for i := range rows {
			rows[i] = int32(i)
		}
		groups := [][]int32{rows}
		cellsOf := [][]int32{nil}
		if c.parent >= 0 {
			groups = groupRows(cols, t.size, c.sep, c.sepN, n)
			cellsOf = make([][]int32, c.sepN)
			for k, s := range c.toSep {
				cellsOf[s] = append(cellsOf[s], int32(k))
			}
		} else {
			for k := range c.p {
				cellsOf[0] = append(cellsOf[0], int32(k))
			}
		}
		st := strides(t.size, c.set)
		for s, g := range groups {
			if len(g) == 0 {
				continue
			}
			rng.Shuffle(len(g), func(i, j int) { g[i], g[j] = g[j], g[i] })
			systematic(g, cellsOf[s], c.p, rng, func(row, cell int32) {
				x := int(cell)
				for k, a := range c.set {
					cols[a][row] = uint16(x / st[k])
					x %= st[k]
				}
			})
		}
	}
	return cols
}

// groupRows sorts the rows by their codes in set.
func groupRows(cols [][]uint16, size, set []int, groups, n int) [][]int32 {
	st := strides(size, set)
	index := make([]int32, n)
	for k, a := range set {
		for r, c := range cols[a] {
			index[r] += int32(int(c) * st[k])
		}
	}
	count := make([]int, groups+1)
	for _, g := range index {
		count[g+1]++
	}
	for g := range groups {
		count[g+1] += count[g]
	}
	flat := make([]int32, n)
	out := make([][]int32, groups)
	for g := range out {
		out[g] = flat[count[g]:count[g+1]]
	}
	fill := make([]int, groups)
	for r, g := range index {
		out[g][fill[g]] = int32(r)
		fill[g]++
	}
	return out
}

// systematic hands each row a cell, in proportion to p and with one random offset.
func systematic(rows, cells []int32, p []float64, rng *rand.Rand, give func(row, cell int32)) {
	total := 0.0
	for _, c := range cells {
		total += p[c]
	}
	uniform := total <= 0 // nobody should be here: any cell of the group will do
	at, sum := 0, 0.0
	next := rng.Float64()
	for _, c := range cells {
		share := 1 / float64(len(cells))
		if !uniform {
			share = p[c] / total
		}
		sum += share * float64(len(rows))
		for at < len(rows) && next < sum {
			give(rows[at], c)
			at++
			next++
		}
	}
	for ; at < len(rows); at++ { // the last row, when the sum fell short by rounding
		give(rows[at], cells[len(cells)-1])
	}
}
