package dp

import (
	"math"
	"testing"

	"pgregory.net/rapid"
)

// References computed with 40 digits by golden section on the formula of Canonne, Kamath and
// Steinke, which is not how this package searches. (17.14, 1e-10) is the budget of the 2020 census
// people file, published as rho 2.56.
var reference = []struct{ epsilon, delta, rho float64 }{
	{0.5, 1e-6, 0.0066415243567},
	{1, 4.7e-6, 0.0282179646463},
	{1, 1e-6, 0.0243559703595},
	{4, 4.7e-6, 0.3503097577941},
	{12, 4.7e-6, 2.2897073192581},
	{12, 5.8e-6, 2.3199243710191},
	{17.14, 1e-10, 2.5553177660014},
	{0.1, 1e-9, 0.0001771384472},
}

func TestRhoForReference(t *testing.T) {
	for _, c := range reference {
		got, err := RhoFor(c.epsilon, c.delta)
		if err != nil {
			t.Fatal(err)
		}
		if r := got.Float() / c.rho; r > 1 || r < 1-1e-7 {
			t.Errorf("RhoFor(%g, %g) = %v, reference %.12f", c.epsilon, c.delta, got, c.rho)
		}
		if e := Epsilon(got, c.delta); e > c.epsilon*(1+1e-6) || e < c.epsilon*(1-1e-6) {
			t.Errorf("Epsilon(RhoFor(%g)) = %g", c.epsilon, e)
		}
	}
}

func TestDeltaReference(t *testing.T) {
	for _, c := range []struct{ rho, epsilon, delta float64 }{
		{0.5, 4, 1.9579541696e-04},
		{0.1, 1, 8.9332457718e-03},
		{2, 10, 4.8726307329e-05},
		{0.01, 0.5, 3.5058780601e-05},
	} {
		r, _ := RhoOf(c.rho)
		if got := Delta(r, c.epsilon); got < c.delta || got > c.delta*(1+1e-6) {
			t.Errorf("Delta(%g, %g) = %.10e, reference %.10e", c.rho, c.epsilon, got, c.delta)
		}
	}
}

// The discrete Gaussian's true delta, summed atom by atom, must lie below what the accounting claims.
func TestDeltaBoundsTheMechanism(t *testing.T) {
	for _, s2 := range []float64{0.5, 1, 4, 50, 400} {
		for _, eps := range []float64{0.1, 0.5, 1, 3, 8} {
			pmf := func(k int) float64 { return math.Exp(-float64(k*k) / (2 * s2)) }
			total, true_ := 0.0, 0.0
			for k := -400; k <= 400; k++ {
				total += pmf(k)
				true_ += max(0, pmf(k)-math.Exp(eps)*pmf(k-1))
			}
			rho, _ := RhoOf(1/(2*s2) + 1e-12)
			if got := Delta(rho, eps); got < true_/total && true_ > 1e-300 {
				t.Errorf("variance %g, epsilon %g: true delta %g, claimed %g", s2, eps, true_/total, got)
			}
		}
	}
}

func TestConversionsAreMonotoneAndInverse(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		rho := Rho(rapid.Int64Range(1_000_000, int64(20*RhoUnit)).Draw(t, "rho"))
		delta := math.Pow(10, -rapid.Float64Range(2, 12).Draw(t, "-log10 delta"))
		eps := Epsilon(rho, delta)
		if Delta(rho, eps) > delta {
			t.Fatalf("Epsilon(%v, %g) = %g has delta %g", rho, delta, eps, Delta(rho, eps))
		}
		if Epsilon(rho+rho/100, delta) < eps {
			t.Fatal("more budget must not mean less epsilon")
		}
	})
}

// A variance never costs more than was asked for, and wastes almost nothing.
func TestVarianceIsRoundedUp(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		s2 := rapid.Uint64Range(1, 1<<30).Draw(t, "sensitivity squared")
		rho := Rho(rapid.Int64Range(1_000_000, int64(50*RhoUnit)).Draw(t, "rho"))
		v, err := VarianceFor(s2, rho)
		if err != nil {
			t.Skip("too small a budget")
		}
		if cost := v.Cost(s2); cost > rho {
			t.Fatalf("variance %d/%d costs %v of %v", v.Num, v.Den, cost, rho)
		} else if float64(cost) < float64(rho)*(1-1e-6)-1 {
			t.Fatalf("variance %d/%d costs only %v of %v", v.Num, v.Den, cost, rho)
		}
	})
}

func TestHalfWidth(t *testing.T) {
	for _, c := range []struct {
		v    Variance
		want int64
	}{{Variance{1, 1}, 2}, {Variance{100, 1}, 20}, {Variance{10_000, 1}, 196}, {Variance{4_000_000, 1}, 3920}, {Variance{1, 20}, 0}} {
		if got := c.v.HalfWidth(0.95); got < c.want-1 || got > c.want+1 {
			t.Errorf("HalfWidth of %g = %d, want about %d", c.v.Float(), got, c.want)
		}
	}
}

func TestRefusals(t *testing.T) {
	for _, c := range [][2]float64{{0, 1e-6}, {-1, 1e-6}, {math.NaN(), 1e-6}, {1, 0}, {1, 1}, {1, math.NaN()}, {math.Inf(1), 1e-6}, {1e-12, 1e-12}} {
		if r, err := RhoFor(c[0], c[1]); err == nil {
			t.Errorf("RhoFor(%g, %g) = %v", c[0], c[1], r)
		}
	}
	if _, err := VarianceFor(1<<62, 1); err == nil {
		t.Error("a variance beyond 64 bits was accepted")
	}
}
