package names

import (
	"fmt"
	"math"
	"slices"
	"strings"
	"testing"
	"unicode"

	"pgregory.net/rapid"
)

// anyName draws names of known and odd words, letters of all scripts, marks, signs and rubbish.
func anyName() *rapid.Generator[string] {
	listed := []string{"Muhammad", "محمد", "Abdul", "عبد", "ur", "Rehman", "الرحمن", "ullah", "اللہ", "Mst", "حاجی", "Gul", "e", "s/o",
		"মোঃ", "আব্দুল", "রহিম", "M.", "A", "ع", "ی", "و", "بی", "-", "Shamsul", "Habibur", "ﷺ", "李", "Иван", "۱۲", "'"}
	letters := []rune("abcdefghijklmnopqrstuvwxyzAEIOUYWHQşžəḥāʿ'ابپتٹثجچحخدڈذرڑزژسشصضطظعغفقکگلمنںوہھیءئؤأآةىيكەځڅښږڼۍ\u064b\u0651\u0670\u0640\u200c" +
		"অআইউএওকখগজড়য়যরসহািীুেো়্ং ঃ -./@()0৩۵")
	piece := rapid.OneOf(
		rapid.SampledFrom(listed),
		rapid.StringOfN(rapid.SampledFrom(letters), 0, 12, -1),
		rapid.String(),
	)
	return rapid.Custom(func(t *rapid.T) string {
		return strings.Join(rapid.SliceOfN(piece, 0, 5).Draw(t, "words"), rapid.SampledFrom([]string{" ", " ", "", "-"}).Draw(t, "between"))
	})
}

func holdsLetter(s string) bool { return strings.ContainsFunc(s, unicode.IsLetter) }

// checkName holds what must be true of every text.
func checkName(t interface{ Fatalf(string, ...any) }, s string) {
	n := Parse(s)
	normal := n.Normal()
	if again := Normalize(normal); again != normal {
		t.Fatalf("Normalize(%q) = %q, and then %q", s, normal, again)
	}
	keys := n.Keys()
	if !slices.Equal(keys, Keys(normal)) {
		t.Fatalf("%q and its normal form %q have different keys: %v, %v", s, normal, keys, Keys(normal))
	}
	if !slices.IsSorted(keys) || len(slices.Compact(slices.Clone(keys))) != len(keys) {
		t.Fatalf("keys of %q are not a sorted set: %v", s, keys)
	}
	for _, kind := range []string{WordKey, NameKey} {
		has := slices.ContainsFunc(keys, func(k string) bool { return strings.HasPrefix(k, kind) && len(k) > len(kind) })
		if holdsLetter(normal) && !has {
			t.Fatalf("%q (%q) has no key %s: %v", s, normal, kind, keys)
		}
	}
	if most := (maxWordKeys*3)*max(1, len(n.words)) + 2*maxNameKeys + maxWordKeys; len(keys) > most {
		t.Fatalf("%q has %d keys", s, len(keys))
	}
	if self := n.Similarity(n); holdsLetter(normal) && math.Abs(self-1) > 1e-9 || self < 0 || self > 1 {
		t.Fatalf("%q is %v similar to itself", s, self)
	}
	if out := fmt.Sprintf("%v %+v %s", n, n, n); out != "[name] [name] [name]" {
		t.Fatalf("a Name prints as %q", out)
	}
}

func TestEveryText(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) { checkName(t, anyName().Draw(t, "name")) })
}

func TestSimilarityIsSymmetric(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		a, b := Parse(anyName().Draw(t, "a")), Parse(anyName().Draw(t, "b"))
		x, y := a.Similarity(b), b.Similarity(a)
		if math.Abs(x-y) > 1e-9 || x < 0 || x > 1 {
			t.Fatalf("%q, %q: %v one way, %v the other", a.Normal(), b.Normal(), x, y)
		}
	})
}

