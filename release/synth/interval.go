package synth

import (
	"math"
	"slices"
)

// errorModel says how far the model's counts are from the truth, by length and size of the count.
//
// The model's error has no formula, so it is simulated: records drawn from the model are taken for the truth, everything
// that was measured is measured again on them with fresh noise, the fit is repeated, and the errors are read off. This
// needs no records and so no budget. It cannot see what the model is unable to express. Two things
// make up for that: the records that stand for the truth come in clumps, as real ones do and the model's do not,
// and the direct measurements scale the simulated errors by what they show.
type errorModel struct {
	byLength [MaxLength + 1][]errorBin
	// factor, on variances, is by length, for all estimates and for those of ten or more: the small ones are many, mostly
	// nobody's, and can hide how far off the others are.
	factor [MaxLength + 1][2]float64

	// extreme is by length how many standard deviations the largest of so many differences reaches by noise alone.
	extreme [MaxLength + 1]float64

	// supported is the estimate from which a combination of a length is released as ten or more; 0 for single values.
	supported [MaxLength + 1]float64
	strict    float64 // how hard the support filter holds back
}

// errorBin holds the distribution of truth - estimate for estimates up to upTo.
type errorBin struct {
	upTo   float64
	lo, hi float64 // the shortest range with 95 %
	sd     float64 // around zero
}

// smallestBin is how many simulated errors a bin needs: ten of them lie outside the range.
const smallestBin = 200

// leastEstimate is the smallest estimate that is published, as 1.
const leastEstimate = 0.5

