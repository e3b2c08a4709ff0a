package synth

import (
	"context"
	"math/bits"
	"runtime"
	"slices"
	"sync"
)

// blockRows is how many rows are counted at a time: 4 KB a bit slice, so the slices of 60
// columns stay in the second-level cache while all tables are counted.
const blockRows = 1 << 15

// sliceLimit is the most code combinations that are counted by ANDing bit slices; a table with more is
// counted row by row. One AND and population count handles 64 rows, one row increment about
// as many cycles as one word, so the break-even lies near 64; slices win below half of it.
const sliceLimit = 32

// Count gives the contingency table of each set of attributes (sorted, row-major), on all cores.
//
// Small tables come from bit slices: one bit a row for each code but the empty one, so a
// count is a population count of ANDed words, and the cells with an empty code follow by
// subtraction from the tables with one attribute less. Large tables are counted row by row.
func Count(ctx context.Context, t *Table, sets [][]int) ([][]int64, error) {
	c := plan(t, sets)
	workers := max(1, min(runtime.GOMAXPROCS(0), t.Rows/1024))
	c.rows = min(blockRows, (t.Rows/workers+64)/64*64)
	parts := make([]*tally, workers)
	var wg sync.WaitGroup
	for w := range workers {
		parts[w] = c.newTally()
		wg.Go(func() {
			for b := w * c.rows; b < t.Rows && ctx.Err() == nil; b += workers * c.rows {
				c.block(parts[w], b, min(b+c.rows, t.Rows))
			}
		})
	}
	wg.Wait()
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	sum := parts[0]
	for _, p := range parts[1:] {
		for i := range sum.flat {
			sum.flat[i] += p.flat[i]
		}
	}
	return c.assemble(sum), nil
}

// counting is the plan of one Count.
type counting struct {
	t      *Table
	rows   int // rows a block
	size   []int
	sets   [][]int
	sliced []job          // sorted, closed under subsets
	where  map[string]int // set -> index into sliced
	rowed  []job
	total  int // length of the flat accumulator
}

// job is one table to count: its place in the flat accumulator and its extent.
type job struct {
	set   []int
	at, n int
}

func key(set []int) string {
	b := make([]byte, 0, 2*len(set))
	for _, a := range set {
		b = append(b, byte(a>>8), byte(a))
	}
	return string(b)
}

func plan(t *Table, sets [][]int) *counting {
	c := &counting{t: t, size: sizes(t.Attrs), sets: sets, where: map[string]int{}}
	seen := map[string]bool{}
	var need func(set []int)
	need = func(set []int) {
		if len(set) == 0 || seen[key(set)] {
			return
		}
		seen[key(set)] = true
		c.sliced = append(c.sliced, job{set: set})
		for i := range set {
			need(slices.Delete(slices.Clone(set), i, i+1))
		}
	}
	for _, s := range sets {
		if c.isSliced(s) {
			need(s)
		}
	}
	slices.SortFunc(c.sliced, func(a, b job) int { return slices.Compare(a.set, b.set) })
	for i := range c.sliced {
		j := &c.sliced[i]
		j.at, j.n = c.total, 1
		for _, a := range j.set {
			j.n *= c.size[a] - 1
		}
		c.total += j.n
		c.where[key(j.set)] = i
	}
	for _, s := range sets {
		if !c.isSliced(s) && !seen[key(s)] {
			seen[key(s)] = true
			n := cells(c.size, s, 1<<40)
			c.where[key(s)] = len(c.rowed)
			c.rowed = append(c.rowed, job{s, c.total, n})
			c.total += n
		}
	}
	return c
}

func (c *counting) isSliced(set []int) bool {
	n := 1
	for _, a := range set {
		n *= c.size[a] - 1
	}
	return n <= sliceLimit
}

// tally holds one worker's counts and its scratch.
type tally struct {
	flat   []int64
	slices [][][]uint64 // [attr][code-1][word]
	and    [][]uint64   // one ANDed block a depth
}

func (c *counting) newTally() *tally {
	t := &tally{flat: make([]int64, c.total), slices: make([][][]uint64, len(c.size))}
	words := (c.rows + 63) / 64
	depth := 0
	for _, j := range c.sliced {
		depth = max(depth, len(j.set))
		for _, a := range j.set {
			if t.slices[a] == nil {
				t.slices[a] = make([][]uint64, c.size[a]-1)
				for i := range t.slices[a] {
					t.slices[a][i] = make([]uint64, words)
				}
			}
		}
	}
	for range depth {
		t.and = append(t.and, make([]uint64, words))
	}
	return t
}

func (c *counting) block(t *tally, lo, hi int) {
	words := (hi - lo + 63) / 64
	for a, codes := range t.slices {
		if codes == nil {
			continue
		}
		for _, s := range codes {
			clear(s)
		}
		for r, code := range c.t.Cols[a][lo:hi] {
			if code != 0 {
				codes[code-1][r>>6] |= 1 << (r & 63)
			}
		}
	}
	c.walk(t, 0, len(c.sliced), 0, nil, words, 0)
	for _, j := range c.rowed {
		c.byRow(t.flat[j.at:j.at+j.n], j.set, lo, hi)
	}
}

