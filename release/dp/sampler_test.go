package dp

import (
	"bytes"
	"errors"
	"io"
	"math"
	"math/rand/v2"
	"testing"
	"testing/iotest"

	"pgregory.net/rapid"
)

// seeded gives a Source with a fixed stream, so that a statistical test has one outcome.
func seeded(n uint64) *Source {
	var key [32]byte
	for i := range 8 {
		key[i] = byte(n >> (8 * i))
	}
	return SourceFrom(rand.NewChaCha8(key))
}

// chiSquare gives the statistic of draws against an exact mass function, over cells with at least
// 20 expected draws and one cell for the rest, and its degrees of freedom.
func chiSquare(draws []int64, pmf func(int64) float64) (x2 float64, df int) {
	counts := map[int64]int{}
	for _, d := range draws {
		counts[d]++
	}
	n := float64(len(draws))
	rest, restP := n, 1.0
	for k := int64(0); pmf(k)*n >= 20; k++ {
		for _, v := range []int64{k, -k} {
			if v == 0 && k != 0 || k == 0 && df > 0 {
				continue
			}
			e := n * pmf(v)
			x2 += sq(float64(counts[v])-e) / e
			rest, restP = rest-float64(counts[v]), restP-pmf(v)
			df++
		}
	}
	if e := restP * n; e >= 5 {
		x2 += sq(rest-e) / e
		df++
	}
	return x2, df - 1
}

func sq(x float64) float64 { return x * x }

// far tells that a chi-square value lies more than 4.5 standard deviations out (Wilson-Hilferty).
func far(x2 float64, df int) bool {
	d := float64(df)
	return (math.Cbrt(x2/d)-(1-2/(9*d)))/math.Sqrt(2/(9*d)) > 4.5
}

func gaussPMF(s2 float64) func(int64) float64 {
	total := 0.0
	for k := -2000.0; k <= 2000; k++ {
		total += math.Exp(-k * k / (2 * s2))
	}
	return func(k int64) float64 { return math.Exp(-float64(k*k)/(2*s2)) / total }
}

func laplacePMF(scale float64) func(int64) float64 {
	c := math.Tanh(1 / (2 * scale))
	return func(k int64) float64 { return c * math.Exp(-math.Abs(float64(k))/scale) }
}

func draw(t *testing.T, n int, one func() (int64, error)) []int64 {
	t.Helper()
	out := make([]int64, n)
	for i := range out {
		v, err := one()
		if err != nil {
			t.Fatal(err)
		}
		out[i] = v
	}
	return out
}

func TestGaussianMatchesExactDistribution(t *testing.T) {
	for i, v := range []Variance{{1, 10}, {1, 3}, {1, 1}, {22, 7}, {100, 1}, {12345678, 1 << 15}, {1 << 20, 1 << 4}} {
		s := seeded(uint64(i))
		draws := draw(t, 200_000, func() (int64, error) { return s.Gaussian(v) })
		if x2, df := chiSquare(draws, gaussPMF(v.Float())); far(x2, df) {
			t.Errorf("variance %d/%d: chi-square %.1f on %d degrees of freedom", v.Num, v.Den, x2, df)
		}
	}
}

// TestWrongSamplersFail is the negative control: the same chi-square must reject a
// sampler with no noise, with half the noise, and one that rounds a float.
func TestWrongSamplersFail(t *testing.T) {
	want := gaussPMF(100)
	s := seeded(9)
	for name, one := range map[string]func() (int64, error){
		"none":       func() (int64, error) { return 0, nil },
		"half":       func() (int64, error) { return s.Gaussian(Variance{25, 1}) },
		"5 % less":   func() (int64, error) { return s.Gaussian(Variance{9025, 100}) },
		"doubled 0":  func() (int64, error) { v, e := s.Gaussian(Variance{100, 1}); return v / 2 * 2, e },
		"one-sided":  func() (int64, error) { v, e := s.Gaussian(Variance{100, 1}); return int64(abs(v)), e },
		"Laplacian ": func() (int64, error) { return s.Laplace(7, 1) },
	} {
		if x2, df := chiSquare(draw(t, 200_000, one), want); !far(x2, df) {
			t.Errorf("%s: chi-square %.1f on %d degrees of freedom passed", name, x2, df)
		}
	}
}

func TestLaplaceMatchesExactDistribution(t *testing.T) {
	for i, c := range [][2]uint64{{1, 1}, {1, 4}, {7, 2}, {100, 3}, {40, 1}} {
		s := seeded(100 + uint64(i))
		draws := draw(t, 200_000, func() (int64, error) { return s.Laplace(c[0], c[1]) })
		if x2, df := chiSquare(draws, laplacePMF(float64(c[0])/float64(c[1]))); far(x2, df) {
			t.Errorf("scale %d/%d: chi-square %.1f on %d degrees of freedom", c[0], c[1], x2, df)
		}
	}
}

