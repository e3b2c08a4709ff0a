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

// directCounts are the direct measurements of a table as estimates of its counts.
type directCounts struct{ y, v []float64 }

// counts undoes the scaling of heavy records: the model says what share of a cell's weight the
// measurement saw.
func (g *goal) counts(c *crowd) directCounts {
	whole, kept := make([]float64, len(g.y)), make([]float64, len(g.y))
	allWhole, allKept := 1e-9, 1e-9
	for k, row := range g.rows {
		w := c.w[row]
		s := w * g.scale[g.level[row]]
		whole[g.cell[k]] += w
		kept[g.cell[k]] += s
		allWhole += w
		allKept += s
	}
	out := directCounts{make([]float64, len(g.y)), make([]float64, len(g.y))}
	for i, y := range g.y {
		share := allKept / allWhole
		if whole[i] > 0 {
			share = kept[i] / whole[i]
		}
		out.y[i], out.v[i] = y/share, g.v/share/share
	}
	return out
}

// aggregates estimates every combination of up to the reporting length: the model's count and the direct
// measurement, where there is one, weighted by inverse variance.
func (e *engine) aggregates(c *crowd, direct []directGoals, errs *errorModel) ([]Aggregate, error) {
	byLength := make([]map[string]directCounts, MaxLength+1)
	for _, d := range direct {
		by := map[string]directCounts{}
		var est, y, v []float64
		for i := range d.goals {
			g := &d.goals[i]
			n := g.counts(c)
			by[key(g.set)] = n
			t := c.table(g.set)
			for _, k := range filledCells(e.size, g.set) {
				if t[k] >= leastEstimate {
					est, y, v = append(est, t[k]), append(y, n.y[k]), append(v, n.v[k])
				}
			}
		}
		f, info := errs.evidence(d.length, est, y, v)
		errs.revise(d.length, f, info)
		byLength[d.length] = by
	}
	var out []Aggregate
	for k := 1; k <= min(e.opt.Length, len(e.size)); k++ {
		sets := e.reported(k)
		parts := make([][]Aggregate, len(sets))
		e.each(len(sets), func(i int) {
			d := byLength[k][key(sets[i])]
			parts[i] = e.estimate(sets[i], c.table(sets[i]), d, errs)
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

func (e *engine) estimate(set []int, model []float64, d directCounts, errs *errorModel) []Aggregate {
	var out []Aggregate
	for _, k := range filledCells(e.size, set) {
		x := model[k]
		if x < leastEstimate {
			continue
		}
		b := errs.at(len(set), x)
		lo, hi := b.lo, b.hi
		if d.y != nil {
			h := b.sd * b.sd / (b.sd*b.sd + d.v[k]) // weight of the direct count
			noise := 1.96 * h * math.Sqrt(d.v[k])
			x += h * (d.y[k] - x)
			lo, hi = math.Copysign(math.Hypot((1-h)*lo, noise), -1), math.Hypot((1-h)*hi, noise)
		}
		a := named(e.size, set, int(k))
		a.Supported = x >= errs.supported
		if a.Count = int32(max(1, math.Round(x))); !a.Supported {
			a.Count = min(a.Count, smallGroup-1)
		}
		a.Low, a.High = int32(max(0, math.Round(x+lo))), int32(max(0, math.Round(x+hi)))
		out = append(out, a)
	}
	return out
}
