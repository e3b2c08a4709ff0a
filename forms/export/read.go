package export

import (
	"bytes"
	"crypto/sha1" // #nosec: the ids of OData rows are SHA-1 in Central; nothing is kept safe by them
	"encoding/hex"
	"sort"
	"strconv"
	"time"
)

// Meta is what is known of a submission beside its answers.
type Meta struct {
	Instance                                string // KEY
	At, Updated, Deleted                    time.Time
	SubmitterID, SubmitterName, DeviceID    string
	AttachmentsPresent, AttachmentsExpected int
	Edits                                   int
	Status                                  string // why there are no answers; "" when there are
	ReviewState, FormVersion                string
}

// Record is one submission as rows. It is the reader's: the next Read changes it.
type Record struct {
	Meta   Meta
	Tables [][]Row // by Table.N; Tables[0] has one row

	layout *Layout
}

// Row is one row of a table.
type Row struct {
	// Cells are the answers by Field.N, decoded and trimmed; nil where the question is not
	// in the submission. They point into the submission.
	Cells  [][]byte
	Parent int // row in the parent table
	Round  int // which of its parent's rounds, from 1
}

// Reader reads submissions one after another. Each goroutine needs its own.
type Reader struct {
	layout *Layout
	rec    Record
	stack  []frame
}

// frame is an open element.
type frame struct {
	node  *node
	table *Table
	row   int
	hint  int // the child that probably comes next
	round map[*node]int
}

// Reader makes a reader.
func (l *Layout) Reader() *Reader {
	return &Reader{layout: l, rec: Record{Tables: make([][]Row, len(l.Tables)), layout: l}}
}

// Read reads one submission; body nil gives a row of what Meta says. What the layout does
// not know is passed over.
func (r *Reader) Read(m Meta, body []byte) (*Record, error) {
	r.rec.Meta = m
	for i := range r.rec.Tables {
		r.rec.Tables[i] = r.rec.Tables[i][:0]
	}
	r.row(r.layout.Tables[0], 0, 1)
	if body == nil {
		return &r.rec, nil
	}
	s := scanner{data: body}
	var t tag
	for { // the root element, whatever it is called
		_, ok, err := s.next(&t)
		if err != nil {
			return nil, err
		}
		if !ok || t.end {
			return nil, errXML
		}
		break
	}
	if t.empty {
		return &r.rec, nil
	}
	r.stack = append(r.stack[:0], frame{node: r.layout.root, table: r.layout.Tables[0]})
	return &r.rec, r.walk(&s)
}

func (r *Reader) walk(s *scanner) error {
	var t tag
	for len(r.stack) > 0 {
		top := &r.stack[len(r.stack)-1]
		if len(top.node.kids) > 0 {
			r.quick(s, top)
		}
		_, ok, err := s.next(&t)
		if err != nil {
			return err
		}
		if !ok {
			return errXML
		}
		if t.end {
			r.stack = r.stack[:len(r.stack)-1]
			continue
		}
		k := top.expect(t.name)
		switch {
		case k == nil:
			if !t.empty {
				if err := skip(s); err != nil {
					return err
				}
			}
		case t.empty && k.table == nil:
			if k.field != nil {
				put(r.cells(top), k.field, none)
			}
		case k.table != nil:
			row := r.row(k.table, top.row, top.count(k))
			if !t.empty {
				r.stack = append(r.stack, frame{node: k, table: k.table, row: row})
			}
		case len(k.kids) == 0:
			if err := r.leaf(s, r.cells(top), k.field); err != nil {
				return err
			}
		default:
			if k.field != nil && r.answer(s, r.cells(top), k.field) {
				continue // a question in one version, a group in another
			}
			r.stack = append(r.stack, frame{node: k, table: top.table, row: top.row})
		}
	}
	return nil
}

// quick reads answers while they come as programs write them: <name>plain text</name> in the
// order of the form. It leaves everything else where it stands, to be read with care.
func (r *Reader) quick(s *scanner, top *frame) {
	kids, data, pos := top.node.kids, s.data, s.pos
	cells := r.cells(top)
	for top.hint < len(kids) {
		k := kids[top.hint]
		for pos < len(data) && data[pos] <= ' ' {
			pos++
		}
		n := len(k.name)
		from := pos + n + 2
		if from >= len(data) || data[pos] != '<' || data[from-1] != '>' || len(k.kids) > 0 || k.table != nil || string(data[pos+1:from-1]) != k.name {
			break
		}
		to := plainEnd(data, from)
		end := to + n + 3
		if to < 0 || end > len(data) || data[to+1] != '/' || data[end-1] != '>' || string(data[to+2:end-1]) != k.name {
			break
		}
		put(cells, k.field, trim(data[from:to:to]))
		top.hint++
		pos = end
	}
	s.pos = pos
}

// plainEnd finds the < that ends a text without entities; -1 when there is anything else.
func plainEnd(data []byte, from int) int {
	i := from
	for ; i < len(data) && i < from+24; i++ {
		switch data[i] {
		case '<':
			return i
		case '&', '\r':
			return -1
		}
	}
	k := bytes.IndexByte(data[i:], '<')
	if k < 0 || bytes.IndexByte(data[i:i+k], '&') >= 0 || bytes.IndexByte(data[i:i+k], '\r') >= 0 {
		return -1
	}
	return i + k
}

