package kanon

import (
	"errors"
	"fmt"
	"slices"
)

// Limits keep a table within what can be protected and audited in memory.
const (
	maxDims    = 8
	maxLattice = 1 << 22
)

// All is the code that stands for the total over a dimension.
const All = ""

// Dimension is one axis of a table. Codes are distinct and not empty, and hold no total.
type Dimension struct {
	Name  string   `json:"name"`
	Codes []string `json:"codes"`
	// Spans says, for a dimension that is itself time (a year, a month), which days each code covers. Nil for
	// others. Only [Difference] reads it: a code and a period that do not meet hold nobody, and the attacker knows.
	Spans []Span `json:"spans,omitempty"`
	// Parts says which finer codes a code of this table stands for, where other tables of the register use finer
	// codes under the same name (a band "0-17" of "0-8" and "9-17"). Only [Difference] reads it.
	Parts map[string][]string `json:"parts,omitempty"`
}

// Span is a time from a day to the day after its last. Days are written 2006-01-02, so they compare as strings;
// an empty day is open.
type Span struct {
	From string `json:"from,omitempty"`
	To   string `json:"to,omitempty"`
}

// Population says whom a table counts. Two tables of one register can be compared only through it.
type Population struct {
	Register string `json:"register,omitempty"`
	// Period holds the days by which people are selected.
	Period Span `json:"period"`
	// AsOf is the day on which the register was read, 2006-01-02. Later readings hold people registered late.
	AsOf string `json:"as_of,omitempty"`
	// Filter keeps only the named codes of a dimension, whether or not the table shows that dimension.
	Filter map[string][]string `json:"filter,omitempty"`
}

// Cube is a frequency table with the true counts. It is not for publication.
type Cube struct {
	Dims []Dimension
	// Counts holds one count for each combination of codes, the last dimension running fastest.
	Counts []int64
	// Impossible marks, in the order of Counts, combinations that everyone knows to be empty. Nil: none.
	Impossible []bool
	// Margins lists the tables published, each by the names of its dimensions; the empty list is the grand total.
	// Nil publishes every margin and the full table.
	Margins [][]string
	// Of says whom the cube counts; only [Difference] reads it.
	Of Population
}

// NewCube returns a cube of zero counts over the dimensions, to be filled by [Cube.Add].
func NewCube(dims ...Dimension) (Cube, error) {
	if err := checkDims(dims); err != nil {
		return Cube{}, err
	}
	return Cube{Dims: dims, Counts: make([]int64, newLattice(dims).leaves)}, nil
}

// Add adds n people to the cell with these codes, one a dimension.
func (c Cube) Add(n int64, codes ...string) error {
	if len(codes) != len(c.Dims) {
		return fmt.Errorf("kanon: %d codes for %d dimensions", len(codes), len(c.Dims))
	}
	at := 0
	for i, d := range c.Dims {
		j := slices.Index(d.Codes, codes[i])
		if j < 0 {
			return fmt.Errorf("kanon: dimension %q has no such code", d.Name)
		}
		at = at*len(d.Codes) + j
	}
	c.Counts[at] += n
	return nil
}

func (c Cube) check() error {
	if err := checkDims(c.Dims); err != nil {
		return err
	}
	l := newLattice(c.Dims)
	if len(c.Counts) != l.leaves {
		return fmt.Errorf("kanon: %d counts for %d cells", len(c.Counts), l.leaves)
	}
	if c.Impossible != nil && len(c.Impossible) != l.leaves {
		return fmt.Errorf("kanon: %d marks of impossible cells for %d cells", len(c.Impossible), l.leaves)
	}
	for i, n := range c.Counts {
		if n < 0 || n > 1<<40 {
			return fmt.Errorf("kanon: the count of cell %d is not between 0 and 2^40", i)
		}
		if n > 0 && c.Impossible != nil && c.Impossible[i] {
			return fmt.Errorf("kanon: cell %d is declared impossible but counts people", i)
		}
	}
	return nil
}

func checkDims(dims []Dimension) error {
	if len(dims) == 0 || len(dims) > maxDims {
		return fmt.Errorf("kanon: a table has 1 to %d dimensions, not %d", maxDims, len(dims))
	}
	size, names := 1, map[string]bool{}
	for _, d := range dims {
		if d.Name == "" || names[d.Name] {
			return fmt.Errorf("kanon: dimension %q has no name of its own", d.Name)
		}
		names[d.Name] = true
		if len(d.Codes) == 0 {
			return fmt.Errorf("kanon: dimension %q has no codes", d.Name)
		}
		seen := map[string]bool{All: true}
		for _, code := range d.Codes {
			if seen[code] {
				return fmt.Errorf("kanon: dimension %q has an empty code or one twice", d.Name)
			}
			seen[code] = true
		}
		if d.Spans != nil && len(d.Spans) != len(d.Codes) {
			return fmt.Errorf("kanon: dimension %q has %d spans for %d codes", d.Name, len(d.Spans), len(d.Codes))
		}
		if size *= len(d.Codes) + 1; size > maxLattice {
			return errors.New("kanon: the table has too many cells; publish fewer dimensions or wider bands")
		}
	}
	return nil
}

// published tells, for each set of dimensions (a bit each), whether its margin is published.
func (c Cube) published() ([]bool, error) {
	out := make([]bool, 1<<len(c.Dims))
	for i := range out {
		out[i] = c.Margins == nil
	}
	for _, names := range c.Margins {
		set := 0
		for _, name := range names {
			i := slices.IndexFunc(c.Dims, func(d Dimension) bool { return d.Name == name })
			if i < 0 {
				return nil, fmt.Errorf("kanon: a margin names %q, which is not a dimension", name)
			}
			set |= 1 << i
		}
		out[set] = true
	}
	return out, nil
}
