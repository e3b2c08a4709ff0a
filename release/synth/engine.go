package synth

import (
	"context"
	"fmt"
	"math"
	"math/rand/v2"
	"strings"

	"aman/release/dp"
)

// engine carries one run. Everything in it but table is public or noisy.
type engine struct {
	ctx context.Context
	ch  channel
	opt Options
	rng *rand.Rand // after the noise only

	table *Table // the sensitive records; nil once all is measured
	attrs []Attr
	size  []int
	rules []rule

	n, nSD float64     // noisy number of people, and its standard deviation
	oneWay [][]float64 // noisy shares of each code, at least a little above 0
	ms     []measurement
	spent  []Spent
}

// Spent is one part of the budget, for the manifest.
type Spent struct {
	Kind  string  `json:"kind"` // attributes, choice, table, pick or combinations
	What  string  `json:"what"`
	Rho   dp.Rho  `json:"rho"` // units of 10⁻¹²
	Sigma float64 `json:"sigma"`
	Cells int     `json:"cells"`
	Sens2 uint64  `json:"sensitivity_squared"`
}

// The kinds of question that a budget is spent on.
const (
	kindAttributes   = "attributes"
	kindChoice       = "choice"
	kindTable        = "table"
	kindPick         = "pick"
	kindCombinations = "combinations"
)

// draw adds noise and notes what it cost.
func (e *engine) draw(kind, what string, values []int64, sens2 uint64, rho dp.Rho) ([]float64, float64, error) {
	noisy, v, err := e.ch.add(e.ctx, values, sens2, rho)
	if err != nil {
		return nil, 0, fmt.Errorf("%s: %w", what, err)
	}
	e.spent = append(e.spent, Spent{kind, what, v.Cost(sens2), v.Sigma(), len(values), sens2})
	out := make([]float64, len(noisy))
	for i, x := range noisy {
		out[i] = float64(x)
	}
	return out, v.Float(), nil
}

// names gives the columns of a set for a person to read.
func (e *engine) names(set []int) string {
	var out []string
	for _, a := range set {
		n := e.attrs[a].Column
		if e.attrs[a].Option {
			n += "=" + e.attrs[a].Codes[1]
		}
		out = append(out, n)
	}
	return strings.Join(out, " x ")
}

// measureOneWay counts each attribute on its own and estimates the number of people: the sum of an
// attribute with s codes has s times the noise variance of a cell, so the sums are averaged by 1/s.
func (e *engine) measureOneWay(rho dp.Rho) error {
	d := len(e.size)
	tables, err := Count(e.ctx, e.table, subsets(d, 1, 1))
	if err != nil {
		return err
	}
	var flat []int64
	for _, t := range tables {
		flat = append(flat, t...)
	}
	y, v, err := e.draw(kindAttributes, "each attribute", flat, uint64(d), rho)
	if err != nil {
		return err
	}
	num, den, at := 0.0, 0.0, 0
	e.ms = nil
	for a := range d {
		ya := y[at : at+e.size[a]]
		at += e.size[a]
		sum := 0.0
		for _, x := range ya {
			sum += x
		}
		num, den = num+sum/float64(len(ya)), den+1/float64(len(ya))
		e.ms = append(e.ms, measurement{[]int{a}, ya, v})
	}
	e.n, e.nSD = max(1, math.Round(num/den)), math.Sqrt(v/den)
	e.oneWay = make([][]float64, d)
	for a := range d {
		e.oneWay[a] = shares(e.ms[a].y, e.n)
	}
	return nil
}

// shares projects noisy counts on the distributions: the nearest counts that are not negative and add up to n, as shares,
// each at least half a person.
func shares(y []float64, n float64) []float64 {
	lo, hi := -n, n
	for _, x := range y {
		lo, hi = min(lo, x-n), max(hi, x)
	}
	for range 100 { // find the shift s with sum max(0, y-s) = n
		s, sum := (lo+hi)/2, 0.0
		for _, x := range y {
			sum += max(0, x-s)
		}
		if sum > n {
			lo = s
		} else {
			hi = s
		}
	}
	out := make([]float64, len(y))
	total := 0.0
	for i, x := range y {
		out[i] = max(0.5, x-hi)
		total += out[i]
	}
	for i := range out {
		out[i] /= total
	}
	return out
}

// selectTables scores all pairs and triples by how far they are from independence and chooses what to measure.
func (e *engine) selectTables(rhoSelect, rhoMeasure dp.Rho) ([]candidate, error) {
	e.opt.Progress("choose", 0)
	hi := 3
	if e.opt.Method == MST {
		hi = 2
	}
	cs := candidates(e.size, e.opt.MaxTable, hi)
	if len(cs) == 0 {
		return nil, nil
	}
	errs := make([]int64, 0, len(cs))
	err := e.countInBatches(candidateSets(cs), func(i int, table []int64) {
		errs = append(errs, independenceError(table, independent(e.oneWay, e.size, cs[i].set, e.n)))
	})
	if err != nil {
		return nil, err
	}
	gains, _, err := e.draw(kindChoice, "choice of tables", errs, uint64(len(cs)), rhoSelect)
	if err != nil {
		return nil, err
	}
	for i := range cs {
		cs[i].gain = gains[i]
	}
	if e.opt.Method == MST {
		return spanningTree(len(e.size), cs), nil
	}
	allocate(cs, rhoMeasure.Float())
	return cs, nil
}

func candidateSets(cs []candidate) [][]int {
	out := make([][]int, len(cs))
	for i, c := range cs {
		out[i] = c.set
	}
	return out
}

// countInBatches counts many sets without holding all tables at once.
func (e *engine) countInBatches(sets [][]int, use func(i int, table []int64)) error {
	at := 0
	for _, batch := range batches(e.size, sets) {
		tables, err := Count(e.ctx, e.table, batch)
		if err != nil {
			return err
		}
		for _, t := range tables {
			use(at, t)
			at++
		}
	}
	return nil
}

// batches cuts sets into runs whose tables have about four million cells together.
func batches(size []int, sets [][]int) [][][]int {
	const limit = 1 << 22
	var out [][][]int
	lo, sum := 0, 0
	for i, s := range sets {
		if sum += cells(size, s, limit); sum >= limit || i == len(sets)-1 {
			out = append(out, sets[lo:i+1])
			lo, sum = i+1, 0
		}
	}
	return out
}

// measure counts the chosen tables with their share of noise.
func (e *engine) measure(cs []candidate, rho dp.Rho) error {
	var chosen []candidate
	for _, c := range cs {
		if c.rho > 0 {
			chosen = append(chosen, c)
		}
	}
	total := 0.0
	for _, c := range chosen {
		total += c.rho
	}
	var firstErr error
	err := e.countInBatches(candidateSets(chosen), func(i int, table []int64) {
		if firstErr != nil {
			return
		}
		y, v, err := e.draw(kindTable, "table "+e.names(chosen[i].set), table, 1, rho.Share(chosen[i].rho/total))
		if err != nil {
			firstErr = err
			return
		}
		e.ms = append(e.ms, measurement{chosen[i].set, y, v})
	})
	if err != nil {
		return err
	}
	return firstErr
}
