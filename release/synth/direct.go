package synth

import (
	"context"
	"fmt"
	"math"

	"aman/release/dp"
)

// unit is what a combination of an ordinary record counts in a direct measurement. Counting in
// units lets a record with many filled attributes count a fraction in whole numbers.
const unit = 32

// directPlan says how the combinations of one length are measured. A person with k filled attributes
// has choose(k, length) combinations; each counts weight[k], so that nobody moves the whole vector by more
// than √sens2: a heavy record is scaled down rather than cut.
type directPlan struct {
	length int
	sets   [][]int
	weight []int64 // by number of filled attributes
	sens2  uint64
	share  float64 // of the direct budget
}

// planDirect chooses the weights from the modelled share of people by number of filled
// attributes. A record with up to `full` filled attributes counts in whole: the larger full is, the
// more noise and the less is scaled away; it takes the value that keeps most signal a unit of noise.
func planDirect(filledShare []float64, d, length int) directPlan {
	p := directPlan{length: length, sets: subsets(d, length, length)}
	best := -1.0
	for full := length; full <= d; full++ {
		sens2 := uint64(unit * unit * choose(full, length))
		weight := make([]int64, d+1)
		whole, kept := 0.0, 0.0
		for k := range weight {
			c := choose(k, length)
			if c == 0 {
				weight[k] = unit
				continue
			}
			weight[k] = min(unit, int64(math.Sqrt(float64(sens2)/c)))
			whole += filledShare[k] * c
			kept += filledShare[k] * c * float64(weight[k]) / unit
		}
		if v := kept / max(whole, 1e-12) / math.Sqrt(choose(full, length)); v > best {
			best, p.weight, p.sens2 = v, weight, sens2
		}
	}
	return p
}

func choose(n, k int) float64 {
	out := 1.0
	for i := range k {
		out = out * float64(n-i) / float64(i+1)
	}
	return max(0, math.Round(out))
}

// countFilled counts each set's table with each person counted by the weight for their number of filled
// attributes. Only cells with every attribute filled mean anything. People of one weight are counted together, so that Count's
// bit slices do the work.
func countFilled(ctx context.Context, t *Table, sets [][]int, weight []int64) ([][]int64, error) {
	out := make([][]int64, len(sets))
	for w, part := range byWeight(t, weight) {
		tables, err := Count(ctx, part, sets)
		if err != nil {
			return nil, err
		}
		for i, n := range tables {
			if out[i] == nil {
				out[i] = make([]int64, len(n))
			}
			for k, x := range n {
				out[i][k] += w * x
			}
		}
	}
	return out, nil
}

// byWeight splits the rows by weight. Every weight has its part, also when nobody has that weight.
func byWeight(t *Table, weight []int64) map[int64]*Table {
	parts := map[int64]*Table{}
	for _, w := range weight {
		if parts[w] == nil {
			parts[w] = &Table{Attrs: t.Attrs, Cols: make([][]uint16, len(t.Cols))}
		}
	}
	filled := make([]uint16, t.Rows)
	for _, col := range t.Cols {
		for r, c := range col {
			if c != 0 {
				filled[r]++
			}
		}
	}
	for _, k := range filled {
		parts[weight[k]].Rows++
	}
	for _, p := range parts {
		for a := range p.Cols {
			p.Cols[a] = make([]uint16, 0, p.Rows)
		}
	}
	for a, col := range t.Cols {
		for r, c := range col {
			p := parts[weight[filled[r]]]
			p.Cols[a] = append(p.Cols[a], c)
		}
	}
	return parts
}

// filledCells gives the cells of a table over set in which every attribute is filled.
func filledCells(size, set []int) []int32 {
	out := []int32{0}
	st := strides(size, set)
	for k, a := range set {
		next := make([]int32, 0, len(out)*(size[a]-1))
		for _, x := range out {
			for c := 1; c < size[a]; c++ {
				next = append(next, x+int32(c*st[k]))
			}
		}
		out = next
	}
	return out
}

// direct is a measurement of the combinations of one length: y[i] and v[i] are the counts of sets[i] and their noise
// variances, by cell; only cells with every attribute filled mean anything. doubt is the variance that comes on top
// because heavy records were scaled down.
type direct struct {
	directPlan
	y, v, doubt [][]float64
}