// TestBigIntegersAgree runs the same distribution through the path that does not fit into 64 bits.
func TestBigIntegersAgree(t *testing.T) {
	s := seeded(3)
	v := Variance{9 << 50, 1 << 50} // variance 9 with parts that overflow
	if _, _, ok := rejection(5, 4, v); ok {
		t.Fatal("this variance must need big integers")
	}
	draws := draw(t, 50_000, func() (int64, error) { return s.Gaussian(v) })
	if x2, df := chiSquare(draws, gaussPMF(9)); far(x2, df) {
		t.Errorf("chi-square %.1f on %d degrees of freedom", x2, df)
	}
	huge := Variance{1 << 59, 1}
	sum := 0.0
	for range 2000 {
		x, err := s.Gaussian(huge)
		if err != nil {
			t.Fatal(err)
		}
		sum += sq(float64(x))
	}
	if r := sum / 2000 / huge.Float(); r < 0.85 || r > 1.15 {
		t.Errorf("variance of 2,000 huge draws is %.3f of what it should be", r)
	}
}

func TestMomentsAndReach(t *testing.T) {
	s := seeded(4)
	v := Variance{16, 1}
	draws := draw(t, 1_000_000, func() (int64, error) { return s.Gaussian(v) })
	seen := map[int64]bool{}
	var m1, m2 float64
	for _, d := range draws {
		seen[d] = true
		m1 += float64(d)
		m2 += float64(d * d)
	}
	n := float64(len(draws))
	if math.Abs(m1/n) > 4*4/math.Sqrt(n) {
		t.Errorf("mean %g", m1/n)
	}
	if math.Abs(m2/n-16) > 16*5*math.Sqrt(2/n) {
		t.Errorf("variance %g", m2/n)
	}
	for k := int64(-16); k <= 16; k++ { // every integer within four standard deviations
		if !seen[k] {
			t.Errorf("%d never drawn: the lattice has a hole", k)
		}
	}
}

// TestNeighboursShareSupport mirrors Mironov's attack: outputs for two neighbouring counts must
// have the same support, with a log-ratio that the Gaussian explains, never an atom that only one has.
func TestNeighboursShareSupport(t *testing.T) {
	const n = 1_000_000
	v := Variance{9, 1}
	a, b := map[int64]int{}, map[int64]int{}
	s := seeded(5)
	for range n {
		x, _ := s.Gaussian(v)
		y, _ := s.Gaussian(v)
		a[x]++
		b[y+1]++
	}
	for k, na := range a {
		nb := b[k]
		if na < 200 && nb < 200 {
			continue
		}
		if nb == 0 || na == 0 {
			t.Errorf("atom %d seen %d and %d times", k, na, nb)
			continue
		}
		want := (float64((k-1)*(k-1)) - float64(k*k)) / 18 // log P(0,k)/P(1,k)
		se := math.Sqrt(1/float64(na) + 1/float64(nb))
		if got := math.Log(float64(na) / float64(nb)); math.Abs(got-want) > 5*se {
			t.Errorf("atom %d: log-ratio %.3f, want %.3f ± %.3f", k, got, want, se)
		}
	}
}

// TestShortReads: a generator that gives one byte at a time changes nothing, and one that fails
// gives an error, not a value.
func TestShortReads(t *testing.T) {
	stream := func() io.Reader { var k [32]byte; return rand.NewChaCha8(k) }
	whole, slow := SourceFrom(stream()), SourceFrom(iotest.OneByteReader(stream()))
	for range 1000 {
		a, _ := whole.Gaussian(Variance{100, 1})
		b, err := slow.Gaussian(Variance{100, 1})
		if err != nil || a != b {
			t.Fatalf("whole reads gave %d, short reads %d, %v", a, b, err)
		}
	}
	for n := range 40 {
		s := SourceFrom(io.MultiReader(bytes.NewReader(make([]byte, n)), iotest.ErrReader(io.ErrNoProgress)))
		var err error
		for range 100 {
			if _, err = s.Gaussian(Variance{100, 1}); err != nil {
				break
			}
		}
		if !errors.Is(err, io.ErrNoProgress) {
			t.Fatalf("%d bytes, then a failure: %v", n, err)
		}
	}
}

// FuzzGaussian: any variance and any bytes end in a value or an error, never in a panic, and the
// 64-bit arithmetic agrees with big integers wherever it claims to fit.
func FuzzGaussian(f *testing.F) {
	f.Add(uint64(7), uint64(3), uint64(11), []byte("some random bytes to draw from"))
	f.Add(uint64(1)<<59, uint64(1), uint64(1)<<34, []byte{0, 255, 1})
	f.Fuzz(func(t *testing.T, num, den, y uint64, b []byte) {
		if len(b) > 1<<16 {
			return
		}
		_, _ = SourceFrom(bytes.NewReader(b)).Gaussian(Variance{num, den})
		if num == 0 || den == 0 {
			return
		}
		tt := isqrt(num/den) + 1
		if a, b, ok := rejection(y, tt, Variance{num, den}); ok {
			ba, bb := rejectionBig(y, tt, Variance{num, den})
			if ba.Uint64() != a || bb.Uint64() != b || !ba.IsUint64() || !bb.IsUint64() {
				t.Fatalf("rejection(%d, %d, %d/%d) = %d/%d in 64 bits, %v/%v in full", y, tt, num, den, a, b, ba, bb)
			}
		}
	})
}

func TestIsqrt(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		x := rapid.Uint64Max(1<<62).Draw(t, "x")
		if r := isqrt(x); r*r > x || (r+1)*(r+1) <= x {
			t.Fatalf("isqrt(%d) = %d", x, r)
		}
	})
}
