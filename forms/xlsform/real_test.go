package xlsform

import (
	"os"
	"strings"
	"testing"
)

// TestRealForms compiles two forms that are in use, and compares with pyxform.
func TestRealForms(t *testing.T) {
	for _, name := range []string{"htcds", "msna2024"} {
		t.Run(name, func(t *testing.T) {
			data, err := os.ReadFile("testdata/" + name + ".xlsx")
			if err != nil {
				t.Fatal(err)
			}
			want, err := os.ReadFile("testdata/" + name + ".pyxform.xml")
			if err != nil {
				t.Fatal(err)
			}
			wb, err := Read(data, name+".xlsx")
			if err != nil {
				t.Fatal(err)
			}
			form, found := Compile(wb, Options{})
			if form == nil {
				t.Fatal(found)
			}
			for _, d := range found {
				t.Log(d)
			}
			var b strings.Builder
			if err := form.WriteXForm(&b); err != nil {
				t.Fatal(err)
			}
			got, err := canonical(b.String())
			if err != nil {
				t.Fatal(err)
			}
			expected, err := canonical(string(want))
			if err != nil {
				t.Fatal(err)
			}
			if got != expected {
				t.Error(firstDifference(got, expected))
			}
			if b.String() != string(want) {
				t.Log("equal as XML, though not byte for byte")
			}
		})
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
