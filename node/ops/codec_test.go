package ops

import (
	"bufio"
	"bytes"
	"context"
	"testing"

	"pgregory.net/rapid"

	"aman/platform/store"
)

var everyType = store.Table{Name: "t", Key: []string{"a"}, Columns: []store.Column{{Name: "a", Type: "TEXT"}, {Name: "b", Type: "BIGINT"}, {Name: "c", Type: "DOUBLE PRECISION"}, {Name: "d", Type: "BOOLEAN"}, {Name: "e", Type: "BLOB"}}}

// What is encoded is what is decoded, NULL apart from empty.
func TestRowsSurvive(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		values, _, err := cells(everyType)
		if err != nil {
			t.Fatal(err)
		}
		want := make([]any, 5)
		if rapid.Bool().Draw(t, "text") {
			values[0].text.String, values[0].text.Valid = rapid.String().Draw(t, "a"), true
			want[0] = values[0].text.String
		}
		if rapid.Bool().Draw(t, "int") {
			values[1].num.Int64, values[1].num.Valid = rapid.Int64().Draw(t, "b"), true
			want[1] = values[1].num.Int64
		}
		if rapid.Bool().Draw(t, "float") {
			values[2].float.Float64, values[2].float.Valid = rapid.Float64().Draw(t, "c"), true
			want[2] = values[2].float.Float64
		}
		if rapid.Bool().Draw(t, "bool") {
			values[3].bool.Bool, values[3].bool.Valid = rapid.Bool().Draw(t, "d"), true
			want[3] = values[3].bool.Bool
		}
		if rapid.Bool().Draw(t, "blob") {
			values[4].bytes = rapid.SliceOfN(rapid.Byte(), 0, 50).Draw(t, "e")
			if values[4].bytes == nil {
				values[4].bytes = []byte{}
			}
			want[4] = values[4].bytes
		}
		var row []byte
		for _, v := range values {
			row = v.encode(row)
		}
		got, err := decodeRow(everyType, row)
		if err != nil {
			t.Fatal(err)
		}
		for i := range want {
			b, isBytes := want[i].([]byte)
			if isBytes && !bytes.Equal(b, got[i].([]byte)) || !isBytes && want[i] != got[i] {
				t.Fatalf("column %d: %v became %v", i, want[i], got[i])
			}
		}
	})
}

func FuzzParse(f *testing.F) {
	var b bytes.Buffer
	_ = writeJSON(&b, recBegin, Begin{Format: format})
	_ = writeJSON(&b, recTable, head{"t", everyType.Columns, everyType.Key})
	c := newCounter()
	row := []byte{1, 1, 'x', 0, 0, 6, 0}
	c.add(row)
	_ = writeRecord(&b, recRow, row)
	_ = writeJSON(&b, recEnd, c.count("t"))
	_ = writeJSON(&b, recLast, []Count{c.count("t")})
	f.Add(b.Bytes())
	f.Fuzz(func(t *testing.T, data []byte) {
		var rows int64
		m, err := parse(context.Background(), bufio.NewReader(bytes.NewReader(data)), func(tb store.Table) (func([]byte) error, error) {
			return func(row []byte) error { rows++; _, _ = decodeRow(tb, row); return nil }, nil
		})
		if err == nil && m.Rows != rows {
			t.Fatalf("the manifest says %d rows and there were %d", m.Rows, rows)
		}
	})
}
