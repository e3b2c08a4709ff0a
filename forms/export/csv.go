package export

import (
	"bytes"
	"io"
)

// CSV writes one table as RFC 4180 has it, but with \n at the end of a line, as Central
// does. It gives the number of rows below the head.
func (l *Layout) CSV(w io.Writer, t *Table, o Options, src Source) (rows int, err error) {
	s := l.sheet(t, o)
	if _, err := w.Write(s.csvHead()); err != nil {
		return 0, err
	}
	err = l.run(w, o.Workers, src, s.csvRows, func(b *batch) error {
		rows += len(b.rows)
		_, err := w.Write(b.out)
		return err
	})
	return rows, err
}

func (s *sheet) csvHead() []byte {
	var out []byte
	if s.options.BOM {
		out = append(out, "\ufeff"...)
	}
	for i, c := range s.columns {
		if i > 0 {
			out = append(out, ',')
		}
		out = appendCell(out, []byte(c.Header), s.options.Raw)
	}
	return append(out, '\n')
}

// csvRows gives a format for one goroutine.
func (s *sheet) csvRows() format {
	var scratch, v []byte
	return func(rec *Record, b *batch) {
		for row := range rec.Tables[s.table.N] {
			for i := range s.columns {
				if i > 0 {
					b.out = append(b.out, ',')
				}
				v, scratch = s.value(i, rec, row, scratch)
				b.out = appendCell(b.out, v, s.options.Raw)
			}
			b.out = append(b.out, '\n')
			b.rows = append(b.rows, len(b.out))
		}
	}
}

// special are the bytes for which a cell stands in quotes.
var special = [256]bool{',': true, '"': true, '\n': true, '\r': true}

func appendCell(dst, v []byte, raw bool) []byte {
	if len(v) == 0 {
		return dst
	}
	mark := !raw && unsafe(v)
	quote := false
	for _, c := range v {
		if special[c] {
			quote = true
			break
		}
	}
	if !quote && v[0] != ' ' && v[len(v)-1] != ' ' {
		if mark {
			dst = append(dst, '\'')
		}
		return append(dst, v...)
	}
	dst = append(dst, '"')
	if mark {
		dst = append(dst, '\'')
	}
	for {
		i := bytes.IndexByte(v, '"')
		if i < 0 {
			break
		}
		dst = append(append(dst, v[:i+1]...), '"')
		v = v[i+1:]
	}
	return append(append(dst, v...), '"')
}
