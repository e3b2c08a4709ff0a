package synth

import (
	"context"
	"fmt"
	"math"

	"aman/release/dp"
)

// Predict says what a release would be like before anything is spent: it makes one of a stand-in, such as the rows of an
// earlier release or of a neighbouring programme, and gives the mean |error| of the aggregates by length, over the
// combinations that ten or more rows of the stand-in have. The stand-in must be public: Predict gives it no protection.
// Real records of the same number of people and columns will do about as well.
func Predict(ctx context.Context, d *Domain, standIn *Table, rho dp.Rho, opt Options) ([]float64, error) {
	ledger, err := dp.OpenLedger(ctx, dp.NewMemory(), rho)
	if err != nil {
		return nil, fmt.Errorf("predict: %w", err)
	}
	grant, err := ledger.Spend(ctx, "prediction on public rows", rho)
	if err != nil {
		return nil, fmt.Errorf("predict: %w", err)
	}
	r, err := Run(ctx, d, standIn, grant, opt)
	if err != nil {
		return nil, fmt.Errorf("predict: %w", err)
	}
	released := map[Aggregate]int32{}
	for _, a := range r.Aggregates {
		n := a.Count
		a.Count, a.Low, a.High, a.Supported = 0, 0, 0, false
		released[a] = n
	}
	size := sizes(standIn.Attrs)
	out := make([]float64, r.Options.Length)
	for length := 1; length <= min(r.Options.Length, len(size)); length++ {
		n := 0
		for _, set := range subsets(len(size), length, length) {
			if cells(size, set, reportCells) > reportCells {
				continue
			}
			counts, err := Count(ctx, standIn, [][]int{set})
			if err != nil {
				return nil, fmt.Errorf("predict: %w", err)
			}
			for _, k := range filledCells(size, set) {
				if x := counts[0][k]; x >= 10 {
					out[length-1] += math.Abs(float64(x) - float64(released[named(size, set, int(k))]))
					n++
				}
			}
		}
		out[length-1] /= float64(max(1, n))
	}
	return out, nil
}

// named gives a cell of a table as an aggregate without its count.
func named(size, set []int, cell int) Aggregate {
	a := Aggregate{Length: uint8(len(set))}
	for i, st := range strides(size, set) {
		a.Attr[i], a.Code[i] = uint16(set[i]), uint16(cell/st%size[set[i]])
	}
	return a
}
