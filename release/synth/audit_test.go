package synth

import (
	"context"
	"math"
	"testing"

	"aman/release/dp"
)

// The audit plays the canary game at its worst: the adversary knows all records but one, sees every noisy vector,
// and guesses whether the canary was there by the likelihood ratio. A lower confidence bound on epsilon
// above the promise proves the engine wrong. (As in Jagielski, Ullman, Oprea 2020.)

const (
	auditEpsilon = 2.0
	auditDelta   = 1e-5
	auditRuns    = 100_000 // a side
)

// canary gives, for each noisy vector of a run, what the heaviest person adds to it.
func canary(t *testing.T) []record {
	d := &Domain{Columns: []Column{{Name: "a", Codes: []string{"1"}}, {Name: "b", Codes: []string{"1"}}, {Name: "c", Codes: []string{"1"}}}}
	tab := d.NewTable(0)
	for range 60 {
		for a := range tab.Cols {
			tab.Cols[a] = append(tab.Cols[a], uint16(tab.Rows%2))
		}
		tab.Rows++
	}
	for a := range tab.Cols {
		tab.Cols[a][0] = 1
	}
	rho, err := dp.RhoFor(auditEpsilon, auditDelta)
	if err != nil {
		t.Fatal(err)
	}
	l, _ := dp.OpenLedger(context.Background(), dp.NewMemory(), rho)
	g, err := l.Spend(context.Background(), "audit", rho)
	if err != nil {
		t.Fatal(err)
	}
	var tape []record
	opt := Options{Length: 2, Steps: 5, Crowd: 1000, Sweeps: 1, Seed: [2]uint64{1, 1}}
	if _, err := run(context.Background(), d, tab, recording(g, &tape), rho, opt); err != nil {
		t.Fatal(err)
	}
	at := 0
	other := channel{add: func(_ context.Context, v []int64, _ uint64, _ dp.Rho) ([]int64, dp.Variance, error) {
		r := &tape[at]
		at++
		for i := range v {
			r.values[i] -= v[i]
		}
		return append([]int64(nil), r.noisy...), r.v, nil
	}}
	if _, err := run(context.Background(), d, without(tab, 0), other, rho, opt); err != nil {
		t.Fatal(err)
	}
	return tape
}

// lowerBound plays the game with noise of `scale` times the engine's standard deviation and gives
// a 99.9 % lower bound on epsilon.
func lowerBound(t *testing.T, tape []record, scale float64) float64 {
	src := dp.NewSource()
	score := func(there float64) float64 { // log-likelihood ratio of what is seen
		sum := 0.0
		for _, r := range tape {
			v := dp.Variance{Num: uint64(float64(r.v.Num) * scale * scale), Den: r.v.Den}
			for _, d := range r.values {
				if d == 0 {
					continue
				}
				noise := int64(0)
				if v.Num > 0 {
					var err error
					if noise, err = src.Gaussian(v); err != nil {
						t.Fatal(err)
					}
				}
				sum += float64(d) * (there*float64(d) + float64(noise)) / r.v.Float()
			}
		}
		return sum
	}
	in, out := make([]float64, auditRuns), make([]float64, auditRuns)
	for i := range in {
		in[i], out[i] = score(1), score(0)
	}
	mu := 0.0
	for _, r := range tape {
		for _, d := range r.values {
			mu += float64(d*d) / r.v.Float()
		}
	}
	best := 0.0
	for _, z := range []float64{0.5, 1, 1.5, 2, 2.5, 3, 3.5} { // thresholds fixed beforehand
		cut := z*math.Sqrt(mu)*scale + mu*0.1
		tp, fp := 0, 0
		for i := range in {
			if in[i] > cut {
				tp++
			}
			if out[i] > cut {
				fp++
			}
		}
		low, high := wilson(tp, auditRuns, -3.3), wilson(fp, auditRuns, 3.3)
		if low > auditDelta {
			best = max(best, math.Log((low-auditDelta)/high))
		}
	}
	return best
}

// wilson gives a one-sided confidence bound for a share.
func wilson(k, n int, z float64) float64 {
	p, N := float64(k)/float64(n), float64(n)
	return (p + z*z/(2*N) + z*math.Sqrt(p*(1-p)/N+z*z/(4*N*N))) / (1 + z*z/N)
}

func TestAudit(t *testing.T) {
	tape := canary(t)
	total := 0.0
	for _, r := range tape { // the canary is a person who moves every vector by all that is declared
		sum := int64(0)
		for _, d := range r.values {
			sum += d * d
		}
		total += float64(sum) / (2 * r.v.Float())
	}
	rho, _ := dp.RhoFor(auditEpsilon, auditDelta)
	if total > rho.Float()*(1+1e-9) {
		t.Fatalf("the canary costs %g rho, the promise is %g", total, rho.Float())
	}
	if e := lowerBound(t, tape, 1); e > auditEpsilon {
		t.Errorf("the engine leaks at least epsilon %.2f; it promised %g", e, auditEpsilon)
	} else {
		t.Logf("canary's rho %.4f of %.4f, audited epsilon at least %.2f of %g", total, rho.Float(), e, auditEpsilon)
	}
	for name, scale := range map[string]float64{"half the noise": 0.5, "no noise": 0} { // negative controls
		if e := lowerBound(t, tape, scale); e <= auditEpsilon {
			t.Errorf("%s: audited epsilon %.2f does not exceed %g", name, e, auditEpsilon)
		}
	}
}
