package ids

import (
	"errors"
	"math"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"pgregory.net/rapid"
)

func TestNewIsVersion7AndRises(t *testing.T) {
	form := regexp.MustCompile(`^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$`)
	last := ""
	for range 100_000 {
		id := New()
		if !form.MatchString(id) {
			t.Fatalf("%s is not a UUID version 7", id)
		}
		if id <= last {
			t.Fatalf("%s does not come after %s", id, last)
		}
		last = id
	}
}

func TestNewFromManyGoroutines(t *testing.T) {
	const workers, each = 8, 5_000
	made := make([][]string, workers)
	var wg sync.WaitGroup
	for w := range workers {
		wg.Go(func() {
			for range each {
				made[w] = append(made[w], New())
			}
		})
	}
	wg.Wait()
	seen := map[string]bool{}
	for _, ids := range made {
		if !slices.IsSorted(ids) {
			t.Error("ids of one goroutine do not rise")
		}
		for _, id := range ids {
			seen[id] = true
		}
	}
	if len(seen) != workers*each {
		t.Errorf("%d different ids of %d", len(seen), workers*each)
	}
}

func TestParse(t *testing.T) {
	const v4, v7 = "9b2f1c34-6d1e-4f7a-8a55-0c1d2e3f4a5b", "0192f0c1-2345-7abc-8def-0123456789ab"
	for _, c := range []struct {
		in, want string
		err      error
	}{
		{v4, v4, nil},
		{strings.ToUpper(v7), v7, nil},
		{"", "", ErrNotID},
		{"{" + v7 + "}", "", ErrNotID},
		{"urn:uuid:" + v7, "", ErrNotID},
		{strings.ReplaceAll(v7, "-", ""), "", ErrNotID},
		{v7[:35] + "g", "", ErrNotID},
		{strings.Replace(v7, "-", "_", 1), "", ErrNotID},
		{"00000000-0000-0000-0000-000000000000", "", errIDEmpty},
		{"ffffffff-ffff-ffff-ffff-ffffffffffff", "", errIDEmpty},
	} {
		got, err := Parse(c.in)
		if got != c.want || !errors.Is(err, c.err) {
			t.Errorf("Parse(%q) = %q, %v; want %q, %v", c.in, got, err, c.want, c.err)
		}
	}
	// RFC 9562, appendix A.6: the published example of version 7.
	at, err := Time("017f22e2-79b0-7cc3-98c4-dc0c0c07398f")
	if want := time.Date(2022, 2, 22, 19, 22, 22, 0, time.UTC); err != nil || !at.Equal(want) {
		t.Errorf("Time = %v, %v; want %v", at, err, want)
	}
	if _, err := Time(v4); !errors.Is(err, ErrNoTime) {
		t.Errorf("Time of a version 4 id: %v", err)
	}
	before := time.Now().Truncate(time.Millisecond)
	// A run of ids within one millisecond may borrow from the next ones, never from the past.
	if at, err := Time(New()); err != nil || at.Before(before) || at.After(before.Add(time.Minute)) {
		t.Errorf("Time(New()) = %v, %v", at, err)
	}
}

func FuzzParse(f *testing.F) {
	f.Add("017f22e2-79b0-7cc3-98c4-dc0c0c07398f")
	f.Add("{017f22e2-79b0-7cc3-98c4-dc0c0c07398}")
	f.Fuzz(func(t *testing.T, s string) {
		id, err := Parse(s)
		if err != nil {
			return
		}
		if !strings.EqualFold(id, s) {
			t.Fatalf("%q became %q", s, id)
		}
		if again, err := Parse(id); again != id || err != nil {
			t.Fatalf("%q is not stable", id)
		}
	})
}

// anyCode draws from all sound codes, not only those that NewCode gives out.
func anyCode(t *rapid.T) []byte {
	v := rapid.SliceOfN(rapid.ByteRange(0, 31), payload, payload).Draw(t, "symbols")
	return append(v, checkOf(v))
}

