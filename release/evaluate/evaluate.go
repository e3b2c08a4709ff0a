package evaluate

import (
	"context"
	"fmt"
	"math"
	"slices"

	"aman/release/synth"
)

// Result compares released counts with the truth over all combinations of up to Length filled values.
type Result struct {
	Length   int      `json:"length"`
	TrueRows int      `json:"true_rows"`
	Rows     int      `json:"rows"` // released rows; 0 when only aggregates were given
	All      Score    `json:"all"`
	ByLength []Score  `json:"by_length"` // index 0 is length 1
	ByCount  []Bucket `json:"by_count"`

	// TVD[k-1] is the mean total variation distance over all k-way marginals, the empty code
	// included; nil when only aggregates were given.
	TVD []float64 `json:"tvd,omitempty"`
}

// Threshold is the count from which a combination must be right: CTDC's smallest published count.
const Threshold = 10

// Score is how well one set of combinations came through.
type Score struct {
	True     int     `json:"true"`         // combinations in the truth
	Released int     `json:"released"`     // combinations released
	TrueBig  int     `json:"true_big"`     // in the truth with Threshold or more
	Missing  int     `json:"missing"`      // of those, not released at all
	BigOut   int     `json:"released_big"` // released with Threshold or more
	Invented int     `json:"invented"`     // of those, not in the truth at all
	MAEBig   float64 `json:"mae_big"`      // mean |released - true| over TrueBig, a missing one released as 0
	MAEUnion float64 `json:"mae_union"`    // the same over everything that is in either
	Extra    int     `json:"extra"`        // released with any count, but not in the truth
}

// MissingShare gives Missing as a share of TrueBig.
func (s Score) MissingShare() float64 { return share(s.Missing, s.TrueBig) }

// InventedShare gives Invented as a share of BigOut.
func (s Score) InventedShare() float64 { return share(s.Invented, s.BigOut) }

func share(a, b int) float64 {
	if b == 0 {
		return 0
	}
	return float64(a) / float64(b)
}

// Bucket is the error of combinations whose true count lies in From..To.
type Bucket struct {
	From    int     `json:"from"`
	To      int     `json:"to"` // 0: no upper end
	N       int     `json:"n"`
	MAE     float64 `json:"mae"`
	Missing int     `json:"missing"`
}

var buckets = []Bucket{{From: 1, To: 9}, {From: 10, To: 19}, {From: 20, To: 49}, {From: 50, To: 99},
	{From: 100, To: 499}, {From: 500, To: 999}, {From: 1000}}

// Release gives the released counts of a table over set, row-major with the empty code first on
// each attribute, and 0 for what was not released. Cells with an empty code are not read.
type Release func(set []int) []float64

// Tables compares a synthetic table with the true one; both must have the same attributes.
func Tables(ctx context.Context, truth, synthetic *synth.Table, length int) (*Result, error) {
	sets, err := subsets(len(truth.Attrs), length)
	if err != nil {
		return nil, err
	}
	r := newResult(truth, length)
	r.Rows = synthetic.Rows
	r.TVD = make([]float64, length)
	n := make([]int, length)
	acc := newSums(length)
	err = inBatches(truth, sets, func(batch [][]int) error {
		a, err := synth.Count(ctx, truth, batch)
		if err != nil {
			return err
		}
		b, err := synth.Count(ctx, synthetic, batch)
		if err != nil {
			return err
		}
		for i, set := range batch {
			out := make([]float64, len(b[i]))
			d := 0.0
			for k, x := range b[i] {
				out[k] = float64(x)
				d += math.Abs(float64(x)/float64(max(1, synthetic.Rows)) - float64(a[i][k])/float64(max(1, truth.Rows)))
			}
			r.TVD[len(set)-1] += d / 2
			n[len(set)-1]++
			acc.add(r, set, truth, a[i], out)
		}
		return nil
	})
	for k := range r.TVD {
		r.TVD[k] /= float64(max(1, n[k]))
	}
	acc.finish(r)
	return r, err
}

// Aggregates compares released counts with the truth.
func Aggregates(ctx context.Context, truth *synth.Table, release Release, length int) (*Result, error) {
	sets, err := subsets(len(truth.Attrs), length)
	if err != nil {
		return nil, err
	}
	r := newResult(truth, length)
	acc := newSums(length)
	err = inBatches(truth, sets, func(batch [][]int) error {
		a, err := synth.Count(ctx, truth, batch)
		if err != nil {
			return err
		}
		for i, set := range batch {
			acc.add(r, set, truth, a[i], release(set))
		}
		return nil
	})
	acc.finish(r)
	return r, err
}

