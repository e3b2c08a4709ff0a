package showcase

import (
	"encoding/base64"
	"slices"
	"strings"

	"aman/release/product"
	"aman/release/risk"
	"aman/release/synth"
)

// attribute is one thing that a record says: the value of a column, or whether an option of it was chosen.
type attribute struct {
	column product.Column
	codes  []string // codes[0] is "", not recorded
	cells  []uint16 // one a record
	first  int      // number of the value codes[1] among all values
}

func fromSynthetic(p product.Profile, t *synth.Table) []attribute {
	var out []attribute
	for i, a := range t.Attrs {
		column, _ := p.Column(a.Column)
		out = append(out, attribute{column: column, codes: a.Codes, cells: t.Cols[i]})
	}
	return number(out)
}

func fromRecords(p product.Profile, t risk.Table) []attribute {
	var out []attribute
	for _, column := range p.Columns {
		i := t.Column(column.Name)
		if i < 0 {
			continue
		}
		c := t.Columns[i]
		if column.Separator == "" {
			out = append(out, single(column, c))
			continue
		}
		for _, code := range column.Codes {
			out = append(out, option(column, code.Value, c))
		}
	}
	return number(out)
}

func single(column product.Column, c risk.Column) attribute {
	a := attribute{column: column, codes: []string{""}, cells: make([]uint16, len(c.Codes))}
	for _, code := range column.Codes {
		a.codes = append(a.codes, code.Value)
	}
	to := make([]uint16, len(c.Values))
	for i, v := range c.Values {
		to[i] = uint16(max(0, slices.Index(a.codes, v)))
	}
	for r, code := range c.Codes {
		a.cells[r] = to[code]
	}
	return a
}

func option(column product.Column, name string, c risk.Column) attribute {
	a := attribute{column: column, codes: []string{"", name}, cells: make([]uint16, len(c.Codes))}
	has := make([]bool, len(c.Values))
	for i, v := range c.Values {
		has[i] = slices.Contains(strings.Split(v, column.Separator), name)
	}
	for r, code := range c.Codes {
		if has[code] {
			a.cells[r] = 1
		}
	}
	return a
}

// number counts the values through all attributes.
func number(list []attribute) []attribute {
	n := 0
	for i := range list {
		list[i].first = n
		n += len(list[i].codes) - 1
	}
	return list
}

// width is the bits that a cell takes in data.js.
func (a attribute) width() int {
	switch n := len(a.codes); {
	case n <= 2:
		return 1
	case n <= 256:
		return 8
	}
	return 16
}

// packed gives the cells in base64: bits from the lowest, bytes, or two bytes with the lower first.
func (a attribute) packed() string {
	var b []byte
	switch a.width() {
	case 1:
		b = make([]byte, (len(a.cells)+7)/8)
		for r, c := range a.cells {
			b[r/8] |= byte(c) << (r % 8)
		}
	case 8:
		b = make([]byte, len(a.cells))
		for r, c := range a.cells {
			b[r] = byte(c)
		}
	default:
		b = make([]byte, 0, 2*len(a.cells))
		for _, c := range a.cells {
			b = append(b, byte(c), byte(c>>8))
		}
	}
	return base64.StdEncoding.EncodeToString(b)
}

// tally counts the records by code.
func (a attribute) tally() []int {
	n := make([]int, len(a.codes))
	for _, c := range a.cells {
		n[c]++
	}
	return n
}
