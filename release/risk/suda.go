package risk

import (
	"context"
	"math/bits"
)

// Uniques are the minimal sample uniques of a file: for each record, the smallest sets of columns on which it is alone.
// They say what makes a record special, and which columns to coarsen. (Elliot, Manning and Ford 2002, "A computational
// algorithm for handling the special uniques problem"; Manning, Haglin and Keane 2008, "A recursive search algorithm for
// statistical disclosure assessment".)
type Uniques struct {
	MaxSize int
	// Score of each record: the sum over its minimal sample uniques, each of size k giving the product of
	// (keys - i) for i from k to MaxSize-1. A shorter one gives more; 0 means that there is none up to MaxSize.
	Score []float64
	// BySize counts the minimal sample uniques of each size; index 0 is unused.
	BySize []int
	// Column is, for each key, the share of all scores that comes from sets with it in.
	Column []float64

	keys []int
	sets [][]subset
}

// Sets lists the minimal sample uniques of a record, each as column numbers of the table.
func (u Uniques) Sets(record int) [][]int {
	var out [][]int
	for _, s := range u.sets[record] {
		var set []int
		for rest := uint64(s); rest != 0; rest &= rest - 1 {
			set = append(set, u.keys[bits.TrailingZeros64(rest)])
		}
		out = append(out, set)
	}
	return out
}

// SUDA finds the minimal sample uniques of up to maxSize columns (1 to 8; 3 is usual). A missing value counts as a
// value. Time grows with records times the number of such column sets, but records leave as soon as they are alone.
func SUDA(ctx context.Context, t Table, keys []int, maxSize int) (Uniques, error) {
	w, err := newWalker(t, keys, maxSize, 2, true)
	if err != nil {
		return Uniques{}, err
	}
	u := Uniques{MaxSize: maxSize, Score: make([]float64, t.Records), BySize: make([]int, maxSize+1),
		Column: make([]float64, len(keys)), keys: keys, sets: make([][]subset, t.Records)}
	total := 0.0
	for size := 1; size <= min(maxSize, len(keys)); size++ {
		hits, err := w.level(ctx, t.Records, size)
		if err != nil {
			return Uniques{}, err
		}
		worth := 1.0
		for i := size; i < maxSize; i++ {
			worth *= float64(len(keys) - i)
		}
		for _, h := range hits {
			for _, r := range h.records {
				if u.covers(r, h.on) {
					continue
				}
				u.sets[r] = append(u.sets[r], h.on)
				u.BySize[size]++
				u.Score[r] += worth
				total += worth
				for rest := uint64(h.on); rest != 0; rest &= rest - 1 {
					u.Column[bits.TrailingZeros64(rest)] += worth
				}
			}
		}
	}
	for i := range u.Column {
		if total > 0 {
			u.Column[i] /= total
		}
	}
	return u, nil
}

// covers tells whether the record is alone on fewer of these columns already.
func (u Uniques) covers(record uint32, on subset) bool {
	for _, s := range u.sets[record] {
		if s != on && s&on == s {
			return true
		}
	}
	return false
}