func sound(v []byte) bool { _, err := ParseCode(string(format(v))); return err == nil }

func TestEverySlipIsCaught(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		v := anyCode(t)
		if !sound(v) {
			t.Fatalf("%s is refused", format(v))
		}
		for i := range v {
			for d := byte(0); d < 32; d++ { // every wrong symbol in every place
				w := slices.Clone(v)
				w[i] = d
				if sound(w) != (d == v[i]) {
					t.Fatalf("%s read as %s", format(v), format(w))
				}
			}
			for j := range i { // every swap of two places, neighbours or not
				w := slices.Clone(v)
				w[i], w[j] = w[j], w[i]
				if sound(w) != (v[i] == v[j]) {
					t.Fatalf("%s read as %s", format(v), format(w))
				}
			}
		}
		i := rapid.IntRange(0, length-2).Draw(t, "twin") // 33 heard as 88
		v[i+1] = v[i]
		v[payload] = checkOf(v[:payload])
		if i+1 < payload {
			for d := byte(0); d < 32; d++ {
				w := slices.Clone(v)
				w[i], w[i+1] = d, d
				if sound(w) != (d == v[i]) {
					t.Fatalf("%s read as %s", format(v), format(w))
				}
			}
		}
	})
}

// The slips above depend on the code only through the two symbols concerned, so all of them can be tried.
func TestEverySlipIsCaughtExhaustively(t *testing.T) {
	base := make([]byte, length)
	for i := range length {
		for a := range byte(32) {
			v := slices.Clone(base)
			v[i] = a
			if (weigh(v) == 0) != (a == 0) {
				t.Fatalf("place %d: an error of %d is not seen", i, a)
			}
			for j := range i {
				for b := range byte(32) {
					v, w := slices.Clone(base), slices.Clone(base)
					v[i], v[j] = a, b
					w[i], w[j] = b, a
					if (weigh(v) == weigh(w)) != (a == b) {
						t.Fatalf("places %d and %d: swapping %d and %d is not seen", j, i, b, a)
					}
				}
			}
		}
	}
}

func TestParseCode(t *testing.T) {
	v := []byte{7, 0, 23, 1, 29, 20, 2, 22}
	code := format(append(v, checkOf(v)))
	if code[:9] != "70Q1-XM2P" {
		t.Fatalf("unexpected code %s", code)
	}
	check := string(code[10:])
	for _, s := range []string{
		string(code), "70q1xm2p" + check, " 7OQL xm2p " + check, "7oqi–XM2P—" + strings.ToLower(check),
		"۷۰Q۱-XM۲P-" + check, "٧٠Q١ XM٢P " + check, "7 0 Q 1 . X M 2 P . " + check,
		"\u200e70Q1-XM2P-" + check + "\u200f\n", "７０Q１-XM２P-" + check, "৭০Q১XM২P" + check,
	} {
		if got, err := ParseCode(s); got != code || err != nil {
			t.Errorf("ParseCode(%q) = %q, %v; want %q", s, got, err, code)
		}
	}
	for s, want := range map[string]error{
		"": ErrCodeLength, "70Q1-XM2P": ErrCodeLength, string(code) + "7": ErrCodeLength,
		"7UQ1-XM2P-" + check: ErrCodeSymbol, "70Q1-XM2P-*": ErrCodeSymbol, "70Q1-XM2P-é": ErrCodeSymbol,
		"07Q1-XM2P-" + check: ErrCodeCheck,
	} {
		if got, err := ParseCode(s); got != "" || !errors.Is(err, want) {
			t.Errorf("ParseCode(%q) = %q, %v; want %v", s, got, err, want)
		}
	}
}

