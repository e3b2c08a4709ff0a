package kanon

import (
	"fmt"
	"math"
	"slices"

	"aman/release/risk"
)

// Sensitive asks that no class of records tells too much about a column that is not a key. A zero field asks nothing.
// Missing counts as a value.
type Sensitive struct {
	Column int
	// Distinct is the least number of different values in a class (distinct l-diversity).
	Distinct int
	// Entropy is the least l such that the entropy of the values in a class is log l or more (entropy l-diversity).
	Entropy float64
	// RecursiveC and RecursiveL ask for recursive (c,l)-diversity: the most frequent value occurs less than c times as
	// often as all but the l-1 most frequent ones together. Distinct, entropy and recursive l-diversity:
	// Machanavajjhala and others 2007, "l-diversity: privacy beyond k-anonymity", section 4.
	RecursiveC float64
	RecursiveL int
	// Closeness is the greatest earth mover's distance between the values of a class and of the whole file
	// (t-closeness: Li, Li and Venkatasubramanian 2007). All values are equally far apart, or, where Ordered, as far
	// as their places in the column's list of values.
	Closeness float64
	Ordered   bool
}

// Levels says what a file of records holds to on its keys.
type Levels struct {
	K          int // the smallest class
	Classes    int
	Distinct   int
	Entropy    float64
	Recursive  float64 // the least c for which the file is recursively (c,l)-diverse exceeds this; +Inf: for no c
	RecursiveL int
	Closeness  float64
}

// Measure tells how k-anonymous a file is on the keys, and how diverse and close the sensitive column is in its classes.
// Of s only Column, Ordered and RecursiveL (2 when zero) are read.
func Measure(t risk.Table, keys []int, s Sensitive) (Levels, error) {
	if err := checkColumns(t, append(slices.Clone(keys), s.Column)); err != nil {
		return Levels{}, err
	}
	if s.RecursiveL == 0 {
		s.RecursiveL = 2
	}
	out := Levels{RecursiveL: s.RecursiveL}
	if t.Records == 0 {
		return out, nil
	}
	d := newDiversity(t, s)
	out.K, out.Distinct, out.Entropy = math.MaxInt, math.MaxInt, math.Inf(1)
	for _, class := range classes(t, keys) {
		d.look(class)
		out.Classes++
		out.K = min(out.K, len(class))
		out.Distinct = min(out.Distinct, d.distinct())
		out.Entropy = min(out.Entropy, d.entropy())
		out.Recursive = max(out.Recursive, d.recursive(s.RecursiveL))
		out.Closeness = max(out.Closeness, d.distance())
	}
	return out, nil
}

func checkColumns(t risk.Table, columns []int) error {
	for _, c := range columns {
		if c < 0 || c >= len(t.Columns) {
			return fmt.Errorf("kanon: the file has no column %d", c)
		}
	}
	return nil
}

// classes lists the records of each class.
func classes(t risk.Table, keys []int) [][]uint32 {
	c := t.Classes(keys)
	out := make([][]uint32, len(c.Size))
	for r, class := range c.Of {
		out[class] = append(out[class], uint32(r))
	}
	return out
}

// diversity looks at the sensitive values of one class at a time.
type diversity struct {
	want  Sensitive
	codes []uint32
	whole []float64 // share of each value in the file
	count []float64
	n     float64
}

func newDiversity(t risk.Table, s Sensitive) *diversity {
	c := t.Columns[s.Column]
	d := &diversity{want: s, codes: c.Codes, whole: make([]float64, len(c.Values)), count: make([]float64, len(c.Values))}
	for _, code := range c.Codes {
		d.whole[code] += 1 / float64(t.Records)
	}
	return d
}

func (d *diversity) look(class []uint32) {
	clear(d.count)
	for _, r := range class {
		d.count[d.codes[r]]++
	}
	d.n = float64(len(class))
}

func (d *diversity) distinct() (n int) {
	for _, c := range d.count {
		if c > 0 {
			n++
		}
	}
	return n
}

// entropy gives the l of entropy l-diversity, e to the entropy.
func (d *diversity) entropy() float64 {
	h := 0.0
	for _, c := range d.count {
		if c > 0 {
			h -= c / d.n * math.Log(c/d.n)
		}
	}
	return math.Exp(h)
}

// recursive gives the c that must be exceeded for recursive (c,l)-diversity.
func (d *diversity) recursive(l int) float64 {
	sorted := slices.Clone(d.count)
	slices.SortFunc(sorted, func(a, b float64) int { return int(b - a) })
	rest := 0.0
	for _, c := range sorted[min(max(l, 1)-1, len(sorted)):] {
		rest += c
	}
	if rest == 0 {
		return math.Inf(1)
	}
	return sorted[0] / rest
}

// distance is the earth mover's distance from the file.
func (d *diversity) distance() float64 {
	sum, ahead := 0.0, 0.0
	if d.want.Ordered && len(d.count) > 2 {
		// Values[0] is missing and has no place in the order: as far from all others as the ends from each other.
		missing := d.count[0]/d.n - d.whole[0]
		ahead = 0
		for i := 1; i < len(d.count); i++ {
			ahead += d.count[i]/d.n - d.whole[i]
			if i < len(d.count)-1 {
				sum += math.Abs(ahead)
			}
		}
		return min(1, sum/float64(len(d.count)-2)+math.Abs(missing))
	}
	for i, c := range d.count {
		sum += math.Abs(c/d.n - d.whole[i])
	}
	return sum / 2
}

// ok tells whether a class holds to what is asked.
func (d *diversity) ok(class []uint32) bool {
	d.look(class)
	w := d.want
	return (w.Distinct == 0 || d.distinct() >= w.Distinct) &&
		(w.Entropy == 0 || d.entropy() >= w.Entropy-1e-9) &&
		(w.RecursiveC == 0 || d.recursive(w.RecursiveL) < w.RecursiveC) &&
		(w.Closeness == 0 || d.distance() <= w.Closeness+1e-9)
}
