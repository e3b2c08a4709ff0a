package xlsform

import (
	"os"
	"strings"
	"testing"

	"aman/forms/xlsform/canonxml"
)

// TestRealForms compiles two forms that are in use, and one with every kind of
// cell in both formats of Excel, and compares with pyxform.
func TestRealForms(t *testing.T) {
	for _, c := range []struct{ file, want string }{
		{"htcds.xlsx", "htcds"}, {"msna2024.xlsx", "msna2024"}, {"cells.xlsx", "cells"}, {"cells.xls", "cells"},
	} {
		t.Run(c.file, func(t *testing.T) {
			got := compileFile(t, c.file)
			want, err := os.ReadFile("testdata/" + c.want + ".pyxform.xml")
			if err != nil {
				t.Fatal(err)
			}
			compareXML(t, got, string(want))
		})
	}
}

func compileFile(t *testing.T, file string) string {
	t.Helper()
	data, err := os.ReadFile("testdata/" + file)
	if err != nil {
		t.Fatal(err)
	}
	wb, err := Read(data, file)
	if err != nil {
		t.Fatal(err)
	}
	form, found := Compile(wb, Options{})
	if form == nil {
		t.Fatal(found)
	}
	var b strings.Builder
	if err := form.WriteXForm(&b); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

func compareXML(t *testing.T, got, want string) {
	t.Helper()
	a, err := canonxml.Canonical(got)
	if err != nil {
		t.Fatal(err)
	}
	b, err := canonxml.Canonical(want)
	if err != nil {
		t.Fatal(err)
	}
	if a != b {
		t.Error(canonxml.Difference(a, b))
	}
}

func BenchmarkConvert(b *testing.B) {
	for _, name := range []string{"htcds", "msna2024"} {
		data, err := os.ReadFile("testdata/" + name + ".xlsx")
		if err != nil {
			b.Fatal(err)
		}
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			for range b.N {
				wb, err := Read(data, name+".xlsx")
				if err != nil {
					b.Fatal(err)
				}
				form, _ := Compile(wb, Options{})
				var s strings.Builder
				if err := form.WriteXForm(&s); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
