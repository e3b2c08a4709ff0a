package kanon

import (
	"context"
	"fmt"
	"testing"

	"pgregory.net/rapid"
)

// tables gives every whole-number leaf table that agrees with what is published and has no leaf above the cap.
func tables(p Published, limit int64) [][]int64 {
	l := newLattice(p.Dims)
	leaves := l.leafCells()
	// For each leaf, the lattice cells that add it up; a cell can be checked once its last leaf is set.
	var over [][]int
	last := make([]int, l.size)
	for n, leaf := range leaves {
		cells := []int{leaf}
		for i := range l.n {
			for _, c := range cells {
				cells = append(cells, c+(l.n[i]-l.coord(c, i))*l.stride[i])
			}
		}
		over = append(over, cells)
		for _, c := range cells {
			last[c] = n
		}
	}
	sum := make([]int64, l.size)
	now := make([]int64, len(leaves))
	var out [][]int64
	agrees := func(c int, done bool) bool {
		switch s := p.States[c]; {
		case s == Shown:
			return sum[c] == p.Values[c] || !done && sum[c] < p.Values[c]
		case s == impossible || s == unseenImpossible:
			return sum[c] == 0
		case s.withheld() && p.Rules.Zeros == ZerosShown:
			return !done || sum[c] > 0
		}
		return true
	}
	var fill func(n int)
	fill = func(n int) {
		if n == len(leaves) {
			out = append(out, append([]int64(nil), now...))
			return
		}
		for x := int64(0); x <= limit; x++ {
			ok := true
			for _, c := range over[n] {
				sum[c] += x
				ok = ok && agrees(c, last[c] == n)
			}
			if ok {
				now[n] = x
				fill(n + 1)
			}
			for _, c := range over[n] {
				sum[c] -= x
			}
		}
	}
	fill(0)
	return out
}

// leaks lists what the tables that agree give away: small cells placed too narrowly, and groups of leaf cells whose
// count is certain and below the minimum.
func leaks(p Published, truth []int64, agree [][]int64) []string {
	l := newLattice(p.Dims)
	v := l.totals(truth)
	low, high := l.totals(truth), l.totals(truth)
	for _, t := range agree {
		for i, x := range l.totals(t) {
			low[i], high[i] = min(low[i], x), max(high[i], x)
		}
	}
	var out []string
	for i := range v {
		known := p.States[i] == impossible || p.States[i] == unseenImpossible
		if p.Rules.small(v[i]) && !known && high[i]-low[i] < p.Rules.Width {
			out = append(out, fmt.Sprintf("cell %d lies in %d..%d", i, low[i], high[i]))
		}
	}
	for group := 1; group < 1<<l.leaves; group++ {
		count := func(t []int64) (n int64) {
			for i, x := range t {
				if group>>i&1 == 1 {
					n += x
				}
			}
			return n
		}
		n, certain := count(truth), true
		for _, t := range agree {
			if count(t) != n {
				certain = false
				break
			}
		}
		if certain && n > 0 && n < p.Rules.MinCell {
			out = append(out, fmt.Sprintf("the leaf cells %b hold %d", group, n))
		}
	}
	return out
}

func smallCube(t *rapid.T) Cube {
	shapes := [][]int{{4}, {2, 2}, {2, 3}, {3, 2}, {2, 1, 3}, {2, 2, 2}}
	shape := rapid.SampledFrom(shapes).Draw(t, "shape")
	var dims []Dimension
	for i, n := range shape {
		d := Dimension{Name: fmt.Sprint("d", i)}
		for j := range n {
			d.Codes = append(d.Codes, fmt.Sprint("c", j))
		}
		dims = append(dims, d)
	}
	c, err := NewCube(dims...)
	if err != nil {
		t.Fatal(err)
	}
	for i := range c.Counts {
		c.Counts[i] = rapid.Int64Range(0, 5).Draw(t, "count")
	}
	if rapid.Bool().Draw(t, "some impossible") {
		c.Impossible = make([]bool, len(c.Counts))
		for i, n := range c.Counts {
			c.Impossible[i] = n == 0 && rapid.Bool().Draw(t, "impossible")
		}
	}
	if rapid.Bool().Draw(t, "some margins") {
		c.Margins = [][]string{}
		for set := range 1 << len(dims) {
			if rapid.Bool().Draw(t, "margin") {
				names := []string{}
				for i, d := range dims {
					if set>>i&1 == 1 {
						names = append(names, d.Name)
					}
				}
				c.Margins = append(c.Margins, names)
			}
		}
	}
	return c
}

