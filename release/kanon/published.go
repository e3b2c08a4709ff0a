package kanon

import (
	"encoding/csv"
	"fmt"
	"io"
	"iter"
	"slices"
	"strconv"
)

// State says what the public sees of a cell, and why.
type State uint8

const (
	Shown            State = iota // the exact count
	Primary                       // withheld because the count is small
	Complementary                 // withheld so that others cannot be worked out; also what Public makes of Primary
	Rounded                       // a count rounded by a Rounder
	Unpublished                   // of a margin that is not published
	unseenSmall                   // of a margin that is not published, and small
	impossible                    // known by everyone to be zero
	unseenImpossible              // of a margin that is not published, and known by everyone to be zero
)

// unseen tells whether the cell is of a margin that is not published.
func (s State) unseen() bool { return s == Unpublished || s == unseenSmall || s == unseenImpossible }

// withheld tells whether the public sees a mark in place of the count.
func (s State) withheld() bool { return s == Primary || s == Complementary }

// open tells whether the attacker does not know the count.
func (s State) open() bool {
	return s.withheld() || s == Rounded || s == Unpublished || s == unseenSmall
}

// small tells whether the cell needs protection.
func (s State) small() bool { return s == Primary || s == unseenSmall }

// Zeros says what happens to cells without people.
type Zeros uint8

const (
	// ZerosFree shows zeros, but may withhold some to protect other cells; a reader cannot tell a withheld zero.
	ZerosFree Zeros = iota
	// ZerosShown always shows zeros, so readers know that a withheld cell holds someone.
	ZerosShown
	// ZerosWithheld treats a zero as small: nobody learns that a group is empty.
	ZerosWithheld
)

// Rules of a release of tables.
type Rules struct {
	// MinCell is the least count shown; cells of 1 to MinCell-1 are small. At least 2.
	MinCell int64 `json:"min_cell"`
	// Width is the least width of the interval within which a small cell can be placed. Zero means MinCell, and no
	// less is accepted, since the promise about sums rests on it.
	Width int64 `json:"width,omitempty"`
	Zeros Zeros `json:"zeros,omitempty"`
}

func (r Rules) normal() (Rules, error) {
	if r.Width == 0 {
		r.Width = r.MinCell
	}
	switch {
	case r.MinCell < 2 || r.MinCell > 1<<20:
		return r, fmt.Errorf("kanon: the minimum cell must be 2 or more, not %d", r.MinCell)
	case r.Width < r.MinCell || r.Width > 1<<20:
		return r, fmt.Errorf("kanon: the protection width %d is less than the minimum cell %d", r.Width, r.MinCell)
	case r.Zeros > ZerosWithheld:
		return r, fmt.Errorf("kanon: unknown rule for zeros")
	}
	return r, nil
}

func (r Rules) small(n int64) bool {
	return n < r.MinCell && (n > 0 || r.Zeros == ZerosWithheld)
}

// Published is a protected table. As returned by [Protect] it tells primary from complementary cells, which the
// ledger keeps and [Audit] needs; [Published.Public] is what may leave the house.
type Published struct {
	Dims  []Dimension `json:"dims"`
	Rules Rules       `json:"rules"`
	Of    Population  `json:"of"`
	// Base is what a [Rounder] rounded to; 0 for a table of exact counts.
	Base int64 `json:"base,omitempty"`
	// States and Values hold one entry for each cell of the lattice: codes in the order of Dims, then the total,
	// the last dimension running fastest. A value is zero unless the cell is shown. In JSON the states are base64.
	States []State `json:"states"`
	Values []int64 `json:"values"`
}

// check refuses a table that no program of this package can have written.
func (p Published) check() error {
	if err := checkDims(p.Dims); err != nil {
		return err
	}
	if l := newLattice(p.Dims); len(p.States) != l.size || len(p.Values) != l.size {
		return fmt.Errorf("kanon: the table has %d states and %d values for %d cells", len(p.States), len(p.Values), l.size)
	}
	if p.Base == 0 {
		if _, err := p.Rules.normal(); err != nil {
			return err
		}
	}
	for i, s := range p.States {
		if s > unseenImpossible || p.Values[i] < 0 || p.Values[i] > 1<<50 || (s == Rounded) != (p.Base > 0 && !s.unseen()) {
			return fmt.Errorf("kanon: cell %d of the table has a state or value that cannot be", i)
		}
	}
	return nil
}