// directCells is the most combinations of one length that are measured directly; column sets
// that would go beyond it are left out, in order. Noise for as many takes about ten seconds of one core.
const directCells = 20_000_000

// measureDirect counts combinations of filled attributes themselves, up to the reporting length.
// Lengths share the budget so that the sum of |error| over the combinations that the model puts at
// ten or more is smallest: share in proportion to (number · sensitivity)^⅔.
func (e *engine) measureDirect(c *crowd, rho dp.Rho) ([]direct, error) {
	d := len(e.size)
	filled := make([]float64, d+1)
	for r, w := range c.w {
		filled[c.filled[r]] += w / e.n
	}
	var plans []directPlan
	total := 0.0
	for k := 1; k <= min(e.opt.Length, d); k++ {
		e.opt.Progress("plan direct counts", float64(k-1)/float64(e.opt.Length))
		p := planDirect(filled, d, k)
		p.sets = e.affordable(p.sets)
		if len(p.sets) == 0 {
			continue
		}
		p.share = math.Pow(float64(1+c.countFrom(p.sets, 10))*math.Sqrt(float64(p.sens2)), 2.0/3)
		total += p.share
		plans = append(plans, p)
	}
	var out []direct
	for _, p := range plans {
		e.opt.Progress("count combinations", float64(len(out))/float64(len(plans)))
		m, err := e.measurePlan(c, p, rho.Share(p.share/total))
		if err != nil {
			return nil, err
		}
		out = append(out, m)
	}
	return out, nil
}

func (e *engine) affordable(sets [][]int) [][]int {
	var out [][]int
	sum := 0
	for _, s := range sets {
		if n := cells(e.size, s, 1<<16); n <= 1<<16 && sum+n <= directCells {
			out = append(out, s)
			sum += n
		}
	}
	return out
}

// measurePlan measures the combinations of one length as one vector.
func (e *engine) measurePlan(c *crowd, p directPlan, rho dp.Rho) (direct, error) {
	var flat []int64
	for _, batch := range batches(e.size, p.sets) {
		tables, err := countFilled(e.ctx, e.table, batch, p.weight)
		if err != nil {
			return direct{}, err
		}
		for i, s := range batch {
			for _, k := range filledCells(e.size, s) {
				flat = append(flat, tables[i][k])
			}
		}
	}
	y, v, err := e.draw(kindCombinations, fmt.Sprintf("combinations of %d", p.length), flat, p.sens2, rho)
	if err != nil {
		return direct{}, err
	}
	n := len(p.sets)
	out := direct{p, make([][]float64, n), make([][]float64, n), make([][]float64, n)}
	for i, s := range p.sets {
		kept, model := c.kept(s, p.weight), c.table(s)
		out.doubt[i] = make([]float64, len(kept))
		out.y[i], out.v[i] = make([]float64, len(kept)), make([]float64, len(kept))
		for _, k := range filledCells(e.size, s) {
			out.y[i][k] = y[0] / unit / kept[k]
			out.v[i][k] = v / unit / unit / (kept[k] * kept[k])
			doubt := keptDoubt * (1 - kept[k]) * max(model[k], out.y[i][k])
			out.doubt[i][k] = doubt * doubt
			y = y[1:]
		}
	}
	return out, nil
}

// keptDoubt is how far the share that was scaled away may differ from what the crowd says, as a part of it.
const keptDoubt = 0.25

// kept gives, for each cell of a table, the share of its people's weight that a direct measurement sees, as the crowd
// has it: heavy records are scaled down.
func (c *crowd) kept(set []int, weight []int64) []float64 {
	n := cells(c.size, set, 1<<16)
	whole, seen := make([]float64, n), make([]float64, n)
	allWhole, allSeen := 1e-9, 1e-9
	for r, i := range c.locate(set) {
		w := c.w[r]
		s := w * float64(weight[c.filled[r]]) / unit
		whole[i] += w
		seen[i] += s
		allWhole += w
		allSeen += s
	}
	for i := range seen {
		if whole[i] > 0 {
			seen[i] /= whole[i]
		} else {
			seen[i] = allSeen / allWhole
		}
	}
	return seen
}