// walk counts jobs[lo:hi], which share their first depth attributes; and is the AND of one code
// of each of those, offset the position of those codes in a table.
func (c *counting) walk(t *tally, lo, hi, depth int, and []uint64, words, offset int) {
	for lo < hi {
		if len(c.sliced[lo].set) == depth { // the shared prefix itself, already counted by the caller
			lo++
			continue
		}
		a := c.sliced[lo].set[depth]
		end := lo
		for end < hi && c.sliced[end].set[depth] == a {
			end++
		}
		own := len(c.sliced[lo].set) == depth+1 // the job that ends here comes first in order
		for code, s := range t.slices[a] {
			off := offset*(c.size[a]-1) + code
			if end == lo+1 && own {
				t.flat[c.sliced[lo].at+off] += popcount2(and, s[:words])
				continue
			}
			x := s[:words]
			if and != nil {
				x = t.and[depth][:words]
				n := 0
				for i, w := range s[:words] {
					v := w & and[i]
					x[i] = v
					n += bits.OnesCount64(v)
				}
				if own {
					t.flat[c.sliced[lo].at+off] += int64(n)
				}
			} else if own {
				t.flat[c.sliced[lo].at+off] += popcount2(nil, x)
			}
			c.walk(t, lo, end, depth+1, x, words, off)
		}
		lo = end
	}
}

func popcount2(a, b []uint64) int64 {
	n0, n1 := 0, 0
	if a == nil {
		for _, w := range b {
			n0 += bits.OnesCount64(w)
		}
		return int64(n0)
	}
	a = a[:len(b)]
	i := 0
	for ; i+4 <= len(b); i += 4 {
		x, y := a[i:i+4:i+4], b[i:i+4:i+4]
		n0 += bits.OnesCount64(x[0]&y[0]) + bits.OnesCount64(x[1]&y[1])
		n1 += bits.OnesCount64(x[2]&y[2]) + bits.OnesCount64(x[3]&y[3])
	}
	for ; i < len(b); i++ {
		n0 += bits.OnesCount64(a[i] & b[i])
	}
	return int64(n0 + n1)
}

// byRow counts a table row by row.
func (c *counting) byRow(out []int64, set []int, lo, hi int) {
	st := strides(c.size, set)
	col := func(i int) []uint16 { return c.t.Cols[set[i]][lo:hi] }
	switch len(set) {
	case 1:
		for _, x := range col(0) {
			out[x]++
		}
	case 2:
		a, b, s := col(0), col(1), st[0]
		b = b[:len(a)]
		for r, x := range a {
			out[int(x)*s+int(b[r])]++
		}
	case 3:
		a, b, d, s, u := col(0), col(1), col(2), st[0], st[1]
		b, d = b[:len(a)], d[:len(a)]
		for r, x := range a {
			out[int(x)*s+int(b[r])*u+int(d[r])]++
		}
	default:
		for r := lo; r < hi; r++ {
			i := 0
			for k, a := range set {
				i += int(c.t.Cols[a][r]) * st[k]
			}
			out[i]++
		}
	}
}

// assemble turns the counts of non-empty codes into whole tables.
func (c *counting) assemble(sum *tally) [][]int64 {
	memo := map[string][]int64{"": {int64(c.t.Rows)}}
	var table func(set []int) []int64
	table = func(set []int) []int64 {
		k := key(set)
		if got := memo[k]; got != nil {
			return got
		}
		i, j := c.where[k], job{}
		if !c.isSliced(set) {
			j = c.rowed[i]
			memo[k] = sum.flat[j.at : j.at+j.n]
			return memo[k]
		}
		j = c.sliced[i]
		var rest [][]int64 // rest[i]: the table without attribute i
		for i := range set {
			rest = append(rest, table(slices.Delete(slices.Clone(set), i, i+1)))
		}
		memo[k] = complete(c.size, set, sum.flat[j.at:j.at+j.n], rest)
		return memo[k]
	}
	out := make([][]int64, len(c.sets))
	for i, s := range c.sets {
		out[i] = table(s)
	}
	return out
}

// complete fills a table over set from its cells without an empty code (core) and the tables with one
// attribute less: the empty code of an attribute has what the others leave.
func complete(size, set []int, core []int64, rest [][]int64) []int64 {
	n := cells(size, set, 1<<40)
	out := make([]int64, n)
	st := strides(size, set)
	code := make([]int, len(set))
	at := 0
	for i := n - 1; i >= 0; i-- { // from the last cell down: an empty code comes after the codes it needs
		x, empty := i, -1
		for k := range set {
			code[k] = x / st[k]
			x %= st[k]
			if code[k] == 0 && empty < 0 {
				empty = k
			}
		}
		if empty < 0 {
			at++
			out[i] = core[len(core)-at]
			continue
		}
		j := 0
		for k, a := range set {
			if k != empty {
				j = j*size[a] + code[k]
			}
		}
		v := rest[empty][j]
		for c := 1; c < size[set[empty]]; c++ {
			v -= out[i+c*st[empty]]
		}
		out[i] = v
	}
	return out
}