func smallRules(t *rapid.T) Rules {
	k := rapid.Int64Range(2, 3).Draw(t, "minimum cell")
	return Rules{MinCell: k, Width: k + rapid.Int64Range(0, 1).Draw(t, "more width"),
		Zeros: rapid.SampledFrom([]Zeros{ZerosFree, ZerosShown, ZerosWithheld}).Draw(t, "zeros")}
}

// Against every table that agrees with what is shown, each small cell keeps its width and no group of leaf cells
// smaller than the minimum has a certain count.
func TestProtectAgainstAllTables(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		c, r := smallCube(t), smallRules(t)
		p, err := Protect(context.Background(), c, r)
		if err != nil {
			t.Fatal(err)
		}
		agree := tables(p, 5+r.Width)
		if len(agree) == 0 {
			t.Fatal("the true table does not agree with what is shown")
		}
		if found := leaks(p, c.Counts, agree); len(found) > 0 {
			t.Fatalf("%d tables agree, and yet: %v\n%v", len(agree), found, p)
		}
	})
}

// primaryOnly is the negative control: small cells withheld and nothing else.
func primaryOnly(t interface{ Fatal(...any) }, c Cube, r Rules) Published {
	r, err := r.normal()
	if err != nil {
		t.Fatal(err)
	}
	margins, err := c.published()
	if err != nil {
		t.Fatal(err)
	}
	b, states := lay(c, r, margins)
	p := Published{Dims: c.Dims, Rules: r, Of: c.Of, States: states, Values: make([]int64, b.size)}
	for i, s := range states {
		if s == Shown {
			p.Values[i] = b.value[i]
		}
	}
	return p
}

func TestPrimaryOnlyLeaks(t *testing.T) {
	c, _ := NewCube(Dimension{Name: "a", Codes: []string{"x", "y"}}, Dimension{Name: "b", Codes: []string{"x", "y", "z"}})
	copy(c.Counts, []int64{1, 4, 5, 5, 4, 3})
	p := primaryOnly(t, c, Rules{MinCell: 3})
	if found := leaks(p, c.Counts, tables(p, 8)); len(found) == 0 {
		t.Fatal("the brute force attack finds nothing in a table with small cells withheld alone")
	}
}

// Every witness is a whole, non-negative, additive table that keeps what is shown.
func TestWitnessesHold(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		c, r := smallCube(t), smallRules(t)
		p, proof, err := Prove(context.Background(), c, r)
		if err != nil {
			t.Fatal(err)
		}
		checkWitnesses(t, c, p, proof)
	})
}

func checkWitnesses(t interface{ Fatalf(string, ...any) }, c Cube, p Published, proof []Witness) {
	l := newLattice(p.Dims)
	v := l.totals(c.Counts)
	small := 0
	for _, s := range p.States {
		if s.small() {
			small++
		}
	}
	if small != len(proof) {
		t.Fatalf("%d witnesses for %d small cells", len(proof), small)
	}
	for _, w := range proof {
		if w.High-w.Low < p.Rules.Width {
			t.Fatalf("cell %v has room %d..%d", w.Codes, w.Low, w.High)
		}
		for _, change := range []map[int]int64{w.Lower, w.Upper} {
			leaf := make([]int64, 0, l.leaves)
			for _, i := range l.leafCells() {
				leaf = append(leaf, v[i]+change[i])
			}
			table := l.totals(leaf)
			for i, x := range table {
				s := p.States[i]
				least := int64(0)
				if s.withheld() && p.Rules.Zeros == ZerosShown {
					least = 1
				}
				if x != v[i]+change[i] || x < least || x != v[i] && !s.open() {
					t.Fatalf("the witness of %v is no table: cell %d is %d, was %d", w.Codes, i, x, v[i])
				}
			}
		}
	}
}
