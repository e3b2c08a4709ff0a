package ops

import (
	"bufio"
	"crypto/sha256"
	"database/sql"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"fmt"
	"hash"
	"io"
	"math"

	"aman/platform/store"
)

// Inside its seal and its compression, a backup is a series of records:
//
//	1 byte  kind: B begin (JSON), T a table (JSON), R a row, E end of the table (JSON), Z end (JSON)
//	n       length as a varint
//	n bytes content
//
// A row is its values one after the other, each a byte and what it needs: 0 nothing (NULL),
// 1 text and 2 bytes (length as a varint, then the bytes), 3 whole number (8 bytes, big
// endian), 4 floating point (8 bytes, IEEE 754), 5 false, 6 true. The same row has the same
// bytes on both engines, so that hashes compare.
const (
	recBegin = 'B'
	recTable = 'T'
	recRow   = 'R'
	recEnd   = 'E'
	recLast  = 'Z'
)

const (
	tagNull = iota
	tagText
	tagBytes
	tagInt
	tagFloat
	tagFalse
	tagTrue
)

// recordMost bounds one record: attachments are kept in chunks far below this.
const recordMost = 256 << 20

func writeRecord(w io.Writer, kind byte, content []byte) error {
	head := binary.AppendUvarint([]byte{kind}, uint64(len(content)))
	if _, err := w.Write(head); err != nil {
		return err
	}
	_, err := w.Write(content)
	return err
}

var errRecord = errors.New("the content of the backup is not what Aman writes")

// readRecord reads the next record into buf, which it may replace.
func readRecord(r *bufio.Reader, buf []byte) (kind byte, content []byte, err error) {
	if kind, err = r.ReadByte(); err != nil {
		return 0, nil, err
	}
	n, err := binary.ReadUvarint(r)
	if err != nil || n > recordMost {
		return 0, nil, errors.Join(errRecord, err)
	}
	// What is not there is not made room for: grow as it comes.
	content = buf[:0]
	for uint64(len(content)) < n {
		step := int(min(n-uint64(len(content)), 1<<20))
		at := len(content)
		content = append(content, make([]byte, step)...)
		if _, err := io.ReadFull(r, content[at:]); err != nil {
			return 0, nil, errors.Join(errRecord, err)
		}
	}
	return kind, content, nil
}

// cell is a value of a column, as it is scanned.
type cell struct {
	typ   string
	text  sql.NullString
	num   sql.NullInt64
	float sql.NullFloat64
	bool  sql.NullBool
	bytes []byte
}

func cells(t store.Table) (row []*cell, dest []any, err error) {
	for _, c := range t.Columns {
		x := &cell{typ: c.Type}
		row = append(row, x)
		switch c.Type {
		case "TEXT":
			dest = append(dest, &x.text)
		case "BIGINT":
			dest = append(dest, &x.num)
		case "DOUBLE PRECISION":
			dest = append(dest, &x.float)
		case "BOOLEAN":
			dest = append(dest, &x.bool)
		case "BLOB":
			dest = append(dest, &x.bytes)
		default:
			return nil, nil, fmt.Errorf("the column %s of %s has the unknown type %s", c.Name, t.Name, c.Type)
		}
	}
	return row, dest, nil
}

// encode appends the value to b.
func (c *cell) encode(b []byte) []byte {
	sized := func(tag byte, n int) []byte { return binary.AppendUvarint(append(b, tag), uint64(n)) }
	switch {
	case c.text.Valid:
		return append(sized(tagText, len(c.text.String)), c.text.String...)
	case c.num.Valid:
		return binary.BigEndian.AppendUint64(append(b, tagInt), uint64(c.num.Int64))
	case c.float.Valid:
		return binary.BigEndian.AppendUint64(append(b, tagFloat), math.Float64bits(c.float.Float64))
	case c.bool.Valid && c.bool.Bool:
		return append(b, tagTrue)
	case c.bool.Valid:
		return append(b, tagFalse)
	case c.typ == "BLOB" && c.bytes != nil:
		return append(sized(tagBytes, len(c.bytes)), c.bytes...)
	}
	return append(b, tagNull)
}

// tagsOf says which tag the values of a type have.
var tagsOf = map[string]string{
	"TEXT": "\x01", "BLOB": "\x02", "BIGINT": "\x03", "DOUBLE PRECISION": "\x04", "BOOLEAN": "\x05\x06",
}

// decodeRow gives the values of a row for an INSERT; each must be of its column's type.
func decodeRow(t store.Table, b []byte) ([]any, error) {
	out := make([]any, 0, len(t.Columns))
	for _, c := range t.Columns {
		if len(b) == 0 {
			return nil, errRecord
		}
		tag := b[0]
		b = b[1:]
		if tag != tagNull && !containsByte(tagsOf[c.Type], tag) {
			return nil, errRecord
		}
		var v any
		switch tag {
		case tagText, tagBytes:
			n, k := binary.Uvarint(b)
			if k <= 0 || n > uint64(len(b)-k) {
				return nil, errRecord
			}
			part := b[k : k+int(n)]
			b = b[k+int(n):]
			if v = append([]byte{}, part...); tag == tagText {
				v = string(part)
			}
		case tagInt, tagFloat:
			if len(b) < 8 {
				return nil, errRecord
			}
			bits := binary.BigEndian.Uint64(b)
			if v = int64(bits); tag == tagFloat {
				v = math.Float64frombits(bits)
			}
			b = b[8:]
		case tagFalse, tagTrue:
			v = tag == tagTrue
		}
		out = append(out, v)
	}
	if len(b) != 0 {
		return nil, errRecord
	}
	return out, nil
}

func containsByte(s string, b byte) bool {
	for i := range len(s) {
		if s[i] == b {
			return true
		}
	}
	return false
}

// counter counts the rows of a table and hashes them in order.
type counter struct {
	rows int64
	sum  hash.Hash
}

func newCounter() *counter { return &counter{sum: sha256.New()} }

func (c *counter) add(row []byte) {
	var head [binary.MaxVarintLen64]byte
	c.rows++
	c.sum.Write(head[:binary.PutUvarint(head[:], uint64(len(row)))])
	c.sum.Write(row)
}

func (c *counter) count(table string) Count {
	return Count{Table: table, Rows: c.rows, Hash: hex.EncodeToString(c.sum.Sum(nil))}
}
