package dp

import "testing"

func BenchmarkGaussian(b *testing.B) {
	s := NewSource()
	v, _ := VarianceFor(1, RhoUnit/1000)
	for b.Loop() {
		if _, err := s.Gaussian(v); err != nil {
			b.Fatal(err)
		}
	}
}