// The order of plain words changes neither the name key nor the similarity.
func TestOrder(t *testing.T) {
	plain := []string{"imran", "khan", "fatima", "gul", "aslam", "یوسف", "زینب", "عمران", "نواز", "করিম", "begum"}
	rapid.Check(t, func(t *rapid.T) {
		ws := rapid.SliceOfN(rapid.SampledFrom(plain), 1, 4).Draw(t, "words")
		a, b := strings.Join(ws, " "), strings.Join(rapid.Permutation(ws).Draw(t, "order"), " ")
		if x, y := nameKeys(a), nameKeys(b); !slices.Equal(x, y) {
			t.Fatalf("%q has %v, %q has %v", a, x, b, y)
		}
		if s := Similarity(a, b); math.Abs(s-1) > 1e-9 {
			t.Fatalf("%q, %q: %v", a, b, s)
		}
	})
}

func nameKeys(s string) []string {
	return slices.DeleteFunc(Keys(s), func(k string) bool { return !strings.HasPrefix(k, NameKey) })
}

// Marks, tatweel, zero-width signs, case and spaces make no difference at all.
func TestMarksMakeNoDifference(t *testing.T) {
	noise := map[bool][]string{
		true:  {"", "", "\u064e", "\u0650\u0651", "\u0670", "\u0640", "\u200d", "\u200f"},
		false: {"", "", "\u0301", "\u0323", "'", "\u2060"},
	}
	rapid.Check(t, func(t *rapid.T) {
		name := rapid.SampledFrom([]string{"محمد عمران", "فاطمہ بی بی", "عبدالرحمن", "zainab bibi", "gul khan"}).Draw(t, "name")
		arabic := name[0] >= 0x80
		var b strings.Builder
		for _, r := range name {
			if r == ' ' {
				b.WriteString(rapid.SampledFrom([]string{" ", "  ", " - ", "\u00a0", ". "}).Draw(t, "space"))
				continue
			}
			if rapid.Bool().Draw(t, "upper") {
				r = unicode.ToUpper(r)
			}
			b.WriteRune(r)
			b.WriteString(rapid.SampledFrom(noise[arabic]).Draw(t, "mark"))
		}
		if got, want := Normalize(b.String()), Normalize(name); got != want {
			t.Fatalf("Normalize(%q) = %q, want %q", b.String(), got, want)
		}
	})
}

// Ordinary names get few keys: storage and blocking pay for each.
func TestKeysAreFew(t *testing.T) {
	sum, most, n := 0, 0, 0
	for _, p := range pairs(t) {
		for _, s := range []string{p.a, p.b} {
			k := len(Keys(s))
			sum, most, n = sum+k, max(most, k), n+1
		}
	}
	t.Logf("%.1f keys a name, at most %d, over %d names", float64(sum)/float64(n), most, n)
	if mean := float64(sum) / float64(n); mean > 5 {
		t.Errorf("%.1f keys a name", mean)
	}
}

// Text of any size is done with quickly: what is beyond a name's length is not heard. Without the cut this
// takes minutes, so the test needs no clock.
func TestLongText(t *testing.T) {
	long := strings.Repeat("th", 5_000)
	many := strings.Repeat("یوسف thadh ", 5_000)
	checkName(t, long)
	checkName(t, many)
	if s := Similarity(long, many); s < 0 || s > 1 {
		t.Errorf("similarity %v", s)
	}
}

func FuzzName(f *testing.F) {
	for _, s := range []string{"", "Mohd. Aslam s/o Abdur-Rahman", "عبدالرحمٰن", "মোঃ সাইফুল ইসলাম", "ﷺ ء ʿ", "abdul", "ul ul ul", "بی Mr بی بی"} {
		f.Add(s, "Gul")
	}
	f.Fuzz(func(t *testing.T, a, b string) {
		checkName(t, a)
		x, y := Similarity(a, b), Similarity(b, a)
		if math.Abs(x-y) > 1e-9 || x < 0 || x > 1 {
			t.Fatalf("%q, %q: %v one way, %v the other", a, b, x, y)
		}
	})
}