var none = []byte{}

func (r *Reader) cells(f *frame) [][]byte { return r.rec.Tables[f.table.N][f.row].Cells }

// put keeps the first answer of a question.
func put(cells [][]byte, f *Field, v []byte) {
	if len(cells[f.N]) == 0 {
		cells[f.N] = v
	}
}

// expect finds the child of that name: most submissions have the order of their form.
func (f *frame) expect(name []byte) *node {
	kids := f.node.kids
	if f.hint < len(kids) && kids[f.hint].name == string(name) {
		f.hint++
		return kids[f.hint-1]
	}
	k := f.node.byName[string(name)]
	if k != nil {
		for i := range kids {
			if kids[i] == k {
				f.hint = i + 1
				break
			}
		}
	}
	return k
}

func (f *frame) count(k *node) int {
	if f.round == nil {
		f.round = map[*node]int{}
	}
	f.round[k]++
	return f.round[k]
}

// leaf reads the answer of a question up to its end tag.
func (r *Reader) leaf(s *scanner, cells [][]byte, f *Field) error {
	var t tag
	before, ok, err := s.next(&t)
	if err != nil {
		return err
	}
	if !ok {
		return errXML
	}
	if t.end {
		put(cells, f, text(before))
		return nil
	}
	// Elements where the form has an answer: nothing that could be shown in its column.
	if !t.empty {
		if err := skip(s); err != nil {
			return err
		}
	}
	return skip(s)
}

// answer reads the answer of a question if there are no elements in it.
func (r *Reader) answer(s *scanner, cells [][]byte, f *Field) bool {
	var t tag
	from := s.pos
	before, ok, err := s.next(&t)
	if err != nil || !ok || !t.end {
		s.pos = from
		return false
	}
	put(cells, f, text(before))
	return true
}

// skip goes past the end of the element that is open.
func skip(s *scanner) error {
	var t tag
	for depth := 1; depth > 0; {
		_, ok, err := s.next(&t)
		if err != nil {
			return err
		}
		if !ok {
			return errXML
		}
		switch {
		case t.end:
			depth--
		case !t.empty:
			depth++
		}
	}
	return nil
}

// row adds an empty row to a table and gives its place.
func (r *Reader) row(t *Table, parent, round int) int {
	rows := r.rec.Tables[t.N]
	n := len(rows)
	if n < cap(rows) {
		rows = rows[:n+1]
	} else {
		rows = append(rows, Row{})
	}
	row := &rows[n]
	if row.Cells == nil {
		row.Cells = make([][]byte, len(t.Fields))
	} else {
		clear(row.Cells)
	}
	row.Parent, row.Round = parent, round
	r.rec.Tables[t.N] = rows
	return n
}

// Key names a row as Central's CSV does: the instance id, for a repeat followed by its
// rounds: uuid:…/household/member[2].
func (r *Record) Key(t *Table, row int) string { return string(r.appendKey(nil, t, row)) }

// ParentKey names the row that a row of a repeat belongs to.
func (r *Record) ParentKey(t *Table, row int) string { return string(r.appendParentKey(nil, t, row)) }

func (r *Record) appendParentKey(dst []byte, t *Table, row int) []byte {
	if t.Parent == nil {
		return dst
	}
	return r.appendKey(dst, t.Parent, r.Tables[t.N][row].Parent)
}

func (r *Record) appendKey(dst []byte, t *Table, row int) []byte {
	if t.Parent == nil {
		return append(dst, r.Meta.Instance...)
	}
	at := r.Tables[t.N][row]
	dst = r.appendKey(dst, t.Parent, at.Parent)
	for _, s := range t.steps {
		dst = append(append(dst, '/'), s...)
	}
	dst = append(dst, '[')
	dst = strconv.AppendInt(dst, int64(at.Round), 10)
	return append(dst, ']')
}

// ID is the __id of a row in OData: the instance id, for a repeat the SHA-1 of where it
// is, as Central makes it.
func (r *Record) ID(t *Table, row int) string {
	if t.Parent == nil {
		return r.Meta.Instance
	}
	sum := sha1.Sum(r.appendPlace(nil, t, row))
	return hex.EncodeToString(sum[:])
}

// ParentID is the ID of the row that a row of a repeat belongs to.
func (r *Record) ParentID(t *Table, row int) string {
	if t.Parent == nil {
		return ""
	}
	return r.ID(t.Parent, r.Tables[t.N][row].Parent)
}

func (r *Record) appendPlace(dst []byte, t *Table, row int) []byte {
	if t.Parent == nil {
		return append(append(dst, "Submissions#"...), r.Meta.Instance...)
	}
	at := r.Tables[t.N][row]
	dst = r.appendPlace(dst, t.Parent, at.Parent)
	for _, s := range t.steps {
		dst = append(append(append(dst, "%%"...), s...), '#')
	}
	return strconv.AppendInt(dst, int64(at.Round-1), 10)
}

// Rows gives the rounds of a repeat that belong to one row of its parent: from, to.
func (r *Record) Rows(t *Table, parent int) (from, to int) {
	rows := r.Tables[t.N]
	from = sort.Search(len(rows), func(i int) bool { return rows[i].Parent >= parent })
	to = from + sort.Search(len(rows)-from, func(i int) bool { return rows[from+i].Parent > parent })
	return from, to
}
