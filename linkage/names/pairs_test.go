package names

import (
	"os"
	"slices"
	"strings"
	"testing"
)

type pair struct {
	same bool
	a, b string
}

// rows gives the columns of each line of a test file that has n of them.
func rows(t testing.TB, file string, n int) [][]string {
	t.Helper()
	text, err := os.ReadFile("testdata/" + file)
	if err != nil {
		t.Fatal(err)
	}
	var out [][]string
	for line := range strings.Lines(string(text)) {
		if strings.HasPrefix(line, "#") {
			continue
		}
		f := strings.Split(strings.TrimSpace(line), "\t")
		if len(f) != n {
			t.Fatalf("%s: %q has not %d columns", file, line, n)
		}
		out = append(out, f)
	}
	return out
}

func pairs(t testing.TB) []pair {
	var ps []pair
	for _, f := range rows(t, "pairs.tsv", 3) {
		ps = append(ps, pair{f[0] == "same", f[1], f[2]})
	}
	return ps
}

// share says whether two names share a key. Two names of several words always may share one word; for them
// only the keys of the whole name count.
func share(a, b Name) bool {
	whole := several(a) && several(b)
	ks := a.Keys()
	return slices.ContainsFunc(b.Keys(), func(k string) bool {
		return slices.Contains(ks, k) && !(whole && strings.HasPrefix(k, WordKey))
	})
}

func several(n Name) bool {
	return len(slices.DeleteFunc(slices.Clone(n.words), func(w word) bool { return w.affix })) > 1
}

func TestPairs(t *testing.T) {
	var all, agree, alike [2]int // of different and of same pairs
	for _, p := range pairs(t) {
		i := map[bool]int{true: 1}[p.same]
		a, b := Parse(p.a), Parse(p.b)
		all[i]++
		if share(a, b) {
			agree[i]++
		}
		if share(a, b) != p.same {
			t.Logf("keys: same=%v %s, %s: %v %v", p.same, p.a, p.b, a.Keys(), b.Keys())
		}
		s := a.Similarity(b)
		if s >= 0.85 {
			alike[i]++
		}
		if (s >= 0.85) != p.same {
			t.Logf("similarity %.2f: same=%v %s, %s", s, p.same, p.a, p.b)
		}
	}
	t.Logf("%d same pairs: %d share a key, %d are at least 0.85 similar", all[1], agree[1], alike[1])
	t.Logf("%d different pairs, near misses by choice: %d share a key, %d are at least 0.85 similar", all[0], agree[0], alike[0])
	if all[1] < 200 || all[0] < 150 {
		t.Error("the table has shrunk")
	}
	if agree[1] < all[1] {
		t.Error("a pair of spellings shares no key")
	}
	if agree[0] > 1 { // Saifullah and Safiullah differ only in where a vowel stands
		t.Error("more different names share a key than before")
	}
	if share := float64(alike[1]) / float64(all[1]); share < 0.97 || alike[0] > 2 {
		t.Error("similarity tells names apart worse than before")
	}
}

// Every name of a list that the rules were not made for, against every other.
func TestHeldOut(t *testing.T) {
	var arabic, latin []Name
	list := rows(t, "heldout.tsv", 2)
	for _, f := range list {
		arabic, latin = append(arabic, Parse(f[0])), append(latin, Parse(f[1]))
	}
	hits, others, wrong, first := 0, 0, 0, 0
	for i, a := range arabic {
		if share(a, latin[i]) {
			hits++
		} else {
			t.Logf("no shared key: %v", list[i])
		}
		own, best := a.Similarity(latin[i]), 0.0
		for j, b := range latin {
			if i == j {
				continue
			}
			best = max(best, a.Similarity(b))
			if others++; share(a, b) {
				wrong++
			}
		}
		if own > best {
			first++
		}
	}
	t.Logf("%d of %d names share a key across scripts; %d are most similar to their own spelling", hits, len(list), first)
	t.Logf("%d of %d pairs of different names share a key", wrong, others)
	if hits < 91 || first < 94 || wrong > 10 {
		t.Error("worse than before")
	}
}

func TestRanking(t *testing.T) {
	for _, c := range []struct{ name, nearer, farther string }{
		{"Muhammad Imran Khan", "Imran", "Muhammad Kamran Khan"},
		{"Muhammad Imran", "M. Imran", "M. Kamran"},
		{"Abdul Rehman", "Rehman", "Abdul Raheem"},
		{"محمد عمران خان", "Imran Khan", "Muhammad Adnan Khan"},
		{"Fatima Bibi", "فاطمہ", "Zainab Bibi"},
		{"Umar Farooq", "عمر فاروق", "عامر فاروق"},
		{"Hameed", "Hamid", "Hamida"},
		{"حمید", "Hameed", "Hamida"},
		{"Ayesha", "Ayesha", "Aisha"},
		{"Zahid Hussain", "Zahid Husain", "Zahida Hussain"},
		{"Gulnaz Bibi", "Gul Naz", "Gulshan Bibi"},
		{"Kamal Hossain", "কামাল হোসেন", "জামাল হোসেন"},
	} {
		near, far := Similarity(c.name, c.nearer), Similarity(c.name, c.farther)
		if near <= far {
			t.Errorf("%s: %s %.3f, but %s %.3f", c.name, c.nearer, near, c.farther, far)
		}
	}
}

// Jaro-Winkler against the published examples of Winkler (1990).
func TestJaroWinkler(t *testing.T) {
	for _, c := range []struct {
		a, b string
		want float64
	}{{"martha", "marhta", 0.961}, {"dwayne", "duane", 0.840}, {"dixon", "dicksonx", 0.813}, {"abc", "xyz", 0}, {"", "a", 0}} {
		if got := jaroWinkler([]rune(c.a), []rune(c.b)); got < c.want-0.001 || got > c.want+0.001 {
			t.Errorf("%s, %s: %.3f, want %.3f", c.a, c.b, got, c.want)
		}
	}
}
