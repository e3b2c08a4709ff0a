package kanon

import "math"

// A move changes a table and keeps it additive: in each dimension it goes from one place to another, and the cells
// are all combinations of both places, 2^d of them. Between two codes the signs differ, so the total stays; between a
// code and the total they agree.
type move struct {
	cells []int
	signs []int8
	step  int64 // people moved along every cell
}

// board is the true table together with what may be changed in it.
type board struct {
	lattice
	value []int64
	open  []bool    // the attacker does not know the count: the cell may take part in a move
	fixed []bool    // the count is known whatever happens: the cell may never take part
	floor []int64   // the least count that the attacker holds possible once the cell is withheld
	cost  []float64 // of withholding the cell
}

// finder looks for the cheapest move through a cell. It holds the scratch space of one search.
type finder struct {
	b     *board
	shift []int64 // changes made so far by the moves of one witness, by cell
	moved []int   // the cells that may have a change
	order []int   // dimensions, fewest codes first, so that dear branches are cut early
	cells [][]int
	signs [][]int8

	free  bool // only moves that withhold nothing new
	want  int64
	score float64 // of the best move: cost for each person moved
	best  move
	paid  float64
}

func newFinder(b *board) *finder {
	d := len(b.n)
	f := &finder{b: b, shift: make([]int64, b.size), cells: make([][]int, d+1), signs: make([][]int8, d+1)}
	for i := range d {
		at := i
		f.order = append(f.order, i)
		for at > 0 && b.n[f.order[at-1]] > b.n[i] {
			f.order[at] = f.order[at-1]
			at--
		}
		f.order[at] = i
	}
	for j := range d + 1 {
		f.cells[j] = make([]int, 1<<j)
		f.signs[j] = make([]int8, 1<<j)
	}
	return f
}

// find gives the move through the cell, raising it (dir +1) or lowering it (-1) by up to want, that costs least for
// each person moved, and its cost. A step of 0 means that there is none.
func (f *finder) find(cell int, dir int8, want int64, free bool) (move, float64) {
	f.free, f.want, f.score, f.best, f.paid = free, want, math.Inf(1), move{}, 0
	f.cells[0][0], f.signs[0][0] = cell, dir
	step, cost, ok := f.take(cell, dir, want, 0)
	if ok {
		f.extend(0, step, cost)
	}
	return f.best, f.paid
}

// take lowers the step to what one more cell allows and adds the cost of withholding it.
func (f *finder) take(cell int, sign int8, step int64, cost float64) (int64, float64, bool) {
	b := f.b
	if b.fixed[cell] {
		return 0, 0, false
	}
	if !b.open[cell] {
		if f.free {
			return 0, 0, false
		}
		cost += b.cost[cell]
	}
	if sign < 0 {
		step = min(step, b.value[cell]+f.shift[cell]-b.floor[cell])
	}
	return step, cost, step > 0 && cost < f.score*float64(step)
}

func (f *finder) extend(depth int, step int64, cost float64) {
	if depth == len(f.order) {
		if better := cost/float64(step) < f.score || f.best.step == 0; better {
			f.score, f.paid = cost/float64(step), cost
			f.best.step = step
			f.best.cells = append(f.best.cells[:0], f.cells[depth]...)
			f.best.signs = append(f.best.signs[:0], f.signs[depth]...)
		}
		return
	}
	b, dim, half := f.b, f.order[depth], 1<<depth
	total, here := b.n[dim], b.coord(f.cells[0][0], dim)
	cells, signs := f.cells[depth+1], f.signs[depth+1]
	copy(cells, f.cells[depth])
	copy(signs, f.signs[depth])
	for there := range total + 1 {
		if there == here {
			continue
		}
		flip := int8(-1)
		if here == total || there == total {
			flip = 1
		}
		s, c, ok := step, cost, true
		for i := 0; i < half && ok; i++ {
			cells[half+i] = cells[i] + (there-here)*b.stride[dim]
			signs[half+i] = signs[i] * flip
			s, c, ok = f.take(cells[half+i], signs[half+i], s, c)
		}
		if ok {
			f.extend(depth+1, s, c)
		}
		if f.score == 0 && f.best.step == f.want {
			return // nothing can be better
		}
	}
}

// apply adds the move to the changes of the witness under construction.
func (f *finder) apply(m move) {
	for i, c := range m.cells {
		f.shift[c] += int64(m.signs[i]) * m.step
		f.moved = append(f.moved, c)
	}
}

// restart forgets the changes.
func (f *finder) restart() {
	for _, c := range f.moved {
		f.shift[c] = 0
	}
	f.moved = f.moved[:0]
}
