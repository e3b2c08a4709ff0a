package export

import (
	"bytes"
	"io"
	"os"
	"testing"
)

func soak(b testing.TB) (*Layout, []byte) {
	b.Helper()
	form, err := os.ReadFile("testdata/250q-form.xml")
	if err != nil {
		b.Fatal(err)
	}
	sub, err := os.ReadFile("testdata/sub250.xml")
	if err != nil {
		b.Fatal(err)
	}
	l, err := New(Version{XML: form})
	if err != nil {
		b.Fatal(err)
	}
	return l, bytes.ReplaceAll(sub, []byte("{{uuid}}"), []byte("6f1b2c1e-0000-4000-8000-000000000001"))
}

func BenchmarkRead(b *testing.B) {
	l, sub := soak(b)
	r := l.Reader()
	b.SetBytes(int64(len(sub)))
	for b.Loop() {
		if _, err := r.Read(Meta{}, sub); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkRow(b *testing.B) {
	l, sub := soak(b)
	s := l.sheet(l.Tables[0], Options{Identity: true})
	r, f := l.Reader(), s.csvRows()
	var out batch
	b.SetBytes(int64(len(sub)))
	for b.Loop() {
		rec, err := r.Read(Meta{}, sub)
		if err != nil {
			b.Fatal(err)
		}
		out.reset()
		f(rec, &out)
	}
}

func BenchmarkCSV22900(b *testing.B) {
	l, sub := soak(b)
	for b.Loop() {
		_, err := l.CSV(io.Discard, l.Tables[0], Options{Identity: true}, func(each func(Meta, []byte) error) error {
			for range 22900 {
				if err := each(Meta{Instance: "uuid:x"}, sub); err != nil {
					return err
				}
			}
			return nil
		})
		if err != nil {
			b.Fatal(err)
		}
	}
}
