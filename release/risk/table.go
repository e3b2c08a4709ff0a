package risk

import (
	"fmt"
	"math"
	mathbits "math/bits"
)

// Table is a file of records, by column.
type Table struct {
	Columns []Column
	Records int
}

// Column holds one code for each record. Code i stands for Values[i]; Values[0] is "" and means missing.
type Column struct {
	Name   string
	Values []string
	Codes  []uint32
}

// FromRows makes a table of rows of text, one value for each name. "" is missing.
func FromRows(names []string, rows [][]string) (Table, error) {
	t := Table{Columns: make([]Column, len(names)), Records: len(rows)}
	if len(rows) > math.MaxInt32 {
		return Table{}, fmt.Errorf("risk: %d records are too many", len(rows))
	}
	codes := make([]map[string]uint32, len(names))
	for i, name := range names {
		t.Columns[i] = Column{Name: name, Values: []string{""}, Codes: make([]uint32, len(rows))}
		codes[i] = map[string]uint32{"": 0}
	}
	for r, row := range rows {
		if len(row) != len(names) {
			return Table{}, fmt.Errorf("risk: record %d has %d values for %d columns", r+1, len(row), len(names))
		}
		for i, v := range row {
			code, ok := codes[i][v]
			if !ok {
				code = uint32(len(t.Columns[i].Values))
				codes[i][v] = code
				t.Columns[i].Values = append(t.Columns[i].Values, v)
			}
			t.Columns[i].Codes[r] = code
		}
	}
	return t, nil
}

// Rows gives the records as text again.
func (t Table) Rows() [][]string {
	rows := make([][]string, t.Records)
	for r := range rows {
		rows[r] = make([]string, len(t.Columns))
		for i, c := range t.Columns {
			rows[r][i] = c.Values[c.Codes[r]]
		}
	}
	return rows
}

// Column finds the number of a column by its name, -1 when there is none.
func (t Table) Column(name string) int {
	for i, c := range t.Columns {
		if c.Name == name {
			return i
		}
	}
	return -1
}

// Keys finds the numbers of columns by their names.
func (t Table) Keys(names ...string) ([]int, error) {
	var keys []int
	for _, name := range names {
		i := t.Column(name)
		if i < 0 {
			return nil, fmt.Errorf("risk: the file has no column %q", name)
		}
		keys = append(keys, i)
	}
	return keys, nil
}

// Classes says which records are alike.
type Classes struct {
	Of   []uint32 // the class of each record
	Size []uint32 // the records of each class
}

// Classes groups the records by their values on the keys. Time grows with records times keys.
func (t Table) Classes(keys []int) Classes {
	c := Classes{Of: make([]uint32, t.Records)}
	if t.Records > 0 {
		c.Size = []uint32{uint32(t.Records)}
	}
	for _, k := range keys {
		c = c.refine(t.Columns[k].Codes, len(t.Columns[k].Values))
	}
	return c
}

// direct is the largest array used in place of a hash table.
const direct = 1 << 22

// refine splits classes by one more column of codes below n.
func (c Classes) refine(codes []uint32, n int) Classes {
	out := Classes{Of: make([]uint32, len(c.Of)), Size: make([]uint32, 0, len(c.Size))}
	meet := func(number uint32, r int) uint32 { // number is one more than the class, 0 when it is new
		if number == 0 {
			out.Size = append(out.Size, 0)
			number = uint32(len(out.Size))
		}
		out.Of[r] = number - 1
		out.Size[number-1]++
		return number
	}
	if cells := len(c.Size) * n; cells <= direct {
		seen := make([]uint32, cells)
		for r, id := range c.Of {
			at := int(id)*n + int(codes[r])
			seen[at] = meet(seen[at], r)
		}
		return out
	}
	// Open addressing, twice as many places as records: a key is one more than the pair, 0 an empty place.
	bits := 64 - uint(mathbits.Len(uint(2*len(c.Of))))
	keys, numbers := make([]uint64, 1<<(64-bits)), make([]uint32, 1<<(64-bits))
	for r, id := range c.Of {
		key := uint64(id)<<32 | uint64(codes[r]) + 1
		at := key * 0x9e3779b97f4a7c15 >> bits // Knuth's multiplicative hash
		for keys[at] != 0 && keys[at] != key {
			at = (at + 1) & uint64(len(keys)-1)
		}
		keys[at], numbers[at] = key, meet(numbers[at], r)
	}
	return out
}
