package kanon

import (
	"context"
	"fmt"
	"testing"
)

var shapes = []struct {
	people int
	dims   []int
}{
	{2000, []int{8, 3, 9, 5}}, {2000, []int{8, 3, 9, 20}}, {20000, []int{8, 3, 9, 20}}, {200000, []int{8, 3, 9, 20}},
	{50000, []int{6, 4, 5, 5, 4, 3}}, {100000, []int{12, 3, 9, 20, 10}},
}

func BenchmarkProtect(b *testing.B) {
	for _, s := range shapes {
		c := crowd(s.people, s.dims...)
		b.Run(fmt.Sprint(s.people, s.dims), func(b *testing.B) {
			var lost Loss
			for b.Loop() {
				p, err := Protect(context.Background(), c, Rules{MinCell: 11})
				if err != nil {
					b.Fatal(err)
				}
				lost = p.Lost(c)
			}
			b.ReportMetric(float64(lost.Primary), "small")
			b.ReportMetric(float64(lost.Complementary), "complementary")
			b.ReportMetric(lost.ShareShown, "shown")
		})
	}
}

func BenchmarkAudit(b *testing.B) {
	for _, s := range shapes[:4] {
		p, err := Protect(context.Background(), crowd(s.people, s.dims...), Rules{MinCell: 11})
		if err != nil {
			b.Fatal(err)
		}
		b.Run(fmt.Sprint(s.people, s.dims), func(b *testing.B) {
			for b.Loop() {
				if found, err := Audit(context.Background(), p); err != nil || len(found) > 0 {
					b.Fatal(found, err)
				}
			}
		})
	}
}
