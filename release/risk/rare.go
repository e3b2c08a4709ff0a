package risk

import (
	"context"
	"math/bits"
)

// Rarity says how short a description singles records out.
type Rarity struct {
	Below int // a combination is rare when fewer records than this have it
	// Length of each record: the fewest values that fewer than Below records share with it, 0 when there are none
	// up to the size asked for.
	Length []uint8
	// ByLength counts the records of each length; index 0 counts those without a rare combination.
	ByLength []int
	// Column counts, for each key, the records that have it in one of their shortest rare combinations.
	Column []int
}

// Rare finds for every record the shortest combination of values on the keys, of up to maxSize columns (1 to 8), that
// fewer than below records share (2 to 255). Missing values make no combination. The idea is that of the linkability
// report of the Synthetic Data Showcase (Microsoft).
func Rare(ctx context.Context, t Table, keys []int, maxSize, below int) (Rarity, error) {
	w, err := newWalker(t, keys, maxSize, below, false)
	if err != nil {
		return Rarity{}, err
	}
	out := Rarity{Below: below, Length: make([]uint8, t.Records), ByLength: make([]int, maxSize+1), Column: make([]int, len(keys))}
	for size := 1; size <= min(maxSize, len(keys)); size++ {
		hits, err := w.level(ctx, t.Records, size)
		if err != nil {
			return Rarity{}, err
		}
		on := map[uint32]subset{}
		for _, h := range hits {
			for _, r := range h.records {
				if out.Length[r] == 0 {
					on[r] |= h.on
				}
			}
		}
		for r, set := range on {
			out.Length[r] = uint8(size)
			for rest := uint64(set); rest != 0; rest &= rest - 1 {
				out.Column[bits.TrailingZeros64(rest)]++
			}
		}
	}
	for _, n := range out.Length {
		out.ByLength[n]++
	}
	return out, nil
}
