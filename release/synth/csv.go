package synth

import (
	"bufio"
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
)

// ReadCSV codes a CSV stream with a header by the domain. Columns that the domain does not declare are skipped;
// a declared column that is missing is an error, and so is a row with the wrong number of cells. A
// value that is not declared becomes the column's Other, or not recorded: silently, for a message about it would
// tell of the record. name is the file's, for errors.
func (d *Domain) ReadCSV(name string, r io.Reader) (*Table, error) {
	rd, header, err := openCSV(name, r)
	if err != nil {
		return nil, err
	}
	t := d.NewTable(0)
	fills, err := d.fillers(name, header, t)
	if err != nil {
		return nil, err
	}
	for {
		rec, err := rd.Read()
		if err == io.EOF {
			return t, nil
		}
		if err != nil {
			return nil, csvError(name, err)
		}
		for _, f := range fills {
			f(rec)
		}
		t.Rows++
	}
}

func openCSV(name string, r io.Reader) (*csv.Reader, []string, error) {
	br := bufio.NewReaderSize(r, 1<<16)
	if b, _ := br.Peek(3); string(b) == "\ufeff" {
		_, _ = br.Discard(3)
	}
	rd := csv.NewReader(br)
	rd.ReuseRecord = true
	header, err := rd.Read()
	if err == io.EOF {
		return nil, nil, fmt.Errorf("%s: empty; the first row must name the columns", name)
	}
	if err != nil {
		return nil, nil, csvError(name, err)
	}
	header = slices.Clone(header)
	for i, h := range header {
		if slices.Contains(header[:i], h) {
			return nil, nil, fmt.Errorf("%s: row 1: the column name %q is there twice", name, h)
		}
	}
	return rd, header, nil
}

// csvError names file, row and column without quoting any cell.
func csvError(name string, err error) error {
	var p *csv.ParseError
	if errors.As(err, &p) {
		if errors.Is(p.Err, csv.ErrFieldCount) {
			return fmt.Errorf("%s: line %d: the number of cells differs from the header's", name, p.StartLine)
		}
		return fmt.Errorf("%s: line %d, character %d: %w", name, p.Line, p.Column, p.Err)
	}
	return fmt.Errorf("%s: %w", name, err)
}

// fillers gives a function a column that appends the codes of a record's cell.
func (d *Domain) fillers(name string, header []string, t *Table) ([]func([]string), error) {
	var out []func([]string)
	at := 0
	for _, c := range d.Columns {
		i := slices.Index(header, c.Name)
		if i < 0 {
			return nil, fmt.Errorf("%s: row 1: the column %q of the domain is missing", name, c.Name)
		}
		codes := map[string]uint16{"": 0}
		for k, code := range c.all() {
			codes[code] = uint16(k + 1)
		}
		other := codes[c.Other]
		first := at
		if c.Separator == "" {
			out = append(out, func(rec []string) {
				code, ok := codes[rec[i]]
				if !ok {
					code = other
				}
				t.Cols[first] = append(t.Cols[first], code)
			})
			at++
			continue
		}
		n, sep := len(c.all()), c.Separator
		out = append(out, func(rec []string) {
			for k := range n {
				t.Cols[first+k] = append(t.Cols[first+k], 0)
			}
			for v := range strings.SplitSeq(rec[i], sep) {
				code, ok := codes[strings.TrimSpace(v)]
				if !ok {
					code = other
				}
				if code > 0 {
					col := t.Cols[first+int(code)-1]
					col[len(col)-1] = 1
				}
			}
		})
		at += n
	}
	return out, nil
}

// WriteCSV writes the table under the domain's columns; the options of a multi-select column are joined by its separator.
func (d *Domain) WriteCSV(w io.Writer, t *Table) error {
	cw := csv.NewWriter(w)
	rec := make([]string, len(d.Columns))
	for i, c := range d.Columns {
		rec[i] = c.Name
	}
	if err := cw.Write(rec); err != nil {
		return fmt.Errorf("write rows: %w", err)
	}
	var chosen []string
	for r := range t.Rows {
		a := 0
		for i, c := range d.Columns {
			if c.Separator == "" {
				rec[i] = t.Attrs[a].Codes[t.Cols[a][r]]
				a++
				continue
			}
			chosen = chosen[:0]
			for range c.all() {
				if t.Cols[a][r] == 1 {
					chosen = append(chosen, t.Attrs[a].Codes[1])
				}
				a++
			}
			rec[i] = strings.Join(chosen, c.Separator)
		}
		if err := cw.Write(rec); err != nil {
			return fmt.Errorf("write rows: %w", err)
		}
	}
	cw.Flush()
	if err := cw.Error(); err != nil {
		return fmt.Errorf("write rows: %w", err)
	}
	return nil
}

// SuggestDomain drafts a domain from a CSV stream: every value that it finds becomes a code. multi maps columns to
// separators. The draft is NOT safe to use as it is, for it lists values that only one person may have: a
// person must compare it with the public code lists first.
func SuggestDomain(name string, r io.Reader, multi map[string]string) (*Domain, error) {
	rd, header, err := openCSV(name, r)
	if err != nil {
		return nil, err
	}
	for column := range multi {
		if !slices.Contains(header, column) {
			return nil, fmt.Errorf("%s: row 1: no column %q to split", name, column)
		}
	}
	seen := make([]map[string]bool, len(header))
	for i := range seen {
		seen[i] = map[string]bool{}
	}
	for {
		rec, err := rd.Read()
		if err == io.EOF {
			break
		}
		if err != nil {
			return nil, csvError(name, err)
		}
		for i, v := range rec {
			if sep := multi[header[i]]; sep != "" {
				for part := range strings.SplitSeq(v, sep) {
					note(seen[i], strings.TrimSpace(part))
				}
			} else {
				note(seen[i], v)
			}
			if len(seen[i]) > maxCodes {
				return nil, fmt.Errorf("%s: column %q has more than %d values; it is no list of codes", name, header[i], maxCodes)
			}
		}
	}
	var d Domain
	for i, h := range header {
		c := Column{Name: h, Separator: multi[h]}
		for v := range seen[i] {
			c.Codes = append(c.Codes, v)
		}
		slices.Sort(c.Codes)
		if len(c.Codes) == 0 { // an all-empty column still needs a code; the reader will mend it
			c.Codes = []string{"?"}
		}
		d.Columns = append(d.Columns, c)
	}
	return &d, d.Check()
}

// note records a value once, copied out of the reader's buffer.
func note(seen map[string]bool, v string) {
	if v != "" && !seen[v] {
		seen[strings.Clone(v)] = true
	}
}

// several tells, for each column that is not split, the separator of cells that look as if they held several codes: some values are
// made of others of the same column.
func (d *Domain) several() map[string]string {
	out := map[string]string{}
	for _, c := range d.Columns {
		if c.Separator != "" {
			continue
		}
		for _, sep := range []string{";", "|", ","} {
			joined, known := 0, 0
			for _, code := range c.Codes {
				parts := strings.Split(code, sep)
				if len(parts) < 2 {
					continue
				}
				joined++
				if slices.ContainsFunc(parts, func(p string) bool { return slices.Contains(c.Codes, strings.TrimSpace(p)) }) {
					known++
				}
			}
			if joined > 0 && 2*known > joined {
				out[c.Name] = sep
				break
			}
		}
	}
	return out
}
