package names

import (
	"slices"
	"strings"
	"unicode"
)

// Weights and costs, in consonants: one wrong consonant costs 1. Chosen by hand, then looked at on
// testdata/pairs.tsv; they rank candidates and are no probabilities. Package match learns those.
const (
	costVowel     = 0.5 // vowels that cannot be the same, inside a word or in front
	costLastVowel = 1.0 // at the end, where they tell Hamid from Hamida
	costNear      = 0.5 // a consonant for its neighbour (near)
	costFaint     = 0.7 // a faint consonant (h, w, y, n) too many

	lightWeight = 0.3  // of a word that says little, against 1
	initialHit  = 0.8  // how well an initial fits a word that begins with it
	floor       = 0.45 // words less alike than this have nothing to do with each other
	spelling    = 0.1  // share of the spelling itself, so that of two homophones the same spelling wins
	otherScript = 0.8  // what stands for the likeness of spellings across scripts
	maxWords    = 8    // words beyond are left out of the comparison; the work doubles with each
)

// near pairs consonants that are mixed up across the region's languages and ears.
var near = func() map[[2]byte]bool {
	m := map[[2]byte]bool{}
	for _, p := range strings.Fields("jz kx kg gx fp sS bp bw wf dz td cS cs cj nm sz rl") {
		m[[2]byte{p[0], p[1]}], m[[2]byte{p[1], p[0]}] = true, true
	}
	return m
}()

// Similarity says how much two names are alike, from 0 to 1; it is 1 for equal normalized names that hold
// a letter, whatever the order of the words, and 0 when either has no word. Same either way round.
//
// Words are compared by sound with an edit distance whose costs follow phonetic groups, as in Editex
// (J. Zobel and P. Dart, Phonetic string matching: lessons from information retrieval, SIGIR 1996), over
// consonants and the sets of vowels between them; one tenth is the Jaro-Winkler similarity of the
// spellings (W. E. Winkler, String comparator metrics, 1990), or a constant if they are in two scripts. Words are then
// paired off in the best way, whatever their order, two that were written apart also as one, and the pairs
// add up as in soft TF-IDF (W. W. Cohen, P. Ravikumar and S. E. Fienberg, A comparison of string distance
// metrics for name-matching tasks, IIWeb 2003), with two weights in place of frequencies: a word that
// half the region carries, or half a compound, weighs 0.3. The sum is set against the weight of all words
// of both names (Dice), so a name that has more words loses something, but little if they are light ones.
func (n Name) Similarity(o Name) float64 {
	as, ways := partings(n.words)
	bs, others := partings(o.words)
	// Both names with a fusion at once is not tried, so of the fused words only row and column are needed.
	like := make([][]float64, len(as))
	for i, a := range as {
		like[i] = make([]float64, len(bs))
		for j, b := range bs {
			if i < len(ways[0]) || j < len(others[0]) {
				like[i][j] = alike(a, b)
			}
		}
	}
	best := 0.0
	for i, way := range ways {
		for j, other := range others {
			if i == 0 || j == 0 {
				best = max(best, align(as, bs, way, other, like))
			}
		}
	}
	return best
}

// partings gives the words of a name and, after them, each two neighbours written as one; and the ways to
// part the name into these, as indices: first as it is, then with one fusion each.
func partings(ws []word) (all []word, ways [][]int) {
	ws = ws[:min(len(ws), maxWords)]
	all = slices.Clone(ws)
	plain := make([]int, len(ws))
	for i := range ws {
		plain[i] = i
	}
	ways = [][]int{plain}
	for i := 0; i+1 < len(ws); i++ {
		a, b := ws[i], ws[i+1]
		if a.initial || b.initial || a.readings == nil || b.readings == nil {
			continue
		}
		ways = append(ways, slices.Concat(plain[:i], []int{len(all)}, plain[i+2:]))
		all = append(all, word{text: a.text + b.text, readings: concat(a.readings, b.readings)})
	}
	return all, ways
}

func (w word) weight() float64 {
	if w.light || w.initial {
		return lightWeight
	}
	return 1
}

// align pairs the words of two names so that weight times likeness is greatest, by going through the
// subsets of the second name's words.
func align(as, bs []word, way, other []int, like [][]float64) float64 {
	if len(way) == 0 || len(other) == 0 {
		return 0
	}
	total := 0.0
	for _, j := range other {
		total += bs[j].weight()
	}
	best := make([]float64, 1<<len(other)) // for each set of used words of bs
	for _, i := range way {
		total += as[i].weight()
		for used := len(best) - 1; used > 0; used-- { // downwards, so that a word is paired once
			for bit, j := range other {
				if used&(1<<bit) != 0 {
					gain := like[i][j] * (as[i].weight() + bs[j].weight())
					best[used] = max(best[used], best[used&^(1<<bit)]+gain)
				}
			}
		}
	}
	return min(1, slices.Max(best)/total)
}