// Cell is one cell of a published table.
type Cell struct {
	Codes []string // one a dimension; All for a total
	Count int64    // zero when withheld
	State State
}

// Withheld tells whether the public sees a mark in place of the count.
func (c Cell) Withheld() bool { return c.State.withheld() }

// Text prints the count, or the mark when it is withheld.
func (c Cell) Text(mark string) string {
	if c.Withheld() {
		return mark
	}
	return strconv.FormatInt(c.Count, 10)
}

// Cells gives the published cells, leaves and totals, in the order of the lattice.
func (p Published) Cells() iter.Seq[Cell] {
	return func(yield func(Cell) bool) {
		for i, s := range p.States {
			if s.unseen() {
				continue
			}
			if !yield(p.cell(newLattice(p.Dims), i)) {
				return
			}
		}
	}
}

// At finds the cell with these codes, one a dimension, All for a total.
func (p Published) At(codes ...string) (Cell, error) {
	if len(codes) != len(p.Dims) {
		return Cell{}, fmt.Errorf("kanon: %d codes for %d dimensions", len(codes), len(p.Dims))
	}
	l, at := newLattice(p.Dims), 0
	for i, code := range codes {
		j := l.n[i]
		if code != All {
			if j = slices.Index(p.Dims[i].Codes, code); j < 0 {
				return Cell{}, fmt.Errorf("kanon: dimension %q has no such code", p.Dims[i].Name)
			}
		}
		at += j * l.stride[i]
	}
	c := p.cell(l, at)
	if c.State == Unpublished {
		return Cell{}, fmt.Errorf("kanon: the margin of this cell is not published")
	}
	return c, nil
}

func (p Published) cell(l lattice, i int) Cell {
	c := Cell{Codes: make([]string, len(p.Dims)), Count: p.Values[i], State: p.States[i]}
	for d := range p.Dims {
		if j := l.coord(i, d); j < l.n[d] {
			c.Codes[d] = p.Dims[d].Codes[j]
		}
	}
	switch c.State {
	case unseenSmall, unseenImpossible:
		c.State = Unpublished
	case impossible:
		c.State = Shown
	}
	return c
}

// Public gives a copy that does not tell why a cell is withheld, nor which unpublished cells are small.
func (p Published) Public() Published {
	public := map[State]State{Primary: Complementary, unseenSmall: Unpublished}
	p.States = slices.Clone(p.States)
	for i, s := range p.States {
		if t, ok := public[s]; ok {
			p.States[i] = t
		}
	}
	return p
}

// Loss says how much a table withholds.
type Loss struct {
	Cells         int     // published cells with people in them
	Primary       int     // withheld because small
	Complementary int     // withheld to protect others, zeros included
	People        int64   // people in leaf cells
	PeopleLost    int64   // of these, in withheld leaf cells
	ShareShown    float64 // of cells with people, the share shown
}

// Lost compares a table with its cube; it is for the data officer, not for the public.
func (p Published) Lost(c Cube) Loss {
	l := newLattice(p.Dims)
	v := l.totals(c.Counts)
	full := 1<<len(l.n) - 1
	var out Loss
	shown := 0
	for i, s := range p.States {
		if s.unseen() {
			continue
		}
		switch s {
		case Primary:
			out.Primary++
		case Complementary:
			out.Complementary++
		}
		if v[i] > 0 {
			out.Cells++
			if !s.withheld() {
				shown++
			}
		}
		if l.set(i) == full {
			out.People += v[i]
			if s.withheld() {
				out.PeopleLost += v[i]
			}
		}
	}
	if out.Cells > 0 {
		out.ShareShown = float64(shown) / float64(out.Cells)
	}
	return out
}

// WriteCSV writes a header of dimension names and "count", then a line for each published cell, totals with the
// given word in place of the code and withheld cells with the mark.
func WriteCSV(w io.Writer, p Published, total, mark string) error {
	out := csv.NewWriter(w)
	row := make([]string, 0, len(p.Dims)+1)
	for _, d := range p.Dims {
		row = append(row, d.Name)
	}
	out.Write(append(row, "count"))
	for c := range p.Cells() {
		row = row[:0]
		for _, code := range c.Codes {
			if code == All {
				code = total
			}
			row = append(row, code)
		}
		out.Write(append(row, c.Text(mark)))
	}
	out.Flush()
	if err := out.Error(); err != nil {
		return fmt.Errorf("kanon: write table: %w", err)
	}
	return nil
}
