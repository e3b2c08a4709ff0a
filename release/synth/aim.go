package synth

import (
	"math"
	"math/bits"

	"aman/release/dp"
)

// adaptive measures in rounds, as AIM does (McKenna, Mullins, Sheldon, Miklau 2022, arXiv 2201.12677): each
// round picks the table that the model gets most wrong beyond what noise explains, measures it, and
// refits. When a round teaches less than its noise, the noise is halved for the rest. A tenth of a
// round's budget picks, the rest measures. The pick is the exponential mechanism on integer scores, drawn exactly.
//
// Two things differ from the paper. The model is a crowd that is reweighted, so any table may be
// picked, not only one that keeps a tree small; and the crowd is drawn anew from a freshly fitted tree when the number of rounds
// has doubled.
func (e *engine) adaptive(rho dp.Rho) (*model, error) {
	oneWay := rho.Share(e.opt.OneWay)
	if err := e.measureOneWay(oneWay); err != nil {
		return nil, err
	}
	cs := candidates(e.size, e.opt.MaxTable, 3)
	m, err := e.fit(cs)
	if err != nil || len(cs) == 0 {
		return m, err
	}
	truth := make([][]int64, len(cs))
	if err := e.countInBatches(candidateSets(cs), func(i int, t []int64) { truth[i] = t }); err != nil {
		return nil, err
	}
	left := rho - oneWay
	step := left / dp.Rho(16*len(e.size))
	for round := 1; left > 0; round++ {
		e.opt.Progress("rounds", 1-float64(left)/float64(rho))
		if step > left/2 || step < 1000 {
			step = left // the last round takes what remains
		}
		left -= step
		pick, measuring := step/10, step-step/10
		i, err := e.worst(cs, truth, m.crowd, pick, measuring)
		if err != nil {
			return nil, err
		}
		y, v, err := e.draw(kindTable, "table "+e.names(cs[i].set), truth[i], 1, measuring)
		if err != nil {
			return nil, err
		}
		before := m.crowd.table(cs[i].set)
		e.ms = append(e.ms, measurement{cs[i].set, y, v})
		e.together(cs, cs[i].set)
		if bits.OnesCount(uint(round)) == 1 {
			m, err = e.fit(cs)
		} else {
			m.goals = append(m.goals, m.crowd.goalFor(e.ms[len(e.ms)-1]))
			err = e.rake(m.crowd, m.goals, 3, "rounds")
		}
		if err != nil {
			return nil, err
		}
		moved := 0.0
		for k, x := range m.crowd.table(cs[i].set) {
			moved += math.Abs(x - before[k])
		}
		if moved <= noiseL1(v, len(y)) {
			step *= 4 // half the noise
		}
	}
	return e.fit(cs)
}

// noiseL1 is the expected L1 norm of Gaussian noise on n cells.
func noiseL1(v float64, n int) float64 { return math.Sqrt(2/math.Pi*v) * float64(n) }

// worst picks a candidate by the error of the model beyond the noise that measuring would bring.
func (e *engine) worst(cs []candidate, truth [][]int64, c *crowd, pick, measuring dp.Rho) (int, error) {
	sd, err := dp.VarianceFor(1, measuring)
	if err != nil {
		return 0, err
	}
	scores := make([]int64, len(cs))
	e.each(len(cs), func(i int) {
		scores[i] = independenceError(truth[i], c.table(cs[i].set)) - int64(noiseL1(sd.Float(), cs[i].cells))
	})
	if err := e.ctx.Err(); err != nil {
		return 0, err
	}
	i, err := e.ch.choose(e.ctx, scores, 1, pick)
	if err == nil {
		e.spent = append(e.spent, Spent{Kind: kindPick, What: "choice of a table", Rho: pick, Cells: len(cs), Sens2: 1})
	}
	return i, err
}

// together raises the gain of the pairs within a measured set, and of the set, so that the tree holds them.
func (e *engine) together(cs []candidate, set []int) {
	in := newBitset(len(e.size))
	for _, a := range set {
		in.set(a)
	}
	for i := range cs {
		inside := true
		for _, a := range cs[i].set {
			inside = inside && in.has(a)
		}
		if inside {
			cs[i].gain += e.n
		}
	}
}
