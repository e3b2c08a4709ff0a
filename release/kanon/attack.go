package kanon

import (
	"context"
	"fmt"
	"slices"
	"strings"
)

// Derivable is a small count that can be placed too closely from what is shown.
type Derivable struct {
	Group     string // whom it counts, for the data officer
	Low, High int64  // the attacker's interval
	// Table is the table that withholds the cell: 0 the one asked about, i the i-th earlier one counted from 1.
	// It is -1 for a group that only several tables together tell apart.
	Table int
	Codes []string // the cell's codes in that table; nil when Table is -1

	within []int // lattice cells of table 0, leaves, that count anybody of the group
}

func (d Derivable) String() string {
	if d.Low == d.High {
		return fmt.Sprintf("%s: exactly %d", d.Group, d.Low)
	}
	return fmt.Sprintf("%s: %d to %d", d.Group, d.Low, d.High)
}

// Audit attacks a table with linear programmes over the shown values and lists the small cells that lie in an interval
// narrower than Rules.Width. An empty list is what a table must have before it is published. The table must be as
// [Protect] returned it; in its public form nothing says which cells are small.
//
// The programmes are over real numbers: an interval found too narrow is too narrow. That whole numbers do not
// narrow the others is proved by [Prove], not here. After 200 findings it stops looking. It takes a minute of processor
// time where 4,000 small cells of a table of 7,560 hang together, a few seconds where 1,000 do. Errors: ErrTooLarge, a contradiction in the table, the context's.
func Audit(ctx context.Context, p Published) ([]Derivable, error) {
	return attack(ctx, []Published{p})
}

// knowledge is what one table tells, over its leaves.
type knowledge struct {
	l      lattice
	leaves []int       // lattice cells
	number map[int]int // leaf number of a lattice cell
	sum    []int64     // of a cell: what is known of it through shown cells below it
	rest   [][]int     // of a cell: the leaves, by number, that make up the rest
}

// learn expresses each lattice cell by shown cells below it and as few open leaves as it can.
func learn(p Published) (knowledge, error) {
	l := newLattice(p.Dims)
	k := knowledge{l: l, leaves: l.leafCells(), number: map[int]int{}, sum: make([]int64, l.size), rest: make([][]int, l.size)}
	for n, c := range k.leaves {
		k.number[c] = n
		k.rest[c] = []int{n}
	}
	byTotals := make([][]int, len(l.n)+1)
	for c := range l.size {
		byTotals[l.totalled(c)] = append(byTotals[l.totalled(c)], c)
	}
	entries := 0
	for _, cells := range byTotals[1:] {
		for _, c := range cells {
			best, least := -1, 0
			for i := range l.n {
				if l.coord(c, i) != l.n[i] {
					continue
				}
				open := 0
				for j := 1; j <= l.n[i]; j++ {
					if child := c - j*l.stride[i]; p.States[child].open() {
						open += len(k.rest[child])
					}
				}
				if best < 0 || open < least {
					best, least = i, open
				}
			}
			if entries += least; entries > maxTableau {
				return k, ErrTooLarge
			}
			for j := 1; j <= l.n[best]; j++ {
				child := c - j*l.stride[best]
				if !p.States[child].open() {
					k.sum[c] += p.Values[child]
					continue
				}
				k.sum[c] += k.sum[child]
				k.rest[c] = append(k.rest[c], k.rest[child]...)
			}
		}
	}
	return k, nil
}

