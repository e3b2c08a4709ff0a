package xform_test

import (
	"os"
	"testing"

	"aman/forms/xform"
)

// BenchmarkValidate250 reads and judges one submission of 250 answers.
func BenchmarkValidate250(b *testing.B) {
	m := load(b, q250)
	body, err := os.ReadFile("testdata/sub250.xml")
	if err != nil {
		b.Fatal(err)
	}
	b.ReportAllocs()
	for b.Loop() {
		if r := m.Validate(body); !r.Fits() {
			b.Fatal(codes(r.Failures))
		}
	}
}

// BenchmarkValidateMSNA judges one submission of the largest form, with six people.
func BenchmarkValidateMSNA(b *testing.B) {
	m := load(b, msna)
	f := m.Start(xform.Conditions{})
	for path, value := range map[string]string{"/data/introduction/consent": "yes", "/data/consented/demographics/hh_size": "6"} {
		if err := f.Set(path, value); err != nil {
			b.Fatal(err)
		}
	}
	body := f.XML()
	b.ReportAllocs()
	for b.Loop() {
		m.Validate(body)
	}
}

// BenchmarkCompileMSNA compiles the largest form.
func BenchmarkCompileMSNA(b *testing.B) {
	body, err := os.ReadFile(msna)
	if err != nil {
		b.Fatal(err)
	}
	b.ReportAllocs()
	for b.Loop() {
		if _, err := xform.Compile(body, xform.Options{}); err != nil {
			b.Fatal(err)
		}
	}
}