// alike compares two words, from 0 to 1, stretched so that what has nothing in common gets 0.
func alike(a, b word) float64 {
	if a.text == b.text {
		return 1
	}
	if a.initial != b.initial {
		if a.initial {
			a, b = b, a
		}
		return initialHit * begins(a, b)
	}
	s := 0.0
	for _, r := range a.readings {
		for _, q := range b.readings {
			s = max(s, r.likeness(q))
		}
	}
	spelt := otherScript
	if sameScript(a.text, b.text) {
		spelt = jaroWinkler([]rune(a.text), []rune(b.text))
		if a.readings == nil || b.readings == nil {
			s = spelt
		}
	}
	if s > 0 {
		s = (1-spelling)*s + spelling*spelt
	}
	return max(0, (s-floor)/(1-floor))
}

// begins is 1 if a word can begin with an initial, else 0.
func begins(w, initial word) float64 {
	for _, r := range w.readings {
		for _, q := range initial.readings {
			if q.cons == "" && r.gaps[0]&q.gaps[0]&^silent != 0 ||
				q.cons != "" && r.gaps[0]&silent != 0 && strings.HasPrefix(r.cons, q.cons[:1]) {
				return 1
			}
		}
	}
	return 0
}

// likeness is 1 less the cost of turning one reading into the other, over the cost of all there is.
func (r reading) likeness(q reading) float64 {
	row := make([]float64, len(q.cons)+1)
	row[0] = r.gapCost(q, 0, 0)
	for j := range len(q.cons) {
		row[j+1] = row[j] + lack(q.cons[j])
	}
	for i := range len(r.cons) {
		diagonal := row[0]
		row[0] += lack(r.cons[i])
		for j := range len(q.cons) {
			change := diagonal + swap(r.cons[i], q.cons[j]) + r.gapCost(q, i+1, j+1)
			diagonal = row[j+1]
			row[j+1] = min(change, row[j+1]+lack(r.cons[i]), row[j]+lack(q.cons[j]))
		}
	}
	whole := costVowel + (1+costVowel)*float64(max(len(r.cons), len(q.cons)))
	return max(0, 1-row[len(q.cons)]/whole)
}

func (r reading) gapCost(q reading, i, j int) float64 {
	switch {
	case r.gaps[i]&q.gaps[j] != 0:
		return 0
	case i == len(r.cons) && j == len(q.cons) && i+j > 0:
		return costLastVowel
	}
	return costVowel
}

func lack(c byte) float64 {
	if strings.IndexByte("hwyn", c) >= 0 {
		return costFaint
	}
	return 1
}

func swap(a, b byte) float64 {
	switch {
	case a == b:
		return 0
	case near[[2]byte{a, b}]:
		return costNear
	}
	return 1
}

func sameScript(a, b string) bool {
	latin := func(s string) bool {
		return strings.ContainsFunc(s, func(r rune) bool { return unicode.Is(unicode.Latin, r) })
	}
	return latin(a) == latin(b)
}

// jaroWinkler is the Jaro similarity, raised by a tenth of the rest for each of up to four equal first
// letters (Winkler 1990).
func jaroWinkler(a, b []rune) float64 {
	if len(a) == 0 || len(b) == 0 {
		return 0
	}
	if slices.Compare(a, b) > 0 {
		a, b = b, a // which letters pair off can depend on the order
	}
	window := max(0, max(len(a), len(b))/2-1)
	inA, inB := make([]bool, len(a)), make([]bool, len(b))
	same := 0
	for i := range a {
		for j := max(0, i-window); j < min(len(b), i+window+1); j++ {
			if !inB[j] && a[i] == b[j] {
				inA[i], inB[j] = true, true
				same++
				break
			}
		}
	}
	if same == 0 {
		return 0
	}
	moved, j := 0, 0
	for i := range a {
		if inA[i] {
			for !inB[j] {
				j++
			}
			if a[i] != b[j] {
				moved++
			}
			j++
		}
	}
	m := float64(same)
	jaro := (m/float64(len(a)) + m/float64(len(b)) + (m-float64(moved)/2)/m) / 3
	prefix := 0
	for prefix < min(4, len(a), len(b)) && a[prefix] == b[prefix] {
		prefix++
	}
	return jaro + float64(prefix)*0.1*(1-jaro)
}
