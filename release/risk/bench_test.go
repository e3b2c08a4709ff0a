package risk

import (
	"context"
	"fmt"
	"math/rand/v2"
	"testing"
)

// file makes invented records over columns of 2 to 12 values, the first ones the most frequent.
func file(records, columns int) (Table, []int) {
	rng := rand.New(rand.NewPCG(1, 2))
	t := Table{Records: records}
	var keys []int
	for i := range columns {
		n := 2 + i*7%11
		c := Column{Name: fmt.Sprint("c", i), Values: []string{""}, Codes: make([]uint32, records)}
		for v := range n {
			c.Values = append(c.Values, fmt.Sprint("v", v))
		}
		for r := range c.Codes {
			u := rng.Float64()
			c.Codes[r] = uint32(u * u * u * float64(n+1))
		}
		t.Columns, keys = append(t.Columns, c), append(keys, i)
	}
	return t, keys
}

func BenchmarkMeasure1M(b *testing.B) {
	t, keys := file(1_000_000, 20)
	for b.Loop() {
		if _, err := Measure(t, keys, Options{}); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkSUDA(b *testing.B) {
	for _, size := range []struct{ records, columns, most int }{{20_000, 16, 4}, {200_000, 27, 3}, {1_000_000, 20, 3}} {
		t, keys := file(size.records, size.columns)
		b.Run(fmt.Sprintf("%dx%d/%d", size.records, size.columns, size.most), func(b *testing.B) {
			for b.Loop() {
				if _, err := SUDA(context.Background(), t, keys, size.most); err != nil {
					b.Fatal(err)
				}
			}
		})
		b.Run(fmt.Sprintf("rare/%dx%d/%d", size.records, size.columns, size.most), func(b *testing.B) {
			for b.Loop() {
				if _, err := Rare(context.Background(), t, keys, size.most, 11); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
