package dp

import (
	"context"
	"fmt"
	"math/big"
)

// Choose picks one of the scores, the higher the likelier: the exponential mechanism, exactly. One
// person may move each score by at most sensitivity. It costs at most rho, by the bounded range of the
// mechanism: e²/8-zCDP for P(i) proportional to exp(e·score/(2·sensitivity)) (Cesar, Rogers 2021, arXiv
// 2004.07223; Dong, Durfee, Rogers 2020).
func (g *Grant) Choose(ctx context.Context, scores []int64, sensitivity uint64, rho Rho) (int, error) {
	if len(scores) == 0 || sensitivity == 0 {
		return 0, fmt.Errorf("choose: needs scores and a sensitivity above 0")
	}
	num, err := halfEpsilon(rho)
	if err != nil {
		return 0, err
	}
	if err := g.take(rho); err != nil {
		return 0, err
	}
	return choose(ctx, NewSource(), scores, num, sensitivity)
}

// halfEpsilonDen is the denominator of the exponent's rate.
const halfEpsilonDen = 1 << 20

// halfEpsilon gives floor(2²⁰·e/2) for e = √(8·rho), so that e²/8 is at most rho.
func halfEpsilon(rho Rho) (uint64, error) {
	if rho <= 0 || rho > maxRho {
		return 0, fmt.Errorf("choose: no budget of %v", rho)
	}
	x := new(big.Int).Lsh(big.NewInt(int64(rho)), 41) // (e/2)² = 2·rho; times 2⁴⁰
	x.Div(x, big.NewInt(int64(RhoUnit)))
	n := x.Sqrt(x).Uint64()
	if n == 0 {
		return 0, fmt.Errorf("choose: a budget of %v is too small to choose by", rho)
	}
	return n, nil
}

// choose draws i with P(i) proportional to exp(num/2²⁰·score/sensitivity): a uniform proposal, kept with
// probability exp(-num/2²⁰·(best-score)/sensitivity).
func choose(ctx context.Context, s *Source, scores []int64, num, sensitivity uint64) (int, error) {
	best := scores[0]
	for _, x := range scores {
		best = max(best, x)
	}
	den := new(big.Int).Mul(big.NewInt(halfEpsilonDen), new(big.Int).SetUint64(sensitivity))
	for tries := 0; ; tries++ {
		if tries%1024 == 0 && ctx.Err() != nil {
			return 0, ctx.Err()
		}
		i, err := s.uniform(uint64(len(scores)))
		if err != nil {
			return 0, err
		}
		gap := new(big.Int).Sub(big.NewInt(best), big.NewInt(scores[i]))
		gap.Mul(gap, new(big.Int).SetUint64(num))
		var keep bool
		if gap.IsUint64() && den.IsUint64() {
			keep, err = s.bernoulliExp(gap.Uint64(), den.Uint64())
		} else {
			keep, err = s.bernoulliExpBig(gap, den)
		}
		if err != nil || keep {
			return int(i), err
		}
	}
}
