package kanon

// lattice numbers the cells of a table with its totals. Dimension i has n[i] codes and then its total; the
// last dimension runs fastest.
type lattice struct {
	n      []int
	stride []int
	size   int // cells, totals included
	leaves int // cells without totals
}

func newLattice(dims []Dimension) lattice {
	l := lattice{n: make([]int, len(dims)), stride: make([]int, len(dims)), size: 1, leaves: 1}
	for i := len(dims) - 1; i >= 0; i-- {
		l.n[i] = len(dims[i].Codes)
		l.stride[i] = l.size
		l.size *= l.n[i] + 1
		l.leaves *= l.n[i]
	}
	return l
}

// coord gives the place of a cell along dimension i; n[i] is the total.
func (l lattice) coord(cell, i int) int { return cell / l.stride[i] % (l.n[i] + 1) }

// set gives the dimensions that a cell does not total, a bit each.
func (l lattice) set(cell int) int {
	s := 0
	for i := range l.n {
		if l.coord(cell, i) < l.n[i] {
			s |= 1 << i
		}
	}
	return s
}

// leafCells gives the lattice cell of each leaf, in the order of Cube.Counts.
func (l lattice) leafCells() []int {
	out := make([]int, 0, l.leaves)
	full := 1<<len(l.n) - 1
	for c := range l.size {
		if l.set(c) == full {
			out = append(out, c)
		}
	}
	return out
}

// totals spreads leaf counts over the lattice and adds up every total.
func (l lattice) totals(leaf []int64) []int64 {
	v := make([]int64, l.size)
	for i, c := range l.leafCells() {
		v[c] = leaf[i]
	}
	for i := range l.n {
		for c := range l.size {
			if l.coord(c, i) == l.n[i] {
				for j := 1; j <= l.n[i]; j++ {
					v[c] += v[c-j*l.stride[i]]
				}
			}
		}
	}
	return v
}
