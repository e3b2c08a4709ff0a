package synth

import (
	"math"
	"runtime"
	"sync"
	"sync/atomic"
)

// Aggregate is the published count of one combination of filled values.
type Aggregate struct {
	Length uint8
	Attr   [MaxLength]uint16 // the first Length hold attribute numbers, ascending
	Code   [MaxLength]uint16

	Count     int32 // estimate, at least 1; at most 9 when not Supported
	Low, High int32 // 95 % interval
	// Supported is false when too many combinations with such an estimate are nobody's (support.go).
	Supported bool
}

// each runs do(0..n-1) on all cores, until the context ends.
func (e *engine) each(n int, do func(i int)) {
	var next atomic.Int64
	var wg sync.WaitGroup
	for range runtime.GOMAXPROCS(0) {
		wg.Go(func() {
			for e.ctx.Err() == nil {
				i := int(next.Add(1)) - 1
				if i >= n {
					return
				}
				do(i)
			}
		})
	}
	wg.Wait()
}

// aggregates estimates every combination of up to the reporting length: the model's count and the direct
// measurement, where there is one, weighted by inverse variance.
func (e *engine) aggregates(c *crowd, measured []direct, errs *errorModel) ([]Aggregate, error) {
	type counts struct{ y, v, doubt []float64 }
	by := map[string]counts{}
	for _, d := range measured {
		var est, y, v []float64
		for i, s := range d.sets {
			by[key(s)] = counts{d.y[i], d.v[i], d.doubt[i]}
			t := c.table(s)
			for _, k := range filledCells(e.size, s) {
				if t[k] >= leastEstimate {
					est, y, v = append(est, t[k]), append(y, d.y[i][k]), append(v, d.v[i][k])
				}
			}
		}
		errs.extreme[d.length] = math.Sqrt(2 * math.Log(float64(max(8, len(est)))))
		errs.learn(d.length, est, y, v)
	}
	known := e.measured()
	var out []Aggregate
	for k := 1; k <= min(e.opt.Length, len(e.size)); k++ {
		sets := e.reported(k)
		parts := make([][]Aggregate, len(sets))
		e.each(len(sets), func(i int) {
			d := by[key(sets[i])]
			parts[i] = e.estimate(sets[i], holder(known, sets[i]) >= 0, c.table(sets[i]), d.y, d.v, d.doubt, errs)
		})
		if err := e.ctx.Err(); err != nil {
			return nil, err
		}
		for _, p := range parts {
			out = append(out, p...)
		}
		e.opt.Progress("aggregates", float64(k)/float64(e.opt.Length))
	}
	return out, nil
}

// estimate puts model and direct counts (y with variances v; nil where there are none) of one table together.
func (e *engine) estimate(set []int, measured bool, model, y, v, doubt []float64, errs *errorModel) []Aggregate {
	var out []Aggregate
	for _, k := range filledCells(e.size, set) {
		x := model[k]
		if x < leastEstimate {
			continue
		}
		b := errs.at(len(set), x)
		lo, hi := b.lo, b.hi
		if y != nil {
			x, lo, hi = errs.join(len(set), measured, x, b, y[k], v[k]+doubt[k])
		}
		a := named(e.size, set, int(k))
		a.Supported = x >= errs.supported[len(set)]
		if a.Count = int32(max(1, math.Round(x))); !a.Supported {
			a.Count = min(a.Count, smallGroup-1)
		}
		a.Low, a.High = int32(max(0, math.Round(x+lo))), int32(max(0, math.Round(x+hi)))
		out = append(out, a)
	}
	return out
}
