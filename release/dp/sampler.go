package dp

import (
	"bufio"
	"crypto/rand"
	"fmt"
	"io"
	"math"
	"math/big"
	"math/bits"
)

// Source turns random bytes into exact draws. One goroutine at a time may use it. An error
// of the byte stream ends the draw: nothing is ever made up in its place.
type Source struct{ r *bufio.Reader }

// NewSource reads from the operating system's generator (crypto/rand).
func NewSource() *Source { return SourceFrom(rand.Reader) }

// SourceFrom reads from r. It exists for tests: noise that protects people comes from
// NewSource, and has no seed.
func SourceFrom(r io.Reader) *Source { return &Source{bufio.NewReaderSize(r, 4096)} }

// Gaussian draws from the discrete Gaussian N_Z(0, s²): P(x) proportional to exp(-x²/(2s²)) on
// all integers. (Canonne, Kamath, Steinke 2020, Algorithm 3: discrete Laplace noise of scale
// t = floor(s)+1, kept with probability exp(-(|y|-s²/t)²/(2s²)).)
func (s *Source) Gaussian(v Variance) (int64, error) {
	if v.Num == 0 || v.Den == 0 || v.Num/v.Den >= maxVariance {
		return 0, fmt.Errorf("no discrete Gaussian has variance %d/%d", v.Num, v.Den)
	}
	t := isqrt(v.Num/v.Den) + 1
	for {
		y, err := s.laplace(t)
		if err != nil {
			return 0, err
		}
		num, den, ok := rejection(abs(y), t, v)
		var keep bool
		if ok {
			keep, err = s.bernoulliExp(num, den)
		} else {
			keep, err = s.bernoulliExpBig(rejectionBig(abs(y), t, v))
		}
		if err != nil {
			return 0, err
		}
		if keep {
			return y, nil
		}
	}
}

// rejection gives (y-s²/t)²/(2s²) as the fraction (y·t·den - num)² / (2·num·den·t²), or not ok
// where that leaves 64 bits.
func rejection(y, t uint64, v Variance) (num, den uint64, ok bool) {
	td, ok1 := mul(t, v.Den)
	ytd, ok2 := mul(y, td)
	diff := ytd - v.Num
	if ytd < v.Num {
		diff = v.Num - ytd
	}
	num, ok3 := mul(diff, diff)
	den, ok4 := mul(v.Num, t)
	den, ok5 := mul(den, td)
	den, ok6 := mul(den, 2)
	return num, den, ok1 && ok2 && ok3 && ok4 && ok5 && ok6
}

func rejectionBig(y, t uint64, v Variance) (num, den *big.Int) {
	u := func(x uint64) *big.Int { return new(big.Int).SetUint64(x) }
	td := new(big.Int).Mul(u(t), u(v.Den))
	diff := new(big.Int).Mul(u(y), td)
	diff.Sub(diff, u(v.Num))
	num = diff.Mul(diff, diff)
	den = new(big.Int).Mul(u(v.Num), u(t))
	den.Mul(den, td).Lsh(den, 1)
	return num, den
}

// Laplace draws from the discrete Laplace distribution of scale num/den: P(x) proportional to
// exp(-|x|·den/num) on all integers. (Canonne, Kamath, Steinke 2020, Algorithm 2.)
func (s *Source) Laplace(num, den uint64) (int64, error) {
	if num == 0 || den == 0 || num > 1<<50 {
		return 0, fmt.Errorf("no discrete Laplace has scale %d/%d", num, den)
	}
	for {
		x, neg, err := s.geometric(num)
		if err != nil {
			return 0, err
		}
		y := int64(x / den)
		if neg && y == 0 {
			continue // zero would be counted twice
		}
		if neg {
			y = -y
		}
		return y, nil
	}
}

func (s *Source) laplace(t uint64) (int64, error) { return s.Laplace(t, 1) }

// geometric draws x with P(x) proportional to exp(-x/t) and a fair sign bit.
func (s *Source) geometric(t uint64) (x uint64, neg bool, err error) {
	for {
		u, err := s.uniform(t)
		if err != nil {
			return 0, false, err
		}
		ok, err := s.bernoulliExp(u, t)
		if err != nil {
			return 0, false, err
		}
		if ok {
			x = u
			break
		}
	}
	for {
		more, err := s.bernoulliExp(1, 1)
		if err != nil {
			return 0, false, err
		}
		if !more {
			break
		}
		if x > math.MaxInt64-t { // needs more than 2¹² successes of probability 1/e
			return 0, false, fmt.Errorf("discrete Laplace of scale %d left 64 bits", t)
		}
		x += t
	}
	b, err := s.r.ReadByte()
	return x, b&1 == 1, err
}

// bernoulliExp is true with probability exp(-num/den). (Canonne, Kamath, Steinke 2020,
// Algorithm 1: whole parts one at a time, then the alternating series for the rest.)
func (s *Source) bernoulliExp(num, den uint64) (bool, error) {
	for ; num > den; num -= den {
		if ok, err := s.bernoulliExp(1, 1); !ok || err != nil {
			return false, err
		}
	}
	for k := uint64(1); ; k++ {
		kd, fits := mul(k, den)
		if !fits {
			// exp(-g) = P(the first k-1 tosses came up) so far; the series must go on in big integers.
			return s.seriesBig(new(big.Int).SetUint64(num), new(big.Int).SetUint64(den), k)
		}
		u, err := s.uniform(kd)
		if err != nil {
			return false, err
		}
		if u >= num { // tails, with probability 1 - num/(k·den)
			return k%2 == 1, nil
		}
	}
}

func (s *Source) bernoulliExpBig(num, den *big.Int) (bool, error) {
	num = new(big.Int).Set(num)
	for num.Cmp(den) > 0 {
		if ok, err := s.bernoulliExp(1, 1); !ok || err != nil {
			return false, err
		}
		num.Sub(num, den)
	}
	return s.seriesBig(num, den, 1)
}

// seriesBig goes on with the alternating series of bernoulliExp at toss k.
func (s *Source) seriesBig(num, den *big.Int, k uint64) (bool, error) {
	for ; ; k++ {
		u, err := rand.Int(s.r, new(big.Int).Mul(den, new(big.Int).SetUint64(k)))
		if err != nil {
			return false, fmt.Errorf("random bytes: %w", err)
		}
		if u.Cmp(num) >= 0 {
			return k%2 == 1, nil
		}
	}
}

// uniform draws from 0..m-1 by rejection: bits enough for m-1, drawn again when they are too large.
func (s *Source) uniform(m uint64) (uint64, error) {
	if m <= 1 {
		return 0, nil
	}
	n := bits.Len64(m - 1)
	mask := ^uint64(0) >> (64 - n)
	for {
		var u uint64
		for i := 0; i < n; i += 8 {
			b, err := s.r.ReadByte()
			if err != nil {
				return 0, fmt.Errorf("random bytes: %w", err)
			}
			u = u<<8 | uint64(b)
		}
		if u &= mask; u < m {
			return u, nil
		}
	}
}

func mul(a, b uint64) (uint64, bool) {
	hi, lo := bits.Mul64(a, b)
	return lo, hi == 0
}

func abs(x int64) uint64 {
	if x < 0 {
		return uint64(-x)
	}
	return uint64(x)
}

// isqrt gives floor(sqrt(x)); the float guess is corrected in integers.
func isqrt(x uint64) uint64 {
	r := uint64(math.Sqrt(float64(x)))
	for r > 0 && (r > math.MaxUint32 || r*r > x) {
		r--
	}
	for r < math.MaxUint32 && (r+1)*(r+1) <= x {
		r++
	}
	return r
}