func (e *engine) errorModel(m *model) (*errorModel, error) {
	e.opt.Progress("intervals", 0)
	truth := newCrowd(e.size, clumped(m.crowd.sample(max(1, int(e.n)/clump), e.rng)), e.n)
	again := make([]measurement, len(e.ms))
	for i, x := range e.ms {
		y := truth.table(x.set)
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
	prior := smoothness + unseen*e.unmeasured()
	for k := 1; k <= min(e.opt.Length, len(e.size)); k++ {
		out.factor[k] = [2]float64{prior, prior}
		pairs := e.compare(truth, twin.crowd, e.reported(k))
		out.byLength[k] = bins(pairs)
		if k > 1 {
			out.supported[k] = support(pairs)
		}
	}
	out.strict = strictness(out.supported[:])
	for k := range out.supported {
		out.supported[k] = min(out.supported[k]*(1+0.2*out.strict), highestSupport)
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

// bins sorts pairs of estimate and error and cuts them into ranges of the estimate.
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
		b.lo, b.hi = shortest(errs, 0.95)
		if len(part) < smallestBin { // the shortest range of a few is too short
			b.lo, b.hi = min(b.lo, -1.96*b.sd), max(b.hi, 1.96*b.sd)
		}
		out = append(out, b)
	}
	out[len(out)-1].upTo = math.Inf(1)
	return out
}

// shortest gives the shortest range that holds the share p of a sorted sample. Errors of small counts are
// lopsided: most such combinations do not exist, some are much more frequent.
func shortest(x []float64, p float64) (lo, hi float64) {
	k := min(len(x)-1, int(math.Ceil(p*float64(len(x)))))
	at := 0
	for i := range len(x) - k {
		if x[i+k]-x[i] < x[at+k]-x[at] {
			at = i
		}
	}
	return x[at], x[at+k]
}

// simulated gives the bin of an estimate; without any simulated error it is as wide as the estimate.
func (m *errorModel) simulated(length int, estimate float64) errorBin {
	bs := m.byLength[length]
	if len(bs) == 0 {
		return errorBin{lo: -estimate, hi: estimate, sd: estimate}
	}
	i, _ := slices.BinarySearchFunc(bs, estimate, func(b errorBin, x float64) int { return cmpFloat(b.upTo, x) })
	return bs[min(i, len(bs)-1)]
}

// at gives the bin of an estimate, widened by what direct counts taught.
func (m *errorModel) at(length int, estimate float64) errorBin {
	b, f := m.simulated(length, estimate), math.Sqrt(m.factor[length][sizeClass(estimate)])
	return errorBin{b.upTo, b.lo * f, b.hi * f, b.sd * f}
}

// clump is how many equal records the simulated truth has for each that is drawn, and smoothness by how
// much real errors exceed the simulated ones all the same (as a factor on variances) before direct measurements
// have spoken. Pairs and triples that were not measured are taken to be independent given the rest, in the simulated
// truth too, so each hundredth of them adds unseen/100. All three were set on the CTDC file, where they bring the 95 % intervals closest to 95 %; docs/measurements.md has the coverage.
const (
	clump      = 4
	smoothness = 1.3
	unseen     = 3
)

// measured gives the column sets that were measured.
func (e *engine) measured() (out []bitset) {
	for _, m := range e.ms {
		b := newBitset(len(e.size))
		for _, a := range m.set {
			b.set(a)
		}
		out = append(out, b)
	}
	return out
}

// unmeasured gives the share of the candidate pairs and triples that lie within no measured table.
func (e *engine) unmeasured() float64 {
	measured := e.measured()
	cs := candidates(e.size, e.opt.MaxTable, 3)
	n := 0
	for _, c := range cs {
		if holder(measured, c.set) < 0 {
			n++
		}
	}
	return float64(n) / float64(max(1, len(cs)))
}

func clumped(cols [][]uint16) [][]uint16 {
	for a, col := range cols {
		var out []uint16
		for range clump {
			out = append(out, col...)
		}
		cols[a] = out
	}
	return cols
}

// sizeClass is 1 for estimates of ten or more.
func sizeClass(estimate float64) int {
	if estimate >= smallGroup {
		return 1
	}
	return 0
}

// learn moves the factors of a length towards what direct counts y with variances v say of the estimates.
func (m *errorModel) learn(length int, estimate, y, v []float64) {
	m.revise(length, 0, estimate, y, v)
	m.factor[length][1] = m.factor[length][0]
	m.revise(length, 1, estimate, y, v)
	m.factor[length][1] = max(m.factor[length][0], m.factor[length][1])
}

// evidence compares estimates with independent noisy counts of the same combinations.
// E(y-estimate)² is the noise variance v plus the model's true variance; factor times the simulated
// variance is fitted to that by weighted least squares, over the estimates of a size class and above. info is 1 / variance of the factor.
func (m *errorModel) evidence(length, class int, estimate, y, v []float64) (factor, info float64) {
	num := 0.0
	for i := range y {
		if sizeClass(estimate[i]) < class {
			continue
		}
		s2 := m.simulated(length, estimate[i]).sd
		s2 *= s2
		w := 1 / (2 * (s2 + v[i]) * (s2 + v[i])) // 1 / variance of (y-estimate)² for normal errors
		d := y[i] - estimate[i]
		d2 := min(d*d, 9*(s2+v[i])) // a few cells that the model has badly wrong say little about the rest
		num += w * (d2 - v[i]) * s2
		info += w * s2 * s2
	}
	return num / max(info, 1e-12), info
}

// revise moves the factor of a length towards what evidence says. The factor so far counts as much as an
// estimate with standard error ½, for evidence drowned in noise says little.
func (m *errorModel) revise(length, class int, estimate, y, v []float64) {
	factor, info := m.evidence(length, class, estimate, y, v)
	const prior = 4
	f := &m.factor[length][class]
	*f = max(0.5, (prior**f+info*factor)/(prior+info))
}

// doubtful is the distance, in standard deviations, from which a direct count contradicts the model.
const doubtful = 2

// join puts a model's estimate x with error b and a direct count y of variance v together, by inverse variance.
// A model can be far off for single combinations of columns that were not measured together. There, where the direct count contradicts it, it is believed less, as in the
// limited translation rule of Efron and Morris (1972); but among thousands of combinations some counts are extreme by
// noise alone, so up to that distance the estimate stays and the interval holds both readings.
func (m *errorModel) join(length int, measured bool, x float64, b errorBin, y, v float64) (est, lo, hi float64) {
	weigh := func(f float64) (est, lo, hi float64) {
		s2 := b.sd * b.sd * f * f
		h := s2 / (s2 + v) // weight of the direct count
		noise := 1.96 * h * math.Sqrt(v)
		return x + h*(y-x), -math.Hypot((1-h)*f*b.lo, noise), math.Hypot((1-h)*f*b.hi, noise)
	}
	est, lo, hi = weigh(1)
	z := math.Abs(y-x) / math.Sqrt(b.sd*b.sd+v)
	if measured || z <= doubtful || b.sd == 0 {
		return est, lo, hi
	}
	far := (y - x) / doubtful
	other, otherLo, otherHi := weigh(math.Sqrt(max(0, far*far-v)) / b.sd)
	if z > m.extreme[length] {
		return other, otherLo, otherHi
	}
	return est, min(lo, other+otherLo-est), max(hi, other+otherHi-est)
}