func newResult(truth *synth.Table, length int) *Result {
	return &Result{Length: length, TrueRows: truth.Rows, ByLength: make([]Score, length), ByCount: append([]Bucket(nil), buckets...)}
}

// sums holds the sums of absolute errors until the means are taken.
type sums struct{ big, union []float64 }

func newSums(length int) *sums { return &sums{make([]float64, length), make([]float64, length)} }

// add scores one table.
func (s *sums) add(r *Result, set []int, t *synth.Table, truth []int64, out []float64) {
	k := len(set) - 1
	sc := &r.ByLength[k]
	code := make([]int, len(set))
	for i, x := range truth {
		if y := out[i]; (x != 0 || y != 0) && filled(code) {
			e := math.Abs(y - float64(x))
			s.union[k] += e
			sc.True += one(x > 0)
			sc.Released += one(y > 0)
			sc.Extra += one(x == 0)
			sc.BigOut += one(y >= Threshold)
			sc.Invented += one(y >= Threshold && x == 0)
			if x > 0 {
				b := &r.ByCount[bucket(x)]
				b.N++
				b.MAE += e
				b.Missing += one(y == 0)
			}
			if x >= Threshold {
				s.big[k] += e
				sc.TrueBig++
				sc.Missing += one(y == 0)
			}
		}
		for j := len(code) - 1; j >= 0; j-- { // next cell
			if code[j]++; code[j] < t.Attrs[set[j]].Size() {
				break
			}
			code[j] = 0
		}
	}
}

// finish turns sums into means and adds up the lengths.
func (s *sums) finish(r *Result) {
	var big, union float64
	for k := range r.ByLength {
		sc := &r.ByLength[k]
		sc.MAEBig, sc.MAEUnion = mean(s.big[k], sc.TrueBig), mean(s.union[k], sc.True+sc.Extra)
		r.All.True += sc.True
		r.All.Released += sc.Released
		r.All.TrueBig += sc.TrueBig
		r.All.Missing += sc.Missing
		r.All.BigOut += sc.BigOut
		r.All.Invented += sc.Invented
		r.All.Extra += sc.Extra
		big, union = big+s.big[k], union+s.union[k]
	}
	r.All.MAEBig, r.All.MAEUnion = mean(big, r.All.TrueBig), mean(union, r.All.True+r.All.Extra)
	for i := range r.ByCount {
		r.ByCount[i].MAE = mean(r.ByCount[i].MAE, r.ByCount[i].N)
	}
}

func mean(sum float64, n int) float64 { return sum / float64(max(1, n)) }

func one(b bool) int {
	if b {
		return 1
	}
	return 0
}

func filled(code []int) bool { return !slices.Contains(code, 0) }

func bucket(x int64) int {
	for i := len(buckets) - 1; i > 0; i-- {
		if x >= int64(buckets[i].From) {
			return i
		}
	}
	return 0
}

// MaxLength keeps the number of tables and their size within reason.
const MaxLength = 4

// subsets gives all sets of 1 to length of d attributes.
func subsets(d, length int) ([][]int, error) {
	if length < 1 || length > MaxLength {
		return nil, fmt.Errorf("length must be 1 to %d, not %d", MaxLength, length)
	}
	out := [][]int{nil}
	for at := 0; at < len(out); at++ {
		if len(out[at]) == length {
			continue
		}
		next := 0
		if n := len(out[at]); n > 0 {
			next = out[at][n-1] + 1
		}
		for a := next; a < d; a++ {
			out = append(out, append(slices.Clone(out[at]), a))
		}
	}
	return out[1:], nil
}

// inBatches calls do with runs of sets whose tables fit into memory together.
func inBatches(t *synth.Table, sets [][]int, do func(batch [][]int) error) error {
	const limit = 1 << 22 // cells
	lo, sum := 0, 0
	for i, set := range sets {
		n := 1
		for _, a := range set {
			n *= t.Attrs[a].Size()
		}
		if n > 1<<27 {
			return fmt.Errorf("a table of %d attributes has %d cells; compare shorter combinations or fewer columns", len(set), n)
		}
		if sum += n; sum > limit || i == len(sets)-1 {
			if err := do(sets[lo : i+1]); err != nil {
				return err
			}
			lo, sum = i+1, 0
		}
	}
	return nil
}
