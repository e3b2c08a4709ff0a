package export

import (
	"bytes"
	"strconv"
	"time"

	"aman/forms/xform"
)

// sheet is a table with its columns, ready to take rows.
type sheet struct {
	layout  *Layout
	table   *Table
	options Options
	columns []Column
	labels  []map[string]string // by column: code -> words; nil where codes are shown
}

func (l *Layout) sheet(t *Table, o Options) *sheet {
	s := &sheet{layout: l, table: t, options: o, columns: l.Columns(t, o)}
	s.labels = make([]map[string]string, len(s.columns))
	for i, c := range s.columns {
		if !o.Labels || c.Field == nil || len(c.Field.Options) == 0 || c.Choice != "" {
			continue
		}
		m := map[string]string{}
		for _, opt := range c.Field.Options {
			if text := xform.Text(opt.Label, o.Language); text != "" {
				m[opt.Value] = text
			}
		}
		s.labels[i] = m
	}
	return s
}

// value gives the value of a column in a row. What it returns is valid until scratch is
// used again.
func (s *sheet) value(i int, rec *Record, row int, scratch []byte) (v, used []byte) {
	c := &s.columns[i]
	if c.Field == nil {
		scratch = rec.appendMeta(scratch[:0], s.table, row, c.Meta)
		return scratch, scratch
	}
	v = rec.Tables[s.table.N][row].Cells[c.Field.N]
	switch {
	case len(v) == 0:
		return nil, scratch
	case c.Part >= 0:
		return part(v, c.Part), scratch
	case c.Choice != "":
		return chosen(v, c.Choice), scratch
	case s.labels[i] != nil:
		scratch = appendLabels(scratch[:0], v, s.labels[i], c.Field.Many)
		return scratch, scratch
	}
	return v, scratch
}

// Values gives the values of a row for columns that Columns chose, as texts.
func (l *Layout) Values(t *Table, o Options) func(rec *Record, row int) []string {
	s := l.sheet(t, o)
	return func(rec *Record, row int) []string {
		out := make([]string, len(s.columns))
		var scratch, v []byte
		for i := range s.columns {
			v, scratch = s.value(i, rec, row, scratch)
			out[i] = string(v)
		}
		return out
	}
}

const moment = "2006-01-02T15:04:05.000Z"

func (r *Record) appendMeta(dst []byte, t *Table, row int, name string) []byte {
	m := &r.Meta
	number := func(n int) []byte { return strconv.AppendInt(dst, int64(n), 10) }
	at := func(v time.Time) []byte {
		if v.IsZero() {
			return dst
		}
		return v.UTC().AppendFormat(dst, moment)
	}
	switch name {
	case "SubmissionDate":
		return at(m.At)
	case "KEY":
		return r.appendKey(dst, t, row)
	case "PARENT_KEY":
		return r.appendParentKey(dst, t, row)
	case "SubmitterID":
		return append(dst, m.SubmitterID...)
	case "SubmitterName":
		return append(dst, m.SubmitterName...)
	case "AttachmentsPresent":
		return number(m.AttachmentsPresent)
	case "AttachmentsExpected":
		return number(m.AttachmentsExpected)
	case "Status":
		return append(dst, m.Status...)
	case "ReviewState":
		return append(dst, m.ReviewState...)
	case "DeviceID":
		return append(dst, m.DeviceID...)
	case "Edits":
		return number(m.Edits)
	case "FormVersion":
		return append(dst, m.FormVersion...)
	}
	return dst
}

// part is one number of a point “latitude longitude altitude accuracy”.
func part(v []byte, n int) []byte {
	for {
		v = bytes.TrimLeft(v, " \t\n\r")
		end := bytes.IndexAny(v, " \t\n\r")
		if end < 0 {
			end = len(v)
		}
		if n == 0 {
			return v[:end]
		}
		v = v[end:]
		n--
	}
}

var yes, no = []byte("1"), []byte("0")

// chosen says whether a choice is among those of an answer.
func chosen(v []byte, choice string) []byte {
	for code := range bytes.FieldsSeq(v) {
		if string(code) == choice {
			return yes
		}
	}
	return no
}

// appendLabels writes an answer in the words of its choices; a code without words stays.
func appendLabels(dst, v []byte, labels map[string]string, many bool) []byte {
	one := func(code []byte) {
		if text, ok := labels[string(code)]; ok {
			dst = append(dst, text...)
		} else {
			dst = append(dst, code...)
		}
	}
	if !many {
		one(v)
		return dst
	}
	first := true
	for code := range bytes.FieldsSeq(v) {
		if !first {
			dst = append(dst, "; "...)
		}
		first = false
		one(code)
	}
	return dst
}
