package kanon

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"math"
	"slices"
)

// Protect withholds the small cells of the cube and as many others as it takes that every small cell of the lattice
// keeps an interval of Rules.Width: see the package doc for what this promises. It never fails to protect; at worst
// nothing but zeros is shown. Errors: a malformed cube or rules, or the context's.
func Protect(ctx context.Context, c Cube, r Rules) (Published, error) {
	p, _, err := protect(ctx, c, r, nil)
	return p, err
}

// Witness proves the protection of one small cell: two tables that agree with everything shown.
type Witness struct {
	Codes     []string
	Low, High int64 // the cell's count in the two tables
	// Lower and Upper are the changes to the true table, by lattice cell; all cells not named keep their count.
	Lower, Upper map[int]int64
}

// Prove protects the cube as [Protect] does and returns the proof with it: a witness for every small cell. It holds
// true counts in effect and is for the house only.
func Prove(ctx context.Context, c Cube, r Rules) (Published, []Witness, error) {
	p, proofs, err := protect(ctx, c, r, nil)
	if err != nil {
		return p, nil, err
	}
	l := newLattice(p.Dims)
	v := l.totals(c.Counts)
	out := make([]Witness, 0, len(proofs))
	for _, w := range proofs {
		lower, upper := w.tables()
		out = append(out, Witness{
			Codes: p.cell(l, w.cell).Codes, Lower: lower, Upper: upper,
			Low: v[w.cell] + lower[w.cell], High: v[w.cell] + upper[w.cell],
		})
	}
	return p, out, nil
}

// proof holds the moves that give one small cell its room.
type proof struct {
	cell     int
	up, down []move
}

func (w proof) tables() (lower, upper map[int]int64) {
	sum := func(moves []move) map[int]int64 {
		t := map[int]int64{}
		for _, m := range moves {
			for i, c := range m.cells {
				if t[c] += int64(m.signs[i]) * m.step; t[c] == 0 {
					delete(t, c)
				}
			}
		}
		return t
	}
	return sum(w.down), sum(w.up)
}

// protect does the work of Protect. The lattice cells in also are withheld and given room as if they were small.
func protect(ctx context.Context, c Cube, r Rules, also []int) (Published, []proof, error) {
	if err := c.check(); err != nil {
		return Published{}, nil, err
	}
	r, err := r.normal()
	if err != nil {
		return Published{}, nil, err
	}
	margins, err := c.published()
	if err != nil {
		return Published{}, nil, err
	}
	b, states := lay(c, r, margins)
	for _, cell := range also {
		if states[cell] == Shown && !b.fixed[cell] {
			states[cell], b.open[cell] = Complementary, true
		}
	}
	proofs, err := secure(ctx, b, states, r, also)
	if err != nil {
		return Published{}, nil, err
	}
	if proofs, err = uncover(ctx, b, states, r, proofs, also); err != nil {
		return Published{}, nil, err
	}
	p := Published{Dims: c.Dims, Rules: r, Of: c.Of, States: states, Values: make([]int64, b.size)}
	for i, s := range states {
		if s == Shown {
			p.Values[i] = b.value[i]
		}
	}
	return p, proofs, nil
}

// lay adds up the totals and withholds the small cells.
func lay(c Cube, r Rules, margins []bool) (*board, []State) {
	l := newLattice(c.Dims)
	b := &board{lattice: l, value: l.totals(c.Counts), open: make([]bool, l.size), fixed: make([]bool, l.size),
		floor: make([]int64, l.size), cost: make([]float64, l.size)}
	possible := make([]int64, l.leaves)
	for i := range possible {
		if c.Impossible == nil || !c.Impossible[i] {
			possible[i] = 1
		}
	}
	possible = l.totals(possible)
	states := make([]State, l.size)
	for i, v := range b.value {
		seen := margins[l.set(i)]
		switch {
		case possible[i] == 0 && seen:
			states[i] = impossible
		case possible[i] == 0:
			states[i] = unseenImpossible
		case !seen && r.small(v):
			states[i] = unseenSmall
		case !seen:
			states[i] = Unpublished
		case r.small(v):
			states[i] = Primary
		}
		b.open[i] = states[i].open()
		b.fixed[i] = possible[i] == 0 || seen && v == 0 && r.Zeros == ZerosShown
		b.cost[i] = 1 + math.Pow(float64(v), 0.25)
		if seen && r.Zeros == ZerosShown {
			b.floor[i] = 1
		}
	}
	return b, states
}

