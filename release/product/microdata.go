package product

import (
	"bytes"
	"encoding/csv"
	"slices"
	"strings"

	"aman/release/synth"
)

// table writes a CSV file: a header, a row of HXL tags where there are any, and the rows that next gives until false.
func table(header, tags []string, next func() ([]string, bool)) ([]byte, error) {
	var b bytes.Buffer
	w := csv.NewWriter(&b)
	w.Write(header)
	if tags != nil {
		w.Write(tags)
	}
	for row, ok := next(); ok; row, ok = next() {
		w.Write(row)
	}
	w.Flush()
	return b.Bytes(), w.Error()
}

// names gives the header and the HXL tags of the columns.
func (p Profile) names() (header, tags []string) {
	for _, c := range p.Columns {
		header, tags = append(header, c.Name), append(tags, c.HXL)
	}
	return header, tags
}

// cells turns the values of the profile's own columns, by name, into the row that is published.
func (p Profile) row(value func(column string) string) []string {
	row := make([]string, len(p.Columns))
	for i, c := range p.Columns {
		v := ""
		if len(c.JoinOf) > 0 {
			v = c.join(value)
		} else {
			v = value(c.Name)
		}
		if v == "" {
			v = p.Missing
		}
		row[i] = v
	}
	return row
}

// join names the marks that are there.
func (c Column) join(value func(column string) string) string {
	var parts []string
	for _, name := range c.JoinOf {
		if value(name) == "1" {
			parts = append(parts, strings.TrimPrefix(name, c.JoinStrip))
		}
	}
	slices.Sort(parts)
	return strings.Join(parts, ";")
}

// synthetic gives the rows of the synthetic records, one after the other.
func (p Profile) synthetic(t *synth.Table) func() ([]string, bool) {
	options := map[string][]int{} // attributes by column
	for a, attr := range t.Attrs {
		options[attr.Column] = append(options[attr.Column], a)
	}
	separator := map[string]string{}
	for _, c := range p.Columns {
		separator[c.Name] = c.Separator
	}
	r := -1
	value := func(column string) string {
		var parts []string
		for _, a := range options[column] {
			if s := t.Attrs[a].Codes[t.Cols[a][r]]; s != "" {
				parts = append(parts, s)
			}
		}
		return strings.Join(parts, separator[column])
	}
	return func() ([]string, bool) {
		if r++; r >= t.Rows {
			return nil, false
		}
		return p.row(value), true
	}
}
