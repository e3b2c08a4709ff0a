package evaluate

import (
	"fmt"
	"strings"

	"aman/release/synth"
)

// Key names a combination by attribute and code numbers, in any order of attributes.
func Key(attrs, codes []int) string {
	order := make([]string, len(attrs))
	for i := range attrs {
		order[i] = fmt.Sprintf("%05d=%05d", attrs[i], codes[i])
	}
	for i := range order { // at most four: insertion sort
		for j := i; j > 0 && order[j] < order[j-1]; j-- {
			order[j], order[j-1] = order[j-1], order[j]
		}
	}
	return strings.Join(order, ",")
}

// Lookup makes a Release of counts by Key.
func Lookup(t *synth.Table, counts map[string]float64) Release {
	by := map[string]map[int]float64{} // attributes -> cell -> count
	for k, v := range counts {
		set, cell := "", 0
		for part := range strings.SplitSeq(k, ",") {
			var a, c int
			if _, err := fmt.Sscanf(part, "%d=%d", &a, &c); err != nil {
				continue
			}
			set += fmt.Sprint(a, ",")
			cell = cell*t.Attrs[a].Size() + c
		}
		if by[set] == nil {
			by[set] = map[int]float64{}
		}
		by[set][cell] = v
	}
	return func(attrs []int) []float64 {
		n, set := 1, ""
		for _, a := range attrs {
			n *= t.Attrs[a].Size()
			set += fmt.Sprint(a, ",")
		}
		out := make([]float64, n)
		for cell, v := range by[set] {
			out[cell] = v
		}
		return out
	}
}
