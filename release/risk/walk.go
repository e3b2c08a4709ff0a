package risk

import (
	"context"
	"fmt"
	"math/bits"
	"runtime"
	"sync"
)

// subset is a set of key columns, a bit each in the order of keys.
type subset uint64

func (s subset) size() int { return bits.OnesCount64(uint64(s)) }

// walker visits combinations of columns and finds the records that few others equal on them.
type walker struct {
	columns []Column // the keys
	below   uint32   // a combination is rare when fewer records than this share it; at most 255
	missing bool     // a missing value counts as a value
}

func newWalker(t Table, keys []int, size, below int, missing bool) (walker, error) {
	switch {
	case len(keys) > 64:
		return walker{}, fmt.Errorf("risk: %d keys are more than 64", len(keys))
	case size < 1 || size > 8:
		return walker{}, fmt.Errorf("risk: combinations of %d columns: choose 1 to 8", size)
	case below < 2 || below > 255:
		return walker{}, fmt.Errorf("risk: rare below %d records: choose 2 to 255", below)
	}
	w := walker{below: uint32(below), missing: missing}
	for _, k := range keys {
		w.columns = append(w.columns, t.Columns[k])
	}
	return w, nil
}

// hit lists the records that are rare on a set of columns and on no part of it that comes earlier in the walk.
type hit struct {
	on      subset
	records []uint32
}

// group is the records that are not rare on the columns so far, with their class.
type group struct {
	records []uint32
	class   []uint32
	classes int
}

// level gives the hits on all sets of exactly size columns, shared out over the processors. Their order is not fixed.
func (w walker) level(ctx context.Context, records, size int) ([]hit, error) {
	all := group{records: make([]uint32, records), class: make([]uint32, records), classes: 1}
	for r := range all.records {
		all.records[r] = uint32(r)
	}
	first := make(chan int)
	var wait sync.WaitGroup
	var lock sync.Mutex
	var out []hit
	for range min(runtime.GOMAXPROCS(0), len(w.columns)) {
		wait.Add(1)
		go func() {
			defer wait.Done()
			c := &counter{}
			var mine []hit
			for i := range first {
				w.descend(ctx, c, all, i, 0, size, &mine)
			}
			lock.Lock()
			defer lock.Unlock()
			out = append(out, mine...)
		}()
	}
	for i := range w.columns {
		first <- i
	}
	close(first)
	wait.Wait()
	if err := ctx.Err(); err != nil {
		return nil, fmt.Errorf("risk: %w", err)
	}
	return out, nil
}

func (w walker) descend(ctx context.Context, c *counter, g group, column int, on subset, left int, out *[]hit) {
	if ctx.Err() != nil || len(g.records) == 0 || len(w.columns)-column < left {
		return
	}
	on |= 1 << column
	col := w.columns[column]
	if left == 1 {
		if rare := c.rare(g, col, w.below, w.missing); len(rare) > 0 {
			*out = append(*out, hit{on, rare})
		}
		return
	}
	g = c.split(g, col, w.below, w.missing)
	for next := column + 1; next < len(w.columns); next++ {
		w.descend(ctx, c, g, next, on, left-1, out)
	}
}

// counter counts the records of each pair of class and code. Its array is never cleared: an entry holds the turn in
// which it was written (24 bits) and the count (8 bits, no higher than 255).
type counter struct {
	entries []uint32
	turn    uint32
	hashed  map[uint64]uint32
	number  []uint32
}

const largestArray = 1 << 24

// count gives a function that tells the count of a pair, no higher than limit.
func (c *counter) count(g group, col Column, limit uint32, missing bool) func(class, code uint32) uint32 {
	n := uint32(len(col.Values))
	cells := g.classes * len(col.Values)
	if cells > largestArray {
		c.hashed = make(map[uint64]uint32, len(g.records))
		for i, r := range g.records {
			if code := col.Codes[r]; missing || code != 0 {
				c.hashed[uint64(g.class[i])<<32|uint64(code)]++
			}
		}
		return func(class, code uint32) uint32 { return min(limit, c.hashed[uint64(class)<<32|uint64(code)]) }
	}
	if len(c.entries) < cells {
		c.entries, c.turn = make([]uint32, max(cells, 2*len(c.entries))), 0
	}
	if c.turn++; c.turn == 1<<24 {
		clear(c.entries)
		c.turn = 1
	}
	entries, stamp := c.entries, c.turn<<8
	for i, r := range g.records {
		e := &entries[g.class[i]*n+col.Codes[r]]
		switch {
		case *e&^0xff != stamp:
			*e = stamp | 1
		case *e&0xff < limit:
			*e++
		}
	}
	return func(class, code uint32) uint32 { return entries[class*n+code] & 0xff }
}

// rare gives the records of pairs with fewer than limit.
func (c *counter) rare(g group, col Column, limit uint32, missing bool) []uint32 {
	count := c.count(g, col, limit, missing)
	var out []uint32
	for i, r := range g.records {
		if code := col.Codes[r]; (missing || code != 0) && count(g.class[i], code) < limit {
			out = append(out, r)
		}
	}
	return out
}

// split refines the classes by a column and leaves out what is rare already, and missing values that do not count.
func (c *counter) split(g group, col Column, limit uint32, missing bool) group {
	count := c.count(g, col, limit, missing)
	out := group{records: make([]uint32, 0, len(g.records)), class: make([]uint32, 0, len(g.records))}
	n := len(col.Values)
	number := map[uint64]uint32{}
	array := g.classes*n <= 4*len(g.records)+1024
	if array {
		if len(c.number) < g.classes*n {
			c.number = make([]uint32, g.classes*n)
		}
		clear(c.number[:g.classes*n])
	}
	for i, r := range g.records {
		class, code := g.class[i], col.Codes[r]
		if code == 0 && !missing || count(class, code) < limit {
			continue
		}
		var id uint32
		if array {
			at := &c.number[int(class)*n+int(code)]
			if *at == 0 {
				out.classes++
				*at = uint32(out.classes)
			}
			id = *at - 1
		} else {
			key := uint64(class)<<32 | uint64(code)
			got, ok := number[key]
			if !ok {
				got = uint32(out.classes)
				number[key] = got
				out.classes++
			}
			id = got
		}
		out.records, out.class = append(out.records, r), append(out.class, id)
	}
	return out
}
