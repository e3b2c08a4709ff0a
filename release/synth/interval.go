package synth

import (
	"math"
	"slices"
)

// errorModel says how far the model's counts are from the truth, by length and size of the count.
//
// The model's error has no formula, so it is simulated: the fitted model is taken for the truth, everything
// that was measured is measured again on it with fresh noise, the fit is repeated, and the errors are read off. This
// needs no records and so no budget. It cannot see what the model is unable to express; the
// direct measurements can, and scale the simulated errors by what they show (calibrate).
type errorModel struct {
	byLength [MaxLength + 1][]errorBin
	factor   [MaxLength + 1]float64 // on variances
}

// errorBin holds the distribution of truth - estimate for estimates up to upTo.
type errorBin struct {
	upTo   float64
	lo, hi float64 // the middle 95 %
	sd     float64 // around zero
}

// smallestBin is how many simulated errors a bin needs: 5 of them lie beyond each end of the middle 95 %.
const smallestBin = 200

// leastEstimate is the smallest estimate that is published, as 1.
const leastEstimate = 0.5

func (e *engine) errorModel(m *model) (*errorModel, error) {
	e.opt.Progress("intervals", 0)
	again := make([]measurement, len(e.ms))
	for i, x := range e.ms {
		y := m.crowd.table(x.set)
		sd := math.Sqrt(x.v)
		for k := range y {
			y[k] += sd * e.rng.NormFloat64()
		}
		again[i] = measurement{x.set, y, x.v}
	}
	twin, err := e.fitOn(m.cliques, again)
	if err != nil {
		return nil, err
	}
	out := &errorModel{}
	for k := 1; k <= min(e.opt.Length, len(e.size)); k++ {
		out.factor[k] = 1
		out.byLength[k] = bins(e.compare(m.crowd, twin.crowd, e.reported(k)))
	}
	return out, e.ctx.Err()
}

// reported gives the column sets of one length that aggregates hold.
func (e *engine) reported(k int) [][]int {
	var out [][]int
	for _, s := range subsets(len(e.size), k, k) {
		if cells(e.size, s, reportCells) <= reportCells {
			out = append(out, s)
		}
	}
	return out
}

// reportCells is the largest table that aggregates report.
const reportCells = 1 << 16

// compare gives estimate and error of every combination that the twin would publish.
func (e *engine) compare(truth, twin *crowd, sets [][]int) [][2]float64 {
	parts := make([][][2]float64, len(sets))
	e.each(len(sets), func(i int) {
		a, b := truth.table(sets[i]), twin.table(sets[i])
		for _, k := range filledCells(e.size, sets[i]) {
			if b[k] >= leastEstimate {
				parts[i] = append(parts[i], [2]float64{b[k], a[k] - b[k]})
			}
		}
	})
	return slices.Concat(parts...)
}

// bins cuts pairs of estimate and error into ranges of the estimate.
func bins(pairs [][2]float64) []errorBin {
	slices.SortFunc(pairs, func(a, b [2]float64) int { return cmpFloat(a[0], b[0]) })
	n := max(1, min(60, len(pairs)/smallestBin))
	var out []errorBin
	for i := range n {
		part := pairs[len(pairs)*i/n : len(pairs)*(i+1)/n]
		if len(part) == 0 {
			return nil
		}
		errs := make([]float64, len(part))
		sum := 0.0
		for j, p := range part {
			errs[j] = p[1]
			sum += p[1] * p[1]
		}
		slices.Sort(errs)
		b := errorBin{upTo: part[len(part)-1][0], sd: math.Sqrt(sum / float64(len(part)))}
		b.lo, b.hi = quantile(errs, 0.025), quantile(errs, 0.975)
		out = append(out, b)
	}
	out[len(out)-1].upTo = math.Inf(1)
	return out
}

// quantile of a sorted sample, on the outer side.
func quantile(x []float64, p float64) float64 {
	i := p * float64(len(x)+1)
	if p < 0.5 {
		return x[max(0, int(math.Floor(i))-1)]
	}
	return x[min(len(x)-1, int(math.Ceil(i))-1)]
}

// at gives the bin of an estimate; without any simulated error it is as wide as the estimate.
func (m *errorModel) at(length int, estimate float64) errorBin {
	bs := m.byLength[length]
	if len(bs) == 0 {
		return errorBin{lo: -estimate, hi: estimate, sd: estimate}
	}
	i, _ := slices.BinarySearchFunc(bs, estimate, func(b errorBin, x float64) int { return cmpFloat(b.upTo, x) })
	b := bs[min(i, len(bs)-1)]
	f := math.Sqrt(m.factor[length])
	return errorBin{b.upTo, b.lo * f, b.hi * f, b.sd * f}
}

// calibrate compares direct measurements y (noise variance v, independent of the estimates) with the estimates of one length.
// E(y-estimate)² is v plus the model's true variance; the factor is the weighted least squares fit of that to
// the simulated variance, drawn towards 1 by a prior that counts as much as a fit with standard error
// ½ (where the direct noise is large, the comparison says little).
func (m *errorModel) calibrate(length int, estimate, y, v []float64) {
	const prior = 4
	num, den := float64(prior), float64(prior)
	for i := range y {
		s2 := m.at(length, estimate[i]).sd
		s2 *= s2
		w := 1 / (2 * (s2 + v[i]) * (s2 + v[i])) // 1 / variance of (y-estimate)² for normal errors
		d := y[i] - estimate[i]
		num += w * (d*d - v[i]) * s2
		den += w * s2 * s2
	}
	m.factor[length] = max(0.25, num/den)
}