// However a sound code is written, it reads the same.
func TestParseCodeIsTolerant(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		code := format(anyCode(t))
		var said strings.Builder
		for _, r := range strings.ReplaceAll(string(code), "-", "") {
			forms := []rune{r, []rune(strings.ToLower(string(r)))[0]}
			switch r {
			case '0':
				forms = append(forms, 'O', 'o', '۰')
			case '1':
				forms = append(forms, 'I', 'i', 'L', 'l', '۱')
			}
			said.WriteRune(rapid.SampledFrom(forms).Draw(t, "form"))
			said.WriteString(rapid.SampledFrom([]string{"", " ", "-", "\u2011", ". ", "\t"}).Draw(t, "gap"))
		}
		if got, err := ParseCode(said.String()); got != code || err != nil {
			t.Fatalf("ParseCode(%q) = %q, %v; want %q", said.String(), got, err, code)
		}
	})
}

func FuzzParseCode(f *testing.F) {
	f.Add("7KQ4-XM2P-V")
	f.Add("")
	f.Add("oil o1l۰٠ u")
	f.Fuzz(func(t *testing.T, s string) {
		c, err := ParseCode(s)
		if err != nil {
			return
		}
		if again, err := ParseCode(string(c)); again != c || err != nil {
			t.Fatalf("%q became %q, which becomes %q, %v", s, c, again, err)
		}
	})
}

func TestNewCode(t *testing.T) {
	const n = 100_000
	form := regexp.MustCompile(`^[0-9A-HJKMNP-TV-Z]{4}-[0-9A-HJKMNP-TV-Z]{4}-[0-9A-HJKMNP-TV-Z]$`)
	word := regexp.MustCompile(`[A-Z01]{3,}`)
	seen := make(map[Code]bool, n)
	next := 0 // neighbours that share their first symbol; n/32 if drawn by chance
	var last Code
	for range n {
		c := NewCode()
		if !form.MatchString(string(c)) {
			t.Fatalf("%s has the wrong form", c)
		}
		if got, err := ParseCode(string(c)); got != c || err != nil {
			t.Fatalf("%s does not read back: %v", c, err)
		}
		for _, w := range word.FindAllString(strings.ReplaceAll(string(c), "-", ""), -1) {
			if strings.ContainsAny(w, "AE01") {
				t.Fatalf("%s may spell a word: %s", c, w)
			}
		}
		seen[c] = true
		if last != "" && c[0] == last[0] {
			next++
		}
		last = c
	}
	if len(seen) < n-2 { // one repeat is expected in about a hundred runs
		t.Errorf("%d different codes of %d", len(seen), n)
	}
	// Letters are a little rarer than digits because of the word rule; eight standard deviations of room.
	if want := n / 31.5; math.Abs(float64(next)-want) > 8*math.Sqrt(want) {
		t.Errorf("%d neighbours begin alike, about %.0f expected", next, want)
	}
}

func TestNewCodeUnless(t *testing.T) {
	asked := 0
	c, err := NewCodeUnless(func(Code) (bool, error) { asked++; return asked < 3, nil })
	if err != nil || asked != 3 || c == "" {
		t.Errorf("got %q, %v after %d questions; want a code after 3", c, err, asked)
	}
	if _, err := NewCodeUnless(func(Code) (bool, error) { return true, nil }); !errors.Is(err, ErrCodesTaken) {
		t.Errorf("all taken: %v", err)
	}
	down := errors.New("down")
	if _, err := NewCodeUnless(func(Code) (bool, error) { return false, down }); !errors.Is(err, down) {
		t.Errorf("store down: %v", err)
	}
}

// The number of codes in doc.go: the share of all 32^8 that may be given out, estimated from a fixed walk.
func TestHowManyCodes(t *testing.T) {
	const n = 200_000
	good, x := 0, uint64(1)
	for range n {
		x = x*6364136223846793005 + 1442695040888963407
		v := make([]byte, payload, length)
		for i := range v {
			v[i] = byte(x>>(20+5*i)) & 31
		}
		if fit(append(v, checkOf(v))) {
			good++
		}
	}
	share := float64(good) / n
	t.Logf("%.3f of 2^40 codes, %.3g in all", share, share*math.Exp2(40))
	if total := share * math.Exp2(40); math.Abs(total-4.8e11) > 0.1e11 {
		t.Errorf("%.3g codes; doc.go says 4.8e11", total)
	}
}