// secure gives every small cell its room, withholding others at the least cost.
func secure(ctx context.Context, b *board, states []State, r Rules, also []int) ([]proof, error) {
	var small []int
	for i, s := range states {
		if s.small() || slices.Contains(also, i) && s == Complementary {
			small = append(small, i)
		}
	}
	// The smallest first: they need most, and what they get serves the others. Of four orders and three costs tried
	// on six tables, this order and a cost of one plus the fourth root of the count lost the fewest cells and people.
	slices.SortStableFunc(small, func(x, y int) int { return cmp.Compare(b.value[x], b.value[y]) })
	f := newFinder(b)
	proofs := make([]proof, 0, len(small))
	for n, cell := range small {
		if n%64 == 0 {
			if err := ctx.Err(); err != nil {
				return nil, fmt.Errorf("kanon: protect: %w", err)
			}
		}
		w, ok := room(f, cell, r.Width, func(c int) {
			b.open[c] = true
			if states[c] == Shown {
				states[c] = Complementary
			}
		})
		if !ok {
			return nil, errors.New("kanon: protect: a small cell has no room even with every total withheld") // cannot happen
		}
		proofs = append(proofs, w)
	}
	return proofs, nil
}

// room finds moves that give the cell an interval of the width. Where withhold is nil, only moves over cells that are
// withheld already count.
func room(f *finder, cell int, width int64, withhold func(cell int)) (proof, bool) {
	w, got := proof{cell: cell}, int64(0)
	run := func(dir int8, free bool) {
		moves := &w.up
		if dir < 0 {
			moves = &w.down
		}
		f.restart()
		for _, m := range *moves {
			f.apply(m)
		}
		for got < width {
			m, _ := f.find(cell, dir, width-got, free)
			if m.step == 0 {
				return
			}
			m.cells, m.signs = slices.Clone(m.cells), slices.Clone(m.signs)
			if !free {
				for _, c := range m.cells {
					if !f.b.open[c] {
						withhold(c)
					}
				}
			}
			f.apply(m)
			*moves = append(*moves, m)
			got += m.step
		}
	}
	run(+1, true)
	run(-1, true)
	if withhold != nil {
		run(+1, false)
	}
	return w, got >= width
}

// uncover shows again, dearest first, each complementary cell without which all small cells keep their room.
func uncover(ctx context.Context, b *board, states []State, r Rules, proofs []proof, also []int) ([]proof, error) {
	users := make(map[int]map[int]bool) // complementary cell -> proofs that use it
	link := func(n int, add bool) {
		for _, moves := range [][]move{proofs[n].up, proofs[n].down} {
			for _, m := range moves {
				for _, c := range m.cells {
					if states[c] != Complementary {
						continue
					}
					if users[c] == nil {
						users[c] = map[int]bool{}
					}
					if add {
						users[c][n] = true
					} else {
						delete(users[c], n)
					}
				}
			}
		}
	}
	for n := range proofs {
		link(n, true)
	}
	var extra []int
	for i, s := range states {
		if s == Complementary && !slices.Contains(also, i) {
			extra = append(extra, i)
		}
	}
	slices.SortStableFunc(extra, func(x, y int) int { return cmp.Compare(b.cost[y], b.cost[x]) })
	f := newFinder(b)
	for i, c := range extra {
		if i%64 == 0 {
			if err := ctx.Err(); err != nil {
				return nil, fmt.Errorf("kanon: protect: %w", err)
			}
		}
		b.open[c] = false
		again, ok := map[int]proof{}, true
		for n := range users[c] {
			if again[n], ok = room(f, proofs[n].cell, r.Width, nil); !ok {
				break
			}
		}
		if !ok {
			b.open[c] = true
			continue
		}
		for n, w := range again {
			link(n, false)
			proofs[n] = w
		}
		states[c] = Shown
		for n := range again {
			link(n, true)
		}
	}
	return proofs, nil
}

// totalled counts the dimensions over which a cell is a total.
func (l lattice) totalled(cell int) int {
	n := 0
	for i := range l.n {
		if l.coord(cell, i) == l.n[i] {
			n++
		}
	}
	return n
}
