package synth

import (
	"cmp"
	"math/rand/v2"
	"slices"
)

// crowd is a weighted set of distinct possible records. It stands for the population: the count of any
// combination is the weight of the records that have it. A tree honours only tables that fit
// into its cliques; a crowd drawn from the tree can be reweighted to honour all of them.
type crowd struct {
	size   []int
	cols   [][]uint16
	w      []float64 // weights, in people
	filled []uint8   // attributes that are not empty
}

// newCrowd merges equal rows; each row weighs n/rows. Records are kept in an order that puts similar ones together.
func newCrowd(size []int, cols [][]uint16, n float64) *crowd {
	rows := make([]int, len(cols[0]))
	for r := range rows {
		rows[r] = r
	}
	compare := func(i, j int) int {
		for _, col := range cols {
			if c := cmp.Compare(col[i], col[j]); c != 0 {
				return c
			}
		}
		return 0
	}
	slices.SortFunc(rows, compare)
	c := &crowd{size: size, cols: make([][]uint16, len(size))}
	for k, r := range rows {
		if k == 0 || compare(rows[k-1], r) != 0 {
			filled := uint8(0)
			for a := range cols {
				c.cols[a] = append(c.cols[a], cols[a][r])
				if cols[a][r] != 0 && filled < 255 {
					filled++
				}
			}
			c.filled = append(c.filled, filled)
			c.w = append(c.w, 0)
		}
		c.w[len(c.w)-1] += n / float64(len(rows))
	}
	return c
}

// locate gives each record's cell in the table over set.
func (c *crowd) locate(set []int) []uint16 {
	out := make([]uint16, len(c.w))
	for k, s := range strides(c.size, set) {
		for r, code := range c.cols[set[k]] {
			out[r] += code * uint16(s)
		}
	}
	return out
}

// table gives the crowd's counts over set.
func (c *crowd) table(set []int) []float64 {
	out := make([]float64, cells(c.size, set, 1<<16))
	for r, i := range c.locate(set) {
		out[i] += c.w[r]
	}
	return out
}

// sample draws n records; each appears its expected number of times, rounded up or down. Since similar records
// are neighbours, so do most groups of them. The order of the rows is random.
func (c *crowd) sample(n int, rng *rand.Rand) [][]uint16 {
	rows, all := make([]int32, n), make([]int32, len(c.w))
	for i := range rows {
		rows[i] = int32(i)
	}
	rng.Shuffle(n, func(i, j int) { rows[i], rows[j] = rows[j], rows[i] })
	for i := range all {
		all[i] = int32(i)
	}
	cols := make([][]uint16, len(c.size))
	for a := range cols {
		cols[a] = make([]uint16, n)
	}
	systematic(rows, all, c.w, rng, func(row, who int32) {
		for a := range cols {
			cols[a][row] = c.cols[a][who]
		}
	})
	return cols
}

// countFrom gives how many filled combinations of these sets weigh at least least.
func (c *crowd) countFrom(sets [][]int, least float64) int {
	n := 0
	for _, s := range sets {
		t := c.table(s)
		for _, i := range filledCells(c.size, s) {
			if t[i] >= least {
				n++
			}
		}
	}
	return n
}
