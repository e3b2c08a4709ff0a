package dp

import (
	"fmt"
	"math"
	"math/big"
)

// Rho is an amount of zCDP in units of 10⁻¹². Integers add without rounding, so a ledger
// of them can be checked by hand. A spend is rounded up to a unit, a budget down.
type Rho int64

// RhoUnit is one whole rho.
const RhoUnit Rho = 1_000_000_000_000

// maxRho is where (epsilon, delta) stops meaning anything (epsilon would be above 10⁵); it
// leaves room to add entries without overflow.
const maxRho = 100_000 * RhoUnit

// RhoOf turns a float into units, rounding down. It refuses what is not a sensible amount.
func RhoOf(x float64) (Rho, error) {
	if !(x > 0) || x > maxRho.Float() {
		return 0, fmt.Errorf("rho must be above 0 and at most %g, not %g", maxRho.Float(), x)
	}
	return Rho(math.Floor(x * float64(RhoUnit))), nil
}

// Float gives the amount in whole rho.
func (r Rho) Float() float64 { return float64(r) / float64(RhoUnit) }

func (r Rho) String() string { return fmt.Sprintf("%.12f", r.Float()) }

// Share gives the fraction f of r, rounded down; f outside 0..1 is cut to it.
func (r Rho) Share(f float64) Rho {
	switch {
	case !(f > 0):
		return 0
	case f >= 1:
		return r
	}
	return min(r, Rho(math.Floor(float64(r)*f)))
}

// safety covers the rounding of the floating point arithmetic in the conversions below
// (a few units in the 16th digit), with much to spare.
const safety = 1e-9

// Delta gives the smallest delta for which rho-zCDP is known to imply (epsilon, delta):
//
//	min over a > 1 of exp((a-1)(a·rho-epsilon)) · (1-1/a)^a / (a-1)
//
// (Canonne, Kamath, Steinke 2020, Proposition 12 with Corollary 13.) Every a gives a true bound, so an early
// stop of the search loses tightness and never safety.
func Delta(rho Rho, epsilon float64) float64 {
	if rho <= 0 {
		return 0
	}
	r := rho.Float()
	lo, hi := 1.0, (epsilon+1)/(2*r)+2 // the derivative of log delta is below 0 at lo and above at hi
	for range 200 {
		a := (lo + hi) / 2
		if (2*a-1)*r-epsilon+math.Log1p(-1/a) < 0 {
			lo = a
		} else {
			hi = a
		}
	}
	a := max(hi, 1+1e-9)
	logDelta := (a-1)*(a*r-epsilon) + a*math.Log1p(-1/a) - math.Log(a-1)
	return min(1, math.Exp(logDelta)*(1+safety))
}

// Epsilon gives the smallest epsilon that rho-zCDP is known to imply at delta (0 < delta < 1),
// rounded up.
func Epsilon(rho Rho, delta float64) float64 {
	if rho <= 0 {
		return 0
	}
	r := rho.Float()
	lo, hi := 0.0, r+2*math.Sqrt(r*math.Log(1/delta)) // Bun, Steinke 2016, Proposition 1.3
	for range 200 {
		if mid := (lo + hi) / 2; Delta(rho, mid) <= delta {
			hi = mid
		} else {
			lo = mid
		}
	}
	return hi * (1 + safety)
}

// RhoFor gives the largest rho that implies (epsilon, delta), rounded down to a unit.
func RhoFor(epsilon, delta float64) (Rho, error) {
	if !(epsilon > 0) || epsilon > 1000 {
		return 0, fmt.Errorf("epsilon must be above 0 and at most 1000, not %g", epsilon)
	}
	if !(delta > 0) || delta >= 0.1 {
		return 0, fmt.Errorf("delta must be above 0 and below 0.1, not %g", delta)
	}
	lo, hi := Rho(0), Rho(math.Min((epsilon+1)*float64(RhoUnit), float64(maxRho)))
	for lo+1 < hi {
		if mid := lo + (hi-lo)/2; Delta(mid, epsilon) <= delta {
			lo = mid
		} else {
			hi = mid
		}
	}
	if lo == 0 {
		return 0, fmt.Errorf("epsilon %g with delta %g leaves no budget above 10⁻¹² rho", epsilon, delta)
	}
	return lo, nil
}

// Variance is an exact rational variance s² = Num/Den. The zero value is not a variance.
type Variance struct{ Num, Den uint64 }

// maxVariance keeps noise well inside 64 bits: 40 standard deviations stay below 2³⁶.
const maxVariance = 1 << 60

// VarianceFor gives the smallest variance on a fixed grid, never below
// sensitivity²/(2·rho), so that the noise costs at most rho. The grid has a power of two as
// denominator, about 2²⁴ steps up to the value: the rounding costs less than a millionth
// of the budget and lets the sampler work in 64 bits.
func VarianceFor(sensitivity2 uint64, rho Rho) (Variance, error) {
	if sensitivity2 == 0 || rho <= 0 {
		return Variance{}, fmt.Errorf("a variance needs a sensitivity and a budget above 0, not %d and %v", sensitivity2, rho)
	}
	num := new(big.Int).SetUint64(sensitivity2) // exact value: sensitivity2 · unit / (2 · rho)
	num.Mul(num, big.NewInt(int64(RhoUnit)))
	den := new(big.Int).Lsh(big.NewInt(int64(rho)), 1)
	shift := uint(min(30, max(0, 24-(num.BitLen()-den.BitLen()))))
	num.Lsh(num, shift)
	num.Add(num, new(big.Int).Sub(den, big.NewInt(1))).Div(num, den) // ceiling
	if num.BitLen() > 60 {
		return Variance{}, fmt.Errorf("budget %v is too small for sensitivity² %d: the noise would not fit into 64 bits", rho, sensitivity2)
	}
	return Variance{num.Uint64(), 1 << shift}, nil
}

// Cost gives what noise of this variance spends on a vector of that squared L2 sensitivity,
// rounded up to a unit.
func (v Variance) Cost(sensitivity2 uint64) Rho {
	num := new(big.Int).SetUint64(sensitivity2)
	num.Mul(num, new(big.Int).SetUint64(v.Den)).Mul(num, big.NewInt(int64(RhoUnit)))
	den := new(big.Int).Lsh(new(big.Int).SetUint64(v.Num), 1)
	num.Add(num, new(big.Int).Sub(den, big.NewInt(1))).Div(num, den)
	if !num.IsInt64() || num.Int64() > int64(maxRho) {
		return maxRho
	}
	return Rho(num.Int64())
}

// Float gives s².
func (v Variance) Float() float64 { return float64(v.Num) / float64(v.Den) }

// Sigma gives s.
func (v Variance) Sigma() float64 { return math.Sqrt(v.Float()) }

// HalfWidth gives the smallest integer h such that noise of this variance lies in -h..h with
// probability at least p. Sums the exact mass function up to s = 1,000; above that the normal
// quantile, rounded up, is the same to within one.
func (v Variance) HalfWidth(p float64) int64 {
	s2, s := v.Float(), v.Sigma()
	if s > 1000 {
		return int64(math.Ceil(s * math.Sqrt2 * math.Erfinv(p)))
	}
	total := 1.0
	for k := 1; float64(k) <= 12*s+12; k++ {
		total += 2 * math.Exp(-float64(k)*float64(k)/(2*s2))
	}
	mass := 1.0
	h := int64(0)
	for mass < p*total {
		h++
		mass += 2 * math.Exp(-float64(h)*float64(h)/(2*s2))
		if float64(h) > 12*s+12 {
			break
		}
	}
	return h
}