// attack asks, of several tables of one register together, which small counts can be placed too closely. With one
// table these are its small cells. With more, they are the small cells of each, and every atom that no table counts
// alone.
func attack(ctx context.Context, tables []Published) ([]Derivable, error) {
	for _, p := range tables {
		if err := p.check(); err != nil {
			return nil, err
		}
	}
	w, err := newWorld(tables)
	if err != nil {
		return nil, err
	}
	y := system{floor: make([]float64, w.size)}
	type question struct {
		Derivable
		base  int64
		small bool
	}
	var ask []question
	var forms [][]term
	judged := make([]bool, w.size)  // a leaf of some table counts the atom alone, so its own state speaks
	covered := make([]bool, w.size) // some table counts the atom
	home := make([]int, w.size)     // the leaf of table 0 that counts the atom
	for at := range home {
		home[at] = -1
	}
	rules := tables[0].Rules
	entries := 0
	for n, p := range tables {
		rules.MinCell, rules.Width = max(rules.MinCell, p.Rules.MinCell), max(rules.Width, p.Rules.Width)
		k, err := learn(p)
		if err != nil {
			return nil, err
		}
		atoms := w.atoms(p)
		for leaf, a := range atoms {
			for _, at := range a {
				covered[at] = true
				if n == 0 {
					home[at] = k.leaves[leaf]
				}
			}
			if len(a) == 1 {
				judged[a[0]] = true
			}
		}
		form := func(leaves []int) []term {
			var f []term
			for _, leaf := range leaves {
				for _, a := range atoms[leaf] {
					f = append(f, term{a, 1})
				}
			}
			entries += len(f)
			return f
		}
		for c, s := range p.States {
			if entries > maxTableau {
				return nil, ErrTooLarge
			}
			_, isLeaf := k.number[c]
			switch {
			case !s.open():
				if len(k.rest[c]) == 0 {
					if k.sum[c] != p.Values[c] {
						return nil, errInfeasible
					}
					continue // follows from cells below
				}
				y.rows = append(y.rows, equation{form(k.rest[c]), float64(p.Values[c] - k.sum[c])})
				continue
			case s == Rounded: // less than a base from the figure, above or below
				for _, side := range []float64{-1, 1} {
					bound := float64(p.Values[c]-k.sum[c]) + side*float64(p.Base-1)
					if side < 0 && bound <= 0 {
						continue
					}
					y.floor = append(y.floor, 0)
					y.rows = append(y.rows, equation{append(form(k.rest[c]), term{len(y.floor) - 1, side}), bound})
				}
			case s.withheld() && p.Rules.Zeros == ZerosShown:
				if isLeaf && len(atoms[k.number[c]]) == 1 {
					y.floor[atoms[k.number[c]][0]] = 1
				} else if k.sum[c] < 1 {
					y.floor = append(y.floor, 0) // one more variable: by how much the count passes 1
					f := append(form(k.rest[c]), term{len(y.floor) - 1, -1})
					y.rows = append(y.rows, equation{f, float64(1 - k.sum[c])})
				}
			}
			if s.small() {
				codes := p.cell(k.l, c).Codes
				ask = append(ask, question{Derivable{Table: n, Codes: codes, Group: group(p.Dims, codes)}, k.sum[c], true})
				forms = append(forms, form(k.rest[c]))
			}
		}
	}
	if len(tables) > 1 && tables[0].Base == 0 {
		for at := range w.size {
			if covered[at] && !judged[at] {
				ask = append(ask, question{Derivable: Derivable{Table: -1, Group: w.describe(at)}})
				forms = append(forms, []term{{at, 1}})
			}
		}
	}
	found, err := y.ranges(ctx, forms, float64(rules.Width))
	if err != nil {
		return nil, err
	}
	var out []Derivable
	for i, q := range ask {
		f := found[i]
		if f.wide || !q.small && (f.high == 0 || int64(f.low) >= rules.MinCell) {
			continue
		}
		for _, t := range forms[i] {
			if h := home[t.v]; h >= 0 && !slices.Contains(q.within, h) {
				q.within = append(q.within, h)
			}
		}
		q.Low, q.High = q.base+int64(f.low), q.base+int64(f.high)
		out = append(out, q.Derivable)
	}
	return out, nil
}

// group names a cell for a person.
func group(dims []Dimension, codes []string) string {
	var out []string
	for i, code := range codes {
		if code != All {
			out = append(out, dims[i].Name+"="+code)
		}
	}
	if len(out) == 0 {
		return "everybody"
	}
	return strings.Join(slices.Clip(out), ", ")
}
