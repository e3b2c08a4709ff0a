package dp

import (
	"context"
	"math"
	"testing"

	"pgregory.net/rapid"
)

func TestChooseMatchesExactDistribution(t *testing.T) {
	scores := []int64{10, 12, 7, 15, 15, -3}
	num := uint64(300_000) // rate 0.286
	s := seeded(21)
	const n = 200_000
	got := make([]float64, len(scores))
	for range n {
		i, err := choose(context.Background(), s, scores, num, 2)
		if err != nil {
			t.Fatal(err)
		}
		got[i]++
	}
	total, x2 := 0.0, 0.0
	p := make([]float64, len(scores))
	for i, x := range scores {
		p[i] = math.Exp(float64(num) / halfEpsilonDen * float64(x) / 2)
		total += p[i]
	}
	for i := range p {
		x2 += sq(got[i]-n*p[i]/total) / (n * p[i] / total)
	}
	if far(x2, len(scores)-1) {
		t.Errorf("chi-square %.1f on %d degrees of freedom", x2, len(scores)-1)
	}
}

func TestHalfEpsilonIsRoundedDown(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		rho := Rho(rapid.Int64Range(1_000_000, int64(100*RhoUnit)).Draw(t, "rho"))
		n, err := halfEpsilon(rho)
		if err != nil {
			t.Skip("too small")
		}
		e := 2 * float64(n) / halfEpsilonDen
		if e*e/8 > rho.Float()*(1+1e-12) {
			t.Fatalf("e = %g costs %g of %v", e, e*e/8, rho)
		}
	})
}
