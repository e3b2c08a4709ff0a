package synth

import "fmt"

// Table is a coded data set: one row a person, one column an attribute, code 0 for "not
// recorded" (an empty cell).
type Table struct {
	Attrs []Attr
	Cols  [][]uint16 // Cols[a][row] < Attrs[a].Size
	Rows  int
}

// Attr is one attribute as the model sees it: a single-valued column, or one option of a
// multi-select column.
type Attr struct {
	Column string   // name in the CSV file
	Codes  []string // Codes[0] is "", not recorded; for an option: "", and the option
	Option bool     // one option of a multi-select column
}

// Size gives the number of codes, the empty one included.
func (a Attr) Size() int { return len(a.Codes) }

// NewTable makes an empty table for a domain with room for n rows.
func (d *Domain) NewTable(n int) *Table {
	t := &Table{Attrs: d.Attrs()}
	t.Cols = make([][]uint16, len(t.Attrs))
	for a := range t.Cols {
		t.Cols[a] = make([]uint16, 0, n)
	}
	return t
}

// sizes gives the number of codes of each attribute.
func sizes(attrs []Attr) []int {
	out := make([]int, len(attrs))
	for i, a := range attrs {
		out[i] = a.Size()
	}
	return out
}

// check refuses a table that does not fit its attributes. The message names no value.
func (t *Table) check() error {
	if len(t.Cols) != len(t.Attrs) {
		return fmt.Errorf("the table has %d columns for %d attributes", len(t.Cols), len(t.Attrs))
	}
	for a, col := range t.Cols {
		if len(col) != t.Rows {
			return fmt.Errorf("column %s is not as long as the others", t.Attrs[a].Column)
		}
		for _, c := range col {
			if int(c) >= t.Attrs[a].Size() {
				return fmt.Errorf("column %s holds a code outside its list", t.Attrs[a].Column)
			}
		}
	}
	return nil
}

// cells gives the product of the sizes of the attributes in set, or limit+1 when it is above limit.
func cells(size []int, set []int, limit int) int {
	n := 1
	for _, a := range set {
		if n > limit/size[a] {
			return limit + 1
		}
		n *= size[a]
	}
	return n
}

// strides gives the row-major strides of a table over set: the last attribute moves fastest.
func strides(size []int, set []int) []int {
	out := make([]int, len(set))
	n := 1
	for i := len(set) - 1; i >= 0; i-- {
		out[i] = n
		n *= size[set[i]]
	}
	return out
}

// subsets gives all sets of lo to hi of d attributes, by length and then in order.
func subsets(d, lo, hi int) [][]int {
	var out [][]int
	var grow func(set []int, next, k int)
	grow = func(set []int, next, k int) {
		if len(set) == k {
			out = append(out, append([]int(nil), set...))
			return
		}
		for a := next; a <= d-(k-len(set)); a++ {
			grow(append(set, a), a+1, k)
		}
	}
	for k := lo; k <= min(hi, d); k++ {
		grow(make([]int, 0, k), 0, k)
	}
	return out
}
